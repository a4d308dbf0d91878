"""Prompts of a recipe against the positions of the model that continues them."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

from runner.meant import StepMeant
from runner.rules import View, at, param, path, rule, say
from schemas.artifacts import CheckpointForecast, TokenizerForecast
from schemas.findings import Finding, RecipeError, RulePage
from steps.text.vocabulary import bytes_per_token

LISTS = {"train": "samples", "validate_checkpoint": "prompts"}
WIDE = 2  # without a tokenizer tokens are guessed by the bytes, and a prompt is told that has this many times too many


@rule()
def prompts_leave_room(view: View) -> Iterator[Finding]:
    """C130: a prompt that fills the model's positions. Nothing could follow, which the run would find after the training."""
    for kind, name in LISTS.items():
        for step in view.of_type(kind):
            trains = [step] if kind == "train" else [c for c in view.makers(step, "checkpoint") if c.type == "train"]
            limit = _positions(view, trains[0]) if trains else None
            written = at(step.raw, name)
            for number, text in enumerate(written if isinstance(written, list) and limit is not None else []):
                if not isinstance(text, str) or len(text.encode()) < (limit or 0):
                    continue  # a token has a byte at least
                tokens, exact = _tokens(view, trains[0], text)
                if limit is not None and tokens >= limit * (1 if exact else WIDE):
                    count = f"{tokens:,}" if exact else f"about {tokens:,}"
                    message = f"the prompt has {count} tokens and the model {limit:,} positions: nothing can follow"
                    yield say("C130", step, f"{name}.{number}", message, "shorten it")


def _positions(view: View, train: StepMeant) -> int | None:
    """Of the model that `train` makes; None where it has no limit, or none that is known."""
    folder, made = view.base(train), train.forecast
    if folder is not None:
        return None if folder.kind.startswith("mamba") else folder.positions
    model = made.model if isinstance(made, CheckpointForecast) else None
    if at(train.raw, "model.base") is not None or model is None or model.family.startswith("mamba"):
        return None
    length: int | None = param(train, "max_seq_length")
    return length


def _tokens(view: View, train: StepMeant, text: str) -> tuple[int, bool]:
    """Tokens of a prompt with its begin token, and whether they were counted in the base's tokenizer."""
    folder = view.base(train)
    if folder is not None:
        from steps.text.tokenizers import open_tokenizer

        with suppress(RecipeError, ImportError, OSError, ValueError):  # a tokenizer that cannot be opened is judged elsewhere
            opened = open_tokenizer(folder.folder)
            return len(opened.encode(text)) + (opened.bos_id is not None), True
    made: Any = train.forecast.tokenizer if isinstance(train.forecast, CheckpointForecast) else None
    size = made.vocab_size if isinstance(made, TokenizerForecast) and made.vocab_size else 0
    return round(len(text.encode()) / bytes_per_token(size or 1 << 15)), False


@rule(
    RulePage(
        "K014",
        "a comma that parts a prompt",
        "In a list in brackets a comma ends an item: a prompt with a comma in it becomes two, unless it is quoted. It is told where the "
        "second goes on in small letters, as a sentence does.",
        wrong="samples: [Once upon a time, there was a hen]",
        right='samples: ["Once upon a time, there was a hen"]',
        source="yaml.org/spec/1.2.2, 7.4.1: flow sequences",
        severity="info",
        needs="the recipe",
    )
)
def prompts_are_whole(view: View) -> Iterator[Finding]:
    """K014: two items side by side and without quotes, of which the first begins a sentence and the second goes on."""
    for kind, name in LISTS.items():
        for step in view.of_type(kind):
            written = at(step.raw, name)
            items = [each for each in written if isinstance(each, str)] if isinstance(written, list) else []
            for number, (first, second) in enumerate(pairwise(items)):
                here, there = (view.meant.places.get(path(step, f"{name}.{n}")) for n in (number, number + 1))
                if here is None or there is None or len(items) != len(written):
                    continue
                (_, _, one), (_, _, two) = here, there
                plain = one.end - one.start == len(first) and two.end - two.start == len(second)
                if plain and one.line == two.line and first[:1].isupper() and second[:1].islower() and " " in first and " " in second:
                    message = f"these are two prompts, {first!r} and {second!r}"
                    yield say("K014", step, f"{name}.{number}", message, f'for one, put it in quotes: "{first}, {second}"', severity="info")
                    break
