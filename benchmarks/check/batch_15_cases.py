"""The fifteenth batch's bases and helpers, and its failures of YAML, keys, vocabularies, token files and tokenizers.

See batch_15.
"""

import json
import struct
import tempfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from batch_9_cases import CHAT, DESK, NOVELS, POLITE, TALES, Base, gpt2
from batch_11_cases import ARCHIVE, CLINIC, RADIO, SHEET, tensors
from cases import LM, ROOT, SFT, Report, added_token, model

SMALL = Base(LM, {})
SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
GPT2 = Base(SFT.replace("models/base", "models/gpt2"), gpt2("models/gpt2"))
GROWN = Base(
    """\
recipe: grown
about: phase 2, a new llama that begins from an older one's weights
target: rtx3070
steps:
  - type: parse_corpus
    sources:
      - path: data/stories.jsonl
        columns: {text: "{title}\\n{text}"}
  - type: check_vocab_consistency
    checkpoint: {path: models/base}
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    model: {family: llama, d_model: 64, n_layers: 2, n_heads: 4, n_kv_heads: 2, d_ff: 128, tie_embeddings: false}
    init_from: {path: models/base}
    max_steps: 300
    total_batch_size: 8
    max_seq_length: 256
    learning_rate: 5e-4
    warmup_steps: 20
  - type: validate_checkpoint
  - type: export_ollama
    name: grown
""",
    {},
)
DOMAIN = Base(
    """\
recipe: domain
about: a hub model reads more stories
target: a100-80
vars:
  base: {hub: Qwen/Qwen2.5-1.5B, revision: 8faed761d45a263340a0528343f099c05c9a4323}
steps:
  - type: parse_corpus
    sources:
      - path: data/stories.jsonl
  - type: check_vocab_consistency
    checkpoint: ${base}
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    model: {base: "${base}"}
    method: lora
    lora: {r: 16, lora_alpha: 32}
    num_train_epochs: 3
    total_batch_size: 4
    max_seq_length: 512
    learning_rate: 1e-4
  - type: export_ollama
    name: domain
""",
    {},
)

RAW = ROOT / "data" / "papers" / "raw"
PAPERS = Base(
    """\
recipe: papers
about: a lab's papers and its questions and answers, in PDF, DOCX and JSON lines
target: rtx4060
steps:
  - type: parse_corpus
    id: papers
    sources:
      - path: papers/raw
        sections: {acknowledgements: 0}
  - type: parse_corpus
    id: pairs
    sources:
      - path: papers/pairs.jsonl
  - type: check_vocab_consistency
    checkpoint: {path: models/base}
    corpus: papers
  - type: split_long
    corpus: [papers, pairs]
    max_tokens: 1024
  - type: plan
  - type: train
    model: {base: {path: models/base}}
    objective: sft
    method: lora
    lora: {r: 8, lora_alpha: 16}
    num_train_epochs: 2
    total_batch_size: 8
    max_seq_length: 1024
    learning_rate: 2e-4
    warmup_ratio: 0.05
  - type: validate_checkpoint
    prompts: ["Describe the north wall."]
  - type: export_ollama
    name: papers
    system: You write as the laboratory does.
    quantization: q8_0
  - type: report
""",
    {
        **{f"papers/raw/{path.name}": path.read_bytes() for path in sorted(RAW.glob("*.*")) if path.suffix in (".pdf", ".docx")},
        "papers/pairs.jsonl": (ROOT / "data" / "papers" / "pairs.jsonl").read_text("utf-8"),
    },
)


def gap(
    number: int,
    thread: str,
    base: Base,
    title: str,
    changes: Mapping[str, str],
    at: str,
    says: str,
    *,
    files: Mapping[str, Any] | None = None,
    mended: Mapping[str, Any] | None = None,
    repair: Mapping[str, str] | None = None,
) -> Report:
    """What probably stands at a number that was held back. Its repair takes the changes back, and its files, unless others are given.

    thread: empty where none was found. at: pieces of lines, parted by a bar.
    """
    if repair is None:
        repair = {new: old for old, new in changes.items()}
    if mended is None and files:
        mended = {}
    return Report(
        _family(number), title, base.text, changes, {**base.files, **(files or {})}, source=f"gap cf-{number:03}; {thread or 'no thread'}",
        at=at.replace("|", " | "), says=says, repair=repair, mended=None if mended is None else {**base.files, **mended},
    )  # fmt: skip


def _family(number: int) -> str:
    """The category of a number, as its neighbours have it."""
    ends = {
        10: "yaml-syntax", 20: "schema-keys", 33: "vocab-embedding", 37: "token-dtype", 45: "tokenizer-training", 56: "sequence-length",
        68: "precision-hardware", 75: "attention-packing", 81: "lora-peft", 86: "quantisation", 99: "batch-distributed",
    }  # fmt: skip
    return next(name for end, name in ends.items() if number <= end)


