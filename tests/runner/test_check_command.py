"""recipe check, explain and schema as they are typed."""

import json
import os
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runner.commands.check import check, write
from runner.commands.explain import explain
from runner.commands.schema import schema
from schemas import RecipeError
from tests.runner.judged import SOUND, meant

SMALL = ("model: {family: mamba,", "model: {family: mamba, vocab_size: 8000,")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def typed(*words: str, verb=check) -> Result:
    return CliRunner().invoke(verb, list(words), standalone_mode=False)


def test_a_sound_recipe_says_what_it_will_take(folder: Path):
    """Exit 0, and a few lines: steps, target, the model's size, tokens, memory, time, disk."""
    meant(folder)
    result = typed("recipe.yaml")
    assert result.return_value == 0
    first, name, model, data, memory, validation, *_, clock, disk, further, whole = result.output.splitlines()
    assert first == "recipe.yaml: 5 steps checked for NVIDIA Tesla T4 (14.6 GiB), nothing wrong"
    assert (name, model.split("%")[0]) == ("  train:", "    model   mamba, 28,535,296 parameters, 29")
    assert data == "    data    1,000 steps, 4.1 M tokens, 0.14 a parameter"
    assert "of 14.6 GiB to train: " in memory
    assert " GiB to validate: " in validation
    assert clock.startswith("    time    about ")
    assert "saves " in disk
    assert further.startswith("            copy in the run ")
    assert whole.startswith("  in all: about ")
    assert max(map(len, result.output.splitlines())) <= 100


def test_every_figure_has_its_reason(folder: Path):
    """--because: memory, time, energy, disk and parameters, each with where it comes from."""
    meant(folder)
    said = typed("recipe.yaml", "--because").output
    for word in ("training memory", "validation memory", "time", "energy", "disk", "parameters", "vocabulary", "allowance"):
        assert f"      {word}: " in said
    assert "energy: 56 W: 80% of the 70 W that NVIDIA Tesla T4 may draw" in said


def test_machines_are_compared_side_by_side(folder: Path):
    """A row for each, with what fits; an unknown name is said with the known ones; JSON holds the same."""
    meant(folder)
    result = typed("recipe.yaml", "--target", "t4,m2-16gb,t5")
    assert result.return_value == 2
    assert "there is no target t5" in result.output
    rows = [line.split("  ")[1] for line in result.output.splitlines() if line.startswith("  ") and "fix:" not in line]
    assert rows == ["machine", "NVIDIA Tesla T4", "Apple M2, 16 GB"]
    told = json.loads(typed("recipe.yaml", "--target", "t4,h100", "--format", "forecast").output)
    parts = [next(step for step in each["steps"] if step["type"] == "train") for each in told[0]]
    assert [each["target"]["name"] for each in told[0]] == ["t4", "h100"]
    assert all(sum(part["memory_parts"].values()) == part["peak_memory_bytes"] for part in parts)


def test_machines_are_compared_and_errors_are_said(folder: Path):
    """Those of one machine name it; without a training that is understood there is no table; exit code 2 where all have one."""
    meant(folder, ("max_steps: 1000", "max_steps: 1000\n    precision: bf16"))
    result = typed("recipe.yaml", "--target", "t4,l4")
    assert result.return_value == 0
    assert result.output.startswith("on t4:\nrecipe.yaml:12:5: P101: NVIDIA Tesla T4 has no bf16 (compute capability 7.5, wanted 8.0)\n")
    assert "NVIDIA L4" in result.output
    (folder / "recipe.yaml").write_text("recipe: a\nsteps:\n  - {type: train, max_steps: ${n}}\n")
    result = typed("recipe.yaml", "--target", "t4,l4")
    assert result.return_value == 2
    assert result.output == (
        "recipe.yaml:3:30: Y003: ${n} must be quoted inside { } or [ ]\n    3 |   - {type: train, max_steps: ${n}}\n"
        '      |                              ^^^^\n  fix: write "${n}"\n'
    )


