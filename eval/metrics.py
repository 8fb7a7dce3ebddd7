"""Measures of a run as pure functions of numbers: how well confidence ranks, means what it says, and when to abstain.

Knows no question, no answer and no file. No measure depends on the order in which the answers come: answers of equal
confidence are told apart by nothing, so each of them counts as the mean of them all. A ValueError says that there is
nothing to measure, that a number is no number, or that two columns differ in length; None that a measure has no value
on these answers, as the AUC where all are of one class.

The one library at hand that has an AUC is scikit-learn, which comes with another one by chance and takes a second to
import; its calibration curve cuts bins at quantiles, so that ties make them unequal, and it has no risk-coverage curve.
The tests compare with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = Sequence[float] | Floats
Labels = Sequence[bool] | NDArray[np.bool_]
Measure = Callable[[Floats, NDArray[np.bool_]], float | None]

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same confidence: how sure they were, and how many of them were right, on average."""

    confidence: float
    right: float
    count: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A confidence that is the same for every answer, and its expected calibration error."""

    confidence: float
    error: float


@dataclass(frozen=True, slots=True)
class Abstention:
    """What abstaining below a threshold comes to; `share` of all questions are declined.

    Of the declined, `precision` could not be answered (None where none is declined); of those that cannot be answered,
    `recall` are declined (None where all can).
    """

    threshold: float
    share: float
    precision: float | None
    recall: float | None


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a measure would lie if other questions of the same kind had been asked."""

    low: float
    high: float


def area_under_roc(scores: Numbers, positive: Labels) -> float | None:
    """Return how often a positive scores above a negative, ties counting half; None where either is missing.

    The Mann-Whitney statistic: Hanley & McNeil, Radiology 1982, https://doi.org/10.1148/radiology.143.1.7063747
    """
    values, truth = _columns(scores, positive)
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return None
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    above = ranks[group][truth].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def reliability(confidences: Numbers, right: Labels, bins: int = BINS) -> list[Bin]:
    """Return bins of equal count, to within one answer, least confident first; as many bins as answers where fewer.

    Nguyen & O'Connor, EMNLP 2015, https://doi.org/10.18653/v1/D15-1182
    """
    if bins < 1:
        raise ValueError(f"{bins} bins; at least 1 is needed")
    values, shares = _in_order(confidences, right)
    if values[0] < 0 or values[-1] > 1:
        raise ValueError(f"confidences run from {values[0]} to {values[-1]}; they lie between 0 and 1")
    stretches = np.array_split(np.arange(len(values)), min(bins, len(values)))
    return [Bin(float(values[part].mean()), float(shares[part].mean()), len(part)) for part in stretches]


def expected_calibration_error(confidences: Numbers, right: Labels, bins: int = BINS) -> float:
    """Return how far confidence lies from the share of right answers: the mean over bins of equal count.

    Naeini, Cooper & Hauskrecht, AAAI 2015, https://doi.org/10.1609/aaai.v29i1.9602, with the bins of `reliability`.
    """
    table = reliability(confidences, right, bins)
    return sum(b.count * abs(b.confidence - b.right) for b in table) / len(confidences)


def best_constant(confidences: Numbers, right: Labels, bins: int = BINS) -> Constant:
    """Return the constant of the least calibration error in the bins that the confidences make; the lowest of equals.

    In a bin of its own the share of right answers never errs: nothing could beat it, and it says nothing. In these bins
    it errs as far as they differ, so that a confidence beats it by saying truly which answers are the surer ones. It is
    the weighted median of the bins, fitted on the very answers that it is measured on.
    """
    table = sorted(reliability(confidences, right, bins), key=lambda b: b.right)
    reached = np.cumsum([b.count for b in table])
    middle = table[int(np.searchsorted(reached, len(confidences) / 2))].right
    return Constant(middle, sum(b.count * abs(middle - b.right) for b in table) / len(confidences))


