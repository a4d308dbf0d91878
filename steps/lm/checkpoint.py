"""The state of a run on disk, written so that a kill at any moment leaves the last whole one; and the finished model folder."""

import json
import os
import re
import shutil
import threading
from pathlib import Path
from typing import Any

import torch
from torch import nn

STATE = "state-{step:08d}.pt"
BEST = "best-{step:08d}.pt"
KEPT_BEST = 3  # the newest: an older state may still point at an older best
ROOM = 2.0  # times its size that must be free before a state is copied to be written in the background
TOKENIZER_FILES = (
    "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "chat_template.jinja",
)  # fmt: skip


def save_state(folder: Path, step: int, state: dict[str, Any], keep: int) -> None:
    """Write `state` under its step and drop all but the newest `keep`.

    Temporary file, fsync, rename, fsync of the folder: after a kill or a power cut a name stands for a whole file or for none.
    """
    write_whole(folder / STATE.format(step=step), state)
    for old in states(folder)[:-keep]:
        old.unlink()


def write_whole(target: Path, data: Any) -> None:
    """torch.save in one motion: there is all of it under the name, or what was there before."""
    half = target.with_suffix(".half")
    with half.open("wb") as file:
        torch.save(data, file)
        file.flush()
        os.fsync(file.fileno())
    half.replace(target)
    _sync(target.parent)


class Saver:
    """Writes states while the training goes on, from a copy, where memory has room for one; else at once.

    One write at a time: `save` waits for the one before it, `wait` for the last; both raise what that one raised.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Write `state` under `step`; it may change as soon as this returns."""
        self.wait()
        if not _room_for(tensor_bytes(state)):
            save_state(self.folder, step, state, self.keep)
            return
        copy = copied(state)

        def write() -> None:
            try:
                save_state(self.folder, step, copy, self.keep)
            except BaseException as error:  # noqa: BLE001  raised again by `wait`, in the thread that trains
                self._failure = error

        self._thread = threading.Thread(target=write, name="save", daemon=False)
        self._thread.start()

    def wait(self) -> None:
        """Until nothing is being written."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure


def tensor_bytes(data: Any) -> int:
    """Bytes of all tensors in nested dicts and lists."""
    if isinstance(data, torch.Tensor):
        return data.numel() * data.element_size()
    parts = data.values() if isinstance(data, dict) else data if isinstance(data, (list, tuple)) else ()
    return sum(tensor_bytes(part) for part in parts)


def copied(data: Any) -> Any:
    """Nested dicts and lists with every tensor copied to the CPU."""
    if isinstance(data, torch.Tensor):
        return data.detach().to("cpu", copy=True)
    if isinstance(data, dict):
        return {name: copied(part) for name, part in data.items()}
    if isinstance(data, (list, tuple)):
        return type(data)(copied(part) for part in data)
    return data


def _room_for(size: int) -> bool:
    """Whether the machine, and this process's own limit, have ROOM times `size` bytes free."""
    try:
        import psutil

        free = psutil.virtual_memory().available
        used = psutil.Process().memory_info().vms
    except ImportError:
        return False
    if os.name == "posix":
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            free = min(free, limit - used)
    return free > ROOM * size


def save_best(folder: Path, step: int, weights: dict[str, torch.Tensor]) -> None:
    """Keep the trained weights of the best validation so far beside the states."""
    write_whole(folder / BEST.format(step=step), weights)
    for old in sorted(folder.glob("best-*.pt"))[:-KEPT_BEST]:
        old.unlink()


def load_best(folder: Path, step: int) -> dict[str, torch.Tensor] | None:
    """The weights kept at `step`, None when they are not there or do not open."""
    try:
        found: dict[str, torch.Tensor] = torch.load(folder / BEST.format(step=step), map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001  a damaged file raises whatever its damaged bytes mean
        return None
    return found


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


def forget(folder: Path) -> None:
    """Remove every state and best weights."""
    for path in [*folder.glob("state-*"), *folder.glob("best-*")]:
        path.unlink(missing_ok=True)


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

    write_config(network, folder, dtype)
    chosen = {"do_sample": True, "temperature": 0.7, "top_p": 0.9, **{k: v for k, v in ids.items() if v is not None}}
    write_json(folder / "generation_config.json", chosen)
    weights: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, tensor in network.state_dict().items():
        if tensor.data_ptr() not in seen or not tensor.numel():
            seen.add(tensor.data_ptr())
            weights[name] = tensor.detach().contiguous().cpu().to(dtype)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def write_config(network: nn.Module, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """`config.json`, with nothing in it of this machine."""
    config = network.config.to_dict()
    config["architectures"] = [type(network).__name__]
    config["dtype"] = str(dtype).removeprefix("torch.")
    for private in ("_name_or_path", "quantization_config", "torch_dtype", "transformers_version"):
        config.pop(private, None)
    write_json(folder / "config.json", config)


def write_json(path: Path, data: Any) -> None:
    """Plain, sorted JSON: the same bytes for the same data."""
    path.write_text(json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, default=str) + "\n", "utf-8")


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy the tokenizer's files that `source` has."""
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
