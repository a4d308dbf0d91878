"""Pydantic's errors in the language of somebody who writes a recipe."""

from pathlib import Path

import pytest

from runner.meant import Meant
from runner.resolve import mean
from schemas.findings import Edit, Finding
from tests.runner.toys import toys  # noqa: F401

pytestmark = pytest.mark.usefixtures("toys")

HEAD = "recipe: r\nsteps:\n  - {type: read, sources: [{path: a}]}\n  - type: pieces\n  - type: bins\n"


def train(tmp_path: Path, *lines: str) -> Meant:
    file = tmp_path / "r.yaml"
    file.write_text(HEAD + "  - type: train\n" + "".join(f"    {line}\n" for line in lines))
    return mean(file)


def only(meant: Meant) -> Finding:
    assert len(meant.findings) == 1, meant.findings
    return meant.findings[0]


def cut(meant: Meant, finding: Finding) -> str:
    assert finding.place is not None
    return meant.file.read_text()[finding.place.start : finding.place.end]


def test_so_may_one_at_the_top(tmp_path: Path):
    """As the seed."""
    file = tmp_path / "r.yaml"
    file.write_text("recipe: r\nseed: 1.0e3\nsteps: [{type: report}]\n")
    recipe = mean(file).recipe
    assert recipe is not None
    assert recipe.seed == 1000


@pytest.mark.parametrize("written", ["5e5", "500000.0", "5.0e5", "50.0e4"])
def test_a_whole_number_may_be_written_as_a_float(tmp_path: Path, written: str):
    """As YAML 1.2 reads it; rules and cache see the whole number. Beside another mistake too, which alone is told."""
    meant = train(tmp_path, f"max_steps: {written}", "model: {family: mamba, d_model: 256.0}")
    params = meant.step("train").params
    assert (meant.findings, params.max_steps, meant.step("train").raw["max_steps"]) == ([], 500_000, 500_000)
    assert type(params.max_steps) is type(meant.step("train").raw["model"]["d_model"]) is int
    assert only(train(tmp_path, f"max_steps: {written}", "batch_size: many")).code == "K004"


@pytest.mark.parametrize(
    ("line", "code", "message", "fix"),
    [
        ("max_steps: abc", "K002", "max_steps is 'abc' (text), wanted a whole number", "write a number"),
        ("max_steps: 1.5", "K002", "max_steps is 1.5, wanted a whole number", "write max_steps: 1 or 2"),
        ("max_steps: true", "K002", "max_steps is true (a truth value), wanted a whole number", "write a number"),
        ("max_steps: [1]", "K002", "max_steps is a list, wanted a whole number", "write max_steps: 1"),
        ("max_steps: 10k", "K002", "max_steps is '10k' (text), wanted a whole number", "write max_steps: 10000"),
        ("max_seq_length:", "K002", "max_seq_length is empty, wanted a whole number", "write a value, or delete the line"),
        ("max_steps: 0", "K003", "max_steps is 0, wanted more than 0", "delete the line: it is not set then"),
        ("learning_rate: -1e-3", "K003", "learning_rate is -1e-3, wanted more than 0", "write learning_rate: 0.001"),
        ("method: lra", "K004", "method is lra, wanted full or lora", "write method: lora"),
        ("max_step: 5", "K001", "unknown key max_step in train", "write max_steps"),
        ("model: {d_modle: 5}", "K001", "unknown key d_modle in model", "write d_model"),
        ("model: 5", "K002", "model is 5, wanted a map", ""),
        ("model: {d_model: big}", "K002", "model.d_model is 'big' (text), wanted a whole number", "write d_model: 256, or delete d_model"),
        ("model: {base: {hubb: a/b}}", "K001", "unknown key hubb in base", "write hub"),
        ("batch_size: atuo", "K004", "batch_size is atuo, wanted auto or a whole number", "write batch_size: auto"),
        ("batch_size: [1]", "K002", "batch_size is a list, wanted a whole number or auto", "write batch_size: 1"),
        ("expect: {10: {loss: 4.0}}", "K002", "expect.10.loss is 4.0, wanted a list", "write loss: [4.0]"),
        ("prompts: [1, b]", "K002", "prompts.0 is 1, wanted text", "write 0: '1'"),
    ],
)
def test_one_mistake_is_one_finding(tmp_path: Path, line: str, code: str, message: str, fix: str):
    """The value found, the value wanted, the line to type."""
    finding = only(train(tmp_path, line))
    if code == "K002" and finding.edits:
        fix = finding.fix
    assert (finding.code, finding.message, finding.fix) == (code, message, fix)


