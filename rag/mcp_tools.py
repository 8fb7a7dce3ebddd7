"""What a program that speaks the Model Context Protocol can ask of an assistant: ask, search, get_article.

Knows no transport: rag.mcp_server serves these tools, with the official SDK.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.answer_json import answer_row
from rag.asynchronous import AsyncAssistant
from rag.dates import written_date
from rag.found import described, source_row
from rag.records import Article, ArticleSummary, Hit, Message, Scope

MOST_FOUND = 50
MOST_CHARACTERS = 100_000
_MOST_MESSAGES = 1000


class Said(BaseModel):
    """One turn of the conversation so far."""

    role: Literal["user", "assistant"]
    content: str


class _Within(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: str = Field(description="The question, in words.")
    history: list[Said] = Field([], max_length=_MOST_MESSAGES, description="What was said before, oldest first.")
    article_ids: list[str] = Field([], description="Search these articles alone.")
    publishers: list[str] = Field([], description="Search the articles of these publishers alone.")
    since: date | None = Field(None, description="Search articles published on this day or later.")
    until: date | None = Field(None, description="Search articles published on this day or earlier.")
    today: date | None = Field(None, description="What 'last week' counts from; the current day where none is given.")

    def messages(self) -> list[Message]:
        """Return what was said before."""
        return [Message(said.role, said.content) for said in self.history]

    def scope(self) -> Scope:
        """Return what part of the library to search."""
        return Scope(frozenset(self.article_ids), frozenset(self.publishers), self.since, self.until)


class AskArguments(_Within):
    """What the tool ask takes."""


class SearchArguments(_Within):
    """What the tool search takes."""

    most: int = Field(10, ge=1, le=MOST_FOUND, description="At most so many passages.")


class ArticleArguments(BaseModel):
    """What the tool get_article takes."""

    model_config = ConfigDict(extra="forbid")

    article_id: str = Field(description="The id, as citations and passages tell it.")
    start: int = Field(0, ge=0, description="The first character to return.")
    characters: int = Field(20_000, ge=1, le=MOST_CHARACTERS, description="At most so many characters.")


class _Returned(BaseModel):
    # What an answer's JSON holds beyond what is named here is passed on.
    model_config = ConfigDict(extra="allow")


class Source(_Returned):
    """What every quote and passage is from; `article.text[start:end]` is what stands there."""

    article_id: str
    start: int
    end: int
    headline: str
    published: date | None
    published_inferred: bool
    publisher: str
    url: str


class Cited(Source):
    """What a number of the answer stands for; the quote stands in the article at that place, to the character."""

    number: int
    quote: str


class Sentence(_Returned):
    """A sentence of the answer, and the numbers of its citations."""

    text: str
    citations: list[int]


class Told(_Returned):
    """Something to know beside the answer; `kind` is a stable word."""

    kind: str
    text: str
    citations: list[int]


class Answered(_Returned):
    """What the tool ask returns."""

    question: str
    resolved_question: str
    text: str
    abstained: bool
    confidence: float
    generator: str
    sentences: list[Sentence]
    citations: list[Cited]
    notices: list[Told]


class Passage(Source):
    """A stretch of an article that fits the question."""

    text: str
    score: float


class Found(BaseModel):
    """What the tool search returns, best first."""

    resolved_question: str
    passages: list[Passage]


class ArticlePiece(BaseModel):
    """What the tool get_article returns: `text` is `article.text[start:end]` of `characters` in all."""

    id: str
    title: str
    published: date | None
    published_inferred: bool
    publisher: str
    author: str
    url: str
    characters: int
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool by name: what it takes and returns, and what does it; `text` puts what it returned into words.

    `run` is given the arguments, and for whom the question counts, "" for nobody in particular.
    """

    name: str
    description: str
    takes: type[BaseModel]
    returns: type[BaseModel]
    run: Callable[[Any, str], Awaitable[BaseModel]]
    text: Callable[[Any], str]


def tools_of(assistant: AsyncAssistant) -> tuple[Tool, ...]:
    """Return the tools; what they run raises what the assistant does."""

    async def ask(given: AskArguments, client: str) -> BaseModel:
        answer = await assistant.ask(
            given.question, given.messages(), scope=given.scope(), today=given.today, client=client
        )
        row = answer_row(answer)
        told = {"question": row["question"], "resolved_question": row["resolved_question"], **row["answer"]}
        return Answered.model_validate(told)

    async def search(given: SearchArguments, client: str) -> BaseModel:
        found = await assistant.search(
            given.question, given.messages(), scope=given.scope(), today=given.today, client=client
        )
        hits = found.hits[: given.most]
        passages = await assistant.run(lambda: [_passage(*pair) for pair in described(assistant.assistant, hits)])
        return Found(resolved_question=found.resolved_question, passages=passages)

    async def article(given: ArticleArguments, _client: str) -> BaseModel:
        return _piece(await assistant.article(given.article_id), given.start, given.characters)

    return (
        Tool(
            "ask",
            "Answer a question from the news articles in the library, and from nothing else. Every sentence of the "
            "answer ends in numbers [n]; each stands for a verbatim quote of an article. Says so where the articles "
            "don't answer it.",
            AskArguments,
            Answered,
            ask,
            _answer_text,
        ),
        Tool(
            "search",
            "Find the passages of the news articles that fit a question, best first, without writing an answer.",
            SearchArguments,
            Found,
            search,
            lambda found: "\n\n".join(f"{_about(p)}\n{p.text}" for p in found.passages) or "Nothing was found.",
        ),
        Tool(
            "get_article",
            "Read an article of the library, or some of its characters, as it is stored.",
            ArticleArguments,
            ArticlePiece,
            article,
            lambda piece: piece.text,
        ),
    )


def _passage(hit: Hit, about: ArticleSummary) -> Passage:
    return Passage.model_validate({**source_row(hit, about), "text": hit.passage.text})


def _piece(article: Article, start: int, most: int) -> ArticlePiece:
    start = min(start, len(article.text))
    text = article.text[start : start + most]
    return ArticlePiece(
        id=article.id,
        title=article.title,
        published=article.published,
        published_inferred=article.published_inferred,
        publisher=article.publisher,
        author=article.author,
        url=article.url,
        characters=len(article.text),
        start=start,
        end=start + len(text),
        text=text,
    )


def _answer_text(answer: Answered) -> str:
    """Return the answer with its quotes below it, for whoever reads no structured content."""
    quotes = [f"[{c.number}] {_about(c)}\n“{c.quote}”" for c in answer.citations]
    notices = [f"! {notice.text}" for notice in answer.notices]
    return "\n\n".join([answer.text, *quotes, *notices])


def _about(source: Source) -> str:
    when = written_date(source.published, inferred=source.published_inferred)
    named = filter(None, (source.headline, source.publisher, when, source.url))
    return f"{' · '.join(named)} ({source.article_id}, characters {source.start} to {source.end})"
