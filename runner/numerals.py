"""What a text was meant as, where a number stands: a word, a unit, a blank or a comma too many."""

import re
from math import prod
from typing import Any, NamedTuple

from runner import shapes
from schemas.findings import Edit, RecipePath

Names = tuple[str | int, ...]
NOTHING = ("none", "off", "no", "false", "disabled", "nil", "undefined", "n/a", "nan")
WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twelve": 12,
    "twenty": 20, "fifty": 50, "hundred": 100, "thousand": 1000,
}  # fmt: skip
LENGTHS = ("max_seq_length", "num_ctx", "max_tokens")  # 4k is 4096 of them
STEPS = ("eval_steps", "save_steps")
UPPER = "⁰¹²³⁴⁵⁶⁷⁸⁹"
MOST = 1 << 50  # what a power comes to and can be meant


ON, OFF = ("yes", "on", "y", "true", "t", "enabled", "enable", "1"), ("no", "off", "n", "false", "f", "disabled", "disable", "0")


class Hint(NamedTuple):
    """What to type, in words; edits when it can be nothing else."""

    fix: str = ""
    edits: tuple[Edit, ...] = ()


def as_taken(kinds: list[Any], value: Any) -> Any:
    """A value as the field takes it: a switch for yes and 0, a number for one in quotes; itself where it is neither."""
    word = str(value).strip().lower()
    if kinds == [bool] and not isinstance(value, (bool, dict, list)) and word in ON + OFF:
        return word in ON
    if isinstance(value, str) and str not in kinds:
        if int in kinds and re.fullmatch(r"-?\d{1,15}", word):
            return int(word)
        if float in kinds and re.fullmatch(r"-?\d{0,15}\.?\d{1,15}(e-?\d{1,2})?", word):
            return float(word)
    return value


def of_number(model: type[Any], full: RecipePath, path: Names, word: str) -> Hint:
    """A text that was meant as a number, or as nothing."""
    name = str(path[-1]) if path else ""
    if remark := re.fullmatch(r"([-+]?[\d.]+(?:[eE][-+]?\d+)?|true|false|null) +(?://|--|;|/\*) *(.*?) *(?:\*/)?", word):
        return Hint(f"a remark begins with # in YAML: write {name}: {remark[1]} # {remark[2]}")
    counted = re.fullmatch(r"(\d+)\s*(tokens?|steps?|rows?|epochs?|layers?|samples?|documents?)", word, re.I)
    if counted and {int, float} & set(shapes.at(model, path)):
        return Hint(f"write {name}: {counted[1]}", (Edit("set", full, int(counted[1])),))
    sized = re.fullmatch(r"([\d.]+)\s*([kmgt])(i?)b?(ytes)?", word, re.I)
    if sized and name.endswith("_bytes") and re.fullmatch(r"\d+(\.\d+)?", sized[1]):
        number = round(float(sized[1]) * (1024 if sized[3] else 1000) ** (" kmgt".index(sized[2].lower())))
        return Hint(f"write {name}: {number}", (Edit("set", full, number),))
    if word.lower() in WORDS and {int, float} & set(shapes.at(model, path)):
        return Hint(f"write {name}: {WORDS[word.lower()]}", (Edit("set", full, WORDS[word.lower()]),))
    if name in LENGTHS and (times := re.fullmatch(r"(\d+)\s*k", word, re.I)):
        return Hint(f"write {name}: {int(times[1]) * 1024}")
    if name in STEPS and re.fullmatch(r"(an? |every |per |each )?epochs?", word, re.I):
        return Hint(f"it counts optimizer steps: write {name}: N, or delete the line")
    if re.fullmatch(r"[-+]?\d[\d.]*( +\d{3})* *([eE] *[-+]? *\d+)?", word) and " " in word:
        return Hint(f"write {name}: {word.replace(' ', '')}")
    if re.fullmatch(r"[\d.]+[eE]?[\u2212\u2013\u2010][\d.]+", word):
        plain = re.sub("[\u2212\u2013\u2010]", "-", word)
        return Hint(
            f"write {name}: {plain}, with the minus of the keyboard", (Edit("set", full, float(plain)),) if "e" in plain.lower() else ()
        )
    if power := re.fullmatch(r"(?:([\d.]+)\s*[*x×]\s*)?10\s*(?:\^|\*\*)\s*[({]?([-+]?\d+)[)}]?", word):
        return Hint(f"write {name}: {power[1] or 1}e{int(power[2])}")
    if hint := _of_a_sum(model, full, path, word):
        return hint
    if isinstance(on := as_taken(shapes.at(model, path), word), bool):
        return Hint(f"write {name}: {str(on).lower()}", (Edit("set", full, on),))
    if word.lower() in NOTHING:
        if type(None) in shapes.at(model, path):
            return Hint(f"write {name}: null, or delete the line", (Edit("set", full, None),))
        return Hint("delete the line")
    if name == "target_modules" and word.lower().replace("_", "-") in ("all-linear", "all", "linear"):
        return Hint("delete the line: every linear layer that can learn is the default", (Edit("delete", full),))
    if word.lower() in ("auto", "default") and type(None) in shapes.at(model, path):
        return Hint("delete the line: it follows by itself", (Edit("delete", full),))
    if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", word) and int in shapes.at(model, path):
        return Hint(f"write {name}: {word.replace(',', '')}", (Edit("set", full, int(word.replace(",", ""))),))
    if re.fullmatch(r"-?\d+,\d+", word) and float in shapes.at(model, path):
        return Hint(f"write {name}: {word.replace(',', '.')}", (Edit("set", full, float(word.replace(",", "."))),))
    return Hint()


