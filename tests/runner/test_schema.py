"""The JSON Schema: it takes every shipped recipe and refuses unknown keys and wrong types in every step type."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

import steps
from runner.jsonschema import build
from tests.conftest import ROOT

RECIPES = sorted((ROOT / "recipes").glob("*.yaml")) + sorted((ROOT / "tests" / "gallery" / "valid").glob("*.yaml"))
LEAST = {  # what each type cannot do without
    "parse_corpus": {"sources": [{"path": "a.txt"}]},
    "split_long": {"max_tokens": 512},
}


schema = cache(build)


@cache
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def plain(path: Path) -> Any:
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(path.read_bytes().decode("utf-8"))))


def wrong(recipe: Any) -> list[str]:
    return [error.message for error in validator().iter_errors(recipe)]


def with_step(kind: str, extends: bool = False, **more: Any) -> dict[str, Any]:
    least = {} if extends else LEAST.get(kind, {})
    return {"recipe": "a", **({"extends": "b.yaml"} if extends else {}), "steps": [{"type": kind, **least, **more}]}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_shipped_and_odd_recipes_are_right(path: Path):
    """An editor shows no line under them."""
    assert wrong(plain(path)) == []


@pytest.mark.parametrize("kind", steps.builtin())
@pytest.mark.parametrize("extends", [False, True])
def test_an_unknown_key_is_refused_in_every_step(kind: str, extends: bool):
    """Also in a recipe that extends another."""
    assert wrong(with_step(kind, extends)) == []
    assert wrong(with_step(kind, extends, no_such_key=1))


@pytest.mark.parametrize("kind", steps.builtin())
def test_a_wrong_type_is_refused_in_every_param(kind: str):
    """A list of maps is right nowhere but where lists of maps are; a variable is right for every scalar."""
    for name in schema()["$defs"][kind]["properties"]:
        if name in ("type", "id", "checkpoint", "corpus", "tokenizer", "bins", "plan"):
            continue
        assert wrong(with_step(kind, **{name: [[{"x": 1}]]})), name
        assert not wrong(with_step(kind, **{name: "${value}"})), name


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("train", {"max_steps": "100"}),
        ("train", {"max_steps": 0}),
        ("train", {"precision": "bfloat16"}),
        ("train", {"model": {"family": "mamba", "d_modell": 256}}),
        ("train", {"model": {"d_model": "256"}}),
        ("train", {"lora": {"r": 8, "rank": 8}}),
        ("train", {"expect": {"1000": {"loss": [1, 2]}}}),
        ("train_tokenizer", {"vocab_size": "50257"}),
        ("train_tokenizer", {"vocab_size": {"at_least": 1}}),
        ("train_tokenizer", {"user_symbols": "<tr>"}),
        ("parse_corpus", {"sources": [{"pth": "a"}]}),
        ("parse_corpus", {"sources": []}),
        ("tokenize_bin", {"dtype": "int8"}),
        ("tokenize_bin", {"val_fraction": 2}),
        ("export_ollama", {"quantization": "q4"}),
        ("export_ollama", {"parameters": {"temprature": 1}}),
        ("validate_checkpoint", {"prompts": "one"}),
        ("train", {"tokenizer": 5}),
        ("train", {"tokenizer": {"recipee": "a"}}),
    ],
)
def test_values_that_recipe_check_refuses(kind: str, params: dict[str, Any]):
    """At every depth, also in a recipe that extends another."""
    assert wrong(with_step(kind, **params))
    assert wrong(with_step(kind, extends=True, **params))


@pytest.mark.parametrize(
    "recipe",
    [
        {"steps": [{"type": "report"}]},
        {"recipe": "a"},
        {"recipe": "a", "steps": []},
        {"recipe": "a", "steps": [{"typ": "report"}]},
        {"recipe": "a", "steps": [{"type": "reprot"}]},
        {"recipe": "a", "seed": "1", "steps": [{"type": "report"}]},
        {"recipe": "a", "sed": 1, "steps": [{"type": "report"}]},
        {"recipe": "a", "target": {"gpu": "t4", "cuont": 2}, "steps": [{"type": "report"}]},
        {"recipe": "a", "steps": [{"type": "report", "drop": True}]},
        {"recipe": "a", "steps": [{"type": "split_long"}]},
    ],
)
def test_the_top_level_is_strict_too(recipe: dict[str, Any]):
    """Missing, unknown and wrong keys, and what only a recipe that extends may say."""
    assert wrong(recipe)


def test_a_recipe_that_extends_may_leave_out_and_take_away():
    """Nothing is required of its steps, null removes a key, drop a step."""
    assert wrong({"recipe": "a", "extends": "b.yaml"}) == []
    assert wrong(with_step("split_long", extends=True)) == []
    assert wrong(with_step("train", extends=True, max_steps=None, expect={"1000": None}, model={"d_model": None})) == []
    assert wrong(with_step("report", extends=True, drop=True, after="train")) == []
    assert wrong({"recipe": "a", "extends": "b.yaml", "steps": [{"id": "base", "max_steps": 5}]}) == []


def test_an_input_may_be_named_where_a_param_has_its_name():
    """`checkpoint` of check_vocab_consistency is a map of its own, or the id of a step."""
    for value in ("base", {"path": "models/a"}, {"recipe": "a", "step": "b"}):
        assert wrong(with_step("check_vocab_consistency", checkpoint=value)) == []
    assert wrong(with_step("check_vocab_consistency", checkpoint={"pth": "a"}))


def test_every_param_and_input_of_a_step_is_there():
    """Completion in the editor knows all of them, and nothing that the runner fills in."""
    for kind in steps.builtin():
        step = steps.find(kind)
        known = set(schema()["$defs"][kind]["properties"])
        wanted = {field.alias or name for name, field in step.params.model_fields.items()} - {"subject"}
        assert known == wanted | {wire.name for wire in step.inputs} | {"type", "id"}
