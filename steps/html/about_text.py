"""Sections about the text behind its corpus: tokenizer and its proof, token bins, lengths before and after splitting."""

from typing import Any

from steps.html.about_corpus import shares
from steps.html.about_run import Section, listed, mapping, whole
from steps.html.charts import SMALL, WIDE, histogram
from steps.html.runlog import RunLog
from steps.html.words import count, cut, fixed, language, number, percent, plain, plural, size

PIECES = 160


def tokenizer(run: RunLog) -> Section | None:
    """What the tokenizer is, and the proof that it fits its text: special ids, round trip, cost by language, coloured pieces."""
    blocks: list[dict[str, Any]] = []
    proofs = run.stats("vocabulary")
    for step, data in run.stats("tokenizer"):
        names = (
            ("vocab_size", "pieces", count),
            ("asked", "asked for", plain),
            ("model", "model", plain),
            ("byte_fallback", "byte fallback", plain),
            ("normalization", "normalisation", plain),
            ("sampled_bytes", "learned from", size),
            ("ids", "ids", plain),
        )
        facts = [(name, write(data[key])) for key, name, write in names if data.get(key) is not None]
        longest = [_piece(str(p), i) for i, p in enumerate(listed(data.get("longest_pieces"))[:30])]
        blocks.append({"id": step.id, "facts": facts, "longest": longest, "proof": None})
    for step, data in proofs:
        reference = mapping(data.get("reference"))
        beside = mapping(reference.get("by_language"))
        proof = {
            "size": count(data.get("vocab_size")),
            "special": [(str(k), plain(v)) for k, v in mapping(data.get("special")).items()],
            "languages": [
                _proved(str(code), found, mapping(beside.get(code)))
                for code, found in mapping(data.get("by_language")).items()
                if isinstance(found, dict)
            ],
            "reference": f"{reference.get('name', '')} ({count(reference.get('vocab_size'))} pieces)" if reference else "",
            "turkish": turkish(mapping(data.get("turkish"))),
            "bins": [
                (str(b.get("file", "")), plain(b.get("dtype")), count(b.get("tokens")), count(b.get("largest_id")), bool(b.get("fits")))
                for b in listed(data.get("bins"))
                if isinstance(b, dict)
            ],
            "sample": [_sentence(s) for s in listed(data.get("sample"))[:12] if isinstance(s, dict)],
            "agreement": [
                (str(a.get("where", "")), count(a.get("size")), bool(a.get("agrees")), str(a.get("note") or ""))
                for a in listed(data.get("agreement"))
                if isinstance(a, dict)
            ],
        }
        blocks.append({"id": step.id, "facts": [], "longest": [], "proof": proof})
    several = len(proofs) > 1 or len(run.stats("tokenizer")) > 1
    return Section("tokenizer", "Tokenizer", "tokenizer", {"blocks": blocks, "several": several}) if blocks else None


