"""parse_corpus: what cleaning keeps, masks and drops, and what of it stands in the statistics."""

import json

import pytest
from pydantic import ValidationError

from schemas import RecipeError
from steps.parse_corpus import Clean, Languages, ParseCorpus, Source, parse_corpus
from tests.conftest import FakeContext
from tests.steps.text.test_near import changed, text_of


def made(tmp_path, rows, *, seed=1, clean=None, sources=None, **params):
    """The corpus of these rows (or of files by name), and the context."""
    files = rows if isinstance(rows, dict) else {"rows.jsonl": rows}
    project = tmp_path / "project"
    for name, content in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(row if isinstance(row, dict) else {"text": row}, ensure_ascii=False) for row in content]
        path.write_text("\n".join(lines) + "\n", "utf-8")
    context = FakeContext(tmp_path / f"run{len(list(tmp_path.iterdir()))}", seed=seed, project=project)
    sources = [Source(**s) for s in sources or [{"path": name} for name in files]]
    return parse_corpus(ParseCorpus(sources=sources, clean=Clean(**clean or {}), **params), context), context


def texts(corpus):
    return [d.text for d in corpus.documents()]


def test_personal_data_is_masked_everywhere_and_counted(tmp_path):
    """In texts, titles, turns and in the examples of what is dropped."""
    rows = [
        {"text": "Ada: ada@example.com, +90 532 123 45 67.", "title": "Yaz: ada@example.com"},
        {"text": "Ada: grace@example.com, +90 532 123 45 68."},
        {"text": "x@example.com"},
    ]
    corpus, context = made(tmp_path, rows, clean={"mask": ["all"], "min_characters": 10})
    assert [(d.text, d.title) for d in corpus.documents()] == [("Ada: <EMAIL>, <PHONE>.", "Yaz: <EMAIL>")]
    assert context.kept["corpus"]["masked"] == {"email": 4, "iban": 0, "card": 0, "tr_id": 0, "ip": 0, "phone": 2}
    assert "example.com" not in json.dumps([context.kept, context.events])
    turns = [{"role": "user", "content": "ada@example.com?"}, {"role": "assistant", "content": "IP 192.168.10.7"}]
    chat, _ = made(tmp_path / "chat", [{"messages": turns}], clean={"mask": ["email", "ip"]})
    assert [m["content"] for m in next(chat.documents()).messages] == ["<EMAIL>?", "IP <IP>"]
    assert "<EMAIL>?" in next(chat.documents()).text


def test_near_duplicates_share_an_origin_or_go(tmp_path):
    """Kept by default; together they have the first one's origin; dropped, only the first stays and the drop is counted."""
    first, other = text_of(1), text_of(2)
    copies = [changed(first, 0.01, seed) for seed in (1, 2)]
    rows = [first, other, *copies]
    kept, _ = made(tmp_path, rows)
    assert len({d.origin for d in kept.documents()}) == 4
    together, context = made(tmp_path, rows, clean={"near_duplicates": "together"})
    origins = [d.origin for d in together.documents()]
    assert (origins[2:], len(set(origins))) == ([origins[0]] * 2, 2)
    facts = context.kept["corpus"]["near_duplicates"]
    assert (facts["documents"], facts["clusters"], facts["largest"][0]["documents"], facts["done"]) == (2, 1, 3, "kept together")
    dropped, context = made(tmp_path, rows, clean={"near_duplicates": "drop", "similarity": 0.7})
    assert texts(dropped) == [first, other]
    assert context.kept["corpus"]["dropped"]["near duplicate"]["count"] == 2


def papers(tmp_path, *methods):
    """A folder `papers` with a paper for each of these Methods, which has a Results of its own."""
    folder = tmp_path / "project" / "papers"
    folder.mkdir(parents=True)
    for number, text in enumerate(methods):
        (folder / f"{number}.md").write_text(f"# Methods\n\n{text}\n\n# Results\n\n{text_of(100 + number)}\n", "utf-8")
    return {"path": "papers", "sections": {"methods": 1}}


def origins(corpus, head):
    """Those of each section with this heading, in order."""
    return [d.origin for d in corpus.documents() if head in d.text]


def test_near_duplicates_among_sections_of_papers_share_an_origin(tmp_path):
    """That of the first one's paper, in a chain too; the other sections have their own papers'."""
    first = text_of(1)
    source = papers(tmp_path, first, text_of(2), changed(first, 0.02, 1), changed(changed(first, 0.02, 1), 0.02, 2))
    corpus, context = made(tmp_path, {}, sources=[source], clean={"near_duplicates": "together", "similarity": 0.7})
    one, two, *alike = origins(corpus, "Methods")
    assert (alike, origins(corpus, "Results")[:2]) == ([one, one], [one, two])
    assert len(set(origins(corpus, "Results"))) == 4
    facts = context.kept["corpus"]["near_duplicates"]
    assert (facts["documents"], facts["clusters"]) == (2, 1)


