"""Opens the store's SQLite file: pragmas, who may write. Knows no article; stores and readers build on it.

Every read-write connection lives wholly inside the writer's file lock, so two writers, or a writer and a checkpointer,
never meet: that is the precondition of SQLite's WAL-reset bug (3.7.0 to 3.51.2) and of "database is locked".
Readers open `mode=ro`: they can neither checkpoint nor reset the log.
"""

import errno
import os
import sqlite3
import textwrap
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote

from rag.errors import StoreBusy, StoreDamaged, StoreMismatch, StoreMissing, StoreUnwritable
from rag.schema import OLDEST_REBUILT, SCHEMA_VERSION, statements

DATABASE = "store.db"
LOCK = "write.lock"
OWNER = "write.owner"
WORDS = "words"
"""The folder of the word index's arrays, where the store is large."""
_LOCK_WAIT_S = 30.0
_BUSY_TIMEOUT_MS = 30_000
# SQLite may quote a whole damaged table.
_LONGEST_REASON = 120
_WAL_TRUNCATED_ABOVE = 64 * 2**20


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors into the store's, each with what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        said = str(error)
        if "readonly" in said or "unable to open" in said:
            raise StoreUnwritable(f"the store in '{folder}' cannot be opened: {said}; check its permissions") from error
        if "full" in said or "disk I/O" in said:
            raise _disk_full(folder, said) from error
        if "locked" in said or "busy" in said:
            raise StoreBusy(f"the store in '{folder}' is busy: {said}; try again") from error
        raise damaged(folder, error) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        # SQLite quotes a damaged schema in its message, which then is no UTF-8.
        raise damaged(folder, error) from error


def damaged(folder: Path, why: object) -> StoreDamaged:
    """Return what to raise where the store's contents do not read."""
    said = textwrap.shorten(str(why), _LONGEST_REASON, placeholder=" …")
    return StoreDamaged(
        f"the store in '{folder}' is damaged ({said}); "
        f"move the folder away and run: rag index --store {folder} ARTICLES"
    )


