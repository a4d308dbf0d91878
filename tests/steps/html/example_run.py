"""A whole run as the runner leaves it: a record with all statistics, and the logs beside the steps."""

import json
import math
import random
from pathlib import Path
from typing import Any

from schemas import RunRecord, StepRecord

TURKISH = "Elif o sabah annesiyle birlikte çorba pişirmek istiyordu. Annesi tencereyi ocağa koydu, mercimekleri yıkadı."
ENGLISH = "One day a little girl named Lily found a needle in her room. She knew it was difficult to play with it."


def lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as JSONL, folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def train_rows(steps: int = 1400, every: int = 10, start: float = 7.47, floor: float = 2.9) -> list[dict[str, Any]]:
    """A loss that falls as losses do, with noise."""
    noise = random.Random(7)
    rows = []
    for step in range(every, steps + 1, every):
        loss = floor + (start - floor) * math.exp(-step / (steps / 6)) + noise.gauss(0, 0.09)
        warm = min(1.0, step / 40)
        rows.append(
            {
                "id": "train",
                "step": step,
                "timestamp": f"2026-11-21T21:{step // 60 % 60:02d}:{step % 60:02d}Z",
                "train_loss": loss,
                "learning_rate": 4e-3 * warm * (0.05 + 0.95 * (1 + math.cos(math.pi * step / steps)) / 2),
                "tokens_per_sec": 6100 + noise.gauss(0, 220),
                "peak_memory_gb": 0.61 + min(step, 300) / 3000,
                "trained_tokens": step * 512,
                "grad_norm": 0.4 + 1.5 * math.exp(-step / 90) + noise.random() * 0.2,
            }
        )
    return rows


def eval_rows(steps: int = 1400, every: int = 200) -> list[dict[str, Any]]:
    """Evaluations on the fixed set, by language."""
    rows = []
    for step in range(0, steps + 1, every):
        loss = 3.02 + 4.46 * math.exp(-step / (steps / 6))
        bits = loss / 1.41
        rows.append(
            {
                "id": "train",
                "step": step,
                "timestamp": "",
                "eval_loss": loss,
                "bits_per_byte": bits,
                "tokens": 9000,
                "by": {"tr": {"loss": loss, "bits_per_byte": bits * 1.08}, "en": {"loss": loss, "bits_per_byte": bits * 0.9}},
            }
        )
    return rows


def corpus_stats() -> dict[str, Any]:
    return {
        "documents": 612,
        "characters": 343_120,
        "bytes": 361_904,
        "languages": {"tr": 402, "en": 209, "": 1},
        "sources": [
            {"source": "data/stories/tr_a.jsonl", "documents": 201, "characters": 118_400},
            {"source": "data/stories/tr_b.jsonl", "documents": 201, "characters": 121_020},
            {"source": "data/stories/en.jsonl", "documents": 210, "characters": 103_700},
        ],
        "dropped": {
            "duplicate": {"count": 3, "examples": ["Pazardaki Kırmızı Balon", "İnci'nin Domatesleri", "<script>alert('x')</script>"]},
            "too_short": {"count": 11, "examples": ["Son.", "The end."]},
            "no_text": 2,
            "encoded twice": {"count": 1, "examples": ["eski.txt: 'Ã§ok' is 'çok'"]},
        },
        "unreadable": [
            {"file": "raw/scan-of-a-letter.pdf", "reason": "no text layer: 12 pages are pictures"},
            {"file": "raw/gizli.pdf", "reason": "encrypted"},
            {"file": "raw/mektuplar.pdf", "reason": "page 3 of 12: its content is damaged", "read": "read in part"},
        ],
    }


