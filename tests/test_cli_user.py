"""The command `rag user` as a person and a script run it: what is asked, told and written."""

import argparse
import io
import re
import stat
import sys
import threading

import pytest
from argon2 import PasswordHasher

from rag.accounts import Accounts, read_roll
from rag.cli_user import add_commands, add_token, set_password
from rag.errors import SettingsInvalid
from rag.settings import Settings

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Terminal(io.StringIO):
    """A standard input that somebody sits at."""

    def isatty(self):
        return True


@pytest.fixture
def path(tmp_path):
    return tmp_path / "accounts"


@pytest.fixture
def user(path, monkeypatch):
    """Return what runs `rag user` with this standard input, or with these answers to its questions."""

    def run(*arguments, typed="", answers=None):
        parser = argparse.ArgumentParser(prog="rag")
        add_commands(parser.add_subparsers(required=True))
        left = iter(answers or [])

        def answer(_prompt):
            for given in left:
                return given
            raise EOFError

        monkeypatch.setattr("getpass.getpass", answer)
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed) if answers is None else Terminal(typed))
        options = parser.parse_args(["user", *arguments, "--auth-file", str(path)])
        return options.run(options, Settings())

    return run


def written(path):
    return path.read_text("utf-8").splitlines()


def test_an_account_is_added_with_a_password_typed_twice(user, path, capsys):
    assert user("add", "alice", answers=["open sesame", "open sesame"]) == 0
    assert capsys.readouterr().out == f"added 'alice' in {path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    comment, line = written(path)
    assert comment.startswith("# ")
    # RFC 9106, section 4, the second recommended option.
    assert line.startswith("alice password $argon2id$v=19$m=65536,t=3,p=4$")
    assert Accounts(path).verify_password("alice", "open sesame")


def test_a_script_pipes_the_password(user, path):
    assert user("add", "alice", typed="open sesame\n") == 0
    assert user("add", "bob", "-", typed="sword fish\r\n", answers=[]) == 0
    accounts = Accounts(path)
    assert accounts.verify_password("alice", "open sesame")
    assert accounts.verify_password("bob", "sword fish")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"typed": ""}, "the password is empty"),
        ({"typed": "\n"}, "the password is empty"),
        ({"typed": "seven 7\n"}, "has 7 characters; 8 to 1024"),
        ({"typed": "x" * 1025}, "8 to 1024"),
        ({"typed": "open sesame\nopen sesame\n"}, "one plain line"),
        ({"typed": "open\0sesame"}, "one plain line"),
        ({"typed": "open \udcff sesame"}, "no UTF-8"),
        ({"answers": ["open sesame", "open says me"]}, "differ; nothing was changed"),
        ({"answers": ["seven 7", "seven 7"]}, "has 7 characters"),
        ({"answers": ["open sesame"]}, "no password was given"),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(user, path, given, reason):
    with pytest.raises(SettingsInvalid, match=reason):
        user("add", "alice", **given)
    assert not path.exists()


def test_a_password_is_never_an_argument(user, path):
    with pytest.raises(SystemExit) as ended:
        user("add", "alice", "opensesame")
    assert ended.value.code == 2
    assert not path.exists()


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "#alice", "x" * 65, "a\x1b[2J", "a\u202eb", "a\u00a0b", "\udcff"])
def test_a_name_that_will_not_do_is_refused(user, path, name):
    with pytest.raises(SettingsInvalid, match="cannot be a name"):
        user("add", name, typed="open sesame")
    assert not path.exists()


def test_a_new_password_takes_the_place_of_the_old_one_and_all_else_stays(user, path, capsys):
    set_password(path, "alice", "open sesame", hasher=CHEAP)
    path.write_text("# the desk\n\n" + path.read_text() + "  # the night shift\n")
    set_password(path, "bob", "swordfish", hasher=CHEAP)
    add_token(path, "alice", "backup")
    before = written(path)
    capsys.readouterr()
    assert user("add", "alice", typed="fresh words") == 0
    assert capsys.readouterr().out == f"gave a new password to 'alice' in {path}\n"
    after = written(path)
    assert [number for number, line in enumerate(before) if line != after[number]] == [3]
    assert len(after) == len(before) == 7
    assert Accounts(path).verify_password("alice", "fresh words")


def test_a_token_is_shown_once_and_lets_in(user, path, capsys):
    set_password(path, "alice", "open sesame", hasher=CHEAP)
    assert user("token", "alice", "--label", "backup") == 0
    told = capsys.readouterr()
    token = told.out.strip()
    assert re.fullmatch(r"rag_[\w-]{43}", token)
    assert "shown this once" in told.err
    assert token not in path.read_text()
    assert Accounts(path).owner_of_token(token) == "alice"
    assert add_token(path, "alice", "other") != token


def test_a_token_needs_an_account_and_a_label_of_its_own(user, path):
    set_password(path, "alice", "open sesame", hasher=CHEAP)
    add_token(path, "alice", "backup")
    before = written(path)
    for name, label, reason in (
        ("carol", "backup", "no account 'carol'"),
        ("alice", "backup", "remove alice --label backup"),
        ("alice", "a b", "cannot be a label"),
    ):
        with pytest.raises(SettingsInvalid, match=reason):
            user("token", name, "--label", label)
    assert written(path) == before