def test_near_duplicates_within_one_paper_are_counted_and_dropped(tmp_path):
    """Though their origin is the same."""
    first = text_of(1)
    source = papers(tmp_path, f"{first}\n\n# Discussion\n\n{changed(first, 0.01)}")
    for done, kept in (("together", 3), ("drop", 2)):
        corpus, context = made(tmp_path, {}, sources=[source], clean={"near_duplicates": done})
        assert (corpus.documents_count, context.kept["corpus"]["near_duplicates"]["documents"]) == (kept, 1), done


@pytest.mark.parametrize("clean", [{"near_duplicates": "together"}, {"near_duplicates": "together", "dedup": "none"}, {"dedup": "none"}])
def test_a_second_pass_has_the_origins_of_the_first(tmp_path, clean):
    """So no section of a paper stands on both sides of train and val."""
    first = text_of(1)
    source = papers(tmp_path, first, changed(first, 0.01), text_of(2), first) | {"weight": 1.0}
    long = {"long.jsonl": [text_of(seed) for seed in range(200, 240)]}
    corpus, _ = made(tmp_path, long, sources=[source, {"path": "long.jsonl", "weight": 2.0}], exhausted="repeat", clean=clean)
    by_text = {}
    for d in corpus.documents():
        by_text.setdefault(d.text, []).append(d.origin)
    assert max(len(found) for found in by_text.values()) > 1
    assert max(len(set(found)) for found in by_text.values()) == 1


@pytest.mark.parametrize("near", ["keep", "together", "drop"])
def test_copies_share_an_origin_when_they_are_kept(tmp_path, near):
    """`dedup: none`: an equal section of another paper has the first one's paper's, and a row that of an equal section or row before."""
    source = papers(tmp_path, text_of(1), text_of(1), "Short.", "Short.")
    rows = {"rows.jsonl": [f"# Methods\n\n{text_of(1)}", "# Methods\n\nShort.", f"# Results\n\n{text_of(102)}"]}
    for sources in ([source, {"path": "rows.jsonl"}], [{"path": "rows.jsonl"}, source]):
        corpus, _ = made(tmp_path, rows, sources=sources, clean={"dedup": "none", "near_duplicates": near})
        found = [(d.text, d.origin) for d in corpus.documents()]
        assert (len(found), len(set(found)), len({text for text, _ in found})) == (11, 6, 6)


def test_languages(tmp_path):
    """Those not allowed are dropped; the others carry what was found."""
    rows = [
        "Küçük kız sabah erkenden kalktı ve bahçedeki çiçekleri suladı.",
        "The little girl got up early and watered the flowers.",
        "Das kleine Mädchen stand früh auf und goss die Blumen im Garten.",
    ]
    corpus, context = made(tmp_path, rows, clean={"languages": Languages(allow=["tr", "en"])})
    assert corpus.languages == {"en": 1, "tr": 1}
    assert context.kept["corpus"]["dropped"]["language"]["examples"] == [f"rows.jsonl: {rows[2][:80]!r}"]
    with pytest.raises(ValidationError, match="no language turkish is known"):
        Languages(allow=["turkish"])


def test_lengths_in_words_and_repeated_lines(tmp_path):
    """Each bound has its reason."""
    rows = ["bir iki", "bir iki üç", "a b c d e f", "menü\nana\nmenü\nana\nmenü"]
    corpus, context = made(tmp_path, rows, clean={"min_words": 3, "max_words": 5, "max_repeated_lines": 0.3})
    assert texts(corpus) == ["bir iki üç"]
    dropped = {reason: entry["count"] for reason, entry in context.kept["corpus"]["dropped"].items()}
    assert dropped == {"repeated lines": 1, "too few words": 1, "too many words": 1}


def test_a_second_pass_keeps_what_the_first_kept(tmp_path):
    """With `exhausted: repeat`, a document that was dropped as a copy of another source's does not come back, nor is it counted twice."""
    one = ["aynı metin burada duruyor", "birinci kaynaktan bir metin"]
    two = ["aynı metin burada duruyor", "ikinci kaynaktan kısa bir metin"]
    long = [f"uzun kaynaktan gelen {i}. metin burada" for i in range(20)]
    sources = [{"path": f"{name}.jsonl", "weight": 1.0} for name in ("one", "two", "long")]
    files = {"one.jsonl": one, "two.jsonl": two, "long.jsonl": long}
    corpus, context = made(tmp_path, files, sources=sources, exhausted="repeat")
    found = [(d.source, d.text) for d in corpus.documents()]
    owners = {source for source, text in found if text == one[0]}
    assert len(owners) == 1
    assert len([f for f in found if f[0] == "long.jsonl"]) == 20
    assert context.kept["corpus"]["dropped"]["duplicate"]["count"] == 1
    near, _ = made(tmp_path, files, sources=sources, exhausted="repeat", clean={"near_duplicates": "together"})
    by_text = {}
    for d in near.documents():
        by_text.setdefault(d.text, set()).add(d.origin)
    assert all(len(origins) == 1 for origins in by_text.values())


