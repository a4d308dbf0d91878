"""What a step that looks at another one (plan) is told of split_long: how long the pieces are that the other will read."""

from runner.meant import StepMeant
from schemas import Corpus, TokenBin


def tell_pieces(steps: list[StepMeant], subjects: dict[str, str]) -> None:
    """Put split_long's max_tokens beside the written params of the train step, where its data comes from one that cuts.

    It is a part of the plan's key so: another max_tokens, another plan. Of several, the longest counts.
    """
    by_id = {step.id: step for step in steps}
    for step in steps:
        if step.id in subjects and step.params is not None and (most := max(_asked(step, by_id, set()), default=0)):
            subject = {**getattr(step.params, "subject", {}), "split_long": most}
            step.params = step.params.model_copy(update={"subject": subject})


def _asked(step: StepMeant, by_id: dict[str, StepMeant], seen: set[str]) -> list[int]:
    """max_tokens of the split_long steps of this recipe that are the next before `step` on the way of its data."""
    found: list[int] = []
    for item in step.step.inputs if step.step is not None else ():
        for link in step.inputs.get(item.name, ()) if issubclass(item.kind, (Corpus, TokenBin)) else ():
            maker = by_id.get(link.step) if link.inside else None
            if maker is None or maker.id in seen:
                continue
            seen.add(maker.id)
            cuts = maker.type == "split_long" and not getattr(maker.params, "analyze_only", False)
            most = getattr(maker.params, "max_tokens", None) if cuts else None
            found += [most] if most else _asked(maker, by_id, seen)
    return found
