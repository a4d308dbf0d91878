"""What a transformers folder holds and what its config asks for, without opening a tensor."""

import json
import struct
from pathlib import Path

import torch

from steps.sizing.headers import Tensor

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"


def shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Name to shape of every tensor in the folder's safetensors files, read from their headers."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ValueError("there is no *.safetensors")
    return {name: tensor.shape for name, tensor in _tensors(files).items()}


def loaded(folder: Path) -> dict[str, Tensor]:
    """Name to type and shape of what transformers would load: of model.safetensors, else of the files that the index names.

    Raises ValueError for a file that is damaged or cut off, OSError for one that is not there.
    """
    if (folder / SINGLE).is_file() or not (folder / INDEX).is_file():
        return _tensors([folder / SINGLE])
    names = json.loads((folder / INDEX).read_text("utf-8")).get("weight_map", {})
    return _tensors([folder / name for name in sorted(set(names.values()))])


def _tensors(files: list[Path]) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for path in files:
        with path.open("rb") as file:
            try:
                (size,) = struct.unpack("<Q", file.read(8))
                header = json.loads(file.read(size))
            except (struct.error, ValueError, MemoryError, OverflowError) as error:
                raise ValueError(f"{path.name} is damaged: {error}") from error
        spans = [value["data_offsets"][1] for key, value in header.items() if key != "__metadata__"]
        if spans and path.stat().st_size != 8 + size + max(spans):
            raise ValueError(f"{path.name} is cut off: {path.stat().st_size} of {8 + size + max(spans)} bytes")
        found |= {key: Tensor(str(value["dtype"]), tuple(value["shape"])) for key, value in header.items() if key != "__metadata__"}
    return found


def wanted(folder: Path) -> tuple[dict[str, tuple[int, ...]], set[str]]:
    """Name to shape as `config.json` asks, and the names that are tied to others and need not be stored."""
    from transformers import AutoConfig, AutoModelForCausalLM

    from steps.lm import build  # which opens folders by what stands above

    build.quiet()
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder, local_files_only=True))
    named = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    ends = network.get_input_embeddings(), network.get_output_embeddings()
    ties = set()
    if network.config.tie_word_embeddings and ends[1] is not None:
        ties = {f"{name}.weight" for name, module in network.named_modules() if module is ends[1]}
    return named, ties
