"""Conversations stay their owner's alone, are found again, survive what happens to processes and disks, and can go."""

import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from fakes import files_no_larger_than
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

import rag.conversations
from rag.chats import MOST_JSON_BYTES, ChatsRefused, reading
from rag.conversations import MOST_TITLE_CHARS, UNTITLED, Conversations, title_of
from rag.errors import ChatsUnreadable, ConversationMissing

_ROOT = Path(__file__).parent.parent
_KILLS = 20
_NOBODY = 65534

_WRITER = """
import os, sys
from pathlib import Path
from rag.conversations import Conversations

path, owner, log, turns = sys.argv[1:]
conversations = Conversations(Path(path))
acknowledged = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
print("ready", flush=True)
id = conversations.start(owner, "of " + owner)
for number in range(1, int(turns) + 1):
    text = f"{owner} {number} " * 200
    conversations.add_turn(owner, id, number=number, question="q", turn={"text": text})
    os.write(acknowledged, f"{owner} {id} {number}\\n".encode())
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chats.db"


@pytest.fixture
def conversations(path):
    return Conversations(path)


def ask(conversations, owner, key, number, question="Why?", text="Because."):
    turn = {"question": question, "text": text}
    conversations.add_turn(owner, key, number=number, question=question, turn=turn)
    return turn


def found(conversations, query, owner="ann"):
    return [summary.title for summary in conversations.list(owner, query=query)]


class OwnersMachine(RuleBasedStateMachine):
    """Whatever owners do, and in whatever order, each sees what a plain dictionary of their own would hold."""

    keys = Bundle("keys")
    owners = st.sampled_from(["ann", "user:bob", "Ann", "ann "])
    words = st.text(max_size=6)
    numbers = st.integers(1, 4)

    @initialize()
    def open(self):
        self.folder = tempfile.TemporaryDirectory()
        self.conversations = Conversations(Path(self.folder.name) / "chats.db")
        self.kept = {}

    def teardown(self):
        self.folder.cleanup()

    def reach(self, owner, key):
        """Return the owner's own, in the dictionary; None where it is not theirs."""
        return self.kept.get(owner, {}).get(key)

    def check(self, owner, key, act):
        """Do what changes a conversation, which must be refused exactly where it is not the owner's."""
        if self.reach(owner, key) is None:
            with pytest.raises(ConversationMissing, match="it may have been deleted"):
                act()
            return False
        act()
        return True

    @rule(target=keys, owner=owners, title=words)
    def start(self, owner, title):
        key = self.conversations.start(owner, title)
        self.kept[owner] = {key: [title_of(title), {}], **self.kept.get(owner, {})}
        return key

    @rule(owner=owners, key=keys, number=numbers, question=words, text=words, replacing=st.booleans())
    def put(self, owner, key, number, question, text, replacing):
        turn = {"question": question, "text": text}
        change = self.conversations.replace_turn if replacing else self.conversations.add_turn

        def act():
            change(owner, key, number=number, question=question, turn=turn)

        own = self.reach(owner, key)
        if own and not replacing and number in own[1]:
            with pytest.raises(ChatsRefused, match=f"has a turn {number} already"):
                act()
        elif self.check(owner, key, act):
            own[1] = {n: t for n, t in own[1].items() if n < number or not replacing} | {number: turn}
            del self.kept[owner][key]
            self.kept[owner] = {key: own, **self.kept[owner]}

    @rule(owner=owners, key=keys, title=words)
    def rename(self, owner, key, title):
        if self.check(owner, key, lambda: self.conversations.rename(owner, key, title=title)):
            self.kept[owner][key][0] = title_of(title)

    @rule(owner=owners, key=keys)
    def delete(self, owner, key):
        if self.check(owner, key, lambda: self.conversations.delete(owner, key)):
            del self.kept[owner][key]

    @rule(owner=owners, key=keys)
    def read(self, owner, key):
        if self.check(owner, key, lambda: self.conversations.turns(owner, key)):
            turns = self.kept[owner][key][1]
            assert self.conversations.turns(owner, key) == [turns[number] for number in sorted(turns)]

    @invariant()
    def lists_are_the_owners(self):
        for owner, own in self.kept.items():
            listed = self.conversations.list(owner)
            assert [(s.id, s.title, s.turns) for s in listed] == [(k, t, len(turns)) for k, (t, turns) in own.items()]
            assert self.conversations.count(owner) == len(own)


OwnersMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
test_each_owner_sees_their_own_and_nothing_else = OwnersMachine.TestCase


def test_an_unknown_id_and_a_foreign_one_are_told_alike(conversations):
    key = conversations.start("ann", "hers")
    messages = []
    for owner, asked in [("bob", key), ("bob", key[::-1]), ("bob", "ключ"), ("bob", "\ud800"), ("bob", "' OR 1=1 --")]:
        with pytest.raises(ConversationMissing) as missing:
            conversations.turns(owner, asked)
        messages.append(str(missing.value).replace(repr(asked), "ID"))
    assert set(messages) == {"no conversation ID; it may have been deleted"}


@pytest.mark.parametrize("owner", ["", "a" * 201, "ann\0", "ann\n", "\ud800"])
def test_an_owner_that_could_be_mistaken_for_another_is_refused(conversations, owner):
    with pytest.raises(ChatsRefused, match="printable characters"):
        conversations.start(owner, "title")


def test_an_id_is_long_random_and_fit_for_an_address(conversations):
    keys = {conversations.start("ann", "same") for _ in range(20)}
    assert len(keys) == 20
    assert all(len(key) == 22 and key.replace("-", "").replace("_", "").isalnum() and key.isascii() for key in keys)


@given(text=st.text(st.characters(), max_size=50))
@settings(max_examples=40, deadline=None)
def test_a_turn_comes_out_as_it_went_in(tmp_path_factory, text):
    conversations = Conversations(tmp_path_factory.mktemp("turn") / "chats.db")
    key = conversations.start("ann", text)
    turn = {"question": text, "text": text, "sources": [{"quote": text, "at": [1, 2.5, None, True]}]}
    conversations.add_turn("ann", key, number=1, question=text, turn=turn)
    assert conversations.turns("ann", key) == [turn]


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        ({"text": "x" * MOST_JSON_BYTES}, "turn 1 has 2,000,012 bytes; at most 2,000,000 are kept"),
        ({"confidence": float("nan")}, "turn 1 is no JSON"),
        ({"asked": Path()}, "turn 1 is no JSON"),
    ],
)
def test_a_turn_that_cannot_be_kept_is_refused_and_the_others_stay(conversations, turn, said):
    key = conversations.start("ann", "title")
    kept = ask(conversations, "ann", key, 1)
    with pytest.raises(ChatsRefused, match=said):
        conversations.replace_turn("ann", key, number=1, question="Why?", turn=turn)
    with pytest.raises(ChatsRefused, match="number is 0"):
        ask(conversations, "ann", key, 0)
    assert conversations.turns("ann", key) == [kept]


def test_the_last_touched_comes_first_page_by_page_even_where_the_clock_was_set_back(conversations, path):
    keys = [conversations.start("ann", str(n)) for n in range(5)]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE conversation SET updated = '2999-12-31T23:59:59.999999+00:00' WHERE title = '4'")
    ask(conversations, "ann", keys[1], 1)
    listed = conversations.list("ann", most=3)
    rest = conversations.list("ann", most=3, before=listed[-1].updated)
    assert [s.title for s in listed + rest] == ["1", "4", "3", "2", "0"]
    assert [s.turns for s in listed] == [1, 0, 0]


