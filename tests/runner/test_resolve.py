"""The recipe as meant: vars, secrets, the command line, smoke, targets, origins, places."""

from pathlib import Path

import pytest

from runner.meant import Meant
from runner.resolve import Overrides, mean, project_of
from schemas.findings import Edit
from schemas.step import Step
from tests.runner.toys import toys  # noqa: F401

pytestmark = pytest.mark.usefixtures("toys")

HEAD = "recipe: r\n"
BODY = """\
steps:
  - {type: read, sources: [{path: a.txt}]}
  - type: pieces
  - type: bins
  - type: train
    id: base
    max_steps: 10
"""


def understood(tmp_path: Path, text: str, overrides: Overrides | None = None) -> Meant:
    file = tmp_path / "r.yaml"
    file.write_text(text)
    return mean(file, overrides)


def said(meant: Meant) -> list[str]:
    return [f"{f.code}: {f.message}" for f in meant.findings]


def test_a_plain_recipe_needs_no_wiring(tmp_path: Path):
    """Steps come out typed, validated and wired, without findings."""
    meant = understood(tmp_path, HEAD + "seed: 7\ntarget: t4\n" + BODY)
    assert said(meant) == []
    assert meant.recipe is not None
    assert (meant.recipe.seed, meant.target.name, meant.order) == (7, "t4", ["read", "pieces", "bins", "base"])
    assert meant.step("base").params is not None
    assert meant.step("base").params.max_steps == 10  # type: ignore[attr-defined]
    assert [link.step for link in meant.step("base").inputs["bins"]] == ["bins"]


def test_variables_keep_their_type_alone_and_are_text_inside_text(tmp_path: Path):
    """Numbers, maps, other variables, escapes."""
    vars_ = "vars:\n  n: 3\n  lr: 1e-4\n  size: {family: llama, d_model: 32}\n  name: run-${lr}-${n}\n  deep: {a: {b: 5}}\n"
    body = BODY.replace("max_steps: 10", "max_steps: ${n}\n    learning_rate: ${lr}\n    model: ${size}\n    max_seq_length: ${deep.a.b}")
    meant = understood(tmp_path, HEAD + "about: ${name} costs $${x}\n" + vars_ + body)
    assert said(meant) == []
    assert meant.step("base").raw == {
        "max_steps": 3,
        "learning_rate": 1e-4,
        "model": {"family": "llama", "d_model": 32},
        "max_seq_length": 5,
    }
    assert meant.recipe is not None
    assert meant.recipe.about == "run-1e-4-3 costs ${x}"


@pytest.mark.parametrize(
    ("value", "finding", "fix"),
    [
        ("${widht}", "Y030: there is no variable widht", "write ${width}"),
        ("'${width'", "Y030: ${ opens a variable's name that is not closed", "close it with }, or write $${ for the characters"),
        ("'a ${size}'", "Y032: size is a map, which has no place inside text", "write ${size} alone"),
        ("${env:HOME}", "Y033: ${env:…} may stand only in fields that hold a secret", "write the value, or a variable of vars:"),
    ],
)
def test_variables_that_cannot_be_put_in(tmp_path: Path, value: str, finding: str, fix: str):
    """One finding at the value, and none about the type that the text would have."""
    text = HEAD + "vars: {width: 1, size: {a: 1}}\n" + BODY.replace("max_steps: 10", f"max_steps: {value}")
    meant = understood(tmp_path, text)
    assert (said(meant), meant.findings[0].fix) == ([finding], fix)
    assert meant.findings[0].place is not None
    assert meant.findings[0].place.line == 9


def test_a_key_for_a_tracker_is_no_value_to_write(tmp_path: Path):
    """It would stand in the recipe for all to read."""
    text = HEAD + 'tracking: {wandb: {project: a, api_key: "${env:WANDB_API_KEY}"}}\n' + BODY
    (finding,) = [f for f in understood(tmp_path, text).findings if f.code == "Y033"]
    assert finding.fix == "delete it: trackers read their keys from the environment"


