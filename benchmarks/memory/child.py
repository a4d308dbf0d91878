"""One setting of the grid, trained for three optimizer steps in this process: `python child.py '{"family": "llama", …}'` prints JSON."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

STEPS = 3  # the optimizer's states exist from the second on


def measure(setting: dict[str, Any]) -> dict[str, Any]:
    """Peaks of training and of validation, in bytes: of tensors, and of the process's resident memory less its start."""
    import numpy as np
    import torch
    from tally import LiveBytes

    from schemas import ModelConfig
    from steps.lm import build
    from steps.lm.batches import Row
    from steps.lm.evaluate import score
    from steps.lm.precision import autocast

    torch.set_num_threads(1)
    build.quiet()
    device = build.device()
    model = ModelConfig.model_validate(setting["model"])
    warm(setting, model, device)
    start = resident()
    loop = prepared(setting, model, device)
    network, length = loop.head.network, setting["train"]["max_seq_length"]
    tally = LiveBytes()
    for tensor in [*network.parameters(), *network.buffers()]:
        tally.add(tensor)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with tally:
        for step in range(STEPS):
            loop._step(step)
    grown = highest() - start
    found = {"tensors": tally.peak, "resident": grown, "start": start, "device": device.type}
    if device.type == "cuda":
        found["allocated"] = torch.cuda.max_memory_allocated(device)
    loop.optimizer.forget_gradients()
    many = loop.live.eval_batch_size
    sizes = documents(setting, many, length) if loop.head.end_to_end else [length] * many
    rows = [Row(np.arange(size + 1) % model.vocab_size, np.ones(size + 1, bool)) for size in sizes]
    tally.peak = tally.live
    with tally:
        score(loop.head, rows, many, autocast(setting["train"]["precision"], device))
    return {
        **found,
        "evaluation": tally.peak,
        "eval_batch_size": many,
        "parameters": sum(p.numel() for p in network.parameters()),
    }


def prepared(setting: dict[str, Any], model: Any, device: Any) -> Any:
    """The loop of `setting` about to take its first step, with a network of `model` and random rows."""
    from steps.lm import adapters, attention, build, even
    from steps.lm.assemble import Material, _settings
    from steps.lm.frozen import halve, held_dtype
    from steps.lm.loop import Loop
    from steps.lm.loss import Head
    from steps.lm.precision import held
    from steps.train import Train

    params, method = Train.model_validate(setting["train"]), setting["method"]
    network = build.build(model, model.vocab_size, {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}, params.max_seq_length, 1)
    attention.choose(network, params.attn_implementation)
    half = held_dtype(method, params.precision, device)
    if half is not None:
        halve(network, half)
    network.to(device)
    if method == "lora":
        new_ids = range(model.vocab_size - setting["added"], model.vocab_size)
        adapters.add(network, model.family, setting_lora(setting), 1, new_ids)
    with held(half, device):
        head = Head(network)
        head.rounded = even.pays(params.precision, device)
        if flat(params, device) and not head.lay_flat():
            raise SystemExit("rows of this network do not lie end to end")
    network.train()
    material = Material(Drawn(params, setting, device), [])
    hooks = SimpleNamespace(after_early_backward=lambda: None, before_step=lambda step: None)
    loop: Any = Loop(head, material.data, [], _settings(params, material), SimpleNamespace(keep=Path()), hooks)
    return loop


def warm(setting: dict[str, Any], model: Any, device: Any) -> None:
    """One layer of the network trains first, by the same loop on rows of the same size, so that the start holds what libraries keep
    whatever the network's depth: in bf16 oneDNN makes a kernel for each shape of a product, keeps it, and keeps buffers that reorder."""
    lora = {name: value for name, value in (setting.get("lora") or {}).items() if name != "layers"}
    loop = prepared({**setting, "lora": lora}, model.model_copy(update={"n_layers": 1}), device)
    for step in range(STEPS):
        loop._step(step)


def setting_lora(setting: dict[str, Any]) -> Any:
    """The LoRA settings of a setting of the grid."""
    from schemas.training import LoraSettings

    return LoraSettings.model_validate(setting.get("lora") or {})


def flat(params: Any, device: Any) -> bool:
    """Whether rows lie end to end: those of fine-tuning, and on a CPU documents of a stream that do not see each other."""
    return params.objective == "sft" or (params.packing == "documents" and device.type == "cpu")


class Drawn:
    """Rows of random tokens in the micro-batches that the loop asks for; uneven ones of fine-tuning, and documents, marked in them."""

    tokens_per_epoch = 10**6
    rows_per_epoch = 1e6

    def __init__(self, params: Any, setting: dict[str, Any], device: Any) -> None:
        self.length, self.vocabulary, self.setting = params.max_seq_length, setting["model"]["vocab_size"], setting
        self.marked, self.flat = params.packing == "documents" or params.objective == "sft", flat(params, device)

    def batches(self, position: int, rows: int, batch_size: int) -> tuple[list[Any], int]:
        """Ids and targets, `batch_size` rows at a time."""
        import torch

        from steps.lm.batches import Micro

        ids = torch.randint(self.vocabulary, (rows, self.length + 1), generator=torch.Generator().manual_seed(1))
        parts = [Micro(part[:, :-1], part[:, 1:]) for part in ids.split(batch_size)]
        if self.marked:
            sizes = torch.tensor(documents(self.setting, batch_size, self.length))
            starts = torch.zeros(batch_size * self.length, dtype=torch.bool)
            starts[torch.cat([sizes.new_zeros(1), sizes.cumsum(0)[:-1]])] = True
            parts = [Micro(part.ids, part.targets, starts.view(part.ids.shape)) for part in parts]
        if self.flat and self.setting["train"].get("objective") == "sft":
            parts = [Micro(*(each.reshape(1, -1) for each in part)) for part in parts]
        return parts, position + rows


def documents(setting: dict[str, Any], rows: int, length: int) -> list[int]:
    """Sizes of documents that fill `rows` rows: all of the setting's size where it says one, else uneven ones."""
    size = setting.get("document")
    return [size] * (rows * length // size) if size else uneven(rows, length)


def uneven(rows: int, length: int) -> list[int]:
    """Sizes of documents that have the tokens of `rows` rows together: one of full length, and many shorter ones."""
    sizes, left = [length], (rows - 1) * length
    while left:
        sizes.append(min(left, max(2, length // (2 + len(sizes) % 5))))
        left -= sizes[-1]
    return sizes


def resident() -> int:
    """Resident bytes of this process now; the mark of the highest is set back to it."""
    if Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def highest() -> int:
    """The most resident bytes since `resident` was asked."""
    return _status("VmHWM")


def _status(name: str) -> int:
    status = Path("/proc/self/status")
    found = re.search(rf"{name}:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return 1024 * int(found[1]) if found else 0


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
