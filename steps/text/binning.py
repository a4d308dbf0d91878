"""Filling the two bins of tokenize_bin from blocks of rows, in order; what is done is written down, so that a kill costs little."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from schemas import Corpus, StepContext
from steps.text.binblock import Encoded, LongFacts, Setting, Side, encode_block, long_facts, marks, tools
from steps.text.binwriter import BinWriter, resumed
from steps.text.blocks import BadRow, Block, Changed, LongRow, Place, damaged
from steps.text.clean import Seen
from steps.text.pool import Task, ordered
from steps.text.seams import gathered

if TYPE_CHECKING:
    import numpy as np

TASK = 1 << 19  # characters of a long text that a process is sent at once

SAVED_EVERY_TOKENS = 1 << 24
SAVED_EVERY_S = 20.0
COPIED_TOKENS = 1 << 19  # held at once when documents are repeated
PROGRESS = "progress.json"
ENTRIES = 1 << 14  # of again.bin, held at once
AGAIN = [("document", "<u8"), ("repeat", "<u4")]


@dataclass(frozen=True, slots=True)
class Bins:
    """What was made. train and val are as index.json has them. files: name to where it stands. repeated: characters left out as overlap."""

    train: dict[str, Any]
    val: dict[str, Any]
    largest_id: int
    files: dict[str, Path]
    repeated: int


@dataclass(slots=True)
class Long:
    """A document that comes in stretches; `last` is its last one."""

    number: int
    block: Block
    facts: LongFacts | None
    last: bool


class Filling:
    """One tokenize_bin at work. In `folder` stand the bins, the digests of val, the documents to repeat, and how far all of it is."""

    def __init__(self, folder: Path, corpora: list[Corpus], setting: Setting, digest: str, shard_tokens: int, context: StepContext) -> None:
        self.folder, self.corpora, self.setting, self.context = folder, corpora, setting, context
        self.shard_tokens = shard_tokens
        self.total = sum(corpus.documents_count for corpus in corpora)
        self.opened, self.seams = tools(setting.tokenizer)
        self.about = {**asdict(setting), "tokenizer": digest, "shard_tokens": shard_tokens, "corpora": [_size(c) for c in corpora]}
        self.done = 0
        self.largest = -1
        self.repeated = 0  # characters left out, since the piece before has them
        self.turn, self.entry = 1, 0  # of repeats: the turn, and the next entry of again.bin in it
        self.saved_at = time.monotonic()
        self.saved_tokens = self.saved_shards = 0

    def run(self, workers: int) -> Bins:
        """All of it, from where an earlier run was killed. Raises RecipeError D122 for a corpus that cannot be read as it was."""
        before = self._before()
        if before.get("finished"):
            return self._finished(before)
        with ExitStack() as stack:
            self.place = Place(self.corpora, *before.get("place", ()))
            self.done, self.largest = before.get("done", 0), before.get("largest", -1)
            self.turn, self.entry = before.get("turn", 1), before.get("entry", 0)
            self.repeated = before.get("repeated", 0)
            options = {"shard_tokens": self.shard_tokens}
            self.train, self.val = (
                stack.enter_context(BinWriter(self.folder, split, self.setting.dtype, state=before.get(split), **options))
                for split in ("train", "val")
            )
            self.saved_tokens, self.saved_shards = self._written()
            self.again = stack.enter_context(resumed(self.folder / "again.bin", before.get("again", 0)))
            self.digests = stack.enter_context(resumed(self.folder / "seen.bin", before.get("seen", 0)))
            self.seen = self._seen()
            if self.turn == 1:
                self._first(workers)
            self._repeat()
            self.save()
        facts = {"train": self.train.facts(), "val": self.val.facts(), "largest": self.largest, "repeated": self.repeated}
        files = {name: path.name for name, path in {**self.train.files(), **self.val.files()}.items()}
        self._write({**facts, "about": self.about, "finished": files})
        return self._finished({**facts, "finished": files})

    def _finished(self, data: dict[str, Any]) -> Bins:
        files = {name: self.folder / path for name, path in data["finished"].items()}
        return Bins(data["train"], data["val"], data["largest"], files, data["repeated"])

    # Taking up ---------------------------------------------------------------------------------------------------------

    def _before(self) -> dict[str, Any]:
        """What a killed run had saved; when there is nothing, or of another corpus, an empty folder."""
        try:
            found: dict[str, Any] = json.loads((self.folder / PROGRESS).read_text("utf-8"))
        except (OSError, ValueError):
            found = {}
        files = [self.folder / name for name in found.get("finished", {}).values()]
        if found.get("about") == self.about and all(path.is_file() for path in files):
            tokens = found["train"]["tokens"] + found["val"]["tokens"]
            self.context.event("taken_up", tokens=tokens, message=f"going on from {tokens} tokens")
            return found
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return {}

    def _seen(self) -> Seen:
        import numpy as np

        self.digests.flush()
        return Seen(np.fromfile(self.folder / "seen.bin", "<u8").tolist())

    def save(self) -> None:
        """Write down how far we are: all files first, then one motion."""
        for file in (self.again, self.digests):
            file.flush()
            os.fsync(file.fileno())
        data = {
            "about": self.about, "place": (self.place.corpus, self.place.at, self.place.line), "done": self.done, "largest": self.largest,
            "turn": self.turn, "entry": self.entry, "train": self.train.saved(), "val": self.val.saved(),
            "again": self.again.tell(), "seen": self.digests.tell(), "repeated": self.repeated,
        }  # fmt: skip
        self._write(data)
        self.saved_at = time.monotonic()
        self.saved_tokens, self.saved_shards = self._written()

    def _written(self) -> tuple[int, int]:
        """Tokens, and shards that are full."""
        return self.train.tokens + self.val.tokens, len(self.train.shards) + len(self.val.shards)

    def _write(self, data: dict[str, Any]) -> None:
        part = self.folder / f"{PROGRESS}.part"
        with part.open("w", encoding="utf-8") as file:
            json.dump(data, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / PROGRESS)

    def _now_and_then(self) -> None:
        """Between two documents: tell, save when it is time or a shard is full, stop when asked."""
        self.context.progress(self.done, max(self.total, self.done), "documents")
        if self.context.stopping():
            self.save()
            raise self.context.stopped()
        tokens, shards = self._written()
        late = tokens - self.saved_tokens >= SAVED_EVERY_TOKENS or time.monotonic() - self.saved_at > SAVED_EVERY_S
        if late or shards > self.saved_shards:
            self.save()

    # Every document once -----------------------------------------------------------------------------------------------

    def _first(self, workers: int) -> None:
        results = ordered(encode_block, self.setting, self._tasks(), workers, threads=self._in_threads())
        while True:
            try:
                task, result = next(results)
            except StopIteration:
                break
            except (BadRow, Changed, OSError) as error:
                raise self._told(error) from error
            if isinstance(result, Encoded):
                number, block = task.ours
                self._block(result)
                self.place.passed(number, block, result.lines)
                self._now_and_then()
            else:
                self._stretch(task.ours, *result)
        self.place.finish()
        self.turn = 2
        self.save()

    def _in_threads(self) -> bool:
        """Whether threads get on as well as processes: a chat template is Python, and of it one runs at a time."""
        return self.opened.many_threads and all(corpus.shape == "text" for corpus in self.corpora)

    def _told(self, error: Exception) -> Exception:
        """An error of reading as the user's; one of writing as it is."""
        if isinstance(error, OSError) and not str(error.filename or "").endswith("corpus.jsonl"):
            return error
        return self.place.error(self.place.corpus, error)

    def _tasks(self) -> Iterator[Task]:
        for number, block in self.place.blocks():
            row = _long_row(block) if block.long else None
            if row is None or not row.new or (row.row.get("messages") and (self.opened.form.source or row.row.get("overlap"))):
                yield Task(block, (number, block))
            else:
                yield from self._stretches(number, block, row)

    def _stretches(self, number: int, block: Block, row: LongRow) -> Iterator[Task]:
        facts: LongFacts | None = long_facts(row, self.setting.seed)
        parts = row.parts(row.repeated)
        stretches = self.seams.stretches(parts) if row.new > self.seams.whole else iter(["".join(parts)])
        held: list[str] = []
        for some in gathered(stretches, TASK):
            if held:
                yield Task(held, Long(number, block, facts, last=False), large=True)
                facts = None
            held = some
        yield Task(held, Long(number, block, facts, last=True), large=True)

    def _block(self, block: Encoded) -> None:
        import numpy as np

        self.largest = max(self.largest, block.largest)
        self.repeated += block.repeated
        train, val = block.train, block.val
        if train.again:
            self.again.write(_entries([(self.train.documents + number, repeat) for number, repeat in train.again]))
        self.train.add_many(train.ids, np.array(train.lengths, np.int64), b"".join(train.meta), sum(train.sizes))
        new = [self._is_new(digest) for digest in val.digests]
        if all(new):
            self.val.add_many(val.ids, np.array(val.lengths, np.int64), b"".join(val.meta), sum(val.sizes))
        else:
            self._some(val, new)
        self.done += len(train.lengths) + len(val.lengths)

    def _some(self, val: Side, new: list[bool]) -> None:
        import numpy as np

        width = self.val.dtype.itemsize
        ends = np.cumsum([0, *val.lengths]).tolist()
        for i, wanted in enumerate(new):
            if wanted:
                self.val.extend(val.ids[width * ends[i] : width * ends[i + 1]])
                self.val.end(val.meta[i], val.sizes[i])

    def _is_new(self, digest: int) -> bool:
        if not self.seen.add(digest):
            return False
        self.digests.write(digest.to_bytes(8, "little"))
        return True

    def _stretch(self, task: Long, ids: bytes, largest: int) -> None:
        """A part of a long document; its facts come with the first."""
        if self.context.stopping():
            raise self.context.stopped()
        self.largest = max(self.largest, largest)
        first, last = (b"".join(mark.astype(self.train.dtype).tobytes() for mark in side) for side in marks(self.opened))
        if task.facts:
            self._facts = task.facts
            self.repeated += task.facts.repeated
            val = task.facts.side < self.setting.cut
            wanted = not val or self._is_new(task.facts.digest)
            self._to = (self.val if val else self.train) if wanted else None
            ids = first + ids
        if task.last:
            ids += last
        if self._to is not None:
            self._to.extend(ids)
        if not task.last:
            return
        if self._to is self.train and self._facts.repeat > 1:
            self.again.write(_entries([(self.train.documents, self._facts.repeat)]))
        if self._to is not None:
            self._to.end(self._facts.meta, self._facts.size)
        self.done += 1
        self.place.passed(task.number, task.block, 1)
        self._now_and_then()

    # Repeats -----------------------------------------------------------------------------------------------------------

    def _repeat(self) -> None:
        """Each document once, then those that training sees twice, then thrice: copies stand far apart. Their ids are copied."""
        most = max((int(part["repeat"].max()) for _, part in self._entries()), default=1)
        self.total = sum(int(part["repeat"].sum()) - len(part) for _, part in self._entries()) + self.train.documents + self.val.documents
        while self.turn <= most:
            with (self.folder / "train.meta.jsonl").open("rb") as lines, (self.folder / "train.idx").open("rb") as offsets:
                self._copy(lines, offsets)
            self.turn, self.entry = self.turn + 1, 0

    def _entries(self) -> Iterator[tuple[int, "np.ndarray"]]:
        """Documents to repeat, some at a time, with the number of the first of them."""
        import numpy as np

        start = 0
        while len(part := np.fromfile(self.folder / "again.bin", AGAIN, ENTRIES, offset=start * np.dtype(AGAIN).itemsize)):
            yield start, part
            start += len(part)

    def _copy(self, lines: BinaryIO, offsets: BinaryIO) -> None:
        """One turn, from the entry at which it stands."""
        at = 0  # the next line
        for first, part in self._entries():
            for entry, (document, repeat) in enumerate(part.tolist(), first):
                while at < document:
                    lines.readline()
                    at += 1
                if entry < self.entry or repeat < self.turn:
                    continue
                self._once_more(document, lines.readline(), offsets)
                at += 1
                self.entry = entry + 1
                if self.done % 256 == 0:
                    self._now_and_then()

    def _once_more(self, document: int, meta: bytes, offsets: BinaryIO) -> None:
        import numpy as np

        offsets.seek(8 * document)
        start, stop = np.frombuffer(offsets.read(16), "<u8").tolist()
        while start < stop:
            part = self.train.read(start, min(stop, start + COPIED_TOKENS))
            self.train.extend(part.tobytes())
            start += len(part)
        self.train.end(meta, json.loads(meta)["bytes"])
        self.done += 1


def _long_row(block: Block) -> LongRow | None:
    """None for a damaged one: it fails when it is its turn, where its line is known."""
    try:
        return LongRow(block)
    except BadRow:
        return None


def _size(corpus: Corpus) -> int:
    try:
        return (corpus.path / "corpus.jsonl").stat().st_size
    except OSError as error:
        raise damaged(error) from error


def _entries(documents: list[tuple[int, int]]) -> bytes:
    import numpy as np

    return np.array(documents, AGAIN).tobytes()
