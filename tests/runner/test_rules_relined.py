"""Lines that are no rows: each is told with the command that makes rows of the whole file, and that command does."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from cases import SFT, Case, findings

TALKS = [
    {"messages": [{"role": "user", "content": f"What is {n} and {n}?"}, {"role": "assistant", "content": f"It is {2 * n}, no more."}]}
    for n in range(200)
]
LINES = [json.dumps(talk) for talk in TALKS]
PAIRS = [(f"What is {n} and {n}?", f"It is {2 * n}.") for n in range(200)]


def told(folder: Path, content: str, name: str = "data/chat.jsonl", **more: str) -> list[tuple[str, str]]:
    """Code and fix of what is said of the rows, in a project that stays at `folder`."""
    recipe = {} if name == "data/chat.jsonl" else {"data/chat.jsonl": name}
    return [(f.code, f.fix) for f in findings(Case("", "", SFT, recipe, {name: content, **more}), folder) if f.code in ("D142", "D106")]


@pytest.mark.parametrize(
    "content",
    [
        "[" + ",".join(LINES) + "]\n",
        "[\n" + ",\n".join(LINES) + "\n]\n",
        ",\n".join(LINES) + ",\n",
        "\n".join(json.dumps(talk, indent=2) for talk in TALKS),
        json.dumps(TALKS, indent=2),
        "".join(LINES),
        "\r".join(LINES),
        "\n".join(json.dumps(line) for line in LINES),
        "\n".join(f"data: {line}" for line in LINES),
        "\n".join(f"{number}\t{line}" for number, line in enumerate(LINES)),
        json.dumps({"data": TALKS}),
        json.dumps({str(number): talk for number, talk in enumerate(TALKS)}),
    ],
)
def test_the_command_that_is_told_makes_rows(tmp_path: Path, content: str):
    """It is run, where its tools are there, and what it writes is let be."""
    ((_, fix),) = told(tmp_path / "p", content)
    command = fix[fix.index(next(tool for tool in ("jq", "sed", "cut") if f"{tool} " in fix)) :].removesuffix(", and name that file")
    assert command.endswith(" data/chat.jsonl > rows.jsonl")
    if shutil.which(command.split()[0]) is None:
        pytest.skip("no such tool here")
    subprocess.run(command, shell=True, check=True, cwd=tmp_path / "p")
    made = (tmp_path / "p" / "rows.jsonl").read_text("utf-8")
    assert [json.loads(line) for line in made.splitlines()] == TALKS
    assert told(tmp_path / "q", made) == []


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        ("\n".join(json.dumps(list(pair)) for pair in PAIRS),
         "name the parts: jq -c '{instruction: .[0], output: .[1]}' data/chat.jsonl > rows.jsonl"),
        ("\n".join(json.dumps(" ".join(pair)) for pair in PAIRS), "name the text: jq -c '{text: .}' data/chat.jsonl > rows.jsonl"),
        ("\n".join(json.dumps(talk["messages"]) for talk in TALKS), "name it: jq -c '{messages: .}' data/chat.jsonl > rows.jsonl"),
        ("\n".join(line[:-1] + ",}" for line in LINES), "take the comma out: json.dumps(row) writes none there"),
        ("\n".join(map(str, TALKS)), "write each row with json.dumps(row), not str(row)"),
        ("\n".join(line.replace("and", "and\n") for line in LINES),
         r"a line break inside of a text is written \n: write each row with json.dumps(row)"),
    ],
)  # fmt: skip
def test_other_lines_are_told_with_what_to_write(tmp_path: Path, content: str, fix: str):
    """No command, where a script must be mended."""
    assert told(tmp_path / "p", content) == [("D142", fix)]


def test_commas_in_the_cells_of_a_table(tmp_path: Path):
    """More cells than columns: the cell that holds a comma wants quotes."""
    table = "prompt,completion\n" + "".join(f"Double {n}.,It is, of course, {2 * n}.\n" for n in range(200))
    assert told(tmp_path / "p", table, "data/chat.csv") == [("D142", 'put a cell that holds a comma into double quotes: "Yes, on day 3"')]


def test_a_file_of_other_columns_beside_good_ones(tmp_path: Path):
    """One source cannot read both: the fix names the second's own."""
    pairs = "".join(json.dumps({"q": q, "a": a}) + "\n" for q, a in PAIRS)
    case = Case("", "", SFT, {"data/chat.jsonl": "data/*.jsonl"}, {"data/more.jsonl": pairs, "data/stories.jsonl": None})
    found = [f for f in findings(case, tmp_path / "p") if f.code == "D106"]
    assert [(f.severity, f.fix) for f in found] == [
        ("warning", "give it a source of its own: {path: data/more.jsonl, columns: {instruction: q, output: a}}")
    ]