def _of_a_sum(model: type[Any], full: RecipePath, path: Names, word: str) -> Hint | None:
    """What a power, a product or a fraction comes to: 2^10, 2**10, 4*512, 1/3; a recipe computes nothing. None for others."""
    word = re.sub(f"[{UPPER}]+", lambda digits: "^" + digits[0].translate(str.maketrans(UPPER, "0123456789")), word)
    kinds = set(shapes.at(model, path))
    if power := re.fullmatch(r"(\d{1,4})\s*(?:\^|\*\*)\s*(\d{1,2})", word):
        number: float = int(power[1]) ** int(power[2])
    elif re.fullmatch(r"\d{1,9}(\s*[*x×·]\s*\d{1,9})+", word):
        number = prod(int(each) for each in re.findall(r"\d+", word))
    elif (parts := re.fullmatch(r"(\d{1,6})\s*/\s*(\d{1,6})", word)) and int(parts[2]) and float in kinds:
        number = round(int(parts[1]) / int(parts[2]), 4)
    else:
        return None
    if not kinds & {int, float} or number > MOST:
        return None
    return Hint(f"write {path[-1]}: {number}", (Edit("set", full, number),))


USUAL_SHARES = {"eval_steps": (0.1, "every tenth of all steps"), "save_steps": (0.05, "every twentieth of all steps, of 500 at most,")}


def of_share(raw: Any, name: str, full: RecipePath, value: float) -> Hint:
    """A share of the run in a field of steps: transformers takes both in eval_steps and save_steps, and nobody in warmup_steps."""
    if name == "warmup_steps":
        taken = isinstance(raw, dict) and raw.get("warmup_ratio") is not None
        return Hint(f"write warmup_ratio: {value:g}", () if taken else (Edit("rename", full, None, "warmup_ratio"),))
    if name in ("eval_steps", "save_steps"):
        steps = raw.get("max_steps") if isinstance(raw, dict) else None
        if isinstance(steps, int) and not isinstance(steps, bool) and steps > 0:
            number = max(1, round(value * steps))
            return Hint(f"write {name}: {number}, {value:g} of {steps} steps", (Edit("set", full, number),))
        usual, words = USUAL_SHARES[name]
        if value == usual:
            return Hint(f"delete the line: {words} is what happens without it", (Edit("delete", full),))
        return Hint(f"write a number of steps, or delete it: {words} then")
    return Hint()
