"""newspulse: answers questions about news articles and proves every sentence.

import rag

assistant = rag.open("my-store")           # a folder made by: rag index --store my-store ARTICLES
answer = assistant.ask("What was signed in Lisbon?")
print(answer.text)
for citation in answer.citations:
    print(citation.number, citation.headline, citation.quote)

In asyncio: `assistant = await rag.open_async("my-store")`, then `await assistant.ask(...)`.
In a FastAPI application: `app.include_router(rag.router(assistant))`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import RagError
from rag.records import (
    Answer,
    AnswerSentence,
    Article,
    Citation,
    Claim,
    Delta,
    Done,
    Event,
    Hit,
    Message,
    Notice,
    Passage,
    Retrieved,
    Scope,
    Span,
)
from rag.version import VERSION

if TYPE_CHECKING:
    from fastapi import APIRouter

    from embeddings.protocols import Embedder
    from rag.asynchronous import AsyncAssistant
    from rag.pipeline import Pipeline
    from rag.protocols import Generator

__version__ = VERSION

__all__ = [
    "Answer",
    "AnswerSentence",
    "Article",
    "Citation",
    "Claim",
    "Delta",
    "Done",
    "Event",
    "Hit",
    "Message",
    "Notice",
    "Passage",
    "RagError",
    "Retrieved",
    "Scope",
    "Span",
    "open",
    "open_async",
    "router",
]


def open(  # noqa: A001 - `rag.open` reads as what it does
    store: str | Path | None = None,
    *,
    generator: "Generator | str | None" = None,
    embedder: "Embedder | None" = None,
) -> "Pipeline":
    """Return an assistant over the store (default: that of the settings), with `ask` and `stream`.

    Raises rag.RagError: no store there, made with another embedder, or damaged.
    """
    from rag.wiring import open_assistant  # noqa: PLC0415 - `import rag` stays quick

    return open_assistant(store, generator=generator, embedder=embedder)


async def open_async(
    store: str | Path | None = None,
    *,
    generator: "Generator | str | None" = None,
    embedder: "Embedder | None" = None,
    at_once: int = 8,
    waiting: int = 128,
) -> "AsyncAssistant":
    """Return an assistant as `open` does, for asyncio: it never blocks the loop.

    It works on `at_once` questions and lets so many wait; of more, AssistantBusy is raised.
    """
    from asyncio import to_thread  # noqa: PLC0415 - as above

    from rag.admission import Admission  # noqa: PLC0415 - as above
    from rag.asynchronous import AsyncAssistant  # noqa: PLC0415 - as above

    assistant = await to_thread(open, store, generator=generator, embedder=embedder)
    return AsyncAssistant(assistant, admission=Admission(at_once, waiting))


def router(assistant: "Pipeline | AsyncAssistant") -> "APIRouter":
    """Return the routes of `rag serve` that read, for a FastAPI application: /v1/ask, /v1/chat/completions, /mcp, ...

    They ask nobody to sign in: that is for the application to do.
    """
    from rag.routes import make_router  # noqa: PLC0415 - as above

    return make_router(assistant, version=__version__)
