"""Another trainer's configuration: where each of its keys belongs, and the recipe that it amounts to. Loaded when there is one."""

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import steps as registry
from runner import kindred, shapes, synonyms
from runner.conversions import TOKENIZERS, Known
from runner.nearest import nearest
from runner.otherkeys import laid_flat
from runner.unknown import Names, nested, type_of
from runner.written import written
from schemas.findings import Edit, Finding
from schemas.recipe import SHARED, Recipe

WRITES = "`recipe convert` writes this recipe, which has what can be taken over:\n"
NEW = "a model without base: begins from nothing, and a run that was stopped goes on by itself"
ROUNDS = 20  # values that are mended, or taken out again
WORD = re.compile(r"write (?:\w+: )?([\w.-]+)$")  # of a fix that names one


@dataclass
class Foreign:
    """recipe: its text. keys: how many there were. left: those that it does not have, each with why. findings: of `recipe check`."""

    recipe: str
    keys: int
    left: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def foreign(top: Mapping[str, Any], name: str) -> Foreign:
    """What the keys of a file without steps are here. name: of the recipe that is made of them."""
    made = _taken_over(laid_flat(top), name)
    message = "a recipe lists steps, and this file has none"
    made.findings.append(Finding("K011", "error", message, (), WRITES + made.recipe))
    for key, value in top.items():
        if key in shapes.fields(Recipe):
            continue
        home = _home(key, value, top)
        if home is None:
            best = nearest(key, shapes.fields(Recipe))
            fix = f"write {best}" if best else "params stand in a step: - type: …"
            made.findings.append(Finding("K001", "error", f"unknown key {key}", (key,), fix, on="key"))
        else:
            made.findings.append(_sent_home(key, home))
    return made


def _taken_over(top: Mapping[str, Any], name: str) -> Foreign:
    """A recipe of what can be taken over, and the keys that cannot."""
    made = Foreign("", len(top))
    kept: dict[str, Any] = {"recipe": name}
    params: dict[str, dict[str, Any]] = {}
    origins: dict[tuple[str, Names], str] = {}  # where each key went
    for key, value in top.items():
        if key in shapes.fields(Recipe):
            kept[key] = value
            continue
        home = _home(key, value, top)
        if home is None:
            made.left[key] = "no key of a recipe, nor one that is known of another tool"
        elif home.path[:1] in [(shared,) for shared in SHARED] and home.value is not None and home.path[0] not in top:
            _share(kept, home.path, home.value)
        elif not home.path or home.value is None or not _has(home):
            words = f" ({home.words})" if home.words else ""
            made.left[key] = f"{_sent_home(key, home).message}{words}" if home.path else home.words.removesuffix("; delete the line")
        elif home.path == ("objective",) or not _is_default(home):
            _nest(params.setdefault(home.step, {}), home.path, home.value)
            origins[home.step, home.path] = key
    if {"max_steps", "num_train_epochs"} <= set(params.get("train", {})):  # the first counts, as in transformers
        made.left[origins.pop(("train", ("num_train_epochs",)))] = "max_steps says how long it trains"
        del params["train"]["num_train_epochs"]
    if "block_size" in top:  # rows of a bin, as in run_clm of transformers, of a base too
        params.setdefault("train", {}).setdefault("objective", "lm")
    _set_family(params.get("train", {}).get("model"), top)
    listed = _steps(params)
    for (kind, path), key in origins.items():
        if kind not in [each for each, _ in listed]:
            made.left[key] = f"{nested(path, params[kind][str(path[0])])} of the step {kind}, which this recipe does not have"
    made.recipe = _mended(kept, listed, origins, made.left)
    return made


