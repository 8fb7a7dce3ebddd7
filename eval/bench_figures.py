"""Medians, their spread, ratios and growth exponents, as pure functions of readings.

The spread of a few rounds is told by the lowest and the highest: fewer than ten values have no tenth percentile. A
ratio's is that of the rounds' own ratios: what slows a whole round down slows both.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from eval.bench_systems import Reading

Key = tuple[str, str, str]
"""Section, system and figure."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The median with the lowest and the highest of `rounds` values."""

    median: float
    low: float
    high: float
    rounds: int


def grouped(readings: Iterable[Reading]) -> dict[Key, dict[int, float]]:
    """Return {(section, system, figure): {round: value}} in the order of the readings."""
    groups: dict[Key, dict[int, float]] = {}
    for r in readings:
        groups.setdefault((r.section, r.system, r.figure), {})[r.round] = r.value
    return groups


def spread(values: Sequence[float]) -> Spread:
    """Return the values' spread; a ValueError where there are none."""
    if not values:
        raise ValueError("no values to measure")
    return Spread(median(values), min(values), max(values), len(values))


def ratio(theirs: Mapping[int, float], ours: Mapping[int, float]) -> Spread | None:
    """Return the ratio of the medians, and the lowest and highest ratio of one round, over the rounds that both have.

    None where there is none, or where a value of ours is 0.
    """
    shared = [number for number in theirs if number in ours]
    if not shared or any(ours[number] == 0 for number in shared):
        return None
    each = [theirs[number] / ours[number] for number in shared]
    of_medians = median(theirs[number] for number in shared) / median(ours[number] for number in shared)
    return Spread(of_medians, min(each), max(each), len(each))


def fitted_exponent(points: Sequence[tuple[float, float]]) -> float:
    """Return e of the least-squares fit y = c x^e in logarithms; a ValueError for fewer than two different x."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    if len({x for x, _ in logs}) < 2:  # noqa: PLR2004 - a line needs two points
        raise ValueError(f"{len(points)} points; at least 2 of different size are needed")
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    rise = math.fsum((x - mean_x) * (y - mean_y) for x, y in logs)
    return rise / math.fsum((x - mean_x) * (x - mean_x) for x, _ in logs)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values do not exceed; a ValueError where none are."""
    if not values:
        raise ValueError("no values to measure")
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]
