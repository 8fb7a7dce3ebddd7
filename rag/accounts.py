"""Who may sign in: a file of accounts and tokens, read again when it changes. Knows no request and no page.

A line is an account or one of its tokens; a line that begins with # is a comment:

    alice password $argon2id$v=19$m=65536,t=3,p=4$...
    alice token backup sha256:9f86d081884c7d65...

A session is a name signed with that account's password hash, whose salt nobody else knows. So no further secret has to
be kept, sessions outlive a restart, and a new password or a removed account ends them. Tokens are in force only while
their account has a password: taking one line away takes all of it away.
"""

import hashlib
import hmac
import logging
import re
import secrets
import stat
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from itsdangerous import BadData, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

from rag.errors import SettingsInvalid

SESSION_S = 7 * 24 * 3600
_LONGEST_NAME = 64
_LONGEST_FILE_BYTES = 2**20
# Unicode's normal form takes time with the square of a run of combining marks: 30,000 of them 0.6 s.
_LONGEST_NORMALIZED = 1024
_LONGEST_SESSION = 1024
_PASSWORD = re.compile(r"\$argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+")
_TOKEN = re.compile(r"sha256:([0-9a-f]{64})")

_log = logging.getLogger(__name__)


class Hasher(Protocol):
    """What argon2's PasswordHasher does."""

    def hash(self, password: bytes, /) -> str:
        """Return the password's hash, with a salt of its own."""

    def verify(self, hashed: str, password: bytes, /) -> bool:
        """Return True if the password fits the hash; raises VerificationError or InvalidHashError otherwise."""


@dataclass(frozen=True, slots=True)
class Token:
    """What lets a program in as an account; what the token was cannot be told from its SHA-256."""

    name: str
    label: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Roll:
    """The accounts as the file had them at one time: names with their password hashes, and the tokens."""

    passwords: Mapping[str, str]
    tokens: tuple[Token, ...]


class Accounts:
    """Says who somebody is, from the file as it stands at that moment; safe to ask from several threads.

    Where a changed file does not read, the accounts read before stay in force and the log says why. Raises
    SettingsInvalid where the file does not read at the start.
    """

    def __init__(self, path: Path, *, hasher: Hasher | None = None, clock: Callable[[], float] | None = None) -> None:
        self._path = path
        self._hasher = hasher or PasswordHasher()
        self._clock = clock or time.time
        self._lock = Lock()
        self._told = ""
        # Before it is read: a change in between is seen as one.
        self._read_at = _state_of(path)
        self._roll = read_roll(path)
        self._warn()
        self._nobody = self._hasher.hash(secrets.token_bytes())

    def exists(self, name: str) -> bool:
        """Return whether there is an account of this name."""
        return normal(name) in self._current().passwords

    def verify_password(self, name: str, password: str) -> bool:
        """Return whether the password is the account's; takes as long where there is no such account."""
        hashed = self._current().passwords.get(normal(name))
        try:
            fits = self._hasher.verify(hashed or self._nobody, bytes_of(password))
        except (VerificationError, InvalidHashError):
            return False
        return fits and hashed is not None

    def owner_of_token(self, token: str) -> str | None:
        """Return the name of the account that the token lets in; compares with every one, so that none stands out."""
        roll = self._current()
        sha256 = sha256_of(token)
        owners = [t.name for t in roll.tokens if hmac.compare_digest(t.sha256, sha256) and t.name in roll.passwords]
        return owners[0] if owners else None

    def session_of(self, name: str) -> str | None:
        """Return a signed session of the account, in characters that a cookie takes; None without such an account."""
        name = normal(name)
        hashed = self._current().passwords.get(name)
        return self._signer(hashed).sign(base64_encode(name)).decode() if hashed else None

    def owner_of_session(self, session: str) -> str | None:
        """Return the account's name if the session is one of ours, at most seven days old, and nothing ended it."""
        if len(session) > _LONGEST_SESSION:
            return None
        try:
            name = base64_decode(session.partition(".")[0]).decode()
            hashed = self._current().passwords.get(name)
            if not hashed:
                return None
            self._signer(hashed).unsign(session, max_age=SESSION_S)
        except (BadData, ValueError):
            return None
        return name

    def _signer(self, hashed: str) -> TimestampSigner:
        return _Signer(hashed, self._clock)

    def _current(self) -> Roll:
        with self._lock:
            state = _state_of(self._path)
            if state == self._read_at:
                return self._roll
            try:
                self._roll, self._read_at = read_roll(self._path), state
            except SettingsInvalid as error:
                # Once: it is tried again whenever somebody asks.
                if str(error) != self._told:
                    _log.warning("%s; the accounts read before stay in force", error)
                self._told = str(error)
            else:
                self._told = ""
                self._warn()
            return self._roll

    def _warn(self) -> None:
        warning = exposure(self._path)
        if warning:
            _log.warning("%s", warning)


