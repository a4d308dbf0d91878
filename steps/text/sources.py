"""Where documents come from: files by glob, hub data sets by `datasets`, files behind a URL; and the fallback when one fails."""

import glob
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from schemas import Document, RecipeError
from steps.text import rows
from steps.text.clean import Dropped
from steps.text.documents import Format, Split, format_of, read_documents
from steps.text.unreadable import Unreadable

INSTALL = 'pip install "recipe[train]"'


class SourceLike(Protocol):
    """What is read of a source; the params of parse_corpus have this shape."""

    @property
    def path(self) -> str | None: ...
    @property
    def hub(self) -> str | None: ...
    @property
    def config(self) -> str | None: ...
    @property
    def split(self) -> str: ...
    @property
    def revision(self) -> str | None: ...
    @property
    def url(self) -> str | None: ...
    @property
    def format(self) -> Format: ...
    @property
    def document(self) -> Split | None: ...
    @property
    def columns(self) -> Mapping[Any, str] | None: ...
    @property
    def lang(self) -> str | None: ...
    @property
    def references(self) -> str: ...
    @property
    def fallback(self) -> Any: ...
    @property
    def label(self) -> str:
        """Its name in statistics."""


@dataclass
class Reading:
    """What is shared by all sources of one step: where to look, and what was found wrong."""

    project: Path
    keep: Path
    event: Callable[..., None]
    dropped: Dropped = field(default_factory=Dropped)
    unreadable: list[dict[str, str]] = field(default_factory=list)
    revisions: dict[str, str] = field(default_factory=dict)  # hub id to the commit that was read
    files: int = 0


class SourceFailed(Exception):
    """The source as a whole cannot be had; `error` says why, for the user."""

    def __init__(self, error: RecipeError) -> None:
        super().__init__(error.message)
        self.error = error


def files_of(pattern: str, project: Path) -> list[tuple[str, Path]]:
    """Files that a path or glob means, with their names relative to the glob's root, sorted by name.

    A folder stands for all files below it; hidden files are left out. The root is the part before the first wildcard.
    """
    whole = project / pattern
    if whole.is_dir():
        root, found = whole, [p for p in whole.rglob("*") if p.is_file()]
    elif glob.has_magic(pattern):
        parts = PurePosixPath(pattern.replace("\\", "/")).parts
        plain = next(i for i, part in enumerate(parts) if glob.has_magic(part))
        root = project.joinpath(*parts[:plain])
        matches = (Path(p) for p in glob.iglob(str(whole), recursive=True))
        found = [f for p in matches for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file()]
    else:
        root, found = whole.parent, [whole] if whole.is_file() else []
    named = {p.relative_to(root).as_posix(): p for p in found}
    return sorted((n, p) for n, p in named.items() if not any(part.startswith((".", "__MACOSX")) for part in n.split("/")))


def stream(source: SourceLike, reading: Reading, place: str, *, first_pass: bool = True) -> Iterator[Document]:
    """Documents of `source`, each with its `source` and `lang` filled in; of its fallback when it fails before the first document.

    place: the field that errors point at (`sources.0`). Raises RecipeError when it fails and has no fallback.
    """
    try:
        started = _opened(source, reading, place, first_pass)
        first = next(started, None)
    except SourceFailed as failed:
        if source.fallback is None:
            raise failed.error from failed
        reading.event(
            "fallback",
            source=source.label,
            taken=source.fallback.label,
            reason=failed.error.message,
            message=f"{source.label} failed ({failed.error.message}); reading {source.fallback.label} instead",
        )
        taken = source.fallback.model_copy(update={"lang": source.fallback.lang or source.lang})
        yield from stream(taken, reading, f"{place}.fallback", first_pass=first_pass)
        return
    if first is not None:
        yield first
        yield from started


def _opened(source: SourceLike, reading: Reading, place: str, first_pass: bool) -> Iterator[Document]:
    if source.hub is not None and not (reading.project / source.hub).is_dir():
        return _from_hub(source, reading, place, source.hub)
    if source.hub is not None:
        return _from_hub(source, reading, place, str(reading.project / source.hub))
    if source.url is not None:
        return _from_files(source, reading, place, [_fetched(source, reading, place)], first_pass)
    found = files_of(source.path or "", reading.project)
    if not found:
        raise SourceFailed(
            RecipeError("D102", f"no file matches {source.path}", field=f"{place}.path", fix="paths start at the project's folder")
        )
    return _from_files(source, reading, place, found, first_pass)