def test_variables_in_a_circle(tmp_path: Path):
    """The way round is shown."""
    meant = understood(tmp_path, HEAD + "vars: {a: '${b}', b: '${a}'}\n" + BODY.replace("10", "${a}"))
    assert "Y031: vars name each other in a circle: a -> b -> a" in said(meant)


def test_a_secret_stays_a_name(tmp_path: Path):
    """${env:NAME} is kept as written in a field that holds a secret, and nowhere is its value."""
    text = HEAD + "steps:\n  - {type: read, sources: [{hub: a/b, token: '${env:TOKEN}'}]}\n"
    meant = understood(tmp_path, text)
    assert said(meant) == []
    assert meant.data["steps"][0]["sources"][0]["token"] == "${env:TOKEN}"


def test_a_secret_stands_alone(tmp_path: Path):
    """Half a secret is none."""
    text = HEAD + "steps:\n  - {type: read, sources: [{hub: a/b, token: 'x${env:TOKEN}'}]}\n"
    assert said(understood(tmp_path, text)) == ["Y033: ${env:…} stands alone in its field"]


def test_the_command_line_sets_any_value(tmp_path: Path):
    """Steps by id, vars, top level, inside maps and lists; null removes."""
    sets = (
        ("steps.base.max_steps", "100"), ("steps.base.model.d_model", "32"), ("vars.n", "5"), ("seed", "9"), ("about", "a b"),
        ("steps.read.sources.0.weight", "2.5"), ("steps.base.learning_rate", "null"), ("steps.base.prompts", "[x, y]"),
    )  # fmt: skip
    text = HEAD + "vars: {n: 1}\n" + BODY + "    learning_rate: 1.0\n    max_seq_length: ${n}\n"
    meant = understood(tmp_path, text, Overrides(sets))
    assert said(meant) == []
    assert meant.step("base").raw == {"max_steps": 100, "max_seq_length": 5, "model": {"d_model": 32}, "prompts": ["x", "y"]}
    assert meant.step("read").raw == {"sources": [{"path": "a.txt", "weight": 2.5}]}
    assert meant.recipe is not None
    assert (meant.recipe.seed, meant.recipe.about) == (9, "a b")
    assert meant.origins["steps", "base", "max_steps"] == ("command line", "")


@pytest.mark.parametrize(
    ("name", "value", "message", "fix"),
    [
        ("steps.bse.max_steps", "1", "Y040: --set steps.bse.max_steps=1: there is no step bse", "write base"),
        ("vars.widht", "1", "Y040: --set vars.widht=1: there is no variable widht", "write width"),
        ("steps.base", "1", "Y040: --set steps.base=1: a step's key is missing", "write steps.<id>.<key>=<value>"),
        ("steps.base.type", "x", "Y040: --set steps.base.type=x: type cannot be set from the command line", "write it in the recipe"),
        ("steps.base.max_steps.x", "1", "Y040: --set steps.base.max_steps.x=1: max_steps holds one value, no keys", ""),
        ("seed", "[1", "Y040: --set seed=[1: '[1' is no value: a ',' or ']' is missing in what opens in line 1", "put it in quotes"),
        ("steps.base.max_step", "1", "K001: --set steps.base.max_step=1: unknown key max_step in base", "write max_steps"),
        (
            "steps.base.max_steps",
            "many",
            "K002: --set steps.base.max_steps=many: max_steps is 'many' (text), wanted a whole number",
            "write a number",
        ),
        ("sede", "1", "K001: --set sede=1: unknown key sede", "write seed"),
        (
            "steps.base.seed",
            "3",
            "K006: --set steps.base.seed=3: seed belongs to the top of the recipe, not to base",
            "leave --set steps.base.seed out: seed is written already",
        ),
        ("width", "2", "Y040: --set width=2: width is a variable", "write --set vars.width=2"),
    ],
)
def test_the_command_line_is_checked(tmp_path: Path, name: str, value: str, message: str, fix: str):
    """A --set that fits nothing is an error that repeats it, and offers the nearest name."""
    meant = understood(tmp_path, HEAD + "seed: 1\nvars: {width: 1}\n" + BODY, Overrides(((name, value),)))
    assert (said(meant), meant.findings[0].fix) == ([message], fix)


