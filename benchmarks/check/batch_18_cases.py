"""The recipes of the eighteenth batch, and its failures of training: schedules, resume, disk, memory, Mamba.

See batch_18. Each base is a sound recipe with the files that it needs beside the scaffold's.
"""

from collections.abc import Mapping
from typing import Any

from batch_9_cases import DESK, NOVELS, ROOT, TALES, TURKISH, Base, _stories
from batch_11_cases import ARCHIVE, CLINIC, RADIO, REPLIES, SEVEN
from cases import SFT, Case, Report

RAW = ROOT / "data" / "papers" / "raw"
CHAT = Base(SFT, {})
BIG = Base(
    """\
recipe: bigger
about: a llama of a third of a billion weights on TinyStories
target: a100-40
steps:
  - type: parse_corpus
    sources:
      - hub: roneneldan/TinyStories
        revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64
        lang: en
  - type: train_tokenizer
    vocab_size: 32000
  - type: tokenize_bin
    val_fraction: 0.01
  - type: train
    model: {family: llama, d_model: 1024, n_layers: 24, n_heads: 16}
    max_steps: 6000
    total_batch_size: 128
    batch_size: 4
    max_seq_length: 1024
    learning_rate: 3e-4
    warmup_steps: 300
    eval_steps: 500
    save_steps: 500
  - type: validate_checkpoint
    prompts: ["One day, a girl"]
  - type: export_ollama
    name: bigger
""",
    {},
)
MEMORY = Base(
    """\
recipe: memory
about: a plain Mamba, then the same with a Hebbian memory
target: rtx2080ti
seed: 11
steps:
  - type: parse_corpus
    sources:
      - {path: data/stories.jsonl, lang: en, columns: {text: "{title}\\n{text}"}}
  - type: train_tokenizer
    model: unigram
    vocab_size: 800
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    id: plain
    model: {family: mamba, d_model: 128, n_layers: 4}
    max_steps: 400
    total_batch_size: 8
    max_seq_length: 256
    learning_rate: 1e-3
    warmup_steps: 20
  - type: train
    id: hebb
    model: {family: mamba_hebbian, d_model: 128, n_layers: 4, hebbian_decay: 0.98}
    init_from: {step: plain}
    stages:
      - {steps: 50, train: [hebbian]}
      - {train: [all]}
    max_steps: 300
    total_batch_size: 8
    max_seq_length: 256
    learning_rate: 5e-4
    warmup_steps: 10
  - type: validate_checkpoint
  - type: report
""",
    {},
)
TWICE = Base(
    """\
recipe: twice
about: a GPT-2 that is trained, and then trained on
target: v100-32
steps:
  - type: parse_corpus
    sources:
      - {path: corpus/*.txt, document: blank_line}
  - type: train_tokenizer
    model: byte_bpe
    vocab_size: 1024
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    id: first
    model: {family: gpt2, d_model: 192, n_layers: 4, n_heads: 6}
    max_steps: 100
    total_batch_size: 8
    max_seq_length: 256
    learning_rate: 6e-4
    scheduler: constant
    warmup_steps: 10
  - type: train
    id: second
    model: {family: gpt2, d_model: 192, n_layers: 4, n_heads: 6}
    resume_from: {step: first}
    max_steps: 200
    total_batch_size: 8
    max_seq_length: 256
    learning_rate: 6e-4
    scheduler: constant
    warmup_steps: 10
  - type: validate_checkpoint
    prompts: ["The old house"]
  - type: export_ollama
    name: twice
""",
    NOVELS.files,
)
NEST = Base(
    """\
recipe: nest
about: a small Mamba on tales, then adapters for tales of another author
target: rtx3060
steps:
  - type: parse_corpus
    id: tales
    sources:
      - {path: data/a.jsonl, lang: tr}
  - type: train_tokenizer
    vocab_size: 900
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    id: base
    model: {family: mamba, d_model: 128, n_layers: 4}
    max_steps: 150
    total_batch_size: 8
    max_seq_length: 256
    learning_rate: 1e-3
    warmup_steps: 10
  - type: parse_corpus
    id: others
    sources:
      - {path: data/b.jsonl, lang: tr}
  - type: tokenize_bin
    id: other_bins
    val_fraction: 0.1
  - type: train
    id: adapt
    model: {base: {step: base}}
    method: lora
    lora: {r: 8, lora_alpha: 16, target_modules: [in_proj, x_proj]}
    num_train_epochs: 2
    total_batch_size: 8
    max_seq_length: 256
    learning_rate: 3e-4
  - type: export_ollama
    name: nest
""",
    {"data/a.jsonl": TURKISH, "data/b.jsonl": _stories("tr_b.jsonl")},
)
PAPERS = Base(
    """\
recipe: papers
about: a laboratory's papers and its answers
target: m3-36gb
steps:
  - type: parse_corpus
    id: papers
    sources:
      - path: papers/*.pdf
        references: drop
  - type: parse_corpus
    id: pairs
    sources:
      - path: data/chat.jsonl
  - type: check_vocab_consistency
    checkpoint: {path: models/base}
    corpus: papers
  - type: split_long
    corpus: [papers, pairs]
    max_tokens: 512
  - type: train
    model: {base: {path: models/base}}
    objective: sft
    method: lora
    lora: {r: 8, lora_alpha: 16}
    num_train_epochs: 2
    total_batch_size: 8
    max_seq_length: 512
    learning_rate: 2e-4
    warmup_ratio: 0.05
  - type: validate_checkpoint
    prompts: ["What is 3 and 3?"]
  - type: export_ollama
    name: papers
""",
    {
        "papers/lime.pdf": (RAW / "03-lime-and-cement.pdf").read_bytes(),
        "papers/wall.pdf": (RAW / "07-duvar-yonu-tr.pdf").read_bytes(),
    },
)


