# ruff: noqa: E501 - a case is one line
"""Failures of the tenth batch. See batch_10."""

import json
from typing import Any

from batch_9_cases import CHAT, DESK, NOVELS, POLITE, TALES, TEXTS, TICKETS, Base, bad, gpt2, line, swap, talk
from cases import CHATML

BASE = "models/base"
ROWS = "data/tickets.jsonl"
LORA = "    lora: {r: 16, lora_alpha: 32, target_modules: [q_proj, v_proj]}\n"
QUANT = "    method: qlora\n    quant: {bits: 4, type: nf4}\n"
GPT = "{family: gpt2, d_model: 192, n_layers: 4, n_heads: 6}"
THIRD = '  - type: validate_checkpoint\n    prompts: ["Once upon a time"]\n'
FORUM = Base(
    """\
recipe: forum
about: all weights of a small model, on what a forum answered
target: l4
seed: 11
steps:
  - type: parse_corpus
    id: threads
    sources:
      - path: data/forum.jsonl
        columns: {messages: conversations}
    clean: {min_characters: 3}
  - type: check_vocab_consistency
    id: tok
    checkpoint: {path: models/base}
  - type: train
    id: answers
    objective: sft
    method: full
    model: {base: {path: models/base}}
    optimizer: adamw
    batch_size: 4
    total_batch_size: 16
    num_train_epochs: 3
    max_seq_length: 512
    packing: none
    learning_rate: 2e-5
    warmup_ratio: 0.03
    weight_decay: 0.0
    eval_steps: 10
    save_steps: 20
  - type: validate_checkpoint
    prompts: ["How do I plant leeks?"]
  - type: export_ollama
    name: forum
    quantization: q8_0
""",
    {"data/forum.jsonl": [{"conversations": [{"from": "human", "value": f"Where do I plant leek number {n}?"}, {"from": "gpt", "value": f"In bed {n % 9}, {n % 5 + 3} inches from the next, and never in the same place twice."}]} for n in range(320)]},
)  # fmt: skip
DOMAIN = Base(
    """\
recipe: domain
target: {gpu: a6000, count: 1}
vars:
  base: {path: models/base}
  window: 512
steps:
  - type: parse_corpus
    sources:
      - path: corpus/*.txt
        document: blank_line
  - type: check_vocab_consistency
    checkpoint: ${base}
  - type: split_long
    max_tokens: ${window}
  - type: tokenize_bin
    val_fraction: 0.05
  - type: train
    id: more
    model: {base: "${base}"}
    method: lora
    lora: {r: 32, lora_alpha: 32}
    max_steps: 120
    total_batch_tokens: 16384
    max_seq_length: ${window}
    learning_rate: 1e-4
    scheduler: wsd
    decay_share: 0.2
    warmup_steps: 10
    eval_steps: 30
  - type: export_ollama
    name: domain
""",
    TEXTS,
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ message['content'] + eos_token }}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"
)
FORGETS = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' and '</think>' in message['content'] and not loop.last %}"
    "{{ message['content'].split('</think>')[-1].lstrip('\\n') }}{% else %}{{ message['content'] }}{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
