"""The generator that is a language model. Knows when to ask one and when to leave it alone.

What it writes is free text, which nobody sees before it has passed the citation gate. A model that fails several times
running rests for a while, and a question that comes meanwhile goes straight to what answers without it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from rag.errors import ModelFailed
from rag.prompts import NOTHING_FOUND, answer_messages
from rag.protocols import ChatModel
from rag.records import Claim, Hit, Message
from rag.tokens import load_encoding

FAILURES_BEFORE_REST = 3
REST_S = 30.0
_THOUGHTS = ("<think>", "</think>")
_HARMLESS = frozenset({"none", "refused", "silent"})
"""What is no failure of the server."""


class Breaker:
    """Counts failures in a row, and says whether to ask at all. Safe to use from many threads."""

    def __init__(
        self,
        failures: int = FAILURES_BEFORE_REST,
        rest_s: float = REST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._resting_until = 0.0

    def check(self) -> None:
        """Raise ModelFailed while the model rests; after a rest one question tries it, and others wait for that."""
        with self._lock:
            if self._failed < self._most:
                return
            if self._clock() < self._resting_until:
                raise ModelFailed("resting")
            self._resting_until = self._clock() + self._rest_s

    def note(self, *, failed: bool) -> None:
        """Count a failure, or forget all that were counted."""
        with self._lock:
            self._failed = self._failed + 1 if failed else 0
            if self._failed >= self._most:
                self._resting_until = self._clock() + self._rest_s


class LanguageModelGenerator:
    """Has a language model write the answer from the passages; `prompt_tokens` bounds what is sent."""

    def __init__(self, model: ChatModel, *, prompt_tokens: int = 3000, breaker: Breaker | None = None) -> None:
        self._model = model
        self._prompt_tokens = prompt_tokens
        self._breaker = breaker or Breaker()
        # Here, so that no question waits for the rank files.
        load_encoding("cl100k_base")

    @property
    def name(self) -> str:
        """What `Answer.generator` says."""
        return self._model.name

    def generate(
        self,
        question: str,
        hits: Sequence[Hit],
        history: Sequence[Message],  # noqa: ARG002 - the question was resolved
    ) -> Iterator[str | Claim]:
        """Yield what the model writes, thoughts left out; raises ModelFailed, also where it writes nothing."""
        self._breaker.check()
        messages = answer_messages(question, hits, most_tokens=self._prompt_tokens)
        pieces = self._model.stream(messages)
        try:
            yield from _answering(without_thoughts(pieces))
        except ModelFailed as failed:
            self._breaker.note(failed=failed.reason not in _HARMLESS)
            raise
        except Exception:
            self._breaker.note(failed=True)
            raise
        finally:
            close = getattr(pieces, "close", None)
            if close:
                close()
        self._breaker.note(failed=False)


def _answering(pieces: Iterator[str]) -> Iterator[str]:
    """Yield the pieces; raises ModelFailed where they are no answer in all."""
    begun = ""
    for piece in pieces:
        begun = begun if len(begun) > len(NOTHING_FOUND) else begun + piece.strip()
        yield piece
    if begun.strip(" .") in {"", NOTHING_FOUND}:
        raise ModelFailed("none" if begun else "silent")


def without_thoughts(pieces: Iterator[str]) -> Iterator[str]:
    """Yield the text without what stands between <think> and </think>, however it is cut into pieces."""
    held, thinking = "", False
    for piece in pieces:
        held += piece
        while (mark := _THOUGHTS[thinking]) in held:
            said, _, held = held.partition(mark)
            if said and not thinking:
                yield said
            thinking = not thinking
        # The end may be the beginning of the mark.
        kept = next((n for n in range(len(mark) - 1, 0, -1) if held.endswith(mark[:n])), 0)
        said, held = held[: len(held) - kept], held[len(held) - kept :]
        if said and not thinking:
            yield said
    if held and not thinking:
        yield held
