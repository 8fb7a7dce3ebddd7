"""Who may sign in: passwords, tokens and sessions, from a file that may change or break at any time."""

import logging
import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from rag.accounts import SESSION_S, Accounts, exposure, read_roll, sha256_of
from rag.errors import SettingsInvalid

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ALICE, BOB = (
    f"{name} password {CHEAP.hash(secret)}" for name, secret in (("alice", "open sesame"), ("bob", "swordfish"))
)
TOKEN = f"alice token backup sha256:{sha256_of('rag_abc')}"
HASH = ALICE.split()[2]


class CountingHasher:
    """Hashes cheaply and keeps what it verified against."""

    def __init__(self):
        self.verified = []

    def hash(self, password):
        return CHEAP.hash(password)

    def verify(self, hashed, password):
        self.verified.append(hashed)
        return CHEAP.verify(hashed, password)


class Clock:
    def __init__(self, now=1_800_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


def put(path, *lines):
    """Put the lines in the file's place, as a careful editor does."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    fresh.replace(path)
    return path


@pytest.fixture
def path(tmp_path):
    return put(tmp_path / "accounts", "# those who may", "", ALICE, TOKEN, BOB)


def accounts_of(path, clock=None):
    return Accounts(path, hasher=CHEAP, clock=clock)


def test_the_password_lets_in_and_nothing_else_does(path):
    accounts = accounts_of(path)
    assert accounts.verify_password("alice", "open sesame")
    for name, password in (
        ("alice", "swordfish"),
        ("alice", ""),
        ("alice", "open sesame "),
        ("alice", HASH),
        ("alice", "\ud800"),
        ("Alice", "open sesame"),
        ("carol", "open sesame"),
        ("", ""),
        ("#", "open sesame"),
        ("alice", "x" * 100_000),
    ):
        assert not accounts.verify_password(name, password)


def test_an_accented_name_and_password_fit_however_they_were_typed(tmp_path):
    name, password = "zoë", "été à la mer"
    path = put(tmp_path / "accounts", f"{name} password {CHEAP.hash(password)}")
    apart = [unicodedata.normalize("NFD", text) for text in (name, password)]
    assert apart != [name, password]
    assert accounts_of(path).verify_password(*apart)
    assert accounts_of(path).exists(apart[0])


def test_an_unknown_name_costs_one_verification_as_a_wrong_and_a_right_password_do(path):
    hasher = CountingHasher()
    accounts = Accounts(path, hasher=hasher)
    tried = (("alice", "wrong"), ("carol", "wrong"), ("alice", "open sesame"), ("a b", ""), ("carol", HASH))
    for count, (name, password) in enumerate(tried, 1):
        accounts.verify_password(name, password)
        assert len(hasher.verified) == count
    # As costly, too.
    assert [extract_parameters(hashed) for hashed in hasher.verified] == [extract_parameters(HASH)] * len(tried)


def test_an_unknown_name_is_nobody_whatever_its_password(path):
    hasher = CountingHasher()
    hasher.verify = lambda hashed, password: True
    accounts = Accounts(path, hasher=hasher)
    assert accounts.verify_password("alice", "anything")
    assert not accounts.verify_password("carol", "anything")


def test_a_changed_file_takes_effect_at_once(path):
    accounts = accounts_of(path)
    put(path, BOB, f"carol password {CHEAP.hash('fresh words')}")
    assert accounts.verify_password("carol", "fresh words")
    assert accounts.exists("carol")
    assert not accounts.verify_password("alice", "open sesame")
    assert not accounts.exists("alice")
    assert accounts.owner_of_token("rag_abc") is None


def test_a_changed_file_that_does_not_read_keeps_the_accounts_and_is_logged_once(path, caplog):
    accounts = accounts_of(path)
    put(path, ALICE, "bob pasword x")
    with caplog.at_level(logging.WARNING):
        assert all(accounts.verify_password("bob", "swordfish") for _ in range(3))
    assert [f"'{path}', line 2: " in record.getMessage() for record in caplog.records] == [True]
    put(path, ALICE)
    assert not accounts.exists("bob")


def test_a_file_that_is_gone_keeps_the_accounts_until_there_is_one_again(path, caplog):
    accounts = accounts_of(path)
    path.unlink()
    assert accounts.verify_password("alice", "open sesame")
    assert "there is no file of accounts" in caplog.text
    put(path, BOB)
    assert not accounts.exists("alice")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("alice pasword x", "neither NAME password"),
        ("alice:hunter2", "neither NAME password"),
        ("alice password hunter2", "no argon2id hash"),
        (f"alice password {HASH} hunter2", "neither NAME password"),
        ("alice password $argon2i$v=19$m=8,t=1,p=1$YWJj$hunter2", "no argon2id hash"),
        ("alice token ci hunter2", "no sha256: and 64"),
        (f"alice token sha256:{'0' * 64}", "neither NAME password"),
        (f"{'hunter2' * 10} password {HASH}", "neither NAME password"),
        (f"a\u202eb password {HASH}", "neither NAME password"),
        (ALICE.replace("alice", "bob"), "an earlier line gives the same"),
    ],
)
def test_a_line_that_does_not_fit_is_named_by_its_number_and_never_quoted(tmp_path, line, reason):
    path = put(tmp_path / "accounts", "# first", BOB, line)
    with pytest.raises(SettingsInvalid, match="line 3: .*" + reason.replace("$", r"\$")) as caught:
        accounts_of(path)
    assert "hunter2" not in str(caught.value)


def test_what_is_no_file_of_accounts_is_refused(tmp_path):
    with pytest.raises(SettingsInvalid, match="rag user add NAME --auth-file"):
        accounts_of(tmp_path / "none")
    with pytest.raises(SettingsInvalid, match="a plain file"):
        accounts_of(tmp_path)
    with pytest.raises(SettingsInvalid, match="cannot be read: Not a directory"):
        accounts_of(put(tmp_path / "plain") / "accounts")
    (tmp_path / "latin").write_bytes(b"zo\xeb password x\n")
    with pytest.raises(SettingsInvalid, match="no UTF-8"):
        accounts_of(tmp_path / "latin")
    (tmp_path / "large").write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(SettingsInvalid, match="at most 1 MiB"):
        accounts_of(tmp_path / "large")


def test_a_file_from_another_system_reads_as_its_lines_say(tmp_path):
    path = tmp_path / "accounts"
    path.write_bytes(b"\xef\xbb\xbf" + f"{ALICE}\r\n  # those\r\n\r\n\t{BOB}".encode())
    assert sorted(read_roll(path).passwords) == ["alice", "bob"]
    path.write_bytes(b"")
    assert read_roll(path).passwords == {}


def test_a_token_lets_in_as_its_account(path):
    accounts = accounts_of(path)
    assert accounts.owner_of_token("rag_abc") == "alice"
    for token in ("", "rag_abcd", "rag_ab", sha256_of("rag_abc"), "\ud800", "RAG_ABC"):
        assert accounts.owner_of_token(token) is None


def test_a_token_is_not_in_force_without_its_account(path):
    put(path, TOKEN, BOB)
    assert accounts_of(path).owner_of_token("rag_abc") is None
    assert not accounts_of(path).exists("alice")
    put(path, TOKEN, TOKEN.replace("alice", "bob"), BOB)
    assert accounts_of(path).owner_of_token("rag_abc") == "bob"


def test_a_session_says_who_it_is_of_also_after_a_restart(path):
    session = accounts_of(path).session_of("alice")
    assert accounts_of(path).owner_of_session(session) == "alice"
    assert accounts_of(path).session_of("carol") is None
    assert set(session) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_session_lasts_seven_days(path):
    clock = Clock()
    accounts = accounts_of(path, clock)
    session = accounts.session_of("alice")
    clock.now += SESSION_S
    assert accounts.owner_of_session(session) == "alice"
    clock.now += 1
    assert accounts.owner_of_session(session) is None
    clock.now -= SESSION_S + 2
    assert accounts.owner_of_session(session) is None, "signed in the future"


def test_a_changed_character_ends_a_session(path):
    accounts = accounts_of(path)
    session = accounts.session_of("alice")
    # But for the last one: of its six bits, two belong to nothing.
    for place in range(len(session) - 1):
        other = "A" if session[place] != "A" else "B"
        assert accounts.owner_of_session(session[:place] + other + session[place + 1 :]) is None


def test_a_session_of_another_account_or_another_file_is_refused(path, tmp_path):
    accounts = accounts_of(path)
    alice, bob = (accounts.session_of(name) for name in ("alice", "bob"))
    mixed = bob.split(".")[0] + "." + alice.split(".", 1)[1]
    assert accounts.owner_of_session(mixed) is None
    foreign = put(tmp_path / "foreign", f"alice password {CHEAP.hash('open sesame')}")
    assert accounts.owner_of_session(accounts_of(foreign).session_of("alice")) is None


def test_a_new_password_or_a_removed_account_ends_its_sessions_and_no_others(path):
    accounts = accounts_of(path)
    alice, bob = (accounts.session_of(name) for name in ("alice", "bob"))
    # The same words again: the salt is another.
    put(path, f"alice password {CHEAP.hash('open sesame')}", BOB)
    assert accounts.owner_of_session(alice) is None
    assert accounts.owner_of_session(bob) == "bob"
    put(path, ALICE)
    assert accounts.owner_of_session(bob) is None


def test_a_file_that_others_can_read_is_told_of_and_taken(path, caplog):
    assert exposure(path) is None
    path.chmod(0o644)
    with caplog.at_level(logging.WARNING):
        assert accounts_of(path).exists("alice")
    assert [f"open to others (mode 0644); run: chmod 600 {path}" in r.getMessage() for r in caplog.records] == [True]


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    return accounts_of(put(tmp_path_factory.mktemp("standing") / "accounts", ALICE, TOKEN))


@given(junk=st.text() | st.text("YWxpY2U.-_=aA0", max_size=80), tail=st.text(max_size=60))
def test_junk_is_nobody_and_raises_nothing(standing, junk, tail):
    for session in (junk, f"YWxpY2U.{junk}", f"{standing.session_of('alice')}.{junk}", f"{junk}.{tail}.{tail}"):
        assert standing.owner_of_session(session) is None
    assert standing.owner_of_token(junk) is None
    assert not standing.verify_password(junk, tail)
