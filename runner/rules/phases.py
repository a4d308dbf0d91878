"""Trainings in phases: weights that a new network begins with, and what is trained when."""

import os
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from runner.meant import StepMeant
from runner.nearest import nearest
from runner.rules import View, at, param, path, rule, say
from schemas.artifacts import CheckpointForecast, TokenizerForecast
from schemas.findings import Edit, Finding, RulePage
from schemas.model import ModelConfig

WRITTEN = ("d_model", "n_layers", "n_heads", "n_kv_heads", "d_ff", "d_state", "d_conv", "expand", "head_dim")  # sizes of a network
SHOWN = 2
UNTRAINED = 0.02  # share of the parameters: norms and biases are less
HEAD = "lm_head.weight"


@rule()
def first_weights_fit(view: View) -> Iterator[Finding]:
    """C002: no such folder. C040: an adapter alone. C001: no weights in it. R108, R109: names and shapes of two networks, if known."""
    for step in view.of_type("train"):
        ref = at(step.raw, "init_from")
        made = step.forecast
        if not isinstance(ref, dict):
            continue
        folder = ref.get("path")
        if isinstance(folder, str) and not (view.facts.project / os.path.expanduser(folder)).is_dir():
            yield _no_folder(view, step, folder)
            continue
        if adapter := _adapter_alone(view, ref):
            where = "path" if isinstance(folder, str) else "hub"
            message = f"{ref[where]} holds an adapter alone: none of its weights has a place in a network"
            yield say("C040", step, f"init_from.{where}", message, _beside_base(step, adapter))
            continue
        if isinstance(folder, str) and (found := _no_weights(view, step, folder)) is not None:
            yield found
            yield from _other_words(view, step, ref)
            continue
        yield from _other_words(view, step, ref)
        model = made.model if isinstance(made, CheckpointForecast) else None
        earlier = _earlier(view, step, ref)
        if model is not None and earlier is not None and at(step.raw, "model.base") is None:
            if may_have(view, step, earlier.vocab_size):
                model = model.with_vocab(earlier.vocab_size or 0)
            yield from _compared(view, step, model, earlier, ref)


def may_have(view: View, step: StepMeant, rows: Any) -> bool:
    """Whether the new network of `step` may have so many rows: its tokenizer's size is {at_most: N}, and known once that is made."""
    tokenizer = view.reaches(step, "tokenizer")
    if not isinstance(tokenizer, TokenizerForecast) or tokenizer.exact or at(step.raw, "model.vocab_size") is not None:
        return False
    return isinstance(rows, int) and 0 < rows <= (tokenizer.rows or tokenizer.vocab_size or 0)


def _adapter_alone(view: View, ref: dict[str, Any]) -> dict[str, Any]:
    """adapter_config.json of a folder without a model; empty for any other, and where it cannot be looked at."""
    folder = view.folder(ref) if any(isinstance(ref.get(way), str) and ref[way] for way in ("path", "hub")) else None
    return folder.adapter if folder is not None and "config.json" not in folder else {}


def _beside_base(step: StepMeant, adapter: dict[str, Any]) -> str:
    """What to write for an adapter that was meant to be gone on from."""
    merged = "merge it into the model that it adapts, and name the merged one: model: {base: {path: ...}}"
    if at(step.raw, "model.base") is not None:
        return f"delete init_from: a new adapter is trained on the base; to go on from this one, {merged}"
    base = adapter.get("base_model_name_or_path")
    return f"delete init_from; to go on from it, {merged}" + (f"; it adapts {base}" if isinstance(base, str) and base else "")


OURS = ("<pad>", "<unk>", "<s>", "</s>")  # ids 0 to 3 of every tokenizer that train_tokenizer makes


def _no_folder(view: View, step: StepMeant, named: str) -> Finding:
    from runner.absent import of_folder

    where = "init_from.path"
    found = of_folder(view, named)
    if found is not None:
        edits = (Edit("set", path(step, where), found.better),) if found.better else ()
        return say("C002", step, where, found.message, found.fix, edits=edits)
    if (view.facts.project / named).is_file():
        what = "a GGUF file, which gives no weights here" if named.endswith(".gguf") else "a file, a checkpoint is a folder"
        return say("C002", step, where, f"{named} is {what}", "name the folder of the training, with model.safetensors")
    return say("C002", step, where, f"the checkpoint {named} is not there", "name the folder of a finished training")


