"""The HTTP door as one application: questions, articles, health, and the OpenAPI document that describes them.

Knows no login and no address: who may reach it is decided by the wall in front of it.
"""

import re
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from rag.asynchronous import AsyncAssistant
from rag.metrics import Measured, Metrics
from rag.problems import MEDIA_TYPE
from rag.rest_articles import TOKEN, Changing, articles_router
from rag.rest_ask import ask_router
from rag.rest_health import health_router
from rag.rest_route import problem_response, told_of

PREFIX = "/v1/"
OUTSIDE_PREFIX = frozenset({"/healthz", "/readyz", "/metrics"})
"""The paths that programs expect at the top."""

OPEN = frozenset({"/healthz", "/readyz"})
"""The paths that need no login: they tell nothing of any article."""

_TITLE = "newspulse"
_ABOUT = "Answers questions about news articles and proves every sentence with a quote checked to the character."
_NOT_FOUND, _NOT_ALLOWED = 404, 405
_UNEXPECTED = {"description": "Anything else: a problem (RFC 9457)."}


def rest_router(assistant: AsyncAssistant, changing: Changing | None = None) -> APIRouter:
    """Return the routes below /v1, to be included in any FastAPI application."""
    router = APIRouter()
    router.include_router(ask_router(assistant))
    router.include_router(articles_router(assistant, changing))
    return router


def rest_app(
    assistant: AsyncAssistant,
    metrics: Metrics,
    *,
    version: str,
    changing: Changing | None = None,
    more: Sequence[APIRouter] = (),
) -> FastAPI:
    """Return the application with these routes, those `more`, and its OpenAPI document at /v1/openapi.json."""
    app = _Described(
        title=_TITLE,
        version=version,
        description=_ABOUT,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in (rest_router(assistant, changing), *more, health_router(assistant, metrics)):
        app.include_router(router)

    async def refuse(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == _NOT_FOUND:
            error.detail = "there is nothing at this path; what there is stands in /v1/openapi.json"
        elif isinstance(error, HTTPException) and error.status_code == _NOT_ALLOWED:
            # The framework names the methods of one route of the path, RFC 9110 asks for those of all.
            methods = ", ".join(app.methods_of(request.url.path))
            error.detail, error.headers = f"this path takes: {methods}", {"allow": methods}
        return problem_response(told_of(error))

    app.add_exception_handler(HTTPException, refuse)
    app.add_exception_handler(Exception, refuse)
    app.add_middleware(Measured, metrics=metrics)
    return app


class _Described(FastAPI):
    def methods_of(self, path: str) -> list[str]:
        """Return the methods of which the OpenAPI document tells for the path."""
        told = (
            operations
            for template, operations in self.openapi()["paths"].items()
            if re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+", re.escape(template)), path)
        )
        return sorted({method.upper() for operations in told for method in operations})

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, in which every failure is a problem."""
        if self.openapi_schema is None:
            told = get_openapi(title=self.title, version=self.version, description=_ABOUT, routes=self.routes)
            for unused in ("HTTPValidationError", "ValidationError"):
                told["components"]["schemas"].pop(unused, None)
            told["components"]["securitySchemes"] = {TOKEN: {"type": "http", "scheme": "bearer"}}
            for path in told["paths"].values():
                for operation in path.values():
                    _tell_problems(operation)
            self.openapi_schema = told
        return self.openapi_schema


def _tell_problems(operation: dict[str, Any]) -> None:
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemRow"}}}
    responses: dict[str, Any] = operation["responses"]
    for response in responses.values():
        told = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
        if told.endswith(("/ProblemRow", "/HTTPValidationError")):
            response["content"] = problem
    responses.setdefault("default", {**_UNEXPECTED, "content": problem})
