"""Lines that are no rows behind the beginning of a table: in the whole of a small file, in places of a large one."""

import json
from pathlib import Path

import pytest

from runner.facts import Facts
from runner.judge import judge
from runner.resolve import mean
from steps.text import further as room
from steps.text.further import further
from tests.conftest import FakeContext

ROW = json.dumps({"text": "the quick brown fox " * 20})


def facts(project: Path) -> Facts:
    return Facts(project, FakeContext(project / "context").target, 0)


def written(file: Path, broken: dict[int, bytes], count: int = 1000) -> None:
    """`count` lines, those in `broken` (from 1) in place of a row."""
    file.write_bytes(b"".join(broken.get(n, ROW.encode()) + b"\n" for n in range(1, count + 1)))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text" "a"}', "Expecting ':' delimiter at column 9"),  # in the words of every Python
        (f"{ROW}{ROW}".encode(), "more than one row on the line: a line break is missing"),
        (b'["text"]', "a list, wanted a map of columns"),
        ('{"text": "şimdi"}'.encode("cp1254"), "no UTF-8 at byte 11 of the line"),
        (b'{"text": "a', "Unterminated string starting at"),
    ],
)
def test_a_broken_line_behind_the_beginning_is_found(tmp_path: Path, line: bytes, reason: str):
    """By its number and in words, in a file of some hundred kilobytes."""
    written(tmp_path / "a.jsonl", {700: line, 900: line})
    found = further(facts(tmp_path), Path("a.jsonl"), "jsonl")
    assert found is not None
    assert (found.wrong, found.seen, found.whole, [at for at, _ in found.broken]) == (2, 1000, True, [700, 900])
    assert found.broken[0][1].startswith(reason)


def test_sound_rows_and_blank_lines_are_nothing(tmp_path: Path):
    """Nor is what only the patient parser takes, as the run does: NaN."""
    written(tmp_path / "a.jsonl", {500: b"", 600: b'{"text": "a", "score": NaN}', 1000: b"  "})
    found = further(facts(tmp_path), Path("a.jsonl"), "jsonl")
    assert found is not None
    assert found.wrong == 0
    written(tmp_path / "short.jsonl", {}, 10)
    assert further(facts(tmp_path), Path("short.jsonl"), "jsonl") == ([], 0, 10, True)


def test_rows_in_utf16_are_looked_at_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its bytes have line ends inside of letters; a place in the middle of a large file is not looked at."""
    (tmp_path / "a.jsonl").write_text(f"{ROW}\n" * 700 + "{\n" + f"{ROW}\n" * 300, "utf-16")
    found = further(facts(tmp_path), Path("a.jsonl"), "jsonl")
    assert found == ([(701, "this is a JSON file, not one row a line")], 1, 1001, True)
    monkeypatch.setattr(room, "WHOLE", 100_000)
    (tmp_path / "b.jsonl").write_text(f"{ROW}\n" * 1000, "utf-16")
    assert further(facts(tmp_path), Path("b.jsonl"), "jsonl") is None


def test_of_a_large_file_some_places_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Its end always; with the byte where the line begins, and what was seen of it."""
    monkeypatch.setattr(room, "WHOLE", 100_000)
    monkeypatch.setattr(room, "HEAD", 4096)
    written(tmp_path / "a.jsonl", {1000: b'{"text": "cut off'})
    found = further(facts(tmp_path), Path("a.jsonl"), "jsonl")
    assert found is not None
    assert (found.wrong, found.whole) == (1, False)
    assert found.broken[0][0] == 999 * (len(ROW) + 1)
    assert 10 < found.seen < 300
    written(tmp_path / "b.jsonl", {})
    sound = further(facts(tmp_path), Path("b.jsonl"), "jsonl")
    assert sound is not None
    assert sound.wrong == 0


def test_rows_of_a_csv_with_other_cells_are_found(tmp_path: Path):
    """Also where cells hold line ends and quotes."""
    rows = ['"a ""quoted""\nline",b'] * 5000
    rows[4000] = "a,b,c"
    (tmp_path / "a.csv").write_text("one,two\n" + "\n".join(rows) + "\n")
    found = further(facts(tmp_path), Path("a.csv"), "csv")
    assert found is not None
    assert (found.wrong, found.broken) == (1, [(8002, "cells: 3, columns: 2")])


@pytest.mark.parametrize(("choice", "severity"), [("", "warning"), (", on_bad_row: error", "error")])
def test_the_check_says_it_as_the_run_would_take_it(tmp_path: Path, choice: str, severity: str):
    """A row that is left out is a warning; one that ends the run an error."""
    written(tmp_path / "a.jsonl", {700: b"{"})
    (tmp_path / "r.yaml").write_text(f"recipe: r\nsteps:\n- {{type: parse_corpus, sources: [{{path: a.jsonl}}]{choice}}}\n")
    meant = mean(tmp_path / "r.yaml")
    told = [(f.severity, f.message) for f in judge(meant) if f.code == "D142"]
    assert told == [(severity, "a.jsonl, line 700: this is a JSON file, not one row a line (1 of 1000 lines)")]
