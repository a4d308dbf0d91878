"""check_vocab_consistency: a sound tokenizer goes through untouched, an unsound one stops the recipe and says where."""

import json
import shutil

import pytest

from schemas import Checkpoint, ModelConfig, RecipeError, TokenizerForecast
from steps.check_vocab_consistency import CheckpointFrom, CheckVocabConsistency, check_vocab_consistency, needs, reads
from steps.train_tokenizer import TrainTokenizer, train_tokenizer
from tests.conftest import FakeContext
from tests.steps.text.made import corpus, stories, tokenizer


def check(context, tokens, text=None, checkpoint=None, **params):
    return check_vocab_consistency(CheckVocabConsistency(**params), tokens, [text or stories()], checkpoint, context)


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
    """SentencePiece writes blanks as ▁, so a literal ▁ is lost: T120 shows before and after."""
    with pytest.raises(RecipeError, match="T120: 1 of 1 paragraphs in the corpus do not come back: 'a▁b' became 'a b'"):
        check(context, tokenizer(), corpus([{"text": "a▁b"}]))


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
    made = check_vocab_consistency(params, None, None, None, context)
    assert (made.vocab_size, made.model, made.user_symbols, made.path) == (1000, "bpe", ["<tr>", "<en>"], context.workdir)
    assert (made.path / "tokenizer.model").read_bytes() == (folder / "tokenizer.model").read_bytes()
    note = next(e["note"] for e in context.kept["vocabulary"]["agreement"] if e["where"] == "model")
    assert note == "1024 rows, 24 of them unused"
    (folder / "config.json").write_text(json.dumps({"vocab_size": 800}))
    with pytest.raises(RecipeError, match="V101: the model has rows for 800 tokens, the tokenizer in its folder has 1000"):
        check_vocab_consistency(params, None, None, None, FakeContext(tmp_path / "b", project=tmp_path))


def test_a_checkpoint_artifact(tmp_path, context):
    """A model that another step made, wired in."""
    folder = model_folder(tmp_path, 1000)
    checkpoint = Checkpoint(model=ModelConfig(vocab_size=1000), parameters=1, vocab_size=1000).save(folder)
    assert check(context, None, checkpoint=checkpoint).vocab_size == 1000


def test_no_folder_and_no_tokenizer(context):
    """H110 at the path; T123 when nothing is wired."""
    params = CheckVocabConsistency(checkpoint=CheckpointFrom(path="nowhere"))
    with pytest.raises(RecipeError, match="H110: there is no folder nowhere") as error:
        check_vocab_consistency(params, None, None, None, context)
    assert error.value.field == "checkpoint.path"
    with pytest.raises(RecipeError, match="T123"):
        check_vocab_consistency(CheckVocabConsistency(), None, None, None, context)


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
