"""Rules about what Ollama cuts off: stop texts and limits against the answers of the data."""

import json
import sys
from pathlib import Path

import pytest

from tests.runner.judged import meant

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import CHATML, SFT, Case, findings

BASE = """\
recipe: r
target: rtx4090
steps:
  - type: parse_corpus
    sources: [{path: chat.jsonl}]
  - type: train
    objective: OBJECTIVE
    model: {base: {path: base}}
    method: lora
  - type: export_ollama
    parameters: {PARAMETERS}
"""


@pytest.mark.parametrize(
    ("parameters", "codes"),
    [
        ('stop: ["It is"]', ["E026"]),
        ('stop: ["Question:"]', []),
        ('stop: ["\\n"]', []),
        ("num_predict: 4", ["E027"]),
        ("num_predict: 300", []),
        ("num_predict: -1", []),
        ('num_predict: 4, stop: ["Question:", "hens"]', ["E026", "E027"]),
    ],
)
def test_answers_are_held_against_what_cuts_them(tmp_path: Path, parameters: str, codes: list[str]):
    """Without the base's tokenizer words are counted, of which none is less than a token."""
    rows = [{"instruction": f"What is {n}?", "output": f"It is {n}, and that is more than all the hens in the yard."} for n in range(20)]
    (tmp_path / "chat.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    base = BASE.replace("OBJECTIVE", "sft").replace("PARAMETERS", parameters)
    found = meant(tmp_path, base=base).findings
    assert sorted(f.code for f in found if f.code in ("E026", "E027")) == codes


def test_a_limit_of_nothing(tmp_path: Path):
    """Ollama takes 0 for no token at all."""
    found = meant(tmp_path, ("export_ollama\n", "export_ollama\n    parameters: {num_predict: 0}\n")).findings
    assert [f.code for f in found] == ["E023"]


@pytest.mark.parametrize(
    ("system", "line", "found"),
    [
        ("You are a polite clerk.", "", [("warning", True)]),
        ("You are a polite clerk.", "    system: You are a polite clerk.\n", []),
        ("You are a polite clerk.", "    system: You are a pirate.\n", [("info", False)]),
        ("You are clerk number {}.", "", []),
        ("", "", []),
    ],
)
def test_the_system_message_of_all_rows_is_exported(tmp_path: Path, system: str, line: str, found: list[tuple[str, bool]]):
    """The fix writes the one that was learned; of different ones none is missing."""
    rows = [{"instruction": f"What is {n}?", "output": f"It is {n}.", "system": system.format(n)} for n in range(20)]
    (tmp_path / "chat.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    base = BASE.replace("OBJECTIVE", "sft").replace("    parameters: {PARAMETERS}\n", line)
    told = [f for f in meant(tmp_path, base=base).findings if f.code == "E028"]
    assert [(f.severity, bool(f.edits)) for f in told] == found
    assert all(f.edits[0].value == system for f in told if f.edits)


@pytest.mark.parametrize(("refuses", "codes"), [(True, []), (False, ["E028"])])
def test_a_system_message_that_the_template_refuses_is_not_asked_for(tmp_path: Path, refuses: bool, codes: list[str]):
    """E012 would ask to delete it again."""
    refusal = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" if refuses else ""
    talk = [{"role": "system", "content": "You are a polite clerk."}, {"role": "user", "content": "Twice 2?"},
            {"role": "assistant", "content": "It is 4, and no more."}]  # fmt: skip
    files = {"data/chat.jsonl": [{"messages": talk}] * 40, "models/base/tokenizer_config.json": {"chat_template": refusal + CHATML}}
    found = findings(Case("test", "test", SFT, {}, files), tmp_path / "project")
    assert [f.code for f in found if f.code in ("E028", "E012")] == codes
