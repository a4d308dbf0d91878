"""What an unknown key may be: another tool's name, one of ours in the wrong place, or one of ours misspelt. Loaded when there is one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import steps as registry
from runner import glued, kindred, lookalikes, numerals, shapes, synonyms
from runner.conversions import Known
from runner.nearest import nearest
from runner.validate import Scene, value_at
from runner.written import written
from schemas.findings import Edit, Finding, RecipePath
from schemas.recipe import RESERVED, Recipe
from schemas.step import Step

Names = tuple[str | int, ...]
LEARNING = ("unfreeze", "unfrozen", "trainable", "modules", "layers", "parameters", "params", "target_modules", "learn")
STILL = ("freeze", "frozen", "freeze_layers", "freeze_modules", "freeze_parameters", "freeze_embeddings", "fixed", "no_grad", "exclude")
SURE = 0.9  # likeness from which a name is one of ours misspelt, and none of another tool
OF_A_TARGET = {
    **dict.fromkeys(("name", "card", "type", "device", "model", "accelerator", "gpu_type", "machine"), "gpu"),
    **dict.fromkeys(("gpus", "num_gpus", "n_gpus", "devices", "num", "number", "nproc", "world_size"), "count"),
    **dict.fromkeys(("vram", "vram_gb", "memory", "mem", "gpu_memory", "ram"), "memory_gb"),
}


@dataclass
class Neighbours:
    """The steps of the recipe, so that a key can be sent to the one it belongs to: id to its type and raw params; and the top level."""

    steps: dict[str, tuple[Step | None, Mapping[str, Any]]] = field(default_factory=dict)
    top: Mapping[str, Any] = field(default_factory=dict)
    taken: set[RecipePath] = field(default_factory=set)

    def of_type(self, name: str) -> list[str]:
        """Ids of the steps of that type."""
        return [i for i, (step, _) in self.steps.items() if step is not None and step.name == name]


def in_step(scene: Scene, path: Names, step: Step, step_id: str, near: Neighbours) -> Finding:
    """The finding for a key that the step of `scene` does not know."""
    name, value = str(path[-1]), value_at(scene.raw, path)
    models = shapes.models_at(scene.model, path[:-1])
    inside = shapes.everywhere(scene.model)
    full = scene.base + path
    parent = _parent(path, scene)
    if path[0] == "expect":
        from runner import bands

        if (band := bands.of_key(full, name, value)).fix:
            return Finding("K010", "error", f"{name} is no figure of a training here", full, band.fix, band.edits, on="key")
    if step.name == "train" and (other := _of_parts(path, name, value, full)) is not None:
        return other
    if name in inside and not any(name in shapes.fields(m) for m in models):
        target = next((below for below in inside[name] if below[: len(path) - 1] == path[:-1]), inside[name][0])
        owner = ".".join(map(str, target[:-1])) or scene.called
        return _moved(f"{name} belongs to {owner}, not to {parent}", full, scene.base, target, value, scene.raw, near)
    if name in shapes.fields(Recipe) and name not in ("steps", "recipe", "format") and len(path) == 1:
        return _moved(f"{name} belongs to the top of the recipe, not to {parent}", full, (), (name,), value, near.top, near)
    if len(path) == 1 and any(name in shapes.fields(m) for m in shapes.models_at(scene.model, ("sources", 0))):
        return Finding(
            "K006", "error", f"{name} belongs to a source, not to {parent}", full, "write it in the source, beside its path", on="key"
        )
    known = synonyms.met(step.name, path, value, scene.raw)
    if known is not None and known.path != path:
        return _synonym(known, name, value, full, step_id, step, scene.raw, near)
    elsewhere = [i for i, (other, _) in near.steps.items() if other is not None and i != step_id and name in shapes.fields(other.params)]
    best = nearest(name, [*(n for m in models for n in shapes.fields(m)), *_wires(step, path)], 0.7)
    if elsewhere and best is None:
        return Finding(
            "K006", "error", f"{name} belongs to {elsewhere[0]}, not to {parent}", full, f"write it under {elsewhere[0]}", on="key"
        )
    there = {n for m in shapes.models_at(scene.model, (*path[:-1], best)) for n in shapes.fields(m)} if best is not None else set()
    if (
        len(path) == 1
        and isinstance(value, dict)
        and not there & set(value)  # else it is the near word that is meant
        and (ours := [key for key in value if key in shapes.fields(scene.model)])
    ):
        fix = f"write its keys flat in {scene.called}: {', '.join(f'{key}: {written(value[key])}' for key in ours[:3])}"
        return Finding("K006", "error", f"{name} is no key of {scene.called}: what stands in it has no effect", full, fix, on="key")
    if nearest(name, [*(n for m in models for n in shapes.fields(m)), *_wires(step, path)], SURE) is None:
        theirs = kindred.met(step.name, path)
        if theirs is not None:
            return _synonym(theirs, name, value, full, step_id, step, scene.raw, near)
    return _misspelt(name, full, parent, models, [*inside, *_wires(step, path)], best, step.name)


def _of_parts(path: Names, name: str, value: Any, full: RecipePath) -> Finding | None:
    """What other tools say of the layers that stand still, or learn; and of a model's family: as a key, or as the class that it is."""
    word = name.lower()
    if path[0] == "stages" and word in LEARNING:
        layers = [f"layers.{each}" if isinstance(each, int) else each for each in value] if isinstance(value, list) else value
        edits = (Edit("rename", full, layers if layers != value else None, "train"),)
        return Finding("K010", "error", f"{name} is called train here", full, f"write train: {written(layers)}", edits, on="key")
    if len(path) == 1 and word in ("train_layers", "trainable_layers", "layers_to_train", "train_last_layers", "num_trainable_layers"):
        fix = "write stages: [{train: [layers.3]}], with the parts that learn; or lora: {layers: 2}, which adapts the last so many"
        return Finding("K010", "error", f"{name} is said by stages, or by lora.layers", full, fix, on="key")
    if word in STILL and (path[0] == "stages" or len(path) == 1):
        message = f"{name} is no key of a stage: a stage says what is trained, and all else stands still"
        fix = "write train: and the parts that learn, such as train: [layers]"
        if len(path) == 1:
            message = f"{name} is said the other way round here: stages name what is trained, and all else stands still"
            fix = "write stages: [{train: [layers]}], with the parts that learn; or method: lora"
        return Finding("K010", "error", message, full, fix, on="key")
    if (
        path[:2] == ("model", "base")
        and word in ("url", "repo", "repo_id", "model_id", "id", "huggingface", "hf")
        and isinstance(value, str)
    ):
        from runner.rules.paths import hub_id

        better = hub_id(value)
        edits = (Edit("rename", full, better, "hub"),)
        return Finding("K010", "error", f"{name} is called hub here", full, f"write hub: {better}", edits, on="key") if better else None
    if path[0] != "model" or len(path) != 2:
        return None
    from runner.shapeless import CLASSES, FAMILIES, by_class

    if word in FAMILIES and isinstance(value, dict):
        meant = {"family": word, **value}
        edits = (Edit("set", full[:-1], meant),)
        return Finding("K010", "error", f"{name} is a family of models", full, f"write model: {written(meant)}", edits, on="key")
    if (
        word in (*CLASSES, "arch", "architecture", "model_type", "backbone")
        and isinstance(value, str)
        and (family := by_class("family", value))
    ):
        if "." in value or "/" in value:
            fix = f"write family: {family} and its sizes for a new one; to go on with one, base: {{hub: owner/name}}"
            return Finding("K010", "error", f"{name} is called family here", full, fix, on="key")
        edits = (Edit("rename", full, family, "family"),)
        return Finding("K010", "error", f"{name} is called family here", full, f"write family: {family}", edits, on="key")
    return None