@pytest.mark.parametrize(
    ("line", "path", "value", "fix"),
    [
        ("max_steps: '100'", ("max_steps",), 100, "write max_steps: 100"),
        ("max_steps: 1_000", ("max_steps",), 1000, "write max_steps: 1000"),
        ("learning_rate: '1e-4'", ("learning_rate",), 1e-4, "write learning_rate: 1e-4"),
        ("batch_size: '8'", ("batch_size",), 8, "write batch_size: 8"),
        ("batch_size: AUTO", ("batch_size",), "auto", "write batch_size: auto"),
        ("precision: bfloat16", ("precision",), "bf16", "write precision: bf16"),
        ("precision: BF16", ("precision",), "bf16", "write precision: bf16"),
        ("prompts: Hello", ("prompts",), ["Hello"], "write prompts: [Hello]"),
        ("model: {d_model: '64'}", ("model", "d_model"), 64, "write d_model: 64"),
        ("prompts: [a, 007]", ("prompts", 1), "007", "write '007', in quotes: without them it is a number to YAML"),
    ],
)
def test_what_can_only_mean_one_thing_is_mended(tmp_path: Path, line: str, path: tuple[str | int, ...], value: object, fix: str):
    """A quoted number, another spelling of a word: the edit is safe, and keeps what was typed."""
    finding = only(train(tmp_path, line))
    assert finding.edits == (Edit("set", ("steps", "train", *path), value),)
    assert finding.fix == fix


def test_yes_and_no_for_a_truth_value(tmp_path: Path):
    """YAML 1.2 reads them as text; the meaning is plain."""
    file = tmp_path / "r.yaml"
    file.write_text("recipe: r\nsteps:\n  - {type: read, sources: [{path: a}], strict: yes}\n")
    assert only(mean(file)).edits == (Edit("set", ("steps", "read", "strict"), True),)


def test_a_key_under_the_wrong_parent_moves(tmp_path: Path):
    """max_steps belongs to train, not to model."""
    finding = only(train(tmp_path, "model: {max_steps: 5, d_model: 32}"))
    assert (finding.code, finding.message) == ("K006", "max_steps belongs to train, not to model")
    assert finding.edits == (Edit("delete", ("steps", "train", "model", "max_steps")), Edit("set", ("steps", "train", "max_steps"), 5))


def test_a_nested_key_written_flat_moves_in(tmp_path: Path):
    """d_model belongs to model, which need not be there yet."""
    finding = only(train(tmp_path, "d_model: 32"))
    assert finding.message == "d_model belongs to model, not to train"
    assert finding.edits == (Edit("delete", ("steps", "train", "d_model")), Edit("set", ("steps", "train", "model"), {"d_model": 32}))


def test_a_move_does_not_overwrite(tmp_path: Path):
    """Where the right place is taken, only words are offered."""
    finding = only(train(tmp_path, "max_steps: 9", "model: {max_steps: 5}"))
    assert (finding.edits, finding.fix) == ((), "delete max_steps: max_steps is written already")


def test_a_key_of_another_step_is_sent_there(tmp_path: Path):
    """val_fraction belongs to bins."""
    assert only(train(tmp_path, "val_fraction: 0.1")).message == "val_fraction belongs to bins, not to train"


def test_a_top_level_key_in_a_step_moves_up(tmp_path: Path):
    """seed is said once for the whole recipe."""
    finding = only(train(tmp_path, "seed: 3"))
    assert finding.message == "seed belongs to the top of the recipe, not to train"
    assert finding.edits == (Edit("delete", ("steps", "train", "seed")), Edit("set", ("seed",), 3))


