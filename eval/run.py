"""Asks every question of a set and writes a row each; a question that fails is a row too, never a gap."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eval.questions import Question
from rag.answer_json import answer_row
from rag.errors import RagError
from rag.pipeline import Pipeline
from rag.records import Answer, Done, Notice, Retrieved

ANSWERS_FILE = "answers.jsonl"
_FEWEST_DIGITS = 3


def run_questions(assistant: Pipeline, questions: Iterable[Question], out: Path) -> dict[str, float]:
    """Write answers.jsonl below `out`, in the order of the questions, and return counts of answers and abstentions.

    The file is written beside and moved into place, so an interrupted run leaves no half of one.
    """
    out.mkdir(parents=True, exist_ok=True)
    part = out / f".{ANSWERS_FILE}.part"
    asked = abstained = failed = 0
    started = time.perf_counter()
    with part.open("w", encoding="utf-8") as file:
        for question in questions:
            row = ask(assistant, question)
            asked += 1
            abstained += bool(row["answer"]["abstained"])
            failed += any(n["kind"] == "error" for n in row["answer"]["notices"])
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    part.replace(out / ANSWERS_FILE)
    return {
        "questions": asked,
        "abstained": abstained,
        "failed": failed,
        "seconds": round(time.perf_counter() - started, 2),
    }


def ask(assistant: Pipeline, question: Question) -> dict[str, Any]:
    """Return the question's row: its id, the answer as `rag ask --json` prints it, and the times in milliseconds."""
    started = time.perf_counter()
    retrieved = started
    answer: Answer | None = None
    try:
        for event in assistant.stream(question.text, question.history):
            if isinstance(event, Retrieved):
                retrieved = time.perf_counter()
            elif isinstance(event, Done):
                answer = event.answer
    except RagError as error:
        answer = _failed(question, error)
    if answer is None:
        raise AssertionError("a stream ends with Done")
    ended = time.perf_counter()
    times = {"retrieve": retrieved - started, "generate": ended - retrieved, "total": ended - started}
    return {
        "id": question.id,
        **answer_row(answer),
        "timings_ms": {name: round(1000 * seconds, _FEWEST_DIGITS) for name, seconds in times.items()},
    }


def _failed(question: Question, error: RagError) -> Answer:
    notice = Notice("error", str(error))
    return Answer(question.text, question.text, "", (), (), (notice,), (), abstained=True, confidence=0.0, generator="")
