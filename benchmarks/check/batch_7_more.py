# ruff: noqa: E501 - a case is one line
"""Failures that were found by trying neighbours of batch_7: each is missed, or seen with another cause or a fix that leads nowhere."""

import json
from typing import Any

from batch_7_cases import HUB, STORIES, lm, sft, talk
from batch_7_pretraining import BINS, PATH, RATE, TOKENIZER
from batch_7_tuning import ADAPTER, LORA, METHOD, PLAIN, ROWS

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 134515008\n"
PAGE = "<!DOCTYPE html>\n<html><head><title>404</title></head>\n<body>Not found</body></html>\n"
LAST = "  - type: export_ollama\n    name: small\n"
THANKS = [talk(("user", f"What is {n} and {n}?"), ("assistant", f"It is {2 * n}."), ("user", "Thanks")) for n in range(200)]
LATE = [
    talk(("user", f"Question {n}"), ("assistant", f"Answer {n}")) if n < 900 else {"q": f"Question {n}", "a": f"Answer {n}"}
    for n in range(1000)
]


def known(name: str, method: str = METHOD, lora: str = LORA) -> dict[str, str]:
    """A base of the hub whose sizes are known, on 12 GB, a row at a time."""
    place = f"hub: {name}, {HUB}"
    return {
        "checkpoint: {path: models/base}": f"checkpoint: {{{place}}}",
        "{base: {path: models/base}}": f"{{base: {{{place}}}}}",
        "target: rtx4090": "target: rtx3060",
        METHOD: method,
        LORA: lora,
        "max_seq_length: 512": "max_seq_length: 512\n    batch_size: 1",
    }


def data(title: str, must: str, says: str, name: str, content: Any, mended: Any, change: bool = True) -> Any:
    """A file of chat rows that cannot be read."""
    changes = {"data/chat.jsonl": f"data/{name}"} if change else {}
    repair, whole = ({"data/chat.parquet": "data/chat.jsonl"}, {}) if name.endswith("parquet") else ({}, {f"data/{name}": mended})
    return sft(
        "dataset-format", "", title, must, changes, f"data/{name}", says, repair=repair, files={f"data/{name}": content}, mended=whole
    )


