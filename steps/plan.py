"""plan: settings of the next train step that fit the machine, by arithmetic; dry runs can only take a candidate away."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from schemas import (
    Checkpoint,
    Corpus,
    ForecastContext,
    ModelConfig,
    Plan,
    PlanForecast,
    Positive,
    RecipeError,
    StepContext,
    StepParams,
    TokenBin,
    Tokenizer,
)  # fmt: skip
from steps import step
from steps.sizing.plan_codes import PLAN_PAGES

if TYPE_CHECKING:
    from steps.sizing.candidates import Candidate
    from steps.sizing.dryrun import Tried
    from steps.sizing.subject import Subject

MOST_ROWS = 256  # of real data that a dry run is given; it takes them again when a batch is larger


class PlanParams(StepParams):
    """Params of plan."""

    model_config = ConfigDict(populate_by_name=True)
    for_: str | None = Field(default=None, alias="for", description="id of the train step; the next one when left out")
    max_candidates: Positive = Field(default=5, description="settings that are weighed")
    dry_run_steps: Annotated[int, Field(ge=1)] = Field(default=3, description="optimizer steps of a dry run")
    memory_margin: float = Field(default=0.8, gt=0.0, le=1.0, description="share of the memory that may be used")
    skip_dry_run: bool = Field(default=False, description="plan by the model of the machine alone")
    subject: dict[str, Any] = Field(default_factory=dict, description="written params of the train step, put here by the runner")


@step(version=7, looks_at="train", pages=PLAN_PAGES)
def plan(
    params: PlanParams,
    tokenizer: Tokenizer | None,
    bins: TokenBin | None,
    corpus: list[Corpus] | None,
    checkpoint: Checkpoint | None,
    context: StepContext,
) -> Plan:
    """Choose micro-batch, accumulation, validation batch, precision, packing, attention and, where it is not written, the rows' length.

    The effective batch that is asked for is kept exactly; what the train step has written stays. Candidates are weighed by the
    model of the target (steps.sizing), so the same recipe gives the same plan everywhere; on this machine the best are then tried
    for a few steps, and one that runs out of memory, passes the margin or is far slower than modelled is taken away.
    Raises RecipeError B102 when nothing fits, B103 without a train step, B104 when the model's size is not known.
    """
    from steps.sizing import plan_pages
    from steps.sizing.candidates import candidates
    from steps.sizing.lengths import longest_document, longest_in_bin
    from steps.sizing.rows import packing, row_length
    from steps.sizing.slower import slower_by_hand
    from steps.sizing.subject import read_subject

    subject, model, kind = _asked(params, tokenizer, bins, checkpoint, context)
    lengths = _row_lengths(subject, tokenizer, corpus or [], checkpoint)
    target = context.target
    longest = lengths[0] if lengths else longest_in_bin(bins) if bins and subject.objective != "sft" and not subject.length else None
    length, why_length = row_length(subject, model, target, params.subject, longest, params.memory_margin)
    if not subject.length and length < params.subject.get("split_long", 0):
        context.event("shorter_rows", length=length, message=f"rows of {length} tokens: {why_length}")
    read = read_subject(params.subject, length, lengths[1] if lengths else None, kind, longest_document(subject, lengths, bins))
    subject, why_packed = packing(read, model, target, params.subject)
    found = candidates(subject, model, target, length, margin=params.memory_margin, most=params.max_candidates)
    fitting = [c for c in found if c.fits]
    if not fitting:
        fitting = [_by_hand(subject, found[0], params, context)]
        found = [replace(fitting[0])]
    chosen, tried = _tried(params, subject, model, fitting, _rows(bins, corpus or [], tokenizer, checkpoint, fitting), context)
    settings = _unwritten(chosen, subject, model, params)
    because = plan_pages.reasons(chosen, subject, model, target, why_length, why_packed, settings)
    _scores_cost(chosen, subject, model, kind, params, context)
    slower = slower_by_hand(chosen, subject, model, target, params.subject, kind, params.memory_margin)
    if slower is not None:
        context.warn("B101", slower.said, field="for", fix=slower.fix)
    believed = any(c.key == chosen.key and not t.verdict for c, t in tried)  # if all were slow, the machine is, and no setting is to blame
    rejected = {c.key: t for c, t in tried if t.verdict and (believed or not t.slow)}
    rows = [plan_pages.row(c, rejected, chosen) for c in found]
    data = {
        "format": 1,
        "target": plan_pages.described(target),
        "settings": settings,
        "because": because,
        "notes": plan_pages.notes(model, subject),
        "candidates": rows,
        "by_hand": slower.said if slower is not None else "",
        "tried": plan_pages.trials(params.skip_dry_run, params.dry_run_steps, target, chosen, tried, rejected),
    }
    (context.workdir / "plan.json").write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    page = plan_pages.page(data, chosen)
    (context.workdir / "plan.md").write_text(page, "utf-8")
    if seen := plan_pages.measured(tried):
        context.side("reports/plan.md").write_text(page + seen, "utf-8")
    plan_pages.tell(context, data, chosen, tried)
    return Plan(settings=settings, because=because).save(context.workdir)


def _asked(
    params: PlanParams, tokenizer: Tokenizer | None, bins: TokenBin | None, checkpoint: Checkpoint | None, context: StepContext
) -> "tuple[Subject, ModelConfig, str]":
    """The train step, its network's sizes, and the model_type of its base, empty for a new network."""
    from steps.sizing.subject import read_subject

    if not params.subject:
        raise RecipeError("B103", "there is no train step to plan for", field="for", fix="put a train step after plan")
    subject, kind = read_subject(params.subject), ""
    if subject.model.base:
        model, kind = _base_model(subject, checkpoint, context)
        subject = read_subject(params.subject, kind=kind)
    else:
        model = subject.model.sizes()
    if model.vocab_size is None:
        size = (tokenizer.rows or tokenizer.vocab_size) if tokenizer else bins.vocab_size if bins else None
        if size is None:
            raise RecipeError("B104", "the vocabulary's size is not known", field="for", fix="put a train_tokenizer step before plan")
        model = model.with_vocab(size)
    return subject, model, kind