def calibration_error_by_chance(confidences: Numbers, bins: int = BINS, *, draws: int = 200, seed: int = 0) -> float:
    """Return the mean calibration error that these confidences would have if each of them were exactly true.

    Bins hold few answers, so not even such a confidence reaches 0. The consistency resampling of Broecker & Smith,
    Weather and Forecasting 2007, https://doi.org/10.1175/WAF993.1
    """
    values, _ = _columns(confidences, np.zeros(len(confidences), dtype=bool))
    choose = np.random.default_rng(seed)
    drawn = [expected_calibration_error(values, choose.random(len(values)) < values, bins) for _ in range(draws)]
    return float(np.mean(drawn))


def risk_coverage(confidences: Numbers, right: Labels) -> Floats:
    """Return the share of wrong answers among the k most confident, for k from 1 to all.

    El-Yaniv & Wiener, JMLR 2010, https://www.jmlr.org/papers/v11/el-yaniv10a.html
    """
    _, shares = _in_order(confidences, right)
    wrong = np.cumsum(1 - shares[::-1])
    return np.asarray(wrong / np.arange(1, len(shares) + 1), dtype=np.float64)


def risk_at(risks: Floats, coverage: float) -> float:
    """Return the risk of a risk-coverage curve when this share of the answers is given, rounded up to whole ones."""
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage is {coverage}; it lies above 0 and at most at 1")
    # The hair taken off keeps 0.3 * 10 = 3.0000000000000004 from being rounded up to 4.
    return float(risks[max(int(np.ceil(coverage * len(risks) - 1e-9)), 1) - 1])


def area_under_risk_coverage(confidences: Numbers, right: Labels) -> float:
    """Return the mean of the risk-coverage curve: low where the wrong answers are the least confident ones.

    Geifman, Uziel & El-Yaniv, ICLR 2019, https://arxiv.org/abs/1805.08206
    """
    return float(risk_coverage(confidences, right).mean())


def abstention(confidences: Numbers, answerable: Labels, threshold: float) -> Abstention:
    """Return what it comes to when every question below the threshold is declined, as the program does."""
    values, can = _columns(confidences, answerable)
    declined = values < threshold
    rightly = int((declined & ~can).sum())
    count, cannot = int(declined.sum()), int((~can).sum())
    return Abstention(
        threshold,
        share=count / len(values),
        precision=rightly / count if count else None,
        recall=rightly / cannot if cannot else None,
    )


def bootstrap_interval(
    measure: Measure, values: Numbers, labels: Labels, *, resamples: int = 1000, level: float = 0.95, seed: int = 0
) -> Interval | None:
    """Return the percentile bootstrap interval of a measure; the same for the same seed.

    Resamples on which the measure is None are left out; None where all are. A calibration error grows in a resample,
    which repeats answers, so its interval lies somewhat high. Efron, Annals of Statistics 1979,
    https://doi.org/10.1214/aos/1176344552
    """
    column, truth = _columns(values, labels)
    choose = np.random.default_rng(seed)
    drawn = (choose.integers(len(column), size=len(column)) for _ in range(resamples))
    found = [value for value in (measure(column[rows], truth[rows]) for rows in drawn) if value is not None]
    if not found:
        return None
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def _columns(values: Numbers, labels: Labels) -> tuple[Floats, NDArray[np.bool_]]:
    column, truth = np.asarray(values, dtype=np.float64), np.asarray(labels, dtype=np.bool_)
    if column.shape != truth.shape or column.ndim != 1:
        raise ValueError(f"{column.shape} values and {truth.shape} labels; one label a value is needed")
    if not len(column):
        raise ValueError("no answers to measure")
    if not np.isfinite(column).all():
        raise ValueError("a value is not finite")
    return column, truth


def _in_order(confidences: Numbers, right: Labels) -> tuple[Floats, Floats]:
    """Return the confidences in order, and beside each the share of right ones among those of the same confidence."""
    values, truth = _columns(confidences, right)
    distinct, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    shares = np.bincount(group, truth) / counts
    return np.repeat(distinct, counts), np.repeat(shares, counts)
