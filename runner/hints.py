"""What was probably meant by a value that is of the wrong kind, out of its range or none of the known words. Loaded when there is one."""

import re
from typing import Any, NamedTuple
from unicodedata import normalize

from runner import glued, shapes, swapped
from runner.conversions import ATTENTIONS, local
from runner.nearwords import MORE, SAID
from runner.numerals import NOTHING, UPPER, Hint, of_number, of_share
from schemas.findings import Edit, RecipePath

Names = tuple[str | int, ...]
INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\xad]")
USUAL = {  # of numbers that follow from others when they are left out, or that have no default
    "character_coverage": 0.9995, "learning_rate": "2e-4 for adapters, 1e-3 for a new model", "max_tokens": 512, "d_model": 256,
    "n_layers": 4, "patience": 3, "train_steps": 100,
}  # fmt: skip
K_QUANTS = "k-quants are made by llama.cpp from the f16 file: llama-quantize FILE.gguf {}"
# What other tools' words come nearest to here; said, never done by itself: it is not the same.
NEAR: dict[str, dict[str, str]] = {
    "scheduler": {
        "polynomial": "linear", "cosine_with_restarts": "cosine", "cosine_annealing": "cosine", "inverse_sqrt": "linear", "step": "wsd",
        "reduce_lr_on_plateau": "cosine", "one_cycle": "cosine", "onecycle": "cosine", "linear_with_warmup": "linear", "rex": "linear",
        "cosine_with_warmup": "cosine", "exponential": "cosine", "trapezoidal": "wsd", "none": "constant",
    },
    "optimizer": {
        "sgd": "adamw", "adafactor": "adamw", "lion": "adamw", "lion_8bit": "adamw", "sophia": "adamw", "galore_adamw": "adamw",
        "paged_adamw_8bit": "adamw_8bit", "adamw_bnb_8bit": "adamw_8bit", "paged_adamw_32bit": "adamw", "adamw_apex_fused": "adamw",
        "adam8bit": "adamw_8bit", "adamw8bit": "adamw_8bit",
    },
    "precision": {"fp8": "auto", "int8": "auto", "tf32": "fp32", "true": "auto", "16-true": "bf16", "bf16-true": "bf16",
                  "bf16-mixed": "bf16", "16-mixed": "fp16", "32-true": "fp32", "mixed": "auto", "no": "fp32", "double": "fp32",
                  "fp16_mixed": "fp16", "pure_bf16": "bf16", "amp_bf16": "bf16", "amp_fp16": "fp16",
                  "bf16_mixed": "bf16", "amp": "auto", "false": "fp32"},
    "model": {"wordpiece": "bpe", "char": "unigram", "word": "unigram", "sentencepiece": "unigram", "spm": "unigram", "bbpe": "byte_bpe",
              "tiktoken": "byte_bpe", "gpt2": "byte_bpe", "bytelevel": "byte_bpe"},
    "quantization": {"int8": "q8_0", "8bit": "q8_0", "q8": "q8_0", "int4": "q4_0", "4bit": "q4_0", "q4": "q4_0", "q5": "q5_0",
                     "fp8": "q8_0", "nf4": "q4_0", "none": "f16", "8": "q8_0", "5": "q5_0", "4": "q4_0", "4.0": "q4_0", "8.0": "q8_0",
                     "16": "f16", "32": "f32", "float16": "f16", "half": "f16", "float32": "f32", "false": "f16", "gguf": "f16",
                     "auto": "f16", "q3": "q4_0", "q2": "q4_0", "q6": "q5_1", "int5": "q5_0", "awq": "q4_0", "gptq": "q4_0",
                     "mxfp4": "q4_0", "fast_quantized": "q8_0", "not_quantized": "f16", "quantized": "q4_0"},  # the last three: Unsloth's
    "family": {"qwen": "llama", "qwen2": "llama", "qwen3": "llama", "mistral": "llama", "gemma": "llama", "phi": "llama", "phi3": "llama",
               "transformer": "llama", "gpt": "gpt2", "gpt_neox": "gpt2", "gptneox": "gpt2", "nanogpt": "gpt2", "opt": "gpt2",
               "mamba3": "mamba2", "hebbian": "mamba_hebbian", "fast_weights": "mamba_hebbian",
               "ssm": "mamba", "rwkv": "mamba2", "gated_deltanet": "mamba2", "jamba": "mamba2"},
    "method": {"adalora": "lora", "dora": "lora", "ia3": "lora", "prefix": "lora", "prompt": "lora", "freeze": "lora", "peft": "lora",
               "none": "full", "sft": "full", "loha": "lora", "vera": "lora", "oft": "lora"},
    "objective": {"clm": "lm", "pretrain": "lm", "pt": "lm", "pretraining": "lm", "causal_lm": "lm", "instruct": "sft", "chat": "sft",
                  "instruction": "sft", "finetune": "sft", "dpo": "sft", "grpo": "sft", "ppo": "sft", "orpo": "sft", "kto": "sft"},
    "format": {"json": "jsonl", "text": "txt", "tsv": "csv", "word": "docx", "markdown": "md", "alpaca": "jsonl", "sharegpt": "jsonl"},
    "document": {"paragraph": "blank_line", "lines": "line", "paragraphs": "blank_line", "whole": "file", "sentence": "line"},
    "on_bad_row": {"ignore": "skip", "drop": "skip", "warn": "skip", "raise": "error", "fail": "error", "stop": "error"},
    "dtype": {"uint8": "uint16", "int8": "uint16",
              "int32": "uint32", "int64": "uint32", "int16": "uint16", "uint64": "uint32", "long": "uint32"},
    "strategy": {"sentences": "sentence", "paragraphs": "paragraph", "tokens": "token", "recursive": "auto", "truncate": "auto",
                 "drop": "auto", "line": "paragraph"},
    "adapter": {"separate": "merge", "lora": "merge", "none": "merge", "keep": "merge"},
    "create": {"true": "auto", "always": "auto", "yes": "auto", "false": "never", "no": "never"},
    "attn_implementation": ATTENTIONS | {"true": "auto", "false": "auto", "none": "auto"},
    "packing": {"true": "documents", "false": "none", "yes": "documents", "no": "none", "sample": "documents", "multipack": "documents",
                "concat": "stream", "on": "documents", "off": "none", "bfd": "documents", "ffd": "documents", "wrapped": "stream"},
    "on_oom": {"retry": "reduce", "halve": "reduce", "auto": "reduce", "continue": "reduce", "fail": "stop", "raise": "stop",
               "error": "stop", "none": "stop", "false": "stop", "true": "reduce"},
    "normalization": {"lowercase": "nfkc_cf", "lower": "nfkc_cf", "casefold": "nfkc_cf", "nfc": "identity", "nfd": "identity",
                      "none": "identity", "nfkd": "nfkc", "true": "nfkc", "false": "identity", "default": "nmt_nfkc", "unicode": "nfkc"},
    "near_duplicates": {"true": "drop", "yes": "drop", "remove": "drop", "false": "keep", "no": "keep", "none": "keep"},
    "dedup": {"true": "exact", "yes": "exact", "minhash": "exact", "fuzzy": "exact", "false": "none", "near": "exact"},
    "exhausted": {"first_exhausted": "stop", "all_exhausted": "repeat", "loop": "repeat"},
}  # fmt: skip

