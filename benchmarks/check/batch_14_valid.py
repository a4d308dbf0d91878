# ruff: noqa: E501 - a case is one line
"""Recipes that look like mistakes of the fourteenth batch and are none. See batch_14."""

import struct

from batch_9_cases import DESK, NOVELS, TALES, TEXTS, valid
from batch_10_training import DOMAIN, GPT, THIRD, again
from batch_11_cases import ARCHIVE, CLINIC, RADIO, SEVEN, SHEET
from batch_11_cases import TEXTS as LETTERS
from batch_11_tools import EXPORT, TARGETS
from batch_14_tools import BASE, IDS, SHORT, SOUND
from batch_14_training import FURTHER, QUANT, STEADY
from cases import Case

TRAIN = "  - type: train_tokenizer\n"
WIDE = "      head_dim: 32\n"


def set_to(base: object, title: str, **variables: str) -> Case:
    """A sound recipe under these variables of the environment."""
    return Case("valid", title, base.text, files=base.files, environment=variables)  # type: ignore[attr-defined]


# fmt: off
VALID = [
    valid(RADIO, "pieces learned from two languages", {"  - type: parse_corpus\n": "  - type: parse_corpus\n    id: tr\n", TRAIN: "  - type: parse_corpus\n    id: en\n    sources: [{path: data/stories.jsonl, lang: en}]\n" + TRAIN + "    corpus: [tr, en]\n", "    overlap_tokens: 16\n": "    overlap_tokens: 16\n    corpus: tr\n"}),
    valid(NOVELS, "at most a few more pieces than bytes", {"vocab_size: 1024": "vocab_size: {at_most: 300}"}),
    valid(NOVELS, "twice as many epochs at one rate", {"    warmup_steps: 10\n": STEADY, THIRD: again(FURTHER) + THIRD}),
    valid(NOVELS, "new weights at a tenth of the rate, from the first ones", {THIRD: again("    init_from: {step: gpt}\n    num_train_epochs: 1\n").replace("6e-4", "6e-5") + THIRD}),
    valid(DESK, "eager attention in short rows", {"    warmup_ratio: 0.1\n": "    warmup_ratio: 0.1\n    attn_implementation: eager\n"}),
    valid(ARCHIVE, "flash attention for documents apart", {"    scheduler: wsd\n": "    scheduler: wsd\n    attn_implementation: flash_attention_2\n    packing: documents\n    precision: bf16\n"}),
    valid(SEVEN, "a high rank by its root", {"lora: {r: 16, lora_alpha: 32}": "lora: {r: 64, lora_alpha: 16, use_rslora: true}"}),
    valid(CLINIC, "directions apart in the last block", {TARGETS: TARGETS + "      use_dora: true\n      layers: 1\n"}),
    valid(CLINIC, "a head of its own, trained whole", {TARGETS: TARGETS + "      modules_to_save: [lm_head]\n"}),
    valid(DESK, "eight bits on a card that has them", {QUANT: "    method: qlora\n    quant: {bits: 8}\n"}),
    valid(DESK, "four bits of floats, with scales made small", {QUANT: "    method: qlora\n    quant: {bits: 4, type: fp4, double: true}\n"}),
    valid(RADIO, "wider heads and a wider state", {WIDE: "      head_dim: 16\n      d_state: 64\n"}),
    valid(RADIO, "a narrow Mamba of the first kind", {"family: mamba2": "family: mamba", WIDE: "      d_conv: 2\n      d_state: 8\n"}),
    valid(RADIO, "ids made elsewhere", {SOUND: SOUND + "    bins: {path: old}\n"}, {"old/train.bin": SHORT, "old/val.bin": SHORT[:900]}),
    valid(RADIO, "ids of four bytes made elsewhere", {SOUND: SOUND + "    bins: {path: old/train.bin, dtype: uint32}\n"}, {"old/train.bin": struct.pack("<4000I", *IDS)}),
    valid(ARCHIVE, "a store beside the project", {"seed: 3\n": "seed: 3\nstore: kept/store\n"}),
    valid(ARCHIVE, "a notebook's hidden copies", {"      - path: letters/*.txt\n": "      - path: letters\n"}, {"letters/.ipynb_checkpoints/one-checkpoint.txt": LETTERS["letters/one.txt"][:900]}),
    valid(CLINIC, "brackets that are escaped", {"path: data/desk.csv": "path: \"data/desk [[]2024]/desk.csv\""}, {"data/desk [2024]/desk.csv": SHEET}),
    set_to(CLINIC, "two options of the allocator", PYTORCH_CUDA_ALLOC_CONF="expandable_segments:True,garbage_collection_threshold:0.8"),
    set_to(SEVEN, "a mirror behind a proxy", HF_ENDPOINT="https://hf-mirror.com", HTTPS_PROXY="http://127.0.0.1:7890", NO_PROXY="localhost"),
    valid(TALES, "a plan of many candidates with little margin", {"  - type: plan\n": "  - type: plan\n    max_candidates: 9\n    memory_margin: 0.92\n    skip_dry_run: true\n"}),
    valid(NOVELS, "a band at a step that is validated", {"    save_steps: 20\n": "    save_steps: 20\n    expect: {40: {val_loss: [1.0, 6.9], train_loss: [1.0, 7.2]}}\n"}),
    valid(CLINIC, "quotation marks and line breaks in a system message", {"    system: You answer for a clinic's desk.\n": "    system: |\n      You say \"yes\" or \"no\" first.\n      Then the hour, as in 'seven o''clock'.\n"}),
    valid(CLINIC, "an answer as long as it likes", {EXPORT: "    parameters: {repeat_penalty: 1.1, repeat_last_n: -1, num_predict: -1, top_k: 0, seed: 7}\n"}),
    valid(CLINIC, "positions stretched evenly", {}, {f"{BASE}/config.json": {"rope_scaling": {"rope_type": "linear", "factor": 2.0}}}),
    valid(DOMAIN, "two cards that share the rows", {"count: 1": "count: 2"}),
    valid(NOVELS, "compiled for a card by its long name", {"target: rtx3080": "target: NVIDIA GeForce RTX 3090", GPT: f"{GPT}\n    compile: true\n    precision: bf16"}),
    valid(NOVELS, "one book of two, by a brace", {"corpus/*.txt": "\"corpus/{one,two}.txt\""}, TEXTS),
]
# fmt: on