def _parent(path: Names, scene: Scene) -> str:
    """What the map is called in which a key stands: by its last word, with the list it is in."""
    if len(path) < 2:
        return scene.called
    first = max((i for i in range(len(path) - 1) if isinstance(path[i], str)), default=0)
    return ".".join(map(str, path[first:-1]))


def at_top(name: str, value: Any, near: Neighbours) -> Finding:
    """The finding for a key that does not belong to the top level."""
    full: RecipePath = (name,)
    if name.startswith("+") and (bare := name.lstrip("+ \t")):  # a line of a diff that YAML takes for a key at the line's begin
        message = "the + at the beginning of the line comes from a diff"
        return Finding("K001", "error", message, full, f"take it away: write {bare}: {written(value)}", on="key")
    owners = [i for i, (step, _) in near.steps.items() if step is not None and name in shapes.fields(step.params)]
    if len(owners) == 1:
        raw = near.steps[owners[0]][1]
        return _moved(f"{name} belongs to the step {owners[0]}", full, ("steps", owners[0]), (name,), value, raw, near)
    if owners:
        return Finding("K006", "error", f"{name} belongs to a step: {', '.join(owners)}", full, "write it there", on="key")
    best = nearest(name, shapes.fields(Recipe), 0.8)
    known = synonyms.met("", (name,), value, near.top)
    if known is not None and best is None:
        return _synonym(known, name, value, full, "", None, near.top, near)
    inside: dict[str, str] = {}
    for step_id, (step, _) in near.steps.items():
        for word in shapes.everywhere(step.params) if step is not None else ():
            inside.setdefault(word, step_id)
    if name in inside:
        return Finding("K006", "error", f"{name} belongs to the step {inside[name]}", full, "write it there", on="key")
    theirs = kindred.met("train", full) if best is None and near.of_type("train") else None
    if theirs is not None:
        return _synonym(theirs, name, value, full, "", None, near.top, near)
    best = best or (nearest(name, shapes.fields(Recipe)) if not isinstance(value, dict) else None)
    if best is None and isinstance(value, dict):
        return Finding("K001", "error", f"unknown key {name}", full, synonyms.SHARED_BELOW.words, on="key")
    fix = f"write {best}" if best else "the top level has: " + ", ".join(shapes.fields(Recipe))
    return Finding("K001", "error", f"unknown key {name}", full, fix, on="key")


