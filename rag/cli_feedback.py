"""The command `rag feedback`: what people said of answers, as a list or as a question set. Changes nothing."""

import argparse
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.chats import CHATS
from rag.settings import Settings
from rag.terminal import printable

if TYPE_CHECKING:
    from rag.feedback import FeedbackRow

_GOOD = 0
_EXCERPT_CHARS = 200
_ROLES = ("user", "assistant")

Json = dict[str, Any]


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `feedback` to the commands of `rag`."""
    feedback = commands.add_parser("feedback", help="list what people said of the answers they got")
    feedback.add_argument("--store", type=Path, metavar="DIR", help="the store's folder (default: RAG_STORE, or yours)")
    feedback.add_argument("--since", type=_day, metavar="DAY", help="only what was said on this day (UTC) or later")
    feedback.add_argument("--verdict", choices=["good", "bad"], help="only what was found good, or bad")
    feedback.add_argument(
        "--json", action="store_true", help="one JSON object each; together a question set for rag-eval"
    )
    feedback.set_defaults(run=_feedback)


def question_row(said: "FeedbackRow") -> Json:
    """Return the feedback as a row of a question set, with verdict, comment, answer, passages and versions besides.

    It reads rows of turns.turn_row, and such as name "answer", "citations" and "passages" themselves. Only an answer
    found good tells what is right: its quotes are evidence, and an abstention from the whole library means that nothing
    answers. `today` is the day it was asked on, as far as that is known.
    """
    row = said.row
    cited = _citations(row)
    told: Json = {"id": f"feedback-{said.id}", "question": str(row.get("question", "")), "history": _history(row)}
    told["today"] = _day_of(row.get("asked")) or _day_of(said.given)
    if said.verdict == "good":
        told["evidence"] = [_evidence(place) for place in cited]
        told |= _answerable(row, cited)
    return told | {
        "verdict": said.verdict,
        "comment": said.comment,
        "given": said.given,
        "answer": str(row.get("text") or row.get("answer") or ""),
        "citations": cited,
        "passages": _passages(row),
        "scope": row.get("scope"),
        "versions": row.get("versions"),
    }


def feedback_lines(rows: Iterable["FeedbackRow"]) -> Iterator[str]:
    """Yield a few lines a row, when, verdict, question, the answer's beginning and the comment; then the counts."""
    counts: Counter[str] = Counter()
    for said in rows:
        told = question_row(said)
        counts[said.verdict] += 1
        yield f"{said.given[:16].replace('T', ' ')}  {said.verdict:<4}  {_excerpt(told['question'])}"
        yield f"    {_excerpt(told['answer'])}"
        if said.comment:
            yield f"    comment: {printable(said.comment)}"
    judged = counts.total()
    yield f"{judged} answer{'' if judged == 1 else 's'} judged: {counts['good']} good, {counts['bad']} bad"


def _feedback(options: argparse.Namespace, settings: Settings) -> int:
    from rag.feedback import FeedbackBook  # noqa: PLC0415 - `rag --help` opens no database

    book = FeedbackBook(getattr(settings, "chats", None) or settings.store / CHATS)
    rows = (said for said in book.all(options.since) if options.verdict in (None, said.verdict))
    lines = (_written(question_row(said)) for said in rows) if options.json else feedback_lines(rows)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return _GOOD


def _written(row: Json) -> str:
    # Half of a surrogate pair is JSON, yet no UTF-8.
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def _excerpt(text: str) -> str:
    return textwrap.shorten(printable(text), _EXCERPT_CHARS, placeholder=" ...")


def _answerable(row: Json, cited: list[Json]) -> Json:
    """Return whether the library answers the question, as far as an answer found good tells."""
    if cited:
        return {"answerable": True}
    scope = row.get("scope")
    narrowed = any(scope.values()) if isinstance(scope, dict) else False
    return {"answerable": False} if row.get("abstained") is True and not narrowed else {}


def _evidence(place: Json) -> Json:
    return {"doc_id" if name == "article_id" else name: value for name, value in place.items()}


def _citations(row: Json) -> list[Json]:
    quoted = [
        {"article_id": source.get("article_id"), **quote}
        for source in _objects(row.get("sources"))
        for quote in _objects(source.get("quotes"))
    ]
    quoted.sort(key=lambda quote: quote["number"] if isinstance(quote.get("number"), int) else 0)
    return _places(quoted or _objects(row.get("citations")))


def _passages(row: Json) -> list[Json]:
    shown = [{**source, "quote": source.get("text")} for source in _objects(row.get("sources"))]
    return _places(shown or _objects(row.get("passages")))


def _places(rows: Iterable[Json]) -> list[Json]:
    """Return article, place and quote of each row that has a place."""
    return [
        {name: row[name] for name in ("article_id", "start", "end", "quote")}
        for row in rows
        if isinstance(row.get("article_id"), str)
        and isinstance(row.get("quote"), str)
        and type(row.get("start")) is type(row.get("end")) is int
        and 0 <= row["start"] < row["end"]
    ]


def _objects(rows: Any) -> list[Json]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _history(row: Json) -> list[Json]:
    return [
        {"role": message["role"], "content": str(message.get("content", ""))}
        for message in _objects(row.get("history"))
        if message.get("role") in _ROLES
    ]


def _day_of(time: Any) -> str | None:
    try:
        return datetime.fromisoformat(time).date().isoformat()
    except (TypeError, ValueError):
        return None


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{written}' is no day; write it like 2025-12-31") from None
