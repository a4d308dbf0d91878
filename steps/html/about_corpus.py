"""The section about the corpus: what was read, in which shares and how often, what was left out or altered, and why."""

from collections.abc import Sequence
from typing import Any

from steps.html.about_run import Section, listed, mapping, maps, whole
from steps.html.charts import bar
from steps.html.runlog import RunLog
from steps.html.words import count, cut, fixed, language, number, percent, plain, plural, size
from steps.text.left_out import STAYED

EXAMPLES = 5
EXAMPLE_CHARACTERS = 300
UNREADABLE = 200
ROWS = 100
KINDS = {
    "email": "e-mail address",
    "phone": "phone number",
    "iban": "IBAN",
    "card": "card number",
    "tr_id": "Turkish id",
    "ip": "IP address",
}


def corpus(run: RunLog) -> Section | None:
    """Documents by language and source with the shares and repeats asked and got, what was dropped with examples, files not read."""
    blocks = []
    for step, data in run.stats("corpus"):
        by_language = {str(k): whole(v) for k, v in mapping(data.get("languages")).items()}
        unreadable = [
            (str(u.get("file", "")), str(u.get("reason", ""))) if isinstance(u, dict) else (str(u), "")
            for u in listed(data.get("unreadable"))
        ]
        in_part = any(isinstance(u, dict) and "read" in u for u in listed(data.get("unreadable")))
        reasons = {str(reason): found for reason, found in mapping(data.get("dropped")).items()}
        facts = [
            ("documents", count(data.get("documents"))),
            ("characters", count(data.get("characters"))),
            ("size", size(data.get("bytes"))),
        ]
        blocks.append(
            {
                "id": step.id,
                "facts": [fact for fact, key in zip(facts, ("documents", "characters", "bytes"), strict=True) if key in data],
                "languages": shares({language(k): v for k, v in by_language.items()}),
                **_sources(maps(data.get("sources"))),
                "tables": [table for table in _decided(data) if table["rows"] or table["note"]],
                "dropped": [_dropped(reason, found) for reason, found in reasons.items() if reason not in STAYED],
                "stayed": [_dropped(reason, found) for reason, found in reasons.items() if reason in STAYED],
                "unreadable": unreadable[:UNREADABLE],
                "unreadable_left": max(len(unreadable) - UNREADABLE, 0),
                "unreadable_count": f"{plural(len(unreadable), 'file')} could not be read{', or not whole' if in_part else ''}",
            }
        )
    return Section("corpus", "Corpus", "corpus", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def shares(tally: dict[str, int], *, ordered: bool = False) -> list[dict[str, Any]]:
    """Counts with their shares, the largest first unless they are `ordered` already."""
    total = sum(tally.values()) or 1
    return [
        {"name": name, "count": count(n), "share": percent(n / total), "bar": bar(n / total)}
        for name, n in (tally.items() if ordered else sorted(tally.items(), key=lambda item: -item[1]))
    ]


def _sources(sources: list[dict[str, Any]]) -> dict[str, Any]:
    """Rows of the table of sources; `weighed` and `repeated` tell which of its columns say something."""
    total = sum(whole(s.get("characters")) for s in sources) or 1
    rows = [
        {
            "name": str(s.get("source", "")),
            "documents": count(s.get("documents")),
            "seen": count(s.get("seen", s.get("documents"))),
            "characters": count(s.get("characters")),
            "asked": percent(s["asked"], 1) if number(s.get("asked")) is not None else "",
            "got": percent(s.get("got"), 1) if number(s.get("asked")) is not None else "",
            "share": percent(whole(s.get("characters")) / total),
            "bar": bar(whole(s.get("characters")) / total),
        }
        for s in sources[:ROWS]
    ]
    return {"sources": rows, "weighed": any(row["asked"] for row in rows), "repeated": any("seen" in s for s in sources)}


def _decided(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Small tables of what was repeated, masked, found alike, pinned and read instead."""
    seen = (("Documents", True), ("Repeat asked", True), ("Seen in training", True))
    priority, alike = maps(data.get("priority")), mapping(data.get("near_duplicates"))
    seeds = sorted({whole(entry.get("seed")) for entry in priority})
    sections = [[str(e.get("section", "")), *_repeated(e)] for e in maps(data.get("sections"))]
    masked = [[KINDS.get(str(kind), str(kind)), count(found)] for kind, found in mapping(data.get("masked")).items()]
    clusters = [[cut(str(e.get("example", "")), EXAMPLE_CHARACTERS)[0], count(e.get("documents"))] for e in maps(alike.get("largest"))]
    revisions = [[str(name), "a folder" if commit == "local" else str(commit)] for name, commit in mapping(data.get("revisions")).items()]
    fallbacks = [[str(failed), str(taken)] for failed, taken in mapping(data.get("fallbacks")).items()]
    return [
        _table(
            "Priority folders",
            (("Folder", False), *seen),
            [[str(entry.get("folder", "")), *_repeated(entry)] for entry in priority],
            f"Fractions of a repeat are drawn with seed {', '.join(map(str, seeds))}." if priority else "",
        ),
        _table("Sections of papers", (("Section", False), *seen), sections),
        _table("Masked", (("Private data", False), ("Places", True)), masked),
        _table("Near duplicates", (("Largest clusters", False), ("Documents", True)), clusters, _alike(alike)),
        _table("Encodings other than UTF-8", (("Encoding", False), ("Files", True)), _counts(data.get("encodings"))),
        _table("Revisions", (("Data set", False), ("Commit", False)), revisions),
        _table("Fallbacks taken", (("Source that failed", False), ("Read instead", False)), fallbacks),
    ]


def _table(title: str, heads: Sequence[tuple[str, bool]], rows: list[list[str]], note: str = "") -> dict[str, Any]:
    """heads: each with whether numbers stand below it. note: a sentence above the table."""
    return {"title": title, "heads": heads, "rows": rows[:ROWS], "note": note, "left": max(len(rows) - ROWS, 0)}


def _repeated(entry: dict[str, Any]) -> list[str]:
    """Documents, the repeat asked for, and how many documents training sees."""
    return [
        count(entry.get("documents")),
        f"{entry['repeat']:g}" if number(entry.get("repeat")) is not None else "",
        count(entry.get("seen")),
    ]


def _alike(found: dict[str, Any]) -> str:
    """What was done with near duplicates, in one sentence."""
    if not found:
        return ""
    least = f"(similarity {fixed(found.get('similarity'))} or more)"
    if not whole(found.get("documents")):
        return f"No document is much like an earlier one {least}."
    clusters = plural(whole(found.get("clusters")), "cluster")
    return f"{plural(whole(found['documents']), 'document')} like an earlier one, in {clusters}: {found.get('done', '')} {least}."


def _counts(found: Any) -> list[list[str]]:
    return [[str(name), count(value)] for name, value in sorted(mapping(found).items(), key=lambda item: -whole(item[1]))]


def _dropped(reason: str, found: Any) -> dict[str, Any]:
    data = found if isinstance(found, dict) else {"count": found}
    examples = []
    for example in listed(data.get("examples"))[:EXAMPLES]:
        text, left = cut(example if isinstance(example, str) else plain(example), EXAMPLE_CHARACTERS)
        examples.append(text + ("…" if left else ""))
    return {"reason": reason.replace("_", " "), "count": count(data.get("count")), "examples": examples}
