# ruff: noqa: E501 - a case is one line
"""Recipes that look like mistakes of the thirteenth batch and are none. See batch_13."""

import json

from batch_9_cases import NOVELS, TALES, valid
from batch_11_cases import ARCHIVE, CLINIC, RADIO, REPLIES, SEVEN
from batch_13_cases import ATLAS, LESSONS, TUTOR, answers, with_added
from cases import CHATML

CONFIG = "models/base/tokenizer_config.json"
TUNE = "    learning_rate: 2e-4\n"
PAIN = "question,reply\n" + "".join(f'"{q}","<|pain|> {a}"\n' for q, a in REPLIES)
HEAD = '"question","reply"\n' + "".join(f'"{q}","{a}"\n' for q, a in REPLIES)
CODE = [
    *LESSONS,
    {"messages": [{"role": "user", "content": "How do I print two lines?"}, {"role": "assistant", "content": 'With print("a\\nb").'}]},
]
SPEAKS = [
    *LESSONS,
    {"messages": [{"role": "user", "content": "Who speaks?"}, {"role": "assistant", "content": "Assistant: that is what I am called."}]},
]
PORTUGUESE = [
    {"title": f"NÃO {n}", "text": f"A irmã disse que não, e o capitão também não queria o pão da manhã número {n}."} for n in range(400)
]
ONCE = "{{ bos_token }}" + CHATML
JSON = json.dumps(
    {
        "recipe": "flow",
        "target": "t4",
        "steps": [
            {"type": "parse_corpus", "sources": [{"path": "data/stories.jsonl"}]},
            {"type": "train_tokenizer", "vocab_size": 900},
            {"type": "tokenize_bin"},
            {
                "type": "train",
                "model": {"family": "llama", "d_model": 192, "n_layers": 3, "n_heads": 3},
                "max_steps": 120,
                "total_batch_size": 8,
                "max_seq_length": 256,
                "learning_rate": 0.001,
            },
        ],
    },
    indent=2,
)

# fmt: off
VALID = [
    valid(ATLAS, "tales in two languages", {}),
    valid(TUTOR, "a tutor's conversations", {}),
    valid(ATLAS, "eight rows for two cards", {"count: 1}": "count: 2}"}),
    valid(ATLAS, "a spike of four medians", {"    on_spike: skip\n": "    on_spike: skip\n    spike_factor: 4\n"}),
    valid(ATLAS, "Muon at AdamW's rate", {"    learning_rate: 1e-3\n": "    learning_rate: 2e-3\n    optimizer: muon\n"}),
    valid(ATLAS, "no weights, all of both languages", {"        weight: 2\n": "", "        weight: 1\n": ""}),
    valid(ATLAS, "a band at the last validation", {"expect: {100: {val_loss": "expect: {180: {val_loss"}),
    valid(ATLAS, "a rate that rises for a fifth and stands", {"warmup_ratio: 0.05": "warmup_ratio: 0.2\n    scheduler: constant"}),
    valid(NOVELS, "the best weights, proved and exported", {"  - type: validate_checkpoint\n": "  - type: validate_checkpoint\n    weights: best\n    tolerance: 0.001\n", "    name: novels\n": "    name: novels\n    weights: best\n"}),
    valid(NOVELS, "an old card of the 16 series in fp32", {"target: rtx3080": "target: {gpu: gtx1650, memory_gb: 6}", "    learning_rate: 6e-4\n": "    learning_rate: 6e-4\n    precision: fp32\n"}),
    valid(TALES, "a plan that uses nine tenths, by the model alone", {"  - type: plan\n": "  - type: plan\n    for: base\n    memory_margin: 0.9\n    skip_dry_run: true\n"}),
    valid(TALES, "pieces that repeat a quarter", {"    max_tokens: 256\n": "    max_tokens: 256\n    overlap_tokens: 64\n"}),
    valid(ARCHIVE, "one process, many pieces", {"    val_fraction: 0.08\n": "    val_fraction: 0.08\n    workers: 1\n"}),
    valid(ARCHIVE, "remarks that look like other things", {"    learning_rate: 1e-3\n": "    # <<<<<<< the rate of the last run, see https://example.org\n    learning_rate: 1e-3 # // of AdamW\n", "about: letters and notes of a town's archive\n": "about: \"letters // notes, +more ```here```\"\n"}),
    valid(CLINIC, "one more token with a row of its own", {}, with_added(300, "<|pain|>", 301)),
    valid(CLINIC, "a new mark that every answer has", {TUNE: TUNE + "    add_tokens: [\"<|pain|>\"]\n", "      target_modules: [q_proj, k_proj, v_proj, o_proj]\n": "      modules_to_save: [embed_tokens, lm_head]\n"}, {"data/desk.csv": PAIN}),
    valid(CLINIC, "a tokenizer without a limit", {}, {CONFIG: {"model_max_length": 1000000000000000019884624838656}}),
    valid(CLINIC, "a beginning before the first turn", {}, {CONFIG: {"chat_template": ONCE, "add_bos_token": False}}),
    valid(CLINIC, "a head in quotation marks, and a stop at the end of the only line", {"stop: [\"<|im_end|>\"]": "stop: [\"<|im_end|>\", \"\\n\"]"}, {"data/desk.csv": HEAD}),
    valid(TUTOR, "code with a line break in one answer", {}, {"lessons/all.jsonl": CODE}),
    valid(TUTOR, "one answer that names the speaker", {}, {"lessons/all.jsonl": SPEAKS}),
    valid(TUTOR, "a system message with quotation marks, and a name with an owner and a tag", {"system: You are a patient tutor.": "system: 'You are a \"patient\" tutor.'", "    name: tutor\n": "    name: school/tutor:0.1\n", "num_ctx: 512}": "num_ctx: 512, repeat_penalty: 1.0, num_predict: 256, stop: [\"\\n\\n\", \"<|im_end|>\"]}"}),
    valid(TUTOR, "answers in upper case with letters like those of a wrong table", {}, answers(lambda text: text.replace("That makes", "NÃO É"))),
    valid(RADIO, "Portuguese, whose letters look like a wrong table", {"lang: tr": "lang: pt", "data/tr.jsonl": "data/pt.jsonl"}, {"data/pt.jsonl": PORTUGUESE}),
    valid(SEVEN, "a commit of digits alone, in quotation marks", {"revision: 1b9d5f0c2a7e4b6d8c3f5e7a9b1d3c5e7f9a1b3d": "revision: \"1234567890123456789012345678901234567890\""}),
    valid(ATLAS._replace(text=JSON, files={}), "a recipe that is JSON", {}),
]
# fmt: on