NEAR["family"] |= dict.fromkeys(
    ("mixtral", "moe", "deepseek", "olmo", "olmo2", "falcon", "smollm", "tinyllama", "llama2", "llama3", "codellama", "granite", "yi",
     "internlm", "baichuan", "stablelm", "starcoder", "cohere", "mpt", "gemma2", "gemma3", "phi4", "qwen2_5", "qwen2.5", "bert", "t5"),
    "llama",
) | dict.fromkeys(("bloom", "gptj", "gpt_j", "gpt_neo", "gpt3"), "gpt2") | dict.fromkeys(
    ("falcon_mamba", "s4", "hyena", "lstm", "rnn"), "mamba"
) | dict.fromkeys(("rwkv7", "xlstm", "retnet", "zamba", "griffin"), "mamba2")  # fmt: skip

for _name, _words in MORE.items():
    NEAR.setdefault(_name, {}).update(_words)

ROLES = {  # what other tools call the roles of columns
    "response": "output", "target": "output", "reply": "output", "assistant": "output", "chosen": "output", "label": "output",
    "query": "instruction", "user": "instruction", "human": "instruction", "request": "instruction", "context": "input",
    "content": "text", "body": "text", "document": "text", "language": "lang", "chat": "messages", "turns": "messages",
    "dialogue": "messages", "headline": "title", "system_prompt": "system",
}  # fmt: skip


