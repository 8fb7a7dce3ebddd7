"""A turn of a conversation: the question, what came of it, and the sources it rests on. Knows no page and no store.

A turn is kept as JSON without the stories around its sources: they are read again from the articles, which also
tells whether a quote still stands where it stood.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from rag.records import Answer, Article, Hit, Message, Notice, Passage, Scope, Span

MOST_PASSAGES_SHOWN = 3
# A longer story is left to the publisher's page; the passage is shown all the same.
MOST_STORY_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Source:
    """What is shown of one passage; `quotes` holds (citation's number, span), () where nothing cites it.

    `story` holds the stretches of the story it stands in, () where that is unknown or no longer than the passage.
    `gone` says why the passage does not stand in the library any more as it is shown: "", "changed" or "removed".
    """

    article_id: str
    quotes: tuple[tuple[int, Span], ...]
    headline: str
    text: str
    span: Span
    title: str = ""
    published: date | None = None
    publisher: str = ""
    url: str = ""
    story: tuple[tuple[Span, str], ...] = ()
    published_inferred: bool = False
    gone: str = ""

    def quote(self, span: Span) -> str:
        """Return the characters that stand at a span of the article, as far as it lies in this passage."""
        return self.text[max(span.start - self.span.start, 0) : max(span.end - self.span.start, 0)]


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what has come of it so far; `settled` once nothing more will come.

    `suggestions` are questions that the library does answer; `asked` is the time in ISO 8601, UTC; `verdict` is
    "good", "bad" or "".
    """

    number: int
    question: str
    resolved_question: str = ""
    text: str = ""
    sources: tuple[Source, ...] = ()
    notices: tuple[Notice, ...] = ()
    abstained: bool = False
    stopped: bool = False
    settled: bool = False
    error: str = ""
    scope: Scope = field(default_factory=Scope)
    suggestions: tuple[str, ...] = ()
    confidence: float = 0.0
    generator: str = ""
    asked: str = ""
    verdict: str = ""

    def quotes(self) -> list[tuple[int, Source, Span]]:
        """Return (number, source, span) of every citation, in order of the numbers."""
        found = [(number, source, span) for source in self.sources for number, span in source.quotes]
        return sorted(found, key=lambda quoted: quoted[0])


def history_of(turns: Iterable[Turn]) -> list[Message]:
    """Return the conversation so far in plain text; a turn without an answer, or that went wrong, is left out."""
    said = [turn for turn in turns if turn.text and not turn.error]
    return [m for turn in said for m in (Message("user", turn.question), Message("assistant", turn.text))]


def cited_sources(answer: Answer, articles: Mapping[str, Article]) -> tuple[Source, ...]:
    """Return a source for each passage that is cited, in order of the numbers; a missing article gives no story."""
    passages = {hit.passage.id: hit.passage for hit in answer.hits}
    found: dict[tuple[str, Span], Source] = {}
    for c in answer.citations:
        passage = passages.get(c.passage_id) or Passage(0, c.article_id, c.headline, c.quote, c.span, 0)
        key = (c.article_id, passage.span)
        if key in found:
            found[key] = replace(found[key], quotes=(*found[key].quotes, (c.number, c.span)))
            continue
        found[key] = Source(
            c.article_id,
            ((c.number, c.span),),
            c.headline,
            passage.text,
            passage.span,
            c.title,
            c.published,
            c.publisher,
            c.url,
            _story_of(articles.get(c.article_id), passage.span),
            c.published_inferred,
        )
    return tuple(found.values())


def nearest_sources(hits: Sequence[Hit], articles: Mapping[str, Article]) -> tuple[Source, ...]:
    """Return the first few passages, best first, as sources that nothing cites."""
    found = []
    for hit in hits[:MOST_PASSAGES_SHOWN]:
        passage = hit.passage
        article = articles.get(passage.article_id)
        about = (article.title, article.published, article.publisher, article.url) if article else ("", None, "", "")
        story = _story_of(article, passage.span)
        inferred = bool(article and article.published_inferred)
        found.append(
            Source(passage.article_id, (), passage.headline, passage.text, passage.span, *about, story, inferred)
        )
    return tuple(found)


def in_their_stories(turn: Turn, articles: Mapping[str, Article]) -> Turn:
    """Return the turn with the stories around its sources, and with what has changed in the library since."""
    return replace(
        turn, sources=tuple(_in_its_story(source, articles.get(source.article_id)) for source in turn.sources)
    )


def turn_row(turn: Turn) -> dict[str, Any]:
    """Return the turn as JSON values, without the stories around its sources and without the verdict."""
    return {
        "question": turn.question,
        "resolved_question": turn.resolved_question,
        "text": turn.text,
        "abstained": turn.abstained,
        "stopped": turn.stopped,
        "error": turn.error,
        "confidence": round(turn.confidence, 4),
        "generator": turn.generator,
        "asked": turn.asked,
        "scope": scope_row(turn.scope),
        "suggestions": list(turn.suggestions),
        "notices": [{"kind": n.kind, "text": n.text, "citations": list(n.citations)} for n in turn.notices],
        "sources": [_source_row(source) for source in turn.sources],
    }


def turn_from_row(number: int, row: Mapping[str, Any]) -> Turn:
    """Return the turn that a row of `turn_row` holds; raises KeyError, TypeError or ValueError for any other."""
    return Turn(
        number,
        row["question"],
        row["resolved_question"],
        row["text"],
        tuple(_source_of(source) for source in row["sources"]),
        tuple(Notice(n["kind"], n["text"], tuple(n["citations"])) for n in row["notices"]),
        abstained=row["abstained"],
        stopped=row["stopped"],
        settled=True,
        error=row["error"],
        scope=scope_of(row["scope"]),
        suggestions=tuple(row["suggestions"]),
        confidence=row["confidence"],
        generator=row["generator"],
        asked=row["asked"],
    )


def scope_row(scope: Scope) -> dict[str, Any]:
    """Return the scope as JSON values."""
    return {
        "article_ids": sorted(scope.article_ids),
        "publishers": sorted(scope.publishers),
        "since": scope.since.isoformat() if scope.since else None,
        "until": scope.until.isoformat() if scope.until else None,
    }


def scope_of(row: Mapping[str, Any]) -> Scope:
    """Return the scope that a row of `scope_row` holds."""
    since, until = (date.fromisoformat(row[name]) if row[name] else None for name in ("since", "until"))
    return Scope(frozenset(row["article_ids"]), frozenset(row["publishers"]), since, until)


def _source_row(source: Source) -> dict[str, Any]:
    return {
        "article_id": source.article_id,
        "headline": source.headline,
        "title": source.title,
        "published": source.published.isoformat() if source.published else None,
        "published_inferred": source.published_inferred,
        "publisher": source.publisher,
        "url": source.url,
        "start": source.span.start,
        "end": source.span.end,
        "text": source.text,
        "quotes": [
            {"number": n, "start": span.start, "end": span.end, "quote": source.quote(span)}
            for n, span in source.quotes
        ],
    }


def _source_of(row: Mapping[str, Any]) -> Source:
    return Source(
        row["article_id"],
        tuple((q["number"], Span(q["start"], q["end"])) for q in row["quotes"]),
        row["headline"],
        row["text"],
        Span(row["start"], row["end"]),
        row["title"],
        date.fromisoformat(row["published"]) if row["published"] else None,
        row["publisher"],
        row["url"],
        published_inferred=row["published_inferred"],
    )


def _in_its_story(source: Source, article: Article | None) -> Source:
    if article is None:
        return replace(source, story=(), gone="removed")
    if source.span.of(article.text) != source.text:
        return replace(source, story=(), gone="changed")
    return replace(source, story=_story_of(article, source.span), gone="")


def _story_of(article: Article | None, passage: Span) -> tuple[tuple[Span, str], ...]:
    """Return the stretches of the story that holds the passage, cut at blank lines."""
    for story in article.stories if article else ():
        # The first passage of a story begins at its headline, in front of the story's parts.
        if not any(part.start < passage.end and passage.start < part.end for part in story.parts):
            continue
        length = sum(map(len, story.parts))
        if len(passage) < length <= MOST_STORY_CHARS:
            return tuple((part, part.of(article.text)) for part in story.parts) if article else ()
    return ()
