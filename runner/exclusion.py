"""A kernel lock on a file: one process at a time, freed by the kernel when its holder dies, however it dies.

`flock` itself where there is one, for it costs a tenth of what filelock does; filelock elsewhere (Windows).
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

POLL_S = 0.05
TOLD_S = 0.2


@contextmanager
def alone(path: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock on `path`. `waiting` is called every 0.2 s while another process has it, and may raise to give up."""
    take, release = _flock(path) if sys.platform != "win32" else _filelock(path)
    try:
        told = 0.0
        while not take():
            if time.monotonic() - told >= TOLD_S:
                told = time.monotonic()
                waiting()
            time.sleep(POLL_S)
        yield
    finally:
        release()


def _flock(path: str) -> tuple[Callable[[], bool], Callable[[], None]]:
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)  # not inherited: a step's own processes do not hold it

    def take() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    return take, lambda: os.close(descriptor)


def _filelock(path: str) -> tuple[Callable[[], bool], Callable[[], None]]:
    from filelock import FileLock, Timeout

    lock = FileLock(path)

    def take() -> bool:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    return take, lock.release
