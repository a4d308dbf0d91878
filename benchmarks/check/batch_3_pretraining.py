# ruff: noqa: E501 - a case is one line
"""Failures from public trackers, said in a recipe that trains from nothing. See batch_3."""

import json
import struct

from cases import LM, Report

T = "  - type: train\n"
STEPS = "    max_steps: 1000\n"
BATCH = "    total_batch_size: 16\n"
SIZES = "{family: llama, d_model: 256, n_layers: 4, n_heads: 4}"
TOKENIZER = "  - type: train_tokenizer\n    vocab_size: 1000\n"
DATA = "    sources:\n      - path: data/stories.jsonl\n"
WIKI = "    sources:\n      - {hub: wikimedia/wikipedia, config: 20231101.tr, revision: b04c8d1ceb2f5cd4588862100d08de323dccfbaa}\n"
SECOND = """\
recipe: twice
target: t4
steps:
  - type: parse_corpus
    sources: [{path: data/stories.jsonl}]
  - type: train_tokenizer
    vocab_size: 1000
  - type: tokenize_bin
  - type: train
    id: first
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}
    max_steps: 1000
    total_batch_size: 16
    max_seq_length: 256
    scheduler: constant
  - type: train
    id: second
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}
    resume_from: {step: first}
    max_steps: 2000
    total_batch_size: 16
    max_seq_length: 256
    scheduler: constant
  - type: validate_checkpoint
"""
OTHERS = """\
recipe: others
target: t4
steps:
  - type: parse_corpus
    sources: [{path: data/stories.jsonl}]
  - type: train_tokenizer
    id: old
    vocab_size: 1000
  - type: train_tokenizer
    id: new
    vocab_size: 2000
  - type: tokenize_bin
    id: old_bins
    tokenizer: old
  - type: tokenize_bin
    id: new_bins
    tokenizer: new
  - type: train
    id: first
    tokenizer: old
    bins: old_bins
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}
    max_steps: 1000
    total_batch_size: 16
    max_seq_length: 256
  - type: train
    id: second
    tokenizer: new
    bins: new_bins
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}
    init_from: {step: first}
    max_steps: 1000
    total_batch_size: 16
    max_seq_length: 256
  - type: validate_checkpoint
"""


def lm(
    family: str, source: str, title: str, changes: dict[str, str], at: str, says: str, repair: dict[str, str] | None = None, **more
) -> Report:
    return Report(family, title, LM, changes, source=source, at=at, says=says, repair=repair or {}, **more)


def train(family: str, source: str, title: str, line: str, says: str, repaired: str = "", at: str = "", **more) -> Report:
    """A line too many in the train step; repaired: the line to write instead."""
    new = f"    {repaired}\n" if repaired else ""
    return Report(
        family, title, LM, {T: T + f"    {line}\n"}, source=source, at=at or line, says=says, repair={f"    {line}\n": new}, **more
    )


def raw(
    family: str, source: str, title: str, text: str, changes: dict[str, str], at: str, says: str, repair: dict[str, str], **more
) -> Report:
    return Report(family, title, text, changes, source=source, at=at, says=says, repair=repair, **more)


def ids(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values) * 2000


STORIES = [{"text": f"Number {n}: " + "a small story about a hen and a fox. " * 20} for n in range(200)]
CJK = [{"text": "".join(chr(0x4E00 + (n * 37 + k) % 6000) for k in range(60))} for n in range(400)]

