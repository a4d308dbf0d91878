"""Rows against the positions of a network that another training of this recipe made, or that a folder holds."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.meant import StepMeant
from runner.rules import View, at, path, rule, say
from schemas.artifacts import CheckpointForecast
from schemas.findings import Edit, Finding


def positions_made(view: View, step: StepMeant) -> int | None:
    """Positions of the network that a train step leaves: its base's, or the length of its rows; None without a limit, or unknown."""
    folder = view.base(step)
    if folder is not None:
        return None if folder.kind.startswith("mamba") else folder.positions
    if at(step.raw, "model.base") is not None:
        return positions_before(view, step, at(step.raw, "model.base"))
    made = step.forecast
    if not isinstance(made, CheckpointForecast) or made.model is None or made.model.family.startswith("mamba"):
        return None
    length = view.row_length(step)
    return length if isinstance(length, int) else None


def positions_before(view: View, step: StepMeant, ref: Any) -> int | None:
    """Positions of the network that `ref`, a base or an init_from, names: a folder, or a step of this recipe; None where not known."""
    from steps.sizing.positions import positions_of

    if not isinstance(ref, dict):
        return None
    if isinstance(ref.get("path"), str):
        config = view.facts.json(view.facts.project / Path(os.path.expanduser(ref["path"])) / "config.json")
        return positions_of(config) if isinstance(config, dict) else None
    earlier = view.by_id.get(str(ref.get("step"))) if ref.get("recipe") is None else None
    before = earlier is not None and any(each is earlier for each in view.meant.steps[: _place(view, step)])
    while before and earlier is not None and earlier.type != "train":  # seen through those that only vouch for it
        earlier = next(iter(view.makers(earlier, "checkpoint")), None)
    return positions_made(view, earlier) if before and earlier is not None else None


def _place(view: View, step: StepMeant) -> int:
    return next((n for n, each in enumerate(view.meant.steps) if each is step), 0)


@rule()
def rows_fit_the_step_before(view: View) -> Iterator[Finding]:
    """M101: rows longer than the positions of a base that a step of this recipe makes."""
    for step in view.of_type("train"):
        ref, length = at(step.raw, "model.base"), view.row_length(step)
        if not isinstance(ref, dict) or ref.get("step") is None or not isinstance(length, int):
            continue
        limit = positions_before(view, step, ref)
        if limit is None or not 0 < limit < length:
            continue
        at_default = at(step.raw, "max_seq_length") is None
        edits = () if at_default else (Edit("set", path(step, "max_seq_length"), limit),)
        message = f"rows have {length:,} tokens, {ref['step']} makes a network of {limit:,} positions"
        yield say("M101", step, "" if at_default else "max_seq_length", message, f"write max_seq_length: {limit}", edits=edits)
