"""The recipes of the seventeenth batch, and its first half: what may stand at the numbers of known failures that are held back.

See batch_17. Written without a look at the rules: cf-002 to cf-046.
"""

import struct
from collections.abc import Mapping
from typing import Any

from batch_9_cases import NOVELS, REVISION, TALES, Base
from batch_11_cases import CLINIC, RADIO, pdf_bytes
from batch_11_cases import TEXTS as LETTERS
from cases import LM, SFT, Report, added_token

STORIES, CHAT = Base(LM, {}), Base(SFT, {})
CONTINUE = Base(
    """\
recipe: letters-more
about: a small model reads a town's letters
target: l4
seed: 11
steps:
  - type: parse_corpus
    sources:
      - {path: letters/*.txt, document: blank_line, lang: en}
  - type: check_vocab_consistency
    checkpoint: {path: models/base}
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    objective: lm
    model: {base: {path: models/base}}
    num_train_epochs: 2
    total_batch_size: 8
    max_seq_length: 512
    learning_rate: 5e-5
    warmup_ratio: 0.05
  - type: validate_checkpoint
  - type: report
""",
    LETTERS,
)
QWEN = Base(
    f"""\
recipe: qwen-stories
target: l4
steps:
  - type: parse_corpus
    sources:
      - path: data/stories.jsonl
        lang: en
  - type: check_vocab_consistency
    checkpoint: {{hub: Qwen/Qwen2.5-0.5B, revision: {REVISION}}}
  - type: tokenize_bin
    val_fraction: 0.1
    dtype: uint32
  - type: train
    objective: lm
    model: {{base: {{hub: Qwen/Qwen2.5-0.5B, revision: {REVISION}}}}}
    num_train_epochs: 2
    total_batch_size: 8
    batch_size: 2
    max_seq_length: 512
    learning_rate: 2e-5
  - type: export_ollama
    name: qwen-stories
""",
    {},
)
PHASES = Base(
    """\
recipe: phases
about: a Mamba, and the same with a memory
target: t4
vars: {block: 256}
steps:
  - type: parse_corpus
    sources:
      - {path: data/stories.jsonl, lang: en}
  - type: train_tokenizer
    vocab_size: 1000
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    id: first
    model: {family: mamba, d_model: 128, n_layers: 4}
    max_steps: 400
    total_batch_size: 16
    max_seq_length: ${block}
    learning_rate: 1e-3
    warmup_steps: 20
  - type: train
    id: second
    model: {family: mamba_hebbian, d_model: 128, n_layers: 4, hebbian_decay: 0.98}
    init_from: {step: first}
    stages:
      - {steps: 60, train: [hebbian]}
      - {train: [all]}
    max_steps: 200
    total_batch_size: 16
    max_seq_length: ${block}
    learning_rate: 5e-4
    warmup_steps: 10
  - type: validate_checkpoint
  - type: report
""",
    {},
)
TUNED = Base(
    """\
recipe: mamba-letters
target: rtx3060
steps:
  - type: parse_corpus
    id: stories
    sources: [{path: data/stories.jsonl, lang: en}]
  - type: train_tokenizer
    vocab_size: 1000
  - type: tokenize_bin
    val_fraction: 0.1
  - type: train
    id: start
    model: {family: mamba, d_model: 128, n_layers: 4}
    max_steps: 300
    total_batch_size: 8
    max_seq_length: 512
    learning_rate: 1e-3
  - type: parse_corpus
    id: letters
    sources:
      - {path: letters/*.txt, document: blank_line, lang: en}
  - type: split_long
    corpus: letters
    max_tokens: 512
  - type: train
    id: style
    model: {base: {step: start}}
    objective: sft
    method: lora
    lora: {r: 8, lora_alpha: 16, target_modules: [in_proj, x_proj]}
    num_train_epochs: 2
    total_batch_size: 8
    max_seq_length: 512
    learning_rate: 2e-4
  - type: export_ollama
    name: mamba-letters
""",
    LETTERS,
)
PAPERS = Base(
    """\
recipe: papers
about: the notes of a laboratory, from PDFs
target: a6000
steps:
  - type: parse_corpus
    id: notes
    sources:
      - path: papers/*.pdf
        lang: en
        references: drop
  - type: check_vocab_consistency
    checkpoint: {path: models/base}
  - type: split_long
    max_tokens: 256
  - type: train
    model: {base: {path: models/base}}
    objective: sft
    method: lora
    lora: {r: 8, lora_alpha: 16}
    packing: documents
    num_train_epochs: 8
    total_batch_size: 4
    max_seq_length: 256
    learning_rate: 2e-4
  - type: export_ollama
    name: papers
""",
    {f"papers/note{n:02}.pdf": pdf_bytes(f"Sample {n} of the north wall was dry in week {n % 9}") for n in range(60)},
)


