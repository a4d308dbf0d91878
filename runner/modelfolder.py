"""A model folder as far as it tells without torch: its JSON files, the headers of its weights, its tokenizer. No code of it is run."""

import json
import struct
from array import array
from functools import cached_property
from pathlib import Path
from typing import Any

from schemas.context import ForecastContext
from schemas.findings import RecipeError
from steps.sizing.headers import EMBEDDINGS, Tensor, quantised
from steps.sizing.positions import positions_of

DEAR_BYTES = 1 << 20  # of a tokenizer.json whose tokens are kept from one check to the next
LARGEST_HEADER = 64 * 1024 * 1024
POINTER = b"version https://git-lfs"
LAST_NORMS = ("norm.weight", "norm_f.weight", "ln_f.weight")  # as llama, mamba and GPT-2 call the one behind their blocks
EXPONENTS = {"F16": (2, 0x7C00), "BF16": (2, 0x7F80), "F32": (4, 0x7F800000)}  # bytes of a number, and the bits that nan and inf have all
TYPES = {2: "H", 4: "I"}
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
TOKENIZERS = ("tokenizer.json", "tokenizer.model")  # what steps.text.tokenizers opens


class ModelFolder:
    """The folder of a model or an adapter. name: as the recipe calls it. Nothing is read before it is asked for."""

    def __init__(self, facts: ForecastContext, folder: Path, name: str) -> None:
        self.facts = facts
        self.folder = folder
        self.name = name
        self._spans: dict[str, tuple[Path, int, int]] = {}  # tensor to its file, first byte and bytes

    def __contains__(self, file: str) -> bool:
        return self.facts.size(self.folder / file) > 0

    def json(self, file: str) -> dict[str, Any]:
        """A JSON file of it; empty when it is absent, damaged or no map."""
        found = self.facts.json(self.folder / file)
        return found if isinstance(found, dict) else {}

    @cached_property
    def config(self) -> dict[str, Any]:
        """config.json."""
        return self.json("config.json")

    @cached_property
    def adapter(self) -> dict[str, Any]:
        """adapter_config.json of peft."""
        return self.json("adapter_config.json")

    @property
    def kind(self) -> str:
        """model_type of its config."""
        return str(self.config.get("model_type", ""))

    @property
    def positions(self) -> int | None:
        """Tokens that it reads at once, None where its config does not say."""
        return positions_of(self.config)

    @cached_property
    def shards(self) -> list[str]:
        """Names of the weight files, by the index where there is one."""
        listed = self.json(INDEX).get("weight_map")
        if isinstance(listed, dict):
            return sorted({str(name) for name in listed.values()})
        if SINGLE in self:
            return [SINGLE]
        return [p.name for p in self.facts.files(str(self.folder)) if p.suffix == ".safetensors" and p.parent == self.folder]

    @cached_property
    def broken(self) -> list[tuple[str, str]]:
        """Weight files that are absent or not whole, with the reason."""
        found = []
        for name in self.shards:
            reason = self._headers[name] if isinstance(self._headers[name], str) else ""
            if reason:
                found.append((name, str(reason)))
        return found

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Every tensor of the weights that can be read, by name."""
        found: dict[str, Tensor] = {}
        for header in self._headers.values():
            if isinstance(header, dict):
                found |= header
        return found

    @cached_property
    def _headers(self) -> dict[str, dict[str, Tensor] | str]:
        return {name: self._header(self.folder / name) for name in self.shards}

    def _header(self, path: Path) -> dict[str, Tensor] | str:
        """The header of a safetensors file (huggingface.co/docs/safetensors: format), or what is wrong with it."""
        size = self.facts.size(path)
        if not size:
            return "it is empty" if path.exists() else "it is not there"
        start = self.facts.head(path, 8)
        if start == POINTER[:8]:
            return "it is a pointer of Git LFS, not the weights"
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(LARGEST_HEADER, size - 8):
            return "it has no safetensors header"
        try:
            data = json.loads(self.facts.head(path, 8 + length)[8:])
            tensors = {
                str(name): Tensor(str(entry["dtype"]), tuple(entry["shape"])) for name, entry in data.items() if name != "__metadata__"
            }
            spans = {str(name): (int(start), int(end)) for name, entry in data.items() if name != "__metadata__"
                     for start, end in [entry["data_offsets"]]}  # fmt: skip
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return "its header is damaged"
        end = 8 + length + max((end for _, end in spans.values()), default=0)
        if end > size:
            return f"it is cut off: {size:,} of {end:,} bytes are there"
        if end < size:
            return f"it has {size:,} bytes, its header tells of {end:,}"
        self._spans |= {name: (path, 8 + length + start, stop - start) for name, (start, stop) in spans.items()}
        return tensors

    @cached_property
    def lost(self) -> str:
        """The norm behind the last block, where a number of it is none; empty else, and where it is not found."""
        name = next((name for name in self.tensors if name.endswith(LAST_NORMS) and name.count(".") < 3), "")
        width, ones = EXPONENTS.get(self.tensors[name].dtype, (0, 0)) if name else (0, 0)
        if not width or name not in self._spans:
            return ""
        path, start, size = self._spans[name]
        try:
            with path.open("rb") as file:
                file.seek(start)
                values = array(TYPES[width], file.read(size - size % width))
        except OSError:
            return ""
        return name if any(value & ones == ones for value in values) else ""

    @cached_property
    def embedding_rows(self) -> int | None:
        """Rows of the input embedding as stored, None where it is not found."""
        for name, tensor in self.tensors.items():
            if name.endswith(EMBEDDINGS) and "position" not in name and len(tensor.shape) == 2:
                return tensor.shape[0]
        return None

    @property
    def rows(self) -> int | None:
        """Rows of the embedding: as stored, else as config.json says."""
        size = self.config.get("vocab_size")
        return self.embedding_rows or (size if isinstance(size, int) and size > 0 else None)

    @cached_property
    def layers(self) -> set[str]:
        """Last parts of the names of its linear layers; empty where the weights cannot be looked at."""
        linear = {name.rsplit(".", 2)[-2] for name, t in self.tensors.items() if name.endswith(".weight") and len(t.shape) == 2}
        return linear - {"embed_tokens", "wte", "wpe", "embeddings", "embed_in", "embedding"}

    @cached_property
    def tokens(self) -> dict[str, int]:
        """Its vocabulary with the added tokens, token to id, as tokenizer.json and added_tokens.json say; empty without them."""
        file = self.folder / "tokenizer.json"
        listed = [each for each in (file, self.folder / "added_tokens.json") if each.name in self]
        if self.facts.size(file) < DEAR_BYTES:
            return self._tokens()
        found = self.facts.remembered(f"tokens 2 {len(listed)}", listed, lambda: self._tokens() or None)
        return found if isinstance(found, dict) else {}

    def _tokens(self) -> dict[str, int]:
        found: dict[str, int] = {}
        data = self.json("tokenizer.json")
        model = data.get("model")
        vocab = model.get("vocab") if isinstance(model, dict) else None
        if isinstance(vocab, dict):
            found |= {str(token): number for token, number in vocab.items() if isinstance(number, int)}
        elif isinstance(vocab, list):
            found |= {str(entry[0]): number for number, entry in enumerate(vocab) if isinstance(entry, list) and entry}
        added = data.get("added_tokens")
        taken = set(found.values())
        for entry in added if isinstance(added, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("id"), int):
                token, number = str(entry.get("content")), entry["id"]
                if number in taken and token not in found:  # the library gives the second of two the next id
                    number = max(taken) + 1
                taken.add(number)
                found[token] = number
        return found | {token: number for token, number in self.json("added_tokens.json").items() if isinstance(number, int)}

    @cached_property
    def special(self) -> dict[str, str]:
        """The spelling of pad, unk, bos and eos."""
        from steps.text.tokenizers import special_names

        try:
            return special_names(self.folder)
        except (OSError, ValueError, AttributeError):
            return {}

    @cached_property
    def template(self) -> str | None:
        """Its chat template, None without one."""
        from steps.text.chat_form import template_of

        try:
            return template_of(self.folder)
        except RecipeError:
            return self.facts.head(self.folder / "chat_template.jinja").decode("utf-8", "replace")  # D115
        except (OSError, ValueError, AttributeError, KeyError):
            return None

    @cached_property
    def quantised(self) -> str:
        """How the stored weights are quantised, in words; empty when they are whole."""
        return quantised(self.config, self.tensors)
