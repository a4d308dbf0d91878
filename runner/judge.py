"""The recipe judged: forecasts down the graph, then every rule; and mended, as far as that is safe."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from runner.facts import Facts
from runner.graph import in_place_of_itself
from runner.ignores import applied
from runner.meant import Link, Meant, StepMeant
from runner.resolve import Overrides, mean
from runner.rules import View, wanted
from schemas import artifacts
from schemas.findings import Edit, Finding, RecipeError, RulePage
from schemas.model import ModelConfig

PAGES = (
    RulePage(
        "R090",
        "recipe itself stumbled",
        "A forecast or a rule of recipe's own, or of a step that another package brings, failed. The rest of the recipe was judged "
        "all the "
        "same; what this one would have said is missing. Please tell us, with the recipe.",
        wrong="return corpus.documents * 512   # in the forecast of a step of your own: documents may be None",
        right="return corpus.documents and corpus.documents * 512",
        source="recipe: a forecast may know nothing of what stands before it",
        severity="warning",
    ),
    RulePage(
        "Y012",
        "the recipe cannot be written",
        "--fix replaces the file in one motion, for which file and folder must be writable.",
        wrong="recipe check --fix small.yaml   # which may not be written",
        right="chmod u+w small.yaml",
        source="recipe: --fix replaces the file in one motion",
    ),
    RulePage(
        "L020",
        "another recipe has not made this yet",
        "The input is the last result of a step of another recipe, taken from the store. Until that recipe has run there is nothing "
        "to take, "
        "and nothing is known about its size.",
        wrong="- type: train\n  model: {base: {recipe: phase1, step: train}}   # phase1 has not run",
        right="recipe run recipes/phase1.yaml   # then this one",
        source="recipe: {recipe, step} is the last result of another recipe",
        severity="info",
    ),
    RulePage(
        "L021",
        "another recipe has no such step",
        "The recipe that was run has no step of that id, so there is no result to take.",
        wrong="model: {base: {recipe: phase1, step: trian}}",
        right="model: {base: {recipe: phase1, step: train}}",
        source="recipe: {recipe, step} is the last result of another recipe",
    ),
    RulePage(
        "L022",
        "a folder that holds no artifact",
        "An input named by `path` is a folder that a run of recipe made, with its artifact.json.",
        wrong="- type: train_tokenizer\n  corpus: {path: data/texts}",
        right="- type: parse_corpus\n  sources: [{path: data/texts}]\n- type: train_tokenizer",
        source="recipe: {path} is a folder that a run made, with its artifact.json",
    ),
)
OF_A_MACHINE = ("P", "B01")  # codes that hold for one machine: precision, kernels, disk, memory
UNREAD = ("D104", "D106", "D141", "D142")  # errors of a source that gives nothing
COUNTED = ("T102", "D113", "S013", "D010", "D152")  # said of how much text there is
_MOST_ROUNDS = 20
_SAME = {"vocab_size", "rows", "model", "byte_fallback", "normalization", "pad_id", "train_tokens", "val_tokens", "dtype", "parameters", 
         "bytes", "characters", "shape"}  # fmt: skip


class Mended(NamedTuple):
    """A recipe after its safe fixes. texts: the new contents of the files that they changed."""

    meant: Meant
    fixed: list[Finding]
    texts: dict[Path, str]


def judge(meant: Meant, texts: dict[Path, str] | None = None) -> list[Finding]:
    """All findings about `meant`, in the order of the file, each at its place; without those that a comment leaves out.

    Fills in every step's forecast, and leaves the findings in `meant.findings` too. texts: as in `mean`.
    """
    facts = Facts(meant.project, meant.target, meant.recipe.seed if meant.recipe is not None else 0)
    view = View(meant, facts)
    found = list(meant.findings)
    for step_id in meant.order:
        found += _foresee(view, view.by_id[step_id])
    for rule in wanted(view) if meant.steps else []:
        try:
            found += list(rule.judge(view))
        except Exception as error:  # noqa: BLE001 - one rule's slip must not hide what the others say
            found.append(_stumble(f"the rule {rule.judge.__name__}", error, ()))
    if any(f.code == "H001" for f in found):  # what follows is said of the machine that stands in for it
        found = [f for f in found if not f.code.startswith(OF_A_MACHINE)]
    if meant.target.count > 1:
        found = [_on_one_device(f, meant.target.count) if f.code == "B002" else f for f in found]
    placed = _without_followers([meant.placed(f) for f in found])
    names = [_variable_of(meant, f, texts or {}) if meant.data.get("vars") else "" for f in placed]
    order = {str(file): number for number, file in enumerate(meant.files)}
    unique: dict[tuple[Any, ...], Finding] = {}
    for f, name in zip(placed, names, strict=True):  # what stands in a variable is told at its first place
        unique.setdefault((f.code, f.message, () if f.code == "L020" else name or f.path), _by_variable(meant, f, name))
    left = applied(meant, list(unique.values()), texts or {})
    meant.findings = sorted(left, key=lambda f: _position(f, order))
    return meant.findings


def _variable_of(meant: Meant, finding: Finding, texts: dict[Path, str]) -> str:
    """The variable that stands in the place of the value that is told of; empty where none does, or several."""
    place = finding.place
    if place is None or finding.code[0] == "Y" or place.line != place.end_line:
        return ""
    text = source_of(texts, place.file)
    names = re.findall(r"\$\{(\w+)[.}]", text[place.start : place.end])
    if finding.path not in meant.places and (behind := re.match(r"\s*:\s*[\"']?\$\{(\w+)[.}]", text[place.end : place.end + 80])):
        names = [behind[1]]  # a key alone: what is wrong stands in the variable
    return names[0] if len(names) == 1 and ("vars", names[0]) in meant.places else ""


def _by_variable(meant: Meant, finding: Finding, name: str) -> Finding:
    """With the line in which the variable `name` is set that stands in the place of the value that is wrong."""
    at, place = meant.place(("vars", name)) if name else None, finding.place
    if at is None or place is None or finding.severity == "info":
        return finding
    said = f"{name} is set in line {at.line}" + ("" if at.file == place.file else f" of {at.file}")
    return replace(finding, fix=f"{finding.fix}; {said}" if finding.fix else said)


def _without_followers(found: list[Finding]) -> list[Finding]:
    """Without what only follows from data that cannot be read, and from a text that YAML takes for an alias or a comment."""
    if any(f.code in UNREAD and f.severity == "error" for f in found):
        found = [f for f in found if f.code not in COUNTED]
    aliases = {(f.place.file, f.place.line) for f in found if f.code in ("Y006", "Y014") and "in quotes: " in f.fix and f.place is not None}
    return [f for f in found if f.code[0] == "Y" or f.place is None or (f.place.file, f.place.line) not in aliases] if aliases else found


def _on_one_device(finding: Finding, devices: int) -> Finding:
    """B002 where more devices were counted in: a train step uses one."""
    said = finding.message.replace(" is ", " on one device is ", 1)
    return replace(finding, message=f"{said}; of the target's {devices} a train step uses one")


def mend(file: Path, overrides: Overrides | None = None) -> tuple[Meant, list[Finding]]:
    """The recipe in `file`, judged, with every safe fix made in memory; and the findings that were fixed. No file is written."""
    result = mended(file, overrides)
    return result.meant, result.fixed


def mended(file: Path, overrides: Overrides | None = None, *, alone: bool = False) -> Mended:
    """As `mend`, with the texts as fixed. alone: only `file` is changed, not what it extends.

    Fixed again and again, since one fix can bring another mistake to light; a fix that does not help is made once.
    """
    texts: dict[Path, str] = {}
    fixed: list[Finding] = []
    tried: set[tuple[Any, ...]] = set()
    for _ in range(_MOST_ROUNDS):
        meant = mean(file, overrides, texts)
        changed = False
        touched: list[tuple[Any, ...]] = []
        for finding in judge(meant, texts):
            name = (finding.code, finding.path, repr(finding.edits))
            if not finding.edits or name in tried or any(_overlap(e.path, t) for e in finding.edits for t in touched):
                continue
            tried.add(name)
            new = _applied(meant, finding.edits, texts, file if alone else None)
            if new is not None and new != texts:
                texts = new
                touched += [e.path for e in finding.edits]
                fixed.append(finding)
                changed = True
        if not changed:
            break
    meant.fixed = fixed
    for finding in fixed:
        for edit in finding.edits:
            path = (*edit.path[:-1], edit.key) if edit.action == "rename" else edit.path
            if path in meant.places:
                meant.origins[path] = ("fixed", f"{finding.code}: {finding.message}")
    return Mended(meant, fixed, texts)


def mendable(meant: Meant) -> int:
    """How many findings `--fix` would put right in the file itself."""
    return sum(_applied(meant, f.edits, {}, meant.file) not in (None, {}) for f in meant.findings if f.edits)


def source_of(texts: dict[Path, str], name: str) -> str:
    """The text of a file named in a place, as fixed if it was, with its line endings; empty when it cannot be read."""
    path = Path(name)
    if path not in texts:
        try:
            return path.read_bytes().decode("utf-8", "replace")
        except OSError:
            return ""
    return texts[path]


def _position(finding: Finding, order: dict[str, int]) -> tuple[int, int, bool, str]:
    place = finding.place
    if place is None:
        return -1, 0, False, finding.code
    return order.get(place.file, len(order)), place.start, bool(finding.path), finding.code  # of the whole file before of its first key


def _overlap(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    return a[: len(b)] == b or b[: len(a)] == a


def _applied(meant: Meant, edits: tuple[Edit, ...], texts: dict[Path, str], only: Path | None) -> dict[Path, str] | None:
    """The texts after `edits`, each in the file where its value is written; None when that cannot be done."""
    from runner.repair import CannotEdit, edited  # only when there is something to mend

    new = dict(texts)
    for edit in edits:
        if edit.path in meant.origins and meant.origins[edit.path][0] == "command line":
            return None
        at = edit.path
        while at and at not in meant.places:
            at = at[:-1]
        path = Path(meant.places[at][0].file) if at else meant.file
        if only is not None and path != only:
            return None
        try:
            new[path] = edited(source_of(new, str(path)), [edit])
        except CannotEdit:
            return None
    return new


def _stumble(who: str, error: Exception, path: tuple[str | int, ...]) -> Finding:
    first = str(error).splitlines()[0] if str(error) else ""
    message = f"{who} failed, which is a mistake of ours: {type(error).__name__}: {first}".removesuffix(": ")
    return Finding("R090", "warning", message, path)


# Forecasts ------------------------------------------------------------------------------------------------------------


def _foresee(view: View, step: StepMeant) -> Iterator[Finding]:
    """Fill in what reaches `step` and what it is expected to make."""
    if step.step is None:
        return
    given: dict[str, Any] = {}
    for wire in step.step.inputs:
        links = step.inputs.get(wire.name, [])
        reached = []
        for link in links:
            forecast, finding = _of_link(view, step, wire.name, link, wire.kind)
            reached.append(forecast)
            if finding is not None:
                yield finding
        if reached:
            given[wire.name] = reached if wire.many else reached[0]
    view.given[step.id] = given
    unsound = any(other.params is None for other in view.of_type(step.step.looks_at))  # what it would look at, which is told already
    if step.params is None or step.step.forecast_function is None or unsound:
        return
    try:
        step.forecast = step.step.forecast_function(step.params, given, view.facts)
        if isinstance(step.forecast, artifacts.TokenBinForecast) and step.forecast.train_tokens:
            from runner.counted import as_counted  # only where there is something to count

            step.forecast = as_counted(view, step, step.forecast)
    except RecipeError as error:
        yield error.finding(("steps", step.id))
    except Exception as error:  # noqa: BLE001 - a forecast's slip must not hide other findings
        yield _stumble(f"the forecast of {step.id}", error, ("steps", step.id))


def _of_link(view: View, step: StepMeant, name: str, link: Link, kind: type[Any]) -> tuple[artifacts.Forecast, Finding | None]:
    """What stands behind one link, as far as it is known."""
    unknown = _blank(kind)
    if link.inside:
        maker = view.by_id.get(link.step)
        return (maker.forecast if maker is not None else None) or unknown, None
    folder, finding = (link.folder, None) if link.folder is not None else _stored(view, step, name, link)
    if folder is None:
        return unknown, finding
    data = view.facts.json(folder / artifacts.DESCRIPTION)
    if not isinstance(data, dict) or data.get("kind") != kind.kind():
        if link.folder is None:
            return unknown, _not_yet(view, step, name, link)
        from runner.no_artifact import of_tokenizer, why_none

        if kind is artifacts.Tokenizer and (told := of_tokenizer(view, step, name, link.folder, data)) is not None:
            return unknown, told
        message, fix = why_none(view, link.folder, kind, data)
        elsewhere = not (link.folder.exists() or link.folder.is_relative_to(view.meant.project)) and view.meant.target.name != "here"
        return unknown, Finding("L022", "warning" if elsewhere else "error", message, ("steps", step.id, name), fix)
    return _from_artifact(kind, data), None


def _stored(view: View, step: StepMeant, name: str, link: Link) -> tuple[Path | None, Finding | None]:
    """The folder in the store of another recipe's last result."""
    from runner.standing import Standing, last_file
    from runner.store import Store

    standing = Standing.read(last_file(view.meant.project, link.recipe, view.meant.smoke))
    row = standing.steps.get(link.step)
    if row is None and standing.steps and link.step not in standing.steps:
        from runner.nearest import did_you_mean

        message = f"recipe {link.recipe} has no step {link.step}"
        return None, Finding("L021", "error", message, _where(step, name, link), did_you_mean(link.step, standing.steps, "it has"))
    own = view.meant.recipe is not None and view.meant.recipe.recipe == link.recipe and link.step == step.id
    if row is None and own:
        message = f"{step.id} takes its own result, which is not made yet"
        where = _where(step, name, link)
        return None, Finding("L004", "error", message, where, in_place_of_itself(str(where[2])))
    if row is None:
        return None, _not_yet(view, step, name, link)
    setting = view.meant.recipe.store if view.meant.recipe is not None else None
    return Store(view.meant.project, setting, view.meant.smoke).object(row["digest"]), None


