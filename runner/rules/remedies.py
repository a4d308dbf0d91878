"""What to write where a training does not fit: the mildest change whose own forecast does. Nothing is offered that was not counted."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from runner.meant import StepMeant
from runner.rules import View, at, number, path
from schemas.artifacts import CheckpointForecast
from schemas.findings import Edit
from schemas.machine import GIB
from schemas.training import ADAPTED
from steps.sizing.divisors import divisors

CHUNK = 128  # positions of logits at a time: smaller ones save little beside a layer
SHORTEST, FEWER = 128, 2  # tokens of a row that still teach something; halvings of it that are still the same task
AGAIN = "activation_checkpointing"


class Remedy(NamedTuple):
    """where: the param to point at. edits: only where the training stays the same one."""

    where: str
    fix: str
    edits: tuple[Edit, ...] = ()


class Counted:
    """The memory of a train step with some params changed, by the forecast that `recipe check` has of any step."""

    def __init__(self, view: View, step: StepMeant) -> None:
        self.step, self.given, self.facts = step, view.given.get(step.id, {}), view.facts
        params: Any = step.params
        self.params, self.written = params, params.model_dump(exclude_unset=True)
        self.rows, self.micro = params.batch()
        self.least = 0

    def forecast(self, changes: Mapping[str, Any]) -> CheckpointForecast | None:
        """None where the params would not go together."""
        assert self.step.step is not None
        function = self.step.step.forecast_function
        try:
            params = type(self.params).model_validate({**self.written, **changes})
        except ValidationError:
            return None
        made = function(params, self.given, self.facts) if function is not None else None
        return made if isinstance(made, CheckpointForecast) else None

    def fits(self, changes: Mapping[str, Any], limit: float) -> bool:
        """Whether the peak of a training step stays within `limit` bytes."""
        made = self.forecast(changes)
        if made is None or made.peak_memory_bytes is None:
            return False
        self.least = min(self.least or made.peak_memory_bytes, made.peak_memory_bytes)
        return made.peak_memory_bytes <= limit

    def batches(self) -> Iterator[dict[str, Any]]:
        """The micro-batch as it is, then each smaller one that keeps the effective batch, the largest first."""
        yield {}
        times, total = number(self.step, "gradient_accumulation_steps"), self.params.asked_rows
        for size in reversed(divisors(self.rows, self.micro - 1)):
            yield {"batch_size": size} | ({"gradient_accumulation_steps": self.rows // size} if times or not total else {})


def remedy(view: View, step: StepMeant, limit: float) -> Remedy:
    """The first that fits: a smaller micro-batch, recomputed activations, small chunks of the loss; then what makes it another training:
    shorter rows, fewer modules trained whole, adapters, a quantised base. At the end a smaller model or a larger target."""
    counted = Counted(view, step)
    if at(step.raw, "attn_implementation") == "eager" and counted.fits({"attn_implementation": "sdpa"}, limit):
        return Remedy("attn_implementation", "write attn_implementation: sdpa, which computes the same and keeps no scores")
    for changes in _same(counted):
        if changes and counted.fits(changes, limit):
            edits = tuple(Edit("set", path(step, name), value) for name, value in changes.items())
            follows = "; gradient accumulation follows" if changes.keys() & {"batch_size"} and len(changes.keys() & TIMES) == 1 else ""
            stays = ", the effective batch stays" if follows else "; the effective batch stays" if "batch_size" in changes else ""
            where = "batch_size" if number(step, "batch_size") or "batch_size" in changes else next(iter(changes))
            return Remedy(where, f"write {_lines(changes)}{follows}{stays}", edits)
    least = counted.least
    for changes, said in _others(counted, view):
        smallest = next((each for each in _tight(counted, changes) if counted.fits({**changes, **each}, limit)), None)
        if smallest is not None:
            where = "max_seq_length" if "max_seq_length" in changes and number(step, "max_seq_length") else "method"
            where = "lora.modules_to_save" if "lora" in changes else where
            beside = f", with {_lines(smallest)}" if smallest else ""
            return Remedy(where if where != "method" or at(step.raw, "method") else "model", f"{said}{beside}")
    each = ", for one row at a time" if counted.micro > 1 else ""
    return Remedy("model", f"take a smaller model, or a target with {least / limit * _gib(view):,.0f} GiB{each}")


TIMES = {"batch_size", "gradient_accumulation_steps"}


def _gib(view: View) -> float:
    return view.meant.target.memory_bytes / GIB


def _same(counted: Counted) -> Iterator[dict[str, Any]]:
    """Ways to run the same training in less memory, the quickest first."""
    kept: dict[str, Any] = {}
    ways = [kept]
    if not counted.params.activation_checkpointing:
        ways.append(kept := {**kept, AGAIN: True})
    if counted.params.loss_chunk_tokens > CHUNK:
        ways.append({**kept, "loss_chunk_tokens": CHUNK})
    for way in ways:
        for batch in counted.batches():
            yield {**batch, **way}


def _tight(counted: Counted, changes: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Beside a change: nothing more, or the smallest micro-batch, recomputed; rows that are cut stay as many."""
    yield {}
    *_, smallest = counted.batches()
    yield smallest
    if not counted.params.activation_checkpointing:
        yield {**smallest, AGAIN: True}


def _others(counted: Counted, view: View) -> Iterator[tuple[dict[str, Any], str]]:
    """Other trainings that need less, and how to say each."""
    lengths = []
    length = counted.params.max_seq_length // 2
    while length >= SHORTEST:
        lengths.append({"max_seq_length": length})
        length //= 2
    yield from ((each, f"write {_lines(each)}") for each in lengths[:FEWER])
    method, lora = counted.params.method, counted.params.lora
    if method in ADAPTED and lora is not None and lora.modules_to_save:
        names = ", ".join(lora.modules_to_save)
        yield {"lora": _without(counted)}, f"delete modules_to_save: [{names}] from lora"
    lighter = LIGHTER[method] if counted.params.model.base is not None else ()
    for other in lighter:
        machine = view.meant.target
        if other == "qlora" and (machine.kind == "mps" or (machine.kind == "cuda" and machine.capability < 60)):
            continue
        yield {"method": other}, f"write method: {other}"
        if lora is not None and lora.modules_to_save:
            yield {"method": other, "lora": _without(counted)}, f"write method: {other}, delete modules_to_save from lora"
    most = {"method": lighter[-1]} if lighter else {}
    for each in lengths[: FEWER + 1] if most else ():
        changes = {**most, **each}
        yield changes, f"write {_lines(changes)}"


LIGHTER: dict[str, tuple[str, ...]] = {"full": ("lora", "qlora"), "lora": ("qlora",), "qlora": ()}


def _without(counted: Counted) -> dict[str, Any]:
    return {name: value for name, value in counted.written["lora"].items() if name != "modules_to_save"}


def _lines(changes: Mapping[str, Any]) -> str:
    """`a: 1, b: 2 and c: true`, as they are written."""
    shown = [f"{name}: {str(value).lower() if isinstance(value, bool) else value}" for name, value in changes.items()]
    return ", ".join(shown[:-1]) + (" and " if len(shown) > 1 else "") + shown[-1]


def evaluated(view: View, step: StepMeant, rows: int, limit: float) -> int | None:
    """The most rows, a power of two below `rows`, that validation takes at a time within `limit` bytes; None where not one does."""
    counted, size = Counted(view, step), 1 << (max(1, rows - 1).bit_length() - 1)
    while size:
        made = counted.forecast({"eval_batch_size": size})
        if made is not None and size < rows and sum(made.evaluation_parts.values()) <= limit:
            return size
        size //= 2
    return None