def _proved(code: str, found: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """One language's row; `beside`: the same figures of the tokenizer that this one is compared with."""
    return {
        "name": language(code),
        "documents": count(found.get("documents")),
        "round_trip": percent(found.get("round_trip"), 1),
        "whole": number(found.get("round_trip")) == 1.0,
        "unknown": percent(found.get("unknown_rate"), 2),
        "characters": fixed(found.get("characters_per_token")),
        "bytes": fixed(found.get("bytes_per_token")),
        "tokens": fixed(found.get("tokens_per_word")),
        "beside": fixed(beside.get("characters_per_token")) if beside else "",
        "beside_tokens": fixed(beside.get("tokens_per_word")) if beside else "",
    }


def turkish(data: dict[str, Any]) -> dict[str, Any]:
    """Letters, capitals and suffix chains, as steps/text/turkish.py found them; empty where there was no Turkish."""
    if not data:
        return {}
    letters = [entry for entry in listed(data.get("letters")) if isinstance(entry, dict)]
    chains = [entry for entry in listed(data.get("chains")) if isinstance(entry, dict)]
    cuts = sum(whole(entry.get("cuts")) for entry in chains)
    tokens, morphemes = (sum(whole(entry.get(key)) for entry in chains) for key in ("tokens", "morphemes"))
    words = {str(name): whole(number_) for name, number_ in mapping(data.get("words")).items()}
    return {
        "letters": [(str(e.get("letter", "")), bool(e.get("kept")), len(listed(e.get("pieces")))) for e in letters],
        "lost": [str(e.get("letter", "")) for e in letters if not e.get("kept")],
        "cases": [
            {
                "words": [str(e.get("lower", "")), str(e.get("upper", ""))],
                "pieces": [[_piece(str(p), i) for i, p in enumerate(listed(side))] for side in listed(e.get("pieces"))],
                "kept": bool(e.get("kept")),
            }
            for e in listed(data.get("cases"))
            if isinstance(e, dict)
        ],
        "chains": [
            {
                "suffixes": "-".join(str(m) for m in listed(e.get("suffixes"))),
                "pieces": [_piece(str(p), i) for i, p in enumerate(listed(e.get("pieces")))],
                "tokens": count(e.get("tokens")),
                "morphemes": count(e.get("morphemes")),
                "per": fixed(e.get("per_morpheme")),
                "borders": f"{count(e.get('on_border'))} of {count(e.get('cuts'))}",
            }
            for e in chains
        ],
        "per": fixed(tokens / morphemes) if morphemes else "",
        "borders": percent(sum(whole(entry.get("on_border")) for entry in chains) / cuts) if cuts else "",
        "words": shares(words, ordered=True),
    }


def _sentence(sample: dict[str, Any]) -> dict[str, Any]:
    code = str(sample.get("lang") or "")
    pieces = [str(p) for p in listed(sample.get("pieces"))]
    return {
        "lang": code,
        "language": language(code) if code else "",
        "text": cut(str(sample.get("text") or ""), 600)[0],
        "pieces": [_piece(p, i) for i, p in enumerate(pieces[:PIECES])],
        "left": count(len(pieces) - PIECES) if len(pieces) > PIECES else "",
        "count": plural(len(pieces), "piece"),
    }


def _piece(piece: str, place: int) -> dict[str, Any]:
    """A piece with its marks made visible: the space that opens a word, a line's end; a byte of byte fallback is told apart."""
    byte = len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")
    shown = piece[3:5] if byte else piece.replace("▁", "·").replace("\n", "↵").replace("\t", "⇥").replace(" ", "·")
    return {"text": shown or "∅", "look": "byte" if byte else f"p{place % 4}", "title": piece}


def bins(run: RunLog) -> Section | None:
    """Tokens, documents and bytes of the training and validation files."""
    blocks = []
    for step, data in run.stats("bins"):
        splits = [
            {
                "name": name,
                "tokens": count(mapping(data.get(key)).get("tokens")),
                "documents": count(mapping(data.get(key)).get("documents")),
                "size": size(mapping(data.get(key)).get("bytes")),
            }
            for key, name in (("train", "training"), ("val", "validation"))
            if data.get(key)
        ]
        names = (
            ("dtype", "stored as", plain), ("bytes_per_token", "bytes per token", fixed), ("largest_id", "largest id", count),
            ("overlap_left_out", "characters of overlap left out", count),
        )  # fmt: skip
        facts = [(name, write(data[key])) for key, name, write in names if data.get(key) is not None]
        blocks.append({"id": step.id, "splits": splits, "facts": facts})
    return Section("bins", "Token files", "bins", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def lengths(run: RunLog) -> Section | None:
    """Tokens per document before and after split_long: a table of quantiles and a histogram."""
    blocks = []
    for step, data in run.stats("preprocess_stats"):
        before, after = mapping(data.get("before")), mapping(data.get("after"))
        names = ("count", "min", "median", "p90", "p95", "p99", "max")
        rows = [
            ("documents" if n == "count" else n, count(before.get(n)), count(after.get(n)) if after else "")
            for n in names
            if n in before or n in after
        ]
        chunks, lost = mapping(data.get("chunks_per_entry")), mapping(data.get("truncated"))
        facts = [
            ("longest allowed", plural(data["max_tokens"], "token") if number(data.get("max_tokens")) else ""),
            ("cut by", plain(data["strategy"]) if data.get("strategy") else ""),
            (
                "too long before",
                percent(data["over_limit_share_before"], 1) if number(data.get("over_limit_share_before")) is not None else "",
            ),
            ("cutting them there would lose", f"{plural(lost['tokens'], 'token')}, {percent(lost['share_of_tokens'], 1)}" if lost else ""),
            ("too long after", count(data["over_limit_after"]) if number(data.get("over_limit_after")) is not None else ""),
            ("pieces per document", f"{fixed(chunks.get('mean'))} on average, at most {count(chunks.get('max'))}" if chunks else ""),
        ]
        facts += [(what, count(n)) for what, n in mapping(data.get("conversations_done")).items()]
        facts.append(("quantiles", plain(data["quantiles"]) if data.get("quantiles") else ""))
        blocks.append({"id": step.id, "rows": rows, "facts": [f for f in facts if f[1]], "after": bool(after), **_histograms(data)})
    return Section("lengths", "Lengths of documents", "lengths", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def _histograms(data: dict[str, Any]) -> dict[str, Any]:
    found = mapping(data.get("histogram"))
    edges = [float(e) for e in listed(found.get("edges")) if number(e) is not None]
    bars = [
        (label, look, [float(number(c) or 0) for c in listed(found.get(key))])
        for key, label, look in (("before", "before", "rest"), ("after", "after", "c0"))
        if listed(found.get(key))
    ]
    if len(edges) < 2 or not bars or any(len(counts) != len(edges) - 1 for _, _, counts in bars):
        return {"wide": "", "small": "", "legend": []}
    full = [i for i in range(len(edges) - 1) if any(counts[i] for _, _, counts in bars)] or [0]
    low, high = max(full[0] - 1, 0), min(full[-1] + 2, len(edges) - 1)  # one empty bin on either side, no more
    edges, bars = edges[low : high + 1], [(label, look, counts[low:high]) for label, look, counts in bars]
    x_name = "tokens per document"
    return {
        "wide": histogram(edges, bars, x_name, WIDE),
        "small": histogram(edges, bars, x_name, SMALL),
        "legend": [(look, label) for label, look, _ in bars],
    }
