"""Data sets of the Hugging Face hub, or of a folder in its layout, streamed by `datasets` at one commit, which is written down."""

import json
import logging
import os
import time
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

from schemas import RecipeError
from steps.text import rows
from steps.text.left_out import INCOMPLETE, TWICE
from steps.text.sources import Named, Reading, SourceFailed, SourceLike, no_column, silent
from steps.text.tables import SAMPLE

INSTALL = 'pip install "recipe[train]"'
PATIENCE_S = 20.0  # to each of two questions
AGAIN_S = 2.0  # before it is asked again, where no connection was made
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
    if not local.is_dir() and (silence := _asked(name)[1]) and _timed_out(silence):
        raise SourceFailed(hub_error(TimeoutError(f"the hub gave no answer in {_patience_s():g} seconds, twice"), name, place)) from silence
    if not local.is_dir() and (nobody := _asked(name)[1]) and _unreached(nobody):
        raise SourceFailed(hub_error(ConnectionError(f"nobody answers there, asked twice: {nobody}"), name, place)) from nobody
    try:
        opened: Any = datasets.load_dataset(where, source.config, split=source.split, revision=revision, streaming=True)
        if columns := opened.column_names:
            opened = opened.select_columns(rows.columns_of(rows.meant(source.columns, columns), columns))
        iterator: Iterator[Mapping[str, Any]] = iter(opened)
        first = list(islice(iterator, SAMPLE))
    except rows.NoSuchColumn as error:
        raise no_column(error, place, name, source.columns) from error
    except Exception as error:  # datasets raises what its file systems and the hub client raise
        raise SourceFailed(hub_error(error, name, place)) from error
    if first_pass:
        reading.revisions[name] = revision or "local"
        reading.event("hub", source=name, config=source.config, split=source.split, revision=reading.revisions[name])
    from steps.text.mojibake import read_once

    complain = reading.complain if first_pass else silent
    try:
        roles = rows.meant(source.columns, *rows.found_in(first)) if first else {}
    except rows.NoSuchColumn as error:
        raise no_column(error, place, name, source.columns) from error
    for number, row in enumerate(chain(first, _whole(iterator, name, place, len(first))), 1):
        try:
            made, once = read_once(rows.document(row, roles))
        except rows.BadRow as error:
            complain(f"{INCOMPLETE}: {error.kind}", f"{name}, row {number}: {error}")
            continue
        if once:
            complain(TWICE, f"{name}, row {number}: {once}")
        yield name, made


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
    commit = _asked(name)[0]
    if commit:
        _write({**pins, name: commit}, project)
    return commit


@cache
def _asked(name: str) -> tuple[str | None, Exception | None]:
    """The newest commit as the hub says, asked once a process, or why it did not: the load that follows says what is wrong.

    But not when the hub is silent, or nobody answers there: `datasets` would ask it again and again, for eight minutes and for half a one.
    """
    from huggingface_hub import HfApi

    for left in (1, 0):
        try:
            return HfApi().dataset_info(name, timeout=_patience_s()).sha, None
        except Exception as error:  # noqa: BLE001 - whatever its client raises without a network
            if not left or not _unreached(error):
                return None, error
        time.sleep(AGAIN_S)
    raise AssertionError("it is asked twice")


def _patience_s() -> float:
    """How long the hub may be silent: by the variable that its own client has for it, which a user of a slow one sets."""
    return float(os.environ.get("HF_HUB_ETAG_TIMEOUT") or PATIENCE_S)


def _timed_out(error: Exception) -> bool:
    """By name: which HTTP library the hub's client uses depends on its version."""
    return any("Timeout" in kind.__name__ for kind in type(error).__mro__)


def _unreached(error: Exception) -> bool:
    """Whether no connection was made. (When its client was told to stay offline, `datasets` says what it has in its cache.)"""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return bool(kinds & {"ConnectError", "ConnectionError"}) and not kinds & {"OfflineModeIsEnabled"}


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
