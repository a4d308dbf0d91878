"""split_long: no document above the limit, none lost, and a page of numbers that is right."""

import pytest
from pydantic import ValidationError

from schemas import CorpusForecast
from steps.parse_corpus import ParseCorpus, Source, parse_corpus
from steps.split_long import SplitLong, split_long
from tests.conftest import FakeContext
from tests.steps.text.made import corpus, folder, opened, stories, tokenizer


def made(*corpora, **params):
    context = FakeContext(folder())
    return split_long(SplitLong(**params), list(corpora), tokenizer(), context), context


@pytest.mark.parametrize("strategy", ["auto", "paragraph", "sentence", "token"])
def test_pieces_joined_are_the_documents(strategy):
    """In order, by origin; none above the limit with bos and eos counted."""
    split, context = made(stories(), max_tokens=120, strategy=strategy)
    joined: dict[str, str] = {}
    for row in split.rows():
        joined[row["origin"]] = joined.get(row["origin"], "") + row["text"]
        assert opened().count(row["text"]) + 2 <= 120
    assert list(joined.values()) == [row["text"] for row in stories().rows()]
    facts = context.kept["preprocess"]
    assert (facts["after"]["max"] <= 120, facts["over_limit_after"], facts["after"]["count"]) == (True, 0, split.documents_count)
    assert facts["chunks_per_entry"]["mean"] == pytest.approx(split.documents_count / 330, abs=1e-3)
    assert (split.bytes, split.languages["tr"] > 200) == (stories().bytes, True)


def test_lengths_before_are_the_real_ones():
    """Quantiles of the tokenizer's own counts; the histogram holds every document once."""
    lengths = sorted(opened().count(row["text"]) + 2 for row in stories().rows())
    _, context = made(stories(), max_tokens=256)
    facts = context.kept["preprocess"]
    assert [facts["before"][k] for k in ("count", "min", "median", "max")] == [330, lengths[0], lengths[164], lengths[-1]]
    assert facts["over_limit_share_before"] == pytest.approx(sum(n > 256 for n in lengths) / 330, abs=1e-5)
    assert (sum(facts["histogram"]["before"]), sum(facts["histogram"]["after"])) == (330, facts["after"]["count"])
    assert len(facts["histogram"]["edges"]) == len(facts["histogram"]["before"]) + 1


def test_analyze_only_hands_the_corpus_on():
    """The very artifact; the numbers and the page are there."""
    split, context = made(stories(), max_tokens=120, analyze_only=True)
    assert split is stories()
    assert context.kept["preprocess"]["over_limit_after"] > 300
    assert "only measured" in (context._side / "reports/preprocess.md").read_text()


def test_page_and_picture():
    """A Markdown table and a PNG, the same bytes each time."""
    pytest.importorskip("matplotlib")
    pictures = []
    for _ in range(2):
        _, context = made(stories(), max_tokens=120)
        page = (context._side / "reports/preprocess.md").read_text()
        pictures.append((context._side / "plots/length_distribution.png").read_bytes())
    assert "| before | 330 | " in page
    assert "- above the limit after: 0" in page
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith(b"\x89PNG")


def test_texts_and_conversations_together():
    """Papers are cut at paragraphs, long answers with their question repeated; origins stay."""
    papers = parse_corpus(ParseCorpus(sources=[Source(path="data/papers/raw")]), FakeContext(folder()))
    pairs = parse_corpus(ParseCorpus(sources=[Source(path="data/papers/pairs.jsonl")]), FakeContext(folder()))
    split, context = made(papers, pairs, max_tokens=220)
    assert split.shape == "chat"
    rows = list(split.rows())
    texts = [row for row in rows if "messages" not in row]
    assert sum(len(row["text"]) for row in texts) == papers.characters
    questions = {row["origin"]: row["messages"][0]["content"] for row in pairs.rows()}
    answers: dict[str, str] = {}
    for row in rows:
        if "messages" in row:
            assert row["messages"][0]["content"] == questions[row["origin"]]
            answers[row["origin"]] = answers.get(row["origin"], "") + row["messages"][-1]["content"]
    assert answers == {row["origin"]: row["messages"][-1]["content"] for row in pairs.rows()}
    assert context.kept["preprocess"]["conversations"] == 160


def test_a_question_that_fills_the_window_is_told():
    """Kept whole, counted, and a warning D131; never cut in silence."""
    long = [{"role": "user", "content": "uzun soru " * 90}, {"role": "assistant", "content": "Evet."}]
    split, context = made(corpus([{"text": "x " * 400, "messages": long}]), max_tokens=64)
    assert [row["messages"] for row in split.rows()] == [long]
    assert context.warnings == [("D131", "1 conversations stay above 64 tokens: their question alone fills the window")]


@pytest.mark.parametrize("params", [{"max_tokens": 8}, {"max_tokens": 64, "overlap_tokens": 40}])
def test_no_room(params):
    """D130 before anything runs."""
    with pytest.raises(ValidationError) as error:
        SplitLong(**params)
    assert error.value.errors()[0]["type"] == "D130"


def test_forecast_keeps_bytes_and_languages():
    """Cutting adds no text; of several corpora it is the sum."""
    inputs = {"corpus": [CorpusForecast(bytes=10, languages=["tr"]), CorpusForecast(bytes=5, languages=["en"], shape="chat")]}
    said = split_long.forecast_function(SplitLong(max_tokens=64), inputs, None)
    assert (said.bytes, said.languages, said.shape, said.documents) == (15, ["en", "tr"], "chat", None)
