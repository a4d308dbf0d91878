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


def _both(*names: str) -> list[str]:
    """Bases and what was made of them by instructions."""
    return [name + tail for name in names for tail in ("", "-Instruct")]


LIKE = {  # a model in KNOWN, and others of the same sizes: bases, forerunners, copies, those that were trained further
    "openai-community/gpt2": ["gpt2"],
    "openai-community/gpt2-xl": ["gpt2-xl"],
    **{f"HuggingFaceTB/SmolLM2-{size}-Instruct": [f"HuggingFaceTB/SmolLM2-{size}", *_both(f"HuggingFaceTB/SmolLM-{size}")]
       for size in ("135M", "360M", "1.7B")},
    "TinyLlama/TinyLlama-1.1B-Chat-v1.0": ["TinyLlama/TinyLlama-1.1B-intermediate-step-1431k-3T"],
    **{f"meta-llama/Llama-3.2-{size}-Instruct": [f"meta-llama/Llama-3.2-{size}", *_both(f"unsloth/Llama-3.2-{size}")]
       for size in ("1B", "3B")},
    "meta-llama/Llama-3.1-8B-Instruct": [
        "meta-llama/Llama-3.1-8B", *_both("meta-llama/Meta-Llama-3-8B", "meta-llama/Meta-Llama-3.1-8B", "unsloth/llama-3-8b",
        "unsloth/Meta-Llama-3.1-8B", "NousResearch/Meta-Llama-3-8B", "NousResearch/Meta-Llama-3.1-8B"),
        "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
    ],
    "meta-llama/Llama-3.1-70B-Instruct": [
        "meta-llama/Llama-3.1-70B", *_both("meta-llama/Meta-Llama-3-70B", "meta-llama/Meta-Llama-3.1-70B"),
        "meta-llama/Llama-3.3-70B-Instruct", "deepseek-ai/DeepSeek-R1-Distill-Llama-70B",
    ],
    **{f"Qwen/Qwen2.5-{size}-Instruct": [f"Qwen/Qwen2.5-{size}", *_both(f"Qwen/Qwen2.5-Coder-{size}")]
       for size in ("0.5B", "3B", "14B", "32B")},
    "Qwen/Qwen2.5-1.5B-Instruct": ["Qwen/Qwen2.5-1.5B", *_both("Qwen/Qwen2.5-Coder-1.5B", "Qwen/Qwen2.5-Math-1.5B", "Qwen/Qwen2-1.5B")],
    "Qwen/Qwen2.5-7B-Instruct": [
        "Qwen/Qwen2.5-7B", *_both("Qwen/Qwen2.5-Coder-7B", "Qwen/Qwen2.5-Math-7B", "Qwen/Qwen2-7B"),
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    ],
    "Qwen/Qwen2.5-72B-Instruct": ["Qwen/Qwen2.5-72B"],
    "microsoft/Phi-3.5-mini-instruct": ["microsoft/Phi-3-mini-4k-instruct", "microsoft/Phi-3-mini-128k-instruct"],
    "mistralai/Mistral-7B-Instruct-v0.3": ["mistralai/Mistral-7B-v0.3"],
    "mistralai/Mistral-Nemo-Instruct-2407": ["mistralai/Mistral-Nemo-Base-2407"],
}  # fmt: skip
BESIDE = (  # of sizes that no model in KNOWN has, and that `recipe info` does not list
    _gpt2("openai-community/gpt2-medium", 1024, 24, 16),
    _gpt2("openai-community/gpt2-large", 1280, 36, 20),
    _gpt2("distilbert/distilgpt2", 768, 6, 12),
    *(_gated(f"mistralai/Mistral-7B-{name}", "apache-2.0", "mistral", 4096, 32, 32, 8, 14336, 32000)
      for name in ("v0.1", "Instruct-v0.1", "Instruct-v0.2")),
    _gated("HuggingFaceH4/zephyr-7b-beta", "mit", "mistral", 4096, 32, 32, 8, 14336, 32000),
    *(_gated(f"meta-llama/Llama-2-7b{name}", "llama2", "llama", 4096, 32, 32, 32, 11008, 32000) for name in ("-hf", "-chat-hf")),
    *(_gated(f"meta-llama/Llama-2-13b{name}", "llama2", "llama", 5120, 40, 40, 40, 13824, 32000) for name in ("-hf", "-chat-hf")),
    *(_gated(f"meta-llama/Llama-2-70b{name}", "llama2", "llama", 8192, 80, 64, 8, 28672, 32000) for name in ("-hf", "-chat-hf")),
    _gated("microsoft/phi-4", "mit", "phi3", 5120, 40, 40, 10, 17920, 100352),
    _gated("Qwen/Qwen3-0.6B", "apache-2.0", "qwen3", 1024, 28, 16, 8, 3072, 151936, tied=True, head_dim=128),
    _gated("Qwen/Qwen3-1.7B", "apache-2.0", "qwen3", 2048, 28, 16, 8, 6144, 151936, tied=True, head_dim=128),
    _gated("Qwen/Qwen3-4B", "apache-2.0", "qwen3", 2560, 36, 32, 8, 9728, 151936, tied=True, head_dim=128),
    _gated("Qwen/Qwen3-8B", "apache-2.0", "qwen3", 4096, 36, 32, 8, 12288, 151936, head_dim=128),
    _gated("Qwen/Qwen3-14B", "apache-2.0", "qwen3", 5120, 40, 40, 8, 17408, 151936, head_dim=128),
    *(_gated(f"google/gemma-2-2b{tail}", "gemma", "gemma2", 2304, 26, 8, 4, 9216, 256000, tied=True, head_dim=256) for tail in ("", "-it")),
    *(_gated(f"google/gemma-2-9b{tail}", "gemma", "gemma2", 3584, 42, 16, 8, 14336, 256000, tied=True, head_dim=256)
      for tail in ("", "-it")),
)  # fmt: skip


def config_of(name: str) -> dict[str, Any] | None:
    """What is known of a hub model's config.json; None for a name that is not here."""
    name = next((model for model, others in LIKE.items() if name in others), name)
    return next((each.config for each in (*KNOWN, *BESIDE) if each.name == name), None)
