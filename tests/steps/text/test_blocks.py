"""A corpus file in blocks: every line once, long lines in parts, and an exact word about what is wrong."""

import json
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas import Corpus, RecipeError
from steps.text import blocks as room
from steps.text.blocks import Block, LongRow, Place, blocks, rows_of
from tests.steps.text.made import corpus, folder


@pytest.fixture
def small(monkeypatch):
    """Blocks and long lines of a size that tests can reach."""
    monkeypatch.setattr(room, "BLOCK", 64)
    monkeypatch.setattr(room, "LONG", 200)


def long_row(line: str) -> LongRow:
    path = folder() / "corpus.jsonl"
    path.write_bytes(line.encode())
    return LongRow(Block(str(path), 0, path.stat().st_size, True))


def test_every_line_stands_in_one_block(small):
    """In order; a line longer than a block is one by itself; the last may lack its line break."""
    rows = [{"text": "x" * n, "n": n} for n in (3, 50, 500, 1, 1, 70, 9)]
    path = corpus(rows).path / "corpus.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    found = list(blocks(path))
    assert [b.start for b in found[1:]] == [b.stop for b in found[:-1]]
    assert [row for b in found for row in rows_of(b)[0]] == rows
    assert [b.long for b in found].count(True) == 1


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from('aé句😀\\"\n\t\x01/u0'), max_size=300), st.booleans(), st.integers(3, 40))
def test_a_long_text_comes_in_parts(text, ascii_only, block):
    """Joined they are the text, whatever its escapes and wherever they are cut; the rest of the row is there."""
    before, room.BLOCK = room.BLOCK, block
    try:
        row = long_row(json.dumps({"text": text, "lang": "tr", "origin": "o"}, ensure_ascii=ascii_only) + "\n")
        assert "".join(row.parts()) == text
        assert (row.row, row.characters) == ({"lang": "tr", "origin": "o"}, len(text))
        assert "".join(long_row(json.dumps({"text": text}, ensure_ascii=ascii_only)).parts()) == text
    finally:
        room.BLOCK = before


def test_many_escapes_are_read_in_linear_time(small):
    """A text that is nothing but escapes, and one that is nothing but backslashes."""
    for text in ("\x01" * 30_000, "\\" * 30_000, "😀" * 10_000):
        assert "".join(long_row(json.dumps({"text": text})).parts()) == text


def test_a_row_in_another_order_is_held_whole():
    """What cannot be parted is still read."""
    row = long_row('{"lang": "tr", "text": "abc"}\n')
    assert ("".join(row.parts()), row.row["lang"]) == ("abc", "tr")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"text": "ab', "line 2: it is no JSON: "),
        (b'{"text": 3}', "line 2: it is no object with a text"),
        (b"[1]", "line 2: it is no object with a text"),
        (b'{"text": "\xff"}', "line 2: it is no JSON: "),
        (b'{"text": "\\ud83d"}', "line 2: it holds half of a surrogate pair, which is no character"),
        (b'{"text": "' + b"a" * 300, "line 2: its text has no end"),
        (b'{"text": "' + b"a" * 300 + b'", "lang"}', "line 2: it is no JSON: "),
        (b'{"text": "' + b"a" * 300 + b"\xff" + b'"}', "line 2: it is no UTF-8: "),
    ],
)
def test_a_broken_line_is_named_by_its_number(small, line, why):
    """In a short row and in a long one; D122."""
    made = corpus([{"text": "a"}, {"text": "b"}])
    (made.path / "corpus.jsonl").write_bytes(b'{"text": "a"}\n' + line + b"\n")
    with pytest.raises(RecipeError) as error:
        read(made)
    assert (error.value.code, error.value.field) == ("D122", "corpus")
    assert error.value.message.startswith(f"corpus.jsonl, {why}")


def test_a_file_that_is_cut_or_gone_is_told(small):
    """Before reading by its description, while reading by its size; D122."""
    made = corpus([{"text": f"text {i}"} for i in range(30)])
    path = made.path / "corpus.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:20]))
    with pytest.raises(RecipeError, match=r"D122: .*corpus\.jsonl has 20 lines, its description says 30: it was cut or changed"):
        read(made)
    going = blocks(path)
    next(going)
    path.write_bytes(b"")
    with pytest.raises(room.Changed):
        list(going)
    path.unlink()
    with pytest.raises(RecipeError, match=r"D122: corpus\.jsonl cannot be read: No such file"):
        read(made)


def read(made: Corpus) -> list[str]:
    place = Place([made])
    texts = []
    for number, block in place.blocks():
        try:
            if block.long:
                texts.append("".join(LongRow(block).parts()))
                lines = 1
            else:
                rows, lines = rows_of(block)
                texts += [row["text"] for row in rows]
        except (room.BadRow, room.Changed, OSError) as error:
            raise place.error(number, error) from error
        place.passed(number, block, lines)
    place.finish()
    return texts


def test_without_the_quick_parser_the_same_rows_are_refused(monkeypatch: pytest.MonkeyPatch):
    """The standard library takes half of a surrogate pair; ours does not."""
    from steps.text import blocks

    monkeypatch.setitem(__import__("sys").modules, "orjson", None)
    blocks._parser.cache_clear()
    parse = blocks._parser()
    blocks._parser.cache_clear()
    assert parse(b'{"text": "\\ud83d\\ude00"}') == {"text": "😀"}
    with pytest.raises(ValueError, match="surrogates not allowed"):
        parse(b'{"text": "\\ud83d"}')


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 600), max_size=12), st.integers(1, 4), st.integers(0, 300))
def test_beginnings_of_some_documents(small, sizes, every, characters):
    """Those that `Corpus.rows` gives, each cut, however long the lines and wherever blocks end."""
    made = [corpus([{"text": f"{n}ş" * size, "lang": "tr"} for n, size in enumerate(part)]) for part in (sizes[::2], sizes[1::2])]
    whole = [row for one in made for row in one.rows()]
    wanted = [{**row, "text": row["text"][:characters]} for row in whole[::every]]
    assert list(Place(made).beginnings(every, characters)) == wanted


def test_no_more_of_a_long_document_is_held_than_its_beginning():
    """A line of 20 MB in less than 8 MB of memory."""
    given_one = corpus([{"text": "bir iki üç " * 1_500_000}])
    tracemalloc.start()
    try:
        assert [len(row["text"]) for row in Place([given_one]).beginnings(1, 100)] == [100]
        assert tracemalloc.get_traced_memory()[1] < 8e6
    finally:
        tracemalloc.stop()