class _Signer(TimestampSigner):
    """Signs with a password hash for a key, by the clock it is given."""

    def __init__(self, hashed: str, clock: Callable[[], float]) -> None:
        super().__init__(hashed, salt=b"newspulse session", key_derivation="hmac", digest_method=hashlib.sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        """Return the seconds since 1970."""
        return int(self._clock())


def fits_as_name(name: str) -> bool:
    """Return whether an account or a token's label can be called so."""
    name = normal(name)
    return 1 <= len(name) <= _LONGEST_NAME and name.isprintable() and not re.search(r"\s", name) and name[0] != "#"


def read_roll(path: Path) -> Roll:
    """Return the file's accounts; raises SettingsInvalid where it cannot be read, with the line that does not fit."""
    return roll_of(read_lines(path), path)


def read_lines(path: Path) -> list[str]:
    """Return the file's lines in order; raises SettingsInvalid where it cannot be read."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > _LONGEST_FILE_BYTES:
            raise SettingsInvalid(f"'{path}' is no file of accounts: a plain file of at most 1 MiB is needed")
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        said = f"there is no file of accounts '{path}'; run: rag user add NAME --auth-file {path}"
        raise SettingsInvalid(said) from error
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise SettingsInvalid(f"the file of accounts '{path}' cannot be read: {said}") from error
    return [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")] if text else []


def roll_of(lines: Sequence[str], path: Path) -> Roll:
    """Return the accounts that the lines of the file `path` give; raises SettingsInvalid at one that does not fit."""
    given: dict[tuple[str, ...], str] = {}
    for number, line in enumerate(lines, 1):
        try:
            read = _read_line(line)
        except ValueError as error:
            raise SettingsInvalid(f"'{path}', line {number}: {error}") from None
        if read:
            given_to, value = read
            if given_to in given:
                raise SettingsInvalid(f"'{path}', line {number}: an earlier line gives the same; keep one of them")
            given[given_to] = value
    passwords = {key[0]: value for key, value in given.items() if key[1] == "password"}
    tokens = tuple(Token(key[0], key[2], value) for key, value in given.items() if key[1] == "token")
    return Roll(MappingProxyType(passwords), tokens)


def _read_line(line: str) -> tuple[tuple[str, ...], str] | None:
    """Return (name, kind, label of a token) with the hash, None for a comment.

    A ValueError's text never quotes the line: it may hold a secret.
    """
    name, *fields = normal(line).split() or ["#"]
    match fields:
        case _ if name.startswith("#"):
            return None
        case ["password", hashed] if fits_as_name(name):
            if not _PASSWORD.fullmatch(hashed):
                raise ValueError("the password is no argon2id hash; take the line out and run: rag user add NAME")
            return (name, "password"), hashed
        case ["token", label, written] if fits_as_name(name) and fits_as_name(label):
            found = _TOKEN.fullmatch(written)
            if not found:
                raise ValueError("the token is no sha256: and 64 hexadecimal digits; run: rag user token NAME")
            return (name, "token", label), found[1]
    raise ValueError("neither NAME password $argon2id$... nor NAME token LABEL sha256:...; begin a comment with #")


def exposure(path: Path) -> str | None:
    """Return a warning where others than the file's owner can read or write it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
    if not mode & 0o077:
        return None
    return f"the file of accounts '{path}' is open to others (mode {mode:04o}); run: chmod 600 {path}"


def _state_of(path: Path) -> tuple[int, ...] | None:
    try:
        about = path.stat()
    except (OSError, ValueError):
        return None
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def normal(text: str) -> str:
    """Return the text with every accented letter as one character, however it was typed; one too long as it is."""
    return unicodedata.normalize("NFC", text) if len(text) <= _LONGEST_NORMALIZED else text


def bytes_of(password: str) -> bytes:
    """Return what of a password is hashed."""
    return normal(password).encode("utf-8", "surrogatepass")


def sha256_of(token: str) -> str:
    """Return what the file keeps of a token, in hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