def test_beyond_the_most_an_owner_keeps_those_longest_untouched_go(conversations, monkeypatch):
    monkeypatch.setattr(rag.conversations, "MOST_CONVERSATIONS", 3)
    conversations.start("bob", "his")
    keys = [conversations.start("ann", str(n)) for n in range(3)]
    ask(conversations, "ann", keys[0], 1)
    conversations.start("ann", "3")
    assert found(conversations, "") == ["3", "0", "2"]
    assert conversations.count("bob") == 1


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("100%", ["Percent"]),
        ("%", ["Percent"]),
        ("a_b", ["Names"]),
        ("_", ["Names"]),
        ("'; DROP TABLE turn; --", []),
        ('said "no"', ["Names"]),
        ("KÖLNER STRASSE", ["Umlaute"]),
        ("ölner straße", ["Umlaute"]),
        ("大桥", ["北京"]),
        ("北京", ["北京"]),
        ("ПРИВЕТ", ["Percent"]),
        ("up because", []),
        ("no \ud800", []),
        ("  ", ["北京", "Umlaute", "Names", "Percent"]),
    ],
)
def test_a_query_is_sought_as_it_stands_in_titles_questions_and_answers(conversations, query, titles):
    told = [
        ("Percent", "Is it 100% up", "Because, привет."),
        ("Names", "What is a_b?", "She said “no”."),
        ("Umlaute", "Wo?", "In der Kölner Straße."),
        ("北京", "什么时候?", "长江大桥于三月开放。"),
    ]
    for title, question, text in told:
        ask(conversations, "ann", conversations.start("ann", title), 1, question, text)
    assert found(conversations, query) == titles
    assert found(conversations, query, owner="bob") == []


def test_what_was_replaced_is_no_longer_found(conversations):
    key = conversations.start("ann", "title")
    ask(conversations, "ann", key, 1, "zeppelin")
    ask(conversations, "ann", key, 2, "submarine")
    conversations.replace_turn("ann", key, number=1, question="ferry", turn={})
    assert [found(conversations, word) for word in ("zeppelin", "submarine", "ferry")] == [[], [], ["title"]]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("  What\nwas\t\0it? ", "What was it?"),
        ("", UNTITLED),
        ("\n\0", UNTITLED),
        ("one two three four", "one two three four"),
        ("one two three four five", "one two three…"),
        ("one two three fourteenth", "one two three…"),
        ("onetwothreefourfivesix", "onetwothreefourfi…"),
        ("什么时候开放的大桥什么时候开放的大桥", "什么时候开放的大桥什么时候开放的大桥"),
        ("half \ud800", "half ?"),
    ],
)
def test_a_title_is_the_question_on_one_line_cut_behind_a_word(question, title):
    assert title_of(question, 18) == title


def test_a_title_given_is_cut(conversations):
    key = conversations.start("ann", "t" * 300)
    assert len(conversations.summary("ann", key).title) == MOST_TITLE_CHARS
    conversations.rename("ann", key, title="u " * 300)
    assert conversations.summary("ann", key).title.startswith("u u")
    assert len(conversations.summary("ann", key).title) <= MOST_TITLE_CHARS


def test_reading_makes_no_file(conversations, path):
    assert (conversations.list("ann"), conversations.count("ann")) == ([], 0)
    with pytest.raises(ConversationMissing):
        conversations.turns("ann", "none")
    assert not path.parent.joinpath("chats.db").exists()


def test_nobody_else_can_read_the_files(conversations, path):
    before = os.umask(0)
    try:
        key = conversations.start("ann", "title")
        with reading(path) as connection:
            connection.execute("SELECT count(*) FROM turn").fetchall()
            ask(conversations, "ann", key, 1)
            files = sorted(path.parent.iterdir())
            assert [(f.name, oct(f.stat().st_mode & 0o777)) for f in files] == [
                (name, "0o600") for name in ("chats.db", "chats.db-shm", "chats.db-wal", "chats.db.lock")
            ]
    finally:
        os.umask(before)


