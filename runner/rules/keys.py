"""Keys that stand in a recipe and say nothing: left empty, or without effect where they stand."""

import re
from collections.abc import Iterator
from typing import Any

from runner.rules import View, at, path, rule, say, sources
from runner.written import written
from schemas.findings import Edit, Finding, RulePage


@rule(
    RulePage(
        "K012",
        "a key left empty",
        "Nothing behind a colon is null, and null is for many keys the same as a line that is not there: max_steps: without a number "
        "trains one pass over the data, whatever was meant to be filled in. Who means null writes it.",
        wrong="max_steps:",
        right="max_steps: 1000",
        source="YAML 1.2.2, section 7.2: empty nodes",
        severity="warning",
        needs="the recipe",
    )
)
def keys_say_something(view: View) -> Iterator[Finding]:
    """K012: a param of a step without a value. One that may not be null is said where it is validated."""
    for step in view.meant.steps:
        if step.params is None:
            continue
        for where in _nulls(step.raw, ""):
            place = view.meant.places.get(path(step, where))
            if place is None or place[2].start != place[2].end:
                continue
            message = f"{where} is left empty: that counts as null"
            if where == "max_steps" and step.raw.get("num_train_epochs") is None:
                message += ", and one pass over the data is trained"
            name = where.rpartition(".")[2]
            fix = "write a value, or null, or delete the line"
            fix = f"write {name}: {{}} for its usual settings" if where == f"tracking.{name}" else fix
            yield say("K012", step, where, message, fix, severity="warning", on="key")


def _nulls(value: Any, where: str) -> Iterator[str]:
    """Dotted paths of the nulls in plain data."""
    if value is None:
        yield where
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in pairs:
        if "." not in str(key):
            yield from _nulls(child, f"{where}.{key}" if where else str(key))


TEXTS = {"train": ("samples",), "validate_checkpoint": ("prompts",), "export_ollama": ("system", "parameters.stop")}  # what a model reads
WRITTEN_OUT = re.compile(r"\\[nt](?![a-z])")  # not the \nu and \nabla of formulas


@rule(
    RulePage(
        "K013",
        "a line end in single quotes",
        "YAML knows \\n only in double quotes. In single quotes, and in none, it is a backslash and an n: both are learned in every text, "
        "a prompt begins as no text does, and a stop text never comes.",
        wrong="parameters: {stop: ['\\n\\n']}",
        right='parameters: {stop: ["\\n\\n"]}',
        source="yaml.org/spec/1.2.2, 7.3.2: single-quoted style",
        severity="warning",
        needs="the recipe",
    )
)
def line_ends_are_line_ends(view: View) -> Iterator[Finding]:
    """K013: \\n or \\t written out in a template of columns, a prompt, a system message or a stop text."""
    for step in view.meant.steps:
        named = [(name, at(step.raw, name)) for name in TEXTS.get(step.type, ())]
        for where, source, _ in sources(step) if step.type == "parse_corpus" else ():
            columns = source.get("columns")
            named += [(f"{where}.columns.{role}", text) for role, text in (columns if isinstance(columns, dict) else {}).items()]
        for where, value in named:
            for place, text in enumerate(value) if isinstance(value, list) else [(-1, value)]:
                if not isinstance(text, str) or not WRITTEN_OUT.search(text):
                    continue
                here = where if place < 0 else f"{where}.{place}"
                meant = WRITTEN_OUT.sub(lambda found: {"n": "\n", "t": "\t"}[found[0][1]], text)
                sign = WRITTEN_OUT.findall(text)[0]
                message = f"{sign} is two signs here, and no {'line end' if sign[1] == 'n' else 'tab'}"
                edits = (Edit("set", path(step, here), meant),)
                yield say("K013", step, here, message, f"write it in double quotes: {written(meant)}", severity="warning", edits=edits)


@rule()
def splits_are_of_data_sets(view: View) -> Iterator[Finding]:
    """D101: `split` of a file or an address, which have none: all of it is read. A warning where it says train, and so means all."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            split = source.get("split")
            if not isinstance(split, str) or isinstance(source.get("hub"), str):
                continue
            named = source.get("path") or source.get("url")
            if not isinstance(named, str):
                continue
            edits = (Edit("delete", path(step, f"{where}.split")),) if split == "train" else ()
            message = f"split has no effect without hub: all of {named} is read"
            fix = (
                "delete split"
                if split == "train"
                else "name the file that holds it, or delete split: val_fraction of tokenize_bin keeps a part for validation"
            )
            yield say("D101", step, f"{where}.split", message, fix, severity="warning" if edits else "error", edits=edits, on="key")
