"""The form of the eighth batch: a failure with the sentence that must be said of it. See batch_8."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cases import LM, SFT, Report

BASE = "models/base"
RATE = {LM: "    learning_rate: 1e-3\n", SFT: "    learning_rate: 2e-4\n"}
EXPORT = {LM: "    name: small\n", SFT: "    name: tuned\n"}
SOURCE = "      - path: data/chat.jsonl\n"
LORA = "    lora: {r: 8, lora_alpha: 16}\n"
MODEL = "{family: llama, d_model: 256, n_layers: 4, n_heads: 4}"
VOCAB = "    vocab_size: 1000\n"


@dataclass(frozen=True)
class Blind(Report):
    """A failure. must: what a good check says of it, in one sentence."""

    must: str = ""


def case(
    family: str,
    source: str,
    title: str,
    changes: Mapping[str, str],
    at: str,
    says: str,
    repair: Mapping[str, str] | None,
    must: str,
    recipe: str = LM,
    **more: Any,
) -> Blind:
    """A failure. repair: None where only a file or the machine can be mended."""
    more.setdefault("twin", repair is not None or "mended" in more)
    return Blind(family, title, recipe, changes, source=source, at=at, says=says, repair=repair or {}, must=must, **more)


def line(family: str, source: str, title: str, text: str, says: str, better: str, must: str, recipe: str = LM, **more: Any) -> Blind:
    """A failure by one line more in the train step. better: the line that is right, or nothing."""
    after = RATE[recipe]
    mended = f"    {better}\n" if better else ""
    at = more.pop("at", text)
    return case(family, source, title, {after: f"{after}    {text}\n"}, at, says, {f"    {text}\n": mended}, must, recipe, **more)


def swap(
    family: str, source: str, title: str, good: str, bad: str, says: str, must: str, recipe: str = LM, better: str = "", **more: Any
) -> Blind:
    """A failure by one text in another's place."""
    at = more.pop("at", bad.strip())
    return case(family, source, title, {good: bad}, at, says, {bad: better or good}, must, recipe, **more)


def rows(family: str, source: str, title: str, bad: Mapping[str, Any], says: str, must: str, **more: Any) -> Blind:
    """A failure in the files that a chat model is tuned on. mended: the files as they should be, the project's own when left out."""
    more.setdefault("mended", {})
    at = more.pop("at", "data/chat | models/base")
    changes = more.pop("changes", {})
    return case(family, source, title, changes, at, says, more.pop("repair", {}), must, SFT, files=bad, **more)


def talk(*turns: tuple[str, str]) -> dict[str, Any]:
    """A conversation."""
    return {"messages": [{"role": role, "content": text} for role, text in turns]}
