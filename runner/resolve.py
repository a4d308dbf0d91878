"""The recipe as meant: extends, vars, --set, --smoke and defaults applied, every step validated and wired, and all that is wrong said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

import steps as registry
from runner import graph, origins
from runner.document import Node
from runner.extend import Layers, layers
from runner.meant import DELETED, Meant, StepMeant
from runner.overrides import Overrides, apply
from runner.pieces import tell_pieces
from runner.variables import Variables, escaped
from schemas.base import NotInKey, marked
from schemas.findings import Edit, Finding, RecipeError, RecipePath
from schemas.machine import Machine, known
from schemas.recipe import RESERVED, SHARED, Recipe, Target
from schemas.step import Step

__all__ = ["Overrides", "mean", "project_of"]


def mean(file: Path, overrides: Overrides | None = None, texts: dict[Path, str] | None = None) -> Meant:
    """Read `file` and what it extends, and work out what it means. Never raises for a user's mistake: see `findings`.

    texts: contents to use instead of those on disk, by path (a recipe as edited in memory).
    """
    overrides = overrides or Overrides()
    result = layers(file, texts)
    project = project_of(file)
    files = [document.path for document in result.documents]
    findings = result.findings
    if not result.readable:
        return Meant(file, project, {}, None, _here(), [], findings=findings, files=files, smoke=overrides.smoke)
    findings += apply(overrides, result)
    variables = Variables(result.top.get("vars"))
    top = {key: node if key == "vars" else variables.fill(node, (key,)) for key, node in result.top.items()}
    nodes = {name: variables.fill(node, ("steps", name)) for name, node in result.steps.items()}
    variables.misspelt(result.steps, ("steps",))
    reading = _Reading(file, top, nodes, {f.path for f in variables.findings})
    for name, node in nodes.items():
        reading.take(name, node)
    findings += (secrets := _secrets(variables, reading))
    reading.unfilled |= {f.path for f in secrets}
    if not overrides.sets and not secrets and file.suffix != ".json":  # a run's own file has no names left in it
        variables.unread(result.documents[0], {name for step in reading.steps if step.step for name in step.step.params.model_fields})
    if overrides.smoke:
        reading.smoke()
    reading.look()
    recipe = reading.validate_top(result)
    shared = reading.share() if recipe is not None else []
    reading.validate()
    order, unwired = graph.wire(project, reading.steps, reading.wiring, reading.subjects)
    tell_pieces(reading.steps, reading.subjects)
    findings += [*reading.findings, *unwired]
    target = _target(recipe, reading.top.get("target"), findings)
    places, whence = origins.flatten(result.documents[0], top, nodes, result.listed)
    for path in shared:
        whence[path] = ("derived", f"the recipe's {path[-1]}")
        if path[-1:] in places:
            places[path] = places[path[-1:]]
    data = {key: escaped(value) if key != "vars" else value for key, value in reading.top.items()}
    data["steps"] = [reading.data(step) for step in reading.steps]
    meant = Meant(
        file, project, data, recipe, target, reading.steps, order, [], places, whence, files=files, smoke=overrides.smoke
    )  # fmt: skip
    found = [*variables.findings, *findings]
    meant.findings = [_placed(meant, origins.at_its_variable(meant, f), overrides) for f in found]
    return meant


def project_of(file: Path) -> Path:
    """The folder that relative paths start from: above the nearest `recipes`, above `runs` for a run's own config, else the file's."""
    folder = file.absolute().parent
    for parent in (folder, *folder.parents):
        if parent.name == "recipes":
            return parent.parent
    if folder.name == "config" and folder.parent.parent.name == "runs":
        return folder.parent.parent.parent
    return folder


class _Reading:
    """The steps while they are being read: what is written of each, split into wiring and params."""

    def __init__(self, file: Path, top: dict[str, Node], nodes: dict[str, Node], unfilled: set[RecipePath]) -> None:
        self.file = file
        self.top_nodes = top
        self.top = {key: node.plain() for key, node in top.items()}
        self.nodes = nodes
        self.unfilled = unfilled  # values in which a variable is missing: said already
        self.steps: list[StepMeant] = []
        self.wiring: dict[str, dict[str, Any]] = {}
        self.subjects: dict[str, str] = {}
        self.findings: list[Finding] = []

    def take(self, name: str, node: Node) -> None:
        """Find the type of one step, and split what is written of it."""
        raw = node.plain()
        kind = raw.get("type")
        path: RecipePath = ("steps", name)
        step: Step | None = None
        if isinstance(kind, str) and kind:
            step = self._find(kind, (*path, "type"))
        elif "type" in raw:
            self.findings.append(Finding("K002", "error", f"type is {kind!r}, wanted the name of a step type", (*path, "type")))
        else:
            self.findings.append(_no_type(name, raw, path))
        written = raw.get("id")
        if "id" in raw and (not isinstance(written, str) or not _is_id(written)):
            fix = "write a word of letters, digits, _ and -"
            self.findings.append(Finding("K002", "error", f"id is {written!r}, wanted a word", (*path, "id"), fix))
        self.steps.append(StepMeant(name, kind if isinstance(kind, str) else "", step))
        names = {item.name for item in step.inputs} if step is not None else set()
        fields = {f.alias or n for n, f in step.params.model_fields.items()} if step is not None and names else set()
        wiring, params = {}, {}
        for key, value in raw.items():
            if key in RESERVED:
                continue
            if key in names and (key not in fields or isinstance(value, (str, list))):
                wiring[key] = value
            else:
                params[key] = value
        self.steps[-1].raw = params
        self.wiring[name] = wiring

    def _find(self, kind: str, path: RecipePath) -> Step | None:
        try:
            step = registry.find(kind)
        except Exception as error:  # a step of another package may fail in any way: that is the user's to know
            if kind in registry.builtin() and not isinstance(error, (ImportError, EOFError)):
                raise
            message = f"the step {kind} cannot be loaded: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            fix = "update the package that brings it"
            if isinstance(error, ModuleNotFoundError) and error.name:
                fix = f"install {error.name}"
            elif isinstance(error, EOFError):  # CPython, importlib: what it compiles is written without a look at how much was
                fix = "delete the __pycache__ folders of the package that brings it: a full disk cut off what Python compiled"
            self.findings.append(Finding("K008", "error", message.rstrip(": "), path, fix))
            return None
        if step is None:
            from runner.step_words import fix_for

            self.findings.append(Finding("K007", "error", f"there is no step type {kind}", path, fix_for(kind, registry.names())))
        return step

    def smoke(self) -> None:
        """Make every step tiny whose params are sound; what is wrong with the others is said of them as they are written."""
        for step in self.steps:
            if step.step is None or step.step.smoke_function is None:
                continue
            try:
                step.step.params.model_validate(step.raw)
            except (ValidationError, RecipeError):
                continue
            step.raw = step.step.smoke_function(dict(step.raw))

    def share(self) -> list[RecipePath]:
        """Give each step what the recipe says for all steps with such a param, where it says nothing itself; the paths given."""
        found: list[RecipePath] = []
        for name in SHARED:
            for step in self.steps if self.top.get(name) is not None else []:
                if step.step is not None and name in step.step.params.model_fields and name not in step.raw:
                    step.raw[name] = self.top[name]
                    found.append(("steps", step.id, name))
        return found

    def look(self) -> None:
        """For each step that looks at another one: which."""
        for index, step in enumerate(self.steps):
            if step.step is None or not step.step.looks_at:
                continue
            kind = step.step.looks_at
            named = step.raw.get("for")
            if isinstance(named, str):
                found = next((s for s in self.steps if s.id == named), None)
                if found is None or found.type != kind:
                    from runner.nearest import did_you_mean

                    possible = [s.id for s in self.steps if s.type == kind]
                    message = f"there is no step {named}" if found is None else f"{named} is no {kind} step"
                    fix = did_you_mean(named, possible, "there are")
                    self.findings.append(Finding("L001", "error", message, ("steps", step.id, "for"), fix))
                    continue
            else:
                found = next((s for s in self.steps[index + 1 :] if s.type == kind), None)
            if found is not None:
                self.subjects[step.id] = found.id

    def validate(self) -> None:
        """Validate each step once; errors are put into words only when there are any."""
        by_id = {step.id: step for step in self.steps}
        scene = None
        for step in self.steps:
            if step.step is None:
                continue
            given = step.raw
            if "subject" in step.step.params.model_fields:
                if "subject" in given:
                    given = {key: value for key, value in given.items() if key != "subject"}
                    path: RecipePath = ("steps", step.id, "subject")
                    self.findings.append(Finding("K001", "error", f"unknown key subject in {step.id}", path, "delete the line", on="key"))
                if step.id in self.subjects:
                    given = {**given, "subject": _judged(by_id[self.subjects[step.id]])}
            try:
                step.params, given = _validated(step.step.params, given)
                step.raw = {key: given.get(key, value) for key, value in step.raw.items()}
            except ValidationError as error:
                scene = scene or _Scenes(self)
                self.findings += [f for f in scene.explain(step, error) if not self._said_before(f)]
            except RecipeError as error:
                self.findings.append(error.finding(("steps", step.id)))

    def _said_before(self, finding: Finding) -> bool:
        """True for what follows from a variable that is missing."""
        return any(finding.path[: len(path)] == path for path in self.unfilled if path)

    def validate_top(self, result: Layers) -> Recipe | None:
        """The recipe without its steps' params, validated."""
        data = self.top
        listed = [{"type": step.type} for step in self.steps]
        problem = not listed and not any(f.path[:1] == ("steps",) for f in result.findings)
        if problem and result.listed is None:
            from runner.foreign import foreign

            strange = [key for key in data if key not in Recipe.model_fields]
            if strange or "recipe" not in data:
                self.findings += foreign(data, self.file.stem).findings
                return None
        if problem:
            self.findings.append(
                Finding("K005", "error", "a recipe needs steps", ("steps",), "add steps: and begin each with `- type: …`", on="key")
            )
        try:
            recipe: Recipe = _validated(Recipe, {**data, "steps": listed or [{}]})[0]
            return recipe
        except ValidationError as error:
            self.findings += [f for f in _Scenes(self).explain_top(error) if not self._said_before(f)]
            return None

    def data(self, step: StepMeant) -> dict[str, Any]:
        """One step as plain data, to be read again."""
        return {"type": step.type, "id": step.id, **escaped({**self.wiring.get(step.id, {}), **step.raw})}


