"""Each base that is exported, as transformers builds it, small and with every weight off its starting value: the same in llama.cpp."""

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("torch")

from schemas import RecipeError
from steps.export import gguf
from steps.export.gguf import write_gguf
from steps.export.proof import prove
from steps.export.tokenizer_kinds import SPLITS
from steps.export.vocabulary import read_vocabulary
from steps.text.tokenizers import open_tokenizer
from tests.steps.export import small_models

LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
LINEAR = {"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0}
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 64}
LONGROPE = {
    "rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1 + number / 5 for number in range(8)],
    "long_factor": [3.0] * 8, "original_max_position_embeddings": 256,
}  # fmt: skip
HALF = {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}
GEMMA = {"head_dim": 32, "query_pre_attn_scalar": 32, "sliding_window": 16}
BY_LAYER = {"full_attention": LINEAR, "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}
BASES: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", {}),
    "llama 3.1": ("llama", {"rope_parameters": LLAMA3}),
    "llama linear": ("llama", {"rope_parameters": LINEAR}),
    "llama yarn": ("llama", {"rope_parameters": YARN}),
    "llama wide heads": ("llama", {"head_dim": 32}),
    "llama narrow heads": ("llama", {"head_dim": 8, "rope_parameters": LLAMA3}),
    "llama biases": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "mistral": ("mistral", {"sliding_window": None, "head_dim": 32}),
    "mistral short": ("mistral", {"sliding_window": 128}),
    "qwen2 yarn": ("qwen2", {"rope_parameters": YARN}),
    "qwen3": ("qwen3", {"head_dim": 32}),
    "qwen3 tied": ("qwen3", {"head_dim": 16, "tie_word_embeddings": True}),
    "qwen3 yarn": ("qwen3", {"head_dim": 32, "rope_parameters": YARN}),
    "gemma": ("gemma", {"head_dim": 32}),
    "gemma one key": ("gemma", {"head_dim": 32, "num_key_value_heads": 1}),
    "gemma2": ("gemma2", {**GEMMA, "num_hidden_layers": 4, "attn_logit_softcapping": 0.5, "final_logit_softcapping": 2.0}),
    "gemma3": ("gemma3_text", {**GEMMA, "num_hidden_layers": 7}),
    "gemma3 linear": ("gemma3_text", {**GEMMA, "num_hidden_layers": 7, "rope_parameters": BY_LAYER}),
    "phi3": ("phi3", {"sliding_window": 128}),
    "phi3 half rotated": ("phi3", {"rope_parameters": HALF, "tie_word_embeddings": True}),
    "phi3 longrope": ("phi3", {"rope_parameters": LONGROPE, "max_position_embeddings": 1024, "original_max_position_embeddings": 256}),
}


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Stories."""
    return small_models.stories(Path(__file__).parents[3] / "data" / "stories")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Path:
    """A folder with a tokenizer of Qwen's kind."""
    folder = tmp_path_factory.mktemp("families")
    small_models.byte_level(folder / "tok", texts, SPLITS[1].regex)
    return folder


def export(place: Path, name: str, kind: str, config: dict[str, Any]) -> Path:
    """The folder of a base and beside it `x.gguf`."""
    made = small_models.base(place / name, place / "tok", kind, config)
    vocabulary = read_vocabulary(made.path, open_tokenizer(made.path)).padded(640)
    write_gguf(made.path, made.path / "x.gguf", name="x", quantization="f32", vocabulary=vocabulary, context_length=128)
    return made.path


def proved(folder: Path, texts: list[str]) -> tuple[str, int, float]:
    """What the proof says: state, positions and the share of equal tokens."""
    opened = open_tokenizer(folder)
    found = prove(folder / "x.gguf", folder, opened, texts[:20], quantization="f32", parameters=4 * 10**7)
    return found.state, found.positions, found.same_top1 or 0.0


@pytest.mark.parametrize("name", list(BASES))
def test_each_base_is_the_model_in_llama_cpp(place: Path, texts: list[str], name: str) -> None:
    """The same likeliest token as torch on 256 positions."""
    state, positions, same = proved(export(place, name, *BASES[name]), texts)
    assert (state, positions) == ("proved in llama.cpp", 256)
    assert same >= 0.99


@pytest.mark.parametrize("name", ["llama 3.1", "phi3 longrope"])
def test_lost_rotary_factors_are_seen(place: Path, texts: list[str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The factors count on such short texts: a file without them is another model."""
    monkeypatch.setattr(gguf, "added_tensors", lambda config: {})
    with pytest.raises(RecipeError, match="E009"):
        proved(export(place, f"{name} lost", *BASES[name]), texts)


@pytest.mark.parametrize(
    ("name", "key"), [("qwen2 yarn", "rope.scaling.factor"), ("llama linear", "rope.scaling.factor"), ("qwen3", "rope.freq_base")]
)
def test_a_lost_key_of_the_rotation_is_seen(place: Path, texts: list[str], name: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each key counts."""
    real = gguf.metadata
    wrong = {"rope.scaling.factor": 1.0, "rope.freq_base": 100.0}
    monkeypatch.setattr(gguf, "metadata", lambda config, context: {**real(config, context), key: wrong[key]})
    with pytest.raises(RecipeError, match="E009"):
        proved(export(place, f"{name} lost", *BASES[name]), texts)


def test_a_lost_norm_of_qwen3_is_seen(place: Path, texts: list[str]) -> None:
    """The norms of q and k count."""
    from safetensors.numpy import load_file, save_file

    folder = export(place, "qwen3 lost norm", *BASES["qwen3"])
    weights = {n: w * 0 + 1 if n.endswith("q_norm.weight") else w for n, w in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RecipeError, match="E009"):
        proved(folder, texts)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("gemma2", "attn_logit_softcapping", 50.0),
        ("gemma2", "attention.sliding_window", 64),
        ("gemma3", "attention.sliding_window", 64),
        ("gemma3", "rope.freq_base", 10.0),
    ],
)
def test_a_lost_key_of_gemma_is_seen(
    place: Path, texts: list[str], name: str, key: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caps, windows and the base of the layers without one."""
    real = gguf.metadata
    monkeypatch.setattr(gguf, "metadata", lambda config, context: {**real(config, context), key: value})
    with pytest.raises(RecipeError, match="E009"):
        proved(export(place, f"{name} lost", *BASES[name]), texts)


def test_a_saved_base_has_the_rotation_of_its_page(place: Path) -> None:
    """What transformers 5 saves as rope_parameters, and what the hub has as rope_scaling, is the same in the file."""
    from steps.export.architectures import added_tensors, metadata

    folder = export(place, "llama pages", *BASES["llama 3.1"])
    saved = json.loads((folder / "config.json").read_text())
    rope = saved.pop("rope_parameters")
    hub = {**saved, "rope_theta": rope.pop("rope_theta"), "rope_scaling": rope}
    again = {**hub, "rope_parameters": {**rope, "rope_theta": 1e4}}
    assert metadata(hub, 128) == metadata(again, 128)
    assert added_tensors(hub) == added_tensors(again)


def test_the_factors_are_those_of_transformers(place: Path) -> None:
    """Each divides a frequency; llama.cpp keeps the plain ones in its head."""
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    from steps.export.architectures import added_tensors

    config = LlamaConfig(hidden_size=64, num_attention_heads=4, rope_parameters=LLAMA3)
    wanted, _ = ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")
    ours = added_tensors(config.to_dict())["rope_freqs.weight"]
    assert len(set(ours)) > 3
    assert [1e4 ** (-pair / 8) / each for pair, each in enumerate(ours)] == pytest.approx(wanted.tolist(), rel=1e-5)
