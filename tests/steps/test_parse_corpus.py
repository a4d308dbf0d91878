"""parse_corpus as the runner calls it: every kind of source, mixing, repeats, cleaning, and what goes wrong."""

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from pydantic import ValidationError

from schemas import RecipeError
from steps.parse_corpus import Clean, ParseCorpus, Source, parse_corpus, reads, smoke
from steps.text.left_out import by_reason, in_words
from tests.conftest import FakeContext

STORIES = {"path": "data/stories/*.jsonl", "columns": {"text": "<{lang}>{title}\n{text}"}}


def made(tmp_path, *sources, project=None, seed=1, **params):
    context = FakeContext(tmp_path / f"run{len(list(tmp_path.iterdir()))}", seed=seed, **({"project": project} if project else {}))
    params = ParseCorpus(sources=[Source(**source) for source in sources], **params)
    return parse_corpus(params, context), context


def files(tmp_path, **content):
    folder = tmp_path / "project"
    for name, text in content.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_stories_with_their_language_marks(tmp_path):
    """Rows by template, languages from the rows, counts in artifact and statistics."""
    corpus, context = made(tmp_path, STORIES)
    assert (corpus.documents_count, corpus.languages, corpus.shape) == (330, {"en": 130, "tr": 200}, "text")
    assert corpus.bytes == sum(len(d.text.encode()) for d in corpus.documents())
    first = next(corpus.documents())
    assert first.text.startswith("<en>The Red Button\nMina had")
    assert (first.lang, first.source, first.title, len(first.origin)) == ("en", "en.jsonl", "The Red Button", 32)
    assert context.kept["corpus"]["sources"] == [{"source": "data/stories/*.jsonl", "documents": 330, "characters": corpus.characters}]


def test_a_folder_of_papers_with_a_priority_folder(tmp_path):
    """Eight papers of three formats; the two in the priority folder are seen two or three times."""
    corpus, context = made(tmp_path, {"path": "data/papers/raw"}, priority={"important_examples": 2.5})
    repeats = {d.source: d.repeat for d in corpus.documents()}
    assert len(repeats) == 8
    assert {repeat for source, repeat in repeats.items() if source.startswith("important_examples/")} <= {2, 3}
    assert {repeat for source, repeat in repeats.items() if "/" not in source} == {1}
    assert corpus.languages == {"en": 6, "tr": 2}
    assert context.kept["corpus"]["unreadable"] == []


