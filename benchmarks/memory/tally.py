"""Live bytes of tensors, tallied operation by operation: what a CUDA allocator's max_memory_allocated says, for any device."""

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


class LiveBytes(TorchDispatchMode):
    """Counts each storage once, from the operation that made it until the last tensor on it is gone.

    live, peak: bytes. A tensor that autograd saves is an operation's result and lives on. What an operation holds only inside
    itself (a library's packed copy) is not seen: `peak` is at its end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._known: dict[int, weakref.ref[Any]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for made in tree_iter(out):
            if isinstance(made, torch.Tensor):
                self.add(made)
        return out

    def add(self, tensor: torch.Tensor) -> None:
        """Count the storage behind `tensor`, if it is not counted yet."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known:
            return
        size = storage.nbytes()

        def gone(_: Any) -> None:
            self.live -= size
            del self._known[key]

        self._known[key] = weakref.ref(storage, gone)
        self.live += size
        self.peak = max(self.peak, self.live)
