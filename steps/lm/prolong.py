"""Going on from a training that was stopped half-way and differs in its length alone."""

import shutil

from schemas import StepContext
from steps.lm.checkpoint import BEST, load_state
from steps.lm.loop import Loop


def taken_over(loop: Loop, context: StepContext) -> bool:
    """Whether `loop` stands where such a training stood: its weights, optimizer, logs and best weights are this one's own from here on.

    Only where all steps done had the rates of this one's schedule (constant after an equal warm-up, wsd before it falls), so that what
    comes out is what one undisturbed training gives. Where not, what that costs is told, and nothing is taken.
    """
    for keep in context.earlier:
        state, _ = load_state(keep)
        if state is None or "schedule" not in state or not state["progress"]["step"]:
            continue
        step, of, here = state["progress"]["step"], state["schedule"]["steps"], loop.settings.steps
        parted = loop.settings.parts_from(state["schedule"], step)
        if step >= here or parted is not None:
            why = f"this one ends at {here:,}"
            if step < here and parted is not None:
                why = f"from step {parted[0] + 1:,} on its rate was another ({parted[1]:.3g}, here {loop.settings.rate(parted[0]):.3g})"
            message = f"a training of {of:,} steps was stopped at step {step:,}; {why}, so this one begins at the first"
            context.event("not_taken_over", step=step, steps=of, message=message)
            continue
        try:
            if kept := state["progress"]["kept"]:
                best = BEST.format(step=kept["step"])
                shutil.copyfile(keep / best, context.keep / best)
            context.adopt(keep)
        except OSError:  # it is being cleared away
            context.rewind(-1)
            continue
        exact = loop.take_up(state)
        loop.save()
        how = "bit for bit" if exact else "not bitwise: the device's sums may differ in order"
        context.event("resumed", step=step, bitwise=exact, steps=of,
                      message=f"goes on at step {step:,} of {here:,}, where a training of {of:,} was stopped, {how}")  # fmt: skip
        return True
    return False
