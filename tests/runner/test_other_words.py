"""What other tools call a step, a length or a place to go on from, and what units and the shell's variables are told."""

from pathlib import Path

import pytest

from runner.resolve import mean
from runner.step_words import fix_for
from runner.synonyms import met
from schemas.findings import Edit
from steps import builtin


def test_a_step_by_the_word_of_another_tool():
    """What the step is called here, or why there is none."""
    kinds = builtin()
    assert fix_for("merge_lora", kinds) == "export_ollama writes an adapter into the weights by itself: delete the step"
    assert fix_for("Fine-Tune", kinds) == "write type: train, with model: {base: {…}} and objective: sft"
    assert fix_for("tokenise", kinds) == "write type: tokenize_bin"
    assert fix_for("trian", kinds) == "write train"
    assert fix_for("xyz", kinds).startswith("there are: check_vocab_consistency, ")


@pytest.mark.parametrize(
    ("key", "value", "path", "meant"),
    [
        ("max_duration", "8ep", ("num_train_epochs",), 8),
        ("max_duration", "2.5ep", ("num_train_epochs",), 2.5),
        ("max_duration", "4800ba", ("max_steps",), 4800),
        ("max_duration", 4800, ("max_steps",), 4800),
        ("eval_interval", "500ba", ("eval_steps",), 500),
        ("save_interval", "1ep", (), None),
        ("global_train_batch_size", 64, ("total_batch_size",), 64),
        ("resume_path", "out/one", ("resume_from", "path"), "out/one"),
        ("auto_resume", True, (), None),
        ("autoresume", "latest", (), None),
    ],
)
def test_a_length_and_a_place_to_go_on_from(key: str, value: object, path: tuple[str, ...], meant: object):
    """Composer's batches are steps and its epochs passes; a switch that goes on by itself says what is done anyway."""
    known = met("train", (key,), value, {})
    assert known is not None
    assert (known.path, known.value) == (path, meant)
    assert known.path or known.words


def test_quantisation_by_the_names_of_bitsandbytes():
    """In quant and beside it, each leads to its own key."""
    for path in (("quant", "bnb_4bit_use_double_quant"), ("bnb_4bit_use_double_quant",)):
        assert met("train", path, True, {}).path == ("quant", "double")  # type: ignore[union-attr]
    assert met("train", ("quant", "bnb_4bit_quant_type"), "nf4", {}).path == ("quant", "type")  # type: ignore[union-attr]
    assert met("train", ("quant", "load_in_8bit"), True, {}).value == 8  # type: ignore[union-attr]


@pytest.mark.parametrize(("typed", "number"), [("500MB", 500_000_000), ("1.5 GB", 1_500_000_000), ("64MiB", 67_108_864), ("300k", 300_000)])
def test_bytes_with_their_unit(tmp_path: Path, typed: str, number: int):
    """A unit is part of the number: 500MB is not 500."""
    (tmp_path / "r.yaml").write_text(
        f"recipe: r\nsteps:\n  - {{type: parse_corpus, sources: [{{path: a.txt}}]}}\n  - {{type: train_tokenizer, sample_bytes: {typed}}}\n"
    )
    found = [f for f in mean(tmp_path / "r.yaml").findings if f.code == "K002"]
    assert [f.edits for f in found] == [(Edit("set", ("steps", "train_tokenizer", "sample_bytes"), number),)]
    assert found[0].fix == f"write sample_bytes: {number}"


def test_a_variable_of_the_shell_is_told_as_one(tmp_path: Path):
    """${HOME} is no slip of the pen for a variable of the recipe."""
    (tmp_path / "r.yaml").write_text(
        'recipe: r\nvars: {ctx: 64}\nsteps:\n  - {type: parse_corpus, sources: [{path: "${HOME}/a.txt", take: "${ctx}"}]}\n'
    )
    found = [f for f in mean(tmp_path / "r.yaml").findings if f.code == "Y030"]
    assert [f.message for f in found] == ["there is no variable HOME"]
    assert found[0].fix.endswith("variables of the shell are not read")


@pytest.mark.parametrize(
    ("old", "new", "code", "fix"),
    [
        ("take: 5", "take: ${ctx * 2}", "Y030", "nothing is computed in ${…}: write the value, or a variable of its own"),
        ("take: 5", "<<: *opt", "Y006", "write &opt behind the key whose value is meant, above this line"),
        ("take: 5", "<<: *opts", "Y006", "write *opt"),
        ("seed: 3", 'seed: "7"', "K002", "write seed: 7"),
    ],
)
def test_what_other_languages_can_do_in_a_value(tmp_path: Path, old: str, new: str, code: str, fix: str):
    """Sums in a variable, an anchor that is nowhere, a number in quotes."""
    option = "about: &opt x\n" if "opts" in new else ""
    source = "  - type: parse_corpus\n    sources:\n      - path: a.txt\n        take: 5\n"
    text = f"recipe: r\n{option}seed: 3\nvars: {{ctx: 64}}\nsteps:\n{source}"
    (tmp_path / "r.yaml").write_text(text.replace(old, new))
    found = [each for each in mean(tmp_path / "r.yaml").findings if each.code == code]
    assert [each.fix for each in found] == [fix]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("name: words", "a step's own name is its id: write id: words"),
        ("depends_on: [read]", "delete the line"),
        ("enabled: false", "put # before the lines of one that is not wanted"),
        ("input: read", "what a step reads is named by its kind"),
    ],
)
def test_what_other_pipelines_say_of_any_step(tmp_path: Path, line: str, said: str):
    """Its name, its order, its inputs: whatever the step does."""
    steps = f"  - {{type: parse_corpus, id: read, sources: [{{path: a.txt}}]}}\n  - type: split_long\n    max_tokens: 99\n    {line}\n"
    (tmp_path / "r.yaml").write_text(f"recipe: r\nsteps:\n{steps}  - {{type: export_ollama, name: a}}\n")
    found = [each for each in mean(tmp_path / "r.yaml").findings if each.code == "K010"]
    assert [said in each.fix for each in found] == [True]


@pytest.mark.parametrize(("value", "meant"), [(True, None), ("all", None), ("all-linear", None), ("q_proj, v_proj", ["q_proj", "v_proj"])])
def test_layers_by_a_switch_or_a_word_are_all_of_them(value: object, meant: object):
    """Axolotl's lora_target_linear and LLaMA-Factory's lora_target: the default, unless they name some."""
    for key in ("lora_target_linear", "lora_target"):
        known = met("train", (key,), value, {})
        assert known is not None
        assert (known.value, known.delete) == (meant, meant is None)


def test_a_recipe_within_recipe_is_told(tmp_path: Path):
    """Its name stands alone behind the key."""
    (tmp_path / "r.yaml").write_text("recipe:\n  name: mine\n  steps: []\n")
    found = [each.fix for each in mean(tmp_path / "r.yaml").findings if each.code == "K002"]
    assert found == ["write recipe: mine, and what stands in it beside it, at the line's begin"]