def vocabulary_stats() -> dict[str, Any]:
    return {
        "vocab_size": 1750,
        "special": {"pad": 0, "unk": 1, "bos": 2, "eos": 3},
        "by_language": {
            "tr": {"documents": 200, "round_trip": 1.0, "unknown_rate": 0.0, "bytes_per_token": 3.31, "tokens_per_word": 2.42},
            "en": {"documents": 200, "round_trip": 0.9987, "unknown_rate": 0.00012, "bytes_per_token": 3.62, "tokens_per_word": 1.51},
        },
        "sample": [
            {
                "lang": "tr",
                "text": TURKISH,
                "pieces": [
                    "▁Elif",
                    "▁o",
                    "▁sabah",
                    "▁annesi",
                    "yle",
                    "▁birlikte",
                    "▁çor",
                    "ba",
                    "▁piş",
                    "ir",
                    "mek",
                    "▁istiyordu",
                    ".",
                    "▁Annesi",
                    "▁ten",
                    "cere",
                    "yi",
                    "▁oca",
                    "ğa",
                    "▁koydu",
                    ",",
                    "▁mer",
                    "ci",
                    "mek",
                    "leri",
                    "▁yıka",
                    "dı",
                    ".",
                ],
            },
            {
                "lang": "en",
                "text": ENGLISH,
                "pieces": [
                    "▁One",
                    "▁day",
                    "▁a",
                    "▁little",
                    "▁girl",
                    "▁named",
                    "▁Lily",
                    "▁found",
                    "▁a",
                    "▁ne",
                    "ed",
                    "le",
                    "▁in",
                    "▁her",
                    "▁room",
                    ".",
                ],
            },
            {"lang": "ar", "text": "مرحبا 🐌", "pieces": ["▁م", "ر", "ح", "با", "▁", "<0xF0>", "<0x9F>", "<0x90>", "<0x8C>", "\n"]},
        ],
        "agreement": [
            {"where": "tokenizer.json", "size": 1750, "agrees": True, "note": "the same ids for 400 documents"},
            {"where": "embedding of train", "size": 1750, "agrees": True, "note": ""},
        ],
    }


def plan_stats() -> dict[str, Any]:
    budget = 6_871_947_673
    return {
        "target": "this machine: 2 CPU cores, 8 GiB",
        "candidates": [
            {
                "settings": {"batch_size": 2, "gradient_accumulation_steps": 1, "max_seq_length": 256, "precision": "fp32"},
                "memory_bytes": 701_000_000,
                "budget_bytes": budget,
                "tokens_per_s": 6200.0,
                "stability": 1.0,
                "batch_factor": 1.0,
                "score": 6200.0,
                "verdict": "chosen",
                "why": "the fastest that keeps the asked batch",
            },
            {
                "settings": {"batch_size": 1, "gradient_accumulation_steps": 2, "max_seq_length": 256, "precision": "fp32"},
                "memory_bytes": 431_000_000,
                "budget_bytes": budget,
                "tokens_per_s": 4900.0,
                "stability": 1.0,
                "batch_factor": 1.0,
                "score": 4900.0,
                "verdict": "slower",
                "why": "",
            },
            {
                "settings": {"batch_size": 64, "gradient_accumulation_steps": 1, "max_seq_length": 256, "precision": "fp32"},
                "memory_bytes": 9_900_000_000,
                "budget_bytes": budget,
                "tokens_per_s": 7100.0,
                "stability": 0.0,
                "batch_factor": 1.0,
                "score": 0.0,
                "verdict": "rejected",
                "why": "needs 144 % of the budget: it would run out of memory",
            },
        ],
        "chosen": {"batch_size": 2, "gradient_accumulation_steps": 1, "precision": "fp32"},
        "because": {"batch_size": "two rows fill both cores", "precision": "this CPU has no fast half precision"},
    }


def training_stats() -> dict[str, Any]:
    samples = [
        (0, "<tr>", "tr", "<tr>ğın olZele bırak üç quşkan merTh  iğ yüz fırç bo"),
        (350, "<tr>", "tr", "<tr>Küçük kız bahçede oturdu. Annesi ona bir şey dedi, sonra kapıyı kapının kapısı"),
        (700, "<tr>", "tr", "<tr>Deniz o gün dedesiyle parka gitti. Ağacın altında küçük bir kuş gördü ve çok sevindi."),
        (
            1400,
            "<tr>",
            "tr",
            "<tr>Mert sabah erkenden uyandı. Pencereden bakınca bahçede kar gördü. “Anne, kar yağmış!” diye bağırdı. Annesi gülümsedi.",
        ),
        (0, "<en>", "en", "<en>qu her<script>document.title='owned'</script> tle saüz the ry bo"),
        (350, "<en>", "en", "<en>One day a little boy was in the park. He was the the park and saw"),
        (700, "<en>", "en", "<en>Once upon a time, there was a little dog named Max. Max liked to run."),
        (
            1400,
            "<en>",
            "en",
            "<en>Lily had a red ball. She played with it every day. One day the ball rolled under the big tree, and she could not find it.",
        ),
    ]
    return {
        "family": "mamba",
        "parameters": 592_000,
        "embedding_parameters": 224_000,
        "steps": 1400,
        "tokens": 716_800,
        "epochs": 6.4,
        "seconds": 118.4,
        "precision": "fp32",
        "device": "cpu",
        "path": "PyTorch scan",
        "batch_size": 2,
        "gradient_accumulation_steps": 1,
        "max_seq_length": 256,
        "train_loss": 2.91,
        "val_loss": 3.02,
        "val_bits_per_byte": 2.142,
        "resumed": [600],
        "samples": [{"step": s, "prompt": p, "lang": lang, "text": t} for s, p, lang, t in samples],
        "expect": [
            {"step": 700, "metric": "train_loss", "low": 2.8, "high": 3.4, "found": 3.05, "inside": True},
            {"step": 1400, "metric": "val_loss", "low": 2.6, "high": 3.0, "found": 3.02, "inside": False},
            {"step": 5000, "metric": "val_loss", "low": 2.0, "high": 2.5, "found": None, "inside": None},
        ],
    }