@pytest.mark.parametrize("seed", range(3))
def test_deleted_means_gone_from_every_byte_of_every_file(conversations, path, seed):
    """Among much that is added, renamed, replaced and deleted, of all that went not a word is in the files."""
    choose = random.Random(seed)
    kept: dict[str, set[str]] = {}
    gone: set[str] = set()
    for step in range(250):
        key = choose.choice(sorted(kept)) if kept else ""
        match choose.randrange(10) if kept else 0:
            case 0 | 1 | 2:
                kept[conversations.start("ann", f"mark{step:04d}t " + "w" * choose.randrange(120))] = {
                    f"mark{step:04d}t"
                }
            case 3:
                gone |= {mark for mark in kept[key] if mark.endswith("t")}
                kept[key] = {mark for mark in kept[key] if not mark.endswith("t")} | {f"mark{step:04d}t"}
                conversations.rename("ann", key, title=f"mark{step:04d}t " + "w" * choose.randrange(120))
            case 4 | 5 | 6 | 7:
                turn = {"text": f"mark{step:04d}a " * choose.randrange(1, choose.choice([5, 50, 500]))}
                question = f"mark{step:04d}q" + "v" * choose.randrange(300)
                conversations.add_turn("ann", key, number=step, question=question, turn=turn)
                kept[key] |= {f"mark{step:04d}a", f"mark{step:04d}q"}
            case 8:
                gone |= {mark for mark in kept[key] if not mark.endswith("t")}
                kept[key] = {mark for mark in kept[key] if mark.endswith("t")}
                conversations.replace_turn("ann", key, number=1, question="", turn={})
            case 9:
                conversations.delete("ann", key)
                gone |= kept.pop(key)
    written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert len(gone) > 50
    assert [mark for mark in gone if mark.encode() in written] == []
    assert all(mark.encode() in written for mark in set().union(*kept.values()))


def test_what_is_deleted_is_gone_also_while_others_have_the_file_open(conversations, path):
    key = conversations.start("ann", "a zeppelin")
    with closing(sqlite3.connect(path)) as another:
        another.execute("SELECT count(*) FROM turn").fetchall()
        conversations.delete("ann", key)
        assert b"zeppelin" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_threads_of_one_process_that_write_at_once_lose_nothing(conversations):
    keys = {owner: conversations.start(owner, "title") for owner in ("ann", "bob", "cem", "dee")}
    errors = []

    def write(owner):
        try:
            for number in range(1, 26):
                ask(conversations, owner, keys[owner], number, text=f"{owner} {number}")
                conversations.list(owner, query="because")
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=write, args=(owner,)) for owner in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    for owner, key in keys.items():
        assert [t["text"] for t in conversations.turns(owner, key)] == [f"{owner} {n}" for n in range(1, 26)]


def start_writer(path, owner, turns=1000):
    arguments = [str(path), owner, str(path.parent / "acknowledged"), str(turns)]
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, *arguments], cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def check_acknowledged(path):
    """Return how many turns were acknowledged; fails unless each is there, whole, and the file is sound."""
    lines = (path.parent / "acknowledged").read_text().splitlines(keepends=True)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    conversations = Conversations(path)
    last = {}
    for line in lines:
        if line.endswith("\n"):
            owner, key, number = line.split()
            last[owner, key] = int(number)
    for (owner, key), number in last.items():
        texts = [turn["text"] for turn in conversations.turns(owner, key)]
        assert texts == [f"{owner} {n} " * 200 for n in range(1, len(texts) + 1)]
        assert len(texts) >= number
    return sum(last.values())


