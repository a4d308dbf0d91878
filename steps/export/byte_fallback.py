"""A bpe of the `tokenizers` library with ▁ for spaces and <0x41> for bytes (Llama 2, Mistral, Gemma, Phi-3), as llama.cpp's `llama` kind.

llama.cpp knows no merges: it joins the two neighbours whose piece has the best score. So the merges must be what scores can say.
"""

from collections import Counter
from itertools import pairwise
from typing import Any, NamedTuple

from steps.text.spmodel import BYTE, CONTROL, NORMAL, UNKNOWN, UNUSED, USER

SPACES = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
PREFIX = {"type": "Prepend", "prepend": "▁"}
UNSPLIT = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}  # of text without spaces
BYTES = frozenset(f"<0x{number:02X}>" for number in range(256))
KEEPS_SPACES = ("<unk>", "<s>", "<|endoftext|>")  # which llama.cpp excepts in a model whose name has phi-3
PHI3 = (*KEEPS_SPACES, "</s>")  # which such a model must have, or llama.cpp stops


class Scored(NamedTuple):
    """Pieces by id, with the scores and types of SentencePiece. strips: whether its marks take the spaces behind them, as Phi-3's do."""

    pieces: list[str]
    scores: list[float]
    types: list[int]
    space_prefix: bool
    strips: bool


def scored(data: dict[str, Any]) -> Scored | str:
    """The vocabulary of a parsed tokenizer.json, or in words why llama.cpp would give other ids."""
    model = data["model"]
    prefix = _space_prefix(data)
    if isinstance(prefix, str):
        return prefix
    odd = [name for name in ("dropout", "ignore_merges", "continuing_subword_prefix", "end_of_word_suffix") if model.get(name)]
    if odd:
        return f"its bpe has {odd[0]}"
    vocab, added = model["vocab"], data.get("added_tokens", [])
    if absent := BYTES.difference(vocab):
        return f"it has no piece {min(absent)}"
    if any(token.get("normalized") and not token["special"] for token in added):
        return "tokens that were added to it are looked for in normalized text"
    strips = _strips(added)
    if isinstance(strips, str):
        return strips
    merges = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in model["merges"]]
    found_first = {token["content"] for token in added if token["special"] or "▁" not in token["content"]}  # in the text as it was written
    order = _scores(merges, {piece for piece in vocab if piece not in found_first and piece not in BYTES})
    if isinstance(order, str):
        return order
    by_id = {number: piece for piece, number in vocab.items()} | {token["id"]: token["content"] for token in added}
    kinds = dict.fromkeys(BYTES, BYTE) | {token["content"]: CONTROL if token["special"] else USER for token in added}
    kinds[model.get("unk_token") or "<unk>"] = UNKNOWN
    every = range(max(by_id) + 1)
    pieces = [by_id.get(number, f"[PAD{number}]") for number in every]
    types = [kinds.get(by_id[number], NORMAL) if number in by_id else UNUSED for number in every]
    return Scored(pieces, [order.get(piece, 0.0) for piece in pieces], types, prefix, strips)


def _space_prefix(data: dict[str, Any]) -> bool | str:
    """Whether a text gets a space before it; in words what llama.cpp does not do to a text."""
    normalizer, splitter = data.get("normalizer") or {}, data.get("pre_tokenizer") or {}
    steps = normalizer.get("normalizers", []) if normalizer.get("type") == "Sequence" else [normalizer] if normalizer else []
    if splitter.get("type") == "Metaspace" and not steps and not splitter.get("split", True):
        if splitter.get("prepend_scheme", "always") == "never":
            return False
        return "it puts a space before a text that begins with none, and llama.cpp before any"
    if splitter and splitter != UNSPLIT:
        return f"it splits words with {splitter.get('type')}"
    if steps in ([SPACES], [PREFIX, SPACES]):
        return len(steps) == 2
    return f"it normalizes text with {', '.join(str(step.get('type')) for step in steps) or 'nothing'}"


def _strips(added: list[dict[str, Any]]) -> bool | str:
    """True where every mark takes the spaces behind it as llama.cpp has it for Phi-3."""
    odd = [token["content"] for token in added if token.get("lstrip") or token.get("single_word")]
    taking = [token["content"] for token in added if token.get("rstrip")]
    if not odd and not taking:
        return False
    names = [token["content"] for token in added]
    if odd or not set(PHI3).issubset(names) or taking != [name for name in names if name not in KEEPS_SPACES]:
        return f"its token {(odd or taking)[0]} takes the spaces beside it"
    return True


def _scores(merges: list[tuple[str, ...]], plain: set[str]) -> dict[str, float] | str:
    """A score for each piece that is merged, the first the best; in words where no scores give the order of the merges.

    plain: the pieces that merges make, or make others of.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for rank, (left, right) in enumerate(merges):
        first.setdefault(left + right, rank)
        last[left + right] = rank
    made = Counter(left + right for left, right in set(merges))
    for piece in plain:
        cuts = [cut for cut in range(1, len(piece)) if piece[:cut] in plain and piece[cut:] in plain]
        if len(cuts) > made[piece]:
            left, right = next((piece[:cut], piece[cut:]) for cut in cuts if (piece[:cut], piece[cut:]) not in merges)
            return f"its merges leave out {left!r} with {right!r}, which llama.cpp would join"
    ranked = sorted((piece for piece in first if piece in plain), key=first.__getitem__)
    scores: dict[str, float] = {}
    group, end = 0, -1
    for before, piece in pairwise(["", *ranked]):
        if first[piece] > end:
            group += 1
        elif len({*before, *piece}) > 1:  # runs of one letter end alike in any order
            return f"its merges to {before!r} and {piece!r} alternate, where llama.cpp has one score for each"
        end = max(end, last[piece])
        scores[piece] = float(-group)
    return scores
