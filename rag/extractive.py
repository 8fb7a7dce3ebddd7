"""The built-in generator: says the sentences that answer, word for word. No language model, no network."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.records import Claim, Hit, Message, Passage, Span, ranked_sentences
from rag.text import count_words, fold, words
from rag.wanted import Wanted

# Set by experiments 2 and 14 of eval/LOG.md.
MOST_WORDS = 75
MOST_SENTENCES = 3
_MOST_BELOW_FIRST = 0.8
_MOST_BELOW_AN_ANSWER = 0.1
_FEWEST_WORDS_OF_A_SENTENCE = 4
_CANDIDATES = 100
_ITEM_BEGINS = re.compile(r"\s*\n\s*(?:[-*•·▪]|\d{1,3}[.)、])\s*")


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    passage: Passage
    span: Span
    score: float
    folded: str
    length: int
    headline: bool

    def repeats(self, other: "_Candidate") -> bool:
        return self.folded in other.folded or other.folded in self.folded

    def items(self) -> Iterator[tuple[Span, int]]:
        """Yield the items of the list that the sentence announces, each a line of its own, with their words."""
        if not self.text.endswith((":", "：")):
            return
        end = self.span.end
        for span in self.passage.sentences:
            if span.start >= end:
                if not _ITEM_BEGINS.fullmatch(self.passage.quote(Span(end, span.start))):
                    return
                yield span, count_words(self.passage.quote(span))
                end = span.end


class ExtractiveGenerator:
    """Says the best sentence, and the next ones where they score nearly as much.

    Nearly is nearer where what is asked for, one date or one amount, stands in the answer already.
    """

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
        wanted, left = Wanted(question), self._most_words
        lowest = candidates[0].score - _MOST_BELOW_FIRST if candidates else 0.0
        for _ in range(self._most_sentences):
            if not candidates:
                return
            best = candidates[0]
            yield Claim(best.text, ((best.passage.id, best.span),))
            left -= best.length
            items = list(best.items())
            for item, length in items:
                left -= length
                if left < 0:
                    return
                yield Claim(best.passage.quote(item), ((best.passage.id, item),))
            if wanted.is_met_by(best.text):
                lowest = max(lowest, best.score - _MOST_BELOW_AN_ANSWER)
            # A headline says again what its story says: alone it may answer, beside another sentence it only repeats.
            candidates = [
                c
                for c in candidates
                if c.score >= lowest and c.length <= left and not c.headline and not c.repeats(best)
                if (c.passage.id, c.span) not in {(best.passage.id, item) for item, _ in items}
            ]


def _candidates(hits: Sequence[Hit]) -> list[_Candidate]:
    """Return the sentences with the highest scores, best first; a scrap of a sentence is none."""
    found = []
    for passage, sentence in ranked_sentences(hits)[:_CANDIDATES]:
        text = passage.quote(sentence.span)
        folded, length, count = _read(text)
        if count >= _FEWEST_WORDS_OF_A_SENTENCE:
            headline = text == passage.headline
            found.append(_Candidate(text, passage, sentence.span, sentence.score, folded, length, headline))
    return found


# The same sentences come up for question after question.
@lru_cache(maxsize=20_000)
def _read(text: str) -> tuple[str, int, int]:
    """Return a sentence folded, its length in words, and its number of words as they are compared."""
    return fold(text), count_words(text), len(words(text))
