"""A tokenizer folder, opened for encoding: SentencePiece where there is a `.model`, else a Hugging Face `tokenizer.json`.

Text stays text: a literal `</s>` in a document never becomes the control token, in either kind.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unicodedata import is_normalized

from schemas import RecipeError
from steps.text.batches import Batches
from steps.text.offsets import offsets, offsets_after_prefix, offsets_as_told, offsets_by_search
from steps.text.spmodel import BYTE, CONTROL, NORMAL, USER, Model, read_model

if TYPE_CHECKING:
    import numpy as np

    from steps.text.chat_form import ChatForm

INSTALL = 'pip install "recipe[train]"'
CONTEXT = 8  # ids before a text that tell how it begins


class TextTokenizer(ABC):
    """Text to ids and back. Ids of pad, unk, bos and eos are None where the tokenizer has none; `encode` never adds them."""

    vocab_size: int
    pad_id: int | None
    unk_id: int | None
    bos_id: int | None
    eos_id: int | None
    user_symbols: list[str]
    folder: Path | None = None
    takes_utf8 = False  # whether `encode_arrays` takes a text's bytes too: whoever has them saves their being made once more
    many_threads = False  # whether several may encode at once, each on a core of its own

    @cached_property
    def form(self) -> "ChatForm":
        """How conversations are written for this tokenizer: by its folder's chat template, or by ours."""
        from steps.text.chat_form import ChatForm, chat_form

        return chat_form(self.folder) if self.folder else ChatForm()

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """Ids of `text`."""

    @abstractmethod
    def encode_arrays(self, texts: list[Any]) -> "list[np.ndarray]":
        """Ids of each text as int32 arrays: the quick way through a corpus. With `takes_utf8` a text may be its bytes."""

    @abstractmethod
    def encode_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids of `text` and for each id the characters [start, end) it stands for.

        A character that needs several byte pieces belongs to all of them.
        """

    @abstractmethod
    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; control tokens give nothing, broken UTF-8 gives U+FFFD."""

    def continued(self, before: Sequence[int], ids: Sequence[int]) -> str:
        """The text of `ids` where it stands behind `before`: with the blank that many tokenizers take off the beginning of a text."""
        tail = list(before)[-CONTEXT:]
        known, whole = self.decode(tail), self.decode([*tail, *ids])
        return whole[len(known) :] if whole.startswith(known) else self.decode(ids)

    @abstractmethod
    def piece(self, token: int) -> str:
        """The vocabulary's own spelling of a token."""

    @abstractmethod
    def encode_marked(self, text: str, marks: list[str]) -> tuple[list[int], list[tuple[int, int]]]:
        """As `encode_offsets`, with control tokens where `text` holds one of `marks` that the vocabulary has: for text of a template."""

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text; the same as `encode` one by one."""
        return [ids.tolist() for ids in self.encode_arrays(list(texts))]

    def count(self, text: str) -> int:
        """How many ids `text` has."""
        return len(self.encode(text))

    def starts(self, text: str, ids: "np.ndarray | None" = None) -> Sequence[int]:
        """The first character of each token. ids: those of `text`, where they are known already."""
        known = self.starts_by_length(text, self.encode_arrays([text])[0] if ids is None else ids)
        return [start for start, _ in self.encode_offsets(text)[1]] if known is None else known

    def starts_by_length(self, text: str, ids: "np.ndarray") -> "Sequence[int] | None":
        """As `starts`, from the lengths of the pieces: much quicker. None where they do not tell."""
        return None

    def normalized(self, text: str) -> str:
        """`text` as the tokenizer sees it: the same, unless it was trained with a normalisation."""
        return text


class SentencePieceTokenizer(TextTokenizer):
    """`tokenizer.model`."""

    takes_utf8 = True
    many_threads = True  # the library changes nothing in a model that is open, and lets go of Python's lock while it encodes

    def __init__(self, path: Path) -> None:
        sentencepiece = _library("sentencepiece")
        self.folder = path.parent
        self.model: Model = read_model(path)
        self.processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.vocab_size = self.processor.vocab_size()
        self.pad_id, self.unk_id = _real(self.processor.pad_id()), _real(self.processor.unk_id())
        self.bos_id, self.eos_id = _real(self.processor.bos_id()), _real(self.processor.eos_id())
        self.user_symbols = self.model.of_kind(USER)
        self._byte = [piece.kind == BYTE for piece in self.model.pieces]
        self._sizes: np.ndarray | None = None
        self._batches = Batches(self.processor)
        plain = self.model.normalization == "identity" and not self.model.remove_extra_whitespaces
        self._plain, self._prefixed = plain and not self.model.add_dummy_prefix, plain and self.model.add_dummy_prefix
        self._tells_offsets = _tells_offsets(self.processor)
        self._single = {piece.text for piece in self.model.pieces if len(piece.text) == 1 and piece.kind in (NORMAL, USER)}

    def encode(self, text: str) -> list[int]:
        """Ids of `text`."""
        ids: list[int] = self.processor.encode(text)
        return ids

    def encode_arrays(self, texts: list[Any]) -> "list[np.ndarray]":
        """Ids of each text as int32 arrays."""
        return self._batches.ids(texts)

    def encode_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids of `text` and the characters [start, end) of each."""
        ids = self.encode(text)
        pieces, bytewise = self.processor.encode(text, out_type=str), [self._byte[i] for i in ids]
        if self._plain:
            return ids, offsets(text, pieces, bytewise)
        spans = offsets_after_prefix(text, pieces, bytewise) if self._prefixed else None
        if spans is None and self._tells_offsets:
            spans = offsets_as_told(self.processor.encode(text, return_type="offset_mapping")["offsets"], bytewise)
        return ids, offsets_by_search(text, pieces, bytewise) if spans is None else spans

    def encode_marked(self, text: str, marks: list[str]) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids and characters, the stretches between control pieces encoded one by one."""
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        known = sorted({m for m in marks if m in self.model.of_kind(CONTROL)}, key=len, reverse=True)
        at = 0
        for part in re.split(f"({'|'.join(map(re.escape, known))})", text) if known else [text]:
            new, places = ([self.processor.piece_to_id(part)], [(0, len(part))]) if part in known else self.encode_offsets(part)
            ids += new
            spans += [(a + at, b + at) for a, b in places]
            at += len(part)
        return ids, spans

    def starts_by_length(self, text: str, ids: "np.ndarray") -> "Sequence[int] | None":
        """None after a normalisation, and where it is not certain for how much of the text an unk stands."""
        import numpy as np

        if not self._plain:
            return None
        lengths = self._lengths().take(ids)
        if not self.model.byte_fallback and not self._measure_unknown(text, ids, lengths):
            return None
        ends = np.cumsum(lengths, dtype=np.int32)
        ends -= np.maximum(lengths, 1) if self.model.byte_fallback else lengths  # later bytes of a character begin where it begins
        return cast("Sequence[int]", ends)

    def _measure_unknown(self, text: str, ids: "np.ndarray", lengths: "np.ndarray") -> bool:
        """Write into `lengths` how many characters each unk stands for; False when that is not certain.

        It stands for characters that are no piece by themselves, as many as follow each other: unless what follows it begins with such a
        one too, which a longer piece may.
        """
        import numpy as np

        (unknown,) = (ids == self.unk_id).nonzero()
        if not len(unknown):
            return True
        lengths[unknown] = 0
        known_before, seen = np.cumsum(lengths)[unknown].tolist(), 0
        for token, known in zip(unknown.tolist(), known_before, strict=True):
            begin = end = known + seen
            while end < len(text) and text[end].replace(" ", "▁") not in self._single:
                end += 1
            if end - begin != 1 and token + 1 < len(ids) and self.model.pieces[ids[token + 1]].text[0] not in self._single:
                return False
            lengths[token] = end - begin
            seen += end - begin
        return int(lengths.sum()) == len(text)

    def _lengths(self) -> "np.ndarray":
        """Characters of each piece; of a byte 1 when it begins a character, 0 when it goes on with one."""
        import numpy as np

        if self._sizes is None:
            sizes = [(int(p.text[3:5], 16) & 0xC0 != 0x80) if p.kind == BYTE else len(p.text) for p in self.model.pieces]
            self._sizes = np.array(sizes, dtype=np.int32)
        return self._sizes

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`."""
        return str(self.processor.decode([int(i) for i in ids]))

    def piece(self, token: int) -> str:
        """The vocabulary's own spelling of a token."""
        return str(self.processor.id_to_piece(int(token)))

    def normalized(self, text: str) -> str:
        """`text` after the model's own normalisation."""
        if self.model.normalization == "identity" and not self.model.remove_extra_whitespaces:
            return text
        seen = str(self.processor.normalize(text)).replace("▁", " ")
        return seen.removeprefix(" ") if self.model.add_dummy_prefix else seen