@dataclass(frozen=True, slots=True)
class Frozen:
    """How a file stood that is read as it lies, without locks: SQLite would not notice that it changed."""

    path: Path
    state: tuple[int, ...]

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return how the file stands now."""
        about = path.stat()
        return cls(path, (about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns))

    def has_changed(self) -> bool:
        """Return whether what was read since may be out of date or torn."""
        try:
            return _has_log(self.path) or Frozen.of(self.path) != self
        except OSError:
            return True


def open_to_read(folder: Path, *, oldest: int = SCHEMA_VERSION) -> tuple[sqlite3.Connection, Frozen | None]:
    """Return a read-only connection to the store in the folder, and how its file stands where that is read unlocked.

    `oldest` is the oldest format taken.
    Raises StoreMissing, StoreDamaged, StoreMismatch, and StoreUnwritable where the folder cannot be entered.
    """
    path = folder / DATABASE
    try:
        _check_is_file(path, folder)
        if not path.exists():
            raise StoreMissing(f"no store in '{folder}'; run: rag index --store {folder} ARTICLES")
        with translated(folder):
            connection, version, frozen = _begin_to_read(path, folder)
    except OSError as error:
        raise _unreachable(folder, error) from error
    if oldest <= version <= SCHEMA_VERSION:
        return connection, frozen
    connection.close()
    if version == 0:
        raise StoreMissing(f"no finished store in '{folder}'; run: rag index --store {folder} ARTICLES")
    raise _other_version(version, folder)


@contextmanager
def open_to_write(
    folder: Path, *, wait_s: float = _LOCK_WAIT_S, oldest: int = SCHEMA_VERSION
) -> Iterator[sqlite3.Connection]:
    """Hold the writer's lock and a read-write connection; an empty store gets its schema in one transaction.

    Raises StoreBusy when another process keeps the lock for `wait_s` seconds, StoreUnwritable, StoreDamaged or
    StoreMismatch. The body runs its own transactions; an open one is rolled back when it raises.
    """
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(folder, wait_s))
            _check_is_file(folder / DATABASE, folder)
        except OSError as error:
            raise _unreachable(folder, error) from error
        with translated(folder):
            connection = _connect(folder / DATABASE, "mode=rwc")
            stack.callback(_finish, connection, folder)
            _prepare(connection, folder, oldest)
        yield connection


@contextmanager
def _locked(folder: Path, wait_s: float) -> Iterator[None]:
    import filelock  # noqa: PLC0415 - readers take no lock

    lock = filelock.FileLock(folder / LOCK, timeout=wait_s)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        owner = _read_owner(folder)
        raise StoreBusy(f"the store in '{folder}' is being written by {owner}; try again when it is done") from error
    try:
        # Only said to those who wait: a full disk must not keep anyone from deleting.
        with suppress(OSError):
            (folder / OWNER).write_text(f"process {os.getpid()} since {time.strftime('%H:%M:%S')}", "utf-8")
        yield
    finally:
        lock.release()


def _begin_to_read(path: Path, folder: Path) -> tuple[sqlite3.Connection, int, Frozen | None]:
    try:
        return *_connect_and_read_version(path, "mode=ro"), None
    except sqlite3.OperationalError as error:
        if "unable to open" not in str(error) and "readonly" not in str(error):
            raise
        # On read-only media a log's index cannot be made. Without a log the file is whole as it stands; beside one,
        # immutable=1 would silently leave out what is committed there.
        if _has_log(path):
            raise StoreUnwritable(
                f"the store in '{folder}' was not closed and cannot be read where it cannot be written; "
                f"run once, as its owner: rag list --store {folder}"
            ) from error
        frozen = Frozen.of(path)
        return *_connect_and_read_version(path, "mode=ro&immutable=1"), frozen


def _connect_and_read_version(path: Path, mode: str) -> tuple[sqlite3.Connection, int]:
    connection = _connect(path, mode)
    try:
        return connection, _read_version(connection)
    except BaseException:
        connection.close()
        raise


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    # A generator's frames may be resumed by different threads, one at a time; SQLite itself is serialized.
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _read_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _prepare(connection: sqlite3.Connection, folder: Path, oldest: int) -> None:
    version = _read_version(connection)
    if version and not oldest <= version <= SCHEMA_VERSION:
        raise _other_version(version, folder)
    if not version and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise damaged(folder, f"'{DATABASE}' holds tables of another program")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    if version:
        return
    connection.execute("BEGIN IMMEDIATE")
    for statement in statements():
        connection.execute(statement)
    connection.execute("INSERT INTO meta VALUES ('store_id', ?), ('generation', '0')", (str(uuid.uuid4()),))
    connection.execute("COMMIT")


def _finish(connection: sqlite3.Connection, folder: Path) -> None:
    # What was committed is safe in the log, and what was not is gone with the connection: neither may hide an error.
    with suppress(sqlite3.DatabaseError, OSError):
        if connection.in_transaction:
            connection.rollback()
        log = _log_of(folder / DATABASE)
        mode = "TRUNCATE" if log.exists() and log.stat().st_size > _WAL_TRUNCATED_ABOVE else "PASSIVE"
        connection.execute(f"PRAGMA wal_checkpoint({mode})")
    connection.close()


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _has_log(path: Path) -> bool:
    log = _log_of(path)
    return log.exists() and log.stat().st_size > 0


def _check_is_file(path: Path, folder: Path) -> None:
    if path.exists() and not path.is_file():
        raise damaged(folder, f"'{path.name}' is not a file")


def _read_owner(folder: Path) -> str:
    try:
        return (folder / OWNER).read_text("utf-8") or "another process"
    except (OSError, UnicodeDecodeError):
        return "another process"


def _unreachable(folder: Path, error: OSError) -> StoreUnwritable:
    said = error.strerror or str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        return StoreUnwritable(f"'{folder}' is not a folder; give another: --store FOLDER")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return StoreUnwritable(f"the store in '{folder}' cannot be opened: {said}; check its permissions")
    return _disk_full(folder, said)


def _disk_full(folder: Path, said: str) -> StoreUnwritable:
    return StoreUnwritable(
        f"the disk under '{folder}' is full or failing: {said}; nothing was lost, free space and try again"
    )


def _other_version(version: int, folder: Path) -> StoreMismatch:
    said = f"the store in '{folder}' has format {version}, this program writes format {SCHEMA_VERSION}; "
    if OLDEST_REBUILT <= version < SCHEMA_VERSION:
        return StoreMismatch(f"{said}run: rag index --rebuild --store {folder}")
    return StoreMismatch(f"{said}upgrade newspulse, or make a new store: rag index --store OTHER_FOLDER ARTICLES")