def test_a_machine_fits_where_validation_fits_too(folder: Path):
    """The larger of both is what counts; a machine may be given in its long form."""
    meant(folder, ("max_steps: 1000", "max_steps: 1000\n    eval_batch_size: 65536"))
    rows = typed("recipe.yaml", "--target", "{gpu: t4, count: 2},h100").output.splitlines()[-2:]
    assert [re.split(r"  +", row.strip())[:2] for row in rows] == [["NVIDIA Tesla T4", "no"], ["NVIDIA H100 80 GB", "no"]]
    assert typed("recipe.yaml", "--target", "{gpu: t4, count: 2}").output.count("the target has 2 devices") == 1


def test_what_does_not_fit_is_shown_in_the_table(folder: Path):
    """An error of memory alone takes no figure from the screen; all its parts stand among the reasons."""
    meant(folder, ("max_steps: 1000", "max_steps: 1000\n    eval_batch_size: 65536"))
    output = typed("recipe.yaml", "--because").output
    assert "B013" in output
    assert re.search(r"    memory  .* GiB to train", output)
    assert re.search(
        r"all of validation: weights .*, gradients .*, optimizer .*, activations .*, logits .*, workspace .*, allowance", output
    )
    assert "tokens a parameter: " in output
    assert "steps: max_steps, as written\n" in output
    assert "export memory: " in output
    meant(folder, ("  - type: export_ollama\n", ""), ("max_steps: 1000", "num_train_epochs: 2"))
    assert "export memory: " not in typed("recipe.yaml", "--because").output
    assert "epochs: not known" in output


@pytest.mark.parametrize("option", ["--fix", "--diff", "--because", "--online", "--format=sarif"])
def test_a_comparison_takes_no_other_options(folder: Path, option: str):
    """What it would not do is refused, not left out without a word."""
    meant(folder)
    result = typed("recipe.yaml", "--target", "t4,l4", option)
    assert "name one --target for the other options" in str(result.exception)


def test_a_time_that_is_not_known_is_not_left_out_of_the_sum(folder: Path):
    """How many tokens stand on the hub nobody knows before: the sum says what is not in it."""
    (folder / "a.txt").write_text("One and two. " * 100)
    mine = "  - {type: parse_corpus, id: mine, sources: [{path: a.txt}]}\n  - type: train_tokenizer\n    corpus: [parse_corpus, mine]\n"
    both = ("  - type: tokenize_bin\n", "  - type: tokenize_bin\n    corpus: [parse_corpus, mine]\n")
    meant(folder, ("  - type: train_tokenizer\n", mine), both, ("max_steps: 1000", "num_train_epochs: 2"))
    assert "in all: about 1 s beside 4 steps, whose time is not known, " in typed("recipe.yaml").output.splitlines()[-1]


def test_an_error_is_two_and_a_warning_is_nothing(folder: Path):
    """Exit codes for scripts."""
    meant(folder, SMALL)
    assert typed("recipe.yaml").return_value == 2
    meant(folder, ("max_steps: 1000", "max_steps: 1000\n    save_steps: 5000"))
    result = typed("recipe.yaml")
    assert result.return_value == 0
    assert "1 warning" in result.output


def test_fix_writes_the_file_and_doing_it_again_changes_nothing(folder: Path):
    """Comments, mode and link stay; the second time the file is not even touched."""
    meant(folder, SMALL, ("n_layers: 12}", "n_layers: 12}  # deep enough"))
    real = folder / "recipe.yaml"
    real.chmod(0o640)
    link = folder / "link.yaml"
    link.symlink_to(real)
    result = typed("--fix", "link.yaml")
    assert result.return_value == 0
    assert "  fixed: model.vocab_size: 16000\n" in result.output
    assert real.read_text() == SOUND.replace(*SMALL).replace("n_layers: 12}", "n_layers: 12}  # deep enough").replace("8000", "16000")
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    before = real.stat().st_mtime_ns, real.stat().st_ino
    assert typed("--fix", "link.yaml").return_value == 0
    assert (real.stat().st_mtime_ns, real.stat().st_ino) == before
    assert sorted(p.name for p in folder.iterdir()) == ["link.yaml", "recipe.yaml"]