def _base_model(subject: "Subject", checkpoint: Checkpoint | None, context: StepContext) -> tuple[ModelConfig, str]:
    """Sizes and model_type of the base model: of the wired checkpoint, of a folder, or of a hub model's config.json."""
    from steps.lm.shapes import sizes

    base = subject.model.base
    assert base is not None
    if checkpoint is not None:
        model = checkpoint.model if checkpoint.model.vocab_size else checkpoint.model.with_vocab(checkpoint.vocab_size)
        config = checkpoint.path / "config.json"
        return model, str(json.loads(config.read_text("utf-8")).get("model_type", "")) if config.is_file() else ""
    try:
        if base.hub is None:
            file = context.project / (base.path or "") / "config.json"
        else:
            from huggingface_hub import hf_hub_download

            file = Path(hf_hub_download(base.hub, "config.json", revision=base.revision))
        found = json.loads(file.read_text("utf-8"))
        return sizes(found), str(found.get("model_type", ""))
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise RecipeError("B104", f"the config.json of {base.hub or base.path or base.step} cannot be read: {first}", field="for",
                          fix="check the name and the network, or name a folder on disk: base: {path: ...}") from error  # fmt: skip


def _row_lengths(
    subject: "Subject", tokenizer: Tokenizer | None, corpora: list[Corpus], checkpoint: Checkpoint | None
) -> tuple[int, float] | None:
    """Tokens of the longest row of fine-tuning, and of one on the average, where the data and its tokenizer are there."""
    from steps.sizing.lengths import row_lengths

    folder = tokenizer.path if tokenizer else checkpoint.path if checkpoint else None
    if subject.objective != "sft" or not corpora or folder is None:
        return None
    return row_lengths(corpora, folder, sampled=subject.length is not None)


