"""Does a run's confidence mean what it says? Puts the measures together over a question set and a run's answers.

An answer is right if its question is answerable and one of its citations covers half of a piece of evidence or more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import Answered, is_right, places
from eval.metrics import (
    Abstention,
    Bin,
    Interval,
    Labels,
    Measure,
    Numbers,
    abstention,
    area_under_risk_coverage,
    area_under_roc,
    best_constant,
    bootstrap_interval,
    calibration_error_by_chance,
    expected_calibration_error,
    reliability,
    risk_at,
    risk_coverage,
)
from eval.questions import Question
from eval.rows import RowsInvalid

_TENTHS = range(1, 11)


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure with its 95 % bootstrap interval; None where these answers give it no value."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Risk:
    """The share of wrong answers where only this share of the questions, the surest, is answered."""

    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What `rag-eval calibrate` finds.

    `auc` tells answerable from unanswerable questions, over all of them; all from `auc_right` to `risks` are over the
    `judged` ones, which leaves out answerable questions without evidence. `ece_by_chance` is what a confidence that is
    exactly true would have here.
    """

    questions: int
    answerable: int
    judged: int
    right: int
    abstained: int
    auc: Figure
    auc_right: Figure
    ece: Figure
    best_constant: float
    ece_of_best_constant: Figure
    ece_by_chance: float
    aurc: Figure
    bins: tuple[Bin, ...]
    risks: tuple[Risk, ...]
    at_threshold: Abstention
    thresholds: tuple[Abstention, ...]


def calibrate(
    questions: Sequence[Question], answers: Mapping[str, Answered], texts: Mapping[str, str], *, threshold: float
) -> Calibration:
    """Return how the confidence of a run's answers stands to the questions; answers to other questions don't count.

    `texts` are needed where evidence is given as quotes. Raises RowsInvalid for a question without an answer, for
    evidence that stands nowhere, and where no answer can be judged.
    """
    rows = [_answer_to(question, answers) for question in questions]
    sure = np.array([row.confidence for row in rows])
    answerable = np.array([question.answerable for question in questions], dtype=bool)
    judged = np.array([bool(q.evidence) or not q.answerable for q in questions], dtype=bool)
    if not judged.any():
        raise RowsInvalid("no question of the set carries evidence, so no answer can be judged")
    pairs = zip(questions, rows, strict=True)
    right = np.array([q.answerable and is_right(row, places(q, texts)) for q, row in pairs], dtype=bool)[judged]
    known = sure[judged]
    risks = risk_coverage(known, right)
    return Calibration(
        questions=len(rows),
        answerable=int(answerable.sum()),
        judged=int(judged.sum()),
        right=int(right.sum()),
        abstained=sum(row.abstained for row in rows),
        auc=_figure(area_under_roc, sure, answerable),
        auc_right=_figure(area_under_roc, known, right),
        ece=_figure(expected_calibration_error, known, right),
        best_constant=best_constant(known, right).confidence,
        ece_of_best_constant=_figure(lambda values, truth: best_constant(values, truth).error, known, right),
        ece_by_chance=calibration_error_by_chance(known),
        aurc=_figure(area_under_risk_coverage, known, right),
        bins=tuple(reliability(known, right)),
        risks=tuple(Risk(tenth / 10, risk_at(risks, tenth / 10)) for tenth in _TENTHS),
        at_threshold=abstention(sure, answerable, threshold),
        thresholds=tuple(abstention(sure, answerable, tenth / 10) for tenth in _TENTHS[:-1]),
    )


def calibration_lines(found: Calibration) -> Iterator[str]:
    """Yield the figures as a person reads them."""
    yield f"{found.questions} questions, {found.answerable} answerable; {found.right} of {found.judged} answers right"
    if found.judged < found.questions:
        yield f"! {found.questions - found.judged} answerable without evidence: counted by the first AUC alone"
    if found.abstained:
        yield f"! {found.abstained} abstained and count as wrong; ask again with: rag-eval run --threshold 0"
    yield ""
    yield _told("AUC, answerable against unanswerable", found.auc)
    yield _told("AUC, right against wrong", found.auc_right)
    yield _told(f"ECE, {len(found.bins)} bins of equal count", found.ece)
    yield _told(f"  of the best constant, {found.best_constant:.3f}", found.ece_of_best_constant)
    yield f"{'  of a true confidence, by chance':38s} {found.ece_by_chance:.3f}"
    yield _told("AURC", found.aurc)
    yield ""
    yield "confidence  right  answers"
    yield from (f"{b.confidence:10.3f} {b.right:6.3f} {b.count:8d}" for b in found.bins)
    yield ""
    yield "answered  of them wrong"
    yield from (f"{r.coverage:8.0%} {r.risk:14.3f}" for r in found.risks)
    yield ""
    yield "threshold  abstained  precision  recall"
    yield from map(_abstention_line, found.thresholds)
    yield f"{_abstention_line(found.at_threshold)}   <- the threshold in force"


def _answer_to(question: Question, answers: Mapping[str, Answered]) -> Answered:
    if question.id not in answers:
        raise RowsInvalid(f"the run holds no answer to question '{question.id}'; run the whole set again: rag-eval run")
    return answers[question.id]


def _figure(measure: Measure, values: Numbers, labels: Labels) -> Figure:
    return Figure(measure(np.asarray(values), np.asarray(labels)), bootstrap_interval(measure, values, labels))


def _told(name: str, figure: Figure) -> str:
    if figure.value is None or figure.interval is None:
        return f"{name:38s} none: all are of one class"
    return f"{name:38s} {figure.value:.3f}  [{figure.interval.low:.3f}, {figure.interval.high:.3f}]"


def _abstention_line(found: Abstention) -> str:
    precision, recall = (f"{x:.3f}" if x is not None else "-" for x in (found.precision, found.recall))
    return f"{found.threshold:9.2f} {found.share:10.3f} {precision:>10s} {recall:>7s}"
