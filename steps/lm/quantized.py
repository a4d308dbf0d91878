"""A base model held in 4 or 8 bits by bitsandbytes (QLoRA, arXiv 2305.14314): opened so, and known when it is met."""

import warnings
from typing import Any

import torch
from torch import nn

from schemas import RecipeError
from schemas.training import QuantSettings
from steps.lm.precision import TYPES

FIELD = "method"
INSTALL = 'pip install "recipe[qlora]"'
WHOLE = ("x_proj", "dt_proj", "conv1d", "lm_head", "embed_out")  # small and sharp in a Mamba, or the other end of the embedding


def options(settings: QuantSettings, precision: str, device: torch.device) -> dict[str, Any]:
    """What from_pretrained is told to hold a model's linear layers in bytes. Raises RecipeError A108 where that cannot be done.

    precision: what products are computed in: the weights are widened for each.
    """
    from transformers import BitsAndBytesConfig

    if device.type == "mps":
        raise RecipeError("A108", "bitsandbytes does not run on Apple's GPUs", field=FIELD, fix="write method: lora")
    try:
        import bitsandbytes  # noqa: F401
    except ImportError as error:
        raise RecipeError("A108", f"qlora needs bitsandbytes, which does not import: {error}", field=FIELD, fix=INSTALL) from error
    warnings.filterwarnings("ignore", message="MatMul8bitLt: inputs will be cast")  # one a product; it is what int8 means
    compute = TYPES.get(precision, torch.float32)
    four = {"bnb_4bit_quant_type": settings.type, "bnb_4bit_use_double_quant": settings.double, "bnb_4bit_compute_dtype": compute}
    kind: dict[str, Any] = {"load_in_4bit": True, **four} if settings.bits == 4 else {"load_in_8bit": True}
    config = BitsAndBytesConfig(**kind, llm_int8_skip_modules=list(WHOLE))
    return {"quantization_config": config, "device_map": {"": device}}


def stay_trainable(network: nn.Module) -> None:
    """Keep the weights in the form that gradients pass through.

    A trap: on CPUs with AVX512-BF16 the first forward pass in evaluation repacks a Linear4bit for inference, for good, and from then on
    nothing before it gets a gradient (seen with bitsandbytes 0.50.2).
    """
    for module in network.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def is_quantized(module: nn.Module) -> bool:
    """True for a layer whose weights bitsandbytes packed."""
    return type(module).__name__ in ("Linear4bit", "Linear8bitLt")


def describe(settings: QuantSettings) -> str:
    """`4 bits (nf4, double)`, `8 bits (int8)`."""
    return f"4 bits ({settings.type}{', double' if settings.double else ''})" if settings.bits == 4 else "8 bits (int8)"
