"""YAML text to data, with the place of every key and value."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.document import Document, Node, read, scalar, value_of
from runner.written import written

FILE = Path("recipe.yaml")


def parsed(text: str) -> Document:
    return read(FILE, text=text)


def data(text: str) -> Any:
    document = parsed(text)
    assert document.findings == []
    assert document.root is not None
    return document.root.plain()


def said(text: str) -> list[tuple[str, int, int, str]]:
    """Code, line, column and the underlined characters of each finding."""
    return [(f.code, f.place.line, f.place.column, text[f.place.start : f.place.end]) for f in parsed(text).findings if f.place]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5), ("1_000", "1_000"), ("010", 10), ("0o17", 15), ("0x1F", 31), ("-3", -3), ("+1", 1), ("1.", 1.0), (".5", 0.5),
        ("-.inf", float("-inf")), ("no", "no"), ("yes", "yes"), ("on", "on"), ("true", True), ("FALSE", False), ("~", None), ("", None),
        ("null", None), ("2024-01-01", "2024-01-01"), ("12:30", "12:30"), ("1e", "1e"), ("-", "-"), (".", "."),
        ("0b1", "0b1"), ("9" * 500, "9" * 500),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text: str, value: Any):
    """Plain scalars are what YAML 1.2 says, not 1.1: no octal 010, no truth in `no`, a float in `1e-5`."""
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_quotes_make_text():
    """A quoted number is text, in all styles that quote."""
    assert data("a: '1'\nb: \"2\"\nc: |\n  3\nd: >-\n  4\n") == {"a": "1", "b": "2", "c": "3\n", "d": "4"}


def test_values_have_places_in_flow_and_block():
    """Each key, value and both together have their exact characters, flow maps too."""
    text = "a: {b: 12, c: [x, 'y z']}\nd:\n  - e: 1\n    f: 2\n"
    root = parsed(text).root
    assert root is not None
    cut = {}

    def walk(node: Node, path: tuple[Any, ...]) -> None:
        cut[path] = tuple(text[p.start : p.end] for p in node.places())
        children = node.items.items() if isinstance(node.items, dict) else enumerate(node.items or [])
        for key, child in children:
            walk(child, (*path, key))

    for key, child in root.items.items():
        walk(child, (key,))
    assert cut[("a",)] == ("a: {b: 12, c: [x, 'y z']}", "a", "{b: 12, c: [x, 'y z']}")
    assert cut[("a", "b")] == ("b: 12", "b", "12")
    assert cut[("a", "c", 1)] == ("'y z'", "'y z'", "'y z'")
    assert cut[("d",)] == ("d:\n  - e: 1\n    f: 2", "d", "- e: 1\n    f: 2")
    assert cut[("d", 0)] == ("e: 1\n    f: 2",) * 3
    assert cut[("d", 0, "f")] == ("f: 2", "f", "2")


def test_lines_and_columns_count_from_one_in_crlf_and_after_a_bom():
    """Windows line ends and a byte order mark move no place."""
    text = "\ufeffa: 1\r\nb:\r\n  c: 2\r\n"
    root = parsed(text).root
    assert root is not None
    place = root.items["b"].items["c"].places()[2]
    assert (place.line, place.column, text[place.start : place.end]) == (3, 6, "2")
    assert root.plain() == {"a": 1, "b": {"c": 2}}


def test_an_empty_value_stands_behind_its_colon():
    """A key without a value is None, and its place is where the value would be typed."""
    text = "a:\nb: 1\n"
    root = parsed(text).root
    assert root is not None
    both, key, value = root.items["a"].places()
    assert (root.plain()["a"], value.line, value.column, key.end_column) == (None, 1, 3, 2)
    assert text[both.start : both.end] == "a:"


def test_a_block_scalar_ends_with_its_text():
    """Blank lines and comments after a block scalar are not part of it."""
    text = "a: |\n  x\n  y\n\n# note\nb: 1\n"
    root = parsed(text).root
    assert root is not None
    place = root.items["a"].places()[2]
    assert text[place.start : place.end] == "|\n  x\n  y"


def test_an_anchor_is_not_part_of_the_value():
    """The place of an anchored value begins behind the anchor, so that a fix keeps it."""
    text = "a: &one 12\nb: *one\n"
    root = parsed(text).root
    assert root is not None
    place = root.items["a"].places()[2]
    assert text[place.start : place.end] == "12"
    assert root.plain() == {"a": 12, "b": 12}


def test_merge_keys_fill_in():
    """`<<` takes what the map itself does not say."""
    assert data("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n")["d"] == {"c": 3, "b": 1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\na: 2\n", ("Y004", 2, 1, "a: 2")),
        ("a: {b: 1, b: 2}", ("Y004", 1, 11, "b: 2")),
        ("a: !!python/object:os.system x", ("Y005", 1, 4, "!!python/object:os.system")),
        ("a: *x", ("Y006", 1, 4, "*x")),
        ("a: &x [*x]", ("Y006", 1, 8, "*x")),
        ("a:\n\tb: 1", ("Y011", 2, 1, "\t")),
        ("a: [1, 2", ("Y003", 1, 9, "")),
        ("a: 'x", ("Y003", 1, 4, "'")),
        ("a: b: c", ("Y003", 1, 5, ":")),
        ("a: @x", ("Y003", 1, 4, "@")),
        ("a:\n  b: 1\n c: 2", ("Y003", 3, 2, "c")),
        ("x: {a: ${b}, c: 1}", ("Y003", 1, 8, "${b}")),
        ("a: \x01", ("Y002", 1, 4, "\x01")),
        ("", ("Y007", 1, 1, "")),
        ("# only a comment\n", ("Y007", 1, 1, "")),
        ("- a\n- b\n", ("Y007", 1, 1, "- a")),
        ("a: 1\n---\nb: 2\n", ("Y008", 2, 1, "---")),
        ("[" * 5000, ("Y009", 1, 61, "[")),
        ("? [a]\n: 1", ("Y010", 1, 3, "[a]")),
        ("true: 1", ("Y010", 1, 1, "true")),
    ],
)
def test_bad_text_is_one_finding_at_its_place(text: str, found: tuple[str, int, int, str]):
    """What cannot be read is said once, where it stands, and never raises."""
    assert said(text) == [found]


def test_a_double_key_names_both_lines():
    """The message says where the other one is."""
    assert parsed("a: 1\nb: 2\na: 3\n").findings[0].message == "a is written in lines 1 and 3"


def test_a_document_with_a_double_key_is_still_read():
    """One mistake in the text does not hide what else is wrong."""
    root = parsed("a: 1\na: 2\nb: 3\n").root
    assert root is not None
    assert root.plain() == {"a": 1, "b": 3}


def test_an_alias_bomb_is_refused():
    """A few lines of aliases of aliases do not fill the memory."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert [f.code for f in parsed("\n".join(lines)).findings] == ["Y006"]


