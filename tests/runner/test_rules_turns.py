"""Turns of conversations: marks that nothing reads, questions without a word, and what is offered for turns under another name."""

import sys
from pathlib import Path
from typing import Any

import pytest

from steps.text import rows

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import SFT, Case, findings


def asked(n: int) -> dict[str, Any]:
    return {"role": "user", "content": f"What is {n} and {n}?"}


def answer(n: int, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": f"It is {2 * n}.", **more}


def told(folder: Path, made: list[dict[str, Any]], *codes: str) -> list[tuple[str, str]]:
    """Code and fix of what is said of these codes where the rows are the source."""
    return [(f.code, f.fix) for f in findings(Case("", "", SFT, files={"data/chat.jsonl": made}), folder / "project") if f.code in codes]


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"train": False}, ["D195"]), ({"weight": 0}, ["D195"]), ({"loss": "false"}, ["D195"]), ({"train": True}, []), ({"weight": 1}, []),
        ({"name": "x"}, []),
    ],
)  # fmt: skip
def test_answers_that_are_marked_not_to_be_learned(tmp_path: Path, more: dict[str, Any], codes: list[str]):
    """By the words of several trainers; on the user's turn it says what is so anyway."""
    rows_ = [{"messages": [asked(n), answer(n, **more), asked(n + 1), answer(n + 1)]} for n in range(60)]
    assert [code for code, _ in told(tmp_path / "a", rows_, "D195")] == codes
    other = [{"messages": [{**asked(n), **more}, answer(n)]} for n in range(60)]
    assert told(tmp_path / "b", other, "D195") == []


def test_questions_without_a_word(tmp_path: Path):
    """A tenth of the rows; one now and then is what users do."""
    silent = {"role": "user", "content": " "}
    for often, codes in ((5, ["D196"]), (30, [])):
        made = [{"messages": [silent if n % often == 0 else asked(n), answer(n)]} for n in range(60)]
        assert [code for code, _ in told(tmp_path / str(often), made, "D196")] == codes


@pytest.mark.parametrize(
    ("row", "fix"),
    [
        ({"dialog": [asked(1), answer(1)]}, "say which: columns: {messages: dialog}"),
        ({"data": {"messages": [asked(1), answer(1)]}}, "say which: columns: {messages: data.messages}"),
        ({"inputs": "What is 2?", "targets": "It is 2."}, "say which: columns: {instruction: inputs, output: targets}"),
    ],
)
def test_turns_under_another_name(tmp_path: Path, row: dict[str, Any], fix: str):
    """What is offered reads the rows."""
    assert ("D106", fix) in told(tmp_path, [row] * 40, "D106")
    columns = dict(part.split(": ") for part in fix.partition("{")[2].rstrip("}").split(", "))
    assert rows.document(row, rows.meant(columns, list(row), row)).messages is not None


def test_an_input_that_pandas_left_empty_is_empty():
    """NaN, which its JSON writes for an empty cell, is no word of the question."""
    row = {"instruction": "Double 2.", "input": float("nan"), "output": "It is 4."}
    made = rows.document(row, rows.meant(None, list(row), row))
    assert made.messages is not None
    assert made.messages[0]["content"] == "Double 2."
