"""The first lines of the page: what was made, how good it is, and what went wrong, in sentences."""

from collections import Counter
from dataclasses import dataclass
from math import isfinite
from re import sub as replaced
from typing import Any

from schemas import StepRecord
from steps.html.runlog import RunLog
from steps.html.words import NONE, count, cut, family, fixed, language, listed, number, percent, plural, short, size, span


@dataclass(frozen=True)
class Tile:
    """One figure that stands large at the top."""

    value: str
    name: str
    note: str = ""


def headline(run: RunLog) -> str:
    """One sentence: what was made and how good it is; of a run that failed, where and why."""
    failed = [s for s in run.record.steps if s.status == "failed"]
    if failed:
        text, left = cut(replaced(r"^[A-Z]\d{3}: ", "", failed[0].error.strip().split("\n")[0]).rstrip("."), 220)
        return f"The run failed at step {failed[0].id}" + (f": {text}{'…' if left else ''}." if text else ".")
    stopped = next((s for s in run.record.steps if s.status == "stopped"), None)
    if stopped:
        log = next((log for log in run.logs if log.id == stopped.id and len(log.curve("train_loss"))), None)
        at = f", after training step {count(log.curve('train_loss').xs[-1])}" if log else ""
        return f"The run was stopped during step {stopped.id}{at}; the same command goes on from there."
    return result(run) or "No step of this run has left a result yet."


def result(run: RunLog) -> str:
    """What the run made, as a sentence; empty when there is nothing."""
    training = run.stat("training")
    if training:
        return _model(run, training)
    validation = validated(run)
    if validation:
        return f"A checkpoint was validated: {_quality(run, {})}."
    vocabulary = run.stat("vocabulary") or run.stat("tokenizer")
    corpus = run.stats("corpus")
    documents = sum(int(number(data.get("documents")) or 0) for _, data in corpus)
    read = plural(documents, "document") + _in(languages(run))
    if vocabulary:
        return f"A tokenizer of {plural(vocabulary.get('vocab_size'), 'piece')} was made" + (f" from {read}." if corpus else ".")
    if corpus:
        return f"{read[0].upper()}{read[1:]} {'was' if documents == 1 else 'were'} read."
    made = [s for s in run.record.steps if s.status in ("made", "reused")]
    return f"{plural(len(made), 'step')} of this run {'is' if len(made) == 1 else 'are'} done." if made else ""


def _model(run: RunLog, training: dict[str, Any]) -> str:
    params = run.stats("training")[-1][0].params
    how = {key: training.get(key, params.get(key)) for key in ("method", "objective")}
    kind, parameters = family(training.get("family")), training.get("parameters")
    article = "An" if kind[:1] in "AEIOÉaeio" else "A"
    size_ = f" of {short(parameters)} parameters" if number(parameters) else ""
    tuned = how["objective"] == "sft" or how["method"] in ("lora", "qlora")
    named = [language(code) for code in languages(run) if code and code != "und"]
    if tuned:
        what = (
            "was fine-tuned"
            + {"lora": " with LoRA", "qlora": " with QLoRA"}.get(str(how["method"]), "")
            + (f" on {listed(named)}" if named else "")
        )
    elif named:
        what = f"learned {listed(named)}"
    else:
        what = "was trained"
    broken = _broken(validated(run), training)
    if broken:
        on = f" on {listed(named)}" if named else ""
        return f"{article} {kind} model{size_} was trained{on} but diverged: its {broken} is not a number."
    quality = _quality(run, training)
    return f"{article} {kind} model{size_} {what}" + (f": {quality}." if quality else ".")


def _quality(run: RunLog, training: dict[str, Any]) -> str:
    validation = validated(run)
    bits = number(validation.get("bits_per_byte", training.get("val_bits_per_byte")))
    if bits is not None and isfinite(bits):
        beyond = against_ngram(validation)
        return f"{fixed(bits)} bits per byte" + (f", {beyond}" if beyond else "")
    for name, said in (("val_loss", "validation loss"), ("train_loss", "training loss")):
        loss = number(validation.get(name, training.get(name)))
        if loss is not None:
            return f"{said} {fixed(loss)} nats per token" if isfinite(loss) else f"its {said} is not a number"
    return ""


def _broken(validation: dict[str, Any], training: dict[str, Any]) -> str:
    """Which loss of the finished model is no finite number; empty when none is."""
    for name, said in (("val_loss", "validation loss"), ("train_loss", "training loss")):
        loss = number(validation.get(name, training.get(name)))
        if loss is not None and not isfinite(loss):
            return said
    return ""


def validated(run: RunLog) -> dict[str, Any]:
    """The validation that followed the last training; empty when that training was not validated."""
    order = [s.id for s in run.record.steps]
    trained, found = run.stats("training"), run.stats("validation")
    after = [data for step, data in found if not trained or order.index(step.id) > order.index(trained[-1][0].id)]
    return after[-1] if after else {}


def against_ngram(validation: dict[str, Any]) -> str:
    """`6 % better than the best n-gram`, or what else is true; empty when it was not measured."""
    best, bits = validation.get("best_ngram"), number(validation.get("bits_per_byte"))
    base = number(best.get("bits_per_byte")) if isinstance(best, dict) else None
    ratio = bits / base if bits and base else number(validation.get("ratio_to_best_ngram"))
    if ratio is None or not isfinite(ratio):
        return ""
    gain = 1 - ratio
    if abs(gain) < 0.005:
        return "as good as the best n-gram"
    return f"{percent(abs(gain))} {'better' if gain > 0 else 'worse'} than the best n-gram"


