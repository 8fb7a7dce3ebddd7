"""The routes that answer and search. Knows no store: what it tells comes from the assistant."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from time import perf_counter
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.sse import format_sse_event

from rag.asynchronous import AsyncAssistant
from rag.errors import AssistantBusy
from rag.problems import problem_of
from rag.records import Delta, Done, Event, Hit, Retrieved
from rag.rest_requests import QuestionAsked, SearchAsked
from rag.rest_route import Handler, ProblemRoute, client_of, problem_response, told_of, unless_gone
from rag.rest_rows import ANSWER_EXAMPLE, AnswerRow, FoundRow, ProblemRow
from rag.timing import timed_row

EVENT_STREAM = "text/event-stream"
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    413: {"model": ProblemRow, "description": "More bytes than are taken."},
    422: {"model": ProblemRow, "description": "What was sent does not fit, or the question holds no word."},
    429: {"model": ProblemRow, "description": "Too many questions of this account at once; see Retry-After."},
    503: {"model": ProblemRow, "description": "Too many questions at once, or no store; see Retry-After."},
}
_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["retrieved", "delta", "done", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}
_STREAM_EXAMPLE = """event: retrieved
data: {"resolved_question": "What did the new bridge cost?", "passages": [...]}

event: delta
data: {"text": "It cost 310 million euros. [1]"}

event: done
data: {"question": "What did the new bridge cost?", "answer": {...}, ...}

"""


def ask_router(assistant: AsyncAssistant) -> APIRouter:
    """Return the routes /v1/ask and /v1/search."""
    router = APIRouter(route_class=_refusing_early(assistant), tags=["questions"])

    @router.post(
        "/v1/ask",
        summary="Answer a question, and prove every sentence",
        response_model=AnswerRow,
        responses={
            200: {
                "description": "The answer; as a stream the events retrieved, delta (any number), then done or error.",
                "content": {
                    "application/json": {"example": ANSWER_EXAMPLE},
                    EVENT_STREAM: {"itemSchema": _EVENT, "example": _STREAM_EXAMPLE},
                },
            },
            **_PROBLEMS,
        },
    )
    async def ask(asked: Annotated[QuestionAsked, Body()], request: Request) -> Response:
        events = _events(assistant, asked, request)
        begun = perf_counter()
        # What refuses the question does so here, while there is still a status to say it with.
        first = await unless_gone(request, anext(events))
        told = _told(first, events, asked.passages, begun)
        if asked.stream or EVENT_STREAM in request.headers.get("accept", ""):
            headers = {"x-accel-buffering": "no"}
            return StreamingResponse(_written(told), media_type=EVENT_STREAM, headers=headers)
        return JSONResponse(await unless_gone(request, _last(told)))

    @router.post(
        "/v1/search", summary="Find passages without writing an answer", response_model=FoundRow, responses=_PROBLEMS
    )
    async def search(asked: Annotated[SearchAsked, Body()], request: Request) -> Response:
        work = assistant.search(
            asked.question, asked.messages(), scope=asked.bounds(), today=asked.today, client=client_of(request)
        )
        found = await unless_gone(request, work)
        hits = found.hits[: asked.passages]
        rows = await assistant.run(lambda: _found_rows(assistant, hits))
        return JSONResponse(
            {"question": asked.question, "resolved_question": found.resolved_question, "passages": rows}
        )

    return router


def _refusing_early(assistant: AsyncAssistant) -> type[ProblemRoute]:
    """Return a route that reads no body while there is no place: among a thousand, each costs less than an answer."""

    class Refusing(ProblemRoute):
        def get_route_handler(self) -> Handler:
            inner = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    assistant.admission.check()
                except AssistantBusy as busy:
                    return problem_response(problem_of(busy))
                return await inner(request)

            return handle

    return Refusing


def _events(assistant: AsyncAssistant, asked: QuestionAsked, request: Request) -> AsyncGenerator[Event]:
    return assistant.stream(
        asked.question, asked.messages(), scope=asked.bounds(), today=asked.today, client=client_of(request)
    )


async def _told(
    first: Event, events: AsyncGenerator[Event], depth: int, begun: float
) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
    """Yield the name and the data of each event, the first of which was read already."""
    retrieved = perf_counter()
    async with aclosing(events):
        if isinstance(first, Retrieved):
            passages = [_place(hit) for hit in first.hits[:depth]]
            yield "retrieved", {"resolved_question": first.resolved_question, "passages": passages}
        async for event in events:
            if isinstance(event, Delta):
                yield "delta", {"text": event.text}
            elif isinstance(event, Done):
                generate_s = perf_counter() - retrieved
                yield "done", timed_row(event.answer, retrieved - begun, generate_s, depth=depth)


async def _written(told: AsyncGenerator[tuple[str, dict[str, Any]]]) -> AsyncIterator[bytes]:
    """Yield the events as they are sent; what fails on the way ends the stream with the event `error`."""
    async with aclosing(told):
        try:
            async for name, row in told:
                yield _sent(name, row)
        except Exception as error:  # noqa: BLE001 - the edge, as in a route
            yield _sent("error", told_of(error).row())


async def _last(told: AsyncGenerator[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    async with aclosing(told):
        rows = [row async for _, row in told]
    return rows[-1]


def _sent(name: str, row: dict[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(row, ensure_ascii=False))


def _place(hit: Hit) -> dict[str, Any]:
    span, passage = hit.passage.span, hit.passage
    return {"article_id": passage.article_id, "start": span.start, "end": span.end, "score": round(hit.score, 6)}


def _found_rows(assistant: AsyncAssistant, hits: tuple[Hit, ...]) -> list[dict[str, Any]]:
    """Return the passages with what they are from; those of an article that has gone meanwhile are left out."""
    with assistant.assistant.library.reader() as reader:
        about = {s.id: s for s in reader.summaries(list(dict.fromkeys(h.passage.article_id for h in hits)))}
    rows = []
    for hit in hits:
        article = about.get(hit.passage.article_id)
        if article:
            rows.append(
                {
                    **_place(hit),
                    "headline": hit.passage.headline,
                    "text": hit.passage.text,
                    "title": article.title,
                    "published": article.published.isoformat() if article.published else None,
                    "published_inferred": article.published_inferred,
                    "publisher": article.publisher,
                    "author": article.author,
                    "url": article.url,
                }
            )
    return rows
