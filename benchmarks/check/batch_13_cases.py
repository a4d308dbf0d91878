"""The two recipes of the thirteenth batch that others have not: tales in two languages from nothing, a tutor's conversations.

See batch_13. Each base is a sound recipe with the files that it needs beside the scaffold's.
"""

from typing import Any

from batch_9_cases import ENGLISH, TURKISH, Base, talk
from batch_11_cases import tensors
from cases import added_token

SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
LESSONS = [
    talk(
        ("user", f"What is {n} times 3?"),
        ("assistant", f"Take {n} three times.\nThat makes {3 * n}."),
        ("user", f"And {n} less 2?"),
        ("assistant", f"Count two down from {n}.\nThat makes {n - 2}."),
    )
    for n in range(3, 243)
]
ATLAS = Base(
    """\
recipe: atlas
about: tales in two languages, from nothing
target: {gpu: rtx4090, count: 1}
seed: 21
vars:
  rows: 256
steps:
  - type: parse_corpus
    id: tales
    sources:
      - path: data/en.jsonl
        lang: en
        weight: 2
        columns: {text: "<en>{title}\\n{text}"}
      - path: data/tr.jsonl
        lang: tr
        weight: 1
        columns: {text: "<tr>{title}\\n{text}"}
  - type: train_tokenizer
    id: pieces
    model: bpe
    vocab_size: 1200
    user_symbols: ["<en>", "<tr>"]
  - type: split_long
    max_tokens: ${rows}
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    id: teller
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4, n_kv_heads: 2}
    max_steps: 200
    total_batch_size: 8
    max_seq_length: ${rows}
    packing: documents
    learning_rate: 1e-3
    warmup_ratio: 0.05
    on_spike: skip
    eval_steps: 20
    save_steps: 50
    expect: {100: {val_loss: [2.0, 6.5]}, 200: {train_loss: [1.0, 6.0]}}
    samples: ["<en>The cat", "<tr>Bir kedi"]
  - type: validate_checkpoint
    prompts: ["<en>The cat"]
  - type: export_ollama
    name: atlas
  - type: report
""",
    {"data/en.jsonl": ENGLISH, "data/tr.jsonl": TURKISH},
)
TUTOR = Base(
    """\
recipe: tutor
about: a tutor's conversations
target: l4
steps:
  - type: parse_corpus
    id: lessons
    sources:
      - path: lessons/all.jsonl
  - type: check_vocab_consistency
    checkpoint: {path: models/base}
  - type: train
    id: tune
    model: {base: {path: models/base}}
    objective: sft
    method: lora
    lora: {r: 16, lora_alpha: 32}
    num_train_epochs: 2
    batch_size: 4
    gradient_accumulation_steps: 4
    max_seq_length: 512
    learning_rate: 1e-4
    warmup_ratio: 0.1
    eval_steps: 5
  - type: validate_checkpoint
    prompts: ["What is 7 times 8?"]
  - type: export_ollama
    name: tutor
    system: You are a patient tutor.
    parameters: {temperature: 0.6, top_p: 0.9, num_ctx: 512}
""",
    {"lessons/all.jsonl": LESSONS},
)


def answers(change: Any) -> dict[str, Any]:
    """The lessons with every answer changed."""
    rows = [
        {"messages": [{**t, "content": change(t["content"])} if t["role"] == "assistant" else t for t in row["messages"]]}
        for row in LESSONS
    ]
    return {"lessons/all.jsonl": rows}


def with_added(number: int, text: str, rows: int = 300) -> dict[str, Any]:
    """The base with one more token in tokenizer.json, and an embedding of `rows` rows."""
    added = [added_token(n, mark) for n, mark in enumerate(SPECIAL)] + [added_token(number, text)]
    files: dict[str, Any] = {"models/base/tokenizer.json": {"added_tokens": added}}
    if rows != 300:
        files |= {"models/base/config.json": {"vocab_size": rows}, "models/base/model.safetensors": tensors(rows=rows)}
    return files
