"""What was found for a question, with what is known of the articles that it stands in. Writes no answer."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from rag.pipeline import Pipeline
from rag.records import ArticleSummary, Hit, Retrieved, Scope


def find_passages(
    assistant: Pipeline, question: str, *, most: int, scope: Scope | None = None, today: date | None = None
) -> list[tuple[Hit, ArticleSummary]]:
    """Return at most so many passages that fit the question, best first; raises QuestionRefused."""
    for event in assistant.stream(question, scope=scope, today=today):
        if isinstance(event, Retrieved):
            return list(described(assistant, event.hits[:most]))
    raise AssertionError("a stream begins with Retrieved")


def described(assistant: Pipeline, hits: Sequence[Hit]) -> Iterator[tuple[Hit, ArticleSummary]]:
    """Yield each hit with its article; one whose article was removed meanwhile is none any more."""
    with assistant.library.reader() as reader:
        about = {summary.id: summary for summary in reader.summaries(list({h.passage.article_id for h in hits}))}
    for hit in hits:
        if hit.passage.article_id in about:
            yield hit, about[hit.passage.article_id]


def source_row(hit: Hit, about: ArticleSummary) -> dict[str, Any]:
    """Return as JSON values where the passage stands, in characters of its article, and what it is from."""
    return {
        "article_id": about.id,
        "start": hit.passage.span.start,
        "end": hit.passage.span.end,
        "headline": hit.passage.headline,
        "title": about.title,
        "published": about.published.isoformat() if about.published else None,
        "published_inferred": about.published_inferred,
        "publisher": about.publisher,
        "url": about.url,
        "score": round(hit.score, 6),
    }
