"""A CUDA card where there is none: its tensors say that they lie on `cuda:0`, and are computed by the CPU on memory of their own.

What a card refuses is refused: a product of a tensor of the card and one of the CPU, its numbers as an array, and in torch's
deterministic mode what adds up in no fixed order on one. What the CPU has to wait
for is counted in `waited`: a number or an index that is asked of the card, and a copy that does not go through pinned memory. Autocast
and the whole of autograd are torch's own. The library of card.cpp, named by the variable CARD, must be loaded before torch is.
"""

import ctypes
import os
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

ctypes.CDLL(os.environ["CARD"], mode=ctypes.RTLD_GLOBAL)

import bitsandbytes  # noqa: E402, F401  before a card is there: on one it looks for a library of CUDA
import peft  # noqa: E402, F401  imports it
import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.utils._device import _device_constructors  # noqa: E402
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves, tree_map  # noqa: E402

CARD = torch.device("cuda", 0)
GIB = 1 << 30
aten = torch.ops.aten
BETWEEN = {aten.copy_.default, aten._to_copy.default, aten.index.Tensor, aten.index_put.default, aten.index_put_.default,
           aten._index_put_impl_.default}  # take tensors of the card and of the CPU  # fmt: skip
ASKING = {aten._local_scalar_dense.default, aten.nonzero.default, aten.equal.default, aten.masked_select.default, aten._unique2.default,
          aten.repeat_interleave.Tensor}  # answer with a number or a shape  # fmt: skip
DISORDERLY = {aten.cumsum.default, aten.nll_loss2d_forward.default, aten.histc.default, aten.put_.default, aten.median.dim}
waited: Counter[str] = Counter()  # by the line of ours that waits


class OnCard(Tensor):
    """A tensor of the card, over memory of the CPU."""

    @staticmethod
    def __new__(cls, plain: Tensor) -> "OnCard":
        return Tensor._make_subclass(cls, plain, plain.requires_grad, dispatch_device=True, device_for_backend_keys=CARD)

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(function, args, kwargs or {})

    __torch_function__ = torch._C._disabled_torch_function_impl

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def numpy(self, *_: Any, **__: Any) -> Any:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")

    def __format__(self, spec: str) -> str:
        return object.__format__(self, spec) if self.ndim else format(self.item(), spec)


class Computer(TorchDispatchMode):
    """Sees every operation, those that make tensors of nothing too."""

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return computed(function, args, kwargs or {})


