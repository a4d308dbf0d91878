"""What is written by hand and fits, but makes training far slower than what the plan would choose in its place."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas import Machine, ModelConfig
from steps.sizing.candidates import Candidate, candidates
from steps.sizing.rows import packing
from steps.sizing.subject import Subject, read_subject

FAR_SLOWER = 2.0  # times: up to here what is written passes without a word
MATTERS = 0.9  # of the free speed: a value that alone costs less is not named
FREED = ("batch_size", "gradient_accumulation_steps", "precision", "activation_checkpointing", "attn_implementation", "packing")


class Slower(NamedTuple):
    """written, free: names of train's params, to what is written and to what the plan would choose. Speeds: modelled tokens a second.

    rows: of the effective batch, where nothing but what is named says it.
    """

    written: dict[str, Any]
    free: dict[str, Any]
    tokens_per_s: float
    free_tokens_per_s: float
    rows: int | None = None

    @property
    def fix(self) -> str:
        """What to delete, and what to write so that the effective batch stays."""
        keep = f", and write total_batch_size: {self.rows}" if self.rows else ""
        return f"delete {' and '.join(self.written)} from the train step{keep}"

    @property
    def said(self) -> str:
        """In a sentence."""
        values, free = (", ".join(f"{k}: {_yaml(v)}" for k, v in each.items()) for each in (self.written, self.free))
        return (f"{values}, as written: about {self.tokens_per_s:,.0f} tokens a second by the model of the target; "
                f"{self.free_tokens_per_s:,.0f} with {free}")  # fmt: skip


def slower_by_hand(
    chosen: Candidate, subject: Subject, model: ModelConfig, target: Machine, written: Mapping[str, Any], kind: str, margin: float
) -> Slower | None:
    """The written values that make `chosen` less than half as fast as the plan's own choice, and that choice; None where there are none.

    The row's length and the effective batch stay as they are: they are what is asked for, not how it is done. A value is named when
    training is slower with it alone; when each does so only beside the others, all are that differ.
    """
    asked = {name: written[name] for name in FREED if written.get(name) is not None and written[name] != "auto"}
    if not asked or not chosen.fits:
        return None
    rest = {name: value for name, value in written.items() if name not in FREED}
    if subject.accumulation and not subject.asked:
        rest["total_batch_size"] = subject.rows

    def choice(kept: dict[str, Any]) -> tuple[Candidate, Subject]:
        meant = read_subject({**rest, **kept}, chosen.length, subject.mean_row, kind, subject.longest)
        packed, _ = packing(meant, model, target, kept)
        return candidates(packed, model, target, chosen.length, margin=margin, most=1)[0], packed

    best, freed = choice({})
    if not best.fits or chosen.tokens_per_s * FAR_SLOWER >= best.tokens_per_s:
        return None
    packed = "stream" if freed.objective == "lm" else "documents" if freed.packed else "none"
    proposed = {**best.settings, "attn_implementation": freed.attention, "packing": packed}
    differ = [name for name in asked if asked[name] != proposed[name]]
    costly = [name for name in differ if choice({name: asked[name]})[0].tokens_per_s < MATTERS * best.tokens_per_s] or differ
    if not costly:
        return None
    rows = subject.rows if rest.get("total_batch_size") != written.get("total_batch_size") else None
    return Slower({n: asked[n] for n in costly}, {n: proposed[n] for n in costly}, chosen.tokens_per_s, best.tokens_per_s, rows)


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
