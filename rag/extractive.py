"""The built-in generator: says the sentences that answer, word for word. No language model, no network."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.question import question_stems
from rag.records import Claim, Hit, Message, Span
from rag.text import count_words, fold, stem, words

# Set by experiment 2 of eval/LOG.md.
MOST_WORDS = 75
MOST_SENTENCES = 3
_NEWS_WEIGHT = 1.0
# Experiment 6: further below the first sentence there is mostly padding.
_MOST_BELOW_FIRST = 0.8
_FEWEST_WORDS_OF_A_SENTENCE = 4
_CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    passage_id: int
    span: Span
    score: float
    stems: frozenset[str]
    folded: str
    length: int
    headline: bool

    def repeats(self, other: "_Candidate") -> bool:
        return self.folded in other.folded or other.folded in self.folded


class ExtractiveGenerator:
    """Picks sentences one by one: each time the best score plus the share of the question's words not yet met."""

    def __init__(self, *, most_words: int = MOST_WORDS, most_sentences: int = MOST_SENTENCES) -> None:
        self._most_words = most_words
        self._most_sentences = most_sentences

    @property
    def name(self) -> str:
        """What `Answer.generator` says."""
        return "extractive"

    def generate(
        self,
        question: str,
        hits: Sequence[Hit],
        history: Sequence[Message],  # noqa: ARG002 - the question was resolved
    ) -> Iterator[str | Claim]:
        """Yield a claim a sentence, best first, until the words are used up; the first may be longer than that."""
        candidates = _candidates(hits)
        unmet = _weights(question_stems(question), candidates)
        left = self._most_words
        lowest = -math.inf
        for _ in range(self._most_sentences):
            if not candidates:
                return
            best = max(candidates, key=lambda c: c.score + _NEWS_WEIGHT * sum(unmet.get(s, 0.0) for s in c.stems))
            yield Claim(best.text, ((best.passage_id, best.span),))
            unmet = {s: weight for s, weight in unmet.items() if s not in best.stems}
            left -= best.length
            lowest = max(lowest, best.score - _MOST_BELOW_FIRST)
            # A headline says again what its story says: alone it may answer, beside another sentence it only repeats.
            candidates = [
                c
                for c in candidates
                if c.score >= lowest and c.length <= left and not c.headline and not c.repeats(best)
            ]


def _weights(asked: Sequence[str], candidates: Sequence[_Candidate]) -> dict[str, float]:
    """Return the stems' rarities among the candidates, adding up to 1; none for stems that no candidate has."""
    count = len(candidates)
    having = {s: sum(s in c.stems for c in candidates) for s in asked}
    rarity = {s: math.log(1 + (count - n + 0.5) / (n + 0.5)) for s, n in having.items() if n}
    total = sum(rarity.values())
    return {s: value / total for s, value in rarity.items()} if total else {}


def _candidates(hits: Sequence[Hit]) -> list[_Candidate]:
    """Return the sentences with the highest scores; a scrap of a sentence is none."""
    pooled = [(hit, sentence) for hit in hits for sentence in hit.sentences]
    pooled.sort(key=lambda found: -found[1].score)
    found = []
    for hit, sentence in pooled[:_CANDIDATES]:
        passage = hit.passage
        text = passage.quote(sentence.span)
        said = words(text)
        if len(said) >= _FEWEST_WORDS_OF_A_SENTENCE:
            stems = frozenset(map(stem, [*said, *words(passage.headline)]))
            found.append(
                _Candidate(
                    text,
                    passage.id,
                    sentence.span,
                    sentence.score,
                    stems,
                    fold(text),
                    count_words(text),
                    text == passage.headline,
                )
            )
    return found
