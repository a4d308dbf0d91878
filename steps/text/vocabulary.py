"""One truth about vocabulary sizes: whoever makes ids or rows for them asks here."""

from schemas import RecipeError


def ids_fit(largest_id: int, vocab_size: int, where: str, *, field: str = "", fix: str = "") -> None:
    """Raise RecipeError V101 unless every id up to `largest_id` has a row among `vocab_size`. `where`: who has the rows."""
    if largest_id >= vocab_size:
        raise RecipeError(
            "V101",
            f"{where} has rows for {vocab_size} tokens (ids 0 to {vocab_size - 1}), but id {largest_id} occurs",
            field=field,
            fix=fix or f"give {where} at least {largest_id + 1} rows",
        )


def sizes_agree(tokenizer_size: int, other_size: int, where: str, *, multiple_of: int = 1, field: str = "") -> None:
    """Raise RecipeError V102 unless `other_size` is the tokenizer's size, rounded up to `multiple_of` or not."""
    padded = -(-tokenizer_size // multiple_of) * multiple_of
    if other_size not in (tokenizer_size, padded):
        raise RecipeError(
            "V102",
            f"{where} has {other_size} tokens, the tokenizer {tokenizer_size}",
            field=field,
            fix=f"write {field}: {tokenizer_size}, or delete it to use the tokenizer's size" if field else f"make {where} again",
        )
