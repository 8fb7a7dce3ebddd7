"""Reads and writes JSONL files row by row: question sets and runs. Knows that a row has an id, and no more of it."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any


class RowsInvalid(Exception):
    """A question set or a run cannot be read; the message names file and line."""


def read_rows(path: Path, what: str, *, key_name: str = "id") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (place for a message, id, row) in order; raises RowsInvalid for what is no row, or has an id again.

    `what` names the file in a message, `key_name` the field that holds the id. A file without a row is invalid too.
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
        if not isinstance(row, dict) or key_name not in row:
            raise RowsInvalid(f'{where} needs an "{key_name}"')
        key = str(row[key_name])
        if key in seen:
            raise RowsInvalid(f"{where} has the id '{key}' of line {seen[key]}")
        seen[key] = number
        yield where, key, row
    if not seen:
        raise RowsInvalid(f"{what} '{path}' holds no row")


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the rows beside the file and move them into place, so that no half of one is ever read."""
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    part.replace(path)


def digest_of(what: Any) -> str:
    """Return 16 hex digits that change with a JSON value, and not with the order of its keys."""
    told = json.dumps(what, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise RowsInvalid(f"{what} '{path}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RowsInvalid(f"{what} '{path}' is no UTF-8: byte {error.start}") from error
