"""Going on from another training: that it is there, that it is the same training, and that steps are left to do."""

import os
from collections.abc import Iterator
from math import ceil, isclose
from pathlib import Path
from typing import Any

from runner.meant import StepMeant
from runner.nearest import nearest
from runner.rules import View, at, number, param, rule, say
from runner.rules.phases import may_have
from runner.rules.schedule import planned_steps
from schemas.artifacts import CheckpointForecast
from schemas.findings import Finding
from steps.sizing.attention import used

STATE = "state/state.json"  # what steps.lm.resume writes
LISTS = ("stages", "add_tokens")
COMPARED = ("method", "objective", "optimizer", "max_seq_length", "packing")
LEFT_BY_TRAINER = ("trainer_state.json", "optimizer.pt", "scheduler.pt", "training_args.bin")
A_TRAINING = "the folder of a finished training, such as runs/latest/artifacts/train"
NAMES = {  # of learning_rate's arguments, in a state
    "steps": "steps", "peak": "peak_rate", "lowest": "lowest_rate", "warmup": "warmup", "scheduler": "scheduler",
    "decay_share": "decay_share",
}  # fmt: skip
LOOKED_AT = 1000  # steps of a schedule that are compared


@rule()
def trainings_can_go_on(view: View) -> Iterator[Finding]:
    """C002: no such folder. R102: one without a state. R103: of another training. R104: nothing left to do. R105: another schedule."""
    for step in view.of_type("train"):
        ref = at(step.raw, "resume_from")
        if not isinstance(ref, dict):
            continue
        if isinstance(ref.get("path"), str) and ref["path"]:
            yield from _from_folder(view, step, ref["path"])
        elif isinstance(ref.get("step"), str) and not ref.get("recipe"):
            earlier = view.by_id.get(ref["step"])
            if earlier is not None and earlier.type == "train" and not _later(view, step, earlier):
                yield from _from_step(view, step, earlier)
        elif isinstance(ref.get("step"), str) and isinstance(ref.get("recipe"), str):
            from runner.standing import stored

            folder = stored(view.meant, ref["recipe"], ref["step"])
            if folder is not None and folder.is_dir():  # else L020 or L021 says what is known
                yield from from_state(view, step, folder, f"{ref['step']} of {ref['recipe']}", "resume_from", ref)


def _later(view: View, step: StepMeant, other: StepMeant) -> bool:
    """Whether a step is this one or stands behind it, which is told as such."""
    steps = list(view.meant.steps)
    return steps.index(other) >= steps.index(step)


def _from_folder(view: View, step: StepMeant, named: str) -> Iterator[Finding]:
    folder = view.facts.project / os.path.expanduser(named)
    where = "resume_from.path"
    if not folder.is_dir():
        elsewhere = named.startswith(("/", "~")) and view.meant.target.name != "here"
        message = f"{named} is a file, a checkpoint is a folder" if folder.is_file() else f"the checkpoint {named} is not there"
        from runner.absent import of_folder

        found = None if folder.is_file() else of_folder(view, named)
        fix = found.fix if found is not None else _near(view, folder, named)
        message = found.message if found is not None else message
        yield say("C002", step, where, message, fix, severity="warning" if elsewhere else "error")
        return
    if not _has_state(view, folder):
        inside = sorted(p.parent.parent.relative_to(view.facts.project) for p in folder.glob(f"artifacts/*/{STATE}"))
        weights = "start from its weights: model: {base: {path: " + named + "}}"
        fix = f"write {inside[-1]}" if inside else weights if view.facts.size(folder / "config.json") else f"name {A_TRAINING}"
        message = f"{named} holds no state of a training to go on from"
        adapter = view.facts.json(folder / "adapter_config.json")
        if not inside and isinstance(adapter, dict):
            message += ": it is an adapter of peft, whose optimizer is not read here"
            fix = f"merge it into {adapter.get('base_model_name_or_path') or 'its model'} and start from that, or delete resume_from"
        elif not inside and any(view.facts.size(folder / name) for name in LEFT_BY_TRAINER):
            message += ": the Trainer of transformers left it, whose optimizer is not read here"
        yield say("R102", step, where, message, fix)
        return
    yield from from_state(view, step, folder, named, where, {"path": named})


