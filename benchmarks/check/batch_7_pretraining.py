# ruff: noqa: E501 - a case is one line
"""Failures of trainings from nothing. See batch_7."""

import struct

from batch_7_cases import STORIES, Blind, lm
from cases import LM

RATE = "    learning_rate: 1e-3\n"
PATH = "      - path: data/stories.jsonl\n"
SIZES = "{family: llama, d_model: 256, n_layers: 4, n_heads: 4}"
TOKENIZER = "    vocab_size: 1000\n"
BINS = "  - type: tokenize_bin\n"
NAME = "    name: small\n"
STEPS = "    max_steps: 1000\n"
SECOND = """\
  - type: train
    id: second
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}
    resume_from: {step: first}
    max_steps: 2000
    total_batch_size: 16
    max_seq_length: 256
    learning_rate: 1e-3
    scheduler: constant
"""
TWO = LM.replace("  - type: train\n", "  - type: train\n    id: first\n").replace(RATE, RATE + "    scheduler: constant\n" + SECOND)


def rate(more: str) -> dict[str, str]:
    """A line behind the rate."""
    return {RATE: RATE + f"    {more}\n"}


def model(more: str) -> dict[str, str]:
    """Another model."""
    return {SIZES: more}


def two(*given: object, **rest: object) -> Blind:
    """A mistake in a training that goes on from another."""
    found = lm(*given, **rest)
    return Blind(**{**found.__dict__, "recipe": TWO})


def undo(more: str) -> dict[str, str]:
    """The line taken out again."""
    return {f"    {more}\n": ""}


