"""Lines from git, a diff, Markdown or another language; quotation marks in quotation marks; a list behind its key."""

from pathlib import Path

import pytest

from runner.document import read
from tests.runner.judged import meant

TEXT = 'recipe: r\ntarget: t4\nsteps:\n  - type: train\n    max_steps: 100\n    samples: ["a"]\n    learning_rate: 1e-3\n'
RATE = "    learning_rate: 1e-3\n"
SAMPLES = '    samples: ["a"]\n'


def told(old: str, new: str) -> tuple[str, str, int]:
    """Message, fix and line of the one finding about the text."""
    (found,) = read(Path("r.yaml"), text=TEXT.replace(old, new, 1)).findings
    assert found.place is not None
    return found.message, found.fix, found.place.line


@pytest.mark.parametrize(
    "new",
    [f"<<<<<<< HEAD\n{RATE}=======\n    learning_rate: 2e-3\n>>>>>>> tune\n", f"{RATE}=======\n", f"{RATE}>>>>>>> a1b2c3d\n"],
)
def test_marks_of_a_conflict(new: str):
    """Both sides, or the marks that were left behind."""
    message, fix, _ = told(RATE, new)
    assert message.startswith("git left a conflict here")
    assert "keep one side" in fix


@pytest.mark.parametrize(
    ("old", "new", "said", "fix", "line"),
    [
        ("recipe: r\n", "```yaml\nrecipe: r\n", "``` is a fence of Markdown", "delete the line", 1),
        (RATE, f"{RATE}```\n", "``` is a fence of Markdown", "delete the line", 8),
        ("recipe: r\n", "~~~\nrecipe: r\n", "~~~ is a fence of Markdown", "delete the line", 1),
        (RATE, f"    // the rate\n{RATE}", "// begins no remark", "write # the rate", 7),
        (RATE, f"    /* the rate */\n{RATE}", "/* begins no remark", "write # the rate", 7),
        (RATE, f"    -- the rate\n{RATE}", "-- begins no remark", "write # the rate", 7),
        (RATE, f"    ; the rate\n{RATE}", "; begins no remark", "write # the rate", 7),
        (RATE, f"    <!-- the rate -->\n{RATE}", "<!-- begins no remark", "write # the rate", 7),
        ("    max_steps: 100\n", "+    max_steps: 200\n", "the + at the beginning", "write max_steps: 200", 5),
        (RATE, f"-{RATE}+    learning_rate: 2e-3\n", "the - at the beginning", "delete the line", 7),
        ("recipe: r\n", "@@ -1,4 +1,4 @@\nrecipe: r\n", "the line comes from a diff", "delete it", 1),
    ],
)
def test_lines_from_elsewhere(old: str, new: str, said: str, fix: str, line: int):
    """What they are, at their own line and not at the one where the parser gave up."""
    message, written, at = told(old, new)
    assert said in message
    assert fix in written
    assert at == line


@pytest.mark.parametrize("remark", ["# // the rate", "# <<<<<<< HEAD", "# ```", "#+ 1e-3"])
def test_remarks_may_hold_them(remark: str):
    """Behind # anything may stand."""
    assert not read(Path("r.yaml"), text=TEXT.replace(RATE, f"    {remark}\n{RATE}")).findings


@pytest.mark.parametrize(
    ("new", "fix"),
    [
        ('    samples: ["Say "Hi" to me"]\n', "write 'Say \"Hi\" to me'"),
        ("    samples: ['It's here']\n", 'write "It\'s here"'),
        ('    samples:\n      - "Say "Hi" to me"\n', "write 'Say \"Hi\" to me'"),
        ('    samples: ["a "b" c", "d"]\n', "put ' around each text that has \" in it"),
    ],
)
def test_quotation_marks_in_quotation_marks(new: str, fix: str):
    """The other kind around the text."""
    message, written, _ = told(SAMPLES, new)
    assert message.startswith("a quotation mark inside the text ends it")
    assert written == fix


@pytest.mark.parametrize(("old", "new"), [(SAMPLES, "    samples: - a\n"), ("steps:\n  - type: train\n", "steps: - type: train\n")])
def test_a_list_behind_its_key(old: str, new: str):
    """Each item has a line of its own."""
    message, fix, _ = told(old, new)
    assert message.startswith("a list cannot begin in the line of its key")
    assert "in a line of its own below it" in fix


def test_a_line_of_a_diff_that_reads_as_a_key(tmp_path: Path):
    """At the end of the file it is a key of the recipe itself, with a plus in its name."""
    (found,) = [
        f for f in meant(tmp_path, ("    max_steps: 1000\n  - type: export_ollama\n", "+    max_steps: 200\n")).findings if f.code == "K001"
    ]
    assert found.fix == "take it away: write max_steps: 200"


@pytest.mark.parametrize(
    ("new", "said", "fix"),
    [
        ("    ...\n", "dots stand where something was left out", "delete the line"),
        ("7:    learning_rate: 1e-3\n", "the number of a line stands before the key", "write learning_rate: 1e-3"),
        ("  | learning_rate: 1e-3\n", "the mark of a quotation or a table", "write learning_rate: 1e-3"),
        ('    "learning_rate: 1e-3"\n', "quotation marks stand around a key and its value", "write learning_rate: 1e-3"),
        ("    learning_rate := 1e-3\n", ":= stands between learning_rate and its value", "write learning_rate: 1e-3"),
        ("    learning_rate -> 1e-3\n", "-> stands between learning_rate and its value", "write learning_rate: 1e-3"),
        ("    a rate of my own\n", "the line has no colon", "write `key: value`"),
    ],
)
def test_lines_that_are_no_key(new: str, said: str, fix: str):
    """Told where they stand, not at the line below."""
    message, written, line = told(RATE, f"{new}{RATE}" if "1e-3" not in new else f"{new}    compile: false\n")
    assert said in message
    assert fix in written
    assert line == 7


def test_a_quotation_mark_that_is_forgotten():
    """Told where it opens, not where the next one closes it."""
    message, _, line = told("    max_steps: 100\n", '    max_steps: 100\n    optimizer: "adamw\n')
    assert message == "the quote that opens in line 6 is not closed in its line"
    assert line == 6
