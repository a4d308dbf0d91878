"""Batches: the rows of a step against the rows that there are, and how they are parted."""

from collections.abc import Iterator
from math import ceil

from runner.meant import StepMeant
from runner.rules import View, at, number, param, rule, say
from runner.screen import plural
from schemas.artifacts import CheckpointForecast, CorpusForecast, TokenBinForecast
from schemas.findings import Finding, RulePage
from steps.sizing.divisors import divisors
from steps.text.vocabulary import bytes_per_token

TOKENS = 1 << 15  # so many rows of one step nobody takes: it is a number of tokens
SPARE = 1.2  # times the rows that are counted on: how many there are is an estimate
ACCUMULATION = "gradient_accumulation_steps"
HANDFUL = 5  # steps, below which hardly anything is learned
MICRO = 8  # rows at a time where none are written, at most (steps/train.py)
MARKS = 8  # tokens that a template puts around the turns of a document, at least


@rule(
    RulePage(
        "S013",
        "one step takes more than the whole data",
        "An optimizer step of more rows than there are sees every text several times before the weights move once: an epoch is less than a "
        "step. Most often the effective batch was copied from a recipe for far more data.",
        wrong="num_train_epochs: 3\ntotal_batch_size: 4096   # of 200 conversations",
        right="num_train_epochs: 3\ntotal_batch_size: 16",
        source="axolotl-ai-cloud/axolotl#1212; hiyouga/LlamaFactory#5499",
        severity="warning",
        needs="the recipe, sizes and first rows of the data",
    )
)
def a_step_is_less_than_the_data(view: View) -> Iterator[Finding]:
    """S013: rows of a step against rows of the data, as far as they are known."""
    for step in view.of_type("train"):
        total = rows_a_step(step)
        have, what = rows_of(view, step)
        if have is None or total <= 1 or total <= SPARE * have or (have == 1 and what == "documents"):  # D120
            continue
        name, fix = _fewer(step, max(1, int(have) // 8))
        if not name:
            continue
        message = f"one step takes {total:,} rows, the data has about {max(1, int(have)):,} {what}"
        length = number(step, "max_seq_length")
        if "total_batch_size" in name and length and total >= TOKENS:
            fix = f"tokens are total_batch_tokens: {total}, {total // int(length):,} rows; {fix}"
        packed = ", or packing: none, a document a row" if at(step.raw, "objective") == "sft" and "filled" in what else ""
        yield say("S013", step, name, message, f"{fix}{packed}, or give it more", severity="warning")


@rule(
    RulePage(
        "S029",
        "a handful of optimizer steps",
        "How much a model learns is counted in optimizer steps, and the first ones are spent on the warm-up. An effective batch that is a "
        "large part of the data leaves two or three steps in all: the run ends well, and the model is what it was. Packing makes it worse, "
        "since many documents become few rows. For a trial, max_steps says how many steps there are.",
        wrong="num_train_epochs: 1\ntotal_batch_size: 128   # of 300 conversations",
        right="num_train_epochs: 1\ntotal_batch_size: 8",
        source="Victorwz/Open-Qwen2VL#19; axolotl-ai-cloud/axolotl#1212",
        severity="warning",
        needs="the recipe, sizes and first rows of the data",
    )
)
def a_run_is_more_than_a_handful(view: View) -> Iterator[Finding]:
    """S029: fewer than HANDFUL steps in whole passes over data whose rows are known; S013 and S027 say of less than one."""
    for step in view.of_type("train"):
        passes = 1.0 if (written := number(step, "num_train_epochs")) is None else written
        if at(step.raw, "max_steps") is not None or at(step.raw, "resume_from") is not None or passes < 1:
            continue
        total = rows_a_step(step)
        have, what = rows_of(view, step)
        if have is None or total <= MICRO or total > SPARE * have or passes * have * SPARE >= HANDFUL * total:
            continue
        name, fix = _fewer(step, max(1, int(passes * have) // 40))
        steps = max(1, round(passes * have / total))
        message = f"the whole run is about {plural(steps, 'step')}: {plural(max(1, int(have)), 'row')}" + (
            f" filled with several documents, {total:,} a step" if "filled" in what else f", {total:,} a step"
        )
        more = f"num_train_epochs: {ceil(40 * total / have)}"
        yield say("S029", step, name or "num_train_epochs", message, f"{fix}, or {more}" if name else f"write {more}", severity="warning")


def rows_a_step(step: StepMeant) -> int:
    """Rows of one optimizer step, 0 where the params do not say so."""
    try:
        return step.params.batch()[0] if step.params is not None else 0  # type: ignore[attr-defined]
    except (AttributeError, ValueError, ZeroDivisionError):
        return 0


def _fewer(step: StepMeant, rows: int) -> tuple[str, str]:
    """The key that says how many rows a step has, and all that is to be written for so many, the other keys of the batch in agreement."""
    names = ("total_batch_size", "total_batch_tokens", "batch_size", ACCUMULATION)
    written = {name: int(value) for name in names if (value := number(step, name)) is not None}
    total = next((name for name in written if name.startswith("total")), "")
    micro, better = written.get("batch_size"), {}
    each = min(micro or (1 if total else MICRO), rows)
    times = max(1, rows // each)
    if micro is not None:
        better["batch_size"] = each
    if ACCUMULATION in written:
        better[ACCUMULATION] = times
    if total:
        exact = each * times if micro is not None and ACCUMULATION in written else rows
        better[total] = exact if total == "total_batch_size" else exact * int(param(step, "max_seq_length") or 1)
    changed = {name: value for name, value in better.items() if written[name] != value}
    first = next((name for name in (total, ACCUMULATION, "batch_size") if name in changed), "")
    return first, "write " + " and ".join(f"{name}: {changed[name]}" for name in sorted(changed, key=lambda name: name != first))


def rows_of(view: View, step: StepMeant) -> tuple[float | None, str]:
    """Rows that one pass over the data has, and what they are."""
    length = param(step, "max_seq_length")
    bins, corpora = view.reaches(step, "bins"), view.reaches(step, "corpus")
    if at(step.raw, "objective") == "sft" and isinstance(corpora, list):
        found = [documents_of(view, step, c) for c in corpora]
        known = [n for n in found if n is not None]
        if not known or len(known) != len(found):
            return None, ""
        filled = _filled(view, step, sum(known))
        return (float(sum(known)), "documents") if filled is None else (filled, "rows that are filled with several documents")
    if isinstance(bins, TokenBinForecast) and bins.train_tokens is not None and isinstance(length, int):
        return (bins.train_tokens / length, "rows of text") if bins.train_tokens * 2 >= length else (None, "")  # D113 says the rest
    return None, ""


def _filled(view: View, step: StepMeant, documents: int) -> float | None:
    """Rows that so many documents fill, where they are packed and the length of the data is known."""
    made, length = step.forecast, param(step, "max_seq_length")
    vocabulary = made.vocab_size if isinstance(made, CheckpointForecast) else None
    sizes = [c.bytes for c in view.reaches(step, "corpus") or [] if isinstance(c, CorpusForecast)]
    if at(step.raw, "packing") != "documents" or not vocabulary or not isinstance(length, int) or not sizes or None in sizes:
        return None
    tokens = sum(size for size in sizes if size is not None) / bytes_per_token(vocabulary) + MARKS * documents
    return min(float(documents), tokens / length)


def documents_of(view: View, step: StepMeant, corpus: object) -> int | None:
    """Documents of a corpus; those before split_long, which makes more of them, where the texts are short enough to stay whole."""
    if isinstance(corpus, CorpusForecast) and corpus.documents is not None:
        return corpus.documents
    makers = [m for maker in view.makers(step, "corpus") if maker.type == "split_long" for m in view.makers(maker, "corpus")]
    before = [m.forecast for m in makers]
    if len(before) != 1 or not isinstance(before[0], CorpusForecast) or before[0].documents is None or not before[0].bytes:
        return None
    mean = before[0].bytes / max(1, before[0].documents)
    longest = number(view.makers(step, "corpus")[0], "max_tokens")
    return before[0].documents if longest is not None and mean < longest else None


@rule(
    RulePage(
        "B003",
        "the last micro-batch of a step is smaller",
        "The effective batch is no multiple of batch_size, or tokens that are asked for are no rows: those of fine-tuning are as long as "
        "their documents, and full only with packing: documents. Nothing is lost and the gradient is exact, but one pass of each step "
        "runs at a fraction of the speed.",
        wrong="total_batch_size: 16\nbatch_size: 5",
        right="total_batch_size: 16\nbatch_size: 4",
        source="karpathy/nanoGPT#283; hiyouga/LlamaFactory#4315",
        severity="info",
    )
)
def micro_batches_are_equal(view: View) -> Iterator[Finding]:
    """B003: total_batch_size no multiple of batch_size or accumulation, total_batch_tokens none of a row's length."""
    for step in view.of_type("train"):
        tokens, length = number(step, "total_batch_tokens"), param(step, "max_seq_length")
        unpacked = param(step, "objective") == "sft" and param(step, "packing") in (None, "none")
        if isinstance(tokens, int) and isinstance(length, int) and 0 < length <= tokens and unpacked:
            message = f"a step has {tokens // length:,} rows, each as long as its document: {tokens:,} tokens are the most that it can have"
            fix = f"write packing: documents, which fills the rows, or total_batch_size: {tokens // length}, which says it"
            yield say("B003", step, "total_batch_tokens", message, fix, severity="info")
        elif isinstance(tokens, int) and isinstance(length, int) and tokens > length > 0 and tokens % length:
            message = f"{tokens:,} tokens are {tokens // length:,} rows of {length:,}: a step has {tokens // length * length:,}"
            fix = f"write total_batch_tokens: {round(tokens / length) * length}"
            yield say("B003", step, "total_batch_tokens", message, fix, severity="info")
        total, micro = number(step, "total_batch_size"), number(step, "batch_size")
        if isinstance(tokens, int) and isinstance(length, int) and 0 < length <= tokens:
            total = tokens // length
        if isinstance(total, int) and isinstance(micro, int) and 0 < micro < total and total % micro:
            best = divisors(total, micro)[-1]
            message = f"{total} rows a step in micro-batches of {micro}: the last has {total % micro}"
            yield say("B003", step, "batch_size", message, f"write batch_size: {best}", severity="info")
        times = number(step, "gradient_accumulation_steps")
        if isinstance(total, int) and micro is None and isinstance(times, int) and 0 < times < total and total % times:
            each = ceil(total / times)
            message = f"{total} rows a step cannot be {times} equal micro-batches: there are {ceil(total / each)} of at most {each}"
            fix = f"write gradient_accumulation_steps: {divisors(total, times)[-1]}"
            yield say("B003", step, "gradient_accumulation_steps", message, fix, severity="info")
