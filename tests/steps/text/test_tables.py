"""Files of rows, streamed: packed, with other types, cut off, and with broken lines."""

import bz2
import datetime
import gzip
import json
import lzma
from pathlib import Path

import pytest

from runner.facts import Facts
from steps.text import tables
from steps.text.documents import read_documents
from steps.text.further import further
from steps.text.heads import head_of
from steps.text.rows import NoSuchColumn
from steps.text.unreadable import Unreadable
from tests.conftest import FakeContext

LINES = b'{"text": "bir"}\n{"text": "iki"}\n'


def read(path, **options):
    complaints = []
    found = list(read_documents(path, complain=lambda reason, example: complaints.append((reason, example)), **options))
    return [d.text for d in found], complaints


def put(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def zstd(data):
    return pytest.importorskip("pyarrow").Codec("zstd").compress(data).to_pybytes()


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress), ("zst", zstd)])
def test_packed_files_are_read_through(tmp_path, ending, pack):
    """Two packed pieces in a row are one file, for rows and for texts; half a file says that it is damaged, after its whole lines."""
    assert read(put(tmp_path, f"a.jsonl.{ending}", pack(LINES) + pack(LINES))) == (["bir", "iki", "bir", "iki"], [])
    assert read(put(tmp_path, f"a.txt.{ending}", pack("Bir gün.".encode()))) == (["Bir gün."], [])
    with pytest.raises(Unreadable, match="damaged"):
        read(put(tmp_path, f"b.jsonl.{ending}", pack(LINES * 1000)[:-20]))
    with pytest.raises(Unreadable, match="damaged"):
        read(put(tmp_path, f"c.jsonl.{ending}", b"hello"))


def test_a_broken_line_is_named_and_the_rest_is_read(tmp_path):
    """Cut, not UTF-8, nested without end, no object: each by its line."""
    deep = b"[" * 100_000
    bad = (b'{"text": "ya', b'{"text": "\xff"}', deep, b"7")
    texts, complaints = read(put(tmp_path, "a.jsonl", LINES + b"\n".join(bad) + b"\n" + LINES))
    assert texts == ["bir", "iki", "bir", "iki"]
    assert [example.partition(":")[0] for _, example in complaints] == [f"a.jsonl, line {n}" for n in (3, 4, 5, 6)]
    assert complaints[1] == ("broken row: no UTF-8", "a.jsonl, line 4: no UTF-8 at byte 11 of the line")


@pytest.mark.parametrize(
    "content",
    [
        '[{"text": "bir"}, {"text": "iki"}]',
        ' [\n{"text": "bir"},\n{"text": "iki"}\n]\n',
        '{"version": 1, "data": [{"text": "bir"}, {"text": "iki"}]}',
        '{"text": "bir"}\n{"text": "iki"}\n',
    ],
)
def test_json_in_its_shapes(tmp_path, content):
    """A list, a list in an object, and JSON lines by the name .json."""
    assert read(put(tmp_path, "a.json", content)) == (["bir", "iki"], [])


def test_a_json_list_that_is_cut_off(tmp_path):
    """What was whole is read, and the end is complained of."""
    texts, complaints = read(put(tmp_path, "a.json", '[{"text": "bir"}, {"text": "ik'))
    assert (texts, complaints[0][0]) == (["bir"], "broken row: Unterminated string starting")
    assert complaints[0][1].startswith("a.json, row 2:")
    assert read(put(tmp_path, "b.json", '[{"text": "bir"}'))[1][0][1] == (
        "b.json, after row 1: the list does not end, the file may be cut off"
    )
    with pytest.raises(Unreadable, match="no JSON: Expecting"):
        read(put(tmp_path, "c.json", "{'text'"))