def bins(dtype: str, top: int) -> bytes:
    """Token ids below `top`, as nanoGPT's prepare.py writes them."""
    return b"".join(struct.pack("<H" if dtype == "uint16" else "<I", 4 + n * 7919 % (top - 4)) for n in range(6000))


def slip(base: Base, source: str, title: str, changes: Mapping[str, str], at: str, says: str, **more: Any) -> Report:
    """A failure. Its repair takes the changes back, and its extra files too, unless others are given."""
    repair = more.pop("repair", None)
    if repair is None:
        repair = {new: old for old, new in changes.items()}
    files = more.pop("files", {})
    mended = more.pop("mended", {} if files else None)
    return Report(
        more.pop("family", "gap"), title, base.text, changes, {**base.files, **files}, source=f"gap {source}", at=at, says=says,
        repair=repair, mended=None if mended is None else {**base.files, **mended}, **more,
    )  # fmt: skip


MAPPED = """\
recipe: small
target: t4
steps:
  parse_corpus:
    sources:
      - path: data/stories.jsonl
  train_tokenizer:
    vocab_size: 1000
  tokenize_bin:
    val_fraction: 0.1
  train:
    model: {family: llama, d_model: 256, n_layers: 4, n_heads: 4}
    max_steps: 500
    total_batch_size: 16
    max_seq_length: 256
    learning_rate: 1e-3
"""
NAMES = ("parse_corpus", "train_tokenizer", "tokenize_bin", "train")
SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
ZEPHYR = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
DEDENT = {
    "      r: 8\n      lora_alpha: 16\n      lora_dropout: 0.05\n      target_modules:": (
        "    r: 8\n    lora_alpha: 16\n    lora_dropout: 0.05\n    target_modules:"
    )
}
UNKNOWN = r"unknown|not known|no (such )?(param|key|field|setting)|has no|does not (know|have|take)|not a (param|key|field)|instead"

