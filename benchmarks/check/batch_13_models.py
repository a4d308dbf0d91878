# ruff: noqa: E501 - a case is one line
"""Failures of models, schedules, batches, machines, templates and lengths. See batch_13."""

from batch_9_cases import DESK, NOVELS, TALES, bad, line, swap
from batch_10_training import DOMAIN
from batch_11_cases import ARCHIVE, CLINIC, RADIO, SEVEN
from batch_13_cases import ATLAS, TUTOR, answers, with_added
from cases import CHATML

USED = "{path: models/base} | checkpoint: ${base} | model: {base"  # where the base is named, and where it is used
CONFIG = "models/base/tokenizer_config.json"
TUNE = "    learning_rate: 2e-4\n"
BOS = CHATML.replace("{{ '<|im_start|>' + message", "{{ bos_token + '<|im_start|>' + message")
HUMAN = "{% for message in messages %}{% if message['role'] == 'human' %}{{ '<|im_start|>user\\n' + message['content'] + '<|im_end|>\\n' }}{% elif message['role'] == 'gpt' %}{{ '<|im_start|>assistant\\n' + message['content'] + '<|im_end|>\\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
TEXT = CHATML.replace("message['content']", "message['text']")
BOT = CHATML.replace("<|im_start|>assistant\\n' }}{% endif %}", "<|im_start|>bot\\n' }}{% endif %}")
LAST = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] }}{% if loop.last %}{{ '<|im_end|>' }}{% endif %}{{ '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
ROWS = [
    {
        "instruction": "",
        "input": f"Ticket {n}: the printer in room {n % 40} is silent.",
        "output": f"Please switch it off, wait, and print page {n}.",
    }
    for n in range(240)
]

# fmt: off
CASES = [
    # vocabulary and embeddings
    line(CLINIC, "vocab", "huggingface/transformers#1178 and #14770", "new tokens that are pieces of words", "'on' is cut out of every word that holds it, so month becomes m, on, th: add marks, no pieces of words", "add_tokens: [\"on\", \"day\"]", r"word|inside|cut|pieces?"),
    bad(CLINIC, "vocab", "ggml-org/llama.cpp#3585 and huggingface/tokenizers#1366", "a new token with the number of another", "<|pain|> and a piece share the id 299", {}, USED, r"299|same id|twice|both", files=with_added(299, "<|pain|>")),
    bad(CLINIC, "vocab", "ggml-org/llama.cpp#3583", "a gap in the numbers of the tokens", "<|pain|> has the id 310, and 300 to 309 are no tokens", {}, USED, r"310|gap|300|sequen", files=with_added(310, "<|pain|>", 320)),
    swap(ATLAS, "vocab", "google/sentencepiece#674", "symbols that the texts write otherwise", "the texts begin with <en> and <tr>, the symbols are [en] and [tr]", "user_symbols: [\"<en>\", \"<tr>\"]", "user_symbols: [\"[en]\", \"[tr]\"]", r"\[en\]|<en>|occur|text"),
    swap(ATLAS, "vocab", "google/sentencepiece#438", "symbols with a blank behind them", "'<en> ' occurs in no text, '<en>' does", "user_symbols: [\"<en>\", \"<tr>\"]", "user_symbols: [\"<en> \", \"<tr> \"]", r"blank|space|occur|in none"),
    bad(CLINIC, "vocab", "no thread", "a mark that tokenizer_config.json and tokenizer.json number otherwise", "id 3 is <|im_start|> in tokenizer.json and <|start|> in tokenizer_config.json", {}, USED, r"<\|start\|>|added_tokens_decoder|tokenizer_config", files={CONFIG: {"added_tokens_decoder": {"3": {"content": "<|start|>", "special": True, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False}}}}),
    swap(TALES, "vocab", "no thread", "all may be unknown", "1 is 100 %: 0.01, or the default of 0.0001", "  - type: check_vocab_consistency\n", "  - type: check_vocab_consistency\n    max_unknown_rate: 1\n", r"100|0\.0|share|all", at="max_unknown_rate"),
    line(DOMAIN, "vocab", "no thread", "a new token that no text has", "<|verse|> stands in no text, so nothing is learned for it", "add_tokens: [\"<|verse|>\"]", r"text|occur|learn|no effect"),
    # schedule, eval and save
    swap(ATLAS, "schedule", "Lightning-AI/pytorch-lightning#12095", "a band for a validation that there is not", "validations come every 20 steps, so step 90 has none", "expect: {100: {val_loss", "expect: {90: {val_loss", r"\b90\b|\b80\b|\b100\b", at="expect: {90"),
    swap(ATLAS, "schedule", "no thread", "a perplexity in the place of a loss", "1,200 pieces by chance are 7.1 nats, so 15 to 30 is a perplexity: 2.7 to 3.4", "val_loss: [2.0, 6.5]", "val_loss: [15, 30]", r"perplexity|nats|7\.\d|chance", at="val_loss: [15, 30]"),
    swap(ATLAS, "schedule", "allenai/OLMo-core#43", "a step is skipped at the median", "half of all gradients are above their median: 10", "    on_spike: skip\n", "    on_spike: skip\n    spike_factor: 1.0\n", r"half|median|10", at="spike_factor"),
    swap(NOVELS, "schedule", "no thread", "one model is proved and another exported", "validate looks at the best weights, export takes the last", "  - type: validate_checkpoint\n", "  - type: validate_checkpoint\n    weights: best\n", r"last|export|best", at="weights: best | export_ollama"),
    swap(NOVELS, "schedule", "no thread", "a loss that must be the same to the last bit", "another machine rounds otherwise: 0.0001", "  - type: validate_checkpoint\n", "  - type: validate_checkpoint\n    tolerance: 0\n", r"0\.0001|round|above 0|greater", at="tolerance"),
    swap(ATLAS, "schedule", "no thread", "a rate that rises for nine tenths of the run", "the peak comes when the run is nearly over: 0.05", "warmup_ratio: 0.05", "warmup_ratio: 0.9", r"0\.05|0\.1|rise|warm", at="warmup_ratio"),
    line(TUTOR, "schedule", "no thread", "all of the validation side, written -1", "null is all of it", "eval_tokens: -1", r"null|all"),
    swap(ATLAS, "schedule", "KellerJordan/Muon#49", "Muon's rate for everything", "2e-2 is for Muon's own matrices; the embedding takes AdamW's 1e-3", "    learning_rate: 1e-3\n", "    learning_rate: 2e-2\n    optimizer: muon\n", r"0\.02|2e-2|muon|embedding|1e-3|0\.001"),
    line(RADIO, "schedule", "no thread", "a z-loss as heavy as the loss", "1e-4 is what PaLM took", "z_loss: 1.0", r"1e-4|0\.0001|1e-04"),
    # batch and world size
    swap(ATLAS, "batch", "maszhongming/MatchSum#11", "eight rows for three cards", "8 is no multiple of 3", "count: 1}", "count: 3}", r"\b3\b|multiple|divid", at="count: 3 | total_batch_size"),
    swap(NOVELS, "batch", "karpathy/nanochat#285", "tokens of a step as its rows", "524288 is nanochat's number of tokens: total_batch_tokens", "    batch_size: 4\n    gradient_accumulation_steps: 2\n", "    total_batch_size: 524288\n", r"total_batch_tokens|tokens"),
    swap(ARCHIVE, "batch", "no thread", "tokens of a step that make no whole rows", "2,000 are 15.6 rows of 128: 1920 or 2048", "total_batch_tokens: 2048", "total_batch_tokens: 2000", r"1,?920|2,?048|rows"),
    swap(TALES, "batch", "no thread", "a margin of memory in per cent", "80 % is 0.8", "  - type: plan\n", "  - type: plan\n    memory_margin: 80\n", r"0\.8", at="memory_margin"),
    swap(TALES, "batch", "no thread", "no dry run, by a zero", "skip_dry_run: true", "  - type: plan\n", "  - type: plan\n    dry_run_steps: 0\n", r"skip_dry_run|at least 1|above 0|greater", at="dry_run_steps"),
    swap(ARCHIVE, "batch", "torch's num_workers: 0; no thread", "no workers, as torch's loader takes it", "1 is this process alone", "    val_fraction: 0.08\n", "    val_fraction: 0.08\n    workers: 0\n", r"\b1\b|auto", at="workers"),
    swap(CLINIC, "batch", "facebookresearch/fairseq, docs: --max-tokens", "tokens at a time as rows at a time", "8192 rows of 256 tokens are no batch of 220 rows", "batch_size: 8", "batch_size: 8192", r"220|rows|memory|tokens"),
    swap(TALES, "batch", "no thread", "a plan for a step that there is not", "the step is called base", "  - type: plan\n", "  - type: plan\n    for: bass\n", r"\bbase\b", at="for: bass"),
    # precision and hardware
    swap(SEVEN, "precision", "ROCm/bitsandbytes#40", "four bits on AMD's card", "mi300x is no card that is known here: {gpu: …, memory_gb: …}, and bitsandbytes is for CUDA", "target: rtx4090", "target: mi300x", r"mi300x|AMD|known"),
    swap(SEVEN, "precision", "bitsandbytes-foundation/bitsandbytes#1119 and tloen/alpaca-lora#58", "four bits on a TPU", "there is no TPU here", "target: rtx4090", "target: tpu-v3-8", r"TPU|tpu"),
    bad(NOVELS, "precision", "pytorch/pytorch#77955 and bmaltais/kohya_ss#436", "half precision on a GTX 1660", "cards of the 16 series make NaN in fp16: fp32", {"target: rtx3080": "target: gtx1660", "    learning_rate: 6e-4\n": "    learning_rate: 6e-4\n    precision: fp16\n"}, "gtx1660 | precision", r"NaN|fp32|16 series|16xx|gtx1660"),
    bad(ARCHIVE, "precision", "no thread", "flash attention on a Mac", "flash attention is for CUDA: sdpa", {"target: a10\n": "target: m2-32gb\n", "    learning_rate: 1e-3\n": "    learning_rate: 1e-3\n    attn_implementation: flash_attention_2\n"}, "attn_implementation", r"sdpa|CUDA|flash"),
    bad(CLINIC, "precision", "tloen/alpaca-lora#58", "an optimizer in bytes without a GPU", "bitsandbytes is for CUDA: adamw", {"target: l4\n": "target: cpu\n", TUNE: TUNE + "    optimizer: adamw_8bit\n"}, "adamw_8bit", r"adamw|CUDA|GPU"),
    line(ATLAS, "precision", "Dao-AILab/flash-attention, its option deterministic; no thread", "the same bits, by flash attention", "its backward pass adds in any order: sdpa", "attn_implementation: flash_attention_2\n    deterministic: true", r"sdpa|flash", at="attn_implementation | deterministic"),
    swap(TALES, "precision", "no thread", "Colab as a machine", "Colab's free card is a T4: t4", "target: t4\n", "target: colab\n", r"\bt4\b"),
    # templates, masking and EOS
    bad(CLINIC, "template", "NVIDIA-NeMo/RL#855 and meta-llama/llama3#104", "a beginning before every turn", "bos_token stands inside the loop: once, before it", {}, USED, r"<s>|bos|begin", files={CONFIG: {"chat_template": BOS}}),
    bad(TUTOR, "template", "no thread", "answers that begin with the speaker's name", "every answer begins with 'Assistant: ', which the template says already", {}, "lessons/all.jsonl", r"Assistant|begin", files=answers(lambda text: "Assistant: " + text)),
    bad(TUTOR, "template", "FranxYao/Long-Context-Data-Engineering#14 and huggingface/transformers#29279", "the end of a turn inside an answer", "<|im_end|> stands in the middle of answers, and ends them there", {}, "lessons/all.jsonl", r"im_end", files=answers(lambda text: text.replace("\n", "<|im_end|>\n"))),
    bad(DESK, "template", "hiyouga/ChatGLM-Efficient-Tuning#100", "instructions that are empty, and inputs that ask", "instruction is empty in all rows", {}, "data/tickets.jsonl", r"instruction|empty", files={"data/tickets.jsonl": ROWS}),
    bad(CLINIC, "template", "QwenLM/Qwen3#1314", "a template for speakers that there are not", "the template writes human and gpt, the rows say user and assistant: nothing is written", {}, USED, r"user|assistant|human|nothing|template", files={CONFIG: {"chat_template": HUMAN}}),
    bad(CLINIC, "template", "no thread", "a template that reads another field", "message['text'] is nowhere: content", {}, USED, r"content|text|template", files={CONFIG: {"chat_template": TEXT}}),
    bad(CLINIC, "template", "axolotl-ai-cloud/axolotl#1832", "an answer's opening that no answer has", "a served answer begins behind <|im_start|>bot, a learned one behind <|im_start|>assistant", {}, USED, r"bot|opening|begin|prompt", files={CONFIG: {"chat_template": BOT}}),
    bad(TUTOR, "template", "no thread", "an end behind the last answer alone", "the first answer of two has no end", {}, "{path: models/base}", r"im_end|end|first", files={CONFIG: {"chat_template": LAST}}),
    # sequence length
    swap(TUTOR, "length", "ollama/ollama#4230", "answers of eight tokens", "the answers have forty: leave num_predict out", "num_ctx: 512}", "num_ctx: 512, num_predict: 8}", r"num_predict|cut|tokens", at="num_predict"),
    bad(NOVELS, "length", "no thread", "documents are split after they were cut into rows", "split_long behind tokenize_bin changes no bin: before it", {"  - type: train\n": "  - type: split_long\n    max_tokens: ${ctx}\n  - type: train\n"}, "split_long", r"before|bin|nothing|no effect|later"),
    swap(TALES, "length", "no thread", "pieces that repeat nine tenths", "each token is learned ten times: 25", "    max_tokens: 256\n", "    max_tokens: 256\n    overlap_tokens: 230\n", r"times|overlap", at="overlap_tokens"),
    swap(CLINIC, "length", "no thread", "conversations split in pieces that hold none", "a question and its answer have 110 tokens: 256", "    max_tokens: 256\n", "    max_tokens: 48\n", r"answer|conversation|tokens", at="max_tokens: 48"),
    swap(NOVELS, "length", "the lecture's block_size = 8; no thread", "rows of eight tokens", "eight tokens are three words: 128 and more", "vars: {ctx: 256}", "vars: {ctx: 8}", r"\b8\b|short|rows|context", at="ctx: 8 | ${ctx}"),
]
# fmt: on
