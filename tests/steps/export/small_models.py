"""Small checkpoints with every weight off its starting value, and tokenizers trained on the stories: what the export tests export."""

import json
from pathlib import Path
from typing import Any

from schemas import Checkpoint, Corpus, ModelConfig

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


def checkpoint(folder: Path, family: str, tokenizer_folder: Path, *, rows: int = 500, seed: int = 1, **more: Any) -> Checkpoint:
    """A network of two layers, not trained but with no weight left at 0 or 1, so that a lost or swapped tensor shows."""
    from steps.lm.build import build

    model = ModelConfig(family=family, vocab_size=rows, d_model=64, n_layers=2, **SIZES[family])  # type: ignore[arg-type]
    network: Any = build(model, rows, IDS, 128, seed)
    return _saved(network, folder, tokenizer_folder, model, **more)


def qwen2(folder: Path, tokenizer_folder: Path, *, tied: bool = True, **more: Any) -> Checkpoint:
    """A Qwen2 as transformers builds it: biases on q, k and v, ids of bos and eos in its config, more rows than pieces."""
    rope = {"rope_type": "default", "rope_theta": 1e6}
    return base(folder, tokenizer_folder, "qwen2", {"rope_parameters": rope, "tie_word_embeddings": tied}, **more)


def base(folder: Path, tokenizer_folder: Path, kind: str, config: dict[str, Any], *, rows: int = 640, **more: Any) -> Checkpoint:
    """A model of transformers' own of type `kind`, with two layers and `config` on top: the bases that people fine-tune, small."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(1)
    sizes = {"hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    ids = {"bos_token_id": 600, "eos_token_id": 602, "pad_token_id": 600}
    made = AutoConfig.for_model(kind, **{"vocab_size": rows, "max_position_embeddings": 256, **sizes, **ids, **config})
    tied = bool(made.tie_word_embeddings)
    layers = int(made.num_hidden_layers)
    model = ModelConfig(
        family="llama", vocab_size=rows, d_model=64, n_layers=layers, n_heads=4, n_kv_heads=2, d_ff=160, tie_embeddings=tied
    )
    return _saved(AutoModelForCausalLM.from_config(made), folder, tokenizer_folder, model, **more)


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
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(regex), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
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
