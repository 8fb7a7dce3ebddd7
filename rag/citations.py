"""The citation gate: nothing a generator says is shown unless a quote stands in the article, to the character.

Knows passages and how to read an article's characters; knows no generator and no model.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from rag.errors import QuoteMismatch
from rag.records import AnswerSentence, ArticleSummary, Citation, Claim, Hit, Passage, Span
from rag.text import content_words, fold, one_line, sentences, stem, words

ReadSlice = Callable[[str, Span], str | None]
"""Returns the characters of an article at a span; None where the article is gone."""

_MARK = re.compile(r"\s*\[(\d{1,4})\]")
_UNIT = re.compile(r"(?P<said>.+?)(?P<marks>(?:\s*\[\d{1,4}\])+)(?P<end>[.!?。！？]?)", re.DOTALL)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# A free sentence needs this share of its words in the passage it cites; below, it says something else.
_SUPPORT = 0.6


def cite(number: int, passage: Passage, span: Span, about: ArticleSummary, read: ReadSlice) -> Citation:
    """Return the citation of a stretch of a passage, read back from the article; raises QuoteMismatch.

    The quote must stand in the article at that place, to the character, and must not be blank.
    """
    if not passage.span.holds(span):
        raise QuoteMismatch(f"{span} lies outside passage {passage.id} at {passage.span}")
    quote = span.shifted(-passage.span.start).of(passage.text)
    stands = read(passage.article_id, span)
    if stands is None or stands != quote or not quote.strip():
        raise QuoteMismatch(f"'{quote[:60]}' does not stand in '{passage.article_id}' at {span.start}:{span.end}")
    return Citation(
        number=number,
        article_id=passage.article_id,
        span=span,
        quote=quote,
        headline=passage.headline,
        title=about.title,
        published=about.published,
        publisher=about.publisher,
        url=about.url,
        passage_id=passage.id,
    )


class CitationGate:
    """Lets through sentences whose quotes check out, numbers their citations, and counts what it dropped.

    One gate serves one answer. The same stretch of the same article keeps its number.
    """

    def __init__(self, hits: Sequence[Hit], about: Mapping[str, ArticleSummary], read: ReadSlice) -> None:
        self._passages = [h.passage for h in hits]
        self._by_id = {p.id: p for p in self._passages}
        self._about = about
        self._read = read
        self._buffer = ""
        self._citations: dict[tuple[str, Span], Citation] = {}
        self.dropped = 0

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All citations so far, in order of their numbers."""
        return tuple(self._citations.values())

    def admit(self, claim: Claim) -> AnswerSentence | None:
        """Return the claim as a sentence of the answer; None, counted, where it is not supported by what it quotes."""
        text = one_line(claim.text)
        cited = [(self._by_id.get(passage_id), span) for passage_id, span in claim.quotes]
        quoted = " ".join(span.shifted(-p.span.start).of(p.text) for p, span in cited if p and p.span.holds(span))
        # A bracketed number in the article's own words would read as a citation of ours.
        if words(text) and not _MARK.search(text) and is_supported(text, quoted):
            with contextlib.suppress(QuoteMismatch):
                numbers = [self._number(passage, span) for passage, span in cited]
                return AnswerSentence(text, tuple(dict.fromkeys(numbers)))
        self.dropped += 1
        return None

    def feed(self, text: str) -> Iterator[AnswerSentence]:
        """Take a piece of free text; yield its sentences as soon as their [n] is whole and they are supported."""
        self._buffer += text
        while True:
            unit = _UNIT.match(self._buffer)
            # More marks, or the rest of this one, may still be coming.
            if unit is None or not self._buffer[unit.end() :].lstrip().lstrip("["):
                return
            self._buffer = self._buffer[unit.end() :]
            yield from self._admit_unit(unit)

    def close(self) -> Iterator[AnswerSentence]:
        """Yield what was held back at the end of the text; words after the last [n] have no source and are dropped."""
        for unit in _UNIT.finditer(self._buffer):
            yield from self._admit_unit(unit)
        self.dropped += len(sentences(_UNIT.sub("", self._buffer)))
        self._buffer = ""

    def _admit_unit(self, unit: re.Match[str]) -> Iterator[AnswerSentence]:
        numbers = [int(n) for n in _MARK.findall(unit["marks"])]
        cited = [self._passages[n - 1] for n in numbers if 1 <= n <= len(self._passages)]
        said = unit["said"].strip() + unit["end"]
        for span in sentences(said):
            text = span.of(said)
            quotes = [(p.id, place) for p in cited if (place := find_support(text, p)) is not None]
            sentence = self.admit(Claim(text, tuple(quotes)))
            if sentence:
                yield sentence

    def _number(self, passage: Passage | None, span: Span) -> int:
        if passage is None:
            raise QuoteMismatch("a passage that was not retrieved")
        key = (passage.article_id, span)
        if key not in self._citations:
            about = self._about.get(passage.article_id)
            if about is None:
                raise QuoteMismatch(f"article '{passage.article_id}' is gone")
            self._citations[key] = cite(len(self._citations) + 1, passage, span, about, self._read)
        return self._citations[key].number


def is_supported(text: str, quoted: str) -> bool:
    """Return whether the quotes say the text: word for word, or with all its numbers and most of its words."""
    if not quoted.strip():
        return False
    if fold(text) in fold(quoted):
        return True
    if not set(_NUMBER.findall(fold(text))) <= set(_NUMBER.findall(fold(quoted))):
        return False
    said = set(map(stem, content_words(text)))
    there = set(map(stem, words(quoted)))
    return len(said & there) >= _SUPPORT * len(said)


def find_support(text: str, passage: Passage) -> Span | None:
    """Return the place of the passage's sentence that shares most words with the text; None where none says it."""
    said = set(map(stem, content_words(text)))

    def shared(span: Span) -> int:
        return len(said & set(map(stem, words(span.shifted(-passage.span.start).of(passage.text)))))

    best = max(passage.sentences, key=shared, default=None)
    if best is None or not is_supported(text, best.shifted(-passage.span.start).of(passage.text)):
        return None
    return best


def render(sentence: AnswerSentence) -> str:
    """Return the sentence as the answer's text shows it: followed by its [n]."""
    return sentence.text + " " + "".join(f"[{n}]" for n in sentence.citations)
