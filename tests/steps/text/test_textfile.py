"""Text files cut into documents as they are read: the same as if the file were held at once."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steps.text import textfile
from steps.text.documents import read_documents
from steps.text.textfile import encoding_of, pieces
from steps.text.unreadable import Unreadable


def put(tmp_path, data):
    path = tmp_path / "a.txt"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def found(path, split="blank_line"):
    return list(pieces(path, split, lambda encoding: None, references=True))


@settings(deadline=None)
@given(st.text("ab \n\t", max_size=60), st.integers(1, 9))
@example("\n\n\n a", 1)
@example("\n \n a", 2)
def test_the_size_of_the_blocks_changes_nothing(tmp_path_factory, text, block):
    """Parts between empty lines, however few characters are held at once."""
    path = put(tmp_path_factory.getbasetemp(), text)
    want = [part.strip("\n") for part in re.split(r"\n[^\S\n]*\n\s*", text.lstrip("\n")) if part.strip()]
    kept, textfile.BLOCK = textfile.BLOCK, block
    try:
        assert [part.strip("\n") for part in found(path)] == want
    finally:
        textfile.BLOCK = kept


def test_lines_stay_lines(tmp_path):
    """Also lines broken at a width, which would be paragraphs; of every kind of break; without the byte order mark."""
    lines = [f"satır {i} " + "kelime " * 9 + "son" for i in range(40)]
    for end in ("\n", "\r\n", "\r"):
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            assert found(put(tmp_path, end.join(["", *lines, "", ""]).encode(encoding)), "line") == lines


def test_what_is_no_text_says_why(tmp_path):
    """Binary content, and other formats under a text's name."""
    for data, why in ((bytes(range(256)) * 9, "binary content"), (b"%PDF-1.7 ...", "a PDF under another name")):
        for split in ("line", "blank_line"):
            with pytest.raises(Unreadable, match=why):
                found(put(tmp_path, data), split)


def test_an_encoding_that_shows_late(tmp_path):
    """After 64 kB of ASCII comes a Turkish letter of Windows: the part that has it decides."""
    data = ("ve bir " * 20_000 + "ağaç için olan\n").encode("cp1254")
    assert encoding_of(put(tmp_path, data))[0] == "cp1254"
    assert found(put(tmp_path, data), "line")[0].endswith("ağaç için olan")


def test_a_table_with_one_wrong_byte_is_read(tmp_path: Path):
    """It becomes U+FFFD in its cell; the others keep their letters."""
    data = "text,lang\nGüneş ışıdı,tr\nkuşlar uçtu,tr\n".encode()
    (tmp_path / "a.csv").write_bytes(data + b"so\xffn,tr\n")
    found = [document.text for document in read_documents(tmp_path / "a.csv", complain=lambda *_: None)]
    assert found == ["Güneş ışıdı", "kuşlar uçtu", "so\ufffdn"]


@pytest.mark.parametrize("split", ["line", "blank_line"])
def test_a_stream_of_two_encodings_is_read_line_by_line(tmp_path, split):
    """As the same file is that is held at once; the encoding is told, once."""
    text = "Işık ağaca vurdu; kuş ötüyordu, şehir uyuyordu.\n\n"
    path = put(tmp_path, text.encode() * 3000 + text.encode("cp1254") * 3000)
    told = []
    assert list(pieces(path, split, told.append, references=True)) == [text.strip()] * 6000
    assert told == ["utf-8 and cp1254"]
