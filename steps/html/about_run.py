"""Sections about the run itself: its steps, what was found and fixed, what happened, how it was configured, on what it ran."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from steps.html.charts import bar
from steps.html.runlog import MEMORY_EVENTS, RunLog
from steps.html.words import count, cut, flat, moment, number, plain, span

SHOWN_EVENTS = 300
TOLD_ELSEWHERE = ("finding", "fixed", "made", "reused", "failed", "skipped", "stopped")  # by the table of steps and the findings
TELLING = (
    "recipe",
    "torch",
    "transformers",
    "tokenizers",
    "sentencepiece",
    "datasets",
    "peft",
    "bitsandbytes",
    "mamba-ssm",
    "gguf",
    "xllamacpp",
    "numpy",
)
MARKS = {"made": "●", "reused": "↺", "failed": "✕", "skipped": "–", "stopped": "‖"}


@dataclass
class Section:
    """One part of the page. data: what its template is filled with."""

    id: str
    title: str
    template: str
    data: dict[str, Any] = field(default_factory=dict)


def steps(run: RunLog) -> Section | None:
    """The table of steps: what became of each, why, and how long it took."""
    longest = max((s.seconds for s in run.record.steps), default=0.0)
    rows = [
        {
            "id": s.id,
            "type": s.type if s.type != s.id else "",
            "status": s.status,
            "mark": MARKS[s.status],
            "reason": s.reason if s.reason != s.error else "",
            "error": cut(s.error.strip(), 4000)[0],
            "seconds": "" if s.status == "skipped" else f"saved {span(s.seconds)}" if s.status == "reused" else span(s.seconds),
            "bar": bar(s.seconds / longest) if longest and s.status != "reused" else "",
            "key": s.key[:12],
            "digest": s.digest[:12],
        }
        for s in run.record.steps
    ]
    return Section("steps", "Steps", "steps", {"rows": rows}) if rows else None


def findings(run: RunLog) -> Section | None:
    """What the check found: first what was mended in memory, then what was left."""
    rows = [
        {
            "code": str(f.get("code", "")),
            "severity": str(f.get("severity", "")),
            "message": str(f.get("message", "")),
            "fix": str(f.get("fix") or ""),
            "place": _place(f.get("place")),
            "fixed": bool(f.get("fixed")),
        }
        for f in run.record.findings
        if isinstance(f, dict)
    ]
    order = {"error": 0, "warning": 1, "info": 2}
    rows.sort(key=lambda row: (not row["fixed"], order.get(str(row["severity"]), 3)))
    if not rows:
        return None
    mended = sum(bool(row["fixed"]) for row in rows)
    return Section("findings", "What was fixed and found", "findings", {"rows": rows, "mended": mended, "left": len(rows) - mended})


def _place(place: Any) -> str:
    if isinstance(place, dict):
        parts = [str(place[key]) for key in ("file", "line", "column") if place.get(key) not in (None, "")]
        return ":".join(parts)
    return str(place or "")


def events(run: RunLog) -> Section | None:
    """What happened on the way: events that carry a message, and every decision about memory."""
    rows = []
    for event in run.events:
        name = str(event.get("event", ""))
        notable = any(word in name.lower() for word in MEMORY_EVENTS)
        if name in TOLD_ELSEWHERE:
            continue
        if not notable and not event.get("message"):
            continue
        rest = {k: v for k, v in event.items() if k not in ("event", "id", "timestamp", "message")}
        told = cut(str(event.get("message") or ""), 600)[0]
        facts = cut(plain(rest), 400)[0] if rest and (notable or not event.get("message")) else ""
        when = moment(str(event.get("timestamp", ""))).rpartition(", ")[2]
        rows.append({"when": when, "id": str(event.get("id") or ""), "name": name, "told": told, "facts": facts, "notable": notable})
    if not rows:
        return None
    left = len(rows) - SHOWN_EVENTS
    return Section("events", "What happened on the way", "events", {"rows": rows[:SHOWN_EVENTS], "left": max(left, 0)})


def configuration(run: RunLog) -> Section | None:
    """The recipe as it was meant, with everything resolved, as it would be written in YAML."""
    if not run.record.resolved:
        return None
    text, left = cut(_yaml(run.record.resolved), 60_000)
    lines = []
    for line in text.split("\n"):
        head, colon, tail = line.partition(":")
        key = head.lstrip(" -")
        if colon and (not tail or tail.startswith(" ")) and key and not key.startswith(('"', "'", "{", "[")):
            lines.append((head[: len(head) - len(key)], key, colon + tail))
        else:
            lines.append((line, "", ""))
    return Section("configuration", "Configuration", "configuration", {"lines": lines, "left": left, "file": run.record.file})


def _yaml(data: dict[str, Any]) -> str:
    from io import StringIO

    from ruamel.yaml import YAML

    writer = YAML(pure=True)
    writer.default_flow_style = None  # short lists and maps of plain values stay on one line
    writer.allow_unicode = True
    writer.width = 100
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.representer.ignore_aliases = lambda data: True
    out = StringIO()
    writer.dump(_simple(data), out)
    return out.getvalue().rstrip("\n")


def _simple(value: Any) -> Any:
    """The value as plain data, anything strange as its text."""
    if isinstance(value, dict):
        own = value.get("type") if value.get("id") == value.get("type") else None  # an id that only repeats the type is no news
        return {int(k) if str(k).isdecimal() else str(k): _simple(item) for k, item in value.items() if not (k == "id" and own)}
    if isinstance(value, list | tuple):
        return [_simple(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def machine(run: RunLog) -> Section | None:
    """Hardware, packages, and how to make the run again."""
    record = run.record
    packages = sorted(record.packages.items(), key=lambda item: item[0].lower())
    facts = [
        ("recipe", record.recipe),
        ("file", record.file),
        ("recipe digest", record.recipe_digest[:16]),
        ("git commit", record.git_commit),
        ("run", record.run),
        ("started", moment(record.started)),
        ("finished", moment(record.finished)),
        ("command", " ".join([Path(record.command[0]).name, *record.command[1:]]) if record.command else ""),
    ]
    data = {
        "hardware": _hardware(record.hardware),
        "packages": [item for item in packages if item[0].lower() in TELLING],
        "more": [item for item in packages if item[0].lower() not in TELLING],
        "rows": [(name, value) for name, value in facts if value],
        "again": f"recipe run runs/{record.run}",
    }
    return Section("again", "Where it ran, and how to run it again", "machine", data)


def _hardware(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What the record says of the machine; of the machine as the planner knows it, only what the rest does not say."""
    planned = found.get("machine")
    rows: list[tuple[str, str]] = []
    if isinstance(planned, dict):
        title, many = planned.get("title") or planned.get("name") or planned.get("kind"), whole(planned.get("count"))
        rows.append(("machine", f"{many} × {title}" if many > 1 else str(title)))
    rest = {
        name: value
        for name, value in found.items()
        if not (name == "machine" and isinstance(planned, dict)) and value not in ([], {}, None)
    }
    rows += [(name.replace("_", " ").replace(".", " "), cut(text, 300)[0]) for name, text in flat(rest)]
    return rows


