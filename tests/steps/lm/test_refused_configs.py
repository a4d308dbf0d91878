"""What is said of config.json without transformers, against transformers itself."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from schemas import RecipeError
from steps.lm.build import open_model
from steps.sizing.configs import refused
from steps.sizing.headers import DEFAULTS
from tests.steps.sizing.test_configs import LLAMA


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small llama."""
    from transformers import LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("llama")
    torch.manual_seed(0)
    config = LlamaConfig(**{key: value for key, value in LLAMA.items() if key not in ("model_type", "torch_dtype")})
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    "change",
    [
        {}, {"eos_token_id": "2"}, {"bos_token_id": [1]}, {"hidden_size": 64.0}, {"rms_norm_eps": "1e-5"}, {"rms_norm_eps": 1},
        {"use_cache": "no"}, {"tie_word_embeddings": None}, {"torch_dtype": "bf16"}, {"torch_dtype": "torch.float16"},
        {"torch_dtype": "auto"}, {"hidden_act": "swishy"}, {"hidden_act": "gelu_new"}, {"rope_theta": 0}, {"rope_theta": "10000"},
        {"pad_token_id": 300}, {"pad_token_id": -1}, {"pad_token_id": -301}, {"layer_types": ["full_attention"]},
        {"layer_types": ["full_attention", "half_attention"]}, {"layer_types": ["full_attention"] * 2}, {"id2label": {"a": "b"}},
        {"num_attention_heads": 0}, {"attention_dropout": "0.1"}, {"attention_dropout": 0}, {"eos_token_id": [2, 4]},
        {"rope_scaling": {"type": "yarn"}}, {"rope_scaling": {"type": "yarn", "factor": 2.0}}, {"rope_scaling": "yarn"},
        {"rope_scaling": {"type": "linear", "factor": "4"}}, {"rope_scaling": {"type": "linear", "factor": 4.0}},
        {"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, {"rope_scaling": {"rope_type": "zigzag", "factor": 2}},
        {"rope_scaling": {"type": "dynamic"}}, {"rope_scaling": {"factor": 2.0}}, {"rope_scaling": {"type": "linear", "factor": 0}},
        {"rope_scaling": {"type": "longrope", "short_factor": [1.0] * 3, "long_factor": [1.0] * 3}},
    ],
)  # fmt: skip
def test_what_is_refused_is_what_transformers_refuses(weights: Path, tmp_path: Path, change: dict[str, Any]):
    """By opening the model and computing once: an error, or numbers that are none, where and only where it is said before."""
    from transformers import AutoConfig, AutoModelForCausalLM

    config = {key: value for key, value in json.loads((weights / "config.json").read_text("utf-8")).items() if key != "dtype"}
    config |= {"torch_dtype": "float32", **change}
    if "rope_scaling" in change or "rope_theta" in change:
        config.pop("rope_parameters", None)
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    (tmp_path / "model.safetensors").symlink_to(weights / "model.safetensors")
    try:
        opened = AutoConfig.from_pretrained(tmp_path)
        network = AutoModelForCausalLM.from_pretrained(tmp_path, config=opened, dtype=torch.float32, attn_implementation="eager")
        sound = bool(torch.isfinite(network(torch.arange(9)[None]).logits).all())
    except Exception:  # noqa: BLE001 - whatever it is, it is none of ours
        sound = False
    assert (refused(config) is None) is sound
    if not sound:
        with pytest.raises(RecipeError) as error:
            open_model(tmp_path)
        assert error.value.code == "C046"


@pytest.mark.parametrize("kind", sorted(DEFAULTS))
def test_sizes_that_a_config_leaves_out(kind: str):
    """They are those of transformers."""
    from transformers import AutoConfig

    config = AutoConfig.for_model(kind).to_dict()
    for name, value in DEFAULTS[kind].items():
        assert value == config[name] or (value == "auto" and config[name] == -(-config["hidden_size"] // 16))


def test_the_kinds_of_models_are_those_of_transformers():
    """Read out of its text, as `recipe check` does."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    from runner.rules.configs import kinds

    found = kinds()
    assert found is not None
    assert found.known == CONFIG_MAPPING_NAMES.keys()
    assert found.causal == MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.keys()
