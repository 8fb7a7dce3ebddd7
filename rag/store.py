"""Writes articles into the store and takes them out; COMMIT is the only commit point."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.checked_folder import remove_checked
from embeddings.protocols import Matrix
from rag.cjk import without_cjk
from rag.database import WORDS, open_to_read, open_to_write, translated
from rag.errors import ArticleMissing, ArticleRefused
from rag.identity import PASSAGE_DTYPE, SENTENCE_DTYPE, SPAN_DTYPE, Identity, check_identity
from rag.records import Article, Passage, Span
from rag.schema import ADD_COLUMN, COLUMN_ADDED, OLDEST_REBUILT, word_statements
from rag.text import searchable


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article cut and embedded: a row of `vectors` a passage, one of `sentence_vectors` a sentence of each."""

    article: Article
    passages: tuple[Passage, ...]
    vectors: Matrix
    sentence_vectors: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Committed:
    """What one commit did with the articles it was given."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    """Pairs of path and reason."""

    def by_fate(self) -> dict[str, tuple[str, ...]]:
        """Return the ids under each fate's name."""
        return {"added": self.added, "updated": self.updated, "unchanged": self.unchanged}


def taken(article: Article, path: str) -> str:
    """Return what to say where an article's id belongs to another path."""
    return f"the id '{article.id}' belongs to '{path}'; rename '{article.path}', or run: rag remove {article.id}"


def content_hash(article: Article) -> str:
    """Return the SHA-256 of all that the store keeps of an article but its path."""
    stories = [[s.headline, _pair(s.headline_at), [_pair(p) for p in s.parts]] for s in article.stories]
    published = article.published.isoformat() if article.published else None
    about = [article.title, published, article.published_inferred, article.publisher, article.author, article.url]
    kept = json.dumps([article.id, article.text, about, stories], ensure_ascii=True)
    return hashlib.sha256(kept.encode()).hexdigest()


def commit_articles(folder: Path, identity: Identity, batch: Sequence[Prepared]) -> Committed:
    """Put the batch into the store in one transaction; a changed article replaces its old self whole.

    An article that another process stored meanwhile is left alone; an id that another path holds is refused. When
    this returns, what it names is on disk. Raises StoreBusy, StoreUnwritable, StoreDamaged or StoreMismatch; then
    nothing was stored.
    """
    fates: dict[str, list[str]] = {"added": [], "updated": [], "unchanged": []}
    refused: list[tuple[str, str]] = []
    with open_to_write(folder) as connection, translated(folder):
        connection.execute("BEGIN IMMEDIATE")
        claim_identity(connection, identity, folder)
        generation = _next_generation(connection)
        for prepared in batch:
            try:
                fate = _put(connection, prepared, generation)
                fates[fate].append(prepared.article.id)
            except ArticleRefused as error:
                refused.append((prepared.article.path, str(error)))
        if fates["added"] or fates["updated"]:
            connection.execute("COMMIT")
        else:
            connection.execute("ROLLBACK")
    return Committed(tuple(fates["added"]), tuple(fates["updated"]), tuple(fates["unchanged"]), tuple(refused))


def remove_articles(folder: Path, article_ids: Sequence[str]) -> None:
    """Take the articles out in one transaction; raises ArticleMissing for an unknown id, and then removes none.

    Raises StoreMissing where there is no store. Their words are gone from the files too, not only from what is found.
    """
    # Opening to write would make a store where there is none.
    open_to_read(folder)[0].close()
    with open_to_write(folder) as connection, translated(folder):
        connection.execute("BEGIN IMMEDIATE")
        _next_generation(connection)
        for article_id in dict.fromkeys(article_ids):
            row = connection.execute("SELECT id FROM article WHERE key = ?", (article_id,)).fetchone()
            if not row:
                raise ArticleMissing(
                    f"no article '{article_id}' in '{folder}'; nothing was removed, see: rag list --store {folder}"
                )
            _delete_passages(connection, row[0])
            connection.execute("DELETE FROM article WHERE id = ?", row)
        # FTS5 only marks what is deleted; merging its segments drops the words themselves.
        for table in ("passage_words", "passage_spellings"):
            connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
        # Derived, but it holds the words too.
        remove_checked(folder / WORDS)
        connection.execute("COMMIT")


def add_column(folder: Path) -> None:
    """Give a store of an older format the article column that it may lack; raises StoreMissing where there is none."""
    open_to_read(folder, oldest=OLDEST_REBUILT)[0].close()
    with open_to_write(folder, oldest=OLDEST_REBUILT) as connection, translated(folder):
        if COLUMN_ADDED not in {row[1] for row in connection.execute("PRAGMA table_info(article)").fetchall()}:
            connection.execute(ADD_COLUMN)