def test_a_mistake_of_the_command_line_has_no_place_in_a_file(tmp_path: Path):
    """Nor in the recipe that is extended, whose first line is no part of it."""
    (tmp_path / "parent.yaml").write_text(HEAD + BODY)
    (tmp_path / "r.yaml").write_text("extends: parent.yaml\nrecipe: child\n")
    (finding,) = mean(tmp_path / "r.yaml", Overrides((("steps.bse.max_steps", "1"),))).errors
    assert (finding.code, finding.place) == ("Y040", None)


def test_smoke_makes_steps_tiny(tmp_path: Path):
    """Each step's smoke function is applied to what is written."""
    meant = understood(tmp_path, HEAD + BODY, Overrides(smoke=True))
    assert (meant.smoke, meant.step("read").raw["strict"], meant.step("read").params.strict) == (True, True, True)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("target", "name", "count"),
    [
        ("t4", "t4", 1),
        ("Tesla T4", "t4", 1),
        ("NVIDIA GeForce RTX 4090", "rtx4090", 1),
        ("A100", "a100-80", 1),
        ("{gpu: t4, count: 4}", "t4", 4),
        ("{gpu: h100, memory_gb: 40}", "h100", 1),
    ],
)
def test_targets_by_name_and_in_long_form(tmp_path: Path, target: str, name: str, count: int):
    """Known cards, aliases, several of one."""
    meant = understood(tmp_path, HEAD + f"target: {target}\n" + BODY)
    assert (said(meant), meant.target.name, meant.target.count) == ([], name, count)


def test_an_unknown_target_offers_the_nearest(tmp_path: Path):
    """And the recipe is still judged, for this machine."""
    meant = understood(tmp_path, HEAD + "target: rtx409\n" + BODY)
    assert said(meant) == ["H001: there is no target rtx409"]
    assert meant.findings[0].fix == "write rtx4090"
    meant = understood(tmp_path, HEAD + "target: GTX 1660 SUPER\n" + BODY)
    assert meant.findings[0].fix.startswith("write target: {gpu: gtx1650, memory_gb: 6}")


def test_the_target_of_the_command_line_wins(tmp_path: Path):
    """--target is for trying another machine."""
    assert understood(tmp_path, HEAD + "target: t4\n" + BODY, Overrides(target="h100")).target.name == "h100"


def test_origins_say_where_a_value_comes_from(tmp_path: Path):
    """File and line; the variable behind it."""
    meant = understood(tmp_path, HEAD + "vars: {n: 3}\n" + BODY.replace("10", "${n}"))
    file = str(tmp_path / "r.yaml")
    assert meant.origins["steps", "base", "max_steps"] == ("written", f"{file}:9, vars.n")
    assert meant.origins["recipe",] == ("written", f"{file}:1")


def test_a_missing_key_points_at_its_steps_type(tmp_path: Path):
    """The place of a step, where nothing better is written, is its `type: …`."""
    meant = understood(tmp_path, HEAD + "steps:\n  - lang: tr\n    type: read\n")
    assert said(meant) == ["K005: read needs sources: where the text is"]
    place = meant.findings[0].place
    assert place is not None
    assert (place.line, place.column, place.end_column) == (4, 5, 15)


def test_text_in_memory_stands_for_the_file(tmp_path: Path):
    """`texts` is how fixes are tried before they are written."""
    file = tmp_path / "r.yaml"
    file.write_text("recipe: [")
    assert said(mean(file, texts={file: HEAD + BODY})) == []
    assert [f.code for f in mean(file).findings] == ["Y003"]


