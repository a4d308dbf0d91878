"""Unseen: tokens that are added to a base's tokenizer and that nothing of the data spells."""

import json
import re
from collections.abc import Iterator
from typing import Any

from runner.nearest import nearest
from runner.rules import View, at, path, rule, say, sources
from runner.rules.rows import read_heads
from schemas.findings import Edit, Finding, RulePage, Severity
from steps.text.further import WHOLE
from steps.text.heads import kind_of
from steps.text.packed import packing

MARKS = re.compile(r"<[^<>\s]{1,40}>|\[[A-Z][A-Z_0-9]{1,30}\]")


@rule(
    RulePage(
        "V109",
        "an added token that no row holds",
        "The row of an added token begins as the mean of the others, and is learned where the token occurs. One that stands neither in the "
        "data nor in the chat template never does: it stays what it was, and what the data writes in its place is cut into pieces. Most "
        "often the data spells it otherwise.",
        wrong='add_tokens: ["<|call|>"]   # the rows say <call>',
        right='add_tokens: ["<call>"]',
        source="huggingface/peft#334; hiyouga/LlamaFactory#6749",
        severity="warning",
        needs="the rows of JSONL, CSV and parquet files, and the base's chat template",
    ),
    RulePage(
        "V111",
        "an added token that is a piece of words",
        "An added token is cut out of a text before the tokenizer sees it, wherever it stands. Letters alone are cut out of longer "
        "words too: with `on` a month is m, on, th, three ids for one, and what the base knew of the whole word is lost. Tokens to add "
        "are marks that no word has in it.",
        wrong='add_tokens: ["on"]',
        right='add_tokens: ["<|on|>"]   # or none: the tokenizer writes any word by itself',
        source="huggingface/transformers#1178; huggingface/transformers#14770",
        severity="warning",
        needs="the rows of JSONL, CSV and parquet files",
    ),
)
def added_tokens_occur(view: View) -> Iterator[Finding]:
    """V109: each of add_tokens against all rows and the template; an information where the data spells nothing like it. V111."""
    for step in view.of_type("train"):
        added = at(step.raw, "add_tokens")
        if not isinstance(added, list) or not added or not (texts := _texts(view, step)):
            continue
        folder = view.base(step)
        whole = "\n".join([*texts, (folder.template or "") if folder is not None else ""])
        there = set(folder.tokens) if folder is not None else set()
        found = sorted({mark for mark in MARKS.findall(whole) if mark not in there and mark not in added})
        for number, token in enumerate(added):
            if not isinstance(token, str) or not token or token in whole or token in there or token in added[:number]:
                continue
            stripped = token.strip()
            near = stripped if stripped and stripped != token and stripped in whole else _near(token, found)
            edits = (Edit("set", path(step, f"add_tokens.{number}"), near),) if near == stripped != token else ()
            message = f"no row holds {token!r}, and the chat template does not: its row is never learned"
            fix = f"write {near!r}, which the rows hold" if near else "take it out, or look at how the data spells it"
            severity: Severity = "warning" if near else "info"  # it may be kept for later
            yield say("V109", step, f"add_tokens.{number}", message, fix, severity=severity, edits=edits)


@rule()
def tokens_are_told_apart(view: View) -> Iterator[Finding]:
    """V109: several tokens in one text of add_tokens or user_symbols, which would be one token that no text holds."""
    for step in view.meant.steps:
        name = {"train": "add_tokens", "train_tokenizer": "user_symbols"}.get(step.type, "")
        written = at(step.raw, name) if name else None
        listed: list[Any] = written if isinstance(written, list) else []
        for number, token in enumerate(listed):
            parts = MARKS.findall(token) if isinstance(token, str) else []
            if len(parts) > 1 and set(MARKS.sub("", token)) <= set(" ,;\t") and token != "".join(parts):
                each = [part for index, one in enumerate(listed) for part in (parts if index == number else [one])]
                fix = f"write {name}: {json.dumps(each, ensure_ascii=False)}"
                message = f"{token!r} is one token, blanks and commas with it: {len(parts)} were meant"
                yield say("V109", step, f"{name}.{number}", message, fix, severity="warning", edits=(Edit("set", path(step, name), each),))
                break


def _texts(view: View, step: Any) -> list[str]:
    """What is said in all documents that reach `step`; nothing where some were not looked at."""
    parsers, texts = view.parsers(step), []
    for maker, _, source, file, head, _ in read_heads(view):
        if maker not in parsers:
            continue
        if not head.whole:
            if kind_of(file, source.get("format")) != "jsonl" or packing(file) or view.facts.size(file) > WHOLE:
                return []
            texts.append(view.facts.head(file, WHOLE).decode("utf-8", "replace").replace('\\"', '"'))  # as it stands in the file
            continue
        for document in head.documents(source.get("columns")):
            texts += [message["content"] for message in document.messages] if document.messages else [document.text]
    paths = [source.get("path") for parser in parsers for _, source, _ in sources(parser)]
    return texts if paths and all(isinstance(each, str) for each in paths) else []


@rule()
def added_tokens_are_no_pieces(view: View) -> Iterator[Finding]:
    """V111: each of add_tokens that is letters alone, against the first rows of every table."""
    for step in view.of_type("train"):
        added = at(step.raw, "add_tokens")
        words = [(n, each) for n, each in enumerate(added) if isinstance(each, str) and each.isalpha()] if isinstance(added, list) else []
        if not words:
            continue
        parsers = view.parsers(step)
        heads = [(head, source) for maker, _, source, _, head, _ in read_heads(view) if maker in parsers]
        documents = [document for head, source in heads for document in head.documents(source.get("columns"))]
        whole = "\n".join(text for d in documents for text in ([m["content"] for m in d.messages] if d.messages else [d.text]))
        for number, token in words:
            if word := _cut_out_of(token, whole):
                message = f"{token!r} is cut out of every word that it stands in, such as {word!r}"
                fix = f"take it out: the tokenizer writes words by itself; as a mark, <|{token}|>"
                yield say("V111", step, f"add_tokens.{number}", message, fix, severity="warning")


INSIDE = 0.2  # share of a token's places that lie in a word, behind its first letter: more is no word of its own


def _cut_out_of(token: str, text: str) -> str:
    """A word of `text` that has `token` in it, where many have; nothing where it is mostly a word by itself."""
    inside = re.findall(rf"\b\w*[^\W\d_]{re.escape(token)}\w*", text)
    return inside[0] if len(inside) > INSIDE * text.count(token) and len(inside) > 2 else ""


def _near(token: str, found: list[str]) -> str | None:
    """A mark of the data with the same letters, or nearly so."""
    plain = {re.sub(r"\W", "", mark).lower(): mark for mark in found}
    return plain.get(re.sub(r"\W", "", token).lower()) or nearest(token, found)
