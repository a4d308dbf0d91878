"""Sifting: what cleaning drops of the first documents, and where a mix by weight ends."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.meant import StepMeant
from runner.nearest import nearest
from runner.rules import BEGINNING, FEWEST, FILES, View, at, number, param, rule, say, sources
from runner.rules.rows import read_heads
from runner.screen import in_bytes
from schemas.artifacts import Document
from schemas.findings import Finding, RulePage, Severity
from steps.text.choices import format_of
from steps.text.clean import cleaned, unfit
from steps.text.encodings import decode
from steps.text.language import guessed_language
from steps.text.rows import read
from steps.text.unreadable import Unreadable

LIMITS = {  # why a document is dropped: the key that says so, and what it counts
    "too short": ("min_characters", "characters"),
    "too long": ("max_characters", "characters"),
    "too few words": ("min_words", "words"),
    "too many words": ("max_words", "words"),
    "repeated lines": ("max_repeated_lines", ""),
    "language": ("languages.allow", ""),
}
LITTLE = 1 << 20  # bytes: a mix that ends with less is told as a mistake
SMALL = 10_000  # bytes: of less nothing is said
SPENT = 10  # a mix of less than this part of its sources


@rule(
    RulePage(
        "D160",
        "a filter that nearly nothing passes",
        "The lengths and languages under clean: drop documents one by one, in silence but for a count. A limit in other units, tokens or "
        "bytes, or for another kind of text lets hardly any of them through. Counted are the first documents, by the code of the run; "
        "languages only where the commonest words leave no doubt.",
        wrong="clean: {min_characters: 5000}   # of stories of 750",
        right="clean: {min_characters: 200}",
        source="hiyouga/LlamaFactory#9600; huggingface/datatrove, statistics of dropped documents",
        severity="warning",
        needs="the first rows or texts of the data",
    )
)
def filters_let_text_through(view: View) -> Iterator[Finding]:
    """D160: a warning where nine of ten first documents are dropped, an error where all are and they are the whole data."""
    for step in view.of_type("parse_corpus"):
        clean = getattr(step.params, "clean", None)
        if clean is None or not isinstance(at(step.raw, "clean"), dict):
            continue
        documents, whole = _first(view, step)
        allowed = frozenset(clean.languages.allow) if clean.languages is not None else frozenset()
        reasons: Counter[str] = Counter()
        for document in documents:
            text = cleaned(document.text, nfc=clean.nfc, whitespace=clean.whitespace)
            reason = unfit(text, clean)
            if not reason and allowed and guessed_language(text) not in ("", *allowed):
                reason = "language"
            reasons[reason] += 1
        dropped = sum(count for reason, count in reasons.items() if reason in LIMITS)
        if len(documents) >= FEWEST and dropped >= 0.9 * len(documents):
            most = max((r for r in reasons if r in LIMITS), key=lambda r: reasons[r])
            yield _dropped(step, most, dropped, [d.text for d in documents], whole)


def _dropped(step: StepMeant, reason: str, count: int, texts: list[str], whole: bool) -> Finding:
    name, unit = LIMITS[reason]
    limit = number(step, f"clean.{name}")
    said = f"clean.{name}" + (f" {limit:,}" if isinstance(limit, int) else "")
    seen = f"{'all' if count == len(texts) else f'{count:,}'} of the {'' if whole else 'first '}{len(texts):,} documents"
    message, fix = f"{said} drops {seen}", f"look at the data, or delete {name.split('.')[0]}"
    if unit:
        from statistics import median  # slow

        usual = int(median(len(text.split()) if unit == "words" else len(text) for text in texts))
        message += f": they have about {usual:,} {unit}"
        fix = f"write {name}: {max(1, usual // 4)}" if name.startswith("min") else f"write {name}: {usual * 4}"
    elif reason == "language":
        found = Counter(filter(None, map(guessed_language, texts))).most_common(1)[0][0]
        message, fix = f"{message}: they are in {found}", f"add {found} to allow"
    severity: Severity = "error" if whole and count == len(texts) else "warning"
    return say("D160", step, f"clean.{name}", message, fix, severity=severity)


def _first(view: View, step: StepMeant) -> tuple[list[Document], bool]:
    """The first documents of a step's files, and whether they are all that it reads."""
    found: list[Document] = []
    whole = all(isinstance(source.get("path"), str) for _, source, _ in sources(step))
    for maker, _, source, _, head, _ in read_heads(view):
        if maker is step:
            found += head.documents(source.get("columns"))
            whole = whole and head.whole
    for _, source, _ in sources(step):
        pattern = source.get("path")
        files = view.facts.files(pattern) if isinstance(pattern, str) and pattern else []
        whole = whole and len(files) <= FILES
        for file in files[:FILES]:
            made, all_of_it = _of_text(view, file, source)
            found += made
            whole = whole and (all_of_it or bool(view.tables(source)))
    return found, whole


