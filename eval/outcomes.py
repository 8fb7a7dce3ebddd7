"""Sums outcomes up: every measure's value over a set with its interval, and by type. Knows scores, no texts."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.answer_scores import Score
from eval.measures import MEASURES
from eval.metrics import (
    area_under_risk_coverage,
    area_under_roc,
    bootstrap_interval,
    expected_calibration_error,
)
from eval.scoring import Scored
from eval.significance import Curve, Sums, Surety, bootstrap

_NONE = Score(0.0, 0.0)
DIGITS = 6
"""What is written is rounded to this, so that another processor's last bits make no other file."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure's value over the questions that have a part in it, with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    questions: int


def figures(scored: Sequence[Scored], *, resamples: int = 2000, seed: int = 0) -> dict[str, Figure]:
    """Return every measure that has a value on these outcomes, in the order of MEASURES."""
    names = measured(scored)
    found: dict[str, Figure] = {}
    if names:
        sums = sums_of(scored, names)
        values, intervals = sums.values(), bootstrap(sums, resamples=resamples, seed=seed)
        parts = (sums.counts > 0).sum(axis=0)
        for n, name in enumerate(names):
            found[name] = _figure(values[n], intervals[n, 0], intervals[n, 1], int(parts[n]))
    for name, curve in CURVES.items():
        about = surety(scored, name)
        value = about.value(curve)
        if value is None:
            continue
        interval = bootstrap_interval(curve, about.confidences, about.labels, resamples=resamples // 2, seed=seed)
        low, high = (interval.low, interval.high) if interval else (math.nan, math.nan)
        found[name] = _figure(value, low, high, len(about.labels))
    return {name: found[name] for name in MEASURES if name in found}


def figure_of(scored: Sequence[Scored], name: str, *, resamples: int = 2000, seed: int = 0) -> Figure:
    """Return one measure that is no curve; NaN where no question has a part in it."""
    sums = sums_of(scored, [name])
    low, high = bootstrap(sums, resamples=resamples, seed=seed)[0]
    return _figure(float(sums.values()[0]), low, high, int((sums.counts > 0).sum()))


def measured(scored: Sequence[Scored]) -> list[str]:
    """Return the measures that some question has a part in, but for the curves."""
    known = {name for one in scored for name, score in one.scores.items() if score.count}
    return [name for name in MEASURES if name in known]


def sums_of(scored: Sequence[Scored], names: Sequence[str]) -> Sums:
    """Return the questions' parts in these measures."""
    parts = [[one.scores.get(name, _NONE) for name in names] for one in scored]
    totals = np.array([[score.total for score in row] for row in parts], dtype=np.float64)
    counts = np.array([[score.count for score in row] for row in parts], dtype=np.float64)
    return Sums(totals, counts)


def value_of(scored: Sequence[Scored], name: str) -> float | None:
    """Return one measure's value, its sums exact; None where no question has a part in it."""
    parts = [one.scores[name] for one in scored if name in one.scores]
    count = math.fsum(score.count for score in parts)
    return math.fsum(score.total for score in parts) / count if count else None


def by_type(scored: Sequence[Scored], names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return {type: {measure: value}}, types in order of the alphabet; a measure without a value is left out."""
    table: dict[str, dict[str, float]] = {}
    for kind in sorted({one.kind for one in scored}):
        same = [one for one in scored if one.kind == kind]
        values = {name: value_of(same, name) for name in names}
        table[kind] = {name: round(value, DIGITS) for name, value in values.items() if value is not None}
    return table


def why_counts(scored: Sequence[Scored]) -> dict[str, int]:
    """Return how many questions failed for each reason, the most frequent first."""
    counted = Counter(one.why.partition(":")[0] for one in scored if one.why)
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def surety(scored: Sequence[Scored], curve: str) -> Surety:
    """Return the confidences that a curve is about: all for `auc`, of those that can be judged for the others."""
    about = [one for one in scored if one.confidence is not None]
    if curve != "auc":
        about = [one for one in about if one.right is not None]
    labels = [one.answerable if curve == "auc" else bool(one.right) for one in about]
    sure = np.array([one.confidence for one in about], dtype=np.float64)
    return Surety(sure, np.array(labels, dtype=np.bool_))


def figure_lines(found: Mapping[str, Figure]) -> Iterator[str]:
    """Yield the figures as a person reads them, a line each."""
    width = max(map(len, found), default=0)
    for name, figure in found.items():
        interval = f"[{figure.low:.3f}, {figure.high:.3f}]"
        yield f"{name:{width}s} {figure.value:8.4f}  {interval:18s} {figure.questions:6d}  {MEASURES[name].about}"


def _figure(value: float, low: float, high: float, questions: int) -> Figure:
    value, low, high = (round(float(x), DIGITS) for x in (value, low, high))
    return Figure(value, low, high, questions)


CURVES: dict[str, Curve] = {
    "auc": area_under_roc,
    "auc_right": area_under_roc,
    "ece": expected_calibration_error,
    "aurc": area_under_risk_coverage,
}
