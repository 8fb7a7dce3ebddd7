"""What a report tells of a run: its figures, plots and questions, as plain records. Knows no HTML and no Markdown.

Nothing here depends on when or where a run was made: the same scores and texts give the same report. Times are told by
`times_report` alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.answer_scores import Sought
from eval.answers import Answered, Cited
from eval.bench_figures import percentile
from eval.measures import BUDGETS_CHARACTERS, BUDGETS_WORDS
from eval.metrics import reliability, risk_coverage
from eval.outcomes import Figure, figures, surety
from eval.plots import Axes, Series, evenly, line_plot
from eval.run_folder import Kept
from eval.scoring import Scored, sought_of
from eval.spans import Place, covers_half
from rag.records import Span

_PASSAGES = 3
"""How many passages of a question are shown."""
_AROUND = 160
_PERCENTS = range(1, 100)


@dataclass(frozen=True, slots=True)
class Shown:
    """A stretch of an article with what is to be marked in it: spans of the article, of evidence and of citations."""

    place: Place
    text: str
    evidence: tuple[Span, ...]
    cited: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence with the text around it: the rank of the first passage that holds it, and who cites it."""

    shown: Shown
    rank: int | None
    cited_by: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One question of the report: what was asked, what was wanted, what came, and why it failed."""

    sought: Sought
    answered: Answered | None
    scored: Scored
    pieces: tuple[Piece, ...]
    citations: tuple[tuple[Cited, Shown], ...]
    passages: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report tells; `plots` are SVG by title."""

    name: str
    about: Mapping[str, object]
    figures: Mapping[str, Figure]
    plots: Mapping[str, str]
    cases: tuple[Case, ...]


def make_report(run: Kept, texts: Mapping[str, str]) -> Report:
    """Return what is to be told of the run; raises RowsInvalid for evidence that stands nowhere in the texts."""
    outcomes = {one.id: one for one in run.scored}
    found = figures(run.scored)
    cases = tuple(
        _case(sought_of(question, texts), run.answers.get(question.id), outcomes[question.id], texts)
        for question in run.questions
        if question.id in outcomes
    )
    about = {name: value for name, value in run.about.items() if name != "store"}
    return Report(str(run.about.get("set") or "run"), about, found, plots(run.scored, found), cases)


def plots(scored: Sequence[Scored], found: Mapping[str, Figure]) -> dict[str, str]:
    """Return the plots by title: risk by coverage, calibration, recall by length."""
    sure = surety(scored, "ece")
    told: dict[str, str] = {}
    if len(sure.labels):
        risks = risk_coverage(sure.confidences, sure.labels)
        shares = [((n + 1) / len(risks), float(risk)) for n, risk in enumerate(risks)]
        axes = Axes("share of questions answered, surest first", "of them wrong")
        told["Risk by coverage"] = line_plot("Risk by coverage", [Series("", shares)], axes)
        bins = [(b.confidence, b.right) for b in reliability(sure.confidences, sure.labels)]
        axes = Axes("confidence", "of them right", diagonal=True)
        told["Calibration"] = line_plot("Calibration", [Series("", bins, dots=True)], axes)
    for unit, name, budgets in (("words", "ev", BUDGETS_WORDS), ("characters", "rec", BUDGETS_CHARACTERS)):
        known = [(n, found[f"{name}@{n}"]) for n in budgets if f"{name}@{n}" in found]
        if known:
            line = Series("", [(n, f.value) for n, f in known], [(f.low, f.high) for _, f in known], dots=True)
            axes = evenly([n for n, _ in known], Axes(f"first N {unit}", "of the evidence"))
            told[f"Recall by length, {unit}"] = line_plot(f"Recall by length, {unit}", [line], axes)
    return told


def times_report(answers: Sequence[Answered]) -> tuple[dict[str, float], str]:
    """Return percentiles of the milliseconds of an answer, and their curve as a plot; ({}, "") where none are kept."""
    times = [one.total_ms for one in answers if one.total_ms is not None]
    if not times:
        return {}, ""
    table = {f"p{p}": round(percentile(times, p / 100), 2) for p in (5, 25, 50, 75, 90, 95, 99)}
    curve = [(percentile(times, p / 100), p / 100) for p in _PERCENTS]
    axes = Axes("milliseconds", "of the answers are there", x_range=(0.0, max(curve[-1][0], 1.0)))
    told = {"questions": float(len(times)), **table, "mean": round(float(np.mean(times)), 2)}
    return told, line_plot("Time to the whole answer", [Series("", curve)], axes)


def _case(sought: Sought, answered: Answered | None, scored: Scored, texts: Mapping[str, str]) -> Case:
    cited = answered.citations if answered else ()
    ranked = answered.ranked if answered else ()
    pieces = tuple(_piece(places[0], places, ranked, cited, texts) for places in sought.pieces if places)
    return Case(
        sought,
        answered,
        scored,
        pieces,
        tuple((one, _shown(one.place, sought.places, (), texts)) for one in cited),
        tuple(_shown(place, sought.places, [c.place for c in cited], texts) for place in ranked[:_PASSAGES]),
    )


def _piece(
    place: Place, places: Sequence[Place], ranked: Sequence[Place], cited: Sequence[Cited], texts: Mapping[str, str]
) -> Piece:
    text = texts.get(place.article_id, "")
    around = Span(max(place.span.start - _AROUND, 0), min(place.span.end + _AROUND, max(len(text), place.span.end)))
    holders = (n for n, passage in enumerate(ranked, 1) if any(covers_half(passage, one) for one in places))
    citing = tuple(c.number for c in cited if any(covers_half(c.place, one) for one in places))
    shown = _shown(Place(place.article_id, around), places, [c.place for c in cited], texts)
    return Piece(shown, next(holders, None), citing)


def _shown(place: Place, evidence: Sequence[Place], cited: Sequence[Place], texts: Mapping[str, str]) -> Shown:
    def inside(places: Sequence[Place]) -> tuple[Span, ...]:
        return tuple(
            Span(max(one.span.start, place.span.start), min(one.span.end, place.span.end))
            for one in places
            if one.article_id == place.article_id
            and one.span.start < place.span.end
            and place.span.start < one.span.end
        )

    return Shown(place, place.span.of(texts.get(place.article_id, "")), inside(evidence), inside(cited))