SWITCHES = {"compile": "inductor|reduce-overhead|max-autotune|default|eager", "activation_checkpointing": "full|selective|block|layer"}


def of_type(model: type[Any], raw: Any, base: RecipePath, path: Names, value: Any, text: str = "") -> Hint:
    """For a value of the wrong kind (K002); `text`: as it is typed."""
    hint = _of_a_value(model, raw, base, path, value, text)
    if hint.fix or not isinstance(value, str):
        return hint
    word = value.strip()
    raised = any(sign in word for sign in UPPER)
    if (
        not word.isascii()
        and not raised
        and re.fullmatch(r"[-+.\d]+(e[-+]?\d+)?", plain := INVISIBLE.sub("", normalize("NFKC", word)), re.I)
    ):
        number = int(plain) if re.fullmatch(r"[-+]?\d+", plain) else float(plain)  # wide digits, or a sign that nobody sees
        return Hint(f"write {path[-1]}: {number}", (Edit("set", base + path, number),)) if path else Hint()
    hint = _of_a_name(model, base, path, word)
    return hint if hint.fix else of_number(model, base + path, path, word)


def _of_a_value(model: type[Any], raw: Any, base: RecipePath, path: Names, value: Any, text: str) -> Hint:
    """By the kind of the value: a switch, a list or a map where another kind is wanted."""
    name, full = str(path[-1]) if path else "", base + path
    if path[:1] == ("expect",):
        from runner import bands

        if (band := bands.of_value(base, path, value)).fix:
            return band
    from runner import shapeless

    if (hint := shapeless.of_one_setting(shapes.at(model, path), base, path, value)).fix:
        return hint
    if value is False and type(None) in shapes.at(model, path):
        return Hint("delete the line: without it there is none", (Edit("delete", full),))
    if path == ("target",) and isinstance(value, (int, list)) and not isinstance(value, bool) and value:
        return _of_a_target(full, value)
    if name == "path" and isinstance(value, list) and path[:1] == ("sources",) and value:
        paths = ", ".join(f"{{path: {each}}}" for each in value)
        return Hint(f"write a source for each: sources: [{paths}]", (Edit("set", full, value[0]),) if len(value) == 1 else ())
    if name == "columns" and (isinstance(value, str) or (isinstance(value, list) and len(value) == 1 and isinstance(value[0], str))):
        column = value if isinstance(value, str) else value[0]
        return Hint(f"write columns: {{text: {column}}}", (Edit("set", full, {"text": column}),))
    if value is None and path[-2:-1] == ("columns",):
        return Hint(f"name the column, such as {name}: {name}")
    if (
        isinstance(value, list)
        and len(value) == 1
        and isinstance(value[0], str)
        and isinstance(path[-1], int)
        and str in shapes.at(model, path)
    ):
        return Hint(f'brackets without quotes are a list: write "[{value[0]}]"', (Edit("set", full, f"[{value[0]}]"),))
    if path[:1] == ("tracking",) and len(path) == 2 and value is True:
        return Hint(f"write {name}: {{}}, or tracking: {name}", (Edit("set", full, {}),))
    if isinstance(value, float) and 0 < value < 1 and (exchanged := swapped.met(raw, base, path)).fix:
        return exchanged
    if isinstance(value, float) and 0 < value < 1:
        return of_share(raw, name, full, value)
    if isinstance(value, float) and 1 < value < 1e6 and int in shapes.at(model, path) and float not in shapes.at(model, path):
        return Hint(f"write {name}: {int(value)} or {int(value) + 1}")
    if name == "lang" and isinstance(value, list) and len(value) != 1:
        return Hint("delete the line: each text's language is seen by itself; or write one, and a source for each", (Edit("delete", full),))
    if name in ("sources", "stages") and isinstance(value, dict) and len(path) == 1:
        first = "path" if name == "sources" else "train"
        return Hint(f"write each of them behind a dash: - {first}: …", (Edit("set", full, [value]),))
    if path == ("parameters",) and isinstance(value, (list, int, float)):
        listed = shapeless.of_list(base, path, value, ["a map"]) if isinstance(value, list) else Hint()
        return listed if listed.fix else Hint("write each with its name: parameters: {temperature: 0.7, top_p: 0.9}")
    if name == "early_stopping" and (value is True or (isinstance(value, int) and value)):
        return Hint(f"write early_stopping: {{patience: {3 if value is True else value}}}")
    if name == "languages" and isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return Hint(f"write languages: {{allow: [{', '.join(value)}]}}", (Edit("set", full, {"allow": value}),))
    if path == ("recipe",) and isinstance(value, dict):
        return Hint(f"write recipe: {value.get('name', 'NAME')}, and what stands in it beside it, at the line's begin")
    if name == "clean" and isinstance(value, bool):
        return Hint("delete the line: texts are made tidy by itself", (Edit("delete", full),)) if value else Hint(
            "write clean: {nfc: false, whitespace: false, dedup: none}")  # fmt: skip
    if name == "resume_from" and value is True:
        return Hint("delete the line: a stopped run goes on by itself when it is run again", (Edit("delete", full),))
    if isinstance(value, (dict, list)) and (hint := _of_another_shape(model, raw, base, path, value, shapes.at(model, path))).fix:
        return hint
    if isinstance(value, dict) and len(value) == 1:
        return _of_a_map(model, path, full, text, *next(iter(value.items())))
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) and str in shapes.at(model, path):
        return Hint(f"write {name}: {value[0]}", (Edit("set", full, value[0]),))
    return Hint()