def test_shares_asked_and_got_stand_in_the_statistics(tmp_path):
    """Two parts to one, to within a document, and by the seed which source begins."""
    files = {"a.jsonl": [f"a metni {i:04}" for i in range(400)], "b.jsonl": [f"b metni {i:04}" for i in range(400)]}
    sources = [{"path": "a.jsonl", "weight": 2.0}, {"path": "b.jsonl", "weight": 1.0}]
    runs = {seed: made(tmp_path, files, sources=sources, seed=seed) for seed in range(6)}
    for corpus, context in runs.values():
        a, b = context.kept["corpus"]["sources"]
        assert (round(a["asked"], 3), round(b["asked"], 3), a["documents"]) == (0.667, 0.333, 400)
        assert abs(a["got"] - 2 / 3) < 0.002
        assert corpus.documents_count in (599, 600, 601)
    first = {seed: next(corpus.documents()).source for seed, (corpus, _) in runs.items()}
    assert set(first.values()) == {"a.jsonl", "b.jsonl"}
    again, _ = made(tmp_path, files, sources=sources, seed=3)
    assert (again.path / "corpus.jsonl").read_bytes() == (runs[3][0].path / "corpus.jsonl").read_bytes()


def test_priority_folders_by_name(tmp_path):
    """A list of names repeats 2.5 times, a map as it says; what was drawn is written down, a folder that holds nothing is told."""
    files = {f"docs/{folder}/a.jsonl": [f"{folder} {i}" for i in range(40)] for folder in ("best", "rest", "worst")}
    named, context = made(tmp_path, files, sources=[{"path": "docs"}], priority=["best", "bset"])
    drawn = [d.repeat for d in named.documents() if d.source.startswith("best/")]
    assert set(drawn) == {2, 3}
    assert context.kept["corpus"]["priority"] == [
        {"folder": "best", "repeat": 2.5, "documents": 40, "seen": sum(drawn), "seed": 1},
        {"folder": "bset", "repeat": 2.5, "documents": 0, "seen": 0, "seed": 1},
    ]
    assert context.warnings == [("D117", "no document lies in the priority folder bset")]
    mapped, context = made(tmp_path, files, sources=[{"path": "docs"}], priority={"best": 3, "worst": 0.5})
    assert {d.repeat for d in mapped.documents() if d.source.startswith("best/")} == {3}
    left = sum(d.source.startswith("worst/") for d in mapped.documents())
    assert 8 < left < 32
    assert context.kept["corpus"]["dropped"]["repeat below 1"]["count"] == 40 - left


def test_of_two_copies_the_one_in_the_priority_folder_stays(tmp_path):
    """Its name comes later, and a copy of it lies beside the others, as when the best are copied into a folder of their own."""
    files = {"docs/a.jsonl": ["first", "second"], "docs/best/b.jsonl": ["second", "third"], "docs/worst/c.jsonl": ["first"]}
    corpus, context = made(tmp_path, files, sources=[{"path": "docs"}], priority={"best": 3, "worst": 0.5})
    assert [(d.text, d.repeat) for d in corpus.documents()] == [("second", 3), ("third", 3), ("first", 1)]
    assert context.kept["corpus"]["dropped"]["duplicate"]["count"] == 2


def test_braces_in_a_path_name_several_kinds_of_files(tmp_path):
    """As in a shell; names are relative to the folder before the first brace, so that a priority folder is still one."""
    files = {f"docs/{folder}/a.jsonl": [f"{folder} {i}" for i in range(4)] for folder in ("best", "rest", "worst")}
    named, _ = made(tmp_path, files, sources=[{"path": "docs/{best,worst}/*.{jsonl,txt}"}], priority={"best": 3})
    assert {(d.source, d.repeat) for d in named.documents()} == {("best/a.jsonl", 3), ("worst/a.jsonl", 1)}


def test_repeats_of_a_row_by_its_own_column(tmp_path):
    """`columns: {repeat: …}`: a number a row, fractions drawn, 0 leaves it out."""
    rows = [{"text": f"metin {i}", "w": w} for i, w in enumerate([2, 0, 1.5, "x"])]
    corpus, context = made(tmp_path, rows, sources=[{"path": "rows.jsonl", "columns": {"text": "text", "repeat": "w"}}])
    found = {d.text: d.repeat for d in corpus.documents()}
    assert found["metin 0"] == 2
    assert found["metin 2"] in (1, 2)
    assert list(found) == ["metin 0", "metin 2"]
    assert context.kept["corpus"]["dropped"]["incomplete row: w is no number"]["examples"] == ["rows.jsonl, line 4: w is no number"]


