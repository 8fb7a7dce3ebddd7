"""The command `rag user`, which alone changes the file of accounts. Knows no page and no request.

A change is written beside the file and put in its place whole, under a lock; comments and the order of lines stay.
"""

import argparse
import getpass
import os
import secrets
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rag.errors import SettingsInvalid
from rag.exits import GOOD
from rag.settings import Settings
from rag.terminal import printable

if TYPE_CHECKING:
    from rag.accounts import Hasher, Roll

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1024
_LOCK_WAIT_S = 10.0
_HEADER = "# Accounts of newspulse; change them with: rag user --help"

_ABOUT = """\
Keep the accounts that may sign in to the web chat and its programs' interface.

  rag user add alice --auth-file accounts                asks for her password twice, without showing it
  echo "$PASSWORD" | rag user add alice - --auth-file accounts
  rag user token alice --label backup --auth-file accounts   prints a token once, for a program that asks in her name
  rag user list --auth-file accounts
  rag user remove alice --label backup --auth-file accounts  without --label: alice and all of her tokens

The file holds no password and no token, only what they can be checked with. It takes effect at once, also in a
server that runs. RAG_AUTH_FILE, or auth_file in the settings file, stands for --auth-file.
"""


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `user` and its own commands."""
    user = commands.add_parser(
        "user",
        help="keep the accounts that may sign in",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--auth-file", type=Path, metavar="FILE", help="the accounts (default: RAG_AUTH_FILE)")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("name", metavar="NAME", help="1 to 64 printable characters without white space")
    wanted = user.add_subparsers(title="commands", metavar="COMMAND", required=True)

    add = wanted.add_parser(
        "add",
        parents=[named, shared],
        help="add an account, or give one a new password",
        epilog="A new password ends the account's sessions; its tokens stay.",
    )
    add.add_argument("source", nargs="?", choices=["-"], metavar="-", help="take the password from standard input")
    add.set_defaults(run=_add)

    token = wanted.add_parser("token", parents=[named, shared], help="print a new token of an account, once")
    token.add_argument("--label", required=True, metavar="L", help="what the token is for, as `rag user list` shows it")
    token.set_defaults(run=_token)

    shown = wanted.add_parser("list", parents=[shared], help="list the accounts with the labels of their tokens")
    shown.set_defaults(run=_list)

    remove = wanted.add_parser("remove", parents=[named, shared], help="remove an account, or one of its tokens")
    remove.add_argument("--label", metavar="L", help="remove this token alone")
    remove.set_defaults(run=_remove)


def _add(options: argparse.Namespace, settings: Settings) -> int:
    path = _auth_file(options, settings)
    name = _checked(options.name, "a name")
    # A file that does not read is told of before anybody types a password.
    _standing(path.resolve(), or_new=True)
    known = set_password(path, name, _asked_password(from_input=options.source == "-"))
    done = "gave a new password to" if known else "added"
    _tell(f"{done} '{name}' in {printable(str(path))}", sys.stdout)
    return GOOD


def _token(options: argparse.Namespace, settings: Settings) -> int:
    name, label = _checked(options.name, "a name"), _checked(options.label, "a label")
    token = add_token(_auth_file(options, settings), name, label)
    _tell(token, sys.stdout)
    _tell("rag: keep it now, it is shown this once; send it as: Authorization: Bearer TOKEN", sys.stderr)
    return GOOD


def _list(options: argparse.Namespace, settings: Settings) -> int:
    from rag.accounts import read_roll  # noqa: PLC0415 - `rag --help` loads nothing that hashes

    for line in account_lines(read_roll(_auth_file(options, settings))):
        _tell(line, sys.stdout)
    return GOOD


def _remove(options: argparse.Namespace, settings: Settings) -> int:
    path = _auth_file(options, settings)
    name = _checked(options.name, "a name")
    label = None if options.label is None else _checked(options.label, "a label")
    tokens = remove(path, name, label)
    what = f"'{name}'" if label is None else f"the token '{label}' of '{name}'"
    _tell(f"removed {what} from {printable(str(path))}; tokens removed: {tokens}", sys.stdout)
    return GOOD


def account_lines(roll: "Roll") -> Iterator[str]:
    """Yield a line an account in order of names, with its tokens' labels; tokens that nobody owns are told of."""
    for name in sorted({*roll.passwords, *(t.name for t in roll.tokens)}):
        labels = ", ".join(t.label for t in roll.tokens if t.name == name)
        told = f"tokens: {labels}" if labels else "no token"
        yield f"{name}  {told}" if name in roll.passwords else f"{name}  no password, so not in force: {told}"
    yield f"accounts: {len(roll.passwords)}"


