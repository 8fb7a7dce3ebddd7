"""Opens chats.db, the file of conversations and feedback: tables, pragmas, who writes. Knows whose a row is, not what.

The file stands by itself: the store's lock and generation have nothing to do with it. A connection lives for one call,
so that none is left to a thread that ended, or to a file that was moved away. Every writer lives wholly inside a file
lock, its checkpoint too: two that meet are the precondition of SQLite's WAL-reset bug (3.7.0 to 3.51.2).
"""

import errno
import json
import os
import sqlite3
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rag.errors import ChatsUnreadable, ConversationMissing, RagError

Connection = sqlite3.Connection

CHATS = "chats.db"
MOST_OWNER_CHARS = 200
MOST_JSON_BYTES = 2_000_000
_MOST_ID_CHARS = 40
_VERSION = 1
_LOCK_WAIT_S = 20.0
_LOCK_POLL_S = 0.002
_BUSY_TIMEOUT_MS = 20_000
# How long a checkpoint waits for readers; where one stays longer, the next write's clears the log.
_CHECKPOINT_WAIT_MS = 1_000
_LONGEST_REASON = 120
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

# A row's texts stand behind zeros that fill a page, so on overflow pages: these are zeroed when they are freed, and
# never moved. A row that moves to the page beside leaves a copy that secure_delete does not know: without the zeros,
# one of 1,642 deleted titles and texts was found in the file. FTS5 keeps words of what is deleted, too.
_PAGE_BYTES = 1024
_BEFORE_TEXTS = f"pad BLOB NOT NULL DEFAULT (zeroblob({_PAGE_BYTES}))"
_KEY = "key INTEGER PRIMARY KEY AUTOINCREMENT"
_TABLES = (
    f"""CREATE TABLE conversation (
        {_KEY}, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL,
        {_BEFORE_TEXTS}, title TEXT NOT NULL, folded TEXT NOT NULL
    )""",
    "CREATE UNIQUE INDEX conversation_updated ON conversation (owner, updated)",
    f"""CREATE TABLE turn (
        {_KEY}, conversation INTEGER NOT NULL REFERENCES conversation ON DELETE CASCADE, number INTEGER NOT NULL,
        {_BEFORE_TEXTS}, folded TEXT NOT NULL, json BLOB NOT NULL, UNIQUE (conversation, number)
    )""",
    # What was said of an answer outlives it, nameless.
    f"""CREATE TABLE feedback (
        {_KEY}, turn INTEGER UNIQUE REFERENCES turn ON DELETE SET NULL, verdict TEXT NOT NULL, given TEXT NOT NULL,
        {_BEFORE_TEXTS}, comment TEXT NOT NULL, json BLOB NOT NULL
    )""",
    f"PRAGMA user_version={_VERSION}",
)


