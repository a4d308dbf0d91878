"""Going on from the end of another training: what is kept in the checkpoint for it, and what must be the same."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from schemas import RecipeError, StepContext
from steps.lm.bitwise import RATES, verdict
from steps.lm.checkpoint import write_json
from steps.lm.loop import Loop
from steps.lm.progress import Progress
from steps.lm.schedule import told_apart

FOLDER = "state"  # in the checkpoint
TENSORS, DATA = "state.safetensors", "state.json"
CARD = "cuda_generator"
CARRIED = ("step", "position", "tokens", "losses", "norms", "skipped", "scored", "best", "evaluated")  # of a run's progress
LEFT_OUT = {
    "attn_implementation": "auto",
    "dropout": 0.0,
    "moments of embeddings": "as of the rest",
}  # facts that are only written when they are not so


class Kept(NamedTuple):
    """What `keep_state` wrote. tensors: all but weights that stand in the checkpoint itself. data: the rest."""

    checkpoint: Path
    tensors: dict[str, torch.Tensor]
    data: dict[str, Any]

    def state(self, loop: Loop) -> dict[str, Any]:
        """As `loop` saves one, but for its progress."""
        from safetensors.torch import load_file

        states = loop.optimizer.state_dict()
        for number, part in enumerate(states):
            part["state"] = {}
            for key, value in {**self.tensors, **self.data["scalars"]}.items():
                kind, *place = key.split(".", 3)
                if kind == "optimizer" and int(place[0]) == number:
                    fields = part["state"].setdefault(int(place[1]), {})
                    *around, name = place[2].split(".")
                    (fields.setdefault(around[0], {}) if around else fields)[name] = value
        weights = {name.removeprefix("weights."): value for name, value in self.tensors.items() if name.startswith("weights.")}
        if not weights:
            stored = load_file(self.checkpoint / "model.safetensors")
            named = dict(loop.head.network.named_parameters())  # what no stage trains, too
            weights = {name: value for name, value in stored.items() if name in named}
        cards = torch.cuda.get_rng_state_all() if loop.device.type == "cuda" else []
        drawn = [self.tensors.get(f"{CARD}.{number}", state) for number, state in enumerate(cards)]
        return {"network": weights, "optimizer": states, "scaler": self.data["scaler"], "generator": self.tensors["generator"],
                "cuda_generators": drawn, "threads": self.data["threads"], "schedule": self.data["schedule"],
                "guard": self.data.get("guard"), "computed": self.data.get("computed", {"device": self.data["device"]})}  # fmt: skip


def read_state(checkpoint: Path) -> Kept:
    """What stands in `checkpoint`. Raises OSError or ValueError when it holds no state."""
    from safetensors.torch import load_file

    data = json.loads((checkpoint / FOLDER / DATA).read_text("utf-8"))
    return Kept(checkpoint, load_file(checkpoint / FOLDER / TENSORS), data)


def keep_state(loop: Loop, folder: Path, facts: dict[str, Any], whole: bool) -> None:
    """Write optimizer, generators and progress into `folder`, with the `facts` that another training must share; no time, no path.

    whole: the checkpoint's own weights are the trained ones; else (adapters) they are kept here.
    """
    from safetensors.torch import save_file

    folder.mkdir(exist_ok=True)
    tensors: dict[str, torch.Tensor] = {"generator": torch.get_rng_state()}
    if loop.device.type == "cuda":
        tensors |= {f"{CARD}.{number}": state for number, state in enumerate(torch.cuda.get_rng_state_all())}
    scalars: dict[str, Any] = {}
    for number, part in enumerate(loop.optimizer.state_dict()):
        for index, fields in part["state"].items():
            for name, value in _flat(fields):
                key = f"optimizer.{number}.{index}.{name}"
                if isinstance(value, torch.Tensor):
                    tensors[key] = value.detach().cpu().clone().contiguous()
                else:
                    scalars[key] = value
    if not whole:
        tensors |= {f"weights.{name}": value.cpu().clone().contiguous() for name, value in loop.weights().items()}
    save_file(tensors, folder / TENSORS)
    done = vars(loop.progress)
    rows = {name: done["live"][name] for name in ("rows", "length", "cuts")}
    cuts = [row for row in done["reductions"] if row["given_up"] == "max_seq_length"]
    write_json(folder / DATA, {
        "format": 1, "facts": facts, "progress": {name: done[name] for name in CARRIED}, "scalars": scalars,
        "schedule": loop.settings.schedule, "guard": loop.settings.guard, "scaler": loop.scaler.state_dict(),
        "threads": torch.get_num_threads(), "device": loop.device.type, "rows": rows, "cuts": cuts,
        "computed": loop.settings.computed, "settings": _moving(loop),
    })  # fmt: skip


def _flat(fields: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What an optimizer keeps of one weight; bitsandbytes has a dict in it, whose parts are named after both."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", part) for inner, part in value.items())
        else:
            yield name, value


def go_on(loop: Loop, earlier: tuple[Path, str], facts: dict[str, Any], context: StepContext) -> None:
    """Put the state that a checkpoint ended with into `loop`. earlier: its folder, and what to call it.

    Raises RecipeError R102 when it holds none, R103 naming what differs, R104 when nothing is left to do. Warns R105 where the
    schedule would have been another so far.
    """
    field, (checkpoint, name) = "resume_from", earlier
    try:
        kept = read_state(checkpoint)
    except (OSError, ValueError) as error:
        raise RecipeError("R102", f"{name} holds no state of a training (save_only_model leaves it out)", field=field,
                          fix="start from its weights: model: {base: ...}") from error  # fmt: skip
    data = kept.data
    here, there = {**LEFT_OUT, **facts}, {**LEFT_OUT, **data["facts"]}
    differing = [f"{name} is {_short(here.get(name))} here and {_short(there.get(name))} there"
                 for name in {**here, **there} if there.get(name) != here.get(name)]  # fmt: skip
    if differing:
        raise RecipeError("R103", f"this training cannot go on from that one: {'; '.join(differing)}", field=field,
                          fix="write the same, or start from its weights alone: model: {base: ...}")  # fmt: skip
    step = data["progress"]["step"]
    if step >= loop.settings.steps:
        raise RecipeError("R104", f"that training did {step} steps, and max_steps here is {loop.settings.steps}", field="max_steps",
                          fix=f"write max_steps above {step}")  # fmt: skip
    rates = _schedule(loop, data, step, context)
    why = loop.put_back(kept.state(loop)) or rates or _moved_otherwise(loop, data)
    loop.progress = Progress(**data["progress"], looked=step, reductions=data.get("cuts", []))
    loop.run_as(replace(loop.settings.live, **data.get("rows", {})))  # a position is one among such rows
    context.event("resumed", step=step, bitwise=not why, came_from=name,
                  message=f"goes on at step {step} of {loop.settings.steps} where another training ended, {verdict(why)}")  # fmt: skip


def _moving(loop: Loop) -> dict[str, Any]:
    """What a step's bits follow from beside data, rate and kernels, by the names of a recipe; as it is in the end."""
    settings, live = loop.settings, loop.live
    return {"weight_decay": settings.weight_decay, "decay_embeddings": settings.decay_embeddings, "max_grad_norm": settings.max_grad_norm,
            "z_loss": settings.z_loss, "batch_size": live.batch_size, "loss_chunk_tokens": live.loss_chunk_tokens}  # fmt: skip


