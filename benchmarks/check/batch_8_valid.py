# ruff: noqa: E501 - a case is one line
"""Recipes that look like mistakes and are none. See batch_8."""

import json

from batch_8_cases import BASE, EXPORT, LORA, MODEL, RATE, SOURCE, VOCAB, talk
from batch_8_tuning import ASKED, PAIRS, STRICT
from cases import CHATML, LM, SFT, Case


def lm(title: str, changes: dict[str, str], **more: object) -> Case:
    """A sound recipe from nothing."""
    return Case("valid", title, LM, changes, **more)  # type: ignore[arg-type]


def sft(title: str, changes: dict[str, str], **more: object) -> Case:
    """A sound recipe that tunes."""
    return Case("valid", title, SFT, changes, **more)  # type: ignore[arg-type]


# fmt: off
CASES = [
    lm("numbers with exponents", {"max_steps: 1000": "max_steps: 1e3", "learning_rate: 1e-3": "learning_rate: 1.0E-3"}),
    lm("a number in quotes for a name", {"recipe: small": "recipe: \"2026\""}),
    lm("what would be a boolean in YAML 1.1", {"name: small": "name: \"yes\""}),
    lm("null for what is left out", {RATE[LM]: RATE[LM] + "    warmup_steps: null\n    eval_steps: null\n"}),
    lm("no clipping", {RATE[LM]: RATE[LM] + "    max_grad_norm: null\n"}),
    lm("a warmup of nothing", {RATE[LM]: RATE[LM] + "    warmup_steps: 0\n"}),
    lm("a batch that eight cards share", {"target: t4": "target: {gpu: a100, count: 8}", "total_batch_size: 16": "total_batch_size: 64"}),
    lm("a save at the end alone", {RATE[LM]: RATE[LM] + "    save_steps: 1000\n    keep: 1\n"}),
    lm("a schedule with a flat top", {RATE[LM]: RATE[LM] + "    scheduler: wsd\n    decay_share: 0.3\n    min_lr: 0\n"}),
    lm("patience that is reached", {RATE[LM]: RATE[LM] + "    eval_steps: 50\n    early_stopping: {patience: 2, min_delta: 0.01}\n"}),
    lm("padded rows", {"  - type: tokenize_bin\n": "  - type: check_vocab_consistency\n    pad_vocab_to_multiple_of: 64\n  - type: tokenize_bin\n    dtype: uint32\n"}),
    lm("a Mamba-2 with small heads", {MODEL: "{family: mamba2, d_model: 256, n_layers: 4, head_dim: 32}"}),
    lm("unigram with bytes where nothing is exported", {VOCAB: "    model: unigram\n    vocab_size: 1000\n    byte_fallback: true\n", "  - type: export_ollama\n    name: small\n": ""}),
    lm("the smallest quantization of a width of 32", {EXPORT[LM]: EXPORT[LM] + "    quantization: q4_0\n    parameters: {temperature: 0, top_k: 1, stop: [\"\\n\\n\"]}\n"}),
    sft("a template in a file of its own", {}, files={f"{BASE}/tokenizer_config.json": {"chat_template": ...}, f"{BASE}/chat_template.jinja": CHATML}),
    sft("a pad that is the end", {}, files={f"{BASE}/tokenizer_config.json": {"pad_token": "</s>"}}),
    sft("a template that writes the beginning itself", {}, files={f"{BASE}/tokenizer_config.json": {"chat_template": "{{ bos_token }}" + CHATML}}),
    sft("a template without system messages, and rows without", {}, files={f"{BASE}/tokenizer_config.json": {"chat_template": STRICT}}),
    sft("a JSON list by its name", {SOURCE: "      - path: data/chat.json\n"}, files={"data/chat.json": json.dumps(PAIRS, indent=1)}),
    sft("a table with quotes and commas", {"data/chat.jsonl": "data/chat.csv"}, files={"data/chat.csv": "instruction,output\n" + "".join(f'"Double {n}, please.","{2 * n}, it is."\n' for n in range(200))}),
    sft("conversations of several turns with a system message", {}, files={"data/chat.jsonl": [talk(("system", "Be brief."), ("user", "Hello"), ("assistant", "Hello."), ("user", f"What is {n}?"), ("assistant", f"A number, {n}.")) for n in range(200)]}),
    sft("ShareGPT's words", {}, files={"data/chat.jsonl": [{"conversations": [{"from": "human", "value": m["messages"][0]["content"]}, {"from": "gpt", "value": m["messages"][1]["content"]}]} for m in ASKED]}),
    sft("high rank with its own scale", {LORA: "    lora: {r: 32, lora_alpha: 32, use_rslora: true, lora_dropout: 0.05, target_modules: [q_proj, v_proj, gate_proj]}\n"}),
    sft("four bits, scales too", {"method: lora": "method: qlora", LORA: LORA + "    quant: {bits: 4, type: nf4, double: true}\n"}),
    sft("all weights of a small base at a low rate", {"method: lora": "method: full", LORA: "", "learning_rate: 2e-4": "learning_rate: 1e-5"}),
]
# fmt: on
