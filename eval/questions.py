"""Reads question sets: JSONL with `id` and `question`, and what a row may carry besides."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.records import Message


class QuestionsInvalid(Exception):
    """A question set cannot be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a set, with the conversation before it."""

    id: str
    text: str
    history: tuple[Message, ...]


def read_questions(path: Path) -> list[Question]:
    """Return the questions in order; raises QuestionsInvalid naming the line for a row that does not fit."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise QuestionsInvalid(f"the question set '{path}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise QuestionsInvalid(f"the question set '{path}' is no UTF-8: byte {error.start}") from error
    questions = list(_parse(path, lines))
    if not questions:
        raise QuestionsInvalid(f"the question set '{path}' holds no question")
    return questions


def _parse(path: Path, lines: list[str]) -> Iterator[Question]:
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"'{path}' line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise QuestionsInvalid(f"{where} is no JSON: {error}") from error
        if not isinstance(row, dict) or not isinstance(row.get("question"), str) or "id" not in row:
            raise QuestionsInvalid(f'{where} needs "id" and "question"')
        key = str(row["id"])
        if key in seen:
            raise QuestionsInvalid(f"{where} has the id '{key}' of line {seen[key]}")
        seen[key] = number
        yield Question(key, row["question"], _history(row.get("history") or [], where))


def _history(turns: Any, where: str) -> tuple[Message, ...]:
    try:
        messages = tuple(Message(turn["role"], str(turn["content"])) for turn in turns)
    except (TypeError, KeyError) as error:
        raise QuestionsInvalid(f'{where}: history needs rows of "role" and "content"') from error
    if any(m.role not in ("user", "assistant") for m in messages):
        raise QuestionsInvalid(f'{where}: a role is "user" or "assistant"')
    return messages
