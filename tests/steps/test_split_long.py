"""split_long: no document above the limit, none lost, and a page of numbers that is right."""

import os
from pathlib import Path

import pytest
from blake3 import blake3
from pydantic import ValidationError

from schemas import Corpus, CorpusForecast, RecipeError
from steps.parse_corpus import ParseCorpus, Source, parse_corpus
from steps.split_long import SplitLong, split_long
from steps.text import blocks
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
    facts = context.kept["preprocess_stats"]
    assert (facts["after"]["max"] <= 120, facts["over_limit_after"], facts["after"]["count"]) == (True, 0, split.documents_count)
    assert facts["chunks_per_entry"]["mean"] == pytest.approx(split.documents_count / 330, abs=1e-3)
    assert (split.bytes, split.languages["tr"] > 200) == (stories().bytes, True)


def test_lengths_before_are_the_real_ones():
    """Quantiles of the tokenizer's own counts; the histogram holds every document once."""
    lengths = sorted(opened().count(row["text"]) + 2 for row in stories().rows())
    _, context = made(stories(), max_tokens=256)
    facts = context.kept["preprocess_stats"]
    assert [facts["before"][k] for k in ("count", "min", "median", "max")] == [330, lengths[0], lengths[164], lengths[-1]]
    assert facts["over_limit_share_before"] == pytest.approx(sum(n > 256 for n in lengths) / 330, abs=1e-5)
    assert (sum(facts["histogram"]["before"]), sum(facts["histogram"]["after"])) == (330, facts["after"]["count"])
    assert len(facts["histogram"]["edges"]) == len(facts["histogram"]["before"]) + 1


def test_analyze_only_hands_the_corpus_on():
    """The very artifact; the numbers and the page are there."""
    split, context = made(stories(), max_tokens=120, analyze_only=True)
    assert split is stories()
    assert context.kept["preprocess_stats"]["over_limit_after"] > 300
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
    assert "Quantiles are lengths that occur (nearest rank)" in page
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
    assert context.kept["preprocess_stats"]["conversations"] == 160


def test_a_question_that_fills_the_window_is_told():
    """Kept whole and counted, never cut; a training says what it leaves out, so nothing is said twice."""
    long = [{"role": "user", "content": "uzun soru " * 90}, {"role": "assistant", "content": "Evet."}]
    short = [[{"role": "user", "content": f"{n}?"}, {"role": "assistant", "content": "Evet."}] for n in range(20)]
    rows = [{"text": "x " * 400, "messages": long}, *({"text": f"{n} Evet.", "messages": one} for n, one in enumerate(short))]
    split, context = made(corpus(rows), max_tokens=64)
    assert [row["messages"] for row in split.rows()] == [long, *short]
    assert context.warnings == []
    done = {"rounds kept whole above the limit: its question leaves no room for an answer": 1}
    assert context.kept["preprocess_stats"]["conversations_done"] == done
    assert context.events[-1]["chats"] == done


def test_a_window_that_no_question_fits_stops():
    """One message for one cause: the training would stop at the same rows."""
    long = [{"role": "user", "content": "uzun soru " * 90}, {"role": "assistant", "content": "Evet."}]
    with pytest.raises(RecipeError) as error:
        made(corpus([{"text": "x " * 400, "messages": long}]), max_tokens=64)
    assert error.value.message == "1 of 1 rows stay above 64 tokens: its question leaves no room for an answer"
    assert (error.value.code, error.value.field) == ("D131", "max_tokens")


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


@pytest.mark.parametrize(
    ("documents", "size", "pieces"),
    [(100, 10_000, 100), (10, 40_000, 155), (None, 40_000, None), (10, None, None)],
)
def test_forecast_of_pieces(documents, size, pieces):
    """Short documents stay one each; long ones become as many as their tokens fill: 40 kB are 9,899 tokens, in windows of 64."""
    inputs = {"corpus": [CorpusForecast(documents=documents, bytes=size)]}
    assert split_long.forecast_function(SplitLong(max_tokens=64), inputs, None).pieces == pieces


@pytest.fixture
def small(monkeypatch):
    """Blocks and long lines of a size that tests can reach."""
    monkeypatch.setattr(blocks, "BLOCK", 4000)
    monkeypatch.setattr(blocks, "LONG", 9000)


def book() -> Corpus:
    """Stories, and all of them as one document on one line."""
    rows = list(stories().rows())
    return corpus([*rows[:20], {"text": " ".join(row["text"] for row in rows), "lang": "tr", "origin": "book"}, *rows[20:40], {"text": ""}])


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_any_number_of_workers_gives_the_same_bytes(small, model):
    """And lines of any length, held whole or cut as they come."""
    found = []
    for workers in (1, 3):
        context = FakeContext(folder())
        split = split_long(SplitLong(max_tokens=100, overlap_tokens=9, workers=workers), [book()], tokenizer(model), context)
        found.append(((split.path / "corpus.jsonl").read_bytes(), (split.path / "artifact.json").read_bytes(), context.kept))
    assert found[0] == found[1]
    blocks.BLOCK, blocks.LONG = 1 << 20, 1 << 22
    context = FakeContext(folder())
    whole = split_long(SplitLong(max_tokens=100, overlap_tokens=9), [book()], tokenizer(model), context)
    assert ((whole.path / "corpus.jsonl").read_bytes(), (whole.path / "artifact.json").read_bytes(), context.kept) == found[0]