def _of_a_name(model: type[Any], base: RecipePath, path: Names, word: str) -> Hint:
    """A text that names a thing: a variable, a file, a model, another tool's word."""
    name, full = str(path[-1]) if path else "", base + path
    if path == ("vocab_size",) and (most := re.fullmatch(r"(?:at[ _]most|max|up to|<=?)\s*:?\s*(\d+)", word, re.I)):
        return Hint(f"write vocab_size: {{at_most: {most[1]}}}", (Edit("set", full, {"at_most": int(most[1])}),))
    if name in ("samples", "prompts", "user_symbols", "add_tokens", "stop") and not word.startswith(("$", "{{", "%")):
        return Hint()  # marks in angle brackets are meant
    if variable := re.fullmatch(r"\$(\w+)|\{\{\s*(\w+)\s*\}\}|<(\w+)>|%(\w+)%", word):
        return Hint(f"write ${{{next(filter(None, variable.groups()))}}}, a variable of vars:")
    if name == "resume_from" and word.lower() in ("latest", "last", "auto", "best", "true", "checkpoint"):
        return Hint("delete the line: a stopped run goes on by itself; of another training write {step: ID} or {path: FOLDER}")
    if len(path) == 2 and path[0] == "sources":
        key, word = glued.pair(word) or ("url" if word.startswith(("https://", "http://")) else "path", word)
        return Hint(f"write {key}: {word} behind the dash", (Edit("set", full, {key: word}),))
    if word.endswith((",", ";")) and re.fullmatch(r"[-+.\d]+(e[-+]?\d+)?", plain := word.rstrip(",; "), re.I):
        return Hint(f"write {name}: {plain}, without the comma")
    if name in ("memory_gb", "model") and len(path) <= 2:
        from runner import shapeless

        if name == "memory_gb":
            return shapeless.of_gigabytes(base, path, word)
        if path == ("model",) and word and str not in shapes.at(model, path):
            return shapeless.of_model(base, path, word)
    if name == "parameters" and word:
        from runner import shapeless

        if (hint := shapeless.of_list(base, path, [part for part in re.split(r"[,;\n]", word) if part.strip()], ["a map"])).fix:
            return hint
    if name in SWITCHES and re.fullmatch(SWITCHES[name], word, re.I):
        return Hint(f"write {name}: true", (Edit("set", full, True),))
    if name == "seed" and not re.fullmatch(r"-?\d+", word):
        return Hint("write a whole number, such as seed: 42, or delete the line")
    if name == "sources" and word and "{" not in word:
        return Hint(f"write sources: [{{path: {word}}}]", (Edit("set", full, [{"path": word}]),))
    if name == "fallback" and word:
        return Hint(f"write fallback: {{{'path' if local(word) else 'hub'}: {word}}}")
    if name in ("base", "checkpoint") and word:
        way = "path" if local(word) else "hub"
        both = f" or {{path: {word}}}" if way == "hub" else ""
        return Hint(f"write {name}: {{{way}: {word}}}{both}", () if both else (Edit("set", full, {"path": word}),))
    if name in ("init_from", "resume_from") and word:
        way = "path" if "/" in word or word.startswith((".", "~")) else "step"
        return Hint(f"write {name}: {{{way}: {word}}}", (Edit("set", full, {way: word}),))
    return Hint()