def _from_files(source: SourceLike, reading: Reading, place: str, found: list[tuple[str, Path]], first_pass: bool) -> Iterator[Document]:
    complain = reading.dropped.add if first_pass else _silent
    for name, path in found:
        reading.files += first_pass
        try:
            for document in read_documents(
                path,
                wanted=source.format,
                split=source.document,
                columns=source.columns,
                references=source.references == "keep",
                complain=complain,
            ):
                yield _about(document, source, name)
        except Unreadable as error:
            if first_pass:
                reading.unreadable.append({"file": name, "reason": str(error)})
        except rows.NoSuchColumn as error:
            raise _no_column(error, place, name) from error


def _silent(reason: str, example: str) -> None:
    """Complaints of a second pass were counted in the first."""


def _about(document: Document, source: SourceLike, name: str) -> Document:
    return document.model_copy(update={"source": name, "lang": source.lang or document.lang})


def _no_column(error: rows.NoSuchColumn, place: str, name: str) -> RecipeError:
    found = ", ".join(error.found)
    return RecipeError(
        "D106",
        f"{name} has no column {error.wanted!r}; it has {found}",
        field=f"{place}.columns",
        fix=f"write columns: {{text: {error.found[0] if error.found else '...'}}} with a name from that list",
    )


# ---------------------------------------------------------------- hub
def _from_hub(source: SourceLike, reading: Reading, place: str, where: str) -> Iterator[Document]:
    """Rows of a data set, streamed at one commit, which is recorded."""
    try:
        import datasets
    except ImportError as error:
        raise RecipeError("D105", "hub data sets need datasets, which is not installed", field=f"{place}.hub", fix=INSTALL) from error
    name = source.hub or ""
    revision = source.revision or _commit_of(where)
    try:
        opened: Any = datasets.load_dataset(where, source.config, split=source.split, revision=revision, streaming=True)
        iterator = iter(opened)
        row: Mapping[str, Any] | None = next(iterator, None)
    except Exception as error:  # datasets raises what its file systems and the hub client raise
        raise SourceFailed(_hub_error(error, name, place)) from error
    reading.revisions[name] = revision or "local"
    reading.event("hub", source=name, config=source.config, split=source.split, revision=reading.revisions[name])
    roles: dict[str, str] | None = None
    number = 0
    while row is not None:
        number += 1
        try:
            roles = roles or rows.meant(source.columns, list(row))
            yield _about(rows.document(row, roles), source, name)
        except rows.NoSuchColumn as error:
            raise _no_column(error, place, name) from error
        except rows.BadRow as error:
            reading.dropped.add("incomplete row", f"{name}, row {number}: {error}")
        try:
            row = next(iterator, None)
        except Exception as error:
            raise _hub_error(error, f"{name}, after {number} rows", place) from error


def _commit_of(where: str) -> str | None:
    """The commit that a hub id stands for now; None for a folder on this disk, or when the hub does not answer."""
    if Path(where).is_dir():
        return None
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError

        return HfApi().dataset_info(where, timeout=20).sha
    except (ImportError, OSError, ValueError, RuntimeError, HfHubHTTPError):  # the load that follows says what is wrong
        return None


def _hub_error(error: Exception, name: str, place: str) -> RecipeError:
    said = str(error).strip().splitlines()
    return RecipeError(
        "D107",
        f"{name} cannot be read from the hub: {said[0][:200] if said else type(error).__name__}",
        field=f"{place}.hub",
        fix="check the id, config, split and network, or name a fallback: {hub: ...} or {path: ...}",
    )


# ---------------------------------------------------------------- url
def _fetched(source: SourceLike, reading: Reading, place: str) -> tuple[str, Path]:
    """The file behind a URL, downloaded once into the folder that survives a kill."""
    from blake3 import blake3

    url = source.url or ""
    name = re.sub(r"[^\w.-]", "_", PurePosixPath(url.split("?")[0].split("#")[0]).name) or "page.html"
    try:
        format_of(Path(name), source.format)
    except Unreadable:
        name += ".html"  # a page without an extension
    target = reading.keep / f"{blake3(url.encode()).hexdigest(8)}-{name}"
    if not target.is_file():
        partial = target.with_name(target.name + ".part")
        try:
            _download(url, partial)
        except Exception as error:  # urllib and fsspec raise what their protocols raise
            raise SourceFailed(
                RecipeError("D108", f"{url} cannot be fetched: {error}", field=f"{place}.url", fix="check the address, or add a fallback")
            ) from error
        partial.rename(target)
    return name, target


def _download(url: str, target: Path) -> None:
    import shutil

    if url.split(":")[0] in ("http", "https", "ftp", "file"):
        from urllib.request import Request, urlopen

        with urlopen(Request(url, headers={"User-Agent": "recipe"}), timeout=60) as answer, target.open("wb") as file:
            shutil.copyfileobj(answer, file, 1 << 20)
        return
    import fsspec

    with fsspec.open(url, "rb") as answer, target.open("wb") as file:
        shutil.copyfileobj(answer, file, 1 << 20)