def test_half_a_repeat_is_drawn_by_the_seed(tmp_path):
    """2.5 is twice for about half of the documents and three times for the others, the same for the same seed."""
    drawn = [[d.repeat for d in made(tmp_path, {**STORIES, "repeat": 2.5}, seed=seed)[0].documents()] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert set(drawn[0]) == {2, 3}
    assert 130 < drawn[0].count(3) < 200


def test_instruction_rows_become_conversations(tmp_path):
    """160 alpaca rows; the corpus says that it holds conversations."""
    corpus, _ = made(tmp_path, {"path": "data/papers/pairs.jsonl"})
    assert (corpus.shape, corpus.documents_count) == ("chat", 160)
    first = next(corpus.documents())
    assert [m["role"] for m in first.messages] == ["user", "assistant"]
    assert first.text.endswith(f"<|assistant|>\n{first.messages[1]['content']}<|end|>\n")


def test_texts_and_conversations_do_not_mix(tmp_path):
    """They are two corpora: D109 at the second source."""
    with pytest.raises(RecipeError, match=r"D109: data/papers/pairs\.jsonl holds conversations") as error:
        made(tmp_path, STORIES, {"path": "data/papers/pairs.jsonl"})
    assert error.value.field == "sources.1"


def test_shares_of_a_mix_are_exact(tmp_path):
    """Twice as many characters of English as of Turkish, to within one document; it ends with the first source."""
    english = {"path": "data/stories/en.jsonl", "weight": 2.0}
    turkish = {"path": "data/stories/tr_*.jsonl", "weight": 1.0}
    corpus, context = made(tmp_path, english, turkish)
    drawn = [source["characters"] for source in context.kept["corpus"]["sources"]]
    assert abs(drawn[0] - 2 * drawn[1]) < 4000
    assert corpus.languages["en"] == 130
    again, _ = made(tmp_path, english, turkish, exhausted="repeat")
    assert again.languages["tr"] >= 200
    assert again.languages["en"] > 260


def test_take_and_lang(tmp_path):
    """The first documents of a source, in the language that the recipe names."""
    corpus, _ = made(tmp_path, {"path": "data/stories/tr_*.jsonl", "take": 7, "lang": "az"})
    assert (corpus.documents_count, corpus.languages) == (7, {"az": 7})


def test_what_is_dropped_is_counted(tmp_path):
    """Duplicates, empty ones, too short and too long ones, each with examples."""
    project = files(tmp_path, a_DOT_txt="same text\nsame  text \n\nhi\n" + "long " * 40 + "\nsame text\n")
    corpus, context = made(
        tmp_path, {"path": "*.txt", "document": "line"}, project=project, clean=Clean(min_characters=5, max_characters=100)
    )
    assert [d.text for d in corpus.documents()] == ["same text", "same  text"]
    dropped = context.kept["corpus"]["dropped"]
    assert {reason: entry["count"] for reason, entry in dropped.items()} == {"duplicate": 1, "too long": 1, "too short": 1}
    assert dropped["duplicate"]["examples"] == ["a.txt: 'same text'"]


def test_unreadable_files_are_listed_and_the_rest_is_used(tmp_path):
    """Not fatal, unless strict."""
    project = files(tmp_path, docs__a_DOT_txt="Good text.", docs__b_DOT_pdf=b"no", docs__c_DOT_txt="", docs__d_DOT_png=b"\x89PNG")
    corpus, context = made(tmp_path, {"path": "docs"}, project=project)
    assert corpus.documents_count == 1
    assert context.kept["corpus"]["unreadable"] == [
        {"file": "b.pdf", "reason": "not a PDF file: it does not begin with %PDF-"},
        {"file": "c.txt", "reason": "empty file"},
        {"file": "d.png", "reason": "no reader for .png files"},
    ]
    with pytest.raises(RecipeError, match=r"D103: 3 files cannot be read: b\.pdf: not a PDF file"):
        made(tmp_path, {"path": "docs"}, project=project, strict=True)


@pytest.mark.parametrize(
    ("columns", "fix"),
    [
        ({"text": "metin"}, "{text: text}"),
        ({"text": "boddy"}, "{text: body}"),
        ({"instruction": "titel", "output": "text"}, "{instruction: title}"),
    ],
)
def test_a_column_that_is_not_there_is_offered_another(tmp_path, columns, fix):
    """The nearest name, else text, for the role that asked."""
    project = files(tmp_path, a_DOT_jsonl=json.dumps({"id": 1, "body": "B", "title": "T", "text": "bir"}) + "\n")
    with pytest.raises(RecipeError) as error:
        made(tmp_path, {"path": "*.jsonl", "columns": columns}, project=project)
    assert error.value.fix == f"write columns: {fix} with a name from that list"


def test_every_reason_is_told_with_a_file():
    """However many there are; the list of all files is named where some of them are not."""
    unreadable = [{"file": f"{word}{number}.pdf", "reason": f"{word} it is"} for word in "abcdefgh" for number in range(2)]
    told = by_reason(unreadable).split("; ")
    assert told[:2] == ["a0.pdf and 1 more: a it is", "b0.pdf and 1 more: b it is"]
    assert told[7:] == ["h0.pdf and 1 more: h it is", "each file stands in stats/corpus.json and in the report"]
    assert by_reason(unreadable[::2]).count("; ") == 7


def test_reasons_that_differ_in_numbers_are_one():
    """As pages of papers that are damaged; the first file stands with its own."""
    unreadable = [{"file": f"{page}.pdf", "reason": f"page {page} of 12: its content is damaged"} for page in (3, 5)]
    assert by_reason(unreadable).startswith("3.pdf and 1 more: page 3 of 12: its content is damaged; each file stands")


def test_nothing_left_shows_a_line_that_is_no_row(tmp_path):
    """Beside the file: how it is wrong."""
    project = files(tmp_path, a_DOT_jsonl='"bir"\n"iki"\n')
    with pytest.raises(RecipeError, match=r"left \(a\.jsonl: no row that can be read; a\.jsonl, line 1: no JSON object\)"):
        made(tmp_path, {"path": "*.jsonl"}, project=project)


def test_a_column_of_another_case_is_offered(tmp_path):
    """Not the first that there is."""
    with pytest.raises(RecipeError) as error:
        made(tmp_path, {"path": "*.csv"}, project=files(tmp_path, a_DOT_csv="ID,Text\n1,bir\n"))
    assert error.value.fix == "write columns: {text: Text} with a name from that list"


def test_what_is_left_out_is_counted_in_words():
    """Things in the plural where there are several; other reasons as they are."""
    dropped = {"too short": {"count": 2}, "broken row": {"count": 3}, "duplicate": {"count": 1}}
    assert in_words(dropped) == "left out: 3 broken rows, 2 too short, 1 duplicate"


def test_nothing_left_says_why(tmp_path):
    """All files fail: the error names the first reasons."""
    project = files(tmp_path, a_DOT_txt="")
    with pytest.raises(RecipeError, match=r"D104: no document is left \(a\.txt: empty file\)"):
        made(tmp_path, {"path": "*.txt"}, project=project)
    (project / "code.py").write_text("x = 1")
    with pytest.raises(RecipeError) as code:
        made(tmp_path, {"path": "*.py"}, project=project)
    assert code.value.fix == "say what they are: format: txt, or name other files"


def test_a_glob_that_matches_nothing_and_its_fallback(tmp_path):
    """D102 at the path; with a fallback, an event and the other source's documents."""
    with pytest.raises(RecipeError, match="D102: no file matches nowhere") as error:
        made(tmp_path, {"path": "nowhere/*.txt"})
    assert error.value.field == "sources.0.path"
    corpus, context = made(tmp_path, {"path": "nowhere/*.txt", "lang": "tr", "fallback": Source(path="data/stories/tr_a.jsonl")})
    assert (corpus.documents_count, corpus.languages) == (100, {"tr": 100})
    assert context.events[0]["event"] == "fallback"


def test_a_missing_column_names_those_that_exist(tmp_path):
    """D106 at the source's columns."""
    with pytest.raises(RecipeError, match=r"D106: en\.jsonl has no column 'body'; it has id, lang, title, text") as error:
        made(tmp_path, {"path": "data/stories/*.jsonl", "columns": {"text": "{title} {body}"}})
    assert error.value.field == "sources.0.columns"


def test_a_hub_data_set_streams(tmp_path, monkeypatch):
    """The real `datasets` code, on a folder in hub layout: split by name, revision recorded."""
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rows = "".join(json.dumps({"text": f"Belge {i}.", "n": i}) + "\n" for i in range(50))
    project = files(tmp_path, set__train_DOT_jsonl=rows, set__test_DOT_jsonl=rows[:200].rpartition("\n")[0])
    corpus, context = made(tmp_path, {"hub": "set", "take": 20, "lang": "tr"}, project=project)
    assert [d.text for d in corpus.documents()] == [f"Belge {i}." for i in range(20)]
    assert context.kept["corpus"]["revisions"] == {"set": "local"}
    other, _ = made(tmp_path, {"hub": "set", "split": "test", "columns": {"text": "{n}: {text}"}}, project=project)
    assert next(other.documents()).text == "0: Belge 0."


def test_a_hub_that_does_not_answer_is_an_error_or_a_fallback(tmp_path, monkeypatch):
    """D107 in one line at the source's hub; the fallback is taken before anything was read."""
    pytest.importorskip("datasets")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(RecipeError, match="D107: nobody/nothing cannot be read from the hub") as error:
        made(tmp_path, {"hub": "nobody/nothing", "revision": "abc"})
    assert (error.value.field, error.value.message.count("\n")) == ("sources.0.hub", 0)
    corpus, context = made(tmp_path, {"hub": "nobody/nothing", "revision": "abc", "fallback": Source(path="data/stories/en.jsonl")})
    assert (corpus.documents_count, context.events[0]["taken"]) == (130, "data/stories/en.jsonl")


def test_a_file_behind_an_address(tmp_path):
    """Fetched once into the folder that survives a kill; a dead address is D108."""
    project = files(tmp_path, page_DOT_html="<html><body><main><p>Merhaba dünya.</p></main></body></html>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(project)))
    server.RequestHandlerClass.log_message = lambda *_: None
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        corpus, _ = made(tmp_path, {"url": f"{url}/page.html"})
        assert [d.text for d in corpus.documents()] == ["Merhaba dünya."]
        with pytest.raises(RecipeError, match=r"D108: .*gone\.txt cannot be fetched: HTTP Error 404") as error:
            made(tmp_path, {"url": f"{url}/gone.txt"})
        assert error.value.field == "sources.0.url"
    finally:
        server.shutdown()
        server.server_close()


def test_the_same_files_give_the_same_bytes(tmp_path):
    """Twice the same, wherever the project stands and in whatever order the files were written."""
    texts = {f"t{i}_DOT_txt": f"Metin {i}." for i in range(30)}
    first = made(tmp_path, {"path": "*.txt"}, project=files(tmp_path / "a", **texts))[0]
    second = made(tmp_path, {"path": "*.txt"}, project=files(tmp_path / "b", **dict(reversed(texts.items()))))[0]
    assert (first.path / "corpus.jsonl").read_bytes() == (second.path / "corpus.jsonl").read_bytes()


def test_reads_names_files_relative_to_the_glob_and_hub_sets_by_identity(tmp_path):
    """What enters the cache key: never an absolute path."""
    project = files(tmp_path, docs__sub__a_DOT_txt="a", docs__b_DOT_txt="b")
    fallback = Source(path="docs/sub")
    params = ParseCorpus(sources=[Source(path="docs/**/*.txt"), Source(hub="x/y", config="tr", revision="c0ffee", fallback=fallback)])
    found = [(r.name, r.path.relative_to(project).as_posix() if r.path else r.identity) for r in reads(params, project)]
    assert found == [
        ("0/b.txt", "docs/b.txt"),
        ("0/sub/a.txt", "docs/sub/a.txt"),
        ("1.fallback/a.txt", "docs/sub/a.txt"),
        ("1/hub", "x/y|tr|train|c0ffee"),
    ]


class Disk:
    """A forecast's view of the disk, without a cache."""

    seed = 1

    def __init__(self, project):
        self.project = project

    def files(self, pattern):
        whole = self.project / pattern
        return sorted(p for p in (whole.rglob("*") if whole.is_dir() else self.project.glob(pattern)) if p.is_file())

    def head(self, path, size=65536):
        return path.read_bytes()[:size]

    def size(self, path):
        return path.stat().st_size

    def json(self, path):
        return json.loads(path.read_text())

    def data_set(self, name, revision):
        return None


def test_the_forecast_is_near_what_is_made(tmp_path, context):
    """Bytes, documents and languages from sizes and first rows; shape and columns too."""
    said = parse_corpus.forecast_function(ParseCorpus(sources=[Source(**STORIES)]), {}, Disk(context.project))
    corpus, _ = made(tmp_path, STORIES)
    assert 0.9 < said.bytes / corpus.bytes < 1.1
    assert 0.85 < said.documents / corpus.documents_count < 1.15
    assert (said.languages, said.columns, said.shape) == (["en", "tr"], ["id", "lang", "title", "text"], "text")
    pairs = parse_corpus.forecast_function(ParseCorpus(sources=[Source(path="data/papers/pairs.jsonl")]), {}, Disk(context.project))
    assert pairs.shape == "chat"
    hub = parse_corpus.forecast_function(ParseCorpus(sources=[Source(hub="x/y", lang="tr")]), {}, Disk(context.project))
    assert (hub.bytes, hub.documents, hub.languages) == (None, None, ["tr"])


def test_smoke_takes_forty_documents(tmp_path):
    """Of every source and fallback; what is smaller stays."""
    params = {"sources": [{"path": "a", "take": 5}, {"hub": "x", "fallback": {"path": "b"}}], "strict": True}
    assert smoke(params) == {
        "sources": [{"path": "a", "take": 5}, {"hub": "x", "take": 40, "fallback": {"path": "b", "take": 40}}],
        "strict": True,
    }


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({}, "a source names no place"),
        ({"path": "a", "hub": "b"}, "a source names path and hub"),
        ({"path": "a", "config": "tr"}, "config has no effect without hub"),
    ],
)
def test_a_source_is_one_place(source, message):
    """None or two are refused before anything runs."""
    with pytest.raises(ValidationError, match=message) as error:
        Source(**source)
    assert error.value.errors()[0]["type"] == "D101"