def _not_yet(view: View, step: StepMeant, name: str, link: Link) -> Finding:
    file = view.meant.file.parent / f"{link.recipe}.yaml"
    where = str(file) if file.is_file() else link.recipe
    message = f"{link.step} of recipe {link.recipe} is not made yet, so its size is not known"
    if not file.is_file() and (near := _called_like(view, link.recipe)):
        message = f"there is no recipe {link.recipe}, nor anything that it made"
        return Finding("L020", "warning", message, _where(step, name, link), f"write recipe: {near}")
    return Finding("L020", "info", message, _where(step, name, link), f"run it first: recipe run {where}")


def _called_like(view: View, recipe: str) -> str:
    """The recipe beside this one, or that ran in this project, whose name is a slip away; empty where `recipe` is one of them."""
    from runner.absent import recipes_near
    from runner.nearest import nearest

    known = recipes_near(view.meant.file.parent, view.meant.project)
    return "" if recipe in known else nearest(recipe, known, 0.8) or ""


def _where(step: StepMeant, name: str, link: Link) -> tuple[str | int, ...]:
    """Where the recipe names the other one: in a param of the step, or at the input."""
    wanted = {"recipe": link.recipe, "step": link.step}

    def search(data: Any, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        if isinstance(data, dict):
            if wanted.items() <= {k: v for k, v in data.items() if isinstance(v, str)}.items():
                return path
            for key, value in data.items():
                if found := search(value, (*path, key)):
                    return found
        return ()

    return search(step.raw, ("steps", step.id)) or ("steps", step.id, name)


def _blank(kind: type[Any]) -> artifacts.Forecast:
    """A forecast of that kind in which nothing is known."""
    made: type[artifacts.Forecast] = getattr(artifacts, f"{kind.kind()}Forecast", artifacts.Forecast)
    return made()


def _from_artifact(kind: type[Any], data: dict[str, Any]) -> artifacts.Forecast:
    """What a finished artifact's description says, as a forecast that is certain."""
    made = type(_blank(kind))
    known = {name: data[name] for name in _SAME & data.keys() & made.model_fields.keys() if name != "model" or isinstance(data[name], str)}
    if kind.kind() == "Corpus":
        known |= {"documents": data.get("documents_count"), "languages": sorted(data.get("languages") or ())}
    if kind.kind() == "Checkpoint" and isinstance(data.get("model"), dict):
        known |= {"model": ModelConfig.model_validate(data["model"]), "optimizer_steps": data.get("step") or None}
        known |= {"tokens": data.get("trained_tokens") or None}
    return _certain(made.model_validate(known), "made already")


def _certain(forecast: artifacts.Forecast, why: str) -> artifacts.Forecast:
    """The same forecast with one reason for everything."""
    return forecast.model_copy(update={"because": {"all": why}})
