"""Where documents come from: files by glob, hub data sets, files behind an address; and the fallback when one fails."""

import glob
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol, cast

from schemas import Document, RecipeError, reveal
from schemas.globs import alternatives
from steps.text import rows
from steps.text.choices import Format, Split, format_of
from steps.text.left_out import IN_PART
from steps.text.remote import ConnectionLost, Remote, remote_files, shown_url
from steps.text.unreadable import Incomplete, Unreadable, WrongPassword

if TYPE_CHECKING:
    from steps.text.parts import Wanted
    from steps.text.pool import Workers  # processes and sockets, which a check of a recipe needs no part of

STREAMED = ("jsonl", "csv", "txt", "md", "html", "json")  # formats that need no more than one pass from the beginning
Named = tuple[str, Document]  # the file or data set, and one of its documents


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
    def take(self) -> int | None: ...
    @property
    def repeat(self) -> float: ...
    @property
    def references(self) -> str: ...
    @property
    def tables(self) -> str: ...
    @property
    def captions(self) -> str: ...
    @property
    def footnotes(self) -> str: ...
    @property
    def formulas(self) -> str: ...
    @property
    def sections(self) -> Mapping[Any, float] | None: ...
    @property
    def password(self) -> str | None: ...
    @property
    def fallback(self) -> Any: ...
    @property
    def label(self) -> str:
        """Its name in statistics."""


@dataclass
class Reading:
    """What is shared by all sources of one step: where to look, and what was found wrong.

    complain: called with a reason and an example for each row that can be no document.
    """

    project: Path
    keep: Path
    event: Callable[..., None]
    complain: Callable[[str, str], None]
    workers: "Workers" = 1
    priority: Callable[[str], float] = lambda name: 1.0  # how much more often the file of that name is seen
    unreadable: list[dict[str, str]] = field(default_factory=list)
    revisions: dict[str, str] = field(default_factory=dict)  # hub id to the commit that was read
    addresses: dict[str, str] = field(default_factory=dict)  # of a file behind an address that was read whole: its digest
    files: int = 0
    taken: dict[str, SourceLike] = field(default_factory=dict)  # place of a source to the fallback that is read in its stead


class SourceFailed(Exception):
    """The source as a whole cannot be had; `error` says why, for the user."""

    def __init__(self, error: RecipeError) -> None:
        super().__init__(error.message)
        self.error = error


def files_of(pattern: str, project: Path) -> list[tuple[str, Path]]:
    """Files that a path or glob means, with their names relative to the glob's root, sorted by name.

    A folder stands for all files below it; hidden files are left out. The root is the part before the first wildcard or brace.
    """
    pattern = str(Path(pattern).expanduser())
    whole = project / pattern
    if whole.is_dir():
        root, found = whole, [p for p in whole.rglob("*") if p.is_file()]
    elif whole.is_file():  # also one with a bracket in its name
        root, found = whole.parent, [whole]
    elif glob.has_magic(pattern) or len(alternatives(pattern)) > 1:
        parts = PurePosixPath(pattern.replace("\\", "/")).parts
        plain = next(i for i, part in enumerate(parts) if glob.has_magic(part) or "{" in part)
        root = project.joinpath(*parts[:plain])
        matches = (Path(p) for each in alternatives(str(whole)) for p in glob.iglob(each, recursive=True))
        found = [f for p in matches for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file()]
    else:
        root, found = whole.parent, []
    named = {p.relative_to(root).as_posix(): p for p in found}
    return sorted((n, p) for n, p in named.items() if not any(part.startswith((".", "__MACOSX")) for part in n.split("/")))


def stream(source: SourceLike, reading: Reading, place: str, *, first_pass: bool = True) -> Iterator[Named]:
    """Documents of `source`, each with its file's name; of its fallback when it fails before the first document.

    What a fallback does not say of language, take and repeat is as its source says it; `reading.taken` then names it.
    place: the field that errors point at (`sources.0`). Raises RecipeError when it fails and has no fallback.
    """
    try:
        started = _opened(source, reading, place, first_pass)
        first = next(started, None)
    except SourceFailed as failed:
        if source.fallback is None:
            raise failed.error from failed
        if first_pass:
            reading.event(
                "fallback",
                source=source.label,
                taken=source.fallback.label,
                reason=failed.error.message,
                message=f"{source.label} failed ({failed.error.message}); reading {source.fallback.label} instead",
            )
        own = source.fallback
        repeat = own.repeat if "repeat" in own.model_fields_set else source.repeat
        taken = own.model_copy(update={"lang": own.lang or source.lang, "take": own.take or source.take, "repeat": repeat})
        reading.taken[place.split(".fallback")[0]] = taken
        yield from stream(taken, reading, f"{place}.fallback", first_pass=first_pass)
        return
    if first is not None:
        yield first
        yield from started


def _opened(source: SourceLike, reading: Reading, place: str, first_pass: bool) -> Iterator[Named]:
    if source.hub is not None:
        from steps.text.hub import from_hub

        return from_hub(source, reading, place, first_pass)
    if source.url is not None:
        return _from_url(source, reading, place, first_pass)
    found = files_of(source.path or "", reading.project)
    if not found:
        raise SourceFailed(
            RecipeError("D102", f"no file matches {source.path}", field=f"{place}.path", fix="paths start at the project's folder")
        )
    found.sort(key=lambda named: -reading.priority(named[0]))  # of two copies of a document the first stays
    return _from_files(source, reading, place, found, first_pass)


