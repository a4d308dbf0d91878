# ruff: noqa: E501 - a case is one line
"""Guesses at the failures that are held back, where a model is made from nothing. See batch_8."""

import struct

from batch_8_cases import EXPORT, MODEL, VOCAB, case, line, swap
from cases import LM

TOKENS = "  - type: tokenize_bin\n"
BINS = "  - type: check_vocab_consistency\n    bins: {path: data/old.bin, dtype: DTYPE}\n"
WIDE = struct.pack("<4000I", *(5 + n * 7 % 900 for n in range(4000)))
NARROW = struct.pack("<4001H", *(5 + n * 7 % 900 for n in range(4001)))
TWO = """\
recipe: longer
target: t4
steps:
  - type: parse_corpus
    sources:
      - path: data/stories.jsonl
  - type: train_tokenizer
    vocab_size: 1000
  - type: tokenize_bin
  - type: train
    id: first
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}
    max_steps: 1000
    total_batch_size: 16
    max_seq_length: 256
    learning_rate: 1e-3
    scheduler: constant
    warmup_steps: 50
  - type: train
    id: second
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}
    resume_from: {step: first}
    max_steps: 2000
    total_batch_size: 16
    max_seq_length: 256
    learning_rate: 1e-3
    scheduler: constant
    warmup_steps: 50
  - type: export_ollama
    checkpoint: second
"""


def bins(source: str, title: str, dtype: str, right: str, content: bytes, says: str, must: str):  # type: ignore[no-untyped-def]
    """A failure in a token file from elsewhere."""
    changes = {TOKENS: BINS.replace("DTYPE", dtype) + TOKENS}
    return case(
        "token-dtype",
        source,
        title,
        changes,
        "bins: | data/old.bin",
        says,
        {f"dtype: {dtype}": f"dtype: {right}"},
        must,
        files={"data/old.bin": content},
    )