class ChatsRefused(RagError):
    """What was given cannot be kept: too large, no JSON, or in the place of something else."""


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """Yield a connection that reads one state of the file; where there is no file yet, of an empty one.

    Raises ChatsUnreadable, also for what the body finds damaged.
    """
    with _translated(path), closing(_open_to_read(path)) as connection:
        connection.execute("BEGIN")
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[Connection]:
    """Yield a connection inside one write transaction, committed when the body is done, undone where it raises.

    When this returns, what was written is on disk, and what was deleted is in none of the files (unless a reader stood
    in the way for a second: then the next write clears it). Raises ChatsUnreadable; then nothing was written.
    """
    with _translated(path), _locked(path), closing(_open_to_write(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
        _checkpoint(connection)


def check_owner(owner: str) -> None:
    """Raise ChatsRefused unless the owner can be told from every other in the file."""
    if not 0 < len(owner) <= MOST_OWNER_CHARS or not owner.isprintable():
        raise ChatsRefused(f"an owner has 1 to {MOST_OWNER_CHARS} printable characters, not {owner[:40]!r}")


def conversation_key(connection: Connection, owner: str, conversation: str) -> int:
    """Return the row's key; raises ConversationMissing where the owner has no conversation of this id."""
    check_owner(owner)
    asked = "SELECT key FROM conversation WHERE id = ? AND owner = ?"
    known = conversation.isascii() and len(conversation) <= _MOST_ID_CHARS
    row = connection.execute(asked, (conversation, owner)).fetchone() if known else None
    if row is None:
        raise ConversationMissing(f"no conversation {conversation[:_MOST_ID_CHARS]!r}; it may have been deleted")
    return int(row[0])


def as_json(row: dict[str, Any], what: str) -> bytes:
    """Return the row as the file keeps it; raises ChatsRefused where it is too large or no JSON."""
    try:
        # Halves of surrogate pairs come out as they went in.
        written = json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError) as error:
        raise ChatsRefused(f"{what} is no JSON: {error}") from error
    if len(written) > MOST_JSON_BYTES:
        raise ChatsRefused(f"{what} has {len(written):,} bytes; at most {MOST_JSON_BYTES:,} are kept")
    return written


def from_json(written: bytes) -> dict[str, Any]:
    """Return what as_json was given; raises ValueError for what it did not write."""
    row = json.loads(written.decode("utf-8", "surrogatepass"))
    if not isinstance(row, dict):
        raise json.JSONDecodeError("no object", "", 0)
    return row


def timestamp(after: str | None = None) -> str:
    """Return the time in UTC, ISO 8601 with microseconds, so that it sorts as text; always later than `after`."""
    now = datetime.now(UTC)
    if after is not None:
        now = max(now, datetime.fromisoformat(after) + timedelta(microseconds=1))
    return now.isoformat(timespec="microseconds")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn what the file system and SQLite raise into one line that says what to do."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        raise _unreadable(path, str(error), getattr(error, "sqlite_errorname", "")) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _unreadable(path, str(error), "SQLITE_CORRUPT") from error
    except OSError as error:
        kind = "SQLITE_FULL" if error.errno in _FULL else "SQLITE_CANTOPEN"
        raise _unreadable(path, error.strerror or str(error), kind) from error


def _unreadable(path: Path, said: str, kind: str) -> ChatsUnreadable:
    said = textwrap.shorten(said, _LONGEST_REASON, placeholder=" …")
    if kind.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return ChatsUnreadable(f"the disk under '{path}' is full or failing: {said}; free space and try again")
    if kind.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")):
        return ChatsUnreadable(f"the conversations in '{path}' cannot be opened: {said}; check its permissions")
    if kind.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ChatsUnreadable(f"the conversations in '{path}' are busy: {said}; try again")
    return ChatsUnreadable(
        f"the conversations in '{path}' are damaged ({said}); move the file away, and a new one is begun"
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    import filelock  # noqa: PLC0415 - readers take no lock

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path.with_name(path.name + ".lock"), mode=0o600)
    try:
        lock.acquire(timeout=_LOCK_WAIT_S, poll_interval=_LOCK_POLL_S)
    except filelock.Timeout as error:
        raise _unreadable(path, "another process is writing", "SQLITE_BUSY") from error
    try:
        yield
    finally:
        lock.release()


def _open_to_read(path: Path) -> Connection:
    if path.exists():
        connection = _connect(path, "ro")
        try:
            if _version_of(connection, path):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _make_tables(connection)
    return connection


def _open_to_write(path: Path) -> Connection:
    if not path.exists():
        _create(path)
    connection = _connect(path, "rw")
    try:
        version = _version_of(connection, path)
        for pragma in ("synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", "wal_autocheckpoint=0"):
            connection.execute(f"PRAGMA {pragma}")
        if not version:
            connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode=WAL")
            _make_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: Path) -> None:
    # Closing a file drops all locks that its process has on it: the database's own name is never opened but by SQLite,
    # which gives its log and the log's index the same mode.
    new = path.with_name(path.name + ".new")
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT, 0o600))
    new.rename(path)


def _connect(path: Path, mode: str) -> Connection:
    if not path.is_file():
        raise _unreadable(path, "it is no file", "SQLITE_CANTOPEN")
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def _version_of(connection: Connection, path: Path) -> int:
    """Return the format's number, 0 for a file without tables; raises ChatsUnreadable for what is none of ours."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > _VERSION:
        raise ChatsUnreadable(
            f"the conversations in '{path}' have format {version}, this program reads format {_VERSION}; "
            "upgrade newspulse, or name another file"
        )
    if not version and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise ChatsUnreadable(f"'{path}' holds tables of another program; name another file for the conversations")
    return version


def _make_tables(connection: Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute("COMMIT")


def _checkpoint(connection: Connection) -> None:
    # What was committed is safe in the log: nothing here may hide that.
    with suppress(sqlite3.Error):
        connection.execute(f"PRAGMA busy_timeout={_CHECKPOINT_WAIT_MS}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
