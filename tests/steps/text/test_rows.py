"""Rows as documents: columns by name, by a name with dots, by template, and conversations in the shapes others write."""

import json

import pytest

from steps.text import rows
from steps.text.rows import BadRow, NoSuchColumn, document, meant


def turns_of(row, columns=None):
    """Roles and contents of the conversation that `row` becomes."""
    return [(m["role"], m["content"]) for m in document(row, meant(columns, list(row), row)).messages]


def said(role, content, **more):
    return {"role": role, "content": content, **more}


CALL = {"function": {"name": "f", "arguments": '{"x": 1}'}}
QUESTION, ANSWER = said("user", "Q"), said("assistant", "A")


def test_a_name_with_dots_leads_inside():
    """self-instruct: the answer stands in a list of maps; brackets of a template hold such names, too."""
    row = {"name": "t", "instruction": "Q", "instances": [{"input": "I", "output": "A"}]}
    columns = {"instruction": "instruction", "input": "instances.0.input", "output": "instances.0.output"}
    assert turns_of(row, columns) == [("user", "Q\n\nI"), ("assistant", "A")]
    assert document(row, meant({"text": "{name}: {instances.0.output}"}, list(row), row)).text == "t: A"
    with pytest.raises(NoSuchColumn) as error:
        meant({"text": "instances.0.answer"}, list(row), row)
    assert (error.value.wanted, error.value.found[-2:]) == ("instances.0.answer", ["instances.0.input", "instances.0.output"])


def test_a_column_whose_name_has_dots():
    """The name as it stands is tried first."""
    assert document({"a.b": "x", "a": {"b": "y"}}, meant({"text": "a.b"}, ["a.b", "a"])).text == "x"


def test_roles_by_the_names_that_others_use():
    """prompt and question are the instruction, completion and answer the output, conversations the messages."""
    assert meant({"prompt": "q", "completion": "a"}, ["q", "a"]) == {"instruction": "q", "output": "a"}
    assert meant({"conversations": "c"}, ["c"]) == {"messages": "c"}


def test_nothing_known_lists_what_there_is():
    """Names with dots included, so that they can be copied."""
    row = {"id": 1, "doc": {"body": "x"}}
    with pytest.raises(NoSuchColumn, match=r"the columns are id, doc, doc\.body"):
        meant(None, list(row), row)


@pytest.mark.parametrize(
    ("messages", "turns"),
    [
        ([said("system", "S"), QUESTION, ANSWER], [("system", "S"), ("user", "Q"), ("assistant", "A")]),
        ([said("developer", "S"), QUESTION, ANSWER], [("system", "S"), ("user", "Q"), ("assistant", "A")]),
        ([QUESTION, ANSWER, QUESTION, ANSWER], [("user", "Q"), ("assistant", "A")] * 2),
        ([QUESTION, ANSWER, QUESTION], [("user", "Q"), ("assistant", "A"), ("user", "Q")]),
        (
            [said("user", [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]), ANSWER],
            [("user", "one\ntwo"), ("assistant", "A")],
        ),
        (
            [
                QUESTION,
                said("assistant", None, tool_calls=[{"function": {"name": "f", "arguments": '{"x": 1}'}}]),
                said("tool", "7"),
                ANSWER,
            ],
            [
                ("user", "Q"),
                ("assistant", '<tool_call>\n{"name": "f", "arguments": {"x": 1}}\n</tool_call>'),
                ("tool", "7"),
                ("assistant", "A"),
            ],
        ),
        ([{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}], [("user", "Q"), ("assistant", "A")]),
    ],
)
def test_conversations(messages, turns):
    """System, many turns, parts of content, tools, a question at the end, ShareGPT; also as JSON in a text column."""
    assert turns_of({"messages": messages}) == turns
    assert turns_of({"messages": json.dumps(messages)}) == turns


@pytest.mark.parametrize(
    ("messages", "why"),
    [
        ([], "messages is no list of turns"),
        ("hello", "messages is no list of turns"),
        (["hello"], "messages holds something that is no turn"),
        ([said("alien", "Q"), ANSWER], "a turn of messages has no known speaker: 'alien'"),
        ([QUESTION], "no answer to learn from"),
        ([QUESTION, said("assistant", " ")], "turn 2 is an empty answer"),
        ([QUESTION, said("assistant", None)], "a turn of messages has no text"),
        ([ANSWER, QUESTION], "an answer comes before any question"),
        ([QUESTION, QUESTION, ANSWER], "turns 1 and 2 are both of the user"),
        ([QUESTION, said("system", "S"), ANSWER], "turn 2 is of the system, which speaks first or not at all"),
        ([QUESTION, said("tool", "7"), ANSWER], "turn 2 is of a tool that nobody called"),
        ([said("user", [{"type": "image_url"}]), ANSWER], "a turn of messages holds a part that is no text: image_url"),
    ],
)
def test_conversations_that_teach_nothing_or_wrong(messages, why):
    """The reason says which turn."""
    with pytest.raises(BadRow) as error:
        turns_of({"messages": messages})
    assert str(error.value) == why


def test_prompt_and_completion_may_be_turns():
    """The conversational shape of preference and prompt data; a system column speaks first."""
    assert turns_of({"prompt": [QUESTION], "completion": [ANSWER]}) == [("user", "Q"), ("assistant", "A")]
    row = {"instruction": "Q", "input": "<noinput>", "output": "A", "system": "S"}
    assert turns_of(row) == [("system", "S"), ("user", "Q"), ("assistant", "A")]
    with pytest.raises(BadRow, match="turn 2 is an empty answer"):
        turns_of({"instruction": "Q", "output": " "})
    with pytest.raises(BadRow, match="the question is empty"):
        turns_of({"instruction": " ", "output": "A"})


def test_only_what_is_asked_is_read_of_a_wide_file():
    """Columns of the roles, of templates, and title and lang."""
    found = ["id", "title", "body", "meta", "vector"]
    assert rows.columns_of({"text": "{body} {meta.url}"}, found) == ["title", "body", "meta"]


@pytest.mark.parametrize(
    ("row", "columns", "said"),
    [
        ({"text": float("nan")}, None, "text is empty"),
        ({"instruction": "a", "output": float("nan")}, None, "output is empty"),
        ({"title": "t", "text": float("nan")}, {"text": "{title}: {text}"}, "text is empty"),
    ],
)
def test_a_cell_of_nan_is_empty(row, columns, said):
    """pandas writes an empty cell as NaN: it is no word of a text, an answer or a template."""
    with pytest.raises(BadRow, match=said):
        document(row, meant(columns, list(row), row))


def test_a_first_row_of_nan_says_nothing_of_a_column():
    """The first value of a column that is not empty is looked into."""
    found, merged = rows.found_in([{"a": float("nan")}, {"a": {"b": "x"}}])
    assert (found, merged) == (["a"], {"a": {"b": "x"}})
