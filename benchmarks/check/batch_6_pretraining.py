# ruff: noqa: E501 - a case is one line
"""Siblings of the known failures, said in a recipe that trains from nothing. See batch_6."""

import random

from batch_3_pretraining import BATCH, DATA, LM, SECOND, SIZES, STEPS, STORIES, WIKI, T, ids, lm, raw, train

EXPORT = "    name: small\n"
BIN = "tokenize_bin\n"
HERE = {"target: t4": "target: here"}
CHILD = "extends: parent.yaml\nrecipe: child\ntarget: t4\nsteps:\n  - type: train\n    max_steps: 500\n"
STATE = {
    "format": 1,
    "facts": {"model": {"family": "llama", "d_model": 256, "n_layers": 4, "n_heads": 4, "vocab_size": 1000}, "method": "full", "objective": "lm", "lora": None,
              "optimizer": "adamw", "seed": 0, "data": "8a1f", "max_seq_length": 256, "packing": None, "batch": 16},
    "progress": {"step": 1000, "position": 16000, "tokens": 4096000}, "scalars": {},
    "schedule": {"steps": 1000, "peak_rate": 0.001, "lowest_rate": 0.0001, "warmup": 50, "scheduler": "constant", "decay_share": 0.2}, "device": "cpu",
}  # fmt: skip
NOTES = [{"text": " ".join(random.Random(n).choices(["C4", "D4", "E4", "G4"], k=60))} for n in range(300)]
LINES = "".join(f"The {n}th hen went home.\n" for n in range(18))
DECAY = {STEPS: STEPS + "    weight_decay: '1e-2'\n"}
PARENT = LM.replace(STEPS, DECAY[STEPS])
HALF = LM.replace("target: t4", "target: a100-80").replace(STEPS, STEPS + "    precision: bf16\n")
OLD = "runs/2026-10-02-first"


def parent(family: str, source: str, title: str, text: str, at: str, says: str, repair: dict[str, str], **more):
    """A mistake in a recipe that another one extends."""
    return raw(family, source, title, CHILD, {}, at, says, repair, files={"parent.yaml": text, **more.pop("files", {})}, **more)


