"""Rules about the form of data and templates: lists where texts are wanted, answers that no template opens, marks of others."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import CHATML, LM, SFT, Case, findings

CONFIG = "models/base/tokenizer_config.json"


def told(folder: Path, code: str, files: dict[str, object], changes: dict[str, str] | None = None, recipe: str = SFT) -> list[str]:
    """Severity, message and fix of the findings with this code."""
    made = Case("test", "test", recipe, changes or {}, files)
    return [f"{f.severity}: {f.message}; {f.fix}" for f in findings(made, folder / "project") if f.code == code]


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (["Four.", "4"], "a line each; to learn the first text alone: columns: {instruction: instruction, output: output.0}"),
        (["Four."], "each has one text, which is read as it stands; write the text itself"),
        ("Four.", ""),
        ([{"role": "assistant", "content": "Four."}], ""),
    ],
)
def test_lists_where_a_text_is_wanted(tmp_path: Path, answers: object, says: str):
    """What the run makes of them is said; turns are no texts."""
    rows = [{"instruction": f"What is {n}?", "output": answers} for n in range(20)]
    said = told(tmp_path, "D170", {"data/chat.jsonl": rows})
    assert [says in each for each in said] == ([True] if says else [])


OPENED = "{% if add_generation_prompt %}"
TURNS = "{% if m.role == 'user' %}<|im_start|>{{ m.content }}<|im_end|>assistant: {% else %}{{ m.content }}<|im_end|>{% endif %}"
ALWAYS = "{% for m in messages %}" + TURNS + "{% endfor %}"
SPACED = ALWAYS.replace("assistant: {%", "{%").replace("else %}", "else %} ")


@pytest.mark.parametrize(
    ("template", "found"),
    [
        (CHATML, 0),
        (CHATML.split(OPENED)[0], 1),
        (ALWAYS, 0),
        (SPACED, 0),
    ],
)
def test_a_template_that_opens_no_answer(tmp_path: Path, template: str, found: int):
    """One whose questions end with the opening, or that has none, is sound."""
    said = told(tmp_path, "D171", {CONFIG: {"chat_template": template}})
    assert len(said) == found
    assert all("with <|im_start|>assistant\\n before it" in each for each in said)


@pytest.mark.parametrize(
    ("asked", "share", "found"),
    [
        ("<s>[INST] What is {n}? [/INST]", 1, ["[INST]"]),
        ("<|start_header_id|>user<|end_header_id|>What is {n}?", 1, ["<|start_header_id|>"]),
        ("What does [INST] mean? {n}", 4, []),
        ("See [INSTALL] and <user> {n}", 1, []),
    ],
)
def test_marks_of_another_template_in_the_turns(tmp_path: Path, asked: str, share: int, found: list[str]):
    """In half of the conversations at least: some may speak of them."""
    rows = [{"instruction": (asked if n % share == 0 else "Double {n}.").replace("{n}", str(n)), "output": str(2 * n)} for n in range(40)]
    said = told(tmp_path, "D151", {"data/chat.jsonl": rows})
    assert len(said) == len(found)
    assert all(f"40 of the first 40 rows have {mark} typed into their turns" in each for mark, each in zip(found, said, strict=True))


@pytest.mark.parametrize(
    ("columns", "symbols", "found"),
    [
        ("<|title|>{title}<|body|>{text}", "", 'write user_symbols: ["<|title|>", "<|body|>"]'),
        ("<story> {text}", '["<|title|>"]', 'write user_symbols: ["<|title|>", "<story>"]'),
        ("<|title|>{title} {text}", '["<|title|>"]', ""),
        ("<{title}> {text}<br>", "", ""),
        ("{title}\\n{text}", "", ""),
    ],
)
def test_marks_that_a_template_of_columns_writes(tmp_path: Path, columns: str, symbols: str, found: str):
    """Those that are symbols of the tokenizer are right, and those around a field may be many."""
    rows = [{"title": f"T{n}", "text": f"The {n} hens sat on a wall and spoke of the fox."} for n in range(300)]
    source, tokenizer = "      - path: data/stories.jsonl\n", "  - type: train_tokenizer\n"
    changes = {source: f'{source}        columns: {{text: "{columns}"}}\n'}
    changes |= {tokenizer: f"{tokenizer}    user_symbols: {symbols}\n"} if symbols else {}
    said = told(tmp_path, "D173", {"data/stories.jsonl": rows}, changes, LM)
    assert [each.partition("; ")[2] for each in said] == ([found] if found else [])


@pytest.mark.parametrize(("times", "extra", "found"), [(12, "", 1), (1, "", 0), (2, "    parameters: {num_ctx: 64}\n", 1)])
def test_a_system_message_fits_the_context(tmp_path: Path, times: int, extra: str, found: int):
    """Counted by the tokenizer, else bounded from below; the context is num_ctx, or follows the training."""
    pytest.importorskip("tokenizers")
    name = "    name: tuned\n"
    system = "You answer briefly and kindly and you never speak of the weather. " * times
    said = told(tmp_path, "E030", {}, {name: f"{name}{extra}    system: {system}\n"})
    assert len(said) == found


@pytest.mark.parametrize(("text", "size", "count"), [("One line.\n", 9000, 1), ("One line.\n", 900, 0), ("One line.\n \n", 9000, 0)])
def test_a_text_that_no_blank_line_parts(tmp_path: Path, text: str, size: int, count: int):
    """Long and in one piece: the lines may be what was meant. A line of blanks is a blank one."""
    changes = {"path: data/stories.jsonl": "path: a.txt\n        document: blank_line"}
    said = told(tmp_path, "D174", {"a.txt": text * size}, changes, LM)
    assert (
        said
        == ["info: a.txt has no blank line in its first 64 kB: it may be one document of 90 kB; write document: line, if each line is one"]
        * count
    )
