"""What a recipe will make and cost, in a line or two, from its forecasts."""

from typing import Any

from runner.meant import Meant, StepMeant
from runner.room import downloads, needed
from runner.screen import in_bytes, plural, scaled
from schemas.artifacts import CheckpointForecast, CorpusForecast, ExportForecast, Forecast, TokenBinForecast
from schemas.machine import GIB, Machine

TABLES = 2  # models that get a table each; more get a line
MOST = 8  # of those
TIMED = ("parse_corpus", "train_tokenizer", "split_long", "tokenize_bin", "train")  # whose time counts, where it is known
ROOMY = 0.8  # of the memory: above it a fit is tight
SHOWN = 0.05  # of a sum: smaller parts are not named
NAMED = 4  # parts on a line


def all_clear(meant: Meant, file: str, *, because: bool = False) -> str:
    """What was checked, for which machine, and what it will take: shown when nothing is wrong."""
    machine = meant.target
    target = machine.title or machine.name
    lines = [f"{file}: {plural(len(meant.steps), 'step')} checked for {target} ({machine.memory_bytes / GIB:.1f} GiB), nothing wrong"]
    return "\n".join([*lines, *forecast(meant, because=because)])


def forecast(meant: Meant, *, because: bool = False) -> list[str]:
    """A table for each trained model, a line where there are many, and a line for the whole run. because: with every figure's reason."""
    trained = [(step, step.forecast) for step in meant.steps if step.type == "train" and isinstance(step.forecast, CheckpointForecast)]
    lines: list[str] = []
    if len(trained) <= TABLES or because:
        for step, made in trained:
            lines += _table(step, made, meant)
            lines += _reasons(step, made, meant) if because else []
    else:
        lines = [f"  {step.id}: {_line(made)}" for step, made in trained]
        if len(lines) > MOST:
            lines = [*lines[: MOST - 1], f"  and {len(lines) - MOST + 1} models more"]
    whole = _whole(meant)
    return [*lines, f"  in all: {whole}"] if whole else lines


def _table(step: StepMeant, made: CheckpointForecast, meant: Meant) -> list[str]:
    """A train step in five rows: model, data, memory, time, disk."""
    rows = [("model", _model(made)), ("data", _data(made))]
    if made.peak_memory_bytes:
        has = _gib(meant.target.usable_bytes)
        rows.append(("memory", f"{_gib(made.peak_memory_bytes)} of {has} GiB to train: {_parts(made.memory_parts)}"))
        rows.append(("", f"{_gib(sum(made.evaluation_parts.values()))} GiB to validate: {_parts(made.evaluation_parts)}"))
        for later in meant.steps:
            if isinstance(later.forecast, ExportForecast) and later.forecast.memory_parts:
                rows.append(("", f"{_gib(sum(later.forecast.memory_parts.values()))} GiB for {later.id}, on the CPU"))
    if made.seconds and made.tokens_per_s:
        energy = f", {made.energy_kwh:.2g} kWh" if made.energy_kwh else ""
        rows.append(("time", f"about {_time(made.seconds)} at {_count(made.tokens_per_s)} tokens a second{energy}"))
    if made.disk_parts:
        shown = [f"{name} {in_bytes(size)}" for name, size in made.disk_parts.items()]
        rows.append(("disk", f"{in_bytes(sum(made.disk_parts.values()))}: {', '.join(shown[:NAMED])}"))
        rows.append(("", ", ".join(shown[NAMED:])))
    return [f"  {step.id}:", *(f"    {label:<6}  {said}" for label, said in rows if said)]


def _model(made: CheckpointForecast) -> str:
    if made.model is None:
        return "the base model is not here yet, so memory and time are not known"
    parts: list[str] = [made.model.family]
    if made.parameters:
        parts.append(f"{made.parameters:,} parameters")
    if made.trained_parameters and made.trained_parameters != made.parameters:
        parts.append(f"{made.trained_parameters:,} trained by {made.method}")
    elif made.embedding_parameters and made.parameters:
        parts.append(f"{made.embedding_parameters / made.parameters:.0%} embedding")
    return ", ".join([*parts, made.precision] if made.precision else parts)


def _data(made: CheckpointForecast) -> str:
    parts: list[str] = []
    if made.optimizer_steps:
        parts.append(plural(made.optimizer_steps, "step"))
    if made.tokens:
        parts.append(f"{_count(made.tokens)} tokens")
        if made.parameters:
            parts.append(f"{made.tokens / made.parameters:.2g} a parameter")
    if made.epochs:
        parts.append(f"{made.epochs:.2g} epochs")
    return ", ".join(parts)


def _reasons(step: StepMeant, made: CheckpointForecast, meant: Meant) -> list[str]:
    """Every figure of a forecast with where it comes from."""
    words = {"peak_memory_bytes": "training memory", "evaluation_parts": "validation memory", "seconds": "time", "energy_kwh": "energy",
             "disk_parts": "disk", "optimizer_steps": "steps", "vocab_size": "vocabulary"}  # fmt: skip
    reasons = {words.get(name, name): reason for name, reason in made.because.items()}
    whole = {f"all of {name}": ", ".join(f"{part} {_gib(size)}" for part, size in parts.items()) + " GiB"
             for name, parts in (("training", made.memory_parts), ("validation", made.evaluation_parts)) if parts}  # fmt: skip
    written = "max_steps, as written" if step.raw.get("max_steps") is not None else "passes over the rows of the data, by rows of a step"
    exported = any(isinstance(each.forecast, ExportForecast) and each.forecast.memory_parts for each in meant.steps)
    export = "the largest matrix as it is read, in fp32 and as it is stored, and the runtime" if exported else ""
    counted = {"steps": written if made.optimizer_steps else "",
               "tokens": "steps x rows of a step x tokens of a row" if made.tokens else "",
               "tokens a parameter": "of all parameters, embeddings too; 20 are usual for a new model (arXiv 2203.15556)"
               if made.tokens and made.parameters else "",
               "epochs": "" if not made.tokens else "tokens over those of the training data" if made.epochs else
               "not known, as the data is not here yet",
               "allowance": "what no tensor accounts for: the runtime, and an allocator's waste",
               "export memory": export}  # fmt: skip
    told = {**{name: reason for name, reason in counted.items() if reason and name not in reasons}, **reasons, **whole}
    return ["    because", *(f"      {name}: {reason}" for name, reason in told.items())]


