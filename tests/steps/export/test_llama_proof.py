"""The proof in llama.cpp: it accepts what is right, and sees what is wrong."""

import json
from pathlib import Path

import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("torch")

from schemas import RecipeError
from steps.export.gguf import write_gguf
from steps.export.proof import SEQUENCE, _longest, paragraphs, positions_for, prove
from steps.export.tokenizer_kinds import SPLITS
from steps.export.vocabulary import GgufVocabulary, read_vocabulary
from steps.text.tokenizers import open_tokenizer
from tests.steps.export import small_models

HARD = [  # what the splits tell apart: contractions, numbers, runs of spaces and breaks, marks in text, letters beyond Latin
    "I'M sure they'll say it's WE'VE'd don't 'Tis", "1234567 12,5 %100 2026'da ½ ٣٤٥ x²", "a  b   c\n\n  d\r\n\te \u00a0f  \n",
    "İstanbul'da ığdır, ŞEKER şöyle: «çığlık»…", "<|im_start|>user\nhi<|im_end|> <tool_call> <|endoftext|>", "x = {'a': [1,2]}  # ok!!\n\n",
    "Ελληνικά русский 日本語 한국어 हिन्दी 👩‍👩‍👧 e\u0301tude",
]  # fmt: skip


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Stories."""
    return small_models.stories(Path(__file__).parents[3] / "data" / "stories")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Path:
    """A folder with two tokenizers."""
    folder = tmp_path_factory.mktemp("proof")
    small_models.tokenizer(folder / "bpe", texts)
    small_models.tokenizer(folder / "unigram", texts, "unigram")
    return folder


def proved(
    place: Path, family: str, kind: str, texts: list[str], vocabulary: GgufVocabulary | None = None, model: str = "", rows: int = 500
) -> object:
    """Export a checkpoint and ask llama.cpp. model: another family member whose weights torch sees."""
    made = small_models.checkpoint(place / f"{family}-{kind}", family, place / kind, rows=rows)
    opened = open_tokenizer(place / kind)
    file = place / "x.gguf"
    write_gguf(
        made.path, file, name="x", quantization="f32", vocabulary=vocabulary or read_vocabulary(place / kind, opened), context_length=128
    )
    found = prove(file, Path(model) if model else made.path, opened, texts, quantization="f32", parameters=4 * 10**7)
    return found.state, found.paragraphs, found.equal_ids, found.positions, (found.same_top1 or 0) >= 0.99


@pytest.mark.parametrize(("family", "kind"), [("mamba", "bpe"), ("mamba2", "unigram"), ("llama", "bpe"), ("gpt2", "unigram")])
def test_each_family_is_the_model_in_llama_cpp(place: Path, texts: list[str], family: str, kind: str) -> None:
    """Equal ids for 200 paragraphs and the same likeliest token as torch."""
    drawn = paragraphs([small_models.corpus(place / "corpus", texts)], seed=1)
    assert proved(place, family, kind, drawn) == ("proved in llama.cpp", 200, 200, 256, True)


def test_marks_of_conversations_are_tokens_for_both(place: Path, texts: list[str]) -> None:
    """Given as user symbols each is one token; llama.cpp takes <|end|> for a control token by its name, and so for text in a text."""
    from steps.text.chat import MARKS, render

    small_models.tokenizer(place / "marks", texts, user_defined_symbols=list(MARKS))
    talks = [render([{"role": "user", "content": text[:40]}, {"role": "assistant", "content": text[40:200]}]).text for text in texts[:20]]
    assert proved(place, "llama", "marks", [*talks, *texts[:10]]) == ("proved in llama.cpp", 30, 30, 256, True)


def test_byte_level_bpe_is_exact_too(place: Path, texts: list[str], tmp_path: Path) -> None:
    """As our own step trains it, with a language mark before each text."""
    from steps.train_tokenizer import TrainTokenizer, train_tokenizer
    from tests.conftest import FakeContext

    marked = [f"<tr>{text}" for text in texts]
    params = TrainTokenizer(model="byte_bpe", vocab_size=500, user_symbols=["<tr>"])
    corpus = small_models.corpus(tmp_path / "corpus", marked)
    made = train_tokenizer(params, [corpus], FakeContext(tmp_path))
    made.path.rename(place / "byte")
    found = proved(place, "llama", "byte", paragraphs([corpus], seed=1))
    assert found == ("proved in llama.cpp", 200, 200, 256, True)


@pytest.fixture(scope="module")
def qwen(place: Path, texts: list[str]) -> Path:
    """Qwen2's kind of tokenizer."""
    return small_models.byte_level(place / "qwen", texts, SPLITS[1].regex)


