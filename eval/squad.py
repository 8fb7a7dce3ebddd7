"""Reads SQuAD 1.1 and 2.0: articles of paragraphs, each with its questions and the places of their answers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.questions import Evidence, Question, Relevant
from eval.rows import RowsInvalid
from rag.records import Span

_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class CorpusArticle:
    """An article that a question set brings along."""

    id: str
    title: str
    text: str


def read_squad(path: Path) -> tuple[list[Question], list[CorpusArticle]]:
    """Return the questions and the articles, a title's paragraphs with a blank line between them as one article.

    Raises RowsInvalid naming the place for what does not fit, and for an answer that does not stand where it says.
    """
    try:
        articles = json.loads(path.read_text("utf-8-sig"))["data"]
    except OSError as error:
        raise RowsInvalid(f"'{path}' cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RowsInvalid(f"'{path}' is no SQuAD: one JSON object with \"data\" is needed") from error
    questions: list[Question] = []
    corpus: list[CorpusArticle] = []
    for number, row in enumerate(articles):
        where = f"'{path}' data[{number}]"
        try:
            article = _article(row, {one.id for one in corpus}, number)
            questions += _questions(row["paragraphs"], article, where)
        except (TypeError, KeyError, AttributeError) as error:
            raise RowsInvalid(f"{where} is no SQuAD article: {error!r}") from error
        corpus.append(article)
    _check_ids(questions, path)
    return questions, corpus


def _article(row: dict[str, Any], taken: set[str], number: int) -> CorpusArticle:
    title = str(row.get("title") or f"article {number + 1}")
    key = title if title not in taken else f"{title} {number + 1}"
    return CorpusArticle(key, title, _BETWEEN.join(str(p["context"]) for p in row["paragraphs"]))


def _questions(paragraphs: list[dict[str, Any]], article: CorpusArticle, where: str) -> Iterator[Question]:
    start = 0
    for number, paragraph in enumerate(paragraphs):
        for asked, row in enumerate(paragraph["qas"]):
            yield _question(row, article, start, f"{where}.paragraphs[{number}].qas[{asked}]")
        start += len(paragraph["context"]) + len(_BETWEEN)


def _question(row: dict[str, Any], article: CorpusArticle, start: int, where: str) -> Question:
    answerable = not row.get("is_impossible", False)
    answers = [(str(a["text"]), start + int(a["answer_start"])) for a in row["answers"]] if answerable else []
    for text, at in answers:
        if not text or article.text[at : at + len(text)] != text:
            raise RowsInvalid(f"{where}: the answer '{text[:60]}' does not stand at {at - start} of its paragraph")
    spans = dict.fromkeys((at, at + len(text), text) for text, at in answers)
    return Question(
        str(row["id"]),
        str(row["question"]),
        answerable=answerable,
        answers=tuple(dict.fromkeys(text for text, _ in answers)),
        evidence=tuple(Evidence(article.id, text, Span(at, end)) for at, end, text in spans),
        relevant=(Relevant(article.id, 1),) if answerable else (),
    )


def _check_ids(questions: list[Question], path: Path) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise RowsInvalid(f"'{path}' has two questions of the id '{question.id}'")
        seen.add(question.id)
    if not questions:
        raise RowsInvalid(f"'{path}' holds no question")