class FastTokenizer(TextTokenizer):
    """`tokenizer.json`, with the names of its special tokens from `tokenizer_config.json` or `special_tokens_map.json`."""

    def __init__(self, folder: Path) -> None:
        tokenizers = _library("tokenizers")
        self.folder = folder
        self.backend = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.backend.encode_special_tokens = True  # a trap: otherwise a literal "</s>" in a text is the control token
        self.backend.no_truncation()
        self.backend.no_padding()
        self.vocab_size = self.backend.get_vocab_size(with_added_tokens=True)
        names = special_names(folder)
        self.pad_id, self.unk_id, self.bos_id, self.eos_id = (
            self.backend.token_to_id(names[role]) if names.get(role) else None for role in ("pad", "unk", "bos", "eos")
        )
        added = self.backend.get_added_tokens_decoder()
        self.user_symbols = [token.content for _, token in sorted(added.items()) if not token.special]

    def encode(self, text: str) -> list[int]:
        """Ids of `text`."""
        ids: list[int] = self.backend.encode(text, add_special_tokens=False).ids
        return ids

    def encode_arrays(self, texts: list[Any]) -> "list[np.ndarray]":
        """Ids of each text as int32 arrays."""
        import numpy as np

        encodings = self.backend.encode_batch_fast(texts, add_special_tokens=False)  # without offsets, which nobody asked for
        return [np.array(e.ids, dtype=np.int32) for e in encodings]

    def encode_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids of `text` and the characters [start, end) of each."""
        encoding = self.backend.encode(text, add_special_tokens=False)
        return encoding.ids, encoding.offsets

    def starts_by_length(self, text: str, ids: "np.ndarray") -> "Sequence[int] | None":
        """None unless the tokenizer is byte-level and keeps the text as it is: then each character of a piece is a byte."""
        import numpy as np

        if not self._keeps_bytes or not is_normalized("NFC", text):
            return None
        sizes, data = self._sizes.take(ids), text.encode("utf-8", "surrogatepass")
        if sizes.sum() != len(data):
            return None
        begins = np.cumsum(sizes) - sizes
        if not text.isascii():
            whole = np.cumsum((np.frombuffer(data, np.uint8) & 0xC0) != 0x80) - 1  # the character that each byte belongs to
            begins = whole[begins]
        return cast("Sequence[int]", begins)

    @cached_property
    def _keeps_bytes(self) -> bool:
        first = self.described.get("pre_tokenizer") or {}
        kinds = first.get("pretokenizers", []) if first.get("type") == "Sequence" else [first]
        kept = (self.described.get("normalizer") or {"type": "NFC"})["type"] == "NFC"
        return kept and kinds[-1:] != [] and kinds[-1].get("type") == "ByteLevel" and not kinds[-1].get("add_prefix_space")

    @cached_property
    def _sizes(self) -> "np.ndarray":
        """UTF-8 bytes of each id of a byte-level vocabulary."""
        import numpy as np

        sizes = np.zeros(max(self.backend.get_vocab().values(), default=-1) + 1, np.int64)
        for piece, number in self.backend.get_vocab(with_added_tokens=False).items():
            sizes[number] = len(piece)
        for number, token in self.backend.get_added_tokens_decoder().items():
            sizes[number] = len(token.content.encode("utf-8"))
        return sizes

    @cached_property
    def described(self) -> dict[str, Any]:
        """What stands in tokenizer.json."""
        found: dict[str, Any] = json.loads(self.backend.to_str())
        return found

    def encode_marked(self, text: str, marks: list[str]) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids and characters, with all added tokens as transformers has them."""
        self.backend.encode_special_tokens = False
        try:
            encoding = self.backend.encode(text, add_special_tokens=False)
        finally:
            self.backend.encode_special_tokens = True
        return encoding.ids, encoding.offsets

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`."""
        return str(self.backend.decode([int(i) for i in ids], skip_special_tokens=True))

    def piece(self, token: int) -> str:
        """The vocabulary's own spelling of a token."""
        return self.backend.id_to_token(int(token)) or ""

    def normalized(self, text: str) -> str:
        """`text` after the backend's normaliser, where it has one."""
        return str(self.backend.normalizer.normalize_str(text)) if self.backend.normalizer else text


def open_tokenizer(folder: Path) -> TextTokenizer:
    """The tokenizer in `folder`: a Tokenizer or Checkpoint artifact, or any model folder.

    Raises RecipeError T101 when the folder holds none or a damaged one.
    """
    folder = Path(folder)
    try:
        if (folder / "tokenizer.model").is_file() and not added_later(folder):
            return SentencePieceTokenizer(folder / "tokenizer.model")
        if (folder / "tokenizer.json").is_file():
            return FastTokenizer(folder)
    except (RecipeError, ImportError):
        raise
    except Exception as error:
        raise RecipeError("T101", f"the tokenizer in {folder.name} cannot be opened: {error}", fix="make it again") from error
    raise RecipeError("T101", f"{folder.name} holds neither tokenizer.model nor tokenizer.json", fix="name a folder with a tokenizer in it")


def added_later(folder: Path) -> bool:
    """True when tokenizer.json has tokens that were added to tokenizer.model's: the model alone would write them as plain text."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        return False
    added = json.loads(path.read_text("utf-8")).get("added_tokens", [])
    return bool(added) and max(token["id"] for token in added) >= len(read_model(folder / "tokenizer.model").pieces)


def _library(name: str) -> Any:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise RecipeError("T100", f"this step needs {name}, which is not installed", fix=INSTALL) from error


def _tells_offsets(processor: Any) -> bool:
    try:
        return "offsets" in processor.encode("a", return_type="offset_mapping")
    except (ValueError, TypeError, RuntimeError):
        return False


def _real(token: int) -> int | None:
    return token if token >= 0 else None


def added_tokens(folder: Path, *, control: bool = False) -> list[str]:
    """Tokens that stand beside the learned vocabulary of the tokenizer in `folder`, as text: control tokens, marks, user symbols.

    control: those alone that no text becomes.
    """
    found: list[str] = []
    if (folder / "tokenizer.json").is_file():
        tokens = json.loads((folder / "tokenizer.json").read_text("utf-8")).get("added_tokens", [])
        found += [token["content"] for token in tokens if token.get("special") or not control]
    if (folder / "tokenizer.model").is_file():
        model = read_model(folder / "tokenizer.model")
        found += model.of_kind(CONTROL) + ([] if control else model.of_kind(USER))
    return list(dict.fromkeys(found))


def special_names(folder: Path) -> dict[str, str]:
    """The spelling of pad, unk, bos and eos, of those that the folder names."""
    names: dict[str, str] = {}
    for file in ("special_tokens_map.json", "tokenizer_config.json"):
        path = folder / file
        if not path.is_file():
            continue
        data = json.loads(path.read_text("utf-8"))
        for role in ("pad", "unk", "bos", "eos"):
            token = data.get(f"{role}_token")
            content = token.get("content") if isinstance(token, dict) else token
            if isinstance(content, str):
                names[role] = content
    return names
