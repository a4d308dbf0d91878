"""The first rows of a recipe's data as its train step will see them: text, tokens, what is learned, whether it fits."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.facts import Facts
from runner.meant import Meant, StepMeant
from runner.rules import View, at, number, param, sources
from schemas.findings import Finding, RecipeError, RulePage
from steps.text.choices import format_of
from steps.text.encodings import beginning
from steps.text.rows import NoSuchColumn
from steps.text.textfile import GAP
from steps.text.unreadable import Unreadable

if TYPE_CHECKING:
    from steps.text.heads import Head
    from steps.text.tokenizers import TextTokenizer

PAGES = (
    RulePage(
        "D148",
        "a row begins twice",
        "The template writes the begin token and the tokenizer adds another: the model has never seen two, and each answer starts worse.",
        wrong="<s><s>[INST] …",
        right="<s>[INST] …",
        source="unslothai/unsloth#1062; ggml-org/llama.cpp#7094",
        severity="warning",
        needs="the first rows, in the base's template and tokenizer",
    ),
    RulePage(
        "D149",
        "an answer without an end",
        "The last learned token of the row is neither the end token nor a mark of the template, so the model does not learn to stop.",
        wrong="[INST] Two and two? [/INST] Four.",
        right="[INST] Two and two? [/INST] Four.</s>",
        source="huggingface/smol-course#159; ludwig-ai/ludwig#3945",
        severity="warning",
        needs="the first rows, in the base's template and tokenizer",
    ),
)
SHOWN = 600  # characters of a stretch


@dataclass(frozen=True)
class Teller:
    """A train step with the tokenizer that it will use; why there is none, in words, when there is none."""

    step: StepMeant
    tokenizer: "TextTokenizer | None"
    why: str
    length: int
    chats: bool


def first_rows(meant: Meant, rows: int) -> tuple[list[str], list[Finding]]:
    """Lines to print, and what is wrong with the rows. Needs the libraries of tokenizers only where there is a tokenizer to open."""
    view = View(meant, Facts(meant.project, meant.target, meant.recipe.seed if meant.recipe is not None else 0))
    lines: list[str] = []
    found: list[Finding] = []
    steps = list(view.of_type("train"))
    for step in steps:
        teller = _teller(view, step)
        told = teller.why or f"{teller.length} tokens a row"
        lines.append(f"{step.id}: {told}")
        split = next((maker for maker in _behind(view, step) if maker.type == "split_long" and not param(maker, "analyze_only")), None)
        shown = ((at_, piece) for at_, document in documents_of(view, step) for piece, at_ in _pieces(split, teller, document, at_))
        for number_, (where, document) in enumerate(islice(shown, rows), 1):
            lines += _row(teller, number_, where, document, found)
        if lines[-1].startswith(f"{step.id}: "):
            lines.append("  no row can be shown: its sources are on a hub and not in its cache, at an address, or no tables and texts")
    if not steps:
        lines.append("the recipe has no train step: there are no rows to show")
    return lines, found


def _pieces(split: StepMeant | None, teller: Teller, document: dict[str, Any], where: str) -> Iterator[tuple[dict[str, Any], str]]:
    """What split_long makes of a document before it reaches the training, each with where it stands; the document itself without one."""
    opened, most = teller.tokenizer, number(split, "max_tokens") if split is not None else None
    if split is None or opened is None or most is None or "why" in document:
        yield document, where
        return
    from steps.text.conversations import split_messages
    from steps.text.split import split_text
    from steps.text.splitblock import marks

    how: tuple[Any, int] = param(split, "strategy") or "auto", int(number(split, "overlap_tokens") or 0)
    if talk := document.get("messages"):
        own = opened.form.source is not None
        limit = int(most) - (0 if own else marks(opened))
        made = split_messages(talk, limit, opened.starts, *how, (lambda part: opened.form.count(part, opened)) if own else None)
        pieces = [{**document, **part} for part in made]
    else:
        pieces = [{**document, "text": part} for part in split_text(document["text"], int(most) - marks(opened), opened.starts, *how)]
    for count, piece in enumerate(pieces, 1):
        yield piece, f"{where}, piece {count} of {len(pieces)}" if pieces[1:] else where


def _row(teller: Teller, number_: int, where: str, document: Mapping[str, Any], found: list[Finding]) -> Iterator[str]:
    if "why" in document:
        message = f"row {number_}, {where}, is left out: {document['why']}"
        found.append(Finding("D141", "warning", message, ("steps", teller.step.id), "mend the row, or name its columns with columns:"))
        yield f"  row {number_}, {where}: left out: {document['why']}"
        return
    if teller.tokenizer is None:
        yield f"  row {number_}, {where}: {len(document['text']):,} characters"
        yield f"    text   {_short(document['text'])}"
        return
    from steps.text.rowform import row_of

    try:
        row = row_of(document, teller.tokenizer)
    except RecipeError as error:
        found.append(error.finding(("steps", teller.step.id)))
        yield f"  row {number_}, {where}: {error.message}"
        return
    count, learned = len(row.ids), sum(row.learned[1:])
    yield f"  row {number_}, {where}: {count:,} tokens, {learned / max(1, count):.0%} learned; {_fit(teller, count)}"
    for stretch, is_learned in _stretches(teller.tokenizer, row.ids, row.learned):
        yield f"    {'learn' if is_learned else 'read '}  {_short(stretch)}"
    yield f"    ids    {' '.join(map(str, row.ids[:24]))}{' …' if count > 24 else ''}"
    found += _gates(teller, number_, where, row.ids, row.learned)


def _fit(teller: Teller, count: int) -> str:
    if count - 1 <= teller.length:
        return "whole" if teller.chats else "packed end to end with others"
    if not teller.chats:
        return f"over {-(-count // teller.length)} rows of {teller.length}"
    return f"longer than a row of {teller.length}, and never cut: put a split_long step before the training"


def _gates(teller: Teller, number_: int, where: str, ids: list[int], learned: list[bool]) -> Iterator[Finding]:
    tokenizer, path = teller.tokenizer, ("steps", teller.step.id)
    assert tokenizer is not None
    begin, end = tokenizer.bos_id, tokenizer.eos_id
    if begin is not None and ids[:2] == [begin, begin]:
        yield Finding("D148", "warning", f"row {number_}, {where}, begins twice", path, "take the begin token out of the template")
    if not any(learned[1:]):
        yield Finding("D112", "error", f"row {number_}, {where}, has no token to learn", path, "give text, or conversations with answers")
    elif teller.chats:
        last = max(i for i, each in enumerate(learned) if each)
        ends = {end} | {number for mark in tokenizer.form.marks for number in tokenizer.encode_marked(mark, [mark])[0]}
        if ids[last] not in ends and not tokenizer.piece(ids[last]).endswith(("|>", ">")):
            message = f"row {number_}, {where}, does not end with a mark: the model does not learn to stop"
            yield Finding("D149", "warning", message, path, "end answers in the template with the end token")


def _stretches(tokenizer: "TextTokenizer", ids: list[int], learned: list[bool]) -> Iterator[tuple[str, bool]]:
    """Runs of tokens that are all read or all learned, as the vocabulary spells them, parted by bars."""
    start = 0
    for at_ in range(1, len(ids) + 1):
        if at_ == len(ids) or learned[at_] != learned[start]:
            yield "|".join(tokenizer.piece(token) for token in ids[start:at_]), learned[start]
            start = at_


def _short(text: str) -> str:
    plain = text.replace("\n", "⏎").replace("\t", "→")
    return plain if len(plain) <= SHOWN else plain[: SHOWN - 1] + "…"


def _teller(view: View, step: StepMeant) -> Teller:
    length = param(step, "max_seq_length") or int(number(step, "max_seq_length") or 512)
    chats = at(step.raw, "objective") == "sft"
    folder, why = _tokenizer_folder(view, step)
    if folder is None:
        return Teller(step, None, why, length, chats)
    from steps.text.tokenizers import open_tokenizer

    try:
        tokens = at(step.raw, "add_tokens")
        return Teller(step, _with_added(folder, tokens) if tokens else open_tokenizer(folder), "", length, chats)
    except (RecipeError, ImportError) as error:
        return Teller(step, None, f"text alone: {error}", length, chats)


def _with_added(folder: Path, tokens: list[str]) -> "TextTokenizer":
    """The base's tokenizer with `add_tokens`, as the training will make it; its files are read whole and gone again."""
    from steps.text.added import add_tokens
    from steps.text.elsewhere import FILES
    from steps.text.tokenizers import open_tokenizer

    with tempfile.TemporaryDirectory() as place:
        for name in FILES:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, Path(place) / name)
        add_tokens(Path(place), tokens)
        opened = open_tokenizer(Path(place))
        opened.form  # noqa: B018  the template, read now
        return opened


