"""`stages:`: which weights are trained from which step on. What is frozen keeps its place and its moments in the optimizer."""

from difflib import get_close_matches
from typing import Any

from torch import nn

from schemas import RecipeError, StepContext
from schemas.training import Stage
from steps.sizing.names import matched


class Stages:
    """The stages of a run over `network`, whose weights are trained where at least one stage names them, and frozen for good elsewhere.

    steps: of the whole run. Raises RecipeError S023 when the stages do not fill it, S024 for a pattern that means no weight.
    """

    def __init__(self, asked: list[Stage], network: nn.Module, steps: int, context: StepContext) -> None:
        self.asked, self.context, self.steps = asked, context, steps
        sizes = [stage.steps or 0 for stage in asked]
        if problem := unfilled(sizes, steps):
            raise RecipeError("S023", problem[0], field="stages", fix=problem[1])
        self.starts = [sum(sizes[:i]) for i in range(len(asked))]
        every = dict(network.named_parameters(remove_duplicate=False))  # a tied weight under all its names
        self.weights = [{id(every[name]) for name in _meant(stage, i, list(every))} for i, stage in enumerate(asked)]
        self.all = list({id(weight): weight for weight in every.values()}.values())
        self.told: set[int] = set()
        self.enter(-1)

    def enter(self, step: int) -> bool:
        """Freeze and unfreeze for the step after `step` steps; where a stage begins there, say so. -1: all that any stage trains.

        Returns whether one begins.
        """
        number = max((i for i, start in enumerate(self.starts) if start <= step), default=-1)
        trained = self.weights[number] if number >= 0 else set().union(*self.weights)
        for weight in self.all:
            weight.requires_grad_(id(weight) in trained)
        if number not in self.told and number >= 0 and step == self.starts[number]:
            self.told.add(number)
            count, total = self.parameters(number), sum(weight.numel() for weight in self.all)
            names = ", ".join(self.asked[number].train)
            self.context.event("stage", step=step, number=number + 1, train=self.asked[number].train, parameters=count,
                               message=f"stage {number + 1} of {len(self.asked)} from step {step + 1}: trains {names}, "
                                       f"{count:,} of {total:,} parameters")  # fmt: skip
        return step in self.starts

    def parameters(self, number: int) -> int:
        """Trained in a stage."""
        return sum(weight.numel() for weight in self.all if id(weight) in self.weights[number])

    def plain(self, done: int) -> list[dict[str, Any]]:
        """Each stage that was reached in `done` steps with its first and last one, as it is kept in the statistics."""
        ends = [*self.starts[1:], self.steps]
        return [{"from": start + 1, "to": min(end, done), "train": stage.train, "parameters": self.parameters(i)}
                for i, (start, end, stage) in enumerate(zip(self.starts, ends, self.asked, strict=True)) if start < done]  # fmt: skip

    def words(self, done: int) -> str:
        """In a line."""
        return "; ".join(f"{each['from']:,} to {each['to']:,}: {', '.join(each['train'])}" for each in self.plain(done))

    def tell_unreached(self, done: int) -> None:
        """Say of a run that ended early, after `done` steps, which stages it never came to."""
        reached = len(self.plain(done))
        if left := self.asked[reached:]:
            message = f"ended in stage {reached} of {len(self.asked)}, before {'; '.join(', '.join(stage.train) for stage in left)}"
            self.context.event("stages_not_reached", step=done, reached=reached, stages=len(self.asked), message=message)


def unfilled(sizes: list[int], steps: int) -> tuple[str, str] | None:
    """What is wrong with stages of `sizes` steps (the last 0 for the rest) in a run of `steps`, and its remedy; None when nothing is."""
    before = sum(sizes[:-1])
    if before >= steps:
        return f"the stages before the last take {before} steps, and the run has {steps}", f"give them less than {steps} together"
    if sizes[-1] and before + sizes[-1] != steps:
        return f"the stages take {before + sizes[-1]} steps, and the run has {steps}", "delete steps of the last stage: it takes the rest"
    return None


def _meant(stage: Stage, number: int, names: list[str]) -> set[str]:
    found: set[str] = set()
    for index, pattern in enumerate(stage.train):
        some = {name for name in names if matched(pattern, name)}
        if not some:
            parts = sorted({part for name in names for part in name.split(".") if not part.isdigit()})
            near = get_close_matches(pattern, parts, 1, 0.5)
            message = f"no weight of the network is called {pattern!r}"
            message += "" if near else f"; parts of their names are {', '.join(parts)}"
            fix = f"write {near[0]}" if near else "name some of these, or all"
            raise RecipeError("S024", message, field=f"stages.{number}.train.{index}", fix=fix)
        found |= some
    return found
