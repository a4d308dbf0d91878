"""Values without quotes, or in the wrong ones: templates of rows, other tools' variables, paths of Windows."""

from pathlib import Path

import pytest

from runner.document import read
from runner.judge import judge
from runner.resolve import mean

HEAD = "recipe: r\nvars: {data: data, steps: 10}\nsteps:\n  - type: parse_corpus\n    sources:\n      - path: data/rows.jsonl\n"


def fixes(text: str) -> list[tuple[str, str]]:
    """Code and fix of each finding about the text itself."""
    return [(f.code, f.fix) for f in read(Path("r.yaml"), text=text).findings]


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("text: {title} {text}", 'put it in quotes: text: "{title} {text}"'),
        ("text: {title}: {text}", 'put it in quotes: text: "{title}: {text}"'),
        ("text: Title: {title}", 'put it in quotes: text: "Title: {title}"'),
        ("text: {title}\\n{text}", 'put it in quotes: text: "{title}\\n{text}"'),
        ('text: "{title}" {text}', 'put it in quotes: text: "{title} {text}"'),
        ("text: @{title}", 'put it in quotes: text: "@{title}"'),
        ("text: [{title}] {text}", 'put it in quotes: text: "[{title}] {text}"'),
        ("columns: {text: <{title}>{text}}", 'put it in quotes: text: "<{title}>{text}"'),
        ("columns: {title: title, text: {title} {text}}", 'put it in quotes: text: "{title} {text}"'),
        ("- {path: a.csv, columns: {text: {title}: {text}}}", 'put it in quotes: text: "{title}: {text}"'),
    ],
)
def test_a_template_without_quotes_is_shown_in_them(line: str, fix: str):
    """One finding, and the line to type."""
    assert fixes(f"a:\n  {line}\n") == [("Y003", fix)]


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("path: {{ data }}/rows.jsonl", "write path: ${data}/rows.jsonl"),
        ("max_steps: {{steps}}", "write max_steps: ${steps}"),
        ("{path: {{ data }}, take: 3}", 'write path: "${data}"'),
        ("text: {{title}} {{text}}", 'put it in quotes: text: "{title} {text}"'),
    ],
)
def test_doubled_braces_are_told_once(line: str, fix: str):
    """They are a map that is a key to YAML."""
    assert fixes(f"a:\n  {line}\n") == [("Y010", fix)]


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ('path: "\\data\\rows.jsonl"', 'a path has / between its folders: write path: "data/rows.jsonl"'),
        ('path: "C:\\Users\\ada"', 'a path has / between its folders: write path: "C:/Users/ada"'),
        ('system: "\\d is a digit"', "use single quotes, in which \\ is only itself"),
    ],
)
def test_an_unknown_escape_in_a_path_is_a_backslash_too_many(value: str, fix: str):
    """In other texts single quotes keep it."""
    assert fixes(f"a:\n  {value}\n") == [("Y003", fix)]


@pytest.mark.parametrize(
    ("value", "fix"),
    [
        ("[*]", 'put the value in quotes: "*"'), ("[&]", 'put the value in quotes: "&"'), 
        ("[#]", 'put the value in quotes: "#"'), ("[a, #end]", 'put the value in quotes: "#end"'),
    ],
)  # fmt: skip
def test_signs_of_yaml_that_are_meant_as_texts(value: str, fix: str):
    """In our words, not the parser's."""
    assert fixes(f"a:\n  stop: {value}\nb: 1\n") == [("Y003", fix)]


@pytest.mark.parametrize(
    "text", ["a: {b: {c}}\n", 'a: "{b} {c}"\n', "a: {b: c, d: {e: f}}\n", "a: '{{ b }}'\n", "a: ${b}/c\n", "a: [b, '#']\n"]
)
def test_sound_neighbours_are_read(text: str):
    """Maps in maps, quoted templates, variables."""
    assert fixes(text) == []


def of_variables(tmp_path: Path, line: str) -> list[tuple[str, str]]:
    """Codes of Y0 with their fixes, for a source with this path."""
    file = tmp_path / "r.yaml"
    file.write_text(HEAD.replace("path: data/rows.jsonl", line).replace(", steps: 10", ""), "utf-8")
    return [(f.code, f.fix) for f in mean(file).findings if f.code.startswith("Y")]


@pytest.mark.parametrize("form", ['"{{ data }}/a"', '"{{data}}/a"', "$data/a", "$(data)/a", '"%data%/a"', '"{data}/a"', '"<data>/a"'])
def test_variables_of_other_tools_are_told_at_their_place(tmp_path: Path, form: str):
    """And not as a variable that nothing reads, far from it."""
    assert of_variables(tmp_path, f"path: {form}") == [("Y030", "write path: ${data}/a")]


