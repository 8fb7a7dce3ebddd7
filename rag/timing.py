"""Asks one question and tells how long it took: the row that `rag ask --json` prints and an evaluation run writes."""

import time
from collections.abc import Sequence
from datetime import date
from typing import Any

from rag.answer_json import answer_row
from rag.pipeline import Pipeline
from rag.records import Answer, Done, Message, Retrieved, Scope

_DIGITS = 3


def ask_timed(
    assistant: Pipeline,
    question: str,
    history: Sequence[Message] = (),
    *,
    scope: Scope | None = None,
    today: date | None = None,
) -> tuple[Answer, dict[str, Any]]:
    """Return the answer and its row, with the milliseconds of retrieving, generating and both in `timings_ms`.

    Raises what `Pipeline.stream` raises.
    """
    started = retrieved = time.perf_counter()
    for event in assistant.stream(question, history, scope=scope, today=today):
        if isinstance(event, Retrieved):
            retrieved = time.perf_counter()
        elif isinstance(event, Done):
            ended = time.perf_counter()
            return event.answer, timed_row(event.answer, retrieved - started, ended - retrieved)
    raise AssertionError("a stream ends with Done")


def timed_row(answer: Answer, retrieve_s: float, generate_s: float, *, depth: int = 50) -> dict[str, Any]:
    """Return the answer's row, `depth` as of answer_row, with its times, given in seconds, in milliseconds."""
    times = {"retrieve": retrieve_s, "generate": generate_s, "total": retrieve_s + generate_s}
    return {
        **answer_row(answer, depth=depth),
        "timings_ms": {name: round(1000 * s, _DIGITS) for name, s in times.items()},
    }
