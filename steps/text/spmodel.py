"""A SentencePiece `.model` read and written without protobuf: pieces with scores and types, and the few settings that decide its ids."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6  # SentencePiece.Type in sentencepiece_model.proto
_SCORE = struct.Struct("<f")
KINDS = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}  # TrainerSpec.ModelType


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of the vocabulary; its place in the list is its id."""

    text: str
    score: float
    kind: int


@dataclass(frozen=True, slots=True)
class Model:
    """What a `.model` says. charsmap: the compiled normalisation, empty for identity."""

    pieces: list[Piece]
    kind: str
    byte_fallback: bool
    normalization: str
    charsmap: bytes
    add_dummy_prefix: bool
    remove_extra_whitespaces: bool

    def of_kind(self, kind: int) -> list[str]:
        """Texts of all pieces of one type, in the order of their ids."""
        return [piece.text for piece in self.pieces if piece.kind == kind]


def read_model(path: Path) -> Model:
    """The model in `path`. Raises ValueError when the bytes are no SentencePiece model."""
    try:
        return parse_model(path.read_bytes())
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is no SentencePiece model") from error


@lru_cache(maxsize=4)  # a step asks several times for the one that it works on
def parse_model(data: bytes) -> Model:
    """The model in serialised form (ModelProto in sentencepiece_model.proto: 1 pieces, 2 trainer, 3 normalizer)."""
    pieces: list[Piece] = []
    trainer: dict[int, bytes | int] = {}
    normalizer: dict[int, bytes | int] = {}
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            pieces.append(_piece(value))
        elif number == 2 and isinstance(value, bytes):
            trainer = dict(_fields(value))
        elif number == 3 and isinstance(value, bytes):
            normalizer = dict(_fields(value))
    if not pieces:
        raise ValueError("no SentencePiece model: it holds no pieces")
    return Model(
        pieces=pieces,
        kind=KINDS.get(_number(trainer.get(3, 1)), "unigram"),
        byte_fallback=bool(_number(trainer.get(35, 0))),
        normalization=_text(normalizer.get(1, b"")) or "identity",
        charsmap=_bytes(normalizer.get(2, b"")),
        add_dummy_prefix=bool(_number(normalizer.get(3, 1))),
        remove_extra_whitespaces=bool(_number(normalizer.get(4, 1))),
    )


def _piece(data: bytes) -> Piece:
    """A piece; as SentencePiece writes it, text, score and a kind that is not NORMAL, it is read at once."""
    size = data[1] if len(data) > 6 and data[0] == 0x0A else 255
    behind = len(data) - 2 - size
    if size < 128 and data[2 + size : 3 + size] == b"\x15" and (behind == 5 or (behind == 7 and data[-2] == 0x18 and data[-1] < 128)):
        return Piece(data[2 : 2 + size].decode(), _SCORE.unpack_from(data, 3 + size)[0], NORMAL if behind == 5 else data[-1])
    entry = dict(_fields(data))
    return Piece(_text(entry.get(1, b"")), _SCORE.unpack(_bytes(entry.get(2, bytes(4))))[0], int(_number(entry.get(3, NORMAL))))


def _fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Number and raw value of each field of a protobuf message (protobuf.dev/programming-guides/encoding)."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        wire = key & 7
        if wire == 0:
            value, at = varint(data, at)
            yield key >> 3, value
            continue
        if wire == 2:
            size, at = varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError("no SentencePiece model: a field of unknown type")
        if at + size > len(data):
            raise ValueError("a SentencePiece model that ends too early")
        yield key >> 3, data[at : at + size]
        at += size


def varint(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """A protobuf number that begins at `at`, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _bytes(value: bytes | int) -> bytes:
    return value if isinstance(value, bytes) else b""


def _text(value: bytes | int) -> str:
    return _bytes(value).decode("utf-8")


def _number(value: bytes | int) -> int:
    return value if isinstance(value, int) else 0


def serialised(model: Model) -> bytes:
    """The bytes of a `.model` that says `model`, whose special pieces stand in the order unk, bos, eos and which has no pad."""
    trainer = _field(3, next(number for number, kind in KINDS.items() if kind == model.kind)) + _field(4, len(model.pieces))
    trainer += _field(35, int(model.byte_fallback)) + _field(40, 0) + _field(41, 1) + _field(42, 2) + _field(43, -1)
    normalizer = _field(1, model.normalization.encode()) + (_field(2, model.charsmap) if model.charsmap else b"")
    normalizer += _field(3, int(model.add_dummy_prefix)) + _field(4, int(model.remove_extra_whitespaces)) + _field(5, 1)
    pieces = (_field(1, p.text.encode()) + b"\x15" + struct.pack("<f", p.score) + _field(3, p.kind) for p in model.pieces)
    return b"".join(_field(1, piece) for piece in pieces) + _field(2, trainer) + _field(3, normalizer)


def with_symbols(data: bytes, texts: Sequence[str]) -> bytes:
    """A serialised model with `texts` as user-defined pieces behind all others: protobuf joins what it repeats."""
    return data + b"".join(_field(1, _field(1, text.encode()) + b"\x15" + struct.pack("<f", 0.0) + _field(3, USER)) for text in texts)


def _field(number: int, value: bytes | int) -> bytes:
    """A field with its key; a negative number takes ten bytes, as protobuf writes an int32."""
    if isinstance(value, bytes):
        return _varint(number << 3 | 2) + _varint(len(value)) + value
    return _varint(number << 3) + _varint(value & (1 << 64) - 1)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
