"""Rules about the form of data and templates: lists where texts are wanted, answers that no template opens, marks of others."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import CHATML, SFT, Case, findings

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
