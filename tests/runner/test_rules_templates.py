"""Columns the other way round, and templates that name columns in another tool's way or not at all."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import LM, SFT, Case, findings

ROWS = [{"question": f"What is {n}?", "reply": f"It is {n}."} for n in range(60)]
TEXTS = [{"title": f"T{n}", "text": f"The {n} hens sat on a wall and spoke of the fox."} for n in range(300)]


def told(folder: Path, columns: str, rows: list[Any], base: str = LM) -> list[tuple[str, Any]]:
    """Code and edits of each error of a recipe with these columns."""
    name = "data/chat.jsonl" if base is SFT else "data/stories.jsonl"
    source = f"      - path: {name}\n"
    made = Case("", "", base, {source: f"{source}        columns: {columns}\n"}, {name: rows})
    return [(f.code, [e.value for e in f.edits]) for f in findings(made, folder / "p") if f.severity == "error"]


@pytest.mark.parametrize("columns", ["{question: prompt, reply: completion}", "{question: instruction, reply: output}"])
def test_columns_before_roles(tmp_path: Path, columns: str):
    """The map is turned round."""
    turned = {word.split(": ")[1]: word.split(": ")[0] for word in columns.strip("{}").split(", ")}
    assert ("K001", [turned]) in told(tmp_path, columns, ROWS, SFT)


def test_columns_before_roles_where_both_are_roles(tmp_path: Path):
    """question and answer are roles as well, so that only the file tells."""
    rows = [{"question": row["question"], "answer": row["reply"]} for row in ROWS]
    assert told(tmp_path, "{question: prompt, answer: completion}", rows, SFT) == [
        ("D106", [{"prompt": "question", "completion": "answer"}])
    ]


@pytest.mark.parametrize(
    ("template", "meant"),
    [
        ("{{title}}\\n{{text}}", "{title}\n{text}"),
        ("$title: $text", "{title}: {text}"),
        ("%(title)s: %(text)s", "{title}: {text}"),
        ("[title] [text]", "{title} {text}"),
    ],
)
def test_columns_in_another_tools_way(tmp_path: Path, template: str, meant: str):
    """Each stands in one pair of braces."""
    found = told(tmp_path, f'{{text: "{template}"}}', TEXTS)
    assert [edits for code, edits in found if code in ("D189", "D106")] == [[meant]]


@pytest.mark.parametrize("template", ["{title}: {text}", "{{{title}}} {text}", "{{ {text} }}", "cost: $5 {text}"])
def test_braces_that_are_meant(tmp_path: Path, template: str):
    """A brace of the text beside a column."""
    assert not told(tmp_path, f'{{text: "{template}"}}', TEXTS)