def _has_state(view: View, folder: Path) -> bool:
    data = view.facts.json(folder / STATE)
    return isinstance(data, dict) and isinstance(data.get("progress"), dict)


def from_state(view: View, step: StepMeant, folder: Path, named: str, where: str, ref: dict[str, Any]) -> Iterator[Finding]:
    """R102, R103, R104, R105 of the state that a finished training left in `folder`."""
    alone = ", ".join(f"{key}: {value}" for key, value in ref.items())
    if not _has_state(view, folder):
        fix = f"run it without save_only_model, or start from its weights: model: {{base: {{{alone}}}}}"
        yield say("R102", step, where, f"{named} holds no state of a training to go on from", fix)
        return
    data: Any = view.facts.json(folder / STATE)
    differing = _differing(view, step, data.get("facts"))
    if differing:
        fix = f"write the same, or start from its weights alone: model: {{base: {{{alone}}}}}"
        yield say("R103", step, "resume_from", f"this training cannot go on from that one: {'; '.join(differing)}", fix, on="key")
    done = data["progress"].get("step")
    if isinstance(done, int):
        yield from _left(step, done, f"{named} is of step {done:,}")
    schedule = data.get("schedule")
    if isinstance(schedule, dict) and isinstance(done, int) and not differing:
        yield from _schedule(step, done, schedule)


def _near(view: View, folder: Path, named: str) -> str:
    """The folder beside it that is called almost so, or where checkpoints lie."""
    try:
        beside = [p.name for p in folder.parent.iterdir() if p.is_dir()]
    except OSError:
        beside = []
    near = nearest(folder.name, beside)
    if near is not None:
        return f"write {Path(named).parent / near}"
    listed = f"; {Path(named).parent} has {', '.join(sorted(beside)[:5])}" if beside else ""
    return f"name {A_TRAINING}{listed}"


def _differing(view: View, step: StepMeant, facts: Any) -> list[str]:
    """What the state of another training has and this one has not, as far as both say it."""
    if not isinstance(facts, dict) or step.params is None:
        return []
    found = []
    for name in COMPARED:
        here, there = param(step, name), facts.get(name)
        if name in facts and here != there and not (name == "packing" and here is None and view.reaches(step, "plan")):
            found.append(f"{name} is {here} here and {there} there")
    found += _attends_unlike(view, step, facts.get("attn_implementation"))
    here, there = number(step, "model.dropout") or 0.0, facts.get("dropout", 0.0)
    if here != there:
        found.append(f"dropout is {here:g} here and {there:g} there")
    there = facts.get("lora") or {}
    if "lora" in facts and isinstance(there, dict):
        found += _adapted_unlike(_adapter(step), there)
    batch = step.params.batch()[0]  # type: ignore[attr-defined]
    if isinstance(facts.get("batch"), int) and facts["batch"] != batch and not view.reaches(step, "plan"):
        found.append(f"a step has {batch:,} rows here and {facts['batch']:,} there")
    seed = view.meant.recipe.seed if view.meant.recipe is not None else None
    if isinstance(facts.get("seed"), int) and seed != facts["seed"]:
        found.append(f"seed is {seed} here and {facts['seed']} there")
    tokens = _tokens_of(view, step)
    if tokens and isinstance(facts.get("data"), str) and facts["data"] not in ("", tokens):
        found.append("its token file holds other tokens than the one that was trained on")
    return found + (_unlike(view, step, facts["model"]) if isinstance(facts.get("model"), dict) else [])


def _adapter(step: StepMeant) -> dict[str, Any]:
    """The settings of a step's adapters, those left out as their defaults; empty without any."""
    lora = param(step, "lora")
    return lora.model_dump(mode="json") if lora is not None else {}


def _plain(step: StepMeant, name: str) -> Any:
    """A param that is a list, as data."""
    return [each.model_dump() if hasattr(each, "model_dump") else each for each in param(step, name) or []]


