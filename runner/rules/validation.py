"""Validation: what it costs beside the training that it judges."""

from collections.abc import Iterator

from runner.meant import StepMeant
from runner.rules import View, at, number, param, rule, say
from runner.rules.schedule import planned_steps
from schemas.artifacts import CheckpointForecast, TokenBinForecast
from schemas.findings import Finding, RulePage

FORWARD = 1 / 3  # of a training step's work for as many tokens
HELD = 0.05  # of the documents are kept for validation with objective: sft
TENTH = 1 / 9  # of the training between two, which makes a tenth of all
A_TRIAL = 100  # steps of a run that may be looked at step by step
LARGE = 0.25  # share of the time that is worth telling


@rule(
    RulePage(
        "S019",
        "more time for validation than for training",
        "Each validation goes through the whole fixed set, of eval_tokens at most. After every step, or every few, it takes longer than "
        "the steps between, and says little new.",
        wrong="eval_steps: 1   # of a set of a million tokens",
        right="eval_steps: 250",
        source="databrickslabs/dolly#31; hiyouga/LlamaFactory#3119; karpathy/nanoGPT, eval_interval",
        severity="warning",
        needs="the recipe and the sizes of the data",
    )
)
def validation_is_the_smaller_part(view: View) -> Iterator[Finding]:
    """S019: tokens of a validation, at a third of a training token's work, against those of training between two."""
    for step in view.of_type("train"):
        every, length = number(step, "eval_steps"), param(step, "max_seq_length")
        steps, _ = planned_steps(step)
        if every is None or not steps or not isinstance(length, int) or step.params is None or every >= steps:
            continue
        try:
            rows = step.params.batch()[0]  # type: ignore[attr-defined]
        except (AttributeError, ValueError, ZeroDivisionError):
            continue
        asked, held = param(step, "eval_tokens"), _held_tokens(view, step, steps * rows * length)
        each, between = min(held, asked or held) * FORWARD, every * rows * length
        bins = view.reaches(step, "bins")
        unknown = isinstance(bins, TokenBinForecast) and bins.val_tokens is None
        if unknown and every == 1 and steps > A_TRIAL and asked and asked * FORWARD > between:
            message = f"a validation of up to {int(asked):,} tokens comes after each of the {steps:,} steps, which have {int(between):,}"
            fix = f"write eval_steps: {max(2, steps // 10)}, or delete it: every tenth of all steps then"
            yield say("S019", step, "eval_steps", message, fix, severity="warning")
        elif each > LARGE / (1 - LARGE) * between:
            better = min(max(1, steps // 10), max(int(every) + 1, round(10 * each / (rows * length))))
            before = "the step" if every == 1 else f"the {int(every):,} steps"
            message = f"a validation takes about {each / between:,.0f} times as long as {before} before it"
            if each < 2 * between:
                message = f"about {each / (each + between):.0%} of the time goes into validation, after every {_steps(int(every))}"
            fewer = max(length, int(between * TENTH // FORWARD))
            fix = f"write eval_steps: {better}, or fewer eval_tokens" if better > every else f"write eval_tokens: {fewer}"
            yield say("S019", step, "eval_steps", message, fix, severity="warning" if each > between or every == 1 else "info")


def _held_tokens(view: View, step: StepMeant, trained: float) -> float:
    """Tokens that are kept for validation, by the bin, or by the passes over conversations that are made of `trained` tokens."""
    bins, made = view.reaches(step, "bins"), step.forecast
    if isinstance(bins, TokenBinForecast):
        return bins.val_tokens or 0
    passes = made.epochs if isinstance(made, CheckpointForecast) and param(step, "objective") == "sft" else None
    return trained / passes * HELD / (1 - HELD) if passes else 0


def _steps(every: int) -> str:
    return "step" if every == 1 else f"{every:,} steps"


@rule(
    RulePage(
        "C131",
        "continuations that end before they are as long as asked",
        "A model with attention has as many positions as its rows of training. A continuation stops where they are used up, its prompt "
        "counted in.",
        wrong="max_seq_length: 512\n- {type: validate_checkpoint, prompts: [Once], max_new_tokens: 1000}",
        right="max_seq_length: 512\n- {type: validate_checkpoint, prompts: [Once], max_new_tokens: 400}",
        source="huggingface/transformers, max_position_embeddings",
        severity="info",
    )
)
def continuations_have_room(view: View) -> Iterator[Finding]:
    """C131: max_new_tokens against the positions of the network that the nearest train step makes from nothing."""
    for step in view.of_type("validate_checkpoint"):
        asked = at(step.raw, "max_new_tokens")
        for train in view.makers(step, "checkpoint"):
            made, length = train.forecast, param(train, "max_seq_length")
            model = made.model if isinstance(made, CheckpointForecast) and at(train.raw, "model.base") is None else None
            attends = model is not None and model.family in ("llama", "gpt2")
            if attends and isinstance(asked, int) and isinstance(length, int) and asked >= length:
                message = f"the model has {length:,} positions, prompt and all: no continuation reaches {asked:,} tokens"
                yield say("C131", step, "max_new_tokens", message, f"write less than {length:,}", severity="info")