def validation_stats() -> dict[str, Any]:
    ngrams = [(1, 4.31), (2, 3.02), (3, 2.28), (4, 2.31), (5, 2.37)]
    return {
        "val_loss": 3.0203,
        "recorded_val_loss": 3.0203,
        "bits_per_byte": 2.142,
        "tokens": 9012,
        "ngrams": [{"order": n, "smoothing": "interpolated Witten-Bell", "bits_per_byte": b} for n, b in ngrams],
        "best_ngram": {"order": 3, "bits_per_byte": 2.28},
        "ratio_to_best_ngram": 0.9395,
        "words": {"en": {"sampled": 512, "known": 446, "share": 0.871}, "tr": {"sampled": 530, "known": 378, "share": 0.713}},
        "samples": [{"prompt": "Merhaba, benim adım", "lang": "tr", "text": "Merhaba, benim adım Elif. Bugün okula gittim."}],
        "ngram_samples": [
            {"lang": "tr", "text": "Annesi onu görünce bir kedi de masanın üstüne koydu ama kuşlar"},
            {"lang": "en", "text": "She was very happy and the dog said to the park was a big"},
        ],
        "checks": [
            {"name": "loads_in_transformers", "passed": True, "detail": "MambaForCausalLM"},
            {"name": "same_loss", "passed": True, "detail": "3.0203 as recorded"},
        ],
    }


def export_stats() -> dict[str, Any]:
    return {
        "gguf": "quickstart.gguf",
        "bytes": 1_268_224,
        "quantization": "f16",
        "architecture": "mamba",
        "modelfile": 'FROM ./quickstart.gguf\nPARAMETER temperature 0.7\nPARAMETER top_p 0.9\nSYSTEM """Sen bir hikâye anlatıcısısın."""\n',
        "proof": {"state": "proved in llama.cpp", "paragraphs": 200, "equal_ids": 200, "positions": 4210, "same_top1": 0.9981, "why": ""},
    }


def preprocess_stats() -> dict[str, Any]:
    return {
        "max_tokens": 1024,
        "strategy": "auto",
        "before": {"count": 8, "min": 310, "median": 1850, "p90": 4200, "p95": 4600, "p99": 5210, "max": 5300},
        "after": {"count": 21, "min": 120, "median": 870, "p90": 1010, "p95": 1019, "p99": 1024, "max": 1024},
        "over_limit_share_before": 0.75,
        "over_limit_after": 0,
        "truncated": {"documents": 6, "tokens": 9120, "share_of_tokens": 0.5271},
        "conversations_done": {"conversations split": 2, "long answers split, their question repeated": 1},
        "chunks_per_entry": {"mean": 2.6, "max": 6},
        "histogram": {
            "edges": [0, 512, 1024, 1536, 2048, 3072, 4096, 6144],
            "before": [1, 1, 1, 2, 1, 1, 1],
            "after": [5, 16, 0, 0, 0, 0, 0],
        },
    }


