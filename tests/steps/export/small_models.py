"""Small checkpoints with every weight off its starting value, and tokenizers trained on the stories: what the export tests export."""

import json
from pathlib import Path
from typing import Any

from schemas import Checkpoint, Corpus, ModelConfig
from steps.export.tokenizer_kinds import DIGITS

IDS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
SIZES: dict[str, dict[str, Any]] = {
    "mamba": {"d_state": 8},
    "mamba2": {"d_state": 16, "head_dim": 32},
    "llama": {"n_heads": 4, "n_kv_heads": 2},
    "gpt2": {"n_heads": 4},
}
KINDS: dict[str, dict[str, Any]] = {
    "bpe": {"model_type": "bpe", "byte_fallback": True},
    "unigram": {"model_type": "unigram", "byte_fallback": False},
    "unigram_bytes": {"model_type": "unigram", "byte_fallback": True},
}


def stories(folder: Path) -> list[str]:
    """The sample stories, Turkish and English in turn."""
    rows = [[json.loads(line)["text"] for line in (folder / name).open(encoding="utf-8")] for name in ("tr_a.jsonl", "en.jsonl")]
    return [text for pair in zip(*rows, strict=False) for text in pair]


def tokenizer(folder: Path, texts: list[str], kind: str = "bpe", **more: Any) -> Path:
    """A SentencePiece model of 500 pieces in `folder`, special ids as recipe has them."""
    import sentencepiece

    folder.mkdir(parents=True, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([p for text in texts for p in text.split("\n") if p]), model_prefix=str(folder / "tokenizer"),
        vocab_size=500, pad_id=0, unk_id=1, bos_id=2, eos_id=3, num_threads=1, minloglevel=2, character_coverage=1.0,
        **{"normalization_rule_name": "identity", "remove_extra_whitespaces": False, "add_dummy_prefix": False, **KINDS[kind], **more},
    )  # fmt: skip
    return folder


def checkpoint(folder: Path, family: str, tokenizer_folder: Path, *, rows: int = 500, **more: Any) -> Checkpoint:
    """A network of two layers, not trained but with no weight left at 0 or 1, so that a lost or swapped tensor shows."""
    from steps.lm.build import build

    model = ModelConfig(family=family, vocab_size=rows, d_model=64, n_layers=2, **SIZES[family])  # type: ignore[arg-type]
    network: Any = build(model, rows, IDS, 128, 1)
    return _saved(network, folder, tokenizer_folder, model, **more)


