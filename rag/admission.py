"""Lets in as many questions as can be worked on, a bounded number to wait, and tells all others when to come back.

Knows no HTTP and does no work itself: who enters holds a place until it is left.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable

from rag.errors import AssistantBusy

AT_ONCE = 8
WAITING = 128
LONGEST_WAIT_S = 30.0
_LONGEST_TOLD_S = 60
_FIRST_GUESS_S = 0.2
_OF_THE_LATEST = 0.1


class Admission:
    """Holds `at_once` places at work and `waiting` before them; safe to use from many threads.

    One client, where it is named, has at most `per_client` of both; `longest_wait_s` is for whoever works to keep.
    """

    def __init__(
        self,
        at_once: int = AT_ONCE,
        waiting: int = WAITING,
        *,
        per_client: int | None = None,
        longest_wait_s: float = LONGEST_WAIT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.at_once = at_once
        self.longest_wait_s = longest_wait_s
        self._waiting_most = waiting
        self._per_client = per_client or at_once + waiting
        self._clock = clock
        self._lock = threading.Lock()
        self._clients: Counter[str] = Counter()
        self._entered = 0
        self._at_work = 0
        self._mean_s = _FIRST_GUESS_S

    def enter(self, client: str = "") -> "Place":
        """Return a place; raises AssistantBusy where none is free, or the client has its share."""
        with self._lock:
            if client and self._clients[client] >= self._per_client:
                said = f"{self._per_client} questions of yours are being answered already; ask again when one is done"
                raise AssistantBusy(said, self._wait_s(), of_client=True)
            self.check()
            self._entered += 1
            self._clients[client] += 1
        return Place(self, client)

    def check(self) -> None:
        """Raise AssistantBusy where no place is free: who looks before reading a request refuses it sooner."""
        if self._entered >= self.at_once + self._waiting_most:
            said = f"{self._entered} questions are being answered or waiting already; ask again later"
            raise AssistantBusy(said, self._wait_s())

    def at_work(self) -> int:
        """Return how many are worked on."""
        return self._at_work

    def waiting(self) -> int:
        """Return how many wait."""
        return self._entered - self._at_work

    def waited_too_long(self) -> AssistantBusy:
        """Return what to raise for who has waited for `longest_wait_s`."""
        return AssistantBusy(f"nobody came to it within {self.longest_wait_s:g} s; ask again later", self._wait_s())

    def _wait_s(self) -> int:
        """Return after how many seconds about half of those that are in will have been worked on."""
        return min(max(1, math.ceil(self._entered / 2 * self._mean_s / self.at_once)), _LONGEST_TOLD_S)

    def begun(self) -> float:
        """Count one more at work and return the time; a Place does that."""
        with self._lock:
            self._at_work += 1
        return self._clock()

    def left(self, client: str, begun: float | None) -> None:
        """Count one less, and how long it took since `begun`; a Place does that."""
        with self._lock:
            self._entered -= 1
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]
            if begun is not None:
                self._at_work -= 1
                self._mean_s += _OF_THE_LATEST * (self._clock() - begun - self._mean_s)


class Place:
    """A place that was given to one question; left once, whatever came of it."""

    def __init__(self, admission: Admission, client: str) -> None:
        self._admission = admission
        self._client = client
        self._begun: float | None = None
        self._left = False

    def begin(self) -> None:
        """Say that the wait is over."""
        self._begun = self._admission.begun()

    def leave(self) -> None:
        """Give the place back; a second time does nothing."""
        if not self._left:
            self._left = True
            self._admission.left(self._client, self._begun)