@pytest.mark.parametrize("tied", [True, False])
def test_qwen2_is_the_model_in_llama_cpp(place: Path, qwen: Path, texts: list[str], tied: bool) -> None:
    """Composed text, added marks, rows beyond the pieces, biases and a rotation of its own; with its own head and without."""
    from gguf import GGUFReader

    made = small_models.qwen2(place / f"qwen2-{tied}", qwen, tied=tied)
    opened = open_tokenizer(made.path)
    file = place / "qwen2.gguf"
    vocabulary = read_vocabulary(made.path, opened).padded(640)
    write_gguf(made.path, file, name="x", quantization="f32", vocabulary=vocabulary, context_length=128)
    drawn = paragraphs([small_models.corpus(place / "corpus", texts)], seed=1) + [text for text in HARD if "\u0301" not in text]
    found = prove(file, made.path, opened, drawn, quantization="f32", parameters=2 * 10**7)
    assert (found.state, found.equal_ids, found.positions) == ("proved in llama.cpp", len(drawn), 500)
    assert found.same_top1 is not None
    assert found.same_top1 >= 0.99
    fields = GGUFReader(file).fields
    read = {name.removeprefix("tokenizer.ggml."): field.contents() for name, field in fields.items() if name.startswith("tokenizer.ggml.")}
    assert (read["model"], read["pre"], read["add_bos_token"], fields["general.architecture"].contents()) == (
        "gpt2",
        "qwen2",
        False,
        "qwen2",
    )
    assert [read[f"{name}_token_id"] for name in ("bos", "eos", "padding")] == [600, 602, 600]
    assert read["tokens"][599:606] == [
        read["tokens"][599],
        "<|endoftext|>",
        "<|im_start|>",
        "<|im_end|>",
        "<tool_call>",
        "[PAD604]",
        "[PAD605]",
    ]
    assert (read["token_type"][599:606], len(read["tokens"])) == ([1, 3, 3, 3, 4, 5, 5], 640)


def test_a_lost_bias_is_seen(place: Path, qwen: Path, texts: list[str]) -> None:
    """The biases of q, k and v count: a file without them is another model."""
    from safetensors.numpy import load_file, save_file

    made = small_models.qwen2(place / "qwen2-bias", qwen)
    opened = open_tokenizer(made.path)
    write_gguf(
        made.path, place / "b.gguf", name="x", quantization="f32", vocabulary=read_vocabulary(made.path, opened).padded(640),
        context_length=128,
    )  # fmt: skip
    weights = {n: w * 0 if n.endswith("q_proj.bias") else w for n, w in load_file(made.path / "model.safetensors").items()}
    save_file(weights, made.path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RecipeError, match=r"E009: llama.cpp foresees another token than torch"):
        prove(place / "b.gguf", made.path, opened, texts[:20], quantization="f32", parameters=4 * 10**7)


def test_text_that_is_not_composed_is_seen(place: Path, qwen: Path, texts: list[str]) -> None:
    """Qwen's tokenizer composes letters, llama.cpp does not: the fix is said."""
    made = small_models.qwen2(place / "qwen2-nfc", qwen)
    opened = open_tokenizer(made.path)
    vocabulary = read_vocabulary(made.path, opened).padded(640)
    write_gguf(made.path, place / "n.gguf", name="x", quantization="f32", vocabulary=vocabulary, context_length=128)
    with pytest.raises(RecipeError, match="E008") as error:
        prove(place / "n.gguf", made.path, opened, [texts[0], HARD[-1]], quantization="f32", parameters=4 * 10**7)
    assert "nfc: true in parse_corpus" in (error.value.fix or "")


