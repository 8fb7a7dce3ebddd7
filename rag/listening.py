"""Tells work deep inside a thread that nobody waits for it any more. Knows neither who waited nor what for.

Work that is given up ends at its next event by itself; what can wait long for another program asks to be told at once.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Listener:
    """Whoever waits for one piece of work; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left = False
        self._calls: list[Callable[[], object]] = []

    def has_left(self) -> bool:
        """Return whether nobody waits any more."""
        return self._left

    def leave(self) -> None:
        """Make the calls that were asked for, once."""
        with self._lock:
            self._left, calls, self._calls = True, self._calls, []
        for call in calls:
            call()

    @contextmanager
    def when_leaving(self, call: Callable[[], object]) -> Iterator[None]:
        """Have it called, in the thread of who leaves, if the listener leaves during the body or has left before."""
        with self._lock:
            left = self._left
            self._calls.append(call)
        if left:
            call()
        try:
            yield
        finally:
            with self._lock:
                if call in self._calls:
                    self._calls.remove(call)


LISTENER: ContextVar[Listener | None] = ContextVar("newspulse_listener", default=None)
"""Who waits for the work of this thread; None where that is not known."""
