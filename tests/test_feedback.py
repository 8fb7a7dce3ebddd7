"""What is said of an answer: one verdict a turn, its giver's alone to see, and kept by itself when the turn is gone."""

import sqlite3
from contextlib import closing
from datetime import date

import pytest

from rag.chats import MOST_JSON_BYTES, ChatsRefused
from rag.conversations import Conversations
from rag.errors import ChatsUnreadable, ConversationMissing
from rag.feedback import MOST_COMMENT_CHARS, FeedbackBook

ROW = {"question": "Why?", "text": "Because. 大桥 \ud800", "history": [], "versions": {"newspulse": "1"}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chats.db"


@pytest.fixture
def conversations(path):
    return Conversations(path)


@pytest.fixture
def book(path):
    return FeedbackBook(path)


@pytest.fixture
def talk(conversations):
    """The id of Ann's conversation of three turns."""
    key = conversations.start("ann-secret", "title")
    for number in (1, 2, 3):
        conversations.add_turn("ann-secret", key, number=number, question="Why?", turn={})
    return key


def told(book, since=None):
    return [(said.verdict, said.comment, said.row) for said in book.all(since)]


def test_a_verdict_comes_out_with_its_comment_and_what_it_is_about(book, talk):
    book.give("ann-secret", talk, 2, verdict="good", comment="Quite so.", row=ROW)
    book.give("ann-secret", talk, 1, verdict="bad", row={})
    assert told(book) == [("good", "Quite so.", ROW), ("bad", "", {})]
    assert book.verdicts("ann-secret", talk) == {1: "bad", 2: "good"}
    assert [book.verdict_of("ann-secret", talk, number) for number in (1, 2, 3)] == ["bad", "good", None]


def test_given_again_it_takes_the_place_of_the_earlier_and_withdrawn_it_is_gone_from_the_file(book, talk, path):
    book.give("ann-secret", talk, 1, verdict="good", comment="first-comment", row={"question": "first-question"})
    book.give("ann-secret", talk, 1, verdict="bad", comment="second-comment", row=ROW)
    assert told(book) == [("bad", "second-comment", ROW)]
    assert b"first-" not in path.read_bytes()
    book.withdraw("ann-secret", talk, 1)
    book.withdraw("ann-secret", talk, 1)
    assert told(book) == []
    assert b"second-" not in path.read_bytes()


def test_nobody_judges_sees_or_withdraws_on_anothers_turn(book, talk):
    book.give("ann-secret", talk, 1, verdict="good", row=ROW)
    for act in (
        lambda: book.give("bob", talk, 1, verdict="bad", row=ROW),
        lambda: book.withdraw("bob", talk, 1),
        lambda: book.verdicts("bob", talk),
        lambda: book.verdict_of("bob", talk, 1),
    ):
        with pytest.raises(ConversationMissing, match="no conversation"):
            act()
    with pytest.raises(ConversationMissing, match="has no turn 4"):
        book.give("ann-secret", talk, 4, verdict="bad", row=ROW)
    assert told(book) == [("good", "", ROW)]


def test_it_outlives_the_turn_and_the_conversation_tied_to_nobody(book, conversations, talk, path):
    book.give("ann-secret", talk, 2, verdict="bad", comment="No.", row=ROW)
    conversations.replace_turn("ann-secret", talk, number=2, question="Why?", turn={})
    assert book.verdict_of("ann-secret", talk, 2) is None
    book.give("ann-secret", talk, 2, verdict="good", comment="Better.", row=ROW)
    conversations.delete("ann-secret", talk)
    assert told(book) == [("bad", "No.", ROW), ("good", "Better.", ROW)]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT DISTINCT turn FROM feedback").fetchall() == [(None,)]
    assert b"ann-secret" not in path.read_bytes()


def test_no_owner_and_no_conversation_is_told_with_it(book, talk):
    book.give("ann-secret", talk, 1, verdict="good", row=ROW)
    [said] = book.all()
    assert "ann-secret" not in repr(said)
    assert talk not in repr(said)


def test_a_comment_is_cut_and_freed_of_control_characters(book, talk):
    book.give("ann-secret", talk, 1, verdict="bad", comment=" a\0b\x1b[31m\r\nc\td\ud800 ", row=ROW)
    book.give("ann-secret", talk, 2, verdict="bad", comment="x" * 5000, row=ROW)
    assert [said.comment for said in book.all()] == ["ab[31m\nc\td?", "x" * MOST_COMMENT_CHARS]


def test_what_cannot_be_kept_is_refused_and_the_earlier_verdict_stays(book, talk):
    book.give("ann-secret", talk, 1, verdict="good", row=ROW)
    with pytest.raises(ChatsRefused, match="the verdict is 'fine'; it must be one of: good, bad"):
        book.give("ann-secret", talk, 1, verdict="fine", row=ROW)
    with pytest.raises(ChatsRefused, match="at most 2,000,000 are kept"):
        book.give("ann-secret", talk, 1, verdict="bad", row={"text": "x" * MOST_JSON_BYTES})
    assert told(book) == [("good", "", ROW)]


def test_many_are_told_in_the_order_they_were_given_from_a_day_on(book, conversations, path):
    key = conversations.start("ann", "title")
    for number in range(1, 51):
        conversations.add_turn("ann", key, number=number, question="", turn={})
        book.give("ann", key, number, verdict="good", row={"number": number})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE feedback SET given = '2025-03-03T23:59:59.999999+00:00' WHERE key <= 25")
        connection.execute("UPDATE feedback SET given = '2025-03-04T00:00:00.000000+00:00' WHERE key > 25")
    assert [said.row["number"] for said in book.all()] == list(range(1, 51))
    assert [said.row["number"] for said in book.all(date(2025, 3, 4))] == list(range(26, 51))
    assert list(book.all(date(2025, 3, 5))) == []


def test_a_slow_reader_of_them_all_keeps_nobody_from_withdrawing(book, conversations, path):
    key = conversations.start("ann", "title")
    for number in range(1, 31):
        conversations.add_turn("ann", key, number=number, question="", turn={})
        book.give("ann", key, number, verdict="bad", comment=f"comment-{number}.", row=ROW)
    rows = book.all()
    assert next(rows).comment == "comment-1."
    book.withdraw("ann", key, 30)
    assert b"comment-30." not in b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert len(list(rows)) == 28


def test_a_damaged_file_is_told(book, talk, path):
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(ChatsUnreadable, match="are damaged"):
        list(book.all())
