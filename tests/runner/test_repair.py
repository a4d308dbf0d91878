"""repair: a fix changes the named value and not one other byte."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from runner.repair import CannotEdit, edited, patch
from schemas import Edit


def data(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


LORA = "    lora:\n      r: 8      # rank\n      targets:\n        - in_proj\n        - dt_proj\n"
RECIPE = """\
# a remark
recipe: "base"   # its name
target: t4

steps:
  - type: parse_corpus
    sources: [{path: a.txt, weight: 1}, {path: 'b.txt'}]
  # the model
  - type: train
    id: base
    model: {family: mamba, vocab_size: 32000, d_model: 256}  # by hand
    lora:
      r: 8      # rank
      targets:
        - in_proj
        - dt_proj
    max_steps: '512'

  - type: report
"""


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (Edit("set", ("steps", "base", "model", "vocab_size"), 50257), "vocab_size: 32000", "vocab_size: 50257"),
        (Edit("set", ("steps", "base", "max_steps"), 512), "'512'", "512"),
        (Edit("set", ("recipe",), "phase1"), '"base"', '"phase1"'),
        (Edit("set", ("steps", "base", "lora", "r"), 16), "r: 8 ", "r: 16 "),
        (Edit("set", ("steps", "base", "lora"), None), LORA, "    lora: null\n"),
        (Edit("set", ("steps", "base", "model", "n_layers"), 6), "d_model: 256}", "d_model: 256, n_layers: 6}"),
        (Edit("set", ("steps", "base", "lora", "lora_alpha"), 16), "        - dt_proj\n", "        - dt_proj\n      lora_alpha: 16\n"),
        (Edit("set", ("steps", "report", "title"), "Über: uns"), "- type: report\n", '- type: report\n    title: "Über: uns"\n'),
        (Edit("set", ("seed",), 1), "target: t4\n", "target: t4\nseed: 1\n"),
        (Edit("set", ("steps", "base", "expect", 1000), [4.0, 5.0]), "'512'\n", "'512'\n    expect: {1000: [4.0, 5.0]}\n"),
        (Edit("rename", ("steps", "base", "max_steps"), key="steps"), "max_steps: ", "steps: "),
        (Edit("rename", ("steps", "base", "max_steps"), 7, "steps"), "max_steps: '512'", "steps: '7'"),
        (Edit("delete", ("steps", "base", "id")), "    id: base\n", ""),
        (Edit("delete", ("steps", "base", "max_steps")), "    max_steps: '512'\n", ""),
        (Edit("delete", ("steps", "base", "lora")), LORA, ""),
        (Edit("delete", ("steps", "base", "lora", "targets", 1)), "        - dt_proj\n", ""),
        (Edit("delete", ("steps", "base", "model", "family")), "{family: mamba, ", "{"),
        (Edit("delete", ("steps", "base", "model", "d_model")), ", d_model: 256}", "}"),
        (Edit("delete", ("steps", "parse_corpus", "sources", 1)), ", {path: 'b.txt'}", ""),
        (Edit("delete", ("steps", "report")), "  - type: report\n", ""),
        (Edit("delete", ("steps", "base", "type")), "type: train\n    id: base", "id: base"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_edit_changes_only_its_own_characters(edit: Edit, old: str, new: str, newline: str):
    """Each kind of edit, in block and flow style, with both line endings: the rest of the file is the same, byte for byte."""
    before = RECIPE.replace("\n", newline)
    expected = before.replace(old.replace("\n", newline), new.replace("\n", newline), 1)
    if edit.action == "rename" and edit.value == 7:
        expected = expected.replace("'7'", "7")
    assert edited(before, [edit]) == expected


def test_a_file_without_a_last_newline_keeps_none():
    """A line added or removed at the end leaves the end as it was."""
    assert edited("a: 1\nb: 2", [Edit("set", ("c",), 3)]) == "a: 1\nb: 2\nc: 3"
    assert edited("a: 1\nb: 2", [Edit("delete", ("b",))]) == "a: 1"


def test_the_last_key_leaves_an_empty_mapping():
    """A mapping that loses its only key is still a mapping, not null."""
    assert edited("lora:\n  r: 8  # rank\nb: 1\n", [Edit("delete", ("lora", "r"))]) == "lora:\n  {}  # rank\nb: 1\n"
    assert edited("lora: {r: 8}\n", [Edit("delete", ("lora", "r"))]) == "lora: {}\n"


def test_an_empty_value_is_filled_in():
    """`key:` with nothing after it takes the value on its own line, though YAML places the nothing elsewhere."""
    assert edited("a:\nb: 1\n", [Edit("set", ("a",), 5)]) == "a: 5\nb: 1\n"
    assert edited("a: {x: , y}\n", [Edit("set", ("a", "x"), 5)]) == "a: {x: 5 , y}\n"
    assert edited("a: {x: , y}\n", [Edit("set", ("a", "y"), 5)]) == "a: {x: , y: 5}\n"
    assert edited("lora:   # none yet\n", [Edit("set", ("lora", "r"), 8)]) == "lora: {r: 8}   # none yet\n"


def test_an_alias_is_replaced_where_it_stands_and_an_anchor_in_use_is_not_touched():
    """What other places share cannot be changed in one place only."""
    text = "a: &v 32000\nb: *v\nm: &m {x: 1}\nn: *m\n"
    assert edited(text, [Edit("set", ("b",), 5)]) == "a: &v 32000\nb: 5\nm: &m {x: 1}\nn: *m\n"
    for path in (("a",), ("n", "x"), ("m", "x")):
        with pytest.raises(CannotEdit):
            edited(text, [Edit("set", path, 5)])


def test_a_rename_never_makes_a_duplicate_key():
    """The new name standing there already, nothing is changed."""
    with pytest.raises(CannotEdit):
        edited("a: 1\nb: 2\n", [Edit("rename", ("a",), key="b")])


def test_text_in_a_block_scalar_is_never_mistaken():
    """A key is added after the text, not into it, also when the text ends the file."""
    assert edited("s:\n  x: |\n    a: 1\n\nt: 1\n", [Edit("set", ("s", "z"), 2)]) == "s:\n  x: |\n    a: 1\n\n  z: 2\nt: 1\n"
    assert data(edited("s:\n  k: 1\n  x: |\n    a: 1", [Edit("set", ("s", "z"), 2)])) == {"s": {"k": 1, "z": 2, "x": "a: 1"}}


def test_strings_that_would_read_as_something_else_are_quoted():
    """What is written reads back as the same string."""
    for value in ("no", "1e5", "true", "a: b", "# x", "", " x", "*a", "${block}", "çay, süt", "0x1f", "~", "a\nb", "-", "'", '"'):
        assert data(edited("a: 1\nf: {b: 1}\n", [Edit("set", ("a",), value), Edit("set", ("f", "b"), value)])) == {
            "a": value,
            "f": {"b": value},
        }


def test_a_number_that_the_parser_alone_takes_for_one_is_written_anew():
    """1_000 is text in YAML 1.2 and a number to ruamel: the fix is made, and one that changes nothing changes no byte."""
    steps = "steps:\n  - type: train\n    max_steps: 1_000  # all\n    save_steps: 0x10\n"
    assert edited(steps, [Edit("set", ("steps", "train", "max_steps"), 1000)]) == steps.replace("1_000", "1000")
    assert edited(steps, [Edit("set", ("steps", "train", "save_steps"), 16)]) == steps


def test_patch_is_the_smallest_stretch():
    """The one difference between two texts."""
    assert patch("vocab: 32000 # c", "vocab: 50257 # c") == (7, 12, "50257")
    assert patch("aa", "a") == (1, 2, "")


keys = st.sampled_from(["a", "bb", "max_steps", "ç", "k-1", "x y", 10])
scalars = st.one_of(
    st.integers(-9, 99999),
    st.booleans(),
    st.none(),
    st.floats(0.001, 9.0),
    st.sampled_from(["t4", "no", "a b", "çay", "1e5", "x: y", "#z", "it's"]),
)
values = st.recursive(scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)), max_leaves=8)


class Writer:
    """Writes data as YAML, drawing style, quotes and remarks at random."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def remark(self) -> str:
        return self.draw(st.sampled_from(["", "", "  # remark: {a, b}", " # it's"]))

    def scalar(self, value: Any) -> str:
        if isinstance(value, str):
            quote = self.draw(st.sampled_from(["'", '"', ""] if value in ("t4", "a b", "çay") else ["'", '"']))
            return quote + (value.replace("'", "''") if quote == "'" else value) + quote
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        return repr(value)

    def flow(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{k}: {self.flow(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(self.flow(v) for v in value) + "]"
        return self.scalar(value)

    def block(self, value: Any, indent: int) -> str:
        """The value as it stands after `key:` or `-`, line end included."""
        if not isinstance(value, dict | list) or not value or self.draw(st.booleans()):
            return f" {self.flow(value)}{self.remark()}\n"
        pad, lines = " " * indent, [f"{self.remark()}\n"]
        for item in value.items() if isinstance(value, dict) else ((None, v) for v in value):
            if self.draw(st.integers(0, 5)) == 0:
                lines.append(f"{pad}# alone\n\n")
            lines.append(f"{pad}{'-' if item[0] is None else f'{item[0]}:'}{self.block(item[1], indent + self.draw(st.integers(1, 3)))}")
        return "".join(lines)

    def document(self, value: dict[Any, Any]) -> str:
        return "".join(f"{k}:{self.block(v, self.draw(st.integers(1, 4)))}" for k, v in value.items())


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for k, v in below for p in [(*here, k), *paths(v, (*here, k))]]


@settings(max_examples=100, deadline=None)
@given(st.data(), st.dictionaries(keys, values, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_any_edit_gives_the_data_with_exactly_that_change(draw: Any, recipe: dict[Any, Any], newline: str, ends: bool):
    """Whatever the style, the text after the edit reads as the data with the one change, and its remarks are still there."""
    text = Writer(draw.draw).document(recipe)
    text = (text if ends else text.removesuffix("\n")).replace("\n", newline)
    path = draw.draw(st.sampled_from(paths(recipe)))
    action = draw.draw(st.sampled_from(["set", "add", "delete", "rename"]))
    parent = recipe
    for part in path[:-1]:
        parent = parent[part]
    value = draw.draw(scalars)
    if action == "add":
        if not isinstance(parent, dict):
            return
        path, action = (*path[:-1], "new_key"), "set"
    if action == "rename":
        if not isinstance(parent, dict):
            return
        edit = Edit("rename", path, key="new_key")
    else:
        edit = Edit(action, path, value)
    scalar = not isinstance(parent[path[-1]] if action != "set" or path[-1] in parent or isinstance(parent, list) else None, dict | list)
    added = edit.action == "set" and isinstance(parent, dict) and path[-1] not in parent
    after = edited(text, [edit])
    if action == "delete":
        del parent[path[-1]]
    elif action == "rename":
        parent["new_key"] = parent.pop(path[-1])
    else:
        parent[path[-1]] = value
    assert data(after) == recipe
    start, end, written = patch(text, after)
    if added:
        assert start == end, "nothing is taken away"
    elif action == "delete":
        assert set(written) <= set("{}[]"), "nothing is added"
    elif action == "rename" or scalar:
        assert "\n" not in text[start:end] + written, "one line changes"
    assert newline == "\n" or "\n" not in text or "\n" not in after.replace("\r\n", "")
    assert action == "delete" or after.endswith(newline) == text.endswith(newline) or "\n" not in after
