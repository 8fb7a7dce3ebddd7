"""Scores single sentences within the passages that another retriever brought. A Retriever that wraps a Retriever."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag.library import Library
from rag.protocols import Retriever
from rag.question import asks_for, holds_kind, question_stems
from rag.records import Hit, Scope, ScoredSpan
from rag.text import stem, words


@dataclass(frozen=True, slots=True)
class SentenceWeights:
    """What a sentence's score adds up. Set by experiments 1 and 2 of eval/LOG.md.

    `kind` is added where the sentence holds what the question asks for (a date, an amount, ...), `headline` where it is
    the headline, which says little that the story does not say better.
    """

    sentence: float = 1.0
    passage: float = 0.7
    words: float = 0.6
    kind: float = 0.2
    headline: float = -0.2


class SentenceRanker:
    """Scores each sentence by its own cosine, its passage's score and the share of the question's words near it.

    A word's share weighs as its inverse passage frequency (BM25's idf); it counts where it stands in the sentence or in
    the headline above. A passage's new score is its old one plus its best sentence's.
    """

    def __init__(
        self,
        retriever: Retriever,
        library: Library,
        *,
        weights: SentenceWeights | None = None,
        depth: int = 50,
    ) -> None:
        self._retriever = retriever
        self._library = library
        self._weights = weights or SentenceWeights()
        self._depth = depth

    @property
    def name(self) -> str:
        """The wrapped retriever's name: it is that which finds."""
        return self._retriever.name

    def retrieve(self, question: str, k: int, scope: Scope | None = None) -> list[Hit]:
        """Return the k best passages, best first, ties by id, each with its sentences scored, best first."""
        hits = self._retriever.retrieve(question, max(k, self._depth), scope)
        if not hits:
            return []
        vector = self._library.embed_question(question)
        with self._library.reader() as reader:
            matrices = reader.sentence_vectors([h.passage.id for h in hits], self._library.dim)
            stems = question_stems(question)
            rarity = word_rarity(stems, reader.passages_with(stems), reader.count_passages())
        scored = []
        for hit in hits:
            matrix = matrices.get(hit.passage.id)
            if matrix is None or len(matrix) != len(hit.passage.sentences):
                continue
            cosines = matrix.astype(np.float32) @ vector
            scored.append(self._score(hit, cosines.tolist(), rarity, question))
        return sorted(scored, key=lambda h: (-h.score, h.passage.id))[:k]

    def _score(self, hit: Hit, cosines: Sequence[float], rarity: dict[str, float], question: str) -> Hit:
        passage, weights = hit.passage, self._weights
        near = set(map(stem, words(passage.headline)))
        kind = asks_for(question)
        found = []
        for span, cosine in zip(passage.sentences, cosines, strict=True):
            text = span.shifted(-passage.span.start).of(passage.text)
            share = share_of(rarity, near.union(map(stem, words(text))))
            score = weights.sentence * cosine + weights.passage * hit.score + weights.words * share
            score += weights.kind * holds_kind(text, kind, question)
            score += weights.headline * (text == passage.headline)
            found.append(ScoredSpan(span, score))
        found.sort(key=lambda s: (-s.score, s.span))
        return replace(hit, score=hit.score + found[0].score, sentences=tuple(found))


def word_rarity(stems: Iterable[str], passages_with: dict[str, int], passages: int) -> dict[str, float]:
    """Return each stem's inverse passage frequency as BM25 has it (Robertson & Zaragoza 2009, never negative)."""
    return {
        s: math.log(1 + (passages - passages_with.get(s, 0) + 0.5) / (passages_with.get(s, 0) + 0.5)) for s in stems
    }


def share_of(rarity: dict[str, float], present: set[str]) -> float:
    """Return the share of the question's words that are present, each weighed by its rarity; 0 for no words."""
    total = sum(rarity.values())
    return sum(weight for s, weight in rarity.items() if s in present) / total if total else 0.0
