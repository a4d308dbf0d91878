"""Papers read by several processes, ahead of their turn: the same documents in the same order for any number of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schemas import Document
from steps.text.choices import BY_EXTENSION, Format, Split
from steps.text.documents import read_documents
from steps.text.parts import Wanted
from steps.text.pool import Task, Workers, cores, ordered
from steps.text.tables import Complain

SLOW = {"pdf": 1, "docx": 3}  # formats that cost far more to read than to hand from a process to another, and what a byte costs
LARGEST = 1 << 26  # bytes of a file that is read whole by a worker
WORTH = 1 << 22  # bytes of PDFs that are worth starting a process for: half a second of reading; loading its libraries takes a third
Named = tuple[str, Path]


@dataclass(frozen=True)
class How:
    """How files of a source are read; the arguments of read_documents."""

    wanted: Format
    split: Split | None
    columns: Mapping[str, str] | None
    parts: Wanted

    def documents(self, path: Path, complain: Complain) -> Iterator[Document]:
        """Those of one file."""
        return read_documents(path, wanted=self.wanted, split=self.split, columns=self.columns, parts=self.parts, complain=complain)


def read(how: How, found: list[Named], wish: Workers, complain: Complain) -> Iterator[tuple[str, Path, Iterator[Document]]]:
    """Name, path and documents of each file, in order; what a file's reading raises comes out of its documents."""
    workers = _workers(how, found, wish)
    if workers <= 1:
        yield from ((name, path, how.documents(path, complain)) for name, path in found)
        return
    tasks = (Task(path, (name, path)) for name, path in found)
    for task, answer in ordered(whole, how, tasks, workers, apart=True):
        name, path = task.ours
        yield name, path, _again(answer, complain)


def _workers(how: How, found: list[Named], wish: Workers) -> int:
    """How many processes: none for tables and streams, which a worker would have to hold whole, nor for a few files."""
    if wish == 1 or not all(isinstance(path, Path) for _, path in found):
        return 1
    kinds = [how.wanted if how.wanted != "auto" else BY_EXTENSION.get(path.suffix.lower().lstrip("."), "") for _, path in found]
    slow = [(path.stat().st_size, SLOW[kind]) for (_, path), kind in zip(found, kinds, strict=True) if kind in SLOW and path.exists()]
    if len(slow) < 2 or any(kind in ("jsonl", "json", "csv", "parquet") for kind in kinds):
        return 1
    if any(path.stat().st_size > LARGEST for _, path in found if path.exists()):
        return 1
    most = wish if wish != "auto" else max(1, min(cores(), sum(size * cost for size, cost in slow) // WORTH))
    return min(most, len(slow))


def whole(how: How, path: Path) -> tuple[list[Document], list[tuple[str, str]], Exception | None]:
    """In a worker: all documents of a file, what was complained of, and how it ended."""
    complaints: list[tuple[str, str]] = []
    documents: list[Document] = []
    try:
        documents += how.documents(path, lambda *said: complaints.append(said))
    except Exception as error:  # noqa: BLE001  it belongs to the file, and comes out at its turn
        return documents, complaints, error
    return documents, complaints, None


def _again(answer: tuple[list[Document], list[tuple[str, str]], Exception | None], complain: Complain) -> Iterator[Document]:
    documents, complaints, error = answer
    for said in complaints:
        complain(*said)
    yield from documents
    if error is not None:
        raise error
