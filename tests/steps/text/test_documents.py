"""Files of every format to documents; whatever cannot be read says why."""

import gzip
import json

import docx
import pymupdf
import pytest

from steps.text.documents import read_documents
from steps.text.rows import NoSuchColumn
from steps.text.unreadable import Unreadable


def read(path, **options):
    complaints = []
    found = list(read_documents(path, complain=lambda reason, example: complaints.append((reason, example)), **options))
    return [d.text for d in found], complaints


def put(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_text_file_is_one_document_or_many(tmp_path):
    """By file, by blank line, by line."""
    path = put(tmp_path, "a.txt", "one\ntwo\n\n  \nthree\n")
    assert read(path)[0] == ["one\ntwo\n\n  \nthree\n"]
    assert read(path, split="blank_line")[0] == ["one\ntwo", "three"]
    assert read(path, split="line")[0] == ["one", "two", "three"]


@pytest.mark.parametrize("split", ["file", "blank_line", "line"])
def test_bytes_that_are_no_text_are_counted_however_a_file_is_cut(tmp_path, split):
    data = "Güneş doğdu, kuşlar öttü.\n\nIşık ağaca vurdu.\n\n".encode()
    texts, complaints = read(put(tmp_path, "a.txt", data + b"so\xffn\xff.\n\n" + data), split=split)
    assert sum(text.count("\ufffd") for text in texts) == 2
    assert complaints == [("unreadable bytes", "a.txt: 2 places became U+FFFD")]


def test_a_page_break_in_a_text_begins_a_line(tmp_path):
    """A paragraph that goes on behind it is one; a word that ends before it ends there."""
    lines = "the quick brown fox jumps over the lazy dog and then it runs away from\n"
    path = put(tmp_path, "a.txt", (lines * 12 + "\f" + lines * 12).rstrip())
    assert read(path)[0] == [" ".join([lines.strip()] * 24)]
    assert read(put(tmp_path, "b.txt", "One ends here.\fTwo begins."))[0] == ["One ends here.\nTwo begins."]
    assert read(path, split="blank_line")[0] == [" ".join([lines.strip()] * 24)]


def test_jsonl_rows_and_a_broken_line(tmp_path):
    """The broken line is named by number, the rest is read; gzip is seen through."""
    lines = b'\xef\xbb\xbf{"text": "bir"}\n{"text": \n\n{"text": "iki"}\n[1]\n{"text": null}\n'
    for path in (put(tmp_path, "a.jsonl", lines), put(tmp_path, "a.jsonl.gz", gzip.compress(lines))):
        texts, complaints = read(path)
        assert texts == ["bir", "iki"]
        assert [reason for reason, _ in complaints] == [f"broken row: {fault}" for fault in ("Expecting value", "no JSON object")] + [
            "incomplete row: text is empty"
        ]
        assert f"{path.name}, line 2" in complaints[0][1]


@pytest.mark.parametrize(
    ("row", "turns"),
    [
        ({"instruction": "Q", "input": "", "output": "A"}, ["Q", "A"]),
        ({"instruction": "Q", "input": "I", "output": "A"}, ["Q\n\nI", "A"]),
        ({"prompt": "Q", "completion": "A"}, ["Q", "A"]),
        ({"question": "Q", "answer": "A", "context": "C"}, ["Q\n\nC", "A"]),
        ({"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]}, ["Q", "A"]),
        ({"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]}, ["Q", "A"]),
    ],
)
def test_chat_rows_of_every_shape(tmp_path, row, turns):
    """alpaca, prompt and completion, question and answer, OpenAI's and ShareGPT's turns become messages."""
    [document] = read_documents(put(tmp_path, "a.jsonl", json.dumps(row)), complain=print)
    assert [(m["role"], m["content"]) for m in document.messages] == [("user", turns[0]), ("assistant", turns[1])]


def test_a_template_of_columns(tmp_path):
    """Names in braces are filled in; a missing one names those that exist."""
    path = put(tmp_path, "a.csv", "title,body\nAd,Metin\n")
    assert read(path, columns={"text": "<tr>{title}\n{body}"})[0] == ["<tr>Ad\nMetin"]
    with pytest.raises(NoSuchColumn, match="there is no column 'titel'; the columns are title, body"):
        read(path, columns={"text": "{titel}"})


def test_csv_with_semicolons_and_a_short_row(tmp_path):
    """The delimiter is found; a row with too few cells is named."""
    texts, complaints = read(put(tmp_path, "a.csv", 'text;n\n"a; b";1\nx\n'.encode("cp1254")))
    assert texts == ["a; b"]
    assert complaints == [("broken row: another number of cells", "a.csv, line 3: cells: 1, columns: 2")]


def test_parquet(tmp_path):
    """Rows of a parquet file, other types as text."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({"text": ["bir", None, "iki"], "n": [1, 2, 3]}), tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet")[0] == ["bir", "iki"]
    assert read(tmp_path / "a.parquet", columns={"text": "n"})[0] == ["1", "2", "3"]


def test_html_main_text(tmp_path):
    """No navigation, no script; blocks are paragraphs; the charset of the page is believed."""
    page = (
        "<html><head><meta charset='windows-1254'><title>Ağaç</title><script>var x='<p>no</p>'</script></head><body>"
        "<nav><a href=x>Home</a></nav><article><h1>Ağaç</h1><p>Bir &amp; iki<br>üç.</p><ul><li>a<li>b</ul></article>"
        "<footer>© ben</footer></body></html>"
    )
    [document] = read_documents(put(tmp_path, "a.html", page.encode("cp1254")), complain=print)
    assert (document.title, document.text) == ("Ağaç", "Ağaç\n\nBir & iki\nüç.\n\n- a\n- b")


def test_markdown_front_matter_goes(tmp_path):
    """The title is taken from it, the text begins after it."""
    [document] = read_documents(put(tmp_path, "a.md", '---\ntitle: "Ad"\n---\n# Ad\n\nMetin <!-- no -->\n'), complain=print)
    assert (document.title, document.text) == ("Ad", "# Ad\n\nMetin \n")


@pytest.mark.parametrize("front", ["---\ntitle: Moss\ntags:\n  - wall\n- rain\n---\n", "+++\ntitle = 'Moss'\n[extra]\na = 1\n+++\n"])
def test_front_matter_is_keys_in_yaml_or_toml(tmp_path, front):
    (tmp_path / "a.md").write_text(f"{front}Body", "utf-8")
    [document] = read_documents(tmp_path / "a.md", complain=print)
    assert (document.text, document.title) == ("Body", "Moss")


def test_a_rule_at_the_top_begins_no_front_matter(tmp_path):
    """What stands between two rules is text."""
    text = "---\n\nMoss grows here.\n\n---\n\nAnd here."
    (tmp_path / "a.md").write_text(text, "utf-8")
    [document] = read_documents(tmp_path / "a.md", complain=print)
    assert document.text == text


def test_docx_in_order_without_headers_and_comments(tmp_path):
    """Paragraphs, list items and table rows in order; header, deleted text and comments not, inserted text yes."""
    made = docx.Document()
    made.sections[0].header.paragraphs[0].text = "HEADER"
    made.add_heading("Başlık", 1)
    paragraph = made.add_paragraph("Bir ")
    for tag, inner, text in (("del", "delText", "SİLİNMİŞ"), ("ins", "t", "eklenmiş")):
        namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        xml = f'<w:{tag} xmlns:w="{namespace}"><w:r><w:{inner}>{text}</w:{inner}></w:r></w:{tag}>'
        paragraph._p.append(docx.oxml.parse_xml(xml))
    made.add_paragraph("madde", style="List Bullet")
    table = made.add_table(2, 2)
    for cell, text in zip((c for row in table.rows for c in row.cells), "abcd", strict=True):
        cell.text = text
    made.add_paragraph("Son.")
    made.save(tmp_path / "a.docx")
    assert read(tmp_path / "a.docx")[0] == ["Başlık\n\nBir eklenmiş\n\n- madde\n\na\tb\nc\td\n\nSon."]


def scanned(path):
    document = pymupdf.open()
    page = document.new_page()
    page.insert_image(page.rect, pixmap=pymupdf.Pixmap(pymupdf.csGRAY, (0, 0, 8, 8)))
    document.save(path)


def encrypted(path):
    document = pymupdf.open()
    document.new_page().insert_text((72, 72), "secret")
    document.save(path, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pdf", b"", "empty file"),
        ("a.pdf", b"not a pdf", "not a PDF file: it does not begin with %PDF-"),
        ("a.pdf", b"%PDF-1.7\nbroken", "damaged: it cannot be opened as a PDF"),
        ("a.pdf", scanned, "a scan without a text layer: run OCR on it first"),
        ("a.pdf", encrypted, "encrypted: it opens only with a password"),
        ("a.docx", b"# markdown", "not a DOCX file: no ZIP archive"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old",
            "an old .doc file or an encrypted one, not DOCX: save it as DOCX without a password",
        ),
        ("a.txt", b"%PDF-1.7 ...", "damaged: it cannot be opened as a PDF"),
        ("a.txt", b" \n\t ", "nothing but blanks"),
        ("a.xlsx", b"PK", "no reader for .xlsx files"),
        ("README", b"text", "no extension to tell what it is"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\x00cut", "damaged gzip: Compressed file ended before the end-of-stream marker was reached"),
        ("a.parquet", b"PAR1 no", "no readable parquet file"),
        ("a.html", b"<html><nav>Home</nav></html>", "no text in it but markup"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, name, content, reason):
    """One reason a file, in a person's words, never a traceback."""
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    path = tmp_path / name
    content(path) if callable(content) else path.write_bytes(content)
    with pytest.raises(Unreadable) as error:
        read(path)
    assert reason in str(error.value)


ARCHIVE = (
    "From: <Saved by Blink>\r\nSubject: A page\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/related;\r\n\ttype="text/html"; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/html\r\n\r\n<p>Text</p>\r\n--b--\r\n"
)


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (r"{\rtf1\ansi\f0 Text}", "RTF"),
        (ARCHIVE, "a web archive"),
        ("%!PS-Adobe-3.0\n/Times findfont 12 scalefont setfont\n", "PostScript"),
    ],
)
def test_a_text_among_the_signs_of_another_format_is_refused(tmp_path, name, content, what):
    """They would be learned as words; with `format` written out it is read as it stands."""
    path = put(tmp_path, name, content)
    with pytest.raises(Unreadable, match=f"^{what}.* would be learned as words: "):
        read(path)
    assert read(path, wanted="txt")[0] == [content.replace("\r\n", "\n")]


@pytest.mark.parametrize("name", ["a.txt", "a.md"])
@pytest.mark.parametrize(
    "start", ["<!DOCTYPE html>\n<html>", "\ufeff<html lang='tr'>", '<?xml version="1.0"?>\n<!-- made -->\n<!DOCTYPE html><html>']
)
def test_a_page_called_a_text_is_read_as_a_page(tmp_path, name, start):
    """As a PDF is by that name; with `format` written out it is a text, and so is one that tells of pages."""
    page = f"{start}<head><style>p {{}}</style></head><body><p>Bir &amp; iki.</p></body></html>"
    assert read(put(tmp_path, name, page))[0] == ["Bir & iki."]
    assert "<style>" in read(tmp_path / name, wanted="txt")[0][0]
    told = "A page begins with <!DOCTYPE html> and <html>."
    assert read(put(tmp_path, "b.txt", told))[0] == [told]


def test_a_letter_with_its_head_is_a_text(tmp_path):
    """What names what is in it is no web archive."""
    letter = "From: a\nMIME-Version: 1.0\nContent-Type: text/plain\n\nmultipart/related and text/html are kinds of content.\n"
    assert read(put(tmp_path, "a.txt", letter))[0] == [letter]


def test_lines_broken_at_a_width_become_paragraphs(tmp_path):
    """Wrapped paragraphs are joined; tables set with blanks and short verses keep their lines."""
    import textwrap

    prose = [("Bu uzun bir paragraf ve içinde çok sayıda kelime var. " * 8).strip() for _ in range(4)]
    table = "ad       boy   en\nbir      12    13\niki      14    15"
    path = put(tmp_path, "a.txt", "\n\n".join([*(textwrap.fill(p, 72) for p in prose), table]))
    assert read(path)[0] == ["\n\n".join([*prose, table])]
    verse = put(tmp_path, "b.txt", "Kısa dize\nbir daha\nve son\n\n" * 5)
    assert read(verse)[0] == [verse.read_text()]
