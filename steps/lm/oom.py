"""Out of memory: how it is told from other failures, and how what it left behind is freed."""

import gc

import torch

WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc", "cublas_status_alloc_failed",
         "failed to allocate", "invalid buffer size")  # fmt: skip


def out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory ran out. A CPU's and Apple's allocators have no exception of their own."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in WORDS)


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
