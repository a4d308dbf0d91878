"""Who needs whom: wires the inputs of each step, by name or by the nearest earlier maker, and finds what cannot be wired.

Every sound link points to an earlier step, so the order of the file is the order of the run.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import steps as registry
from runner.meant import Link, StepMeant
from runner.nearest import did_you_mean
from schemas.findings import Finding, RecipeError, RecipePath
from schemas.step import Input


class _Wiring:
    """What is known while the steps are gone through. makers: kind to ids, in order, of the steps before the one at hand.

    forward: step, the later step that it names, where. mystery: an earlier step is of an unknown type, so it may make anything.
    """

    def __init__(
        self, project: Path, steps: list[StepMeant], written: Mapping[str, Mapping[str, Any]], subjects: Mapping[str, str]
    ) -> None:
        self.project = project
        self.steps = steps
        self.written = written
        self.subjects = subjects
        self.by_id = {step.id: step for step in steps}
        self.position = {step.id: index for index, step in enumerate(steps)}
        self.makers: dict[str, list[str]] = {}
        self.forward: list[tuple[str, str, RecipePath]] = []
        self.mystery = False
        self.findings: list[Finding] = []

    def say(self, code: str, message: str, path: RecipePath, fix: str = "", on: Any = "both") -> None:
        self.findings.append(Finding(code, "error", message, path, fix, on=on))


def wire(
    project: Path, steps: list[StepMeant], written: Mapping[str, Mapping[str, Any]], subjects: Mapping[str, str] | None = None
) -> tuple[list[str], list[Finding]]:
    """Fill in `inputs` and `after` of each step; the ids in the order of the run, and what cannot be wired (codes L0xx).

    written: step id to what the recipe says of its inputs. subjects: id of a step that looks at another one (plan) to that one's id.
    """
    state = _Wiring(project, steps, written, subjects or {})
    earlier: list[str] = []
    for step in steps:
        _wire_step(state, step)
        needed = [link.step for links in step.inputs.values() for link in links if link.inside]
        if step.step is None:
            state.mystery = True
        else:
            if step.step.last:
                needed = [*needed, *earlier]
            state.makers.setdefault(step.step.makes.kind(), []).append(step.id)
        step.after = list(dict.fromkeys(needed))
        earlier.append(step.id)
    _forward(state)
    return [s.id for s in steps], state.findings


def _wire_step(state: _Wiring, step: StepMeant) -> None:
    if step.step is None:
        return
    needs: Mapping[str, Any] = {}
    guess = step.params is None
    if step.params is not None and step.step.needs_function is not None:
        try:
            needs = step.step.needs_function(step.params)
        except RecipeError as error:
            state.findings.append(error.finding(("steps", step.id)))
            guess = True
    for item in step.step.inputs:
        written = state.written.get(step.id, {})
        path: RecipePath = ("steps", step.id, item.name)
        if item.name in written:
            links = _written(state, step, item, written[item.name], path, needs.get(item.name) == "nearest" or not item.optional)
        elif guess:
            links = _by_default(state, step, item, "auto" if item.optional else "nearest")
        else:
            wanted = needs.get(item.name, None if item.optional else "nearest")
            links = _by_default(state, step, item, wanted)
        if links:
            step.inputs[item.name] = links


def _by_default(state: _Wiring, step: StepMeant, item: Input, wanted: Any) -> list[Link]:
    if wanted is None:
        return []
    if wanted == "auto":
        return _nearest(state, step, item)
    if wanted == "nearest":
        links = _nearest(state, step, item)
        if not links and not state.mystery:
            _no_maker(state, step, item)
        return links
    path = ("steps", step.id, *_path_of(step.raw, wanted))
    if isinstance(wanted, (str, dict)):
        return _written(state, step, item, wanted, path, required=True)
    return []


def _written(state: _Wiring, step: StepMeant, item: Input, value: Any, path: RecipePath, required: bool) -> list[Link]:
    if value is None or value == "none":
        if required:
            state.say("L002", f"{step.id} cannot do without its {item.name}", path, "delete the line to take the nearest", on="both")
        return []
    if value == "auto":
        links = _nearest(state, step, item)
        if not links and required and not state.mystery:
            _no_maker(state, step, item)
        return links
    if isinstance(value, list):
        if not item.many and len(value) != 1:
            message = f"{item.name} takes one {item.kind.kind()}, here are {len(value)}"
            state.say("L005", message, path, f"write {item.name}: {value[0] if value else '…'}")
            return []
        links = []
        for index, part in enumerate(value):
            links += _one(state, step, item, part, (*path, index))
        return links
    return _one(state, step, item, value, path)


def in_place_of_itself(name: str) -> str:
    """The fix for a step whose input `name` is its own result."""
    if name == "resume_from":
        return "delete resume_from: a training that was stopped, or is made longer, goes on by itself when it is run again"
    return "name another step" if name == "model" else f"name another step, or delete {name}"


def _one(state: _Wiring, step: StepMeant, item: Input, value: Any, path: RecipePath) -> list[Link]:
    if isinstance(value, dict):
        keys = set(value)
        if keys == {"recipe", "step"} and all(isinstance(v, str) for v in value.values()):
            return [Link(step=value["step"], recipe=value["recipe"])]
        if keys == {"path"} and isinstance(value["path"], str):
            return [Link(folder=state.project / value["path"])]
        if keys == {"step"} and isinstance(value["step"], str):
            return _one(state, step, item, value["step"], (*path, "step"))
        state.say("L005", f"{item.name} names a step", path, f"write {item.name}: <step id>, {{recipe: r, step: s}} or {{path: folder}}")
        return []
    if not isinstance(value, str):
        state.say("L005", f"{item.name} is {value!r}, wanted the id of a step", path, f"write {item.name}: <step id>")
        return []
    if value == step.id:
        state.say("L004", f"{step.id} takes its own result", path, in_place_of_itself(str(path[2])))
        return []
    other = state.by_id.get(value)
    if other is None:
        possible = _ids_of_kind(state, step, item) or [i for i in state.by_id if i != step.id]
        fix = did_you_mean(value, possible, "there are")
        from runner.conversions import local

        if "/" in value or (state.project / value).exists():  # a folder is named by its path, a model of the hub by hub
            way = "hub" if step.type == "check_vocab_consistency" and not local(value) and not (state.project / value).exists() else "path"
            fix = f"write {item.name}: {{{way}: {value}}}"
        state.say("L001", f"there is no step {value}", path, fix)
        return []
    if other.step is None:
        return []
    if not issubclass(other.step.makes, item.kind):
        possible = _ids_of_kind(state, step, item)
        fix = f"write {item.name}: {possible[-1]}" if possible else f"no step before {step.id} makes one"
        made = other.step.makes.kind()
        state.say("L003", f"{value} makes a {made}, {item.name} of {step.id} wants a {item.kind.kind()}", path, fix)
        return []
    if state.position[value] > state.position[step.id]:
        state.forward.append((step.id, value, path))
        return []
    return [Link(step=value)]


def _nearest(state: _Wiring, step: StepMeant, item: Input) -> list[Link]:
    """The nearest earlier step that makes the kind. A step that looks at another (plan) serves only that one among those of its type."""
    for maker in reversed(state.makers.get(item.kind.kind(), ())):
        subject = state.subjects.get(maker)
        looks_at = state.by_id[maker].step
        if subject is not None and subject != step.id and looks_at is not None and looks_at.looks_at == step.type:
            continue
        return [Link(step=maker)]
    return []


def _ids_of_kind(state: _Wiring, step: StepMeant, item: Input) -> list[str]:
    before = state.steps[: state.position[step.id]]
    return [s.id for s in before if s.step is not None and issubclass(s.step.makes, item.kind)]


def _no_maker(state: _Wiring, step: StepMeant, item: Input) -> None:
    kind = item.kind.kind()
    path: RecipePath = ("steps", step.id)
    later = [s.id for s in state.steps[state.position[step.id] + 1 :] if s.step is not None and issubclass(s.step.makes, item.kind)]
    message = f"{step.id} needs a {kind} ({item.name}), and no step before it makes one"
    if later:
        state.say("L002", message, path, f"put {later[0]} before {step.id}", on="key")
        return
    base = next((found for s in state.steps if (found := _base(s.raw))), None) if kind == "Tokenizer" else None
    fix = f"put a step before it: {' or '.join(types_that_make(kind)) or 'none makes it'}"
    if base is not None:
        fix = f"put check_vocab_consistency before it, with checkpoint: {base}: it takes the base model's own"
    state.say("L002", message, path, fix, on="key")


def _base(raw: Any) -> str | None:
    """The base model on disk or on the hub that a step's params name, as YAML."""
    model = raw.get("model") if isinstance(raw, dict) else None
    base = model.get("base") if isinstance(model, dict) else None
    if not isinstance(base, dict) or not ("path" in base or "hub" in base):
        return None
    return "{" + ", ".join(f"{key}: {value}" for key, value in base.items()) + "}"


