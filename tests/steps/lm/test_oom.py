"""Which failures say that memory ran out, and which do not."""

import pytest
import torch

from steps.lm.oom import out_of_memory


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
