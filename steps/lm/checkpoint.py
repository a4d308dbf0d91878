"""The state of a run on disk, written so that a kill at any moment leaves the last whole one; and the finished model folder."""

import json
import os
import re
import shutil
import threading
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch
from torch import nn

from steps.lm import snapshot
from steps.lm.oom import out_of_memory

STATE = "state-{step:08d}.pt"
BEST = "best-{step:08d}.pt"
ROOM = 2.0  # times its size that must be free before a state is copied to be written in the background
TOKENIZER_FILES = (
    "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
    "merges.txt", "chat_template.jinja",
)  # fmt: skip


def write_half(target: Path, data: Any) -> None:
    """torch.save beside `target`, under a name that nobody reads: only `settle` makes it what `target` stands for."""
    try:
        with _half(target).open("wb") as file:
            torch.save(data, file)
    except BaseException:
        _half(target).unlink(missing_ok=True)  # a full disk is not kept full
        raise


def settle(target: Path) -> None:
    """fsync, rename, fsync of the folder: after a kill or a power cut `target` is all that `write_half` wrote, or what was there before."""
    half = _half(target)
    with half.open("r+b") as file:
        os.fsync(file.fileno())
    half.replace(target)
    _sync(target.parent)


class Saver:
    """Writes states and best weights while the training goes on: from a copy, where memory has room for one.

    Else they are written at once, to the system's cache of the disk, and only settled while the training goes on. One write at a time:
    the next waits for the one before it, `wait` for the last; both raise what that one raised. Once a state is settled, older ones go,
    and what a kill left half-written. settled: called before they go.
    """

    def __init__(
        self, folder: Path, keep: int, free: Callable[[], int] = snapshot.free_bytes, settled: Callable[[], None] = lambda: None
    ) -> None:
        self.folder, self.keep, self._free, self._settled = folder, keep, free, settled
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._copy: dict[str, Any] = {}  # of the last state: the next is copied into its memory

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Write `state` under `step`; it may change as soon as this returns."""

        def old() -> list[Path]:
            return states(self.folder)[: -self.keep]

        self._copy = self._write(self.folder / STATE.format(step=step), state, self._copy, old)

    def save_best(self, step: int, weights: dict[str, torch.Tensor]) -> None:
        """Keep the trained weights of the best validation so far beside the states."""

        def old() -> list[Path]:
            return unneeded(self.folder, step)

        self._write(self.folder / BEST.format(step=step), weights, self._copy.get("network", {}), old)

    def wait(self) -> None:
        """Until nothing is being written."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def look(self) -> None:
        """Raise at once what a write met that is over."""
        if self._failure is not None:
            self.wait()

    def release(self) -> None:
        """Give the memory of the last copy back."""
        self._copy = {}

    def _write(self, target: Path, data: dict[str, Any], spare: dict[str, Any], old: Callable[[], list[Path]]) -> dict[str, Any]:
        """Begin to write `data`, and drop the `old` files when it is settled. Returns the copy that it is written from, if it is."""
        self.wait()
        copy: dict[str, Any] = {}
        if self._free() > ROOM * snapshot.tensor_bytes(data) - snapshot.tensor_bytes(spare):
            try:
                copy = snapshot.copied(data, spare)
            except Exception as error:  # allocators have many kinds; others are raised again
                if not out_of_memory(error):
                    raise
        if not copy:
            write_half(target, data)

        def work() -> None:
            try:
                if copy:
                    write_half(target, copy)
                settle(target)
                self._settled()
                for path in [*old(), *self.folder.glob("*.half")]:
                    path.unlink()
            except BaseException as error:  # noqa: BLE001  raised again by `wait`, in the thread that trains
                self._failure = error

        thread = threading.Thread(target=work, name="save", daemon=False)
        try:
            thread.start()
        except RuntimeError:  # memory has no room for its stack
            work()
            self.wait()
        else:
            self._thread = thread
        return copy


def load_best(folder: Path, step: int) -> dict[str, torch.Tensor] | None:
    """The weights kept at `step`, None when they are not there or do not open."""
    return load_whole(folder / BEST.format(step=step))


def load_whole(path: Path) -> dict[str, Any] | None:
    """A state, or best weights; None when it is not there or does not open."""
    try:
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
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
    """The newest state that opens, or None; and the names of newer ones that did not. One for which memory has no room is not damaged."""
    damaged: list[str] = []
    for path in reversed(states(folder)):
        try:
            return torch.load(path, map_location="cpu", weights_only=True), damaged
        except Exception as error:  # a damaged file raises whatever its damaged bytes mean
            if out_of_memory(error) and _is_sound(path):
                raise
            damaged.append(path.name)
    return None, damaged


def _is_sound(path: Path) -> bool:
    """Whether the bytes of a save are those that were written, by the sums that stand in it."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except Exception:  # noqa: BLE001  a damaged file raises whatever its damaged bytes mean
        return False


def unneeded(folder: Path, best: int) -> list[Path]:
    """Best weights at which neither the training points, whose best step is `best`, nor a state in `folder`: the newest of its time."""
    found = {step_of(path): path for path in folder.glob("best-*.pt")}
    pointed_at = {max((step for step in found if step <= step_of(state)), default=0) for state in states(folder)}
    return [path for step, path in found.items() if step not in {best, *pointed_at}]


def step_of(path: Path) -> int:
    """Of a state, or of best weights, by its name."""
    return int(path.stem.partition("-")[2])


def forget(folder: Path) -> None:
    """Remove every state and best weights."""
    for path in [*folder.glob("state-*"), *folder.glob("best-*")]:
        path.unlink(missing_ok=True)


def _half(target: Path) -> Path:
    return target.with_suffix(".half")


def _sync(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def stops(folder: Path) -> list[int]:
    """Ids at which `generation_config.json` ends a text; none where it says nothing that can be read."""
    try:
        found = json.loads((folder / "generation_config.json").read_text("utf-8")).get("eos_token_id")
    except (OSError, ValueError, AttributeError):
        return []
    return [number for number in (found if isinstance(found, list) else [found]) if isinstance(number, int)]


def write_model(
    network: nn.Module, folder: Path, ids: dict[str, int | None], dtype: torch.dtype = torch.float32, ends: Collection[int] = ()
) -> None:
    """`config.json`, `generation_config.json` and `model.safetensors` in `dtype`: the same bytes for the same weights.

    Tied weights are stored once, under the input embedding's name, as transformers does. ends: ids at which generation stops besides.
    """
    from safetensors.torch import save_file

    write_config(network, folder, dtype)
    chosen: dict[str, Any] = {"do_sample": True, "temperature": 0.7, "top_p": 0.9, **{k: v for k, v in ids.items() if v is not None}}
    last = sorted({*ends, *(v for k, v in ids.items() if k == "eos_token_id" and v is not None)})
    if last:
        chosen["eos_token_id"] = last if len(last) > 1 else last[0]
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
