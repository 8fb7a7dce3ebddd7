"""Is a difference real? Tests over questions, seeded: the same numbers in, the same out. Knows numbers alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from eval.intervals import DRAWS, HAIR, LEVEL, Floats, Sums, differs, influence, paired_bootstrap, portions, ratio

CURVE_DRAWS = 1999
POWER = 0.8

_FEWEST = 6
"""Where five questions differ, all one way, chance does as much in 2 of 32 cases, more than LEVEL; six: 2 of 64."""


@dataclass(frozen=True, slots=True)
class Surety:
    """A confidence a question, and beside each whether it is what a measure of confidence asks for."""

    confidences: Floats
    labels: NDArray[np.bool_]

    def value(self, curve: "Curve") -> float | None:
        """Return the measure's value; None where it has none."""
        return curve(self.confidences, self.labels) if len(self.labels) else None

    def rows(self, chosen: NDArray[np.int64]) -> "Surety":
        """Return these questions, one as often as it is named."""
        return Surety(self.confidences[chosen], self.labels[chosen])

    def swapped(self, other: "Surety", swap: NDArray[np.bool_]) -> "Surety":
        """Return the questions, the other run's where they are to be swapped."""
        confidences = np.where(swap, other.confidences, self.confidences)
        return Surety(confidences, np.where(swap, other.labels, self.labels))


Curve = Callable[[Floats, NDArray[np.bool_]], float | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """How two runs differ in one measure, second less first.

    `p` is the chance of a difference as large if it were chance which run a question's answer comes from. `effect` is
    the mean difference in standard deviations of the questions'. `detectable` is the difference that a set like this
    finds in 8 of 10 cases; both are None where no question differs, and of curves, which are no means.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    effect: float | None
    detectable: float | None
    differing: int


def differences(first: Sums, second: Sums, *, draws: int = DRAWS, seed: int = 0) -> list[Difference]:
    """Return how the second run differs from the first, a row a question in both in the same order.

    Paired randomisation test over questions, two-sided, with the pair as it is counted in (Smucker, Allan & Carterette,
    CIKM 2007, https://doi.org/10.1145/1321440.1321528; Phipson & Smyth 2010, https://doi.org/10.2202/1544-6115.1585),
    and paired bootstrap intervals as in `bootstrap`.
    """
    if first.totals.shape != second.totals.shape:
        raise ValueError(f"{first.totals.shape} and {second.totals.shape}; both runs need the same questions")
    before, after = first.values(), second.values()
    chances = randomisation(first, second, draws=draws, seed=seed)
    intervals = paired_bootstrap(first, second, resamples=draws, seed=seed)
    parts = influence(second) - influence(first)
    changed = (first.totals != second.totals) | (first.counts != second.counts)
    return [
        Difference(
            float(before[n]),
            float(after[n]),
            float(after[n] - before[n]),
            float(intervals[n, 0]),
            float(intervals[n, 1]),
            float(chances[n]),
            *_effect(parts[:, n], changed[:, n]),
            differing=int(changed[:, n].sum()),
        )
        for n in range(before.size)
    ]


def curve_difference(
    curve: Curve, first: Surety, second: Surety, *, draws: int = CURVE_DRAWS, seed: int = 0
) -> Difference | None:
    """Return how two runs differ in a measure that has no value for one question; None where it has none here.

    The same test and intervals: a question's confidence and label are swapped, or drawn, together.
    """
    before, after = first.value(curve), second.value(curve)
    if before is None or after is None:
        return None
    choose = np.random.default_rng(seed)
    size, found = len(first.confidences), abs(after - before)
    as_far, drawn = 0, []
    for _ in range(draws):
        swap = choose.integers(0, 2, size=size, dtype=np.int8).astype(bool)
        low, high = first.swapped(second, swap).value(curve), second.swapped(first, swap).value(curve)
        as_far += low is None or high is None or abs(high - low) >= found - HAIR
        rows = choose.integers(size, size=size)
        low, high = first.rows(rows).value(curve), second.rows(rows).value(curve)
        drawn += [] if low is None or high is None else [high - low]
    low_end, high_end = np.quantile(drawn, [LEVEL / 2, 1 - LEVEL / 2]) if drawn else (np.nan, np.nan)
    differing = int(((first.confidences != second.confidences) | (first.labels != second.labels)).sum())
    chance = (1 + as_far) / (1 + draws)
    return Difference(
        before, after, after - before, float(low_end), float(high_end), chance, None, None, differing=differing
    )


def randomisation(first: Sums, second: Sums, *, draws: int = DRAWS, seed: int = 0) -> Floats:
    """Return each measure's p of the paired randomisation test, as `differences` tells; NaN where it has no value."""
    gained, counted = second.totals - first.totals, second.counts - first.counts
    found = np.abs(second.values() - first.values())
    as_far = np.zeros(found.size)
    choose = np.random.default_rng(seed)
    for size in portions(draws, len(gained)):
        # True swaps the question's two answers.
        swaps = choose.integers(0, 2, size=(size, len(gained)), dtype=np.int8).astype(np.float64)
        moved, recounted = swaps @ gained, swaps @ counted
        low = ratio(first.totals.sum(axis=0) + moved, first.counts.sum(axis=0) + recounted)
        high = ratio(second.totals.sum(axis=0) - moved, second.counts.sum(axis=0) - recounted)
        as_far += (np.abs(high - low) >= found - HAIR).sum(axis=0)
    return np.where(np.isnan(found), np.nan, (1 + as_far) / (1 + draws))


def holm(chances: Sequence[float]) -> list[float]:
    """Return each p adjusted for all of them; NaN counts as none.

    Holm 1979, https://www.jstor.org/stable/4615733
    """
    tested = sorted((p, n) for n, p in enumerate(chances) if not np.isnan(p))
    adjusted = [float("nan")] * len(chances)
    highest = 0.0
    for rank, (p, n) in enumerate(tested):
        highest = max(highest, min(1.0, p * (len(tested) - rank)))
        adjusted[n] = highest
    return adjusted


def power(effect: float, deviation: float, questions: int, *, level: float = LEVEL) -> float:
    """Return how often a true difference is found: two-sided, with this standard deviation of the questions'."""
    critical = NormalDist().inv_cdf(1 - level / 2)
    shift = effect / (deviation / questions**0.5)
    return NormalDist().cdf(shift - critical) + NormalDist().cdf(-shift - critical)


def detectable(deviation: float, questions: int, *, level: float = LEVEL, chance: float = POWER) -> float:
    """Return the smallest true difference that is found with this chance."""
    needed = NormalDist().inv_cdf(1 - level / 2) + NormalDist().inv_cdf(chance)
    return needed * deviation / float(questions**0.5)


def _effect(parts: Floats, changed: NDArray[np.bool_]) -> tuple[float | None, float | None]:
    """Return the effect, and what could be shown: never less than the fewest questions that can be significant."""
    if len(parts) < 2 or np.isnan(parts).any() or not differs(parts):  # noqa: PLR2004 - a deviation needs two
        return None, None
    deviation = float(parts.std(ddof=1))
    fewest = _FEWEST * float(np.abs(parts[changed]).mean()) / len(parts) if changed.any() else 0.0
    return float(parts.mean()) / deviation, max(detectable(deviation, len(parts)), fewest)
