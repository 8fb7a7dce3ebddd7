"""Reads a run's answers.jsonl, and tells which answers are right: those that cite what answers the question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.questions import Evidence, Question
from eval.rows import RowsInvalid, read_rows
from eval.spans import Place, covers_half
from rag.articles import find_files, read_file
from rag.records import Article, Refusal, Span


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation: its number in the answer, where it points, and the words it claims to stand there."""

    number: int
    place: Place
    quote: str


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of an answer and the numbers of its citations."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a run kept of one question, as far as a measure needs it.

    `ranked` are the passages best first, `sentences_ranked` single sentences. A row of a system that only searches has
    no answer: `searched_only`. `failure` is what went wrong, "" where nothing did; `total_ms` is None where no time is
    kept.
    """

    id: str
    confidence: float
    abstained: bool
    citations: tuple[Cited, ...]
    text: str = ""
    generator: str = ""
    sentences: tuple[Said, ...] = ()
    ranked: tuple[Place, ...] = ()
    sentences_ranked: tuple[Place, ...] = ()
    failure: str = ""
    notices: tuple[str, ...] = ()
    total_ms: float | None = None
    searched_only: bool = False


def read_answers(path: Path) -> dict[str, Answered]:
    """Return a run's answers by the question's id; raises RowsInvalid naming the line for a row that does not fit.

    Where one row holds no answer but only what was found, none may: that is a run of a system that only searches.
    """
    found = {key: _answered(key, row, where) for where, key, row in read_rows(path, "the run")}
    silent = [answered.id for answered in found.values() if answered.searched_only]
    if silent and len(silent) < len(found):
        raise RowsInvalid(f"'{path}': question '{silent[0]}' has no \"answer\", others have; run the whole set again")
    return found


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
    return any(covers_half(cited.place, piece) for cited in answered.citations for piece in evidence)


def places(question: Question, texts: Mapping[str, str]) -> tuple[Place, ...]:
    """Return where the question's evidence stands; a quote everywhere that its article holds it.

    Raises RowsInvalid for a quote that stands nowhere.
    """
    return tuple(place for piece in question.evidence for place in places_of(piece, texts, question.id))


def places_of(piece: Evidence, texts: Mapping[str, str], question_id: str) -> list[Place]:
    """Return where one piece of evidence stands, as `places` does."""
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


def _answered(key: str, row: dict[str, Any], where: str) -> Answered:
    try:
        found = _searched(key, row) if "answer" not in row and "passages" in row else _whole(key, row)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise RowsInvalid(f"{where} is no row of a run; make one with: rag-eval run") from error
    if not 0 <= found.confidence <= 1:
        raise RowsInvalid(f"{where}: confidence is {found.confidence}; it lies between 0 and 1")
    return found


def _whole(key: str, row: dict[str, Any]) -> Answered:
    answer = row["answer"]
    notices = [(str(n["kind"]), str(n["text"])) for n in answer.get("notices") or []]
    total_ms = (row.get("timings_ms") or {}).get("total")
    return Answered(
        key,
        float(answer["confidence"]),
        bool(answer["abstained"]),
        tuple(Cited(c.get("number", 0), _place(c), str(c.get("quote", ""))) for c in answer["citations"]),
        str(answer.get("text", "")),
        str(answer.get("generator", "")),
        tuple(Said(str(s["text"]), tuple(s["citations"])) for s in answer.get("sentences") or []),
        tuple(map(_place, row.get("passages") or [])),
        tuple(map(_place, row.get("ranked_sentences") or [])),
        next((text for kind, text in notices if kind == "error"), ""),
        tuple(text for kind, text in notices if kind != "error"),
        None if total_ms is None else float(total_ms),
    )


def _searched(key: str, row: dict[str, Any]) -> Answered:
    ranked = tuple(map(_place, row["passages"]))
    sentences = tuple(map(_place, row.get("ranked_sentences") or []))
    return Answered(key, 0.0, False, (), ranked=ranked, sentences_ranked=sentences, searched_only=True)  # noqa: FBT003


def _place(row: dict[str, Any]) -> Place:
    if not isinstance(row["article_id"], str):
        raise TypeError
    return Place(row["article_id"], Span(row["start"], row["end"]))