def test_csv_of_every_delimiter_and_encoding(tmp_path):
    """Comma, semicolon, tab, bar; UTF-8 with a mark, UTF-16, cp1254; quotes over lines."""
    for mark in ",;\t|":
        text = f'id{mark}text\n1{mark}"Değil, için; çok\nve ""bir"" ğüşıö"\n2{mark}iki olan bir\n'
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1254"):
            texts, complaints = read(put(tmp_path, "a.csv", text.encode(encoding)))
            assert texts == ['Değil, için; çok\nve "bir" ğüşıö', "iki olan bir"], (mark, encoding)
            assert [reason.partition(":")[0] for reason, _ in complaints] == ([] if encoding.startswith("utf-8") else ["encoding"])


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("sep=;\r\nid;text\r\n1;Bir, iki\r\n", ["Bir, iki"]),  # as Excel is told the sign
        ('id,text\n1,"He said \\"hi\\", and left"\n2,"C:\\\\"\n', ['He said "hi", and left', "C:\\\\"]),  # as data bases write quotes
        ('id,text\n1,"C:\\dir\\"\n2,"{""a"": ""b \\""c\\"" d""}"\n', ["C:\\dir\\", '{"a": "b \\"c\\" d"}']),  # which are none of theirs
        ('id, text\n1, "Bir, iki"\n2, üç\n', ["Bir, iki", "üç"]),  # a blank behind each comma
        ('\ufeff"text","id"\n"Bir, iki",1\n', ["Bir, iki"]),  # a mark before a quote, as to_csv of pandas writes them
        ("id,text\n1, bir\n", [" bir"]),  # which is the text's own
    ],
)
def test_csv_as_other_programs_write_it(tmp_path, content, texts):
    """What a person sees in the cells, and by the checks too."""
    path = put(tmp_path, "a.csv", content)
    assert read(path) == (texts, [])
    head = head_of(Facts(tmp_path, FakeContext(tmp_path / "context").target, 0), Path("a.csv"))
    assert ([row["text"] for _, row in head.rows], head.broken) == (texts, [])


LETTER = "a quote that opens here is not closed: it is read as a letter"


@pytest.mark.parametrize(
    ("name", "content", "texts", "line"),
    [
        ("a.csv", 'id,text\n1,"never closed\n2,b\n3,c\n', ['"never closed', "b", "c"], 2),
        ("a.csv", 'id,text\n1,a\n2,"open\n3,"c, d"\n4,d\n', ["a", '"open', "c, d", "d"], 3),
        ("a.csv", 'id,text\n1,"open\n' + "2,b\n" * 3000 + '3,"c"\n', ['"open', *["b"] * 3000, "c"], 2),
        ("a.tsv", 'id\ttext\n1\ta "quoted" word\n2\t"open\n3\tc\n', ['a "quoted" word', '"open', "c"], 3),
        ("a.tsv", 'id\ttext\n1\t"Moss, he said.\n2\tIt is moss."\n', ['"Moss, he said.', 'It is moss."'], 2),
        ("a.csv", 'text\n"open\nb\n', ['"open', "b"], 2),
    ],
    ids=["to the end", "to the next", "of many rows", "of tabs", "closed in the next row", "one column"],
)
def test_a_quote_that_is_not_closed_is_a_letter(tmp_path, name, content, texts, line):
    """The rows behind it are rows; it is told where it stands, and by the checks too."""
    path = put(tmp_path, name, content)
    assert read(path) == (texts, [("open quote", f"{name}, line {line}: {LETTER}")])
    head = head_of(Facts(tmp_path, FakeContext(tmp_path / "context").target, 0), Path(name))
    assert (head.broken, head.unclosed) == ([], (line, LETTER))


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("a.csv", 'id,text\n1,"Roses, are\nViolets, blue"\n2,b\n', ["Roses, are\nViolets, blue", "b"]),
        ("a.csv", 'id,text\n1,"a, b\n' + "c, d\n" * 500 + 'e"\n2,b\n', ["a, b\n" + "c, d\n" * 500 + "e", "b"]),
        ("a.tsv", 'text\tid\n"one\ntwo"\t1\nb\t2\n', ["one\ntwo", "b"]),
        ("a.tsv", 'id\ttext\n1\t"a ""b""\tc\nd\te"\n', ['a "b"\tc\nd\te']),
    ],
)
def test_cells_of_several_lines_stay_whole(tmp_path, name, content, texts):
    """Though each line of them has as many delimiters as a row."""
    assert read(put(tmp_path, name, content)) == (texts, [])


