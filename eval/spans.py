"""Stretches of articles: how much of the evidence ranked passages hold. Knows articles by id, and no question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.records import Span


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of an article."""

    article_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Coverage:
    """Characters of evidence that passages hold: as a share of the evidence, of the passages, and of both together."""

    recall: float
    precision: float
    iou: float


def coverage(evidence: Sequence[Place], passages: Sequence[Place]) -> Coverage:
    """Return how well the passages cover the evidence; what two passages share is paid for twice.

    The definitions of Smith & Troynikov 2024, https://research.trychroma.com/evaluating-chunking. Raises ValueError
    where there is no evidence.
    """
    wanted = _by_article(evidence)
    total = sum(map(_size, wanted.values()))
    if not total:
        raise ValueError("no evidence to cover")
    shown = _by_article(passages)
    got = sum(_size(_shared(spans, shown.get(article_id, []))) for article_id, spans in wanted.items())
    paid = sum(len(place.span) for place in passages)
    return Coverage(got / total, got / paid if paid else 0.0, got / (paid + total - got))


def covers_half(place: Place, piece: Place) -> bool:
    """Return whether the place holds half of the piece or more."""
    if place.article_id != piece.article_id:
        return False
    shared = min(place.span.end, piece.span.end) - max(place.span.start, piece.span.start)
    return 2 * shared >= len(piece.span)


def first_characters(passages: Iterable[Place], count: int) -> list[Place]:
    """Return the passages up to `count` characters in all, the last one cut."""
    kept: list[Place] = []
    for place in passages:
        if count <= 0:
            break
        end = min(place.span.end, place.span.start + count)
        kept.append(Place(place.article_id, Span(place.span.start, end)))
        count -= end - place.span.start
    return kept


def first_words(passages: Iterable[Place], texts: Mapping[str, str], count: int) -> list[str]:
    """Return the words of each passage up to `count` in all, the last passage cut; words end at white space."""
    shown: list[str] = []
    for place in passages:
        words = place.span.of(texts.get(place.article_id, "")).split()[:count]
        shown.append(" ".join(words))
        count -= len(words)
        if count <= 0:
            break
    return shown


def _by_article(places: Iterable[Place]) -> dict[str, list[Span]]:
    """Return each article's spans in order, those that meet made one."""
    grouped: dict[str, list[Span]] = {}
    for place in sorted(places, key=lambda p: p.span):
        spans = grouped.setdefault(place.article_id, [])
        if spans and place.span.start <= spans[-1].end:
            spans[-1] = Span(spans[-1].start, max(spans[-1].end, place.span.end))
        else:
            spans.append(place.span)
    return grouped


def _shared(some: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    both = ((max(a.start, b.start), min(a.end, b.end)) for a in some for b in others)
    return [Span(start, end) for start, end in both if start < end]


def _size(spans: Iterable[Span]) -> int:
    return sum(map(len, spans))
