"""Tries a candidate for a few real optimizer steps, in a process of its own, and says whether that speaks against it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from schemas.machine import GIB, Machine
from schemas.model import ModelConfig
from steps.sizing.subject import Subject
from steps.sizing.throughput import CORE_FLOPS, SUSTAINED

if TYPE_CHECKING:
    from steps.sizing.candidates import Candidate

LIMIT_S = 30  # a dry run stops after the step that passes this
PATIENCE_S = 600  # a process that says nothing for so long is given up
SPARE = 1.25  # times the budget that a child process on a CPU may allocate: it reserves more than it fills
TOO_SLOW = 2.0  # times slower than modelled
USUAL_FLOPS = CORE_FLOPS * SUSTAINED["cpu"]  # of a core, as the model takes it


class Tried(NamedTuple):
    """What a dry run found. verdict: empty when nothing speaks against the candidate. told: False when it could not be judged.

    slow: it is rejected for its speed alone.
    """

    verdict: str
    why: str
    measured: dict[str, Any]
    told: bool = True
    slow: bool = False


def here(machine: Machine) -> bool:
    """True when `machine` is, or may be, the one that this runs on."""
    return machine.name == "here" or (machine.kind == "cuda" and Path("/dev/nvidiactl").exists())


def dry_run(
    candidate: "Candidate", subject: Subject, model: ModelConfig, machine: Machine, steps: int, rows: list[list[int]] | None = None
) -> Tried:
    """Run `steps` optimizer steps of `candidate` and reject it when memory runs out, passes the margin, or it is far slower than modelled.

    rows: the longest that training will meet, as ids; random ones of full length without them. Nothing that was measured chooses
    between candidates: it can only take one away. On a CPU the child may not allocate much more than the budget: what would have
    the system end other programs fails inside it.
    """
    if subject.method == "qlora":
        return Tried("", "a base in four or eight bits is not tried: the plan is by the model of the machine", {}, told=False)
    question: dict[str, Any] = {
        "model": model.model_dump(exclude={"base"}, exclude_none=True), "method": subject.method, "lora": subject.lora.model_dump(),
        "batch_size": candidate.batch_size, "length": candidate.length, "precision": candidate.precision, "steps": steps,
        "limit_s": LIMIT_S, "checkpointing": candidate.checkpointing, "optimizer": subject.optimizer, "rows": rows or [],
        "loss_chunk_tokens": subject.loss_chunk_tokens, "accumulated": candidate.accumulation > 1,
        "end_to_end": subject.end_to_end(model, machine), "attention": subject.attention, "eval_batch_size": candidate.eval_batch_size,
        "limit_bytes": round(SPARE * candidate.budget) if machine.kind == "cpu" else 0,
    }  # fmt: skip
    answer, said = _ask(question)
    if answer is None:
        if said == "killed":
            return Tried("rejected", "the system ended the dry run for want of memory", {})
        return Tried("", f"the dry run could not be made: {said}", {}, told=False)
    if machine.kind == "cuda" and not _same_card(answer["device"], machine):
        return Tried("", f"this machine has a {answer['device']}, not a {machine.title}", answer, told=False)
    if answer["out_of_memory"]:
        return Tried("rejected", "memory ran out in the dry run", answer)
    if answer["peak_bytes"] > candidate.budget:
        peak = answer["peak_bytes"] / GIB
        return Tried("rejected", f"the dry run used {peak:.1f} GiB, {candidate.budget / GIB:.1f} are allowed", answer)
    modelled = candidate.tokens_per_s
    if machine.kind == "cpu":  # a dry run there times one core
        alone = machine.model_copy(update={"cores": 1})
        modelled = subject.speed(model, alone, candidate.batch_size, candidate.length, candidate.precision, candidate.accumulation,
                                 checkpointing=candidate.checkpointing)  # fmt: skip
        modelled *= min(1.0, (answer.get("core_flops") or USUAL_FLOPS) / USUAL_FLOPS)  # a busy or slow core is no fault of the candidate
    if answer["tokens_per_s"] * TOO_SLOW < modelled:
        why = f"{answer['tokens_per_s']:.0f} tokens a second in the dry run, {modelled:.0f} were modelled"
        return Tried("rejected", why, answer, slow=True)
    return Tried("", "", answer)


def _same_card(device: str, machine: Machine) -> bool:
    words = device.lower().split()
    return all(word in words or word == "nvidia" for word in machine.title.lower().split()[:3])


def _ask(question: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The answer of steps.lm.probe, or None and why there is none."""
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join(path for path in (root, os.environ.get("PYTHONPATH", "")) if path)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "answer.json"
        try:
            done = subprocess.run(
                [sys.executable, "-m", "steps.lm.probe"], input=json.dumps({**question, "answer": str(file)}), text=True,
                capture_output=True, timeout=PATIENCE_S, check=False, encoding="utf-8", errors="replace", cwd=folder,
                env={**os.environ, "PYTHONPATH": paths},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None, f"no answer within {PATIENCE_S} s"
        if done.returncode in (-9, 137):
            return None, "killed"
        if done.returncode or not file.is_file():
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            return None, lines[-1][:300] if lines else f"exit code {done.returncode}"
        return json.loads(file.read_text("utf-8")), ""