def _of_a_target(full: RecipePath, value: Any) -> Hint:
    """`4090` and `[t4, t4]`."""
    from runner.targets import meant

    if isinstance(value, int):
        return Hint(meant(str(value)))
    card, several = str(value[0]), len(set(map(str, value))) == 1 and len(value) > 1
    target: Any = {"gpu": card, "count": len(value)} if several else card
    shown = f"{{gpu: {card}, count: {len(value)}}}" if several else card
    return Hint(f"write target: {shown}", (Edit("set", full, target),) if len(value) == 1 or several else ())


def _of_another_shape(model: type[Any], raw: Any, base: RecipePath, path: Names, value: Any, wanted: list[Any]) -> Hint:
    from runner import shapeless

    if isinstance(value, dict):
        return shapeless.of_map(raw, base, path, value)
    maps = any(part is dict or hasattr(part, "model_fields") for part in wanted)
    words = [str(word) for word in shapes.literals_at(model, path)]
    return shapeless.of_list(base, path, value, ["a map"] if maps and list not in wanted else [], words)


def _of_a_map(model: type[Any], path: Names, full: RecipePath, text: str, key: Any, value: Any) -> Hint:
    """A map of one key where there should be none: braces of a template, or a text that a colon and a blank made one."""
    if text.lstrip().startswith("{"):
        if value is None and " " in str(key):
            return Hint(f'braces without quotes are a map: write "{{{key}}}"', (Edit("set", full, f"{{{key}}}"),))
        if value is None and "columns" in path:
            whole = f"{{{key}}}"
            return Hint(f'braces without quotes are a map: write {path[-1]}: "{whole}"', (Edit("set", full, whole),))
        return (
            Hint("write ${NAME} for a variable of vars:") if value is None or isinstance(value, str) or not isinstance(key, str) else Hint()
        )
    if isinstance(value, (dict, list)) or str not in shapes.at(model, path):
        return Hint()
    from runner.written import written

    whole = f"{key}:" if value is None else f"{key}: {value}"
    quoted = written(whole)
    if value is None or " " in whole.replace(": ", "", 1) or not str(key).islower():
        return Hint(f"put the text in quotes: {quoted}", (Edit("set", full, whole),) if value is None or isinstance(value, str) else ())
    return Hint(f"write {written(value)}, or put the text in quotes: {quoted}")


def _of_a_tracker(word: str, listed: bool) -> str:
    if word in ("all", "true", "auto"):
        return "write tracking: [wandb, tensorboard, mlflow]"
    if word in NOTHING:
        return f"take {word} out of the list" if listed else ""
    if word in ("csv", "json", "jsonl", "console", "stdout", "log", "file"):
        return "delete the line: logs/train_steps.jsonl of every run has the figures"
    if word.partition("_")[0] in ("comet", "neptune", "aim", "clearml", "swanlab", "dvclive", "trackio", "codecarbon", "dagshub", "azure"):
        return "write wandb, tensorboard or mlflow, or delete the line: the run's report has the figures"
    return ""


class Meaning(NamedTuple):
    """What a field is for, to stand behind a message, and what to write in it."""

    said: str
    fix: str