# fmt: off
CASES = [
    # text and keys
    swap("yaml", "gap 2", "a comma behind a number, as in Python", "learning_rate: 1e-3", "learning_rate: 1e-3,", "comma|number|text", "the comma makes it a text: write 1e-3"),
    swap("yaml", "gap 5", "thousands by a comma", "max_steps: 1000", "max_steps: 1,000", "comma|1000|number|text", "1,000 is a text: write 1000"),
    line("yaml", "gap 8, hydra-ecosystem/hydra#1473", "Python's None", "warmup_steps: None", "null|None", "warmup_steps: null", "None is a text in YAML: write null or leave it out"),
    swap("yaml", "gap 9", "a tab indents a line", "    max_steps: 1000\n", "\tmax_steps: 1000\n", "[Tt]ab", "YAML does not take a tab: write blanks", at="max_steps: 1000"),
    swap("yaml", "gap 10", "no blank behind the colon", "    max_steps: 1000\n", "    max_steps:1000\n", "blank|space|colon|max_steps: 1000", "write a blank after the colon", at="max_steps:1000 | model:"),
    line("keys", "gap 11, hiyouga/LlamaFactory#5633", "workers of the preparation by LLaMA-Factory's name", "preprocessing_num_workers: 16", "workers|tokenize_bin", "", "no key of train: it is workers of tokenize_bin, and auto already"),
    line("keys", "gap 13, meta-pytorch/torchtune#1646", "an optimizer by its class, as torchtune writes it", "optimizer: {_component_: bitsandbytes.optim.PagedAdamW8bit, lr: 2e-5}", "adamw_8bit", "optimizer: adamw_8bit", "optimizer is a word, adamw_8bit, and the rate is learning_rate"),
    line("keys", "gap 14, meta-pytorch/torchtune#1646", "torchtune's block for the tokenizer", "tokenizer: {path: data/tokenizer.model, max_seq_len: 256}", "max_seq_length|tokenizer|max_seq_len", "", "a tokenizer has no max_seq_len: it is max_seq_length of train, and the tokenizer comes from its step"),
    swap("keys", "gap 17, semidark/kikiri-tts#14", "a key of the training under the model", "n_heads: 4}", "n_heads: 4, dropout: 0.1, max_seq_length: 256}", "max_seq_length|train", "max_seq_length belongs to the train step, one level up", better="n_heads: 4, dropout: 0.1}"),
    swap("keys", "gap 18", "one block of settings at the top, as in axolotl", "target: t4\n", "target: t4\nsequence_len: 256\nmicro_batch_size: 4\n", "max_seq_length|batch_size", "sequence_len is max_seq_length of train, micro_batch_size is batch_size of train", at="sequence_len | micro_batch_size"),
    # vocabulary and the type of tokens
    case("vocab", "gap 22, karpathy/nanoGPT#121", "rows are padded, and the size without padding is written", {TOKENS: "  - type: check_vocab_consistency\n    pad_vocab_to_multiple_of: 128\n" + TOKENS, MODEL: MODEL.replace("4}", "4, vocab_size: 1000}")}, "vocab_size: 1000} | pad_vocab", "1,?024", {", vocab_size: 1000}": "}"}, "padded to 128 the model has 1024 rows, not 1000"),
    case("vocab", "gap 28, karpathy/nanoGPT#121", "weights of a model with another tokenizer", {MODEL: "{family: llama, d_model: 64, n_layers: 2, n_heads: 4, n_kv_heads: 2, d_ff: 128, tie_embeddings: false}\n    init_from: {path: models/base}"}, "init_from", "300|1,?000|token", {"    init_from: {path: models/base}\n": ""}, "its embedding has 300 rows for other tokens, this tokenizer has 1000"),
    bins("gap 33, allenai/dolma#142", "a file of 32-bit ids read as 16-bit", "uint16", "uint32", WIDE, "uint32|32 bit|four bytes", "every second id is 0: the file is uint32"),
    bins("gap 34, allenai/dolma#142", "a file of 16-bit ids read as 32-bit", "uint32", "uint16", NARROW, "uint16|16 bit|multiple|four|bytes", "8002 bytes are no whole number of 32-bit ids: the file is uint16"),
    swap("token-dtype", "gap 35, urvashik/knnlm#6", "signed sixteen bits", TOKENS, TOKENS + "    dtype: int16\n", "uint16|auto", "int16 is none: uint16, uint32 or auto"),
    # the tokenizer
    swap("tokenizer", "gap 40, google/sentencepiece#885", "fewer pieces than characters", VOCAB, "    model: unigram\n    vocab_size: 40\n", "character|too small|at least", "the corpus has more characters than 40: the smallest that works, or a lower coverage", at="vocab_size: 40", better="    model: unigram\n    vocab_size: 500\n"),
    swap("tokenizer", "gap 41, google/sentencepiece#1117", "coverage in per cent", VOCAB, VOCAB + "    character_coverage: 99.95\n", "0\\.9995|share|at most 1|1", "a share of at most 1: 0.9995", at="character_coverage", better=VOCAB + "    character_coverage: 0.9995\n"),
    swap("tokenizer", "gap 43, s-JoL/Open-Llama#11", "a limit on lines that SentencePiece has", VOCAB, VOCAB + "    max_sentence_length: 16384\n", "max_sentence_length", "no key here: long lines are not skipped", at="max_sentence_length"),
    swap("tokenizer", "gap 45, google/sentencepiece#517", "an empty mark", VOCAB, VOCAB + "    user_symbols: [\"<tr>\", \"\"]\n", "empty", "an empty text is no mark", at="user_symbols", better=VOCAB + "    user_symbols: [\"<tr>\"]\n"),
    swap("tokenizer", "gap 46", "marks that the tokenizer has anyway", VOCAB, VOCAB + "    user_symbols: [\"<s>\", \"</s>\", \"<tr>\"]\n", "<s>|already|own|control", "<s> and </s> are made anyway", at="user_symbols", better=VOCAB + "    user_symbols: [\"<tr>\"]\n"),
    swap("tokenizer", "gap 47", "fewer pieces than bytes", VOCAB, "    model: byte_bpe\n    vocab_size: 200\n", "256|byte", "byte_bpe needs a piece for each of 256 bytes and its marks", at="vocab_size: 200", better="    model: byte_bpe\n    vocab_size: 1000\n"),
    swap("length", "gap 55, hiyouga/LlamaFactory#7783", "one document for training and validation", "      - path: data/stories.jsonl\n", "      - path: data/stories.jsonl\n        take: 1\n", "document|validation|too small|token", "one document cannot be parted, nor make 1000 pieces", at="take: 1 | vocab_size | tokenize_bin | max_seq_length", better="      - path: data/stories.jsonl\n"),
    # precision, attention, kernels
    case("precision", "gap 58, karpathy/nanoGPT#277", "bf16 on a V100", {"target: t4": "target: v100", "    max_steps: 1000\n": "    max_steps: 1000\n    precision: bf16\n"}, "precision: bf16", "bf16|fp16|V100", {"precision: bf16": "precision: fp16"}, "a V100 has no bf16: fp16"),
    case("precision", "gap 61", "a machine without a GPU", {"target: t4": "target: {gpu: none}"}, "target:", "cpu|here", {"{gpu: none}": "cpu"}, "target: cpu, or here"),
    line("precision", "gap 62, hiyouga/LlamaFactory#4278", "both half precisions, by Trainer's keys", "bf16: true\n    fp16: true", "precision", "precision: auto", "one key, precision: bf16 or fp16", at="bf16: true | fp16: true"),
    line("precision", "gap 64, tatsu-lab/stanford_alpaca#133", "tf32 by Trainer's key", "tf32: true", "tf32", "", "no such key: matrix products of fp32 take it where the card has it", at="tf32"),
    case("precision", "gap 65", "moments in a byte on Apple Silicon", {"target: t4": "target: m2-16gb", "    max_steps: 1000\n": "    max_steps: 1000\n    optimizer: adamw_8bit\n"}, "optimizer: adamw_8bit", "bitsandbytes|adamw|Apple|Metal|m2", {"optimizer: adamw_8bit": "optimizer: adamw"}, "bitsandbytes does not run on Metal: adamw"),
    line("attention", "gap 71, hiyouga/LlamaFactory#3508", "flash attention in fp32", "attn_implementation: flash_attention_2\n    precision: fp32", "fp16|bf16|fp32|half", "attn_implementation: sdpa\n    precision: fp32", "flash attention takes fp16 or bf16 only", at="attn_implementation | precision: fp32"),
    case("attention", "gap 73, axolotl-ai-cloud/axolotl#449", "flash attention in a network without attention", {MODEL: "{family: mamba, d_model: 256, n_layers: 4}", "target: t4": "target: rtx4090", "    max_steps: 1000\n": "    max_steps: 1000\n    attn_implementation: flash_attention_2\n"}, "attn_implementation", "no attention|mamba|Mamba", {"    attn_implementation: flash_attention_2\n": ""}, "a Mamba has no attention"),
    case("mamba", "gap 167", "heads in a Mamba-1", {MODEL: "{family: mamba, d_model: 256, n_layers: 4, n_heads: 4}"}, "n_heads: 4", "n_heads|no heads|mamba", {", n_heads: 4": ""}, "a mamba has no heads: leave n_heads out, or family: mamba2 with head_dim"),
    case("mamba", "gap 172, state-spaces/mamba#422", "heads that do not divide the inner width", {MODEL: "{family: mamba2, d_model: 256, n_layers: 4, head_dim: 96}"}, "head_dim: 96", "512|divi|multiple|64", {"head_dim: 96": "head_dim: 64"}, "d_model x expand = 512 is no multiple of 96"),
    case("mamba", "gap 173", "a convolution that no kernel has", {MODEL: "{family: mamba, d_model: 256, n_layers: 4, d_conv: 8}"}, "d_conv: 8", "2|3|4|kernel|causal", {"d_conv: 8": "d_conv: 4"}, "causal-conv1d has kernels of width 2 to 4"),
    case("mamba", "gap 174", "a state that no kernel has", {MODEL: "{family: mamba, d_model: 256, n_layers: 4, d_state: 512}"}, "d_state: 512", "256|kernel", {"d_state: 512": "d_state: 16"}, "the scan's kernel takes a state of at most 256"),
    # batch, machines
    line("batch", "gap 88, OpenRLHF/OpenRLHF#346", "a batch that is not the product of its parts", "batch_size: 4\n    gradient_accumulation_steps: 8", "16|32|4", "batch_size: 4\n    gradient_accumulation_steps: 4", "4 x 8 is 32, total_batch_size is 16", at="batch_size: 4 | gradient_accumulation_steps: 8 | total_batch_size: 16"),
    case("batch", "gap 91, huggingface/open-r1#249", "fewer sequences than cards", {"target: t4": "target: {gpu: a100, count: 8}", "total_batch_size: 16": "total_batch_size: 4"}, "total_batch_size: 4 | count: 8", "8|card|GPU|process", {"total_batch_size: 4": "total_batch_size: 16"}, "4 sequences cannot be shared by 8 cards"),
    case("batch", "gap 95", "a batch that the cards cannot share", {"target: t4": "target: {gpu: a100, count: 8}", "total_batch_size: 16": "total_batch_size: 20"}, "total_batch_size: 20 | count: 8", "8|16|24|multiple|share", {"total_batch_size: 20": "total_batch_size: 24"}, "20 is no multiple of 8 cards"),
    line("batch", "gap 99, axolotl-ai-cloud/axolotl#394", "sharding by Trainer's key", "fsdp: full_shard auto_wrap", "fsdp", "", "no such key: several cards are told by target", at="fsdp"),
    line("batch", "gap 90, hiyouga/LlamaFactory#4315", "the map of devices of transformers", "device_map: auto", "device_map|target", "", "no such key: the machine is told by target", at="device_map"),
    # schedule, validation, saves
    line("schedule", "gap 101", "the decay of another schedule", "scheduler: cosine\n    decay_share: 0.2", "wsd", "scheduler: wsd\n    decay_share: 0.2", "decay_share is of scheduler: wsd alone", at="decay_share | scheduler: cosine"),
    line("schedule", "gap 106, huggingface/transformers#12786", "the first validation lies after the end", "eval_steps: 2000", "1,?000|last|end|never", "eval_steps: 200", "training ends at step 1000: no validation before the end"),
    swap("schedule", "gap 108, artidoro/qlora#87", "no limit by Trainer's word", "max_steps: 1000", "max_steps: -1\n    num_train_epochs: 3", "not set|num_train_epochs", "leave max_steps out: num_train_epochs counts", at="max_steps: -1", better="num_train_epochs: 3"),
    line("schedule", "gap 109", "a schedule by transformers' name with its settings", "scheduler: cosine_with_min_lr\n    lr_scheduler_kwargs: {min_lr_rate: 0.1}", "min_lr|cosine", "scheduler: cosine\n    min_lr: 1e-4", "scheduler: cosine with min_lr", at="scheduler: | lr_scheduler_kwargs"),
    line("schedule", "gap 111, axolotl-ai-cloud/axolotl#28", "more patience than validations", "eval_steps: 250\n    early_stopping: {patience: 5}", "patience|4|never|validation", "eval_steps: 50\n    early_stopping: {patience: 5}", "there are 4 validations: patience 5 never ends it", at="patience: 5 | eval_steps: 250"),
    line("schedule", "gap 112, hiyouga/LlamaFactory#584", "validation by a strategy", "eval_strategy: epoch", "eval_steps", "", "eval_steps says when", at="eval_strategy"),
    case("schedule", "gap 114", "the best weights, and nothing to judge them", {TOKENS: TOKENS + "    val_fraction: 0\n", EXPORT[LM]: EXPORT[LM] + "    weights: best\n"}, "weights: best | val_fraction", "validation|best|val_fraction", {"    val_fraction: 0\n": "    val_fraction: 0.1\n"}, "without validation no weights are the best"),
    line("schedule", "gap 115, modelscope/ms-swift#1576", "no validation by a zero", "eval_steps: 0", "more than 0", "eval_steps: 100", "a step count of at least 1"),
    line("saves", "gap 117, modelscope/ms-swift#1576", "no save is kept", "keep: 0", "more than 0", "keep: 1", "at least one save is kept, or a killed run begins anew"),
    line("saves", "gap 118", "rates that fall below their end", "min_lr: 1e-2", "min_lr|above|learning_rate|peak", "min_lr: 1e-4", "min_lr lies above the peak of 1e-3"),
    case("resume", "gap 120", "going on with another optimizer", {"    resume_from: {step: first}\n    max_steps: 2000\n": "    resume_from: {step: first}\n    max_steps: 2000\n    optimizer: muon\n"}, "optimizer: muon | resume_from", "muon|adamw|optimizer", {"    optimizer: muon\n": ""}, "the saved moments are adamw's: the same optimizer, or init_from", TWO),
    case("resume", "gap 122, hiyouga/LlamaFactory#5499", "going on from a model without its optimizer", {MODEL: "{family: llama, d_model: 64, n_layers: 2, n_heads: 4, n_kv_heads: 2, d_ff: 128, tie_embeddings: false}\n    resume_from: {path: models/base}"}, "resume_from", "optimizer|init_from|state", {"    resume_from: {path: models/base}\n": ""}, "the folder has weights only: base or init_from"),
    case("resume", "gap 125", "going on from a run that saved its weights alone", {"    warmup_steps: 50\n  - type: train\n    id: second": "    warmup_steps: 50\n    save_only_model: true\n  - type: train\n    id: second"}, "save_only_model | resume_from", "save_only_model|optimizer", {"    save_only_model: true\n": ""}, "save_only_model leaves out what resume_from needs", TWO),
    case("resume", "gap 126", "going on to a step that lies behind", {"max_steps: 2000": "max_steps: 800"}, "max_steps: 800 | resume_from", "1,?000|800|nothing|left|end", {"max_steps: 800": "max_steps: 1800"}, "step 1000 is reached already: nothing is left", TWO),
    case("disk", "gap 127, hiyouga/LlamaFactory#4796", "two hundred saves of a large model", {MODEL: "{family: llama, d_model: 2048, n_layers: 24, n_heads: 16}", "target: t4": "target: {gpu: a100, count: 1}", "    max_steps: 1000\n": "    max_steps: 1000\n    save_steps: 5\n    keep: 200\n"}, "keep: 200 | save_steps: 5", "disk|TB|GB|GiB|TiB|space", {"keep: 200": "keep: 1", "save_steps: 5": "save_steps: 500", "d_model: 2048, n_layers: 24": "d_model: 512, n_layers: 4"}, "200 saves of 16 GB do not fit on the disk"),
    case("memory", "gap 165", "more rows at a time than the card holds", {MODEL: "{family: llama, d_model: 1024, n_layers: 24, n_heads: 16}", "max_seq_length: 256": "max_seq_length: 2048\n    batch_size: 64\n    on_oom: stop", "total_batch_size: 16": "total_batch_size: 64"}, "batch_size: 64 | target: t4", "memory|GB|GiB|fit", {"    batch_size: 64\n": "", "d_model: 1024, n_layers: 24": "d_model: 256, n_layers: 4", "max_seq_length: 2048": "max_seq_length: 256"}, "64 rows of 2048 tokens need more than a T4 has"),
    # GGUF and Ollama
    swap("gguf", "gap 175, ggml-org/llama.cpp#2143", "a K-quant", EXPORT[LM], EXPORT[LM] + "    quantization: q4_k_m\n", "q4_0|q4_1|q5|not", "K-quants are not written here: q4_0, or llama-quantize on the f16", at="quantization", better=EXPORT[LM] + "    quantization: q4_0\n"),
    case("gguf", "gap 179, ggml-org/llama.cpp#2708", "a width that blocks of 32 do not divide", {MODEL: MODEL.replace("4}", "4, d_ff: 690}"), EXPORT[LM]: EXPORT[LM] + "    quantization: q8_0\n"}, "d_ff: 690 | quantization", "690|32", {"d_ff: 690": "d_ff: 704"}, "690 is no multiple of 32, which q8_0 needs"),
    swap("gguf", "gap 184, ggml-org/llama.cpp#7724", "a normalization that llama.cpp does not do", VOCAB, VOCAB + "    normalization: nmt_nfkc\n", "llama.cpp|identity|normali[sz]|GGUF|exact", "llama.cpp does not normalise so: identity", at="normalization", better=VOCAB + "    normalization: identity\n"),
    swap("ollama", "gap 190", "a name with blanks and capitals", EXPORT[LM], "    name: Ev Modeli v1!\n", "name|letter|blank", "a name of letters, digits, dots, dashes", at="Ev Modeli", better="    name: ev-modeli-v1\n"),
    swap("ollama", "gap 191, ollama/ollama#9003", "a parameter by OpenAI's name", EXPORT[LM], EXPORT[LM] + "    parameters: {max_tokens: 200}\n", "num_predict", "max_tokens is num_predict in Ollama", at="max_tokens", better=EXPORT[LM] + "    parameters: {num_predict: 200}\n"),
    swap("ollama", "gap 195, ollama/ollama#12927", "a share in per cent", EXPORT[LM], EXPORT[LM] + "    parameters: {top_p: 90}\n", "0\\.9|at most 1|share|1", "top_p is a share: 0.9", at="top_p", better=EXPORT[LM] + "    parameters: {top_p: 0.9}\n"),
    swap("gguf", "gap 187, ggml-org/llama.cpp#11263", "a Hebbian memory in llama.cpp", "family: llama, d_model: 256, n_layers: 4, n_heads: 4", "family: mamba_hebbian, d_model: 256, n_layers: 4", "llama.cpp|mamba_hebbian|architecture|GGUF", "llama.cpp has no such architecture: drop export_ollama", at="mamba_hebbian | export_ollama", better="family: mamba, d_model: 256, n_layers: 4"),
]
# fmt: on
