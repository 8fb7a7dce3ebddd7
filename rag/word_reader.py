"""Reads the store's word index: which passages hold words, and how words are spelt. Opens nothing; writes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.records import Scope
from rag.scope_sql import scope_condition

_AT_ONCE = 2**18
# A million passages have up to 20,600 words a letter, 36 of 100 in one passage (eval/LOG.md).
_MANY_SPELLINGS = 10_000
_FEWEST_OF_MANY = 2


class Connected(Protocol):
    """What a word reader asks through."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what the statement gives."""

    def rows_in(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows for all values of an IN list, `{}` in the statement."""

    def portions(self, sql: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield what the statement gives, at most that many rows at once."""


class WordReader:
    """What a StoreReader asks of words, through its connection."""

    def __init__(self, connected: Connected) -> None:
        self._rows = connected.rows
        self._in = connected.rows_in
        self._portions = connected.portions

    def search(
        self, words: Iterable[str], k: int, scope: Scope | None = None, *, above: int = 0
    ) -> list[tuple[int, float]]:
        """Return (passage id, BM25 score, higher is better) of the k best, best first, ties by id; [] for no words.

        Every word is quoted and the words are joined by OR: a question is never FTS5 syntax. Of ids `above` only.
        """
        match = " OR ".join(map(_quoted, words))
        if not match:
            return []
        where, values = (f" AND rowid > {above:d}" if above else "", ())
        if scope:
            condition, values = scope_condition(scope)
            # The plus keeps SQLite from asking the word index once for every passage within the scope: seconds, not
            # milliseconds, from 100,000 passages.
            where += f" AND +rowid IN (SELECT p.id FROM passage p JOIN article a ON a.id = p.article WHERE {condition})"
        rows = self._rows(
            "SELECT rowid, bm25(passage_words) AS score FROM passage_words WHERE passage_words MATCH ?"
            f"{where} ORDER BY score, rowid LIMIT ?",
            (match, *values, k),
        )
        return [(key, -score) for key, score in rows]

    def scores(self, words: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return all passages that hold the words side by side, by id, ascending, with their BM25 scores of that."""
        rows = self._rows(
            "SELECT rowid, -bm25(passage_words) FROM passage_words WHERE passage_words MATCH ? ORDER BY rowid",
            (_quoted(words),),
        )
        found = np.array(rows, dtype=np.float64).reshape(-1, 2)
        return found[:, 0].astype(np.int64), found[:, 1]

    def passage_ids(self) -> NDArray[np.int64]:
        """Return the ids of all passages, ascending."""
        # Out of an index that holds no texts.
        rows = self._portions("SELECT id FROM passage INDEXED BY passage_story", _AT_ONCE)
        return np.sort(_numbers(rows))

    def terms(self) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
        """Return every term, in order of UTF-8, in how many passages it stands, and how often altogether."""
        rows = self._rows("SELECT term, doc, cnt FROM passage_vocabulary")
        numbers = np.array([row[1:] for row in rows], dtype=np.int64).reshape(-1, 2)
        return [term for term, _, _ in rows], numbers[:, 0], numbers[:, 1]

    def places(self) -> Iterator[NDArray[np.int64]]:
        """Yield the passage of every word of the store: of the first term all, ascending, then of the next."""
        self._rows("CREATE VIRTUAL TABLE IF NOT EXISTS temp.word_place USING fts5vocab (main, passage_words, instance)")
        for rows in self._portions("SELECT doc FROM word_place", _AT_ONCE):
            yield np.array(rows, dtype=np.int64)[:, 0]

    def passages_with(self, stems: Sequence[str]) -> dict[str, int]:
        """Return in how many passages (headline or text) each stem stands; stems that stand nowhere are left out."""
        return dict(self._in("SELECT term, doc FROM passage_vocabulary WHERE term IN ({})", stems))

    def standing(self, words: Sequence[str]) -> set[str]:
        """Return those of the words, in small letters without accents, that stand somewhere, spelt so."""
        # The vocabulary would count the passages of each: a millisecond for a common word among a million passages.
        asked = "SELECT 1 FROM passage_spellings WHERE passage_spellings MATCH ? LIMIT 1"
        return {word for word in words if word.isalnum() and self._rows(asked, (_quoted(word),))}

    def spellings(self, letter: str) -> dict[str, int]:
        """Return the words that begin with the letter and in how many passages each stands; of letters only.

        All of them; of more than 10,000, those that stand in two passages or more: the others are mostly errors.
        """
        rows = self._rows(
            "SELECT term, doc FROM spelling_vocabulary WHERE term >= ? AND term < ?", (letter, chr(ord(letter) + 1))
        )
        fewest = 1 if len(rows) <= _MANY_SPELLINGS else _FEWEST_OF_MANY
        return {term: count for term, count in rows if count >= fewest and term.isalpha()}

    def stand_together(self, words: Sequence[str]) -> bool:
        """Return whether the words stand side by side, in this order, in some passage."""
        asked = "SELECT 1 FROM passage_words WHERE passage_words MATCH ? LIMIT 1"
        return bool(self._rows(asked, (_quoted(" ".join(words)),)))


def _quoted(words: str) -> str:
    return '"' + words.replace('"', '""').replace("\0", " ") + '"'


def _numbers(portions: Iterable[list[tuple[int]]]) -> NDArray[np.int64]:
    return np.concatenate([np.empty(0, np.int64), *(np.array(rows, dtype=np.int64)[:, 0] for rows in portions)])
