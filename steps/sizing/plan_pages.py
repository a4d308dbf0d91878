"""What a plan says of itself: the reason of each setting, plan.json's rows, plan.md, and a line for the console."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from schemas import Machine, ModelConfig, StepContext
from schemas.machine import GIB
from steps.sizing.subject import Subject

if TYPE_CHECKING:
    from steps.sizing.candidates import Candidate
    from steps.sizing.dryrun import Tried

HELD = "it stays within the memory that may be used"
OVER = "it needs more memory than may be used"
SLOW = "it is more than twice slower than modelled"
PRECISIONS = {"bf16": "has bf16", "fp16": "has fp16 and no bf16", "fp32": "trains in fp32"}


def reasons(
    chosen: "Candidate", subject: Subject, model: ModelConfig, target: Machine, why_length: str, why_packed: str, settings: dict[str, Any]
) -> dict[str, str]:
    """Why each of the chosen settings is as it is."""
    place = target.title or target.name
    memory = f"{chosen.memory_bytes / GIB:.1f} of {chosen.budget / GIB:.1f} GiB that may be used on {place}"
    why = {
        "batch_size": f"best score of what fits: {memory}, about {chosen.tokens_per_s:,.0f} tokens a second",
        "gradient_accumulation_steps": f"{chosen.batch_size} x {chosen.accumulation} keeps the effective batch of {subject.rows}",
        "eval_batch_size": "validation holds one layer at a time, so it takes no more memory than training",
        "max_seq_length": why_length,
        "packing": why_packed,
        "precision": f"{place} {PRECISIONS[chosen.precision]}",
        "activation_checkpointing": "the batch fits only so, or is faster so" if chosen.checkpointing else "everything fits without",
        "attn_implementation": _why_attention(chosen, subject, model, target) if "attn_implementation" in settings else "",
    }  # fmt: skip
    return {name: why[name] for name in settings}


def _why_attention(chosen: "Candidate", subject: Subject, model: ModelConfig, target: Machine) -> str:
    """Which kernel of PyTorch it is, and what eager attention would take."""
    if subject.attention == "eager":
        return "transformers has no other for this base"
    kernel = "scaled_dot_product_attention"
    if target.kind == "cuda":
        flash = target.flash and chosen.precision != "fp32"
        kernel += ", by its flash kernel" if flash else ", by its memory-efficient kernel (flash needs half precision and 8.0)"
    eager = by(replace(subject, attention="eager"), model, chosen, target)
    return f"{kernel}; eager computes the same in {eager / GIB:.1f} GiB"


def by(subject: Subject, model: ModelConfig, chosen: "Candidate", target: Machine) -> int:
    """Bytes at the peak of a step of `chosen` with the attention of `subject`."""
    parts = subject.memory(model, target, chosen.batch_size, chosen.length, chosen.precision, chosen.accumulation,
                           checkpointing=chosen.checkpointing)  # fmt: skip
    return sum(parts.values())


def notes(model: ModelConfig, subject: Subject) -> dict[str, str]:
    """What is proposed by no setting, because train has none to propose, and why not."""
    rows = "rows of fine-tuning lie in memory as ids" if subject.objective == "sft" else "rows are read from a mapped file of ids"
    found = {"workers": f"train has none: {rows}, faster than any network takes them, so a process that loads ahead would only cost memory"}
    return found if subject.attends(model) else {"attention": "none: a Mamba has a state", **found}


def row(candidate: "Candidate", rejected: dict[tuple[int, bool], "Tried"], chosen: "Candidate") -> dict[str, Any]:
    """A candidate as plan.json keeps it: modelled figures alone, no measured one."""
    turned_down = rejected.get(candidate.key)
    verdict = "chosen" if candidate.key == chosen.key else candidate.verdict
    if turned_down is not None and verdict != "chosen":
        verdict = "rejected in a dry run"
    return {
        "settings": candidate.settings, "memory_bytes": candidate.memory_bytes, "memory_parts": candidate.memory,
        "budget_bytes": candidate.budget, "tokens_per_s": round(candidate.tokens_per_s), "stability": round(candidate.stability, 4),
        "batch_factor": round(candidate.batch_factor, 4), "score": candidate.score, "verdict": verdict, "why": candidate.why,
    }  # fmt: skip


def trials(
    skipped: bool, steps: int, target: Machine, chosen: "Candidate", tried: list[tuple["Candidate", "Tried"]],
    rejected: dict[tuple[int, bool], "Tried"],
) -> dict[str, Any]:  # fmt: skip
    """Which candidates were tried on this machine and what came of it, or why none was.

    No measured figure, and nothing of a slowness that all share: a busy machine gives the same bytes as a quiet one.
    """
    none = ""
    if skipped:
        none = "skip_dry_run is written"
    elif not tried:
        none = f"the target, {target.title or target.name}, is another machine"
    elif not tried[-1][1].told:
        none = tried[-1][1].why.partition(":")[0]  # what follows the colon may differ from run to run
    found = []
    for c, t in tried:
        if t.told and (c.key in rejected or c.key == chosen.key):
            said = HELD if c.key not in rejected else SLOW if t.slow else OVER
            verdict = "rejected" if c.key in rejected else "held"
            found.append({"batch_size": c.batch_size, "activation_checkpointing": c.checkpointing, "verdict": verdict, "why": said})
    return {"candidates": found, "steps": steps if found else 0, "none": none}


def measured(tried: list[tuple["Candidate", "Tried"]]) -> str:
    """What the dry runs measured, for the page beside the artifact; empty where none was made."""
    told = [(c, t) for c, t in tried if t.told]
    if not told:
        return ""
    lines = ["", "## Measured in the dry runs", "", "| rows | again | steps | peak GiB | tokens/s | |", "|---|---|---|---|---|---|"]
    for c, t in told:
        steps, peak, speed = (t.measured.get(name) for name in ("steps", "peak_bytes", "tokens_per_s"))
        shown = (f"{peak / GIB:.2f}" if peak else "-", f"{speed:.0f}" if speed else "-")
        again = "yes" if c.checkpointing else "no"
        lines.append(f"| {c.batch_size} | {again} | {steps or '-'} | {' | '.join(shown)} | {t.why or 'passed'} |")
    return "\n".join([*lines, ""])


def described(target: Machine) -> dict[str, Any]:
    """The target, as plan.json names it."""
    return {"title": target.title or target.name, "kind": target.kind, "memory_bytes": target.memory_bytes, "count": target.count}


def tell(context: StepContext, data: dict[str, Any], chosen: "Candidate", tried: list[tuple["Candidate", "Tried"]]) -> None:
    """Statistics, with what the dry runs measured, and one line for the console."""
    measured = [{"batch_size": c.batch_size, "verdict": t.verdict or "passed", "why": t.why, **t.measured} for c, t in tried]
    why = {c.key: t.why for c, t in tried if t.why}
    keys = [(each["settings"]["batch_size"], each["settings"]["activation_checkpointing"]) for each in data["candidates"]]
    rows = [{**each, "why": why.get(key, each["why"])} for key, each in zip(keys, data["candidates"], strict=True)]
    context.stats("plan", {**data, "candidates": rows, "chosen": {**chosen.settings, **data["settings"]}, "dry_runs": measured})
    by = "tried here" if any(t.told for _, t in tried) else f"by the model of {data['target']['title']} alone"
    shown = f"{chosen.batch_size} x {chosen.accumulation} rows of {chosen.length} tokens in {chosen.precision}"
    context.event("planned", settings=data["settings"], message=f"{shown}: about {chosen.memory_bytes / GIB:.1f} GiB, {by}")


def page(data: dict[str, Any], chosen: "Candidate") -> str:
    """plan.md."""
    lines = [f"# Plan for {data['target']['title']}", "", "| setting | value | why |", "|---|---|---|"]
    lines += [f"| {name} | {value} | {data['because'][name]} |" for name, value in data["settings"].items()]
    lines += ["", *(f"- {name}: {said}" for name, said in data["notes"].items())]
    lines += [
        "",
        "| rows | times | length | again | GiB | tokens/s | stability | score | |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in data["candidates"]:
        s = each["settings"]
        lines.append(
            f"| {s['batch_size']} | {s['gradient_accumulation_steps']} | {s['max_seq_length']} | "
            f"{'yes' if s['activation_checkpointing'] else 'no'} | {each['memory_bytes'] / GIB:.2f} | "
            f"{each['tokens_per_s']} | {each['stability']:.2f} | {each['score']:.3f} | {each['verdict']} |"
        )
    parts = ", ".join(f"{name} {size / 2**20:,.0f}" for name, size in chosen.memory.items())
    slower = ["", f"Written by hand and kept: {data['by_hand']}."] if data["by_hand"] else []
    return "\n".join([*lines, *slower, "", f"Memory of the chosen one, in MiB: {parts}.", "", *_tried(data["tried"]), ""])


def _tried(trials: dict[str, Any]) -> list[str]:
    """What plan.md says of dry runs."""
    found = [f"- {_rows(c)}: {c['verdict']}, {c['why']}" for c in trials["candidates"]]
    if not found:
        return [f"None was tried here: {trials['none']}. All figures are modelled, none is measured."]
    more = [f"The others were not: {trials['none']}."] if trials["none"] else []
    return [
        f"Tried here, in up to {trials['steps']} steps each:", "", *found, "", *more,
        "All figures above are modelled. Those that were measured (steps, peak memory, tokens a second) differ from run to run, so they "
        "stand beside the plan: in reports/plan.md and stats/plan.json of the run.",
    ]  # fmt: skip


def _rows(candidate: dict[str, Any]) -> str:
    again = ", layers computed again" if candidate["activation_checkpointing"] else ""
    return f"{candidate['batch_size']} row{'s' if candidate['batch_size'] != 1 else ''} at a time{again}"