def others(run: RunLog) -> Section | None:
    """Statistics under names that this page does not know, such as those of a step from another package."""
    known = {"corpus", "tokenizer", "vocabulary", "bins", "preprocess_stats", "plan", "training", "validation", "export"}
    groups = []
    for name in run.names():
        if name not in known:
            for step, data in run.stats(name):
                groups.append(
                    {"id": step.id, "name": name.replace("_", " "), "rows": [(k, cut(v, 300)[0]) for k, v in flat(data, most=60)]}
                )
    return Section("others", "Further statistics", "others", {"groups": groups}) if groups else None


def problems(run: RunLog) -> Section | None:
    """What this page could not show, and why."""
    if not run.problems:
        return None
    return Section("problems", "What could not be shown", "problems", {"rows": list(run.problems), "count": count(len(run.problems))})


def whole(value: Any) -> int:
    """A count as an int, 0 when it is none."""
    found = number(value)
    return int(found) if found is not None and found - found == 0 else 0


def mapping(value: Any) -> dict[Any, Any]:
    """What a statistic holds by name; nothing where it is none."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """What a statistic lists; nothing where it does not."""
    return value if isinstance(value, list) else []


def maps(value: Any) -> list[dict[str, Any]]:
    """Of what it lists, that which holds something by name."""
    return [entry for entry in listed(value) if isinstance(entry, dict)]
