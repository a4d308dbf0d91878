# ruff: noqa: E501 - a case is one line
"""Recipes that look like mistakes and are none. See batch_9."""

from batch_9_cases import CHAT, DESK, NOVELS, POLITE, TALES, TICKETS, gpt2, talk, valid

SMALL = {
    "models/base": "models/small",
    "{base: {path: models/base}}": "{base: {path: models/small}}",
    "    method: qlora\n    quant: {bits: 4, type: nf4}\n": "    method: lora\n",
    ", target_modules: [q_proj, v_proj]}": "}",
}

# fmt: off
VALID = [
    valid(NOVELS, "the recipe itself", {}),
    valid(TALES, "tales in two languages", {}),
    valid(DESK, "a help desk", {}),
    valid(POLITE, "a model of the hub", {}),
    valid(TALES, "Norwegian, which is no boolean", {"lang: en\n": "lang: no\n"}),
    valid(NOVELS, "a text with a colon and a hash in quotes", {"about: a small GPT-2 on two books": "about: \"novels: a GPT-2, #1\""}),
    valid(NOVELS, "a prompt on several lines", {"    prompts: [\"Once upon a time\"]\n": "    prompts:\n      - |\n        Once upon a time\n        there was\n"}),
    valid(NOVELS, "steps as maps in braces", {"  - type: tokenize_bin\n    id: shards\n    val_fraction: 0.1\n": "  - {type: tokenize_bin, id: shards, val_fraction: 0.1}\n"}),
    valid(NOVELS, "one validation and one save a pass", {"    eval_steps: 20\n    save_steps: 20\n": "    eval_steps: 15\n    save_steps: 15\n    keep: 3\n"}),
    valid(NOVELS, "symbols that are digits in quotes", {"    vocab_size: 1024\n": "    vocab_size: 1024\n    user_symbols: [\"<0>\", \"<1>\"]\n"}),
    valid(NOVELS, "a soft limit of the vocabulary", {"    vocab_size: 1024\n": "    vocab_size: {at_most: 2000}\n"}),
    valid(NOVELS, "as many tokens in Ollama as were learned", {"    name: novels\n": "    name: novels\n    parameters: {num_ctx: 256, num_predict: 200, repeat_penalty: 1.1, seed: 3}\n"}),
    valid(NOVELS, "a llama with few key heads on long rows", {"{family: gpt2, d_model: 192, n_layers: 4, n_heads: 6}": "{family: llama, d_model: 192, n_layers: 4, n_heads: 6, n_kv_heads: 2, d_ff: 512, dropout: 0.1}"}),
    valid(NOVELS, "a decay behind a flat rate", {"    warmup_steps: 10\n": "    warmup_ratio: 0.05\n    scheduler: wsd\n    decay_share: 0.5\n    min_lr: 0\n"}),
    valid(NOVELS, "two trainings, the second from the first", {"  - type: validate_checkpoint\n": "  - type: train\n    id: more\n    model: {family: gpt2, d_model: 192, n_layers: 4, n_heads: 6}\n    init_from: {step: gpt}\n    num_train_epochs: 1\n    total_batch_size: 8\n    max_seq_length: ${ctx}\n    learning_rate: 1e-4\n  - type: validate_checkpoint\n"}),
    valid(TALES, "a Mamba-2 and small shards", {"{family: mamba, d_model: 128, n_layers: 4}": "{family: mamba2, d_model: 128, n_layers: 4, head_dim: 32}", "    val_fraction: 0.1\n": "    val_fraction: 0.1\n    shard_tokens: 100000\n"}),
    valid(TALES, "one source more often than the other", {"        lang: en\n": "        lang: en\n        repeat: 2\n"}),
    valid(TALES, "on the processor at hand", {"target: t4": "target: here", "num_train_epochs: 6": "max_steps: 40"}),
    valid(DESK, "rows with an input", {}, {"data/tickets.jsonl": [{**row, "input": f"Room {n}."} for n, row in enumerate(TICKETS)]}),
    valid(DESK, "a GPT-2 of short positions, with rows as long", SMALL, gpt2("models/small", 256)),
    valid(DESK, "a high rank with its scale, and eight bits", {"lora: {r: 16, lora_alpha: 32,": "lora: {r: 32, lora_alpha: 64,", "quant: {bits: 4, type: nf4}": "quant: {bits: 8}"}),
    valid(DESK, "a tokenizer without a limit of length", {}, {"models/base/tokenizer_config.json": {"model_max_length": 1000000000000000019884624838656}}),
    valid(DESK, "one pass at a low rate, all weights", {"    method: qlora\n    quant: {bits: 4, type: nf4}\n    lora: {r: 16, lora_alpha: 32, target_modules: [q_proj, v_proj]}\n": "    method: full\n", "learning_rate: 1e-4": "learning_rate: 2e-5", "num_train_epochs: 2": "num_train_epochs: 1"}),
    valid(CHAT, "a system message and several turns", {}, {"data/chat.jsonl": [talk(("system", "Be brief."), ("user", "Hello"), ("assistant", "Hello."), ("user", f"And {n}?"), ("assistant", f"Is a number, {n}.")) for n in range(200)]}),
    valid(CHAT, "answers of very different lengths", {}, {"data/chat.jsonl": [talk(("user", f"Count to {n % 20 + 1}."), ("assistant", " ".join(str(k + 1) for k in range(n % 20 + 1)) + f" and {n}.")) for n in range(200)]}),
    valid(POLITE, "steps instead of passes, and all linear layers", {"    num_train_epochs: 2\n": "    max_steps: 20\n", "lora: {r: 16, lora_alpha: 16}": "lora: {r: 16, lora_alpha: 16, target_modules: [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]}"}),
]
# fmt: on