# fmt: off
CASES = [
    # YAML
    raw("yaml", "cf-001, hiyouga/LlamaFactory#4014", "the rate is a text in vars and read by the train step", LM, {"target: t4\n": "target: t4\nvars: {rate: '5e-5'}\n", "learning_rate: 1e-3": "learning_rate: ${rate}"}, "vars: | learning_rate", "number|text|5e-5", {"'5e-5'": "5e-5"}),
    parent("yaml", "cf-003, determined-ai/determined#2688", "the weight decay is a text in the recipe that this one extends", PARENT, "weight_decay", "number|text|0.01|1e-2", {}, mended={"parent.yaml": PARENT.replace("'1e-2'", "1e-2")}),
    lm("yaml", "cf-004, beetbox/confuse#91", "a number of steps with an underscore, which is a text in YAML 1.2", {STEPS: "    max_steps: 1_000\n"}, "max_steps: 1_000", "1000|whole|underscore|integer", {"1_000": "1000"}),
    lm("yaml", "cf-006", "the width is written twice between braces", {"n_heads: 4}": "n_heads: 4, d_model: 512}"}, "d_model: 512", "twice|duplicate|already", {", d_model: 512": ""}),
    lm("yaml", "cf-007", "yes, where true is asked", {"parse_corpus\n": "parse_corpus\n    strict: yes\n"}, "strict: yes", "true", {"strict: yes": "strict: true"}),
    # keys
    train("keys", "cf-012", "a key that is nearly another", "activation_checkpoint: true", "activation_checkpointing", "activation_checkpointing: true"),
    lm("keys", "cf-015", "a role that no one reads, and none for the text", {DATA: DATA + "        columns: {content: story}\n"}, "columns: | content", "text", {"content: story": "text: story"}, files={"data/stories.jsonl": [{"title": f"T{n}", "story": r["text"]} for n, r in enumerate(STORIES)]}),
    lm("keys", "cf-016", "a block of settings that nothing reads", {"target: t4\n": "target: t4\nvars:\n  learning_rate: 5e-4\n  batch: 4\n"}, "vars: | learning_rate: 5e-4 | batch: 4", "nothing|unused|read|nobody|no ", {"vars:\n  learning_rate: 5e-4\n  batch: 4\n": ""}),
    lm("keys", "cf-019", "a step by a name that is not there", {T: T + "    bins: tokenise_bin\n"}, "bins: tokenise_bin", "tokenize_bin", {"    bins: tokenise_bin\n": ""}),
    # vocabulary
    lm("vocab", "cf-021, DALLE-pytorch#56", "the check is told of a model with fewer rows than the tokenizer has pieces", {"  - type: tokenize_bin": "  - type: check_vocab_consistency\n    model: {vocab_size: 512}\n  - type: tokenize_bin"}, "vocab_size: 512", "1,?000|row", {"    model: {vocab_size: 512}\n": ""}),
    lm("vocab", "cf-027, karpathy/nanoGPT#121", "first weights from a model with other rows", {T: T + "    init_from: {path: models/base}\n", SIZES: "{family: llama, d_model: 64, n_layers: 2, n_heads: 4, n_kv_heads: 2, d_ff: 128}"}, "init_from | vocab_size", "300|row|vocab", {"    init_from: {path: models/base}\n": ""}),
    lm("vocab", "cf-185, OptimalScale/LMFlow#627", "rows rounded up in the check, and not in the model", {"  - type: tokenize_bin": "  - type: check_vocab_consistency\n    pad_vocab_to_multiple_of: 128\n  - type: tokenize_bin", "n_heads: 4}": "n_heads: 4, vocab_size: 1000}"}, "vocab_size: 1000 | pad_vocab", "1,?024|128|pad", {", vocab_size: 1000": ""}),
    # the type of tokens
    lm("token-dtype", "cf-036, allenai/dolma#152", "an old token file is read at twice its width", {"  - type: tokenize_bin": "  - type: check_vocab_consistency\n    bins: {path: data/old.bin, dtype: uint32}\n  - type: tokenize_bin"}, "data/old.bin", "uint16|row|id", {"uint32": "uint16"}, files={"data/old.bin": ids(5, 900, 417, 12)}),
    # tokenizer training
    lm("tokenizer", "cf-038, google/sentencepiece#717", "few documents are taken, and many pieces asked of them", {DATA: DATA + "        take: 5\n", "vocab_size: 1000": "vocab_size: 16000"}, "vocab_size: 16000 | take: 5", "corpus|most|largest|at_most", {"vocab_size: 16000": "vocab_size: {at_most: 16000}", "take: 5": "take: 50"}),
    lm("tokenizer", "cf-039, google/sentencepiece#730", "music in four letters cannot give four thousand pieces", {"vocab_size: 1000": "model: unigram\n    vocab_size: 4000"}, "vocab_size: 4000", "corpus|most|largest|at_most", {"vocab_size: 4000": "vocab_size: {at_most: 4000}"}, files={"data/stories.jsonl": NOTES}),
    lm("tokenizer", "cf-044, google/sentencepiece#671", "sixty gigabytes of text go into the memory of the trainer", {DATA: WIKI, "vocab_size: 1000": "model: byte_bpe\n    vocab_size: 32000\n    sample_bytes: 60000000000"}, "sample_bytes", "memory|GB|GiB|RAM", {"    sample_bytes: 60000000000\n": ""}),
    # length
    lm("length", "cf-049, meta-pytorch/torchtune#2055", "a step has fewer tokens than one packed row", {BATCH: "    total_batch_tokens: 128\n    packing: documents\n"}, "total_batch_tokens", "256|row|max_seq_length", {"128": "4096"}),
    lm("length", "cf-053, hiyouga/LlamaFactory#3995", "a limit on documents leaves out nearly all of them", {DATA: DATA + "    clean: {max_characters: 300}\n"}, "max_characters", "drop|longer|leave|documents", {"max_characters: 300": "max_characters: 30000"}, files={"data/stories.jsonl": [{"text": f"Story {n}. " * (60 if n % 20 else 5)} for n in range(400)]}),
    lm("length", "cf-054, hiyouga/LlamaFactory#7783", "token files shorter than one row", {"max_seq_length: 256": "max_seq_length: 4096", T: T + "    bins: {path: data/bins}\n"}, "max_seq_length: 4096 | data/bins", "row|token|shorter|validat", {"max_seq_length: 4096": "max_seq_length: 64"}, files={"data/bins/train.bin": ids(5, 900, 417)[:6000], "data/bins/val.bin": ids(5, 900)[:600], "data/bins/artifact.json": {"kind": "TokenBin", "format": 1, "dtype": "uint16", "vocab_size": 1000, "train_tokens": 3000, "val_tokens": 300, "train_documents": 6, "val_documents": 1, "largest_id": 900}}),
    lm("length", "cf-139, Joluck/RWKV-PEFT#52", "eighteen lines are less than one row", {"data/stories.jsonl": "data/lines.txt\n        document: line", "vocab_size: 1000": "vocab_size: {at_most: 300}", "max_seq_length: 256": "max_seq_length: 1024"}, "data/lines.txt | max_seq_length: 1024", "row|token|shorter|validat", {"max_seq_length: 1024": "max_seq_length: 16", "total_batch_size: 16": "total_batch_size: 2"}, files={"data/lines.txt": LINES}),
    # precision and hardware
    parent("precision", "cf-057, karpathy/nanoGPT#277", "bf16 of a recipe for an A100 is inherited on a T4", HALF, "target: t4 | precision: bf16", "bf16", {"    max_steps: 500\n": "    max_steps: 500\n    precision: fp16\n"}),
    train("precision", "cf-059, tatsu-lab/stanford_alpaca#133", "both halves are switched on", "bf16: true\n    fp16: true", "precision", "", at="bf16: | fp16:"),
    lm("precision", "cf-067, karpathy/nanoGPT#157", "compiled for a card that Triton does not know", {"target: t4": "target: gtx1080ti", STEPS: STEPS + "    compile: true\n"}, "compile: true", "Triton|7.0|compile", {"    compile: true\n": ""}),
    lm("attention", "cf-069, hiyouga/LlamaFactory#3508", "the attention of a Hopper on an Ampere", {"target: t4": "target: a100-80", STEPS: STEPS + "    attn_implementation: flash_attention_3\n"}, "flash_attention_3", "flash_attention_2|sdpa", {"    attn_implementation: flash_attention_3\n": ""}),
    train("attention", "cf-070, axolotl-ai-cloud/axolotl#1571", "attention by another tool's switch", "xformers_attention: true", "attn_implementation|sdpa", ""),
    lm("attention", "cf-072, hiyouga/LlamaFactory#3171", "the attention asked for is not on this machine", {**HERE, STEPS: STEPS + "    attn_implementation: flash_attention_2\n"}, "flash_attention_2", "sdpa|CUDA|flash", {"    attn_implementation: flash_attention_2\n": ""}),
    # batch and world size
    lm("batch", "cf-087, karpathy/nanoGPT#283", "a batch that is only right when four cards share it", {"target: t4": "target: {gpu: rtx4090, count: 4}", BATCH: "    total_batch_size: 64\n    batch_size: 4\n    gradient_accumulation_steps: 4\n"}, "total_batch_size | gradient_accumulation | count", "effective batch|one card|16|64", {"total_batch_size: 64": "total_batch_size: 16", "{gpu: rtx4090, count: 4}": "rtx4090"}),
    lm("environment", "cf-089, hiyouga/LlamaFactory#2574", "a variable that is misspelt", {}, "recipe: small | target: t4 | train", "HF_HUB_OFFLINE", environment={"HF_HUB_OFFLNE": "1"}, twin=False),
    train("keys", "cf-093, huggingface/open-r1#249", "the server that generates for a kind of training that is not offered", "use_vllm: true", "vllm|generat|unknown|no key", ""),
    train("keys", "cf-094, hiyouga/LlamaFactory#4315", "two processes on one card", "nproc_per_node: 2", "one device|process", ""),
    train("keys", "cf-097, tatsu-lab/stanford_alpaca#224", "the layers of a family for a sharding that is not offered", "fsdp_config: {transformer_layer_cls_to_wrap: [MistralDecoderLayer]}", "fsdp|shard|one card", "", at="fsdp_config"),
    train("keys", "cf-098, huggingface/trl#921", "a switch of data parallel training", "ddp_find_unused_parameters: false", "one card|ddp|parallel|process", ""),
    # schedule, eval and save
    train("schedule", "cf-103, hiyouga/LlamaFactory#3813", "a number of steps where a share is asked", "warmup_ratio: 100", "warmup_steps", "warmup_steps: 100"),
    train("schedule", "cf-104, axolotl-ai-cloud/axolotl#3254", "zero, to save never", "save_steps: 0", "save|greater|at least|1", ""),
    lm("schedule", "cf-105, huggingface/transformers#12685", "the best weights are exported, and nothing tells which are best", {BIN: BIN + "    val_fraction: 0\n", EXPORT: EXPORT + "    weights: best\n"}, "weights: best | val_fraction: 0", "validat|best", {"    val_fraction: 0\n": ""}),
    train("schedule", "cf-107, huggingface/transformers#30160", "the stages together are longer than the run", "stages: [{steps: 800, train: [layers.3]}, {steps: 400, train: [all]}]", "1,?200|1,?000|max_steps|stage", "stages: [{steps: 600, train: [layers.3]}, {train: [all]}]"),
    train("schedule", "cf-113, huggingface/transformers#28530", "patience with a figure that is not measured", "early_stopping: {patience: 3, metric: eval_accuracy}", "metric|loss", "early_stopping: {patience: 3}"),
    train("schedule", "cf-116, modelscope/ms-swift#1576", "saved by epochs and by steps", "save_strategy: epoch", "save_steps|save", ""),
    # resume
    raw("resume", "cf-119, hiyouga/LlamaFactory#721", "going on from one training and beginning with the weights of another", SECOND, {"    resume_from: {step: first}\n": "    resume_from: {step: first}\n    init_from: {step: first}\n"}, "init_from | resume_from", "both|one of|either|resume_from", {"    init_from: {step: first}\n": ""}),
    raw("resume", "cf-121, hiyouga/LlamaFactory#5499", "as many epochs as the first training had", SECOND, {STEPS: "    num_train_epochs: 2\n", "    max_steps: 2000\n": "    num_train_epochs: 2\n"}, "resume_from | num_train_epochs: 2", "nothing|left|already|step", {"    resume_from: {step: first}\n    num_train_epochs: 2": "    resume_from: {step: first}\n    num_train_epochs: 4"}),
    lm("resume", "cf-123, unslothai/unsloth#973", "going on with another batch than was saved", {T: T + "    resume_from: {path: checkpoints/first}\n    scheduler: constant\n    warmup_steps: 50\n", STEPS: "    max_steps: 2000\n", BATCH: "    total_batch_size: 32\n"}, "resume_from | total_batch_size", "16|batch", {"total_batch_size: 32": "total_batch_size: 16"}, files={"checkpoints/first/state/state.json": STATE}),
    lm("resume", "cf-124, hiyouga/LlamaFactory#2780", "the folder of the run instead of its step's", {T: T + f"    resume_from: {{path: {OLD}}}\n    scheduler: constant\n    warmup_steps: 50\n", STEPS: "    max_steps: 2000\n"}, "resume_from", "artifacts/train", {f"path: {OLD}": f"path: {OLD}/artifacts/train"}, files={f"{OLD}/artifacts/train/state/state.json": STATE}),
    # disk and memory
    lm("disk", "cf-128, hiyouga/LlamaFactory#1428", "a save after every step, and all are kept", {SIZES: "{family: llama, d_model: 768, n_layers: 12, n_heads: 12}", STEPS: STEPS + "    save_steps: 1\n    keep: 1000\n"}, "keep: 1000 | save_steps: 1", "disk|GB|GiB|TB", {"    save_steps: 1\n    keep: 1000\n": ""}),
    lm("disk", "cf-129, mlfoundations/open_lm#154", "a data set of many terabytes, whole", {DATA: "    sources:\n      - {hub: HuggingFaceFW/fineweb, revision: 9bb295ddab0e05d785b879661af7260fed5140fc}\n"}, "fineweb", "disk|GB|GiB|TB|take", {"}\n  - type: train_tokenizer": ", take: 10000}\n  - type: train_tokenizer"}),
    lm("memory", "cf-164, axolotl-ai-cloud/axolotl#1813", "the logits of a million positions at one time", {DATA: WIKI, "vocab_size: 1000": "vocab_size: 128000", STEPS: STEPS + "    batch_size: 16\n    loss_chunk_tokens: 1000000\n", "max_seq_length: 256": "max_seq_length: 2048"}, "loss_chunk_tokens | batch_size: 16", "memory|GiB|fit", {"loss_chunk_tokens: 1000000": "loss_chunk_tokens: 512", "batch_size: 16\n    loss": "batch_size: 1\n    loss"}),
    train("memory", "cf-166, huggingface/transformers#7158", "every logit of the validation is asked for", "prediction_loss_only: false", "loss|logits|delete|unknown", ""),
    # data
    lm("data", "cf-138, Lightning-AI/lit-llama#378", "every row's text is empty", {}, "data/stories.jsonl", "empty|nothing|no text", files={"data/stories.jsonl": [{"text": ""} for _ in range(300)]}, mended={"data/stories.jsonl": STORIES}),
    lm("paths", "cf-155, hiyouga/LlamaFactory#7703", "a path from the folder of the shell", {"data/stories.jsonl": "../data/stories.jsonl"}, "../data/stories.jsonl", "data/stories.jsonl|project|not there|no ", {"../data": "data"}),
    lm("cache", "cf-161, axolotl-ai-cloud/axolotl#1136", "a branch, which moves, where a commit is asked", {DATA: "    sources:\n      - {hub: roneneldan/TinyStories, revision: main}\n"}, "revision: main", "commit|move|branch|pin", {"revision: main": "revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64"}),
    train("cache", "cf-162, hiyouga/LlamaFactory#4230", "the switch of a cache that goes by path", "overwrite_cache: true", "content|cache|delete", ""),
    # mamba
    train("mamba", "cf-168, state-spaces/mamba#602", "kernels by the switch of transformers", "use_mamba_kernels: true", "kernel|itself|scan", ""),
    lm("mamba", "cf-169, state-spaces/mamba#467", "a convolution wider than the kernel has", {"target: t4": "target: a100-80", SIZES: "{family: mamba, d_model: 256, n_layers: 4, d_conv: 8}"}, "d_conv: 8", "4|kernel|causal", {", d_conv: 8": ""}),
    lm("mamba", "cf-170, state-spaces/mamba#345", "a state larger than the kernel has", {"target: t4": "target: a100-80", SIZES: "{family: mamba, d_model: 256, n_layers: 4, d_state: 512}"}, "d_state: 512", "256|kernel", {", d_state: 512": ""}),
    lm("mamba", "cf-171, state-spaces/mamba#345", "channels that eight does not divide", {"target: t4": "target: a100-80", SIZES: "{family: mamba2, d_model: 90, n_layers: 4, expand: 2, head_dim: 30}"}, "d_model: 90 | head_dim: 30", "8|divide|multiple|kernel", {"d_model: 90": "d_model: 256", "head_dim: 30": "head_dim: 64"}),
    # Ollama
    lm("ollama", "cf-194, ollama/ollama#9951", "a file of weights where its folder is asked", {"export_ollama\n": "export_ollama\n    checkpoint: {path: models/base/model.safetensors}\n"}, "checkpoint: {path", "folder|models/base", twin=False),
    lm("ollama", "cf-196, ollama/ollama#15810", "a parameter that the Modelfile would not get", {EXPORT: EXPORT + "    parameters: {mirostat: 2}\n"}, "mirostat", "unknown|no key|temperature|has|Ollama takes", {"    parameters: {mirostat: 2}\n": ""}),
    lm("lora", "cf-082, unslothai/unsloth#241", "four bits of a model that has no weights yet", {T: T + "    method: qlora\n"}, "method: qlora", "base|full", {"    method: qlora\n": ""}),
]
IMPOSSIBLE = [  # here these are no mistakes: one document is always held out, and no launcher is read
    lm("environment", "cf-096, axolotl-ai-cloud/axolotl#394", "what another launcher left in the environment", {}, "recipe: small | target: t4 | train", "FSDP|ACCELERATE|WORLD_SIZE", environment={"ACCELERATE_USE_FSDP": "true", "WORLD_SIZE": "4", "RANK": "1"}, twin=False),
    lm("schedule", "cf-110, hiyouga/LlamaFactory#3119", "eight documents, and a twentieth of them for validation", {DATA: DATA + "        take: 8\n", BIN: BIN + "    val_fraction: 0.05\n", "vocab_size: 1000": "vocab_size: {at_most: 500}", "max_seq_length: 256": "max_seq_length: 64", STEPS: "    max_steps: 100\n"}, "take: 8 | val_fraction: 0.05", "validat", {"take: 8": "take: 90", "val_fraction: 0.05": "val_fraction: 0.1"}),
]
# fmt: on