def test_the_split_of_llama_3_is_exact_too(place: Path, texts: list[str]) -> None:
    """Numbers by three, and whole words before merges."""
    folder = small_models.byte_level(place / "llama3", texts, SPLITS[2].regex, nfc=False, ignore_merges=True)
    drawn = texts[:100] + HARD
    assert proved(place, "llama", "llama3", drawn, rows=604) == ("proved in llama.cpp", len(drawn), len(drawn), 256, True)
    assert read_vocabulary(folder, open_tokenizer(folder)).pre == "llama-bpe"


def test_a_swapped_piece_is_seen(place: Path, texts: list[str]) -> None:
    """Two pieces under each other's ids: the ids differ and the export is an error."""
    vocabulary = read_vocabulary(place / "bpe", open_tokenizer(place / "bpe"))
    pieces = vocabulary.pieces
    pieces[300], pieces[301] = pieces[301], pieces[300]
    with pytest.raises(RecipeError, match=r"E008: llama.cpp gives other ids than the tokenizer"):
        proved(place, "llama", "bpe", texts[:40], vocabulary)


def test_other_weights_are_seen(place: Path, texts: list[str]) -> None:
    """A file made of one model is no proof of another."""
    from safetensors.numpy import load_file, save_file

    other = small_models.checkpoint(place / "other", "llama", place / "bpe")
    weights = load_file(other.path / "model.safetensors")
    weights["model.layers.1.mlp.down_proj.weight"] *= -1
    save_file(weights, other.path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RecipeError, match=r"E009: llama.cpp foresees another token than torch"):
        proved(place, "llama", "bpe", texts[:20], model=str(other.path))


def test_a_crash_of_llama_cpp_is_an_error_and_not_our_end(place: Path, texts: list[str]) -> None:
    """A bpe vocabulary whose byte pieces are gone makes llama.cpp stop its process."""
    vocabulary = read_vocabulary(place / "bpe", open_tokenizer(place / "bpe"))
    vocabulary.pieces = [b"?" + piece if piece.startswith(b"<0x") else piece for piece in vocabulary.pieces]
    vocabulary.types = [1 if kind == 6 else kind for kind in vocabulary.types]
    with pytest.raises(RecipeError, match=r"E007: llama.cpp does not read the file"):
        proved(place, "llama", "bpe", texts[:20], vocabulary)


def test_paragraphs_are_drawn_by_seed(place: Path, texts: list[str]) -> None:
    """The same seed gives the same 200, another one others."""
    corpus = small_models.corpus(place / "corpus", texts)
    first, again, other = paragraphs([corpus], 1), paragraphs([corpus], 1), paragraphs([corpus], 2)
    assert first == again
    assert first != other
    assert len(set(first)) == 200


def test_large_models_are_compared_on_fewer_positions() -> None:
    """The proof takes seconds whatever the size."""
    assert [positions_for(n) for n in (10**6, 2 * 10**7, 10**9)] == [1024, 500, 256]


@pytest.mark.parametrize(("config", "longest"), [({"max_position_embeddings": 64}, 63), ({"n_positions": 40}, 39), ({}, SEQUENCE)])
def test_a_model_of_few_positions_is_asked_for_fewer(config, longest, tmp_path):
    """llama.cpp wants room for the token after the last: a prompt as long as the context is refused."""
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert _longest(tmp_path) == longest


def test_a_model_that_was_tuned_on_short_rows_is_asked_for_fewer(tmp_path):
    """The file names their length as its context, whatever the base has."""
    (tmp_path / "config.json").write_text('{"max_position_embeddings": 2048}')
    assert [_longest(tmp_path, served) for served in (48, 64, 512)] == [47, 63, 64]


def test_the_cause_is_said_and_not_that_it_gave_up():
    """Of llama.cpp's lines the one that names the error; without such a one the last three."""
    from steps.export.proof import _cause

    lines = [
        "0.1 I load: x",
        "0.2 E llama_model_load: error loading model: cannot find tokenizer merges",
        "0.3 E failed to load",
        "exiting",
    ]
    assert _cause("\n".join(lines)) == "cannot find tokenizer merges"
    assert _cause("a\nb\n\nc\nd\n") == "b / c / d"
