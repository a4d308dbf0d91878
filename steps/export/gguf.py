"""Writes a GGUF file from a transformers folder and its tokenizer: streamed, deterministic, moved into place when it is whole."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from schemas import RecipeError
from steps.export.architectures import UNTIED, added_tensors, architecture, changed, metadata, standard_name
from steps.export.tensors import TensorFile
from steps.export.vocabulary import GgufVocabulary

FILE_TYPES = {  # LlamaFileType of the gguf package
    "f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q8_0": 7, "q5_0": 8, "q5_1": 9, "bf16": 32,
}  # fmt: skip
COARSE = ("q4_0", "q4_1", "q5_0", "q5_1")  # of these, embedding and head are kept in q8_0: they lose most
KEPT = (  # in f32: the first two because llama.cpp reads nothing else, a Mamba's small matrices because they steer the state
    "ssm_conv1d.weight", "position_embd.weight", "ssm_x.weight", "ssm_dt.weight",
)  # fmt: skip

STRIPPING = "phi-3"  # in a model's name it makes llama.cpp's marks take the spaces behind them: src/llama-vocab.cpp


class Shapes(Protocol):
    """Tensors as far as names and shapes go: a TensorFile, or a network that is in no file yet."""

    def names(self) -> list[str]:
        """Of the tensors, in the order in which they are written."""

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one of them."""


@dataclass(frozen=True)
class Tensor:
    """One tensor on its way: its GGUF name, where it comes from (empty: `change` makes it), how it is changed and stored."""

    name: str
    source: str
    shape: tuple[int, ...]
    change: Callable[[Any], Any]
    kind: str


def write_gguf(
    folder: Path,
    file: Path,
    *,
    name: str,
    quantization: str,
    vocabulary: GgufVocabulary,
    context_length: int,
    chat_template: str = "",
    progress: Callable[[float, float], None] = lambda done, total: None,
) -> int:
    """Write the model in `folder` (config.json, model.safetensors) to `file`; returns its bytes.

    Only one tensor is in memory at a time. The same inputs give the same bytes. Raises RecipeError E004 for a model that GGUF has no
    place for, ValueError for a damaged folder.
    """
    import gguf

    config = json.loads((folder / "config.json").read_text("utf-8"))
    arch = architecture(config)
    tensors = TensorFile(folder / "model.safetensors")
    planned = plan_tensors(config, tensors, quantization)
    half_written = file.with_name(file.name + ".part")
    writer = gguf.GGUFWriter(half_written, arch)
    try:
        writer.add_string("general.type", "model")
        writer.add_string("general.name", f"{name} ({STRIPPING})" if vocabulary.marks_strip else name)
        for key, value in metadata(config, context_length).items():
            add: Any = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}[type(value)]
            add(f"{arch}.{key}", value)
        writer.add_uint32(f"{arch}.vocab_size", vocabulary.size)
        writer.add_file_type(FILE_TYPES[quantization])
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        vocabulary.write(writer)
        if chat_template:
            writer.add_chat_template(chat_template)
        for tensor in planned:
            _announce(writer, tensor)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for done, tensor in enumerate(planned):
            found = tensors.floats(tensor.source) if tensor.source else None
            writer.write_tensor_data(_stored(tensor.change(found), tensor.kind))
            progress(done + 1, len(planned))
        writer.close()
        os.replace(half_written, file)
    finally:
        writer.close()
        half_written.unlink(missing_ok=True)
    return file.stat().st_size


def plan_tensors(config: dict[str, Any], tensors: Shapes, quantization: str) -> list[Tensor]:
    """Every tensor of the file in writing order, with its name, shape and type. Raises RecipeError E004 for one without a name."""
    import gguf

    arch = architecture(config)
    number = {value: key for key, value in gguf.MODEL_ARCH_NAMES.items()}[arch]
    layers = config.get("num_hidden_layers") or config["n_layer"]
    names = gguf.get_tensor_name_map(number, layers)
    planned = [Tensor(name, "", (len(made),), _constant(made), "f32") for name, made in added_tensors(config).items()]
    for source in tensors.names():
        if source == "lm_head.weight" and config.get("tie_word_embeddings", config["model_type"] not in UNTIED):
            continue
        name = names.get_name(standard_name(source), try_suffixes=(".weight", ".bias"))
        if name is None:
            raise RecipeError("E004", f"llama.cpp's {arch} has no place for the tensor {source}", fix="export a model that recipe trained")
        shape, change = changed(config, source, tensors.shape(source))
        planned.append(Tensor(name, source, shape, change, stored_as(name, shape, quantization)))
    return planned


def _constant(values: list[float]) -> Callable[[Any], Any]:
    def change(_: Any) -> Any:
        import numpy as np

        return np.array(values, np.float32)

    return change


def stored_as(name: str, shape: tuple[int, ...], quantization: str) -> str:
    """How a tensor is stored: vectors, a Mamba's small tensors and rows that fill no block in f32, the rest as asked."""
    if not name.endswith(".weight") or len(shape) < 2 or 1 in shape or name.endswith(KEPT) or "norm" in name:
        return "f32"
    if quantization.startswith("q"):
        if shape[-1] % 32:
            return "f32"
        if quantization in COARSE and name.startswith(("token_embd", "output")):
            return "q8_0"
    return quantization


def _announce(writer: Any, tensor: Tensor) -> None:
    import gguf
    import numpy as np

    kind = gguf.GGMLQuantizationType[tensor.kind.upper()]
    if tensor.kind in ("f32", "f16"):
        dtype = np.dtype(np.float32 if tensor.kind == "f32" else np.float16)
        nbytes = int(np.prod(tensor.shape)) * dtype.itemsize
        writer.add_tensor_info(tensor.name, tensor.shape, dtype, nbytes, raw_dtype=kind)
        return
    shape = gguf.quant_shape_to_byte_shape(tensor.shape, kind)
    writer.add_tensor_info(tensor.name, shape, np.dtype(np.uint8), int(np.prod(shape)), raw_dtype=kind)


def _stored(tensor: Any, kind: str) -> Any:
    import gguf
    import numpy as np

    if kind == "f32":
        return np.ascontiguousarray(tensor, dtype="<f4")
    if kind == "f16":
        return np.ascontiguousarray(tensor.astype("<f2"))
    return gguf.quants.quantize(np.ascontiguousarray(tensor), gguf.GGMLQuantizationType[kind.upper()])
