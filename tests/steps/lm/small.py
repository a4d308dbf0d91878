"""Small real things for the tests of training: a tokenizer, a corpus and a bin of the shipped stories."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import torch

from schemas import Corpus, TokenBin, Tokenizer
from steps.tokenize_bin import tokenize_bin
from steps.train import Train, train
from steps.train_tokenizer import train_tokenizer
from tests.conftest import ROOT, FakeContext

torch.set_num_threads(1)
IDS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
SIZES: dict[str, dict[str, Any]] = {
    "mamba": {"family": "mamba", "d_model": 24, "n_layers": 2, "d_state": 4},
    "mamba2": {"family": "mamba2", "d_model": 24, "n_layers": 2, "d_state": 8, "head_dim": 12},
    "mamba_hebbian": {"family": "mamba_hebbian", "d_model": 24, "n_layers": 2, "d_state": 4},
    "llama": {"family": "llama", "d_model": 24, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2},
    "gpt2": {"family": "gpt2", "d_model": 24, "n_layers": 2, "n_heads": 3},
}


@dataclass(frozen=True)
class Text:
    """The artifacts that training starts from."""

    corpus: Corpus
    tokenizer: Tokenizer
    bins: TokenBin


@cache
def text() -> Text:
    """36 stories, 400 pieces."""
    folder = Path(mkdtemp(prefix="recipe-small-"))
    documents = []
    for name in ("en", "tr_a"):
        lines = (ROOT / "data" / "stories" / f"{name}.jsonl").read_text("utf-8").splitlines()[:18]
        documents += [json.loads(line) for line in lines]
    rows = [{"text": f"<{d['lang']}>{d['title']}\n{d['text']}", "lang": d["lang"]} for d in documents]
    corpus = write_corpus(folder / "corpus", rows)
    marks = train_tokenizer.params.model_validate({"model": "bpe", "vocab_size": 400, "user_symbols": ["<tr>", "<en>"]})
    tokenizer = train_tokenizer(marks, [corpus], FakeContext(folder / "tokenizer"))
    bins = tokenize_bin(tokenize_bin.params.model_validate({"val_fraction": 0.15}), [corpus], tokenizer, FakeContext(folder / "bins"))
    return Text(corpus, tokenizer, bins)  # type: ignore[arg-type]


def write_corpus(folder: Path, rows: list[dict[str, Any]], shape: str = "text") -> Corpus:
    """A Corpus of `rows` in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return Corpus.model_validate({"documents_count": len(rows), "shape": shape}).save(folder)


def params(**written: Any) -> Train:
    """Params of a short run of a small Mamba, with `written` over them."""
    short = {
        "model": SIZES["mamba"],
        "max_steps": 6,
        "total_batch_size": 2,
        "max_seq_length": 48,
        "learning_rate": 1e-2,
        "eval_tokens": 500,
    }
    return Train.model_validate({**short, **written})


def run(context: FakeContext, **written: Any) -> Any:
    """Train a small model on the stories."""
    made = text()
    return train(params(**written), made.bins, None, made.tokenizer, None, None, context)


def network(family: str, vocab_size: int = 60, seed: int = 3) -> torch.nn.Module:
    """A new small network whose norms and biases are not at their starting values, so that nothing is right by chance."""
    from schemas import ModelConfig
    from steps.lm.build import build

    made = build(ModelConfig(**SIZES[family]), vocab_size, IDS, 64, seed)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in made.parameters():
            p += 0.05 * torch.randn(p.shape, generator=generator)
    return made.eval()