def _of_text(view: View, file: Path, source: dict[str, Any]) -> tuple[list[Document], bool]:
    """The documents in the beginning of a plain text, and whether that is all of it. One that goes on beyond is left out."""
    try:
        if format_of(file, source.get("format") or "auto") not in ("txt", "md"):
            return [], False
        text = decode(view.facts.head(file, BEGINNING))[0]
    except (Unreadable, ValueError):
        return [], False
    whole = view.facts.size(file) <= BEGINNING
    kind = source.get("document") or "file"
    parts = [text] if kind == "file" else text.split("\n") if kind == "line" else re.split(r"\n\s*\n", text)
    parts = parts if whole else parts[:-1]
    return [read(part) for part in parts if part.strip()], whole


@rule(
    RulePage(
        "D161",
        "a mix that ends with its smallest source",
        "Sources with a weight: are drawn side by side in these shares, and with exhausted: stop the corpus ends when the first of them is "
        "spent. A source of a few texts beside one of many, both of weight 1, leaves twice the few.",
        wrong="sources:\n  - {path: wiki/*.jsonl, weight: 1}\n  - {path: ours.jsonl, weight: 1}   # three texts",
        right="exhausted: repeat\nsources:\n  - {path: wiki/*.jsonl, weight: 9}\n  - {path: ours.jsonl, weight: 1}",
        source="huggingface/datasets#7092; huggingface/datasets, interleave_datasets: first_exhausted",
        severity="warning",
        needs="the sizes and first rows of the data",
    )
)
def mixes_are_drawn(view: View) -> Iterator[Finding]:
    """D161: less than a tenth of what the weighed sources hold is drawn; an information where that is much text all the same."""
    from steps.text.outlook import sizes

    for step in view.of_type("parse_corpus"):
        listed = at(step.raw, "sources")
        if step.params is None or param(step, "exhausted") != "stop" or not isinstance(listed, list):
            continue
        if sum(isinstance(source, dict) and source.get("weight") is not None for source in listed) < 2:
            continue
        found = sizes(step.params, view.facts)
        if found is None:
            continue
        there, rounds = sum(size for size, _ in found.values()), {i: size / weight for i, (size, weight) in found.items()}
        first = min(rounds, key=lambda i: rounds[i])
        drawn = sum(rounds[first] * weight for _, weight in found.values())
        if there < SMALL or drawn * SPENT >= there:
            continue
        source = listed[first]
        called = next((str(source[way]) for way in ("path", "hub", "url") if source.get(way)), f"source {first + 1}")
        message = f"the mix ends when {called} is spent: of {in_bytes(there)} it takes {in_bytes(int(drawn))}"

        again = round(max(rounds.values()) / rounds[first])
        fix = f"take the weights off: then each is read once; with exhausted: repeat this one would be read {again:,} times"
        severity: Severity = "warning" if drawn < LITTLE else "info"
        yield say("D161", step, f"sources.{first}.weight", message, fix, severity=severity)


@rule(
    RulePage(
        "D187",
        "a weight without another",
        "weight: is a share beside the weights of other sources, which are drawn side by side. Sources without one are read whole, before "
        "or after the mix: of one weight alone nothing is mixed.",
        wrong="sources:\n  - {path: wiki/*.jsonl, weight: 0.7}\n  - {path: ours.jsonl}",
        right="sources:\n  - {path: wiki/*.jsonl, weight: 0.7}\n  - {path: ours.jsonl, weight: 0.3}",
        source="recipe: sources without weight are read whole and in order",
        severity="warning",
    )
)
def weights_have_another(view: View) -> Iterator[Finding]:
    """D187: one weight among several sources."""
    for step in view.of_type("parse_corpus"):
        listed = at(step.raw, "sources")
        if not isinstance(listed, list) or len(listed) < 2:
            continue
        weighed = [number for number, source in enumerate(listed) if isinstance(source, dict) and source.get("weight") is not None]
        if len(weighed) != 1:
            continue
        if not any(nearest(str(key), ["weight"]) for source in listed if isinstance(source, dict) for key in source if key != "weight"):
            message = (
                f"weight has no effect: {'the other source has' if len(listed) == 2 else 'the others have'} none, and all are read whole"
            )
            place = f"sources.{weighed[0]}.weight"
            yield say("D187", step, place, message, "write a weight in each source of the mix, or delete it", severity="warning")
