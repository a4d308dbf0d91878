"""Work spread over processes, or a few threads, with the results in the order of the tasks: the same bytes for any number of workers.

Each worker is a fresh interpreter at one end of a socket pair. It shares no state and no lock with us, and when we are killed its
end closes and it goes: no orphan. (The pools of the standard library leave theirs behind.)
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from functools import cache
from importlib import import_module
from itertools import islice
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, Literal

from schemas import RecipeError

Workers = int | Literal["auto"]
END = object()
WORTH = 1 << 22  # bytes of text that are worth starting a process for
AHEAD = 3  # tasks a worker holds or has finished before their turn: bounds the memory
GIVEN_BACK_EVERY = 4  # tasks of threads
MOST_THREADS = 4  # beyond it, what they do while they hold Python's lock would keep them waiting for each other


def cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def workers_for(wish: Workers, size: int) -> int:
    """How many workers: as many as wished; `auto`: as cores, when there are `size` bytes of work enough for each."""
    return wish if wish != "auto" else max(1, min(cores(), size // WORTH))


def ordered(
    function: Callable[[Any, Any], Any],
    setting: Any,
    tasks: Iterable[Any],
    workers: int,
    *,
    apart: bool = False,
    threads: bool = False,
) -> Iterator[tuple[Any, Any]]:
    """(task, function(setting, task)) in the order of `tasks`, at most AHEAD tasks a worker taken in advance.

    We are one of the workers: so there is work done while the others start, and one process less. apart: we are not, since what is done
    may bring its process down. threads: nearly all of `function` is in a library that lets go of Python's lock, so a few workers are
    threads: they need no start, and what they make is not copied. function: a module's own, by name; `setting` goes to each worker once,
    a task to one of them: all of it is pickled. A task may carry what is only ours: of a `Task` the part `given` alone is sent. What
    `function` raises comes out at the task's turn, and ends all.
    Raises RecipeError D123 when a worker dies.
    """
    if workers <= 1:
        yield from ((task, function(setting, given(task))) for task in tasks)
        return
    if threads and workers <= MOST_THREADS:
        yield from _in_threads(function, setting, iter(tasks), workers)
        return
    with closing(_Pool(function, setting, workers if apart else workers - 1)) as pool:
        yield from pool.run(iter(tasks), works=not apart)


def _in_threads(function: Callable[[Any, Any], Any], setting: Any, tasks: Iterator[Any], workers: int) -> Iterator[tuple[Any, Any]]:
    """As `ordered`, by threads of this process; we hand out and take in."""
    from concurrent.futures import Future, ThreadPoolExecutor

    taken: deque[tuple[Any, Future[Any]]] = deque()
    done = 0
    pool = ThreadPoolExecutor(workers)
    try:
        while True:
            for task in islice(tasks, workers + 1 - len(taken)):  # one waits; more would only be held
                taken.append((task, pool.submit(function, setting, given(task))))
            if not taken:
                return
            task, made = taken.popleft()
            yield task, made.result()
            done += 1
            if done % GIVEN_BACK_EVERY == 0:
                give_back()
    finally:
        pool.shutdown(cancel_futures=True)


def give_back() -> None:
    """Give the system the memory that is free: each thread has a heap of its own, and glibc keeps what the largest text took in each.

    A millisecond of what four tasks take. Where the C library has no such thing nothing is done.
    """
    if trim := _trim():
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """malloc_trim of glibc (https://man7.org/linux/man-pages/man3/malloc_trim.3.html)."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None


class Task:
    """A task with something that stays with us. given: what the worker needs.

    large: it is sent to an idle worker only. One that is busy may be waiting for us to take its answer while we wait for it to take this.
    """

    def __init__(self, given: Any, ours: Any = None, *, large: bool = False) -> None:
        self.given, self.ours, self.large = given, ours, large


def given(task: Any) -> Any:
    """What a worker is sent of a task."""
    return task.given if isinstance(task, Task) else task


class _Pool:
    def __init__(self, function: Callable[[Any, Any], Any], setting: Any, workers: int) -> None:
        self.function, self.setting = function, setting
        self.links: list[Connection] = []
        self.running: list[subprocess.Popen[bytes]] = []
        self.held: dict[Connection, deque[int]] = {}  # numbers of the tasks that each has; a worker that is still starting is not in it
        try:
            for _ in range(workers):
                self._start()
            for link in self.links:
                link.send((list(sys.path), function.__module__, function.__qualname__, setting))
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        ours, theirs = Pipe()
        self.links.append(ours)
        with theirs:
            words = [sys.executable, "-c", START, str(theirs.fileno())]
            self.running.append(subprocess.Popen(words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env={**os.environ, **CALM}))

    def run(self, tasks: Iterator[Any], *, works: bool) -> Iterator[tuple[Any, Any]]:
        """As `ordered`. works: we take a task ourselves when there is nothing to hand out or to take in."""
        taken: deque[Any] = deque()
        results: dict[int, tuple[bool, Any]] = {}
        most = AHEAD * (len(self.links) + works)
        turn = 0
        task = next(tasks, END)
        while taken or task is not END:
            while task is not END and len(taken) < most and (link := self._free(task)):
                taken.append(task)
                self._send(link, turn + len(taken) - 1, given(task))
                task = next(tasks, END)
            if turn in results:
                fine, result = results.pop(turn)
                turn += 1
                if not fine:
                    raise result
                yield taken.popleft(), result
            elif not self._receive(results, 0 if works and task is not END and len(taken) < most else None):
                taken.append(task)
                results[turn + len(taken) - 1] = _answer(self.function, self.setting, given(task))
                task = next(tasks, END)

    def _free(self, task: Any) -> Connection | None:
        """The worker with the least to do, if it may have one more."""
        link = min(self.held, key=lambda one: len(self.held[one]), default=None)
        most = 1 if isinstance(task, Task) and task.large else 2
        return link if link and len(self.held[link]) < most else None

    def _send(self, link: Connection, number: int, task: Any) -> None:
        self.held[link].append(number)
        try:
            link.send(task)
        except OSError:
            raise self._died(link) from None

    def _receive(self, results: dict[int, tuple[bool, Any]], timeout: float | None = None) -> bool:
        """Take in what has come, when nothing has after waiting for it; False after `timeout` seconds without anything."""
        come = wait([link for link in self.links if self.held.get(link, True)], timeout)
        for link in come:
            assert isinstance(link, Connection)
            try:
                answer = link.recv()
            except (EOFError, OSError):
                raise self._died(link) from None
            if link in self.held:
                results[self.held[link].popleft()] = answer
            else:
                self.held[link] = deque()  # it has started
        return bool(come)

    def _died(self, link: Connection) -> RecipeError:
        code = self.running[self.links.index(link)].wait()
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        fix = "run it again to go on; with workers: 1 it needs less memory"
        return RecipeError("D123", f"a worker process ended {how}", field="workers", fix=fix)

    def close(self) -> None:
        """End the workers."""
        for link in self.links:
            link.close()
        for process in self.running:
            process.terminate()
            process.wait()


CALM = {  # of a worker: one thread, and large blocks go back to the system, or glibc would keep the largest of each for ever
    "OMP_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "MALLOC_MMAP_THRESHOLD_": "524288",
    "MALLOC_TRIM_THRESHOLD_": "4194304",
}
START = "import sys; from multiprocessing.connection import Connection; link = Connection(int(sys.argv[1])); first = link.recv(); \
sys.path[:] = first[0]; from steps.text.pool import serve; serve(link, *first[1:])"


def serve(link: Connection, module: str, name: str, setting: Any) -> None:
    """Answer tasks until the other end closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: our parent ends us
    function = getattr(import_module(module), name)
    with suppress(EOFError, OSError):  # the parent is gone
        link.send("ready")
        while True:
            link.send(_answer(function, setting, link.recv()))


def _answer(function: Callable[[Any, Any], Any], setting: Any, task: Any) -> tuple[bool, Any]:
    """(True, what it gives) or (False, what it raises), which comes out at the task's turn."""
    try:
        return True, function(setting, task)
    except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
        return False, error