def _adapted_unlike(here: dict[str, Any], there: dict[str, Any]) -> list[str]:
    def shown(value: Any) -> str:
        return "not written" if value is None else f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)

    unlike = [k for k in {**here, **there} if here.get(k) != there.get(k)]
    return [f"lora.{k} is {shown(here.get(k))} here and {shown(there.get(k))} there" for k in unlike]


def _attends_unlike(view: View, step: StepMeant, there: Any) -> list[str]:
    """What two trainings attend by, where it is not the same; nothing written is what auto comes to."""
    folder, here = view.base(step), param(step, "attn_implementation") or "auto"
    kind, there = folder.kind if folder is not None else "", there or "auto"
    return [] if used(here, kind) == used(there, kind) else [f"attn_implementation is {here} here and {there} there"]


def _tokens_of(view: View, step: StepMeant) -> str:
    """The digest of the tokens that are trained on, where they lie in a folder or in the store already; those of a step of this recipe
    may be made anew."""
    links = step.inputs.get("bins", [])
    if len(links) != 1 or links[0].inside:
        return ""
    from runner.standing import stored

    folder = links[0].folder or stored(view.meant, links[0].recipe, links[0].step)
    index = view.facts.json(folder / "index.json") if folder is not None else None
    split = index["splits"].get("train") if isinstance(index, dict) and isinstance(index.get("splits"), dict) else None
    return str(split.get("blake3", "")) if isinstance(split, dict) else ""


def _unlike(view: View, step: StepMeant, there: dict[str, Any]) -> list[str]:
    """Sizes of this step's network that another one has otherwise, as far as both are known; of its dropout a network tells nothing."""
    made = step.forecast
    if not isinstance(made, CheckpointForecast) or made.model is None:
        return []
    here = made.model.model_dump(mode="json")
    left = {"dropout", "vocab_size"} if may_have(view, step, there.get("vocab_size")) else {"dropout"}
    both = [name for name, value in here.items() if value is not None and there.get(name) is not None and name not in left]
    return [f"{name} is {here[name]} here and {there[name]} there" for name in both if _by_layer(here[name]) != _by_layer(there[name])]


def _by_layer(value: Any) -> Any:
    """One number for all layers, also where each has its own and they are equal."""
    return value[0] if isinstance(value, list) and value and all(each == value[0] for each in value) else value


def _from_step(view: View, step: StepMeant, earlier: StepMeant) -> Iterator[Finding]:
    if param(earlier, "save_only_model"):
        fix = f"delete save_only_model from {earlier.id}, or start from its weights: model: {{base: {{step: {earlier.id}}}}}"
        yield say("R102", step, "resume_from.step", f"{earlier.id} leaves no state to go on from: it has save_only_model: true", fix)
        return
    differing = []
    for name in COMPARED:
        here, there = param(step, name), param(earlier, name)
        planned = name == "packing" and None in (here, there) and (view.reaches(step, "plan") or view.reaches(earlier, "plan"))
        if step.params is not None and earlier.params is not None and here != there and not planned:
            differing.append(f"{name} is {here} here and {there} there")
    if step.params is not None and earlier.params is not None:
        differing += _attends_unlike(view, step, param(earlier, "attn_implementation"))
        here, there = (number(each, "model.dropout") or 0.0 for each in (step, earlier))
        differing += [f"dropout is {here:g} here and {there:g} there"] if here != there and at(step.raw, "model.base") is None else []
        differing += _adapted_unlike(*(_adapter(each) for each in (step, earlier)))
        differing += [f"{name} are not the same in both" for name in LISTS if _plain(step, name) != _plain(earlier, name)]
        fed, was = ([m.id for m in view.makers(each, "bins")] for each in (step, earlier))
        if fed and was and fed != was:
            differing.append(f"its tokens come from {fed[0]} here and from {was[0]} there")
    other = earlier.forecast
    if isinstance(other, CheckpointForecast) and other.model is not None:
        differing += _unlike(view, step, other.model.model_dump(mode="json"))
    if step.params is not None and earlier.params is not None and not view.reaches(step, "plan") and not view.reaches(earlier, "plan"):
        rows = [each.params.batch()[0] for each in (step, earlier)]  # type: ignore[union-attr]
        if rows[0] != rows[1]:
            differing.append(f"a step has {rows[0]:,} rows here and {rows[1]:,} there")
    if differing:
        fix = f"write the same in both, or start from its weights alone: model: {{base: {{step: {earlier.id}}}}}"
        yield say("R103", step, "resume_from", f"{step.id} cannot go on from {earlier.id}: {'; '.join(differing)}", fix, on="key")
    done, _ = planned_steps(earlier)
    if done is not None and at(earlier.raw, "early_stopping") is None:  # which may end it before
        yield from _left(step, done, f"{earlier.id} does {done:,} steps")
        if earlier.params is not None and not differing:
            yield from _schedule(step, done, _rates_of(earlier) or {})