def of_field(model: type[Any], path: Names, wanted: str) -> Meaning | None:
    """For a number out of its range of which nothing else is known: the field's own description, and its default."""
    name = str(path[-1]) if path else ""
    field = next((found for each in shapes.models_at(model, path[:-1]) if (found := shapes.fields(each).get(name)) is not None), None)
    if field is None:
        return None
    said = f" ({field.description})" if field.description else ""
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    if name in USUAL:
        return Meaning(said, f"write {name}: {USUAL[name]}" + ("" if field.is_required() else ", or delete the line"))
    if field.is_required():
        return Meaning(said, f"write a number: {wanted}")
    if isinstance(default, (int, float)) and not isinstance(default, bool) and abs(default) < 10**6:
        return Meaning(said, f"write {name}: {default:g}, or delete the line, which means the same")
    if isinstance(default, (int, float)):
        return Meaning(said, "delete the line")
    return Meaning(said, "delete the line" if default is None else f"delete the line: it is {default} then")


def of_kind(model: type[Any], value: Any, wanted: list[str], path: Names) -> str:
    """For a value of the wrong kind (K002) of which nothing else is known, in words: a unit behind it, or what the field is for."""
    if value is None:
        return "write a value, or delete the line"
    number = "a whole number" in wanted or "a number" in wanted
    if isinstance(value, str) and number and (scaled := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([kKmMgGbB%])", value)):
        factor = {"k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "%": 0.01}[scaled[2].lower()]
        times = float(scaled[1]) * factor
        return f"write {path[-1]}: {int(times) if times == int(times) else times}"
    if "a list" in wanted and not isinstance(value, (dict, bool)):
        return f"write {path[-1]}: [{str(value).strip().removeprefix('[').removesuffix(']')}]"
    if number and isinstance(value, list) and len(value) == 1 and type(value[0]) in (int, float):
        return f"write {path[-1]}: {value[0]}"
    meaning = of_field(model, path, "") if number else None
    return "" if meaning is None else meaning.fix if meaning.fix.startswith("write") and ":" in meaning.fix else "write a number"


def _one(name: str, value: Any, words: list[str]) -> str:
    """The known word that one of several is, or comes nearest to."""
    word = str(value).strip().lower()
    near = NEAR.get(name, {}).get(word, word)
    return near if near in words else ""


def of_word(path: Names, value: Any, words: list[str]) -> str:
    """For a word that the field does not know (K004): the nearest meaning among `words`, in words."""
    name = str(path[-1]) if path else ""
    if isinstance(value, list) and len(value) > 1:
        one = next((said for each in value if (said := _one(name, each, words))), "")
        more = ", and for each of the others a step of its own" if name == "quantization" else ""
        return f"one word is wanted: write {name}: {one}{more}" if one else ""
    if isinstance(value, str) and len(parts := re.split(r"[\s,;+]+", value.strip().lower())) > 1 and set(parts) <= set(words):
        several = isinstance(path[-1], int) or name == "tracking"
        called = "" if isinstance(path[-1], int) else f"{name}: "
        return f"part them: write {called}[{', '.join(parts)}]" if several else f"one word is wanted: write {name}: {parts[0]}"
    word = str(value[0] if isinstance(value, list) and len(value) == 1 else value).strip().lower()
    if name == "quantization" and re.fullmatch(r"(iq|q)\d_?(k|xs|xxs|s|m|nl)\w*", word):
        return f"write quantization: f16 or q8_0; {K_QUANTS.format(word.upper())}"
    if name == "objective" and word in ("dpo", "grpo", "ppo", "orpo", "kto", "rlhf", "rm", "simpo", "reward"):
        return "preferences and rewards are not trained; write objective: sft to learn the answers that were chosen"
    if (name, word.replace("-", "_")) in SAID:
        return SAID[name, word.replace("-", "_")]
    if name == "tracking" or path[:1] == ("tracking",):
        return _of_a_tracker(word, isinstance(path[-1], int))
    if name in ("optimizer", "scheduler", "family") and word not in NEAR[name]:
        from runner import shapeless

        word = shapeless.by_class(name, str(value)) or word
        if word in words:
            return f"write {name}: {word}"
    found = NEAR.get(name, {}).get(word.replace("-", "_"), NEAR.get(name, {}).get(word, ""))
    found = found if found in words else found.partition("_")[0]
    called = "" if name.isdigit() else f"{name}: "  # an item of a list has no name
    return f"write {called}{found}" if found in words else ""
