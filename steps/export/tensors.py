"""Reads `model.safetensors` one tensor at a time, as float32 numpy arrays: bf16 too, which numpy does not know. No torch."""

import json
from math import prod
from pathlib import Path
from typing import Any

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class TensorFile:
    """An open safetensors file (the format: https://github.com/huggingface/safetensors). Raises ValueError when it is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > size - 8:
                raise ValueError(f"{path.name} is cut short")
            self.header: dict[str, Any] = json.loads(file.read(length))
        self.header.pop("__metadata__", None)
        self.start = 8 + length
        if any(self.start + entry["data_offsets"][1] > size for entry in self.header.values()):
            raise ValueError(f"{path.name} is cut short")

    def names(self) -> list[str]:
        """Tensor names, in the order of their bytes in the file."""
        return sorted(self.header, key=lambda name: self.header[name]["data_offsets"])

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor."""
        return tuple(self.header[name]["shape"])

    def floats(self, name: str) -> Any:
        """A tensor as a float32 array of its own shape."""
        import numpy as np

        entry = self.header[name]
        if entry["dtype"] not in DTYPES:
            raise ValueError(f"tensor {name} has dtype {entry['dtype']}, which is no floating point type")
        shape = self.shape(name)
        raw: Any = np.memmap(self.path, DTYPES[entry["dtype"]], "r", self.start + entry["data_offsets"][0], (prod(shape),))
        if entry["dtype"] == "BF16":
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        return np.ascontiguousarray(raw, dtype=np.float32).reshape(shape)
