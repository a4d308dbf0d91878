"""Learning rates by step."""

import pytest

from steps.lm.schedule import learning_rate, told_apart

SAME = {"steps": 100, "peak": 1.0, "lowest": 0.1, "warmup": 10}


@pytest.mark.parametrize("scheduler", ["cosine", "linear", "constant", "wsd"])
def test_warmup_rises_in_even_steps_to_the_peak(scheduler: str):
    """The first step is a tenth of the way, the tenth is the peak."""
    rates = [learning_rate(step, scheduler=scheduler, **SAME) for step in range(10)]
    assert rates == pytest.approx([0.1 * k for k in range(1, 11)])


@pytest.mark.parametrize(("scheduler", "last"), [("cosine", 0.1), ("linear", 0.1), ("constant", 1.0), ("wsd", 0.1)])
def test_the_last_step_has_the_last_rate(scheduler: str, last: float):
    """Whatever the shape, it ends where it says."""
    assert learning_rate(99, scheduler=scheduler, **SAME) == pytest.approx(last)


def test_half_way_down():
    """At half of the way after the warm-up, cosine and linear are half-way between peak and lowest; wsd has not begun to fall."""
    found = {s: learning_rate(54, scheduler=s, **SAME) for s in ("cosine", "linear", "wsd")}
    assert found == pytest.approx({"cosine": 0.55, "linear": 0.55, "wsd": 1.0})


def test_rates_never_rise_after_the_warmup():
    """Each shape falls or stays."""
    for scheduler in ("cosine", "linear", "constant", "wsd"):
        rates = [learning_rate(step, scheduler=scheduler, **SAME) for step in range(9, 100)]
        assert rates == sorted(rates, reverse=True)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [(1e-3, 2e-3, ("0.001", "0.002")), (0.0039893, 0.0039941, ("0.003989", "0.003994")), (1e-3, 1e-3, ("0.001", "0.001"))],
)
def test_two_rates_that_differ_are_written_so_that_one_sees_it(one: float, other: float, told: tuple[str, str]):
    """Two cosines of other lengths part in the fourth digit."""
    assert told_apart(one, other) == told
