"""Rules about columns that nothing reads, rows that are turns, and tables with a quote left open."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import LM, SFT, Case, findings

ROWS = "data/chat.jsonl"
NAMED = {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n        columns: {prompt: instruction, completion: output}\n"}
TABLE = {"data/chat.jsonl": "data/chat.csv"}


def told(folder: Path, code: str, files: dict[str, object], changes: dict[str, str] | None = None, recipe: str = SFT) -> list[str]:
    """Severity, message and fix of the findings with this code."""
    made = Case("test", "test", recipe, changes or {}, files)
    return [f"{f.severity}: {f.message}; {f.fix}" for f in findings(made, folder / "project") if f.code == code]


@pytest.mark.parametrize(
    ("more", "changes", "found"),
    [
        ({"input": "At noon."}, NAMED, 1),
        ({"context": "At noon."}, NAMED, 1),
        ({"input": ""}, NAMED, 0),
        ({"input": None}, NAMED, 0),
        ({"source": "a book"}, NAMED, 0),
        ({"input": "At noon."}, {}, 0),
        ({"input": "At noon."}, {a: b.replace("output}", "output, input: input}") for a, b in NAMED.items()}, 0),
        ({"input": "At noon."}, {a: b.replace("prompt: instruction", 'prompt: "{instruction} {input}"') for a, b in NAMED.items()}, 0),
    ],
)
def test_a_column_of_the_question_is_read(tmp_path: Path, more: dict[str, object], changes: dict[str, str], found: int):
    """Filled in most rows and not named beside question and answer; an empty one, and one that is in a template, are no loss."""
    rows = [{"instruction": f"What is seen at {n}?", "output": f"The sun, {n}.", **more} for n in range(40)]
    said = told(tmp_path, "D181", {ROWS: rows}, changes)
    assert len(said) == found
    assert all("is filled in 40 of the first 40 rows" in each for each in said)


@pytest.mark.parametrize(
    ("who", "what", "speakers", "found"),
    [
        ("from", "value", ("human", "gpt"), 1),
        ("role", "content", ("user", "assistant"), 1),
        ("role", "content", ("user", "user"), 0),
        ("role", "content", ("hero", "villain"), 1),
        ("speaker", "text", ("customer", "agent"), 1),
        ("speaker", "text", ("USER", "assistant"), 1),
    ],
)
def test_a_row_is_no_turn(tmp_path: Path, who: str, what: str, speakers: tuple[str, str], found: int):
    """Rows with a speaker and what he says, by two of them; nothing else is said of their columns then."""
    rows = [{who: speaker, what: f"Word {n}"} for n in range(30) for speaker in speakers]
    assert len(told(tmp_path, "D182", {ROWS: rows})) == found
    assert not found or told(tmp_path / "2", "D106", {ROWS: rows}) == []


def test_plays_are_texts(tmp_path: Path):
    """Speakers whom nobody knows are told of where answers are learned, and nowhere else."""
    rows = [{"speaker": each, "text": f"Word {n} of the play."} for n in range(200) for each in ("hero", "villain")]
    assert told(tmp_path, "D182", {"data/stories.jsonl": rows}, {}, LM) == []


def test_what_was_said_before_is_told_when_nothing_reads_it(tmp_path: Path):
    """LLaMA-Factory's history, which other forms of rows do not have; an empty one is no loss."""
    rows = [{"instruction": f"And {n}?", "output": f"It is {n}.", "history": [["Hi", "Ho"]] if n % 2 else []} for n in range(40)]
    assert [each.split(":")[0] for each in told(tmp_path, "D181", {ROWS: rows})] == ["warning"]
    assert told(tmp_path / "2", "D181", {ROWS: [{**row, "history": []} for row in rows]}) == []


def test_a_system_message_that_is_left_out_is_told(tmp_path: Path):
    """It goes before the question."""
    rows = [{"instruction": f"And {n}?", "output": f"It is {n}.", "system": "Be short."} for n in range(40)]
    assert [
        each.endswith("add system: system, which goes before the question") for each in told(tmp_path, "D181", {ROWS: rows}, NAMED)
    ] == [True]