def _tokenizer_folder(view: View, step: StepMeant) -> tuple[Path | None, str]:
    """The base's folder, or what the store has of the tokenizer that the recipe trains."""
    ref = at(step.raw, "model.base")
    if isinstance(ref, dict) and ref.get("step") is None:
        base = view.base(step)
        if base is not None:
            return base.folder, ""
        return None, f"text alone: {ref.get('hub') or ref.get('path')} is not on this machine"
    from runner.standing import stored

    recipe = view.meant.recipe
    if recipe is None:
        return None, "text alone: the recipe has mistakes"
    makers = view.makers(step, "tokenizer") or view.makers(step, "checkpoint")
    links = [link for name in ("tokenizer", "checkpoint") for link in step.inputs.get(name, []) if not link.inside]
    folders = [stored(view.meant, recipe.recipe, maker.id) for maker in makers]
    folders += [link.folder or stored(view.meant, link.recipe, link.step) for link in links]
    if (folder := next((each for each in folders if each is not None and each.is_dir()), None)) is not None:
        return folder, ""
    if makers:
        return None, f"text alone: {makers[0].id} has not run yet; recipe run --to {makers[0].id} makes it"
    if links and links[0].recipe:
        return None, f"text alone: {links[0].step} of {links[0].recipe} has not run yet; recipe run {links[0].recipe} makes it"
    return None, "text alone: no step of this recipe makes its tokenizer"


