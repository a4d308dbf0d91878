"""Checkpoints of llama2.c (github.com/karpathy/llama2.c: export.py and run.c) as folders that transformers opens. No torch here.

Int8 files (version 2, of runq.c) are widened: values times their groups' scales. Its RoPE turns neighbouring values, transformers' the
halves of a head: rows of wq and wk change places. Its tokenizer is a SentencePiece bpe, of which only pieces and scores are left; the rest
is as run.c encodes: a blank before the text, none taken away, bytes for the rest.
"""

import json
import os
import shutil
import struct
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from schemas import RecipeError
from steps.text.fast import HARD_LINES, build_fast, first_difference, save_fast
from steps.text.spmodel import BYTE, CONTROL, NORMAL, UNKNOWN, Model, Piece, serialised
from steps.text.tokenizers import SentencePieceTokenizer

CODE = "C050"
MAGIC, HEADER = 0x616B3432, 256  # "ak42": versions 1 and 2 begin with it and fill so many bytes
BYTES_FROM, PIECES_FROM = 3, 259  # unk, bos, eos; 256 bytes; then pieces
SPECIAL = {"unk": "<unk>", "bos": "<s>", "eos": "</s>"}
EPSILON, THETA = 1e-5, 10000.0  # of RMSNorm and RoPE, fixed in run.c
LONGEST_PIECE = 1024  # characters; beyond it the file is none of these