def _validated(model: type[BaseModel], given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """`given` as a model, and as it was taken: 5e5 and 400.0 are whole numbers where such are wanted. Raises ValidationError."""
    try:
        return model.model_validate(given), given
    except ValidationError as error:
        from runner.validate import with_whole_numbers

        whole = with_whole_numbers(error, given)
        if whole is None:
            raise
        return model.model_validate(whole), whole


class _Scenes:
    """Puts validation errors into words. Made only when there are some."""

    def __init__(self, reading: _Reading) -> None:
        from runner.unknown import Neighbours

        self.reading = reading
        self.near = Neighbours({s.id: (s.step, {**reading.wiring.get(s.id, {}), **s.raw}) for s in reading.steps}, reading.top)

    def explain(self, step: StepMeant, error: ValidationError) -> list[Finding]:
        """Findings for a step's params."""
        from runner import unknown, validate

        found = step.step
        assert found is not None
        node = self.reading.nodes[step.id]
        scene = validate.Scene(
            found.params, step.raw, ("steps", step.id), step.id, node.written,
            lambda s, path: unknown.in_step(s, path, found, step.id, self.near),
        )  # fmt: skip
        return validate.findings_of(error, scene)

    def explain_top(self, error: ValidationError) -> list[Finding]:
        """Findings for the top level."""
        from runner import unknown, validate

        nodes = self.reading.top_nodes

        def text_at(path: tuple[str | int, ...]) -> str | None:
            return nodes[str(path[0])].written(path[1:]) if path and path[0] in nodes else None

        scene = validate.Scene(
            Recipe, self.reading.top, (), "the recipe", text_at,
            lambda s, path: unknown.at_top(str(path[0]), validate.value_at(s.raw, path), self.near)
            if len(path) == 1 else unknown.in_top(s, path),
        )  # fmt: skip
        return validate.findings_of(error, scene)


def _no_type(name: str, raw: Mapping[str, Any], path: RecipePath) -> Finding:
    kinds = [key for key, value in raw.items() if key in registry.builtin() and (value is None or isinstance(value, dict))]
    if kinds:
        return Finding("K005", "error", f"step {name} has no type", path, f"write `- type: {kinds[0]}` and its params flat below", on="key")
    for word in ("uses", "kind", "step", "name", "run"):
        if raw.get(word) in registry.builtin():
            edit = Edit("rename", (*path, word), None, "type")
            return Finding("K010", "error", f"{word} is called type here", (*path, word), f"write type: {raw[word]}", (edit,), on="key")
    return Finding("K005", "error", f"step {name} has no type", path, "begin it with `- type: …`", on="key")


def _is_id(text: str) -> bool:
    return bool(text) and all(c.isalnum() or c in "_-" for c in text)


def _secrets(variables: Variables, reading: _Reading) -> list[Finding]:
    """${env:NAME} outside of the fields that hold secrets."""
    found: list[Finding] = []
    if not variables.secrets:
        return found
    from runner import shapes

    by_id = {step.id: step for step in reading.steps}
    for path, node in variables.secrets:
        if path[0] == "vars":
            continue
        step = by_id.get(str(path[1])) if path[0] == "steps" and len(path) > 2 else None
        if step is not None and step.step is None:
            continue
        if step is None or step.step is None or not shapes.is_secret(step.step.params, path[2:]):
            message = "${env:…} may stand only in fields that hold a secret"
            fix = (
                "delete it: trackers read their keys from the environment"
                if path[0] == "tracking"
                else "write the value, or a variable of vars:"
            )
            found.append(Finding("Y033", "error", message, path, fix, on="value"))
        elif not (node.value.startswith("${env:") and node.value.endswith("}") and node.value.count("${") == 1):
            found.append(
                Finding("Y033", "error", "${env:…} stands alone in its field", path, "put the whole secret in the variable", on="value")
            )
    return found


def _here() -> Machine:
    from runner.hardware import here

    return here()


def _target(recipe: Recipe | None, written: Any, findings: list[Finding]) -> Machine:
    """The machine meant by `target:`; this one when it is not known, which is then said."""
    target = recipe.target if recipe is not None else written if isinstance(written, str) else "here"
    name = target.gpu if isinstance(target, Target) else target
    if name == "here":
        machine = _here()
    else:
        found = known(name)
        if found is None:
            from runner.targets import meant as meant_by

            fix = meant_by(name)
            path: RecipePath = ("target", "gpu") if isinstance(target, Target) else ("target",)
            findings.append(Finding("H001", "error", f"there is no target {name}", path, fix))
            return _here()
        machine = found
    if isinstance(target, Target):
        changed: dict[str, Any] = {"count": target.count}
        if target.memory_gb is not None:
            changed["memory_bytes"] = int(target.memory_gb * 1024**3)
        machine = machine.model_copy(update=changed)
    return machine


def _judged(step: StepMeant) -> dict[str, Any]:
    """The params of a step that another one judges: those that can change its result."""
    aside = marked(step.step.params, NotInKey) if step.step is not None else set()
    return {name: value for name, value in step.raw.items() if name not in aside}


def _placed(meant: Meant, finding: Finding, overrides: Overrides) -> Finding:
    """The finding with its place, and with the --set that caused it when there is one."""
    if finding.place is not None or finding.code == "Y040":  # the command line has no place in a file
        return finding
    if not finding.path:  # about the whole file: its first key stands for it
        own = str(meant.file)
        keys = [key for _, key, _ in meant.places.values()]
        keys = [key for key in keys if key.file == own] or keys
        return finding.at(min(keys, key=lambda key: key.start, default=None))
    typed = ".".join(map(str, finding.path))
    if finding.path not in meant.places:
        for name, value in overrides.sets:
            if typed == name or typed.startswith(name + "."):
                message, fix = f"--set {name}={value}: {finding.message}", DELETED.sub(f"leave --set {name} out", finding.fix)
                return Finding(finding.code, finding.severity, message, finding.path, fix, (), finding.on, None)
    return meant.placed(finding)