def languages(run: RunLog) -> list[str]:
    """Codes of the languages in the corpora of the run, the one with most documents first."""
    total: Counter[str] = Counter()
    for _, data in run.stats("corpus"):
        found = data.get("languages")
        total.update({str(k): int(number(v) or 0) for k, v in found.items()} if isinstance(found, dict) else {})
    return [code for code, _ in total.most_common()]


def _in(codes: list[str]) -> str:
    named = [language(code) for code in codes if code]
    return f" in {listed(named)}" if named else ""


def lead(run: RunLog) -> list[str]:
    """The sentences under the headline."""
    said: list[str] = []
    failed = [s for s in run.record.steps if s.status == "failed"]
    if (failed or any(s.status == "stopped" for s in run.record.steps)) and result(run):
        said.append(f"What was made before: {result(run)[0].lower()}{result(run)[1:]}")
    said += [f"To put it right: {fix}." for fix in _remedies(run, failed)]
    training, validation, export = run.stat("training"), validated(run), run.stat("export")
    if number(training.get("tokens")):
        epochs, seconds = number(training.get("epochs")), number(training.get("seconds"))
        said.append(
            f"It read {short(training['tokens'])} tokens"
            + (f", {fixed(epochs, 1)} times its training text," if epochs else "")
            + (f" in {span(seconds)}" if seconds else "")
            + (f" on {training['device']}" if training.get("device") else "")
            + (f", in {training['precision']}" if training.get("precision") else "")
            + "."
        )
    words = _words(validation)
    if words:
        said.append(words)
    if number(export.get("bytes")):
        proof = export.get("proof")
        proved = isinstance(proof, dict) and proof.get("state") == "proved in llama.cpp"
        state = "was proved in llama.cpp" if proved else "was not tried in llama.cpp"
        said.append(f"The exported file has {size(export.get('bytes'))} and {state}.")
    return said


def _remedies(run: RunLog, failed: list[StepRecord]) -> list[str]:
    """What the errors of the first failed step say to do."""
    name = failed[0].id if failed else None
    found = [
        str(f["fix"]).rstrip(".")
        for f in run.record.findings
        if f.get("severity") == "error" and f.get("fix") and not f.get("fixed") and list(f.get("path") or [])[:2] == ["steps", name]
    ]
    return found[:1]


def _words(validation: dict[str, Any]) -> str:
    words = validation.get("words")
    shares = [
        (percent(data["share"]), language(str(code)))
        for code, data in (words.items() if isinstance(words, dict) else ())
        if isinstance(data, dict) and number(data.get("share")) is not None and number(data.get("sampled"))
    ]
    if not shares:
        return ""
    return f"Of the words it writes, {listed([f'{share} in {name}' for share, name in shares], 4)} occur in the corpus."


def tiles(run: RunLog) -> list[Tile]:
    """The figures of the run that stand large, those that are known."""
    training, validation = run.stat("training"), validated(run)
    bins, vocabulary = run.stat("bins"), run.stat("vocabulary") or run.stat("tokenizer")
    out: list[Tile] = []
    bits = number(validation.get("bits_per_byte", training.get("val_bits_per_byte")))
    if bits is not None and isfinite(bits):
        out.append(Tile(fixed(bits), "bits per byte", against_ngram(validation)))
    if number(training.get("parameters")):
        out.append(Tile(short(training["parameters"]), "parameters", family(training.get("family"))))
    if number(training.get("steps")):
        read = number(training.get("tokens"))
        out.append(Tile(count(training["steps"]), "training steps", f"{short(read)} tokens read" if read else ""))
    if vocabulary.get("vocab_size"):
        per = number(bins.get("bytes_per_token"))
        out.append(Tile(count(vocabulary["vocab_size"]), "pieces", f"{fixed(per)} bytes per token" if per else ""))
    documents = sum(int(number(data.get("documents")) or 0) for _, data in run.stats("corpus"))
    if documents:
        out.append(Tile(short(documents), "documents", listed([language(code) for code in languages(run) if code])))
    seconds = total_seconds(run)
    if seconds:
        out.append(Tile(span(seconds), "in all", _made(run.record.steps)))
    return out


def total_seconds(run: RunLog) -> float:
    """Seconds of the run; while it runs, those of its steps so far."""
    return run.record.seconds or sum(s.seconds for s in run.record.steps if s.status != "reused")


def _made(steps: list[StepRecord]) -> str:
    tally = Counter(s.status for s in steps)
    words = [f"{tally[status]} {status}" for status in ("made", "reused", "failed", "skipped", "stopped") if tally[status]]
    return ", ".join(words) or NONE


def state(run: RunLog) -> str:
    """done, failed or stopped. While the report is being written the run itself still says `running`, so its steps are asked."""
    if not run.record.steps:
        return run.record.status
    found = {s.status for s in run.record.steps}
    for status in ("failed", "stopped"):
        if status in found or run.record.status == status:
            return status
    return "done"
