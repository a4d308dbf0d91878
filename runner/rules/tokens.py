"""Tokenizers of bases, opened by the library that the run opens them with: damaged ones, and ones that do not give a text back."""

from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

from runner.modelfolder import ModelFolder
from runner.rules import View, rule, say
from runner.rules.base import SMALL, named_at
from schemas.findings import Finding, RecipeError, RulePage

FEWEST = 256  # tokens: with fewer it is cut down by hand, to be looked at
NEWER = ("did not match any variant", "Unknown tokenizer version")  # allenai/open-instruct#738
BY_HAND = "missing field"  # what its writer always writes: the file was made to be looked at, and not to be opened
WHOLE = {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"}  # fields of a token of added_tokens
TEXT = "The old well of 1984 had water, and the hen drank."  # of letters, digits and signs that every tokenizer has


@rule(
    RulePage(
        "V110",
        "a token that gets another id than its file says",
        "The library counts added tokens on from the last one that it knows. One whose id is taken, or that leaves a gap before it, gets "
        "the next free id in silence: its row in the embedding is then that of another token, or lies behind the last.",
        wrong='tokenizer.json: "added_tokens": [{"id": 310, "content": "<|call|>", …}]   # the vocabulary ends at 299',
        right='tokenizer.json: "added_tokens": [{"id": 300, "content": "<|call|>", …}]',
        source="ggml-org/llama.cpp#3583; ggml-org/llama.cpp#3585; huggingface/tokenizers#1366",
        needs="tokenizer.json, opened by the library tokenizers, and the headers of the weights",
    )
)
def tokenizers_open(view: View) -> Iterator[Finding]:
    """T101: a tokenizer that cannot be opened. V110: ids that its library does not give. T120: one that does not give a sentence back."""
    told: set[str] = set()
    for step, where, folder in view.bases:
        files = [folder.folder / name for name in SMALL if name in folder] if folder is not None else []
        if folder is None or not files or folder.name in told or not folder.tokens:
            continue  # without tokens: told by its files
        if any(file.suffix == ".json" and not folder.json(file.name) for file in files):
            continue  # C047, or a pointer of Git LFS
        error, back, moved = view.facts.remembered("tokenizer opened 2", files, partial(_tried, folder))
        lacking = _half_written(folder) if error.startswith(BY_HAND) else ""
        if error and (lacking or not error.startswith(BY_HAND)):
            told.add(folder.name)
            message = f"the tokenizer of {folder.name} cannot be opened: {error}"
            newer = any(word in error for word in NEWER)
            fix = "a newer library may have written it: pip install -U tokenizers; else " if newer else ""
            fix = lacking or f"{fix}fetch or copy the folder again"
            yield say("T101", step, named_at(step.raw, where), message, fix)
        elif moved:
            told.add(folder.name)
            token, said, number = moved[0], int(moved[1]), int(moved[2])
            owner = next((each for each, its in folder.tokens.items() if its == said and each != token), "")
            why = f"which {owner} has" if owner else "with a gap before it"
            row = ", behind the last row of the embedding" if folder.rows is not None and number >= folder.rows else ""
            message = f"tokenizer.json of {folder.name} says {token} is id {said:,}, {why}: its library makes it {number:,}{row}"
            fix = f"write the id {number} there and give the embedding that row, or fetch the folder again"
            yield say("V110", step, named_at(step.raw, where), message, fix, severity="error" if row else "warning")
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


def _tried(folder: ModelFolder) -> list[Any]:
    """Why it cannot be opened, what becomes of TEXT where that is not what it was, and the first token with another id than its file
    says, with both ids; each empty where all is well or not known."""
    from steps.text.tokenizers import open_tokenizer

    if find_spec("tokenizers") is None or find_spec("sentencepiece") is None:
        return ["", "", []]
    try:
        opened = open_tokenizer(folder.folder)
    except RecipeError as error:
        return [error.message.partition("cannot be opened: ")[2], "", []] if error.code == "T101" else ["", "", []]
    try:
        back = opened.decode(opened.encode(TEXT))
    except Exception as error:  # noqa: BLE001 - of a library in Rust, which has no exceptions of its own
        return [str(error), "", []]
    return ["", "" if back.strip() == TEXT else back, _moved(folder, getattr(opened, "backend", None))]


def _moved(folder: ModelFolder, backend: Any) -> list[Any]:
    """The first added token of tokenizer.json that the library numbers otherwise, the id there, and the library's."""
    added = folder.json("tokenizer.json").get("added_tokens")
    for entry in added if isinstance(added, list) and hasattr(backend, "token_to_id") else []:
        token, number = (entry.get("content"), entry.get("id")) if isinstance(entry, dict) else (None, None)
        if isinstance(token, str) and isinstance(number, int) and (given := backend.token_to_id(token)) not in (None, number):
            return [token, number, given]
    return []
