"""Sections about the training: loss, throughput, memory, expectations, samples on the way, the plan."""

from dataclasses import replace
from math import isfinite
from re import fullmatch, match
from typing import Any

from markupsafe import Markup

from steps.html.about_run import Section
from steps.html.charts import SMALL, Chart, Line, band, bar, line_chart
from steps.html.curves import Curve, gaps, smoothed, thinned
from steps.html.runlog import RunLog, TrainLog
from steps.html.words import count, cut, family, figure, fixed, language, listed, memory, number, percent, plain, plural, short, span

SAMPLE_CHARACTERS = 1500


def loss(run: RunLog) -> Section | None:
    """Loss of each training step: raw, smoothed, evaluations, memory marks; linear or logarithmic."""
    blocks: list[dict[str, Any]] = []
    for log in run.logs:
        raw, evals = log.curve("train_loss"), log.curve("eval_loss")
        chart = _loss_chart(log)
        if chart.empty:
            if len(raw) or len(evals):
                blocks.append({"id": log.id, "views": [], "small": "", "legend": [], "said": _loss_words(log)})
            continue
        views = [("linear", line_chart(chart))]
        if len(raw) > 2 or len(evals) > 2:
            views += [("log loss", line_chart(chart, log_y=True)), ("log steps", line_chart(chart, log_x=True))]
        legend = [("raw", "each log line")] if len(raw) else []
        legend += [("train", "smoothed")] if any(line.look == "train" for line in chart.lines) else []
        legend += [("eval", "evaluation on the fixed set")] if len(evals) else []
        legend += [("mark", "out of memory")] if log.marks else []
        blocks.append({"id": log.id, "views": views, "small": line_chart(chart, SMALL), "legend": legend, "said": _loss_words(log)})
    return Section("loss", "Loss", "loss", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def _loss_chart(log: TrainLog) -> Chart:
    raw, evals = log.curve("train_loss"), log.curve("eval_loss")
    lines = [Line("train", thinned(raw), "raw")]
    if len(log.smooth):
        lines.append(Line("smoothed", thinned(log.smooth), "train"))
    lines.append(Line("eval", thinned(evals), "eval", dots=True))
    return Chart(f"Loss of {log.id}", [line for line in lines if len(line.curve)], "loss, nats per token", marks=log.marks)


def _loss_words(log: TrainLog) -> list[str]:
    raw, evals = log.curve("train_loss"), log.curve("eval_loss")
    said: list[str] = []
    smooth = log.smooth if len(log.smooth) else raw
    whole_eval = bool(len(evals)) and isfinite(evals.ys[-1])
    if smooth.first is not None and smooth.last is not None and len(raw) > 1:
        went = "fell" if smooth.last < smooth.first else "rose"
        said.append(f"Training loss {went} from {fixed(smooth.first)} to {fixed(smooth.last)} nats per token.")
    best = evals.lowest
    if best is not None and evals.last is not None and whole_eval:
        at, low = best
        if evals.last <= low:
            said.append(f"The evaluation set ends at its lowest, {fixed(evals.last)}.")
        elif evals.last <= low * 1.001:
            ends = f"ends as good as there, at {fixed(evals.last, 4)}"
            said.append(f"The evaluation set was lowest at step {count(at)} with {fixed(low, 4)} and {ends}.")
        else:
            said.append(
                f"The evaluation set was best at step {count(at)} with {fixed(low)} and ends at {fixed(evals.last)}, "
                f"{percent(evals.last / low - 1, 1)} higher: the later steps no longer helped it."
            )
    if log.marks:
        times = "once" if len(log.marks) == 1 else plural(len(log.marks), "time")
        said.append(f"Memory ran out {times}, at step {listed([count(x) for x, _ in log.marks], 6)}.")
    for name, curve in (("training", raw), ("evaluation", evals)):
        places, bad = gaps(curve)
        if bad:
            where = listed([count(a) if a == b else f"{count(a)} to {count(b)}" for a, b in places], 5)
            said.append(f"The {name} loss was not a finite number in {plural(bad, 'log line')} (step {where}).")
    return said


def course(run: RunLog) -> Section | None:
    """Small charts beside each other: throughput, memory, learning rate, gradient norm, bits per byte by language."""
    blocks = []
    for log in run.logs:
        budget = _budget(run)
        charts = [
            Chart("Throughput", _one(log, "tokens_per_sec", "tokens/s"), "tokens per second", marks=log.marks, zero=True, value=count),
            Chart(
                "Memory",
                _one(log, "peak_memory_gb", "peak", area=True, smooth=False),
                "peak memory, GB",
                marks=log.marks,
                zero=True,
                limits=[(budget, "budget")] if budget and _near(budget, log.curve("peak_memory_gb")) else [],
            ),
            Chart("Learning rate", _one(log, "learning_rate", "lr", smooth=False), "learning rate", zero=True),
            Chart("Gradient norm", _one(log, "grad_norm", "norm"), "gradient norm", zero=True),
            Chart(
                "By language",
                [Line(language(name), curve, f"c{i % 6}", dots=True) for i, (name, curve) in enumerate(sorted(log.by.items()))],
                "bits per byte, evaluation",
            ),
        ]
        drawn = [_small(chart) for chart in charts if not chart.empty]
        if drawn:
            blocks.append({"id": log.id, "charts": drawn, "said": _course_words(log)})
    return Section("course", "Throughput and memory", "course", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def _one(log: TrainLog, field: str, label: str, *, area: bool = False, smooth: bool = True) -> list[Line]:
    curve = log.curve(field)
    if len(curve) < 60 or not smooth:
        return [Line(label, thinned(curve), "train", area=area)] if len(curve) else []
    return [Line(label, thinned(curve), "raw"), Line("smoothed", thinned(smoothed(curve)), "train")]


def _small(chart: Chart) -> dict[str, Any]:
    legend = [(line.look, line.label) for line in chart.lines] if any(line.look[0] == "c" for line in chart.lines) else []
    unit = chart.y_name if chart.y_name.lower() != chart.name.lower() else ""
    return {"name": chart.name, "unit": unit, "svg": line_chart(replace(chart, captioned=True), SMALL), "legend": legend}


def _budget(run: RunLog) -> float | None:
    chosen = [c for c in run.stat("plan").get("candidates") or [] if isinstance(c, dict) and c.get("verdict") == "chosen"]
    found = number(chosen[0].get("budget_bytes")) if chosen else None
    return found / 1e9 if found else None


def _near(budget: float, curve: Curve) -> bool:
    return bool(curve.finite) and budget < 4 * max(curve.finite)


def _course_words(log: TrainLog) -> str:
    speed, peak = sorted(log.curve("tokens_per_sec").finite), log.curve("peak_memory_gb").finite
    said = f"Typically {count(speed[len(speed) // 2])} tokens per second" if speed else ""
    if peak and max(peak) > 0:
        said += f"{'; at' if said else 'At'} most {fixed(max(peak))} GB of memory"
    return said + "." if said else ""


def expectations(run: RunLog) -> Section | None:
    """Bands that the recipe expects of the training, and what came."""
    rows = []
    several = len(run.stats("training")) > 1
    for step, data in run.stats("training"):
        for entry in data.get("expect") or []:
            low, high, found = number(entry.get("low")), number(entry.get("high")), number(entry.get("found"))
            state = (
                "not reached"
                if entry.get("found") is None and entry.get("inside") is not False
                else "inside"
                if entry.get("inside")
                else "outside"
            )
            rows.append(
                {
                    "id": step.id if several else "",
                    "step": count(entry.get("step")),
                    "metric": str(entry.get("metric", "")).replace("_", " "),
                    "band": f"{figure(low)} to {figure(high)}",
                    "found": figure(found) if found is not None else "",
                    "state": state,
                    "drawn": band(low, high, found) if low is not None and high is not None else "",
                }
            )
    return Section("expectations", "Expected and found", "expectations", {"rows": rows, "several": several}) if rows else None


def samples(run: RunLog) -> Section | None:
    """What the model wrote at each stage of its training, beside the text of the n-gram model."""
    blocks = []
    ngrams = [s for s in run.stat("validation").get("ngram_samples") or [] if isinstance(s, dict)]
    for step_id, last, found in _sampled(run):
        prompts: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for sample in found:
            prompt = str(sample.get("prompt") or "")
            prompts.setdefault((str(sample.get("lang") or _marked(prompt)), prompt), []).append(sample)
        cards = [_card(lang, prompt, stages, last, ngrams) for (lang, prompt), stages in prompts.items()]
        if cards:
            blocks.append({"id": step_id, "cards": cards})
    final = [
        {
            **_text(s.get("text"), str(s.get("lang") or ""), str(s.get("prompt") or "")),
            "language": language(str(s.get("lang") or "")) if s.get("lang") else "",
        }
        for s in run.stat("validation").get("samples") or []
        if isinstance(s, dict)
    ]
    if not blocks and not final:
        return None
    order = number(run.stat("validation").get("ngram_order")) or 3
    name = {2: "bigram", 3: "trigram"}.get(int(order), f"{int(order)}-gram")
    return Section("samples", "What it writes", "samples", {"blocks": blocks, "several": len(blocks) > 1, "final": final, "ngram": name})


def _sampled(run: RunLog) -> list[tuple[str, float, list[dict[str, Any]]]]:
    """(step id, steps in all, samples) of each training; of one that was not finished, what it had logged so far."""
    found = [(step.id, number(data.get("steps")) or 0, data.get("samples") or []) for step, data in run.stats("training")]
    done = {step_id for step_id, _, _ in found}
    params = {step.id: step.params for step in run.record.steps}
    found += [(log.id, number(params[log.id].get("max_steps")) or 0, log.eval_samples) for log in run.logs if log.id not in done]
    return [(step_id, last, [s for s in samples if isinstance(s, dict)]) for step_id, last, samples in found]


def _card(lang: str, prompt: str, found: list[dict[str, Any]], last: float, ngrams: list[dict[str, Any]]) -> dict[str, Any]:
    found.sort(key=lambda s: number(s.get("step")) or 0)
    stages = [
        {**_text(s.get("text"), lang, prompt), "step": count(s.get("step")), "share": _stage(number(s.get("step")) or 0, last)}
        for s in found
    ]
    beside = next((_text(s.get("text"), lang) for s in ngrams if str(s.get("lang") or "") == lang), None)
    alone = bool(lang) and _is_mark(prompt)
    return {"lang": lang, "language": language(lang) if lang else "", "prompt": "" if alone else prompt, "stages": stages, "ngram": beside}


def _is_mark(prompt: str) -> bool:
    """Whether it is nothing but the mark of a language, which says nothing that the language's name beside it does not."""
    return fullmatch(r"<[^<>\s]*>", prompt) is not None


def _marked(prompt: str) -> str:
    """The language that a prompt's mark names: `<tr>Bir gün` is `tr`."""
    found = match(r"<([a-z]{2,3})>", prompt)
    return found[1] if found else ""


def _stage(step: float, last: float) -> str:
    return percent(min(step / last, 1.0)) if last else ""


def _text(text: Any, lang: str, prompt: str = "") -> dict[str, Any]:
    """A text, its prompt told apart from what the model made of it (some logs hold the prompt in the text, some do not)."""
    shown, left = cut(str(text or "").removeprefix(prompt), SAMPLE_CHARACTERS)
    return {"text": shown, "given": "" if _is_mark(prompt) else prompt, "left": count(left) if left else "", "lang": lang}


def figures(run: RunLog) -> Section | None:
    """The plain facts of each training."""
    names = (
        ("family", "family", family),
        ("parameters", "parameters", count),
        ("embedding_parameters", "of them embedding", count),
        ("steps", "steps", count),
        ("ended", "ended early", plain),
        ("tokens", "tokens read", count),
        ("epochs", "times over the text", figure),
        ("seconds", "time", span),
        ("device", "device", plain),
        ("precision", "precision", plain),
        ("path", "kernels", plain),
        ("batch_size", "batch", count),
        ("gradient_accumulation_steps", "accumulation", count),
        ("max_seq_length", "length, tokens", count),
        ("train_loss", "training loss", figure),
        ("val_loss", "evaluation loss", figure),
        ("val_bits_per_byte", "evaluation, bits per byte", figure),
        ("kept", "best evaluation", _kept),
        ("spikes", "updates left out as spikes", count),
        ("resumed", "resumed at step", plain),
        ("init_from_words", "began with", plain),
        ("stages_words", "trained by step", plain),
    )
    blocks = []
    for step, data in run.stats("training"):
        rows = [(name, write(data[key])) for key, name, write in names if data.get(key) not in (None, "", [], {})]
        if lower := _lower(data.get("best"), data.get("kept")):
            place = next((number for number, (name, _) in enumerate(rows, 1) if name == "best evaluation"), len(rows))
            rows.insert(place, ("lower, and not kept", lower))
        blocks.append({"id": step.id, "rows": rows})
    return Section("training", "Training in figures", "figures", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def _kept(found: Any) -> str:
    """The validation whose weights are kept as the best."""
    return f"{figure(found.get('loss'))} at step {count(found.get('step'))}" if isinstance(found, dict) and found else ""


def _lower(best: Any, kept: Any) -> str:
    """A validation that was lower than the one whose weights are kept, and why it is not that one; empty where there is none."""
    if not all(isinstance(one, dict) and number(one.get("loss")) is not None for one in (best, kept)) or best["loss"] >= kept["loss"]:
        return ""
    if not best.get("step"):
        return f"{fixed(best['loss'], 4)} before the first step"
    return f"{fixed(best['loss'], 4)} at step {count(best['step'])}, which was validated for its samples or bands: eval_steps alone chooses"


def plan(run: RunLog) -> Section | None:
    """The candidates that the planner weighed, with its verdicts and reasons."""
    blocks = []
    for step, data in run.stats("plan"):
        candidates = [c for c in data.get("candidates") or [] if isinstance(c, dict)]
        keys = list(dict.fromkeys(k for c in candidates for k in c.get("settings") or {}))
        values = {k: [plain((c.get("settings") or {}).get(k)) for c in candidates] for k in keys}
        differ = [k for k in keys if len(set(values[k])) > 1]
        alike = [(k, values[k][0]) for k in keys if k not in differ]
        rows = [_candidate(c, differ) for c in candidates]
        because = data.get("because") if isinstance(data.get("because"), dict) else {}
        chosen = [(k, plain(v), str((because or {}).get(k, ""))) for k, v in (data.get("chosen") or {}).items()]
        target = data.get("target")
        named = target.get("title") or target.get("name") if isinstance(target, dict) else target
        blocks.append(
            {"id": step.id, "target": plain(named) if named else "", "differ": differ, "alike": alike, "rows": rows, "chosen": chosen}
        )
    return Section("plan", "Plan", "plan", {"blocks": blocks, "several": len(blocks) > 1}) if blocks else None


def _candidate(c: dict[str, Any], differ: list[str]) -> dict[str, Any]:
    used, budget = number(c.get("memory_bytes")), number(c.get("budget_bytes"))
    fits = used is not None and budget is not None and isfinite(used) and budget > 0
    verdict = str(c.get("verdict") or "")
    return {
        "settings": [plain((c.get("settings") or {}).get(k)) for k in differ],
        "memory": memory(used),
        "budget": memory(budget),
        "bar": bar((used or 0) / (budget or 1), "bad" if (used or 0) > (budget or 1) else "c0") if fits else Markup(""),
        "speed": short(number(c.get("tokens_per_s"))),
        "score": figure(c.get("score")),
        "verdict": verdict,
        "look": "good" if verdict.lower().startswith("chosen") else "bad" if verdict.lower().startswith("reject") else "open",
        "chosen": verdict.lower().startswith("chosen"),
        "why": str(c.get("why") or ""),
    }