# fmt: off
CASES = [
    # vocabulary, embeddings and the type of tokens
    lm("vocab", "huggingface/transformers#1848", "a new tokenizer on a model that has rows for another", {SIZES: "{base: {path: models/base}}", "    learning_rate: 1e-3\n": "    learning_rate: 1e-4\n"}, "base: {path: models/base} | type: train_tokenizer | vocab_size: 1000", "row|tokenizer|token", {TOKENIZER: "  - type: check_vocab_consistency\n    checkpoint: {path: models/base}\n"}),
    lm("vocab", "Bitbol-Lab/ProtMamba-ssm#7", "the example's 50277 rows kept for a vocabulary of a thousand", {"n_heads: 4}": "n_heads: 4, vocab_size: 50277}"}, "vocab_size: 50277", "row|token", {", vocab_size: 50277": ""}),
    lm("token-dtype", "huggingface/transformers#2825", "uint16 for 119,547 pieces", {DATA: WIKI, "vocab_size: 1000": "vocab_size: 119547", "tokenize_bin\n": "tokenize_bin\n    dtype: uint16\n"}, "dtype: uint16", "65|uint32", {"dtype: uint16": "dtype: auto"}),
    lm("token-dtype", "urvashik/knnlm#6", "int16, which goes negative", {"tokenize_bin\n": "tokenize_bin\n    dtype: int16\n"}, "dtype: int16", "uint16", {"int16": "uint16"}),
    lm("token-dtype", "shoarora/transformers-trainers#12", "ids that wrapped around in an old token file", {"  - type: tokenize_bin": "  - type: check_vocab_consistency\n    bins: {path: data/old.bin, dtype: uint16}\n  - type: tokenize_bin"}, "data/old.bin", "36,?917|row|id", files={"data/old.bin": ids(5, 900, 36917, 12)}, mended={"data/old.bin": ids(5, 900, 917, 12)}),
    # schedule, eval and save
    train("schedule", "huggingface/transformers#28500", "saves further apart than the run is long", "save_steps: 5000", "save|max_steps|1,?000", "save_steps: 500"),
    train("schedule", "axolotl-ai-cloud/axolotl#28", "patience that the validations of the run cannot reach", "early_stopping: {patience: 5}\n    eval_steps: 500", "validation|patience|never", "early_stopping: {patience: 5}\n    eval_steps: 50", at="early_stopping | eval_steps"),
    train("schedule", "huggingface/transformers#38217", "a share of the run where steps are counted", "eval_steps: 0.02", "whole|integer|steps", "eval_steps: 20"),
    train("schedule", "deepspeedai/DeepSpeed#8142", "as many steps of warmup as of training", "warmup_steps: 1000", "warmup|max_steps", "warmup_steps: 50"),
    train("schedule", "modelscope/ms-swift#6392", "both warmups are written", "warmup_ratio: 0.05\n    warmup_steps: 0", "warmup", "warmup_ratio: 0.05", at="warmup_ratio | warmup_steps"),
    train("schedule", "unslothai/unsloth#594", "twenty epochs and ten steps", "num_train_epochs: 20", "max_steps|epoch", at="num_train_epochs | max_steps"),
    lm("schedule", "artidoro/qlora#87", "ten thousand steps over a few stories: hundreds of epochs", {STEPS: "    max_steps: 100000\n"}, "max_steps: 100000", "epoch|time|pass", {"max_steps: 100000": "max_steps: 1000"}),
    lm("schedule", "hiyouga/LlamaFactory#584", "validation every 100 steps of no validation set", {"tokenize_bin\n": "tokenize_bin\n    val_fraction: 0\n", STEPS: STEPS + "    eval_steps: 100\n"}, "val_fraction: 0 | eval_steps", "validat", {"val_fraction: 0\n": "val_fraction: 0.1\n"}),
    lm("schedule", "meta-llama/llama-cookbook#540", "a validation set too small for one row", {"tokenize_bin\n": "tokenize_bin\n    val_fraction: 0.005\n", "max_seq_length: 256": "max_seq_length: 1024"}, "val_fraction: 0.005 | max_seq_length: 1024", "validat", {"val_fraction: 0.005": "val_fraction: 0.1"}),
    lm("schedule", "enoche/MMRec#40", "a number with two points", {"learning_rate: 1e-3": "learning_rate: 0.001.0.005"}, "learning_rate", "number", {"0.001.0.005": "0.001"}),
    lm("schedule", "guillaumegenthial/sequence_tagging#47", "a rate of 0.1: the loss is soon no number", {"learning_rate: 1e-3": "learning_rate: 0.1"}, "learning_rate", "rate|high|large", {"0.1": "0.001"}),
    # batch and world size
    lm("batch", "deepspeedai/DeepSpeed#6914", "8 is not 2 x 2 x 1", {BATCH: "    total_batch_size: 8\n    batch_size: 2\n    gradient_accumulation_steps: 2\n"}, "total_batch_size | batch_size | gradient_accumulation", "effective batch", {"total_batch_size: 8": "total_batch_size: 4"}),
    lm("batch", "bigcode-project/starcoder#77", "64 is not 4 x 8 on one card", {BATCH: "    total_batch_size: 64\n    batch_size: 4\n    gradient_accumulation_steps: 8\n"}, "total_batch_size | batch_size | gradient_accumulation", "effective batch", {"gradient_accumulation_steps: 8": "gradient_accumulation_steps: 16"}),
    train("batch", "axolotl-ai-cloud/axolotl#2688", "auto, where DeepSpeed's file would say it", "gradient_accumulation_steps: auto", "integer|number|left out|whole", ""),
    # precision and hardware
    lm("precision", "databrickslabs/dolly#11", "bf16 on a V100", {"target: t4": "target: v100", STEPS: STEPS + "    precision: bf16\n"}, "precision: bf16", "bf16", {"precision: bf16": "precision: fp16"}),
    lm("precision", "2U1/Phi3-Vision-Finetune#21", "bf16 on a P100", {"target: t4": "target: p100", STEPS: STEPS + "    precision: bf16\n"}, "precision: bf16", "bf16", {"precision: bf16": "precision: fp32"}),
    lm("precision", "OptimalScale/LMFlow#88", "bf16 on a 2080 Ti", {"target: t4": "target: rtx2080ti", STEPS: STEPS + "    precision: bf16\n"}, "precision: bf16", "bf16", {"precision: bf16": "precision: fp16"}),
    train("precision", "Ziems/arbor#156", "no, where accelerate's file has it", "precision: no", "fp32|bf16", "precision: fp32"),
    lm("precision", "bitsandbytes-foundation/bitsandbytes#1460", "an 8-bit optimizer on a Mac", {"target: t4": "target: m2-32gb", STEPS: STEPS + "    optimizer: adamw_8bit\n"}, "optimizer: adamw_8bit", "CUDA|NVIDIA|Apple|Metal|bitsandbytes", {"adamw_8bit": "adamw"}),
    # data sets and columns
    lm("data", "axolotl-ai-cloud/axolotl#618", "the column is TEXT", {}, "data/stories.jsonl", "TEXT|column", {DATA: DATA + "        columns: {text: TEXT}\n"}, files={"data/stories.jsonl": [{"TEXT": r["text"]} for r in STORIES]}),
    lm("data", "huggingface/datasets#6460", "one pretty-printed array in a file called .jsonl", {}, "data/stories.jsonl", "JSON|line|array|row", {"data/stories.jsonl": "data/stories.json"}, files={"data/stories.jsonl": "[\n  {\n    \"text\": \"a hen\"\n  },\n" + "".join(f"  {{\n    \"text\": \"a fox, the {n}th of them, and what it saw in the wood\"\n  }},\n" for n in range(300)) + "  {\n    \"text\": \"an owl\"\n  }\n]\n"}, mended={"data/stories.json": json.dumps(STORIES)}),
    lm("data", "clovaai/donut#57", "a split that the data set does not have", {DATA: "    sources:\n      - {hub: data/set, split: validation}\n"}, "split: validation", "split|train", {"split: validation": "split: train"}, files={"data/set/train.jsonl": STORIES}),
    lm("data", "huggingface/datasets#6401 and Azure/azureml-assets#927", "a data set of two configurations, none named", {DATA: "    sources:\n      - {hub: data/set}\n"}, "hub: data/set", "config", {"hub: data/set": "hub: data/set, config: en"}, files={"data/set/README.md": "---\nconfigs:\n- config_name: en\n  data_files: en.jsonl\n- config_name: tr\n  data_files: tr.jsonl\n---\n", "data/set/en.jsonl": STORIES, "data/set/tr.jsonl": STORIES}),
    lm("data", "fe1ixxu/ALMA#63", "the other library's word for going round again", {"parse_corpus\n": "parse_corpus\n    exhausted: all_exhausted\n", DATA: DATA + "        weight: 1\n"}, "exhausted", "stop|repeat", {"all_exhausted": "repeat"}),
    lm("data", "huggingface/datasets#8626", "one of the mixed sources is empty", {DATA: "    sources:\n      - {path: data/stories.jsonl, weight: 1}\n      - {path: data/filtered.jsonl, weight: 1}\n"}, "data/filtered.jsonl", "empty|nothing|no row", files={"data/filtered.jsonl": ""}, mended={"data/filtered.jsonl": STORIES}),
    lm("data", "hiyouga/LlamaFactory#3800", "a third of the rows is broken and would be left out", {}, "data/stories.jsonl", "row|line|broken", files={"data/stories.jsonl": [r if n % 3 else '{"text": "cut off in the mid' for n, r in enumerate(STORIES)]}, mended={"data/stories.jsonl": STORIES}),
    lm("data", "jingyaogong/minimind#288", "conversations where plain text is trained on", {}, "data/stories.jsonl | tokenize_bin | type: train", "conversation|chat|sft|answer", files={"data/stories.jsonl": [{"conversations": [{"role": "user", "content": f"How many is {n}?" * 9}, {"role": "assistant", "content": f"It is {n}." * 9}]} for n in range(300)]}, mended={"data/stories.jsonl": STORIES}),
    lm("data", "huggingface/autotrain-advanced#482", "a table without its heading", {"data/stories.jsonl": "data/stories.csv"}, "data/stories.csv", "column|head", files={"data/stories.csv": "".join(f"The story of {n}: a hen and a fox went out to see the world\n" for n in range(400))}, mended={"data/stories.csv": "text\n" + "".join(f"\"The story of {n}: a hen and a fox went out. They saw {n} trees, {n + 7} stones and a very old owl.\"\n" for n in range(900))}),
    # GGUF and Ollama
    lm("gguf", "ggml-org/llama.cpp#2708", "rows that 32 does not divide, in eight bits", {SIZES: "{family: llama, d_model: 200, n_layers: 4, n_heads: 4}", "    name: small\n": "    name: small\n    quantization: q8_0\n"}, "quantization: q8_0 | d_model: 200", "32", {"d_model: 200": "d_model: 256"}),
    lm("gguf", "stepfun-ai/gelab-zero#1", "a kind of four bits that is not offered", {"    name: small\n": "    name: small\n    quantization: Q4_K_M\n"}, "quantization", "q4_0|q8_0", {"Q4_K_M": "q8_0"}),
    # YAML
    lm("yaml", "ostris/ai-toolkit#1029", "a quotation mark that is not closed", {"path: data/stories.jsonl": 'path: "data/stories.jsonl'}, "data/stories.jsonl", "quot|closed", {'"data/stories.jsonl': "data/stories.jsonl"}),
    lm("yaml", "DeepRegNet/DeepReg#625", "one key stands deeper than its neighbours", {"    total_batch_size: 16": "      total_batch_size: 16"}, "total_batch_size | max_steps", "indent|deep|column|space", {"      total_batch_size": "    total_batch_size"}),
    lm("yaml", "OpenNMT/OpenNMT-py#1886", "dots that ended the example, copied with it", {"  - type: tokenize_bin": "...\n  - type: tokenize_bin"}, "... | tokenize_bin", "document|\\.\\.\\.|end", {"...\n": ""}),
    lm("yaml", "roytseng-tw/Detectron.pytorch#165", "one key stands less deep than its neighbours", {"    vocab_size: 1000": "  vocab_size: 1000"}, "vocab_size: 1000 | train_tokenizer", "indent|deep|column|space|list", {"  vocab_size: 1000": "    vocab_size: 1000"}),
    # schema keys
    train("keys", "hiyouga/LlamaFactory#7412", "a key that only another model's example has", "train_mm_proj_only: false", "train_mm_proj_only"),
    lm("keys", "unslothai/unsloth#8330", "learnign_rate", {"learning_rate": "learnign_rate"}, "learnign_rate", "learning_rate", {"learnign_rate": "learning_rate"}),
    train("keys", "sillsdev/silnlp#390", "the optimizer by its old flag", "adafactor: true", "adafactor", ""),
    lm("keys", "unslothai/unsloth#9944", "the length by the other library's name", {"max_seq_length: 256": "max_length: 256"}, "max_length", "max_seq_length", {"max_length": "max_seq_length"}),
    train("keys", "axolotl-ai-cloud/axolotl#2225", "the micro-batch by axolotl's name", "micro_batch_size: 2", "batch_size", "batch_size: 2"),
    train("keys", "Lightning-AI/litgpt#1098", "the length of the run in tokens", "max_tokens: 3000000", "max_steps|max_tokens", ""),
    lm("keys", "meta-pytorch/torchtune#1694", "epochs", {STEPS: "    epochs: 1\n"}, "epochs: 1", "num_train_epochs", {"    epochs": "    num_train_epochs"}),
    train("keys", "huggingface/trl#1230", "packing as a switch", "packing: true", "stream|documents", "packing: documents"),
    # tokenizer training
    lm("tokenizer", "google/sentencepiece#885", "fewer pieces than there are characters", {"vocab_size: 1000": "model: unigram\n    character_coverage: 1.0\n    vocab_size: 1000"}, "vocab_size: 1000 | character_coverage", "character", {"model: unigram\n    character_coverage: 1.0\n": "model: byte_bpe\n"}, files={"data/stories.jsonl": CJK}),
    lm("tokenizer", "google/sentencepiece#605", "30,000 pieces from a hundred stories", {"vocab_size: 1000": "vocab_size: 30000"}, "vocab_size: 30000", "corpus|most|largest|at_most", {"vocab_size: 30000": "vocab_size: {at_most: 30000}"}),
    lm("tokenizer", "espnet/espnet#5591", "fewer pieces than letters", {"vocab_size: 1000": "vocab_size: 30"}, "vocab_size: 30", "character|byte|least|small", {"vocab_size: 30\n": "vocab_size: 1000\n"}),
    lm("tokenizer", "google/sentencepiece#667", "the marks that every model has, asked for once more", {"vocab_size: 1000": 'vocab_size: 1000\n    user_symbols: ["<s>", "</s>", "<pad>"]'}, "user_symbols", "<s>|already|own", {'    user_symbols: ["<s>", "</s>", "<pad>"]\n': ""}),
    lm("tokenizer", "google/sentencepiece#405", "more characters than the trainer can count", {DATA: WIKI, "vocab_size: 1000": "vocab_size: 32000\n    model: unigram\n    sample_bytes: 20000000000"}, "sample_bytes", "memory|GB|GiB|RAM", {"    sample_bytes: 20000000000\n": ""}),
    # resume
    raw("resume", "NVIDIA-NeMo/Automodel#763 and PolymathicAI/the_well#77", "a folder of weights without the optimizer's state", LM, {T: T + "    resume_from: {path: models/base}\n", STEPS: "    max_steps: 2000\n"}, "resume_from", "state|optimizer", {"    resume_from: {path: models/base}\n": ""}),
    raw("resume", "deepinsight/insightface#2143", "a cosine that ended is to go on for longer", SECOND, {"    scheduler: constant\n  - type: train\n": "    scheduler: cosine\n  - type: train\n", "    scheduler: constant\n  - type: validate": "    scheduler: cosine\n  - type: validate"}, "resume_from | scheduler | max_steps: 2000", "cosine|schedule|rate", {"scheduler: cosine": "scheduler: constant", "scheduler: cosine\n  - type: validate": "scheduler: constant\n  - type: validate"}),
    raw("resume", "vllm-project/speculators#900", "constant at first, a cosine from there on", SECOND, {"    scheduler: constant\n  - type: validate": "    scheduler: cosine\n  - type: validate"}, "resume_from | scheduler", "cosine|schedule", {"scheduler: cosine": "scheduler: constant"}),
    raw("resume", "affinelayer/pix2pix-tensorflow#30", "going on to a step that is behind already", SECOND, {"max_steps: 2000": "max_steps: 800"}, "max_steps: 800 | resume_from", "1,?000|already|nothing", {"max_steps: 800": "max_steps: 2000"}),
    raw("resume", "meta-pytorch/torchtune#2927", "the state is not where it is looked for", LM, {T: T + "    resume_from: {path: output/epoch_0}\n"}, "output/epoch_0", "not there|no such|exist|found|folder", {"    resume_from: {path: output/epoch_0}\n": ""}),
    raw("resume", "facebookresearch/ParlAI#4543", "first weights from a model of another tokenizer", OTHERS, {}, "init_from", "row|token|vocab", {"    init_from: {step: first}\n": ""}),
    raw("resume", "isjinghao/GEM#3", "first weights from a model of another width", SECOND, {"    resume_from: {step: first}\n": "    init_from: {step: first}\n", "    id: second\n    model: {family: llama, d_model: 256": "    id: second\n    model: {family: llama, d_model: 384"}, "init_from | d_model: 384", "256|384|shape|size", {"d_model: 384": "d_model: 256"}),
    # disk and memory
    lm("disk", "RWKV/RWKV-infctx-trainer#27 and databrickslabs/dolly#139", "a hundred saves of a large model", {"target: t4": "target: a100-80", SIZES: "{family: llama, d_model: 2560, n_layers: 32, n_heads: 32}", STEPS: STEPS + "    keep: 100\n    save_steps: 10\n"}, "keep: 100", "disk|GB|GiB|TB", {"    keep: 100\n": "", "d_model: 2560, n_layers: 32, n_heads: 32": "d_model: 512, n_layers: 8, n_heads: 8"}),
    lm("memory", "axolotl-ai-cloud/axolotl#12", "validation in far larger batches than training", {STEPS: STEPS + "    batch_size: 2\n    eval_batch_size: 8192\n"}, "eval_batch_size", "memory|GiB|fit", {"eval_batch_size: 8192": "eval_batch_size: 4"}),
    lm("memory", "lhoyer/MIC#67", "a batch that wants three times the card", {"target: t4": "target: rtx3060", SIZES: "{family: llama, d_model: 1024, n_layers: 24, n_heads: 16}", BATCH: "    total_batch_size: 64\n    batch_size: 64\n", "max_seq_length: 256": "max_seq_length: 1024"}, "batch_size: 64", "memory|GiB|fit", {"size: 64\n    batch_size: 64\n": "size: 4\n    batch_size: 1\n"}),
    lm("memory", "huggingface/transformers#33409", "512 rows at a time of a Mamba on a small card", {SIZES: "{family: mamba2, d_model: 768, n_layers: 24}", BATCH: "    total_batch_size: 512\n    batch_size: 512\n", "max_seq_length: 256": "max_seq_length: 512"}, "batch_size: 512", "memory|GiB|fit", {"size: 512\n    batch_size: 512\n": "size: 8\n    batch_size: 2\n"}),
    lm("memory", "axolotl-ai-cloud/axolotl#971", "seven billion weights, all trained, on one card of 12 GB", {"target: t4": "target: rtx3060", SIZES: "{family: llama, d_model: 4096, n_layers: 32, n_heads: 32}"}, "model: | target: | type: train", "memory|GiB|fit", {"d_model: 4096, n_layers: 32, n_heads: 32": "d_model: 512, n_layers: 8, n_heads: 8"}),
    lm("length", "maderix/ANE#17", "a window longer than the validation text", {"target: t4": "target: a100-80", "max_seq_length: 256": "max_seq_length: 16384"}, "max_seq_length: 16384 | tokenize_bin", "validat|row|token", {"max_seq_length: 16384": "max_seq_length: 256"}),
    # environment
    train("environment", "ultralytics/yolov5#1703 and hiyouga/LlamaFactory#1372", "wandb without a login", "tracking: wandb", "wandb", ""),
    train("environment", "hiyouga/LlamaFactory#3530", "wandb, and a variable that switches it off", "tracking: wandb", "WANDB_MODE|disabled|wandb", "", environment={"WANDB_MODE": "disabled"}),
]
# fmt: on