def test_diff_prints_and_writes_nothing(folder: Path):
    """A unified diff that `patch` takes; with --fix the file is written too."""
    meant(folder, SMALL)
    before = (folder / "recipe.yaml").read_text()
    result = typed("--diff", "recipe.yaml")
    assert result.return_value == 2
    assert result.output.splitlines()[:2] == ["--- a/recipe.yaml", "+++ b/recipe.yaml"]
    assert "+    model: {family: mamba, vocab_size: 16000, d_model: 512, n_layers: 12}" in result.output
    assert (folder / "recipe.yaml").read_text() == before
    assert typed("--diff", "--fix", "recipe.yaml").output.startswith("--- a/recipe.yaml")
    assert (folder / "recipe.yaml").read_text() != before


def test_fix_leaves_the_extended_recipe_alone(folder: Path):
    """It is told with the parent's name; only the file named is changed."""
    meant(folder, SMALL)
    before = (folder / "recipe.yaml").read_text()
    (folder / "child.yaml").write_text("extends: recipe.yaml\nrecipe: child\n")
    result = typed("--fix", "child.yaml")
    assert result.return_value == 2
    assert result.output.startswith("recipe.yaml:10:28: V001")
    assert result.output.splitlines()[-1] == "1 error"
    assert (folder / "recipe.yaml").read_text() == before


def test_several_files_and_all_of_recipes(folder: Path):
    """Each has its line; without names all of recipes/ is checked."""
    (folder / "recipes").mkdir()
    meant(folder / "recipes")
    (folder / "recipes" / "recipe.yaml").rename(folder / "recipes" / "a.yaml")
    meant(folder / "recipes", SMALL)
    result = typed()
    assert result.return_value == 2
    assert "recipes/a.yaml: 5 steps checked" in result.output
    assert "recipes/recipe.yaml: 1 error; 1 can be fixed: recipe check --fix recipes/recipe.yaml" in result.output


@pytest.mark.parametrize("shape", ["json", "sarif", "github"])
def test_other_programs_read_the_findings(folder: Path, shape: str):
    """The same finding in each format."""
    meant(folder, SMALL)
    result = typed("--format", shape, "recipe.yaml")
    assert result.return_value == 2
    if shape == "json":
        assert [(row["code"], row["line"], row["column"]) for row in json.loads(result.output)] == [("V001", 10, 28)]
    elif shape == "sarif":
        (found,) = json.loads(result.output)["runs"][0]["results"]
        fix = found["fixes"][0]["artifactChanges"][0]["replacements"][0]
        text = (folder / "recipe.yaml").read_text()
        at = fix["deletedRegion"]["charOffset"]
        mended = text[:at] + fix["insertedContent"]["text"] + text[at + fix["deletedRegion"]["charLength"] :]
        assert mended == text.replace("vocab_size: 8000", "vocab_size: 16000")
    else:
        assert result.output.startswith("::error file=recipe.yaml,title=V001,line=10")


def test_target_and_set_change_what_is_checked(folder: Path):
    """The same recipe for another machine, and with another value."""
    meant(folder, ("max_steps: 1000", "max_steps: 1000\n    precision: bf16"))
    assert typed("recipe.yaml").return_value == 2
    assert typed("recipe.yaml", "--target", "a100").return_value == 0
    assert typed("recipe.yaml", "--set", "steps.train.precision=fp16").return_value == 0


def test_a_file_that_may_not_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """One clear error, and the file as it was."""
    meant(folder)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(RecipeError, match=r"Y012: recipe\.yaml cannot be written: permission denied"):
        write(Path("recipe.yaml"), "x")
    assert (folder / "recipe.yaml").read_text() == SOUND


def test_explain_prints_the_page_or_the_nearest_code():
    """One page, or all titles."""
    assert typed("v001", verb=explain).output.startswith("V001: the model and its tokenizer count different tokens\n\n")
    assert "did you mean V001" in str(typed("V0O1", verb=explain).exception)
    listed = typed(verb=explain).output
    assert "vocabulary\n  V001  the model and its tokenizer count different tokens\n" in listed


def test_schema_prints_json():
    """For the editor."""
    assert json.loads(typed(verb=schema).output)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
