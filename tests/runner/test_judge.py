"""judge and mend: all findings at once, in the order of the file, and safe fixes until there are none."""

import json
import re
from pathlib import Path

import pytest

from runner import rules
from runner.document import read
from runner.judge import judge, mend, mended
from runner.overrides import Overrides
from runner.resolve import mean
from schemas import Edit, Tokenizer
from tests.runner.judged import SOUND, meant, said

SMALL = ("model: {family: mamba,", "model: {family: mamba, vocab_size: 8000,")


def test_forecasts_flow_down_the_recipe(tmp_path: Path):
    """The model's size is known before its tokenizer exists."""
    result = meant(tmp_path)
    made = result.step("train").forecast
    assert (made.vocab_size, made.optimizer_steps) == (16000, 1000)
    assert made.parameters == made.model.parameters()


def test_all_findings_come_at_once_in_the_order_of_the_file(tmp_path: Path):
    """Unknown keys, wrong sizes and bad intervals together, from top to bottom."""
    changes = (SMALL, ("vocab_size: 16000", "vocab_size: 16000\n    dtyp: x"), ("max_steps: 1000", "max_steps: 1000\n    save_steps: 5000"))
    found = meant(tmp_path, *changes).findings
    assert [f.place.line for f in found] == sorted(f.place.line for f in found)
    assert {"K001", "S011"} <= {f.code for f in found}