def test_bytes_that_are_not_utf8_are_named(tmp_path: Path):
    """The byte, its line and its column are said."""
    file = tmp_path / "r.yaml"
    file.write_bytes("a: 1\nb: ş".encode("cp1254"))
    finding = read(file).findings[0]
    assert (finding.code, finding.message) == ("Y002", "byte 0xfe is not UTF-8")
    assert finding.place is not None
    assert (finding.place.line, finding.place.column) == (2, 4)


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path, name: str):
    """No such file, or a folder."""
    document = read(tmp_path / name)
    assert ([f.code for f in document.findings], document.root) == (["Y001"], None)


def test_comments_are_found_and_text_is_not():
    """A # inside text is no comment."""
    text = "# one\na: 'x # y' # two\nb: c#d\ne: |\n  # text\nf: 1 # three\n"
    assert [(p.line, comment) for p, comment in parsed(text).comments()] == [(1, "# one"), (2, "# two"), (6, "# three")]


def test_numbers_as_keys_of_json():
    """JSON writes all keys as text; in a .json recipe whole numbers are numbers again."""
    document = read(Path("run_config.json"), text='{"expect": {"1000": [1.0, 2.0]}}')
    assert document.root is not None
    assert document.root.plain() == {"expect": {1000: [1.0, 2.0]}}


def test_a_typed_value():
    """The command line's values are YAML too."""
    assert [value_of(t) for t in ("1e-4", "[1, a]", "{a: b}", "'1'", "")] == [1e-4, [1, "a"], {"a": "b"}, "1", None]
    with pytest.raises(ValueError, match="missing"):
        value_of("[1, 2")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=("Cs", "Cc"))),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz_-1 #:", min_size=1, max_size=6) | st.integers(0, 9999), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("text", ["a\ufffeb", "a\uffff", "a\x7fb", "a\x9fb", "a\x85b", "a\ufeffb", "a\u2028b", "a\U0001fffeb"])
def test_a_character_that_yaml_does_not_take_is_escaped(text: str):
    """Noncharacters and controls; others stand as they are."""
    assert data(f"key: {written(text)}") == {"key": text}


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_back(value: dict[str, Any]):
    """`written` and the reader agree on every plain value."""
    assert data("\n".join(f"{written(k)}: {written(v)}" for k, v in value.items())) == value


@settings(max_examples=100, deadline=None)
@given(VALUES, st.sampled_from(["", "# c\n", "z: 1 # x\n"]), st.sampled_from(["\n", "\r\n"]))
def test_the_characters_of_a_place_are_its_value(value: Any, before: str, end: str):
    """The slice of text at any scalar's place reads as that scalar."""
    text = f"{before}key:  {written(value)}  # note\nlast: 2\n".replace("\n", end)
    root = parsed(text).root
    assert root is not None
    todo = list(root.items.values())
    while todo:
        node = todo.pop()
        if node.items is not None:
            todo.extend(node.items.values() if isinstance(node.items, dict) else node.items)
        else:
            place = node.places()[2]
            assert value_of(text[place.start : place.end]) == node.value
            assert text[: place.start].count("\n") == place.line - 1


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab:- \n\t[]{}'\"#&*!|>,?%@`${}1\\\u2028\r"), max_size=40))
def test_no_text_raises(text: str):
    """Whatever is typed: data or findings, and places inside the text."""
    document = parsed(text)
    assert document.root is not None or document.findings
    for finding in document.findings:
        assert finding.place is not None
        assert 0 <= finding.place.start <= finding.place.end <= len(text) + 3


@pytest.mark.parametrize(
    ("line", "severities"),
    [
        ("about: the phase #1 of two", ["warning"]),
        ("about: phase #1 of two", ["info"]),
        ("system: Answer in German #short and polite", ["info"]),
        ("learning_rate: 1e-3 #peak", []),
        ("about: three words here # a remark", []),
        ("about: 'three words here #short'", []),
    ],
)
def test_a_number_sign_in_a_text_is_mentioned(line: str, severities: list[str]):
    """A digit that follows at once is a number; a word may be a remark, and is told in texts alone."""
    assert [f.severity for f in read(Path("r.yaml"), text=f"{line}\nseed: 1\n").findings if f.code == "Y014"] == severities