def replace_passages(folder: Path, identity: Identity, prepare: Callable[[str], Prepared]) -> int:
    """Cut and embed every article anew in one transaction, and return how many; readers see the old state until COMMIT.

    `prepare` is called with an article's id. The lock is held throughout: a killed run changes nothing. Passages, words
    and vectors that were damaged are whole again after it; a store of an older format has the present one.
    """
    with open_to_write(folder, oldest=OLDEST_REBUILT) as connection, translated(folder):
        connection.execute("BEGIN IMMEDIATE")
        _write_identity(connection, identity)
        generation = _next_generation(connection)
        # Asked for inside the lock: an article that another process adds meanwhile would keep the old vectors.
        rows = connection.execute("SELECT id, key FROM article ORDER BY id").fetchall()
        for statement in word_statements():
            connection.execute(statement)
        connection.execute("DELETE FROM passage")
        connection.execute("UPDATE article SET generation = ?", (generation,))
        for article, key in rows:
            _insert_passages(connection, article, prepare(key))
        connection.execute("COMMIT")
    return len(rows)


def claim_identity(connection: sqlite3.Connection, identity: Identity, folder: Path) -> None:
    """Write the identity into a new store; raises StoreMismatch where the store has another embedder's vectors."""
    stored = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if "fingerprint" not in stored:
        _write_identity(connection, identity)
        return
    check_identity(stored, identity, folder)


def _put(connection: sqlite3.Connection, prepared: Prepared, generation: int) -> str:
    article = prepared.article
    sha256 = content_hash(article)
    row = connection.execute("SELECT id, path, sha256 FROM article WHERE key = ?", (article.id,)).fetchone()
    if row and row[2] == sha256:
        return "unchanged"
    if row and row[1] != article.path:
        raise ArticleRefused(taken(article, row[1]))
    if row:
        _delete_passages(connection, row[0])
        connection.execute("DELETE FROM article WHERE id = ?", (row[0],))
    published = article.published.isoformat() if article.published else None
    key = connection.execute(
        "INSERT INTO article"
        " (key, path, sha256, title, published, publisher, author, url, characters, generation, text,"
        " published_inferred)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(article.id, article.path, sha256, article.title, published, article.publisher, article.author),
            *(article.url, len(article.text), generation, article.text, article.published_inferred),
        ),
    ).lastrowid
    for number, story in enumerate(article.stories):
        at = story.headline_at
        parts = json.dumps([_pair(p) for p in story.parts])
        connection.execute(
            "INSERT INTO story VALUES (?, ?, ?, ?, ?, ?)",
            (key, number, story.headline, at and at.start, at and at.end, parts),
        )
    _insert_passages(connection, int(key or 0), prepared)
    return "updated" if row else "added"


def _insert_passages(connection: sqlite3.Connection, article: int, prepared: Prepared) -> None:
    first = 0
    for passage, vector in zip(prepared.passages, prepared.vectors, strict=True):
        spans = np.array([_pair(s) for s in passage.sentences], dtype=SPAN_DTYPE)
        rows = prepared.sentence_vectors[first : first + len(passage.sentences)]
        first += len(passage.sentences)
        key = connection.execute(
            'INSERT INTO passage (article, story, start, "end", tokens, headline, text, sentences)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(article, passage.story, passage.span.start, passage.span.end, passage.tokens),
                *(passage.headline, passage.text, spans.tobytes()),
            ),
        ).lastrowid
        put_words(connection, [(int(key or 0), passage.headline, passage.text)])
        connection.execute("INSERT INTO passage_vector VALUES (?, ?)", (key, vector.astype(PASSAGE_DTYPE).tobytes()))
        connection.execute("INSERT INTO sentence_vectors VALUES (?, ?)", (key, rows.astype(SENTENCE_DTYPE).tobytes()))


def put_words(connection: sqlite3.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Put passages, as (id, headline, text), into the word index."""
    connection.executemany("INSERT INTO passage_words (rowid, headline, text) VALUES (?, ?, ?)", _cut(rows))
    connection.executemany("INSERT INTO passage_spellings (rowid, text) VALUES (?, ?)", _spelt(rows))


def _cut(rows: Sequence[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    return [(key, searchable(headline), searchable(text)) for key, headline, text in rows]


def _spelt(rows: Sequence[tuple[int, str, str]]) -> list[tuple[int, str]]:
    return [(key, without_cjk(f"{headline}\n{text}")) for key, headline, text in rows]


def _delete_passages(connection: sqlite3.Connection, article: int) -> None:
    # By hand and not by trigger: a trigger on a virtual table needs a trusted schema, and a store may be foreign.
    # The index keeps no text: it is told again what was put in.
    rows = connection.execute("SELECT id, headline, text FROM passage WHERE article = ?", (article,)).fetchall()
    connection.executemany(
        "INSERT INTO passage_words (passage_words, rowid, headline, text) VALUES ('delete', ?, ?, ?)", _cut(rows)
    )
    connection.executemany(
        "INSERT INTO passage_spellings (passage_spellings, rowid, text) VALUES ('delete', ?, ?)", _spelt(rows)
    )
    connection.execute("DELETE FROM passage WHERE article = ?", (article,))


def _next_generation(connection: sqlite3.Connection) -> int:
    connection.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")
    return int(connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0])


def _write_identity(connection: sqlite3.Connection, identity: Identity) -> None:
    named = {
        "embedder": identity.embedder,
        "fingerprint": identity.fingerprint,
        "dim": str(identity.dim),
        "passage_tokens": str(identity.passage_tokens),
        "chunking": str(identity.chunking),
    }
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", named.items())


def _pair(span: Span | None) -> list[int] | None:
    return [span.start, span.end] if span else None
