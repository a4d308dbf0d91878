"""Schedule: steps, warm-up, validation, saves and expected figures must lie within the run."""

from collections.abc import Iterator
from math import ceil

from runner.meant import StepMeant
from runner.rules import View, at, number, param, path, rule, say
from runner.rules.batches import documents_of
from runner.screen import in_bytes, plural
from schemas.artifacts import CheckpointForecast
from schemas.findings import Edit, Finding, RulePage
from steps.text.choices import FEWEST


def planned_steps(step: StepMeant) -> tuple[int | None, str]:
    """Optimizer steps of a train step, and how that is known."""
    written = number(step, "max_steps")
    if isinstance(written, int):
        return written, f"max_steps is {written:,}"
    found = step.forecast.optimizer_steps if isinstance(step.forecast, CheckpointForecast) else None
    return found, f"the run has about {found:,} steps" if found else ""


WRITTEN = 1e12  # bytes of all saves of a run: less is borne
DISK_BYTES_S = 1e9  # of a good disk
COUNTED = 1.05  # the same where documents were counted: copies that are dropped make them fewer
MANY = 20  # steps: shorter runs are trials
ROUGH = 1.5  # steps that follow from the data are an estimate: what is beyond them by less is not told


@rule()
def warm_up_ends(view: View) -> Iterator[Finding]:
    """S003 for a run that is given in epochs: its length is only known from the data (max_steps is compared by the step itself)."""
    for step in view.of_type("train"):
        steps, known = planned_steps(step)
        warmup = number(step, "warmup_steps")
        share = number(step, "warmup_ratio")
        if share is not None and 0.9 < share <= 1:
            edits = (Edit("set", ("steps", step.id, "warmup_ratio"), 0.05),)
            message = f"warmup_ratio is {share:g}: the learning rate rises to the end and never falls"
            yield say("S003", step, "warmup_ratio", message, "write warmup_ratio: 0.05", severity="warning", edits=edits)
        last = number(step, "max_steps")
        if warmup is not None and last is not None and 0.9 * last < warmup < last and at(step.raw, "resume_from") is None:
            message = f"warmup_steps is {warmup:,}, but max_steps is {last:,}: the learning rate rises to the end and hardly falls"
            edits = (Edit("rename", ("steps", step.id, "warmup_steps"), 0.05, "warmup_ratio"),)
            yield say("S003", step, "warmup_steps", message, "write warmup_ratio: 0.05", severity="warning", edits=edits)
        elif (
            warmup is not None
            and last is not None
            and last > MANY
            and 0.5 * last < warmup <= 0.9 * last
            and not at(step.raw, "resume_from")
        ):
            yield _long_rise(step, warmup, f"max_steps is {last:,}")
        yield from _rise_and_fall(step, steps)
        if warmup is not None and steps and last is None and steps > MANY and 0.5 * _doubt(view, step) * steps < warmup < steps:
            yield _long_rise(step, warmup, known)
            continue
        if steps is None or warmup is None or number(step, "max_steps") is not None or warmup < _doubt(view, step) * steps:
            continue
        message = f"warmup_steps is {warmup:,}, but {known}: the learning rate never reaches its peak"
        edits = (Edit("rename", ("steps", step.id, "warmup_steps"), 0.05, "warmup_ratio"),)
        yield say("S003", step, "warmup_steps", message, "write warmup_ratio: 0.05", severity="warning", edits=edits)


def _long_rise(step: StepMeant, warmup: float, known: str) -> Finding:
    """S003 for a warm-up that is most of the run, though it ends."""
    edits = (Edit("rename", ("steps", step.id, "warmup_steps"), 0.05, "warmup_ratio"),)
    message = f"warmup_steps is {warmup:,}, but {known}: the learning rate rises for most of the run"
    return say("S003", step, "warmup_steps", message, "write warmup_ratio: 0.05", severity="warning", edits=edits)


def _doubt(view: View, step: StepMeant) -> float:
    """How far beyond the estimated steps a number must lie to be surely beyond them: rows that stay whole can be counted."""
    corpora = view.reaches(step, "corpus")
    if at(step.raw, "objective") != "sft" or not isinstance(corpora, list) or not corpora or param(step, "packing") == "documents":
        return ROUGH
    return COUNTED if all(documents_of(view, step, corpus) is not None for corpus in corpora) else ROUGH


def _rise_and_fall(step: StepMeant, steps: int | None) -> Iterator[Finding]:
    """S003 for wsd: the shares of steps in which the rate rises and falls, together. S005: a fall to where it began."""
    falls, rises = number(step, "decay_share"), number(step, "warmup_ratio")
    warmup = number(step, "warmup_steps")
    peak, last = getattr(step.params, "rate", None), number(step, "min_lr")
    if at(step.raw, "scheduler") != "constant" and last is not None and last == peak:
        fix = "delete min_lr, or write scheduler: constant"
        yield say("S005", step, "min_lr", f"min_lr is learning_rate, {last:g}: the rate never falls", fix, severity="warning")
    if at(step.raw, "scheduler") == "wsd" and falls == 0:
        yield say("S003", step, "decay_share", "decay_share is 0: the rate never falls", "write decay_share: 0.2", severity="warning")
    if rises is None and warmup is not None and steps:
        rises = warmup / steps
    if at(step.raw, "scheduler") == "wsd" and falls is not None and rises is not None and rises <= 1 < rises + falls:
        message = f"the rate rises for {rises:.0%} of the steps and falls for {falls:.0%}: together more than there are"
        yield say("S003", step, "decay_share", message, "write decay_share: 0.2", severity="warning")


