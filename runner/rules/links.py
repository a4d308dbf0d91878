"""Links: work whose result nobody reads, and steps that cannot see what they judge."""

from collections.abc import Iterator

from runner.meant import StepMeant
from runner.rules import VOUCHES, View, param, path, rule, say
from schemas.findings import Finding, RulePage

PROVING = ("validate_checkpoint", "export_ollama", "report", "plan")
BETWEEN = ("Corpus", "Tokenizer", "TokenBin", "Plan")  # kinds that are made to be read by a later step


@rule(
    RulePage(
        "L010",
        "nobody reads this result",
        "The step costs time and its artifact is not used by any later step: most often a later step is wired past it, or it stands "
        "after the "
        "step that it was meant for.",
        wrong="- type: train_tokenizer\n- type: tokenize_bin\n- type: train_tokenizer   # too late\n  id: better",
        right="- type: train_tokenizer\n- type: tokenize_bin",
        source="meta-pytorch/torchtune#1646",
        severity="warning",
    )
)
def results_are_read(view: View) -> Iterator[Finding]:
    """L010: an artifact in the middle of a recipe that trains a model, read by no step."""
    if any(step.step is None or step.params is None for step in view.meant.steps) or not any(view.of_kind("Checkpoint")):
        return  # wiring is only known when every step is; a recipe that only prepares data ends in such a result
    if any(f.code[0] == "L" and f.severity == "error" for f in view.meant.findings):
        return  # what cannot be wired is said already
    said = {f.path for f in view.meant.findings if f.code == "L007"}
    for step in view.meant.steps:
        kind = step.step.makes.kind() if step.step is not None else ""
        if kind in BETWEEN and step.type not in VOUCHES and not view.is_read(step) and path(step, "") not in said:
            message = f"no step reads the {kind} that {step.id} makes"
            fix = f"name it where it is wanted: {_input(kind)}: {step.id}, or delete the step"
            if kind == "Corpus" and (nearer := _corpus_behind(view, step)):
                message += f": those behind it take the nearest, {nearer}"
                fix = f"put both sources into one parse_corpus, or name both where they are read: corpus: [{step.id}, {nearer}]"
            elif (early := _stood_before(view, step, kind)) is not None:
                message += f": it stands behind {early.id}"
                fix = f"put {step.id} before {early.id}, or delete it"
            yield say("L010", step, "", message, fix, severity="warning")
        elif kind == "Corpus" and step.type not in VOUCHES and _comes_late(view, step):
            if step.type == "split_long":
                message = f"no training reads the pieces of {step.id}: the tokens were made before it, of documents that are whole"
                yield say("L010", step, "", message, "put it before the tokenize_bin step", severity="warning")
            elif not _is_named(view, step):
                message = f"no training reads the documents of {step.id}: the tokens were made before it"
                fix = f"name them in tokenize_bin, corpus: [{_corpus_before(view, step)}, {step.id}], and put {step.id} before it"
                yield say("L010", step, "", message, fix, severity="warning")
        elif kind == "TokenBin" and (trained := list(view.of_type("train"))) and not any(_takes(each, step.id) for each in trained):
            answers = [each for each in trained if param(each, "objective") == "sft"]
            if len(answers) == len(trained):
                message = f"no training reads the tokens of {step.id}: objective: sft takes documents and answers as they are"
                fix = "delete objective: sft to learn every token of them, or delete this step"
                yield say("L010", answers[0], "objective", message, fix, severity="warning")


def _stood_before(view: View, step: StepMeant, kind: str) -> StepMeant | None:
    """The first step before `step` that could take what it makes, where no later one could."""
    steps = list(view.meant.steps)
    at = steps.index(step)
    wants = [each for each in steps if each.step is not None and any(i.name == _input(kind) for i in each.step.inputs)]
    takers = [each for each in wants if each.type not in VOUCHES]
    if not takers or any(steps.index(each) > at for each in takers):
        return None
    return takers[0]


def _comes_late(view: View, step: StepMeant) -> bool:
    """Whether a tokenize_bin stands before `step`, and only steps that prove or export a model read what it makes."""
    readers = [each for each in view.meant.steps if _takes(each, step.id)]
    before = view.meant.steps[: next(n for n, each in enumerate(view.meant.steps) if each is step)]
    done = all(each.type in PROVING or (each.type == "train" and param(each, "objective") == "lm") for each in readers)
    return done and any(each.type == "tokenize_bin" for each in before)


def _is_named(view: View, step: StepMeant) -> bool:
    """Whether a step names its documents, such as a proof on texts that were kept apart."""
    return any(_takes(each, step.id) and path(each, "corpus") in view.meant.places for each in view.meant.steps)


def _corpus_before(view: View, step: StepMeant) -> str:
    """The id of what makes the documents that were there before."""
    before = [each.id for each in view.of_kind("Corpus") if each is not step and each.type not in VOUCHES]
    return before[0] if before else step.id


def _corpus_behind(view: View, step: StepMeant) -> str:
    """The id of the next step that makes documents of its own."""
    behind = view.meant.steps[next(n for n, each in enumerate(view.meant.steps) if each is step) + 1 :]
    return next((each.id for each in behind if each.type == "parse_corpus"), "")


def _takes(step: StepMeant, maker: str) -> bool:
    return any(link.inside and link.step == maker for links in step.inputs.values() for link in links)


@rule(
    RulePage(
        "L011",
        "one result taken twice",
        "A list of corpora is read one after the other: what stands in it twice is learned twice as often as the rest, which `repeat` says "
        "of a source by intent.",
        wrong="- {type: tokenize_bin, corpus: [parse_corpus, parse_corpus]}",
        right="- {type: tokenize_bin, corpus: [parse_corpus]}",
        source="recipe: a list of inputs is read in order",
        severity="warning",
    )
)
def results_are_taken_once(view: View) -> Iterator[Finding]:
    """L011: a step, or a folder, that stands twice in a list of inputs."""
    for step in view.meant.steps:
        for name, links in step.inputs.items():
            twice = next((link for number, link in enumerate(links) if link in links[:number]), None)
            if twice is not None:
                called = twice.step or str(twice.folder)
                yield say("L011", step, name, f"{called} stands twice in {name}", "take it out once", severity="warning")


def _input(kind: str) -> str:
    return {"Corpus": "corpus", "Tokenizer": "tokenizer", "TokenBin": "bins", "Plan": "plan"}[kind]


@rule(
    RulePage(
        "L012",
        "plan: auto without a plan",
        "`plan: auto` takes batch, precision and the rest from the nearest plan step before the training. Without one the settings are "
        "those that are written, and the usual ones, as if the line were not there.",
        wrong="- {type: train, plan: auto}   # and no plan step",
        right="- type: plan\n- {type: train, plan: auto}",
        source="recipe: a plan is a step of its own",
        severity="warning",
    )
)
def plans_are_made(view: View) -> Iterator[Finding]:
    """L012: a train step whose plan is written, and wired to nothing."""
    for step in view.of_type("train"):
        if path(step, "plan") in view.meant.places and not step.inputs.get("plan") and not _is_off(view, step):
            yield say(
                "L012", step, "plan", "no plan step stands before it: nothing is planned", "put - type: plan before it", severity="warning"
            )


def _is_off(view: View, step: StepMeant) -> bool:
    """Whether `plan: null` says that none is wanted."""
    listed = [each for each in view.meant.data.get("steps") or [] if isinstance(each, dict)]
    return next((each.get("plan") for each in listed if each.get("id", each.get("type")) == step.id), None) is None
