"""Opens the store's SQLite file: schema, pragmas, who may write. Knows no article; stores and readers build on it.

Every read-write connection lives wholly inside the writer's file lock, so two writers, or a writer and a checkpointer,
never meet: that is the precondition of SQLite's WAL-reset bug (3.7.0 to 3.51.2) and of "database is locked".
Readers open `mode=ro`: they can neither checkpoint nor reset the log.
"""

import os
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import filelock

from rag.errors import StoreBusy, StoreDamaged, StoreError, StoreMismatch, StoreMissing, StoreUnwritable

DATABASE = "store.db"
LOCK = "write.lock"
OWNER = "write.owner"
SCHEMA_VERSION = 1
_LOCK_WAIT_S = 30.0
_BUSY_TIMEOUT_MS = 30_000
_WAL_TRUNCATED_ABOVE = 64 * 2**20

# An id is AUTOINCREMENT, never used again: a stale index can miss a text but never show another one.
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE article (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, path TEXT NOT NULL, sha256 TEXT NOT NULL,
    title TEXT NOT NULL, published TEXT, publisher TEXT NOT NULL, author TEXT NOT NULL, url TEXT NOT NULL,
    characters INTEGER NOT NULL, generation INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE INDEX article_published ON article (published);
CREATE TABLE story (
    article INTEGER NOT NULL REFERENCES article (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    headline TEXT NOT NULL, headline_start INTEGER, headline_end INTEGER, parts TEXT NOT NULL,
    PRIMARY KEY (article, number)
) WITHOUT ROWID;
CREATE TABLE passage (
    id INTEGER PRIMARY KEY AUTOINCREMENT, article INTEGER NOT NULL REFERENCES article (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, tokens INTEGER NOT NULL,
    headline TEXT NOT NULL, text TEXT NOT NULL, sentences BLOB NOT NULL
);
CREATE INDEX passage_article ON passage (article);
CREATE TABLE passage_vector (
    passage INTEGER PRIMARY KEY REFERENCES passage (id) ON DELETE CASCADE, vector BLOB NOT NULL
);
CREATE TABLE sentence_vectors (
    passage INTEGER PRIMARY KEY REFERENCES passage (id) ON DELETE CASCADE, vectors BLOB NOT NULL
);
CREATE VIRTUAL TABLE passage_words USING fts5 (
    headline, text, content='passage', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE passage_vocabulary USING fts5vocab ('passage_words', 'row');
"""


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into the store's, each with what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        said = str(error)
        if "readonly" in said or "unable to open" in said:
            raise StoreUnwritable(
                f"the store in '{folder}' cannot be written: {said}; check its permissions"
            ) from error
        if "full" in said or "disk I/O" in said:
            raise StoreUnwritable(f"the disk under '{folder}' is full or failing: {said}; nothing was lost") from error
        if "locked" in said or "busy" in said:
            raise StoreBusy(f"the store in '{folder}' is busy: {said}; try again") from error
        raise _damaged(folder, error) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(folder, error) from error
    except PermissionError as error:
        raise StoreUnwritable(f"the store in '{folder}' cannot be written: {error.strerror}") from error


def open_to_read(folder: Path) -> sqlite3.Connection:
    """Return a read-only connection to the store in the folder; raises StoreMissing, StoreDamaged, StoreMismatch."""
    path = folder / DATABASE
    if not path.is_file():
        raise StoreMissing(f"no store in '{folder}'; run: rag index --store {folder}")
    with translated(folder):
        try:
            connection = _connect(path, "mode=ro")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.OperationalError:
            # On read-only media a log's index cannot be made. Without a log the file is whole as it stands; beside one,
            # immutable=1 would silently leave out what is committed there.
            log = path.with_name(DATABASE + "-wal")
            if log.exists() and log.stat().st_size:
                raise
            connection = _connect(path, "mode=ro&immutable=1")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        connection.close()
        raise StoreMissing(f"no finished store in '{folder}'; run: rag index --store {folder}")
    _check_version(version, folder, connection)
    return connection


@contextmanager
def open_to_write(folder: Path, *, wait_s: float = _LOCK_WAIT_S) -> Iterator[sqlite3.Connection]:
    """Hold the writer's lock and a read-write connection; an empty store gets its schema in one transaction.

    Raises StoreBusy when another process keeps the lock for `wait_s` seconds, StoreUnwritable, StoreDamaged or
    StoreMismatch. The body runs its own transactions; an open one is rolled back when it raises.
    """
    with translated(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK, timeout=wait_s)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            owner = _read_owner(folder)
            raise StoreBusy(
                f"the store in '{folder}' is being written by {owner}; try again when it is done"
            ) from error
        try:
            (folder / OWNER).write_text(f"process {os.getpid()} since {time.strftime('%H:%M:%S')}", "utf-8")
            connection = _connect(folder / DATABASE, "mode=rwc")
            try:
                _prepare(connection, folder)
                yield connection
            finally:
                if connection.in_transaction:
                    connection.rollback()
                _checkpoint(connection, folder)
                connection.close()
        finally:
            lock.release()


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # A generator's frames may be resumed by different threads, one at a time; SQLite itself is serialized.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _prepare(connection: sqlite3.Connection, folder: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version:
        _check_version(version, folder, connection)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    if version:
        return
    connection.execute("BEGIN IMMEDIATE")
    for statement in _statements():
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('store_id', ?), ('generation', '0')", (str(uuid.uuid4()),))
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _statements() -> Iterator[str]:
    """Yield the schema's statements one by one: executescript would commit behind the transaction's back."""
    statement = ""
    for line in _SCHEMA.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _check_version(version: int, folder: Path, connection: sqlite3.Connection) -> None:
    if version != SCHEMA_VERSION:
        connection.close()
        raise StoreMismatch(
            f"the store in '{folder}' has format {version}, this program writes format {SCHEMA_VERSION}; "
            "upgrade newspulse, or make a new store: rag index --store OTHER_FOLDER ARTICLES"
        )


def _checkpoint(connection: sqlite3.Connection, folder: Path) -> None:
    log = folder / (DATABASE + "-wal")
    mode = "TRUNCATE" if log.exists() and log.stat().st_size > _WAL_TRUNCATED_ABOVE else "PASSIVE"
    try:
        connection.execute(f"PRAGMA wal_checkpoint({mode})")
    except sqlite3.OperationalError:
        # What was committed is safe in the log; the next writer checkpoints it.
        return


def _read_owner(folder: Path) -> str:
    try:
        return (folder / OWNER).read_text("utf-8")
    except OSError:
        return "another process"


def _damaged(folder: Path, error: sqlite3.DatabaseError) -> StoreError:
    return StoreDamaged(
        f"the store in '{folder}' is damaged ({error}); "
        f"move the folder away and run: rag index --store {folder} ARTICLES"
    )