def test_two_processes_that_write_at_once_lose_nothing_and_never_fail(path):
    workers = [start_writer(path, owner, turns=60) for owner in ("ann", "bob")]
    assert [(worker.communicate(timeout=60)[1], worker.returncode) for worker in workers] == [(b"", 0), (b"", 0)]
    assert check_acknowledged(path) == 120


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_however_often_two_writers_are_killed(path):
    choose = random.Random(7)
    for _ in range(_KILLS // 2):
        workers = [start_writer(path, owner) for owner in ("ann", "bob")]
        for worker in workers:
            for _ in range(choose.randrange(1, 12)):
                worker.stdout.readline()
            time.sleep(choose.uniform(0, 0.005))
            worker.kill()
        for worker in workers:
            assert worker.communicate(timeout=60)[1] == b""
            assert worker.returncode == -9
        check_acknowledged(path)
    assert check_acknowledged(path) > 20


@pytest.mark.parametrize("at", [0, 18, 100, 1024, 5000])
def test_a_damaged_file_is_told_in_one_line(conversations, path, at):
    key = conversations.start("ann", "title")
    ask(conversations, "ann", key, 1)
    spoilt = bytearray(path.read_bytes())
    spoilt[at : at + 3000] = b"\xff" * len(spoilt[at : at + 3000])
    path.write_bytes(spoilt)
    said = []
    for act in (lambda: conversations.turns("ann", key), lambda: conversations.start("ann", "another")):
        try:
            act()
        except ChatsUnreadable as error:
            said.append(str(error))
    assert said
    assert all(
        re.fullmatch(r"the conversations in '.*' (are damaged \(.*move the file|have format).*", s) for s in said
    )


def test_a_turn_that_is_no_json_any_more_is_damage(conversations, path):
    key = conversations.start("ann", "title")
    ask(conversations, "ann", key, 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE turn SET json = ?", (b'{"text": "cut',))
    with pytest.raises(ChatsUnreadable, match="are damaged"):
        conversations.turns("ann", key)


def test_a_file_of_a_newer_version_or_of_another_program_is_refused_and_stays_as_it_is(conversations, path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE strange (x)")
    with pytest.raises(ChatsUnreadable, match="tables of another program; name another file"):
        conversations.start("ann", "title")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=2")
    before = path.read_bytes()
    for act in (conversations.count, lambda owner: conversations.start(owner, "title")):
        with pytest.raises(ChatsUnreadable, match="have format 2, this program reads format 1; upgrade newspulse"):
            act("ann")
    assert path.read_bytes() == before


def test_a_disk_that_is_full_costs_the_turn_and_nothing_else(tmp_path):
    """At whatever size files stop growing, one line says so, what was kept stays, and later everything works."""
    said = []
    for step in range(8):
        path = tmp_path / str(step) / "chats.db"
        conversations = Conversations(path)
        key = conversations.start("ann", "title")
        kept = []
        with files_no_larger_than(40_000 + 20_000 * step):
            for number in range(1, 13):
                try:
                    kept.append(ask(conversations, "ann", key, number, text=f"{number} " * 5_000))
                except ChatsUnreadable as error:
                    said.append(str(error))
                    break
        assert conversations.turns("ann", key) == kept
        kept.append(ask(conversations, "ann", key, len(kept) + 1))
        assert conversations.turns("ann", key) == kept
    assert len(said) > 4
    assert all("is full or failing" in line and "free space" in line and "\n" not in line for line in said)


def test_a_disk_that_is_full_from_the_start_leaves_nothing_that_is_in_the_way(tmp_path):
    for most in (0, 100, 4096, 20_000):
        conversations = Conversations(tmp_path / str(most) / "chats.db")
        with pytest.raises(ChatsUnreadable, match="is full or failing"), files_no_larger_than(most):
            conversations.start("ann", "title")
        assert conversations.count("ann") == 0
        conversations.start("ann", "title")
        assert conversations.count("ann") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    path = tmp_path / "chats.db"
    for parent in [tmp_path, *tmp_path.parents][:3]:
        parent.chmod(0o755)
    os.seteuid(_NOBODY)
    try:
        with pytest.raises(ChatsUnreadable, match=r"cannot be opened: .*; check its permissions"):
            Conversations(path).start("ann", "title")
    finally:
        os.seteuid(0)


def test_a_folder_in_the_files_place_is_told(tmp_path):
    for act in (Conversations(tmp_path).count, lambda owner: Conversations(tmp_path).start(owner, "title")):
        with pytest.raises(ChatsUnreadable, match="cannot be opened"):
            act("ann")