def _line(made: CheckpointForecast) -> str:
    """A train step in one line, where there are many."""
    parts = [_model(made), _data(made)]
    if made.peak_memory_bytes:
        parts.append(f"peak {_gib(made.peak_memory_bytes)} GiB")
    if made.seconds:
        parts.append(f"about {_time(made.seconds)}")
    return ", ".join(filter(None, parts))


def plain(meant: Meant) -> dict[str, Any]:
    """All forecasts as plain data, for other programs."""
    steps = [
        {"id": step.id, "type": step.type, **step.forecast.model_dump(mode="json", exclude={"tokenizer"}, exclude_none=True),
         **_shares(step.forecast)}
        for step in meant.steps
        if step.forecast is not None
    ]  # fmt: skip
    return {"format": 1, "file": str(meant.file), "target": meant.target.model_dump(mode="json"), "steps": steps}


def _shares(made: Forecast) -> dict[str, float]:
    """Tokens a parameter, where both are known."""
    known = isinstance(made, CheckpointForecast) and made.tokens and made.parameters
    return {"tokens_per_parameter": made.tokens / made.parameters} if known else {}  # type: ignore[attr-defined]


def compare(each: list[Meant]) -> str:
    """One recipe on several machines, side by side: a block for each train step, a row for each machine; empty where nothing is known."""
    lines: list[str] = []
    for step in each[0].steps:
        if step.type != "train" or not isinstance(step.forecast, CheckpointForecast):
            continue
        rows: list[tuple[str, ...]] = [("machine", "fits", "GiB", "of", "format", "tokens/s", "time", "kWh")]
        rows += [_compared(meant.step(step.id), meant.target) for meant in each]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines.append(f"{step.id}: {', '.join(filter(None, (_model(step.forecast), _data(step.forecast))))}")
        for row in rows:
            cells = [f"{cell:<{w}}" if column < 2 else f"{cell:>{w}}" for column, (cell, w) in enumerate(zip(row, widths, strict=True))]
            lines.append("  " + "  ".join(cells))
    if not lines and each[0].steps and not any(step.type == "train" for step in each[0].steps):
        return "no train step to compare"
    return "\n".join(line.rstrip() for line in lines)


def _compared(step: StepMeant, machine: Machine) -> tuple[str, ...]:
    made, has = step.forecast, machine.usable_bytes
    name = machine.title or machine.name
    if not isinstance(made, CheckpointForecast) or not made.peak_memory_bytes:
        return (name, "not known", "", _gib(has), "", "", "", "")
    need = max(made.peak_memory_bytes, sum(made.evaluation_parts.values()))
    fits = "yes" if need <= ROOMY * has else "tight" if need <= has else "no"
    seconds = _time(made.seconds) if made.seconds else ""
    energy = f"{made.energy_kwh:.2g}" if made.energy_kwh else ""
    return (name, fits, _gib(need), _gib(has), made.precision, _count(made.tokens_per_s or 0), seconds, energy)


def _parts(parts: dict[str, int]) -> str:
    """The parts that count, the largest first, in GiB; all of them come with --because."""
    order = sorted(((size, name) for name, size in parts.items() if size >= SHOWN * sum(parts.values())), reverse=True)
    return ", ".join(f"{name} {_gib(size)}" for size, name in order[:NAMED])


def _gib(size: float) -> str:
    value = size / GIB
    return f"{value:.1f}" if value >= 0.95 else f"{value:.2f}"


def _whole(meant: Meant) -> str:
    steps, fetched = meant.steps, sum(downloads(meant).values())
    made = [step.forecast for step in steps if step.forecast is not None]
    text = [s.forecast.bytes for s in steps if s.type == "parse_corpus" and isinstance(s.forecast, CorpusForecast)]
    bins = [f.train_tokens for f in made if isinstance(f, TokenBinForecast) and f.train_tokens]
    parts = []
    if text and None not in text:
        parts.append(f"{in_bytes(sum(size or 0 for size in text))} of text")
    if bins:
        parts.append(f"{_count(max(bins))} training tokens")
    if seconds := sum(f.seconds or 0 for f in made):
        open_ended = [s.id for s in steps if s.type in TIMED and not (s.forecast is not None and s.forecast.seconds)]
        shown = " and ".join(open_ended) if len(open_ended) < 3 else f"{len(open_ended)} steps"
        parts.append(f"about {_time(seconds)}" + (f" beside {shown}, whose time is not known" if open_ended else ""))
    if disk := sum(needed(steps)) + fetched:
        parts.append(f"{in_bytes(disk)} of disk" + (f", {in_bytes(fetched)} of it weights from the hub" if fetched else ""))
    return ", ".join(parts)


def _count(value: float) -> str:
    return scaled(value, ((1e9, "B"), (1e6, "M"), (1e3, "k")))


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 3 * 86400 else f"{seconds / 86400:.1f} days"
