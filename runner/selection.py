"""Which steps a command line asks for: --only, --from, --to and --force."""

from dataclasses import dataclass

from runner.meant import Meant
from runner.nearest import did_you_mean
from schemas.findings import RecipeError


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. force: ids to make again whatever the store holds (`force_all`: every one). only/start/to: which part of the recipe.

    verify: believe no stat, read every file once more. dry_run: say what would run and why, and touch nothing.
    pins: outside results to use again, "recipe/step" to digest. command: the command line, for the record.
    """

    force: frozenset[str] = frozenset()
    force_all: bool = False
    only: frozenset[str] = frozenset()
    start: str = ""
    to: str = ""
    verify: bool = False
    dry_run: bool = False
    pins: tuple[tuple[str, str], ...] = ()
    command: tuple[str, ...] = ()

    @property
    def partial(self) -> str:
        """The asked part in words, empty for the whole recipe."""
        words = [f"--only {' '.join(sorted(self.only))}"] if self.only else []
        words += [f"--from {self.start}"] if self.start else []
        words += [f"--to {self.to}"] if self.to else []
        return " ".join(words)

    def forces(self, step_id: str) -> bool:
        """True when the step is to be made again whatever the store holds."""
        return self.force_all or step_id in self.force


def asked_for(meant: Meant, options: Options) -> frozenset[str]:
    """Ids of the steps that may run. Raises RecipeError R008 on an id that the recipe has not."""
    known = [step.id for step in meant.steps]
    for name in (*options.only, *options.force, *filter(None, (options.start, options.to))):
        if name not in known:
            raise RecipeError("R008", f"the recipe has no step {name!r}", fix=did_you_mean(name, known, "steps"))
    asked = set(options.only) or set(known)
    makers = {step.id: {link.step for links in step.inputs.values() for link in links if link.inside} for step in meant.steps}
    if options.start:
        reached = {options.start}
        for step_id in meant.order:
            if makers[step_id] & reached or (meant_last(meant, step_id) and not options.to):
                reached.add(step_id)
        asked &= reached
    if options.to:
        reached, waiting = set(), [options.to]
        while waiting:
            step_id = waiting.pop()
            if step_id not in reached:
                reached.add(step_id)
                waiting.extend(makers[step_id])
        asked &= reached
    return frozenset(asked)


def meant_last(meant: Meant, step_id: str) -> bool:
    """True for a step that sees the whole run (report)."""
    step = meant.step(step_id).step
    return step is not None and step.last