def test_a_cell_that_a_file_is_cut_off_in_is_one(tmp_path):
    """Lines that are no rows are of the cell; that its quote is open is told."""
    path = put(tmp_path, "a.csv", 'id,text\n1,"One.\n\nTwo, three, four.\nFi')
    told = "a.csv, line 2: a quote that opens here is not closed: what is behind it is one cell"
    assert read(path) == (["One.\n\nTwo, three, four.\nFi"], [("open quote", told)])


def test_a_cell_that_the_beginning_of_a_file_ends_in_is_closed_behind_it(tmp_path):
    """The checks, which read no further, say nothing of its quote."""
    put(tmp_path, "a.csv", 'text\na\n"' + "A line of moss.\n" * 9000 + '"\n')
    head = head_of(Facts(tmp_path, FakeContext(tmp_path / "context").target, 0), Path("a.csv"))
    assert (head.broken, head.unclosed) == ([], None)


def test_of_columns_of_one_name_the_first_is_read(tmp_path):
    """The others have a number; that is told. Columns without a name are left alone."""
    path = put(tmp_path, "a.csv", "text,text,,\na,b,,\nc,d,,\n")
    told = ("columns of one name", "a.csv: the first of 'text' has the name, the second is 'text (2)'")
    assert read(path) == (["a", "c"], [told])
    assert read(path, columns={"text": "text (2)"}) == (["b", "d"], [told])


