"""Reads the store: articles, passages, words and vectors by id. Never writes; every text comes from SQLite."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from embeddings.protocols import Ids, Matrix
from rag.database import damaged, open_to_read, translated
from rag.errors import ArticleMissing, StoreDamaged
from rag.identity import SENTENCE_DTYPE, Identity, read_identity, read_vectors
from rag.records import Article, ArticleSummary, Passage, Scope, Span
from rag.rows import check_texts, read_date, read_passage, read_story, read_summary
from rag.schema import SCHEMA_VERSION
from rag.scope_sql import scope_condition
from rag.text import fold
from rag.vector_rows import count_above, numbers_in, vectors_above
from rag.word_reader import WordReader

_MOST_VARIABLES = 500
_SUMMARY = """
SELECT a.key, a.title, a.published, a.publisher, a.author, a.url, a.path,
       (SELECT count(*) FROM story s WHERE s.article = a.id), (SELECT count(*) FROM passage p WHERE p.article = a.id),
       a.characters, a.published_inferred
FROM article a
"""
_PASSAGE = """
SELECT p.id, a.key, p.headline, p.text, p.start, p."end", p.tokens, p.story, p.sentences
FROM passage p JOIN article a ON a.id = p.article
"""


Answered = TypeVar("Answered")
Row = TypeVar("Row")
Made = TypeVar("Made")


class StoreReader:
    """One read-only connection; each call is a short transaction of its own, so a delete is seen at once.

    `words` asks its word index. `oldest` is the oldest format taken.
    Opening raises StoreMissing, StoreDamaged or StoreMismatch; any call may raise StoreDamaged.
    """

    def __init__(self, folder: Path, *, oldest: int = SCHEMA_VERSION) -> None:
        self._folder = folder
        self._oldest = oldest
        self._connection, self._frozen = open_to_read(folder, oldest=oldest)
        self.words = WordReader(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all calls in the body see one generation; keep it short, for the log grows meanwhile."""
        self.rows("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.rollback()

    def meta(self) -> dict[str, str]:
        """Return what the store says of itself: store_id, generation, embedder, fingerprint, ..."""
        meta = dict(self.rows("SELECT key, value FROM meta"))
        numbers = ["generation", *(("dim", "passage_tokens", "chunking") if "fingerprint" in meta else ())]
        if "store_id" not in meta or not all(str(meta.get(name)).isdecimal() for name in numbers):
            raise damaged(self._folder, "it does not say what it is")
        return meta

    def identity(self) -> Identity | None:
        """Return what the store's vectors depend on; None while nothing was ever indexed."""
        return read_identity(self.meta())

    def generation(self) -> int:
        """Return the number of the last commit."""
        return int(self.meta()["generation"])

    def hashes(self, article_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return {article id: (content hash, path)} of those that are stored."""
        rows = self.rows_in("SELECT key, sha256, path FROM article WHERE key IN ({})", article_ids)
        return {key: (sha256, path) for key, sha256, path in rows}

    def article_ids(self) -> list[str]:
        """Return every article's id in the order of first storing."""
        return [key for (key,) in self.rows("SELECT key FROM article ORDER BY id")]

    def summaries(self, article_ids: Sequence[str] | None = None) -> list[ArticleSummary]:
        """Return what is known of the articles, without their texts, by id; unknown ids are passed over."""
        if article_ids is None:
            rows = self.rows(_SUMMARY + "ORDER BY a.key")
        else:
            rows = sorted(self.rows_in(_SUMMARY + "WHERE a.key IN ({})", article_ids))
        return self._made(read_summary, rows)

    def count_articles(self, scope: Scope) -> tuple[int, int]:
        """Return how many articles lie within the scope, and how many of those have a date."""
        condition, values = scope_condition(scope)
        return self.rows(f"SELECT count(*), count(a.published) FROM article a WHERE {condition}", values)[0]

    def dated_articles(self, scope: Scope, most: int, *, newest_first: bool = True) -> list[ArticleSummary]:
        """Return those within the scope that have a date, in order of it, ties by id; at most that many."""
        condition, values = scope_condition(scope)
        order = f"a.published {'DESC' if newest_first else 'ASC'}, a.key LIMIT ?"
        where = f"WHERE a.published IS NOT NULL AND {condition} ORDER BY {order}"
        return self._made(read_summary, self.rows(_SUMMARY + where, (*values, most)))

    def find_articles(self, query: str, *, most: int, offset: int = 0) -> tuple[list[ArticleSummary], int]:
        """Return those that hold the query in title, publisher, author, address or id, whatever its case, and how many.

        The newest come first, those without a date last, ties by id; `offset` of them are passed over.
        """
        self._connection.create_function("folded", 1, fold, deterministic=True)
        told = "a.title || char(10) || a.publisher || char(10) || a.author || char(10) || a.url || char(10) || a.key"
        condition, values = (f"WHERE instr(folded({told}), ?)", [fold(query)]) if query.strip() else ("", [])
        total = int(self.rows(f"SELECT count(*) FROM article a {condition}", values)[0][0])
        order = "ORDER BY a.published IS NULL, a.published DESC, a.key LIMIT ? OFFSET ?"
        rows = self.rows(f"{_SUMMARY} {condition} {order}", (*values, most, offset))
        return self._made(read_summary, rows), total

    def publishers(self, most: int) -> list[str]:
        """Return the publishers that have the most articles, in order of their names."""
        named = "SELECT publisher FROM article WHERE publisher <> '' GROUP BY publisher ORDER BY count(*) DESC LIMIT ?"
        return sorted(name for (name,) in self.rows(named, (most,)))

    def article(self, article_id: str) -> Article:
        """Return the article whole; raises ArticleMissing."""
        rows = self.rows(
            "SELECT id, key, title, published, publisher, author, url, path, published_inferred, text FROM article"
            " WHERE key = ?",
            (article_id,),
        )
        if not rows:
            raise ArticleMissing(f"no article '{article_id}' in '{self._folder}'")
        key, name, title, written, publisher, author, url, path, inferred, text = rows[0]
        stories = self.rows(
            "SELECT headline, headline_start, headline_end, parts FROM story WHERE article = ? ORDER BY number",
            (key,),
        )
        (published,) = self._made(read_date, [written])
        self._made(check_texts, [(title, publisher, author, url, path, text)])
        made = tuple(self._made(read_story, stories))
        return Article(name, title, text, made, published, publisher, author, url, path, bool(inferred))

    def holders(self, text: str) -> list[str]:
        """Return the ids of the articles of exactly this text, in the order of first storing."""
        # The number of characters stands before the text: one that differs is not read.
        rows = self.rows("SELECT key FROM article WHERE characters = ? AND text = ? ORDER BY id", (len(text), text))
        return [key for (key,) in rows]

    def slice(self, article_id: str, span: Span) -> str | None:
        """Return the characters that stand there; None where there is no such article."""
        rows = self.rows(
            "SELECT substr(text, ?, ?) FROM article WHERE key = ?", (span.start + 1, len(span), article_id)
        )
        return rows[0][0] if rows else None

    def holding(self, text: str, most: int) -> list[str]:
        """Return the ids of articles that hold this text, in their order, at most that many; reads every article."""
        rows = self.rows("SELECT key FROM article WHERE instr(text, ?) ORDER BY key LIMIT ?", (text, most))
        return [key for (key,) in rows]

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Return the passages of these ids; those that were removed are left out."""
        return {p.id: p for p in self._made(read_passage, self.rows_in(_PASSAGE + "WHERE p.id IN ({})", ids))}

    def passages_of(self, article_id: str) -> list[Passage]:
        """Return an article's passages in order of place."""
        return self._made(read_passage, self.rows(_PASSAGE + "WHERE a.key = ? ORDER BY p.start", (article_id,)))

    def neighbours(self, ids: Sequence[int]) -> dict[int, tuple[int, int | None]]:
        """Return {passage id: (first passage of its story, the one right before it or None)}."""
        of_story = "FROM passage q WHERE q.article = p.article AND q.story = p.story"
        rows = self.rows_in(
            f"SELECT p.id, (SELECT min(q.id) {of_story}), (SELECT max(q.id) {of_story} AND q.id < p.id)"
            " FROM passage p WHERE p.id IN ({})",
            ids,
        )
        return {key: (first, before) for key, first, before in rows}

    def passage_ids(self, scope: Scope) -> Ids:
        """Return the ids of all passages within the scope, ascending."""
        condition, values = scope_condition(scope)
        # One text instead of a row each: a row costs seven times as much, and a scope may hold a million.
        rows = self.rows(
            f"SELECT group_concat(p.id) FROM passage p JOIN article a ON a.id = p.article WHERE {condition}", values
        )
        return numbers_in(rows[0][0])

    def vectors(self, dim: int, *, above: int = 0, most: int | None = None) -> tuple[Ids, Matrix]:
        """Return the passage ids from behind `above`, ascending, at most that many, with their vectors.

        Shapes (n,) and (n, dim). A vector of a wrong length or with a value that is not finite is left out.
        """
        return self._asked(lambda connection: vectors_above(connection, dim, above, most))

    def vectors_of(self, ids: Sequence[int], dim: int) -> tuple[list[int], Matrix]:
        """Return those of the ids that have a whole vector, and the vectors, shape (n, dim), in any order."""
        return read_vectors(self.rows_in("SELECT passage, vector FROM passage_vector WHERE passage IN ({})", ids), dim)

    def sentence_vectors(self, ids: Sequence[int], dim: int) -> dict[int, NDArray[np.float16]]:
        """Return a matrix a passage, shape (sentences, dim), rows in the order of `Passage.sentences`.

        One of a wrong length is left out.
        """
        rows = self.rows_in("SELECT passage, vectors FROM sentence_vectors WHERE passage IN ({})", ids)
        width = dim * SENTENCE_DTYPE.itemsize
        return {
            key: np.frombuffer(blob, dtype=SENTENCE_DTYPE).reshape(-1, dim)
            for key, blob in rows
            if isinstance(blob, bytes) and not len(blob) % width
        }

    def count_passages(self, *, above: int = 0) -> int:
        """Return the number of passages; `above` counts those with a higher id only."""
        return self._asked(lambda connection: count_above(connection, above))

    def last_passage_id(self) -> int:
        """Return the highest id that a passage ever had, removed ones too; 0 for none."""
        rows = self.rows("SELECT seq FROM sqlite_sequence WHERE name = 'passage'")
        return int(rows[0][0]) if rows else 0

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what the statement gives."""
        return self._asked(lambda connection: connection.execute(sql, values).fetchall())

    def portions(self, sql: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield what the statement gives, at most that many rows at once; within a snapshot only."""
        with translated(self._folder):
            cursor = self._connection.execute(sql)
            while rows := cursor.fetchmany(size):
                yield rows

    def _asked(self, ask: Callable[[sqlite3.Connection], Answered]) -> Answered:
        """Return what the connection answers; a file that is read without locks is opened anew when it has changed."""
        while True:
            try:
                with translated(self._folder):
                    answered = ask(self._connection)
            except StoreDamaged:
                if not self._frozen or not self._frozen.has_changed():
                    raise
            else:
                if not self._frozen or not self._frozen.has_changed():
                    return answered
            self._connection.close()
            self._connection, self._frozen = open_to_read(self._folder, oldest=self._oldest)

    def _made(self, make: Callable[[Row], Made], rows: Iterable[Row]) -> list[Made]:
        """Return a record a row; raises StoreDamaged for a row that makes none."""
        try:
            return [make(row) for row in rows]
        except (ValueError, TypeError) as error:
            raise damaged(self._folder, error) from error

    def rows_in(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows for all values of an IN list, asked in portions that every SQLite takes."""
        rows = []
        for start in range(0, len(values), _MOST_VARIABLES):
            portion = values[start : start + _MOST_VARIABLES]
            rows += self.rows(sql.format(", ".join("?" * len(portion))), portion)
        return rows