def type_of(name: str) -> Step | None:
    """The step type of that name, None where there is none."""
    if not name:
        return None
    try:
        return registry.find(name)
    except (ImportError, TypeError, AttributeError):
        return None


def nested(path: Names, value: Any) -> str:
    """A value with its path as it is typed: `lora: {r: 8}`."""
    text = written(value)
    for index, key in enumerate(reversed(path)):
        text = f"{key}: {text}" if index == 0 else f"{key}: {{{text}}}"
    return text


def _wires(step: Step, path: Names) -> list[str]:
    return [i.name for i in step.inputs] + [w for w in RESERVED if w in ("id", "type")] if len(path) == 1 else []


def _moved(
    message: str, full: RecipePath, base: RecipePath, target: Names, value: Any, raw: Mapping[str, Any], near: Neighbours
) -> Finding:
    ours = ".".join(map(str, target))
    where = f"in {base[1]}" if len(base) > 1 else "at the top"
    if value_at(raw, target) is not None:
        return Finding("K006", "error", message, full, f"delete the line: {ours} is written already", on="key")
    edits = _set(full, base, target, value, raw, near)
    return Finding("K006", "error", message, full, f"write {nested(target, value)} {where}", edits, on="key")


def _synonym(
    known: Known,
    name: str,
    value: Any,
    full: RecipePath,
    step_id: str,
    step: Step | None,
    raw: Mapping[str, Any],
    near: Neighbours,
) -> Finding:
    words = f" ({known.words})" if known.words else ""
    if not known.path:
        edits: tuple[Edit, ...] = (Edit("delete", full),) if known.delete else ()
        fix = "delete the line" if known.delete else known.words
        return Finding(
            "K010", "error", f"{name} is another tool's key{': ' + known.words if known.delete else ''}", full, fix, edits, on="key"
        )
    ours = ".".join(map(str, known.path))
    if not known.step:
        base: RecipePath = ()
        holder: Mapping[str, Any] = near.top
        can = True
    elif step is not None and known.step == step.name:
        base, holder, can = ("steps", step_id), raw, shapes.has(step.params, known.path)
    else:
        owners = near.of_type(known.step)
        other = near.steps[owners[0]] if owners else (type_of(known.step), {})
        can = other[0] is None or shapes.has(other[0].params, known.path)
        if len(owners) != 1:
            where = f"the step {known.step}" if not owners else " or ".join(owners)
            fix = f"write {nested(known.path, known.value)} in {where}{words}" if can and known.value is not None else known.words
            return Finding("K010", "error", f"{name} is {ours} of {where}", full, fix, on="key")
        base, holder = ("steps", owners[0]), other[1]
    owner = step if step is not None and known.step == step.name else type_of(known.step)
    if owner is not None and known.value is not None:
        known = replace(known, value=numerals.as_taken(shapes.at(owner.params, known.path), known.value))
    same_map = full[:-1] == base + known.path[:-1]
    message = f"{name} is called {known.path[-1] if same_map else ours} here"
    if not can:
        return Finding(
            "K010", "error", f"{name} would be {ours}, which is not supported yet", full, known.words or "delete the line", on="key"
        )
    if value_at(holder, known.path) is not None or base + known.path in near.taken:
        meant = known.value if isinstance(known.value, dict) else {}
        said = ", ".join(f"{key}: {written(inner)}" for key, inner in meant.items())
        fix = f"write {said} in {ours}, and delete the line" if said else "delete the line"
        return Finding("K010", "error", f"{message}, and {ours} is written already", full, fix, on="key")
    if known.value is None:
        return Finding("K010", "error", message, full, f"write {ours}{words}", on="key")
    edits = _set(full, base, known.path, known.value, holder, near) if known.exact else ()
    shown = nested(known.path[-1:] if same_map else known.path, known.value)
    return Finding("K010", "error", message, full, f"write {shown}{words}", edits, on="key")


