"""Tokenizers of bases, opened by the library that the run opens them with: damaged ones, and ones that do not give a text back."""

from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec

from runner.modelfolder import ModelFolder
from runner.rules import View, rule, say
from runner.rules.base import SMALL, named_at
from schemas.findings import Finding, RecipeError

FEWEST = 256  # tokens: with fewer it is cut down by hand, to be looked at
NEWER = ("did not match any variant", "Unknown tokenizer version")  # allenai/open-instruct#738
BY_HAND = "missing field"  # what its writer always writes: the file was made to be looked at, and not to be opened
WHOLE = {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"}  # fields of a token of added_tokens
TEXT = "The old well of 1984 had water, and the hen drank."  # of letters, digits and signs that every tokenizer has


@rule()
def tokenizers_open(view: View) -> Iterator[Finding]:
    """T101: a tokenizer that cannot be opened. T120: one that a step is to prove, and that does not give a plain sentence back."""
    told: set[str] = set()
    for step, where, folder in view.bases:
        files = [folder.folder / name for name in SMALL if name in folder] if folder is not None else []
        if folder is None or not files or folder.name in told or not folder.tokens:
            continue  # without tokens: told by its files
        if any(file.suffix == ".json" and not folder.json(file.name) for file in files):
            continue  # C047, or a pointer of Git LFS
        error, back = view.facts.remembered("tokenizer opened 1", files, partial(_tried, folder))
        lacking = _half_written(folder) if error.startswith(BY_HAND) else ""
        if error and (lacking or not error.startswith(BY_HAND)):
            told.add(folder.name)
            message = f"the tokenizer of {folder.name} cannot be opened: {error}"
            newer = any(word in error for word in NEWER)
            fix = "a newer library may have written it: pip install -U tokenizers; else " if newer else ""
            fix = lacking or f"{fix}fetch or copy the folder again"
            yield say("T101", step, named_at(step.raw, where), message, fix)
        elif back and step.type == "check_vocab_consistency" and len(folder.tokens) >= FEWEST:
            message = f"the tokenizer of {folder.name} does not give a text back: {TEXT!r} becomes {back!r}"
            fix = "fetch the folder again; a tokenizer of encoders, which keeps no capitals or blanks, cannot write"
            yield say("T120", step, named_at(step.raw, where), message, fix)


def _half_written(folder: ModelFolder) -> str:
    """What to write where a token was added by hand beside tokens that are whole; empty where none is: made to be looked at."""
    listed = folder.json("tokenizer.json").get("added_tokens")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    whole = next((entry for entry in entries if entry.keys() >= WHOLE), None)
    part = next((entry for entry in entries if not entry.keys() >= WHOLE), None)
    if whole is None or part is None:
        return ""
    return f"give {part.get('content')} of its added_tokens what the others have: {', '.join(sorted(WHOLE - part.keys()))}"


def _tried(folder: ModelFolder) -> list[str]:
    """Why it cannot be opened, and what becomes of TEXT where that is not what it was; both empty where all is well or not known."""
    from steps.text.tokenizers import open_tokenizer

    if find_spec("tokenizers") is None or find_spec("sentencepiece") is None:
        return ["", ""]
    try:
        opened = open_tokenizer(folder.folder)
    except RecipeError as error:
        return [error.message.partition("cannot be opened: ")[2], ""] if error.code == "T101" else ["", ""]
    try:
        back = opened.decode(opened.encode(TEXT))
    except Exception as error:  # noqa: BLE001 - of a library in Rust, which has no exceptions of its own
        return [str(error), ""]
    return ["", "" if back.strip() == TEXT else back]