def fault(
    base: Base, gap: str, thread: str, family: str, title: str, changes: Mapping[str, str], at: str, says: str, *,
    repair: Mapping[str, str] | None = None, files: Mapping[str, Any] | None = None, mended: Mapping[str, Any] | None = None, **more: Any,
) -> Report:  # fmt: skip
    """A failure. Its repair takes the changes back, and its extra files, unless others are given."""
    undo = {new: old for old, new in changes.items()} if repair is None else repair
    return Report(
        family, title, base.text, changes, {**base.files, **(files or {})}, source=f"gap {gap}; {thread or 'no thread'}", at=at, says=says,
        repair=undo, mended={**base.files, **(mended or {})}, **more,
    )  # fmt: skip


def more(base: Base, after: str, text: str) -> dict[str, str]:
    """The change that puts a line behind the one that begins with `after`, indented as that is."""
    line = next(row for row in base.text.split("\n") if row.strip().startswith(after))
    return {f"{line}\n": f"{line}\n{line[: len(line) - len(line.lstrip())]}{text}\n"}


def right(base: Base, title: str, changes: Mapping[str, str], files: Mapping[str, Any] | None = None) -> Case:
    """A sound recipe."""
    return Case("valid", title, base.text, changes, {**base.files, **(files or {})})


FEW = "question,reply\n" + "".join(f'"{q}","{a}"\n' for q, a in REPLIES[:15])
ORIGINAL_MAMBA = {
    "d_model": 768, "n_layer": 24, "vocab_size": 50277, "ssm_cfg": {}, "rms_norm": True, "residual_in_fp32": True, "fused_add_norm": True,
    "pad_vocab_size_multiple": 8,
}  # fmt: skip
TRAINING: list[Report] = [
    fault(
        NOVELS, "cf-100", "deepspeedai/DeepSpeed#6914", "batch-distributed",
        "the effective batch is reckoned with four cards, and a training uses one",
        {
            "target: rtx3080\n": "target: {gpu: rtx3080, count: 4}\n",
            "    batch_size: 4\n": "    total_batch_size: 32 # 4 rows x 2 x 4 GPUs\n    batch_size: 4\n",
        },
        "total_batch_size: 32 | batch_size: 4 | gradient_accumulation_steps: 2 | count: 4",
        r"effective batch|one card|one of|is not .*32|32 .*(8|4 x 2)|count",
    ),
    fault(
        CHAT, "cf-101", "verl-project/verl#1400", "schedule-eval-save", "min_lr is written as a share of the peak rate, and is a rate",
        more(CHAT, "learning_rate", "scheduler: cosine\n    min_lr: 0.1"), "min_lr: 0.1",
        r"above|higher|larger|more than|greater|share|ratio|tenth of", repair={"min_lr: 0.1": "min_lr: 2e-5"},
    ),
    fault(
        CLINIC, "cf-106", "huggingface/transformers#11931", "schedule-eval-save",
        "the best weights are asked for, and fifteen rows leave nothing to validate on",
        {
            "    warmup_steps: 5\n": "    warmup_steps: 1\n    early_stopping: {patience: 2}\n",
            "    name: clinic\n": "    name: clinic\n    weights: best\n",
        },
        "early_stopping | weights: best | path: data/desk.csv | desk.csv", r"validat|held out|hold|fewer than 20|too few|15 (rows|doc)",
        repair={"    warmup_steps: 1\n": "    warmup_steps: 5\n"}, files={"data/desk.csv": FEW},
    ),
    fault(
        RADIO, "cf-108", "huggingface/transformers#23235", "schedule-eval-save", "eval_steps is a share of the run, and counts steps",
        more(RADIO, "save_steps", "eval_steps: 0.1"), "eval_steps: 0.1", r"integer|whole|share|fraction|ratio|number of steps|0\.1",
        repair={"eval_steps: 0.1": "eval_steps: 6"},
    ),
    fault(
        NOVELS, "cf-109", "hiyouga/LlamaFactory#744", "schedule-eval-save",
        "nothing is kept for validation, and every twenty steps is validated",
        {"    val_fraction: 0.1\n": "    val_fraction: 0\n"}, "val_fraction: 0",
        r"greater than 0|above 0|more than 0|larger than 0|between|positive",
    ),
    fault(
        BIG, "cf-111", "axolotl-ai-cloud/axolotl#797", "schedule-eval-save", "eval_steps: 1 means every step, and was meant once an epoch",
        {"    eval_steps: 500\n": "    eval_steps: 1 # once an epoch\n"}, "eval_steps: 1", r"validat|eval",
    ),
    fault(
        ARCHIVE, "cf-112", "ashleve/lightning-hydra-template#195", "schedule-eval-save",
        "patience counts validations and was written in steps, so it never ends the run",
        {"    early_stopping: {patience: 3}\n": "    early_stopping: {patience: 100}\n"}, "early_stopping | patience: 100",
        r"patience|never|validations",
    ),
    fault(
        RADIO, "cf-114", "Lightning-AI/pytorch-lightning#1926", "schedule-eval-save", "keep: -1 was meant as all saves",
        {"    keep: 3\n": "    keep: -1\n"}, "keep: -1", r"greater than|above|positive|at least|more than|all saves|every save|-1",
    ),
    fault(
        DESK, "cf-115", "yangjianxin1/Firefly#152", "schedule-eval-save", "save_steps is a word for once an epoch, and counts steps",
        more(DESK, "warmup_ratio", "save_steps: epoch"), "save_steps: epoch", r"integer|number|whole|steps of|epoch",
    ),
    fault(
        CHAT, "cf-117", "hiyouga/LlamaFactory#8300", "checkpoint-resume", "a model's folder is resumed, and it holds no optimizer's state",
        more(CHAT, "learning_rate", "resume_from: {path: models/base}"), "resume_from",
        r"optimizer|state|no training|not .*training|checkpoint of",
    ),
    fault(
        RADIO, "cf-118", "ultralytics/ultralytics#3294", "checkpoint-resume",
        "resume_from: true, as other trainers find the last save themselves",
        more(RADIO, "keep", "resume_from: true"), "resume_from: true",
        r"path|step:|folder|mapping|by itself|killed|dictionary|object|BaseRef|names? ",
    ),
    fault(
        TWICE, "cf-120", "huggingface/peft#1313", "checkpoint-resume", "a training is resumed with another optimizer than its state is of",
        more(TWICE, "resume_from", "optimizer: adamw_8bit"), "optimizer: adamw_8bit | resume_from", r"optimizer|moments|adamw",
    ),
    fault(
        MEMORY, "cf-120", "SeanNaren/deepspeech.pytorch#146", "checkpoint-resume",
        "the second phase is wider than the first, whose weights it is to begin from",
        {"{family: mamba_hebbian, d_model: 128,": "{family: mamba_hebbian, d_model: 192,"}, "d_model: 192 | init_from",
        r"d_model|width|wide|size|shape|128|none of",
    ),
    fault(
        TWICE, "cf-122", "kohya-ss/sd-scripts#789", "checkpoint-resume", "a training is resumed with two layers more than it had",
        {
            "    id: second\n    model: {family: gpt2, d_model: 192, n_layers: 4,": "    id: second\n"
            "    model: {family: gpt2, d_model: 192, n_layers: 6,"
        },
        "n_layers: 6 | resume_from", r"layers|other sizes|size|shape|not the same|another network|differ",
    ),
    fault(
        NOVELS, "cf-125", "karpathy/nanoGPT#241", "checkpoint-resume", "nanoGPT's ckpt.pt is resumed, a pickled file and no folder",
        more(NOVELS, "learning_rate", "resume_from: {path: out/ckpt.pt}"), "resume_from",
        r"pickle|\.pt\b|folder|directory|not .*checkpoint|safetensors", files={"out/ckpt.pt": b"PK\x03\x04" + bytes(400)},
    ),
    fault(
        MEMORY, "cf-115", "axolotl-ai-cloud/axolotl#1464", "schedule-eval-save",
        "the first stage trains a part that no weight's name holds",
        {"      - {steps: 50, train: [hebbian]}\n": "      - {steps: 50, train: [hebbian_memory]}\n"}, "train: [hebbian_memory]",
        r"hebbian_memory|no weight|match|nothing|names",
    ),
    fault(
        BIG, "cf-126", "bogoconic1/Qgentic-AI#164", "disk", "every save of a run is kept, half a terabyte of them",
        {"    save_steps: 500\n": "    save_steps: 50\n    keep: 120\n"}, "keep: 120 | save_steps: 50", r"disk|\b[GT]i?B\b|space|room",
    ),
    fault(
        BIG, "cf-127", "ibab/tensorflow-wavenet#101", "disk", "save_steps: 1 writes four gigabytes after every step",
        {"    save_steps: 500\n": "    save_steps: 1 # once an epoch\n"}, "save_steps: 1", r"sav|disk|\b[GT]i?B\b|write",
    ),
    fault(
        BIG, "cf-130", "sail-sg/regmix#3", "disk", "shard_tokens is taken for the context's length: hundreds of thousands of files",
        more(BIG, "val_fraction", "shard_tokens: 1024"), "shard_tokens: 1024", r"files|shard",
    ),
    fault(
        BIG, "cf-165", "vllm-project/speculators#881", "memory", "eager attention keeps every score of rows of 8,192 tokens",
        {
            "target: a100-40\n": "target: a6000\n",
            "    total_batch_size: 128\n    batch_size: 4\n    max_seq_length: 1024\n": "    total_batch_size: 16\n    batch_size: 1\n"
            "    max_seq_length: 8192\n    attn_implementation: eager\n",
        },
        "attn_implementation: eager | max_seq_length: 8192 | batch_size: 1", r"eager|memory|GiB|scores|does not fit",
        repair={"    attn_implementation: eager\n": "    attn_implementation: sdpa\n"},
    ),
    fault(
        SEVEN, "cf-167", "lm-sys/FastChat#1637", "memory", "LoRA over seven billion weights of sixteen bits does not fit a T4",
        {
            "target: rtx4090\n": "target: t4\n",
            "    method: qlora\n    quant: {bits: 4, double: true}\n": "    method: lora\n",
        },
        "target: t4 | method: lora | base | batch_size: 2 | max_seq_length", r"memory|GiB|\bfit|qlora|4.bit",
    ),
    fault(
        TALES, "cf-172", "state-spaces/mamba#120", "mamba", "a state of 512 is more than the scan's kernel takes",
        {"{family: mamba, d_model: 128, n_layers: 4}": "{family: mamba, d_model: 128, n_layers: 4, d_state: 512}"}, "d_state: 512",
        r"256|d_state|state|kernel",
    ),
    fault(
        NEST, "cf-173", "hiyouga/LlamaFactory#43", "mamba", "adapters for q_proj and v_proj, which a Mamba has not",
        {"target_modules: [in_proj, x_proj]": "target_modules: [q_proj, v_proj]"}, "target_modules", r"q_proj|v_proj|no .*layer|in_proj",
    ),
    fault(
        DESK, "cf-174", "state-spaces/mamba#253", "mamba", "the base is a Mamba in its authors' own layout, not in transformers'",
        {
            "checkpoint: {path: models/base}": "checkpoint: {path: models/mamba-130m}",
            "base: {path: models/base}": "base: {path: models/mamba-130m}",
            "target_modules: [q_proj, v_proj]": "target_modules: [in_proj, x_proj]",
        },
        "models/mamba-130m", r"model_type|ssm_cfg|config|transformers|-hf|layout|tokenizer|pickle|pytorch_model|safetensors",
        files={"models/mamba-130m/config.json": ORIGINAL_MAMBA, "models/mamba-130m/pytorch_model.bin": b"PK\x03\x04" + bytes(400)},
    ),
    fault(
        NEST, "cf-175", "huggingface/transformers#33557", "mamba", "flash attention is asked for, and a Mamba has no attention",
        {"    model: {family: mamba, d_model: 128, n_layers: 4}\n": "    model: {family: mamba, d_model: 128, n_layers: 4}\n"
         "    attn_implementation: flash_attention_2\n"},
        "attn_implementation", r"no attention|no effect|has none|without attention|mamba|attention-free",
    ),
]  # fmt: skip
