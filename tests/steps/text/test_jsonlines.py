"""JSON lines in any encoding: what the run reads, the check calls sound, and the other way round."""

import gzip
import json

import pytest

from runner.firstrows import first_rows
from runner.judge import judge
from runner.resolve import mean
from steps.text import further
from tests.steps.text.test_tables import put
from tests.steps.text.test_tables import read as read_all

TEXTS = ["Işık ağaca vurdu; kuş ötüyordu.", "Dün akşam şehrin ışıkları çok güzeldi."]
RECIPE = """recipe: r
steps:
  - {type: parse_corpus, sources: [{path: a.jsonl*}]}
  - {type: train_tokenizer, vocab_size: 300}
  - {type: tokenize_bin}
  - {type: train, model: {family: gpt2, d_model: 64, n_layers: 1, n_heads: 1}, max_steps: 1}
"""


def read(path):
    """Texts and complaints, but for the encoding."""
    texts, complaints = read_all(path)
    return texts, [said for said in complaints if not said[0].startswith("encoding")]


def told(project):
    """What `recipe check` says of the rows, and the first two that `recipe show --rows` prints."""
    (project / "r.yaml").write_text(RECIPE)
    meant = mean(project / "r.yaml")
    lines, _ = first_rows(meant, 2)
    shown = [line.strip().removeprefix("text").strip() for line in lines if line.strip().startswith("text ")]
    return [f.message for f in judge(meant) if f.code in ("D101", "D140", "D141", "D142", "D143", "D159")], shown


def lines(copies):
    return "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in TEXTS * copies)


@pytest.mark.parametrize("whole", [10_000_000, 100_000])
@pytest.mark.parametrize("copies", [1, 2000])
@pytest.mark.parametrize("name", ["utf-8", "cp1254", "cp857", "utf-16-le", "utf-16-be", "utf-16", "utf-32"])
def test_the_check_is_silent_where_the_run_reads(tmp_path, monkeypatch, name, copies, whole):
    """Of two rows and of more than a head holds, read to its end by the check or in places."""
    monkeypatch.setattr(further, "WHOLE", whole)
    assert read(put(tmp_path, "a.jsonl", lines(copies).encode(name))) == (TEXTS * copies, [])
    assert told(tmp_path) == ([], TEXTS)


def test_packed_rows_are_no_other(tmp_path):
    """The beginning of what is packed says the encoding."""
    assert read(put(tmp_path, "a.jsonl.gz", gzip.compress(lines(2000).encode("utf-16-le")))) == (TEXTS * 2000, [])
    assert told(tmp_path) == ([], TEXTS)
    put(tmp_path, "a.jsonl.gz", gzip.compress(lines(2000).encode("cp1254")))
    assert told(tmp_path) == ([], TEXTS)


def test_a_line_of_utf8_among_others_stays_that(tmp_path):
    """Files are put together from files."""
    path = put(tmp_path, "a.jsonl", lines(1).encode("cp1254") + '{"text": "güneş"}\n'.encode())
    assert read(path) == ([*TEXTS, "güneş"], [])


def test_both_know_one_wrong_byte_from_another_encoding(tmp_path):
    """Where the file is UTF-8 elsewhere, or too few bytes would tell what else it is."""
    wrong = b'{"text": "caf\xe9 \xe9t\xe9"}\n'
    reason = "no UTF-8 at byte 14 of the line"
    texts, complaints = read(put(tmp_path, "a.jsonl", lines(1).encode() + wrong))
    assert (texts, complaints) == (TEXTS, [("broken row: no UTF-8", f"a.jsonl, line 3: {reason}")])
    assert told(tmp_path)[0] == [f"a.jsonl, line 3: {reason} (1 of the first 3 lines)"]
    texts, complaints = read(put(tmp_path, "a.jsonl", lines(2000).encode() + wrong))
    assert complaints == [("broken row: no UTF-8", f"a.jsonl, line 4001: {reason}")]
    assert told(tmp_path)[0] == [f"a.jsonl, line 4001: {reason} (1 of 4001 lines)"]


def test_a_file_of_rows_that_is_cut_in_a_letter(tmp_path):
    """The last row is broken, the others are read."""
    data = lines(1).encode("utf-16-le")
    texts, complaints = read(put(tmp_path, "a.jsonl", data[:-9]))
    assert (texts, [reason for reason, _ in complaints]) == (TEXTS[:1], ["broken row: Unterminated string starting"])
    (said,), shown = told(tmp_path)
    assert (said.partition(":")[0], shown) == ("a.jsonl, line 2", TEXTS[:1])


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "cp1254"])
def test_a_long_table_of_cells_has_a_beginning_too(tmp_path, name):
    """A head that is cut inside of a unit or of a letter is a head."""
    put(tmp_path, "a.csv", ("text,n\n" + "".join(f"{text},1\n" for text in TEXTS * 2000)).encode(name))
    (tmp_path / "r.yaml").write_text(RECIPE.replace("a.jsonl*", "a.csv"))
    lines_, _ = first_rows(mean(tmp_path / "r.yaml"), 2)
    assert [line.strip().removeprefix("text").strip() for line in lines_ if line.strip().startswith("text ")] == TEXTS


@pytest.mark.parametrize(("name", "told"), [("cp1254", "cp1254"), ("utf-16-le", "utf-16-le"), ("utf-8", "")])
def test_the_encoding_of_rows_is_counted(tmp_path, name, told):
    """Where it is not UTF-8: once a file."""
    complaints = read_all(put(tmp_path, "a.jsonl", lines(40).encode(name)))[1]
    assert complaints == ([(f"encoding: {told}", "a.jsonl")] if told else [])
