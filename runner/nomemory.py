"""A step that memory does not suffice for, in words: no fault of recipe's, and no traceback helps."""

from runner.disk import causes
from schemas.findings import RecipeError
from steps.sizing.lack import says_no_memory

FIX = (
    "take a smaller model (over a base method: qlora) or a larger machine, or end what else runs here; recipe check says what a step needs"
)


def no_memory(error: BaseException) -> RecipeError | None:
    """R019 for an error that says that memory ran out, or that came of one that does; None for any other."""
    cause = next((cause for cause in causes(error) if says_no_memory(cause)), None)
    if cause is None:
        return None
    said = next((line.strip()[:200] for line in str(cause).splitlines() if line.strip()), "")
    return RecipeError("R019", "memory ran out" + (f": {said}" if said else ""), fix=FIX)
