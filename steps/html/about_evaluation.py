"""Sections that tell a training's last evaluation by source, and what it gave up for want of memory."""

from typing import Any

from steps.html.about_run import Section
from steps.html.charts import bar
from steps.html.runlog import RunLog
from steps.html.words import count, cut, figure, fixed, number, plain, plural

SHOWN = 40  # sources; of more the worst are shown
ERROR_CHARACTERS = 160
NAMES = {"batch_size": "sequences at a time", "eval_batch_size": "sequences at a time in validation", "checkpointing":
         "activations computed again", "loss_chunk_tokens": "tokens of a loss chunk", "length": "tokens of a row",
         "layers": "layers with adapters", "rows": "rows of a step", "accumulation": "micro-batches of a step"}  # fmt: skip


def sources(run: RunLog) -> Section | None:
    """The last evaluation of each source of the text, the worst first; nothing where there is one source or none is told."""
    blocks = []
    for step, data in run.stats("training"):
        found = {str(name): rates for name, rates in (data.get("by_source") or {}).items() if isinstance(rates, dict)}
        if len(found) < 2:
            continue
        in_bits = all(number(rates.get("bits_per_byte")) is not None for rates in found.values())
        field = "bits_per_byte" if in_bits else "loss"
        order = sorted(found, key=lambda name: (-(number(found[name].get(field)) or 0), name))
        longest = max(number(found[name].get(field)) or 0 for name in order) or 1
        rows = [_source(name, found[name], field, longest) for name in order[:SHOWN]]
        blocks.append({"id": step.id, "rows": rows, "in_bits": in_bits, "left": count(len(order) - SHOWN) if len(order) > SHOWN else ""})
    return Section("sources", "Evaluation by source", "sources", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def _source(name: str, rates: dict[str, Any], field: str, longest: float) -> dict[str, Any]:
    return {
        "name": name or "not said", "loss": fixed(rates.get("loss"), 3), "bits": fixed(rates.get("bits_per_byte"), 3),
        "bar": bar((number(rates.get(field)) or 0) / longest, "c0"),
    }  # fmt: skip


def given_up(run: RunLog) -> Section | None:
    """What memory took from each training: at which step, in what, from what to what, and what the allocator said."""
    blocks = []
    for step, data in run.stats("training"):
        rows = [_given_up(row) for row in data.get("reductions") or [] if isinstance(row, dict)]
        if rows:
            said = f"Memory ran out {plural(len(rows), 'time')}; each time the training went on from its last good step with less."
            blocks.append({"id": step.id, "said": said, "rows": rows})
    return Section("memory", "Given up for memory", "given_up", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def _given_up(row: dict[str, Any]) -> dict[str, Any]:
    changed = row.get("changed") if isinstance(row.get("changed"), dict) else {}
    shown = [(NAMES.get(name, name), _told(pair)) for name, pair in (changed or {}).items() if name not in ("halvings", "cuts")]
    error, left = cut(str(row.get("error") or ""), ERROR_CHARACTERS)
    at = number(row.get("step"))
    at = at if at is None or row.get("during") == "validation" else at + 1  # after so many steps, or in the next
    return {"step": figure(None) if at is None else count(at), "during": str(row.get("during") or ""), "changed": shown,
            "error": error + ("…" if left else "")}  # fmt: skip


def _told(pair: Any) -> str:
    was, now = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
    return f"{_word(was)} → {_word(now)}"


def _word(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else count(value) if number(value) is not None else plain(value) or "all"