def test_a_bad_row_ends_the_step_when_that_is_asked(tmp_path):
    """D116 names the line; by default the row is counted and the console told."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "a.jsonl").write_text('{"text": "bir"}\n{"text": "ik\n{"text": "üç"}\n', "utf-8")
    source = Source(path="a.jsonl")
    with pytest.raises(RecipeError, match=r"D116: broken row: a\.jsonl, line 2: Invalid control character, column 13") as error:
        parse_corpus(ParseCorpus(sources=[source], on_bad_row="error"), FakeContext(tmp_path / "one", project=project))
    assert error.value.field == "on_bad_row"
    context = FakeContext(tmp_path / "two", project=project)
    assert texts(parse_corpus(ParseCorpus(sources=[source]), context)) == ["bir", "üç"]
    assert [e["message"] for e in context.events if e["event"] == "dropped"] == ["left out: 1 broken row (Invalid control character)"]


def test_rows_that_are_left_out_are_counted_by_their_fault(tmp_path):
    """Each kind of fault is a reason with its examples; the numbers of turns and the words in them make no further kinds."""
    question, answer = {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}
    talks = [
        [question, answer], [question], [{"role": "boss", "content": "x"}, answer], [{"role": "chief", "content": "x"}, answer],
        [question, question, answer], [question, answer, question, question, answer],
    ]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"messages": talk}) + "\n" for talk in talks) + '{"messages": [\n[1]\n')
    context = FakeContext(tmp_path / "run", project=tmp_path)
    parse_corpus(ParseCorpus(sources=[Source(path="a.jsonl")]), context)
    dropped = context.kept["corpus"]["dropped"]
    assert {reason: entry["count"] for reason, entry in dropped.items()} == {
        "broken row: Expecting value": 1,
        "broken row: no JSON object": 1,
        "incomplete row: a turn of messages has no known speaker": 2,
        "incomplete row: no answer to learn from": 1,
        "incomplete row: two turns of the user in a row": 2,
    }
    assert dropped["incomplete row: a turn of messages has no known speaker"]["examples"][1] == (
        "a.jsonl, line 4: a turn of messages has no known speaker: 'chief'"
    )
    assert [e["message"] for e in context.events if e["event"] == "dropped"] == [
        "left out: 5 incomplete rows (2 a turn of messages has no known speaker, 2 two turns of the user in a row, "
        "1 no answer to learn from), 2 broken rows (1 Expecting value, 1 no JSON object)"
    ]


def test_a_section_that_is_left_out_is_shown_with_its_file(tmp_path):
    """Among the examples; rows that must be whole are no reason to stop at it."""
    (tmp_path / "a.md").write_text("# Abstract\n\nWe count birds.\n\n# Methods\n\nEach bird was counted once.\n")
    context = FakeContext(tmp_path / "run", project=tmp_path)
    parse_corpus(ParseCorpus(sources=[Source(path="a.md", sections={"abstract": 0})], on_bad_row="error"), context)
    assert context.kept["corpus"]["dropped"]["section of weight 0"]["examples"] == ["a.md: abstract: '# Abstract\\n\\nWe count birds.'"]


def test_encodings_other_than_utf8_are_counted(tmp_path):
    """By name in the statistics and in words; a file of two is named."""
    text = "İnsanlar için bu ağaç ve şu ışık çok değerli. Ilık bir gün daha.\n"
    for name, data in {"a.txt": text.encode(), "b.txt": text.encode("cp1254"), "c.txt": text.encode() + text.encode("cp1254")}.items():
        (tmp_path / name).write_bytes(data)
    context = FakeContext(tmp_path / "run", project=tmp_path)
    parse_corpus(ParseCorpus(sources=[Source(path="*.txt")], clean=Clean(dedup="none")), context)
    facts = context.kept["corpus"]
    assert (facts["encodings"], facts["dropped"]) == ({"cp1254": 1, "utf-8 and cp1254": 1}, {})
    assert [e["message"] for e in context.events] == ["not in UTF-8: 1 in cp1254, 1 in utf-8 and cp1254, line by line (c.txt)"]


@pytest.mark.parametrize("what", ["characters", "words"])
def test_bounds_that_no_document_keeps_are_refused(what):
    """A least above the most; the same number is a length."""
    with pytest.raises(ValidationError, match=f"no document has at least 50 and at most 5 {what}"):
        Clean.model_validate({f"min_{what}": 50, f"max_{what}": 5})
    assert Clean.model_validate({f"min_{what}": 5, f"max_{what}": 5})