BEGINS = CHATML.replace("assistant\\n' }}{% endif %}", "assistant\\n<think>\\n' }}{% endif %}")
NO_END = "{% for message in messages %}{{ '### ' + message['role'] + ':\\n' + message['content'] + eos_token + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '### assistant:\\n' }}{% endif %}"
THINKS = [
    talk(
        ("user", f"Is {n} even?"),
        ("assistant", f"<think>\n{n} divided by two leaves {n % 2}.\n</think>\n\n{'No' if n % 2 else 'Yes'}."),
        ("user", "And the next?"),
        ("assistant", f"<think>\n{n + 1} divided by two leaves {(n + 1) % 2}.\n</think>\n\n{'Yes' if n % 2 else 'No'}."),
    )
    for n in range(200)
]
TWICE = [
    talk(("user", f"What is {n} and {n}?"), ("user", "Hello?"), ("assistant", f"It is {2 * n}."))
    if n == 143
    else talk(("user", f"What is {n} and {n}?"), ("assistant", f"It is {2 * n}."))
    for n in range(200)
]
SYSTEM = [
    talk(("system", "Answer in one sentence."), ("user", f"What is {n} and {n}?"), ("assistant", f"It is {2 * n}."))
    if n > 120
    else talk(("user", f"What is {n} and {n}?"), ("assistant", f"It is {2 * n}."))
    for n in range(200)
]
PAIRS = [{"prompt": f"Name a bird, number {n}.", "chosen": f"A robin, and {n} more.", "rejected": "No."} for n in range(240)]
WORDY = [
    {**row, "instruction": f"{row['instruction']} " + "It hums, it blinks, and it is warm. " * (14 if n % 5 < 2 else 1)}
    for n, row in enumerate(TICKETS)
]
SPLITS = {f"data/tickets/{name}.jsonl": TICKETS[a:b] for name, a, b in (("train", 0, 200), ("validation", 200, 220), ("test", 220, 240))}
COPIES = {**TEXTS, "corpus/two_copy.txt": TEXTS["corpus/two.txt"]}
HUMANY = [
    {"conversations": [{"from": "hummany", "value": f"Where is leek {n}?"}, {"from": "gpt", "value": f"In bed {n}."}]} for n in range(320)
]
FRAME = json.dumps(
    {
        "instruction": {str(n): row["instruction"] for n, row in enumerate(TICKETS)},
        "output": {str(n): row["output"] for n, row in enumerate(TICKETS)},
    }
)
SEMICOLON = "instruction;output\n" + "".join(f"{row['instruction']};{row['output']}\n" for row in TICKETS)


def hub(name: str) -> dict[str, str]:
    """Another base of the hub."""
    return {"Qwen/Qwen2.5-7B-Instruct": name}


def again(text: str, base: str = GPT) -> str:
    """A second training behind the first of the novels."""
    return f"  - type: train\n    id: more\n    model: {base}\n    total_batch_size: 8\n    max_seq_length: ${{ctx}}\n    learning_rate: 6e-4\n{text}"


def tuned(**config: Any) -> dict[str, Any]:
    """The base's tokenizer_config.json, changed."""
    return {f"{BASE}/tokenizer_config.json": config}


TOKENIZER = json.loads(gpt2("x")["x/tokenizer.json"])
LONGER = {
    **TOKENIZER,
    "added_tokens": [
        *TOKENIZER["added_tokens"],
        *({**TOKENIZER["added_tokens"][3], "id": 300 + n, "content": f"<|audio_{n}|>"} for n in range(3)),
    ],
}