def test_other_peoples_documents(tmp_path, test_data):
    """Real PDFs, Word files, pages and texts: all that has text is read, the five that have none say why."""
    corpus, context = made(tmp_path, {"path": str(test_data / "docs")})
    reasons = {entry["file"]: entry["reason"] for entry in context.kept["corpus"]["unreadable"]}
    assert sorted(reasons) == [
        "bad/empty.pdf",
        "bad/empty.txt",
        "bad/markdown-named.docx",
        "bad/truncated-proceedings.pdf",
        "encrypted-zoo-design.pdf",
        "scan-no-text-layer-huckfinn.pdf",
        "scan-two-column-linn.pdf",
    ]
    texts = {d.source: d.text for d in corpus.documents()}
    assert "İnsanlık ailesinin bütün üyelerinde" in texts["udhr-turkish-cp1254.txt"]
    assert "droits de l" in texts["udhr-french-latin1.txt"]
    assert "udhr-turkish-utf8-bom.txt" not in texts  # the same text as the file before it
    acm = texts["two-column-acm-sigconf.pdf"]
    assert acm.index("1 INTRODUCTION") < acm.index("2 TEMPLATE OVERVIEW") < acm.index("2.1 Template Styles")
    assert "HEADER" not in texts["docx_page_header_footer_first_page.docx"]
