"""Data sets of the Hugging Face hub, or of a folder in its layout, streamed by `datasets` at one commit, which is written down."""

import json
import logging
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from schemas import RecipeError
from steps.text import rows
from steps.text.sources import Named, Reading, SourceFailed, SourceLike, no_column, silent
from steps.text.tables import SAMPLE

INSTALL = 'pip install "recipe[train]"'
PINS = Path(".recipe") / "hub.json"  # hub id to the commit that it was found to stand for


def from_hub(source: SourceLike, reading: Reading, place: str, first_pass: bool) -> Iterator[Named]:
    """Rows of a data set as documents. Raises SourceFailed with D107 when it cannot be begun, RecipeError D107 when it breaks off."""
    try:
        import datasets
    except ImportError as error:
        raise RecipeError("D105", "hub data sets need datasets, which is not installed", field=f"{place}.hub", fix=INSTALL) from error
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns of each attempt; what failed is told as D107
    name = source.hub or ""
    local = reading.project / name
    where, revision = (str(local), source.revision) if local.is_dir() else (name, source.revision or pinned(name, reading.project))
    try:
        opened: Any = datasets.load_dataset(where, source.config, split=source.split, revision=revision, streaming=True)
        if columns := opened.column_names:
            opened = opened.select_columns(rows.columns_of(rows.meant(source.columns, columns), columns))
        iterator: Iterator[Mapping[str, Any]] = iter(opened)
        first = list(islice(iterator, SAMPLE))
    except rows.NoSuchColumn as error:
        raise no_column(error, place, name) from error
    except Exception as error:  # datasets raises what its file systems and the hub client raise
        raise SourceFailed(hub_error(error, name, place)) from error
    if first_pass:
        reading.revisions[name] = revision or "local"
        reading.event("hub", source=name, config=source.config, split=source.split, revision=reading.revisions[name])
    complain = reading.complain if first_pass else silent
    try:
        roles = rows.meant(source.columns, *rows.found_in(first)) if first else {}
    except rows.NoSuchColumn as error:
        raise no_column(error, place, name) from error
    for number, row in enumerate(chain(first, _whole(iterator, name, place, len(first))), 1):
        try:
            yield name, rows.document(row, roles)
        except rows.BadRow as error:
            complain("incomplete row", f"{name}, row {number}: {error}")


def _whole(iterator: Iterator[Mapping[str, Any]], name: str, place: str, number: int) -> Iterator[Mapping[str, Any]]:
    """The rows to their end; a connection that is lost for good is an error, never an end."""
    while True:
        try:
            row = next(iterator, None)
        except Exception as error:
            raise hub_error(error, f"{name}, after {number:,} rows", place) from error
        if row is None:
            return
        number += 1
        yield row


def hub_error(error: Exception, name: str, place: str) -> RecipeError:
    """D107 in one line."""
    said = str(error).strip().splitlines()
    return RecipeError(
        "D107",
        f"{name} cannot be read from the hub: {said[0][:200] if said else type(error).__name__}",
        field=f"{place}.hub",
        fix="check the id, config, split and network, or name a fallback: {hub: ...} or {path: ...}",
    )


def pinned(name: str, project: Path) -> str | None:
    """The commit that the id of a data set stands for: as it was found once for this project, else as the hub says now.

    None when the hub does not answer. The answer is kept in `.recipe/hub.json` of the project; without that file it is asked again.
    """
    pins = _pins(project)
    if name in pins:
        return pins[name]
    try:
        from huggingface_hub import HfApi

        commit = HfApi().dataset_info(name, timeout=20).sha
    except Exception:  # noqa: BLE001 - whatever its client raises without a network; the load that follows says what is wrong
        return None
    if commit:
        _write({**pins, name: commit}, project)
    return commit


def _pins(project: Path) -> dict[str, str]:
    try:
        found = json.loads((project / PINS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def _write(pins: dict[str, str], project: Path) -> None:
    import contextlib

    path = project / PINS
    part = path.with_suffix(".part")
    with contextlib.suppress(OSError):  # a project that cannot be written asks again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(dict(sorted(pins.items())), indent=1) + "\n", "utf-8")
        part.replace(path)
