"""A dry run: a few optimizer steps of a network on the longest rows there are, in a process of its own, to see what they really need.

`python -m steps.lm.probe` reads the question from standard input and writes the answer to the file that it names. Its process may be
killed for want of memory: whoever asks takes that for the answer.
"""

import json
import re
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from schemas import ModelConfig
from schemas.training import ADAPTED, LoraSettings
from steps.lm import adapters, attention, build, even
from steps.lm.batches import Micro, Row, end_to_end, filled, pad
from steps.lm.frozen import halve, held_dtype
from steps.lm.loss import CHUNK_TOKENS, Head
from steps.lm.oom import peak_memory_gb
from steps.lm.optimizer import Optimizers
from steps.lm.precision import autocast, held, scaler

MATRIX = 512  # rows and columns of the product by which a core is timed: 4 ms
IDS: dict[str, int | None] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


def probe(question: dict[str, Any]) -> dict[str, Any]:
    """Do `steps` optimizer steps, the first of which is not timed.

    question: model (a ModelConfig), method, lora, batch_size, length, precision, steps, limit_s; and, where they are given, rows (ids),
    checkpointing, optimizer, loss_chunk_tokens, attention, accumulated, limit_bytes, end_to_end (rows one behind the other), and
    eval_batch_size, of which one batch is scored at the end. Returns {device, out_of_memory, peak_bytes, tokens_per_s (of the quickest
    step), steps, longest, core_flops}. On a CPU it is the tokens of one core and the time of the process alone; what its neighbours
    take of caches and of the clock shows in core_flops, the rate at which that core multiplied matrices meanwhile (None elsewhere).
    """
    device = build.device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    answer: dict[str, Any] = {"device": name, "out_of_memory": False, "peak_bytes": 0, "tokens_per_s": 0.0, "steps": 0}
    build.quiet()
    torch.set_num_threads(1)  # on a CPU one core is timed: several wait for each other, and for others, in ways that nothing models
    try:
        limit_memory(question.get("limit_bytes") or 0)
        answer |= _steps(question, device)
    except (torch.OutOfMemoryError, MemoryError):
        answer["out_of_memory"] = True
    except RuntimeError as error:
        if "memory" not in str(error).lower():  # a CPU's and Apple's allocators have no exception of their own
            raise
        answer["out_of_memory"] = True
    return answer


def _steps(question: dict[str, Any], device: torch.device) -> dict[str, Any]:
    model = ModelConfig.model_validate(question["model"])
    rows, length, vocabulary = question["batch_size"], question["length"], model.vocab_size or 1000
    network = build.build(model, vocabulary, IDS, length, 1)
    attention.choose(network, question.get("attention") or "auto")
    half = held_dtype(question["method"], question["precision"], device)
    if half is not None:
        halve(network, half)
    network.to(device)
    if question["method"] in ADAPTED:
        adapters.add(network, model.family, LoraSettings.model_validate(question["lora"] or {}), 1)
    build.verify_kernels(network, question["precision"])
    with held(half, device):
        head = Head(network, question.get("loss_chunk_tokens") or CHUNK_TOKENS)
    head.rounded = even.pays(question["precision"], device)
    if question.get("checkpointing"):
        head.checkpoint_activations()
    network.train()
    optimizer, scaling = Optimizers(question.get("optimizer") or "adamw", network, 0.1), scaler(question["precision"], device)
    batch = _batch(question.get("rows") or [], rows, length, vocabulary, bool(question.get("end_to_end")) and head.lay_flat())
    ids, targets, starts = batch
    tokens = int((targets >= 0).sum())
    times = 2 if question.get("accumulated") else 1  # a second micro-batch beside the gradients of the first
    spent: list[float] = []
    rates: list[float] = []
    started = time.monotonic()
    for number in range(question["steps"] + 1):
        begin = _clock(device)
        for _ in range(times):
            with autocast(question["precision"], device):
                loss, _plain = head.summed(ids, targets, 0.0, starts)
            scaling.scale(loss / (times * tokens)).backward()
        optimizer.step(scaling)
        optimizer.forget_gradients()
        if number:
            spent.append(_clock(device) - begin)
            rates += [core_flops()] if device.type == "cpu" else []
        if spent and time.monotonic() - started > question["limit_s"]:
            break
    if validated := question.get("eval_batch_size"):  # beside the optimizer's state
        network.eval()
        scored = _batch(question.get("rows") or [], validated, length, vocabulary, head.end_to_end)
        with autocast(question["precision"], device):
            head.each(*scored)
    return {
        "peak_bytes": int(peak_memory_gb(device) * 2**30), "tokens_per_s": times * tokens / max(min(spent), 1e-9), "steps": len(spent),
        "longest": int(ids.shape[1]), "core_flops": median(rates) if rates else None,
    }  # fmt: skip


def core_flops() -> float:
    """Operations a second of the process's own time in a product of matrices of floats, the quickest of five."""
    left = torch.ones(MATRIX, MATRIX)
    times = []
    for _ in range(5):
        begin = time.process_time()
        left @ left
        times.append(time.process_time() - begin)
    return float(2 * MATRIX**3 / max(min(times), 1e-9))


def _batch(real: list[list[int]], rows: int, length: int, vocabulary: int, flat: bool) -> Micro:
    """`rows` rows: the real ones, again from the first when there are too few, or random ones of `length` without any.

    flat: end to end, as many as have no more tokens than `rows` of the longest.
    """
    if not real:
        ids = torch.randint(vocabulary, (rows, length + 1), generator=torch.Generator().manual_seed(1))
        return Micro(ids[:, :-1], ids[:, 1:])
    ids = [np.array(each, np.int64) % vocabulary for each in real]
    made = [Row(each, np.ones(len(each), bool)) for each in ids]
    if flat:
        again = (made[i % len(made)] for i in range(rows * len(made) + rows))
        return end_to_end(next(filled(again, rows * max(len(row.ids) - 1 for row in made))))
    return pad([made[i % len(made)] for i in range(rows)])


def limit_memory(limit_bytes: int) -> None:
    """Let this process allocate no more than `limit_bytes` beyond what it holds now: then an allocation fails, and nobody is killed."""
    try:
        import resource
    except ImportError:
        return
    status = Path("/proc/self/status")
    held_now = re.search(r"VmData:\s+(\d+) kB", status.read_text("utf-8")) if status.exists() else None
    if limit_bytes and held_now:
        resource.setrlimit(resource.RLIMIT_DATA, (1024 * int(held_now[1]) + limit_bytes, resource.RLIM_INFINITY))


def _clock(device: torch.device) -> float:
    if device.type == "cpu":
        return time.process_time()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    else:
        torch.mps.synchronize()
    return time.monotonic()


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    Path(asked["answer"]).write_text(json.dumps(probe(asked)), "utf-8")
