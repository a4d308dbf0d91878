# ruff: noqa: E501 - a case is one line
"""Sound recipes that look like the mistakes of batch_7."""

from collections.abc import Mapping
from typing import Any

from batch_7_cases import BASE, STORIES, talk
from batch_7_pretraining import BINS, NAME, PATH, RATE, SIZES, STEPS, TOKENIZER, TWO
from batch_7_tuning import EXPORT, LORA, METHOD, PLAIN, ROWS, SYSTEM, THOUGHT, TURNS, shards, template
from batch_7_tuning import RATE as TUNED
from cases import CHATML, LM, SFT, Case


def lm(title: str, changes: Mapping[str, str], files: Mapping[str, Any] | None = None, recipe: str = LM) -> Case:
    """A sound training from nothing."""
    return Case("valid", title, recipe, changes, files or {})


def sft(title: str, changes: Mapping[str, str], files: Mapping[str, Any] | None = None) -> Case:
    """A sound tuning."""
    return Case("valid", title, SFT, changes, files or {})


DIGITS = {
    "type": "Sequence",
    "pretokenizers": [
        {"type": "Digits", "individual_digits": True},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    ],
}
TOLD = [
    talk(("user", f"What is {n} and {n}?"), ("assistant", f"It is {2 * n}."), ("user", "And once more?"), ("assistant", f"{4 * n}."))
    for n in range(200)
]

# fmt: off
VALID = [
    lm("null for no clipping", {RATE: RATE + "    max_grad_norm: null\n"}),
    lm("a path with a blank in double quotes", {"path: data/stories.jsonl": 'path: "data/my texts/notes.jsonl"'}, {"data/my texts/notes.jsonl": STORIES}),
    lm("a template in quotes", {PATH: PATH + '        columns:\n          text: "{title}\\n{text}"\n'}),
    lm("a rate as a plain decimal", {"learning_rate: 1e-3": "learning_rate: 0.001"}),
    lm("rows of the padded vocabulary", {BINS: "  - type: check_vocab_consistency\n    pad_vocab_to_multiple_of: 64\n" + BINS, "n_heads: 4}": "n_heads: 4, vocab_size: 1024}"}),
    lm("symbols that differ by their case", {TOKENIZER: TOKENIZER + '    user_symbols: ["<tr>", "<TR>"]\n'}),
    lm("a small vocabulary without bytes", {TOKENIZER: "    model: unigram\n    vocab_size: 200\n    character_coverage: 1.0\n"}),
    lm("pieces that overlap a little", {BINS: "  - type: split_long\n    max_tokens: 256\n    overlap_tokens: 16\n" + BINS}),
    lm("half precision on a T4, written", {RATE: RATE + "    precision: fp16\n"}),
    lm("heads in groups of four", {SIZES: "{family: llama, d_model: 256, n_layers: 4, n_heads: 8, n_kv_heads: 2}"}),
    lm("a batch in eight parts, on one of four cards", {"target: t4": "target: {gpu: t4, count: 4}", "total_batch_size: 16": "total_batch_size: 16\n    batch_size: 2\n    gradient_accumulation_steps: 8"}),
    lm("one validation, at the end", {RATE: RATE + "    eval_steps: 1000\n"}),
    lm("no warmup", {RATE: RATE + "    warmup_steps: 0\n"}),
    lm("patience for two of five validations", {RATE: RATE + "    eval_steps: 200\n    early_stopping: {patience: 2}\n"}),
    lm("a rate that falls to nothing", {RATE: RATE + "    min_lr: 0\n"}),
    lm("a training that goes on", {}, recipe=TWO),
    lm("a Mamba of a larger state", {SIZES: "{family: mamba, d_model: 256, n_layers: 4, d_state: 64, d_conv: 4}"}),
    lm("four bits of rows that fill the blocks", {NAME: "    name: small-stories.v2\n    quantization: q4_0\n"}),
    lm("few steps on a processor", {"target: t4": "target: here", STEPS: "    max_steps: 50\n"}),
    sft("new tokens with their rows trained", {LORA: '    lora: {r: 8, lora_alpha: 16, modules_to_save: [embed_tokens, lm_head]}\n    add_tokens: ["<|tool|>"]\n'}),
    sft("rows exactly as long as the positions", {}, {f"{BASE}/config.json": {"max_position_embeddings": 512}, f"{BASE}/tokenizer_config.json": {"model_max_length": 512}}),
    sft("all linear layers by name", {LORA: "    lora: {r: 8, lora_alpha: 16, target_modules: [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]}\n"}),
    sft("bf16 with four bits on a card that has it", {METHOD: "    method: qlora\n    precision: bf16\n"}),
    sft("turns that alternate, for a template that asks it", {}, {ROWS: TOLD, **template(TURNS + SYSTEM + CHATML)}),
    sft("thoughts for a template that keeps them", {}, {ROWS: THOUGHT}),
    sft("the end mark as a stop", {EXPORT: EXPORT + '    parameters: {stop: ["<|im_end|>"], num_predict: 256}\n    system: You are a clerk.\n'}),
    sft("a base in two files", {}, shards()),
    sft("digits one by one", {}, {f"{BASE}/tokenizer.json": {"pre_tokenizer": DIGITS}}),
    sft("packed documents", {TUNED: TUNED + "    packing: documents\n"}, {ROWS: PLAIN}),
]
