"""Asks every question of a set and writes a row each; a question that fails is a row too, never a gap."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from eval.questions import Question
from rag.errors import RagError
from rag.pipeline import Pipeline
from rag.records import Answer, Notice
from rag.timing import ask_timed, timed_row

ANSWERS_FILE = "answers.jsonl"


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
    """Return the question's row: its id, then what `rag ask --json` prints."""
    started = time.perf_counter()
    try:
        _, row = ask_timed(assistant, question.text, question.history, today=question.today)
    except RagError as error:
        row = timed_row(_failed(question, error), time.perf_counter() - started, 0.0)
    return {"id": question.id, **row}


def _failed(question: Question, error: RagError) -> Answer:
    notice = Notice("error", str(error))
    return Answer(question.text, question.text, "", (), (), (notice,), (), abstained=True, confidence=0.0, generator="")