def silent(reason: str, example: str) -> None:
    """Complaints of a second pass were counted in the first."""


def _from_files(source: SourceLike, reading: Reading, place: str, found: list[tuple[str, Path]], first_pass: bool) -> Iterator[Named]:
    from steps.text.ahead import How, read

    how = How(source.format, source.document, source.columns, _wanted(source, place))
    for name, path, inside in read(how, found, reading.workers, reading.complain if first_pass else silent):
        reading.files += first_pass
        documents = 0
        try:
            for document in inside:
                documents += 1
                yield name, document
        except WrongPassword as error:
            message = f"{name} is encrypted, and the password that is given does not open it"
            fix = "mend the password, or give such files a source of their own"
            raise RecipeError("D118", message, field=f"{place}.password", fix=fix) from error
        except Unreadable as error:
            if isinstance(path, Path) and not path.exists():
                message = f"{path} went away while the sources were read"
                raise RecipeError("R004", message, field=f"{place}.path", fix="put it back, and run it again") from error
            if first_pass:
                _list(reading, name, str(error), documents, in_part=isinstance(error, Incomplete))
        except rows.NoSuchColumn as error:
            if source.columns or len(found) == 1:
                raise no_column(error, place, name, source.columns) from error
            if first_pass:
                _list(reading, name, f"no column that is known to hold text; it has {', '.join(error.found[:10])}", documents)


def _wanted(source: SourceLike, place: str) -> "Wanted":
    """The parts of a text that are read. Raises RecipeError D118 when the password's variable is not set."""
    from steps.text.parts import Wanted

    password = reveal(source.password)
    if source.password is not None and not password:
        message = f"the password {source.password} is not set in the environment"
        raise RecipeError("D118", message, field=f"{place}.password", fix="export it, or delete password to leave encrypted files out")
    return Wanted(
        references=source.references == "keep",
        tables=source.tables == "keep",
        captions=source.captions == "keep",
        footnotes=source.footnotes == "keep",
        formulas=source.formulas == "keep",
        sections=source.sections,
        password=password,
    )


def _list(reading: Reading, name: str, reason: str, documents: int, *, in_part: bool = False) -> None:
    """Write down a file that could not be read, or not to its end, or of which pages are left out."""
    told = f"{reason} (the {documents} documents before that were used)" if documents and not in_part else reason
    reading.unreadable.append({"file": name, "reason": told} | ({"read": IN_PART} if in_part else {}))


def no_column(error: rows.NoSuchColumn, place: str, name: str, columns: Mapping[Any, str] | None = None) -> RecipeError:
    """D106: what is asked of the rows of `name`, and what they have; offered is the nearest name, else `text`, else the first."""
    from difflib import get_close_matches

    found = ", ".join(error.found)
    alike = [each for each in error.found if each.strip().lower() == error.wanted.lower()]
    role = next((role for role, asked in (columns or {}).items() if error.wanted in rows.fields_of(asked)), "text")
    named = ["text"] if role == "text" and "text" in error.found else []
    alike += get_close_matches(error.wanted, error.found, 1, 0.8 if named else 0.6) + named + error.found[:1] + ["..."]
    return RecipeError(
        "D106",
        f"{name} has no column {error.wanted!r}; it has {found}",
        field=f"{place}.columns",
        fix=f"write columns: {{{role}: {alike[0]}}} with a name from that list",
    )


# ---------------------------------------------------------------- url
def _from_url(source: SourceLike, reading: Reading, place: str, first_pass: bool) -> Iterator[Named]:
    """Files behind an address: those that are read in one pass as a stream, the others fetched into the folder that survives a kill."""
    url = source.url or ""

    def failed(error: Exception) -> RecipeError:
        message = f"{shown_url(url)} cannot be fetched: {error}"
        return RecipeError("D108", message, field=f"{place}.url", fix="check the address, or add a fallback")

    used = False
    try:
        for remote in remote_files(url, place):
            kind = _kind(source, remote)
            remote.find()
            path = cast(Path, remote) if kind in STREAMED else _fetched(remote, reading.keep)
            for named in _from_files(_as(source, kind), reading, place, [(remote.name, path)], first_pass):
                used = True
                yield named
            if first_pass and remote.digest:
                reading.addresses[shown_url(remote.url)] = remote.digest
    except ConnectionLost as error:
        raise failed(error) from error
    except (OSError, ValueError) as error:
        raise (failed(error) if used else SourceFailed(failed(error))) from error


def _kind(source: SourceLike, remote: Remote) -> str:
    """The format by the name of the file; a page often has none."""
    try:
        return format_of(cast(Path, remote), source.format)
    except Unreadable:
        return "html"


def _as(source: SourceLike, kind: str) -> SourceLike:
    """The source with its format settled."""
    return cast(SourceLike, cast(Any, source).model_copy(update={"format": kind}))


def _fetched(remote: Remote, keep: Path) -> Path:
    """The file, whole, on this disk; once in the life of the step."""
    import shutil

    from blake3 import blake3

    target = keep / f"{blake3(remote.url.encode()).hexdigest(8)}-{PurePosixPath(remote.name).name}"
    if not target.is_file():
        partial = target.with_name(target.name + ".part")
        with remote.open() as stream, partial.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 20)
        partial.rename(target)
    return target