@rule(
    RulePage(
        "S018",
        "saves that take longer than the steps between",
        "A save holds weights and optimizer, about three times the model. Written after every step, or every few, the disk is waited for "
        "most of the time, and worn.",
        wrong="save_steps: 1   # of a model of a billion parameters",
        right="save_steps: 500",
        source="arXiv 2406.10707 (DataStates-LLM: checkpoints of large models)",
        severity="warning",
        needs="the forecast of time and disk",
    )
)
def saves_are_rare(view: View) -> Iterator[Finding]:
    """S018: the seconds of a save, at DISK_BYTES_S, against those of the steps between two."""
    for step in view.of_type("train"):
        made, interval = step.forecast, number(step, "save_steps")
        if not isinstance(made, CheckpointForecast) or interval is None or not made.seconds or not made.optimizer_steps:
            continue
        size = made.disk_parts.get("saves", 0) / ((param(step, "keep") or 2) + 1)
        between = interval * made.seconds / made.optimizer_steps
        if size * made.optimizer_steps / interval > WRITTEN and size / DISK_BYTES_S > between:
            every = "every step" if interval == 1 else f"every {int(interval)} steps"
            message = f"a save of {in_bytes(int(size))} after {every} takes longer than what is done between"
            better = max(int(interval) + 1, ceil(20 * size / DISK_BYTES_S * made.optimizer_steps / made.seconds))
            fix = f"write save_steps: {better}, or delete it" if better < made.optimizer_steps else "delete it: the end is saved anyway"
            yield say("S018", step, "save_steps", message, fix, severity="warning")


