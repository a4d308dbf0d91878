"""screen and sarif: a finding as people, GitHub and other programs read it."""

import json
from pathlib import Path

import pytest

from runner import sarif as machine
from runner.document import read
from runner.screen import closing, github, in_bytes, text
from schemas import Edit, Finding, Place, RulePage

LINE = "      vocab_size: 32000"


def place(line: str, part: str, number: int = 1, file: str = "a.yaml") -> Place:
    """The place of `part` in a file whose only text before `line` is empty lines."""
    at = line.index(part)
    start = number - 1 + at
    return Place(file, number, at + 1, number, at + len(part) + 1, start, start + len(part))


def finding(line: str, part: str, **more: object) -> Finding:
    return Finding("V001", "error", "sizes differ", ("steps", "train"), place=place(line, part), **more)  # type: ignore[arg-type]


def test_the_screen_is_as_the_style_page_shows_it():
    """Place, code, message; the line with its number; a caret under each character; the fix."""
    found = Finding("V001", "error", "the model expects 32000 tokens, tokenizer 'tok' has 50257", fix="write vocab_size: 50257",
                    place=place(LINE, "vocab_size: 32000", 31, "recipes/phase1_tr.yaml"))  # fmt: skip
    assert text([found], lambda file: "\n" * 30 + LINE + "\n") == (
        "recipes/phase1_tr.yaml:31:7: V001: the model expects 32000 tokens, tokenizer 'tok' has 50257\n"
        "   31 |       vocab_size: 32000\n"
        "      |       ^^^^^^^^^^^^^^^^^\n"
        "  fix: write vocab_size: 50257"
    )


@pytest.mark.parametrize(
    ("line", "part", "carets"),
    [
        ("a:\tb", "b", "         ^"),  # a tab is shown as four columns
        ("çığ: ölçü", "ölçü", "     ^^^^"),
        ("名前: x", "x", "      ^"),  # wide characters take two columns
        ("e\u0301: x", "x", "   ^"),  # a combining accent takes none
        ("a: ", "", " ^"),
    ],
)
def test_the_caret_stands_under_its_character(line: str, part: str, carets: str):
    """Whatever the width of what comes before it."""
    at = line.index(part) if part else 0
    found = Finding("V001", "error", "m", place=Place("a.yaml", 1, at + 1, 1, at + len(part) + 1, at, at + len(part)))
    if line.startswith("a:\t"):
        carets = "      ^"
    elif not part:
        carets = "^"
    assert text([found], lambda file: line).split("\n")[2] == f"      | {carets}"


def test_a_long_line_is_clipped_around_the_caret():
    """The interesting part stays in view, with the caret under it."""
    line = "x: [" + "1, " * 100 + "HERE" + ", 1" * 100 + "]"
    shown = text([finding(line, "HERE")], lambda file: line, width=80).split("\n")
    assert all(len(row) <= 80 for row in shown)
    assert shown[1][shown[2].index("^") : shown[2].rindex("^") + 1] == "HERE"
    assert shown[1].count("…") == 2


def test_line_ends_of_windows_are_no_part_of_the_line():
    """Read with or without translation, the same line is shown."""
    found = Finding("V001", "error", "m", place=Place("a.yaml", 2, 1, 2, 5, 6, 10))
    assert text([found], lambda file: "a: 1\r\nb: 2\r\n") == text([found], lambda file: "a: 1\nb: 2\n")


def test_a_block_shows_its_first_line_only():
    """A value that goes on below is underlined to the end of its first line, without the remark."""
    whole = "model:  # sizes\n  d_model: 1\n"
    node = read(Path("a.yaml"), text=whole).root.items["model"]
    found = Finding("M001", "error", "m", place=node.places()[0])
    assert text([found], lambda file: whole).split("\n")[1:] == ["    1 | model:  # sizes", "      | ^^^^^^"]


def test_other_severities_say_so_and_colours_are_only_for_terminals():
    """An error has no word; a warning has. Without colour there is no escape character, and none gets through from the recipe."""
    found = Finding("S011", "warning", "never \x1b[31m", place=place("a: \x1b", "a"))
    shown = text([found], lambda file: "a: \x1b")
    assert shown.startswith("a.yaml:1:1: S011: warning: never")
    assert "\x1b" not in shown
    assert "\x1b[1;33mS011" in text([found], lambda file: "a: 1", colour=True)


def test_a_finding_without_a_place_names_the_file():
    """So that every line says what it is about."""
    assert text([Finding("Y040", "error", "m")], lambda file: "", file="a.yaml") == "a.yaml: Y040: m"


def test_the_last_line_counts_and_offers():
    """Errors, warnings, and what --fix would mend; information is not counted."""
    two = [Finding("A001", "error", "m"), Finding("A001", "error", "m"), Finding("A001", "warning", "m"), Finding("A001", "info", "m")]
    assert closing(two, "a.yaml", 1) == "2 errors, 1 warning; 1 can be fixed: recipe check --fix a.yaml"
    assert closing(two[:1], "a.yaml", 0) == "1 error"
    assert closing(two[3:], "a.yaml", 0) == ""
    assert [in_bytes(n) for n in (999, 12_340, 3.21e9)] == ["999 bytes", "12.3 kB", "3.21 GB"]


def test_github_reads_one_line_a_finding():
    """Line breaks, commas and colons are escaped as its runner wants them."""
    found = Finding("V001", "warning", "a, b: 100%", fix="one\ntwo", place=place(LINE, "32000", 3, "a,b.yaml"))
    assert github([found]) == ("::warning file=a%2Cb.yaml,title=V001,line=3,endLine=3,col=19,endColumn=24::a, b: 100%25%0Afix: one%0Atwo")


def test_json_holds_everything():
    """Place and edits included."""
    edit = Edit("set", ("steps", "train", "x"), 1)
    (row,) = json.loads(machine.as_json([finding(LINE, "32000", fix="f", edits=(edit,))]))
    assert row == {
        "code": "V001", "severity": "error", "message": "sizes differ", "file": "a.yaml", "line": 1, "column": 19, "end_line": 1,
        "end_column": 24, "start": 18, "end": 23, "path": ["steps", "train"], "fix": "f",
        "edits": [{"action": "set", "path": ["steps", "train", "x"], "value": 1, "key": ""}],
    }  # fmt: skip


def test_sarif_has_rules_places_and_fixes():
    """What GitHub's code scanning needs of 2.1.0."""
    edit = Edit("set", ("steps", "train", "x"), 1)
    pages = {"V001": RulePage("V001", "title", "why", "wrong: 1", "right: 2", "source")}
    log = json.loads(machine.sarif([finding(LINE, "32000", edits=(edit,))], pages, lambda file, edits: (18, 23, "50257"), "1.0"))
    (run,) = log["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    (result,) = run["results"]
    assert (log["version"], run["columnKind"], rule["id"], rule["shortDescription"]["text"]) == (
        "2.1.0",
        "unicodeCodePoints",
        "V001",
        "title",
    )
    assert "wrong: 1" in rule["help"]["markdown"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a.yaml"
    assert result["locations"][0]["physicalLocation"]["region"]["startColumn"] == 19
    replacement = result["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert replacement == {"deletedRegion": {"charOffset": 18, "charLength": 5}, "insertedContent": {"text": "50257"}}


def test_of_a_file_that_cannot_be_read_no_line_is_shown():
    """Only the place, the message and the fix."""
    found = Finding("Y001", "error", "the file cannot be read", place=Place("gone.yaml", 1, 1, 1, 1, 0, 0))
    assert text([found], lambda file: "") == "gone.yaml:1:1: Y001: the file cannot be read"
