"""Tokens that are added and that no row holds."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import CHATML, LM, SFT, Case, findings


@pytest.mark.parametrize("count", [120, 900])
@pytest.mark.parametrize(
    ("token", "fix"),
    [
        ("<call>", ""),
        ("<|call|>", "write '<call>', which the rows hold"),
        ("<Call>", "write '<call>', which the rows hold"),
        ("\\n<call>\\t", "write '<call>', which the rows hold"),
        ("<zzz>", "take it out, or look at how the data spells it"),
        ("<|turn|>", ""),
    ],
)
def test_a_token_that_no_row_holds_is_told(tmp_path: Path, token: str, fix: str, count: int):
    """The template's own marks are held by every row; a file is searched to its end."""
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"And {n}?"},
                {"role": "assistant", "content": f"<call>{n}" if n > count - 9 else f"{n}"},
            ]
        }
        for n in range(count)
    ]
    files = {
        "data/chat.jsonl": rows,
        "models/base/tokenizer_config.json": {"chat_template": CHATML.replace("message['role'] +", "message['role'] + '<|turn|>' +")},
    }
    made = Case("", "", SFT, {"    lora:": f'    add_tokens: ["{token}"]\n    lora:'}, files)
    found = [f for f in findings(made, tmp_path / "p") if f.code == "V109"]
    assert [f.fix for f in found] == ([fix] if fix else [])
    assert [f.severity for f in found] == (["warning" if "which" in fix else "info"] if fix else [])


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ('["<a>, <b>"]', 'write add_tokens: ["<a>", "<b>"]'),
        ('["<x>", "<a> <b>", "<|c|>"]', 'write add_tokens: ["<x>", "<a>", "<b>", "<|c|>"]'),
        ('["<a><b>", "<a>"]', ""),
    ],
)
def test_several_tokens_in_one_text(tmp_path: Path, written: str, fix: str):
    """Between quotes they are one token; two marks without a blank may be one."""
    made = Case("", "", SFT, {"    lora:": f"    add_tokens: {written}\n    lora:"})
    assert [f.fix for f in findings(made, tmp_path / "p") if "were meant" in f.message] == ([fix] if fix else [])


def test_several_symbols_in_one_text(tmp_path: Path):
    """Of a new tokenizer, too; once."""
    made = Case("", "", LM, {"    vocab_size: 1000": "    vocab_size: 1000\n    user_symbols: ['<a>, <b>']"})
    said = [(f.code, f.fix) for f in findings(made, tmp_path / "p") if f.code in ("V109", "T110")]
    assert said == [("V109", 'write user_symbols: ["<a>", "<b>"]')]


@pytest.mark.parametrize(
    ("token", "found"),
    [("on", "month"), ("mont", ""), ("hospital", ""), ("<|on|>", "")],
)
def test_a_token_that_is_cut_out_of_words(tmp_path: Path, token: str, found: str):
    """A word by itself, the beginning of words and a mark are no pieces."""
    rows = [
        {
            "messages": [
                {"role": "user", "content": f"May I come to the hospital in month {n}?"},
                {"role": "assistant", "content": f"The hospital is open in every month but {n}."},
            ]
        }
        for n in range(60)
    ]
    made = Case("", "", SFT, {"    lora:": f'    add_tokens: ["{token}"]\n    lora:'}, {"data/chat.jsonl": rows})
    said = [f.message for f in findings(made, tmp_path / "p") if f.code == "V111"]
    assert [found in each for each in said] == ([True] if found else [])