def test_the_list_names_every_account_with_its_tokens(user, path, capsys):
    for name in ("bob", "alice"):
        set_password(path, name, "open sesame", hasher=CHEAP)
    for label in ("backup", "desk"):
        add_token(path, "bob", label)
    path.write_text(path.read_text() + f"carol token lost sha256:{'0' * 64}\n")
    assert user("list") == 0
    assert capsys.readouterr().out.splitlines() == [
        "alice  no token",
        "bob  tokens: backup, desk",
        "carol  no password, so not in force: tokens: lost",
        "accounts: 2",
    ]


def test_an_account_is_removed_with_its_tokens_or_a_token_alone(user, path, capsys):
    for name in ("alice", "bob"):
        set_password(path, name, "open sesame", hasher=CHEAP)
        for label in ("backup", "desk"):
            add_token(path, name, label)
    assert user("remove", "bob", "--label", "desk") == 0
    assert capsys.readouterr().out == f"removed the token 'desk' of 'bob' from {path}; tokens removed: 1\n"
    assert user("remove", "alice") == 0
    assert capsys.readouterr().out == f"removed 'alice' from {path}; tokens removed: 2\n"
    roll = read_roll(path)
    assert (list(roll.passwords), [(t.name, t.label) for t in roll.tokens]) == (["bob"], [("bob", "backup")])
    before = written(path)
    for arguments in (["alice"], ["bob", "--label", "desk"], ["bob", "--label", ""], ["back"]):
        with pytest.raises(SettingsInvalid):
            user("remove", *arguments)
    assert written(path) == before


def test_a_file_that_does_not_read_is_left_as_it_is(user, path):
    path.write_text("alice password hunter2hunter2\n")
    for arguments in (["add", "bob"], ["token", "alice", "--label", "x"], ["remove", "alice"], ["list"]):
        with pytest.raises(SettingsInvalid, match="line 1"):
            user(*arguments, typed="open sesame")
    assert path.read_text() == "alice password hunter2hunter2\n"


def test_without_a_file_only_adding_makes_one(user, path, monkeypatch):
    for arguments in (["token", "alice", "--label", "x"], ["remove", "alice"], ["list"]):
        with pytest.raises(SettingsInvalid, match="run: rag user add NAME"):
            user(*arguments)
    assert list(path.parent.iterdir()) in ([], [path.with_name(".accounts.lock")])


def test_a_link_stays_a_link_and_the_file_behind_it_changes(user, path, tmp_path):
    real = tmp_path / "secrets" / "accounts"
    path.symlink_to(real)
    assert user("add", "alice", typed="open sesame") == 0
    assert path.is_symlink()
    assert list(read_roll(real).passwords) == ["alice"]
    assert stat.S_IMODE(real.parent.stat().st_mode) == 0o700


def test_a_file_that_cannot_be_written_is_told_of(user, path):
    path.parent.joinpath("plain").touch()
    with pytest.raises(SettingsInvalid, match="cannot be written: File exists"):
        set_password(path.parent / "plain" / "accounts", "alice", "open sesame", hasher=CHEAP)
    path.mkdir()
    with pytest.raises(SettingsInvalid, match="a plain file"):
        user("add", "alice", typed="open sesame")


def test_a_write_that_fails_leaves_the_old_file_and_no_other(path, monkeypatch):
    set_password(path, "alice", "open sesame", hasher=CHEAP)
    before = path.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(SettingsInvalid, match="No space left on device; nothing was changed"):
        set_password(path, "bob", "swordfish", hasher=CHEAP)
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == [".accounts.lock", "accounts"]


def test_changes_at_the_same_time_lose_nothing(path):
    names = [f"user{number}" for number in range(12)]
    starts = threading.Barrier(len(names), timeout=20)

    def add(name):
        starts.wait()
        set_password(path, name, "open sesame", hasher=CHEAP)

    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(read_roll(path).passwords) == sorted(names)


def test_a_file_that_others_can_read_is_told_of_and_closed(user, path, capsys):
    set_password(path, "alice", "open sesame", hasher=CHEAP)
    path.chmod(0o644)
    assert user("list") == 0
    assert "open to others (mode 0644); run: chmod 600" in capsys.readouterr().err
    assert user("add", "bob", typed="open sesame") == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_comes_from_the_settings_too_and_must_come_from_somewhere(path, capsys):
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    options = parser.parse_args(["user", "list"])
    set_password(path, "alice", "open sesame", hasher=CHEAP)
    assert options.run(options, argparse.Namespace(auth_file=path)) == 0
    assert "alice" in capsys.readouterr().out
    with pytest.raises(SettingsInvalid, match="--auth-file FILE, or set RAG_AUTH_FILE"):
        options.run(options, argparse.Namespace(auth_file=None))


def test_help_teaches_and_a_command_is_needed(user, capsys):
    for arguments, code, word in ((["--help"], 0, "rag user add alice"), ([], 2, "COMMAND")):
        with pytest.raises(SystemExit) as ended:
            user(*arguments)
        assert ended.value.code == code
        told = capsys.readouterr()
        assert word in told.out + told.err
