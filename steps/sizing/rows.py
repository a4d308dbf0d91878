"""Rows of a planned training where they are not written: how long they are, and whether several documents share one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from schemas import Machine, ModelConfig
from steps.sizing.candidates import candidates, starting_point
from steps.sizing.subject import Subject

LONGEST = 4096  # a row that the plan chooses by itself is no longer, but where split_long was asked for more
STEP = 64  # lengths are rounded up to a multiple of it


def row_length(
    subject: Subject, model: ModelConfig, target: Machine, written: Mapping[str, Any], longest: int | None, margin: float
) -> tuple[int, str]:
    """Tokens of a row, and the reason: as written, else as long as split_long's pieces may be, else what the longest document needs, else
    what the memory's size suggests.

    longest: tokens of the longest document, where that is known.
    """
    if subject.length:
        return subject.length, "written by hand"
    pieces, short = for_pieces(subject, model, target, written, margin)
    if pieces and (subject.objective != "sft" or (longest or 0) <= pieces):
        return pieces, f"split_long leaves documents of up to {written['split_long']} tokens, and a row is no shorter"
    most = written.get("total_batch_tokens") or LONGEST
    usual, place = min(most, starting_point(target)[1]), target.title or target.name
    if longest is None:
        return usual, f"usual for the memory of {place}{short}"
    rounded, known = _rounded(longest), f"the longest document has {longest} tokens"
    if subject.objective == "sft":
        return rounded, f"{known}, and none is cut{short}"
    if rounded <= usual or (rounded <= most and _fits(subject, model, target, rounded, margin)):
        return rounded, f"{known}{short}"
    return usual, f"usual for the memory of {place}; {known}{short}"


def for_pieces(subject: Subject, model: ModelConfig, target: Machine, written: Mapping[str, Any], margin: float) -> tuple[int | None, str]:
    """A row for the longest piece that split_long was asked for, also above LONGEST; None, and why, where there can be no such row.

    It hangs on the recipe alone and not on the data, so that a check foresees what the run chooses.
    """
    asked, batch = written.get("split_long"), written.get("total_batch_tokens")
    if not asked:
        return None, ""
    if batch and asked > batch:
        return None, f"; the {asked} tokens of split_long are more than total_batch_tokens: {batch}"
    length = min(_rounded(asked), batch) if batch else _rounded(asked)
    if not _fits(subject, model, target, length, margin):
        return None, f"; not even one row of the {asked} tokens of split_long fits in the memory"
    return length, ""


def packing(subject: Subject, model: ModelConfig, target: Machine, written: Mapping[str, Any]) -> tuple[Subject, str]:
    """The subject with the packing that is chosen, where none is written, and the reason.

    Rows are filled with several documents where they would be padded else, and no batch is written: a step of so many documents stays
    one. Only the Mambas are: what attends lies end to end already, and a network of another kind may not keep documents apart.
    """
    if written.get("packing") is not None:
        return subject, ""
    if subject.objective == "lm":
        return subject, "rows are cut from the bin end to end, nothing is filled up"
    if subject.end_to_end(model, target):
        return subject, "documents lie end to end, nothing is filled up"
    if subject.asked or subject.batch_size:
        return subject, "a document a row, filled up: the batch is written, and it counts documents"
    if not model.family.startswith("mamba"):
        return subject, "a document a row, filled up"
    return replace(subject, packed=True), "a row holds several documents where it would be filled up else, and none sees another"


def _rounded(tokens: int) -> int:
    return -(-tokens // STEP) * STEP


def _fits(subject: Subject, model: ModelConfig, target: Machine, length: int, margin: float) -> bool:
    return any(c.fits for c in candidates(subject, model, target, length, margin=margin, most=1))
