"""Leftovers: what another program wrote into the texts, such as the marks of a tokenizer, where it shows in most of the first ones."""

import json
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from runner.rules import View, at, rule
from runner.rules.chosen import TEXTS
from runner.rules.content import Texts, said_in, texts_of, told
from schemas.artifacts import Document
from schemas.findings import Finding, RulePage

END = re.compile(r"(?:<\|endoftext\|>|<\|end_of_text\|>|</s>|<eos>|\[EOS\]|<\|eot_id\|>)\s*$")
BYTES = re.compile(r"b(['\"]).*\1", re.DOTALL)
MISSING = frozenset(("nan", "NaN", "<NA>"))


class Kind(NamedTuple):
    """One program's marks. share: of the texts that have to hold it. says: what `N of the first M texts` do."""

    odd: Callable[[str], bool]
    says: str
    fix: str
    share: float = 0.5


def _often(pattern: str, times: int = 2) -> Callable[[str], bool]:
    found = re.compile(pattern).findall
    return lambda text: len(found(text[:4000])) >= times


def _wrapped(text: str) -> bool:
    """True of a JSON object that holds a text itself."""
    if not (text.startswith("{") and text.rstrip().endswith("}")):
        return False
    try:
        row = json.loads(text)
    except ValueError:
        return False
    return isinstance(row, dict) and any(isinstance(row.get(name), str) for name in TEXTS)


PLAIN = "give the text as it was before it was tokenized"
KINDS = (
    Kind(
        lambda text: BYTES.fullmatch(text.strip()) is not None, "are bytes as Python shows them, b'…'", "decode them: data.decode('utf-8')"
    ),
    Kind(_often(r"(?:^|[ \w])▁\w"), "have ▁ before their words, SentencePiece's sign for a blank", PLAIN),
    Kind(_often(r"(?:^|[ \w])Ġ\w"), "have Ġ before their words, a byte-level tokenizer's sign for a blank", PLAIN),
    Kind(_often(r"\[(?:CLS|SEP)\]| ##[^\W\d_]"), "have marks of WordPiece in them, [CLS], [SEP] or ##", PLAIN),
    Kind(_often(r"[^\W_]@@ [^\W_]"), "have words cut by @@, as subword-nmt cuts them", PLAIN),
    Kind(_wrapped, "are JSON objects with a text in them", "write the object itself as the row: it was encoded twice"),
    Kind(
        lambda text: text.strip() in MISSING, "are nan, what pandas writes for an empty cell", "leave such rows out: frame.dropna()", 0.05
    ),
)


@rule(
    RulePage(
        "D168",
        "leftovers of another program",
        "The marks of another tokenizer, bytes as Python shows them, JSON inside of JSON and nan for an empty cell are learned like words. "
        "Texts that are about such things hold them now and then; here most of the first ones do.",
        wrong='{"text": "▁The ▁cat ▁sat"}',
        right='{"text": "The cat sat"}',
        source="OpenNMT/nmt-wizard-docker#144; grammarly/gector#154; the documentation of pandas (missing data)",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D169",
        "an end mark typed behind the texts",
        "A document's end token is put there by tokenize_bin. Typed into the text it is no token: it is spelled in pieces, which the model "
        "learns to write before it stops.",
        wrong='{"text": "The cat sat.<|endoftext|>"}',
        right='{"text": "The cat sat."}',
        source="google/sentencepiece#667",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
)
def texts_are_as_people_wrote_them(view: View) -> Iterator[Finding]:
    """D168, D169: each kind of mark in half of a file's first texts."""
    tuned = [step for step in view.of_type("train") if at(step.raw, "objective") == "sft"]
    of_bases = {(parser.id, token) for step in tuned if (base := view.base(step)) for parser in view.parsers(step) for token in base.tokens}
    for texts in texts_of(view):
        for kind in KINDS:
            count, share = texts.share(_any(kind.odd))
            if share >= kind.share:
                yield told(texts, f"{count} of the first {len(texts.documents)} texts {kind.says}", kind.fix, "D168")
                break
        finding = _ended(texts, of_bases)
        if finding is not None:
            yield finding


def _any(odd: Callable[[str], bool]) -> Callable[[Document], bool]:
    return lambda document: any(map(odd, said_in(document)))


def _ended(texts: Texts, of_bases: set[tuple[str, str]]) -> Finding | None:
    """D169: half of the documents, no conversations, end so. of_bases: steps with tokens of a base that they teach: D151 tells of those."""
    count, share = texts.share(lambda document: not document.messages and END.search(document.text[-40:]) is not None)
    if share < 0.5:
        return None
    mark = next(found[0].strip() for document in texts.documents if (found := END.search(document.text[-40:])))
    if (texts.step.id, mark) in of_bases or mark in str(at(texts.step.raw, "sources")):  # columns that write it: D176
        return None
    message = f"{count} of the first {len(texts.documents)} texts end with {mark}, which is text there and no token"
    return told(texts, message, f"take {mark} out of the texts: each document gets its end token anyway", "D169")
