"""Charts: valid SVG for any values, round ticks, texts escaped."""

from math import inf, nan
from xml.etree import ElementTree

import pytest

from steps.html.axes import fitted, tick_text
from steps.html.charts import SMALL, Chart, Line, band, bar, histogram, line_chart
from steps.html.curves import Curve


def drawn(ys: list[float], **options: bool) -> ElementTree.Element:
    curve = Curve([float(x) for x in range(len(ys))], ys)
    return ElementTree.fromstring(str(line_chart(Chart("c", [Line("a", curve, "train", dots=True)], "loss"), **options)))


def texts(svg: ElementTree.Element, look: str) -> list[str]:
    return [element.text or "" for element in svg.iter("text") if element.get("class") == look]


@pytest.mark.parametrize("ys", [[1.0], [0.0, 0.0], [nan, 2.0], [-1e300, 1e300], [1e-12, 3e-12], [inf, 1.0, 2.0], [5.0] * 500])
@pytest.mark.parametrize("log", [False, True])
def test_any_values_make_a_well_formed_chart(ys: list[float], log: bool):
    """No place on it is NaN or infinite."""
    svg = ElementTree.tostring(drawn(ys, log_y=log, log_x=log), encoding="unicode")
    assert "nan" not in svg.lower().replace("nanny", "")
    assert '"inf' not in svg


def test_a_gap_breaks_the_line():
    """Two strokes, before and after the value that is no number; a point alone between gaps is a dot."""
    curve = Curve(range(7), [3.0, 2.0, nan, 2.5, nan, 1.0, 1.0])
    svg = ElementTree.fromstring(str(line_chart(Chart("c", [Line("a", curve, "train")], "loss"), SMALL)))
    assert len([p for p in svg.iter("path") if p.get("class") == "train stroke"]) == 2
    assert len(list(svg.iter("circle"))) == 1


def test_ticks_are_round():
    """Their texts have no more digits than they need."""
    axis = fitted([0, 1400], 0, 100, tight=True)
    assert [tick_text(t, axis.ticks(7)) for t in axis.ticks(7)] == ["0", "200", "400", "600", "800", "1,000", "1,200", "1,400"]
    assert [tick_text(t, [0, 250_000, 1_000_000]) for t in (0, 250_000, 1_000_000)] == ["0", "250 k", "1 M"]
    assert [tick_text(t, [0, 5e-4, 1e-3]) for t in (0, 5e-4, 1e-3)] == ["0", "5e−4", "1e−3"]
    assert [tick_text(t, [3, 3.0005, 3.001]) for t in (3, 3.0005, 3.001)] == ["3.0000", "3.0005", "3.0010"]


def test_a_logarithmic_axis_leaves_out_what_it_cannot_show():
    """Zero is a gap there, not a crash."""
    assert len(list(drawn([0.0, 1.0, 10.0], log_y=True).iter("circle"))) == 2


def test_a_mark_says_what_happened_and_is_escaped():
    """The title of a dashed line carries the step and the event's words."""
    chart = Chart("c", [Line("a", Curve([0.0, 10.0], [1.0, 2.0]), "train")], "loss", marks=[(5.0, "<oom> & more")])
    svg = line_chart(chart)
    assert "&lt;oom&gt; &amp; more" in svg
    assert [t.text for t in ElementTree.fromstring(str(svg)).iter("title")] == ["step 5: <oom> & more"]


def test_pointing_at_a_column_reads_the_values_there():
    """Each column of the plot carries its own read-out."""
    hits = [g for g in drawn([4.0, 3.0, 2.0]).iter("g") if g.get("class") == "hit"]
    assert len(hits) > 50
    assert "".join(hits[-1].itertext()) == "step 2  ·  a 2.000"


def test_a_histogram_has_a_bar_for_each_full_bin():
    """Empty bins have none."""
    svg = ElementTree.fromstring(str(histogram([0, 10, 20, 30], [("before", "rest", [1, 0, 4]), ("after", "c0", [5, 5, 0])], "tokens")))
    assert len([r for r in svg.iter("rect") if "solid" in r.get("class", "")]) == 4


def test_bars_and_bands_stay_in_their_place():
    """A share above one fills the bar; a value outside the band is drawn as such."""
    assert 'width="100.00%"' in bar(1.7)
    assert "bad" in band(2.0, 3.0, 3.5)
    assert "good" in band(2.0, 3.0, 2.5)
    assert "circle" not in band(2.0, 3.0, None)