def _left(step: StepMeant, done: int, known: str) -> Iterator[Finding]:
    steps, _ = planned_steps(step)
    if steps is not None and steps <= done:
        name = "max_steps" if number(step, "max_steps") is not None else "resume_from"
        message = f"{known}, and this training ends at {steps:,}: nothing is left to do"
        fix = f"write max_steps above {done}: it counts from the very beginning"
        passes = number(step, "num_train_epochs")
        if passes is not None and steps > 0:
            more = ceil(passes * done / steps * 100) / 100
            fix = f"write num_train_epochs above {more:g}: they are counted from the very beginning, too"
        yield say("R104", step, name, message, fix, on="both")


def _schedule(step: StepMeant, done: int, theirs: dict[str, Any]) -> Iterator[Finding]:
    """Whether the rates of the steps done are those of this training's schedule; where not, what happens at the border."""
    from steps.lm.schedule import learning_rate

    mine = _rates_of(step)
    if mine is None or done >= mine["steps"] or not theirs:
        return
    try:
        here, there = ({ours: each[name] for ours, name in NAMES.items()} for each in (mine, theirs))
        if _same_rates(here, there, done):
            return
        was, jump = learning_rate(done - 1, **there), learning_rate(done, **here)
        if mine["scheduler"] == "constant" == theirs["scheduler"] and isclose(was, jump, rel_tol=1e-9):
            return  # the warmups differed, which is over; from here on the rate is the same
    except (KeyError, TypeError, ZeroDivisionError):
        return
    message = (
        f"the rate of the {done:,} steps done is not this schedule's: it goes from {was:.3g} to {jump:.3g} where this training takes over"
    )
    fix = "scheduler: constant with warmup_steps: N, or wsd before it falls, can be prolonged exactly"
    if mine["scheduler"] == "constant" == theirs["scheduler"] and not isclose(here["peak"], there["peak"]):
        fix = f"write learning_rate: {there['peak']:g}, the rate of the steps done; a new rate from here on is a new training: init_from"
    yield say("R105", step, "resume_from", message, fix, severity="warning", on="key")


def rates_agree(step: StepMeant, steps: int, done: int) -> bool:
    """Whether the first `done` steps have the rates that they would have in a training of so many `steps`."""
    mine, theirs = _rates_of(step), _rates_of(step, steps)
    if mine is None or theirs is None:
        return False
    here, there = ({ours: each[name] for ours, name in NAMES.items()} for each in (mine, theirs))
    return _same_rates(here, there, done)


def _same_rates(here: dict[str, Any], there: dict[str, Any], done: int) -> bool:
    """Whether two schedules agree on the first `done` steps, the last of them among those that are looked at: there a fall begins."""
    from steps.lm.schedule import learning_rate

    looked_at = (*range(0, done, max(1, done // LOOKED_AT)), done - 1)
    return all(isclose(learning_rate(k, **here), learning_rate(k, **there), rel_tol=1e-9) for k in looked_at if k >= 0)


def _rates_of(step: StepMeant, steps: int | None = None) -> dict[str, Any] | None:
    """A train step's schedule by the names of a state, for its own or so many steps; None where its length is not known."""
    steps = steps if steps is not None else planned_steps(step)[0]
    params: Any = step.params
    if steps is None or params is None:
        return None
    return {"steps": steps, "peak_rate": params.rate, "lowest_rate": params.lowest_rate, "warmup": params.warmup(steps),
            "scheduler": params.scheduler, "decay_share": params.falling_share}  # fmt: skip
