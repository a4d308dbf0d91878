"""Token files that are there already: what they say of themselves, against their sizes, the tokenizer and the model that reads them."""

from collections.abc import Iterator
from typing import Any

from runner.meant import StepMeant
from runner.rules import View, at, number, param, path, rule, say
from schemas.artifacts import TokenizerForecast
from schemas.findings import Edit, Finding, RecipeError, RulePage
from steps.text.agreement import rows_of
from steps.text.id_range import Unknown, sampled, stamps

WIDTHS = {"uint16": 2, "uint32": 4}


@rule(
    RulePage(
        "D143",
        "token files that are not what they say",
        "A bin from elsewhere is read by the width and the vocabulary in its description. When the file is larger or smaller than "
        "its tokens take, or holds ids that its vocabulary does not have, every number read from it is another token.",
        wrong="bins: {path: bins}   # written as uint32, described as uint16",
        right="- type: tokenize_bin   # from the corpus, with the tokenizer of this recipe",
        source="allenai/dolma#142",
        needs="the description and the sizes of a bin that the recipe names by path",
    )
)
def bins_are_what_they_say(view: View) -> Iterator[Finding]:
    """D143: artifact.json of a bin's folder against the sizes of its files, its largest id and the model's rows."""
    for step in view.of_type("train", "validate_checkpoint"):
        for link in step.inputs.get("bins", []):
            data = view.facts.json(link.folder / "artifact.json") if link.folder is not None else None
            if link.folder is None or not isinstance(data, dict) or data.get("kind") != "TokenBin":
                continue
            width, largest = WIDTHS.get(str(data.get("dtype")), 0), data.get("largest_id")
            for split in ("train", "val"):
                tokens, size = data.get(f"{split}_tokens"), view.facts.size(link.folder / f"{split}.bin")
                if width and isinstance(tokens, int) and tokens * width != size:
                    message = (
                        f"{link.folder.name}/{split}.bin has {size:,} bytes, {tokens:,} tokens of {data['dtype']} take {tokens * width:,}"
                    )
                    yield say("D143", step, "bins", message, "make it again with a tokenize_bin step")
                    return
            yield from _other_words(view, step, link.folder.name, data)
            rows = number(step, "model.vocab_size") or data.get("vocab_size")
            if isinstance(largest, int) and isinstance(rows, (int, float)) and largest >= rows:
                message = f"{link.folder.name} holds ids up to {largest:,}, the model has rows for {int(rows):,} tokens"
                yield say("D143", step, "bins", message, "make it again with the tokenizer of this model")


def _other_words(view: View, step: StepMeant, name: str, data: dict[str, Any]) -> Iterator[Finding]:
    """V108: a bin of so many tokens beside a tokenizer of another number."""
    tokenizer, size = view.reaches(step, "tokenizer"), data.get("vocab_size")
    if not isinstance(tokenizer, TokenizerForecast) or not tokenizer.exact or not isinstance(size, int) or at(step.raw, "model.base"):
        return
    if tokenizer.vocab_size and tokenizer.vocab_size != size:
        message = f"{name} was made with a tokenizer of {size:,} tokens, the one of this model has {tokenizer.vocab_size:,}"
        fix = "put a tokenize_bin step before it, or name the tokenizer that the bin was made with"
        yield say("V108", step, "bins", message, fix)


@rule()
def bins_from_elsewhere(view: View) -> Iterator[Finding]:
    """V101, V105: the ids in token files that are there already, against the rows of the model that will read them."""
    for step in view.of_type("check_vocab_consistency"):
        bins = param(step, "bins")
        if bins is None:
            continue
        rows, whose = _fewest_rows(view, step)
        try:
            for stamp in stamps(view.facts.project / bins.path):
                if not stamp[1]:
                    name = stamp[0].rpartition("/")[2]
                    fix = "make it again, or take it out of the folder"
                    yield say("V105", step, "bins.path", f"{name} is empty, and no training can map it", fix, severity="warning")
                    continue
                found = sampled(stamp, rows, bins.dtype)
                if found.bad is not None:
                    message = f"{found.file} holds id {found.bad:,} ({found.place()}), {whose} has rows for {rows:,} tokens"
                    fix = "make the file again with this model's tokenizer, or give the model a row for every id"
                    yield say("V101", step, "bins.path", message, fix)
        except Unknown as error:
            edits = (Edit("set", path(step, "bins.dtype"), error.fix.split()[-1]),) if error.field == "dtype" else ()
            yield say("V105", step, f"bins.{error.field}", str(error), error.fix, edits=edits)
        except OSError as error:
            yield say("V105", step, "bins.path", f"{bins.path}: {error.strerror or error}", "name a .bin file of ids, or a folder of them")
        except ImportError:  # numpy comes with the extra `train`; the step looks again, with it
            continue


def _fewest_rows(view: View, step: StepMeant) -> tuple[int | None, str]:
    """The least rows that a model beside these token files has, and which one that is."""
    known: list[tuple[int, str]] = []
    for name in ("model", "checkpoint"):
        source = param(step, name)
        written = getattr(source, "vocab_size", None)
        folder = view.facts.project / source.path if source is not None and source.path is not None else None
        made = view.reaches(step, name)
        try:
            rows = written or (rows_of(folder) if folder is not None else None) or getattr(made, "vocab_size", None)
        except RecipeError:  # damaged weights, which are told by themselves
            rows = None
        if rows is not None:
            known.append((rows, "the model" if name == "model" else "the checkpoint"))
    tokenizer = view.reaches(step, "tokenizer")
    if not known and isinstance(tokenizer, TokenizerForecast) and tokenizer.exact and tokenizer.vocab_size:
        known.append((tokenizer.vocab_size, "a model of this tokenizer"))
    return min(known, default=(None, ""))