def _set(full: RecipePath, base: RecipePath, target: Names, value: Any, raw: Mapping[str, Any], near: Neighbours) -> tuple[Edit, ...]:
    """The edits that put `value` at `target` and take the old key away; none when something else already stands in the way."""
    goal = base + target
    if goal in near.taken or any(goal[: len(t)] == t for t in near.taken):
        return ()
    if full[:-1] == goal[:-1]:
        near.taken.add(goal)
        changed = value if value != value_at(raw, full[len(base) :]) else None
        return (Edit("rename", full, changed, str(goal[-1])),)
    depth = 0
    while depth < len(target) - 1 and isinstance(value_at(raw, target[: depth + 1]), dict):
        depth += 1
    if depth < len(target) - 1 and value_at(raw, target[: depth + 1]) is not None:
        return ()
    inner: Any = value
    for key in reversed(target[depth + 1 :]):
        inner = {str(key): inner}
    near.taken.add(base + target[: depth + 1])
    return (Edit("delete", full), Edit("set", base + target[: depth + 1], inner))


def _misspelt(
    name: str, full: RecipePath, parent: str, models: list[type[Any]], others: list[str], best: str | None, kind: str = ""
) -> Finding:
    known = sorted({n for m in models for n in shapes.fields(m)})
    if (parts := glued.key_of(name, {*known, *others})) is not None:
        return Finding("K001", "error", f"{name} is one word to YAML: a colon and a blank part a key from its value", full,
                       f"write {parts[0]}: {parts[1]}", on="key")  # fmt: skip
    if (meant := lookalikes.plain(name)) != name and meant in {*known, *others}:
        message = f"unknown key {name} in {parent}: {lookalikes.said(name)}"
        return Finding("K001", "error", message, full, f"type it anew: {meant}", (Edit("rename", full, None, meant),), on="key")
    best = best or nearest(name, known) or nearest(name, others, 0.75)
    all_of_them = f", …; all of them: recipe explain {kind}" if kind else ", …"
    shown = ", ".join(known[:15]) + (all_of_them if len(known) > 15 else "")
    fix = f"write {best}" if best else f"{parent} has: {shown}" if known else "delete the line"
    return Finding("K001", "error", f"unknown key {name} in {parent}", full, fix, on="key")


def in_top(scene: Scene, path: Names) -> Finding:
    """The finding for an unknown key inside a map at the top level, such as the long form of `target`."""
    models = shapes.models_at(scene.model, path[:-1])
    parent = ".".join(map(str, path[:-1]))
    name = str(path[-1])
    ours = OF_A_TARGET.get(name) if path[0] == "target" and len(path) == 2 else None
    if ours is not None and value_at(scene.raw, ("target", ours)) is None:
        edits = (Edit("rename", path, None, ours),)
        shown = f"write {ours}: {written(value_at(scene.raw, path))}"
        return Finding("K010", "error", f"{name} is called {ours} here", path, shown, edits, on="key")
    told = synonyms.met("", path, value_at(scene.raw, path), scene.raw) if path[0] == "tracking" and len(path) == 3 else None
    if told is not None and not told.path:
        edits = (Edit("delete", path),)
        return Finding("K010", "error", f"{name} is another tool's key: {told.words}", path, "delete the line", edits, on="key")
    if told is not None:
        ours = str(told.path[-1])
        edits = (Edit("rename", path, None, ours),)
        fix = f"write {ours}: {written(value_at(scene.raw, path))}"
        return Finding("K010", "error", f"{name} is called {ours} here", path, fix, edits, on="key")
    return _misspelt(str(path[-1]), path, parent, models, [], None)
