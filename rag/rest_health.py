"""The routes that tell how the server is: alive, ready, and in figures for Prometheus."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from rag.asynchronous import AsyncAssistant
from rag.metrics import CONTENT_TYPE, Metrics
from rag.problems import Problem, Refused, retry_after
from rag.records import Scope
from rag.rest_route import ProblemRoute
from rag.rest_rows import Health, ProblemRow, Ready

_PATIENCE_S = 1.0
_RETRY_S = 2
_METRICS_EXAMPLE = "# TYPE newspulse_answers_total counter\nnewspulse_answers_total 1.0\n"


def health_router(assistant: AsyncAssistant, metrics: Metrics) -> APIRouter:
    """Return the routes /healthz, /readyz and /metrics."""
    router = APIRouter(route_class=ProblemRoute, tags=["health"])
    readiness = Readiness(assistant)

    @router.get("/healthz", summary="Say that the server answers", response_model=Health)
    async def health() -> Response:
        return JSONResponse({"status": "ok"})

    @router.get(
        "/readyz",
        summary="Say whether questions are answered: the store opens, the model is loaded",
        response_model=Ready,
        responses={503: {"model": ProblemRow, "description": "Not yet, or no more."}},
    )
    async def ready() -> Response:
        return JSONResponse(await readiness.told())

    @router.get(
        "/metrics",
        summary="Tell figures for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": _METRICS_EXAMPLE}}}},
    )
    async def figures() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return router


class Readiness:
    """Whether one assistant answers questions; loads its model and index the first time that it is asked."""

    def __init__(self, assistant: AsyncAssistant) -> None:
        self._assistant = assistant
        self._thread = ThreadPoolExecutor(1, "newspulse-warm")
        self._warming: Future[None] | None = None

    async def told(self) -> dict[str, Any]:
        """Return the generation that questions are answered from; raises Refused while they are not."""
        if self._warming is None or (self._warming.done() and self._warming.exception()):
            self._warming = self._thread.submit(self._assistant.assistant.warm)
        if not self._warming.done():
            await asyncio.wait({asyncio.wrap_future(self._warming)}, timeout=_PATIENCE_S)
        if not self._warming.done():
            said = "the model and the index are being loaded"
            raise Refused(Problem(503, said, "not-ready", headers=(retry_after(_RETRY_S),)))
        self._warming.result()
        return await self._assistant.run(self._read)

    def _read(self) -> dict[str, Any]:
        pipeline = self._assistant.assistant
        with pipeline.library.reader() as reader:
            return {
                "status": "ready",
                "generation": reader.generation(),
                "articles": reader.count_articles(Scope())[0],
                "generator": pipeline.generator.name,
            }