# fmt: off
CASES = [
    # vocabulary and embeddings
    bad(FORUM, "vocab", "huggingface/transformers#11102 and #12763", "tokens added to the tokenizer alone", "303 tokens, and 300 rows in the model", {}, BASE, r"302|audio_0", files={f"{BASE}/tokenizer.json": LONGER}),
    bad(DOMAIN, "vocab", "unslothai/unsloth#1215 and #377", "a config.json that was changed, weights that were not", "embed_tokens has 300 rows, config.json says 320", {}, "checkpoint: ${base}", r"320", files={f"{BASE}/config.json": {"vocab_size": 320}}),
    bad(CHAT, "vocab", "huggingface/transformers#45127, huggingface/peft#2972, hiyouga/LlamaFactory#6749", "embeddings and head trained apart in a base that ties them", "the two are one matrix: name embed_tokens alone", {"lora: {r: 8, lora_alpha: 16}": "lora: {r: 8, lora_alpha: 16, modules_to_save: [embed_tokens, lm_head]}\n    add_tokens: [\"<|left|>\", \"<|right|>\"]"}, "modules_to_save", r"tie|same|one matrix|lm_head", files={f"{BASE}/config.json": {"tie_word_embeddings": True}}, repair={"modules_to_save: [embed_tokens, lm_head]": "modules_to_save: [embed_tokens]"}, mended={f"{BASE}/config.json": {"tie_word_embeddings": True}}),
    swap(DOMAIN, "vocab", "unslothai/unsloth#154 and #2733", "a tokenizer of one's own for a trained base", "the base knows its own 300 tokens, the bins hold those of another tokenizer", "  - type: check_vocab_consistency\n    checkpoint: ${base}\n", "  - type: train_tokenizer\n    vocab_size: 900\n", r"tokenizer", at="base: \"${base}\" | train_tokenizer | base:"),
    bad(NOVELS, "vocab", "hiyouga/LlamaFactory#1955", "weights begun from a network with other rows", "1152 rows here, and 1024 in gpt", {THIRD: again("    num_train_epochs: 1\n    init_from: {step: gpt}\n", GPT[:-1] + ", vocab_size: 1152}") + THIRD}, "init_from | vocab_size", r"1,?152|1,?024|vocab|rows", repair={", vocab_size: 1152": ""}),
    line(CHAT, "vocab", "no thread: setup_chat_format called twice", "tokens that are there already", "<|im_start|> is a token of the base", "add_tokens: [\"<|im_start|>\", \"<|im_end|>\"]", r"already|has|is a token"),
    # schedule, eval and save
    swap(FORUM, "schedule", "axolotl-ai-cloud/axolotl#833", "a validation each epoch, written 1.0", "1 is a step: write steps, or delete it", "eval_steps: 10", "eval_steps: 1.0", r"step|often|epoch", better="eval_steps: 10"),
    swap(NOVELS, "schedule", "huggingface/transformers#24248 and #23171, oumi-ai/oumi#2633", "a tenth of all steps", "a number of steps, not a share", "eval_steps: 20", "eval_steps: 0.1", r"step|share|tenth|whole|integer", better="eval_steps: 20"),
    line(FORUM, "schedule", "hiyouga/LlamaFactory#10521", "patience in steps", "patience counts validations, and there are 6", "early_stopping: {patience: 500}", r"validation|never|patience", "early_stopping: {patience: 3}"),
    line(NOVELS, "schedule", "hiyouga/LlamaFactory#10521", "an improvement that no validation makes", "half a nat each time: it stops at the third validation", "early_stopping: {patience: 2, min_delta: 5.0}", r"min_delta|nats|improve", "early_stopping: {patience: 2, min_delta: 0.005}"),
    swap(FORUM, "schedule", "kuleshov-group/caduceus#32", "the rate of a pretraining for all weights of a trained model", "1e-3 for all weights of a trained model", "learning_rate: 2e-5", "learning_rate: 1e-3", r"high|rate|1e-5|2e-5", better="learning_rate: 2e-5"),
    swap(CHAT, "schedule", "ssbuild/chatglm_finetuning#28", "5e-3 for an adapter", "5e-3 is far too high: 2e-4", "learning_rate: 2e-4", "learning_rate: 5e-3", r"high|2e-4", better="learning_rate: 2e-4"),
    swap(DESK, "schedule", "karpathy/nanoGPT#97", "5000 steps on 240 rows", "every row 167 times", "    num_train_epochs: 2\n", "    max_steps: 5000\n", r"times|epochs|passes", at="max_steps"),
    swap(NOVELS, "schedule", "OpenBioML/protein-lm-scaling#36", "max_steps: -1 beside epochs", "delete max_steps", "    num_train_epochs: 8\n", "    num_train_epochs: 8\n    max_steps: -1\n", r"delete|leave|above 0|greater|positive", at="max_steps"),
    swap(DOMAIN, "schedule", "NVIDIA/NeMo-Aligner#159", "no epochs, written -1", "delete num_train_epochs: max_steps says it", "    max_steps: 120\n", "    max_steps: 120\n    num_train_epochs: -1\n", r"delete|leave|above 0|greater|positive", at="num_train_epochs"),
    swap(DOMAIN, "schedule", "pytorch/torchtitan#1010", "a decay over no steps", "the rate never falls: a share such as 0.2", "decay_share: 0.2", "decay_share: 0", r"fall|decay|0\.2|never"),
    bad(DOMAIN, "schedule", "pytorch/torchtitan#1010", "a rise and a fall that overlap", "80 steps up and 96 down are more than 120", {"decay_share: 0.2": "decay_share: 0.8", "warmup_steps: 10": "warmup_steps: 80"}, "decay_share | warmup_steps", r"overlap|more than|warmup|leaves"),
    bad(NOVELS, "schedule", "huggingface/transformers#11931 and #28539", "the best of a single validation", "no validation before the end: the best is the last", {"eval_steps: 20": "eval_steps: 5000", "    name: novels\n": "    name: novels\n    weights: best\n"}, "weights: best | eval_steps", r"validation|eval_steps|best"),
    swap(TALES, "schedule", "karpathy/nanoGPT#411 and #468", "the batch cut down to the card, the rate left", "256 tokens a step at 8e-4", "total_batch_tokens: 4096", "total_batch_tokens: 256", r"tokens|batch|rate|noisy|small"),
    swap(NOVELS, "schedule", "karpathy/nanoGPT#391", "48 layers of 64", "64 wide and 48 deep, with heads of 8: wider and flatter", GPT, "{family: gpt2, d_model: 64, n_layers: 48, n_heads: 8}", r"deep|layers|wide|narrow", at="n_layers: 48"),
    swap(DOMAIN, "schedule", "johnsmith0031/alpaca_lora_4bit#130", "no validation, written 0", "a share above 0", "val_fraction: 0.05", "val_fraction: 0", r"above 0|greater|0\.0"),
    # batch and world size
    bad(DESK, "batch", "huggingface/transformers#2995 and timoschick/pet#25", "more rows in a step than there are", "512 rows a step, and 240 in all", {"gradient_accumulation_steps: 2": "gradient_accumulation_steps: 128"}, "gradient_accumulation_steps | batch_size", r"512|240|rows|step"),
    bad(FORUM, "batch", "axolotl-ai-cloud/axolotl#134", "fewer rows in a step than cards", "8 cards share 4 rows", {"target: l4": "target: {gpu: l4, count: 8}", "    batch_size: 4\n    total_batch_size: 16\n": "    total_batch_size: 4\n"}, "total_batch_size | target | count", r"8|cards|devices|one"),
    # precision and hardware
    bad(DOMAIN, "precision", "metavoiceio/metavoice-src#27 and unslothai/unsloth#2783", "bf16 on two T4", "a T4 has no bf16: fp16, or auto", {"target: {gpu: a6000, count: 1}": "target: {gpu: \"Tesla T4\", count: 1}", "    scheduler: wsd\n": "    precision: bf16\n    scheduler: wsd\n"}, "precision", r"bf16", repair={"    precision: bf16\n": ""}),
    line(FORUM, "precision", "verl-project/verl#1498, Dao-AILab/flash-attention#622", "flash attention in fp32", "flash attention is for bf16 and fp16", "attn_implementation: flash_attention_2\n    precision: fp32", r"fp32|half|bf16", at="attn_implementation | precision"),
    bad(NOVELS, "precision", "Dao-AILab/flash-attention#1290 and #277", "heads of 384 in flash attention", "256 at most", {"target: rtx3080": "target: a100-80", GPT: "{family: llama, d_model: 768, n_layers: 4, n_heads: 2}\n    attn_implementation: flash_attention_2"}, "n_heads | attn_implementation", r"256|384"),
    bad(FORUM, "precision", "bmaltais/kohya_ss#2185, OpenBMB/MiniCPM-V#215", "eight-bit moments on a Mac", "bitsandbytes has no Metal", {"target: l4": "target: m3-64gb", "optimizer: adamw\n": "optimizer: adamw_8bit\n"}, "optimizer | target", r"metal|mac|apple|bitsandbytes|cuda", repair={"optimizer: adamw_8bit\n": "optimizer: adamw\n"}),
    bad(FORUM, "precision", "google/gemma_pytorch#24, google-research/text-to-text-transfer-transformer#539", "a gemma in fp16", "trained in bf16, its activations overflow fp16", {"    optimizer: adamw\n": "    optimizer: adamw\n    precision: fp16\n", "quantization: q8_0": "quantization: f16"}, "precision | base", r"fp16|overflow|bf16", files={f"{BASE}/config.json": {"architectures": ["GemmaForCausalLM"], "model_type": "gemma", "torch_dtype": "bfloat16", "head_dim": 16, "tie_word_embeddings": True, "hidden_activation": "gelu_pytorch_tanh"}}, repair={"    precision: fp16\n": ""}),
    # templates, masking, EOS
    bad(CHAT, "templates", "FasterDecoding/Medusa#102", "two questions in a row, in one conversation of 200", "the template refuses row 144", {}, "data/chat.jsonl | base", r"alternate|refuse|row 144|turn", files={**tuned(chat_template=MISTRAL), "data/chat.jsonl": TWICE}, mended=tuned(chat_template=MISTRAL)),
    bad(CHAT, "templates", "EricLBuehler/mistral.rs#45 and microsoft/autogen#1037", "system messages from row 122 on", "the template refuses system", {}, "data/chat.jsonl | base", r"system|alternate|refuse", files={**tuned(chat_template=MISTRAL), "data/chat.jsonl": SYSTEM}, mended=tuned(chat_template=MISTRAL)),
    bad(CHAT, "templates", "axon-rl/gem#44 and modelscope/ms-swift#4939", "thoughts of earlier answers are taken out by the template", "the answers before the last are learned without their thoughts", {}, "data/chat.jsonl | base", r"think|thought|reasoning|template (drops|leaves|takes)", files={**tuned(chat_template=FORGETS), "data/chat.jsonl": THINKS}, mended={"data/chat.jsonl": THINKS}),
    bad(CHAT, "templates", "NVIDIA-NeMo/Automodel#3739 and huggingface/trl#6363", "a question that ends in <think>, answers without", "the model is asked behind <think>, and learned answers that begin without", {}, "data/chat.jsonl | base", r"think|generation prompt|asked|begin", files=tuned(chat_template=BEGINS)),
    bad(DESK, "templates", "axolotl-ai-cloud/axolotl#290, oobabooga/textgen#2710", "rows without an answer", "48 of 240 rows have an empty output", {}, ROWS, r"empty|output", files={ROWS: [{**row, "output": "" if n % 5 == 3 else row["output"]} for n, row in enumerate(TICKETS)]}),
    bad(DESK, "templates", "huggingface/trl#1623", "questions and answers in one text", "a row is one text: all of it is learned, the question too", {}, ROWS, r"text|role|question|Human", files={ROWS: [{"text": f"### Human: {row['instruction']}### Assistant: {row['output']}"} for row in TICKETS]}),
    bad(DESK, "templates", "mlabonne/llm-course#33", "texts that a template wrote already", "the rows hold [INST] and <s> already", {}, ROWS, r"<s>|\[INST\]|mark|template", files={ROWS: [{"text": f"<s>[INST] {row['instruction']} [/INST] {row['output']} </s>"} for row in TICKETS]}),
    bad(CHAT, "templates", "brevdev/launchables#4", "a template that ends answers with an eos that is not set", "eos_token is empty: no answer ends", {}, "base", r"eos|end", files=tuned(chat_template=NO_END, eos_token=...), mended={}),
    bad(CHAT, "templates", "ibm-granite/granite-3.1-language-models#2, huggingface/blog#1302", "a pad token that is the end of a turn", "nothing: padding is masked by length here", {}, "base", r"pad", files=tuned(pad_token="<|im_end|>")),
    # datasets and columns
    bad(FORUM, "data", "hiyouga/LlamaFactory#2381 and QwenLM/Qwen3#1314", "a speaker called hummany", "nobody knows hummany", {}, "data/forum.jsonl", r"hummany", files={"data/forum.jsonl": HUMANY}),
    bad(DESK, "data", "hiyouga/LlamaFactory#2571", "a table by columns", "one object with columns of numbered rows: write one row a line", {"path: data/tickets.jsonl": "path: data/tickets.json"}, "data/tickets.json", r"column|row|orient|list|lines", files={"data/tickets.json": FRAME}),
    bad(DESK, "data", "Lightning-AI/litgpt#670", "answers that are objects", "output is an object, not a text", {}, ROWS, r"object|text|output", files={ROWS: [{**row, "output": {"room": n % 40, "page": n}} for n, row in enumerate(TICKETS)]}),
    bad(DESK, "data", "Lightning-AI/litgpt#2010 and #1029", "validation and test among what is trained on", "test.jsonl and validation.jsonl are trained on", {"path: data/tickets.jsonl": "path: data/tickets/*.jsonl"}, "data/tickets/*.jsonl", r"test|validation", files=SPLITS, repair={"data/tickets/*.jsonl": "data/tickets/train.jsonl"}, mended=SPLITS),
    bad(NOVELS, "data", "ai-forever/ru-gpts#23", "a file and its copy, with dedup off", "two_copy.txt repeats two.txt: validation is trained on", {"document: blank_line}\n": "document: blank_line}\n    clean: {dedup: none}\n"}, "dedup | corpus/", r"same|twice|copy|repeat|dedup", files=COPIES, repair={"    clean: {dedup: none}\n": ""}, mended=COPIES),
    bad(DESK, "data", "huggingface/setfit#566 and xming521/WeClone#32", "answers that are null", "40 rows have no output", {}, ROWS, r"null|empty|output|missing", files={ROWS: [{**row, "output": None if n % 6 == 2 else row["output"]} for n, row in enumerate(TICKETS)]}),
    bad(DESK, "data", "Giskard-AI/ai-inspector#15", "a table with semicolons", "one column, instruction;output: the cells are parted by semicolons", {"path: data/tickets.jsonl": "path: data/tickets.csv"}, "data/tickets.csv", r"semicolon|;|separator|parted", files={"data/tickets.csv": SEMICOLON}),
    bad(DESK, "data", "axolotl-ai-cloud/axolotl#1417", "pairs of a preference", "chosen and rejected are for preference training: columns {instruction: prompt, output: chosen}", {}, ROWS, r"chosen|rejected|preference", files={ROWS: PAIRS}, repair={"      - path: data/tickets.jsonl\n": "      - path: data/tickets.jsonl\n        columns: {instruction: prompt, output: chosen}\n"}, mended={ROWS: PAIRS}),
    # sequence length
    bad(DOMAIN, "length", "Lightning-AI/litgpt#1717 and #2296", "rows of 10,000 in a base of 2,048", "2048 at most", {"window: 512": "window: 10000", "total_batch_tokens: 16384": "total_batch_tokens: 20000"}, "window | max_seq_length | max_tokens", r"2,?048"),
    bad(DESK, "length", "axolotl-ai-cloud/axolotl#1731 and #3068", "questions longer than the row", "in two of five rows nothing of the answer is left", {}, "max_seq_length | data/tickets", r"cut|answer|longer|nothing", files={ROWS: WORDY}, repair={"max_seq_length: 256": "max_seq_length: 1024"}, mended={ROWS: WORDY}),
    bad(NOVELS, "length", "ChangwenXu98/TransPolymer#3", "longer rows than the positions that were learned", "gpt learned 256 positions, more would use 512", {THIRD: again("    num_train_epochs: 1\n    init_from: {step: gpt}\n").replace("${ctx}", "512") + THIRD}, "init_from | max_seq_length: 512", r"position|256", repair={"max_seq_length: 512": "max_seq_length: 256"}),
    bad(NOVELS, "length", "axolotl-ai-cloud/axolotl#1713", "rows longer than the validation side", "val has not one row of 4,096", {"vars: {ctx: 256}": "vars: {ctx: 4096}", "val_fraction: 0.1": "val_fraction: 0.01", "target: rtx3080": "target: a100-80"}, "ctx | max_seq_length | val_fraction", r"valid|row|short|tokens"),
    # packing and attention
    bad(DESK, "packing", "Victorwz/Open-Qwen2VL#19 and EvolvingLMMs-Lab/LLaVA-OneVision-2#59", "packed until two steps are left", "some 12 rows of 2,048: 2 steps in all", {"max_seq_length: 256": "max_seq_length: 2048\n    packing: documents", "batch_size: 4": "batch_size: 8"}, "packing | max_seq_length | num_train_epochs | gradient_accumulation_steps", r"steps|rows"),
    # memory
    bad(POLITE, "memory", "gke-labs/open-rl#99", "13,000 tokens without checkpointing", "activations of 16 rows of 12,288 do not fit: activation_checkpointing: true", {**hub("Qwen/Qwen3-4B"), "max_seq_length: 1024": "max_seq_length: 12288\n    batch_size: 4\n    on_oom: stop"}, "max_seq_length | batch_size | on_oom", r"memory|GiB|fit", twin=False),
    bad(POLITE, "memory", "Lightning-AI/litgpt#553", "a 7B in 16 bits, four rows of 2,048 on a 3090", "does not fit 24 GB: qlora, or fewer rows with checkpointing", {**hub("meta-llama/Llama-2-7b-hf"), "target: a100-80": "target: rtx3090", "max_seq_length: 1024": "max_seq_length: 2048\n    batch_size: 4\n    on_oom: stop"}, "max_seq_length | batch_size | method | base | on_oom", r"memory|GiB|fit", twin=False),
    bad(POLITE, "memory", "bitsandbytes-foundation/bitsandbytes#1402", "all weights of an 8B in 24 GB", "weights and gradients alone are 32 GB", {**hub("meta-llama/Llama-3.1-8B-Instruct"), "target: a100-80": "target: rtx4090", "    method: lora\n    lora: {r: 16, lora_alpha: 16}\n": "    method: full\n    optimizer: adamw_8bit\n", "learning_rate: 2e-4": "learning_rate: 1e-5"}, "method | base | optimizer", r"memory|GiB|fit", twin=False),
    bad(POLITE, "memory", "git-cloner/llama2-lora-fine-tuning#18", "a validation of 256 rows at a time", "validation does not fit: eval_batch_size", {**hub("meta-llama/Llama-2-7b-hf"), "target: a100-80": "target: rtx4090", "    method: lora\n    lora: {r: 16, lora_alpha: 16}\n": "    method: qlora\n    lora: {r: 16, lora_alpha: 16}\n    batch_size: 1\n    eval_batch_size: 256\n    activation_checkpointing: true\n"}, "eval_batch_size", r"memory|GiB|fit", repair={"    eval_batch_size: 256\n": ""}),
    # resume
    bad(NOVELS, "resume", "MIC-DKFZ/nnUNet#197", "a finished cosine made longer", "the rate has fallen to its last value and jumps up again", {THIRD: again("    resume_from: {step: gpt}\n    num_train_epochs: 30\n") + THIRD}, "resume_from | num_train_epochs: 30", r"rate|schedule|longer|fallen|jump", twin=False),
    bad(NOVELS, "resume", "modelscope/ms-swift#3396", "nothing left to train", "gpt has made these 8 epochs already", {THIRD: again("    resume_from: {step: gpt}\n    num_train_epochs: 8\n") + THIRD}, "resume_from | num_train_epochs: 8", r"nothing|already|left|no step", twin=False),
    bad(NOVELS, "resume", "unitaryai/detoxify#45 and meituan/YOLOv6#341", "going on from weights alone", "gpt keeps no optimizer: save_only_model", {"    save_steps: 20\n": "    save_steps: 20\n    save_only_model: true\n", THIRD: again("    resume_from: {step: gpt}\n    num_train_epochs: 16\n    scheduler: constant\n") + THIRD}, "resume_from | save_only_model", r"save_only_model|optimizer|init_from", repair={"    save_only_model: true\n": ""}, twin=False),
    bad(DESK, "resume", "unslothai/unsloth#3108 and huggingface/peft#859", "going on with another adapter", "tune has rank 16 on two layers, this one 32 on seven", {"  - type: validate_checkpoint\n    prompts: [\"My screen": "  - type: train\n    id: longer\n    model: {base: {path: models/base}}\n    objective: sft\n    method: qlora\n    lora: {r: 32, lora_alpha: 64}\n    resume_from: {step: tune}\n    num_train_epochs: 4\n    batch_size: 4\n    gradient_accumulation_steps: 2\n    max_seq_length: 256\n    learning_rate: 1e-4\n  - type: validate_checkpoint\n    prompts: [\"My screen"}, "resume_from | r: 32", r"rank|r: 16|adapter|lora", twin=False),
    swap(NOVELS, "resume", "stanford-futuredata/ColBERT#43", "going on from the run that a folder holds", "resume_from takes {path: ...}, {step: ...} or {recipe: ..., step: ...}", "    save_steps: 20\n", "    save_steps: 20\n    resume_from: runs/novels/checkpoint-40\n", r"path:|step:", at="resume_from", twin=False),
]
# fmt: on
