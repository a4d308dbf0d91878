"""How the weights in a checkpoint's files are quantised, by the names and types in their headers, whatever config.json says. No torch."""

from collections.abc import Iterable

NAMES = (  # ends of names that such formats keep beside the packed weights
    (".absmax", "bitsandbytes"), (".SCB", "bitsandbytes, 8 bits"), (".qweight", "GPTQ or AWQ"), (".weight_packed", "compressed-tensors"),
    (".scales", "packed with scales"),
)  # fmt: skip
WHOLE = ("F64", "F32", "F16", "BF16")


def packed(tensors: Iterable[tuple[str, str, int]]) -> str:
    """In words, empty when they are whole. tensors: name, type as safetensors has it, and number of dimensions of each."""
    listed = list(tensors)
    for end, what in NAMES:
        if any(name.endswith(end) for name, _, _ in listed):
            return what
    odd = next((kind for name, kind, dimensions in listed if name.endswith(".weight") and dimensions > 1 and kind not in WHOLE), "")
    return f"stored as {odd}" if odd else ""