def test_a_line_is_left_as_it_stands_when_it_fits(small):
    """Byte for byte, unknown fields and all; a book above the limit keeps its origin in every piece."""
    given = corpus([{"text": "kısa", "more": [1.50, "x"]}, {"text": "uzun " * 3000, "lang": "tr"}])
    split, _ = made(given, max_tokens=64)
    lines = (split.path / "corpus.jsonl").read_bytes().splitlines()
    assert lines[0] == (given.path / "corpus.jsonl").read_bytes().splitlines()[0]
    pieces = list(split.rows())[1:]
    assert "".join(row["text"] for row in pieces) == "uzun " * 3000
    assert {(row["lang"], row["origin"]) for row in pieces} == {("tr", blake3(("uzun " * 3000).encode()).hexdigest(16))}


def test_what_cutting_would_have_lost_is_counted():
    """Documents and tokens beyond the limit; the page says it in words."""
    lengths = [opened().count(row["text"]) + 2 for row in stories().rows()]
    _, context = made(stories(), max_tokens=256)
    facts = context.kept["preprocess_stats"]
    lost = sum(max(0, n - 256) for n in lengths)
    assert facts["truncated"] == {
        "documents": sum(n > 256 for n in lengths), "tokens": lost, "share_of_tokens": round(lost / sum(lengths), 6)
    }  # fmt: skip
    assert facts["chunks_per_entry"]["entries_split"] == facts["truncated"]["documents"]
    assert f"would lose {lost:,} tokens" in (context._side / "reports/preprocess.md").read_text()


def test_the_guides_file_name_is_kept(tmp_path):
    """stats/preprocess_stats.json, as the run folder of the guide has it."""
    _, context = made(stories(), max_tokens=256)
    assert list(context.kept) == ["preprocess_stats"]


@pytest.mark.parametrize("workers", [1, 2])
def test_damaged_corpora_are_told(small, workers):
    """A broken line by its number, a cut file, one that is gone, one without a document."""
    given = book()
    path = given.path / "corpus.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:30], b"{broken\n", *lines[31:]]))
    with pytest.raises(RecipeError, match=r"D122: corpus\.jsonl, line 31: it is no JSON"):
        made(given, max_tokens=64, workers=workers)
    path.write_bytes(b"".join(lines[:30]))
    with pytest.raises(RecipeError, match=r"D122: .*has 30 lines, its description says 42: it was cut or changed"):
        made(given, max_tokens=64, workers=workers)
    path.unlink()
    with pytest.raises(RecipeError, match=r"D122: corpus\.jsonl cannot be read"):
        made(given, max_tokens=64, workers=workers)
    with pytest.raises(RecipeError, match="D104"):
        made(corpus([]), max_tokens=64, workers=workers)


def test_a_full_or_read_only_disk_is_the_systems_error():
    """The runner tells them as R003 and R001."""
    context = FakeContext(folder())
    (context.workdir / "corpus.jsonl").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device"):
        split_long(SplitLong(max_tokens=64), [stories()], tokenizer(), context)
    context.workdir = Path("/proc/self")
    with pytest.raises(OSError, match=r"corpus\.jsonl"):
        split_long(SplitLong(max_tokens=64), [stories()], tokenizer(), context)


def test_conversations_are_never_parted_silently():
    """Real chats of many turns: every turn is there in order, a question before each answer, and what was done is counted."""
    path = Path(os.environ.get("RECIPE_TEST_DATA", "")) / "chat" / "fastchat-dummy-conversations.jsonl"
    if not path.is_file():
        pytest.skip("RECIPE_TEST_DATA has no chat rows here")
    chats = parse_corpus(ParseCorpus(sources=[Source(path=str(path), take=80)]), FakeContext(folder()))
    split, context = made(chats, max_tokens=100)
    turns: dict[str, list[dict[str, str]]] = {row["origin"]: [] for row in chats.rows()}
    for row in split.rows():
        roles = [m["role"] for m in row["messages"]]
        assert all(before != "assistant" or at == len(roles) - 1 or roles[at + 1] != "assistant" for at, before in enumerate(roles))
        assert roles[-1] == "assistant" or len(roles) == 1 or roles[-1] == "user"
        assert opened().count(row["text"]) + 2 <= 100 or context.kept["preprocess_stats"]["over_limit_after"]
        for message in row["messages"]:
            known = turns[row["origin"]]
            if message["role"] == "assistant" and known and known[-1]["role"] == "assistant":
                known[-1] = {**known[-1], "content": known[-1]["content"] + message["content"]}
            elif message["role"] == "assistant" or message not in known[-1:] + known[-2:-1]:
                known.append(dict(message))
    assert turns == {row["origin"]: row["messages"] for row in chats.rows()}
    assert context.kept["preprocess_stats"]["conversations"] == 80
    assert context.kept["preprocess_stats"]["conversations_done"]["conversations split"] > 0