def types_that_make(kind: str) -> list[str]:
    """Step types that make an artifact of that kind, those that only vouch for one last."""
    found: list[tuple[bool, str]] = []
    for name in registry.names():
        try:
            step = registry.find(name)
        except Exception:  # noqa: BLE001 - another package's step may fail in any way; it is no answer here
            continue
        if step is not None and step.makes.kind() == kind:
            found.append((any(i.kind is step.makes and not (i.many and i.optional) for i in step.inputs), name))
    vouching = [name for vouches, name in sorted(found) if vouches]
    return [name for vouches, name in sorted(found) if not vouches] or vouching


def _path_of(raw: Any, wanted: Any, path: RecipePath = ()) -> RecipePath:
    """Where in a step's params `wanted` is written: a step's id under `step`, or a map with `recipe` and `step`."""
    if isinstance(raw, dict):
        if raw == wanted or (isinstance(wanted, dict) and wanted.items() <= raw.items()):
            return path
        if isinstance(wanted, str) and raw.get("step") == wanted:
            return (*path, "step")
        for key, child in raw.items():
            found = _path_of(child, wanted, (*path, key))
            if found:
                return found
    return ()


def _forward(state: _Wiring) -> None:
    """Links to later steps: a circle when the later one needs the earlier, else an order to mend."""
    if not state.forward:
        return
    needs = {s.id: [link.step for links in s.inputs.values() for link in links if link.inside] for s in state.steps}
    for step, later, _ in state.forward:
        needs[step].append(later)
    told: set[frozenset[str]] = set()
    for step, later, path in state.forward:
        way = _way(needs, later, step)
        if way is None:
            state.say("L006", f"{step} takes the result of {later}, which stands after it", path, f"put {later} before {step}")
        elif frozenset(way) not in told:
            told.add(frozenset(way))
            state.say(
                "L004", "the steps wait for each other: " + " <- ".join([*reversed(way), way[-1]]), path, "wire one of them to another step"
            )


def _way(needs: dict[str, list[str]], start: str, goal: str) -> list[str] | None:
    """The steps from `start` to `goal` along what they need, or None."""
    came: dict[str, str] = {start: ""}
    todo = [start]
    while todo:
        current = todo.pop()
        if current == goal:
            way = []
            while current:
                way.append(current)
                current = came[current]
            return way[::-1]
        for following in needs[current]:
            if following not in came:
                came[following] = current
                todo.append(following)
    return None
