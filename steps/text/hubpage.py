"""The page of a hub data set: at the head of its README.md are its configurations, columns, rows and bytes, which `datasets` writes there.

A page of hundreds of configurations is long, so only the entry that is asked for is read as YAML.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from schemas import ForecastContext

LARGEST = 1 << 20  # bytes of a page that are looked at
FRONT = re.compile(r"\A---\n(.*?\n)---\s*(?:\n|\Z)", re.S)


class Told(NamedTuple):
    """What a page says of one split: its rows, the bytes of all of its columns, and their names."""

    rows: int
    bytes: int
    columns: list[str]


def page_of(context: ForecastContext, folder: Path) -> bytes:
    """README.md of a data set's folder; empty without one."""
    return context.head(folder / "README.md", LARGEST)


def entries(page: bytes, key: str, config: str | None = None) -> Iterator[dict[str, Any]]:
    """The mappings in the list below `key`, or the one mapping there; with `config`, only those of that `config_name`."""
    front = FRONT.match(page.decode("utf-8", "replace").replace("\r\n", "\n"))
    section = re.search(rf"^{key}:[ \t]*\n((?:[ \t-].*\n|\n)+)", front[1], re.M) if front else None
    if section is None:
        return
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    named = re.compile(rf"^[ -] config_name: *(['\"]?){re.escape(config or '')}\1 *$", re.M)
    for written in re.split(r"^(?=[ ]*- config_name:)", section[1], flags=re.M):
        if not written.strip() or (config is not None and not named.search(written)):
            continue
        try:
            data = YAML(typ="safe", pure=True).load(written)
        except (YAMLError, ValueError):
            continue
        yield from (each for each in (data if isinstance(data, list) else [data]) if isinstance(each, dict))


def told(context: ForecastContext, name: str, revision: str | None, config: str | None, split: str) -> Told | None:
    """Rows, bytes and columns of a split, as the data set's page says; None where no page is here, or it does not say."""
    folder = context.data_set(name, revision)
    page = page_of(context, folder) if folder is not None else b""
    if not page:
        return None
    found = list(entries(page, "dataset_info", config)) or [each for each in entries(page, "dataset_info") if "config_name" not in each]
    if config is None and len(found) > 1:
        found = [each for each in found if each.get("config_name") == "default"]
    for each in found[:1]:
        splits, features = each.get("splits"), each.get("features")
        for one in splits if isinstance(splits, list) else []:
            if isinstance(one, dict) and one.get("name") == split and _counted(one):
                named = [f["name"] for f in features if isinstance(f, dict) and "name" in f] if isinstance(features, list) else []
                return Told(one["num_examples"], int(one["num_bytes"]), [str(column) for column in named])
    return None


def _counted(split: dict[str, Any]) -> bool:
    return isinstance(split.get("num_examples"), int) and isinstance(split.get("num_bytes"), int | float)
