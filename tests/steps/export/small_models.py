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


def checkpoint(folder: Path, family: str, tokenizer_folder: Path, *, rows: int = 500, **more: Any) -> Checkpoint:
    """A network of two layers, not trained but with no weight left at 0 or 1, so that a lost or swapped tensor shows."""
    import shutil

    import torch

    from steps.lm.build import build
    from steps.lm.checkpoint import write_model

    torch.set_num_threads(1)
    model = ModelConfig(family=family, vocab_size=rows, d_model=64, n_layers=2, **SIZES[family])  # type: ignore[arg-type]
    network: Any = build(model, rows, IDS, 128, 1)
    draw = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=draw) * (weight.abs().mean() + (0.5 if weight.ndim == 1 else 0.0))
            if family in ("llama", "gpt2") or name.endswith("embeddings.weight"):
                weight *= 5 if weight.ndim == 2 else 1  # N(0, 0.02) is so little that the layers would hardly count
    folder.mkdir(parents=True, exist_ok=True)
    write_model(network, folder, IDS)
    for file in tokenizer_folder.glob("tokenizer*"):
        if file.suffix in (".model", ".json"):
            shutil.copyfile(file, folder / file.name)
    made = Checkpoint(model=model, parameters=model.parameters(128), vocab_size=rows, max_seq_length=128, **more)
    return made.save(folder)


def corpus(folder: Path, texts: list[str]) -> Corpus:
    """A corpus of the texts."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return Corpus(documents_count=len(texts)).save(folder)
