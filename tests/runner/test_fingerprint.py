"""The cache key: what is in it, what is not, and the words for what changed."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from runner.fingerprint import Key, differences, keyed, make_key, shown
from schemas import Corpus, NotInKey, Read, Secret, StepParams, Strict, Tokenizer, step
from schemas.machine import known
from tests.runner.by_hand import HERE


class Fixed(Strict):
    size: int = 8


class Wide(Strict):
    limit: int = 8


class Model(Strict):
    d_model: int = 64
    layers: int = 2
    workers: Annotated[int, NotInKey] = 1


class Params(StepParams):
    vocab_size: int = 1750
    rate: float = 1
    model: Model = Model()
    size: Fixed | Wide | None = None
    kind: Literal["a", "b"] = "a"
    names: list[str] = []
    token: Secret | None = None
    workers: Annotated[int, NotInKey] = 1


@step(version=3, libraries=("blake3",))
def make(params: Params, corpus: list[Corpus], tokenizer: Tokenizer | None, context: Any) -> Corpus:
    """A step that is never called."""
    return corpus[0]


def key(tmp_path: Path, inputs: dict[str, Any] | None = None, reads: Any = (), seed: int = 1, **params: Any) -> Key:
    return make_key(make, Params.model_validate(params), inputs or {}, list(reads), seed, HERE)


@pytest.mark.parametrize(
    "same",
    [{"vocab_size": 1750}, {"rate": 1}, {"rate": 1.0}, {"model": {}}, {"model": {"layers": 2, "workers": 9}}, {"workers": 7}],
    ids=str,
)
def test_defaults_and_worker_counts_are_not_in_the_key(tmp_path, same):
    """A default that is written out, or a param that cannot change the bytes, leaves the key as it is."""
    assert key(tmp_path, **same) == key(tmp_path)


@pytest.mark.parametrize(
    "other",
    [{"vocab_size": 1}, {"rate": 2}, {"model": {"layers": 3}}, {"kind": "b"}, {"names": ["x"]}, {"size": {"size": 8}}, {"seed": 2}],
    ids=str,
)
def test_what_changes_bytes_changes_the_key(tmp_path, other):
    """Params, nested params and the seed are in the key."""
    assert key(tmp_path, **other).value != key(tmp_path).value


def test_two_models_of_a_union_do_not_share_a_key(tmp_path):
    """Two choices that are each at their defaults are still two choices."""
    assert key(tmp_path, size={"size": 8}).value != key(tmp_path, size={"limit": 8}).value


def test_a_secret_enters_only_as_set_or_unset(tmp_path, monkeypatch):
    """Neither the value nor the variable's name is in the key, and a secret written out is not in the record."""
    monkeypatch.setenv("RECIPE_TEST_SECRET", "s3cret")
    one = key(tmp_path, token="${env:RECIPE_TEST_SECRET}")
    assert one == key(tmp_path, token="another")
    assert one.parts["param token"] == "set"
    assert key(tmp_path, token="${env:RECIPE_TEST_UNSET}") == key(tmp_path)
    assert shown(Params(token="another"))["token"] == "***"
    assert shown(Params(token="${env:X}"))["token"] == "${env:X}"


def test_inputs_count_by_content_and_order(tmp_path):
    """A list of inputs is ordered; a name keeps two inputs apart."""
    ab = key(tmp_path, {"corpus": ["a", "b"]}).value
    assert len({ab, key(tmp_path, {"corpus": ["b", "a"]}).value, key(tmp_path, {"corpus": ["a"], "tokenizer": "b"}).value}) == 3


def test_sources_count_by_name_and_content(tmp_path):
    """The same file elsewhere gives the same key; another name or content another one."""
    here, there = [(Read("x.txt", Path("/a/x.txt")), "1")], [(Read("x.txt", Path("/b/x.txt")), "1")]
    assert key(tmp_path, reads=here) == key(tmp_path, reads=there)
    assert key(tmp_path, reads=here) != key(tmp_path, reads=[(Read("y.txt", Path("/a/x.txt")), "1")])
    assert key(tmp_path, reads=here) != key(tmp_path, reads=[(Read("x.txt", Path("/a/x.txt")), "2")])


def test_a_step_that_judges_for_a_machine_has_the_machine_in_its_key(tmp_path):
    """A plan for another target is another plan."""
    planner = step(version=1, looks_at="train")(make.function)
    t4 = known("t4")
    assert t4 is not None
    keys = {make_key(planner, Params(), {}, [], 1, target).value for target in (HERE, t4)}
    assert len(keys) == 2


def test_what_changed_is_said_in_words(tmp_path):
    """Each part that differs is named, with both values where they are short."""
    old = key(tmp_path, {"corpus": ["1"]}, [(Read("x.jsonl", Path("x.jsonl")), "1"), (Read("z", identity="hub@1"), "hub@1")])
    new = key(
        tmp_path, {"corpus": ["2"]}, [(Read("x.jsonl", Path("x.jsonl")), "2"), (Read("y.jsonl", Path("y.jsonl")), "1")], seed=2,
        vocab_size=2000, model={"d_model": 128}, names=["n" * 99],
    )  # fmt: skip
    assert differences(old.parts, new.parts) == [
        'param model: default -> {"d_model": 128}',
        'param names: default -> ["' + "n" * 57 + "…",
        "param vocab_size: default -> 2000",
        "seed: 1 -> 2",
        "input corpus changed",
        "source z removed",
        "file x.jsonl changed",
        "file y.jsonl added",
    ]
    deeper = key(tmp_path, model={"d_model": 256})
    assert differences(key(tmp_path, model={"d_model": 128}).parts, deeper.parts) == ["param model.d_model: 128 -> 256"]


def test_a_default_inside_a_default_is_dropped():
    """Only what differs stays, at every depth."""
    assert keyed(Params(model=Model(d_model=128, layers=2, workers=4))) == {"model": {"d_model": 128}}