# fmt: off
CASES = [
    # missed
    sft("memory", "hiyouga/LlamaFactory#6285", "embedding and head of 7 B trained whole on 12 GB", "1.1 billion parameters of modules_to_save are trained beside the adapters: 13 GB more than 12", known("Qwen/Qwen2.5-7B-Instruct", "    method: qlora\n", "    lora: {r: 8, lora_alpha: 16, modules_to_save: [embed_tokens, lm_head]}\n"), "target | modules_to_save | base: | batch_size", "GiB|GB|memory", repair={", modules_to_save: [embed_tokens, lm_head]}": "}"}),
    sft("token-dtype", "karpathy/llm.c#701", "sixteen bits for the tokens of a known base", "Qwen2.5 has 151,936 rows, which need uint32", {**known("Qwen/Qwen2.5-1.5B-Instruct"), "target: rtx4090": "target: h100", "  - type: split_long\n    max_tokens: 512\n": "  - type: tokenize_bin\n    dtype: uint16\n", "    objective: sft\n": "", "data/chat.jsonl": "data/notes.jsonl"}, "dtype: uint16", "uint32|151", repair={"dtype: uint16": "dtype: uint32"}, files={"data/notes.jsonl": STORIES}, mended={"data/notes.jsonl": STORIES}),
    sft("mamba", "huggingface/transformers#29631", "mamba_ssm's own checkpoint by its name", "state-spaces/mamba-130m is in the layout of mamba_ssm; -hf is that of transformers", known("state-spaces/mamba-130m"), "state-spaces", "-hf", repair={f"state-spaces/mamba-130m, {HUB}}}\n  - type: split": f"state-spaces/mamba-130m-hf, {HUB}}}\n  - type: split", f"state-spaces/mamba-130m, {HUB}}}}}": f"state-spaces/mamba-130m-hf, {HUB}}}}}"}),
    lm("tokenizer-training", "google/sentencepiece#730", "a sample too small for the vocabulary", "1,000 bytes of text give no 1,000 pieces", {TOKENIZER: TOKENIZER + "    sample_bytes: 1000\n"}, "sample_bytes | vocab_size", "sample_bytes|pieces", repair={"    sample_bytes: 1000\n": ""}),
    lm("tokenizer-training", "google/sentencepiece#101", "a normalization that makes blanks of line breaks, where nothing is exported", "nmt_nfkc turns line breaks into blanks, and ids differ from tokenizer.json", {TOKENIZER: TOKENIZER + "    normalization: nmt_nfkc\n", BINS: "  - type: check_vocab_consistency\n" + BINS, LAST: ""}, "normalization | check_vocab", "line|round trip|identity", repair={"nmt_nfkc": "identity"}),
    lm("tokenizer-training", "google/sentencepiece#208", "a normalization that makes small letters of capitals", "nfkc_cf makes capitals small, and decoding does not give them back", {TOKENIZER: TOKENIZER + "    normalization: nfkc_cf\n", LAST: ""}, "normalization", "capital|case|lower|identity", repair={"nfkc_cf": "identity"}),
    data("a table of nothing but its head", "data/chat.csv has no row", "row|empty", "chat.csv", "instruction,output\n", "instruction,output\n" + "".join(f"Double {n}.,{2 * n}\n" for n in range(200))),
    data("an empty list", "data/chat.json has no row", "row|empty", "chat.json", "[]", json.dumps(PLAIN)),
    data("a parquet file that was cut", "data/chat.parquet is no whole parquet file", "parquet", "chat.parquet", b"PAR1" + bytes(400), PLAIN),
    data("rows of another shape at the end", "lines 901 to 1,000 have other columns", "90|columns|row|line", "chat.jsonl", LATE, LATE[:900], change=False),
    # another cause, or a fix that leads nowhere
    lm("yaml-syntax", "Ansible FAQ: a value that begins with a brace must be quoted", "a name in braces without quotes", '{text} is a map here: write text: "{text}"', {PATH: PATH + "        columns: {text: {text}}\n"}, "{text: {text}}", "quot|\"{text}\"", repair={"text: {text}": 'text: "{text}"'}, files={"data/stories.jsonl": STORIES}, mended={"data/stories.jsonl": STORIES}),
    lm("yaml-syntax", "Ansible FAQ: a value that begins with a brace must be quoted", "a template that braces end, without quotes", "the template must stand in quotes", {PATH: PATH + "        columns: {text: <{title}>{text}}\n"}, "<{title}>", "quot", repair={"<{title}>{text}}": '"<{title}>{text}"}'}, files={"data/stories.jsonl": STORIES}, mended={"data/stories.jsonl": STORIES}),
    lm("yaml-syntax", "helm: {{ }} in values.yaml", "Jinja in a path", "variables are written ${data}", {"target: t4\n": "target: t4\nvars: {data: data}\n", "path: data/stories.jsonl": 'path: "{{ data }}/stories.jsonl"'}, "{{ data }}", r"\$\{", repair={"{{ data }}": "${data}"}),
    lm("dataset-format", "huggingface/datasets: git lfs pointers read as data", "data that are a pointer of git lfs", "data/stories.jsonl is a pointer of Git LFS", {}, "data/stories.jsonl", "lfs|pointer", files={"data/stories.jsonl": POINTER}),
    lm("dataset-format", "an error page saved as data", "a web page that is called .jsonl", "data/stories.jsonl is a web page", {}, "data/stories.jsonl", "page|html", files={"data/stories.jsonl": PAGE}),
    sft("dataset-format", "huggingface/trl: the last turn is the user's", "conversations that end with thanks", "the last turn is the user's and is not learnt; Thanks is no answer", {}, ROWS, "user|question|last turn", files={ROWS: THANKS}),
    lm("paths-env", "case of folder and file, from a Mac to Linux", "capitals in the folder and in the file", "data/stories.jsonl is there", {"data/stories.jsonl": "Data/Stories.jsonl"}, "Data/Stories", r"(?-i:data/stories\.jsonl)"),
    sft("paths-env", "case of a model's folder, from a Mac to Linux", "capitals in a model's folder", "models/base is there", {"{base: {path: models/base}}": "{base: {path: Models/Base}}"}, "Models/Base", "(?-i:models/base)"),
    lm("batch-distributed", "memory of all cards for that of one", "the memory of four cards for that of one", "memory_gb is of one card: 16", {"target: t4": "target: {gpu: t4, count: 4, memory_gb: 64}"}, "memory_gb", "one card|each|per", repair={", memory_gb: 64": ""}),
    lm("precision-hardware", "target: gpu", "a target of any kind", "gpu is no card: name one, or here", {"target: t4": "target: gpu"}, "target", "known are|rtx|write here", repair={"target: gpu": "target: t4"}),
    lm("precision-hardware", "pytorch's name of Apple's GPU", "torch's word for a Mac", "name the Mac, such as m2-16gb", {"target: t4": "target: mps"}, "target", "m1|m2|m3|m4"),
    # tried last
    lm("checkpoint-resume", "hiyouga/LlamaFactory: adapter_name_or_path", "a new network begun from an adapter", "out/checkpoint-600 holds an adapter and no model", {RATE: RATE + "    init_from: {path: out/checkpoint-600}\n"}, "init_from", "adapter", repair={"    init_from: {path: out/checkpoint-600}\n": ""}, files=ADAPTER),
    lm("paths-env", "huggingface/datasets: the page of a data set as a file", "the page of a data set as an address", "the page of a data set is HTML; write hub: roneneldan/TinyStories", {"path: data/stories.jsonl": "url: https://huggingface.co/datasets/roneneldan/TinyStories"}, "url:", "hub:", repair={"url: https://huggingface.co/datasets/roneneldan/TinyStories": "hub: roneneldan/TinyStories"}),
    lm("paths-env", "huggingface_hub: blob instead of resolve", "the page of a file as an address", "blob is a page about the file; resolve is the file", {"path: data/stories.jsonl": "url: https://huggingface.co/datasets/x/y/blob/main/stories.jsonl"}, "url:", "resolve", repair={"/blob/": "/resolve/"}),
    lm("dataset-format", "langchain: TextLoader on JSON lines", "JSON lines read as a text", "data/stories.jsonl is JSON lines and format: txt reads it as one text", {PATH: PATH + "        format: txt\n"}, "format: txt | stories.jsonl", "format|jsonl rows", repair={"        format: txt\n": ""}),
    lm("dataset-format", "huggingface/datasets: load_dataset('csv') on JSON lines", "JSON lines read as a table", "data/stories.jsonl is JSON lines and format: csv reads it as a table", {PATH: PATH + "        format: csv\n"}, "format: csv | stories.jsonl", "format", repair={"        format: csv\n": ""}),
    lm("schema-keys", "transformers: report_to: none", "transformers' word for no tracker", "no tracker is named: delete the line", {RATE: RATE + "    tracking: none\n"}, "tracking", "delete|null", repair={"    tracking: none\n": ""}),
    lm("paths-env", "mlflow: a tracking uri without its scheme", "a server without http://", "localhost:5000 has no scheme: http://localhost:5000", {RATE: RATE + "    tracking: {mlflow: {uri: localhost:5000}}\n"}, "mlflow", "http://", repair={"uri: localhost:5000": "uri: http://localhost:5000"}),
]
