"""The attention that a train step asks for: put into a network that is open, by eager products or FlashAttention-2's kernels.

sdpa is what networks are opened with, and how it attends by document stands in steps.lm.flat. Each of these knows documents that lie
end to end, too, and without them is what transformers computes under that name.
"""

import sys
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from schemas import Machine, ModelConfig, RecipeError
from schemas.machine import GIB
from steps.lm import flat
from steps.lm.batches import sent
from steps.lm.kernels import kernel
from steps.lm.loss import Head
from steps.lm.precision import autocast
from steps.sizing.attention import FIELD, FLASH, MODULE, attention_dropout, head_width, refusals

HALF = (torch.float16, torch.bfloat16)
TOLERANCE = 3e-2  # of the largest value, in half precision: sums are in another order
LENGTHS = (40, 24)  # of the two documents that both kernels are given


def opened_with(asked: str) -> dict[str, Any]:
    """What from_pretrained is told: nothing for auto. FlashAttention-2 takes the place of sdpa in the open network."""
    return {} if asked == "auto" else {FIELD: "eager" if asked == "eager" else "sdpa"}


def demand(asked: str, model: ModelConfig, config: dict[str, Any] | None, precision: str, device: torch.device) -> None:
    """Raise the first of the errors that `recipe check` finds with the same function, for the device that this runs on.

    config: a base's config.json, None for a new network.
    """
    if asked == "auto":
        return
    kind = str((config or {}).get("model_type", ""))
    width = 0 if model.family.startswith("mamba") else head_width(model, config)
    missing = "" if asked != FLASH or _flash() is not None else "does not import here"
    found = refusals(asked, family=model.family, kind=kind, machine=_machine(device), precision=precision, width=width,
                     dropout=attention_dropout(model, config), missing=missing)  # fmt: skip
    if found:
        raise found[0]


def choose(network: Any, asked: str) -> None:
    """Let `network`, which is open, attend as asked. Raises RecipeError P110 where its attention cannot be replaced by name."""
    if asked not in ("eager", FLASH):
        return
    replaceable = bool(getattr(network, "_supports_attention_backend", False)) and _own(network) is not None
    if asked == "eager":
        if replaceable:
            network.config._attn_implementation = flat.registered(flat.EAGER, attend_eagerly)
        return  # else it was opened so, and rows stay side by side
    if not replaceable:
        raise _absent(network.config.model_type)
    network.config._attn_implementation = flat.registered(flat.FLASH, attend_by_flash)


def as_trained(network: Any, record: dict[str, Any]) -> bool:
    """Let a checkpoint attend as it was trained, by its record. False where that cannot be done here: by sdpa then, which is the same
    function with another rounding."""
    asked = record.get(FIELD, "auto")
    if asked == FLASH and (_flash() is None or next(network.parameters()).device.type != "cuda"):
        return False
    choose(network, asked)
    return True


def words(network: Any) -> str:
    """How it attends, in words."""
    name = getattr(network.config, "_attn_implementation", "sdpa")
    if name in ("eager", flat.EAGER):
        return "eager products"
    return "FlashAttention-2's kernels" if name == flat.FLASH else "PyTorch's scaled_dot_product_attention"


