"""Work in several processes or threads: in order, without orphans, and with the errors of the workers."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from schemas import RecipeError
from steps.text import pool
from steps.text.pool import GIVEN_BACK_EVERY, MOST_THREADS, Task, give_back, ordered, workers_for
from tests.conftest import ROOT


def half(setting, task):
    """A toy of work: slow for some, so that results come back out of order."""
    if task == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == setting:
        raise ValueError(f"{task} is forbidden")
    time.sleep(0.02 * (task % 3 == 0))
    return task / 2


def huge(setting, task):
    """A large answer to a large question."""
    return task * 2


WAYS = [{}, {"apart": True}, {"threads": True}]


@pytest.mark.parametrize(("workers", "way"), [(1, {}), *((3, way) for way in WAYS)])
def test_results_come_in_the_order_of_the_tasks(workers, way):
    """Each beside its task, what stays with us untouched."""
    ours = object()
    found = list(ordered(half, 99, (Task(i, ours) for i in range(20)), workers, **way))
    assert [result for _, result in found] == [i / 2 for i in range(20)]
    assert all(task.ours is ours for task, _ in found)


@pytest.mark.parametrize(("workers", "way"), [(1, {}), *((2, way) for way in WAYS)])
def test_an_error_comes_at_its_turn(workers, way):
    """What stood before it is there first."""
    results = ordered(half, 7, range(20), workers, **way)
    assert [next(results)[1] for _ in range(7)] == [i / 2 for i in range(7)]
    with pytest.raises(ValueError, match="7 is forbidden"):
        next(results)


def process(setting, task):
    """Which process did it; slow enough for others to start."""
    time.sleep(0.05)
    return os.getpid()


@pytest.mark.parametrize("apart", [False, True])
def test_we_are_one_of_the_workers_unless_told_otherwise(apart):
    """So work is done while the others start, by one process less."""
    found = {result for _, result in ordered(process, None, range(60), 2, apart=apart)}
    assert (len(found), os.getpid() in found) == (2, not apart)


def thread(setting, task):
    """Which thread of which process did it; slow enough for others to take a task too."""
    time.sleep(0.02)
    return os.getpid(), threading.get_ident()


def test_a_few_workers_can_be_threads():
    """All of this process and none of them we ourselves; more of them are processes."""
    few = {result for _, result in ordered(thread, None, range(20), MOST_THREADS, threads=True)}
    assert {pid for pid, _ in few} == {os.getpid()}
    assert len(few) == MOST_THREADS
    assert threading.get_ident() not in {each for _, each in few}
    many = {result for _, result in ordered(thread, None, range(400), MOST_THREADS + 1, threads=True)}
    assert len({pid for pid, _ in many}) > 1


def test_threads_give_back_what_their_heaps_keep(monkeypatch):
    """Every few tasks: what a large text took would stay in the heap of each."""
    given_back = []
    monkeypatch.setattr(pool, "_trim", lambda: given_back.append)
    assert [result for _, result in ordered(half, None, range(3 * GIVEN_BACK_EVERY + 1), 2, threads=True)][-1] == 1.5 * GIVEN_BACK_EVERY
    assert given_back == [0, 0, 0]


def test_a_system_that_takes_no_memory_back_is_none_of_our_business(monkeypatch):
    """It is asked, and nothing happens there."""
    asked: list[None] = []
    monkeypatch.setattr(pool, "_trim", lambda: asked.append(None))
    give_back()
    assert asked == [None]


def test_threads_are_given_little_in_advance():
    """What they have made and nobody has taken is held: so there is a bound to it."""
    begun = []
    results = ordered(thread, None, (begun.append(i) or i for i in range(100)), 2, threads=True)
    next(results)
    assert len(begun) <= 2 + 1
    results.close()


def test_a_worker_that_dies_is_told():
    """D123 with the signal, not an endless wait."""
    with pytest.raises(RecipeError, match="D123: a worker process ended by signal SIGKILL"):
        list(ordered(half, 99, [3, "die", 3, 3], 2, apart=True))


def test_large_tasks_and_answers_block_nobody():
    """Megabytes in both directions at once."""
    data = b"x" * 3_000_000
    assert [len(result) for _, result in ordered(huge, None, (Task(data, large=True) for _ in range(8)), 2)] == [6_000_000] * 8


def test_a_killed_parent_leaves_no_worker():
    """Its end of the line closes, and they go."""
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from steps.text import pool\nfrom tests.steps.text.test_pool import half\n"
        "made = pool._Pool(half, 99, 2)\nprint(*[p.pid for p in made.running], flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(ROOT)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    parent.kill()
    parent.wait()
    assert len(pids) == 2
    for _ in range(100):
        if not any(alive(pid) for pid in pids):
            break
        time.sleep(0.1)
    assert not any(alive(pid) for pid in pids)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_auto_is_as_many_as_there_is_work_for():
    """One for a small corpus; a wish is a wish."""
    assert (workers_for("auto", 1000), workers_for(5, 1000)) == (1, 5)
    assert workers_for("auto", 1 << 40) >= 1
