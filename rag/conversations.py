"""Keeps conversations: turn by turn, each its owner's alone. Knows neither answers nor pages: a turn is a JSON object.

An owner is an opaque string; what belongs to another is as if it were not there. What is deleted is gone from the file.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unicodedata import category

from rag.chats import (
    ChatsRefused,
    Connection,
    as_json,
    check_owner,
    conversation_key,
    from_json,
    reading,
    timestamp,
    writing,
)
from rag.text import fold, one_line, without_unwritable

MOST_CONVERSATIONS = 10_000
MOST_TITLE_CHARS = 200
UNTITLED = "Untitled"
_TITLE_OF_QUESTION_CHARS = 80
_ID_BYTES = 16
_LARGEST_NUMBER = 1_000_000

Turn = dict[str, Any]
"""A JSON object; of it, only what stands under "text" is read, to be searched."""

_SUMMARIES = """
SELECT c.id, c.title, c.created, c.updated, (SELECT count(*) FROM turn WHERE conversation = c.key)
FROM conversation AS c
WHERE c.owner = :owner AND (:before IS NULL OR c.updated < :before) AND (
    :sought = '' OR instr(c.folded, :sought)
    OR EXISTS (SELECT 1 FROM turn WHERE conversation = c.key AND instr(folded, :sought))
) ORDER BY c.updated DESC LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation without its turns; the times are UTC, ISO 8601, and no two of an owner's are `updated` at once."""

    id: str
    title: str
    created: str
    updated: str
    turns: int


Summaries = list[ConversationSummary]
Turns = list[Turn]