def record(folder: Path) -> RunRecord:
    """The run of quickstart, all ten step types, everything went well but for what the check mended."""
    side = folder / "side"
    lines(side / "train" / "logs" / "train_steps.jsonl", train_rows())
    lines(side / "train" / "logs" / "eval_steps.jsonl", eval_rows())
    lines(
        folder / "logs" / "events.jsonl",
        [
            {"event": "step_started", "id": "train", "timestamp": "2026-11-21T21:40:00Z"},
            {
                "event": "oom",
                "id": "train",
                "step": 300,
                "timestamp": "2026-11-21T21:42:10Z",
                "message": "out of memory: batch_size 4 becomes 2",
            },
            {"event": "resumed", "id": "train", "step": 600, "timestamp": "2026-11-21T21:44:10Z", "message": "going on from step 600"},
        ],
    )
    made: list[tuple[str, str, str, float, dict[str, Any]]] = [
        ("parse_corpus", "reused", "nothing changed", 0.02, {"corpus": corpus_stats()}),
        (
            "train_tokenizer",
            "made",
            "vocab_size changed from 2000 to 1750",
            2.1,
            {
                "tokenizer": {
                    "vocab_size": 1750,
                    "asked": 1750,
                    "model": "bpe",
                    "byte_fallback": True,
                    "normalization": "identity",
                    "sampled_bytes": 361_904,
                    "longest_pieces": ["▁gülümseyerek", "▁istiyordu", "▁beautiful", "▁together"],
                }
            },
        ),
        ("check_vocab_consistency", "made", "tokenizer changed", 1.4, {"vocabulary": vocabulary_stats()}),
        (
            "tokenize_bin",
            "made",
            "tokenizer changed",
            0.6,
            {
                "bins": {
                    "dtype": "uint16",
                    "train": {"tokens": 103_400, "documents": 581, "bytes": 343_000},
                    "val": {"tokens": 5_700, "documents": 31, "bytes": 18_904},
                    "bytes_per_token": 3.32,
                    "largest_id": 1749,
                }
            },
        ),
        ("split_long", "made", "first run", 0.4, {"preprocess_stats": preprocess_stats()}),
        ("plan", "made", "the train step changed", 0.1, {"plan": plan_stats()}),
        ("train", "made", "bins changed", 118.4, {"training": training_stats()}),
        ("validate_checkpoint", "made", "checkpoint changed", 21.0, {"validation": validation_stats()}),
        ("export_ollama", "made", "checkpoint changed", 6.2, {"export": export_stats()}),
    ]
    steps = [
        StepRecord(
            id=name, type=name, status=status, key="ab12" * 16, digest="cd34" * 16, reason=reason, seconds=s, stats=stats, side=side / name
        )  # type: ignore[arg-type]
        for name, status, reason, s, stats in made
    ]
    return RunRecord(
        run="20261121-214000-quickstart",
        recipe="quickstart",
        about="Small Turkish and English story teller, minutes on a CPU",
        started="2026-11-21T21:40:00Z",
        file="recipes/quickstart.yaml",
        recipe_digest="9f8e7d6c" * 8,
        git_commit="d8153fb",
        command=["recipe", "run", "recipes/quickstart.yaml"],
        folder=folder,
        steps=steps,
        packages={"torch": "2.9.1", "transformers": "5.0.0", "sentencepiece": "0.2.1", "recipe": "0.1.0"},
        hardware={
            "cpu": "AMD EPYC 7B13",
            "cores": 2,
            "memory_bytes": 25_000_000_000,
            "devices": [],
            "system": "Linux 6.1",
            "python": "3.11.2",
        },
        findings=[
            {
                "code": "V001",
                "severity": "error",
                "message": "the model expects 32000 tokens, tokenizer 'train_tokenizer' has 1750",
                "fix": "write vocab_size: 1750, or delete the line to use the tokenizer's size",
                "place": {"file": "recipes/quickstart.yaml", "line": 31, "column": 7},
                "fixed": True,
            },
            {"code": "D012", "severity": "warning", "message": "2 files could not be read", "fix": "", "place": None, "fixed": False},
        ],
        resolved={
            "format": 1,
            "recipe": "quickstart",
            "about": "Small Turkish and English story teller",
            "seed": 42,
            "target": "here",
            "steps": [
                {"type": "parse_corpus", "sources": [{"path": "data/stories/*.jsonl", "columns": {"text": "<{lang}>{title}\n{text}"}}]},
                {"type": "train_tokenizer", "model": "bpe", "vocab_size": 1750, "user_symbols": ["<tr>", "<en>"]},
                {"type": "train", "model": {"family": "mamba", "d_model": 128, "n_layers": 3}, "max_steps": 1400, "learning_rate": 4e-3},
                {"type": "report"},
            ],
        },
    )
