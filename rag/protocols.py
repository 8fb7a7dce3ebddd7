"""The contracts between the floors: what finds, what writes, and what tells of progress."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from rag.chat_messages import ChatMessage
from rag.records import Claim, Hit, Message, Scope

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what is being worked on); total 0 means unknown."""


@runtime_checkable
class Retriever(Protocol):
    """Finds the passages that fit a question."""

    @property
    def name(self) -> str:
        """What `Hit.found_by` says."""

    def retrieve(self, question: str, k: int, scope: Scope | None = None) -> list[Hit]:
        """Return at most k hits, best first, ties by passage id, no passage twice; none is not an error."""


@runtime_checkable
class Generator(Protocol):
    """Writes an answer from hits.

    A Claim names the spans of hits' passages it rests on. A str is free text in which every sentence ends in [n],
    n counting the hits from 1. Either passes the citation gate before anyone sees it.
    """

    @property
    def name(self) -> str:
        """What `Answer.generator` says."""

    def generate(self, question: str, hits: Sequence[Hit], history: Sequence[Message]) -> Iterator[str | Claim]:
        """Yield claims or pieces of text; nothing where the hits do not answer."""


@runtime_checkable
class ChatModel(Protocol):
    """A language model that takes messages and writes on."""

    @property
    def name(self) -> str:
        """What it is called in answers: where it runs and which it is."""

    def stream(self, messages: Sequence[ChatMessage]) -> Iterator[str]:
        """Yield the reply in pieces; closing the iterator ends the request. Raises ModelFailed, within its deadline."""
