"""A copy of a state in memory, so that it can be written while the training goes on; and whether there is room for one."""

import os
from itertools import zip_longest
from typing import Any

import torch


def tensor_bytes(data: Any) -> int:
    """Bytes of all tensors in nested dicts and lists."""
    if isinstance(data, torch.Tensor):
        return data.numel() * data.element_size()
    parts = data.values() if isinstance(data, dict) else data if isinstance(data, (list, tuple)) else ()
    return sum(tensor_bytes(part) for part in parts)


def copied(data: Any, old: Any = None) -> Any:
    """Nested dicts and lists with every tensor copied to the CPU.

    old: a copy that is needed no more. Its memory is used again where shapes agree: the first touch of new memory takes longer than the
    copying, on a virtual machine many times as long.
    """
    if isinstance(data, torch.Tensor):
        if isinstance(old, torch.Tensor) and (old.shape, old.dtype) == (data.shape, data.dtype):
            return old.copy_(data.detach())
        return data.detach().to("cpu", copy=True)
    if isinstance(data, dict):
        spare = old if isinstance(old, dict) else {}
        return {name: copied(part, spare.get(name)) for name, part in data.items()}
    if isinstance(data, (list, tuple)):
        spares = old[: len(data)] if isinstance(old, (list, tuple)) else ()
        return type(data)(copied(part, spare) for part, spare in zip_longest(data, spares))
    return data


def free_bytes() -> int:
    """What the machine has, and this process's own limit leaves; 0 where nobody knows."""
    try:
        import psutil

        free = int(psutil.virtual_memory().available)
        used = int(psutil.Process().memory_info().vms)
    except ImportError:
        return 0
    if os.name == "posix":
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            free = min(free, limit - used)
    return free
