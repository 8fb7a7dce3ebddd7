"""Cuts words into the terms that the word index holds, by SQLite's own tokenizer: none is missed by a letter."""

import sqlite3
import threading
from functools import lru_cache

from rag.schema import TOKENIZER

_asking = threading.Lock()


@lru_cache(maxsize=100_000)
def terms_of(word: str) -> tuple[str, ...]:
    """Return the terms in order of place; () where the word holds none, several where it falls apart ("don't")."""
    with _asking:
        connection = _tokenizer()
        # First, not last: an interrupted question leaves its word behind.
        connection.execute("INSERT INTO word (word) VALUES ('delete-all')")
        connection.execute("INSERT INTO word (rowid, text) VALUES (1, ?)", (word.replace("\0", " "),))
        found = connection.execute("SELECT term FROM term ORDER BY offset").fetchall()
    return tuple(term for (term,) in found)


@lru_cache(maxsize=1)
def _tokenizer() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute(f"CREATE VIRTUAL TABLE word USING fts5 (text, content='', tokenize='{TOKENIZER}')")
    connection.execute("CREATE VIRTUAL TABLE term USING fts5vocab ('word', 'instance')")
    return connection
