"""The state of a run on disk, written so that a kill at any moment leaves the last whole one; and the finished model folder."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import nn

STATE = "state-{step:08d}.pt"
TOKENIZER_FILES = (
    "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "chat_template.jinja",
)  # fmt: skip


def save_state(folder: Path, step: int, state: dict[str, Any], keep: int) -> None:
    """Write `state` under its step and drop all but the newest `keep`.

    Temporary file, fsync, rename, fsync of the folder: after a kill or a power cut a name stands for a whole file or for none.
    """
    target = folder / STATE.format(step=step)
    half = target.with_suffix(".half")
    with half.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    half.replace(target)
    _sync(folder)
    for old in states(folder)[:-keep]:
        old.unlink()


def states(folder: Path) -> list[Path]:
    """Whole states in `folder`, the oldest first."""
    return sorted(p for p in folder.glob("state-*.pt") if re.fullmatch(r"state-\d{8}\.pt", p.name))


def newest(folder: Path) -> int:
    """The step of the newest whole state in `folder`, 0 where there is none."""
    found = states(folder)
    return int(found[-1].stem.removeprefix("state-")) if found else 0


def load_state(folder: Path) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest state that opens, or None; and the names of newer ones that did not."""
    damaged: list[str] = []
    for path in reversed(states(folder)):
        try:
            return torch.load(path, map_location="cpu", weights_only=True), damaged
        except Exception:  # noqa: BLE001  a damaged file raises whatever its damaged bytes mean
            damaged.append(path.name)
    return None, damaged


def _sync(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_model(network: nn.Module, folder: Path, ids: dict[str, int | None], dtype: torch.dtype = torch.float32) -> None:
    """`config.json`, `generation_config.json` and `model.safetensors` in `dtype`: the same bytes for the same weights.

    Tied weights are stored once, under the input embedding's name, as transformers does.
    """
    from safetensors.torch import save_file

    config = network.config.to_dict()
    config["architectures"] = [type(network).__name__]
    config["dtype"] = str(dtype).removeprefix("torch.")
    for private in ("_name_or_path", "quantization_config", "torch_dtype", "transformers_version"):
        config.pop(private, None)
    write_json(folder / "config.json", config)
    chosen = {"do_sample": True, "temperature": 0.7, "top_p": 0.9, **{k: v for k, v in ids.items() if v is not None}}
    write_json(folder / "generation_config.json", chosen)
    weights: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, tensor in network.state_dict().items():
        if tensor.data_ptr() not in seen or not tensor.numel():
            seen.add(tensor.data_ptr())
            weights[name] = tensor.detach().contiguous().cpu().to(dtype)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def write_json(path: Path, data: Any) -> None:
    """Plain, sorted JSON: the same bytes for the same data."""
    path.write_text(json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n", "utf-8")


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy the tokenizer's files that `source` has."""
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