# fmt: off
CASES = [
    # YAML
    lm("yaml-syntax", "Torom/BotLi#195", "a tab before a key", "the line begins with a tab; YAML is indented with spaces", {STEPS: "\tmax_steps: 1000\n"}, "max_steps", "tab"),
    lm("yaml-syntax", "jwouters91/shybrid#2", "a path with backslashes in double quotes", r"\t and \n in double quotes are a tab and a line break; write data/texts/notes.jsonl", {"path: data/stories.jsonl": 'path: "data\\texts\\notes.jsonl"'}, "texts", r"backslash|escape|\\\\t|slash|tab|line break", repair="path: data/texts/notes.jsonl", files={"data/texts/notes.jsonl": STORIES}, mended={"data/texts/notes.jsonl": STORIES}),
    lm("yaml-syntax", "yaml.org/type/null: None is a text", "Python's None for no clipping", "None is a text in YAML; write null", rate("max_grad_norm: None"), "max_grad_norm", "null", repair={"max_grad_norm: None": "max_grad_norm: null"}),
    lm("yaml-syntax", "Ansible FAQ: a value that begins with a brace must be quoted", "a template without quotes", "a template that begins with { must stand in quotes", {PATH: PATH + "        columns:\n          text: {title} {text}\n"}, "{title}", "quot", repair={"{title} {text}": '"{title} {text}"'}),
    lm("yaml-syntax", "gengyanlei/segmentation_pytorch#15", "a decimal comma in the rate", "0,001 is a text; write 0.001", {"learning_rate: 1e-3": "learning_rate: 0,001"}, "learning_rate", r"0\.001|number|comma", repair="learning_rate: 0.001"),
    # keys
    lm("schema-keys", "transformers: HfArgumentParser, keys with hyphens", "a key with a hyphen", "unknown key max-steps, max_steps is meant", {"max_steps: 1000": "max-steps: 1000"}, "max-steps", "max_steps"),
    lm("schema-keys", "meta-pytorch/torchtune, recipes: optimizer with _component_", "the optimizer as a component", "optimizer is a word such as adamw; the rate is learning_rate", {RATE: "    optimizer: {_component_: torch.optim.AdamW, lr: 1e-3, fused: true}\n"}, "optimizer", "adamw", repair="    optimizer: adamw\n" + RATE),
    # vocabulary
    lm("vocab-embedding", "huggingface/transformers#25729", "rows of the tokenizer beside a padded vocabulary", "1000 rows are written, the check step pads to 1024", {BINS: "  - type: check_vocab_consistency\n    pad_vocab_to_multiple_of: 64\n" + BINS, "n_heads: 4}": "n_heads: 4, vocab_size: 1000}"}, "vocab_size: 1000} | pad_vocab", "1,?024", repair={", vocab_size: 1000}": ", vocab_size: 1024}"}),
    lm("vocab-embedding", "nanoGPT: index error after the tokenizer changed and train.bin was not prepared again", "ids of an older, larger tokenizer", "data/old.bin has ids up to 2,999 and the model 1,000 rows", {BINS: "  - type: check_vocab_consistency\n    bins: {path: data/old.bin}\n" + BINS}, "bins | old.bin", "2,?999|id 1,?000", repair={"    bins: {path: data/old.bin}\n": ""}, files={"data/old.bin": struct.pack("<30000H", *(n % 3000 for n in range(30000)))}),
    # tokenizers
    lm("tokenizer-training", "google/sentencepiece#811", "a symbol twice in the list", "<tr> stands twice in user_symbols", {TOKENIZER: TOKENIZER + '    user_symbols: ["<tr>", "<en>", "<tr>"]\n'}, "user_symbols", "twice|repeat|duplicate|once", repair={', "<tr>"]': "]"}),
    lm("tokenizer-training", "google/sentencepiece#536", "symbols joined by commas, as the command line takes them", "user_symbols is a list", {TOKENIZER: TOKENIZER + '    user_symbols: "<tr>,<en>"\n'}, "user_symbols", "list", repair={'"<tr>,<en>"': '["<tr>", "<en>"]'}),
    lm("tokenizer-training", "google/sentencepiece: vocabulary smaller than required_chars, with byte_fallback", "a vocabulary as small as the bytes", "256 bytes, the special tokens and the letters do not fit into 256 pieces", {TOKENIZER: "    model: bpe\n    byte_fallback: true\n    vocab_size: 256\n"}, "vocab_size | byte_fallback", "256", repair={"vocab_size: 256": "vocab_size: 1000"}),
    lm("tokenizer-training", "google/sentencepiece#412", "coverage in per cent", "character_coverage is a share: 0.9995", {TOKENIZER: TOKENIZER + "    character_coverage: 99.95\n"}, "character_coverage", r"0\.9995|share|less than or equal to 1|at most 1", repair={"99.95": "0.9995"}),
    lm("tokenizer-training", "google/sentencepiece#175", "coverage so low that letters are lost", "a tenth of the characters becomes unknown, and decoding does not give them back", {TOKENIZER: "    model: unigram\n    vocab_size: 500\n    character_coverage: 0.9\n"}, "character_coverage", "unknown|lost|byte_fallback", repair={"character_coverage: 0.9\n": "character_coverage: 1.0\n"}),
    lm("tokenizer-training", "google/sentencepiece#101", "a normalization that makes blanks of line breaks, with an exact round trip asked", "nmt_nfkc turns line breaks into blanks; write identity", {TOKENIZER: TOKENIZER + "    normalization: nmt_nfkc\n", BINS: "  - type: check_vocab_consistency\n" + BINS}, "normalization | check_vocab", "line|round trip|identity", repair={"nmt_nfkc": "identity"}),
    # length
    lm("sequence-length", "langchain: got a larger chunk overlap than chunk size", "pieces that overlap by their whole length", "overlap_tokens must be smaller than max_tokens", {BINS: "  - type: split_long\n    max_tokens: 256\n    overlap_tokens: 256\n" + BINS}, "overlap_tokens", "max_tokens|small|overlap", repair={"overlap_tokens: 256": "overlap_tokens: 32"}),
    # precision
    lm("precision-hardware", "Lightning: precision='16-mixed'", "Lightning's word for half precision", "16-mixed is fp16 here", rate("precision: 16-mixed"), "precision", "fp16", repair={"16-mixed": "fp16"}),
    lm("precision-hardware", "pytorch/pytorch#125254", "torch.compile on a Mac", "torch's compiler does not serve Metal; compile: false", {"target: t4": "target: m2-16gb", **rate("compile: true")}, "compile", "compile|Metal|Apple|inductor", repair={"compile: true": "compile: false"}),
    lm("precision-hardware", 'pytorch: "addmm_impl_cpu_" not implemented for Half', "half precision on a processor", "fp16 wants a GPU; fp32 on a CPU", {"target: t4": "target: here", **rate("precision: fp16"), "max_steps: 1000": "max_steps: 100"}, "precision", "fp32|CPU|GPU", repair={"precision: fp16": "precision: fp32"}),
    # attention
    lm("attention-packing", "pytorch/torchtitan#4276", "heads that the key heads do not divide", "8 heads cannot share 3 key-value heads", model("{family: llama, d_model: 256, n_layers: 4, n_heads: 8, n_kv_heads: 3}"), "n_kv_heads | n_heads", "divi|multiple|share", repair={"n_kv_heads: 3": "n_kv_heads: 2"}),
    lm("attention-packing", "EleutherAI/gpt-neox: rotary embedding wants an even head size", "heads of an odd width", "252 / 4 = 63 is odd, rotary positions turn pairs", model("{family: llama, d_model: 252, n_layers: 4, n_heads: 4}"), "d_model | n_heads", "even|odd|pair", repair={"d_model: 252": "d_model: 256"}),
    lm("attention-packing", "QwenLM/Qwen3#406", "flash attention in fp32", "flash attention takes fp16 and bf16 only", {"target: t4": "target: rtx4090", **rate("attn_implementation: flash_attention_2\n    precision: fp32")}, "precision | attn_implementation", "fp16|bf16|fp32", repair={"precision: fp32": "precision: bf16"}),
    # batch
    lm("batch-distributed", "huggingface/accelerate#358", "a batch that three cards cannot share", "16 rows over 3 cards", {"target: t4": "target: {gpu: t4, count: 3}"}, "total_batch_size | count", "3", repair={"total_batch_size: 16": "total_batch_size: 18"}),
    lm("batch-distributed", "deepspeedai/DeepSpeed#3982", "a product that forgets the cards", "8 x 4 x 2 cards is 64, not 32", {"target: t4": "target: {gpu: t4, count: 2}", "total_batch_size: 16": "total_batch_size: 32\n    batch_size: 8\n    gradient_accumulation_steps: 4"}, "total_batch_size | batch_size | gradient", "64", repair={"gradient_accumulation_steps: 4": "gradient_accumulation_steps: 2"}),
    lm("batch-distributed", "marin-community/levanter#1261", "a part larger than the whole", "32 rows at a time in a batch of 16", {"total_batch_size: 16": "total_batch_size: 16\n    batch_size: 32"}, "batch_size", "16|32", repair={"    batch_size: 32": "    batch_size: 8"}),
    lm("batch-distributed", "Roblox/FAI-RL#72", "DeepSpeed's auto for the batch", "batch_size is a number; left out, it is found", {"total_batch_size: 16": "total_batch_size: 16\n    batch_size: auto"}, "batch_size: auto", "left? out|delete|omit|leave", repair={"    batch_size: auto\n": ""}),
    lm("batch-distributed", "huggingface/accelerate#2818", "two machines in the target", "a target has no nodes", {"target: t4": "target: {gpu: t4, count: 8, nodes: 2}"}, "nodes", "nodes", repair={", nodes: 2": ""}),
    # schedule
    lm("schedule-eval-save", "anhvth/opensloth#12", "two lengths of the warmup", "warmup_steps and warmup_ratio are both written", rate("warmup_steps: 100\n    warmup_ratio: 0.03"), "warmup_steps | warmup_ratio", "both|one of|and", repair={"    warmup_ratio: 0.03\n": ""}),
    lm("schedule-eval-save", "neulab/awesome-align#18", "steps and epochs", "max_steps and num_train_epochs are both written", {STEPS: STEPS + "    num_train_epochs: 2\n"}, "max_steps | num_train_epochs", "both|one of|and", repair={"    num_train_epochs: 2\n": ""}),
    lm("schedule-eval-save", "hiyouga/LlamaFactory#3619", "a validation after the end", "eval_steps 5,000 is more than the 1,000 steps there are", rate("eval_steps: 5000"), "eval_steps", "1,?000", repair={"eval_steps: 5000": "eval_steps: 200"}),
    lm("schedule-eval-save", "axolotl-ai-cloud/axolotl#73", "stopping early without validation text", "early_stopping needs a validation set, val_fraction is 0", {BINS: BINS + "    val_fraction: 0\n", **rate("early_stopping: {patience: 3}")}, "early_stopping | val_fraction", "validation", repair={"val_fraction: 0\n": "val_fraction: 0.1\n"}),
    lm("schedule-eval-save", "transformers: lr_scheduler_type constant_with_warmup", "transformers' name of a schedule", "constant_with_warmup is scheduler: constant with warmup_steps", rate("scheduler: constant_with_warmup"), "scheduler", "constant", repair={"constant_with_warmup": "constant"}),
    lm("schedule-eval-save", "ml-explore/mlx-examples#985", "a last rate above the first", "min_lr 1e-4 is above learning_rate 1e-5, the rate would rise", {RATE: "    learning_rate: 1e-5\n    min_lr: 1e-4\n"}, "min_lr | learning_rate", "min_lr|rise|above|larger|smaller", repair={"min_lr: 1e-4": "min_lr: 1e-6"}),
    lm("schedule-eval-save", "transformers: EarlyStoppingCallback that never fires", "more patience than validations", "10 validations without gain cannot happen, there are 5", rate("eval_steps: 200\n    early_stopping: {patience: 10}"), "patience | eval_steps", "patience|validations", repair={"patience: 10": "patience: 2"}),
    lm("schedule-eval-save", "axolotl-ai-cloud/axolotl#944", "a share in the place of steps", "eval_steps counts steps; 0.05 of 1,000 is 50", rate("eval_steps: 0.05"), "eval_steps", "50|integer|whole", repair={"eval_steps: 0.05": "eval_steps: 50"}),
    lm("schedule-eval-save", "axolotl-ai-cloud/axolotl#1225", "axolotl's key for validations", "evals_per_epoch is not a key; eval_steps is", rate("evals_per_epoch: 4"), "evals_per_epoch", "eval_steps", repair=undo("evals_per_epoch: 4")),
    # checkpoints
    two("checkpoint-resume", "Megvii-BaseDetection/BEVDepth#60", "going on from weights alone", "first keeps only the model, so second cannot resume", {"    id: first\n": "    id: first\n    save_only_model: true\n"}, "save_only_model | resume_from", "save_only_model|optimizer", repair={"    save_only_model: true\n": ""}),
    two("checkpoint-resume", "kohya-ss/sd-scripts#1999", "steps counted anew", "first did 1,000 steps, max_steps 500 leaves none; it counts from the start", {"max_steps: 2000": "max_steps: 500"}, "max_steps: 500 | resume_from", "1,?000"),
    two("checkpoint-resume", "kohya-ss/sd-scripts#789", "going on with another depth", "first has 4 layers, second 6", {"    id: second\n    model: {family: llama, d_model: 256, n_layers: 4": "    id: second\n    model: {family: llama, d_model: 256, n_layers: 6"}, "n_layers: 6 | resume_from", "layers"),
    lm("checkpoint-resume", "Lightning: ckpt_path='last'", "a word for the last checkpoint", "resume_from names a training; a killed run goes on by itself", rate("resume_from: last"), "resume_from", "step|path|itself", repair=undo("resume_from: last")),
    # disk
    lm("disk", "nyu-mll/jiant#51", "a thousand saves of a large model", "a thousand saves want some terabytes", {"target: t4": "target: h100", **model("{family: llama, d_model: 2048, n_layers: 24, n_heads: 16}"), **rate("save_steps: 1\n    keep: 1000")}, "keep | save_steps", "disk|GB|TB|space", repair={"save_steps: 1\n    keep: 1000": "save_steps: 500\n    keep: 1"}),
    # rows
    lm("dataset-format", "shibing624/MedicalGPT#38", "a line that is no JSON", "line 202 of data/stories.jsonl is not JSON", {}, "data/stories.jsonl", "202", repair={}, files={"data/stories.jsonl": "".join(('{"text": "A hen" "title": 1}' if n == 201 else '{"text": "' + row["text"] + '"}') + "\n" for n, row in enumerate(STORIES))}, mended={"data/stories.jsonl": STORIES}),
    lm("dataset-format", "longzw1997/Open-GroundingDino#96", "JSON lines in a file that ends in .json", "data/stories.json holds a row a line; format: jsonl", {PATH: "      - path: data/stories.json\n"}, "stories.json", "jsonl|line", repair={"data/stories.json\n": "data/stories.json\n        format: jsonl\n"}, files={"data/stories.json": STORIES}, mended={"data/stories.json": STORIES}),
    # Mamba
    lm("mamba", "state-spaces/mamba#120", "a state larger than the kernels take", "d_state is 256 at most", model("{family: mamba, d_model: 256, n_layers: 4, d_state: 512}"), "d_state", "256", repair={"d_state: 512": "d_state: 16"}),
    lm("mamba", "Dao-AILab/causal-conv1d#8", "a convolution wider than the kernels take", "d_conv is 2, 3 or 4", model("{family: mamba, d_model: 256, n_layers: 4, d_conv: 8}"), "d_conv", "4", repair={"d_conv: 8": "d_conv: 4"}),
    lm("mamba", "state-spaces/mamba: the number of heads", "heads of a Mamba", "a Mamba has no heads", model("{family: mamba, d_model: 256, n_layers: 4, n_heads: 4}"), "n_heads | family", "heads", repair={", n_heads: 4": ""}),
    # GGUF and Ollama
    lm("gguf-export", "ollama/ollama#13668", "a quantization of llama.cpp that is not made here", "q4_k_m is not offered; q4_0, q5_0 and q8_0 are", {NAME: NAME + "    quantization: Q4_K_M\n"}, "quantization", "q4_0|q8_0", repair={"Q4_K_M": "q4_0"}),
    lm("gguf-export", "ggml-org/llama.cpp#6614", "rows that blocks of 32 do not fill", "240 columns are no multiple of 32, which q4_0 needs", {**model("{family: llama, d_model: 240, n_layers: 4, n_heads: 4}"), NAME: NAME + "    quantization: q4_0\n"}, "quantization | d_model", "32", repair={"d_model: 240": "d_model: 256"}),
    lm("ollama-export", "ollama/ollama#9157", "a name with a blank and a bracket", "Ollama takes letters, digits and -_. in a name", {NAME: '    name: "Small Stories (v2)"\n'}, "name", "name", repair={'"Small Stories (v2)"': "small-stories-v2"}),
    lm("ollama-export", "posit-dev/chatlas#327", "OpenAI's name for the length of an answer", "max_tokens is num_predict in Ollama", {NAME: NAME + "    parameters: {max_tokens: 256}\n"}, "max_tokens", "num_predict", repair={"max_tokens": "num_predict"}),
]
