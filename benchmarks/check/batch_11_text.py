# ruff: noqa: E501 - a case is one line
"""Failures of text: corpora, tokenizers, ids in files; and of Mamba. See batch_11."""

import json
import struct

from batch_9_cases import ENGLISH, bad, line, swap
from batch_11_cases import ARCHIVE, CLINIC, LOCKED, RADIO, REPLIES, SHEET, as_text, pdf_bytes, rows

TR = '      - {path: data/tr.jsonl, lang: tr, columns: {text: "{title}\\n{text}"}}\n'
NOTES = "      - path: notes/*.md\n        lang: en\n"
CLEAN = "    clean:\n      min_words: 5\n      near_duplicates: together\n"
DESK = "      - path: data/desk.csv\n        columns: {prompt: question, completion: reply}\n"
TALK = "      - path: data/desk.jsonl\n"
CODE = (
    "\n\n".join(
        f"def area_{n}(width, height):\n    if width < {n}:\n        return 0\n    total = width * height\n    return total + {n}"
        for n in range(400)
    )
    + "\n"
)
BINS = "  - type: check_vocab_consistency\n    bins: {path: old, dtype: uint16}\n"
SOUND = "  - type: check_vocab_consistency\n"

# fmt: off
CASES = [
    # papers
    swap(ARCHIVE, "corpus", "pymupdf/PyMuPDF#567", "a scan", "minutes.pdf has pictures and no text: OCR it first", NOTES, NOTES + "      - path: scans/*.pdf\n", r"scan|no text|OCR|picture", NOTES, at="scans", files={"scans/minutes.pdf": pdf_bytes("")}),
    swap(ARCHIVE, "corpus", "onyx-dot-app/onyx#369", "a PDF under a password", "locked.pdf wants a password: password: ${env:NAME}", NOTES, NOTES + "      - path: scans/*.pdf\n", r"password|encrypted", NOTES, at="scans", files={"scans/locked.pdf": LOCKED}),
    swap(ARCHIVE, "corpus", "huggingface/dataset-viewer#2461", "a web page with a PDF's name", "report.pdf is HTML, no PDF", NOTES, NOTES + "      - path: scans/*.pdf\n", r"HTML|web page|no PDF", NOTES, at="scans", files={"scans/report.pdf": "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in to download.</body></html>\n"}),
    # tables
    bad(CLINIC, "corpus", "NRCan/geo-deep-learning#423", "semicolons between the cells", "desk.csv parts its cells by ;, so there is no column question", {}, "data/desk.csv | columns", r";|semicolon|delimiter|question", files={"data/desk.csv": "question;reply\n" + "".join(f"{q};{a}\n" for q, a in REPLIES)}),
    bad(CLINIC, "corpus", "fifonik/FFMetrics#66 and specify/specify7#3106", "tabs between the cells of a .csv", "desk.csv parts its cells by tabs", {}, "data/desk.csv | columns", r"\btab|delimiter|question", files={"data/desk.csv": "question\treply\n" + "".join(f"{q}\t{a}\n" for q, a in REPLIES)}),
    bad(CLINIC, "corpus", "HKUDS/Vibe-Trading#862", "a table in UTF-16", "desk.csv is UTF-16: save it as UTF-8", {}, "data/desk.csv", r"UTF-16|UTF-8|encod", files={"data/desk.csv": SHEET.encode("utf-16")}),
    bad(CLINIC, "corpus", "jina-ai/finetuner#655", "commas in cells without quotation marks", "a reply with a comma is cut at it: put it into quotation marks", {}, "data/desk.csv", r"comma|cells|columns|quot", files={"data/desk.csv": "question,reply\n" + "".join(f"{q},{a}\n" for q, a in REPLIES)}),
    # JSON
    bad(CLINIC, "corpus", "projectdiscovery/nuclei#5860", "a comma behind every line", "line 1 ends with a comma", {DESK: TALK}, "data/desk.jsonl", r"sed |s/,", files={"data/desk.jsonl": [json.dumps(row) + "," for row in rows()]}, mended={"data/desk.jsonl": rows()}),
    bad(CLINIC, "corpus", "molsonkiko/JsonToolsNppPlugin#48", "objects over several lines", "one object a line, or .json with a list", {DESK: TALK}, "data/desk.jsonl", r"jq -c '?\.'? ", files={"data/desk.jsonl": as_text(rows())}, mended={"data/desk.jsonl": rows()}),
    bad(CLINIC, "corpus", "EducationalTestingService/rsmtool#271", "NaN where a reply should be", "the reply of every tenth row is NaN", {DESK: "      - path: data/desk.jsonl\n        columns: {prompt: question, completion: reply}\n"}, "data/desk.jsonl", r"NaN|empty|not a text|number", files={"data/desk.jsonl": [json.dumps({"question": q, "reply": float("nan") if n % 10 == 3 else a}) for n, (q, a) in enumerate(REPLIES)]}, mended={"data/desk.jsonl": [{"question": q, "reply": a} for q, a in REPLIES]}),
    bad(CLINIC, "corpus", "huggingface/datasets#6142 and huggingface/dataset-viewer#2625", "a second file with other columns", "more.jsonl has text, no messages", {DESK: "      - path: data/desk/*.jsonl\n"}, "data/desk", r"messages|conversation", files={"data/desk/first.jsonl": rows(), "data/desk/more.jsonl": [{"q": q, "a": a} for q, a in REPLIES]}, mended={"data/desk/first.jsonl": rows(), "data/desk/more.jsonl": rows([(q + " Please.", a) for q, a in REPLIES])}),
    bad(CLINIC, "corpus", "huggingface/dataset-viewer#2461", "a web page with the name of data", "desk.jsonl is a web page", {DESK: TALK}, "data/desk.jsonl", r"HTML|web page|JSON", files={"data/desk.jsonl": "<!doctype html>\n<html lang=\"en\">\n<head><title>Log in</title></head>\n<body>You need to log in.</body>\n</html>\n"}, mended={"data/desk.jsonl": rows()}),
    # filters
    swap(ARCHIVE, "filters", "togethercomputer/RedPajama-Data#118", "only documents of 64,000 characters and more", "no document is so long: all are dropped", CLEAN, "    clean:\n      min_characters: 65536\n", r"dropped|shorter|min_characters|no document", at="min_characters"),
    bad(ARCHIVE, "filters", "danish-foundation-models/site#40 and EleutherAI/dps#4", "Gopher's least number of words, and a line a document", "a line has fewer than 50 words: nearly all are dropped", {"        document: blank_line\n": "        document: line\n", NOTES: "", CLEAN: "    clean:\n      min_words: 150\n      max_words: 100000\n"}, "min_words", r"dropped|shorter|fewer|min_words|no document", repair={"      min_words: 150\n": "      min_words: 3\n"}),
    swap(RADIO, "filters", "Helsinki-NLP/OpusFilter#7", "languages by their names", "tr and en are the codes", TR, TR + "    clean:\n      languages: {allow: [turkish, english]}\n", r"\btr\b|code|ISO", TR + "    clean:\n      languages: {allow: [tr, en]}\n", at="turkish"),
    swap(RADIO, "filters", "no thread", "a filter for another language than the text's", "the text is Turkish, and only English is allowed: all is dropped", TR, TR + "    clean:\n      languages: {allow: [en]}\n", r"dropped|Turkish|\btr\b", TR, at="allow"),
    swap(ARCHIVE, "filters", "no thread", "a share as percents", "a share is 0 to 1: 0.3", CLEAN, "    clean:\n      max_repeated_lines: 30\n", r"0\.3|1\b|share", "    clean:\n      max_repeated_lines: 0.3\n", at="max_repeated_lines"),
    # tokenizers
    swap(RADIO, "tokenizer", "google/sentencepiece#389", "one character of twenty unknown", "0.95 leaves rare letters out, and unigram has no bytes: they become unknown", "    normalization: identity\n", "    character_coverage: 0.95\n", r"unknown|coverage|letters|characters", "    character_coverage: 1.0\n", at="character_coverage"),
    bad(ARCHIVE, "tokenizer", "google/sentencepiece#650 and #684", "code whose indents a normalization would lose", "nmt_nfkc makes a blank of a line break: identity", {"      - path: letters/*.txt\n": "      - path: code/*.txt\n", "    model: byte_bpe\n    vocab_size: 800\n    split_digits: true\n": "    model: bpe\n    vocab_size: 800\n    normalization: nmt_nfkc\n"}, "normalization", r"line break|blank|white|lost|identity", files={"code/areas.txt": CODE}, repair={"nmt_nfkc": "identity"}, mended={"code/areas.txt": CODE}),
    swap(ARCHIVE, "tokenizer", "huggingface/tokenizers#517 and huggingface/course#775", "fewer pieces than bytes", "256 bytes and the special tokens are the least: 800", "    vocab_size: 800\n", "    vocab_size: 200\n", r"256|bytes|at least|least"),
    swap(ARCHIVE, "tokenizer", "huggingface/tokenizers#1169", "symbols that stand twice", "~ing is listed twice", "    split_digits: true\n", "    split_digits: true\n    user_symbols: [\"~ing\", \"~ed\", \"~ing\"]\n", r"twice|again|~ing", "    split_digits: true\n    user_symbols: [\"~ing\", \"~ed\"]\n", at="user_symbols"),
    swap(ARCHIVE, "tokenizer", "huggingface/tokenizers#168 and #821", "BERT's special tokens", "[PAD] and [UNK] are made anyway, as <pad> and <unk>; the others never occur", "    split_digits: true\n", "    split_digits: true\n    user_symbols: [\"[UNK]\", \"[CLS]\", \"[SEP]\", \"[PAD]\", \"[MASK]\"]\n", r"never|occur|<unk>|<pad>|\[PAD\]", "    split_digits: true\n", at="user_symbols"),
    swap(ARCHIVE, "tokenizer", "google/sentencepiece#226 and #297", "SentencePiece's switches by their names", "hard_vocab_limit is {at_most: N}", "    vocab_size: 800\n", "    vocab_size: 800\n    hard_vocab_limit: false\n", r"at_most", "    vocab_size: {at_most: 800}\n", at="hard_vocab_limit"),
    swap(RADIO, "tokenizer", "google/sentencepiece#297", "the algorithm by SentencePiece's key", "model_type is model", "    model: unigram\n", "    model_type: unigram\n", r"\bmodel\b", at="model_type"),
    # ids in files
    bad(RADIO, "dtype", "jongwooko/distillm#14", "-1 as a mark between documents", "65,535 stands in old/train.bin, and the vocabulary ends at 699", {SOUND: BINS}, "bins", r"65,?535|vocabulary|rows|700", repair={BINS: SOUND}, files={"old/train.bin": struct.pack("<4000H", *[65535 if n % 40 == 0 else n % 690 for n in range(4000)])}, mended={}),
    bad(RADIO, "dtype", "abisee/cnn-dailymail#2", "text in a file of ids", "old/train.bin is text, no ids", {SOUND: BINS}, "bins", r"\btext\b", repair={BINS: SOUND}, files={"old/train.bin": ENGLISH[0]["text"] + ENGLISH[1]["text"]}, mended={}),
    swap(ARCHIVE, "dtype", "mosaicml/llm-foundry#321", "ids of eight bytes", "int64 is uint32 at most", "    val_fraction: 0.08\n", "    val_fraction: 0.08\n    dtype: int64\n", r"uint32|uint16", "    val_fraction: 0.08\n    dtype: uint32\n", at="dtype"),
    bad(RADIO, "dtype", "huggingface/datatrove#118", "two bytes for a hundred thousand ids", "100,000 ids do not fit in uint16", {"    vocab_size: 700\n": "    vocab_size: {at_most: 100000}\n", "  - type: tokenize_bin\n": "  - type: tokenize_bin\n    dtype: uint16\n"}, "uint16 | at_most", r"uint16|65,?53", repair={"    dtype: uint16\n": "", "{at_most: 100000}": "700"}),
    # Mamba
    swap(RADIO, "mamba", "state-spaces/mamba#531", "a state for each layer", "d_state is one number", "      head_dim: 32\n", "      head_dim: 32\n      d_state: [64, 32, 16]\n", r"one number|number|integer", "      head_dim: 32\n      d_state: 64\n", at="d_state"),
    bad(RADIO, "mamba", "state-spaces/mamba#128, and causal-conv1d: widths 2 to 4", "a convolution wider than the kernels know", "causal-conv1d knows widths 2 to 4: d_conv 4", {"target: m2-32gb": "target: a10", "      head_dim: 32\n": "      head_dim: 32\n      d_conv: 8\n"}, "d_conv", r"2 to 4|kernel|width|\b4\b", repair={"      d_conv: 8\n": "      d_conv: 4\n"}),
    bad(RADIO, "mamba", "state-spaces/mamba#6 and RoyChao19477/SEMamba#20", "a Mamba in fp16 on a card that has bf16", "the recurrence leaves fp16's range: bf16", {"target: m2-32gb": "target: a100-40", RADIO.text[RADIO.text.index("    learning_rate"):RADIO.text.index("    save_steps")]: "    learning_rate: 1e-3\n    precision: fp16\n"}, "precision", r"bf16|range|overflow", repair={"precision: fp16": "precision: bf16"}),
    line(RADIO, "mamba", "no thread", "a last rate above the first", "the rate would rise to 0.5: a last rate is below the peak", "min_lr: 0.5", r"min_lr|learning_rate|peak|above|larger", ""),
]
# fmt: on
