# ruff: noqa: E501 - a case is one line
"""Recipes that look like mistakes and are none. See batch_11."""

import gzip
import json

from batch_9_cases import TURKISH, valid
from batch_11_cases import ARCHIVE, CLINIC, LOCKED, RADIO, REPLIES, SEVEN, SHEET, pdf_bytes, rows, tensors
from cases import CHATML

NOTES = "      - path: notes/*.md\n        lang: en\n"
DESK = "      - path: data/desk.csv\n        columns: {prompt: question, completion: reply}\n"

# fmt: off
VALID = [
    valid(ARCHIVE, "letters and notes", {}),
    valid(RADIO, "tales that a radio reads", {}),
    valid(CLINIC, "a clinic's desk", {}),
    valid(SEVEN, "seven billion weights in four bits", {}),
    valid(CLINIC, "a table with a byte order mark", {}, {"data/desk.csv": b"\xef\xbb\xbf" + SHEET.encode()}),
    valid(CLINIC, "a table with Windows' line ends", {}, {"data/desk.csv": SHEET.replace("\n", "\r\n").encode()}),
    valid(CLINIC, "a chat template in a file of its own", {}, {"models/base/tokenizer_config.json": {"chat_template": ...}, "models/base/chat_template.jinja": CHATML}),
    valid(CLINIC, "a tied base, and its embedding trained whole", {"      target_modules: [q_proj, k_proj, v_proj, o_proj]\n": "      modules_to_save: [embed_tokens]\n", "    learning_rate: 2e-4\n": "    learning_rate: 2e-4\n    add_tokens: [\"<|pain|>\"]\n"}, {"models/base/config.json": {"tie_word_embeddings": True}, "models/base/model.safetensors": tensors(head=False)}),
    valid(CLINIC, "conversations squeezed", {DESK: "      - path: data/desk.jsonl.gz\n"}, {"data/desk.jsonl.gz": gzip.compress("".join(json.dumps(row) + "\n" for row in rows()).encode(), mtime=0)}),
    valid(CLINIC, "rows in a list", {DESK: "      - path: data/desk.json\n"}, {"data/desk.json": json.dumps(rows(), indent=1)}),
    valid(CLINIC, "a name with a tag, and two stops", {"    name: clinic\n": "    name: clinic:v2\n", "stop: [\"<|im_end|>\"]": "stop: [\"<|im_end|>\", \"</s>\"]"}),
    valid(CLINIC, "a folder with a blank and an accent", {"data/desk.csv": "data/the désk/desk 1.csv"}, {"data/the désk/desk 1.csv": SHEET}),
    valid(CLINIC, "a reply with a semicolon, in a table of commas", {}, {"data/desk.csv": "question,reply\n" + "".join(f'"{q}","{a[:-1]}; ring twice."\n' for q, a in REPLIES)}),
    valid(ARCHIVE, "a PDF with text", {NOTES: NOTES + "      - path: scans/*.pdf\n"}, {"scans/minutes.pdf": pdf_bytes("The meeting began at seven and ended at nine.")}),
    valid(ARCHIVE, "a PDF under a password, which is given", {NOTES: NOTES + "      - {path: scans/*.pdf, password: \"${env:SCANS}\"}\n"}, {"scans/locked.pdf": LOCKED}),
    valid(ARCHIVE, "settings shared by an anchor", {"        document: blank_line\n        lang: en\n": "        document: blank_line\n        lang: &tongue en\n", NOTES: "      - path: notes/*.md\n        lang: *tongue\n"}),
    valid(ARCHIVE, "a switch that is off by a word of old YAML", {"    learning_rate: 1e-3\n": "    learning_rate: 1e-3\n    max_grad_norm: ~\n    activation_checkpointing: False\n"}),
    valid(RADIO, "symbols of tags, and a soft limit", {"    vocab_size: 700\n": "    vocab_size: {at_most: 900}\n    user_symbols: [\"<b>\", \"</b>\"]\n"}, {"data/tr.jsonl": [{**row, "text": f"<b>{row['text']}</b>"} for row in TURKISH]}),
    valid(RADIO, "both languages allowed", {"columns: {text: \"{title}\\n{text}\"}}\n": "columns: {text: \"{title}\\n{text}\"}}\n    clean:\n      languages: {allow: [tr, en]}\n"}),
    valid(SEVEN, "an eight-bit file of the seven billion", {"    name: seven\n": "    name: seven\n    quantization: q8_0\n    parameters: {num_ctx: 512, top_k: 40, min_p: 0.05}\n"}),
]
# fmt: on