def test_paths_start_at_the_project(tmp_path: Path):
    """Above `recipes`, above `runs` for a run's own config, else the recipe's folder."""
    assert project_of(tmp_path / "recipes" / "deep" / "r.yaml") == tmp_path
    assert project_of(tmp_path / "runs" / "2026-r" / "config" / "run_config.json") == tmp_path
    assert project_of(tmp_path / "r.yaml") == tmp_path


def test_what_is_kept_means_the_same_again(tmp_path: Path):
    """`data`, written as JSON and read again, is the same recipe."""
    import json

    text = (
        HEAD
        + "about: costs $${x}\nvars: {n: 3}\n"
        + BODY.replace("10", "${n}\n    expect: {10: {loss: [1.0, 2.0]}}")
        + "  - {type: plan, for: base}\n"
    )
    first = understood(tmp_path, text)
    file = tmp_path / "run_config.json"
    file.write_text(json.dumps(first.data))
    again = mean(file)
    assert (said(first), said(again)) == ([], [])
    assert [s.params for s in again.steps] == [s.params for s in first.steps]
    assert again.recipe is not None
    assert first.recipe is not None
    assert again.recipe.about == first.recipe.about


def test_a_plan_sees_the_train_step_it_is_for(tmp_path: Path):
    """The next train step, or the one that `for` names; its params stand in the plan's own."""
    body = (
        BODY.replace("  - type: train", "  - type: plan\n  - type: train")
        + "  - {type: train, id: big, max_steps: 20}\n  - {type: plan, id: p2, for: big}\n"
    )
    meant = understood(tmp_path, HEAD + body)
    assert said(meant) == []
    assert meant.step("plan").params.subject == {"max_steps": 10}  # type: ignore[union-attr]
    assert meant.step("p2").params.subject == {"max_steps": 20}  # type: ignore[union-attr]


def test_a_plan_for_nobody(tmp_path: Path):
    """`for` names a train step, or it is said which there are."""
    meant = understood(tmp_path, HEAD + BODY + "  - {type: plan, for: bse}\n")
    assert (said(meant), meant.findings[0].fix) == (["L001: there is no step bse"], "write base")


def test_a_subject_is_not_the_users_to_write(tmp_path: Path):
    """The field that the runner fills in is no key."""
    meant = understood(tmp_path, HEAD + BODY + "  - {type: plan, subject: {a: 1}}\n")
    assert said(meant) == ["K001: unknown key subject in plan"]


def test_a_step_that_fails_to_import_is_said(tmp_path: Path, toys: dict[str, Step], monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    """Another package's broken step is a finding with its reason."""
    import steps as registry

    def find(name: str) -> Step | None:
        if name == "theirs":
            raise ModuleNotFoundError("No module named 'cleverlib'", name="cleverlib")
        return toys.get(name)

    monkeypatch.setattr(registry, "find", find)
    meant = understood(tmp_path, HEAD + "steps:\n  - type: theirs\n")
    assert said(meant) == ["K008: the step theirs cannot be loaded: ModuleNotFoundError: No module named 'cleverlib'"]
    assert meant.findings[0].fix == "install cleverlib"


def test_two_thousand_steps_take_linear_work(tmp_path: Path):
    """A long chain is read with a number of calls that grows with its length only."""
    import cProfile
    import pstats

    def calls(count: int) -> int:
        text = HEAD + "steps:\n  - {type: read, sources: [{path: a}]}\n  - type: pieces\n"
        text += "".join(f"  - {{type: proof, id: p{n}, tokenizer: {f'p{n - 1}' if n else 'pieces'}}}\n" for n in range(count))
        with cProfile.Profile() as profile:
            meant = understood(tmp_path, text)
        assert said(meant) == []
        assert meant.step(f"p{count - 1}").after == [f"p{count - 2}"]
        return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]

    assert calls(2000) < 4.4 * calls(500)


