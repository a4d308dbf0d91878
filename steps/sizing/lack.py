"""How libraries say that memory ran out, and what failed else: allocators of CPUs have no exception of their own. No torch."""

import errno

WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc", "status_alloc_failed",
         "failed to allocate", "invalid buffer size")  # fmt: skip


def says_no_memory(error: BaseException) -> bool:
    """Whether `error` is of memory that is not there; torch's own OutOfMemoryError is a RuntimeError that says so."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in WORDS)


def said_of(error: BaseException) -> str:
    """The first line of what `error` says."""
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
