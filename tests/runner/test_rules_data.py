"""Rules about data and paths: what is named is there, and rows have what is asked of them."""

import gzip
import json
from pathlib import Path

import pytest

from tests.runner.judged import STORIES, meant, said


def corpus(*sources: str) -> str:
    listed = "\n".join(f"      - {source}" for source in sources)
    return f"recipe: data\ntarget: t4\nsteps:\n  - type: parse_corpus\n    sources:\n{listed}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "one.txt").write_text("One text.", "utf-8")
    (tmp_path / "rows.jsonl").write_text(json.dumps({"title": "A", "body": "One."}) + "\n", "utf-8")
    (tmp_path / "pairs.jsonl").write_text(json.dumps({"instruction": "Say.", "output": "One."}) + "\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize("path", ["texts", "texts/*.txt", "texts/one.txt", "**/*.txt"])
def test_a_file_a_folder_and_a_glob_are_found(folder: Path, path: str):
    """Paths start at the project's folder."""
    assert said(folder, base=corpus(f"{{path: '{path}'}}")) == []


@pytest.mark.parametrize(
    ("path", "message", "fix"),
    [
        ("text/*.txt", "there is no text/*.txt", "write texts/*.txt"),
        ("texts/*.md", "no file matches texts/*.md", "look into the folder texts: paths start at the project's folder"),
        ("texts/won.txt", "there is no texts/won.txt", "write texts/one.txt"),
        ("rows/*.jsonl", "there is no rows/*.jsonl", "write rows.jsonl"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(folder: Path, path: str, message: str, fix: str):
    """The nearest name is offered."""
    (finding,) = meant(folder, base=corpus(f"{{path: '{path}'}}")).findings
    assert (finding.code, finding.severity, finding.message, finding.fix) == ("D102", "error", message, fix)


def test_one_of_the_files_that_braces_name_is_not_there(folder: Path):
    """Told where no wildcard makes it a kind of files, of which there may be none."""
    assert said(folder, base=corpus("{path: 'texts/*.{txt,md}'}")) == []
    (finding,) = meant(folder, base=corpus("{path: 'texts/{one,two}.txt'}")).findings
    assert (finding.code, finding.severity) == ("D102", "warning")
    assert finding.message == "there is no texts/two.txt, which texts/{one,two}.txt names"


@pytest.mark.parametrize(("word", "mended"), [("all", [["all"]]), ("al", [])])
def test_one_word_where_a_list_of_words_is_wanted(folder: Path, word: str, mended: list[list[str]]):
    """One of the words that may stand there becomes a list of one; another is left to its user."""
    (finding,) = meant(folder, base=corpus("{path: texts}") + f"    clean: {{mask: {word}}}\n").findings
    assert (finding.code, [edit.value for edit in finding.edits], finding.fix) == ("K002", mended, f"write mask: [{word}]")


def test_a_missing_file_with_a_fallback_is_a_warning(folder: Path):
    """The fallback will be taken; that is worth knowing, not worth stopping for."""
    (finding,) = meant(folder, base=corpus(f"{{path: gone.txt, fallback: {STORIES}}}")).findings
    assert (finding.code, finding.severity) == ("D102", "warning")


def test_columns_are_held_against_the_first_row(folder: Path):
    """Templates too; letter case is mended, another word only offered."""
    assert said(folder, base=corpus('{path: rows.jsonl, columns: {text: "{title} {body}"}}')) == []
    (finding,) = meant(folder, base=corpus('{path: rows.jsonl, columns: {text: "{title} {Body}"}}')).findings
    assert finding.message == "rows.jsonl has no column 'Body'; it has title, body"
    assert finding.edits[0].value == "{title} {body}"
    both = meant(folder, base=corpus("{path: rows.jsonl, columns: {prompt: Title, completion: boddy}}")).findings
    assert [(f.path[-1], f.fix) for f in both] == [("prompt", "write prompt: title"), ("completion", "write completion: body")]
    (finding,) = meant(folder, base=corpus("{path: rows.jsonl, columns: {text: story}}")).findings
    assert (finding.code, finding.edits, finding.fix) == ("D106", (), "name one of title, body")


def test_rows_of_an_unknown_shape(folder: Path):
    """Without `columns` the shape must be one that is known."""
    (finding,) = meant(folder, base=corpus("{path: rows.jsonl}")).findings
    assert (finding.code, finding.fix) == ("D106", "say which: columns: {text: body}")


def test_conversations_and_texts_are_two_corpora(folder: Path):
    """The second of the two is pointed at."""
    (finding,) = meant(folder, base=corpus("{path: pairs.jsonl}", "{path: rows.jsonl, columns: {text: body}}")).findings
    assert (finding.code, finding.path) == ("D109", ("steps", "parse_corpus", "sources", 1))
    (folder / "plain.txt").write_text("A text among answers.\n")
    (finding,) = meant(folder, base=corpus("{path: pairs.jsonl}", "{path: plain.txt}")).findings
    assert (finding.code, finding.path) == ("D109", ("steps", "parse_corpus", "sources", 1))


def test_conversations_and_texts_in_one_folder(tmp_path: Path):
    """A text beside tables of conversations, or tables of both kinds beside one whose columns nobody knows."""
    row = {"messages": [{"role": "user", "content": "Say."}, {"role": "assistant", "content": "Two."}]}
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "a.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    assert meant(tmp_path, base=corpus("{path: all}")).findings == []
    (tmp_path / "all" / "b.txt").write_text("A text among answers.\n", "utf-8")
    (finding,) = meant(tmp_path, base=corpus("{path: all}")).findings
    assert (finding.code, finding.message) == ("D109", "b.txt holds texts, other files of the source hold conversations")
    (tmp_path / "all" / "b.txt").write_text("", "utf-8")
    (tmp_path / "all" / "c.jsonl").write_text('{"odd": "x"}\n', "utf-8")
    (tmp_path / "all" / "d.jsonl").write_text('{"text": "One."}\n', "utf-8")
    found = meant(tmp_path, base=corpus("{path: all}")).findings
    assert "D109" in [f.code for f in found]


@pytest.mark.parametrize("between", ["", "  - {type: split_long, max_tokens: 64}\n"])
def test_one_document_has_no_part_for_validation(tmp_path: Path, between: str):
    """However many pieces it is cut into: they stay on the side of their document."""
    (tmp_path / "book.md").write_text("# A book\n\n" + "A hen met a fox. They spoke of rain, and of the old well.\n\n" * 400, "utf-8")
    base = corpus("{path: book.md}") + "  - {type: train_tokenizer, vocab_size: 300}\n" + between + "  - type: tokenize_bin\n"
    assert [f.code for f in meant(tmp_path, base=base).findings if f.code == "D120"] == ["D120"]


def test_too_few_tokens_for_one_row(folder: Path):
    """Nothing could be learnt: the bin does not fill a row."""
    steps = "  - {type: train_tokenizer, vocab_size: 300}\n  - type: tokenize_bin\n  - {type: train, max_seq_length: 512, max_steps: 10}\n"
    assert "D113" in said(folder, base=corpus("{path: texts}") + steps)


def test_the_hub_is_pinned_and_paths_are_of_the_project(folder: Path):
    """Both are information."""
    assert said(folder, base=corpus("{hub: roneneldan/TinyStories}", f"{{path: {folder}/texts}}")) == ["(H020)", "(H021)"]


def test_a_base_model_is_a_folder_with_a_config(folder: Path):
    """The nearest folder is offered."""
    (folder / "models" / "small").mkdir(parents=True)
    train = "  - {type: train, model: {base: {path: models/smal}}, objective: sft, max_steps: 1}\n"
    (finding,) = [f for f in meant(folder, base=corpus("{path: pairs.jsonl}") + train).findings if f.code != "D120"]  # one row
    assert (finding.code, finding.fix) == ("H022", "write models/small")


def test_no_shell_expands_the_home_of_a_model(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """The run takes ~ by the letter: the folder of the project is named, else the path in full. A source's is expanded."""
    monkeypatch.setenv("HOME", str(folder / "home"))
    (folder / "home" / "models" / "small").mkdir(parents=True)
    train = "  - {type: train, model: {base: {path: ~/models/small}}, objective: sft, max_steps: 1}\n"
    for fix in (f"write {folder}/home/models/small", "write models/small"):
        (finding,) = [f for f in meant(folder, base=corpus("{path: pairs.jsonl}") + train).findings if f.code == "H022"]
        assert (finding.severity, finding.fix) == ("error", fix)
        (folder / "models" / "small").mkdir(parents=True, exist_ok=True)
    (folder / "home" / "pairs.jsonl").write_bytes((folder / "pairs.jsonl").read_bytes())
    assert "H022" not in said(folder, base=corpus("{path: ~/pairs.jsonl}"))


def test_a_checkpoint_of_llama2c_is_converted_first(folder: Path, test_data: Path):
    """One file, no folder: the verb that makes one of it is named."""
    file = test_data / "models" / "stories260K" / "stories260K.bin"
    train = f"  - {{type: train, model: {{base: {{path: {file}}}}}, objective: sft, max_steps: 1}}\n"
    (finding,) = [f for f in meant(folder, base=corpus("{path: pairs.jsonl}") + train).findings if f.code == "H022"]
    assert finding.fix == f"recipe convert {file} --tokenizer tokenizer.bin, and name the folder that it writes"
    (inside,) = [
        f for f in meant(folder, base=corpus("{path: pairs.jsonl}") + train.replace(f"/{file.name}", "")).findings if f.code == "H022"
    ]
    assert inside.fix == finding.fix


def test_files_that_nobody_reads(folder: Path):
    """Known before the run: the extension has no reader, or the file is empty. One readable file is enough."""
    (folder / "texts" / "one.txt").rename(folder / "texts" / "one.odt")
    (finding,) = meant(folder, base=corpus("{path: texts}")).findings
    assert finding.message == "texts cannot be read: no reader for .odt files"
    (folder / "texts" / "two.txt").write_text("")
    assert said(folder, base=corpus("{path: texts}")) == ["D104"]
    (folder / "texts" / "three.txt").write_text("Three.")
    assert said(folder, base=corpus("{path: texts}")) == []


def test_a_store_is_no_address(folder: Path, monkeypatch: pytest.MonkeyPatch):
    """It would be a folder `s3:` below the project; so it would by the environment."""
    text = corpus("{path: pairs.jsonl}")
    (finding,) = [f for f in meant(folder, base="store: s3://lab/store\n" + text).findings if f.code == "H037"]
    assert (finding.message, finding.path) == ("the store is s3://lab/store: a store is a folder, not an address", ("store",))
    monkeypatch.setenv("RECIPE_STORE", "gs://lab/store")
    assert "H037" in said(folder, base=text)
    monkeypatch.setenv("RECIPE_STORE", "store")
    assert said(folder, base="store: s3://lab/store\n" + text) == []


def test_code_is_text_when_it_is_said(folder: Path):
    """More than are opened, and none with a reader: mended. Among others it is told where the pattern names it, or it is most of all."""
    (folder / "src").mkdir()
    for number in range(30):
        (folder / "src" / f"m{number}.py").write_text(f"x = {number}\n")
    (finding,) = [f for f in meant(folder, base=corpus('{path: "src/*.py"}')).findings if f.code == "D104"]
    assert finding.message == "src/*.py matches 30 files and none can be read: m0.py: no reader for .py files"
    assert [edit.value for edit in finding.edits] == ["txt"]
    (folder / "src" / "a.md").write_text("One.")
    for pattern, severity in (("src/*.{py,md}", "warning"), ("src", "info")):
        (finding,) = [f for f in meant(folder, base=corpus(f'{{path: "{pattern}"}}')).findings if f.code == "D104"]
        assert (finding.severity, finding.message.split(" are ")[0]) == (severity, f"30 of the 31 files of {pattern}")
    assert "D104" not in said(folder, base=corpus('{path: "src/*.md"}'))
    assert "D104" not in said(folder, base=corpus('{path: "src/*.{py,md}", format: txt}'))


def test_a_path_is_no_hub_name(folder: Path):
    """Mended by the right key; a folder in the hub's layout is left alone, and so is a hub name."""
    assert "H023" in said(folder, base=corpus("{hub: pairs.jsonl}"))
    assert "H023" in said(folder, base=corpus("{hub: ./gone}"))
    assert "H023" not in said(folder, base=corpus("{hub: ./texts}"))
    assert said(folder, base=corpus(STORIES)) == []


def test_conversations_in_a_bin_are_mentioned(folder: Path):
    """They may be meant."""
    with (folder / "pairs.jsonl").open("a") as rows:
        rows.write('{"instruction": "Again?", "output": "Yes."}\n')
    steps = "  - {type: train_tokenizer, vocab_size: {at_most: 300}}\n  - type: tokenize_bin\n"
    assert said(folder, base=corpus("{path: pairs.jsonl}") + steps) == ["(D011)"]


def test_columns_of_packed_files_and_parquet_are_known(folder: Path):
    """A column that is not there is found in .gz, .zst, .json and in parquet, where the place of the value is."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    row = {"title": "A", "doc": [{"body": "One."}]}
    line = json.dumps(row).encode() + b"\n"
    parquet.write_table(arrow.Table.from_pylist([row]), folder / "a.parquet")
    lines = b"".join(line.replace(b"One.", b"Number %d." % n) for n in range(5000))
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(lines))
    (folder / "a.jsonl.zst").write_bytes(arrow.Codec("zstd").compress(lines).to_pybytes())
    (folder / "a.json").write_text(json.dumps([row]))
    for name in ("a.parquet", "a.jsonl.gz", "a.jsonl.zst", "a.json"):
        assert said(folder, base=corpus(f"{{path: {name}, columns: {{text: doc.0.body}}}}")) == [], name
        (finding,) = meant(folder, base=corpus(f"{{path: {name}, columns: {{text: doc.0.text}}}}")).findings
        assert finding.message == f"{name} has no column 'doc.0.text'; it has title, doc, doc.0.body"
        assert finding.path[-2:] == ("columns", "text")


def test_a_table_of_something_else_beside_the_texts_is_a_warning(folder: Path):
    """Without `columns`, a file of several whose columns nobody knows is listed in the run; alone, it is an error."""
    (folder / "mixed").mkdir()
    (folder / "mixed" / "a.txt").write_text("Bir gün.")
    (folder / "mixed" / "stats.json").write_text('{"pages": 3}')
    (finding,) = meant(folder, base=corpus("{path: mixed}")).findings
    assert (finding.code, finding.severity) == ("D106", "warning")
    (finding,) = meant(folder, base=corpus("{path: mixed/stats.json}")).findings
    assert (finding.code, finding.severity) == ("D106", "error")


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("overlap_tokens: 16", ["D012"]),
        ("overlap_tokens: 0", []),
        ("overlap_tokens: 16\n    analyze_only: true", []),
    ],
)
def test_an_overlap_that_a_bin_leaves_out_is_told(tmp_path: Path, split: str, expected: list[str]):
    """At overlap_tokens, as an information."""
    base = (
        f"recipe: data\ntarget: t4\nsteps:\n  - type: parse_corpus\n    sources:\n      - {STORIES}\n"
        "  - type: train_tokenizer\n    model: bpe\n    vocab_size: 1000\n"
        f"  - type: split_long\n    max_tokens: 64\n    {split}\n  - type: tokenize_bin\n"
    )
    found = [f for f in meant(tmp_path, base=base).findings if f.code == "D012"]
    assert [f.code for f in found] == expected
    assert all((f.severity, f.path[-1]) == ("info", "overlap_tokens") for f in found)


def test_a_file_without_use_among_others_is_a_warning(folder: Path):
    """The run lists it and reads the rest; alone, or where the recipe is strict, it stops everything."""
    (folder / "none.jsonl").write_text(json.dumps({"text": None}) + "\n", "utf-8")
    (folder / "good.jsonl").write_text(json.dumps({"text": "One."}) + "\n", "utf-8")
    for pattern, more, severity in (
        ("*o*e.jsonl", "", "error"),
        ("*o*.jsonl", "", "warning"),
        ("*o*.jsonl", "\n    strict: true", "error"),
    ):
        found = meant(folder, base=corpus(f"{{path: '{pattern}'}}").rstrip() + more + "\n").findings
        assert [(f.code, f.severity) for f in found if f.code == "D141"] == [("D141", severity)]


@pytest.mark.parametrize(("password", "expected"), [("hunter2", ["D124"]), ("'${env:PW}'", []), ("'${env:UNSET_PW}'", ["(D118)"])])
def test_a_password_in_the_recipe_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, password: str, expected: list[str]):
    """A warning at the word; the name of a variable is none, and one without a value ends the run."""
    monkeypatch.setenv("PW", "hunter2")
    assert said(folder, base=corpus(f"{{path: texts, password: {password}}}")) == expected


@pytest.mark.parametrize(
    ("data", "code", "fix"),
    [
        (gzip.compress(b'{"text": "a"}\n' * 9, mtime=0), "D104", "it is packed: call it b.jsonl.gz"),
        (b"\0\xff\xfe" * 50, "D142", "it is no text: name another file"),
        (b"{'text': 'it is', 'n': None}\n" * 9, "D142", "write each row with json.dumps(row), not str(row)"),
        (b"{'text': '" + b"ab " * 5_000 + b"'}\n" * 9, "D142", "write each row with json.dumps(row), not str(row)"),
        (b"{text: 'a'}\n" * 9, "D142", "mend or delete the line"),
    ],
    ids=["packed", "binary", "python", "long python", "neither"],
)
def test_a_binary_table_is_told(folder: Path, data: bytes, code: str, fix: str):
    """D104 of a packed one, D142 by its first line of another, and what to do about it."""
    (folder / "b.jsonl").write_bytes(data)
    (finding,) = meant(folder, base=corpus("{path: b.jsonl}")).findings
    assert (finding.code, finding.severity, finding.fix) == (code, "error", fix)


def test_a_row_of_parquet_that_is_no_utf8_is_told(folder: Path):
    """Parquet keeps what a writer took for text; the run leaves the row out."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    texts = arrow.array([b"One.", "ış".encode("cp1254"), b"Two."], arrow.binary()).view(arrow.string())
    parquet.write_table(arrow.table({"text": texts}), folder / "a.parquet")
    (finding,) = meant(folder, base=corpus("{path: a.parquet}")).findings
    assert (finding.code, finding.severity) == ("D142", "warning")
    assert finding.message == "a.parquet, row 2: no UTF-8 in column 'text' (1 of the first 3 rows)"


def test_what_is_not_there_is_not_counted(tmp_path: Path):
    """Of a folder on another machine nothing is known: no word on its few documents beside that it is not here."""
    recipe = corpus("{path: ~/nowhere/rows.jsonl}") + "  - type: train\n    model: {base: {path: base}}\n    objective: sft\n"
    recipe += "    method: lora\n    num_train_epochs: 2\n    total_batch_size: 16\n"
    found = said(tmp_path, base=recipe)
    assert "D102" in found
    assert "S013" not in found


@pytest.mark.parametrize(("quote", "codes"), [('"', ["D142"]), ("", [])])
def test_a_quote_that_is_not_closed_swallows_the_next_row(tmp_path: Path, quote: str, codes: list[str]):
    """A warning: the run reads such rows as they stand."""
    (tmp_path / "a.csv").write_text("id,text\n" + "".join(f"{n},{quote}Number {n} a hen\n" for n in range(60)), "utf-8")
    assert [code for code in said(tmp_path, base=corpus("{path: a.csv}")) if code == "D142"] == codes


def test_a_cell_of_several_lines_is_a_cell(tmp_path: Path):
    """Quoted as it should be, also where its lines begin with numbers."""
    (tmp_path / "a.csv").write_text("id,text\n" + "".join(f'{n},"A list:\n1, one\n2, two"\n' for n in range(20, 60)), "utf-8")
    assert "D142" not in said(tmp_path, base=corpus("{path: a.csv}"))


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ({"version": "1.1", "authors": ["A"], "data": [{"text": "One."}, {"text": "Two."}]}, []),
        ({"train": [{"text": "One."}], "test": [{"text": "Two."}]}, ["train and test", "jq -c '.train[]' rows.json > rows.jsonl"]),
        ({"data": {"rows": [{"text": "One."}], "count": 1}}, ["data.rows", "jq -c '.data.rows[]' rows.json > rows.jsonl"]),
        ({"text": "One.", "tags": ["a"]}, []),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "tools": [{"name": "t"}]}, []),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_object_is_read_as_the_run_reads_it(tmp_path: Path, held: dict[str, object], found: list[str], indent: int | None):
    """The rows of its only list; of several, or of a list that lies deeper, the run knows no text: so does the check."""
    (tmp_path / "rows.json").write_text(json.dumps({**held, "note": "x" * 70000}, indent=indent), "utf-8")  # longer than a beginning
    told = meant(tmp_path, base=corpus("{path: rows.json}")).findings
    assert [f.code for f in told] == (["D106"] if found else [])
    assert all(part in f"{told[0].message} {told[0].fix}" for part in found)
    from steps.text.rows import NoSuchColumn
    from steps.text.tables import table

    try:
        assert list(table(tmp_path / "rows.json", "json", None, lambda *_: None))
        assert not found
    except NoSuchColumn:
        assert found


@pytest.mark.parametrize(
    ("row", "code", "message"),
    [
        ({"content": "Two."}, "", ""),  # known to hold text: the run reads it
        (
            {"story": "Two."},
            "D106",
            "parts/b.jsonl has no column that is known to hold text; it has story; other files of the source hold texts",
        ),
        ({"instruction": "Say.", "output": "Two."}, "D109", "b.jsonl holds conversations, the files before it hold texts"),
    ],
)
def test_a_later_file_of_a_glob_has_other_columns(tmp_path: Path, row: dict[str, str], code: str, message: str):
    """Each file is read by its own columns: one without a known one is left out, one of the other kind ends the run."""
    (tmp_path / "parts").mkdir()
    for name, held in (("a", {"text": "One."}), ("b", row)):
        (tmp_path / "parts" / f"{name}.jsonl").write_text(json.dumps(held) + "\n", "utf-8")
    found = meant(tmp_path, base=corpus("{path: parts/*.jsonl}")).findings
    assert [(f.code, f.message) for f in found] == ([(code, message)] if code else [])
