# ruff: noqa: E501 - a case is one line
"""Recipes that look like mistakes of the tenth batch and are none. See batch_10."""

from batch_9_cases import CHAT, DESK, NOVELS, POLITE, TALES, TEXTS, TICKETS, talk, valid
from batch_10_training import BASE, DOMAIN, FORUM, GPT, MISTRAL, PAIRS, SPLITS, THINKS, THIRD, again, hub, tuned
from cases import CHATML

MARKED = CHATML.replace(
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}",
    "{{ '<|im_start|>' + message['role'] + '\\n' }}{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '\\n' }}",
)
QUOTED = "instruction,output\n" + "".join(f'"Double {n}; then add one.","It is {2 * n}; and {2 * n + 1}."\n' for n in range(240))
MIXED = [
    {
        "conversations": [
            {"from": "user" if n % 2 else "human", "value": f"Where is leek {n}?"},
            {"from": "assistant" if n % 3 else "gpt", "value": f"In bed {n}."},
        ]
    }
    for n in range(320)
]
ROWS = "data/tickets.jsonl"
LLAMA = GPT.replace("gpt2", "llama")

# fmt: off
VALID = [
    valid(FORUM, "the forum itself", {}),
    valid(DOMAIN, "the books for a base itself", {}),
    valid(DOMAIN, "a base whose positions are stretched already", {"window: 512": "window: 4096", "total_batch_tokens: 16384": "total_batch_tokens: 32768", "val_fraction: 0.05": "val_fraction: 0.3"}, {f"{BASE}/config.json": {"max_position_embeddings": 8192, "rope_scaling": {"type": "linear", "rope_type": "linear", "factor": 4.0}}, f"{BASE}/tokenizer_config.json": {"model_max_length": 8192}}),
    valid(FORUM, "all weights in fp16 on a V100", {"target: l4": "target: v100-16", "    optimizer: adamw\n": "    optimizer: adamw\n    precision: fp16\n"}),
    valid(CHAT, "a pad token that is the end of all", {}, tuned(pad_token="</s>")),
    valid(CHAT, "a template that marks what is generated", {}, tuned(chat_template=MARKED)),
    valid(CHAT, "a template that refuses what does not occur", {}, tuned(chat_template=MISTRAL)),
    valid(CHAT, "thoughts in every answer, and a template that keeps them", {"max_seq_length: 512": "max_seq_length: 1024", "max_tokens: 512": "max_tokens: 1024"}, {"data/chat.jsonl": THINKS}),
    valid(NOVELS, "heads of 64 in flash attention, documents apart", {"target: rtx3080": "target: a100-80", GPT: "{family: llama, d_model: 256, n_layers: 4, n_heads: 4}\n    attn_implementation: flash_attention_2\n    packing: documents\n    precision: bf16"}),
    valid(FORUM, "patience for half of all validations", {"    eval_steps: 10\n": "    eval_steps: 5\n    early_stopping: {patience: 4, min_delta: 0.002}\n"}),
    valid(DOMAIN, "a rise and a fall with a plateau between", {"decay_share: 0.2": "decay_share: 0.5", "warmup_steps: 10": "warmup_steps: 40"}),
    valid(FORUM, "half an epoch", {"num_train_epochs: 3": "num_train_epochs: 0.5", "eval_steps: 10": "eval_steps: 3", "save_steps: 20": "save_steps: 5"}),
    valid(FORUM, "speakers by two names each", {}, {"data/forum.jsonl": MIXED}),
    valid(DESK, "a table with semicolons inside its quotes", {"path: data/tickets.jsonl": "path: data/tickets.csv"}, {"data/tickets.csv": QUOTED}),
    valid(DESK, "the better answers of a preference", {"      - path: data/tickets.jsonl\n": "      - path: data/tickets.jsonl\n        columns: {instruction: prompt, output: chosen}\n"}, {ROWS: PAIRS}),
    valid(DESK, "the train file of a folder with three", {"path: data/tickets.jsonl": "path: data/tickets/train.jsonl"}, SPLITS),
    valid(DESK, "one file of a folder, and its first rows alone", {"path: data/tickets.jsonl\n": "path: data/tickets.jsonl\n        take: 160\n"}),
    valid(NOVELS, "longer, at a rate that stands", {"    warmup_steps: 10\n": "    warmup_steps: 10\n    scheduler: constant\n", THIRD: again("    resume_from: {step: gpt}\n    num_train_epochs: 12\n    scheduler: constant\n    warmup_steps: 10\n    batch_size: 4\n    gradient_accumulation_steps: 2\n").replace("    total_batch_size: 8\n", "") + THIRD}),
    valid(NOVELS, "the same weights in shorter rows, where positions are turned and not learned", {GPT: LLAMA, THIRD: again("    num_train_epochs: 1\n    init_from: {step: gpt}\n", LLAMA).replace("${ctx}", "128").replace("6e-4", "2e-4") + THIRD}),
    valid(NOVELS, "all of the validation side, and its best", {"    eval_steps: 20\n": "    eval_steps: 20\n    eval_tokens: null\n", "    name: novels\n": "    name: novels\n    weights: best\n"}),
    valid(TALES, "few tokens a step at a low rate", {"total_batch_tokens: 4096": "total_batch_tokens: 1024", "learning_rate: 8e-4": "learning_rate: 3e-4"}),
    valid(POLITE, "a 7B in four bits on a 3090", {**hub("meta-llama/Llama-2-7b-chat-hf"), "target: a100-80": "target: rtx3090", "    method: lora\n": "    method: qlora\n", "max_seq_length: 1024": "max_seq_length: 1024\n    batch_size: 1\n    activation_checkpointing: true"}),
    valid(CHAT, "a system message that says who answers, in every row", {}, {"data/chat.jsonl": [talk(("system", f"You are number {n}."), ("user", "Who are you?"), ("assistant", f"Number {n}.")) for n in range(200)]}),
    valid(NOVELS, "books with a copy that dedup takes out", {}, {"corpus/two_copy.txt": TEXTS["corpus/two.txt"]}),
    valid(DESK, "rows with an empty input and an optional system", {}, {ROWS: [{**row, "system": "Be brief."} for row in TICKETS]}),
]
# fmt: on
