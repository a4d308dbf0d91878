"""What a recipe will make and cost, in a line or two, from its forecasts."""

from runner.meant import Meant, StepMeant
from runner.screen import in_bytes, plural, scaled
from schemas.artifacts import CheckpointForecast, CorpusForecast, TokenBinForecast
from schemas.machine import GIB

MOST = 8  # models that get a line


def all_clear(meant: Meant, file: str) -> str:
    """What was checked, for which machine, and what it will take: shown when nothing is wrong."""
    machine = meant.target
    target = machine.title or machine.name
    lines = [f"{file}: {plural(len(meant.steps), 'step')} checked for {target} ({machine.memory_bytes / GIB:.1f} GiB), nothing wrong"]
    return "\n".join([*lines, *forecast(meant)])


def forecast(meant: Meant) -> list[str]:
    """A line for each trained model, and one for the whole run."""
    lines = [f"  {step.id}: {said}" for step in meant.steps if (said := _step(step))]
    if len(lines) > MOST:
        lines = [*lines[: MOST - 1], f"  and {len(lines) - MOST + 1} models more"]
    whole = _whole(meant.steps)
    return [*lines, f"  in all: {whole}"] if whole else lines


def _step(step: StepMeant) -> str:
    made = step.forecast
    if not isinstance(made, CheckpointForecast) or step.type != "train":
        return ""
    if made.model is None:
        return "the base model is not here yet, so memory and time are not known"
    parts: list[str] = [made.model.family]
    if made.parameters:
        share = f" ({made.embedding_parameters / made.parameters:.0%} embedding)" if made.embedding_parameters else ""
        parts.append(f"{_count(made.parameters)} parameters{share}")
    if made.optimizer_steps:
        parts.append(plural(made.optimizer_steps, "step"))
    if made.tokens:
        epochs = f" ({made.epochs:.2g} epochs)" if made.epochs else ""
        parts.append(f"{_count(made.tokens)} tokens{epochs}")
    if made.peak_memory_bytes:
        parts.append(f"peak {made.peak_memory_bytes / GIB:.1f} GiB")
    if made.seconds:
        parts.append(f"about {_time(made.seconds)}")
    return ", ".join(parts)


def _whole(steps: list[StepMeant]) -> str:
    made = [step.forecast for step in steps if step.forecast is not None]
    text = [s.forecast.bytes for s in steps if s.type == "parse_corpus" and isinstance(s.forecast, CorpusForecast)]
    bins = [f.train_tokens for f in made if isinstance(f, TokenBinForecast) and f.train_tokens]
    parts = []
    if text and None not in text:
        parts.append(f"{in_bytes(sum(size or 0 for size in text))} of text")
    if bins:
        parts.append(f"{_count(max(bins))} training tokens")
    if seconds := sum(f.seconds or 0 for f in made):
        parts.append(f"about {_time(seconds)}")
    if disk := sum(f.disk_bytes or 0 for f in made):
        parts.append(f"{in_bytes(disk)} of disk")
    return ", ".join(parts)


def _count(value: float) -> str:
    return scaled(value, ((1e9, "B"), (1e6, "M"), (1e3, "k")))


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 3 * 86400 else f"{seconds / 86400:.1f} days"
