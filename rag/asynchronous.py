"""An assistant for asyncio: asks in threads of its own, so that the event loop is never held up.

Knows no HTTP. Search, model and store block, so each question runs whole in one thread and hands its events over.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing, suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date
from typing import Any, Self, TypeVar

from rag.admission import Admission, Place
from rag.listening import LISTENER, Listener
from rag.pipeline import Pipeline
from rag.records import Answer, Article, Done, Event, Message, Retrieved, Scope

_READING_AT_ONCE = 4
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class _Begun:
    pass


@dataclass(frozen=True, slots=True)
class _End:
    failure: Exception | None


class AsyncAssistant:
    """Answers questions from one library, as many at once as `admission` lets in; for one event loop or several.

    Every method raises what the Pipeline's raises; asking and searching also AssistantBusy. `client` is whom a question
    counts for, "" for nobody in particular. `answered` is told of every answer and the seconds that it took.
    """

    def __init__(
        self,
        assistant: Pipeline,
        *,
        admission: Admission | None = None,
        answered: Callable[[Answer, float], None] = lambda _answer, _seconds: None,
    ) -> None:
        self.assistant = assistant
        self.admission = admission or Admission()
        self._answered = answered
        self._asking = ThreadPoolExecutor(self.admission.at_once, thread_name_prefix="newspulse-ask")
        self._reading = ThreadPoolExecutor(_READING_AT_ONCE, thread_name_prefix="newspulse-read")

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
        client: str = "",
    ) -> Answer:
        """Return the answer; cancelled, it ends the work as `stream` does."""
        answer = None
        async with aclosing(self.stream(question, history, scope=scope, today=today, client=client)) as events:
            # To its end: the place is free by then.
            async for event in events:
                answer = event.answer if isinstance(event, Done) else answer
        if answer is None:
            raise AssertionError("a stream ends with Done")
        return answer

    async def stream(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        scope: Scope | None = None,
        today: date | None = None,
        client: str = "",
    ) -> AsyncGenerator[Event]:
        """Yield what `Pipeline.stream` yields; closing or cancelling it ends the work at the next event."""
        place, begun = self.admission.enter(client), time.monotonic()
        events = handed_over(
            self._asking,
            lambda: self.assistant.stream(question, history, scope=scope, today=today),
            place,
            self.admission,
        )
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Done):
                    self._answered(event.answer, time.monotonic() - begun)
                yield event

    async def search(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        scope: Scope | None = None,
        today: date | None = None,
        client: str = "",
    ) -> Retrieved:
        """Return what an answer would rest on, best first, without writing one."""

        def first() -> Iterator[Event]:
            events = self.assistant.stream(question, history, scope=scope, today=today)
            try:
                yield next(events)
            finally:
                _close(events)

        place = self.admission.enter(client)
        async with aclosing(handed_over(self._asking, first, place, self.admission)) as events:
            found = [event async for event in events]
        if not found or not isinstance(found[0], Retrieved):
            raise AssertionError("a stream begins with Retrieved")
        return found[0]

    async def article(self, article_id: str) -> Article:
        """Return an article as it is stored: the text that the spans of citations count in. Raises ArticleMissing."""
        return await self.run(lambda: self.assistant.article(article_id))

    async def run(self, work: Callable[[], Told]) -> Told:
        """Return what the work returns, done in one of a few threads that no question holds: reading the store."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, work)

    async def close(self) -> None:
        """Take no more questions, drop those that wait, and return when those under way have ended."""
        for threads in (self._asking, self._reading):
            await asyncio.to_thread(threads.shutdown, wait=True, cancel_futures=True)


async def handed_over(
    threads: ThreadPoolExecutor, begin: Callable[[], Iterator[Told]], place: Place, admission: Admission
) -> AsyncGenerator[Told]:
    """Yield what the iterator yields, which runs whole in one of the threads; closing ends it at its next item.

    Raises what it raises, and AssistantBusy where no thread was free for as long as the admission lets wait.
    """
    loop = asyncio.get_running_loop()
    coming: asyncio.Queue[Told | _Begun | _End] = asyncio.Queue()
    listener = Listener()

    def tell(item: Told | _Begun | _End) -> bool:
        # The loop may be closed, with nobody left to tell.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(coming.put_nowait, item)
            return not listener.has_left()
        return False

    def work() -> None:
        LISTENER.set(listener)
        place.begin()
        failure = None
        try:
            if tell(_Begun()):
                _tell_all(begin(), tell)
        except Exception as error:  # noqa: BLE001 - raised anew where the items are read
            failure = error
        finally:
            place.leave()
        tell(_End(failure))

    working = _submitted(threads, work, place)
    try:
        await _begun(working, coming, admission)
        while not isinstance(item := await coming.get(), _End):
            if not isinstance(item, _Begun):
                yield item
        if item.failure:
            raise item.failure
    finally:
        if working.cancel():
            place.leave()
        listener.leave()


def _submitted(threads: ThreadPoolExecutor, work: Callable[[], None], place: Place) -> Future[None]:
    try:
        return threads.submit(copy_context().run, work)
    except RuntimeError:
        place.leave()
        raise


async def _begun(working: Future[None], coming: asyncio.Queue[Any], admission: Admission) -> None:
    """Return once the work has begun; raises AssistantBusy where that takes too long."""
    try:
        async with asyncio.timeout(admission.longest_wait_s):
            await coming.get()
    except TimeoutError:
        if working.cancel():
            raise admission.waited_too_long() from None
        await coming.get()


def _tell_all(items: Iterator[Told], tell: Callable[[Told], bool]) -> None:
    """Tell every item until they, or whoever listens, end; then close the iterator here, in its own thread."""
    try:
        for item in items:
            if not tell(item):
                return
    finally:
        _close(items)


def _close(items: Iterator[object]) -> None:
    close = getattr(items, "close", None)
    if close:
        close()
