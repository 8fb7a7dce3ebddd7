"""Small plots as SVG text, the same bytes for the same numbers. Knows numbers and labels, and loads nothing.

Colours are the page's: lines are drawn in `currentColor` or a class, so that a plot fits a light and a dark page.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 340, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 42
_TICKS = 5
_HAIR = 1e-9

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a plot with its name, perhaps ""; `bars` are (low, high) at each point, `dots` draws the points too."""

    label: str
    points: Sequence[Point]
    bars: Sequence[tuple[float, float]] = ()
    dots: bool = False
    line: bool = True


@dataclass(frozen=True, slots=True)
class Axes:
    """What the axes say, and where they run from and to; `even` places the x values at even distances."""

    x: str
    y: str
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    even: bool = False
    diagonal: bool = False


def line_plot(title: str, series: Sequence[Series], axes: Axes) -> str:
    """Return the plot as an SVG element; without a point it says that there is nothing to show."""
    if not any(one.points for one in series):
        return f"<p class=nothing>{escape(title)}: nothing to show</p>"
    parts = [
        f'<svg class=plot viewBox="0 0 {_WIDTH} {_HEIGHT}" role=img aria-label="{escape(title)}">',
        *_frame(series, axes),
    ]
    if axes.diagonal:
        parts.append(f"<path class=diagonal d='{_path([_place(axes, 0.0, 0.0), _place(axes, 1.0, 1.0)])}'/>")
    for number, one in enumerate(series):
        parts += _drawn(one, axes, number)
    return "".join([*parts, "</svg>"])


def evenly(labels: Sequence[float], axes: Axes) -> Axes:
    """Return the axes with the labels at even distances, as lengths that double are read best."""
    return Axes(axes.x, axes.y, (0.0, float(max(len(labels) - 1, 1))), axes.y_range, even=True)


def _frame(series: Sequence[Series], axes: Axes) -> Iterable[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    yield f"<path class=frame d='M{_LEFT} {_TOP}V{bottom}H{right}'/>"
    low, _ = axes.y_range
    for value in _round_values(*axes.y_range):
        _, y = _place(axes, axes.x_range[0], value)
        yield f"<path class=grid d='M{_LEFT} {y:.1f}H{right}'/>"
        yield f"<text class=tick x={_LEFT - 5} y={y + 3.5:.1f} text-anchor=end>{_short(value)}</text>"
    for value, label in _x_ticks(series, axes):
        x, _ = _place(axes, value, low)
        yield f"<text class=tick x={x:.1f} y={bottom + 15} text-anchor=middle>{escape(label)}</text>"
    yield f"<text class=axis x={(_LEFT + right) / 2:.1f} y={_HEIGHT - 8} text-anchor=middle>{escape(axes.x)}</text>"
    middle = (_TOP + bottom) / 2
    yield (
        f'<text class=axis x=12 y={middle:.1f} text-anchor=middle transform="rotate(-90 12 {middle:.1f})">'
        f"{escape(axes.y)}</text>"
    )


def _x_ticks(series: Sequence[Series], axes: Axes) -> list[tuple[float, str]]:
    if axes.even:
        labels = [_short(x) for x, _ in series[0].points]
        return [(float(n), label) for n, label in enumerate(labels)]
    return [(value, _short(value)) for value in _round_values(*axes.x_range)]


def _round_values(low: float, high: float) -> list[float]:
    """Return some values of the range that are easy to read: steps of 1, 2 or 5 by a power of ten."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough - _HAIR)
    first = math.ceil(low / step - _HAIR)
    return [round(n * step, 10) for n in range(first, math.floor(high / step + _HAIR) + 1)]


def _drawn(one: Series, axes: Axes, number: int) -> Iterable[str]:
    places = [_place(axes, float(n) if axes.even else x, y) for n, (x, y) in enumerate(one.points)]
    yield f"<g class=series{number}>"
    if one.line and places:
        yield f"<path d='{_path(places)}'/>"
    for (x, _), (low, high) in zip(places, one.bars, strict=False):
        (_, bottom), (_, top) = _place(axes, 0.0, low), _place(axes, 0.0, high)
        yield f"<path class=bar d='M{x:.1f} {bottom:.1f}V{top:.1f}'/>"
    if one.dots:
        for (x, y), (at, value) in zip(places, one.points, strict=True):
            yield f"<circle cx={x:.1f} cy={y:.1f} r=3><title>{_short(at)}: {value:.3f}</title></circle>"
    yield f"<text x={_WIDTH - _RIGHT - 4} y={_TOP + 14 + 14 * number} text-anchor=end>{escape(one.label)}</text>"
    yield "</g>"


def _place(axes: Axes, x: float, y: float) -> Point:
    (left, right), (low, high) = axes.x_range, axes.y_range
    across = (x - left) / ((right - left) or 1.0)
    up = (y - low) / ((high - low) or 1.0)
    inside = min(max(up, 0.0), 1.0)
    return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - inside * (_HEIGHT - _TOP - _BOTTOM)


def _path(places: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)


def _short(value: float) -> str:
    return f"{value:.4g}"
