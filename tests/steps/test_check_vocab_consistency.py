"""check_vocab_consistency: a sound tokenizer goes through untouched, an unsound one stops the recipe and says where."""

import json
import shutil

import pytest

from schemas import Checkpoint, ModelConfig, RecipeError, Tokenizer, TokenizerForecast
from steps.check_vocab_consistency import CheckVocabConsistency, check_vocab_consistency, needs, reads
from steps.text.elsewhere import CheckpointFrom
from steps.train_tokenizer import TrainTokenizer, train_tokenizer
from tests.conftest import FakeContext
from tests.steps.text.made import corpus, opened, stories, tokenizer


def check(context, tokens, text=None, checkpoint=None, **params):
    return check_vocab_consistency(CheckVocabConsistency(**params), tokens, [text or stories()], checkpoint, None, context)


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_a_sound_tokenizer_is_handed_on(context, model):
    """The very artifact; every paragraph of both languages comes back; special ids are in the statistics."""
    tokens = tokenizer(model)
    assert check(context, tokens) is tokens
    facts = context.kept["vocabulary"]
    assert facts["special"] == {"pad": 0, "unk": 1, "bos": 2, "eos": 3}
    assert {lang: (t["documents"], t["round_trip"], t["unknown_rate"]) for lang, t in facts["by_language"].items()} == {
        "en": (130, 1.0, 0.0),
        "tr": (200, 1.0, 0.0),
    }
    assert facts["by_language"]["tr"]["tokens_per_word"] > facts["by_language"]["en"]["tokens_per_word"] > 1
    assert [sample["lang"] for sample in facts["sample"]] == ["en", "tr"]
    assert all(entry["agrees"] for entry in facts["agreement"])
    assert context.warnings == []


def test_unknown_characters_are_counted_by_language(context):
    """A tokenizer without bytes, and text of another script: T121 with the rate and the language."""
    text = corpus([{"text": "İyi günler.", "lang": "tr"}, {"text": "今日は良い天気です。", "lang": "ja"}])
    with pytest.raises(RecipeError, match=r"T121: .*% of the tokens in language 'ja' are unknown"):
        check(context, tokenizer("unigram"), text)
    assert context.kept["vocabulary"]["by_language"]["tr"]["unknown_rate"] == 0.0


def test_text_that_does_not_come_back(context, tmp_path):
    """A model that was made to drop repeated spaces: T120 shows before and after."""
    with pytest.raises(RecipeError, match=r"T120: 1 of 2 paragraphs in the corpus do not come back: 'a  b' became 'a b'"):
        check(context, squeezing(tmp_path), corpus([{"text": "Ali okula gitti.\n\na  b"}]))


def squeezing(tmp_path):
    """The stories' tokenizer, its tokenizer.json alone, with a decoder that knows no two spaces."""
    folder = tmp_path / "squeezing"
    shutil.copytree(tokenizer().path, folder)
    (folder / "tokenizer.model").unlink()
    data = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    data["decoder"]["decoders"].append({"type": "Replace", "pattern": {"String": "  "}, "content": " "})
    (folder / "tokenizer.json").write_text(json.dumps(data), "utf-8")
    return tokenizer().at(folder)


def test_the_sign_of_a_blank_is_told_and_stops_nothing(context):
    """SentencePiece writes blanks as ▁, so a literal ▁ comes back as one: T124, since one such page must not stop a corpus of millions."""
    tokens = tokenizer()
    assert check(context, tokens, corpus([{"text": "a▁b\n\nc d"}])) is tokens
    assert context.warnings == [("T124", "1 of 2 paragraphs in the corpus hold the sign ▁, which comes back as a blank")]
    assert context.kept["vocabulary"]["by_language"]["und"]["round_trip"] == 0.5


