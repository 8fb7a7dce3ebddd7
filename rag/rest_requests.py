"""What requests of the HTTP door say: their types, bounds and examples. Knows no response."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)

from rag.pipeline import MOST_QUESTION_CHARS
from rag.records import Message, Scope

MOST_PASSAGES = 50
_MOST_MESSAGES = 100
_MOST_NAMES = 1000
_MOST_NAME_CHARS = 1000
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _writable(text: str) -> str:
    # Halves of surrogate pairs, which JSON can carry and nothing can write.
    return text.encode("utf-8", "replace").decode("utf-8")


def _day(given: object) -> object:
    # Pydantic would take a number for the seconds since 1970.
    if isinstance(given, str) and _DAY.fullmatch(given):
        return date.fromisoformat(given)
    raise ValueError("a day is needed, as 2025-03-31")


def _whole(given: object) -> object:
    # To JSON Schema 6.0 is an integer too.
    return int(given) if isinstance(given, float) and given.is_integer() else given


Text = Annotated[StrictStr, AfterValidator(_writable)]
Name = Annotated[Text, Field(max_length=_MOST_NAME_CHARS)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class Given(BaseModel):
    """What a request says; a field that nobody knows is refused, for it would be a typing error."""

    model_config = ConfigDict(extra="forbid")


class ScopeGiven(Given):
    """Where to search; an empty field sets no bound. Days are inclusive."""

    article_ids: Annotated[list[Name], Field(max_length=_MOST_NAMES)] = []
    publishers: Annotated[list[Name], Field(max_length=_MOST_NAMES)] = []
    since: Day | None = None
    until: Day | None = None

    def scope(self) -> Scope:
        """Return it as the assistant takes it."""
        return Scope(frozenset(self.article_ids), frozenset(self.publishers), self.since, self.until)


class MessageGiven(Given):
    """One turn of the conversation before the question."""

    role: Literal["user", "assistant"]
    content: Annotated[Text, Field(max_length=MOST_QUESTION_CHARS)]


class SearchAsked(Given):
    """A question to find passages for."""

    question: Annotated[
        Text, Field(min_length=1, max_length=MOST_QUESTION_CHARS, description="In words of any language.")
    ]
    history: Annotated[
        list[MessageGiven], Field(max_length=_MOST_MESSAGES, description="The conversation so far, oldest first.")
    ] = []
    scope: ScopeGiven | None = None
    today: Annotated[Day | None, Field(description='What "last week" counts from; the current day by default.')] = None
    passages: Annotated[
        StrictInt,
        Field(ge=0, le=MOST_PASSAGES, description="How many passages to tell at most."),
        BeforeValidator(_whole),
    ] = 10

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"question": "What did the new bridge cost?", "passages": 5}]},
    )

    def messages(self) -> list[Message]:
        """Return the history as the assistant takes it."""
        return [Message(message.role, message.content) for message in self.history]

    def bounds(self) -> Scope | None:
        """Return the scope as the assistant takes it."""
        return self.scope.scope() if self.scope else None


class QuestionAsked(SearchAsked):
    """A question to answer."""

    stream: Annotated[
        StrictBool, Field(description="Answer with server-sent events; so does Accept: text/event-stream.")
    ] = False

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"question": "What did the new bridge cost?"},
                {
                    "question": "And when was it opened?",
                    "history": [
                        {"role": "user", "content": "What did the new bridge cost?"},
                        {"role": "assistant", "content": "It cost 310 million euros. [1]"},
                    ],
                    "scope": {"publishers": ["The Daily"], "since": "2025-01-01"},
                    "stream": True,
                },
            ]
        },
    )


class ArticleGiven(Given):
    """An article to put in; what is not given is read from the text itself.

    What was put in here before under its `id` is replaced; where the id is another article's, or none is given, one is
    made, which the response tells.
    """

    text: StrictStr = Field(min_length=1)
    id: Annotated[str | None, Field(strict=True, min_length=1, max_length=500)] = None
    title: Name = ""
    published: Day | None = None
    publisher: Name = ""
    author: Name = ""
    url: Name = ""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "id": "harbour-bridge",
                    "title": "Harbour bridge opens",
                    "published": "2025-03-04",
                    "publisher": "The Daily",
                    "url": "https://daily.example/harbour-bridge",
                    "text": "The new harbour bridge opened on 4 March 2025. It cost 310 million euros.",
                }
            ]
        },
    )
