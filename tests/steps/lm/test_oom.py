"""Which failures say that memory ran out, and which do not."""

from pathlib import Path
from typing import Any

import pytest
import torch

from steps.lm import texts
from steps.lm.oom import out_of_memory
from tests.conftest import FakeContext
from tests.steps.lm.small import run


@pytest.mark.parametrize(
    ("error", "is_that"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"), True),
        (MemoryError(), True),
        (RuntimeError("out of resource: shared memory, Required: 147456, Hardware limit: 101376"), False),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), False),
    ],
    ids=str,
)
def test_memory_that_ran_out_is_told_from_other_failures(error: Exception, is_that: bool):
    """A kernel that wants more of a multiprocessor than it has, or that reads elsewhere, is not mended by a smaller batch."""
    assert out_of_memory(error) is is_that


def test_samples_that_memory_has_no_room_for_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """They are looked at, and no part of the training: it ends with the same weights."""
    plain = run(FakeContext(tmp_path / "plain"))
    drawn = texts.samples

    def no_room(network: Any, *given: Any, **named: Any) -> list[dict[str, str]]:
        drawn(network, *given, **named)
        raise MemoryError

    monkeypatch.setattr(texts, "samples", no_room)
    context = FakeContext(tmp_path / "context")
    made = run(context, samples=["<tr>Bir"])
    assert [e["step"] for e in context.events if e["event"] == "samples_left_out"] == [0, 2, 3, 6]
    assert (made.path / "model.safetensors").read_bytes() == (plain.path / "model.safetensors").read_bytes()
