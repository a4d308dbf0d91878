"""What a plan chose, put into the params of a train step."""

from typing import Any, TypeVar

from pydantic import ValidationError

from schemas import Plan, RecipeError

T = TypeVar("T", bound=Any)


def with_plan(params: T, plan: Plan | None) -> T:
    """`params` (steps.train.Train) with the plan's settings for all that is not written by hand.

    Raises RecipeError S006 when they do not go together.
    """
    if plan is None:
        return params
    kind = type(params)
    written = params.model_dump(exclude_unset=True)
    settings = {name: value for name, value in plan.settings.items() if name in kind.model_fields and name not in written}
    if params.asked_rows is not None:
        settings = {name: value for name, value in settings.items() if name not in ("total_batch_size", "total_batch_tokens")}
    if settings.get("packing") != "documents":  # the others are what is meant without a word: a training that goes on has none
        settings.pop("packing", None)
    try:
        found: T = kind.model_validate({**settings, **written})
    except ValidationError as error:
        first = error.errors()[0]
        raise RecipeError("S006", f"the plan does not go with what is written by hand: {first['msg']}", field="plan",
                          fix="write plan: none, or delete what was written by hand") from error  # fmt: skip
    return found
