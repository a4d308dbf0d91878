"""Curves: smoothing bends nothing, thinning loses no spike."""

from math import isnan, nan

from steps.html.curves import Curve, gaps, smoothed, thinned


def test_smoothing_keeps_a_constant_and_the_first_value():
    """The start of a steep fall is not averaged away."""
    assert list(smoothed(Curve(range(50), [3.0] * 50)).ys) == [3.0] * 50
    fall = smoothed(Curve(range(100), [100.0 - x for x in range(100)]))
    assert fall.ys[0] == 100.0
    assert fall.ys[50] == 50.0


def test_smoothing_leaves_gaps_and_lets_them_touch_nothing():
    """A NaN stays a NaN, and its neighbours are averages of numbers only."""
    ys = [2.0] * 20
    ys[7] = nan
    out = smoothed(Curve(range(20), ys), window=6).ys
    assert [i for i, y in enumerate(out) if isnan(y)] == [7]
    assert {y for y in out if not isnan(y)} == {2.0}


def test_thinning_keeps_both_extremes_and_both_ends():
    """Of a hundred thousand points few are left, among them the lowest, the highest, the first and the last."""
    ys = [float(i % 10) for i in range(100_000)]
    ys[54_321], ys[76_543] = -50.0, 90.0
    few = thinned(Curve(range(100_000), ys), most=400)
    assert len(few) <= 400
    assert {-50.0, 90.0} <= set(few.ys)
    assert (few.xs[0], few.xs[-1]) == (0.0, 99_999.0)
    assert list(few.xs) == sorted(few.xs)


def test_a_short_curve_is_not_thinned():
    """It is the very same curve."""
    curve = Curve(range(10), [1.0] * 10)
    assert thinned(curve) is curve


def test_gaps_are_stretches():
    """Neighbouring values that are no number are told as one stretch."""
    assert gaps(Curve(range(7), [1.0, nan, nan, 1.0, float("inf"), 1.0, nan])) == ([(1, 2), (4, 4), (6, 6)], 4)