def test_a_failing_rule_or_forecast_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is called our mistake, and the other findings are there."""

    def broken(view: rules.View):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(rules, "RULES", [rules.Rule(broken, ()), *rules.every()])
    found = meant(tmp_path, SMALL).findings
    assert [f.code for f in found] == ["R090", "V001"]
    assert found[0].message == "the rule broken failed, which is a mistake of ours: ZeroDivisionError: oh"
    monkeypatch.undo()
    result = mean(tmp_path / "recipe.yaml")
    monkeypatch.setattr(result.step("tokenize_bin").step, "forecast_function", lambda *given: 1 / 0)
    assert [f.code for f in judge(result)] == ["R090", "V001"]


def test_mend_changes_memory_and_no_file(tmp_path: Path):
    """The recipe as meant afterwards is sound, what was fixed is told, the file is as it was."""
    meant(tmp_path, SMALL)
    file = tmp_path / "recipe.yaml"
    before = file.read_text()
    result, fixed = mend(file)
    assert [f.code for f in fixed] == ["V001"]
    assert (result.findings, result.fixed) == ([], fixed)
    assert result.step("train").raw["model"]["vocab_size"] == 16000
    assert result.origins[("steps", "train", "model", "vocab_size")][0] == "fixed"
    assert file.read_text() == before


def test_a_fix_may_bring_the_next_mistake_to_light(tmp_path: Path):
    """bfloat16 is bf16 here, and bf16 is not on a T4: both are mended in one go."""
    meant(tmp_path, ("max_steps: 1000", "max_steps: 1000\n    precision: bfloat16"))
    result, fixed = mend(tmp_path / "recipe.yaml")
    assert ([f.code for f in fixed], result.findings) == (["K004", "P101"], [])


def test_what_the_command_line_says_is_not_edited(tmp_path: Path):
    """--set wins over the file, so a fix in the file would change nothing."""
    meant(tmp_path)
    result, fixed = mend(tmp_path / "recipe.yaml", Overrides((("steps.train.model.vocab_size", "8000"),)))
    assert fixed == []
    assert [f.code for f in result.findings] == ["V001"]


def test_a_mistake_in_the_extended_recipe_is_shown_there(tmp_path: Path):
    """In memory it is mended in its own file; --fix of the child leaves the parent alone."""
    meant(tmp_path, SMALL)
    child = tmp_path / "child.yaml"
    child.write_text("extends: recipe.yaml\nrecipe: child\n", "utf-8")
    (finding,) = judge(mean(child))
    assert Path(finding.place.file).name == "recipe.yaml"
    assert [f.code for f in mend(child)[1]] == ["V001"]
    assert mended(child, alone=True).fixed == []


def test_an_artifact_that_stands_is_known_exactly(tmp_path: Path):
    """A folder wired by path is read for its sizes; a wrong one is a finding."""
    (tmp_path / "tok").mkdir()
    Tokenizer(vocab_size=8000).save(tmp_path / "tok")
    by_path = ("tokenize_bin\n", "tokenize_bin\n    tokenizer: {path: tok}\n")
    assert meant(tmp_path, by_path).step("tokenize_bin").forecast.vocab_size == 8000
    assert "L022" in said(tmp_path, ("tokenize_bin\n", "tokenize_bin\n    tokenizer: {path: .}\n"))


@pytest.mark.parametrize(
    ("path", "said_of_it", "fix"),
    [
        ("old/bins", "there is no folder old/bins", "name a folder that a run of recipe made, such as runs/latest/artifacts/tokenize_bin"),
        ("old", "old names tokens that another tool made", "name the texts that they were made of as a source of parse_corpus"),
        ("old/*.bin", "old/*.bin names tokens that another tool made", "name the texts that they were made of"),
        ("old/train.bin", "old/train.bin names tokens that another tool made", "name the texts that they were made of"),
        ("texts", "texts names texts, and no TokenBin", "name it as a source of parse_corpus: sources: [{path: texts}]"),
        ("Old", "there is no folder Old: capital and small letters count in a path", "write old"),
    ],
)
def test_what_holds_no_artifact_is_told_by_what_it_is(tmp_path: Path, path: str, said_of_it: str, fix: str):
    """Not there, tokens or texts of another tool, another letter case: each with what to write for it."""
    for name in ("old/train.bin", "old/val.bin", "texts/a.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\1\0" * 500)
    found = meant(tmp_path, ("  - type: tokenize_bin\n", ""), ("  - type: train\n", f"  - type: train\n    bins: {{path: '{path}'}}\n"))
    (finding,) = [f for f in found.findings if f.code == "L022"]
    assert finding.message.startswith(said_of_it)
    assert finding.fix.startswith(fix)
    assert finding.severity == "error"


def test_a_folder_of_another_machine_is_a_warning(tmp_path: Path):
    """By its whole path, for a machine that is not this one."""
    for target, severity in (("t4", "warning"), ("here", "error")):
        named = ("  - type: train\n", "  - type: train\n    bins: {path: /content/bins}\n")
        found = meant(tmp_path, ("  - type: tokenize_bin\n", ""), named, base=re.sub(r"target: .*", f"target: {target}", SOUND)).findings
        assert [f.severity for f in found if f.code == "L022"] == [severity]


@pytest.mark.parametrize("file", ["tokenizer.model", "tokenizer.json"])
def test_a_folder_with_a_tokenizer_alone_is_taken_by_the_check(tmp_path: Path, file: str):
    """As its checkpoint; named as its tokenizer, that is what the fix writes."""
    (tmp_path / "tok").mkdir()
    (tmp_path / "tok" / file).write_bytes(b"{}")
    base = SOUND[: SOUND.index("  - type: train_tokenizer")] + "  - {type: check_vocab_consistency, PLACE: {path: tok}}\n"
    codes = {place: meant(tmp_path, base=base.replace("PLACE", place)).findings for place in ("checkpoint", "tokenizer")}
    assert not {"H022", "L022"} & {f.code for f in codes["checkpoint"]}
    (finding,) = [f for f in codes["tokenizer"] if f.code == "L022"]
    assert (finding.edits[0].action, finding.edits[0].key) == ("rename", "checkpoint")


def test_a_models_tokenizer_is_taken_out_by_the_step_for_it(tmp_path: Path):
    """Named as a tokenizer, or wanted beside a base: both say which step makes one of it."""
    (tmp_path / "llama").mkdir()
    (tmp_path / "llama" / "tokenizer.json").write_text("{}")
    (tmp_path / "llama" / "config.json").write_text("{}")
    named = meant(tmp_path, ("tokenize_bin\n", "tokenize_bin\n    tokenizer: {path: llama}\n"))
    (finding,) = [f for f in named.findings if f.code == "L022"]
    assert finding.fix.startswith("delete the line, and put check_vocab_consistency before it")
    alone = SOUND[: SOUND.index("  - type: train_tokenizer")] + (
        "  - type: tokenize_bin\n  - {type: train, model: {base: {path: llama}}, max_steps: 3}\n"
    )
    (finding, *_) = [f for f in meant(tmp_path, base=alone).findings if f.code == "L002"]
    assert finding.fix == "put check_vocab_consistency before it, with checkpoint: {path: llama}: it takes the base model's own"


def test_another_recipes_result_that_is_not_made_yet_is_only_mentioned(tmp_path: Path):
    """Once, with the command that makes it; a step which that recipe does not have is an error."""
    other = ("tokenize_bin\n", "tokenize_bin\n    tokenizer: {recipe: base, step: tok}\n")
    assert "(L020)" in said(tmp_path, other)
    (tmp_path / ".recipe" / "last").mkdir(parents=True)
    row = {"digest": "d", "key": "k", "kind": "Tokenizer"}
    (tmp_path / ".recipe" / "last" / "base.json").write_text(json.dumps({"steps": {"tokens": row}}))
    (finding,) = [f for f in meant(tmp_path, other).findings if f.code == "L021"]
    assert finding.fix == "write tokens"


def test_every_edit_of_the_language_can_be_written(tmp_path: Path):
    """Edits name paths in the recipe as meant; the text of a fixed recipe reads without findings."""
    meant(tmp_path, SMALL, ("max_steps: 1000", "max_steps: '1000'\n    cutoff_len: 256"))
    result = mended(tmp_path / "recipe.yaml")
    assert result.meant.findings == []
    (text,) = result.texts.values()
    assert read(Path("x"), text=text).root.plain()["steps"][3]["max_seq_length"] == 256
    assert SOUND.splitlines()[:8] == text.splitlines()[:8]


def test_an_edit_is_plain_data():
    """So that it survives JSON."""
    assert Edit("set", ("a",), 1) == Edit(action="set", path=("a",), value=1, key="")


def test_another_recipe_whose_name_is_a_slip_is_told(tmp_path: Path):
    """By the recipes that lie beside it, and those that ran here."""
    (tmp_path / "tales.yml").write_text("# of the hen\nrecipe: henandfox  # short\nsteps: []\n")
    slip = ("tokenize_bin\n", "tokenize_bin\n    tokenizer: {recipe: henadnfox, step: tok}\n")
    (finding,) = [f for f in meant(tmp_path, slip).findings if f.code == "L020"]
    assert (finding.severity, finding.fix) == ("warning", "write recipe: henandfox")
    right = ("tokenize_bin\n", "tokenize_bin\n    tokenizer: {recipe: henandfox, step: tok}\n")
    assert "(L020)" in said(tmp_path, right)


def test_what_stands_in_a_variable_is_told_once(tmp_path: Path):
    """At the first of its places, with the line in which it is set; two models by two variables are two mistakes."""
    sft = SOUND[: SOUND.index("  - type: train_tokenizer")].replace("steps:", "vars: {base: {hub: ./models/small}}\nsteps:")
    steps = '  - {type: check_vocab_consistency, checkpoint: "${base}"}\n'
    steps += '  - {type: train, model: {base: "${base}"}, objective: sft, max_steps: 1}\n'
    found = [f for f in meant(tmp_path, base=sft + steps).findings if f.code == "H023"]
    assert [(f.place.line, f.fix) for f in found] == [(7, "write path: ./models/small; base is set in line 3")]
    apart = (
        (sft + steps).replace("vars: {base:", "vars: {other: {hub: ./models/small}, base:").replace('base: "${base}"', 'base: "${other}"')
    )
    assert len([f for f in meant(tmp_path, base=apart).findings if f.code == "H023"]) == 2
