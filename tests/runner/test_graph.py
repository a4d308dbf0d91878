"""Wiring: by name, by the nearest maker, and what cannot be wired."""

from pathlib import Path

import pytest

from runner.hardware import here
from runner.meant import Link, Meant, StepMeant
from runner.resolve import mean
from tests.runner.toys import toys  # noqa: F401

pytestmark = pytest.mark.usefixtures("toys")


def wired(tmp_path: Path, *steps: str) -> Meant:
    file = tmp_path / "r.yaml"
    file.write_text("recipe: r\nsteps:\n" + "".join(f"  - {{{step}}}\n" for step in steps))
    return mean(file)


def said(meant: Meant) -> list[tuple[str, str, str]]:
    return [(f.code, f.message, f.fix) for f in meant.findings]


READ = "type: read, sources: [{path: a}]"


def test_the_nearest_maker_is_taken(tmp_path: Path):
    """A check that vouches for what it returns comes between, since it is nearer."""
    meant = wired(tmp_path, READ, "type: pieces", "type: proof", "type: bins", "type: train", "type: validate", "type: report")
    assert said(meant) == []
    assert meant.step("bins").inputs == {"corpus": [Link(step="read")], "tokenizer": [Link(step="proof")]}
    assert meant.step("train").inputs == {"bins": [Link(step="bins")]}
    assert meant.step("report").after == ["read", "pieces", "proof", "bins", "train", "validate"]


def test_inputs_are_wired_by_name(tmp_path: Path):
    """An id, a list of ids, none, another recipe's step, a folder."""
    meant = wired(
        tmp_path, READ, f"{READ}, id: more", "type: pieces, corpus: [read, more]", "type: pieces, id: small, corpus: read",
        "type: bins, tokenizer: pieces",
        "type: train, plan: none, checkpoint: {recipe: other, step: base}", "type: train, id: t2, bins: {path: made/bins}",
    )  # fmt: skip
    assert said(meant) == []
    assert meant.step("pieces").inputs == {"corpus": [Link(step="read"), Link(step="more")]}
    assert meant.step("bins").inputs["tokenizer"] == [Link(step="pieces")]
    assert meant.step("train").inputs["checkpoint"] == [Link(step="base", recipe="other")]
    assert meant.step("t2").inputs["bins"] == [Link(folder=tmp_path / "made/bins")]
    assert "bins" not in meant.step("train").raw


def test_params_wire_what_they_name(tmp_path: Path):
    """model.base.step names a checkpoint, and a wrong name is shown there."""
    good = wired(tmp_path, READ, "type: pieces", "type: bins", "type: train", "type: train, id: tuned, model: {base: {step: train}}")
    assert good.step("tuned").inputs["checkpoint"] == [Link(step="train")]
    outside = wired(tmp_path, READ, "type: pieces", "type: bins", "type: train, model: {base: {recipe: q, step: train}}")
    assert (said(outside), outside.step("train").inputs["checkpoint"]) == ([], [Link(step="train", recipe="q")])
    bad = wired(tmp_path, READ, "type: pieces", "type: bins", "type: train", "type: train, id: tuned, model: {base: {step: trian}}")
    assert said(bad) == [("L001", "there is no step trian", "write train")]
    assert bad.findings[0].path == ("steps", "tuned", "model", "base", "step")


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (["type: pieces"], ("L002", "pieces needs a Corpus (corpus), and no step before it makes one", "put a step before it: read")),
        (["type: pieces", READ], ("L002", "pieces needs a Corpus (corpus), and no step before it makes one", "put read before pieces")),
        ([READ, "type: pieces, corpus: raed"], ("L001", "there is no step raed", "write read")),
        ([READ, "type: pieces", "type: bins, tokenizer: read"],
         ("L003", "read makes a Corpus, tokenizer of bins wants a Tokenizer", "write tokenizer: pieces")),
        ([READ, "type: pieces, corpus: pieces"], ("L004", "pieces takes its own result", "name another step, or delete corpus")),
        ([READ, "type: proof, tokenizer: pieces", "type: pieces"],
         ("L006", "proof takes the result of pieces, which stands after it", "put pieces before proof")),
        ([READ, "type: pieces", "type: proof, id: a, tokenizer: b", "type: proof, id: b, tokenizer: a"],
         ("L004", "the steps wait for each other: a <- b <- a", "wire one of them to another step")),
        ([READ, "type: pieces", "type: bins, tokenizer: [pieces, pieces]"],
         ("L005", "tokenizer takes one Tokenizer, here are 2", "write tokenizer: pieces")),
        ([READ, "type: pieces, corpus: 5"], ("L005", "corpus is 5, wanted the id of a step", "write corpus: <step id>")),
        ([READ, "type: pieces, corpus: none"], ("L002", "pieces cannot do without its corpus", "delete corpus to take the nearest")),
    ],
)  # fmt: skip
def test_what_cannot_be_wired(tmp_path: Path, steps: list[str], found: tuple[str, str, str]):
    """Said once, with the line to type."""
    assert said(wired(tmp_path, *steps)) == [found]


def test_a_step_of_unknown_type_may_make_anything(tmp_path: Path):
    """A misspelt type is one finding, and not a row of missing makers behind it."""
    meant = wired(tmp_path, "type: raed", "type: pieces", "type: bins")
    assert [code for code, *_ in said(meant)] == ["K007"]


def test_a_step_whose_params_are_wrong_is_wired_without_noise(tmp_path: Path):
    """Its optional inputs are not missed, and what stands after it is wired to it."""
    meant = wired(tmp_path, READ, "type: train, max_steps: x", "type: validate")
    assert [code for code, *_ in said(meant)] == ["K002"]
    assert meant.step("validate").inputs == {"checkpoint": [Link(step="train")]}


def test_a_plan_serves_only_the_step_it_is_for(tmp_path: Path):
    """auto passes by the plan of another train step."""
    meant = wired(tmp_path, READ, "type: pieces", "type: bins", "type: plan, for: big", "type: train", "type: train, id: big")
    assert said(meant) == []
    assert "plan" not in meant.step("train").inputs
    assert meant.step("big").inputs["plan"] == [Link(step="plan")]


def test_readers_stand_behind_those_that_vouch(tmp_path: Path):
    """What a training is told of its export, through the proof of its checkpoint; not what reads a later training's result."""
    takes = {"base": [], "validate_checkpoint": ["base"], "export_ollama": ["validate_checkpoint"], "train": ["base"], "page": ["train"]}
    steps = [
        StepMeant(name, name, raw={"of": name}, inputs={"checkpoint": [Link(step=one) for one in ones]}) for name, ones in takes.items()
    ]
    meant = Meant(tmp_path, tmp_path, {}, None, here(), steps, order=list(takes))
    assert meant.readers(steps[0]) == {name: {"of": name} for name in ("validate_checkpoint", "export_ollama", "train")}
    assert meant.readers(steps[2]) == {}
