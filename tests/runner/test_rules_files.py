"""Files that are there and are not what they are read as: pointers, pages, packed, cut off, without a row, and rows that change."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from cases import LM, SFT, Case, findings

POINTER = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 123456\n"
)
PAGE = "<!DOCTYPE html>\n<html><head><title>404</title></head>\n<body><p>Not found</p></body></html>\n"
ROWS = [{"text": f"{n} bears went home and slept in the cave of number {n * 7}."} for n in range(400)]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)
BESIDE = ("D010", "M010", "P010", "H004")  # of sizes, not of files


def told(folder: Path, name: str, content: Any, more: str = "") -> list[tuple[str, str, str]]:
    """Code, severity and fix of all that is said where this file is the source."""
    source = f"path: {name}" + (f"\n        {more}" if more else "")
    case = Case("", "", LM, {"path: data/stories.jsonl": source}, {name: content})
    return [(f.code, f.severity, f.fix) for f in findings(case, folder / "p") if f.code not in BESIDE]


AGAIN = "fetch the file again, and look into it; on the hub files stand under /resolve/, and /blob/ is a page about one"


@pytest.mark.parametrize(
    ("name", "content", "fix"),
    [
        ("data/a.jsonl", POINTER, "git lfs pull"),
        ("data/a.txt", POINTER, "git lfs pull"),
        ("data/a.parquet", POINTER, "git lfs pull"),
        ("data/a.csv", POINTER, "git lfs pull"),
        ("data/a.jsonl", PAGE, AGAIN),
        ("data/a.parquet", PAGE, AGAIN),
        ("data/a.jsonl.gz", PAGE, AGAIN),
        ("data/a.pdf", PAGE, AGAIN),
        ("data/a.jsonl", "Entry not found", AGAIN),
        ("data/a.csv", "404: Not Found", AGAIN),
        ("data/a.json", '{"error":"Repository not found"}', AGAIN),
        ("data/a.jsonl", gzip.compress(JSONL.encode()), "it is packed: call it a.jsonl.gz"),
        ("data/a.txt", gzip.compress(JSONL.encode()), "it is packed: call it a.txt.gz"),
        ("data/a.jsonl", b"PK\x03\x04" + bytes(90), "unzip it, and name what is in it"),
        ("data/a.txt", b"%PDF-1.7\n" + bytes(90), "write format: pdf beside path"),
        ("data/a.jsonl", b"PAR1" + bytes(90) + b"PAR1", "write format: parquet beside path, or call it by that name"),
        ("data/a.jsonl.gz", JSONL, "call it a.jsonl"),
        ("data/a.jsonl.gz", b"\x28\xb5\x2f\xfd" + bytes(90), "call it a.jsonl.zst"),
        ("data/a.parquet", b"PAR1" + bytes(90), "fetch or make it again: it was not written to its end"),
        ("data/a.parquet", JSONL, "write format: jsonl beside path"),
        ("data/a.parquet", b"", "make the file again, or name another"),
        ("data/a.csv", "id,text\n", "make the file again, or name another"),
        ("data/a.json", "[]", "make the file again, or name another"),
        ("data/a.json", '["One text.", "Another."]', "give them a name: jq -c '.[] | {text: .}' data/a.json > rows.jsonl"),
        ("data/a.jsonl", "\n\n", "make the file again, or name another"),
        ("data/a.jsonl", b"SQLite format 3\0" + bytes(90), "write its rows as JSON lines or parquet, and name that file"),
        ("data/a.csv", b"PK\x03\x04" + b"[Content_Types].xml" + bytes(90), "save it as CSV or text, and name that file"),
        ("data/a.xlsx", b"PK\x03\x04" + bytes(90), "save it as CSV, and name that file"),
        ("data/a.arrow", b"ARROW1\0\0" + bytes(90), "write its rows as JSON lines or parquet, and name that file"),
        ("data/a.zip", b"PK\x03\x04" + bytes(90), "unpack it, and name what is in it"),
        ("data/a.txt", "Entry not found", AGAIN),
        (
            "data/a.jsonl",
            "<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
            "fetch the file again, with the right to read it",
        ),
        ("data/a.docx", "no zip", "fetch it again, or say what it is with format:"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_all_that_is_told(tmp_path: Path, name: str, content: Any, fix: str):
    """D104 with what to do; nothing follows about tokens and steps of a text that is none."""
    assert told(tmp_path, name, content) == [("D104", "error", fix)]


@pytest.mark.parametrize(
    ("name", "content", "more", "fix"),
    [
        ("data/a.jsonl", JSONL, "format: csv", "delete format: csv"),
        ("data/a.data", JSONL, "format: csv", "write format: jsonl"),
        ("data/a.csv", "id,text\n" + "1,home\n" * 90, "format: jsonl", "delete format: jsonl"),
    ],
)
def test_a_format_that_the_file_has_not(tmp_path: Path, name: str, content: str, more: str, fix: str):
    """Told as such, and not as columns with odd names."""
    assert told(tmp_path, name, content, more) == [("D104", "error", fix)]


def test_rows_read_as_one_text_are_told_by_what_makes_them_one(tmp_path: Path):
    """D120 names the format."""
    (found,) = told(tmp_path, "data/a.jsonl", JSONL, "format: txt")
    assert found == ("D120", "error", "delete format: txt")


@pytest.mark.parametrize(
    ("name", "content", "more"),
    [
        ("data/a.jsonl", JSONL, ""),
        ("data/a.jsonl", "\ufeff" + JSONL, ""),
        ("data/a.jsonl.gz", gzip.compress(JSONL.encode()), ""),
        ("data/a.txt", JSONL, "format: jsonl"),
        ("data/a.html", PAGE.replace("Not found", "bear " * 9000), ""),
        ("data/a.txt", "GGUF is a format, and PAR1 is not.\n\n" * 900, "document: line"),
        ("data/a.json", "[" + JSONL.replace("\n", ",\n").rstrip(",\n") + "]\n", ""),
        ("data/a.txt", "404 is a number.\n\n" * 900, "document: line"),
        ("data/a.csv", "text\n" + "".join(f"Error {n} is not found in the woods of the bears\n" for n in range(900)), ""),
    ],
)
def test_sound_files_are_let_be(tmp_path: Path, name: str, content: Any, more: str):
    """A byte order mark, packed rows, rows in a .txt whose format is said, pages that are meant as pages."""
    assert [f for f in told(tmp_path, name, content, more) if f[0] == "D104"] == []


def test_a_list_that_is_not_closed_is_told(tmp_path: Path):
    """A warning: its rows are read as far as they go."""
    found = told(tmp_path, "data/a.json", "[" + JSONL.replace("\n", ",\n")[:-40])
    assert [f for f in found if f[0] == "D104"] == [("D104", "warning", "fetch or make it again: it was not written to its end")]


@pytest.mark.parametrize("rows", [[{"text": ""}] * 100, [{"text": None}] * 100, [{}] * 100, ["no row"] * 100])
def test_nothing_follows_from_rows_that_are_none(tmp_path: Path, rows: list[Any]):
    """One finding, about the rows, and none about how much text there is."""
    assert [code for code, _, _ in told(tmp_path, "data/a.jsonl", rows)] in (["D141"], ["D106"], ["D142"])


def test_a_pointer_among_sound_files_is_a_warning(tmp_path: Path):
    """The run leaves it out; an empty file among others is nobody's loss."""
    files = {"more/a.jsonl": JSONL, "more/b.jsonl": POINTER, "more/c.jsonl": ""}
    case = Case("", "", LM, {"path: data/stories.jsonl": "path: more/*.jsonl"}, files)
    found = [(f.code, f.severity, f.fix) for f in findings(case, tmp_path / "p") if f.code not in BESIDE]
    assert found == [("D104", "warning", "git lfs pull")]