def test_a_params_key_at_the_top_moves_into_its_step(tmp_path: Path):
    """The other way round."""
    file = tmp_path / "r.yaml"
    file.write_text("max_steps: 5\n" + HEAD + "  - type: train\n")
    finding = only(mean(file))
    assert (finding.message, finding.place and finding.place.line) == ("max_steps belongs to the step train", 1)
    assert finding.edits == (Edit("delete", ("max_steps",)), Edit("set", ("steps", "train", "max_steps"), 5))


def test_a_mistake_across_fields_points_at_one(tmp_path: Path):
    """A step model's own check names the field, the code and the fix."""
    meant = train(tmp_path, "lora: {r: 4}")
    finding = only(meant)
    assert (finding.code, finding.message, finding.fix) == ("A001", "lora has no effect with method full", "write method: lora")
    assert cut(meant, finding) == "lora: {r: 4}"


def test_all_mistakes_come_at_once(tmp_path: Path):
    """One bad value hides no other, in no step."""
    file = tmp_path / "r.yaml"
    file.write_text(
        "recipe: 'my recipe'\nseed: -1\nsteps:\n  - {type: read, sources: []}\n  - {type: pieces, vocab_size: 0}\n  - {type: nope}\n"
    )
    found = {(f.code, f.message) for f in mean(file).findings}
    assert found == {
        ("K003", "recipe is 'my recipe', wanted text that matches ^[A-Za-z0-9][A-Za-z0-9._-]*$"),
        ("K003", "seed is -1, wanted 0 or more"),
        ("K003", "sources is empty"),
        ("K003", "vocab_size is 0, wanted more than 0"),
        ("K007", "there is no step type nope"),
    }


def test_of_a_union_only_the_nearest_member_speaks(tmp_path: Path):
    """A list of path or hub sources: a mistake in one is said once."""
    file = tmp_path / "r.yaml"
    file.write_text("recipe: r\nsteps:\n  - type: read\n    sources:\n      - {hub: a/b, revison: x}\n      - {path: a, weight: heavy}\n")
    found = [(f.message, f.fix) for f in mean(file).findings]
    assert found == [
        ("unknown key revison in sources.0", "write revision"),
        ("sources.1.weight is 'heavy' (text), wanted a number", "write weight: 1, or delete weight, which means the same"),
    ]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("steps: []", "K005: a recipe needs steps"),
        ("steps: train", "K002: steps is one value, wanted a list of steps"),
        ("steps:\n  read: {}", "K002: steps is a map, wanted a list of steps"),
        ("steps: [read]", "K002: step 1 is one value, wanted a map with a type"),
        ("steps:\n  - read:\n      sources: []", "K005: step #1 has no type"),
        ("steps:\n  - uses: report", "K010: uses is called type here"),
        ("steps:\n  - type: 5", "K002: type is 5, wanted the name of a step type"),
        ("steps:\n  - {type: report, id: 'a b'}", "K002: id is 'a b', wanted a word"),
        ("steps:\n  - type: report\n  - type: report", "K009: two steps are called report, the other in line 3"),
        ("stepss:\n  - type: report", "K001: unknown key stepss"),
    ],
)
def test_the_shape_of_a_recipe(tmp_path: Path, steps: str, message: str):
    """Each mistake in the frame is said in its own words."""
    file = tmp_path / "r.yaml"
    file.write_text(f"recipe: r\n{steps}\n")
    assert message in [f"{f.code}: {f.message}" for f in mean(file).findings]


def test_steps_of_one_name_are_both_judged(tmp_path: Path):
    """The second is offered a name of its own, and its mistakes are said too."""
    file = tmp_path / "r.yaml"
    file.write_text("recipe: r\nsteps:\n  - {type: report, title: a}\n  - {type: report, titel: b}\n")
    found = [(f.code, f.fix) for f in mean(file).findings]
    assert found == [("K009", "give this one its own name: id: report_2"), ("K001", "write title")]


def test_items_of_one_list_are_told_together(tmp_path: Path):
    """Five numbers where texts are wanted are one mistake, mended in one go."""
    finding = only(train(tmp_path, "prompts: [0, 1, b, 2]"))
    assert finding.message == "prompts.0 is 0, wanted text; so are 2 more of the list"
    assert finding.fix == "put each in quotes"
    assert [(edit.path[-1], edit.value) for edit in finding.edits] == [(0, "0"), (1, "1"), (3, "2")]
