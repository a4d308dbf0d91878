"""What a file that is called a text really is, by its beginning."""

import json
from pathlib import Path

import pytest

from runner.facts import Facts
from runner.judge import judge
from runner.resolve import mean
from steps.text import forms
from steps.text.forms import first_other, real_format
from tests.conftest import ROOT, FakeContext

ROWS = [{"instruction": f"Double {n}.", "output": f"{2 * n}"} for n in range(20)]


def real(folder: Path, text: str, name: str = "a.txt", wanted: str = "auto") -> str:
    (folder / name).write_text(text, "utf-8")
    return real_format(Facts(folder, FakeContext(folder / "context").target, 0), Path(name), wanted)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(json.dumps(ROWS, indent=1), "json", id="a list of rows"),
        pytest.param(json.dumps(ROWS * 3000), "json", id="a long list on one line"),
        pytest.param(json.dumps(ROWS * 3000, indent=2), "json", id="a long list"),
        pytest.param("".join(json.dumps(row) + "\n" for row in ROWS), "jsonl", id="rows"),
        pytest.param("".join(json.dumps(row) + "\n" for row in ROWS * 3000), "jsonl", id="many rows"),
        pytest.param("instruction,output\n" + "a,b\n" * 20, "csv", id="a table"),
        pytest.param("text\tlabel\n" + '"a b, c"\t1\n' * 20, "csv", id="a table with tabs"),
        pytest.param("<!DOCTYPE html>\n<html><body><p>Text.</p></body></html>", "html", id="a page"),
        pytest.param("", "", id="empty"),
        pytest.param("[1] Ada wrote of it.\n[2] So did Bob.\n", "", id="references"),
        pytest.param("[chorus]\nLa la la\n", "", id="a song"),
        pytest.param("{a: b} is how one writes a map.\nHere is more text.\n", "", id="prose that begins with a brace"),
        pytest.param('{"a": 1}\nThat was JSON, and this is prose about it.\nMore.\n', "", id="prose behind JSON"),
        pytest.param("[1, 2, 3]\n[4, 5, 6]\n", "", id="numbers"),
        pytest.param("Text, and more\n" + "one, two\n" * 20, "", id="lines with commas"),
        pytest.param("Title: a tale, long\n" + "words and words, always two\n" * 9, "", id="a tale"),
        pytest.param("# Notes\n\n```json\n{}\n```\n", "", id="Markdown"),
    ],
)
def test_what_is_no_text_is_known(tmp_path: Path, text: str, found: str):
    """Rows and pages are; prose that looks a little like them is not. Under another name or with its format written nothing is said."""
    assert real(tmp_path, text) == found
    assert real(tmp_path, text, wanted="txt") == ""
    assert real(tmp_path, text, name="a.jsonl") == ""


def test_our_own_texts_are_texts():
    """The pages of the project's own folders."""
    context = Facts(ROOT, FakeContext.__new__(FakeContext), 0)  # type: ignore[arg-type]
    files = [*ROOT.glob("*.md"), *ROOT.glob("benchmarks/**/*.md"), *ROOT.glob("data/**/*.md"), *ROOT.glob("data/**/*.txt")]
    assert files
    assert [file.name for file in files if real_format(context, file)] == []


def test_the_check_tells_it_and_not_what_follows_from_it(tmp_path: Path):
    """Not that the file is long, nor that it is one document."""
    (tmp_path / "a.txt").write_text(json.dumps(ROWS * 3000))
    (tmp_path / "r.yaml").write_text(
        "recipe: r\ntarget: t4\nsteps:\n- {type: parse_corpus, sources: [{path: a.txt}]}\n- {type: train_tokenizer, vocab_size: 300}\n"
        "- {type: tokenize_bin}\n- {type: train, model: {family: llama, d_model: 64, n_layers: 2}, max_steps: 9, total_batch_size: 8}\n"
    )
    meant = mean(tmp_path / "r.yaml")
    found = [(f.code, f.severity, f.message) for f in judge(meant) if f.code in ("D159", "D111", "S013")]
    assert found == [("D159", "warning", "a.txt is a JSON list and would be learned as plain text")]


def test_of_a_folder_with_very_many_texts_only_the_first_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A million files are not read to check a recipe."""
    files = [Path(f"{n:04}.txt") for n in range(200)]
    for file in files:
        (tmp_path / file).write_text("A text.\n")
    (tmp_path / files[150]).write_text(json.dumps(ROWS))
    asked: list[Path] = []
    monkeypatch.setattr(forms, "real_format", lambda context, file, wanted: asked.append(file) or "")
    assert first_other(Facts(tmp_path, FakeContext(tmp_path / "context").target, 0), files, None) is None
    assert asked == files[: forms.FILES]
