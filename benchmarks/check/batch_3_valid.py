# ruff: noqa: E501 - a case is one line
"""Unusual and sound recipes, written before any was tried; for many a thread says that somebody's tool refused the like."""

import gzip
import json
from typing import Any

from cases import CHATML, LM, SFT, Case

T = "  - type: train\n"
STEPS = "    max_steps: 1000\n"
BATCH = "    total_batch_size: 16\n"
SIZES = "{family: llama, d_model: 256, n_layers: 4, n_heads: 4}"
DATA = "    sources:\n      - path: data/stories.jsonl\n"
STORIES = [{"text": f"Number {n}: " + "a small story about a hen and a fox. " * 20} for n in range(200)]
LORA = "lora: {r: 8, lora_alpha: 16}"


def lm(title: str, changes: dict[str, str], **more: Any) -> Case:
    return Case("valid", title, LM, changes, **more)


def sft(title: str, changes: dict[str, str], **more: Any) -> Case:
    return Case("valid", title, SFT, changes, **more)


def train(title: str, line: str, **more: Any) -> Case:
    return Case("valid", title, LM, {T: T + f"    {line}\n"}, **more)


# fmt: off
CASES = [
    lm("rows behind a byte order mark, huggingface/datasets#8241", {}, files={"data/stories.jsonl": "\ufeff" + "".join(json.dumps(r) + "\n" for r in STORIES)}),
    lm("packed rows", {DATA: "    sources:\n      - path: data/stories.jsonl.gz\n"}, files={"data/stories.jsonl.gz": gzip.compress("".join(json.dumps(r) + "\n" for r in STORIES).encode(), mtime=0)}),
    lm("one array of rows", {"stories.jsonl": "stories.json"}, files={"data/stories.json": json.dumps(STORIES)}),
    lm("letters of Turkish in names", {"data/stories.jsonl": "data/öyküler/ığdır.jsonl"}, files={"data/öyküler/ığdır.jsonl": STORIES}),
    lm("half of the documents for validation", {"tokenize_bin\n": "tokenize_bin\n    val_fraction: 0.5\n"}),
    lm("mixed by shares below one", {DATA: "    exhausted: repeat\n    sources:\n      - {path: data/stories.jsonl, weight: 0.25}\n      - {path: data/more.jsonl, weight: 2}\n"}, files={"data/more.jsonl": STORIES}),
    lm("a few documents of many", {DATA: DATA + "        take: 100\n"}),
    lm("a template of columns", {DATA: DATA + '        columns: {text: "<{lang}> {title}\\n\\n{text}"}\n        lang: en\n', "vocab_size: 1000": 'vocab_size: 1000\n    user_symbols: ["<en>", "<tr>"]'}),
    train("documents do not see each other, MeetKai/functionary#132", "packing: documents"),
    train("no warmup at all, axolotl#3254", "warmup_steps: 0"),
    train("nothing decays and nothing is clipped", "weight_decay: 0\n    max_grad_norm: null"),
    train("a long plateau to a rate of zero", "scheduler: wsd\n    decay_share: 0.1\n    min_lr: 0"),
    train("the end by patience", "eval_steps: 50\n    early_stopping: {patience: 2, min_delta: 0.01}"),
    train("saved at every step, and all saves kept", "save_steps: 100\n    keep: 10\n    save_only_model: true"),
    train("every layer computed again", "activation_checkpointing: true\n    loss_chunk_tokens: 256"),
    lm("a batch in tokens", {BATCH: "    total_batch_tokens: 4096\n"}),
    lm("two rows, sixty-four times, meta-pytorch/torchtune#1694", {BATCH: "    batch_size: 2\n    gradient_accumulation_steps: 64\n", STEPS: "    max_steps: 60\n"}),
    lm("a machine of four cards", {"target: t4": "target: {gpu: a100-80, count: 4}", BATCH: "    total_batch_size: 16\n    batch_size: 4\n    gradient_accumulation_steps: 4\n"}),
    lm("a long window for a Mamba, state-spaces/mamba#155", {"target: t4": "target: a100-80", SIZES: "{family: mamba, d_model: 256, n_layers: 4}", "max_seq_length: 256": "max_seq_length: 1024", BATCH: "    total_batch_size: 4\n"}),
    lm("a Mamba-2 in half precision, huggingface/transformers#33409", {SIZES: "{family: mamba2, d_model: 256, n_layers: 4, head_dim: 32}", STEPS: STEPS + "    precision: fp16\n"}),
    lm("fewer heads for keys", {SIZES: "{family: llama, d_model: 256, n_layers: 4, n_heads: 8, n_kv_heads: 2, tie_embeddings: false}"}),
    lm("a GPT-2 with dropout", {SIZES: "{family: gpt2, d_model: 256, n_layers: 4, n_heads: 8, dropout: 0.1}"}),
    lm("rows of the model rounded up", {SIZES: "{family: llama, d_model: 256, n_layers: 4, n_heads: 4, vocab_size: 1024}"}),
    lm("bytes, and every digit alone", {"vocab_size: 1000": "model: byte_bpe\n    vocab_size: 1000\n    split_digits: true"}),
    lm("eight bits and all of Ollama's parameters", {"    name: small\n": "    name: small\n    quantization: q8_0\n    parameters: {temperature: 0.7, top_p: 0.9, top_k: 40, min_p: 0.05, repeat_penalty: 1.1, num_ctx: 256, num_predict: 128, seed: 1}\n"}),
    lm("fp32 on a Mac", {"target: t4": "target: m2-16gb", STEPS: STEPS + "    precision: fp32\n"}),
    sft("a template that writes the first mark itself, deepseek-ai/DeepSeek-R1#151", {}, files={"models/base/tokenizer_config.json": {"chat_template": "{{ bos_token }}" + CHATML}}),
    sft("alpha below the rank, jondurbin/airoboros#36", {LORA: "lora: {r: 16, lora_alpha: 4, lora_dropout: 0.05}"}),
    sft("embedding and head trained whole", {LORA: "lora: {r: 8, lora_alpha: 16, modules_to_save: [embed_tokens, lm_head]}"}),
    sft("a scale by the root of the rank", {LORA: "lora: {r: 16, lora_alpha: 8, use_rslora: true}"}),
    sft("eight bits on a card", {"method: lora\n": "method: qlora\n    quant: {bits: 8}\n"}),
    sft("all weights, slowly", {"    method: lora\n    lora: {r: 8, lora_alpha: 16}\n": "    method: full\n", "learning_rate: 2e-4": "learning_rate: 1e-5"}),
    sft("from and value, human and gpt", {}, files={"data/chat.jsonl": [{"conversations": [{"from": "system", "value": "Be brief."}, {"from": "human", "value": f"{n} and {n}?"}, {"from": "gpt", "value": f"{2 * n}"}]} for n in range(200)]}),
    sft("some rows with a system message", {}, files={"data/chat.jsonl": [{"messages": [*([{"role": "system", "content": "Be brief."}] if n % 2 else []), {"role": "user", "content": f"{n}?"}, {"role": "assistant", "content": f"{n}."}]} for n in range(200)]}),
    sft("questions with context, input left empty", {}, files={"data/chat.jsonl": [{"instruction": f"Double {n}.", "input": "" if n % 2 else "An integer.", "output": str(2 * n)} for n in range(200)]}),
    sft("a table with other headings", {"data/chat.jsonl\n": "data/chat.csv\n        columns: {prompt: frage, completion: antwort}\n"}, files={"data/chat.csv": "frage;antwort\n" + "".join(f'"Was ist {n}, {n}?";"Es ist {2 * n}"\n' for n in range(200))}),
]
# fmt: on
