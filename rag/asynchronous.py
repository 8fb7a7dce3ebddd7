"""An assistant for asyncio: asks in threads of its own, so that the event loop is never held up.

Knows no HTTP. Search, model and store block, so each question runs whole in one thread and hands its events over.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Self, TypeVar

from rag.pipeline import Pipeline
from rag.records import Answer, Article, Done, Event, Message, Retrieved, Scope

AT_ONCE = 8
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class _End:
    failure: Exception | None


class AsyncAssistant:
    """Answers questions from one library; for one event loop or several. At most `at_once` are worked on, others wait.

    Every method raises what the Pipeline's raises.
    """

    def __init__(self, assistant: Pipeline, *, at_once: int = AT_ONCE) -> None:
        self.assistant = assistant
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="newspulse")

    async def __aenter__(self) -> Self:
        """Return itself, to be closed behind the body."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    async def ask(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        scope: Scope | None = None,
        today: date | None = None,
    ) -> Answer:
        """Return the answer; cancelled, it ends the work as `stream` does."""
        async for event in self.stream(question, history, scope=scope, today=today):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    async def stream(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        scope: Scope | None = None,
        today: date | None = None,
    ) -> AsyncGenerator[Event]:
        """Yield what `Pipeline.stream` yields; closing or cancelling it ends the work at the next event."""
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[Event | _End] = asyncio.Queue()
        stopped = threading.Event()

        def tell(event: Event | _End) -> bool:
            # The loop may be closed, with nobody left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(events.put_nowait, event)
                return not stopped.is_set()
            return False

        def work() -> None:
            failure = None
            try:
                stream = self.assistant.stream(question, history, scope=scope, today=today)
                _hand_over(stream, tell)
            except Exception as error:  # noqa: BLE001 - raised anew where the events are read
                failure = error
            tell(_End(failure))

        working = self._threads.submit(work)
        try:
            while not isinstance(event := await events.get(), _End):
                yield event
            if event.failure:
                raise event.failure
        finally:
            stopped.set()
            working.cancel()

    async def search(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        scope: Scope | None = None,
        today: date | None = None,
    ) -> Retrieved:
        """Return what an answer would rest on, best first, without writing one."""
        found: list[Event] = []

        def first(event: Event) -> bool:
            found.append(event)
            return False

        def work() -> Retrieved:
            _hand_over(self.assistant.stream(question, history, scope=scope, today=today), first)
            if not found or not isinstance(found[0], Retrieved):
                raise AssertionError("a stream begins with Retrieved")
            return found[0]

        return await self.run(work)

    async def article(self, article_id: str) -> Article:
        """Return an article as it is stored: the text that the spans of citations count in. Raises ArticleMissing."""
        return await self.run(lambda: self.assistant.article(article_id))

    async def run(self, work: Callable[[], Made]) -> Made:
        """Return what the work returns, which is done in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def close(self) -> None:
        """Take no more questions, drop those that wait, and return when those under way have ended."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)


def _hand_over(stream: Iterator[Event], tell: Callable[[Event], bool]) -> None:
    """Tell every event until the stream or whoever listens ends, then close the stream here, in its own thread."""
    try:
        for event in stream:
            if not tell(event):
                return
    finally:
        close = getattr(stream, "close", None)
        if close:
            close()