def whole(name: str, tokens: int, rows: int | None = None) -> dict[str, Any]:
    """The files of a llama with a tokenizer of so many tokens; rows: of its embedding, where they are more."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "m"
        model(folder, tokens)
        files: dict[str, Any] = {f"{name}/{path.name}": json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    files[f"{name}/config.json"]["vocab_size"] = rows or tokens
    return {**files, f"{name}/model.safetensors": tensors(rows=rows or tokens)}


def adapter(name: str) -> dict[str, Any]:
    """What peft leaves when a LoRA was trained: the adapter and the tokenizer, no model."""
    shapes: dict[str, tuple[int, ...]] = {}
    for n in range(2):
        for part, rows in (("q", 64), ("v", 32)):
            at = f"base_model.model.model.layers.{n}.self_attn.{part}_proj."
            shapes |= {f"{at}lora_A.weight": (8, 64), f"{at}lora_B.weight": (rows, 8)}
    words = {path: data for path, data in whole(name, 300).items() if "tokenizer" in path}
    about = {
        "base_model_name_or_path": "models/base", "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "lora_alpha": 16,
        "lora_dropout": 0.0, "bias": "none", "inference_mode": True, "target_modules": ["q_proj", "v_proj"],
    }  # fmt: skip
    return {**words, f"{name}/adapter_config.json": about, f"{name}/adapter_model.safetensors": {"safetensors": shapes}}


def ids(code: str) -> bytes:
    """A file of token ids: H for two bytes each, I for four."""
    numbers = [2, *((n * 37) % 990 + 4 for n in range(5998)), 3]
    return struct.pack(f"<{len(numbers)}{code}", *numbers)


def stored(parts: Mapping[str, tuple[str, list[int]]]) -> bytes:
    """A safetensors file of zeros, each tensor of its own kind."""
    header, at = {}, 0
    for name, (kind, shape) in parts.items():
        size = {"F16": 2, "F32": 4, "I32": 4, "F8_E4M3": 1}[kind] * prod(shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


UNKNOWN = "unknown|not known|no key|no such|no field|not a (key|field)|not allowed|extra|takes no|has no"
TIED = {"models/base/config.json": {"tie_word_embeddings": True}, "models/base/model.safetensors": tensors(head=False)}
PAD = {
    "models/base/tokenizer.json": {"added_tokens": [added_token(n, t) for n, t in enumerate(SPECIAL)] + [added_token(300, "[PAD]")]},
    "models/base/tokenizer_config.json": {"pad_token": "[PAD]"},
}
DAYS = {"data/desk.csv": SHEET.replace("Yes, on day", "Yes, on <|day|>")}

FIRST: list[Report] = [
    gap(
        2, "hiyouga/LlamaFactory#4014", PAPERS, "the learning rate stands in quotes, as an older tool wanted it",
        {"learning_rate: 2e-4": 'learning_rate: "2e-4"'}, "learning_rate", "number|text|string|quot|float",
    ),
    gap(
        5, "camlab-bioml/astir#3", ARCHIVE, "one line is indented by a tab",
        {"    vocab_size: 800": "\tvocab_size: 800"}, "vocab_size: 800|model: byte_bpe", r"\btabs?\b|\\t|indent",
    ),
    gap(
        8, "hydra-ecosystem/hydra#1473", DESK, "None as Python writes it is a text in YAML",
        {"    learning_rate: 1e-4\n": "    learning_rate: 1e-4\n    max_grad_norm: None\n"}, "max_grad_norm",
        "null|none|number|text|string",
    ),
    gap(
        9, "swar/Swar-Chia-Plot-Manager#250", CLINIC, "there is no space behind a colon",
        {"    max_seq_length: 256\n": "    max_seq_length:256\n"}, "max_seq_length|learning_rate|batch_size", "space|blank|colon|':'",
    ),
    gap(
        10, "kujason/avod#88", DESK, "a text with a colon in it stands without quotes",
        {"system: You answer briefly.": "system: You answer briefly: two sentences at most."}, "system", "quot|colon|mapping|':'",
    ),
    gap(
        11, "hiyouga/LlamaFactory#5526", PAPERS, "the scale of the adapter has its short name of other tools",
        {"lora: {r: 8, lora_alpha: 16}": "lora: {r: 8, alpha: 16}"}, "alpha: 16", "lora_alpha",
    ),
    gap(
        13, "axolotl-ai-cloud/axolotl#179", POLITE, "the row length has axolotl's name",
        {"max_seq_length: 1024": "sequence_len: 1024"}, "sequence_len", "max_seq_length",
    ),
    gap(
        14, "huggingface/transformers#7974", NOVELS, "a key of the Trainer says that validation goes by steps",
        {"    eval_steps: 20\n": "    evaluation_strategy: steps\n    eval_steps: 20\n"}, "evaluation_strategy", f"eval_steps|{UNKNOWN}",
    ),
    gap(
        17, "", CHAT, "the base model is a plain path where a mapping is wanted",
        {"model: {base: {path: models/base}}": "model: models/base"}, "model: models/base", "base|path|mapping|sizes",
    ),
    gap(
        18, "", CLINIC, "the columns are written at the step, beside the sources",
        {"        columns: {prompt: question, completion: reply}\n": "    columns: {prompt: question, completion: reply}\n"},
        "columns", "source|belong|move|under",
    ),
    gap(
        22, "meta-llama/llama-cookbook#199", PAPERS, "a pad token was added to the tokenizer, and the embedding was not resized",
        {}, "path: models/base", r"301|\[PAD\]|embedding|rows", files=PAD,
    ),
    gap(
        25, "huggingface/peft#334", CLINIC, "a token is added under LoRA and its row of the embedding is never trained",
        {"    learning_rate: 2e-4\n": '    learning_rate: 2e-4\n    add_tokens: ["<|day|>"]\n'}, "add_tokens|lora|target_modules",
        "modules_to_save|embed|rows?\\b.*(train|learn)", files=DAYS, mended=DAYS,
        repair={"      lora_alpha: 16\n": "      lora_alpha: 16\n      modules_to_save: [embed_tokens, lm_head]\n"},
    ),
    gap(
        28, "Lightning-AI/litgpt#2087", GROWN, "phase 2 begins from a model of another vocabulary, with a tokenizer of its own",
        {
            "  - type: check_vocab_consistency\n    checkpoint: {path: models/base}\n":
            "  - type: train_tokenizer\n    vocab_size: 1000\n  - type: check_vocab_consistency\n"
        },
        "init_from|vocab_size|train_tokenizer|model:", "vocab|tokenizer|embedding|rows|300",
    ),
    gap(
        30, "RUC-GSAI/YuLan-Chat#8", CHAT, "somebody changed vocab_size in config.json by hand, the weights have one row less",
        {}, "path: models/base", "301|rows|shape|embed|vocab_size", files={"models/base/config.json": {"vocab_size": 301}},
    ),
    gap(
        32, "huggingface/peft#2777", CHAT, "the head is trained whole, and it is tied to the embedding",
        {"lora_alpha: 16}": "lora_alpha: 16, modules_to_save: [lm_head]}"}, "modules_to_save", "tie|embed|same", files=TIED, mended=TIED,
    ),
    gap(
        33, "huggingface/nanotron#105", TALES, "the vocabulary is padded for speed, and the model keeps the size without padding",
        {
            "  - type: check_vocab_consistency\n": "  - type: check_vocab_consistency\n    pad_vocab_to_multiple_of: 64\n",
            "n_layers: 4}": "n_layers: 4, vocab_size: 900}",
        },
        "vocab_size: 900|pad_vocab", "960|pad|multiple|rounded",
        repair={", vocab_size: 900}": "}"},
    ),
    gap(
        33, "OpenHelix-Team/ReconVLA#7", CHAT, "the tokenizer is taken from one model, and another is trained",
        {"checkpoint: {path: models/base}": "checkpoint: {path: models/chat}"}, "models/chat|models/base", "tokenizer|vocab|320|rows",
        files=whole("models/chat", 320), mended=whole("models/chat", 320),
    ),
    gap(
        34, "princeton-nlp/LLM-Shearing#65", DOMAIN, "ids of a vocabulary of 151,000 tokens are written in two bytes",
        {"    val_fraction: 0.1\n": "    val_fraction: 0.1\n    dtype: uint16\n"}, "dtype", "uint16|uint32|65.?53[56]|fit",
    ),
    gap(
        35, "allenai/dolma#152", SMALL, "a token file of two bytes an id is read as one of four",
        {
            "  - type: tokenize_bin\n":
            "  - type: check_vocab_consistency\n    bins: {path: old/train.bin, dtype: uint32}\n  - type: tokenize_bin\n"
        },
        "bins|dtype", "uint16|two bytes|2 bytes|\\bids?\\b", files={"old/train.bin": ids("H")}, mended={"old/train.bin": ids("H")},
        repair={"dtype: uint32": "dtype: uint16"},
    ),
    gap(
        40, "google/sentencepiece#885", RADIO, "the vocabulary is smaller than the alphabet",
        {"vocab_size: 700": "vocab_size: 64"}, "vocab_size: 64", "character|alphabet|letters|small|at least",
    ),
    gap(
        41, "google/sentencepiece#175", RADIO, "one character in twenty has no piece, so letters become unknown",
        {"    normalization: identity\n": "    normalization: identity\n    character_coverage: 0.95\n"}, 
        "character_coverage|check_vocab_consistency",
        "unknown|cover|letter|character",
    ),
    gap(
        43, "google/sentencepiece#670", TALES, "the pad token is also listed as a symbol of the user's",
        {'user_symbols: ["<tr>", "<en>"]': 'user_symbols: ["<pad>", "<tr>", "<en>"]'}, "user_symbols", "<pad>|special|already",
    ),
    gap(
        45, "google/sentencepiece#208", RADIO, "sentencepiece's usual normalization makes spaces of line breaks",
        {"normalization: identity": "normalization: nmt_nfkc"}, "normalization",
        "line.?break|newline|round|exact|come back|identity|lose|lost",
    ),
]  # fmt: skip
