"""What responses of the HTTP door say, as its OpenAPI document describes it. Knows no request."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Place = Annotated[int, Field(ge=0)]


class Row(BaseModel):
    """What a response says; it may say more than is described."""

    model_config = ConfigDict(extra="allow")


class PlaceRow(Row):
    """A stretch of an article's text, in characters, half-open."""

    article_id: str
    start: Place
    end: Place
    score: float


class CitationRow(Row):
    """A numbered source: the article's text from start to end is the quote, to the character."""

    number: int
    article_id: str
    start: Place
    end: Place
    quote: str
    headline: str
    published: date | None
    published_inferred: bool


class SentenceRow(Row):
    """A sentence of the answer with the numbers of its citations."""

    text: str
    citations: list[int]


class NoticeRow(Row):
    """Something a reader should know beside the answer; `kind` is a stable word for programs."""

    kind: str
    text: str
    citations: list[int]


class AnswerBody(Row):
    """What was answered; when abstaining there is no citation, and the notices say why."""

    text: str
    abstained: bool
    confidence: Annotated[float, Field(ge=0, le=1)]
    generator: str
    sentences: list[SentenceRow]
    citations: list[CitationRow]
    notices: list[NoticeRow]


class AnswerRow(Row):
    """An answer with all that it rests on: the same as `rag ask --json` prints."""

    question: str
    resolved_question: str
    answer: AnswerBody
    passages: list[PlaceRow]
    ranked_sentences: list[PlaceRow]
    timings_ms: dict[str, float]


class FoundPassage(PlaceRow):
    """A passage that was found, with its text and what it is from."""

    headline: str
    text: str
    title: str
    published: date | None
    published_inferred: bool
    publisher: str
    author: str
    url: str


class FoundRow(Row):
    """What was found for a question, best first, without an answer."""

    question: str
    resolved_question: str
    passages: list[FoundPassage]


class ArticleRow(Row):
    """An article without its text."""

    id: str
    title: str
    published: date | None
    published_inferred: bool
    publisher: str
    author: str
    url: str
    stories: int
    passages: int
    characters: int


class ArticlesPage(Row):
    """A part of the list of articles, newest first, those without a date last; `total` counts what the query finds."""

    articles: list[ArticleRow]
    total: int
    offset: int
    limit: int


class StoryRow(Row):
    """One piece of news within an article: its headline and the stretches of text under it, as [start, end]."""

    headline: str
    parts: list[tuple[int, int]]


class ArticleWhole(Row):
    """An article as it is stored: the text that the spans of citations count in, and its SHA-256 content hash."""

    id: str
    title: str
    text: str
    published: date | None
    published_inferred: bool
    publisher: str
    author: str
    url: str
    sha256: str
    stories: list[StoryRow]


class FateRow(Row):
    """What became of an article; `name` is what it was handed over as, `reason` is "" where it is in."""

    name: str
    outcome: Literal["added", "updated", "unchanged", "duplicate", "refused"]
    id: str
    title: str
    reason: str
    passages: int


class FatesRow(Row):
    """What became of each article and of each file that was refused; what is told here is on disk."""

    articles: list[FateRow]


class Health(Row):
    """That the server answers."""

    status: Literal["ok"]


class Ready(Row):
    """That questions are answered, and from which generation of the store."""

    status: Literal["ready"]
    generation: int
    articles: int
    generator: str


class FaultRow(Row):
    """One place of a request that does not fit."""

    place: list[str | int]
    said: str


class ProblemRow(Row):
    """What went wrong: RFC 9457's problem details."""

    type: str
    title: str
    status: int
    detail: str
    faults: list[FaultRow] | None = None

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:newspulse:problem:question-refused",
                    "title": "The question was not taken",
                    "status": 422,
                    "detail": "the question '?!' holds no word; ask in words",
                }
            ]
        },
    )


ANSWER_EXAMPLE: dict[str, Any] = {
    "question": "What did the new bridge cost?",
    "resolved_question": "What did the new bridge cost?",
    "answer": {
        "text": "It cost 310 million euros. [1]",
        "abstained": False,
        "confidence": 0.93,
        "generator": "extractive",
        "sentences": [{"text": "It cost 310 million euros.", "citations": [1]}],
        "citations": [
            {
                "number": 1,
                "article_id": "harbour-bridge",
                "start": 47,
                "end": 73,
                "quote": "It cost 310 million euros.",
                "headline": "Harbour bridge opens",
                "published": "2025-03-04",
                "published_inferred": False,
            }
        ],
        "notices": [],
    },
    "passages": [{"article_id": "harbour-bridge", "start": 0, "end": 73, "score": 0.871}],
    "ranked_sentences": [{"article_id": "harbour-bridge", "start": 47, "end": 73, "score": 0.9}],
    "timings_ms": {"retrieve": 14.2, "generate": 3.1, "total": 17.3},
}
