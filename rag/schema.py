"""The store's tables. Opens no file and writes no row."""

import sqlite3
from collections.abc import Iterator

SCHEMA_VERSION = 2
OLDEST_REBUILT = 1
"""The oldest format that a rebuild makes the present one: the word index differs, and a column may be missing."""

COLUMN_ADDED = "published_inferred"
ADD_COLUMN = f"ALTER TABLE article ADD COLUMN {COLUMN_ADDED} INTEGER NOT NULL DEFAULT 0"

_SAY_VERSION = f"PRAGMA user_version={SCHEMA_VERSION}"

# An id is AUTOINCREMENT, never used again: a stale index can miss a text but never show another one.
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE article (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, path TEXT NOT NULL, sha256 TEXT NOT NULL,
    title TEXT NOT NULL, published TEXT, publisher TEXT NOT NULL, author TEXT NOT NULL, url TEXT NOT NULL,
    characters INTEGER NOT NULL, generation INTEGER NOT NULL, text TEXT NOT NULL, published_inferred INTEGER NOT NULL
);
CREATE INDEX article_published ON article (published);
CREATE TABLE story (
    article INTEGER NOT NULL REFERENCES article (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    headline TEXT NOT NULL, headline_start INTEGER, headline_end INTEGER, parts TEXT NOT NULL,
    PRIMARY KEY (article, number)
) WITHOUT ROWID;
CREATE TABLE passage (
    id INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER NOT NULL REFERENCES article (id) ON DELETE CASCADE,
    story INTEGER NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, tokens INTEGER NOT NULL,
    headline TEXT NOT NULL, text TEXT NOT NULL, sentences BLOB NOT NULL
);
CREATE INDEX passage_story ON passage (article, story);
CREATE TABLE passage_vector (
    passage INTEGER PRIMARY KEY REFERENCES passage (id) ON DELETE CASCADE, vector BLOB NOT NULL
);
CREATE TABLE sentence_vectors (
    passage INTEGER PRIMARY KEY REFERENCES passage (id) ON DELETE CASCADE, vectors BLOB NOT NULL
);
"""

# The index keeps no text of its own: what is put in is the passage's with CJK cut for the tokenizer (text.searchable).
# Spellings are the same words without stems, CJK left out; only what stands at all and how often is asked of them.
TOKENIZER = "porter unicode61 remove_diacritics 2"
_WORDS = f"""
CREATE VIRTUAL TABLE passage_words USING fts5 (
    headline, text, content='', tokenize='{TOKENIZER}'
);
CREATE VIRTUAL TABLE passage_vocabulary USING fts5vocab ('passage_words', 'row');
CREATE VIRTUAL TABLE passage_spellings USING fts5 (
    text, content='', detail=none, tokenize='unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE spelling_vocabulary USING fts5vocab ('passage_spellings', 'row');
"""


def statements() -> Iterator[str]:
    """Yield what makes the tables of an empty store, one by one: executescript would commit behind the transaction."""
    yield from _split(_TABLES + _WORDS)
    yield _SAY_VERSION


def word_statements() -> Iterator[str]:
    """Yield what makes the word index anew, empty, in a store of this format or an older one."""
    for table in ("spelling_vocabulary", "passage_spellings", "passage_vocabulary", "passage_words"):
        yield f"DROP TABLE IF EXISTS {table}"
    yield from _split(_WORDS)
    yield _SAY_VERSION


def _split(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
