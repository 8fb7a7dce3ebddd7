"""Scores a run against its question set: a row a question, one that failed or is missing too, never a gap."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eval.answer_scores import Score, Sought, answer_scores, why_failed
from eval.answers import Answered, is_right, places_of
from eval.questions import Evidence, Question
from eval.rank_scores import rank_scores, retrieved_scores
from eval.rows import RowsInvalid, read_rows, write_rows

SCORES_FILE = "scores.jsonl"
NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Scored:
    """A question's outcome: why it failed ("" where it did not), its confidence, and its part in every measure.

    `right` is None where the question is answerable and has no evidence; `confidence` where nothing was answered.
    """

    id: str
    kind: str
    answerable: bool
    why: str
    confidence: float | None
    right: bool | None
    scores: Mapping[str, Score]


def score_run(questions: Sequence[Question], answers: Mapping[str, Answered], texts: Mapping[str, str]) -> list[Scored]:
    """Return the questions' outcomes in order; a question that the run lacks has failed.

    `texts` are the articles', by id. Raises RowsInvalid for evidence that stands nowhere.
    """
    searched_only = any(answered.searched_only for answered in answers.values())
    asked = [(sought_of(q, texts), answers.get(q.id) or _missing(q, searched_only)) for q in questions]
    retrieved = retrieved_scores(asked)
    return [_scored(sought, answered, texts, retrieved[sought.question.id]) for sought, answered in asked]


def sought_of(question: Question, texts: Mapping[str, str]) -> Sought:
    """Return the question with the places of its evidence, and the words of evidence that is given by its place."""
    pieces = tuple(tuple(places_of(piece, texts, question.id)) for piece in question.evidence)
    told = tuple(_with_quote(piece, texts) for piece in question.evidence)
    if told != question.evidence:
        question = replace(question, evidence=told)
    return Sought(question, pieces)


def needed_articles(questions: Iterable[Question], answers: Iterable[Answered]) -> set[str]:
    """Return the ids of the articles whose texts scoring needs."""
    evidence = {piece.article_id for question in questions for piece in question.evidence}
    found = {p.article_id for answered in answers for p in (*answered.ranked, *answered.sentences_ranked)}
    return evidence | found | {c.place.article_id for answered in answers for c in answered.citations}


def score_row(scored: Scored) -> dict[str, Any]:
    """Return the outcome as a row of scores.jsonl."""
    return {
        "id": scored.id,
        "type": scored.kind,
        "answerable": scored.answerable,
        "why": scored.why,
        "confidence": scored.confidence,
        "right": scored.right,
        "scores": {name: [score.total, score.count] for name, score in scored.scores.items()},
    }


def write_scores(path: Path, scored: Iterable[Scored]) -> None:
    """Write the outcomes as scores.jsonl."""
    write_rows(path, map(score_row, scored))


def read_scores(path: Path) -> list[Scored]:
    """Return what `write_scores` wrote; raises RowsInvalid naming the line for a row that does not fit."""
    return [_read(key, row, where) for where, key, row in read_rows(path, "the scores")]


def _read(key: str, row: dict[str, Any], where: str) -> Scored:
    try:
        scores = {str(name): Score(float(total), float(count)) for name, (total, count) in row["scores"].items()}
        right = None if row["right"] is None else bool(row["right"])
        confidence = None if row["confidence"] is None else float(row["confidence"])
        return Scored(key, str(row["type"]), bool(row["answerable"]), str(row["why"]), confidence, right, scores)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise RowsInvalid(f"{where} holds no scores; make them with: rag-eval score") from error


def _scored(sought: Sought, answered: Answered, texts: Mapping[str, str], retrieved: Mapping[str, Score]) -> Scored:
    question = sought.question
    scores = {} if answered.searched_only else answer_scores(sought, answered, texts)
    scores |= {**rank_scores(sought, answered, texts), **retrieved}
    judged = bool(sought.pieces) or not question.answerable
    return Scored(
        question.id,
        question.kind,
        question.answerable,
        _why(sought, answered),
        None if answered.searched_only else answered.confidence,
        question.answerable and is_right(answered, sought.places) if judged and not answered.searched_only else None,
        scores,
    )


def _why(sought: Sought, answered: Answered) -> str:
    why = "" if answered.searched_only else why_failed(sought, answered)
    if answered.failure and (why or answered.failure == NO_ANSWER):
        return answered.failure if answered.failure == NO_ANSWER else f"failed: {answered.failure}"
    return why


def _missing(question: Question, searched_only: bool) -> Answered:  # noqa: FBT001 - of the run, not of a mode
    return Answered(question.id, 0.0, abstained=False, citations=(), failure=NO_ANSWER, searched_only=searched_only)


def _with_quote(piece: Evidence, texts: Mapping[str, str]) -> Evidence:
    if piece.quote or piece.span is None:
        return piece
    return Evidence(piece.article_id, piece.span.of(texts.get(piece.article_id, "")), piece.span)