def _moved_otherwise(loop: Loop, data: dict[str, Any]) -> str:
    """Which of these was another in that training, empty where none was."""
    guard, was = loop.settings.guard, data.get("guard") or loop.settings.guard
    here, there = _moving(loop), data.get("settings", {})
    differing = [f"{name} was {_short(value)} there, {_short(here[name])} here" for name, value in there.items() if value != here[name]]
    if was != guard and {was["action"], guard["action"]} != {"none"}:
        differing.append(f"on_spike was {was['action']} there, {guard['action']} here")
    return ", ".join(differing)


def _schedule(loop: Loop, data: dict[str, Any], step: int, context: StepContext) -> str:
    """Why the steps done had other rates than this training's schedule has, empty where they had not.

    What that costs is a warning, but for a constant rate whose warm-up alone was another: it is over, and nothing jumps.
    """
    schedule, settings = data["schedule"], loop.settings
    parted = settings.parts_from(schedule, step)
    if parted is None:
        return ""
    (k, was), now, jump = parted, settings.rate(parted[0]), settings.rate(step)
    theirs = replace(settings, **schedule)
    if theirs.scheduler == settings.scheduler == "constant" and math.isclose(theirs.rate(step - 1), jump, rel_tol=1e-9):
        return f"warmup_steps was {theirs.warmup} there, {settings.warmup} by this schedule"
    there, here = told_apart(was, now)
    message = (
        f"from step {k + 1} to {step} the rate was not this schedule's ({there} there, {here} here): one training of "
        f"{settings.steps} steps would end otherwise, and the rate goes from {theirs.rate(step - 1):.3g} to {jump:.3g}"
    )
    fix = "scheduler: constant with warmup_steps: N, or wsd before it falls, can be prolonged exactly"
    context.warn("R105", message, field="scheduler", fix=fix)
    return RATES


def _short(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= 60 else text[:57] + "..."
