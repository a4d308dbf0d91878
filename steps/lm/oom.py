"""Memory: how much was taken, how its end is told from other failures, and how what that left behind is freed."""

import gc
import resource
import sys
from contextlib import suppress

import torch

from steps.sizing.lack import says_no_memory


def out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory ran out."""
    return isinstance(error, torch.OutOfMemoryError) or says_no_memory(error)


def free(device: torch.device) -> None:
    """Give back what a failed step still holds."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


class Generators:
    """torch's random generators as they were when this was made; `restore` puts them back."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.cpu = torch.get_rng_state()
        self.card = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def restore(self) -> None:
        """Draw again what was drawn since."""
        torch.set_rng_state(self.cpu)
        if self.card is not None:
            torch.cuda.set_rng_state(self.card, self.device)


def begin(device: torch.device) -> None:
    """What earlier work left on a card is freed, and peaks are this one's own from here on."""
    free(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory_gb(device: torch.device) -> float:
    """GiB: of CUDA tensors at their peak, else the process's largest resident size."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    with suppress(OSError, StopIteration), open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # at least what the process held that started this one
    return float(size) / (2**30 if sys.platform == "darwin" else 2**20)  # bytes there, KiB elsewhere