@pytest.mark.parametrize("form", ['"{{ steps }}"', "$steps", '"<steps>"'])
def test_a_number_by_another_tools_variable_is_told_once(tmp_path: Path, form: str):
    """Not as a text where a number is wanted."""
    file = tmp_path / "r.yaml"
    file.write_text(f"recipe: r\nvars: {{steps: 10}}\nsteps:\n  - type: train\n    max_steps: {form}\n", "utf-8")
    found = [(f.code, f.fix) for f in mean(file).findings if f.path[-1:] == ("max_steps",)]
    assert found == [("Y030", "write max_steps: ${steps}")]


def test_names_in_a_text_may_be_meant(tmp_path: Path):
    """A prompt with <name> in it is a prompt; the variable of that name is told as before."""
    file = tmp_path / "r.yaml"
    file.write_text("recipe: r\nvars: {name: Ada}\nsteps:\n  - type: validate_checkpoint\n    prompts: ['Hi <name>, {name}']\n", "utf-8")
    assert [f.code for f in mean(file).findings if f.code.startswith("Y")] == ["Y034"]
    file.write_text("recipe: r\nvars: {name: Ada}\nsteps:\n  - type: validate_checkpoint\n    prompts: ['Hi {{ name }}']\n", "utf-8")
    assert [(f.severity, f.fix) for f in mean(file).findings if f.code.startswith("Y")] == [("warning", "write Hi ${name}")]


@pytest.mark.parametrize(("form", "fix"), [("${{ steps }}", "write ${steps}"), ("${vars.steps}", "write ${steps}")])
def test_variables_of_other_languages_with_a_dollar(tmp_path: Path, form: str, fix: str):
    """GitHub's expressions, and a path into vars."""
    file = tmp_path / "r.yaml"
    file.write_text(f"recipe: r\nvars: {{steps: 10}}\nsteps:\n  - type: train\n    max_steps: {form}\n", "utf-8")
    assert [(f.code, f.fix) for f in mean(file).findings if f.code.startswith("Y")] == [("Y030", fix)]


def test_a_column_in_braces_alone_gets_its_quotes(tmp_path: Path):
    """`{text: {text}}` is a map in a map."""
    file = tmp_path / "r.yaml"
    file.write_text(HEAD.replace("\nvars: {data: data, steps: 10}", "") + "        columns: {text: {text}}\n", "utf-8")
    (found,) = [f for f in mean(file).findings if f.code == "K002"]
    assert found.fix == 'braces without quotes are a map: write text: "{text}"'
    assert found.edits[0].value == "{text}"


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("columns: text", "write columns: {text: text}"),
        ("columns: [body]", "write columns: {text: body}"),
        ("columns: {text}", "name the column, such as text: text"),
    ],
)
def test_columns_by_their_name_alone(tmp_path: Path, line: str, fix: str):
    """The role is missing."""
    file = tmp_path / "r.yaml"
    file.write_text(HEAD.replace("\nvars: {data: data, steps: 10}", "") + f"        {line}\n", "utf-8")
    assert [f.fix for f in mean(file).findings if f.code == "K002"] == [fix]


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("system: {You are kind}", 'braces without quotes are a map: write "{You are kind}"'),
        ("parameters: {stop: [[INST]]}", 'brackets without quotes are a list: write "[INST]"'),
    ],
)
def test_texts_in_brackets_get_their_quotes(tmp_path: Path, line: str, fix: str):
    """Of texts and of lists of texts."""
    file = tmp_path / "r.yaml"
    file.write_text(f"recipe: r\nsteps:\n  - type: export_ollama\n    {line}\n", "utf-8")
    assert [f.fix for f in mean(file).findings if f.code == "K002"] == [fix]


@pytest.mark.parametrize(
    ("line", "code", "fix"),
    [
        ("path: *.jsonl", "Y006", 'a text that begins with * stands in quotes: "*.jsonl"'),
        ("columns: {}\n        lang: # {tr}", "Y014", 'put the value in quotes: "# {tr}"'),
    ],
)
def test_nothing_follows_from_a_text_that_yaml_did_not_read(tmp_path: Path, line: str, code: str, fix: str):
    """No missing file, no empty value."""
    file = tmp_path / "r.yaml"
    text = HEAD.replace("\nvars: {data: data, steps: 10}", "")
    file.write_text(text.replace("path: data/rows.jsonl", line) if "path" in line else text + f"        {line}\n", "utf-8")
    found = [f for f in judge(mean(file)) if f.place is not None and f.place.line in (5, 7) and "path: data" not in line]
    assert [(f.code, f.fix) for f in found if f.place is not None and "data/rows" not in f.message] == [(code, fix)]


@pytest.mark.parametrize("store", ['"C:\\temp\\new"', "D:\\store"])
def test_a_store_by_a_path_of_windows_is_one_odd_folder(tmp_path: Path, store: str):
    """It would be made, with a tab in its name."""
    file = tmp_path / "r.yaml"
    file.write_text(f"recipe: r\nstore: {store}\nsteps:\n  - type: report\n", "utf-8")
    (found,) = [f for f in judge(mean(file)) if f.code == "H021"]
    assert found.fix == "write store: " + store.strip('"').replace("\\", "/")
