"""Counts and times what is served, for Prometheus. Knows no question and no article: only how many, and how long."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from rag.admission import Admission
from rag.records import Answer

# When each label was first seen is of no use and doubles the text.
disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Metrics:
    """The counts of one server; safe to use from many threads."""

    def __init__(self, admission: Admission) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "newspulse_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "newspulse_request_seconds",
            "From a request to the end of its response.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._refused = Counter(
            "newspulse_refused", "Requests refused before any route.", ["status"], registry=registry
        )
        self._answers = Counter("newspulse_answers", "Answers given.", ["generator", "abstained"], registry=registry)
        self._answer_seconds = Histogram(
            "newspulse_answer_seconds",
            "From a question to its whole answer, waiting included.",
            ["generator"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._articles = Counter("newspulse_articles", "Articles handed over.", ["outcome"], registry=registry)
        at_work = Gauge("newspulse_questions_at_work", "Questions being worked on.", registry=registry)
        at_work.set_function(admission.at_work)
        waiting = Gauge("newspulse_questions_waiting", "Questions that wait for a place.", registry=registry)
        waiting.set_function(admission.waiting)

    def answered(self, answer: Answer, seconds: float) -> None:
        """Count an answer."""
        self._answers.labels(answer.generator, str(answer.abstained).lower()).inc()
        self._answer_seconds.labels(answer.generator).observe(seconds)

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; `route` is a template as /v1/articles/{article_id}, so that there are few."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def refused(self, status: int) -> None:
        """Count a request that reached no route."""
        self._refused.labels(str(status)).inc()

    def took(self, outcome: str) -> None:
        """Count an article that was handed over."""
        self._articles.labels(outcome).inc()

    def text(self) -> bytes:
        """Return all of it as Prometheus reads it, of the type CONTENT_TYPE."""
        return generate_latest(self._registry)


class Measured:
    """An ASGI application that counts what another answers."""

    def __init__(self, app: Application, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass the request on and count it when it has ended; one that was given up counts as 499."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, begun = 499, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.requested(scope["method"], route, status, time.perf_counter() - begun)
