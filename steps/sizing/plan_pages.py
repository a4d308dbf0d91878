"""What a plan says of itself: the reason of each setting, plan.json's rows, plan.md, and a line for the console."""

from typing import Any

from schemas import Machine, ModelConfig, StepContext
from schemas.machine import GIB
from steps.sizing.candidates import Candidate
from steps.sizing.dryrun import Tried
from steps.sizing.subject import Subject

PRECISIONS = {"bf16": "has bf16", "fp16": "has fp16 and no bf16", "fp32": "trains in fp32"}


def reasons(
    chosen: Candidate, subject: Subject, target: Machine, why_length: str, why_packed: str, settings: dict[str, Any]
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
    }  # fmt: skip
    return {name: why[name] for name in settings}


def notes(model: ModelConfig, chosen: Candidate, target: Machine) -> dict[str, str]:
    """What the machine decides by itself, and train has no param for."""
    attention = "scaled_dot_product_attention"
    if model.family.startswith("mamba"):
        attention = "none: a Mamba has a state"
    elif target.kind == "cuda":
        flash = target.flash and chosen.precision != "fp32"
        attention += ", by its flash kernel" if flash else ", by its memory-efficient kernel: flash needs half precision and 8.0"
    return {"attention": attention, "workers": "none: rows come from a mapped file, faster than any network takes them"}


def row(candidate: Candidate, rejected: dict[tuple[int, bool], Tried], chosen: Candidate) -> dict[str, Any]:
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


def described(target: Machine) -> dict[str, Any]:
    """The target, as plan.json names it."""
    return {"title": target.title or target.name, "kind": target.kind, "memory_bytes": target.memory_bytes, "count": target.count}


def tell(context: StepContext, data: dict[str, Any], chosen: Candidate, tried: list[tuple[Candidate, Tried]]) -> None:
    """Statistics, with what the dry runs measured, and one line for the console."""
    measured = [{"batch_size": c.batch_size, "verdict": t.verdict or "passed", "why": t.why, **t.measured} for c, t in tried]
    why = {c.key: t.why for c, t in tried if t.why}
    keys = [(each["settings"]["batch_size"], each["settings"]["activation_checkpointing"]) for each in data["candidates"]]
    rows = [{**each, "why": why.get(key, each["why"])} for key, each in zip(keys, data["candidates"], strict=True)]
    context.stats("plan", {**data, "candidates": rows, "chosen": chosen.settings, "dry_runs": measured})
    by = "tried here" if any(t.told for _, t in tried) else f"by the model of {data['target']['title']} alone"
    shown = f"{chosen.batch_size} x {chosen.accumulation} rows of {chosen.length} tokens in {chosen.precision}"
    context.event("planned", settings=data["settings"], message=f"{shown}: about {chosen.memory_bytes / GIB:.1f} GiB, {by}")


def page(data: dict[str, Any], chosen: Candidate) -> str:
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
    return "\n".join([*lines, "", f"Memory of the chosen one, in MiB: {parts}. All figures are modelled, none is measured.", ""])