def _no_weights(view: View, step: StepMeant, named: str) -> Finding | None:
    """C001 of a folder that is there and holds no weights, or those of another kind alone."""
    try:
        names = sorted(entry.name for entry in os.scandir(view.facts.project / os.path.expanduser(named)))
    except OSError:
        return None
    if any(name.endswith((".safetensors", ".safetensors.index.json")) for name in names):
        return None
    from runner.absent import in_run, one_of

    other = next((name for name in names if name.endswith((".gguf", ".bin", ".pt", ".pth", ".ckpt", ".h5"))), "")
    if not other and "config.json" in names:
        return None  # its sizes can be compared
    message = f"{named} holds no *.safetensors" + (f", only {other}, which gives no weights here" if other else "")
    inside = in_run(view, named, "model.safetensors")
    fix = one_of(inside) if inside else "name the folder of the training, with model.safetensors"
    edits = (Edit("set", path(step, "init_from.path"), inside[0]),) if len(inside) == 1 else ()
    return say("C001", step, "init_from.path", message, fix, edits=edits)


def _other_words(view: View, step: StepMeant, ref: dict[str, Any]) -> Iterator[Finding]:
    """V106: a folder whose tokenizer cannot be the one that this recipe trains, by its size or its first tokens."""
    makers = [maker for maker in view.makers(step, "tokenizer") if maker.type == "train_tokenizer"]
    folder = ref.get("path")
    if not makers or not isinstance(folder, str):
        return
    from runner.modelfolder import ModelFolder

    theirs = ModelFolder(view.facts, view.facts.project / os.path.expanduser(folder), folder).tokens
    made = view.reaches(step, "tokenizer")
    size = made.vocab_size if isinstance(made, TokenizerForecast) and made.exact else None
    if not theirs:
        return
    first = {number: token for token, number in theirs.items() if number < len(OURS)}
    other = next((number for number, token in enumerate(OURS) if first.get(number) != token), None)
    if size is not None and size != len(theirs):
        message = f"{folder} was trained on {len(theirs):,} tokens, {makers[0].id} makes {size:,}: its rows mean other pieces"
    elif other is not None:
        message = f"token {other} is {OURS[other]!r} here and {first.get(other)!r} in {folder}: its rows mean other pieces"
    else:
        return
    fix = f"go on from that model with its own tokenizer, model: {{base: {{path: {folder}}}}}, or delete init_from"
    yield say("V106", step, "init_from", message, fix, on="key")


@rule(
    RulePage(
        "S028",
        "weights that no stage trains",
        "Of a new network everything has to be trained at some time: weights that no stage names stay as they were drawn, and what lies "
        "above them learns from noise. Freezing is for weights that came from an earlier training, by init_from.",
        wrong="stages: [{steps: 500, train: [layers.3]}, {train: [lm_head]}]",
        right="stages: [{steps: 500, train: [layers.3]}, {train: [all]}]",
        source="AETHER phase 2: the first phase's weights are frozen, the new ones trained",
        severity="warning",
    )
)
def stages_train_something(view: View) -> Iterator[Finding]:
    """S023: stages against the steps that the data gives. S024: a pattern against the names of the weights. S028, S026: of new networks."""
    from steps.sizing.names import weights

    for step in view.of_type("train"):
        stages, made = at(step.raw, "stages"), step.forecast
        if not isinstance(stages, list) or not isinstance(made, CheckpointForecast):
            continue
        sizes = [stage.get("steps") or 0 for stage in stages if isinstance(stage, dict)]
        steps = made.optimizer_steps if at(step.raw, "objective") != "sft" else None  # a rough estimate, there
        if steps and at(step.raw, "max_steps") is None and all(isinstance(n, int) for n in sizes) and sum(sizes[:-1]) >= steps:
            message = f"the stages before the last take {sum(sizes[:-1]):,} steps, the data gives {steps:,}"
            yield say("S023", step, "stages", message, f"give them less than {steps:,} together", on="key")
        folder = view.base(step)
        if folder is not None and folder.tensors and not folder.quantised:
            yield from _unknown(step, stages, folder.kind, [*folder.tensors, HEAD])
        if made.model is not None and at(step.raw, "model.base") is None:
            yield from _unknown(step, stages, made.model.family, [*weights(made.model, 1), HEAD])
            yield from _tied(step, stages, made.model)
            if not (at(step.raw, "init_from") or at(step.raw, "resume_from")):
                yield from _never(step, stages, made.model)


def _unknown(step: StepMeant, stages: list[Any], kind: str, names: list[str]) -> Iterator[Finding]:
    from steps.sizing.names import matched

    parts = sorted({part for name in names for part in name.split(".") if not part.isdigit()})
    for number, stage in enumerate(stages):
        patterns = stage.get("train") if isinstance(stage, dict) else None
        for index, pattern in enumerate(patterns if isinstance(patterns, list) else []):
            if isinstance(pattern, str) and not any(matched(pattern, name) for name in names):
                where, near = f"stages.{number}.train.{index}", nearest(pattern, parts)
                edits = (Edit("set", path(step, where), near),) if near else ()
                message = f"no weight of a {kind} is called {pattern!r}"
                message += "" if near else f"; parts of their names are {', '.join(parts)}"
                yield say("S024", step, where, message, f"write {near}" if near else "name some of these, or all", edits=edits)


