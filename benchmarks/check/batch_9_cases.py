"""The recipes of the ninth batch, unlike those of the others: novels by GPT-2, tales by a Mamba, a help desk's answers, a model of the hub.

See batch_9. Each base is a sound recipe with the files that it needs beside the scaffold's.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cases import ROOT, SFT, Case, Report, model

REVISION = "4c5ff5e1e9a5f3a7e4ddf1e2b06b9a3c6f2d1a00"


class Base(NamedTuple):
    """A sound recipe and its files."""

    text: str
    files: Mapping[str, Any]


def _stories(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (ROOT / "data" / "stories" / name).read_text("utf-8").splitlines()]


ENGLISH, TURKISH = _stories("en.jsonl"), _stories("tr_a.jsonl")
TEXTS = {
    "corpus/one.txt": "\n\n".join(row["text"] for row in ENGLISH[:60]) + "\n",
    "corpus/two.txt": "\n\n".join(row["text"] for row in ENGLISH[60:]) + "\n",
}
TICKETS = [
    {
        "instruction": f"Ticket {n}: the printer in room {n % 40} is silent.",
        "input": "",
        "output": f"Please switch it off, wait {n % 7 + 2} seconds, and print page {n}.",
    }
    for n in range(240)
]
NOVELS = Base(
    """\
