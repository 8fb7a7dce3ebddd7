"""Scores single sentences within the passages that another retriever brought. A Retriever that wraps a Retriever.

A story names its subject once and then goes on about it: the sentence that answers often shares no word with that part
of the question which names the subject. So words count as met where the story has said them before, and for the stories
in front the rest of the question, without what the story is about, is compared with each sentence by itself.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from embeddings.protocols import Vector
from rag.cjk import seams
from rag.library import Library
from rag.protocols import Retriever
from rag.question import question_stems, split_aside, without_words
from rag.records import Hit, Passage, Scope, ScoredSpan
from rag.text import stems_of, words
from rag.wanted import Wanted

_LEAD_SENTENCES = 2
_SENTENCES_BEFORE = 4
_STORIES_IN_FRONT = 3

Story = tuple[str, int]
"""An article's id and the number of the story in it."""


@dataclass(frozen=True, slots=True)
class SentenceWeights:
    """What a sentence's score adds up: experiments 1, 4 and 13 of eval/LOG.md.

    Of cosines: `sentence` to the question, `rest` to the rest of it (where the model does not read the question,
    shares of words stand in); `passage` weighs the passage's score. Of shares of the question's words: `near` in
    sentence or headline, `context` in what the story said up to here, `rest_words` of the rest in the sentence.
    `date` to `meaning` are added where the sentence holds what is asked for, `headline` where it is the headline, which
    the story says better. `length` is added to a passage's score for every thousand characters: of two that fit as
    well, the shorter says less beside the point.
    """

    sentence: float = 0.75
    passage: float = 0.55
    near: float = 0.15
    context: float = 0.45
    rest: float = 0.45
    rest_words: float = 0.2
    date: float = 0.15
    amount: float = 0.2
    place: float = 0.1
    unit: float = 0.3
    items: float = 0.12
    meaning: float = 0.08
    headline: float = -0.2
    length: float = -0.5


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence with what is known of it before it is scored; stems of `context` hold the sentence's own.

    `alike` is its likeness to the question.
    """

    text: str
    own: frozenset[str]
    context: frozenset[str]
    alike: float


@dataclass(frozen=True, slots=True)
class _Read:
    """A hit with its sentences, in order, their scores so far, and what its story is about."""

    hit: Hit
    sentences: list[_Sentence]
    first: list[float]
    lead: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Rest:
    """What is left of the question beside a story: its vector where the model reads it, and its words' rarities."""

    vector: Vector | None
    rarity: Mapping[str, float]


class SentenceRanker:
    """Scores each sentence of the passages found; a passage's new score is its old one plus its best sentence's."""

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
        ids = [h.passage.id for h in hits]
        with self._library.reader() as reader:
            view = self._library.view_of(reader)
            matrices = reader.sentence_vectors(ids, self._library.dim)
            stems = question_stems(question)
            rarity = word_rarity(stems, self._library.words.passages_with(reader, stems), view.passages)
            around = reader.neighbours(ids)
            known = {h.passage.id: h.passage for h in hits}
            beside = {key for pair in around.values() for key in pair if key} - known.keys()
            known |= view.read(reader, sorted(beside))
        scoring = _Scoring(question, self._library, self._weights, rarity)
        vector = scoring.embed()
        read = []
        for hit in hits:
            passage, matrix = hit.passage, matrices.get(hit.passage.id)
            # A removed passage has no vectors any more.
            if matrix is not None and len(matrix) == len(passage.sentences):
                first, before = around.get(passage.id, (passage.id, None))
                lead = lead_stems(known.get(first, passage))
                owns = list(map(stems_of, sentence_texts(passage)))
                alike = likeness(vector, matrix, rarity, owns)
                sentences = list(_sentences(passage, known.get(before or 0), lead, owns, alike))
                read.append(_Read(hit, sentences, scoring.first(hit, sentences), lead))
        rests = scoring.rests(read)
        found = [scoring.scored(one, matrices[one.hit.passage.id], rests) for one in read]
        return sorted(found, key=lambda h: (-h.score, h.passage.id))[:k]


