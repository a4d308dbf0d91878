"""A dry run: a few optimizer steps of a network on random tokens, in a process of its own, to see what they really need.

`python -m steps.lm.probe` reads the question from standard input and writes the answer to the file that it names. Its process may be
killed for want of memory: whoever asks takes that for the answer.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch

from schemas import ModelConfig
from schemas.training import ADAPTED, LoraSettings
from steps.lm import adapters, build
from steps.lm.frozen import halve, held_dtype
from steps.lm.loop import peak_memory_gb
from steps.lm.loss import Head
from steps.lm.optimizer import adamw
from steps.lm.precision import autocast, held, scaler

IDS: dict[str, int | None] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


def probe(question: dict[str, Any]) -> dict[str, Any]:
    """Do `steps` optimizer steps, the first of which is not timed.

    question: model (a ModelConfig), method, lora, batch_size, length, precision, steps, limit_s. Returns {device, out_of_memory,
    peak_bytes, tokens_per_s, steps}. On a CPU it is the tokens of one core and the
    time of the process alone, so that its neighbours do not count.
    """
    device = build.device()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    answer: dict[str, Any] = {"device": name, "out_of_memory": False, "peak_bytes": 0, "tokens_per_s": 0.0, "steps": 0}
    build.quiet()
    torch.set_num_threads(1)  # on a CPU one core is timed: several wait for each other, and for others, in ways that nothing models
    try:
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
    half = held_dtype(question["method"], question["precision"], device)
    if half is not None:
        halve(network, half)
    network.to(device)
    if question["method"] in ADAPTED:
        adapters.add(network, model.family, LoraSettings.model_validate(question["lora"] or {}), 1)
    with held(half, device):
        head = Head(network)
    optimizer, scaling = adamw(network, 0.1), scaler(question["precision"], device)
    draw = torch.Generator().manual_seed(1)
    spent, timed, started = 0.0, 0, time.monotonic()
    for number in range(question["steps"] + 1):
        ids = torch.randint(vocabulary, (rows, length + 1), generator=draw).to(device)
        begin = _clock(device)
        with autocast(question["precision"], device):
            loss, _ = head.summed(ids[:, :-1], ids[:, 1:])
        scaling.scale(loss / (rows * length)).backward()
        scaling.step(optimizer)
        scaling.update()
        optimizer.zero_grad(set_to_none=True)
        if number:
            spent, timed = spent + _clock(device) - begin, timed + 1
        if timed and time.monotonic() - started > question["limit_s"]:
            break
    return {"peak_bytes": int(peak_memory_gb(device) * 2**30), "tokens_per_s": timed * rows * length / max(spent, 1e-9), "steps": timed}


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
