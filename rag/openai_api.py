"""The routes of OpenAI's API that a chat needs, so that its clients work unchanged: chat completions and models.

What a request says and how an answer looks stands in rag.completions. Errors have OpenAI's shape, whatever the rest of
the server says; none tells a path, a key or what failed inside.
"""

import copy
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from rag.asynchronous import AsyncAssistant
from rag.completions import Completion, CompletionRequest, error_row
from rag.errors import AssistantBusy, QuestionRefused, RagError
from rag.page_text import safe_address
from rag.protocols import Generator
from rag.records import Answer, Citation, Delta, Done, Event
from rag.rest_route import GONE, ClientGone, client_of, unless_gone

OWNER = "newspulse"
COMPLETIONS = "/chat/completions"

_UNREADABLE = "the articles cannot be read at the moment; the server's log says why"
_FAILED = "this could not be answered; the server's log says why"
_ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_CHUNK = {"type": "object", "required": ["data"], "properties": {"data": {"type": "string"}}}
_OBJECT = {"type": "object", "required": ["object"], "properties": {"object": {"type": "string"}}}

_log = logging.getLogger(__name__)


class ModelMissing(RagError):
    """No generator has the name that was asked for."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error in OpenAI's words."""

    status: int
    message: str
    kind: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    retry_after_s: int | None = None

    def body(self) -> dict[str, Any]:
        return error_row(self.message, self.kind, param=self.param, code=self.code)


class _Route(APIRoute):
    """A route whose every failure is told in OpenAI's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except ClientGone:
                return Response(status_code=GONE)
            except Exception as error:  # noqa: BLE001 - the edge: whatever failed, the client reads OpenAI's shape
                failure = _failure(error)
                headers = {"retry-after": str(failure.retry_after_s)} if failure.retry_after_s else None
                return JSONResponse(failure.body(), failure.status, headers)

        return handler


def openai_router(assistant: AsyncAssistant) -> APIRouter:
    """Return the routes `/chat/completions`, `/models` and `/models/{model}`, to be put under `/v1`.

    The models are the assistant's generators.
    """
    router = APIRouter(route_class=_Route, tags=["openai"])
    writing = {g.name: _written_by(assistant, g) for g in reversed(assistant.assistant.generators)}

    answers = _told("200 400 401 404 413 429 503")
    answers[200]["content"]["text/event-stream"] = {"itemSchema": _CHUNK}

    @router.post(COMPLETIONS, summary="Answer the last message of a conversation", responses=answers)
    async def complete(asked: CompletionRequest, request: Request) -> Response:
        if asked.model not in writing:
            raise _missing(asked.model, writing)
        question, history = asked.conversation()
        completion = Completion(asked.model, _addresses(request), tuple(asked.unread()))
        events = writing[asked.model].stream(question, history, client=client_of(request))
        # What refuses the question does so here, while there is still a status to say it with.
        await unless_gone(request, anext(events))
        if asked.stream:
            told = _told_events(_chunks(events, completion, asked))
            return StreamingResponse(told, media_type="text/event-stream", headers={"cache-control": "no-store"})
        answer = await unless_gone(request, _answer(events))
        usage = await assistant.run(lambda: asked.usage(answer.text))
        return JSONResponse(completion.whole(answer, usage))

    @router.get("/models", summary="List who can write answers", responses=_told("200 401"))
    async def models() -> Response:
        return JSONResponse({"object": "list", "data": [_model(name) for name in reversed(writing)]})

    @router.get("/models/{model}", summary="Tell of one who can write answers", responses=_told("200 401 404"))
    async def model_named(model: str) -> Response:
        if model not in writing:
            raise _missing(model, writing)
        return JSONResponse(_model(model))

    return router


def _written_by(assistant: AsyncAssistant, generator: Generator) -> AsyncAssistant:
    """Return an assistant over the same library and threads that differs in who writes."""
    other = copy.copy(assistant)
    other.assistant = assistant.assistant.with_generator(generator)
    return other


async def _answer(events: AsyncGenerator[Event]) -> Answer:
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Done):
                return event.answer
    raise AssertionError("a stream ends with Done")


async def _chunks(
    events: AsyncGenerator[Event], completion: Completion, asked: CompletionRequest
) -> AsyncIterator[dict[str, Any]]:
    """Yield the chunks of the stream; one that fails on the way ends in an error in place of a chunk."""
    counted = bool(asked.stream_options and asked.stream_options.include_usage)
    try:
        async with aclosing(events):
            yield completion.begun()
            async for event in events:
                if isinstance(event, Delta):
                    yield completion.said(event.text)
                elif isinstance(event, Done):
                    yield completion.ended(event.answer)
                    if counted:
                        yield completion.counted(asked.usage(event.answer.text))
    except Exception as error:  # noqa: BLE001 - the edge, as above: the status has gone out already
        yield _failure(error).body()


async def _told_events(chunks: AsyncIterator[dict[str, Any]]) -> AsyncIterator[str]:
    async for chunk in chunks:
        yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
    yield "data: [DONE]\n\n"


def _addresses(request: Request) -> Callable[[Citation], str]:
    """Return what tells where a citation can be read: at the article's own address, else at this server's."""
    here = request.url.path.removesuffix(COMPLETIONS)
    root = f"{request.url.scheme}://{request.url.netloc}{here}/articles/"
    return lambda citation: safe_address(citation.url) or root + quote(citation.article_id, safe="")


def _failure(error: Exception) -> _Failure:
    refused = _refusal(error)
    if refused:
        return refused
    _log.error("a question could not be answered", exc_info=error)
    if isinstance(error, RagError):
        return _Failure(503, _UNREADABLE, "server_error")
    return _Failure(500, _FAILED, "server_error")


def _refusal(error: Exception) -> _Failure | None:
    """Return what is wrong with the request, or that it comes at a bad time; None where something failed here."""
    match error:
        case RequestValidationError():
            return _invalid(error)
        case QuestionRefused():
            return _Failure(400, str(error), param="messages", code="question_refused")
        case ModelMissing():
            return _Failure(404, str(error), param="model", code="model_not_found")
        case AssistantBusy(of_client=of_client, retry_after_s=wait_s):
            return _Failure(429 if of_client else 503, str(error), "server_error", code="busy", retry_after_s=wait_s)
        case HTTPException(status_code=status, detail=detail):
            return _Failure(status, str(detail))
    return None


def _invalid(error: RequestValidationError) -> _Failure:
    first = error.errors()[0]
    # What was sent is not said again.
    where = ".".join(str(step) for step in first["loc"][1:])
    return _Failure(400, f"{where or 'the body'}: {first['msg']}", param=where or None)


def _missing(model: str, writing: dict[str, AsyncAssistant]) -> ModelMissing:
    return ModelMissing(f"no model '{model[:100]}'; known are: {', '.join(reversed(writing))}")


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": OWNER}


def _told(statuses: str) -> dict[int | str, dict[str, Any]]:
    """Return what the API's description says of the answers with these statuses."""
    told: dict[int | str, dict[str, Any]] = {}
    for status in map(int, statuses.split()):
        schema = _OBJECT if status == 200 else _ERROR_SCHEMA  # noqa: PLR2004 - as HTTP names it
        described = "The answer" if schema is _OBJECT else "An error in OpenAI's shape"
        told[status] = {"description": described, "content": {"application/json": {"schema": schema}}}
    return told
