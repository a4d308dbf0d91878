"""What steps hand to each other: a folder with fixed file names, described by a small typed `artifact.json`; and their forecasts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, PrivateAttr

from schemas.base import Strict
from schemas.findings import RecipeError
from schemas.model import ModelConfig

DESCRIPTION = "artifact.json"
LINKED_BYTES = 256 << 20  # a larger file of an artifact is shown in a run by a link, where the file system cannot share blocks


class Artifact(Strict):
    """A finished folder. Subclasses add the facts that later steps read without opening the big files.

    The fields are written to `artifact.json` in the folder; they hold nothing that differs between machines or runs
    (no time, no absolute path, no speed), since they are part of the artifact's digest.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=False, protected_namespaces=(), defer_build=True)
    format: int = 1
    _path: Path = PrivateAttr(default=Path())
    files: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def kind(cls) -> str:
        """The word for it in recipes and manifests."""
        return cls.__name__

    @property
    def path(self) -> Path:
        """The folder it stands in."""
        return self._path

    def at(self, path: Path) -> Self:
        """The same description, standing in folder `path`."""
        copy = self.model_copy()
        copy._path = path
        return copy

    def save(self, folder: Path) -> Self:
        """Write `artifact.json` into `folder` and return the artifact that stands there."""
        data = {"kind": self.kind(), **self.model_dump(mode="json")}
        (folder / DESCRIPTION).write_text(json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1) + "\n", "utf-8")
        return self.at(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open the artifact in `folder`. Raises ValueError if its description is missing, damaged or of another kind."""
        try:
            data = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        except OSError as error:
            raise ValueError(f"{folder} holds no {DESCRIPTION}") from error
        if data.pop("kind", None) != cls.kind():
            raise ValueError(f"{folder} is not a {cls.kind()}")
        return cls.model_validate(data).at(folder)


class Document(Strict):
    """One text, or one conversation, with what is known about it.

    origin: digest of the document it was made from, so that copies and pieces stay on one side of a train/val split.
    repeat: how many times training sees it (already drawn: whole). messages: chat turns, [{"role", "content"}], or none.
    overlap: characters at the beginning of the text, of a conversation at that of its last answer, which the piece before it has too:
    they are read and not learned again.
    section, weight: of a paper, the section that it is, and how often the recipe wants that seen, before anything is drawn.
    """

    text: str
    lang: str = ""
    source: str = ""
    title: str = ""
    origin: str = ""
    repeat: int = 1
    messages: list[dict[str, str]] | None = None
    overlap: int = 0
    section: str = ""
    weight: float = 1.0


class Corpus(Artifact):
    """Documents, one JSON object a line, in `corpus.jsonl`."""

    documents_count: int = 0
    characters: int = 0
    bytes: int = 0
    languages: dict[str, int] = Field(default_factory=dict)  # language to documents
    sources: dict[str, int] = Field(default_factory=dict)  # source to documents
    shape: Literal["text", "chat"] = "text"
    files: ClassVar[tuple[str, ...]] = ("corpus.jsonl",)

    def documents(self) -> Iterator[Document]:
        """Each document, in order, streamed. Raises RecipeError D122 as `rows` does."""
        for row in self.rows():
            yield Document.model_construct(**row)

    def rows(self, every: int = 1, first: int = 0) -> Iterator[dict[str, Any]]:
        """Each document as the plain dict that stands in the file: the quick way through a large corpus.

        every, first: of each so many lines one, from that line on (counted from 0); the others are not looked at.
        Raises RecipeError D122 for a line that is no row, and, at its end, for a file that is shorter than its description says.
        """
        number, loads = 0, json.loads
        try:
            with (self.path / "corpus.jsonl").open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if (number - 1 - first) % every:
                        continue
                    row = loads(str(line, "utf-8"))
                    if type(row) is not dict or type(row.get("text")) is not str:
                        raise ValueError("it is no object with a text")
                    yield row
        except UnicodeDecodeError as error:
            raise self.damaged(f"corpus.jsonl, line {number}: it is no UTF-8 at byte {error.start + 1}") from None
        except ValueError as error:
            raise self.damaged(f"corpus.jsonl, line {number}: {_told(error)}") from None
        except OSError as error:
            raise self.damaged(f"corpus.jsonl cannot be read: {error.strerror}") from None
        if self.documents_count and self.documents_count != number:
            said = f"corpus.jsonl has {number} lines, its description says {self.documents_count}: it was cut or changed"
            raise self.damaged(said)

    @staticmethod
    def damaged(said: str) -> RecipeError:
        """D122: the corpus cannot be read as it was written."""
        return RecipeError("D122", said, field="corpus", fix="make the corpus again: recipe run RECIPE --from the step that makes it")


def _told(error: ValueError) -> str:
    return f"it is no JSON: {error}" if isinstance(error, json.JSONDecodeError) else str(error)


class Tokenizer(Artifact):
    """`tokenizer.model` (SentencePiece, where it is one), `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`.

    rows: of the embedding that a model built for it gets, where that is more than vocab_size.
    """

    vocab_size: int
    rows: int | None = None
    model: Literal["unigram", "bpe", "byte_bpe"] = "bpe"
    byte_fallback: bool = True
    normalization: str = "identity"
    pad_id: int | None = 0
    unk_id: int | None = 1
    bos_id: int | None = 2
    eos_id: int | None = 3
    user_symbols: list[str] = Field(default_factory=list)
    files: ClassVar[tuple[str, ...]] = ("tokenizer.model", "tokenizer.json")


class TokenBin(Artifact):
    """`train.bin` and `val.bin`: flat little-endian ids, `index.json`: document offsets, counts and digests.

    A side above `shard_tokens` is `train-00000.bin` and on, as index.json lists them.

    tokenizer_digest: of `tokenizer.json`. words_digest: of its pieces and their ids, so that a bin is never read with another vocabulary.
    """

    dtype: Literal["uint16", "uint32"]
    vocab_size: int
    train_tokens: int
    val_tokens: int
    train_documents: int
    val_documents: int
    train_bytes: int = 0  # UTF-8 bytes of the text behind the tokens
    val_bytes: int = 0
    largest_id: int = 0
    tokenizer_digest: str = ""
    words_digest: str = ""
    files: ClassVar[tuple[str, ...]] = ("train.bin", "val.bin", "index.json")


class Plan(Artifact):
    """`plan.json` and `plan.md`. settings: values of train params, by their names in the recipe."""

    settings: dict[str, Any] = Field(default_factory=dict)
    because: dict[str, str] = Field(default_factory=dict)  # setting to its reason
    files: ClassVar[tuple[str, ...]] = ("plan.json", "plan.md")


class Checkpoint(Artifact):
    """A transformers folder: `config.json`, `model.safetensors`, the tokenizer's files; after LoRA the merged weights and `adapter/`.

    It holds the last weights; those of the best validation, where that came earlier, stand in `best/`, a whole folder of its own.
    reduced: what was given up for want of memory, in order.
    """

    model: ModelConfig
    parameters: int
    vocab_size: int
    step: int = 0
    trained_tokens: int = 0
    val_loss: float | None = None  # nats per token on the fixed set
    val_bits_per_byte: float | None = None
    max_seq_length: int = 0
    method: Literal["full", "lora", "qlora"] = "full"
    objective: Literal["lm", "sft"] = "lm"
    best_step: int | None = None
    best_val_loss: float | None = None
    reduced: list[str] = Field(default_factory=list)
    files: ClassVar[tuple[str, ...]] = ("config.json", "model.safetensors")

    def choose(self, weights: Literal["last", "best"]) -> "Checkpoint":
        """The checkpoint of the last or the best weights, standing in its folder; the same when the last are the best.

        So too where none are kept as the best (`best_step` is None: nothing was validated), which whoever asks for them should hear.
        """
        if weights == "last" or not (self.path / "best").is_dir():
            return self
        changed = {"step": self.best_step, "val_loss": self.best_val_loss, "val_bits_per_byte": None}
        return self.model_copy(update=changed).at(self.path / "best")


class Export(Artifact):
    """`<name>.gguf` and `Modelfile`. proof: what llama.cpp said of the file, or why it was not asked."""

    name: str
    gguf: str
    quantization: str
    bytes: int = 0
    proof: Literal["proved in llama.cpp", "not tried"] = "not tried"
    files: ClassVar[tuple[str, ...]] = ("Modelfile",)


class Page(Artifact):
    """`report.html`, one file that opens offline."""

    files: ClassVar[tuple[str, ...]] = ("report.html",)


class Forecast(Strict):
    """What a step will make, as far as it can be known without running. None: not known. `because`: where a figure comes from."""

    because: dict[str, str] = Field(default_factory=dict)
    seconds: float | None = None  # on the target
    disk_bytes: int | None = None


class CorpusForecast(Forecast):
    """Of a Corpus. pieces: about how many rows it has where its documents are split, which only the run counts.

    guessed: bytes is told from the size of PDFs and the like, of which text is a tenth on the whole and anything in one file.
    """

    documents: int | None = None
    pieces: int | None = None
    bytes: int | None = None
    guessed: bool = False
    characters: int | None = None
    columns: list[str] | None = None
    languages: list[str] = Field(default_factory=list)
    shape: Literal["text", "chat"] = "text"


class TokenizerForecast(Forecast):
    """Of a Tokenizer. exact: the size is certain, not an upper bound. rows: of its model's embedding, where they are padded."""

    vocab_size: int | None = None
    rows: int | None = None
    exact: bool = True
    model: str = ""
    byte_fallback: bool | None = None
    normalization: str = ""
    pad_id: int | None = None


class TokenBinForecast(Forecast):
    """Of a TokenBin. guessed: as the corpus that it is made of."""

    vocab_size: int | None = None
    train_tokens: int | None = None
    val_tokens: int | None = None
    guessed: bool = False
    dtype: Literal["uint16", "uint32"] | None = None


class PlanForecast(Forecast):
    """Of a Plan. settings: what it will choose, as far as that is known; empty when it is not."""

    settings: dict[str, Any] = Field(default_factory=dict)


class CheckpointForecast(Forecast):
    """Of a Checkpoint."""

    model: ModelConfig | None = None
    vocab_size: int | None = None
    parameters: int | None = None
    embedding_parameters: int | None = None
    optimizer_steps: int | None = None
    tokens: int | None = None  # seen in training
    epochs: float | None = None
    peak_memory_bytes: int | None = None
    memory_parts: dict[str, int] = Field(default_factory=dict)  # their sum is the peak; so are the next
    evaluation_parts: dict[str, int] = Field(default_factory=dict)
    trained_parameters: int | None = None
    tokens_per_s: float | None = None  # of one device, in training
    energy_kwh: float | None = None
    disk_parts: dict[str, int] = Field(default_factory=dict)  # saves, result, best/, state/, copy in the run
    method: str = "full"
    precision: str = ""
    tokenizer: TokenizerForecast | None = None


class ExportForecast(Forecast):
    """Of an Export. memory_parts: on the CPU, where it is written."""

    memory_parts: dict[str, int] = Field(default_factory=dict)


class PageForecast(Forecast):
    """Of a Page."""
