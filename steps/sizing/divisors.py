"""Micro-batches that an effective batch is made of."""

MOST_ROWS = 1 << 16  # no device takes more rows at a time; a slip of the pen may ask for any number


def divisors(rows: int, most: int = MOST_ROWS) -> list[int]:
    """All numbers up to `most`, and MOST_ROWS, that divide `rows`, ascending."""
    return [n for n in range(1, min(rows, most, MOST_ROWS) + 1) if rows % n == 0]
