"""What all routes of the HTTP door share: every failure ends as a problem, and work ends when its client has gone."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from embeddings.errors import EmbeddingError
from rag.errors import RagError, StoreError
from rag.problems import MEDIA_TYPE, Fault, Problem, Refused, failure, problem_of
from rag.wall import OWNER_HEADER

GONE = 499
"""What a request counts as whose client has gone: nobody reads the response."""

_MOST_FAULTS = 20

Made = TypeVar("Made")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_log = logging.getLogger(__name__)


class ClientGone(Exception):
    """Nobody waits for the response any more."""


class ProblemRoute(APIRoute):
    """A route whose every failure is told as a problem, in whatever application it is put."""

    def get_route_handler(self) -> Handler:
        """Return the handler that cannot fail."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await inner(request)
            except ClientGone:
                return Response(status_code=GONE)
            except Exception as error:  # noqa: BLE001 - the edge: whatever failed, nothing of the inside is told
                return problem_response(told_of(error))
            response.headers.setdefault("cache-control", "no-store")
            return response

        return handle


def told_of(error: Exception) -> Problem:
    """Return the problem to tell of an error; what is the server's own fault goes to the log."""
    match error:
        case Refused():
            return error.problem
        case RequestValidationError():
            faults = [Fault(tuple(fault["loc"]), fault["msg"]) for fault in error.errors()[:_MOST_FAULTS]]
            where = "; ".join(f"{' '.join(map(str, fault.place))}: {fault.said}" for fault in faults[:3])
            return Problem(422, f"what was sent does not fit: {where}", "invalid", tuple(faults))
        case HTTPException():
            return Problem(error.status_code, str(error.detail), headers=tuple((error.headers or {}).items()))
        case RagError():
            if isinstance(error, StoreError):
                _log.error("a request could not be answered: %s", error)
            return problem_of(error)
        case EmbeddingError():
            _log.error("a request could not be answered: %s", error)
            return failure()
    _log.error("a request failed", exc_info=error)
    return failure()


def problem_response(problem: Problem) -> Response:
    """Return the problem as a response."""
    headers = {"cache-control": "no-store", **dict(problem.headers)}
    return Response(problem.body(), problem.status, headers, media_type=MEDIA_TYPE)


async def unless_gone(request: Request, work: Coroutine[Any, Any, Made]) -> Made:
    """Return what the work returns; it is cancelled, and ClientGone raised, when the client goes before."""
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_has_gone(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientGone
    finally:
        leaving.cancel()
        working.cancel()


def client_of(request: Request) -> str:
    """Return for whom a question counts: the signed-in name; "" where nobody has to sign in."""
    owner = request.headers.get(OWNER_HEADER, "")
    return owner if owner.startswith("user:") else ""


async def _has_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