def title_of(question: str, most: int = _TITLE_OF_QUESTION_CHARS) -> str:
    """Return the question on one line as a title, cut behind a word where it is longer than `most` characters."""
    title = _without_controls(question)
    if len(title) <= most:
        return title or UNTITLED
    cut = title[: most - 1]
    word_ends = cut.rfind(" ") if title[most - 1] != " " else -1
    # Without spaces, or with one very long word, a title is cut where it is full.
    return cut[: word_ends if word_ends > most // 2 else None].rstrip(" ,;:-–—") + "…"


class Conversations:
    """The conversations in a file, which is made when the first is kept; any number of threads and processes may share.

    Every method but `start`, `list` and `count` raises ConversationMissing for an id that is not the owner's, all raise
    ChatsUnreadable where the file cannot be read or written, and ChatsRefused for an owner that is none.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def start(self, owner: str, title: str) -> str:
        """Return the id of a new conversation; of more than MOST_CONVERSATIONS of an owner, those longest untouched go.

        The id is random (128 bits) and can stand in a URL. A title is cut at MOST_TITLE_CHARS.
        """
        check_owner(owner)
        new = secrets.token_urlsafe(_ID_BYTES)
        title = title_of(title, MOST_TITLE_CHARS)
        with writing(self._path) as connection:
            now = _next_time(connection, owner)
            row = (new, owner, title, fold(title), now, now)
            connection.execute(
                "INSERT INTO conversation (id, owner, title, folded, created, updated) VALUES (?, ?, ?, ?, ?, ?)", row
            )
            connection.execute(
                "DELETE FROM conversation WHERE key IN "
                "(SELECT key FROM conversation WHERE owner = ? ORDER BY updated DESC LIMIT -1 OFFSET ?)",
                (owner, MOST_CONVERSATIONS),
            )
        return new

    def add_turn(self, owner: str, conversation: str, *, number: int, question: str, turn: Turn) -> None:
        """Keep the turn, a JSON object of at most chats.MOST_JSON_BYTES; `question` is searched, and not given back.

        Turns stand in the order of their numbers, which count from 1. Raises ChatsRefused where one has this number.
        """
        kept = _checked(number, question, turn)
        with writing(self._path) as connection:
            key = conversation_key(connection, owner, conversation)
            if connection.execute("SELECT 1 FROM turn WHERE (conversation, number) = (?, ?)", (key, number)).fetchone():
                raise ChatsRefused(f"the conversation has a turn {number} already; load it anew, and ask again")
            _put(connection, owner, key, number, kept)

    def replace_turn(self, owner: str, conversation: str, *, number: int, question: str, turn: Turn) -> None:
        """Keep the turn in the place of the one of this number and of all behind it, at once or not at all."""
        kept = _checked(number, question, turn)
        with writing(self._path) as connection:
            key = conversation_key(connection, owner, conversation)
            connection.execute("DELETE FROM turn WHERE conversation = ? AND number >= ?", (key, number))
            _put(connection, owner, key, number, kept)

    def update_turn(self, owner: str, conversation: str, *, number: int, question: str, turn: Turn) -> None:
        """Keep the turn in the place of the one of this number, if there is one; what is behind it stays."""
        folded, written = _checked(number, question, turn)
        with writing(self._path) as connection:
            key = conversation_key(connection, owner, conversation)
            update = "UPDATE turn SET folded = ?, json = ? WHERE (conversation, number) = (?, ?)"
            connection.execute(update, (folded, written, key, number))

    def turns(self, owner: str, conversation: str) -> Turns:
        """Return the turns in order, as they were given."""
        with reading(self._path) as connection:
            key = conversation_key(connection, owner, conversation)
            rows = connection.execute("SELECT json FROM turn WHERE conversation = ? ORDER BY number", (key,))
            return [from_json(written) for (written,) in rows.fetchall()]

    def summary(self, owner: str, conversation: str) -> ConversationSummary:
        """Return what a list shows of the conversation."""
        with reading(self._path) as connection:
            key = conversation_key(connection, owner, conversation)
            asked = "SELECT id, title, created, updated, (SELECT count(*) FROM turn WHERE conversation = c.key) "
            return ConversationSummary(
                *connection.execute(asked + "FROM conversation c WHERE c.key = ?", (key,)).fetchone()
            )

    def rename(self, owner: str, conversation: str, *, title: str) -> None:
        """Give the conversation another title, cut at MOST_TITLE_CHARS; its place in the list stays."""
        title = title_of(title, MOST_TITLE_CHARS)
        with writing(self._path) as connection:
            key = conversation_key(connection, owner, conversation)
            connection.execute("UPDATE conversation SET title = ?, folded = ? WHERE key = ?", (title, fold(title), key))

    def delete(self, owner: str, conversation: str) -> None:
        """Take the conversation out; nothing of it stays in the file but what was given as feedback, nameless."""
        with writing(self._path) as connection:
            connection.execute(
                "DELETE FROM conversation WHERE key = ?", (conversation_key(connection, owner, conversation),)
            )

    def count(self, owner: str) -> int:
        """Return how many conversations the owner has."""
        check_owner(owner)
        with reading(self._path) as connection:
            return int(connection.execute("SELECT count(*) FROM conversation WHERE owner = ?", (owner,)).fetchone()[0])

    def list(self, owner: str, *, query: str = "", most: int = 50, before: str | None = None) -> Summaries:
        """Return the owner's conversations, the last touched first; `before` is the `updated` of the last one shown.

        A query is sought as it stands in titles, questions and answers, whatever its case, in any script.
        """
        check_owner(owner)
        sought = _folded(query)
        named = {"owner": owner, "sought": sought, "before": before, "most": max(most, 0)}
        with reading(self._path) as connection:
            return [ConversationSummary(*row) for row in connection.execute(_SUMMARIES, named).fetchall()]


def _checked(number: int, question: str, turn: Turn) -> tuple[str, bytes]:
    """Return what is sought in, and the turn as it is kept."""
    if not 1 <= number <= _LARGEST_NUMBER:
        raise ChatsRefused(f"a turn's number is {number}; it must be between 1 and {_LARGEST_NUMBER}")
    written = as_json(turn, f"turn {number}")
    text = turn.get("text")
    as_json({"question": question}, f"the question of turn {number}")
    # No query holds a line break: none is found across the two.
    return f"{_folded(question)}\n{_folded(text if isinstance(text, str) else '')}", written


def _put(connection: Connection, owner: str, key: int, number: int, kept: tuple[str, bytes]) -> None:
    row = (key, number, *kept)
    connection.execute("INSERT INTO turn (conversation, number, folded, json) VALUES (?, ?, ?, ?)", row)
    connection.execute("UPDATE conversation SET updated = ? WHERE key = ?", (_next_time(connection, owner), key))


def _next_time(connection: Connection, owner: str) -> str:
    # Later than all before it, also where the clock was set back: the list's order is that of what happened.
    asked = "SELECT max(updated) FROM conversation WHERE owner = ?"
    return timestamp(after=connection.execute(asked, (owner,)).fetchone()[0])


def _folded(text: str) -> str:
    return fold(without_unwritable(text))


def _without_controls(text: str) -> str:
    return one_line("".join(c if category(c) != "Cc" else " " for c in without_unwritable(text)))
