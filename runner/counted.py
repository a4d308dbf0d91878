"""Bytes that a token stands for, counted where they can be, in the place of an estimate by the size of the vocabulary."""

from itertools import islice
from pathlib import Path
from zlib import crc32

from runner.meant import StepMeant
from runner.rules import View, at, param
from runner.standing import Standing, last_file
from runner.store import Store
from schemas.artifacts import DESCRIPTION, CorpusForecast, TokenBinForecast, TokenizerForecast
from schemas.findings import RecipeError

SAMPLE, MOST = 16, 5000  # documents of a file, from its beginning, and in all
FILES = ("tokenizer.model", "tokenizer.json")


def as_counted(view: View, step: StepMeant, forecast: TokenBinForecast) -> TokenBinForecast:
    """`forecast` with as many tokens as its text has by the bytes a token that were counted; as it is where none were."""
    given = view.given.get(step.id, {})
    tokenizer, corpora = given.get("tokenizer"), given.get("corpus") or []
    tokens = (forecast.train_tokens or 0) + (forecast.val_tokens or 0)
    if view.meant.recipe is None or not tokens or not isinstance(tokenizer, TokenizerForecast):
        return forecast
    rate, how = _by_the_last_bin(view, step, tokenizer), "the last run"
    if rate is None:
        rate, how = _by_its_tokenizer(view, step), "its tokenizer in the first documents"
    if rate is None:
        return forecast
    text = sum(each.bytes or 0 for each in corpora if isinstance(each, CorpusForecast))
    share = text / rate / tokens
    found = {name: round(value * share) for name in ("train_tokens", "val_tokens") if (value := getattr(forecast, name)) is not None}
    why = f"{text} bytes at {rate:.2f} bytes a token, as {how} counted"
    return forecast.model_copy(update={**found, "because": {**forecast.because, "train_tokens": why}})


def _by_the_last_bin(view: View, step: StepMeant, tokenizer: TokenizerForecast) -> float | None:
    """By the bin that this step made last, with a tokenizer of the size that is asked for now, or no more than is asked for at most.

    The text may have changed since: a tokenizer's rate hardly moves with it, while an estimate is off by a quarter.
    """
    recipe, size = view.meant.recipe, tokenizer.vocab_size
    assert recipe is not None
    row = Standing.read(last_file(view.meant.project, recipe.recipe, view.meant.smoke)).steps.get(step.id)
    if row is None or size is None:
        return None
    data = view.facts.json(Store(view.meant.project, recipe.store, view.meant.smoke).object(row["digest"]) / DESCRIPTION)
    if not isinstance(data, dict) or not data.get("train_bytes") or not data.get("train_tokens"):
        return None
    made = data.get("vocab_size") or 0
    if made != size and (tokenizer.exact or made > size):
        return None
    return float(data["train_bytes"] / data["train_tokens"])


def _by_its_tokenizer(view: View, step: StepMeant) -> float | None:
    """By a model's tokenizer that is on this machine, over the beginnings of the sources that are; kept until a file changes."""
    folder = next((found for maker in view.makers(step, "tokenizer") if (found := _folder(view, maker)) is not None), None)
    if folder is None:
        return None
    from runner.firstrows import documents_of

    of_file: dict[str, list[str]] = {}
    for where, document in islice(documents_of(view, step), MOST):
        if document.get("text") and len(seen := of_file.setdefault(where.partition(":")[0], [])) < SAMPLE:
            seen.append(document["text"])
    texts = [text for seen in of_file.values() for text in seen]
    size = sum(len(text.encode()) for text in texts)
    if not size:
        return None

    def count() -> int:
        from steps.text.tokenizers import open_tokenizer

        opened = open_tokenizer(folder)
        return sum(opened.count(text) for text in texts)

    try:
        files = [path for name in FILES if (path := folder / name).is_file()]
        tokens = view.facts.remembered(f"tokens of {crc32(chr(0).join(texts).encode()):08x}, 1", files, count)
    except (RecipeError, ImportError, OSError, ValueError):
        return None
    return size / tokens if tokens else None


def _folder(view: View, maker: StepMeant) -> Path | None:
    """Of the model whose tokenizer a check_vocab_consistency step takes, where it is here."""
    ref = param(maker, "checkpoint")
    path, hub = at(maker.raw, "checkpoint.path"), at(maker.raw, "checkpoint.hub")
    if ref is None or maker.type != "check_vocab_consistency":
        return None
    folder = view.meant.project / path if isinstance(path, str) else None
    if isinstance(hub, str):
        folder = view.facts.model_folder(hub, at(maker.raw, "checkpoint.revision"))
    return folder if folder is not None and any((folder / name).is_file() for name in FILES) else None
