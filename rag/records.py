"""The nouns: articles and what is made of them, up to an answer. Knows no file, no store and no model.

Spans count characters of Article.text, half-open. Records are never edited; a changed one is returned new.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters start to end of an article's text, half-open."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span runs forward from 0: {self.start}, {self.end}")

    def __len__(self) -> int:
        """Return the number of characters."""
        return self.end - self.start

    def of(self, text: str) -> str:
        """Return the characters of the text that stand here."""
        return text[self.start : self.end]

    def shifted(self, by: int) -> "Span":
        """Return the same stretch `by` characters later."""
        return Span(self.start + by, self.end + by)

    def holds(self, other: "Span") -> bool:
        """Return whether the other lies wholly inside."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Story:
    """One piece of news: its headline and the stretches of text under it, boilerplate left out.

    `headline_at` is None where the headline does not stand in the text (a title from a file's metadata).
    """

    headline: str
    headline_at: Span | None
    parts: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Article:
    """An article as it was read; `text` is never changed, so that spans hold for ever.

    `published_inferred` says that the day was gathered from a dateline, an address or a file's name.
    """

    id: str
    title: str
    text: str
    stories: tuple[Story, ...]
    published: date | None = None
    publisher: str = ""
    author: str = ""
    url: str = ""
    path: str = ""
    published_inferred: bool = False


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """An article without its text: what lists and citations show of it."""

    id: str
    title: str
    published: date | None
    publisher: str
    author: str
    url: str
    path: str
    stories: int
    passages: int
    characters: int
    published_inferred: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """What is retrieved and shown: whole sentences of one story, `text == article.text[span]`.

    `tokens` counts headline and text as the embedder sees them; `story` counts the article's stories from 0. `id` is 0
    until the store has given one.
    """

    id: int
    article_id: str
    headline: str
    text: str
    span: Span
    tokens: int
    sentences: tuple[Span, ...] = ()
    story: int = 0

    def quote(self, span: Span) -> str:
        """Return the characters that stand at a span of the article, which lies inside this passage."""
        return self.text[span.start - self.span.start : span.end - self.span.start]


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A sentence's place in its article, and how well it fits the question."""

    span: Span
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found; `sentences` holds those of its sentences that were scored, best first."""

    passage: Passage
    score: float
    found_by: str
    sentences: tuple[ScoredSpan, ...] = ()


def ranked_sentences(hits: Iterable[Hit]) -> list[tuple[Passage, ScoredSpan]]:
    """Return the scored sentences of all hits with their passages, best first; ties in the hits' order."""
    found = [(hit.passage, sentence) for hit in hits for sentence in hit.sentences]
    return sorted(found, key=lambda pair: -pair[1].score)


@dataclass(frozen=True, slots=True)
class Scope:
    """What part of the library to search; an empty field sets no bound.

    Dates are inclusive; an article without one is outside every bound of dates.
    """

    article_ids: frozenset[str] = frozenset()
    publishers: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        """Return whether anything is bounded."""
        return bool(self.article_ids or self.publishers or self.since or self.until)


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation so far."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence that a generator says, and the stretches of passages it rests on, as (passage id, span)."""

    text: str
    quotes: tuple[tuple[int, Span], ...]


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered source: `quote` stands in the article at `span`, to the character. Built by rag.citations only."""

    number: int
    article_id: str
    span: Span
    quote: str
    headline: str
    title: str
    published: date | None
    publisher: str
    url: str
    passage_id: int
    published_inferred: bool = False


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """A sentence of the answer with the numbers of its citations; one that is not `supported` has none, and says so."""

    text: str
    citations: tuple[int, ...]
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a reader should know beside the answer; `kind` is a stable word for programs."""

    kind: str
    text: str
    citations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer. `confidence` is in [0, 1] and is given when abstaining too.

    `article_hashes` are (id, SHA-256) of the cited articles as the store keeps them, `made_with` (name, value) of
    versions and settings: what a receipt is checked against later. Both are empty when abstaining.
    """

    question: str
    resolved_question: str
    text: str
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    notices: tuple[Notice, ...]
    hits: tuple[Hit, ...]
    abstained: bool
    confidence: float
    generator: str
    article_hashes: tuple[tuple[str, str], ...] = ()
    made_with: tuple[tuple[str, str | int | float], ...] = ()


@dataclass(frozen=True, slots=True)
class Retrieved:
    """First event of a stream: what the answer will rest on, best first."""

    hits: tuple[Hit, ...]
    resolved_question: str


@dataclass(frozen=True, slots=True)
class Delta:
    """A further piece of the answer's text, past the citation gate; the pieces joined are the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """Last event of a stream: the answer whole."""

    answer: Answer


Event = Retrieved | Delta | Done


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file or row that did not go in, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did, article by article."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    passages: int = 0


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a store holds and how it is searched; `why` says it in words.

    `words_bytes` is 0 where words are looked up in the database, `lists` for a flat index; `snapshot_generation` is
    None where no trained index is kept, or none that fits.
    `added` and `removed` count passages since that was made.
    """

    folder: str
    generation: int
    articles: int
    passages: int
    passage_tokens: int
    embedder: str
    fingerprint: str
    dim: int
    database_bytes: int
    index_bytes: int
    words_bytes: int
    index: Literal["flat", "lists"]
    why: str
    lists: int = 0
    snapshot_generation: int | None = None
    added: int = 0
    removed: int = 0
