"""The GGUF writer: what stands in the file, and that it is the same file each time."""

import json
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


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("use_sliding_window", True, "a sliding window"),
        ("layer_types", ["full_attention", "sliding_attention"], "a sliding window"),
        ("rope_scaling", {"rope_type": "longrope", "factor": 4.0}, "rotary scaling 'longrope'"),
        ("rope_scaling", {"rope_type": "yarn", "factor": 4.0, "beta_fast": 16}, "beta_fast in its rotary scaling"),
        ("partial_rotary_factor", 0.5, "rotation of a part of each head"),
        ("hidden_act", "gelu", "the activation 'gelu'"),
    ],
)
def test_what_qwen2s_file_could_not_say_is_refused(key: str, value: object, why: str) -> None:
    """Rather an error than a file that answers otherwise on long texts."""
    config = {
        "model_type": "qwen2", "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64, "num_hidden_layers": 2,
        "intermediate_size": 160, "rms_norm_eps": 1e-6, "rope_theta": 1e6,
    }  # fmt: skip
    assert metadata(config, 128)["rope.freq_base"] == 1e6
    with pytest.raises(RecipeError, match=f"E004: a qwen2 with {why}"):
        metadata({**config, key: value}, 128)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"model_type": "mistral", "sliding_window": 64}, "a mistral with a sliding window of 64 positions, shorter than its rows"),
        ({"model_type": "gemma2", "query_pre_attn_scalar": 24}, "a gemma2 with query_pre_attn_scalar 24, where llama.cpp takes 16"),
        ({"model_type": "gemma2", "final_logit_softcapping": None}, "a gemma2 with no caps on its logits"),
        ({"model_type": "gemma2", "layer_types": ["full_attention"] * 2}, "a gemma2 with windows in other layers than llama.cpp knows"),
        ({"model_type": "gemma3_text", "sliding_window_pattern": 4}, "a gemma3_text with windows in other layers"),
        ({"model_type": "gemma3_text"}, "a gemma3_text with caps on its logits"),
        ({"model_type": "gemma2", "hidden_activation": "relu"}, "a gemma2 with the activation 'relu'"),
        ({"model_type": "gemma2", "rope_parameters": {"rope_type": "llama3"}}, "a gemma2 with rotary scaling 'llama3'"),
    ],
)
def test_what_llama_cpp_does_by_itself_must_be_so(changed: dict[str, object], why: str) -> None:
    """Windows, scales and caps that no key says."""
    config: dict[str, object] = {
        "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 160,
        "rms_norm_eps": 1e-6, "sliding_window": 4096, "query_pre_attn_scalar": 16, "hidden_activation": None,
        "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "hidden_act": None,
    }  # fmt: skip
    sound = {**config, "model_type": changed["model_type"]}
    if changed["model_type"] != "gemma3_text":
        assert metadata(sound, 128)["block_count"] == 2
    with pytest.raises(RecipeError, match=f"E004: {why}"):
        metadata({**sound, **changed}, 128)
