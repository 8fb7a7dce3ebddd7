"""The routes that list, tell, add and remove articles. Knows no format: what is handed over goes to the uploads."""

import asyncio
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, BinaryIO
from urllib.parse import quote

from fastapi import APIRouter, Body, File, Query, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from rag.admission import Admission
from rag.asynchronous import AsyncAssistant, handed_over
from rag.problems import Problem, Refused
from rag.records import Article, ArticleSummary
from rag.rest_requests import ArticleGiven
from rag.rest_route import Handler, ProblemRoute, problem_response
from rag.rest_rows import ArticlesPage, ArticleWhole, FatesRow, ProblemRow
from rag.uploads import Advance, Fate, Uploads

TOKEN = "token"  # noqa: S105 - the scheme's name in the OpenAPI document
ARTICLES, FILES = "/v1/articles", "/v1/files"
_MOST_LISTED = 200
_FARTHEST = 10**9
_CREATED = 201
# Articles go in one call after another; this many calls wait for that.
_CALLS_WAITING = 16

Headers = Iterable[tuple[bytes, bytes]]
_Responses = dict[int | str, dict[str, Any]]
_MISSING: _Responses = {404: {"model": ProblemRow, "description": "There is no such article."}}
_STORE: _Responses = {503: {"model": ProblemRow, "description": "The store cannot be used now; see Retry-After."}}
_UNFIT: _Responses = {422: {"model": ProblemRow, "description": "What was sent does not fit."}}
_WRITING: _Responses = {
    401: {"model": ProblemRow, "description": "Writing needs a token, whoever is signed in."},
    403: {"model": ProblemRow, "description": "This server takes no articles."},
    413: {"model": ProblemRow, "description": "More bytes than are taken."},
    **_UNFIT,
    **_STORE,
}


@dataclass(frozen=True, slots=True)
class Changing:
    """What changes articles, for whom: `writer` returns whose token a request's headers hold, None for nobody's."""

    uploads: Uploads
    writer: Callable[[Headers], str | None]
    took: Callable[[str], None] = lambda _outcome: None
    _admission: Admission = field(default_factory=lambda: Admission(1, _CALLS_WAITING))
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "newspulse-change"))

    async def fates(self, begin: Callable[[], Iterator[Fate | Advance]]) -> list[Fate]:
        """Return what became of what the iterator puts in; raises AssistantBusy where too many wait to do so."""
        events = handed_over(self._threads, begin, self._admission.enter(), self._admission)
        async with aclosing(events):
            fates = [event async for event in events if isinstance(event, Fate)]
        for fate in fates:
            self.took(fate.outcome)
        return fates


def articles_router(assistant: AsyncAssistant, changing: Changing | None) -> APIRouter:
    """Return the routes below /v1/articles; without `changing`, those that change say how to allow it."""
    router = APIRouter(route_class=ProblemRoute, tags=["articles"])
    library = assistant.assistant.library

    @router.get(
        ARTICLES,
        summary="List articles, newest first",
        response_model=ArticlesPage,
        responses={**_UNFIT, **_STORE},
    )
    async def listed(
        query: Annotated[str, Query(max_length=1000, description="In title, publisher, author, address or id.")] = "",
        offset: Annotated[int, Query(ge=0, le=_FARTHEST)] = 0,
        limit: Annotated[int, Query(ge=1, le=_MOST_LISTED)] = 50,
    ) -> Response:
        def read() -> tuple[list[ArticleSummary], int]:
            with library.reader() as reader:
                return reader.find_articles(query, most=limit, offset=offset)

        found, total = await assistant.run(read)
        rows = [_summary_row(article) for article in found]
        return JSONResponse({"articles": rows, "total": total, "offset": offset, "limit": limit})

    @router.get(
        ARTICLES + "/{article_id:path}",
        summary="Read an article",
        response_model=ArticleWhole,
        responses={**_MISSING, **_STORE},
    )
    async def whole(article_id: str) -> Response:
        def read() -> dict[str, Any]:
            with library.reader() as reader:
                article = reader.article(article_id)
                return _article_row(article, reader.hashes([article_id])[article_id][0])

        return JSONResponse(await assistant.run(read))

    router.include_router(_changing_router(assistant, changing))
    return router