@pytest.mark.parametrize(
    ("name", "code"),
    [("tokenizer.json", "T101"), ("tokenizer_config.json", "T101"), ("config.json", "C002"), ("model.safetensors", "C041")],
)
def test_a_pointer_in_a_models_folder_is_told_by_its_command(tmp_path: Path, name: str, code: str):
    """Not as a damaged file, which would be fetched as a pointer again."""
    found = [f for f in findings(Case("", "", SFT, {}, {f"models/base/{name}": POINTER}), tmp_path / "p") if f.severity != "info"]
    assert {(f.code, f.fix) for f in found} == {(code, "git lfs pull")}


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([*ROWS, *[{"content": f"bear {n}"} for n in range(100)]], "line 401"),
        ([*ROWS * 5, *[{"body": "bear"}] * 9], "line 2001"),
        ([*ROWS, *[{"text": None}] * 3], ""),
        (ROWS * 5, ""),
    ],
)
def test_rows_of_another_shape_at_the_end_are_told(tmp_path: Path, rows: list[Any], line: str):
    """One in twenty of the last hundred, by the line of the first."""
    case = Case("", "", LM, {}, {"data/stories.jsonl": rows})
    found = [f for f in findings(case, tmp_path / "p") if f.code == "D141"]
    assert [(f.severity, line in f.message) for f in found] == ([("warning", True)] if line else [])


def talks(last: list[dict[str, str]]) -> list[Any]:
    return [
        {"messages": [{"role": "user", "content": f"What is {n}?"}, {"role": "assistant", "content": f"It is {n}."}, *last]}
        for n in range(40)
    ]


@pytest.mark.parametrize(
    ("last", "codes"), [([{"role": "user", "content": "Thanks"}], ["D180"]), ([], []), ([{"role": "user", "content": "And 7?"}], ["D180"])]
)
def test_conversations_without_a_last_answer_are_told_as_such(tmp_path: Path, last: list[dict[str, str]], codes: list[str]):
    """Not as rows that all have one answer: their answers differ."""
    found = findings(Case("", "", SFT, {}, {"data/chat.jsonl": talks(last)}), tmp_path / "p")
    assert [f.code for f in found if f.code in ("D152", "D180")] == codes


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_packed_file_that_ends_early_is_told(tmp_path: Path, kind: str):
    """A download that broke off: the run would learn from what came; a whole one, of one part or of two, is sound."""
    import bz2
    import lzma

    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[kind]
    lines = "".join(json.dumps({"text": f"{n * n % 9973} bears met {n * 31 % 7919} hens."}) + "\n" for n in range(4000))
    whole = pack(lines.encode())
    cut = [found for found in told(tmp_path / "cut", f"data/a.jsonl.{kind}", whole[: len(whole) // 2]) if found[0] == "D104"]
    assert cut == [("D104", "warning", "fetch or make it again")]
    for number, sound in enumerate((whole, whole + pack(JSONL.encode()))):
        assert [found for found in told(tmp_path / str(number), f"data/a.jsonl.{kind}", sound) if found[0] == "D104"] == []


def test_rows_behind_the_last_that_is_taken_are_not_told(tmp_path: Path):
    """take: 50 never reaches a broken line 300; take: 350 does."""
    broken = JSONL.split("\n")
    broken[299] = '{"text": "cut'
    for take, codes in ((50, []), (350, ["D142"])):
        found = told(tmp_path / str(take), "data/a.jsonl", "\n".join(broken), f"take: {take}")
        assert [code for code, *_ in found if code == "D142"] == codes
