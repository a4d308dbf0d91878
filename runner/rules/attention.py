"""The attention that a train step asks for: whether network, target, precision and libraries have it."""

from collections.abc import Iterator
from dataclasses import replace

from runner.meant import StepMeant
from runner.rules import View, at, param, path, rule, say
from runner.surroundings import is_installed
from schemas.artifacts import CheckpointForecast, PlanForecast
from schemas.findings import Edit, Finding
from steps.sizing.attention import FIELD, MODULE, attention_dropout, head_width, refusals, used
from steps.sizing.subject import precision_on

REMOVED, REPLACED = ("P109",), ("P105", "P110")  # codes whose fix changes nothing that is computed


@rule()
def attention_can_run(view: View) -> Iterator[Finding]:
    """P105 to P110, as the run would raise them at its start. A library is looked for where the recipe is meant for this machine, and
    only told elsewhere."""
    machine = view.meant.target
    for step in view.of_type("train"):
        asked = at(step.raw, FIELD)
        if not isinstance(asked, str) or asked != param(step, FIELD):
            continue
        made, folder = step.forecast, view.base(step)
        model = made.model if isinstance(made, CheckpointForecast) else None
        config = folder.config if folder is not None else {}
        family = model.family if model is not None else ""
        attends = model is not None and not model.family.startswith("mamba")
        missing = "" if is_installed(MODULE) else "is not installed here"
        for error in refusals(
            asked, family=family, kind=folder.kind if folder is not None else "", machine=machine, precision=_precision(view, step),
            width=head_width(model, config) if attends and model is not None else 0,
            dropout=attention_dropout(model, config) if model is not None else 0.0, missing=missing,
        ):  # fmt: skip
            edits: tuple[Edit, ...] = ()
            if error.code in REMOVED:
                edits = (Edit("delete", path(step, FIELD)),)
            elif error.code in REPLACED:
                kind = folder.kind if folder is not None else ""
                edits = (Edit("set", path(step, FIELD), used("auto", kind)),)
            found = say(error.code, step, FIELD, error.message, error.fix, edits=edits)
            yield replace(found, severity="info") if error.code == "P108" and machine.name != "here" else found


def _precision(view: View, step: StepMeant) -> str:
    """fp32, bf16 or fp16: as written, as planned, or as the target has it."""
    written, plan = param(step, "precision"), view.reaches(step, "plan")
    if at(step.raw, "precision") is None and isinstance(plan, PlanForecast):
        written = plan.settings.get("precision", written)
    return precision_on(view.meant.target) if written in (None, "auto") else str(written)