def test_of_columns_of_one_name_in_parquet_the_first_is_read(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = [arrow.array(["a"]), arrow.array([1]), arrow.array(["b"])]
    parquet.write_table(arrow.Table.from_arrays(columns, names=["text", "n", "text"]), tmp_path / "a.parquet")
    told = ("columns of one name", "a.parquet: the first of 'text' has the name, the second is 'text (2)'")
    assert read(tmp_path / "a.parquet") == (["a"], [told])
    assert read(tmp_path / "a.parquet", columns={"text": "text (2)"}) == (["b"], [told])


def test_files_that_were_put_together_have_marks_inside(tmp_path):
    """Before lines of JSON and of text; the checks see no line that is none."""
    path = put(tmp_path, "a.jsonl", '\ufeff{"text": "bir"}\n\ufeff{"text": "iki"}\n\ufeff\n')
    assert read(path) == (["bir", "iki"], [])
    facts = Facts(tmp_path, FakeContext(tmp_path / "context").target, 0)
    assert head_of(facts, Path("a.jsonl")).broken == []
    assert further(facts, Path("a.jsonl"), "jsonl").broken == []


def test_rows_that_were_encoded_twice_are_read_as_they_were(tmp_path):
    """Texts and the turns of a conversation, each by itself; that is told."""
    twice = "Çok güzel, öyle".encode().decode("latin-1")
    content = json.dumps({"text": twice}) + "\n" + json.dumps({"text": "SÃO Paulo"}) + "\n"
    texts, complaints = read(put(tmp_path, "a.jsonl", content))
    assert texts == ["Çok güzel, öyle", "SÃO Paulo"]
    assert complaints == [("encoded twice", f"a.jsonl, line 1: {twice!r} is 'Çok güzel, öyle'")]
    talk = json.dumps({"prompt": twice, "completion": "Evet"})
    [document] = read_documents(put(tmp_path, "b.jsonl", talk), complain=print)
    assert [turn["content"] for turn in document.messages] == ["Çok güzel, öyle", "Evet"]
    assert "Çok güzel" in document.text


def test_letters_that_come_late_in_a_csv_are_not_lost(tmp_path):
    """The beginning is ASCII; what is behind the first 64 kB decides, too."""
    text = "text\n" + "a line\n" * 20_000 + "bir ğ için olan\n"
    assert read(put(tmp_path, "a.csv", text.encode("utf-8")))[0][-1] == "bir ğ için olan"
    assert read(put(tmp_path, "b.csv", text.replace("a line", "ve bir").encode("cp1254")))[0][-1] == "bir ğ için olan"


def test_a_row_may_lack_what_the_others_have(tmp_path):
    """Columns are known by the first rows, not by the very first."""
    lines = '{"id": 1}\n{"id": 2, "body": "iki"}\n'
    assert read(put(tmp_path, "a.jsonl", lines), columns={"text": "body"}) == (
        ["iki"],
        [("incomplete row: body is empty", "a.jsonl, line 1: body is empty")],
    )


def test_parquet_of_other_types(tmp_path):
    """Numbers, dates, dictionaries and bytes are text; lists of texts are lines; what is no text says what to write."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = {
        "n": arrow.array([1, None]),
        "f": arrow.array([1.5, 2.0]),
        "day": arrow.array([datetime.date(2026, 1, 2), None]),
        "word": arrow.array(["bir", "iki"]).dictionary_encode(),
        "raw": arrow.array([b"\xc4\x9f", b"\xff"]),
        "lines": arrow.array([["a", "b"], ["c"]]),
        "numbers": arrow.array([[1, 2], [3]]),
        "part": arrow.array([{"inner": "x", "k": 1}, {"inner": None, "k": 2}]),
        "list": arrow.array([[{"out": "y"}], []]),
        "nothing": arrow.nulls(2),
        "large": arrow.array(["L", "M"], arrow.large_string()),
    }
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table(columns), path, row_group_size=1)
    want = {
        "n": (["1"], ["n is empty"]),
        "f": (["1.5", "2.0"], []),
        "day": (["2026-01-02"], ["day is empty"]),
        "word": (["bir", "iki"], []),
        "raw": (["ğ"], ["raw holds bytes that are no text"]),
        "lines": (["a\nb", "c"], []),
        "numbers": ([], ["numbers holds a list, no text: name a part of it, such as numbers.0"] * 2),
        "numbers.0": (["1", "3"], []),
        "part": ([], ["part holds a map, no text: name a part of it, such as part.inner"] * 2),
        "part.inner": (["x"], ["part.inner is empty"]),
        "list.0.out": (["y"], ["list.0.out is empty"]),
        "nothing": ([], ["nothing is empty"] * 2),
        "{word}: {part.k} {{}}": (["bir: 1 {}", "iki: 2 {}"], []),
        "large": (["L", "M"], []),
    }
    for column, (texts, reasons) in want.items():
        found, complaints = read(path, columns={"text": column})
        assert (found, [c.partition(": ")[2] for _, c in complaints]) == (texts, reasons), column
    with pytest.raises(NoSuchColumn, match=r"there is no column 'part.outer'.*part\.inner"):
        read(path, columns={"text": "part.outer"})


def test_a_row_of_parquet_that_is_no_utf8_is_named(tmp_path):
    """Writers that take bytes for text leave them so; the rows around it are read."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    texts = arrow.array([b"bir", "ış".encode("cp1254"), b"iki"], arrow.binary()).view(arrow.string())
    parquet.write_table(arrow.table({"text": texts, "n": [1, 2, 3]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet") == (
        ["bir", "iki"],
        [("broken row: no UTF-8 in column 'text'", "a.parquet, row 2: no UTF-8 in column 'text'")],
    )


def test_a_damaged_parquet_says_so(tmp_path):
    """Half a file, or another one under its name."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"text": ["a" * 1000] * 100}), path)
    with pytest.raises(Unreadable, match="no readable parquet file"):
        read(put(tmp_path, "b.parquet", path.read_bytes()[:200]))
    with pytest.raises(Unreadable, match="no readable parquet file"):
        read(put(tmp_path, "c.parquet", json.dumps({"text": "a"})))


def test_long_lines_are_read_as_short_ones(tmp_path, monkeypatch):
    """By another parser, which needs less memory: the same rows, and the same words about what is broken."""
    lines = [
        '{"text": "Işık 😀 \\u0131\\ud83d\\ude00", "n": [1, 2.5, -0.0, null, true]}',
        '{"text": NaN}', '{"text": "a\\ud800"}', '{"a": 1, "a": 2}',
        '{"text": "açık', "[1]", '"x"', "", "{", '{"text": "\ttab"}',
    ]  # fmt: skip
    path = put(tmp_path, "a.jsonl", "\n".join(lines).encode() + b'\n{"text": "\xff"}\n')
    found = []
    for longest in (1 << 20, 0):
        monkeypatch.setattr(tables, "LONG", longest)
        said = []
        rows = list(tables.READERS["jsonl"](path, lambda *words, said=said: said.append(words)))
        found.append((repr(rows), said))
    assert found[0] == found[1]
    assert (len(rows), len(said)) == (4, 6)
