"""Every place that counts tokens, beside a tokenizer: the rows of a model's config, weights and adapter, of a GGUF file."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas import RecipeError
from steps.text.vocabulary import out_of_reach

if TYPE_CHECKING:
    from steps.text.tokenizers import TextTokenizer

EMBEDDINGS = ("embed_tokens", "embeddings", "embedding", "wte", "tok_embeddings", "word_embeddings", "embed_in")
HEADS = ("lm_head", "output", "embed_out")
LARGEST_HEADER = 100_000_000  # bytes, the limit of the safetensors library itself


@dataclass(frozen=True)
class Counted:
    """How many tokens one place counts. note: for a person, also when it agrees."""

    where: str
    size: int
    agrees: bool
    note: str
    code: str = "V102"

    def facts(self) -> dict[str, Any]:
        """For the statistics."""
        return {"where": self.where, "size": self.size, "agrees": self.agrees, "note": self.note, "code": self.code}


def of_tokenizer(opened: "TextTokenizer", folder: Path, written: int, rows: int | None) -> list[Counted]:
    """The tokenizer's own forms against each other, the type of its ids, and the embedding that it asks for (`rows`)."""
    size = opened.vocab_size
    found = [Counted("tokenizer", size, size == written, f"the files hold {size} pieces, artifact.json says {written}")]
    if (folder / "tokenizer.json").is_file():
        from steps.text.tokenizers import FastTokenizer

        fast = FastTokenizer(folder)
        found.append(Counted("tokenizer.json", fast.vocab_size, fast.vocab_size == size, f"{fast.vocab_size} entries beside {size} pieces"))
        ours = (opened.pad_id, opened.unk_id, opened.bos_id, opened.eos_id)
        theirs = (fast.pad_id, fast.unk_id, fast.bos_id, fast.eos_id)
        same = all(a == b or a is None or b is None for a, b in zip(ours, theirs, strict=True))
        found.append(Counted("special tokens", len(ours), same, f"pad, unk, bos, eos are {ours} and {theirs}"))
    width = 16 if size <= 1 << 16 else 32
    found.append(Counted("token files", 1 << width, True, f"uint{width} holds every id up to {size - 1}"))
    if rows is not None:
        found.append(Counted("embedding", rows, rows >= size, f"{rows} rows are made, {rows - size} of them unused"))
    return found


def of_model(path: Path, size: int, name: str) -> list[Counted]:
    """A model's rows against the `size` of the tokenizer: its config.json, its weights, an adapter's tokens; or a GGUF file."""
    if path.is_file():
        return _of_gguf(path, size, name)
    config = _config(path)
    stored = _stored(path)
    adapter = (path / "adapter_config.json").is_file()
    found: list[Counted] = []
    if config is not None and not adapter:
        found.append(_counted(name, config, size))
    for part, rows in stored.items():
        if config is not None and not adapter and rows != config:
            note = f"config.json says {config}, the weights have {rows} rows: transformers will not load them"
            found.append(Counted(f"{name}: {part}", rows, False, note))
        else:
            found.append(_counted(f"{name}: {part}", rows, size))
    if adapter and not stored:
        found += _of_bare_adapter(path, size, name)
    return found


def rows_of(path: Path) -> int | None:
    """Rows of a model's embedding: the least that its config.json and its weights say; None where neither says any."""
    known = [rows for rows in (_config(path), *_stored(path).values()) if rows is not None] if path.is_dir() else []
    return min(known, default=None)


def _counted(where: str, rows: int, size: int) -> Counted:
    if rows < size:
        return Counted(where, rows, False, out_of_reach(size - 1, rows, f"the {where}", "in the tokenizer"), "V101")
    return Counted(where, rows, True, f"{rows} rows" + (f", {rows - size} of them unused" if rows > size else ""))


def _of_bare_adapter(path: Path, size: int, name: str) -> list[Counted]:
    """An adapter that keeps no embedding of its own: the base's rows must do for its tokenizer, added tokens and all."""
    settings = json.loads((path / "adapter_config.json").read_text("utf-8"))
    base = Path(str(settings.get("base_model_name_or_path") or ""))
    rows = next((r for folder in (base, path.parent / base, path.parent) if (r := rows_of(folder)) is not None), None)
    if rows is None:
        return [Counted(f"{name}: adapter", size, True, f"it keeps no embedding; the rows of its base {base.name or '?'} were not seen")]
    if rows >= size:
        return [Counted(f"{name}: adapter", rows, True, f"its base has {rows} rows")]
    lost = f"{size - rows} added tokens were never learnt"
    note = f"the adapter's tokenizer has {size} tokens, its base {rows} rows and the adapter none: {lost}"
    return [Counted(f"{name}: adapter", rows, False, note, "V101")]


def _config(path: Path) -> int | None:
    try:
        data = json.loads((path / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict):
        return None
    inner = data.get("text_config")
    rows = data.get("vocab_size") or (inner.get("vocab_size") if isinstance(inner, dict) else None)
    return rows if isinstance(rows, int) else None


def _stored(path: Path) -> dict[str, int]:
    """Rows of the embedding and of the head as the safetensors files hold them: only their headers are read."""
    found: dict[str, int] = {}
    for file in sorted(path.glob("*.safetensors")):
        for name, tensor in _header(file).items():
            words = name.removesuffix(".weight").split(".")
            shape = tensor.get("shape") if isinstance(tensor, dict) else None
            if not isinstance(shape, list) or len(shape) != 2 or "lora_A" in words or "lora_B" in words:
                continue
            if set(words) & {*EMBEDDINGS} and not {"position", "wpe"} & set(words):
                found["embedding"] = shape[0]
            elif words[-1] in HEADS or (words[0] == "base_model" and set(words) & {*HEADS}):
                found["output head"] = shape[0]
    return dict(sorted(found.items()))


def _header(file: Path) -> dict[str, Any]:
    """Names and shapes in a safetensors file (8 bytes: length; then JSON). Raises RecipeError V103 for a damaged one."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            data = json.loads(stream.read(min(length, LARGEST_HEADER)))
    except (OSError, ValueError, struct.error) as error:
        raise RecipeError("V103", f"{file.name} is no safetensors file: {error}", fix="fetch it again") from error
    return data if isinstance(data, dict) else {}


def _of_gguf(path: Path, size: int, name: str) -> list[Counted]:
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise RecipeError("T100", "a GGUF file is read with gguf, which is not installed", fix='pip install "recipe[export]"') from error
    try:
        reader = GGUFReader(path)
    except (ValueError, OSError, IndexError) as error:
        raise RecipeError("V103", f"{path.name} is no GGUF file: {error}", fix="name a model folder or a .gguf file") from error
    found = [_counted(f"{name}: embedding", int(t.shape[-1]), size) for t in reader.tensors if t.name == "token_embd.weight"]
    field = reader.fields.get("tokenizer.ggml.tokens")
    if field is not None:
        pieces = len(field.data)
        rows = found[0].size if found else pieces
        note = f"{pieces} pieces" + ("" if pieces == rows else f" beside {rows} rows")
        found.append(Counted(f"{name}: pieces", pieces, pieces >= size and pieces == rows, note))
    return found