def test_a_lost_line_break_is_a_finding(context, tmp_path):
    """nmt_nfkc turns line breaks and tabs into blanks: paragraphs come back as it sees them, and the loss is told."""
    params = TrainTokenizer(model="bpe", vocab_size=1000, normalization="nmt_nfkc")
    training = FakeContext(tmp_path)
    tokens = train_tokenizer(params, [stories()], training)
    assert [code for code, _ in training.warnings] == ["T104"]
    check(context, tokens)
    assert context.kept["vocabulary"]["by_language"]["tr"]["round_trip"] == 1.0
    assert context.warnings == [("T122", "the tokenizer does not keep '\\n', '\\t'")]


def model_folder(tmp_path, rows):
    folder = tmp_path / "model"
    shutil.copytree(tokenizer().path, folder)
    (folder / "artifact.json").unlink()
    (folder / "config.json").write_text(json.dumps({"vocab_size": rows}))
    return folder


def test_a_tokenizer_out_of_a_model_folder(tmp_path):
    """Its files are copied; more rows than tokens are fine and said, fewer are V101."""
    folder = model_folder(tmp_path, 1024)
    context = FakeContext(tmp_path, project=tmp_path)
    params = CheckVocabConsistency(checkpoint=CheckpointFrom(path="model"))
    made = check_vocab_consistency(params, None, None, None, None, context)
    assert (made.vocab_size, made.model, made.user_symbols, made.path) == (1000, "bpe", ["<tr>", "<en>"], context.workdir)
    assert (made.path / "tokenizer.model").read_bytes() == (folder / "tokenizer.model").read_bytes()
    note = next(e["note"] for e in context.kept["vocabulary"]["agreement"] if e["where"] == "model")
    assert note == "1024 rows, 24 of them unused"
    (folder / "config.json").write_text(json.dumps({"vocab_size": 800}))
    with pytest.raises(
        RecipeError, match=r"V101: the model has rows for 800 tokens \(ids 0 to 799\), but id 999 occurs \(in the tokenizer\)"
    ):
        check_vocab_consistency(params, None, None, None, None, FakeContext(tmp_path / "b", project=tmp_path))


def test_a_checkpoint_artifact(tmp_path, context):
    """A model that another step made, wired in."""
    folder = model_folder(tmp_path, 1000)
    checkpoint = Checkpoint(model=ModelConfig(vocab_size=1000), parameters=1, vocab_size=1000).save(folder)
    assert check(context, None, checkpoint=checkpoint).vocab_size == 1000


def test_rows_are_padded_when_asked(context):
    """A new artifact with the same files and the rows beside them; asked for what it has already, the very same one."""
    made = check(context, tokenizer(), pad_vocab_to_multiple_of=64)
    assert (made.vocab_size, made.rows, made.path) == (1000, 1024, context.workdir)
    assert Tokenizer.load(context.workdir) == made
    for name in ("tokenizer.model", "tokenizer.json"):
        assert (made.path / name).read_bytes() == (tokenizer().path / name).read_bytes()
    assert context.events[-1] == {"event": "padded", "rows": 1024, "message": "the model gets 1,024 rows: 1,000 rounded up for speed"}
    entry = next(e for e in context.kept["vocabulary"]["agreement"] if e["where"] == "embedding")
    assert entry["note"] == "1024 rows are made, 24 of them unused"
    assert check(context, made, pad_vocab_to_multiple_of=64) is made


@pytest.mark.parametrize(("model", "told"), [({"vocab_size": 1000}, ""), ({"vocab_size": 999}, "V101"), ({"path": "model"}, "V101")])
def test_a_model_from_elsewhere(tmp_path, model, told):
    """The recipe's own tokenizer against a model that it did not make: a folder, or the number of its rows."""
    model_folder(tmp_path, 800)
    context = FakeContext(tmp_path, project=tmp_path)
    if not told:
        assert check(context, tokenizer(), model=model) is tokenizer()
        return
    with pytest.raises(RecipeError, match=f"{told}: the model has rows for .*but id 999 occurs") as error:
        check(context, tokenizer(), model=model)
    assert error.value.field == "model"