SYNTAX = [
    slip(
        CLINIC, "cf-002; hiyouga/LlamaFactory#4014", "a learning rate that is shared by a variable stands in quotes",
        {"vars:\n": 'vars:\n  rate: "2e-4"\n', "learning_rate: 2e-4": "learning_rate: ${rate}"},
        'rate: "2e-4" | learning_rate: ${rate}', r"quot|text|string|not a number|must be a number|should be a number",
        repair={'rate: "2e-4"': "rate: 2e-4"}, family="yaml",
    ),
    slip(
        NOVELS, "cf-005; karpathy/nanoGPT#543", "a product is written where YAML has no arithmetic",
        {"gradient_accumulation_steps: 2": "gradient_accumulation_steps: 2 * 2"}, "gradient_accumulation_steps: 2 * 2",
        r"integer|whole number|a number|text|string|arithmetic|calculat|product|comput|multipl", family="yaml",
    ),
    slip(
        RADIO, "cf-008; hydra-ecosystem/hydra#1473", "Python's None is a text in YAML",
        {"learning_rate: 1e-3\n": "learning_rate: 1e-3\n    warmup_steps: None\n"}, "warmup_steps: None",
        r"null|none\b.*(text|string|word)|(text|string|word).*none|integer|whole number|a number", repair={"steps: None": "steps: null"},
        family="yaml",
    ),
    slip(
        CLINIC, "cf-009; calliope-project/calliope#207", "the settings of LoRA stand at lora's own depth, not below it", DEDENT,
        "lora: | r: 8 | lora_alpha: 16 | lora_dropout: 0.05 | target_modules:",
        r"indent|deeper|(under|below|inside|in|into|of|belongs? (to|in)) `?lora\b|lora\.|" + UNKNOWN, family="yaml",
    ),
    slip(
        TALES, "cf-010; promptfoo/promptfoo#729", "in single quotes backslash and n are two letters and no line break",
        {'"<tr>{title}\\n{text}"': "'<tr>{title}\\n{text}'"}, "'<tr>{title}",
        r"line break|newline|new line|backslash|single quot|\\n|double quot",
        family="yaml",
    ),
]  # fmt: skip
KEYS = [
    slip(
        CLINIC, "cf-011; huggingface/course#1171", "the row's length by the name that newer TRL has for it",
        {"max_seq_length: 256": "max_length: 256"}, "max_length: 256", r"max_seq_length", family="keys",
    ),
    slip(
        NOVELS, "cf-013; no thread", "the seed stands in the training as in Trainer, not at the recipe's top",
        {"seed: 7\n": "", "learning_rate: 6e-4\n": "learning_rate: 6e-4\n    seed: 7\n"}, "seed: 7",
        r"top|recipe's|of the recipe|outside|not in a step|whole recipe|" + UNKNOWN,
        repair={"target: rtx3080\n": "target: rtx3080\nseed: 7\n", "    seed: 7\n": ""}, family="keys",
    ),
    slip(
        PAPERS, "cf-013; no thread", "reference lists are switched off by false where a word is asked for",
        {"references: drop": "references: false"}, "references: false", r"\bdrop\b|\bkeep\b", family="keys",
    ),
    slip(
        TALES, "cf-014; axolotl-ai-cloud/axolotl#1643", "a share of all steps where transformers takes one and this counts steps",
        {"max_seq_length: 256\n    learning": "max_seq_length: 256\n    save_steps: 0.25\n    learning"}, "save_steps: 0.25",
        r"integer|whole number|fraction|share|steps, not|number of steps", family="keys",
    ),
    slip(
        NOVELS, "cf-017; no thread", "the sizes of the network by nanoGPT's names",
        {"d_model: 192, n_layers: 4, n_heads: 6": "n_embd: 192, n_layer: 4, n_head: 6"}, "n_embd: 192",
        r"d_model|n_layers|n_heads", family="keys",
    ),
    Report(
        "keys", "the steps are a mapping from name to settings, as a compose file has its services", "", raw=MAPPED,
        source="gap cf-018; no thread", at="steps: | parse_corpus: | train_tokenizer:", says=r"\blist\b|dash|sequence|- type",
        repair={f"  {name}:\n    ": f"  - type: {name}\n    " for name in NAMES},
    ),
]  # fmt: skip
VOCABULARY = [
    slip(
        STORIES, "cf-022; huggingface/transformers#25503", "the vocabulary was enlarged and the variable for the model's rows was not",
        {"target: t4\n": "target: t4\nvars: {rows: 800}\n", "n_heads: 4}": 'n_heads: 4, vocab_size: "${rows}"}'},
        'rows: 800 | vocab_size: "${rows}" | vocab_size: 1000', r"rows|1,?000|embedding|tokenizer makes",
        repair={"rows: 800": "rows: 1000"}, family="vocabulary",
    ),
    slip(
        CLINIC, "cf-025; huggingface/transformers#11102", "tokens were added to the base's tokenizer and its embedding was never resized",
        {}, "path: models/base | checkpoint: ${base} | model: {base", r"\brows?\b|embedding|30[012]|resiz|more (tokens|pieces|ids)",
        files={
            "models/base/tokenizer.json": {
                "added_tokens": [added_token(i, t) for i, t in enumerate(SPECIAL)]
                + [added_token(300, "<|tool|>"), added_token(301, "<|image|>"), added_token(302, "<|file|>")]
            }
        },
        family="vocabulary",
    ),
    slip(
        CLINIC, "cf-025; haotian-liu/LLaVA#94", "the padding token was set to a word that the vocabulary lacks",
        {}, "path: models/base | checkpoint: ${base} | model: {base", r"\bpad|\[PAD\]",
        files={
            "models/base/tokenizer_config.json": {"pad_token": "[PAD]"},
            "models/base/tokenizer.json": {
                "added_tokens": [added_token(i, t) for i, t in enumerate(SPECIAL)] + [added_token(300, "[PAD]")]
            },
        },
        family="vocabulary",
    ),
    slip(
        CONTINUE, "cf-028; no thread", "a tokenizer of one's own feeds a base that was trained with another of the same size",
        {
            "  - type: check_vocab_consistency\n    checkpoint: {path: models/base}\n": (
                "  - type: train_tokenizer\n    model: byte_bpe\n    vocab_size: 300\n"
            )
        },
        "type: train | path: models/base | vocab_size: 300 | type: tokenize_bin | objective: lm",
        r"(other|another|own|different|same|base's|model's) (tokenizer|vocabulary|words|ids|tokens)|tokenizer of (the|its) base|\bmean\b",
        family="vocabulary",
    ),
    slip(
        CHAT, "cf-030; unslothai/unsloth#915", "the chat template's marks, its end of a turn among them, are no tokens of the tokenizer",
        {}, "path: models/base | objective: sft | data/chat.jsonl",
        r"<\|(end|user|assistant)\|>|marks?\b|not one token|add_tokens|end of (a|the) turn|eos",
        files={"models/base/tokenizer_config.json": {"chat_template": ZEPHYR}}, family="vocabulary",
    ),
    slip(
        CHAT, "cf-032; GaiZhenbiao/Phi3V-Finetuning#12", "config.json pads with an id that is one past the last row",
        {}, "path: models/base", r"\bpad", files={"models/base/config.json": {"pad_token_id": 300}}, family="vocabulary",
    ),
]  # fmt: skip
IDS = [
    slip(
        QWEN, "cf-033; princeton-nlp/LLM-Shearing#65", "sixteen bits an id with a vocabulary of 151,000",
        {"dtype: uint32": "dtype: uint16"}, "dtype: uint16",
        r"65,?53[56]|uint32|151,?\d|too (large|many|big)|do(es)? not fit|larger than", family="ids",
    ),
    slip(
        STORIES, "cf-034; karpathy/nanoGPT#422", "token files of GPT-2's tokenizer beside a tokenizer of a thousand pieces",
        {
            "  - type: tokenize_bin\n": (
                "  - type: check_vocab_consistency\n    bins: {path: bins/train.bin}\n  - type: tokenize_bin\n"
            )
        },
        "bins: {path: bins/train.bin}", r"\bids?\b|rows?\b|1,?000|50,?\d\d\d|outside|beyond|larger",
        files={"bins/train.bin": bins("uint16", 50257)}, mended={"bins/train.bin": bins("uint16", 1000)}, repair={}, family="ids",
    ),
    slip(
        STORIES, "cf-035; allenai/dolma#152", "token files of 32 bits are read as if they had 16",
        {
            "  - type: tokenize_bin\n": (
                "  - type: check_vocab_consistency\n    bins: {path: bins/train.bin, dtype: uint16}\n  - type: tokenize_bin\n"
            )
        },
        "dtype: uint16", r"uint32|32 bits|every (second|other)|zeros?\b|halves|dtype",
        files={"bins/train.bin": bins("uint32", 1000)}, mended={"bins/train.bin": bins("uint32", 1000)},
        repair={"dtype: uint16": "dtype: uint32"}, family="ids",
    ),
]  # fmt: skip
PIECES = [
    slip(
        TALES, "cf-040; google/sentencepiece#670", "a special token among the user's symbols",
        {'user_symbols: ["<tr>", "<en>"]': 'user_symbols: ["<pad>", "<unk>", "<tr>", "<en>"]'}, "user_symbols:",
        r"special|<pad>|<unk>|already", family="tokenizer",
    ),
    slip(
        STORIES, "cf-041; google/sentencepiece#885", "256 pieces, which the bytes of the fallback fill alone",
        {"vocab_size: 1000": "model: bpe\n    vocab_size: 256"}, "vocab_size: 256",
        r"bytes|alphabet|characters|too (few|small)|at least|room",
        family="tokenizer",
    ),
    slip(
        STORIES, "cf-043; ggml-org/llama.cpp#2023", "SentencePiece's usual normalization, for a model that llama.cpp will serve",
        {"vocab_size: 1000": "vocab_size: 1000\n    normalization: nmt_nfkc"}, "normalization: nmt_nfkc",
        r"normali[sz]|identity|llama\.cpp|as it is", family="tokenizer",
    ),
    slip(
        STORIES, "cf-045; google/sentencepiece#717", "a number of sentences where the sample is counted in bytes",
        {"vocab_size: 1000": "vocab_size: 1500\n    sample_bytes: 2000"}, "sample_bytes: 2000 | vocab_size: 1500",
        r"sample|too (small|little|few|large|many)|pieces", repair={"sample_bytes: 2000": "sample_bytes: 2000000"}, family="tokenizer",
    ),
    slip(
        RADIO, "cf-046; google/sentencepiece#175", "a coverage of 95 % leaves Turkish letters unknown, without bytes to fall back to",
        {"normalization: identity": "character_coverage: 0.95"}, "character_coverage: 0.95 | type: check_vocab_consistency",
        r"unknown|letters|characters|coverage|comes? back|byte", family="tokenizer",
    ),
]  # fmt: skip
FIRST = [*SYNTAX, *KEYS, *VOCABULARY, *IDS, *PIECES]
