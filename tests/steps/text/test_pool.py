"""Work in several processes: in order, without orphans, and with the errors of the workers."""

import os
import signal
import subprocess
import sys
import time

import pytest

from schemas import RecipeError
from steps.text.pool import Task, ordered, workers_for
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


@pytest.mark.parametrize(("workers", "apart"), [(1, False), (3, False), (3, True)])
def test_results_come_in_the_order_of_the_tasks(workers, apart):
    """Each beside its task, what stays with us untouched."""
    ours = object()
    found = list(ordered(half, 99, (Task(i, ours) for i in range(20)), workers, apart=apart))
    assert [result for _, result in found] == [i / 2 for i in range(20)]
    assert all(task.ours is ours for task, _ in found)


@pytest.mark.parametrize(("workers", "apart"), [(1, False), (2, False), (2, True)])
def test_an_error_comes_at_its_turn(workers, apart):
    """What stood before it is there first."""
    results = ordered(half, 7, range(20), workers, apart=apart)
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
