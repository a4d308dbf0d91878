# ruff: noqa: E501 - a case is one line
"""Failures of data, Ollama, YAML and keys. See batch_13."""

import json

from batch_9_cases import NOVELS, TURKISH, bad, line, swap
from batch_11_cases import ARCHIVE, CLINIC, RADIO, REPLIES, SEVEN, TEXTS
from batch_13_cases import ATLAS, LESSONS, TUTOR, answers

RATE = "    learning_rate: 1e-3\n"
PROMPTS = '    prompts: ["Dear Anna,"]\n'
SHEET = "      - path: data/desk.csv\n        columns: {prompt: question, completion: reply}\n"
REVISION = "revision: 1b9d5f0c2a7e4b6d8c3f5e7a9b1d3c5e7f9a1b3d"
OLD = [
    {"messages": [{"role": "user", "content": f"What is {n} times 3?"}, {"role": "assistant", "content": f"I do not know {n}."}]}
    for n in range(3, 100)
]
DOUBLE = (
    b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \x00\x02\x00\x00\x00\x09\x00\x00\x002\x00\x00\x00\xb0\x00\x00\x00\x02"
    + bytes(80)
    + b"com.apple.quarantine\x00q/0081;5a5bf4e8;Safari;\xb0"
)
GARBLED = [
    {key: value.encode("utf-8").decode("latin-1") if isinstance(value, str) else value for key, value in row.items()} for row in TURKISH
]
HEADED = "question, reply\n" + "".join(f'"{q}","{a}"\n' for q, a in REPLIES)
NESTED = json.dumps({"version": "1.0", "data": [{"question": q, "reply": a} for q, a in REPLIES]}, indent=1)
QUOTED = TEXTS["letters/one.txt"].replace("the", "\u201cthe\u201d").encode("cp1252", "replace")
PARAMETERS = "num_ctx: 512}"

