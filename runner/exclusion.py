"""A kernel lock by name: one process at a time, freed by the kernel when its holder dies, however it dies.

All names share one file: a lock is one byte of it, at the place that the name's digest says, so that a step costs no lock file
of its own. Where there is no fcntl (Windows), filelock takes a file by name.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

POLL_S = 0.05
TOLD_S = 0.2
_open: dict[str, int] = {}  # closing any descriptor of the file would free all our locks on it: each is opened once and stays


@contextmanager
def alone(folder: str, key: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock on `key` (hexadecimal). `waiting` is called every 0.2 s while another process has it, and may raise to give up."""
    take, release = _byte(folder, key) if sys.platform != "win32" else _file(folder, key)
    told = 0.0
    while not take():
        if time.monotonic() - told >= TOLD_S:
            told = time.monotonic()
            waiting()
        time.sleep(POLL_S)
    try:
        yield
    finally:
        release()


def _byte(folder: str, key: str) -> tuple[Callable[[], bool], Callable[[], None]]:
    import fcntl

    path = f"{folder}/keys.lock"
    if path not in _open or not _same(_open[path], path):
        _open[path] = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)  # not inherited: a step's own processes do not hold it
    descriptor, place = _open[path], int(key[:15], 16)

    def take() -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, as the system likes
            return False
        return True

    return take, lambda: fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, place)


def _same(descriptor: int, path: str) -> bool:
    """False when the file was deleted, and perhaps made anew, since it was opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except OSError:
        return False


def _file(folder: str, key: str) -> tuple[Callable[[], bool], Callable[[], None]]:
    from filelock import FileLock, Timeout

    lock = FileLock(f"{folder}/{key}.lock")

    def take() -> bool:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    return take, lock.release
