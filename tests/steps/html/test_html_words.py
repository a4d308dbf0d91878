"""Words: one way to write each kind of figure."""

from math import inf, nan

import pytest

from steps.html.words import count, figure, flat, language, listed, memory, moment, percent, plural, short, size, span


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (figure(2.1423), "2.14"), (figure(1234.5), "1,234"), (figure(0.00004), "4e−5"), (figure(nan), "not a number"),
        (figure(inf), "∞"),
        (figure(None), "–"), (figure(0), "0"), (figure(0.0123), "0.0123"), (figure(-3), "−3.00"), (figure(True), "–"),
        (count(1750), "1,750"), (short(592_000), "0.6 M"), (short(15_500_000), "15.5 M"), (short(1_200_000_000), "1.2 B"),
        (short(1750), "1,750"),
        (size(1_268_224), "1.3 MB"), (size(12), "12 bytes"), (memory(15 * 1024**3), "15.0 GiB"), (memory(700 * 1024**2), "0.7 GiB"),
        (span(0.02), "20 ms"), (span(4.21), "4.2 s"), (span(118.4), "1 min 58 s"), (span(59.96), "1 min 00 s"), (span(7500), "2 h 05 min"),
        (span(400_000), "4 days 15 h"), (percent(0.061), "6 %"), (percent(0.9999, 1), "99.990 %"), (percent(1), "100 %"),
        (percent(0.0, 2), "0 %"),
        (plural(1, "file"), "1 file"), (plural(0, "file"), "0 files"), (listed(["a", "b", "c"]), "a, b and c"),
        (listed(["a", "b", "c", "d", "e", "f"]), "a, b, c and 3 more"), (language("tr"), "Turkish"), (language("xx"), "xx"),
        (moment("2026-11-21T21:42:35Z"), "21 November 2026, 21:42"), (moment("yesterday"), "yesterday"),
    ],
)  # fmt: skip
def test_figures_are_written_for_people(written: str, wanted: str):
    """Each value, and what a reader sees."""
    assert written == wanted


def test_nested_data_becomes_rows():
    """Names are joined by dots; a size in bytes is written as one; the number of rows is bounded."""
    assert flat({"a": {"b": 1, "free_bytes": 2 * 1024**3}, "c": ["x", "y"], "d": [{"e": True}]}) == [
        ("a.b", "1"), ("a.free", "2.0 GiB"), ("c", "x, y"), ("d.0.e", "yes"),
    ]  # fmt: skip
    assert len(flat({str(i): i for i in range(1000)}, most=10)) == 10