@rule(
    RulePage(
        "S011",
        "an interval longer than the run",
        "With eval_steps or save_steps beyond the last step, nothing happens at that interval: the run is validated and saved only "
        "at its end, "
        "and a crash before it loses everything.",
        wrong="max_steps: 300\nsave_steps: 500",
        right="max_steps: 300\nsave_steps: 100",
        source="huggingface/transformers#30160; modelscope/ms-swift#1576",
        severity="warning",
    )
)
def intervals_happen(view: View) -> Iterator[Finding]:
    """S011: eval_steps and save_steps beyond the last step."""
    for step in view.of_type("train"):
        steps, known = planned_steps(step)
        for name, what in (("eval_steps", "validated"), ("save_steps", "saved")):
            interval = number(step, name)
            if steps and steps > 0 and interval is not None and interval > steps * (1 if number(step, "max_steps") is not None else ROUGH):
                better = max(1, steps // 4)
                yield say("S011", step, name, f"{name} is {interval:,}, but {known}: it is {what} only at the end",
                          f"write {name}: {better}, or delete it", severity="warning")  # fmt: skip


@rule(
    RulePage(
        "S012",
        "a figure is expected after the end",
        "`expect:` compares what the run logs with bands that are written by step. A step that the run never reaches is never "
        "compared, so the "
        "expectation guards nothing.",
        wrong="max_steps: 5000\nexpect: {10000: {train_loss: [2.6, 3.0]}}",
        right="max_steps: 5000\nexpect: {5000: {train_loss: [3.0, 3.4]}}",
        source="AETHER phase 1, table of expected metrics",
        severity="warning",
    )
)
def expectations_are_met_on_the_way(view: View) -> Iterator[Finding]:
    """S012: a step of `expect` beyond the last one."""
    for step in view.of_type("train"):
        steps, known = planned_steps(step)
        expected = at(step.raw, "expect")
        if not steps or number(step, "max_steps") is None or not isinstance(expected, dict):
            continue
        for key in expected:
            if str(key).isdigit() and int(key) > steps:
                message = f"figures are expected at step {int(key):,}, but {known}"
                yield say(
                    "S012", step, f"expect.{key}", message, f"write a step up to {steps}, or raise max_steps", severity="warning", on="key"
                )


# Peak rates of AdamW above which nothing was seen to learn
HIGHEST = {"narrow": 0.1, "new": 0.03, "base": 3e-3, "large base": 5e-4, "huge base": 1.5e-4, "lora": 5e-3}
NARROW = 128  # d_model of a new model: below it a rate for narrow ones is survived (arXiv 2203.03466, figure 1)
HUGE = 1_000_000_000  # parameters of a base, above which the rate of an adapter undoes it, where answers are learned
LARGE = 100_000_000  # parameters of a base, above which a rate for new models undoes it
LOWEST = {"new": 5e-6, "base": 1e-7, "lora": 5e-6}


@rule(
    RulePage(
        "S014",
        "a learning rate that nothing learns with",
        "With AdamW new models learn at 1e-4 to 1e-2, whole base models at 1e-6 to 1e-4, LoRA at 1e-5 to 1e-3. A rate far above "
        "ends in NaN or noise, one far below in the model that it began with: often a lost minus sign or exponent.",
        wrong="learning_rate: 2.0   # 2e-4 was meant",
        right="learning_rate: 2e-4",
        source="hiyouga/LlamaFactory#4149; arXiv 2405.09673 (LoRA learns less and forgets less), appendix",
        severity="warning",
    )
)
def the_rate_is_one_that_learns(view: View) -> Iterator[Finding]:
    """S014: learning_rate by what is trained."""
    for step in view.of_type("train"):
        written = number(step, "learning_rate")
        rate = step.params.rate if written is None and step.params is not None else written  # type: ignore[attr-defined]
        if rate is None or rate <= 0 or at(step.raw, "optimizer") not in (None, "adamw", "adamw_8bit"):
            continue
        kind = "lora" if at(step.raw, "method") in ("lora", "qlora") else "base" if at(step.raw, "model.base") is not None else "new"
        what = {"lora": "an adapter", "base": "a whole base model", "new": "a new model"}[kind]
        usual = {"lora": "2e-4", "base": "1e-5", "new": "1e-3"}[kind]
        count = step.forecast.parameters if isinstance(step.forecast, CheckpointForecast) else None
        large = kind == "base" and count is not None and count > LARGE
        huge = large and count is not None and count > HUGE and at(step.raw, "objective") == "sft"
        narrow = kind == "new" and (number(step, "model.d_model") or 256) < NARROW
        if rate >= HIGHEST["huge base" if huge else "large base" if large else "narrow" if narrow else kind]:
            said = f"learning_rate is {rate:g}" if written is not None else f"no learning_rate is written, and {rate:g} is taken"
            message = f"{said}: {what} does not survive it"
            where = "learning_rate" if written is not None else "model.base"
            yield say("S014", step, where, message, f"write learning_rate: {usual}", severity="warning")
        elif rate < LOWEST[kind]:
            message = f"learning_rate is {rate:g}: {what} hardly moves"
            yield say("S014", step, "learning_rate", message, f"write learning_rate: {usual}", severity="warning")


@rule(
    RulePage(
        "S015",
        "a validation set of less than a row",
        "eval_tokens bounds the fixed set that the model is validated on. Below one row it is a single document, and its loss says little.",
        wrong="max_seq_length: 512\neval_tokens: 100",
        right="max_seq_length: 512\neval_tokens: 100000",
        source="hiyouga/LlamaFactory#3119",
        severity="warning",
    )
)
def validation_is_a_set(view: View) -> Iterator[Finding]:
    """S015: eval_tokens below a row."""
    for step in view.of_type("train"):
        tokens, length = number(step, "eval_tokens"), param(step, "max_seq_length")
        if tokens is not None and isinstance(length, int) and tokens < length:
            edits = (Edit("delete", path(step, "eval_tokens")),)
            message = f"eval_tokens is {int(tokens):,}, less than one row of {length:,}: it is validated on one document"
            yield say("S015", step, "eval_tokens", message, "delete it, or write at least 100000", severity="warning", edits=edits)


@rule(
    RulePage(
        "S017",
        "early stopping that cannot stop",
        "It counts validations without an improvement. Where the run has no more validations than patience asks for, it goes to its end "
        "whatever happens.",
        wrong="max_steps: 1000\neval_steps: 500\nearly_stopping: {patience: 5}",
        right="max_steps: 1000\neval_steps: 50\nearly_stopping: {patience: 5}",
        source="huggingface/transformers#28530",
        severity="warning",
    )
)
def early_stopping_can_stop(view: View) -> Iterator[Finding]:
    """S017: patience against the number of validations, and rows so few that none is held out for one."""
    for step in view.of_type("train"):
        stopping = at(step.raw, "early_stopping")
        steps, _ = planned_steps(step)
        counts = [getattr(parser.forecast, "documents", None) for parser in view.parsers(step)]
        documents = sum(n for n in counts if n is not None) if counts and None not in counts else None
        if isinstance(stopping, dict) and at(step.raw, "objective") == "sft" and documents is not None and documents < FEWEST:
            message = f"of {plural(documents, 'document')} none is held out, so no validation says when to stop"
            fix = f"delete early_stopping, or give it {FEWEST} documents at least"
            yield say("S017", step, "early_stopping", message, fix, severity="warning", on="key")
            continue
        if not isinstance(stopping, dict) or not steps:
            continue
        every = number(step, "eval_steps") or max(1, steps // 10)
        patience = number(step, "early_stopping.patience") or 3
        if steps / every <= patience:
            has = plural(max(1, int(steps // every)), "validation")
            message = f"the run has {has}, early stopping waits for {int(patience)} without an improvement"
            often = int(steps // (4 * patience))
            fix = f"write eval_steps: {often}" if often else "write patience: 3; it counts validations, not steps"
            if not often and steps < 4 * every:
                fix += f", and eval_steps: {max(1, steps // 12)}"
            yield say("S017", step, "early_stopping", message, fix, severity="warning", on="key")
