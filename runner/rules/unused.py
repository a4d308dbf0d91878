"""Unused: settings that another one puts out of work, so that whoever wrote them believes in what does not happen."""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from runner.meant import StepMeant
from runner.rules import View, at, number, path, rule, say, sources
from schemas.findings import Edit, Finding, RulePage, Severity


class Unused(NamedTuple):
    """A field of a type of steps. idle: whether nothing reads it. why: follows "has no effect". fix: what else may be meant.

    severity: a warning where something is believed to happen that does not.
    """

    type: str
    field: str
    idle: Callable[[StepMeant], bool]
    why: str
    fix: str
    severity: Severity = "warning"


UNUSED = (
    Unused("parse_corpus", "clean.similarity", lambda step: at(step.raw, "clean.near_duplicates") in (None, "keep"),
           "where near duplicates are kept", "write near_duplicates: drop beside it, or delete it"),
    Unused("plan", "dry_run_steps", lambda step: at(step.raw, "skip_dry_run") is True,
           "with skip_dry_run: true", "delete one of the two", "info"),
    Unused("train", "on_expect", lambda step: not at(step.raw, "expect"),
           "without bands that a figure could leave", "write expect: {100: {train_loss: [3, 6]}}, or delete it"),
    Unused("train", "decay_embeddings", lambda step: number(step, "weight_decay") == 0,
           "with weight_decay: 0", "delete it, or write weight_decay: 0.1", "info"),
    Unused("validate_checkpoint", "max_new_tokens", lambda step: not at(step.raw, "prompts"),
           "without prompts to continue", "write prompts, or delete it", "info"),
)  # fmt: skip


@rule(
    RulePage(
        "K015",
        "a setting that another puts out of work",
        "The key is known and its value sound, and yet nothing reads it, for what it belongs to is switched off or not written: a "
        "similarity of near duplicates that nobody looks for drops none. It is an information where nothing else happens than is written.",
        wrong="clean: {similarity: 0.7}",
        right="clean: {near_duplicates: drop, similarity: 0.7}",
        source="transformers, GenerationConfig.validate: temperature without do_sample",
        severity="warning",
    )
)
def settings_are_read(view: View) -> Iterator[Finding]:
    """K015: the fields of UNUSED, a fallback that is its own source again, and tokens that a base has before they are added."""
    for step in view.meant.steps:
        for each in UNUSED:
            if each.type == step.type and at(step.raw, each.field) is not None and each.idle(step):
                message = f"{each.field.rpartition('.')[2]} has no effect {each.why}"
                yield say("K015", step, each.field, message, each.fix, severity=each.severity, on="key")
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            fallback = source.get("fallback")
            if isinstance(fallback, dict) and _place(fallback) == _place(source) and any(_place(source)):
                message = "the fallback is the source itself: where that cannot be read, this cannot either"
                yield say("K015", step, f"{where}.fallback", message, "name another place, or delete it", severity="warning", on="key")
    for step, _, folder in view.bases:
        added = at(step.raw, "add_tokens")
        if folder is None or not isinstance(added, list):
            continue
        if had := [name for name in added if isinstance(name, str) and name in folder.tokens]:
            message = f"{folder.name} has {', '.join(map(repr, had[:3]))} already: no row is added for {'it' if len(had) == 1 else 'them'}"
            rest = [name for name in added if name not in had]
            whole = path(step, "add_tokens")
            edits = (Edit("set", whole, rest),) if rest else (Edit("delete", whole),)
            fix = f"write add_tokens: {json.dumps(rest, ensure_ascii=False)}" if rest else "delete it"
            yield say("K015", step, "add_tokens", message, fix, severity="warning", edits=edits, on="key")


def _place(source: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(source.get(name) for name in ("path", "hub", "url", "config", "split", "revision"))