def computed(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What `function` gives on the CPU, as a tensor of the device where a card would have it. Raises RuntimeError for tensors of two."""
    if function is torch.ops.prim.device.default:
        return CARD
    given = [x for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
    on, to = any(isinstance(x, OnCard) for x in given), kwargs.get("device")
    if on and function not in BETWEEN and any(x.ndim and not isinstance(x, OnCard) for x in given):
        raise RuntimeError(f"{function}: expected all tensors to be on the same device")
    if waits(function, args, kwargs, on):
        waited[_place()] += 1
    if on and function in DISORDERLY and torch.are_deterministic_algorithms_enabled() and given[0].is_floating_point():
        raise RuntimeError(f"{function} does not have a deterministic implementation, but you set a mode that asks for one")
    inner = {**kwargs, "device": torch.device("cpu")} if to is not None and torch.device(to).type == "cuda" else kwargs
    found = function(*tree_map(_plain, args), **tree_map(_plain, inner))
    written = _written(function._schema, args, kwargs)
    if written is not None:
        return written
    on = on if to is None else torch.device(to).type == "cuda"
    return tree_map(lambda x: OnCard(x) if isinstance(x, Tensor) and not isinstance(x, OnCard) else x, found) if on else found


def waits(function: Any, args: Any, kwargs: dict[str, Any], on: bool) -> bool:
    """Whether the CPU would stand until the card has done all that it was given before."""
    asynchronous = bool(kwargs.get("non_blocking"))
    if function is aten.copy_.default:
        return isinstance(args[0], OnCard) != isinstance(args[1], OnCard) and not (asynchronous or (len(args) > 2 and args[2]))
    if function is aten._to_copy.default:
        return kwargs.get("device") is not None and (torch.device(kwargs["device"]).type == "cuda") != on and not asynchronous
    if function is aten.index.Tensor:
        return on and any(isinstance(index, Tensor) and index.dtype == torch.bool for index in args[1])
    return on and function in ASKING


def _written(schema: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What an operation that writes into its arguments gives back: them."""
    if not schema.returns or not all(each.alias_info is not None and each.alias_info.is_write for each in schema.returns):
        return None
    named = {argument.name: value for argument, value in zip(schema.arguments, args, strict=False)} | kwargs
    changed = [named[a.name] for a in schema.arguments if a.alias_info is not None and a.alias_info.is_write and a.name in named]
    return changed[0] if len(schema.returns) == 1 else tuple(changed[: len(schema.returns)])


def _plain(x: Any) -> Any:
    if not isinstance(x, OnCard):
        return x
    with torch._C._DisableTorchDispatch():
        return torch.empty(0, dtype=x.dtype).set_(x.untyped_storage(), x.storage_offset(), x.shape, x.stride())


def _place() -> str:
    ours = [frame for frame in traceback.extract_stack() if "/steps/lm/" in frame.filename and "/tests/" not in frame.filename]
    return f"{ours[-1].filename.rpartition('/')[2]}: {ours[-1].line}" if ours else "elsewhere"


def _sent(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """`torch.tensor` by way of the CPU, as it goes on a card, too."""

    def made(*args: Any, device: Any = None, requires_grad: bool = False, **kwargs: Any) -> Tensor:
        torch._C._set_only_lift_cpu_tensors(False)
        try:
            found = make(*args, **kwargs)  # a device that is the context's is obeyed
        finally:
            torch._C._set_only_lift_cpu_tensors(True)
        found = found if device is None else found.to(device)
        return found.requires_grad_() if requires_grad else found

    return made


@contextmanager
def card(*, bf16: bool = True, free: int = 64 * GIB) -> Iterator[None]:
    """A card is there. free: bytes that it says it has."""
    _device_constructors()  # kept from the first call on: of torch's own functions
    state = torch.zeros(16, dtype=torch.uint8)
    answers: dict[str, Callable[..., Any]] = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "current_device": lambda: 0,
        "device_count": lambda: 1,
        "get_device_name": lambda device=None: "a card",
        "get_device_capability": lambda device=None: (8, 0) if bf16 else (7, 5),
        "is_bf16_supported": lambda including_emulation=True: including_emulation or bf16,
        "max_memory_allocated": lambda device=None: 0,
        "reset_peak_memory_stats": lambda device=None: None,
        "mem_get_info": lambda device=None: (free, 2 * free),
        "get_rng_state": lambda device=None: state.clone(),
        "get_rng_state_all": lambda: [state.clone()],
        "set_rng_state": lambda state, device=None: None,
        "set_rng_state_all": lambda states: None,
        "empty_cache": lambda: None,
        "synchronize": lambda device=None: None,
    }
    with ExitStack() as stack:
        for name, answer in answers.items():
            stack.enter_context(mock.patch.object(torch.cuda, name, answer))
        stack.enter_context(mock.patch.object(torch.cuda.amp.common, "amp_definitely_not_available", return_value=False))
        stack.enter_context(mock.patch.object(Tensor, "pin_memory", lambda self: self))
        for name in ("tensor", "as_tensor"):
            stack.enter_context(mock.patch.object(torch, name, _sent(getattr(torch, name))))
        stack.callback(torch.__future__.set_swap_module_params_on_conversion, torch.__future__.get_swap_module_params_on_conversion())
        torch.__future__.set_swap_module_params_on_conversion(True)
        stack.callback(torch._C._set_only_lift_cpu_tensors, torch._C._only_lift_cpu_tensors())
        torch._C._set_only_lift_cpu_tensors(True)  # `new_tensor` begins on the CPU
        stack.enter_context(torch.autograd.set_multithreading_enabled(False))
        stack.enter_context(Computer())
        yield