def _home(key: str, value: Any, top: Mapping[str, Any]) -> Known | None:
    """To which step a foreign top-level key belongs, and what it is called there."""
    known = _by_value(key, value) or synonyms.met("", (key,), value, top)
    if known is not None and known.step:
        return known
    for kind in ("train", *registry.builtin()):
        step = type_of(kind)
        if step is not None and key in shapes.fields(step.params):
            return Known(kind, (key,), value)
    train = type_of("train")
    if known is None and train is not None and shapes.has(train.params, ("model", key)):
        return Known("train", ("model", key), value)
    return known or kindred.met("train", (key,))


def _by_value(key: str, value: Any) -> Known | None:
    """For keys that are a step's too, by name alone."""
    if key == "init_from" and value in ("scratch", "resume"):  # nanoGPT's
        return Known("train", words=NEW, delete=True)
    if key == "tokenizer" and isinstance(value, Mapping):  # torchtune's
        return Known("train", words=TOKENIZERS, delete=True)
    return None


def _set_family(model: Any, top: Mapping[str, Any]) -> None:
    """The family of a new network that is told by the names of its sizes alone: GPT-2's own, or heads, which a Mamba has not.

    Of a base nothing more is said.
    """
    if isinstance(model, dict) and "base" in model:
        for size in [key for key in model if key != "base"]:
            del model[size]  # the base's own are taken
    elif isinstance(model, dict) and "family" not in model and {"n_heads", "n_kv_heads"} & set(model):
        model["family"] = "gpt2" if {"n_embd", "n_head"} & set(top) else "llama"


def _share(kept: dict[str, Any], path: Names, value: Any) -> None:
    """A value that holds for all steps; a tracker that is only named beside one with settings adds its name."""
    held = kept.get(str(path[0]))
    if len(path) == 1 and isinstance(held, dict) and isinstance(value, str):
        held.setdefault(value, {})
    else:
        _nest(kept, path, value)


def _has(home: Known) -> bool:
    """Whether the step takes it."""
    step = type_of(home.step)
    return home.step != "" and (step is None or shapes.has(step.params, home.path))


def _is_default(home: Known) -> bool:
    """Whether the step does so anyway."""
    step = type_of(home.step)
    own = shapes.fields(step.params).get(str(home.path[0])) if step is not None and len(home.path) == 1 else None
    return own is not None and not own.is_required() and own.get_default(call_default_factory=True) == home.value


def _sent_home(key: str, home: Known) -> Finding:
    ours = ".".join(map(str, home.path))
    where = f"the step {home.step}" if home.step else "the recipe"
    step = type_of(home.step)
    words = f" ({home.words})" if home.words else ""
    if not home.path:
        message, fix = f"{key} is no key of a recipe: {home.words}", "delete the line" if home.delete else f"see the step {home.step}"
    elif step is not None and not shapes.has(step.params, home.path):
        message, fix = f"{key} would be {ours} of {where}, which is not supported yet", "delete the line"
    else:
        message = f"{key} belongs to {where}" if ours == key else f"{key} is {ours} of {where}"
        fix = f"write {nested(home.path, home.value)} in {where}{words}" if home.value is not None else f"write {ours} in {where}{words}"
    return Finding("K006" if ours == key else "K010", "error", message, (key,), fix, on="key")