def _by_hand(subject: "Subject", smallest: "Candidate", params: PlanParams, context: StepContext) -> "Candidate":
    """The written settings although they do not fit, with a warning; without written ones, an error."""
    if subject.batch_size or subject.accumulation:
        context.warn("B101", f"micro-batches of {smallest.batch_size} rows, as written: {smallest.why}", field="for",
                     fix="delete batch_size and gradient_accumulation_steps from the train step: the plan finds what fits")  # fmt: skip
        return replace(smallest, verdict="written by hand")
    if params.subject.get("attn_implementation") == "eager":
        context.warn("B101", f"attn_implementation: eager, as written: one row of {smallest.length} tokens {smallest.why}", field="for",
                     fix="delete attn_implementation from the train step: sdpa keeps no scores")  # fmt: skip
        return replace(smallest, verdict="written by hand")
    raise RecipeError(
        "B102", f"even one row of {smallest.length} tokens at a time {smallest.why} on {context.target.title or context.target.name}",
        field="memory_margin", fix=_lighter(subject),
    )  # fmt: skip


def _lighter(subject: "Subject") -> str:
    """What is left where one row at a time does not fit: the method below the written one, if there is one for this model."""
    if subject.model.base is None:
        return "take a smaller model, shorter rows, a target with more memory, or a base with method: lora"
    other = {"full": "method: lora or qlora, ", "lora": "method: qlora, "}.get(subject.method, "")
    return f"take a smaller model, shorter rows, {other}or a target with more memory"


def _rows(
    bins: TokenBin | None, corpora: list[Corpus], tokenizer: Tokenizer | None, checkpoint: Checkpoint | None, fitting: "list[Candidate]"
) -> "Callable[[], list[list[int]]]":
    """The longest rows of the data, for dry runs; read only when one is made."""
    from steps.sizing.lengths import longest_rows

    folder = tokenizer.path if tokenizer else checkpoint.path if checkpoint else None
    return lambda: longest_rows(bins, corpora, folder, fitting[0].length, min(MOST_ROWS, max(c.batch_size for c in fitting)))


def _tried(
    params: PlanParams,
    subject: "Subject",
    model: ModelConfig,
    fitting: "list[Candidate]",
    rows: "Callable[[], list[list[int]]]",
    context: StepContext,
) -> "tuple[Candidate, list[tuple[Candidate, Tried]]]":
    """The best candidate that its dry run does not reject, and all dry runs made."""
    from steps.sizing.dryrun import dry_run, here

    tried: list[tuple[Any, Any]] = []
    if params.skip_dry_run or not here(context.target):
        return fitting[0], tried
    longest = rows()
    for candidate in fitting:
        context.progress(len(tried), len(fitting), "dry runs")
        if context.stopping():
            raise context.stopped()
        result = dry_run(candidate, subject, model, context.target, params.dry_run_steps, longest)
        tried.append((candidate, result))
        if not result.told:
            context.event("dry_run", batch_size=candidate.batch_size, why=result.why, message=result.why)
            return fitting[0], tried
        context.event("dry_run", batch_size=candidate.batch_size, verdict=result.verdict or "passed", why=result.why, **result.measured)
        if not result.verdict:
            return candidate, tried
    slow = [c for c, t in tried if t.slow]
    if slow:
        context.warn("B105", f"every dry run was more than twice slower than modelled: {tried[0][1].why}", fix="see what else runs here")
        return slow[0], tried
    raise RecipeError(
        "B102", f"no candidate came through its dry run; the last, {tried[-1][0].batch_size} rows at a time: {tried[-1][1].why}",
        field="memory_margin", fix=_lighter(subject),
    )  # fmt: skip


def _scores_cost(chosen: "Candidate", subject: "Subject", model: ModelConfig, kind: str, params: PlanParams, context: StepContext) -> None:
    """Warn of eager attention that is written although sdpa is to be had, where it costs a tenth of the memory or more."""
    from schemas.machine import GIB
    from steps.sizing import plan_pages
    from steps.sizing.attention import used

    if params.subject.get("attn_implementation") != "eager" or used("auto", kind) == "eager" or not subject.attends(model):
        return
    leaner = plan_pages.by(replace(subject, attention="sdpa"), model, chosen, context.target)
    if chosen.memory_bytes >= 1.1 * leaner:
        need = f"{chosen.memory_bytes / GIB:.1f} GiB, {leaner / GIB:.1f} by sdpa, which computes the same"
        context.warn("B106", f"attn_implementation: eager, as written, needs {need}", field="for",
                     fix="delete attn_implementation from the train step")  # fmt: skip