recipe: novels
about: a small GPT-2 on two books
target: rtx3080
seed: 7
vars: {ctx: 256}
steps:
  - type: parse_corpus
    id: books
    sources:
      - {path: corpus/*.txt, document: blank_line}
  - type: train_tokenizer
    id: pieces
    model: byte_bpe
    vocab_size: 1024
  - type: tokenize_bin
    id: shards
    val_fraction: 0.1
  - type: train
    id: gpt
    model: {family: gpt2, d_model: 192, n_layers: 4, n_heads: 6}
    num_train_epochs: 8
    batch_size: 4
    gradient_accumulation_steps: 2
    max_seq_length: ${ctx}
    learning_rate: 6e-4
    warmup_steps: 10
    eval_steps: 20
    save_steps: 20
  - type: validate_checkpoint
    prompts: ["Once upon a time"]
  - type: export_ollama
    name: novels
""",
    TEXTS,
)
TALES = Base(
    """\
recipe: tales
target: t4
steps:
  - type: parse_corpus
    sources:
      - path: data/tr.jsonl
        lang: tr
        columns: {text: "<tr>{title}\\n{text}"}
      - path: data/stories.jsonl
        lang: en
        columns: {text: "<en>{title}\\n{text}"}
  - type: train_tokenizer
    model: unigram
    vocab_size: 900
    user_symbols: ["<tr>", "<en>"]
  - type: check_vocab_consistency
  - type: split_long
    max_tokens: 256
  - type: tokenize_bin
    val_fraction: 0.1
  - type: plan
  - type: train
    id: base
    model: {family: mamba, d_model: 128, n_layers: 4}
    num_train_epochs: 6
    total_batch_tokens: 4096
    max_seq_length: 256
    learning_rate: 8e-4
    samples: ["<tr>", "<en>"]
  - type: validate_checkpoint
  - type: export_ollama
    name: tales
  - type: report
""",
    {"data/tr.jsonl": TURKISH},
)
DESK = Base(
    """\
recipe: helpdesk
about: what the help desk answered
target: rtx3090
steps:
  - type: parse_corpus
    id: tickets
    sources:
      - path: data/tickets.jsonl
  - type: check_vocab_consistency
    checkpoint: {path: models/base}
  - type: train
    id: tune
    model: {base: {path: models/base}}
    objective: sft
    method: qlora
    quant: {bits: 4, type: nf4}
    lora: {r: 16, lora_alpha: 32, target_modules: [q_proj, v_proj]}
    num_train_epochs: 2
    batch_size: 4
    gradient_accumulation_steps: 2
    max_seq_length: 256
    learning_rate: 1e-4
    warmup_ratio: 0.1
  - type: validate_checkpoint
    prompts: ["My screen is black."]
  - type: export_ollama
    name: helpdesk
    system: You answer briefly.
  - type: report
""",
    {"data/tickets.jsonl": TICKETS},
)
POLITE = Base(
    f"""\
recipe: polite
target: a100-80
vars:
  base: {{hub: Qwen/Qwen2.5-7B-Instruct, revision: {REVISION}}}
steps:
  - type: parse_corpus
    sources: [{{path: data/chat.jsonl}}]
  - type: check_vocab_consistency
    checkpoint: "${{base}}"
  - type: train
    model: {{base: "${{base}}"}}
    objective: sft
    method: lora
    lora: {{r: 16, lora_alpha: 16}}
    num_train_epochs: 2
    total_batch_size: 16
    max_seq_length: 1024
    learning_rate: 2e-4
  - type: export_ollama
    name: polite
""",
    {},
)
CHAT = Base(SFT, {})


@dataclass(frozen=True)
class Blind(Report):
    """A failure. must: what a good check says of it, in one sentence."""

    must: str = ""


def bad(base: Base, family: str, source: str, title: str, must: str, changes: Mapping[str, str], at: str, says: str, **more: Any) -> Blind:
    """A failure; its repair takes the changes back, and its extra files, unless others are given."""
    repair = more.pop("repair", None)
    if repair is None:
        repair = {new: old for old, new in changes.items()}
    files = more.pop("files", {})
    mended = more.pop("mended", {} if files else None)
    return Blind(
        family, title, base.text, changes, {**base.files, **files}, source=source, at=at, says=says, repair=repair,
        mended=None if mended is None else {**base.files, **mended}, must=must, **more,
    )  # fmt: skip


def line(base: Base, family: str, source: str, title: str, must: str, text: str, says: str, better: str = "", **more: Any) -> Blind:
    """A failure by one line more behind the learning rate. better: the line that is right, or nothing."""
    rate = next(row + "\n" for row in base.text.split("\n") if "learning_rate" in row)
    repair = {f"    {text}\n": f"    {better}\n" if better else ""}
    at = more.pop("at", text)
    return bad(base, family, source, title, must, {rate: f"{rate}    {text}\n"}, at, says, repair=repair, **more)


def swap(
    base: Base, family: str, source: str, title: str, must: str, good: str, wrong: str, says: str, better: str = "", **more: Any
) -> Blind:
    """A failure by one text in another's place."""
    at = more.pop("at", wrong.strip().split("\n")[0])
    return bad(base, family, source, title, must, {good: wrong}, at, says, repair={wrong: better or good}, **more)


def valid(base: Base, title: str, changes: Mapping[str, str], files: Mapping[str, Any] | None = None) -> Case:
    """A sound recipe."""
    return Case("valid", title, base.text, changes, {**base.files, **(files or {})})


def talk(*turns: tuple[str, Any]) -> dict[str, Any]:
    """A conversation as a row."""
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def _tokenizer() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "m"
        model(folder)
        return {name: (folder / name).read_text("utf-8") for name in ("tokenizer.json", "tokenizer_config.json")}


def gpt2(folder: str, positions: int = 1024, width: int = 64) -> dict[str, Any]:
    """The files of a GPT-2 with learned positions."""
    shapes = {"transformer.wte.weight": (300, width), "transformer.wpe.weight": (positions, width)}
    for n in range(2):
        at = f"transformer.h.{n}."
        shapes |= {f"{at}ln_1.weight": (width,), f"{at}ln_1.bias": (width,), f"{at}ln_2.weight": (width,), f"{at}ln_2.bias": (width,)}
        shapes |= {f"{at}attn.c_attn.weight": (width, 3 * width), f"{at}attn.c_attn.bias": (3 * width,)}
        shapes |= {f"{at}attn.c_proj.weight": (width, width), f"{at}attn.c_proj.bias": (width,)}
        shapes |= {f"{at}mlp.c_fc.weight": (width, 4 * width), f"{at}mlp.c_fc.bias": (4 * width,)}
        shapes |= {f"{at}mlp.c_proj.weight": (4 * width, width), f"{at}mlp.c_proj.bias": (width,)}
    shapes |= {"transformer.ln_f.weight": (width,), "transformer.ln_f.bias": (width,)}
    config = {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "vocab_size": 300, "n_embd": width, "n_layer": 2, "n_head": 4,
        "n_positions": positions, "n_ctx": positions, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "float32",
    }  # fmt: skip
    return {
        **{f"{folder}/{name}": text for name, text in _tokenizer().items()},
        f"{folder}/config.json": config,
        f"{folder}/model.safetensors": {"safetensors": shapes},
    }
