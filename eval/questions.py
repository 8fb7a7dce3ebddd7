"""Reads and writes question sets as JSONL: `id`, `question`, and perhaps history and what is right."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from eval.rows import RowsInvalid, read_rows
from rag.articles import FORMATS
from rag.records import Message, Span


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stretch of an article that answers; a quote without a span stands wherever the article holds it."""

    article_id: str
    quote: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Relevant:
    """An article that is about the question, and how much so: 1 or more."""

    article_id: str
    grade: int


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a set, with the conversation before it and what a right answer is.

    Of `must_include` an answer holds every one; `answers` are right ones. A question is answerable unless its row says
    that it is not. `today` is the day it is asked on, None for the current one; `relevant` grades whole articles.
    """

    id: str
    text: str
    history: tuple[Message, ...] = ()
    kind: str = ""
    answerable: bool = True
    answers: tuple[str, ...] = ()
    must_include: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    today: date | None = None
    relevant: tuple[Relevant, ...] = ()


def read_questions(path: Path) -> list[Question]:
    """Return the questions in order; raises RowsInvalid naming the line for a row that does not fit."""
    return [question_of(key, row, where) for where, key, row in read_rows(path, "the question set")]


def question_of(key: str, row: dict[str, Any], where: str) -> Question:
    """Return a row as a question; raises RowsInvalid naming `where` for one that does not fit."""
    if not isinstance(row.get("question"), str):
        raise RowsInvalid(f'{where} needs "id" and "question"')
    kind, answerable = _given(row, "type", ""), _given(row, "answerable", True)  # noqa: FBT003 - a JSON value
    if not isinstance(kind, str):
        raise RowsInvalid(f'{where}: "type" is {kind!r}; a string is needed')
    if not isinstance(answerable, bool):
        raise RowsInvalid(f'{where}: "answerable" is {answerable!r}; true or false is needed')
    return Question(
        key,
        row["question"],
        _history(_given(row, "history", []), where),
        kind,
        answerable,
        _strings(row, "answers", where),
        _strings(row, "must_include", where),
        _evidence(_given(row, "evidence", []), where),
        _today(row.get("today"), where),
        _relevant(_given(row, "relevant", {}), where),
    )


def question_row(question: Question) -> dict[str, Any]:
    """Return the question as a row that reads back as the same question; what is empty is left out."""
    row: dict[str, Any] = {"id": question.id, "question": question.text, "type": question.kind}
    row["history"] = [{"role": m.role, "content": m.content} for m in question.history]
    row |= {"answers": list(question.answers), "must_include": list(question.must_include)}
    row["evidence"] = [_evidence_row(piece) for piece in question.evidence]
    row["relevant"] = {r.article_id: r.grade for r in question.relevant}
    row["today"] = question.today.isoformat() if question.today else ""
    return {name: value for name, value in row.items() if value or name in ("id", "question")} | (
        {} if question.answerable else {"answerable": False}
    )


def _evidence_row(piece: Evidence) -> dict[str, Any]:
    span = {"start": piece.span.start, "end": piece.span.end} if piece.span else {}
    return {"doc_id": piece.article_id, **span, **({"quote": piece.quote} if piece.quote else {})}


def _given(row: dict[str, Any], name: str, otherwise: Any) -> Any:
    """Return the row's value, where null stands for none."""
    value = row.get(name)
    return otherwise if value is None else value


def _history(turns: Any, where: str) -> tuple[Message, ...]:
    try:
        messages = tuple(Message(turn["role"], str(turn["content"])) for turn in turns)
    except (TypeError, KeyError) as error:
        raise RowsInvalid(f'{where}: history needs rows of "role" and "content"') from error
    if any(m.role not in ("user", "assistant") for m in messages):
        raise RowsInvalid(f'{where}: a role is "user" or "assistant"')
    return messages


def _strings(row: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    values = _given(row, name, [])
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise RowsInvalid(f'{where}: "{name}" needs a list of strings')
    return tuple(values)


def _evidence(rows: Any, where: str) -> tuple[Evidence, ...]:
    try:
        return tuple(_piece(row) for row in rows)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        shapes = 'rows of "doc_id", "start" and "end", or of "doc" and "quote"'
        raise RowsInvalid(f"{where}: evidence needs {shapes}") from error


def _piece(row: Any) -> Evidence:
    """Return a row's evidence; raises TypeError, KeyError, ValueError or AttributeError for one that does not fit."""
    article_id = row["doc_id"] if "doc_id" in row else _stem(row["doc"])
    quote = row.get("quote", row.get("text", ""))
    span = Span(row["start"], row["end"]) if "start" in row else None
    if not isinstance(article_id, str) or not isinstance(quote, str):
        raise TypeError
    if span is not None and (type(span.start), type(span.end)) != (int, int):
        raise TypeError
    if not (quote if span is None else span):  # empty evidence would be covered by anything, or nothing
        raise ValueError
    return Evidence(article_id, quote, span)


def _stem(name: str) -> str:
    """Return the id that a file's article has: its name without what tells its format."""
    path = Path(name)
    return path.stem if path.suffix.lower() in FORMATS else name


def _today(written: Any, where: str) -> date | None:
    if written is None:
        return None
    try:
        return date.fromisoformat(written)
    except (TypeError, ValueError) as error:
        raise RowsInvalid(f'{where}: today is a day like "2025-12-31", not {written!r}') from error


def _relevant(grades: Any, where: str) -> tuple[Relevant, ...]:
    if not isinstance(grades, dict) or not all(type(grade) is int for grade in grades.values()):
        raise RowsInvalid(f'{where}: "relevant" needs grades by article, like {{"harbour": 1}}')
    return tuple(Relevant(article_id, grade) for article_id, grade in grades.items() if grade > 0)
