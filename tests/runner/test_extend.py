"""extends: recipes laid over recipes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.document import Document, Node
from runner.extend import merged
from runner.meant import Meant
from runner.overrides import made
from runner.resolve import mean
from tests.runner.toys import toys  # noqa: F401

pytestmark = pytest.mark.usefixtures("toys")

PARENT = """\
recipe: parent
seed: 1
vars: {width: 64}
steps:
  - {type: read, sources: [{path: a.txt}]}
  - {type: pieces, vocab_size: 100}
  - type: bins
  - type: train
    id: base
    model: {family: mamba, d_model: 64, n_layers: 2}
    max_steps: 10
  - type: report
"""


def laid(tmp_path: Path, child: str, parent: str = PARENT) -> Meant:
    (tmp_path / "parent.yaml").write_text(parent)
    file = tmp_path / "child.yaml"
    file.write_text("recipe: child\nextends: parent.yaml\n" + child)
    return mean(file)


def said(meant: Meant) -> list[str]:
    return [f"{f.code}: {f.message}" for f in meant.findings]


def test_maps_merge_and_the_rest_replaces(tmp_path: Path):
    """A map is changed key by key, a list and a scalar as a whole."""
    meant = laid(tmp_path, "steps:\n  - id: base\n    model: {d_model: 128}\n    max_steps: 5\n  - {id: read, sources: [{path: b.txt}]}\n")
    assert said(meant) == []
    assert meant.step("base").raw == {"model": {"family": "mamba", "d_model": 128, "n_layers": 2}, "max_steps": 5}
    assert meant.step("read").raw == {"sources": [{"path": "b.txt"}]}
    assert (meant.data["recipe"], meant.data["seed"]) == ("child", 1)


def test_null_removes_a_key(tmp_path: Path):
    """`key: null` goes back to the default."""
    meant = laid(tmp_path, "seed: null\nsteps:\n  - id: base\n    max_steps: null\n    model: {d_model: null}\n")
    assert meant.step("base").raw == {"model": {"family": "mamba", "n_layers": 2}}
    assert "seed" not in meant.data


def test_drop_takes_a_step_out_and_replace_starts_it_anew(tmp_path: Path):
    """`drop: true` and `replace: true` act on the whole step."""
    meant = laid(tmp_path, "steps:\n  - {id: report, drop: true}\n  - {id: base, replace: true, max_steps: 3}\n")
    assert said(meant) == []
    assert meant.order == ["read", "pieces", "bins", "base"]
    assert (meant.step("base").type, meant.step("base").raw) == ("train", {"max_steps": 3})


def test_new_steps_stand_where_they_say_or_before_the_report(tmp_path: Path):
    """after, before, and the default."""
    child = "steps:\n  - {type: proof, after: pieces}\n  - {type: plan, before: base}\n  - {type: validate}\n"
    child += "  - {type: read, id: more, after: read, sources: [{path: c}]}\n"
    meant = laid(tmp_path, child)
    assert meant.order == ["read", "more", "pieces", "proof", "bins", "plan", "base", "validate", "report"]


def test_implicit_ids_stay_the_parents(tmp_path: Path):
    """A second step of a type does not change what the first is called."""
    meant = laid(
        tmp_path, "steps:\n  - {type: read, id: other, after: read, sources: [{path: b}]}\n  - {id: pieces, corpus: [read, other]}\n"
    )
    assert said(meant) == []
    assert [link.step for link in meant.step("pieces").inputs["corpus"]] == ["read", "other"]


def test_a_step_without_id_that_the_parent_names_is_asked_about(tmp_path: Path):
    """`- type: train` could be the parent's `base` or a second one: nothing is guessed."""
    finding = laid(tmp_path, "steps:\n  - {type: train, max_steps: 3}\n").findings[0]
    assert (finding.code, finding.fix) == ("Y022", "write id: base to change it, or another id for a second train")


def test_several_levels(tmp_path: Path):
    """A child of a child; vars merge and are put in at the end."""
    (tmp_path / "low.yaml").write_text(PARENT.replace("d_model: 64", "d_model: '${width}'").replace("recipe: parent", "recipe: low"))
    (tmp_path / "mid").mkdir()
    (tmp_path / "mid" / "mid.yaml").write_text("recipe: mid\nextends: ../low.yaml\nvars: {width: 96, extra: 1}\n")
    (tmp_path / "top.yaml").write_text("recipe: top\nextends: mid/mid.yaml\nvars: {width: 128}\n")
    meant = mean(tmp_path / "top.yaml")
    assert said(meant) == []
    assert meant.step("base").raw["model"]["d_model"] == 128
    assert meant.data["vars"] == {"width": 128, "extra": 1}
    assert [file.name for file in meant.files] == ["top.yaml", "mid.yaml", "low.yaml"]


