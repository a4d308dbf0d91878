"""Charts as inline SVG: no script, no style attribute (the page's Content-Security-Policy forbids both), colours by class.

A reader who points at a chart sees a hair line and the values there: each column of the plot carries its own read-out, shown by CSS.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite

from markupsafe import Markup, escape

from steps.html.axes import Axis, fitted, tick_text
from steps.html.curves import Curve, thinned
from steps.html.words import count, figure

WIDE = (760, 320)
SMALL = (380, 230)


@dataclass(frozen=True)
class Line:
    """One line. look: a CSS class (`raw`, `train`, `eval`, `area`, `c0`…). dots: each point is marked. told: named in the read-out."""

    label: str
    curve: Curve
    look: str
    dots: bool = False
    area: bool = False
    told: bool = True


@dataclass(frozen=True)
class Chart:
    """What is drawn. marks: dashed verticals (x, what happened). limits: dashed horizontals (y, name)."""

    name: str
    lines: Sequence[Line]
    y_name: str
    x_name: str = "step"
    marks: Sequence[tuple[float, str]] = ()
    limits: Sequence[tuple[float, str]] = ()
    zero: bool = False
    captioned: bool = False  # the page names the unit above the chart
    value: Callable[[float], str] = field(default=lambda y: figure(y, 4))

    @property
    def empty(self) -> bool:
        """True when no line has a value that can be drawn."""
        return not any(isfinite(y) for line in self.lines for y in line.curve.ys)


def line_chart(chart: Chart, size: tuple[int, int] = WIDE, *, log_x: bool = False, log_y: bool = False) -> Markup:
    """The chart as one `<svg>`. Values that are no finite number are gaps; on a logarithmic axis so are values of 0 and below."""
    lines = [Line(a.label, thinned(a.curve), a.look, a.dots, a.area, a.told) for a in chart.lines if len(a.curve)]
    xs = [x for line in lines for x in (line.curve.xs[0], line.curve.xs[-1])] + [x for x, _ in chart.marks]
    ys = [y for line in lines for y in line.curve.ys] + [y for y, _ in chart.limits]
    if log_x:
        xs = [max(x, 1.0) for x in xs]
    elif xs and 0 < min(xs) < 0.1 * max(xs):
        xs.append(0.0)  # a training that was seen from its start is drawn from 0
    width, height = size
    across = fitted(xs, 52, width - 14, log=log_x, tight=True)
    up = fitted(ys, height - 42, 30, log=log_y, zero=chart.zero)
    parts = [_frame(chart, across, up, width, height)]
    for line in lines:
        parts.append(_path(line, across, up))
    parts += [_mark(x, text, across, up) for x, text in chart.marks]
    parts.append(_readouts(chart, lines, across, up))
    label = f"{chart.name}: {chart.y_name} by {chart.x_name}"
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, label, Markup("").join(parts)
    )


def _frame(chart: Chart, across: Axis, up: Axis, width: int, height: int) -> Markup:
    out: list[str] = []
    y_ticks, x_ticks = up.ticks(6 if height > 260 else 4), across.ticks(8 if width > 500 else 4)
    for y in y_ticks:
        place = up(y)
        out.append(f'<line class="grid" x1="{across.start}" x2="{across.end}" y1="{place:.1f}" y2="{place:.1f}"/>')
        out.append(
            f'<text class="tick" x="{across.start - 8}" y="{place + 4:.1f}" text-anchor="end">{tick_text(y, y_ticks, up.log)}</text>'
        )
    for x in x_ticks:
        place = across(x)
        anchor = "end" if place > across.end - 8 else "middle"
        out.append(f'<line class="tock" x1="{place:.1f}" x2="{place:.1f}" y1="{up.start}" y2="{up.start + 4}"/>')
        out.append(
            f'<text class="tick" x="{place:.1f}" y="{up.start + 18}" text-anchor="{anchor}">{tick_text(x, x_ticks, across.log)}</text>'
        )
    out.append(f'<line class="axis" x1="{across.start}" x2="{across.end}" y1="{up.start}" y2="{up.start}"/>')
    out.append(f'<text class="name" x="{across.end}" y="{height - 6}" text-anchor="end">{escape(chart.x_name)}</text>')
    if not chart.captioned:
        out.append(f'<text class="name" x="0" y="14">{escape(chart.y_name)}</text>')
    for y, name in chart.limits:
        if up.holds(y):
            place = up(y)
            out.append(f'<line class="limit" x1="{across.start}" x2="{across.end}" y1="{place:.1f}" y2="{place:.1f}"/>')
            out.append(f'<text class="limit-name" x="{across.end}" y="{place - 5:.1f}" text-anchor="end">{escape(name)}</text>')
    return Markup("".join(out))


def _path(line: Line, across: Axis, up: Axis) -> Markup:
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(line.curve.xs, line.curve.ys, strict=True):
        if up.holds(y):
            runs[-1].append((across(x), up(y)))
        elif runs[-1]:
            runs.append([])
    out: list[str] = []
    for points in runs:
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        if len(points) > 1:
            if line.area:
                out.append(f'<path class="{line.look} fill" d="M{points[0][0]:.1f} {up.start}L{steps}L{points[-1][0]:.1f} {up.start}Z"/>')
            out.append(f'<path class="{line.look} stroke" d="M{steps}"/>')
        elif points and not line.dots:
            out.append(f'<circle class="{line.look} dot" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="2.5"/>')
        if line.dots and len(points) <= 120:
            out += [f'<circle class="{line.look} dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points]
    return Markup("".join(out))


def _mark(x: float, text: str, across: Axis, up: Axis) -> Markup:
    place = f"{across(max(x, across.low)):.1f}"
    return Markup(
        '<g class="mark"><line x1="{0}" x2="{0}" y1="{1}" y2="{2}"/><path d="M{0} {1}m-5 -1h10l-5 8z"/><title>{3}: {4}</title></g>'
    ).format(place, up.end, up.start, f"step {count(x)}", text)


def _readouts(chart: Chart, lines: Sequence[Line], across: Axis, up: Axis) -> Markup:
    told = [line for line in lines if line.told and any(up.holds(y) for y in line.curve.ys)]
    if not told:
        return Markup("")
    columns = int((across.end - across.start) // 6)
    wide = (across.end - across.start) / columns
    out: list[Markup] = []
    for i in range(columns):
        middle = across.start + (i + 0.5) * wide
        near = _nearest(told[0].curve, across.back(middle))
        x = told[0].curve.xs[near]
        values = []
        for line in told:
            at = line.curve.xs[_nearest(line.curve, x)]
            if abs(across(max(at, across.low)) - across(max(x, across.low))) <= max(wide, 3) or line.dots:
                y = line.curve.ys[_nearest(line.curve, x)]
                values.append(f"{line.label} {chart.value(y)}" + (f" (at {count(at)})" if line.dots and at != x else ""))
        text = f"{chart.x_name} {count(x)}  ·  " + "  ·  ".join(values)
        hair = f"{across(max(x, across.low)):.1f}"
        out.append(
            Markup(
                '<g class="hit"><rect x="{0:.1f}" y="{1}" width="{2:.1f}" height="{3}"/><line x1="{4}" x2="{4}" y1="{1}" y2="{5}"/>'
                '<text x="{6}" y="14" text-anchor="end">{7}</text></g>'
            ).format(across.start + i * wide, up.end, wide, up.start - up.end, hair, up.start, across.end, text)
        )
    return Markup("").join(out)


def _nearest(curve: Curve, x: float) -> int:
    at = bisect_left(curve.xs, x)
    if at == 0 or at == len(curve):
        return min(at, len(curve) - 1)
    return at if curve.xs[at] - x < x - curve.xs[at - 1] else at - 1


def histogram(
    edges: Sequence[float], bars: Sequence[tuple[str, str, Sequence[float]]], x_name: str, size: tuple[int, int] = WIDE
) -> Markup:
    """Bars side by side in each bin, as `<svg>`. edges: one more than bins. bars: (label, look, counts), one for each colour."""
    width, height = size
    bins = len(edges) - 1
    tallest = max((c for _, _, counts in bars for c in counts), default=0) or 1
    up = fitted([0, tallest], height - 42, 30, zero=True)
    left, right = 52.0, width - 14.0
    wide = (right - left) / bins
    out: list[Markup] = []
    y_ticks = [y for y in up.ticks(4) if y == int(y)]
    for y in y_ticks:
        out.append(Markup('<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(left, right, up(y), up(y)))
        text = tick_text(y, y_ticks)
        out.append(Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(left - 8, up(y) + 4, text))
    bar = wide * 0.86 / max(len(bars), 1)
    for i in range(bins):
        told = " · ".join(f"{label} {count(counts[i])}" for label, _, counts in bars)
        inside = Markup("").join(
            Markup('<rect class="{} solid" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
                look, left + i * wide + wide * 0.07 + k * bar, up(counts[i]), max(bar - 0.5, 0.5), up.start - up(counts[i])
            )
            for k, (_, look, counts) in enumerate(bars)
            if counts[i]
        )
        out.append(
            Markup(
                '<g class="bin"><rect class="back" x="{:.1f}" y="{}" width="{:.1f}" height="{}"/>{}<title>{} to {}: {}</title></g>'
            ).format(left + i * wide, up.end, wide, up.start - up.end, inside, figure(edges[i], 4), figure(edges[i + 1], 4), told)
        )
    every = max(1, -(-bins * 46 // int(right - left)))
    for i in range(0, bins + 1, every):
        out.append(
            Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
                left + i * wide, up.start + 18, tick_text(edges[i], list(edges))
            )
        )
    out.append(Markup('<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(left, right, up.start, up.start))
    out.append(Markup('<text class="name" x="{}" y="{}" text-anchor="end">{}</text>').format(right, height - 6, x_name))
    out.append(Markup('<text class="name" x="0" y="14">documents</text>'))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, f"histogram: documents by {x_name}", Markup("").join(out)
    )


def bar(share: float, look: str = "c0", mark: float | None = None) -> Markup:
    """A horizontal bar that fills `share` of its place; mark: a thin line at that share."""
    line = (
        Markup('<rect class="cap" x="{:.2f}%" y="0" width="2" height="100%"/>').format(min(max(mark, 0), 1) * 99.5)
        if mark is not None
        else ""
    )
    return Markup(
        '<svg class="bar" height="12" aria-hidden="true"><rect class="{} solid" width="{:.2f}%" height="100%" rx="2"/>{}</svg>'
    ).format(look, min(max(share, 0.0), 1.0) * 100, line)


def band(low: float, high: float, found: float | None) -> Markup:
    """A small picture of an expected band and where the value fell."""
    values = [v for v in (low, high, found) if v is not None and isfinite(v)]
    if len(values) < 2:
        return Markup("")
    axis = fitted([*values, low - (high - low) / 2, high + (high - low) / 2], 4, 156)
    place = axis(found) if found is not None and isfinite(found) else None
    look = "good" if place is not None and low <= (found or 0.0) <= high else "bad"
    dot = Markup('<circle class="{} solid" cx="{:.1f}" cy="9" r="5"/>').format(look, place) if place is not None else ""
    return Markup(
        '<svg class="band" viewBox="0 0 160 18" aria-hidden="true"><line class="grid" x1="0" x2="160" y1="9" y2="9"/>'
        '<rect class="range" x="{:.1f}" y="3" width="{:.1f}" height="12" rx="3"/>{}</svg>'
    ).format(axis(low), max(axis(high) - axis(low), 1), dot)
