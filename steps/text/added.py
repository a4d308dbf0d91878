"""Tokens added to a finished tokenizer: behind all ids that it has, in every form that its folder has, and proved on text."""

from collections.abc import Sequence
from pathlib import Path

from schemas import RecipeError
from steps.text.fast import HARD_LINES, first_difference
from steps.text.spmodel import with_symbols
from steps.text.tokenizers import FastTokenizer, SentencePieceTokenizer, TextTokenizer, _library, open_tokenizer

FIELD = "add_tokens"


def add_tokens(folder: Path, tokens: Sequence[str]) -> list[str]:
    """Add to the tokenizer in `folder`, in place, those of `tokens` that it does not have; returns them, in the order of their ids.

    Wherever a text has one it is that token, as a user symbol of train_tokenizer is. `tokenizer.model` and `tokenizer.json` both get
    them; where the two then disagree on text, `tokenizer.json` alone, which is then the one that counts (`open_tokenizer`).
    Raises RecipeError V107 when a new token does not come back as the id behind the last.
    """
    before = open_tokenizer(folder)
    first, new = before.vocab_size, [token for token in dict.fromkeys(tokens) if not _known(before, token)]
    if not new:
        return []
    if (folder / "tokenizer.json").is_file():
        _into_json(folder / "tokenizer.json", new)
    if isinstance(before, SentencePieceTokenizer):
        path = folder / "tokenizer.model"
        old = path.read_bytes()
        path.write_bytes(with_symbols(old, new))
        texts = [*HARD_LINES, *(text for token in new for text in (token, f"a{token}b {token} c", f"{token}\n{token}{token}"))]
        if (folder / "tokenizer.json").is_file() and first_difference(SentencePieceTokenizer(path), folder, texts) is not None:
            path.write_bytes(old)
    after = open_tokenizer(folder)
    for number, token in enumerate(new, first):
        if after.encode(f"a{token}b").count(number) != 1 or after.piece(number) != token:
            message = f"{token!r} does not become token {number} of this tokenizer: it has other ids, or changes the text before it looks"
            raise RecipeError("V107", message, field=FIELD, fix="choose another spelling, such as <|name|>")
    if after.vocab_size != first + len(new):
        raise RecipeError("V107", f"{first + len(new)} tokens were to be, {after.vocab_size} are", field=FIELD, fix="add fewer tokens")
    return new


def _known(opened: TextTokenizer, token: str) -> bool:
    if isinstance(opened, FastTokenizer):
        return opened.backend.token_to_id(token) is not None
    return isinstance(opened, SentencePieceTokenizer) and any(piece.text == token for piece in opened.model.pieces)


def _into_json(path: Path, tokens: Sequence[str]) -> None:
    """By the library's own rules for ids; they come first in a text, before it is normalised."""
    tokenizers = _library("tokenizers")
    backend = tokenizers.Tokenizer.from_file(str(path))
    backend.add_tokens([tokenizers.AddedToken(token, special=False, normalized=False) for token in tokens])
    path.write_text(backend.to_str(pretty=True), "utf-8")
