"""Memory: what a training step is forecast to need, against what the target has."""

from collections.abc import Iterator
from typing import Any

from runner.hardware import free_on
from runner.meant import StepMeant
from runner.rules import View, at, number, path, rule, say
from runner.rules.remedies import evaluated, remedy
from schemas.artifacts import CheckpointForecast, PlanForecast
from schemas.findings import Edit, Finding, RulePage
from schemas.machine import GIB

FULL = 0.92  # of the memory: above it allocators fragment, and a longer batch ends the run


@rule(
    RulePage(
        "B010",
        "more memory than the target has",
        "Weights, gradients, optimizer states and activations of one micro-batch are counted from the sizes, before anything runs. "
        "A batch that "
        "does not fit ends in an out-of-memory error, often hours in, when the first long row comes. A smaller batch_size with "
        "gradient accumulation is the same training in less memory.",
        wrong="target: t4\nsteps:\n  - type: train\n    total_batch_size: 256\n    batch_size: 256",
        right="target: t4\nsteps:\n  - type: train\n    total_batch_size: 256   # batch_size and accumulation follow",
        source="AETHER: CUDA out of memory; GSWA: out of memory in hour three",
    )
)
def fits(view: View) -> Iterator[Finding]:
    """B010: the forecast peak of a train step against one device of the target."""
    machine = view.meant.target
    for step in view.of_type("train"):
        made = step.forecast
        if not isinstance(made, CheckpointForecast) or made.peak_memory_bytes is None or machine.memory_bytes <= 0:
            continue
        need, has = made.peak_memory_bytes, machine.usable_bytes
        free = free_on(machine)
        if need <= min(FULL * has, free) or (_planned(view, step) and number(step, "batch_size") is None):
            continue  # without a written micro-batch the plan step finds one that fits, or says so
        name = machine.title or machine.name
        tensors = {label: size for label, size in made.memory_parts.items() if label != "allowance"}
        parts = sorted(tensors.items(), key=lambda item: -item[1])[:2]
        most = " and ".join(f"{label} {size / GIB:.1f}" for label, size in parts)
        offers = f"{name} {'lets a process use' if has < machine.memory_bytes else 'has'} {has / GIB:.1f}"
        if need <= FULL * has:
            offers = f"{free / GIB:.1f} are free now"
        message = f"training needs about {need / GIB:.1f} GiB ({most}), {offers}"
        where, fix, edits = remedy(view, step, min(FULL * has, free))
        yield say("B010", step, where, message, fix, severity="error" if need > has else "warning", edits=edits if need > has else ())


def _planned(view: View, step: StepMeant) -> bool:
    """Whether a plan step chooses the batch; one that found none that fits chooses nothing."""
    plan = view.reaches(step, "plan")
    return isinstance(plan, PlanForecast) and (bool(plan.settings) or "batch_size" not in plan.because)


@rule(
    RulePage(
        "B013",
        "validation needs more memory than the target has",
        "Training fits and the first validation ends the run: eval_batch_size is the number of rows at a time there, and the "
        "logits of each are as wide as the vocabulary.",
        wrong="batch_size: 4\neval_batch_size: 4096",
        right="batch_size: 4\neval_batch_size: 8",
        source="axolotl-ai-cloud/axolotl#1813; huggingface/transformers#7158",
        needs="the recipe and the target",
    )
)
def validation_fits(view: View) -> Iterator[Finding]:
    """B013: the forecast peak of a validation, where training alone would fit."""
    machine = view.meant.target
    for step in view.of_type("train"):
        made, rows = step.forecast, number(step, "eval_batch_size")
        if not isinstance(made, CheckpointForecast) or not made.evaluation_parts or machine.memory_bytes <= 0 or rows is None:
            continue
        need, has = sum(made.evaluation_parts.values()), machine.memory_bytes
        if need > has >= (made.peak_memory_bytes or 0):
            message = f"validation needs about {need / GIB:.1f} GiB, {machine.title or machine.name} has {has / GIB:.1f}"
            fitting = evaluated(view, step, int(rows), FULL * has)
            if fitting is None:
                yield say("B013", step, "eval_batch_size", message, "take a smaller model, shorter rows, or a target with more memory")
                continue
            edits = (Edit("set", path(step, "eval_batch_size"), fitting),)
            yield say("B013", step, "eval_batch_size", message, f"write eval_batch_size: {fitting}", edits=edits)


@rule(
    RulePage(
        "M010",
        "most of the model is its embedding",
        "A vocabulary of 50,257 on a width of 256 is 12.9 M parameters of table and little network behind it. That is a choice, not "
        "a mistake: but a "
        "smaller vocabulary gives the same budget more layers, and on little text trains every piece better.",
        wrong="vocab_size: 50257\nmodel: {d_model: 256, n_layers: 6}",
        right="vocab_size: 8000\nmodel: {d_model: 256, n_layers: 12}",
        source="AETHER phase 1; arXiv 2407.13623 (scaling laws with vocabulary)",
        severity="info",
    )
)
def embedding_share(view: View) -> Iterator[Finding]:
    """M010: over 60 % of a new model's parameters are rows of the vocabulary."""
    for step in view.of_type("train"):
        made = step.forecast
        if (
            not isinstance(made, CheckpointForecast)
            or not made.parameters
            or not made.embedding_parameters
            or view.reaches(step, "checkpoint")
        ):
            continue
        share = made.embedding_parameters / made.parameters
        if share > 0.6:
            message = f"{share:.0%} of the {made.parameters / 1e6:.1f} M parameters are the embedding of {made.vocab_size or 0:,} tokens"
            yield say("M010", step, "model", message, severity="info", on="key")


@rule(
    RulePage(
        "B022",
        "nothing is left to give up when memory runs out",
        "on_oom: reduce makes micro-batches smaller, then recomputes activations, then takes smaller chunks of the loss. Where the recipe "
        "did all of that already, only the rows can be cut, which is another training, or nothing at all.",
        wrong="on_oom: reduce\nbatch_size: 1\nactivation_checkpointing: true\nloss_chunk_tokens: 64",
        right="on_oom: stop\nbatch_size: 1\nactivation_checkpointing: true\nloss_chunk_tokens: 64",
        source="huggingface/accelerate: find_executable_batch_size ends at 0",
        severity="info",
        needs="the recipe and the target",
    )
)
def something_can_be_given_up(view: View) -> Iterator[Finding]:
    """B022: on_oom: reduce, written by hand, beside settings that leave it only the length, or nothing."""
    for step in view.of_type("train"):
        params: Any = step.params
        if params is None or at(step.raw, "on_oom") != "reduce" or _planned(view, step):
            continue
        from steps.sizing.fallback import Live, reduced

        rows, micro = params.batch()
        live = Live(rows, micro, params.eval_batch_size or micro, params.max_seq_length, params.activation_checkpointing,
                    params.loss_chunk_tokens)  # fmt: skip
        found = reduced(live, kind=view.meant.target.kind, during="training", adapted_layers=0)
        if found is None:
            message = "on_oom: reduce finds nothing to reduce: one row at a time, checkpointed, in the smallest chunks"
            yield say("B022", step, "on_oom", message, "write on_oom: stop, or take a smaller model", severity="info")
        elif found[1] == "max_seq_length":
            message = f"on_oom: reduce can only cut rows of {live.length} to {found[0].length} here, which is another training"
            yield say("B022", step, "on_oom", message, "write on_oom: stop to be asked first", severity="info")