def _tied(step: StepMeant, stages: list[Any], model: ModelConfig) -> Iterator[Finding]:
    """S026: one name of the weight that is embedding and output at once, in a stage that does not have the other."""
    from steps.sizing.names import matched, weights

    if not model.tie_embeddings:
        return
    embedding = next(iter(weights(model, 1)))
    for number, stage in enumerate(stages):
        patterns = stage.get("train") if isinstance(stage, dict) else None
        named = [name for name in (embedding, HEAD) if isinstance(patterns, list) and any(matched(str(each), name) for each in patterns)]
        if len(named) == 1:
            other = HEAD if named[0] == embedding else embedding
            message = (
                f"{named[0].removesuffix('.weight')} is tied to {other.removesuffix('.weight')}: this stage trains both, as one weight"
            )
            yield say("S026", step, f"stages.{number}.train", message, "write tie_embeddings: false to have two", severity="info")


def _never(step: StepMeant, stages: list[Any], model: ModelConfig) -> Iterator[Finding]:
    """S028: where more than UNTRAINED of a new network's parameters are in no stage."""
    from steps.sizing.names import matched, weights

    patterns = [str(each) for stage in stages if isinstance(stage, dict) for each in (stage.get("train") or ())]
    sizes = {name: prod(shape) for name, shape in weights(model, param(step, "max_seq_length") or 1).items()}
    embedding = next(iter(sizes))
    tied = model.tie_embeddings and any(matched(each, HEAD) for each in patterns)
    left = {name: n for name, n in sizes.items() if not any(matched(each, name) for each in patterns) and not (tied and name == embedding)}
    if patterns and sum(left.values()) > UNTRAINED * sum(sizes.values()):
        share = sum(left.values()) / sum(sizes.values())
        first = max(left, key=lambda name: left[name])
        message = f"no stage trains {share:.0%} of the new network's parameters, such as {first}: they stay as they were drawn"
        fix = "write train: [all] in the last stage, or name the weights of an earlier training in init_from"
        yield say("S028", step, "stages", message, fix, severity="warning", on="key")


def _earlier(view: View, step: StepMeant, ref: dict[str, Any]) -> ModelConfig | None:
    """The sizes of the network whose weights are taken, None where they cannot be known yet."""
    from steps.lm.shapes import sizes

    if isinstance(ref.get("path"), str):
        config = view.facts.json(view.facts.project / Path(os.path.expanduser(ref["path"])) / "config.json")
        try:
            return sizes(config) if isinstance(config, dict) else None
        except ValueError:
            return None
    found = view.reaches(step, "checkpoint")
    return found.model if isinstance(found, CheckpointForecast) else None


def _compared(view: View, step: StepMeant, model: ModelConfig, earlier: ModelConfig, ref: dict[str, Any]) -> Iterator[Finding]:
    from runner.rules.lengths import positions_before
    from steps.sizing.names import weights

    length = getattr(step.params, "max_seq_length", 0)
    learned = positions_before(view, step, ref) or length
    here, there = weights(model, length), weights(earlier, learned)
    shared = [name for name in here if name in there]
    differing = [name for name in shared if here[name] != there[name] and model.vocab_size and earlier.vocab_size]
    if not shared:
        message = f"no weight of a {earlier.family} has a name that a {model.family} has"
        yield say("R109", step, "init_from", message, f"write family: {earlier.family}, or delete init_from", on="key")
    elif differing:
        parts = [f"{name} is {_size(here[name])} here and {_size(there[name])} there" for name in differing[:SHOWN]]
        more = f" and {len(differing) - SHOWN} more" if len(differing) > SHOWN else ""
        message = f"these weights do not fit: {', '.join(parts)}{more}"
        better = [f"write {_sizes(model, earlier) or 'the sizes of that one'} in model"]
        if length != learned and model.family == "gpt2":
            message += f": it learned {learned:,} positions, and rows have {length:,} tokens here"
            edits = (Edit("set", path(step, "max_seq_length"), learned),) if at(step.raw, "max_seq_length") is not None else ()
            if len(differing) == 1:
                fix = f"write max_seq_length: {learned}, the length that it learned"
                yield say("R108", step, "init_from", message, fix, on="key", edits=edits)
                return
            better.append(f"max_seq_length: {learned}")
        yield say("R108", step, "init_from", message, " and ".join(better), on="key")


def _sizes(model: ModelConfig, earlier: ModelConfig) -> str:
    """The sizes that would make the weights fit, as they are written in a recipe."""
    mine, theirs = model.model_dump(), earlier.model_dump()
    return ", ".join(f"{name}: {theirs[name]}" for name in mine if name in WRITTEN and theirs[name] and mine[name] != theirs[name])


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
