"""Maps, lists and words that other tools write where one value or another shape stands here. Loaded when a shape is wrong."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from runner.conversions import local
from runner.hints import NEAR
from runner.numerals import Hint, as_taken
from runner.written import written
from schemas.findings import Edit, RecipePath

Names = tuple[str | int, ...]
CLASSES = ("_component_", "_target_", "class_path", "type", "name", "class", "kind")  # torchtune, hydra, Lightning, DeepSpeed
RATES = ("lr", "learning_rate", "max_lr", "base_lr")
FAMILIES = ("mamba", "mamba2", "mamba_hebbian", "llama", "gpt2")
OPTIMIZERS = (("8bit", "adamw_8bit"), ("adamw8", "adamw_8bit"), ("muon", "muon"), ("adam", "adamw"), ("lion", "adamw"), ("sgd", "adamw"))
SCHEDULES = (("cosine", "cosine"), ("linear", "linear"), ("constant", "constant"), ("wsd", "wsd"), ("stable", "wsd"), ("warmup", "linear"))
BESIDE = {"weight_decay": "weight_decay", "num_warmup_steps": "warmup_steps", "warmup_steps": "warmup_steps", "warmup": "warmup_steps",
          "warmup_ratio": "warmup_ratio", "min_lr": "min_lr", "num_training_steps": "max_steps"}  # fmt: skip


def of_map(raw: Any, base: RecipePath, path: Names, value: Mapping[str, Any]) -> Hint:
    """A map where a word is wanted: an optimizer or a schedule with its arguments, as torchtune, hydra and DeepSpeed write them."""
    name = str(path[-1])
    known = {"optimizer": OPTIMIZERS, "scheduler": SCHEDULES}.get(name)
    if known is None or len(path) != 1:
        return Hint()
    inner = dict(value)
    for section in ("params", "init_args"):
        inner |= value[section] if isinstance(value.get(section), Mapping) else {}
    said = next((str(inner[key]) for key in CLASSES if isinstance(inner.get(key), str)), next(iter(inner), ""))
    plainly = "cosine" if name == "scheduler" else "adamw"
    word = next((ours for sign, ours in known if sign in re.sub(r"[-_ ]", "", said.lower())), plainly)
    beside = {**dict.fromkeys(RATES, "learning_rate"), **BESIDE}
    more = {ours: inner[key] for key, ours in beside.items() if isinstance(inner.get(key), int | float)}
    free = {key: number for key, number in more.items() if isinstance(raw, Mapping) and raw.get(key) is None}
    listed = "".join(f", {key}: {written(number)}" for key, number in free.items())
    taken = "".join(f"; {key} is written already" for key in more if key not in free)
    edits = (Edit("set", base + path, word), *(Edit("set", (*base, key), number) for key, number in free.items()))
    return Hint(f"write {name}: {word}{listed}{' as keys of the step' if listed else ''}{taken}", edits)


def by_class(name: str, value: str) -> str:
    """Our word for `torch.optim.AdamW`, `LlamaForCausalLM`, `mixtral-8x7b`; empty where there is none."""
    last = re.sub(r"[-_ ]", "", value.rsplit(".", 1)[-1].lower())
    if name in ("optimizer", "scheduler"):
        known = OPTIMIZERS if name == "optimizer" else SCHEDULES
        return next((ours for sign, ours in known if sign in last and len(last) > len(sign)), "")
    starts = sorted((*FAMILIES, *NEAR["family"]), key=len, reverse=True)
    start = next((each for each in starts if len(each) > 2 and last.startswith(re.sub(r"[-_.]", "", each))), "")
    return NEAR["family"].get(start, start)


def of_list(base: RecipePath, path: Names, value: list[Any], wanted: list[str], words: Sequence[str] = ()) -> Hint:
    """A list where a map is wanted: of maps of one key, or of lines as a Modelfile has them."""
    if len(value) == 1 and isinstance(value[0], str) and value[0].lower() in words:
        return Hint(f"write {path[-1]}: {value[0].lower()}", (Edit("set", base + path, value[0].lower()),))
    if "a map" not in wanted or not value:
        return Hint()
    merged: dict[str, Any] = {}
    for each in value:
        if isinstance(each, Mapping) and len(each) == 1:
            merged |= each
        elif isinstance(each, str) and (line := re.fullmatch(r"(?:PARAMETER\s+)?([A-Za-z_]\w*)\s*[\s=:]\s*(\S.*)", each.strip())):
            merged[line[1]] = _number(line[2])
        else:
            return Hint()
    if len(merged) < len(value) or None in merged.values():
        return Hint()
    return Hint(f"write {path[-1]}: {written(merged)}", (Edit("set", base + path, merged),))


def of_model(base: RecipePath, path: Names, word: str) -> Hint:
    """`model: llama` and `model: meta-llama/Llama-3.2-1B` of a train step."""
    lower = word.lower().replace("-", "_")
    family = lower if lower in FAMILIES else NEAR["family"].get(lower, "")
    if family:
        return Hint(
            f"write model: {{family: {family}, d_model: 256, n_layers: 6}} for a new one; to go on with one, {{base: {{hub: owner/name}}}}"
        )
    if re.fullmatch(r"[\w.-]+/[\w.-]+", word) and not local(word):
        return Hint(f"write model: {{base: {{hub: {word}}}}}, or {{base: {{path: {word}}}}} for a folder")
    way = "path" if local(word) or word.count("/") != 1 else "hub"
    if "/" in word:
        return Hint(f"write model: {{base: {{{way}: {word}}}}}", (Edit("set", base + path, {"base": {way: word}}),))
    return Hint("write model: {family: llama, d_model: 256, n_layers: 6} for a new one; to go on with one, {base: {hub: owner/name}}")


def of_one_setting(kinds: list[Any], base: RecipePath, path: Names, value: Any) -> Hint:
    """`quant: 4`, `quant: nf4`, `bins: data/train.bin`: the one thing that matters, where a map is wanted; `use_dora: 1` for a switch."""
    if isinstance(value, int) and isinstance(on := as_taken(kinds, value), bool) and on is not value:
        return Hint(f"write {path[-1]}: {written(on)}", (Edit("set", base + path, on),))
    if path not in (("quant",), ("bins",)):
        return Hint()
    name, word = str(path[-1]), str(value).strip().lower()
    meant: dict[str, Any] | None
    if name == "bins":
        meant = {"path": value} if isinstance(value, str) and value else None
    elif word in ("nf4", "fp4"):
        meant = {"type": word}
    else:
        eight = re.search(r"8", word) is not None
        known = value is True or re.fullmatch(r"(int|bnb|q|nf|fp|bits?)?[-_ ]?[48][-_ ]?(bits?)?|bnb|bitsandbytes|auto|true", word)
        meant = {"bits": 8 if eight else 4} if known else None
    return Hint(f"write {name}: {written(meant)}", (Edit("set", base + path, meant),)) if meant else Hint()


def of_gigabytes(base: RecipePath, path: Names, word: str) -> Hint:
    """`16GB` for a number of gigabytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(g|gb|gib|gigabytes?|m|mb|mib|t|tb|tib)", word.strip(), re.I)
    if found is None:
        return Hint()
    number = float(found[1]) * {"g": 1, "m": 1 / 1024, "t": 1024}[found[2][0].lower()]
    plain = int(number) if number == int(number) else round(number, 2)
    return Hint(f"write {path[-1]}: {plain}, which counts gigabytes", (Edit("set", base + path, plain),))


def _number(text: str) -> Any:
    from runner.document import scalar

    return scalar(text.strip().strip("\"'"))
