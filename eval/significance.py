"""Is a difference real? Tests and intervals over questions, seeded: the same numbers in, the same numbers out.

Knows columns of numbers alone. A measure is a ratio of two sums over the questions (a mean where every count is 1), so
that a question without a citation has no part in how exact citations are. Randomness comes from one seed, and every
column is drawn with the same draws.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 9999
"""One less than a round number: with the pair as it is counted in, 500 of 10,000 are the 5 % exactly."""
CURVE_DRAWS = 1999
LEVEL = 0.05
POWER = 0.8

_PORTION = 4_000_000
"""How many numbers are drawn at once."""
_HAIR = 1e-12
_FEWEST = 6
"""Where five questions differ, all one way, chance does as much in 2 of 32 cases, more than LEVEL; six: 2 of 64."""


@dataclass(frozen=True, slots=True)
class Sums:
    """A row a question, a column a measure: what the question adds to the measure's total and to its count."""

    totals: Floats
    counts: Floats

    def __post_init__(self) -> None:
        if self.totals.shape != self.counts.shape or self.totals.ndim != 2:  # noqa: PLR2004 - rows and columns
            raise ValueError(f"totals {self.totals.shape} and counts {self.counts.shape}; both have rows and columns")
        if not len(self.totals):
            raise ValueError("no questions to measure")

    def values(self) -> Floats:
        """Return each measure's value; NaN where nothing was counted."""
        return _ratio(self.totals.sum(axis=0), self.counts.sum(axis=0))


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


def bootstrap(sums: Sums, *, resamples: int = DRAWS, level: float = 1 - LEVEL, seed: int = 0) -> Floats:
    """Return a row (low, high) a measure: percentile bootstrap intervals over the questions; NaN where nothing counts.

    Efron, Annals of Statistics 1979, https://doi.org/10.1214/aos/1176344552. Where all questions say 0, or all 1, every
    resample does too; there the interval is the exact one of so many questions (Clopper & Pearson, Biometrika 1934).
    """
    drawn = [_ratio(weights @ sums.totals, weights @ sums.counts) for weights in _resampled(sums, resamples, seed)]
    intervals = _quantiles(np.concatenate(drawn), level)
    counted = sums.counts > 0
    reach = ((1 - level) / 2) ** (1 / np.maximum(counted.sum(axis=0), 1))
    none, all_of = (~(counted & (sums.totals != wanted)).any(axis=0) for wanted in (0.0, sums.counts))
    known = counted.any(axis=0)
    intervals[:, 1] = np.where(none & known, 1 - reach, intervals[:, 1])
    intervals[:, 0] = np.where(all_of & known, reach, intervals[:, 0])
    return intervals


def differences(first: Sums, second: Sums, *, draws: int = DRAWS, seed: int = 0) -> list[Difference]:
    """Return how the second run differs from the first, a row a question in both in the same order.

    Paired randomisation test over questions, two-sided, with the pair as it is counted in (Smucker, Allan & Carterette,
    CIKM 2007, https://doi.org/10.1145/1321440.1321528; Phipson & Smyth 2010, https://doi.org/10.2202/1544-6115.1585),
    and paired bootstrap intervals.
    """
    if first.totals.shape != second.totals.shape:
        raise ValueError(f"{first.totals.shape} and {second.totals.shape}; both runs need the same questions")
    before, after = first.values(), second.values()
    chances = randomisation(first, second, draws=draws, seed=seed)
    intervals = _paired_intervals(first, second, draws, seed)
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
        as_far += low is None or high is None or abs(high - low) >= found - _HAIR
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
    for size in _portions(draws, len(gained)):
        # True swaps the question's two answers.
        swaps = choose.integers(0, 2, size=(size, len(gained)), dtype=np.int8).astype(np.float64)
        moved, recounted = swaps @ gained, swaps @ counted
        low = _ratio(first.totals.sum(axis=0) + moved, first.counts.sum(axis=0) + recounted)
        high = _ratio(second.totals.sum(axis=0) - moved, second.counts.sum(axis=0) - recounted)
        as_far += (np.abs(high - low) >= found - _HAIR).sum(axis=0)
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


def influence(sums: Sums) -> Floats:
    """Return what each question adds to a measure's value, scaled so that the mean is the value: the delta method."""
    values = sums.values()
    counts = sums.counts.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(values + (sums.totals - values * sums.counts) / counts, dtype=np.float64)


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
    if len(parts) < 2 or np.isnan(parts).any() or not _differs(parts):  # noqa: PLR2004 - a deviation needs two
        return None, None
    deviation = float(parts.std(ddof=1))
    fewest = _FEWEST * float(np.abs(parts[changed]).mean()) / len(parts) if changed.any() else 0.0
    return float(parts.mean()) / deviation, max(detectable(deviation, len(parts)), fewest)


def _differs(parts: Floats) -> bool:
    return bool(np.ptp(parts) > _HAIR)


def _paired_intervals(first: Sums, second: Sums, draws: int, seed: int) -> Floats:
    drawn = [
        _ratio(w @ second.totals, w @ second.counts) - _ratio(w @ first.totals, w @ first.counts)
        for w in _resampled(first, draws, seed)
    ]
    return _quantiles(np.concatenate(drawn), 1 - LEVEL)


def _resampled(sums: Sums, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield matrices of how often each question stands in a resample, a row a resample."""
    questions = len(sums.totals)
    choose = np.random.default_rng(seed)
    for size in _portions(resamples, questions):
        rows = choose.integers(questions, size=(size, questions)) + np.arange(size)[:, None] * questions
        counted = np.bincount(rows.ravel(), minlength=size * questions)
        yield counted.reshape(size, questions).astype(np.float64)


def _portions(draws: int, questions: int) -> Iterator[int]:
    size = max(1, _PORTION // questions)
    yield from (min(size, draws - start) for start in range(0, draws, size))


def _ratio(totals: Floats, counts: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(counts > 0, totals / counts, np.nan), dtype=np.float64)


def _quantiles(drawn: Floats, level: float) -> Floats:
    """Return (low, high) of each column over its draws that have a value."""
    told = np.full((drawn.shape[1], 2), np.nan)
    for n, column in enumerate(drawn.T):
        known = column[~np.isnan(column)]
        if known.size:
            told[n] = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return told
