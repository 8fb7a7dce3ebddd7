"""Measures as sums over questions, and their bootstrap intervals; seeded: the same numbers in, the same numbers out.

Knows columns of numbers alone. A measure is a ratio of two sums over the questions (a mean where every count is 1), so
that a question without a citation has no part in how exact citations are. Every column is drawn with the same draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 9999
"""One less than a round number: with the pair as it is counted in, 500 of 10,000 are the 5 % exactly."""
LEVEL = 0.05
HAIR = 1e-12
"""Numbers that are nearer to each other are the same, and differ by rounding alone."""

_PORTION = 4_000_000
"""How many numbers are drawn at once."""


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
        return ratio(self.totals.sum(axis=0), self.counts.sum(axis=0))


def bootstrap(sums: Sums, *, resamples: int = DRAWS, level: float = 1 - LEVEL, seed: int = 0) -> Floats:
    """Return a row (low, high) a measure: BCa bootstrap intervals over the questions; NaN where nothing counts.

    Efron, JASA 1987, https://doi.org/10.1080/01621459.1987.10478410. Where all questions say 0, or all 1, every
    resample does too; there the interval is the exact one of so many questions (Clopper & Pearson, Biometrika 1934).
    """
    drawn = [ratio(weights @ sums.totals, weights @ sums.counts) for weights in _resampled(sums, resamples, seed)]
    intervals = _intervals(np.concatenate(drawn), sums.values(), influence(sums), level)
    counted = sums.counts > 0
    reach = ((1 - level) / 2) ** (1 / np.maximum(counted.sum(axis=0), 1))
    none, all_of = (~(counted & (sums.totals != wanted)).any(axis=0) for wanted in (0.0, sums.counts))
    known = counted.any(axis=0)
    intervals[:, 1] = np.where(none & known, 1 - reach, intervals[:, 1])
    intervals[:, 0] = np.where(all_of & known, reach, intervals[:, 0])
    return intervals


def paired_bootstrap(first: Sums, second: Sums, *, resamples: int = DRAWS, seed: int = 0) -> Floats:
    """Return the same of the difference, second less first, the questions of both runs drawn together."""
    drawn = [
        ratio(w @ second.totals, w @ second.counts) - ratio(w @ first.totals, w @ first.counts)
        for w in _resampled(first, resamples, seed)
    ]
    found, parts = second.values() - first.values(), influence(second) - influence(first)
    return _intervals(np.concatenate(drawn), found, parts, 1 - LEVEL)


def influence(sums: Sums) -> Floats:
    """Return what each question adds to a measure's value, scaled so that the mean is the value: the delta method."""
    values = sums.values()
    counts = sums.counts.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(values + (sums.totals - values * sums.counts) / counts, dtype=np.float64)


def _resampled(sums: Sums, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield matrices of how often each question stands in a resample, a row a resample."""
    questions = len(sums.totals)
    choose = np.random.default_rng(seed)
    for size in portions(resamples, questions):
        rows = choose.integers(questions, size=(size, questions)) + np.arange(size)[:, None] * questions
        counted = np.bincount(rows.ravel(), minlength=size * questions)
        yield counted.reshape(size, questions).astype(np.float64)


def portions(draws: int, questions: int) -> Iterator[int]:
    """Yield how many draws are made at once, in all as many as are asked for."""
    size = max(1, _PORTION // questions)
    yield from (min(size, draws - start) for start in range(0, draws, size))


def ratio(totals: Floats, counts: Floats) -> Floats:
    """Return totals by counts; NaN where nothing was counted."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(counts > 0, totals / counts, np.nan), dtype=np.float64)


def _intervals(drawn: Floats, values: Floats, parts: Floats, level: float) -> Floats:
    """Return (low, high) of each column of draws that have a value, corrected for bias and for skew."""
    told = np.full((drawn.shape[1], 2), np.nan)
    for n, column in enumerate(drawn.T):
        known = column[~np.isnan(column)]
        if known.size:
            told[n] = np.quantile(known, _ends(known, float(values[n]), parts[:, n], level))
    return told


def _ends(drawn: Floats, value: float, parts: Floats, level: float) -> list[float]:
    """Return which quantiles of the draws are the interval's ends; the plain ones where all draws are alike."""
    plain = [(1 - level) / 2, (1 + level) / 2]
    # Draws that equal the value count half: there are many where answers are right or wrong.
    below = float((drawn < value - HAIR).mean() + (np.abs(drawn - value) <= HAIR).mean() / 2)
    if not 0 < below < 1 or not differs(parts):
        return plain
    normal, centred = NormalDist(), parts - parts.mean()
    bias = normal.inv_cdf(below)
    skew = float((centred**3).sum() / (6 * (centred**2).sum() ** 1.5))
    shifts = [bias + normal.inv_cdf(share) for share in plain]
    if any(skew * shift >= 1 for shift in shifts):
        return plain
    return [normal.cdf(bias + shift / (1 - skew * shift)) for shift in shifts]


def differs(parts: Floats) -> bool:
    """Return whether the numbers are not all alike."""
    return bool(np.ptp(parts) > HAIR)
