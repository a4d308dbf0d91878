"""Micro-batches that divide the rows of a step."""

from hypothesis import given
from hypothesis import strategies as st

from steps.sizing.divisors import MOST_ROWS, divisors


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_they_divide_and_none_is_missing(rows: int, most: int):
    """Ascending, up to the most that is asked for."""
    assert divisors(rows, most) == [n for n in range(1, rows + 1) if rows % n == 0 and n <= most]


@given(st.integers(MOST_ROWS, 10**40))
def test_any_number_is_answered(rows: int):
    """No device takes more rows than MOST_ROWS at a time, so no more are tried."""
    assert divisors(rows)[-1] <= MOST_ROWS
