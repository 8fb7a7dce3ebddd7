"""Searches for a question of a conversation: what it leans on, how it is spelt, of what time its sources are.

Writes no answer; of what is found it only decides which of two readings of the question is meant.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from rag.followups import Resolution, leans_by_evidence, resolve
from rag.library import Library
from rag.protocols import Retriever
from rag.records import Hit, Message, Notice, Scope
from rag.spelling import Reading, Speller
from rag.text import STOP_WORDS, without_unwritable, words
from rag.timed_search import Found, TimedSearch
from rag.timescope import TimeScope, read_timescope

# What a question calls its sources: no article says so of itself.
_NEWS = re.compile(
    r"\b(?:news|reports?|reported|headlines?|stories|coverage|articles?|published)\b|新闻|报道|消息", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Sought:
    """The question as it was searched for, what was found, and what to say of it; `empty` as of Found."""

    question: str
    hits: tuple[Hit, ...]
    notices: tuple[Notice, ...]
    empty: bool


class Search:
    """Keeps nothing of a question for the next; `answers` tells whether a question can be answered from hits."""

    def __init__(
        self, library: Library, retriever: Retriever, depth: int, answers: Callable[[str, Sequence[Hit]], bool]
    ) -> None:
        self._library = library
        self._retriever = retriever
        self._depth = depth
        self._answers = answers
        self._speller = Speller(library)

    def find(self, question: str, history: Sequence[Message], scope: Scope | None, today: date) -> Sought:
        """Return what is found for the question within the scope and the time that it names."""
        resolution = resolve(question, history)
        reading, found = self._read(question, resolution, history, scope, today)
        notices = (*reading.notices, *found.notices, *([resolution.notice] if resolution.notice else ()))
        return Sought(reading.question, found.hits, notices, found.empty)

    def _read(
        self, question: str, resolution: Resolution, history: Sequence[Message], scope: Scope | None, today: date
    ) -> tuple[Reading, Found]:
        """Return the reading of the question that is answered, and what was found for it."""
        reading = self._speller.read(without_unwritable(resolution.question))
        # A follow-up keeps the time of the question that it leans on, unless it names one of its own.
        earlier = [m.content for m in history if m.role == "user"][-1:] if resolution.leaned else []
        spelt = [self._speller.read(text).question for text in earlier]
        found = self._in_time(reading.question, [question, reading.question, *spelt], scope, today)
        if not resolution.sure:
            alone = self._speller.read(question)
            topic = self._speller.read(resolution.topic).question
            besides = self._in_time(alone.question, [question, alone.question], scope, today)
            if not leans_by_evidence(alone.question, topic, besides.hits, found.hits):
                return alone, besides
        return reading, found

    def _in_time(self, asked: str, timed_by: Sequence[str], scope: Scope | None, today: date) -> Found:
        """Return what is found for the question within the time that the first of the texts names."""
        time = next(filter(None, (read_timescope(text, today) for text in timed_by)), None)
        looked_up = without_time(asked, time) if time else asked
        search = TimedSearch(
            self._library,
            lambda bounds: self._retriever.retrieve(looked_up, self._depth, bounds),
            lambda hits: self._answers(looked_up, hits),
        )
        return search.search(time, scope, today)


def without_time(question: str, time: TimeScope) -> str:
    """Return what is to be looked up within the time that the question's sources are from: all but that time.

    Of an event the time may stand in the sentence that answers; it stays, as does a question of nothing else.
    """
    if time.kind == "event":
        return question
    rest = " ".join(_NEWS.sub(" ", question.replace(time.words, " ")).split())
    return rest if any(word not in STOP_WORDS for word in words(rest)) else question
