"""Public models by name, as far as their size matters: read off their config.json on huggingface.co. No weights, no network."""

from typing import Any, NamedTuple


class KnownModel(NamedTuple):
    """name: on the hub. licence: as its page has it. config: of its config.json what sizes need."""

    name: str
    licence: str
    config: dict[str, Any]


def _gated(name: str, licence: str, kind: str, d: int, layers: int, heads: int, kv: int, ff: int, vocabulary: int, *,
           tied: bool = False, head_dim: int | None = None) -> KnownModel:  # fmt: skip
    config: dict[str, Any] = {
        "model_type": kind, "hidden_size": d, "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv,
        "intermediate_size": ff, "vocab_size": vocabulary, "tie_word_embeddings": tied,
    }  # fmt: skip
    return KnownModel(name, licence, config | ({"head_dim": head_dim} if head_dim else {}))


def _mamba(name: str, d: int, layers: int) -> KnownModel:
    config = {"model_type": "mamba", "hidden_size": d, "num_hidden_layers": layers, "vocab_size": 50280, "tie_word_embeddings": True}
    return KnownModel(name, "apache-2.0", config)


def _gpt2(name: str, d: int, layers: int, heads: int) -> KnownModel:
    config = {"model_type": "gpt2", "n_embd": d, "n_layer": layers, "n_head": heads, "n_positions": 1024, "vocab_size": 50257}
    return KnownModel(name, "mit", config)


KNOWN = (
    _gpt2("openai-community/gpt2", 768, 12, 12),
    _mamba("state-spaces/mamba-130m-hf", 768, 24),
    _gated("HuggingFaceTB/SmolLM2-135M-Instruct", "apache-2.0", "llama", 576, 30, 9, 3, 1536, 49152, tied=True),
    _gated("HuggingFaceTB/SmolLM2-360M-Instruct", "apache-2.0", "llama", 960, 32, 15, 5, 2560, 49152, tied=True),
    _mamba("state-spaces/mamba-370m-hf", 1024, 48),
    _gated("Qwen/Qwen2.5-0.5B-Instruct", "apache-2.0", "qwen2", 896, 24, 14, 2, 4864, 151936, tied=True),
    _mamba("state-spaces/mamba-790m-hf", 1536, 48),
    _gated("TinyLlama/TinyLlama-1.1B-Chat-v1.0", "apache-2.0", "llama", 2048, 22, 32, 4, 5632, 32000),
    _gated("meta-llama/Llama-3.2-1B-Instruct", "llama3.2", "llama", 2048, 16, 32, 8, 8192, 128256, tied=True),
    _mamba("state-spaces/mamba-1.4b-hf", 2048, 48),
    _gated("Qwen/Qwen2.5-1.5B-Instruct", "apache-2.0", "qwen2", 1536, 28, 12, 2, 8960, 151936, tied=True),
    _gpt2("openai-community/gpt2-xl", 1600, 48, 25),
    _gated("HuggingFaceTB/SmolLM2-1.7B-Instruct", "apache-2.0", "llama", 2048, 24, 32, 32, 8192, 49152, tied=True),
    _mamba("state-spaces/mamba-2.8b-hf", 2560, 64),
    _gated("Qwen/Qwen2.5-3B-Instruct", "qwen-research", "qwen2", 2048, 36, 16, 2, 11008, 151936, tied=True),
    _gated("meta-llama/Llama-3.2-3B-Instruct", "llama3.2", "llama", 3072, 28, 24, 8, 8192, 128256, tied=True),
    _gated("microsoft/Phi-3.5-mini-instruct", "mit", "phi3", 3072, 32, 32, 32, 8192, 32064),
    _gated("mistralai/Mistral-7B-Instruct-v0.3", "apache-2.0", "mistral", 4096, 32, 32, 8, 14336, 32768),
    _gated("Qwen/Qwen2.5-7B-Instruct", "apache-2.0", "qwen2", 3584, 28, 28, 4, 18944, 152064),
    _gated("meta-llama/Llama-3.1-8B-Instruct", "llama3.1", "llama", 4096, 32, 32, 8, 14336, 128256),
    _gated("mistralai/Mistral-Nemo-Instruct-2407", "apache-2.0", "mistral", 5120, 40, 32, 8, 14336, 131072, head_dim=128),
    _gated("Qwen/Qwen2.5-14B-Instruct", "apache-2.0", "qwen2", 5120, 48, 40, 8, 13824, 152064),
    _gated("Qwen/Qwen2.5-32B-Instruct", "apache-2.0", "qwen2", 5120, 64, 40, 8, 27648, 152064),
    _gated("meta-llama/Llama-3.1-70B-Instruct", "llama3.1", "llama", 8192, 80, 64, 8, 28672, 128256),
    _gated("Qwen/Qwen2.5-72B-Instruct", "qwen", "qwen2", 8192, 80, 64, 8, 29568, 152064),
    _gated("mistralai/Mistral-Large-Instruct-2407", "mrl", "mistral", 12288, 88, 96, 8, 28672, 32768),
)
