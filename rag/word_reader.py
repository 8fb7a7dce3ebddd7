"""Reads the store's word index: which passages hold words, and how words are spelt. Opens nothing; writes nothing."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rag.records import Scope
from rag.scope_sql import scope_condition

Rows = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Returns what a statement gives for its values; for an IN list, `{}` in the statement, in portions."""


class WordReader:
    """What a StoreReader asks of words, through its connection."""

    def __init__(self, rows: Rows, rows_in: Rows) -> None:
        self._rows = rows
        self._in = rows_in

    def search(self, words: Iterable[str], k: int, scope: Scope | None = None) -> list[tuple[int, float]]:
        """Return (passage id, BM25 score, higher is better) of the k best, best first, ties by id; [] for no words.

        Every word is quoted and the words are joined by OR: a question is never FTS5 syntax.
        """
        match = " OR ".join('"' + word.replace('"', '""').replace("\0", " ") + '"' for word in words)
        if not match:
            return []
        where, values = ("", ())
        if scope:
            condition, values = scope_condition(scope)
            # The plus keeps SQLite from asking the word index once for every passage within the scope: seconds, not
            # milliseconds, from 100,000 passages.
            where = f" AND +rowid IN (SELECT p.id FROM passage p JOIN article a ON a.id = p.article WHERE {condition})"
        rows = self._rows(
            "SELECT rowid, bm25(passage_words) AS score FROM passage_words WHERE passage_words MATCH ?"
            f"{where} ORDER BY score, rowid LIMIT ?",
            (match, *values, k),
        )
        return [(key, -score) for key, score in rows]

    def passages_with(self, stems: Sequence[str]) -> dict[str, int]:
        """Return in how many passages (headline or text) each stem stands; stems that stand nowhere are left out."""
        return dict(self._in("SELECT term, doc FROM passage_vocabulary WHERE term IN ({})", stems))

    def passages_spelling(self, words: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each word stands, spelt so but for case and accents; none for 0."""
        return dict(self._in("SELECT term, doc FROM spelling_vocabulary WHERE term IN ({})", words))

    def spellings(self, letter: str) -> dict[str, int]:
        """Return every word that begins with the letter and in how many passages it stands; of letters only."""
        rows = self._rows(
            "SELECT term, doc FROM spelling_vocabulary WHERE term >= ? AND term < ?", (letter, chr(ord(letter) + 1))
        )
        return {term: count for term, count in rows if term.isalpha()}

    def stand_together(self, words: Sequence[str]) -> bool:
        """Return whether the words stand side by side, in this order, in some passage."""
        phrase = " ".join(words).replace('"', '""')
        return bool(self._rows("SELECT 1 FROM passage_words WHERE passage_words MATCH ? LIMIT 1", (f'"{phrase}"',)))
