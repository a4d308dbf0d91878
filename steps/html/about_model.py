"""Sections about the finished model: validation against n-grams, the word check, the exported file."""

from typing import Any

from steps.html.about_run import Section, whole
from steps.html.charts import bar
from steps.html.headline import against_ngram
from steps.html.runlog import RunLog
from steps.html.words import count, cut, figure, fixed, language, number, percent, plain, size


def validation(run: RunLog) -> Section | None:
    """Bits per byte beside the n-grams of the same split, and the checks that were made."""
    blocks = []
    for step, data in run.stats("validation"):
        bits = number(data.get("bits_per_byte"))
        ngrams = [
            (whole(g.get("order")), number(g.get("bits_per_byte")))
            for g in data.get("ngrams") or []
            if isinstance(g, dict) and number(g.get("order"))
        ]
        best = data.get("best_ngram") if isinstance(data.get("best_ngram"), dict) else {}
        smoothing = next((str(g["smoothing"]) for g in data.get("ngrams") or [] if isinstance(g, dict) and g.get("smoothing")), "")
        entries = [(f"{order}-gram", value, order == (best or {}).get("order"), False) for order, value in ngrams]
        entries.append(("this model", bits, False, True))
        longest = max((v for _, v, _, _ in entries if v is not None and v - v == 0), default=1.0) or 1.0
        rows = [
            {
                "name": name,
                "bits": fixed(value, 3),
                "bar": bar(
                    (value or 0.0) / longest if value is not None and value - value == 0 else 0.0, "train" if ours else "rest", mark=None
                ),
                "ratio": fixed(bits / value, 3) if bits and value and not ours and bits - bits == 0 else "",
                "best": is_best,
                "ours": ours,
            }
            for name, value, is_best, ours in entries
            if value is not None
        ]
        names = (
            ("tokens", "tokens judged", count),
            ("val_loss", "loss, nats per token", figure),
            ("recorded_val_loss", "the same, as training recorded it", figure),
        )
        facts = [(name, write(data[key])) for key, name, write in names if number(data.get(key)) is not None]
        checks = [
            (str(c.get("name", "")).replace("_", " "), bool(c.get("passed")), str(c.get("detail") or ""))
            for c in data.get("checks") or []
            if isinstance(c, dict)
        ]
        said = against_ngram(data)
        by = data.get("by")
        languages = [
            (language(str(code)), fixed(found.get("bits_per_byte"), 3), fixed(found.get("loss"), 3))
            for code, found in (by.items() if isinstance(by, dict) else ())
            if isinstance(found, dict)
        ]
        blocks.append(
            {
                "id": step.id,
                "languages": languages if len(languages) > 1 else [],
                "rows": rows,
                "compared": len(rows) > 1,
                "facts": facts,
                "checks": checks,
                "said": said,
                "smoothing": smoothing,
            }
        )
    return Section("validation", "How good it is", "validation", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def words(run: RunLog) -> Section | None:
    """Of the words that the model wrote, how many occur in the corpus, by language."""
    rows = []
    for _, data in run.stats("validation"):
        found = data.get("words")
        for code, told in found.items() if isinstance(found, dict) else ():
            if isinstance(told, dict) and number(told.get("share")) is not None:
                share = float(told["share"])
                rows.append(
                    {
                        "name": language(str(code)),
                        "sampled": count(told.get("sampled")),
                        "known": count(told.get("known")),
                        "share": percent(share),
                        "bar": bar(share, "eval"),
                    }
                )
    return Section("words", "Are its words real words?", "words", {"rows": rows}) if rows else None


def export(run: RunLog) -> Section | None:
    """The exported file, its Modelfile, and what llama.cpp said of it."""
    blocks = []
    for step, data in run.stats("export"):
        proof = data.get("proof") if isinstance(data.get("proof"), dict) else {}
        proved = (proof or {}).get("state") == "proved in llama.cpp"
        names = (
            ("gguf", "file", _file_name),
            ("bytes", "size", size),
            ("quantization", "numbers", plain),
            ("architecture", "architecture", plain),
        )
        facts = [(name, write(data[key])) for key, name, write in names if data.get(key)]
        text, left = cut(str(data.get("modelfile") or ""), 20_000)
        blocks.append(
            {
                "id": step.id,
                "facts": facts,
                "modelfile": text,
                "left": count(left) if left else "",
                "proved": proved,
                "state": str((proof or {}).get("state") or "not tried"),
                "why": str((proof or {}).get("why") or ""),
                "proof": _proof(proof or {}) if proved else [],
            }
        )
    return Section("export", "Exported file", "export", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def _file_name(path: Any) -> str:
    return str(path).replace("\\", "/").rpartition("/")[2]


def _proof(proof: dict[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    paragraphs, equal = number(proof.get("paragraphs")), number(proof.get("equal_ids"))
    if paragraphs is not None and equal is not None:
        rows.append(("paragraphs with equal token ids", f"{count(equal)} of {count(paragraphs)}"))
    positions, same = number(proof.get("positions")), number(proof.get("same_top1"))
    if same is not None:
        share = (
            percent(same, 2)
            if same <= 1 and (positions or 0) != 1
            else f"{count(same)}" + (f" ({percent(same / positions, 2)})" if positions else "")
        )
        rows.append(("same most likely token as PyTorch", share + (f" of {count(positions)} positions" if positions else "")))
    return rows