def test_question_and_answer_the_other_way_round(tmp_path: Path):
    """By the names of the columns; names that say nothing are left alone."""
    rows = [{"question": f"What is {n}?", "answer": f"A number, {n}."} for n in range(40)]
    for asked, said, found in (("answer", "question", 1), ("question", "answer", 0)):
        columns = {a: b.replace("instruction,", f"{asked},").replace("output}", f"{said}}}") for a, b in NAMED.items()}
        assert len(told(tmp_path / asked, "D183", {ROWS: rows}, columns)) == found


@pytest.mark.parametrize(
    ("row", "changes", "found"),
    [
        ({"text": "Room {n} was cold.", "label": "complaint {n}"}, {}, 1),
        ({"text": "Room {n} was cold.", "label": "complaint"}, {}, 0),
        ({"text": "Room {n} was cold.", "summary": "Cold {n}."}, {}, 1),
        ({"text": "Room {n} was cold.", "source": "letter {n}"}, {}, 0),
        ({"text": "Room {n} was cold.", "label": ""}, {}, 0),
        (
            {"text": "Room {n} was cold.", "label": "complaint {n}"},
            {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n        columns: {text: text}\n"},
            0,
        ),
        (
            {"text": "Room {n} was cold.", "label": "complaint {n}"},
            {"      - path: data/chat.jsonl\n": "      - path: data/chat.jsonl\n        columns: {instruction: text, output: label}\n"},
            0,
        ),
    ],
)
def test_an_answer_beside_a_text_is_told(tmp_path: Path, row: dict[str, str], changes: dict[str, str], found: int):
    """Where answers are learned, a column that is called as answers are; one that is the same in all rows is none."""
    rows = [{name: value.replace("{n}", str(n)) for name, value in row.items()} for n in range(40)]
    said = told(tmp_path, "D190", {ROWS: rows}, changes)
    assert len(said) == found
    assert all("columns: {instruction: text, output: " in each for each in said)


def test_texts_for_a_new_model_have_labels(tmp_path: Path):
    """Nothing is learned there but texts."""
    rows = [{"text": f"Room {n} was cold and small, and the bed was hard.", "label": n % 2} for n in range(400)]
    assert told(tmp_path, "D190", {"data/stories.jsonl": rows}, {}, LM) == []


def test_a_table_by_columns_is_told_as_one(tmp_path: Path):
    """What pandas writes by default: naming a part of it would be one cell."""
    cells = {name: {str(n): f"{name} {n}" for n in range(30)} for name in ("instruction", "output")}
    said = told(tmp_path, "D141", {"data/chat.json": cells}, {"data/chat.jsonl": "data/chat.json"})
    assert [each.split("; ")[1] for each in said] == ['write rows: frame.to_json("rows.jsonl", orient="records", lines=True)']


@pytest.mark.parametrize(
    ("turns", "reason", "fix"),
    [
        (
            [{"speaker": "user", "text": "Q"}, {"speaker": "bot", "text": "A"}],
            "neither role nor from, but speaker, text",
            "role and content",
        ),
        (
            [[{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]],
            "a list in a list",
            "columns: {messages: messages.0}",
        ),
    ],
)
def test_turns_by_other_keys_are_told(tmp_path: Path, turns: list[object], reason: str, fix: str):
    """The keys are at fault, not who speaks."""
    (said,) = told(tmp_path, "D141", {ROWS: [{"messages": turns} for _ in range(30)]})
    assert reason in said
    assert fix in said


def test_rows_between_the_first_and_the_last_are_looked_at(tmp_path: Path):
    """Of a thousand, two hundred in the middle have no answer."""
    rows = [{"instruction": f"And {n}?", "output": "" if 400 <= n < 600 else f"It is {n}."} for n in range(1000)]
    (said,) = told(tmp_path, "D141", {ROWS: rows})
    assert "the first rows can be used, 100 of 400 from the rest cannot: line 401: turn 2 is an empty answer" in said


@pytest.mark.parametrize(
    ("columns", "fix"),
    [
        ({"human": "a", "bot": "b"}, "columns: {instruction: human, output: bot}"),
        ({"translation": {"en": "a", "tr": "b"}}, "columns: {instruction: translation.en, output: translation.tr}"),
        ({"question": "a", "context": "c", "answers": {"text": ["x"], "answer_start": [3]}},
         "columns: {instruction: question, input: context, output: answers.text}"),
        ({"Question ": "a", "Answer ": "b"}, 'columns: {instruction: "Question ", output: "Answer "}'),
        ({"premise": "a", "hypothesis": "b", "label": 1}, 'columns: {instruction: "{premise}\\n{hypothesis}", output: label}'),
    ],
)  # fmt: skip
def test_columns_that_are_offered_can_be_written(tmp_path: Path, columns: dict[str, object], fix: str):
    """Parts of maps by their dotted names, blanks in quotes; written so, rows become documents."""
    rows = [{k: f"{v} {n}" if isinstance(v, str) else v for k, v in columns.items()} for n in range(30)]
    (said,) = told(tmp_path, "D106", {ROWS: rows})
    assert said.endswith(fix)
    named = {"      - path: data/chat.jsonl\n": f"      - path: data/chat.jsonl\n        {fix}\n"}
    assert told(tmp_path / "2", "D106", {ROWS: rows}, named) == told(tmp_path / "3", "D141", {ROWS: rows}, named) == []


def test_turns_in_a_list_are_a_conversation(tmp_path: Path):
    """The usual form is left alone."""
    assert told(tmp_path, "D182", {}) == []


@pytest.mark.parametrize(
    ("columns", "fix"),
    [
        (("query", "response_text"), "columns: {instruction: query, output: response_text}"),
        (("src_question", "tgt_answer"), "columns: {instruction: src_question, output: tgt_answer}"),
        (("number", "story_text"), "columns: {text: story_text}"),
        (("number", "words"), "columns: {text: number}"),
    ],
)
def test_columns_are_guessed_by_the_parts_of_their_names(tmp_path: Path, columns: tuple[str, str], fix: str):
    """A question and its answer, else a text, else the first."""
    rows = [dict(zip(columns, (f"one {n}", f"two {n}"), strict=True)) for n in range(30)]
    assert [each.endswith(fix) for each in told(tmp_path, "D106", {ROWS: rows})] == [True]


def lines(odd: dict[int, str], plain: str = "Double {n},It is {m}.\n") -> dict[str, object]:
    """A table of 100 rows, some of them as given."""
    return {"data/chat.csv": "instruction,output\n" + "".join(odd.get(n, plain).format(n=n, m=2 * n) for n in range(100))}


def test_a_quote_that_is_never_closed_is_told_where_it_opens(tmp_path: Path):
    """It is read as a letter, also where the next quote closes it."""
    said = told(tmp_path, "D142", lines({20: '"Double {n},It is {m}.\n'}), TABLE)
    assert said[0].startswith("warning: data/chat.csv, line 22: a quote that opens here is not closed: it is read as a letter")
    said = told(tmp_path / "2", "D142", lines({20: '"Double {n},It is {m}.\n', 50: '"Double {n},It is {m}.\n'}), TABLE)
    assert said[0].startswith("warning: data/chat.csv, line 22: a quote that opens here is not closed: it is read as a letter")


def test_cells_of_several_lines_are_no_open_quotes(tmp_path: Path):
    """Poems in a table, with commas in each line."""
    poem = '"Write {n}.","' + "one, {n}\n" * 12 + 'the end"\n'
    assert told(tmp_path, "D142", lines({}, poem), TABLE) == []


def test_the_base_recipe_of_texts_is_left_alone(tmp_path: Path):
    """Stories with titles are neither turns nor questions."""
    assert [told(tmp_path / code, code, {}, {}, LM) for code in ("D181", "D182", "D142")] == [[], [], []]
