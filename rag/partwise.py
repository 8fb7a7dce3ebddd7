"""Answers a question about several things thing by thing. A Retriever that wraps a Retriever."""

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.protocols import Retriever
from rag.question import split_aside
from rag.records import Hit, Scope, ScoredSpan, Span
from rag.text import words

_MOST_PARTS = 4
_MOST_ITEM_WORDS = 12
_ITEMS = re.compile(r"\s*[,;]\s*(?:and|or|vs\.?|versus)\s+|\s*[,;]\s*|\s+(?:and|or|vs\.?|versus)\s+", re.IGNORECASE)
_AGAINST = re.compile(r"\s+(?:vs\.?|versus)\s+", re.IGNORECASE)
_AND_ALSO = re.compile(r"[,;]?\s+and\s+(?=(?:what|who|whom|whose|where|when|which|how|why)\b)", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“”]|(?<!\w)['‘]")
# Not at a sentence's beginning, where every word has a capital.
_NAME = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][\w'’.-]*(?:\s+(?:of\s+|the\s+)?[A-Z][\w'’.-]*)*")
_MOST_NAMES = 2


class PartwiseRetriever:
    """Looks up each part of a question by itself; the best sentence of every part scores as much as the best of all."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    @property
    def name(self) -> str:
        """The wrapped retriever's name: it is that which finds."""
        return self._retriever.name

    def retrieve(self, question: str, k: int, scope: Scope | None = None) -> list[Hit]:
        """Return the k passages that are best for some part, best first, ties by id."""
        parts = split_question(question)
        rankings = [self._retriever.retrieve(part, k, scope) for part in parts]
        return rankings[0] if len(parts) == 1 else merge(rankings, k)


def merge(rankings: Sequence[Sequence[Hit]], k: int) -> list[Hit]:
    """Return the k best passages of several rankings, each ranking raised so that its best equals the best of all."""
    tops = [max((h.score for h in ranking), default=0.0) for ranking in rankings]
    best = [max((s.score for h in ranking for s in h.sentences), default=0.0) for ranking in rankings]
    found: dict[int, Hit] = {}
    for ranking, top, sentence_top in zip(rankings, tops, best, strict=True):
        for hit in ranking:
            raised = replace(
                hit,
                score=hit.score + max(tops) - top,
                sentences=tuple(replace(s, score=s.score + max(best) - sentence_top) for s in hit.sentences),
            )
            known = found.get(hit.passage.id)
            found[hit.passage.id] = _better(known, raised) if known else raised
    return sorted(found.values(), key=lambda h: (-h.score, h.passage.id))[:k]


def split_question(question: str) -> list[str]:
    """Return the question's parts, each to be understood by itself; the question alone where it has one.

    "Where are they: A, B and C?" asks for each; so do "A versus B?" and "How large is Acme, and who owns it?".
    """
    question, aside = split_aside(question)
    return [part + aside for part in _split(question, named=bool(aside))]


def _split(question: str, *, named: bool) -> list[str]:
    head, colon, rest = question.partition(": ")
    listed = bool(colon) and ("," in rest or _AGAINST.search(rest)) and _QUOTED.search(head) is None
    items = [item.strip(" ?.") for item in (_ITEMS.split(rest) if listed else _AGAINST.split(question))]
    if _are_items(items) and (not listed or 1 < len(words(head)) <= _MOST_ITEM_WORDS):
        return [f"{head}: {item}?" if listed else f"{item}?" for item in items]
    clauses = [clause for clause in _AND_ALSO.split(question) if words(clause)]
    names = list(dict.fromkeys(match.group() for match in _NAME.finditer(clauses[0]))) if clauses else []
    # Without a name that both clauses are about, the second says nothing by itself.
    if 1 < len(clauses) <= _MOST_PARTS and (named or names) and len(names) <= _MOST_NAMES:
        return [clauses[0], *(f"{' '.join(names)} {clause}".strip() for clause in clauses[1:])]
    return [question]


def _are_items(items: Sequence[str]) -> bool:
    return 1 < len(items) <= _MOST_PARTS and all(0 < len(words(item)) <= _MOST_ITEM_WORDS for item in items)


def _better(one: Hit, other: Hit) -> Hit:
    """Return the passage with the higher of its two scores, and each sentence's higher."""
    scores: dict[Span, float] = {}
    for sentence in (*one.sentences, *other.sentences):
        scores[sentence.span] = max(scores.get(sentence.span, sentence.score), sentence.score)
    ordered = sorted(scores.items(), key=lambda found: (-found[1], found[0]))
    return replace(one, score=max(one.score, other.score), sentences=tuple(ScoredSpan(*found) for found in ordered))
