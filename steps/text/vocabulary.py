"""One truth about vocabulary sizes: whoever makes ids or rows for them asks here."""

from math import log2

from schemas import RecipeError

SMALL_BITS = 10.75  # 1750 pieces: below, a token soon becomes a letter
PADDINGS = (8, 16, 32, 64, 128, 256)  # multiples to which an embedding is rounded up for speed


def padded(vocab_size: int, multiple_of: int) -> int:
    """`vocab_size` rounded up to a multiple."""
    return -(-vocab_size // multiple_of) * multiple_of


def bytes_per_token(vocab_size: int) -> float:
    """UTF-8 bytes that a token stands for, about: 0.27 log2(vocabulary), and half a byte less for each halving of a small one.

    Measured on stories, manuals and novels, two languages, BPE and unigram: 1.9 to 2.5 at 512 pieces, 2.5 to 3.1 at 1000, 2.9 to 3.7 at
    1750, 3.6 to 4.5 at 4000. So it is right to a quarter; the text of a large vocabulary may have a third fewer tokens.
    """
    bits = log2(max(2, vocab_size))
    return max(1.0, 0.27 * bits - 0.26 * max(0.0, SMALL_BITS - bits))


def is_padded(rows: int, vocab_size: int) -> bool:
    """True when `rows` is `vocab_size` rounded up to one of the usual multiples, or `vocab_size` itself."""
    return rows == vocab_size or any(rows == padded(vocab_size, multiple) for multiple in PADDINGS)


def out_of_reach(largest_id: int, vocab_size: int, where: str, at: str = "") -> str:
    """What is wrong with an id that has no row among `vocab_size`, in words; `at`: where the id stands."""
    place = f" ({at})" if at else ""
    return f"{where} has rows for {vocab_size} tokens (ids 0 to {vocab_size - 1}), but id {largest_id} occurs{place}"


def ids_fit(largest_id: int, vocab_size: int, where: str, *, field: str = "", fix: str = "", at: str = "") -> None:
    """Raise RecipeError V101 unless every id up to `largest_id` has a row among `vocab_size`. `where`: who has the rows."""
    if largest_id >= vocab_size:
        raise RecipeError(
            "V101",
            out_of_reach(largest_id, vocab_size, where, at),
            field=field,
            fix=fix or f"give {where} at least {largest_id + 1} rows",
        )


def sizes_agree(tokenizer_size: int, other_size: int, where: str, *, multiple_of: int = 1, field: str = "") -> None:
    """Raise RecipeError V102 unless `other_size` is the tokenizer's size, rounded up to `multiple_of` or not."""
    if other_size not in (tokenizer_size, padded(tokenizer_size, multiple_of)):
        raise RecipeError(
            "V102",
            f"{where} has {other_size} tokens, the tokenizer {tokenizer_size}",
            field=field,
            fix=f"write {field}: {tokenizer_size}, or delete it to use the tokenizer's size" if field else f"make {where} again",
        )