def set_password(path: Path, name: str, password: str, *, hasher: "Hasher | None" = None) -> bool:
    """Write the account's password, and return whether there was such an account. Makes the file if there is none."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - as above

    from rag.accounts import bytes_of  # noqa: PLC0415 - as above

    line = f"{name} password {(hasher or PasswordHasher()).hash(bytes_of(password))}"
    known = False

    def changed(lines: list[str]) -> list[str]:
        nonlocal known
        known = any(_gives(old, name, "password") for old in lines)
        return [line if _gives(old, name, "password") else old for old in lines] + ([] if known else [line])

    _change(path, changed, or_new=True)
    return known


def add_token(path: Path, name: str, label: str) -> str:
    """Return a new token of the account, 256 random bits, of which the file gets the SHA-256."""
    from rag.accounts import sha256_of  # noqa: PLC0415 - as above

    token = f"rag_{secrets.token_urlsafe(32)}"

    def changed(lines: list[str]) -> list[str]:
        if not any(_gives(line, name, "password") for line in lines):
            raise SettingsInvalid(f"no account '{name}' in '{path}'; run: rag user add {name}")
        if any(_gives(line, name, "token", label) for line in lines):
            raise SettingsInvalid(
                f"'{name}' has a token '{label}'; choose another label, or run: rag user remove {name} --label {label}"
            )
        return [*lines, f"{name} token {label} sha256:{sha256_of(token)}"]

    _change(path, changed)
    return token


def remove(path: Path, name: str, label: str | None = None) -> int:
    """Remove the account with its tokens, or its token of this label alone; return how many tokens went."""
    gone: list[str] = []

    def changed(lines: list[str]) -> list[str]:
        asked = [("password",), ("token",)] if label is None else [("token", label)]
        gone.extend(line for line in lines if any(_gives(line, name, *fields) for fields in asked))
        if not gone:
            what = f"no account '{name}'" if label is None else f"no token '{label}' of '{name}'"
            raise SettingsInvalid(f"{what} in '{path}'; see: rag user list")
        return [line for line in lines if line not in gone]

    _change(path, changed)
    return sum(_gives(line, name, "token") for line in gone)


def _gives(line: str, *fields: str) -> bool:
    """Return whether the line begins with these fields."""
    return tuple(unicodedata.normalize("NFC", line).split()[: len(fields)]) == fields


def _change(path: Path, changed: Callable[[list[str]], list[str]], *, or_new: bool = False) -> None:
    from filelock import FileLock, Timeout  # noqa: PLC0415 - as above

    path = path.resolve()
    try:
        if or_new:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_LOCK_WAIT_S):
            _write(path, changed(_standing(path, or_new=or_new)))
    except Timeout as error:
        raise SettingsInvalid(f"another process is changing '{path}'; try again") from error
    except OSError as error:
        said = f"the file of accounts '{path}' cannot be written: {error.strerror or error}; nothing was changed"
        raise SettingsInvalid(said) from error


def _standing(path: Path, *, or_new: bool) -> list[str]:
    """Return the file's lines, all of which fit; those of a new one where there is none and `or_new`."""
    from rag.accounts import read_lines, roll_of  # noqa: PLC0415 - as above

    if or_new and not os.path.lexists(path):
        return [_HEADER]
    lines = read_lines(path)
    roll_of(lines, path)
    return lines


def _write(path: Path, lines: Sequence[str]) -> None:
    """Put the lines in the file's place, whole or not at all; only the owner can read it."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            # Run by root, it must not take the file away from who serves.
            with suppress(OSError):
                os.fchown(descriptor, (about := path.stat()).st_uid, about.st_gid)
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
        _keep(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _keep(folder: Path) -> None:
    """Let what was put into the folder outlive a loss of power: a removed account must not come back."""
    descriptor = os.open(folder, os.O_RDONLY)
    # Not every file system does this for a folder; the change stands all the same.
    with suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)


def _auth_file(options: argparse.Namespace, settings: Settings) -> Path:
    from rag.accounts import exposure  # noqa: PLC0415 - as above

    path: Path | None = options.auth_file or settings.auth_file
    if path is None:
        raise SettingsInvalid("no file of accounts is named; add --auth-file FILE, or set RAG_AUTH_FILE")
    path = path.expanduser()
    warning = exposure(path)
    if warning:
        _tell(f"rag: {printable(warning)}", sys.stderr)
    return path


def _checked(name: str, what: str) -> str:
    from rag.accounts import fits_as_name, normal  # noqa: PLC0415 - as above

    if not fits_as_name(name):
        allowed = "1 to 64 printable characters without white space are needed, the first no #"
        raise SettingsInvalid(f"'{name}' cannot be {what}; {allowed}")
    return normal(name)


def _asked_password(*, from_input: bool) -> str:
    try:
        if from_input or not sys.stdin.isatty():
            return _checked_password(sys.stdin.read(LONGEST_PASSWORD + 3).removesuffix("\n").removesuffix("\r"))
        password = _checked_password(getpass.getpass("Password: "))
        again = getpass.getpass("The same again: ")
    except EOFError as error:
        raise SettingsInvalid("no password was given; nothing was changed") from error
    except UnicodeDecodeError as error:
        raise SettingsInvalid("the password is no UTF-8; nothing was changed") from error
    if password != again:
        raise SettingsInvalid("the two passwords differ; nothing was changed, run it again")
    return password


def _checked_password(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        given = f"has {len(password)} characters" if password else "is empty"
        raise SettingsInvalid(f"the password {given}; {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} are needed")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in password):
        raise SettingsInvalid("the password holds a control character or is no UTF-8; give it as one plain line")
    return password


def _tell(line: str, stream: IO[str]) -> None:
    print(line, file=stream)