def _unwritten(chosen: "Candidate", subject: "Subject", model: ModelConfig, params: PlanParams) -> dict[str, Any]:
    """The settings that the train step leaves open; micro-batch and accumulation only where they make the effective batch exactly."""
    packing = "stream" if subject.objective == "lm" else "documents" if subject.packed else "none"
    planned = {**chosen.settings, "packing": packing}
    if subject.attends(model):
        planned["attn_implementation"] = subject.attention
    settings = {name: value for name, value in planned.items() if name not in params.subject}
    if subject.asked and chosen.batch_size * chosen.accumulation != subject.rows:
        settings = {name: value for name, value in settings.items() if name not in ("batch_size", "gradient_accumulation_steps")}
    return settings


@plan.needs
def needs(params: PlanParams) -> dict[str, Any]:
    """What the planned train step reads, plan looks at too."""
    from steps.sizing.subject import read_subject

    wanted: dict[str, Any] = {"tokenizer": "auto"}
    try:
        subject = read_subject(params.subject)
    except ValidationError:
        return wanted  # the train step's own findings say what is wrong
    wanted |= {"corpus": "auto"} if subject.objective == "sft" else {"bins": "auto"}
    link = subject.model.base.link() if subject.model.base else None
    return wanted | ({"checkpoint": link} if link else {})


@plan.forecast
def forecast(params: PlanParams, inputs: dict[str, Any], context: ForecastContext) -> PlanForecast:
    """What will be chosen, where the network's sizes and the length of rows are known."""
    from steps.sizing import plan_pages
    from steps.sizing.candidates import candidates
    from steps.sizing.rows import for_pieces, packing
    from steps.sizing.subject import read_subject

    try:
        subject = read_subject(params.subject)
    except ValidationError:
        return PlanForecast()
    base, tokenizer = inputs.get("checkpoint"), inputs.get("tokenizer")
    model = base.model if base is not None else _foreseen(subject.model.base, context) if subject.model.base else subject.model.sizes()
    size = (tokenizer.rows or tokenizer.vocab_size) if tokenizer is not None else None
    if model is None or not (model.vocab_size or size):
        return PlanForecast()
    sized = model.with_vocab(model.vocab_size or size or 1)
    length, why_length = subject.length, ""
    if not length:
        length, why_length = for_pieces(subject, sized, context.target, params.subject, params.memory_margin)
        if length is None:
            return PlanForecast(because={"max_seq_length": why_length.removeprefix("; ")} if why_length else {})
        subject, why_length = read_subject(params.subject, length), "no shorter than what split_long leaves"
    subject, why_packed = packing(subject, sized, context.target, params.subject)
    best = candidates(subject, sized, context.target, length, margin=params.memory_margin, most=1)[0]
    written = subject.batch_size or subject.accumulation or params.subject.get("attn_implementation") == "eager"
    if not best.fits and not written:  # what is written is kept, as the run keeps it
        return PlanForecast(because={"batch_size": best.why})
    settings = _unwritten(best, subject, sized, params)
    reasons = plan_pages.reasons(best, subject, sized, context.target, why_length, why_packed, settings)
    return PlanForecast(settings=settings, because={name: f"{value}: {reasons[name]}" for name, value in settings.items()})


def _foreseen(base: Any, context: ForecastContext) -> ModelConfig | None:
    """Sizes of a base in a folder, or of a hub model as far as they are known here."""
    from steps.lm.foresee import base_config
    from steps.lm.shapes import sizes

    config, _ = base_config(base, context) if base.step is None else (None, "")
    try:
        return sizes(config) if config is not None else None
    except ValueError:  # a shape that is not known
        return None


@plan.smoke
def smoke(written: dict[str, Any]) -> dict[str, Any]:
    """The same, without trying it."""
    return {**written, "skip_dry_run": True}