def test_bins_from_elsewhere(tmp_path):
    """A file of nanoGPT's kind, with more ids than the model has rows: which, where, and what to do; the fitting ones are counted."""
    numpy = pytest.importorskip("numpy")
    ids = [i for row in stories().rows() for i in [*opened().encode(row["text"]), 3]]
    numpy.array(ids, dtype=numpy.uint16).tofile(tmp_path / "train.bin")
    context = FakeContext(tmp_path, project=tmp_path)
    check(context, tokenizer(), bins={"path": "train.bin"})
    [found] = context.kept["vocabulary"]["bins"]
    assert found == {"file": "train.bin", "dtype": "uint16", "tokens": len(ids), "largest_id": 999, "fits": True}
    at = next(n for n, i in enumerate(ids) if i >= 1000 - 50)
    told = rf"V101: train\.bin holds id {ids[at]}, .*token {at:,}, in document {ids[:at].count(3) + 1:,};"
    with pytest.raises(RecipeError, match=told) as error:
        check(context, tokenizer(), bins={"path": "train.bin", "dtype": "uint16"}, model={"vocab_size": 1000 - 50})
    assert error.value.field == "bins"
    with pytest.raises(RecipeError, match=r"V105: there is no file none\.bin"):
        check(context, tokenizer(), bins={"path": "none.bin"})


def test_a_reference_is_tried_on_the_same_text(tmp_path):
    """Its figures by language stand beside ours."""
    shutil.copytree(tokenizer("byte_bpe").path, tmp_path / "other")
    context = FakeContext(tmp_path, project=tmp_path)
    check(context, tokenizer(), reference={"path": "other"})
    facts = context.kept["vocabulary"]
    assert (facts["reference"]["name"], facts["reference"]["vocab_size"]) == ("other", 1000)
    ours, theirs = facts["by_language"]["tr"], facts["reference"]["by_language"]["tr"]
    assert ours["documents"] == theirs["documents"] == 200
    assert ours["characters_per_token"] != theirs["characters_per_token"]
    assert ours["characters_per_token"] < ours["bytes_per_token"]


def test_turkish_has_a_page_of_its_own(context):
    """Where there is Turkish text, and only there."""
    check(context, tokenizer())
    assert set(context.kept["vocabulary"]["turkish"]) == {"letters", "cases", "chains", "words"}
    check(context, tokenizer(), corpus([{"text": "One day", "lang": "en"}]))
    assert "turkish" not in context.kept["vocabulary"]


@pytest.mark.parametrize(
    "text",
    ["", "\n", " \n\t ", "😀👩\u200d👧", "今日は", "\0\0", "e\u0301\u0327", "a\r\nb\rc", " " * 5000, "x" * 19_999, "\u2028\x85\x0b"],
)
@pytest.mark.parametrize("model", ["bpe", "byte_bpe"])
def test_odd_paragraphs_come_back(context, text, model):
    """Nothing at all, blanks, NUL, carriage returns, marks, endless lines: exact, with no unknown token."""
    check(context, tokenizer(model), corpus([{"text": text}]))
    found = context.kept["vocabulary"]["by_language"]["und"]
    assert (found["round_trip"], found["unknown_rate"]) == (1.0, 0.0)


def test_a_document_without_end_is_cut(context):
    """Of 30 MB on one line the first 20,000 characters are tried; many documents are thinned evenly."""
    check(context, tokenizer(), corpus([{"text": "uzun satır " * 3_000_000}]))
    assert context.kept["vocabulary"]["by_language"]["und"]["characters_per_token"] > 1
    check(context, tokenizer(), corpus([{"text": f"söz {i}"} for i in range(60_000)]))
    assert context.kept["vocabulary"]["by_language"]["und"]["documents"] == 2000