def attend_eagerly(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
    document_lengths: list[int] | None = None, documents_rounded: bool = False, **given: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """The eager attention of the network's own kind, once for each document. Shapes as steps.lm.flat.attend has them.

    The weights that it has beside its result are not handed on: in validation a layer would hold them to its end.
    """
    plain = vars(sys.modules[type(module).__module__])["eager_attention_forward"]
    if document_lengths is None:
        return plain(module, query, key, value, attention_mask, **given)[0], None

    def one(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        T = q.shape[2]
        seen = flat.band(q, given.get("sliding_window"))
        seen = torch.ones(T, T, dtype=torch.bool, device=q.device).tril()[None, None] if seen is None else seen
        mask = torch.zeros(seen.shape, device=q.device).masked_fill_(~seen, torch.finfo(torch.float32).min)
        return plain(module, q, k, v, mask, **given)[0]

    return flat.by_document(one, query, key, value, document_lengths, documents_rounded), None


def attend_by_flash(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
    document_lengths: list[int] | None = None, documents_rounded: bool = False, **given: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """FlashAttention-2 (arXiv 2307.08691), all documents in one call. Shapes as steps.lm.flat.attend has them.

    It is left to sdpa in fp32 (the samples of a training, an adapter's merge) and where a mask or a cache is given (generation). Rows
    of a training come as documents, without a mask.
    """
    device = query.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else query.dtype
    masked = document_lengths is None and attention_mask is not None
    if dtype not in HALF or masked or query.shape[2] != key.shape[2]:
        return flat.attend(module, query, key, value, attention_mask, document_lengths, documents_rounded, **given)
    B, _, T, _ = query.shape
    lengths = document_lengths or [T] * B
    borders = _borders(lengths, query.device, kept=document_lengths is not None)
    q, k, v = (each.transpose(1, 2).flatten(0, 1).to(dtype) for each in (query, key, value))  # (B T, heads, d)
    window, softcap = given.get("sliding_window"), given.get("softcap")
    exact = torch.are_deterministic_algorithms_enabled()
    found = _flash()(
        q, k, v, borders, borders, max(lengths), max(lengths), dropout_p=given.get("dropout", 0.0), softmax_scale=given.get("scaling"),
        causal=True, window_size=(-1, -1) if window is None else (window - 1, 0), deterministic=exact,
        **({} if softcap is None else {"softcap": softcap}),
    )  # fmt: skip
    return found.unflatten(0, (B, T)), None


def verify(head: Head, precision: str, compiled: bool = False) -> None:
    """Compute one batch of two documents by FlashAttention-2 and by sdpa. Raises RecipeError P111 where loss or gradients differ, P110
    where rows of this network cannot lie end to end, which its kernels need; compiled, only whole rows go through them."""
    network, config = head.network, head.network.config
    if config._attn_implementation != flat.FLASH:
        return
    if not head.flat and not compiled:
        raise _absent(config.model_type)
    device, training = next(network.parameters()).device, network.training
    trained = [p for p in network.parameters() if p.requires_grad]
    ids = torch.arange(1, sum(LENGTHS) + 1, device=device)[None] % config.vocab_size
    starts = torch.zeros_like(ids, dtype=torch.bool)
    starts[0, LENGTHS[0]] = True

    def both() -> list[Tensor]:
        with autocast(precision, device):
            loss, _ = head.summed(ids, ids.roll(-1, 1), 0.0, starts if head.flat else None)
        grads = torch.autograd.grad(loss, trained, allow_unused=True)
        return [loss.detach(), *(g for g in grads if g is not None)]

    network.eval()
    try:
        quick = both()
        config._attn_implementation = flat.registered(flat.NAME, flat.attend)
        own = both()
    except Exception as error:  # kernels fail in ways of their own
        said = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise _unfit(f"FlashAttention-2 fails here: {said}") from error
    finally:
        config._attn_implementation = flat.FLASH
        network.train(training)
    furthest = max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-6)) for a, b in zip(quick, own, strict=True))
    if not furthest <= TOLERANCE:
        raise _unfit(f"FlashAttention-2 differs by {furthest:.2g} from sdpa on one batch")


_last: list[Any] = [[], None]  # lengths of documents, and their borders: the same in every layer


def _borders(lengths: list[int], device: torch.device, kept: bool) -> Tensor:
    """Where documents begin and end, int32. kept: the next layer will have these very lengths."""
    if kept and _last[0] is lengths and _last[1].device == device:
        found: Tensor = _last[1]
        return found
    found = sent(torch.tensor([0, *accumulate(lengths)], dtype=torch.int32), device)
    if kept:
        _last[:] = [lengths, found]
    return found


def _absent(kind: str) -> RecipeError:
    return RecipeError("P110", f"transformers has no {FLASH} for a {kind}", field=FIELD, fix=f"write {FIELD}: sdpa")


def _unfit(message: str) -> RecipeError:
    return RecipeError("P111", message, field=FIELD, fix=f"write {FIELD}: sdpa, or install flash-attn for this torch")


def _flash() -> Any:
    return kernel(MODULE, "flash_attn_varlen_func")


def _own(network: Any) -> Any:
    """The eager attention in the module of the network's class, None where it has none by that name."""
    return vars(sys.modules[type(network).__module__]).get("eager_attention_forward")


def _machine(device: torch.device) -> Machine:
    """`device`, as far as an attention asks."""
    if device.type != "cuda":
        return Machine(name=device.type, kind="mps" if device.type == "mps" else "cpu", memory_bytes=GIB)
    major, minor = torch.cuda.get_device_capability(device)
    title = torch.cuda.get_device_name(device)
    return Machine(name="here", kind="cuda", title=title, memory_bytes=GIB, capability=10 * major + minor)
