"""The GGUF writer: what stands in the file, and that it is the same file each time."""

import json
import re
from pathlib import Path

import pytest

gguf = pytest.importorskip("gguf")
pytest.importorskip("torch")

from schemas import RecipeError  # noqa: E402
from steps.export.architectures import metadata  # noqa: E402
from steps.export.gguf import stored_as, write_gguf  # noqa: E402
from steps.export.vocabulary import GgufVocabulary, read_vocabulary  # noqa: E402
from steps.sizing.budget import export_bytes  # noqa: E402
from steps.text.tokenizers import open_tokenizer  # noqa: E402
from tests.steps.export import small_models  # noqa: E402


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tokenizer and a checkpoint of each family."""
    folder = tmp_path_factory.mktemp("gguf")
    texts = small_models.stories(Path(__file__).parents[3] / "data" / "stories")
    small_models.tokenizer(folder / "bpe", texts)
    for family in small_models.SIZES:
        small_models.checkpoint(folder / family, family, folder / "bpe", rows=512 if family == "mamba" else 500)
    return folder


def write(place: Path, family: str, quantization: str = "f32", name: str = "x.gguf") -> Path:
    vocabulary = read_vocabulary(place / "bpe", open_tokenizer(place / "bpe"))
    rows = json.loads((place / family / "config.json").read_text())["vocab_size"]
    write_gguf(place / family, place / name, name="x", quantization=quantization, vocabulary=vocabulary.padded(rows), context_length=128)
    return place / name


@pytest.mark.parametrize("family", list(small_models.SIZES))
def test_the_same_checkpoint_gives_the_same_bytes(place: Path, family: str) -> None:
    """No date, no path, no order of a dict in the file."""
    assert write(place, family).read_bytes() == write(place, family, name="y.gguf").read_bytes()


def test_a_padded_embedding_gets_unused_pieces(place: Path) -> None:
    """500 pieces and an embedding of 512 rows: llama.cpp wants a piece for each row."""
    reader = gguf.GGUFReader(write(place, "mamba"))
    types = reader.get_field("tokenizer.ggml.token_type").contents()
    assert (len(types), types[500:]) == (512, [5] * 12)


def test_special_ids_and_switches_stand_in_the_file(place: Path) -> None:
    """bos is added, eos is not, and spaces are left as they are."""
    reader = gguf.GGUFReader(write(place, "llama"))
    keys = ("bos_token_id", "eos_token_id", "unknown_token_id", "padding_token_id", "add_bos_token", "add_eos_token", "add_space_prefix")
    assert [reader.get_field(f"tokenizer.ggml.{key}").contents() for key in keys] == [2, 3, 1, 0, True, False, False]


@pytest.mark.parametrize("quantization", ["f32", "f16", "q8_0", "q4_0"])
def test_the_forecast_of_the_size_is_near(place: Path, quantization: str) -> None:
    """A file of a known size: at most a twelfth off, of a file that is nearly all vocabulary."""
    from schemas import Checkpoint

    model = Checkpoint.load(place / "llama").model
    assert write(place, "llama", quantization).stat().st_size == pytest.approx(export_bytes(model, quantization), rel=0.08)


def test_small_and_odd_tensors_stay_in_f32() -> None:
    """Vectors, a Mamba's small matrices, and rows that fill no block."""
    shapes = {"output_norm.weight": (64,), "blk.0.ssm_conv1d.weight": (128, 4), "blk.0.ssm_a": (128, 16), "blk.0.ssm_in.weight": (99, 33)}
    assert {name: stored_as(name, shape, "q8_0") for name, shape in shapes.items()} == dict.fromkeys(shapes, "f32")
    assert stored_as("blk.0.ssm_in.weight", (256, 64), "q4_0") == "q4_0"
    assert stored_as("token_embd.weight", (500, 64), "q4_0") == "q8_0"


def test_an_unknown_tensor_is_an_error_and_leaves_no_file(place: Path, tmp_path: Path) -> None:
    """A tensor that llama.cpp has no place for is never left out in silence."""
    from safetensors.numpy import load_file, save_file

    for name in ("config.json", "tokenizer.model"):
        (tmp_path / name).write_bytes((place / "llama" / name).read_bytes())
    weights = load_file(place / "llama" / "model.safetensors")
    save_file({**weights, "model.layers.0.extra.weight": weights["model.norm.weight"]}, tmp_path / "model.safetensors")
    vocabulary = GgufVocabulary("llama", [b"a"], [1])
    with pytest.raises(RecipeError, match=r"E004: llama.cpp's llama has no place for the tensor model.layers.0.extra.weight"):
        write_gguf(tmp_path, tmp_path / "x.gguf", name="x", quantization="f32", vocabulary=vocabulary, context_length=8)
    assert not list(tmp_path.glob("x.gguf*"))