def qwen2(folder: Path, tokenizer_folder: Path, *, tied: bool = True, rows: int = 640, **more: Any) -> Checkpoint:
    """A Qwen2 as transformers builds it: biases on q, k and v, ids of bos and eos in its config, more rows than pieces."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=rows, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=256, rope_parameters={"rope_type": "default", "rope_theta": 1e6}, tie_word_embeddings=tied,
        bos_token_id=600, eos_token_id=602,
    )  # fmt: skip
    sizes = ModelConfig(family="llama", vocab_size=rows, d_model=64, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=160, tie_embeddings=tied)
    return _saved(Qwen2ForCausalLM(config), folder, tokenizer_folder, sizes, **more)


def rope(kind: str, **more: Any) -> dict[str, Any]:
    """A scaling that counts within the 64 positions that are compared."""
    return {"rope_parameters": {"rope_type": kind, "rope_theta": 1e4, "factor": 4.0, **more}}


OLD = {"original_max_position_embeddings": 32}
TRANSFORMERS: dict[str, tuple[str, dict[str, Any]]] = {  # what people fine-tune: transformers' name, and what is particular
    "llama 3.1": ("llama", rope("llama3", low_freq_factor=1.0, high_freq_factor=4.0, **OLD)),
    "llama, linear": ("llama", rope("linear")),
    "llama, wide heads": ("llama", {"head_dim": 32}),
    "llama, biases": ("llama", {"attention_bias": True, "mlp_bias": True}),
    "mistral": ("mistral", {"sliding_window": None}),
    "mistral, a window": ("mistral", {"sliding_window": 128}),
    "qwen2, yarn": ("qwen2", rope("yarn", **OLD)),
    "qwen3": ("qwen3", {"head_dim": 32}),
    "gemma": ("gemma", {"head_dim": 32}),
    "gemma2": ("gemma2", {"head_dim": 32, "query_pre_attn_scalar": 32, "sliding_window": 16, "num_hidden_layers": 4,
                          "attn_logit_softcapping": 1.0}),
    "gemma2, the largest": ("gemma2", {"head_dim": 32, "query_pre_attn_scalar": 16, "num_hidden_layers": 46}),
    "gemma3": ("gemma3_text", {"head_dim": 32, "query_pre_attn_scalar": 32, "sliding_window": 16, "num_hidden_layers": 7,
                               "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1e6},
                                                   "sliding_attention": {"rope_type": "default", "rope_theta": 1e4}}}),
    "phi3": ("phi3", {"partial_rotary_factor": 0.5, "sliding_window": 128}),
}  # fmt: skip


def transformer(folder: Path, tokenizer_folder: Path, kind: str) -> Checkpoint:
    """One of TRANSFORMERS, as transformers builds it."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(1)
    name, more = TRANSFORMERS[kind]
    sizes = {"vocab_size": 500, "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "max_position_embeddings": 256, **IDS, **more}  # fmt: skip
    config = AutoConfig.for_model(name, **sizes)
    tied = bool(config.tie_word_embeddings)
    model = ModelConfig(family="llama", vocab_size=500, d_model=64, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=160, tie_embeddings=tied)
    return _saved(AutoModelForCausalLM.from_config(config), folder, tokenizer_folder, model)


def _saved(network: Any, folder: Path, tokenizer_folder: Path, model: ModelConfig, **more: Any) -> Checkpoint:
    import shutil

    import torch

    from steps.lm.checkpoint import write_model

    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=draw) * (weight.abs().mean() + (0.5 if weight.ndim == 1 else 0.0))
            if model.family in ("llama", "gpt2") or name.endswith("embeddings.weight"):
                weight *= 5 if weight.ndim == 2 or name.endswith("_proj.bias") else 1  # so little that the layers would hardly count
    folder.mkdir(parents=True, exist_ok=True)
    write_model(network, folder, IDS)
    for file in tokenizer_folder.glob("tokenizer*"):
        if file.suffix in (".model", ".json"):
            shutil.copyfile(file, folder / file.name)
    rows = model.vocab_size or 0
    made = Checkpoint(model=model, parameters=model.parameters(128), vocab_size=rows, max_seq_length=128, **more)
    return made.save(folder)


def byte_level(folder: Path, texts: list[str], regex: str, *, nfc: bool = True, ignore_merges: bool = False, template: str = "") -> Path:
    """A byte-level bpe of 600 pieces split by `regex`, and four added: three control marks of ChatML and one plain, as in Qwen's."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    folder.mkdir(parents=True, exist_ok=True)
    made = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    made.normalizer = normalizers.NFC() if nfc else None
    first = pre_tokenizers.Digits(individual_digits=True) if regex == DIGITS else pre_tokenizers.Split(Regex(regex), "isolated")
    made.pre_tokenizer = pre_tokenizers.Sequence([first, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=regex == DIGITS)])
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=600, show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    made.train_from_iterator(texts, trainer)
    made.add_special_tokens([AddedToken(m, normalized=False) for m in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")])
    made.add_tokens([AddedToken("<tool_call>", normalized=False)])
    made.save(str(folder / "tokenizer.json"))
    config = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "bos_token": None, "add_bos_token": False}
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, **({"chat_template": template} if template else {})}), "utf-8")
    return folder


def corpus(folder: Path, texts: list[str]) -> Corpus:
    """A corpus of the texts."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return Corpus(documents_count=len(texts)).save(folder)