class _Scoring:
    """One question's scores."""

    def __init__(self, question: str, library: Library, weights: SentenceWeights, rarity: Mapping[str, float]) -> None:
        self._question = question
        self._library = library
        self._weights = weights
        self._rarity = rarity
        self._wanted = Wanted(question)
        self._unread = bool(library.unread_script(question))

    def embed(self) -> Vector | None:
        """Return the question's vector; None where the model does not read the question."""
        return None if self._unread else self._library.embed_question(self._question)

    def rests(self, read: Iterable[_Read]) -> dict[Story, _Rest]:
        """Return the rest of the question beside each of the stories in front; none where nothing is left."""
        best: dict[Story, tuple[float, frozenset[str]]] = {}
        for one in read:
            score = max(one.first)
            story = story_of(one.hit.passage)
            best[story] = max(best.get(story, (-math.inf, one.lead)), (score, one.lead), key=lambda found: found[0])
        left: dict[Story, str] = {}
        rarities: dict[Story, dict[str, float]] = {}
        for story in sorted(best, key=lambda s: (-best[s][0], s))[:_STORIES_IN_FRONT]:
            lead = best[story][1]
            text = without_words(split_aside(self._question)[0], lead)
            rarity = {s: weight for s, weight in self._rarity.items() if s not in lead}
            if words(text) and (rarity or not self._unread):
                left[story], rarities[story] = text, rarity
        vectors = self._embed_each(sorted(set(left.values())))
        return {story: _Rest(vectors.get(text), rarities[story]) for story, text in left.items()}

    def _embed_each(self, texts: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors of parts of the question; none where the model does not read it."""
        if self._unread or not texts:
            return {}
        return dict(zip(texts, self._library.embed_questions(texts), strict=True))

    def scored(self, one: _Read, matrix: NDArray[np.float16], rests: Mapping[Story, _Rest]) -> Hit:
        """Return the hit with its sentences' scores; `matrix` holds their vectors by row."""
        hit, rest, weights = one.hit, rests.get(story_of(one.hit.passage)), self._weights
        owns = [s.own for s in one.sentences]
        besides = likeness(rest.vector, matrix, rest.rarity, owns) if rest else [s.alike for s in one.sentences]
        found = []
        for span, sentence, first, alike in zip(hit.passage.sentences, one.sentences, one.first, besides, strict=True):
            score = first + weights.rest * alike
            score += weights.rest_words * share_of(rest.rarity, sentence.own) if rest else 0.0
            found.append(ScoredSpan(span, score))
        found.sort(key=lambda s: (-s.score, s.span))
        length = weights.length * len(hit.passage.text) / 1000
        return replace(hit, score=hit.score + found[0].score + length, sentences=tuple(found))

    def first(self, hit: Hit, sentences: Sequence[_Sentence]) -> list[float]:
        """Return the sentences' scores without the rest of the question."""
        weights, headline = self._weights, stems_of(hit.passage.headline)
        return [
            weights.sentence * sentence.alike
            + weights.passage * hit.score
            + weights.near * share_of(self._rarity, sentence.own | headline)
            + weights.context * share_of(self._rarity, sentence.context)
            + self._worth(sentence.text)
            + weights.headline * (sentence.text == hit.passage.headline)
            for sentence in sentences
        ]

    def _worth(self, text: str) -> float:
        """Return what it adds that the sentence holds what is asked for."""
        held, weights = self._wanted.held_by(text), self._weights
        return (
            weights.date * held.date
            + weights.amount * held.amount
            + weights.place * held.place
            + weights.unit * held.unit
            + weights.items * held.items
            + weights.meaning * held.meaning
        )


def likeness(
    vector: Vector | None,
    matrix: NDArray[np.float16],
    rarity: Mapping[str, float],
    owns: Iterable[frozenset[str]],
) -> list[float]:
    """Return each sentence's cosine to the question; without a vector the share of the question's words it holds.

    `matrix` holds the sentences' vectors by row, `owns` their stems.
    """
    if vector is None:
        return [share_of(rarity, own) for own in owns]
    cosines: list[float] = (matrix.astype(np.float32) @ vector).tolist()
    return cosines


def _sentences(
    passage: Passage,
    before: Passage | None,
    lead: frozenset[str],
    owns: Sequence[frozenset[str]],
    alike: Sequence[float],
) -> Iterable[_Sentence]:
    earlier = [stems_of(text) for text in sentence_texts(before)] if before else []
    for text, own, like in zip(sentence_texts(passage), owns, alike, strict=True):
        context = own.union(lead, *earlier[-_SENTENCES_BEFORE:])
        earlier.append(own)
        yield _Sentence(text, own, context, like)


def sentence_texts(passage: Passage) -> list[str]:
    """Return the passage's sentences, in order."""
    return [passage.quote(span) for span in passage.sentences]


def lead_stems(first: Passage) -> frozenset[str]:
    """Return the stems of a story's headline and first two sentences: what the story is about."""
    body = [text for text in sentence_texts(first) if text != first.headline]
    return stems_of(first.headline).union(*map(stems_of, body[:_LEAD_SENTENCES]))


def story_of(passage: Passage) -> Story:
    """Return which story the passage stands in."""
    return passage.article_id, passage.story


def word_rarity(stems: Iterable[str], passages_with: Mapping[str, int], passages: int) -> dict[str, float]:
    """Return each stem's inverse passage frequency as BM25 has it (Robertson & Zaragoza 2009, never negative).

    None for a CJK pair that is no word but the seam of two.
    """
    stems = list(stems)
    none = seams(stems, passages_with)
    having = {s: passages_with.get(s, 0) for s in stems if s not in none}
    return {s: math.log(1 + (passages - count + 0.5) / (count + 0.5)) for s, count in having.items()}


def share_of(rarity: Mapping[str, float], present: frozenset[str] | set[str]) -> float:
    """Return the share of the question's words that are present, each weighed by its rarity; 0 for no words."""
    total = sum(rarity.values())
    return sum(weight for s, weight in rarity.items() if s in present) / total if total else 0.0