# fmt: off
CASES = [
    # datasets and columns
    bad(TUTOR, "data", "activeviam/atoti-notebooks#166", "a notebook's copy among the data", "lessons/.ipynb_checkpoints holds an older copy", {"lessons/all.jsonl": "lessons"}, "path: lessons", r"ipynb_checkpoints|copy", files={"lessons/.ipynb_checkpoints/all-checkpoint.jsonl": OLD}),
    bad(TUTOR, "data", "awslabs/gluonts#2846 and sekilab/RoadDamageDetector#8", "a Mac's notes beside the data", "._all.jsonl is the Mac's own: delete it", {"lessons/all.jsonl": "lessons"}, "path: lessons", r"\._all|Mac|hidden|read", files={"lessons/._all.jsonl": DOUBLE}),
    bad(TUTOR, "data", "EricFillion/happy-transformer#283", "line breaks written out", "the answers hold a backslash and an n in the place of a line break", {}, "lessons/all.jsonl", r"backslash|line break|\\\\n", files=answers(lambda text: text.replace("\n", "\\n"))),
    bad(CLINIC, "data", "pandas-dev/pandas#9067 and mir-group/nequip#198", "a head with a blank before its name", "the column is called ' reply'", {}, "columns | data/desk.csv", r"reply|blank|space", files={"data/desk.csv": HEADED}),
    swap(CLINIC, "data", "kieferk/dfply#101", "columns the other way round", "it is role to column: {prompt: question, completion: reply}", "columns: {prompt: question, completion: reply}", "columns: {question: prompt, reply: completion}", r"prompt: question|other way|turn|role"),
    bad(CLINIC, "data", "huggingface/datasets#372", "rows under a key of the file", "the rows stand under data: a list of them, or JSON lines", {SHEET: "      - path: data/desk.json\n        columns: {prompt: question, completion: reply}\n"}, "data/desk.json", r"\bdata\b|list|rows", files={"data/desk.json": NESTED}),
    bad(RADIO, "data", "gbif/portal-feedback#3795 and aparrish/gutenberg-dammit#7", "letters that were read by the wrong table", "UTF-8 was read as Latin-1: ü is written Ã¼", {}, "data/tr.jsonl", r"UTF-8|Latin|garbled|encod", files={"data/tr.jsonl": GARBLED}),
    bad(ARCHIVE, "data", "ml5js/training-charRNN#5", "letters in Windows' encoding", "one.txt is cp1252", {}, "letters/*.txt", r"cp1252|encod|UTF-8", files={"letters/one.txt": QUOTED}),
    swap(RADIO, "data", "no thread", "braces twice, as in Jinja", "{title}, with one brace", "columns: {text: \"{title}\\n{text}\"}", "columns: {text: \"{{title}}\\n{{text}}\"}", r"brace|\{title\}"),
    swap(ATLAS, "data", "no thread", "one weight for two sources", "both have a weight, or none", "        lang: tr\n        weight: 1\n", "        lang: tr\n", r"weight", at="weight: 2 | data/tr.jsonl"),
    # GGUF and Ollama
    swap(TUTOR, "ollama", "ollama/ollama#5715", "three quotation marks in the system message", "\"\"\" ends SYSTEM in a Modelfile", "system: You are a patient tutor.", "system: 'You are a tutor. Answer as in \"\"\"That makes 4.\"\"\" and no longer.'", r"\"\"\"|quot", at="system"),
    swap(TUTOR, "ollama", "langchain-ai's and Ollama's docs: repeat_penalty 1.0 is off; no thread", "no penalty, by a zero", "1.0 is none; 0 divides by nothing", PARAMETERS, "num_ctx: 512, repeat_penalty: 0}", r"1\.0|\b1\b", at="repeat_penalty"),
    swap(TUTOR, "ollama", "LostRuins/koboldcpp#182", "a stop at the end of a line", "answers have two lines, and would end after the first", PARAMETERS, "num_ctx: 512, stop: [\"\\n\", \"<|im_end|>\"]}", r"line|answer", at="stop"),
    swap(TUTOR, "ollama", "langchain-ai/langchain#12892: stops of agents", "a stop that every answer has", "every answer holds 'That makes', and would end before it", PARAMETERS, "num_ctx: 512, stop: [\"That makes\", \"<|im_end|>\"]}", r"That makes|answer", at="stop"),
    swap(TUTOR, "ollama", "no thread", "the name of a model that Ollama has", "ollama create llama3.1 takes the place of the one that was pulled", "    name: tutor\n", "    name: llama3.1\n", r"llama3\.1|place|overwrite|replace|own name"),
    swap(TUTOR, "ollama", "no thread", "a name with letters of its language", "letters of ASCII alone: ogretmen", "    name: tutor\n", "    name: öğretmen\n", r"letters|ASCII|ogretmen|a-z"),
    swap(TUTOR, "ollama", "ollama's docs: num_gpu, num_thread", "settings of a machine in the model", "num_gpu belongs to the server's request", PARAMETERS, "num_ctx: 512, num_gpu: 99, num_thread: 8}", r"num_gpu|num_thread|server|machine|request", at="num_gpu"),
    swap(TUTOR, "ollama", "no thread", "top_p and top_k in each other's place", "top_p: 0.9, top_k: 40", "top_p: 0.9,", "top_p: 40, top_k: 0.9,", r"top_k|top_p", at="top_p"),
    bad(TUTOR, "ollama", "no thread", "the export before the training", "nothing is trained yet where it is exported", {"  - type: train\n    id: tune\n": "  - type: export_ollama\n    id: early\n    name: early\n  - type: train\n    id: tune\n"}, "export_ollama", r"train|checkpoint|before|later|earlier"),
    # YAML
    swap(ARCHIVE, "yaml", "CocoaPods/Core#99 and gonzalezpazmonica/pm-workspace#939", "git's marks of a conflict", "choose one side and delete the marks", RATE, "<<<<<<< HEAD\n    learning_rate: 1e-3\n=======\n    learning_rate: 5e-4\n>>>>>>> tune\n", r"conflict|merge|git", at="<<<<<<< | ======= | >>>>>>>"),
    swap(ARCHIVE, "yaml", "no thread", "a fence of Markdown", "delete the line of three backquotes", "recipe: archive\n", "```yaml\nrecipe: archive\n", r"Markdown|fence|backquote|backtick|```"),
    swap(ARCHIVE, "yaml", "Azure/Azure-Sentinel#580 and Azure/AKS#4235", "a blank of no width in a key", "U+200B stands behind learning_rate", RATE, "    learning_rate\u200b: 1e-3\n", r"U\+200B|invisible|zero|width"),
    swap(ARCHIVE, "yaml", "no thread", "a Cyrillic letter in a key", "the second letter is Cyrillic", RATE, "    l\u0435arning_rate: 1e-3\n", r"Cyrillic|learning_rate"),
    swap(ARCHIVE, "yaml", "bililive-go/bililive-go#22 and jez/hpstr-theme#11", "a list behind its key", "the dash belongs on the next line", PROMPTS, "    prompts: - Dear Anna,\n", r"next line|line of its own|dash|list"),
    swap(SEVEN, "yaml", "elastic/kibana#161934 and home-assistant/supervisor#3314", "a commit that reads as a number", "9509425349e4 is a number to YAML: in quotes, and whole", REVISION, "revision: 9509425349e4", r"quot|number|commit", at="base: {hub"),
    swap(ARCHIVE, "yaml", "no thread", "a remark behind two strokes", "a remark begins with #", RATE, "    // the rate of the last run\n" + RATE, r"#|comment|remark"),
    swap(CLINIC, "yaml", "no thread", "settings as a list of one each", "lora is a map: no dashes", "      r: 8\n      lora_alpha: 16\n      lora_dropout: 0.05\n      target_modules: [q_proj, k_proj, v_proj, o_proj]\n", "      - r: 8\n      - lora_alpha: 16\n", r"dash|map|list", at="lora: | - r: 8"),
    swap(ARCHIVE, "yaml", "nodeca/js-yaml#315", "quotation marks inside quotation marks", "single ones outside, or \\\" inside", PROMPTS, "    prompts: [\"She said \"Dear Anna\" and left\"]\n", r"quot"),
    swap(ARCHIVE, "yaml", "no thread", "a line of a diff", "the plus at the line's beginning comes from a diff", RATE, "+    learning_rate: 5e-4\n", r"\+|plus|diff"),
    # keys
    swap(NOVELS, "keys", "facebookresearch/fairseq, docs: --update-freq", "the accumulation by fairseq's name", "gradient_accumulation_steps", "    gradient_accumulation_steps: 2\n", "    update_freq: [2]\n", r"gradient_accumulation_steps"),
    swap(NOVELS, "keys", "microsoft/DeepSpeed's JSON: train_micro_batch_size_per_gpu", "the batch by DeepSpeed's name", "batch_size", "    batch_size: 4\n", "    train_micro_batch_size_per_gpu: 4\n", r"\bbatch_size"),
    swap(CLINIC, "keys", "OpenAI's fine-tuning API: n_epochs, learning_rate_multiplier", "passes and rate by OpenAI's names", "num_train_epochs, learning_rate", "    num_train_epochs: 3\n", "    n_epochs: 3\n    learning_rate_multiplier: 0.1\n", r"num_train_epochs|learning_rate", at="n_epochs | learning_rate_multiplier"),
    swap(ARCHIVE, "keys", "huggingface/tokenizers, docs: min_frequency", "the least count of a pair by tokenizers' name", "there is none: vocab_size decides", "    split_digits: true\n", "    split_digits: true\n    min_frequency: 2\n", r"vocab_size|delete|counterpart", at="min_frequency"),
    swap(TUTOR, "keys", "Ollama's Modelfile: LICENSE", "a licence in the export", "the Modelfile gets none: delete it", "    name: tutor\n", "    name: tutor\n    license: apache-2.0\n", r"licen[cs]e|Modelfile|delete", at="license"),
    line(ARCHIVE, "keys", "Keras: validation_split of Model.fit", "the held-out share by Keras' name", "val_fraction of tokenize_bin", "validation_split: 0.1", r"val_fraction"),
]
# fmt: on
__all__ = ["CASES", "LESSONS"]
