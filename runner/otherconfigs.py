"""Configurations of other trainers as plain maps: YAML, JSON, TOML, a Python file of assignments, the flags of a command in a script."""

import ast
import itertools
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

from runner.conversions import LOADERS, loaded
from runner.document import scalar
from schemas.findings import RecipeError

ENDINGS = (".yaml", ".yml", ".json", ".toml", ".py", ".sh", ".bash")
CODE = "C052"
FIRST = {"from_pretrained": "model_name_or_path", "load_dataset": "dataset_name"}  # calls whose first argument tells
HOLDERS = ("config", "cfg", "c", "args", "hparams", "conf", "params")  # config.learning_rate = 1e-4
PEFT = {"r": "lora_r", "target_modules": "lora_target_modules", "bias": "lora_bias", "random_state": "seed"}
CALLS: dict[str, dict[str, str]] = {  # calls whose named arguments are settings, and what some of them are called elsewhere
    "from_pretrained": {"model_name": "model_name_or_path"}, "get_peft_model": PEFT, "LoraConfig": PEFT, "TrainingArguments": {},
    "Seq2SeqTrainingArguments": {}, "SFTConfig": {}, "SFTTrainer": {}, "BitsAndBytesConfig": {},
}  # fmt: skip


def read_config(file: Path) -> dict[str, Any]:
    """The keys of a configuration with their values. Raises RecipeError C052 with what is wrong with the file, and where."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(CODE, f"{file} cannot be read: {getattr(error, 'strerror', None) or 'no text in UTF-8'}") from error
    kind = file.suffix.lower()
    try:
        if kind == ".json":
            found = json.loads(text)
        elif kind == ".toml":
            found = tomllib.loads(text)
        elif kind == ".py":
            found = _assigned(ast.parse(text))
        else:
            found = _flags(text)
    except (ValueError, SyntaxError) as error:
        where = getattr(error, "lineno", None)
        raise RecipeError(CODE, f"{file}{f':{where}' if where else ''}: {_said(error)}", fix="mend it, as its own tool reads it") from error
    if not isinstance(found, dict) or not found:
        what = {".py": "no name = value in it", ".json": "it holds no map of keys"}.get(kind, "no --key value in it")
        raise RecipeError(CODE, f"{file} is no configuration: {what}", fix=f"name a file of another trainer: {', '.join(ENDINGS)}")
    return {str(key): value for key, value in found.items() if value is not None}


def _said(error: Exception) -> str:
    return str(getattr(error, "msg", "") or error).split("\n", 1)[0]


def _assigned(tree: ast.Module) -> dict[str, Any]:
    """What a file like nanoGPT's config/*.py assigns, and what a script of transformers, TRL or Unsloth gives to the calls that matter.

    A value that is worked out, of numbers alone, is taken too.
    """
    found: dict[str, Any] = {}
    for each in ast.walk(tree):
        target = each.targets[0] if isinstance(each, ast.Assign) else each.target if isinstance(each, ast.AnnAssign) else None
        given = each.value if isinstance(each, ast.Assign | ast.AnnAssign) else None
        name = target.id if isinstance(target, ast.Name) and each in tree.body else ""
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id in HOLDERS:
            name = target.attr
        if name and given is not None and (value := _value(given, found)) is not None:
            found[name] = value
    called: dict[str, Any] = {}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in FIRST and call.args and isinstance(first := _value(call.args[0], found), str):
            given = next((word.value for word in call.keywords if word.arg == "data_files"), None)
            if first in LOADERS and name == "load_dataset":
                called |= {"train_file": named} if (named := loaded(_value(given, found) if given is not None else None)) else {}
            else:
                called.setdefault(FIRST[name], first)
        if name in CALLS:
            values = {word.arg: _value(word.value, found) for word in call.keywords if word.arg}
            called |= {CALLS[name].get(key, key): value for key, value in values.items() if value is not None}
    return called or found  # beside such calls other names are a program's own


OPERATIONS: dict[type[ast.operator], Any] = {
    ast.Mult: lambda a, b: a * b, ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b,
    ast.Div: lambda a, b: a / b if b else None, ast.FloorDiv: lambda a, b: a // b if b else None,
}  # fmt: skip


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    """A literal, a name that is `known`, or numbers with + - * / between them; None for all else: nothing is run."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        left, right = _value(node.left, known), _value(node.right, known)
        numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (left, right))
        return OPERATIONS[type(node.op)](left, right) if numbers else None
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _flags(text: str) -> dict[str, Any]:
    """The --key value of the commands in a script."""
    joined = re.sub(r"\\[ \t]*\r?\n", " ", text)
    words = [word for line in joined.splitlines() for word in shlex.split(line, comments=True)]
    found: dict[str, Any] = {}
    for at, word in enumerate(words):
        if not re.match(r"--\w", word):
            continue
        key, equals, value = word[2:].partition("=")
        given = [value] if equals else list(itertools.takewhile(lambda each: not each.startswith("--"), words[at + 1 :])) or ["true"]
        read = [{"true": True, "false": False}.get(each.lower(), scalar(each)) for each in given]
        if read != [None]:
            found[key.replace("-", "_")] = read if len(read) > 1 else read[0]
    return found
