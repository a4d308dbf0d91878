"""What is tried beside the training: before the first step the fullest batch, after it the save, so that what cannot be is known early."""

from typing import TYPE_CHECKING

import torch

from schemas import RecipeError
from steps.lm.checkpoint import load_state
from steps.lm.oom import free, out_of_memory
from steps.sizing.lack import said_of

if TYPE_CHECKING:
    from steps.lm.loop import Loop


def rehearse_step(loop: "Loop") -> None:
    """A step on the longest rows, as all of them will be made, at a rate of 0: no weight moves."""
    part = loop.data.longest(loop.live.batch_size, loop.live.rows)
    loop.gradients([part], max(1, int((part.targets >= 0).sum())))
    if loop.live.accumulation > 1:  # a second backward pass beside the gradients of the first
        loop.gradients([part], max(1, int((part.targets >= 0).sum())))
    for weight in loop.trained:
        if weight.grad is not None:
            weight.grad.zero_()  # an overflow times a rate of 0 would be no number
    loop.updating = True
    for one in loop.optimizer.parts:
        one.step()
    loop.updating = False
    loop.optimizer.forget_gradients()


def prove_save(loop: "Loop") -> None:
    """Save, read that back, and write the model as at the end.

    Beside the training this takes memory that it may never need again: where there is none, that is told, and it goes on. Raises
    RecipeError C020 for a state that reads back otherwise, and what the hook `prove_save` raises.
    """
    loop.proved = True
    loop.save()
    loop.saver.wait()
    loop.saver.release()
    try:
        _read_back(loop)
        free(loop.device)
        loop.hooks.prove_save()
        return
    except Exception as error:  # allocators have many kinds; others are raised again
        if not out_of_memory(error):
            raise
        said = said_of(error)
    free(loop.device)
    step = loop.progress.step
    message = f"memory has no room to write the model beside the training, as is tried after step {step}: its save is there, and not proved"
    loop.context.event("save_not_proved", step=step, error=said, message=message)


def _read_back(loop: "Loop") -> None:
    state, _ = load_state(loop.context.keep)
    now = loop.weights()
    if state is None or any(not torch.equal(value, now[name].cpu()) for name, value in state["network"].items()):
        raise RecipeError("C020", "the state saved after the first step does not read back as it was written",
                          fix="look at the disk that .recipe/store is on: it is full, or damaged")  # fmt: skip
