"""Short rows: so few tokens that a model sees hardly anything before the token that it is to guess."""

from collections.abc import Iterator

from runner.rules import View, at, number, rule, say, sources
from schemas.artifacts import CorpusForecast
from schemas.findings import Finding, RulePage

SHORT = 32  # tokens of a row
A_TOKEN = 4  # bytes, more or less
TIMES = 4  # a document is longer than its row
USUAL = 256


@rule(
    RulePage(
        "S031",
        "rows of a few tokens",
        "A row is all that a model sees at once. With 8 tokens it is seven that stand before the last, two or three words: nothing of a "
        "sentence is learned, and positions beyond the row are never seen. Lectures begin so, since it fits on a slide.",
        wrong="max_seq_length: 8   # and documents of a thousand tokens",
        right="max_seq_length: 256",
        source="karpathy/ng-video-lecture: block_size = 8 for the bigram model, 256 for the transformer",
        severity="warning",
    )
)
def rows_hold_a_sentence(view: View) -> Iterator[Finding]:
    """S031: max_seq_length below SHORT, where documents are longer by far. Names and words, which are short, are left alone."""
    for step in view.of_type("train"):
        length = number(step, "max_seq_length")
        if length is None or length >= SHORT or at(step.raw, "objective") == "sft":
            continue
        behind = [view.reaches(maker, "corpus") for maker in view.makers(step, "bins")] or [view.reaches(step, "corpus")]
        corpora = [each for found in behind for each in (found if isinstance(found, list) else [found])]
        known = [(c.documents, c.bytes) for c in corpora if isinstance(c, CorpusForecast) and c.bytes]
        lines = any(source.get("document") == "line" for maker in view.of_type("parse_corpus") for _, source, _ in sources(maker))
        if not known or lines or any(count and size / count <= TIMES * length * A_TOKEN for count, size in known):
            continue
        message = f"rows of {length:g} tokens hold hardly a sentence, and the documents are longer"
        yield say("S031", step, "max_seq_length", message, f"write max_seq_length: {USUAL}", severity="warning")