def _behind(view: View, step: StepMeant) -> list[StepMeant]:
    """The steps whose documents reach `step`, the nearest first."""
    behind, found = [m for name in ("corpus", "bins") for m in view.makers(step, name)], []
    while behind:
        found.append(behind.pop(0))
        behind += view.makers(found[-1], "corpus")
    return found


def documents_of(view: View, step: StepMeant) -> Iterator[tuple[str, dict[str, Any]]]:
    """Documents that reach `step`, from the beginnings of local files and of what the hub's cache has, each with where it stands; of a row
    that becomes none `why`, in words."""
    parsers = [maker for maker in _behind(view, step) if maker.type == "parse_corpus"]
    from runner.rules.hub import folder_of, rows_of

    for parser in parsers:
        for _, source, _ in sources(parser):
            tables = view.tables(source)
            for file in tables or rows_of(view, source):
                if not tables and file.suffix == ".txt":  # datasets makes each line a row
                    written = view.facts.head(file).decode("utf-8", "replace").splitlines()
                    yield from (
                        (f"{source['hub']}/{file.name}:{n}", {"text": line, "messages": None}) for n, line in enumerate(written, 1) if line
                    )
                    continue
                head = view.head(file, source.get("format"))
                where = os.path.relpath(file, view.meant.project)
                if not tables:
                    root, _ = folder_of(view, source["hub"], source.get("revision"))
                    where = f"{source['hub']}/{file.relative_to(root or file.parent)}"
                for line, made in _made(head, source.get("columns")):
                    yield f"{where}:{line}", {"why": str(made)} if isinstance(made, Exception) else made.model_dump()
            pattern = source.get("path")
            for file in view.facts.files(pattern) if isinstance(pattern, str) and pattern and not tables else []:
                yield from _texts_of(view, source, file)


def _made(head: "Head", columns: Any) -> list[tuple[int, Any]]:
    """What becomes of each row; nothing where a column is missing, which the check tells."""
    try:
        return list(head.made(columns))
    except NoSuchColumn:
        return []


def _texts_of(view: View, source: Mapping[str, Any], file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The documents of a text file's beginning, parted as the source says; what stands at the cut is left out, unless it is all."""
    try:
        kind = format_of(file, source.get("format") or "auto")
        data = view.facts.head(file)
        text = beginning(data, whole := view.facts.size(file) <= len(data))
    except Unreadable:
        return
    if kind not in ("txt", "md"):
        return
    where, split = os.path.relpath(file, view.meant.project), source.get("document") or "file"
    parts = text.splitlines() if split == "line" else GAP.split(text) if split == "blank_line" else [text]
    if not whole and len(parts) > 1:
        del parts[-1]
    elif not whole:
        where = f"{where}, its first {len(data) >> 10} kB"
    for number_, part in enumerate(parts, 1):
        if part.strip():
            yield f"{where}:{number_}" if split == "line" else where, {"text": part.strip("\n"), "messages": None}
