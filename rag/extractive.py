"""The built-in generator: says the sentences that answer, word for word. No language model, no network."""

from collections.abc import Iterator, Sequence

from rag.records import Claim, Hit, Message, ScoredSpan
from rag.text import fold, words

# Set by experiment 2 of eval/LOG.md.
MOST_WORDS = 75
MOST_SENTENCES = 3
_FEWEST_WORDS_OF_A_SENTENCE = 4


class ExtractiveGenerator:
    """Picks the best-scored sentences over all hits until the words are used up."""

    def __init__(self, *, most_words: int = MOST_WORDS, most_sentences: int = MOST_SENTENCES) -> None:
        self._most_words = most_words
        self._most_sentences = most_sentences

    @property
    def name(self) -> str:
        """What `Answer.generator` says."""
        return "extractive"

    def generate(
        self,
        question: str,  # noqa: ARG002 - the hits' sentences are scored by it already
        hits: Sequence[Hit],
        history: Sequence[Message],  # noqa: ARG002 - the question was resolved
    ) -> Iterator[str | Claim]:
        """Yield a claim a sentence, best first; one that says the same as an earlier one is passed over."""
        said: list[str] = []
        left = self._most_words
        for hit, sentence in best_sentences(hits):
            text = sentence.span.shifted(-hit.passage.span.start).of(hit.passage.text)
            length = len(text.split())
            folded = fold(text)
            if len(words(text)) < _FEWEST_WORDS_OF_A_SENTENCE or any(folded in s or s in folded for s in said):
                continue
            if length > left and said:
                continue
            yield Claim(text, ((hit.passage.id, sentence.span),))
            said.append(folded)
            left -= length
            if len(said) == self._most_sentences or left <= 0:
                return


def best_sentences(hits: Sequence[Hit]) -> list[tuple[Hit, ScoredSpan]]:
    """Return all scored sentences of the hits, best first, ties in order of the hits."""
    pooled = [(hit, sentence) for hit in hits for sentence in hit.sentences]
    return sorted(pooled, key=lambda found: -found[1].score)
