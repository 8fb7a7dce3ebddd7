"""Every route that programs ask, for somebody else's FastAPI application: /v1/..., and /mcp where its SDK is installed.

Knows no login: whoever takes the routes in decides who may reach them.
"""

from collections.abc import Iterator
from importlib.util import find_spec

from fastapi import APIRouter

from rag.asynchronous import AsyncAssistant
from rag.openai_api import openai_router
from rag.pipeline import Pipeline
from rag.rest import rest_router
from rag.widget import widget_router

PREFIX = "/v1"


def make_router(assistant: Pipeline | AsyncAssistant, *, version: str) -> APIRouter:
    """Return the routes that read: ask, search, articles, OpenAI's, the widget's script, and MCP; none that writes."""
    asking = AsyncAssistant(assistant) if isinstance(assistant, Pipeline) else assistant
    router = APIRouter()
    for part in (rest_router(asking), *other_routers(asking, version=version)):
        router.include_router(part)
    return router


def other_routers(assistant: AsyncAssistant, *, version: str) -> Iterator[APIRouter]:
    """Yield the routes besides those of rag.rest."""
    below = APIRouter(prefix=PREFIX)
    below.include_router(openai_router(assistant))
    below.include_router(widget_router())
    yield below
    if find_spec("mcp"):
        from rag.mcp_server import make_mcp_server, mcp_router  # noqa: PLC0415 - an extra

        yield mcp_router(make_mcp_server(assistant, version=version))
