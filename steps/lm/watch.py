"""What looks at a training's figures while it runs: expected bands, spikes of the gradient, and whether validation still improves."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from schemas import RecipeError, StepContext

SMOOTHED_STEPS = 20  # the training loss that is compared and reported is the mean of the last so many steps
SPIKE_FACTOR = 10.0
REMEMBERED_NORMS, FEWEST_NORMS = 100, 20  # norms of the last steps, and how many there must be before one can be a spike
MOST_SKIPPED = 10  # in a row: then it is no spike, but the gradient


FIX = "look at the curve; then mend the settings, or the band"


class Figures(Protocol):
    """What a training has come to."""

    @property
    def train_loss(self) -> float:
        """Mean of the last steps."""

    scored: dict[str, Any]
    expected: list[dict[str, Any]]


class Bands:
    """Looks whether a run is where the recipe expects it, at the steps that it names. stop: a figure outside ends the run."""

    def __init__(self, expect: Mapping[int, Any], context: StepContext, stop: bool = False) -> None:
        self.expect, self.context, self.stop = expect, context, stop

    def __call__(self, step: int, done: Figures) -> None:
        """Compare the figures of `step`, once. Raises RecipeError S111 when one is outside and `stop` was asked for."""
        if step not in self.expect or any(entry["step"] == step for entry in done.expected):
            return
        scored = done.scored if done.scored.get("step") == step else {}  # not those of a validation before it
        found = {"train_loss": done.train_loss, "val_loss": scored.get("loss"), "val_bits_per_byte": scored.get("bits_per_byte")}
        bands = self.expect[step].model_dump(exclude_none=True).items()
        entries = [_entry(step, metric, band, found[metric]) for metric, band in bands]
        outside = [_outside(entry) for entry in entries if not entry["inside"]]
        if outside and self.stop:
            raise RecipeError("S111", "; ".join(outside), field=f"expect.{step}", fix=FIX)
        done.expected += entries
        for message in outside:
            self.context.warn("S110", message, field=f"expect.{step}", fix=FIX)


def judged(expect: Mapping[int, Any], found: list[dict[str, Any]], last: int) -> list[dict[str, Any]]:
    """What is said in the end of every band in `expect` of a run whose last step was `last`.

    found: as `Bands` left it, perhaps by bands that were written otherwise before the run went on. A band beyond `last` was not reached.
    """
    values = {(entry["step"], entry["metric"]): entry["found"] for entry in found}
    rows = []
    for step, bands in sorted(expect.items()):
        for metric, band in bands.model_dump(exclude_none=True).items():
            if step > last:
                rows.append({**_entry(step, metric, band, None), "inside": None})
            elif (step, metric) in values:
                rows.append(_entry(step, metric, band, values[step, metric]))
    return rows


def judge_again(params: Any, side: Path) -> list[RecipeError] | None:
    """Judge a training that is done by the bands as they are written now, from its logs; the report shows them, too.

    Returns a warning S110 for each that is outside, None where the bands are those that it was judged by. Raises RecipeError S111 where
    one is outside and on_expect is stop. A band that its figures do not tell of (no validation at that step) is not reached.
    """
    place = side / "stats" / "training.json"
    try:
        stats = json.loads(place.read_text("utf-8"))
        losses = {line["step"]: line["train_loss"] for line in _logged(side, "train_steps")} if params.expect else {}
        scored = {line["step"]: line for line in _logged(side, "eval_steps")} if params.expect else {}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    found = []
    for step in params.expect:
        last = [losses[s] for s in range(max(1, step - SMOOTHED_STEPS + 1), step + 1) if s in losses]
        line = scored.get(step, {})
        values = {"train_loss": sum(last) / len(last) if last else None, "val_loss": line.get("eval_loss"),
                  "val_bits_per_byte": line.get("bits_per_byte")}  # fmt: skip
        found += [{"step": step, "metric": name, "found": value} for name, value in values.items() if value is not None]
    rows = judged(params.expect, found, int(stats["steps"]))
    outside = [row for row in rows if row["inside"] is False]
    if outside and params.on_expect == "stop":
        raise RecipeError("S111", "; ".join(map(_outside, outside)), field=f"expect.{outside[0]['step']}", fix=FIX)
    if rows == (stats.get("expect") or []):
        return None
    part = place.with_suffix(".part")
    part.write_text(json.dumps({**stats, "expect": rows}, ensure_ascii=False, indent=1) + "\n", "utf-8")
    part.replace(place)
    return [RecipeError("S110", _outside(row), field=f"expect.{row['step']}", fix=FIX) for row in outside]


def _logged(side: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (side / "logs" / f"{name}.jsonl").read_text("utf-8").splitlines()]


def _outside(entry: dict[str, Any]) -> str:
    """In words."""
    step, metric, value = entry["step"], entry["metric"], entry["found"]
    shown = "not known" if value is None else f"{value:.3f}"
    if metric == "train_loss" and step > 1:
        shown += f", the mean of {min(step, SMOOTHED_STEPS)} steps"
    return f"{metric} at step {step} is {shown}, expected {entry['low']:g} to {entry['high']:g}"


def _entry(step: int, metric: str, band: list[float], value: float | None) -> dict[str, Any]:
    low, high = band
    return {"step": step, "metric": metric, "low": low, "high": high, "found": value, "inside": value is not None and low <= value <= high}


@dataclass
class SpikeGuard:
    """Judges a step's gradient norm by the median of the last REMEMBERED_NORMS. norms, skipped: its state, saved with the training."""

    action: str
    factor: float
    norms: list[float]
    skipped: int = 0

    def threshold(self) -> float:
        """The norm above which a step is a spike; infinite until FEWEST_NORMS are known."""
        return self.factor * median(self.norms) if self.action != "none" and len(self.norms) >= FEWEST_NORMS else math.inf

    def spiked(self, norm: float, step: int, context: StepContext) -> bool:
        """Whether the update of `step` (from 1) is to be left out. Raises RecipeError S102 when the run is to stop."""
        limit = self.threshold()
        if not norm > limit:
            self.skipped = 0
            if math.isfinite(norm):
                self.norms = [*self.norms, norm][-REMEMBERED_NORMS:]
            return False
        self.skipped += 1
        said = f"the gradient's norm is {norm:.3g} at step {step}, above {limit:.3g} ({self.factor:g} x the median of the last steps)"
        context.event("spike", step=step, grad_norm=norm, threshold=limit, action=self.action, message=f"{said}: {self.action}")
        if self.action == "stop":
            raise RecipeError(
                "S102", said, field="on_spike", fix="look at the data of that step, lower learning_rate, or write on_spike: skip"
            )
        if self.skipped > MOST_SKIPPED:
            raise RecipeError("S102", f"{said}, as in the {MOST_SKIPPED} steps before", field="learning_rate", fix="lower learning_rate")
        return True


def patience_is_over(best_step: int, evaluations: list[int], patience: int) -> bool:
    """Whether the last `patience` validations, of those at `evaluations`, all came after the best one at `best_step`."""
    return sum(step > best_step for step in evaluations) >= patience