def test_a_finding_points_at_the_file_where_the_value_is_written(tmp_path: Path):
    """A parent's mistake is shown in the parent."""
    meant = laid(tmp_path, "", PARENT.replace("max_steps: 10", "max_steps: ten"))
    place = meant.findings[0].place
    assert place is not None
    assert (Path(place.file).name, place.line) == ("parent.yaml", 11)


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("parnt.yaml", "Y020: there is no file {}/parnt.yaml"),
        ("https://x.org/a.yaml", "Y020: extends names one file, relative to this one"),
        ("[a, b]", "Y020: extends names one file, relative to this one"),
        ("child.yaml", "Y021: the recipes extend each other in a circle: child.yaml -> child.yaml"),
    ],
)
def test_extends_that_leads_nowhere(tmp_path: Path, extends: str, message: str):
    """One finding, and no noise about what the missing recipe would have said."""
    (tmp_path / "parent.yaml").write_text(PARENT)
    (tmp_path / "child.yaml").write_text(f"recipe: child\nextends: {extends}\nsteps:\n  - id: base\n    max_steps: 2\n")
    assert said(mean(tmp_path / "child.yaml")) == [message.format(tmp_path)]


def test_a_circle_of_three_is_shown(tmp_path: Path):
    """The way round is named."""
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.yaml").write_text(f"recipe: {name}\nextends: {other}.yaml\nsteps: []\n")
    assert said(mean(tmp_path / "a.yaml")) == ["Y021: the recipes extend each other in a circle: a.yaml -> b.yaml -> c.yaml -> a.yaml"]


@pytest.mark.parametrize(
    ("step", "message", "fix"),
    [
        ("{id: bse, max_steps: 1}", "there is no step bse in the extended recipe", "write base; a new step needs a type"),
        ("{id: bse, drop: true}", "there is no step bse to drop", "write base"),
        ("{type: proof, after: piecs}", "there is no step piecs to stand after", "write pieces"),
        (
            "{id: base, type: report}",
            "step base is of type train in parent.yaml, here of type report",
            "add `replace: true` to start it anew",
        ),
    ],
)
def test_steps_that_do_not_fit_the_parent(tmp_path: Path, step: str, message: str, fix: str):
    """Each says what to type."""
    found = [f for f in laid(tmp_path, f"steps:\n  - {step}\n").findings if f.code == "Y022"]
    assert [(f.message, f.fix) for f in found] == [(message, fix)]


def test_words_about_layers_have_no_place_in_a_lone_recipe(tmp_path: Path):
    """after without extends does nothing, so it is said."""
    file = tmp_path / "r.yaml"
    file.write_text("recipe: r\nsteps:\n  - {type: read, sources: [{path: a}], after: x}\n")
    assert said(mean(file)) == ["Y022: after has no effect: this recipe extends none"]


def _tree(value: Any) -> Node:
    return made(Document(Path(), ""), value)


MAPS = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
TREES = st.dictionaries(st.sampled_from("abc"), MAPS, max_size=3)


@settings(max_examples=100, deadline=None)
@given(TREES, TREES, TREES)
def test_merging_is_associative(a: Any, b: Any, c: Any):
    """Laying c on (b on a) is laying (c on b) on a, as long as nothing is removed and maps meet maps."""

    def agree(x: Any, y: Any) -> bool:
        if isinstance(x, dict) != isinstance(y, dict):
            return False
        return not isinstance(x, dict) or all(agree(x[k], y[k]) for k in x.keys() & y.keys())

    if agree(a, b) and agree(b, c) and agree(a, c):
        left = merged(merged(_tree(a), _tree(b)), _tree(c)).plain()
        assert left == merged(_tree(a), merged(_tree(b), _tree(c))).plain()


@settings(max_examples=100, deadline=None)
@given(TREES, TREES)
def test_merging_changes_neither(a: Any, b: Any):
    """Both layers are as they were, and laying one on itself is itself."""
    base, over = _tree(a), _tree(b)
    merged(base, over)
    assert (base.plain(), over.plain()) == (a, b)
    assert merged(base, base).plain() == a