def test_a_cut_safetensors_is_an_error(place: Path, tmp_path: Path) -> None:
    """Half a file is not exported."""
    whole = (place / "llama" / "model.safetensors").read_bytes()
    (tmp_path / "config.json").write_bytes((place / "llama" / "config.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cut short"):
        write_gguf(
            tmp_path, tmp_path / "x.gguf", name="x", quantization="f32", vocabulary=GgufVocabulary("llama", [], []), context_length=8
        )


PLAIN = {
    "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 160,
    "rms_norm_eps": 1e-6, "rope_theta": 1e6,
}  # fmt: skip
CAPPED = {"head_dim": 32, "query_pre_attn_scalar": 32}


@pytest.mark.parametrize(
    ("kind", "more", "why"),
    [
        ("qwen2", {"rope_scaling": {"rope_type": "dynamic", "factor": 4.0}}, "rotary scaling 'dynamic'"),
        ("qwen2", {"rope_scaling": {"type": "longrope", "factor": 4.0}}, "rotary scaling 'longrope'"),
        ("phi3", {"rope_scaling": {"type": "yarn", "factor": 4.0}}, "rotary scaling 'yarn'"),
        (
            "qwen3",
            {"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "beta_fast": 16, "original_max_position_embeddings": 64}},
            "rotary scaling 'yarn' beyond its factor",
        ),
        ("qwen2", {"hidden_act": "gelu"}, "the activation 'gelu'"),
        ("qwen2", {"head_dim": 32}, "4 heads of 32 in a width of 64"),
        ("qwen3", {"attention_bias": True}, "biases in its attention"),
        ("llama", {"partial_rotary_factor": 0.5}, "rotation of a part of each head"),
        ("gemma", {"hidden_act": "gelu"}, "the activation 'gelu'"),
        ("gemma", {"tie_word_embeddings": False}, "a head of its own"),
        ("gemma2", {**CAPPED, "final_logit_softcapping": None}, "final_logit_softcapping: None"),
        ("gemma2", {**CAPPED, "query_pre_attn_scalar": 24}, "query_pre_attn_scalar: 24, where llama.cpp takes 32,"),
        ("gemma2", {**CAPPED, "layer_types": ["full_attention"] * 2}, "sliding windows in another pattern"),
        ("gemma3_text", {**CAPPED, "sliding_window_pattern": 2}, "sliding windows in another pattern"),
        ("gemma3_text", {**CAPPED, "rope_local_base_freq": 5000.0}, "another rotation in its windows"),
        ("gemma3_text", {**CAPPED, "use_bidirectional_attention": True}, "attention in both directions"),
    ],
)
def test_what_a_file_could_not_say_is_refused(kind: str, more: dict[str, object], why: str) -> None:
    """Rather an error than a file that answers otherwise."""
    fine = CAPPED if kind in ("gemma2", "gemma3_text") else {}
    assert metadata({"model_type": kind, **PLAIN, **fine}, 128)["rope.freq_base"] == 1e6
    with pytest.raises(RecipeError, match=re.escape(f"E004: a {kind} with {why}")):
        metadata({"model_type": kind, **PLAIN, **more}, 128)


@pytest.mark.parametrize(
    ("kind", "more", "limit"),
    [
        ("mistral", {"sliding_window": 4096}, 4096),
        ("mistral", {}, 4096),
        ("mistral", {"sliding_window": None}, 0),
        ("phi3", {"sliding_window": 2047}, 2047),
        ("phi3", {"sliding_window": 262144, "max_position_embeddings": 131072, "original_max_position_embeddings": 4096,
                  "rope_scaling": {"type": "longrope", "short_factor": [1.0] * 8, "long_factor": [2.0] * 8}}, 4096),
        ("qwen2", {"use_sliding_window": False, "sliding_window": 64}, 0),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 64}, 0),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 64, "max_window_layers": 1}, 64),
        ("qwen2", {"layer_types": ["full_attention", "sliding_attention"], "sliding_window": 64}, 64),
        ("gemma2", {**CAPPED, "sliding_window": 64}, 0),
    ],
)  # fmt: skip
def test_a_window_is_no_matter_to_shorter_texts(kind: str, more: dict[str, object], limit: int) -> None:
    """llama.cpp has no windows in these families: up to their length nothing differs. A Gemma's it has."""
    config = {"model_type": kind, **PLAIN, **more}
    assert metadata(config, limit or 10**6)["context_length"] == (limit or 10**6)
    if limit:
        with pytest.raises(RecipeError, match=rf"E004: a {kind} with .* can be exported for texts of {limit:,} tokens, this is"):
            metadata(config, limit + 1)
