"""Reads JSONL files row by row: question sets and runs. Knows that a row has an id, and nothing else of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class RowsInvalid(Exception):
    """A question set or a run cannot be read; the message names file and line."""


def read_rows(path: Path, what: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (place for a message, id, row) in order; raises RowsInvalid for what is no row, or has an id again.

    `what` names the file in a message. A file without a row is invalid too.
    """
    seen: dict[str, int] = {}
    # Not splitlines: a JSON string may hold U+2028 and the like as they are.
    for number, line in enumerate(_read(path, what).split("\n"), 1):
        if not line.strip():
            continue
        where = f"'{path}' line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RowsInvalid(f"{where} is no JSON: {error}") from error
        if not isinstance(row, dict) or "id" not in row:
            raise RowsInvalid(f'{where} needs an "id"')
        key = str(row["id"])
        if key in seen:
            raise RowsInvalid(f"{where} has the id '{key}' of line {seen[key]}")
        seen[key] = number
        yield where, key, row
    if not seen:
        raise RowsInvalid(f"{what} '{path}' holds no row")


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise RowsInvalid(f"{what} '{path}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RowsInvalid(f"{what} '{path}' is no UTF-8: byte {error.start}") from error