def _changing_router(assistant: AsyncAssistant, changing: Changing | None) -> APIRouter:
    router = APIRouter(route_class=_guarded(changing), tags=["articles"])
    security: dict[str, Any] = {"security": [{TOKEN: []}]}
    folder = str(assistant.assistant.library.folder)

    @router.post(
        ARTICLES,
        summary="Add an article, or a newer self of one",
        response_model=FatesRow,
        responses={201: {"model": FatesRow, "description": "It was added."}, **_WRITING},
        openapi_extra=security,
    )
    async def add(given: Annotated[ArticleGiven, Body()]) -> Response:
        fates = await _allowed(changing).fates(lambda: _put_text(_allowed(changing).uploads, given))
        fate = fates[0]
        if fate.outcome == "refused":
            raise Refused(Problem(422, _without(folder, fate.reason), "article-refused"))
        row = _fates_row(fates, folder)
        if fate.outcome != "added":
            return JSONResponse(row)
        return JSONResponse(row, _CREATED, {"location": f"{ARTICLES}/{quote(fate.article_id, safe='')}"})

    @router.post(
        FILES,
        summary="Add files: txt, md, html, jsonl, pdf, docx, or zip archives of these",
        response_model=FatesRow,
        responses=_WRITING,
        openapi_extra=security,
    )
    async def add_files(files: Annotated[list[UploadFile], File(min_length=1)]) -> Response:
        named = [(file.filename or "unnamed", file.file) for file in files]
        fates = await _allowed(changing).fates(lambda: _put_files(_allowed(changing).uploads, named))
        return JSONResponse(_fates_row(fates, folder))

    @router.delete(
        ARTICLES + "/{article_id:path}",
        summary="Remove an article",
        status_code=204,
        responses={**_MISSING, **_WRITING},
        openapi_extra=security,
    )
    async def remove(article_id: str) -> Response:
        await asyncio.to_thread(_allowed(changing).uploads.remove, [article_id])
        return Response(status_code=204)

    return router


def _guarded(changing: Changing | None) -> type[ProblemRoute]:
    """Return a route that nobody without a token enters: of a request that may not write, no body is read."""

    class Guarded(ProblemRoute):
        def get_route_handler(self) -> Handler:
            inner = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    allowed = _allowed(changing)
                except Refused as refused:
                    return problem_response(refused.problem)
                if not allowed.writer(request.scope["headers"]):
                    said = "send a token as 'Authorization: Bearer TOKEN'; one is made by: rag user token NAME"
                    headers = (("www-authenticate", "Bearer"),)
                    return problem_response(Problem(401, said, "token", headers=headers))
                return await inner(request)

            return handle

    return Guarded


def _allowed(changing: Changing | None) -> Changing:
    if changing is None:
        said = (
            "articles cannot be changed here; serve with: --allow-upload --auth-file FILE, and send an account's token"
        )
        raise Refused(Problem(403, said, "read-only"))
    return changing


def _put_text(uploads: Uploads, given: ArticleGiven) -> Iterator[Fate | Advance]:
    return uploads.add_text(
        given.text,
        title=given.title,
        url=given.url,
        published=given.published,
        publisher=given.publisher,
        author=given.author,
        article_id=given.id or "",
    )


def _put_files(uploads: Uploads, files: Sequence[tuple[str, BinaryIO]]) -> Generator[Fate | Advance]:
    with TemporaryDirectory(prefix="newspulse-") as folder:
        placed = []
        for number, (name, file) in enumerate(files):
            path = Path(folder, str(number))
            with path.open("wb") as copy:
                shutil.copyfileobj(file, copy)
            placed.append((name, path))
        yield from uploads.add_files(placed)


def _fates_row(fates: Sequence[Fate], folder: str) -> dict[str, Any]:
    rows = [
        {
            "name": fate.name,
            "outcome": fate.outcome,
            "id": fate.article_id,
            "title": fate.title,
            "reason": _without(folder, fate.reason),
            "passages": fate.passages,
        }
        for fate in fates
    ]
    return {"articles": rows}


def _without(folder: str, said: str) -> str:
    """Return what was said without where the store lies."""
    return said.replace(folder, "STORE")


def _summary_row(article: ArticleSummary) -> dict[str, Any]:
    return {
        "id": article.id,
        "title": article.title,
        "published": article.published.isoformat() if article.published else None,
        "published_inferred": article.published_inferred,
        "publisher": article.publisher,
        "author": article.author,
        "url": article.url,
        "stories": article.stories,
        "passages": article.passages,
        "characters": article.characters,
    }


def _article_row(article: Article, sha256: str) -> dict[str, Any]:
    return {
        "id": article.id,
        "title": article.title,
        "text": article.text,
        "published": article.published.isoformat() if article.published else None,
        "published_inferred": article.published_inferred,
        "publisher": article.publisher,
        "author": article.author,
        "url": article.url,
        "sha256": sha256,
        "stories": [
            {"headline": story.headline, "parts": [[part.start, part.end] for part in story.parts]}
            for story in article.stories
        ],
    }