class Shape(NamedTuple):
    """The header. tied: the output layer is the embedding. version: 0 (no magic), 1, or 2; start: where the weights begin, bytes.

    group: of version 2, whose matrices are int8, how many values share a scale.
    """

    dim: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    vocab: int
    seq: int
    tied: bool
    version: int
    start: int
    group: int = 0

    @property
    def kv_dim(self) -> int:
        """Width of keys and values."""
        return self.dim // self.heads * self.kv_heads

    def parts(self) -> list[tuple[str, tuple[int, ...], bool]]:
        """Name under `model.` ({} for the layer), shape, and whether each layer has one, in the file's order."""
        d, h, kv = self.dim, self.hidden, self.kv_dim
        embedding = ("embed_tokens.weight", (self.vocab, d), False)
        attention = ("layers.{}.input_layernorm.weight", (d,), True)
        feed = ("layers.{}.post_attention_layernorm.weight", (d,), True)
        norm = ("norm.weight", (d,), False)
        heads = [(f"layers.{{}}.self_attn.{name}_proj.weight", (rows, columns), True)
                 for name, rows, columns in (("q", d, d), ("k", kv, d), ("v", kv, d), ("o", d, d))]  # fmt: skip
        mlp = [(f"layers.{{}}.mlp.{name}_proj.weight", (rows, columns), True)
               for name, rows, columns in (("gate", h, d), ("down", d, h), ("up", h, d))]  # fmt: skip
        if self.version:
            return [attention, feed, norm, embedding, *heads, *mlp]
        return [embedding, attention, *heads, feed, *mlp, norm, ("rotary tables", (2, self.seq, d // self.heads // 2), False)]


def is_llama2c(path: Path) -> bool:
    """True when `path` begins as a checkpoint of llama2.c does."""
    try:
        read_shape(path)
    except (RecipeError, OSError):
        return False
    return True


def read_shape(path: Path) -> Shape:
    """The header of a checkpoint. Raises RecipeError C050 when the file is none, is cut off, or is of a version to come."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEADER)
    if len(head) < 28:
        raise _no(path, f"it has {size} bytes")
    version = 0
    if struct.unpack("<I", head[:4])[0] == MAGIC:
        if len(head) < HEADER:
            raise _no(path, "it ends inside its header")
        version = struct.unpack("<i", head[4:8])[0]
        if version not in (1, 2):
            raise _no(path, f"it is of version {version}", "export it again with --version 1")
        *sizes, tied, group = struct.unpack("<7iBi", head[8:41])
        shape = Shape._make([*sizes, bool(tied), version, HEADER, group if version == 2 else 0])
    else:
        sizes = list(struct.unpack("<7i", head[:28]))
        tied, sizes[5] = sizes[5] > 0, abs(sizes[5])  # a negative vocabulary says: the output layer has its own weights
        shape = Shape._make([*sizes, tied, 0, 28, 0])
    if min(shape[:7]) <= 0 or shape.heads % shape.kv_heads or shape.dim % (2 * shape.heads) or max(shape[:7]) > 1 << 24:
        raise _no(path, f"a width of {shape.dim}, {shape.layers} layers and {shape.heads} heads make no model")
    matrices = [*((each, many) for _, each, many in shape.parts()), *([] if shape.tied else [((shape.vocab, shape.dim), False)])]
    if version == 2 and (shape.group <= 0 or any(int(np.prod(each)) % shape.group for each, _ in matrices if len(each) == 2)):
        raise _no(path, f"groups of {shape.group} values do not fill its matrices")
    wanted = shape.start + sum(_bytes_of(shape, each) * (shape.layers if many else 1) for each, many in matrices)
    if wanted != size:
        raise _no(path, f"its header asks for {wanted:,} bytes, and it has {size:,}", "fetch it again, whole")
    return shape


def weights(path: Path, shape: Shape) -> dict[str, Any]:
    """Every tensor under transformers' names, fp32, mapped from the file but for wq and wk, whose rows are put in transformers' order."""
    raw = np.memmap(path, dtype=np.uint8, mode="r", offset=shape.start)
    found: dict[str, Any] = {}
    at = 0
    for name, size, many in shape.parts():
        for layer in range(shape.layers if many else 1):
            tensor = _tensor(shape, raw[at : at + _bytes_of(shape, size)], size)
            at += _bytes_of(shape, size)
            if "q_proj" in name:
                tensor = _halves(tensor, shape.heads)
            elif "k_proj" in name:
                tensor = _halves(tensor, shape.kv_heads)
            found["model." + name.format(layer)] = tensor
    found.pop("model.rotary tables", None)  # computed, not learned
    if not shape.tied:
        found["lm_head.weight"] = _tensor(shape, raw[at:], (shape.vocab, shape.dim))
    return found


def _bytes_of(shape: Shape, size: tuple[int, ...]) -> int:
    """Bytes of a tensor in the file: fp32, or of a matrix of version 2 its int8 values and then a scale for each group."""
    count = int(np.prod(size))
    return count + 4 * (count // shape.group) if shape.group and len(size) == 2 else 4 * count


def _tensor(shape: Shape, raw: Any, size: tuple[int, ...]) -> Any:
    """Values in fp32: as they are, or int8 times its group's scale (dequantize() of runq.c)."""
    if not shape.group or len(size) != 2:
        return raw.view("<f4").reshape(size)
    count = int(np.prod(size))
    scales = raw[count:].view("<f4")
    return (raw[:count].view(np.int8).astype(np.float32).reshape(-1, shape.group) * scales[:, None]).reshape(size)


def _halves(tensor: Any, heads: int) -> Any:
    """Rows 0, 2, 4, ... of each head before its rows 1, 3, 5, ...: (rows, columns) as before."""
    rows, columns = tensor.shape
    return np.ascontiguousarray(tensor.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns))


def read_tokenizer(path: Path, vocab: int) -> Model:
    """The tokenizer of a model of `vocab` rows as a SentencePiece model.

    The file: the longest piece's length, then score (f4), length (i4) and bytes of every piece. Raises RecipeError C050 when it is no
    such file or has another number of pieces.
    """
    data = path.read_bytes()
    pieces: list[Piece] = []
    at = 4
    try:
        while at < len(data):
            score, length = struct.unpack("<fi", data[at : at + 8])
            at += 8 + length
            if not 0 <= length <= LONGEST_PIECE or at > len(data):
                raise _no(path, f"piece {len(pieces)} has a length of {length}", kind="tokenizer")
            pieces.append(_piece(len(pieces), data[at - length : at].decode("utf-8"), score))
    except (struct.error, UnicodeDecodeError) as error:
        raise _no(path, f"piece {len(pieces)} cannot be read", kind="tokenizer") from error
    if len(pieces) != vocab:
        raise _no(path, f"it has {len(pieces):,} pieces and the model {vocab:,} rows", "name the tokenizer that it was trained with",
                  kind="tokenizer")  # fmt: skip
    texts = [piece.text for piece in pieces]
    twice = next((text for number, text in enumerate(texts) if texts.index(text) != number), None) if len(set(texts)) < vocab else None
    if vocab <= PIECES_FROM or twice is not None or any(p.kind != BYTE for p in pieces[BYTES_FROM:PIECES_FROM]):
        raise _no(path, f"{twice!r} is in it twice" if twice is not None else "it has no 256 pieces for bytes", kind="tokenizer")
    return Model(pieces, "bpe", byte_fallback=True, normalization="identity", charsmap=b"", add_dummy_prefix=True,
                 remove_extra_whitespaces=False)  # fmt: skip


def _piece(number: int, text: str, score: float) -> Piece:
    """One piece; bos and eos are written with line breaks there, and a blank as it is."""
    if number < BYTES_FROM:
        return Piece([*SPECIAL.values()][number], 0.0, UNKNOWN if number == 0 else CONTROL)
    if number < PIECES_FROM and text == f"<0x{number - BYTES_FROM:02X}>":
        return Piece(text, score, BYTE)
    return Piece(text.replace(" ", "▁"), score, NORMAL)


def convert(path: Path, tokenizer: Path, out: Path) -> dict[str, Any]:
    """Write the model and its tokenizer to the folder `out`, which must be new: transformers and every step of a recipe open it.

    Returns what it is, in figures. Raises RecipeError C050 for files that are no such checkpoint or tokenizer, C051 when `out` is there,
    R001 when it cannot be written; nothing half-written is left.
    """
    from safetensors.numpy import save_file

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RecipeError("C051", f"{out} is there already", fix="name another folder with --out, or move it away")
    shape = read_shape(path)
    model = read_tokenizer(tokenizer, shape.vocab)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        half_written = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        half_written.chmod(0o755)
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        (half_written / "tokenizer.model").write_bytes(serialised(model))
        save_fast(build_fast(model), half_written, special=SPECIAL, chat_template=None)
        exact = SentencePieceTokenizer(half_written / "tokenizer.model")
        differs = first_difference(exact, half_written, [*HARD_LINES, *(piece.text for piece in model.pieces)])
        if differs:
            raise _no(tokenizer, f"tokenizer.json would give other ids: {differs[1]}", kind="tokenizer")
        tensors = weights(path, shape)
        broken = next((name for name, tensor in tensors.items() if not np.isfinite(tensor).all()), None)
        if broken:
            raise _no(path, f"{broken} holds NaN or infinity", "fetch it again, or take an earlier one")
        save_file(tensors, half_written / "model.safetensors", metadata={"format": "pt"})
        (half_written / "config.json").write_text(json.dumps(_config(shape), indent=1, sort_keys=True) + "\n", "utf-8")
        shutil.copymode(half_written / "config.json", half_written / "model.safetensors")  # safetensors shuts others out
        if out.is_dir():
            out.rmdir()
        os.replace(half_written, out)
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        shutil.rmtree(half_written, ignore_errors=True)
    count = sum(tensor.size for tensor in tensors.values())
    return {"parameters": int(count), "layers": shape.layers, "width": shape.dim, "positions": shape.seq, "vocabulary": shape.vocab}


def _unwritable(out: Path, error: OSError) -> RecipeError:
    return RecipeError("R001", f"{out} cannot be written: {error.strerror or error}", fix="make room, or name another folder with --out")


def _config(shape: Shape) -> dict[str, Any]:
    return {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "dtype": "float32", "hidden_act": "silu",
        "hidden_size": shape.dim, "intermediate_size": shape.hidden, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "head_dim": shape.dim // shape.heads,
        "vocab_size": shape.vocab, "max_position_embeddings": shape.seq, "rms_norm_eps": EPSILON,
        "rope_parameters": {"rope_type": "default", "rope_theta": THETA}, "tie_word_embeddings": shape.tied,
        "attention_bias": False, "mlp_bias": False, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None,
    }  # fmt: skip


def _no(path: Path, why: str, fix: str = "", kind: str = "checkpoint") -> RecipeError:
    return RecipeError(
        CODE, f"{path.name} is no {kind} of llama2.c: {why}", fix=fix or "name the file that its export.py or tokenizer.py wrote"
    )