def test_no_folder_and_no_tokenizer(context):
    """H110 at the path; T123 when nothing is wired."""
    params = CheckVocabConsistency(checkpoint=CheckpointFrom(path="nowhere"))
    with pytest.raises(RecipeError, match="H110: there is no folder nowhere") as error:
        check_vocab_consistency(params, None, None, None, None, context)
    assert error.value.field == "checkpoint.path"
    with pytest.raises(RecipeError, match="T123"):
        check_vocab_consistency(CheckVocabConsistency(), None, None, None, None, context)


@pytest.mark.parametrize(
    ("source", "wiring"),
    [
        (None, {"tokenizer": "nearest", "corpus": "auto"}),
        ({"path": "m"}, {"corpus": "auto"}),
        ({"hub": "a/b", "revision": "c0ffee"}, {"corpus": "auto"}),
        ({"step": "base"}, {"checkpoint": "base", "corpus": "auto"}),
        ({"recipe": "quickstart", "step": "train"}, {"checkpoint": {"recipe": "quickstart", "step": "train"}, "corpus": "auto"}),
    ],
)
def test_wiring(source, wiring):
    """What is needed follows from where the checkpoint comes from."""
    assert needs(CheckVocabConsistency(checkpoint=CheckpointFrom(**source) if source else None)) == wiring


def test_reads(tmp_path):
    """The tokenizer's files of a folder; a hub model by id and revision."""
    folder = model_folder(tmp_path, 1000)
    names = [read.name for read in reads(CheckVocabConsistency(checkpoint=CheckpointFrom(path="model")), tmp_path)]
    assert names == ["config.json", "special_tokens_map.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json"]
    assert folder.is_dir()
    [hub] = reads(CheckVocabConsistency(checkpoint=CheckpointFrom(hub="a/b", revision="c0")), tmp_path)
    assert (hub.path, hub.identity) == (None, "a/b@c0")


def test_forecast_hands_the_tokenizer_on():
    """So that a wrong vocab_size behind it is found before anything runs."""
    said = TokenizerForecast(vocab_size=50257, exact=True, model="unigram", pad_id=0)
    found = check_vocab_consistency.forecast_function(CheckVocabConsistency(), {"tokenizer": said}, None)
    assert (found.vocab_size, found.exact, found.model) == (50257, True, "unigram")


def bare(tmp_path, model="bpe"):
    """A folder with nothing but the `tokenizer.model` that SentencePiece wrote."""
    folder = tmp_path / "bare"
    folder.mkdir()
    shutil.copy(tokenizer(model).path / "tokenizer.model", folder)


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_a_bare_sentencepiece_model_gets_its_fast_twin(tmp_path, model):
    """tokenizer.json is made of it and gives the same ids, so that the steps behind it find what they read."""
    from steps.text.fast import first_difference
    from steps.text.tokenizers import open_tokenizer

    bare(tmp_path, model)
    context = FakeContext(tmp_path / "run", project=tmp_path)
    made = check_vocab_consistency(CheckVocabConsistency(checkpoint=CheckpointFrom(path="bare")), None, [stories()], None, None, context)
    assert (made.path / "tokenizer.json").is_file()
    exact = open_tokenizer(made.path)
    assert first_difference(exact, made.path, [document.text for document in stories().documents()]) is None
    assert made.vocab_size == exact.vocab_size


def test_a_bare_model_without_such_a_twin_is_told(tmp_path, monkeypatch):
    """Other ids are no twin: T101 says where they differ, and what to name."""
    from steps.text import fast

    bare(tmp_path)
    build = fast.build_fast

    def other(model):
        made = build(model)
        made.normalizer = None
        made.pre_tokenizer = None
        return made

    monkeypatch.setattr(fast, "build_fast", other)
    context = FakeContext(tmp_path / "run", project=tmp_path)
    with pytest.raises(RecipeError, match=r"T101: bare holds tokenizer\.model alone, .* gives other ids \(from token 0 of") as error:
        check_vocab_consistency(CheckVocabConsistency(checkpoint=CheckpointFrom(path="bare")), None, [stories()], None, None, context)
    assert error.value.field == "checkpoint"
