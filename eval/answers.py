"""Reads a run's answers.jsonl, and tells which answers are right: those that cite what answers the question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.questions import Evidence, Question
from eval.rows import RowsInvalid, read_rows
from rag.articles import find_files, read_file
from rag.records import Article, Refusal, Span


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of an article."""

    article_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Answered:
    """What a run kept of one answer, as far as a measure needs it."""

    id: str
    confidence: float
    abstained: bool
    citations: tuple[Place, ...]


def read_answers(path: Path) -> dict[str, Answered]:
    """Return a run's answers by the question's id; raises RowsInvalid naming the line for a row that does not fit."""
    return {key: _answered(key, row, where) for where, key, row in read_rows(path, "the run")}


def read_texts(path: Path) -> dict[str, str]:
    """Return {article id: text} of a file, folder or JSONL corpus, as `rag index` reads it.

    Raises RowsInvalid for what cannot be read.
    """
    texts: dict[str, str] = {}
    for found in find_files([path]):
        pieces: Iterable[Article | Refusal] = [found] if isinstance(found, Refusal) else read_file(found)
        for article in pieces:
            if isinstance(article, Refusal):
                raise RowsInvalid(f"the article '{article.path}' cannot be read: {article.reason}")
            texts[article.id] = article.text
    return texts


def is_right(answered: Answered, evidence: Sequence[Place]) -> bool:
    """Return whether one citation covers half of a piece of evidence or more."""
    return any(_covers_half(cited, piece) for cited in answered.citations for piece in evidence)


def places(question: Question, texts: Mapping[str, str]) -> tuple[Place, ...]:
    """Return where the question's evidence stands; a quote everywhere that its article holds it.

    Raises RowsInvalid for a quote that stands nowhere.
    """
    return tuple(place for piece in question.evidence for place in _places(piece, texts, question.id))


def _places(piece: Evidence, texts: Mapping[str, str], question_id: str) -> list[Place]:
    if piece.span is not None:
        return [Place(piece.article_id, piece.span)]
    text = texts.get(piece.article_id)
    if text is None:
        raise RowsInvalid(
            f"question '{question_id}' has its evidence in '{piece.article_id}', which is not among the articles; "
            "name the articles that were asked with --articles"
        )
    found = []
    at = text.find(piece.quote)
    while at >= 0:
        found.append(Place(piece.article_id, Span(at, at + len(piece.quote))))
        at = text.find(piece.quote, at + 1)
    if not found:
        raise RowsInvalid(f"question '{question_id}': no '{piece.quote[:60]}' stands in article '{piece.article_id}'")
    return found


def _covers_half(cited: Place, piece: Place) -> bool:
    if cited.article_id != piece.article_id:
        return False
    shared = min(cited.span.end, piece.span.end) - max(cited.span.start, piece.span.start)
    return 2 * shared >= len(piece.span)


def _answered(key: str, row: dict[str, Any], where: str) -> Answered:
    try:
        answer = row["answer"]
        cited = tuple(Place(c["article_id"], Span(c["start"], c["end"])) for c in answer["citations"])
        confidence, abstained = float(answer["confidence"]), bool(answer["abstained"])
    except (TypeError, KeyError, ValueError) as error:
        raise RowsInvalid(f"{where} is no row of a run; make one with: rag-eval run") from error
    if not 0 <= confidence <= 1:
        raise RowsInvalid(f"{where}: confidence is {confidence}; it lies between 0 and 1")
    return Answered(key, confidence, abstained, cited)
