"""Reads passages' vectors and ids from the store's connection, many at a time. Knows no scope and no index."""

import sqlite3

import numpy as np

from embeddings.protocols import Ids, Matrix
from rag.identity import PASSAGE_DTYPE, read_vectors

_ROWS_AT_ONCE = 1024


def count_above(connection: sqlite3.Connection, above: int) -> int:
    """Return the number of passages with a higher id."""
    # Of all, SQLite counts the entries of an index; with a condition it reads the rows, so there shall be few.
    asked, values = ("WHERE id > ?", (above,)) if above else ("", ())
    return int(connection.execute(f"SELECT count(*) FROM passage {asked}", values).fetchone()[0])


def vectors_above(connection: sqlite3.Connection, dim: int, above: int, most: int | None) -> tuple[Ids, Matrix]:
    """Return the ids from behind `above`, ascending, at most that many, and the vectors that are whole, a row an id."""
    # Into one matrix made beforehand: 100,000 vectors of 384 are 147 MiB, and joined BLOBs would be that twice more.
    # A commit between the two statements only moves the count, which no vector's page has to be read for.
    count = count_above(connection, above) if most is None else most
    ids = np.empty(count, dtype=np.int64)
    matrix = np.empty((count, dim), dtype=PASSAGE_DTYPE)
    filled = 0
    cursor = connection.execute(
        "SELECT passage, vector FROM passage_vector WHERE passage > ? ORDER BY passage LIMIT ?", (above, count)
    )
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        whole, vectors = read_vectors(rows, dim)
        ids[filled : filled + len(whole)] = whole
        matrix[filled : filled + len(whole)] = vectors
        filled += len(whole)
    return ids[:filled], matrix[:filled]


def numbers_in(written: object) -> Ids:
    """Return the whole numbers of a text, commas between them, in ascending order; none of NULL."""
    if not isinstance(written, str):
        return np.empty(0, dtype=np.int64)
    return np.sort(np.fromstring(written, dtype=np.int64, sep=","))
