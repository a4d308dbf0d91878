"""Turkish in a tokenizer: the letters that others lose, capitals that are not what English makes of them, and chains of suffixes."""

from collections.abc import Iterable
from typing import Any

from steps.text.tokenizers import TextTokenizer
from steps.text.trainers import TURKISH as LETTERS

CASES = (  # i and ı are two letters: İ is the capital of i, I of ı
    ("ılık", "Ilık"),
    ("ısırgan", "Isırgan"),
    ("iyi", "İyi"),
    ("istanbul", "İstanbul"),
    ("ığdır", "Iğdır"),
    ("şişli", "Şişli"),
    ("IRAK", "İRAK"),
    ("kıl", "kil"),
)
CHAINS = (  # a word cut at its suffixes, as a grammar cuts it
    "ev ler imiz de ki ler den",
    "göz lük çü lük",
    "kitap lar ım ız dan",
    "gel e me y ebil ir di k",
    "okul un uz da ki",
    "yap tır ma malı y mış sınız",
    "Türkiye ' de ki ler in",
    "çekoslovakya lı laş tır a ma dık lar ımız dan",
    "mı sınız",
    "Muvaffakiyet siz leş tir ici leş tir i ver e me y ebil ecek ler imiz den miş siniz ce sine",
)
WORDS = 20_000  # words of the text whose pieces are counted


def page(tokenizer: TextTokenizer, texts: Iterable[str]) -> dict[str, Any]:
    """What the report shows of Turkish.

    letters: {"letter", "pieces", "kept"}. cases: {"lower", "upper", "pieces", "kept"}. chains: {"word", "suffixes", "pieces", "tokens",
    "morphemes", "per_morpheme", "cuts", "on_border"}: how many of the tokenizer's cuts fall on a border of the grammar.
    words: how many words of `texts` take one piece, two, three, four or more.
    """
    kept = [_word(tokenizer, word) for word in LETTERS]
    cases = [
        {"lower": a, "upper": b, "pieces": [_word(tokenizer, a)["pieces"], _word(tokenizer, b)["pieces"]], "kept": _apart(tokenizer, a, b)}
        for a, b in CASES
    ]
    return {
        "letters": [{"letter": word, **found} for word, found in zip(LETTERS, kept, strict=True)],
        "cases": cases,
        "chains": [_chain(tokenizer, chain.split(" ")) for chain in CHAINS],
        "words": _by_pieces(tokenizer, texts),
    }


def lost_letters(tokenizer: TextTokenizer) -> list[str]:
    """Letters of Turkish that do not come back: unknown, or changed into another."""
    return [letter for letter in (*LETTERS, "I", "i") if not _word(tokenizer, letter)["kept"]]


def _word(tokenizer: TextTokenizer, word: str) -> dict[str, Any]:
    """A word after a blank, as it stands in a sentence: its pieces as text, and whether it comes back."""
    ids, _ = tokenizer.encode_offsets(f" {word}")
    known = tokenizer.unk_id is None or tokenizer.unk_id not in ids
    return {"pieces": _pieces(tokenizer, word), "kept": known and tokenizer.decode(ids).strip() == word}


def _pieces(tokenizer: TextTokenizer, word: str) -> list[str]:
    """The stretches of `word` that its tokens stand for; several tokens of one character are `character ×n`."""
    stretches: list[tuple[int, int, int]] = []
    for start, end in tokenizer.encode_offsets(f" {word}")[1]:
        start, end = max(start, 1), max(end, 1)
        if end <= start:
            continue
        if stretches and stretches[-1][0] <= start < stretches[-1][1]:
            first, last, times = stretches[-1]
            stretches[-1] = (first, max(last, end), times + 1)
        else:
            stretches.append((start, end, 1))
    return [word[a - 1 : b - 1] + (f" ×{times}" if times > 1 else "") for a, b, times in stretches]


def _apart(tokenizer: TextTokenizer, one: str, other: str) -> bool:
    """True when both words come back and have ids of their own: nothing folded I into i."""
    return (
        _word(tokenizer, one)["kept"] and _word(tokenizer, other)["kept"] and tokenizer.encode(f" {one}") != tokenizer.encode(f" {other}")
    )


def _chain(tokenizer: TextTokenizer, morphemes: list[str]) -> dict[str, Any]:
    word = "".join(morphemes)
    spans = tokenizer.encode_offsets(f" {word}")[1]
    cuts = {start - 1 for start, _ in spans if start > 1}
    borders = {sum(map(len, morphemes[:n])) for n in range(1, len(morphemes))}
    tokens = sum(end > 1 for _, end in spans)
    return {
        "word": word,
        "suffixes": morphemes,
        "pieces": _pieces(tokenizer, word),
        "tokens": tokens,
        "morphemes": len(morphemes),
        "per_morpheme": round(tokens / len(morphemes), 2),
        "cuts": len(cuts),
        "on_border": len(cuts & borders),
    }


def _by_pieces(tokenizer: TextTokenizer, texts: Iterable[str]) -> dict[str, int]:
    """How many words take so many tokens, the blank before them counted in."""
    words: list[str] = []
    for text in texts:
        words += [f" {word}" for word in text.split()]
        if len(words) >= WORDS:
            break
    counts = {"1": 0, "2": 0, "3": 0, "4 or more": 0}
    for ids in tokenizer.encode_batch(words[:WORDS]):
        counts[str(len(ids)) if len(ids) < 4 else "4 or more"] += 1
    return counts