def _steps(params: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The steps that these params ask for, in their order."""
    corpus, train = params.get("parse_corpus", {}), params.get("train", {})
    if "lora" in train or "quant" in train:
        train.setdefault("method", "qlora" if "quant" in train else "lora")
    listed = [("parse_corpus", corpus if "sources" in corpus else {"sources": [{"path": "data/*"}], **corpus})]
    base = (train.get("model") or {}).get("base") if isinstance(train.get("model"), dict) else None
    if base is None:
        for kind, least in (("train_tokenizer", {"vocab_size": 8000}), ("tokenize_bin", {})):
            listed.append((kind, {**least, **params.get(kind, {})}))
    else:
        train.setdefault("objective", "sft")
        if train["objective"] == "lm":
            listed += [("check_vocab_consistency", {"checkpoint": base}), ("tokenize_bin", params.get("tokenize_bin", {}))]
        elif "split_long" in params or "max_seq_length" in train:  # it counts in the model's own tokens
            length = {"max_tokens": train.get("max_seq_length", 1024)}
            listed += [("check_vocab_consistency", {"checkpoint": base}), ("split_long", {**length, **params.get("split_long", {})})]
    listed.append(("train", train))
    return [*listed, *((kind, params[kind]) for kind in ("validate_checkpoint", "export_ollama") if kind in params)]


def _mended(
    kept: dict[str, Any], listed: list[tuple[str, dict[str, Any]]], origins: dict[tuple[str, Names], str], left: dict[str, str]
) -> str:
    """The recipe's text, values that its steps do not take written as they do, or left out with why."""
    for _ in range(ROUNDS):
        wrong = _wrong(kept, listed)
        if wrong is None:
            break
        kind, path = str(wrong.path[1]), tuple(wrong.path[2:])
        step = dict(listed)[kind]
        word = WORD.match(wrong.fix)
        if wrong.edits and all(edit.path[:2] == wrong.path[:2] for edit in wrong.edits):
            for edit in wrong.edits:
                _edit(step, edit, tuple(edit.path[2:]))
        elif wrong.code == "K004" and word and _holder(step, path).get(str(path[-1])) != word[1]:
            _holder(step, path)[str(path[-1])] = word[1]
        else:
            _holder(step, path).pop(str(path[-1]), None)
            gone = [key for (where, at), key in origins.items() if where == kind and path == at[: len(path)]]
            left |= dict.fromkeys(gone, f"{wrong.message}{f'; {wrong.fix}' if wrong.fix else ''}")
    return _text(kept, listed)


def _wrong(kept: dict[str, Any], listed: list[tuple[str, dict[str, Any]]]) -> Finding | None:
    """The first value that its step does not take."""
    from runner.resolve import mean

    file = Path(f"{kept['recipe']}.yaml")
    errors = mean(file, texts={file: _text(kept, listed)}).errors
    return next((f for f in errors if f.path[:1] == ("steps",) and len(f.path) > 2 and f.code[0] in "KM"), None)


def _holder(step: dict[str, Any], path: Names) -> dict[str, Any]:
    """The map in which the last key of `path` stands; an empty one of its own where there is none."""
    found: Any = step
    for key in path[:-1]:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _edit(step: dict[str, Any], edit: Edit, path: Names) -> None:
    """What `--fix` would write."""
    if edit.action == "set":
        _nest(step, path, edit.value)
        return
    value = _holder(step, path).pop(str(path[-1]), None)
    if edit.action == "rename":
        _holder(step, path)[str(edit.key)] = value if edit.value is None else edit.value


def _text(kept: dict[str, Any], listed: list[tuple[str, dict[str, Any]]]) -> str:
    lines = [f"recipe: {written(kept['recipe'])}"]
    lines += [f"{name}: {written(value)}" for name, value in kept.items() if name not in ("recipe", "steps", "format")]
    lines.append("steps:")
    for kind, params in listed:
        lines.append(f"  - type: {kind}")
        lines += [f"    {name}: {written(value)}" for name, value in _filled(params).items()]
    return "\n".join(lines)


def _filled(params: Mapping[str, Any]) -> dict[str, Any]:
    """Without maps of nothing, which are left of what was taken out."""
    inner = {key: _filled(value) if isinstance(value, dict) and value else value for key, value in params.items()}
    return {key: value for key, value in inner.items() if value != {}}


def _nest(target: dict[str, Any], path: Names, value: Any) -> None:
    for key in path[:-1]:
        inner = target.setdefault(str(key), {})
        if not isinstance(inner, dict):  # names alone, whose settings come now
            inner = target[str(key)] = {str(name): {} for name in (inner if isinstance(inner, list) else [inner])}
        target = inner
    target[str(path[-1])] = deepcopy(value)