def test_no_damage_to_a_recipe_raises(tmp_path: Path):
    """Three hundred spoilt recipes: lines lost, doubled and moved, values of every kind. None raises."""
    import random

    dice = random.Random(7)
    values = (
        "null",
        "-1",
        ".nan",
        "[]",
        "{}",
        "{a: {b: c}}",
        "true",
        "${n}",
        "${nope}",
        "'${env:X}'",
        "&a 1",
        "*a",
        "!x 1",
        '""',
        "[null]",
        "{1: 2}",
    )
    lines = (
        HEAD + "seed: 1\ntarget: t4\nvars: {n: 3}\n" + BODY + "    model: {family: mamba}\n    lora: {r: 4}\n  - {type: plan}\n"
    ).split("\n")
    file = tmp_path / "r.yaml"
    for _ in range(300):
        spoilt = list(lines)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(spoilt))
            kind = dice.randrange(4)
            if kind == 0 and len(spoilt) > 1:
                del spoilt[at]
            elif kind == 1:
                spoilt.insert(at, dice.choice(lines))
            elif kind == 2:
                spoilt[at] = spoilt[at].split(":")[0] + ": " + dice.choice(values)
            else:
                spoilt[at] = "  " + spoilt[at]
        text = "\n".join(spoilt)
        sets = dice.choice(((), (("vars.n", dice.choice(values)),), (("steps.base.model.x.0", "1"),), (("steps", "5"),)))
        meant = mean(file, Overrides(sets, smoke=dice.random() < 0.5), texts={file: text})
        assert meant.findings or all(step.params is not None for step in meant.steps)
        for finding in meant.findings:
            assert (
                finding.place is None
                or text[finding.place.start : finding.place.end].count("\n") == finding.place.end_line - finding.place.line
            )


def test_a_variable_that_nothing_reads(tmp_path: Path):
    """It is told with the name that it was meant for; not where an alias, an overlay's parent or the command line may be why."""
    body = BODY.replace("max_steps: 10", "max_steps: ${steps}")
    meant = understood(tmp_path, HEAD + "vars: {steps: 10, max_seq_length: 3, lrate: 1}\n" + body)
    assert [(f.code, f.severity, f.message, f.fix) for f in meant.findings] == [
        ("Y034", "warning", "nothing reads the variable max_seq_length",
         "write max_seq_length: ${max_seq_length} in the step that it is for, or delete it"),
        ("Y034", "warning", "nothing reads the variable lrate", "name it where it is wanted: ${lrate}, or delete it"),
    ]  # fmt: skip
    understood(tmp_path, HEAD + "vars: {steps: 10}\n" + body)
    child = tmp_path / "child.yaml"
    child.write_text("extends: r.yaml\nrecipe: c\nvars: {step: 20}\n")
    (finding,) = mean(child).findings
    assert (finding.message, finding.fix) == ("nothing reads the variable step", "write steps, which is read")
    assert said(understood(tmp_path, HEAD + "vars: &all {steps: 10}\n" + BODY)) == []
    set_by_hand = Overrides((("steps.base.max_steps", "5"),))
    assert said(understood(tmp_path, HEAD + "vars: {steps: 10}\n" + body, set_by_hand)) == []


def test_a_variable_of_the_wrong_kind_is_mended_where_it_is_written(tmp_path: Path):
    """The fix changes the variable, and leaves its name where it stands."""
    meant = understood(tmp_path, HEAD + "vars: {steps: '10'}\n" + BODY.replace("max_steps: 10", "max_steps: ${steps}"))
    (finding,) = meant.findings
    assert (finding.code, finding.fix, finding.place.line) == ("K002", "write steps: 10", 2)
    assert finding.edits == (Edit("set", ("vars", "steps"), 10),)
