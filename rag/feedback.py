"""Keeps what people say of answers: good or bad, and why. Knows whose turn it is; what it was about is a JSON object.

What is said is kept with a copy of question and answer: it outlives them when the turn is replaced or the conversation
is deleted, and is then tied to nobody. No owner ever leaves through here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast, get_args
from unicodedata import category

from rag.chats import ChatsRefused, Connection, as_json, conversation_key, from_json, reading, timestamp, writing
from rag.errors import ConversationMissing

Verdict = Literal["good", "bad"]
MOST_COMMENT_CHARS = 4000
_READ_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """What was said of one answer, when (UTC, ISO 8601), and `row`, what it was said of, as it was given."""

    id: int
    verdict: Verdict
    comment: str
    given: str
    row: dict[str, Any]


class FeedbackBook:
    """The feedback in the file that keeps the conversations.

    Every method that is given a conversation raises ConversationMissing where it is not the owner's; all raise
    ChatsUnreadable where the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def give(
        self, owner: str, conversation: str, number: int, *, verdict: str, comment: str = "", row: dict[str, Any]
    ) -> None:
        """Keep the verdict, "good" or "bad", on the turn of this number, in the place of an earlier one.

        `row` is what it is about, a JSON object of at most chats.MOST_JSON_BYTES that says it without the conversation:
        the turn, the history before it, the versions that answered. A comment is cut at MOST_COMMENT_CHARS. Raises
        ConversationMissing also where there is no such turn, ChatsRefused for a verdict or a row that cannot be kept.
        """
        if verdict not in get_args(Verdict):
            raise ChatsRefused(f"the verdict is {verdict!r}; it must be one of: {', '.join(get_args(Verdict))}")
        kept = (verdict, timestamp(), _cleaned(comment), as_json(row, "what the feedback is about"))
        with writing(self._path) as connection:
            turn = _turn_key(connection, owner, conversation, number)
            connection.execute("DELETE FROM feedback WHERE turn = ?", (turn,))
            insert = "INSERT INTO feedback (turn, verdict, given, comment, json) VALUES (?, ?, ?, ?, ?)"
            connection.execute(insert, (turn, *kept))

    def withdraw(self, owner: str, conversation: str, number: int) -> None:
        """Take back what was said of the turn of this number, if anything was; nothing of it stays in the file."""
        with writing(self._path) as connection:
            turn = _turn_key(connection, owner, conversation, number)
            connection.execute("DELETE FROM feedback WHERE turn = ?", (turn,))

    def verdict_of(self, owner: str, conversation: str, number: int) -> Verdict | None:
        """Return the verdict on the turn of this number as it stands now; None where none was given."""
        return self.verdicts(owner, conversation).get(number)

    def verdicts(self, owner: str, conversation: str) -> dict[int, Verdict]:
        """Return the verdicts on the conversation's turns by their numbers."""
        asked = "SELECT number, verdict FROM feedback JOIN turn ON turn.key = turn WHERE conversation = ?"
        with reading(self._path) as connection:
            key = conversation_key(connection, owner, conversation)
            return {int(number): cast("Verdict", said) for number, said in connection.execute(asked, (key,)).fetchall()}

    def all(self, since: date | None = None) -> Iterator[FeedbackRow]:
        """Yield what anyone said on this day (UTC) or later, in the order it was given, without saying who.

        Raises ChatsUnreadable on the way, too.
        """
        asked = (
            "SELECT key, verdict, comment, given, json FROM feedback WHERE key > ? AND given >= ? ORDER BY key LIMIT ?"
        )
        behind, first = 0, since.isoformat() if since else ""
        while True:
            # A few at a time: a slow reader of them all would keep what is deleted meanwhile in the log.
            with reading(self._path) as connection:
                found = connection.execute(asked, (behind, first, _READ_AT_ONCE)).fetchall()
                rows = [
                    FeedbackRow(key, verdict, comment, given, from_json(written))
                    for key, verdict, comment, given, written in found
                ]
            yield from rows
            if len(rows) < _READ_AT_ONCE:
                return
            behind = rows[-1].id


def _turn_key(connection: Connection, owner: str, conversation: str, number: int) -> int:
    key = conversation_key(connection, owner, conversation)
    asked = "SELECT key FROM turn WHERE (conversation, number) = (?, ?)"
    row = connection.execute(asked, (key, number)).fetchone()
    if row is None:
        raise ConversationMissing(f"the conversation has no turn {number}; it may have been replaced")
    return int(row[0])


def _cleaned(comment: str) -> str:
    """Return the comment as text of printable lines, not longer than is kept."""
    lines = comment.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in lines if c in "\n\t" or category(c) != "Cc")[:MOST_COMMENT_CHARS].strip()
