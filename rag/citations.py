"""The citation gate: what a generator says is shown only where a sentence of the articles says it too.

Knows passages and how to read an article's characters; knows no generator and no model. A quote always stands in the
article to the character. That the sentence is what the quote says is certain where it is the quote word for word; of a
free sentence rag.support tells it, which lets it leave whole phrases out and bring nothing of its own.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

from rag.errors import GeneratorFailed, QuoteMismatch
from rag.records import AnswerSentence, ArticleSummary, Citation, Claim, Hit, Passage, Span
from rag.support import is_supported
from rag.text import fold, one_line, sentences, stems_of, words

ReadSlice = Callable[[str, Span], str | None]
"""Returns the characters of an article at a span; None where the article is gone."""

MOST_UNCITED_CHARS = 20_000
UNSUPPORTED = "[unsupported]"
_FEWEST_WORDS = 3
_MOST_PASSAGES_TRIED = 50

# One number, several, or a range of them.
_NUMBERS = r"\[\s?\d{1,4}(?:\s?[,;–-]\s?\d{1,4}){0,9}\s?\]"
_MARK = re.compile(rf"\s*{_NUMBERS}")
_MARKS = re.compile(rf"{_NUMBERS}(?:\s{{0,3}}{_NUMBERS})*")
_RANGES = re.compile(r"(\d+)(?:\s?[–-]\s?(\d+))?")
_LONGEST_OPEN_MARK = 80
# After a mark, one more may be on its way, or the stop and the quotation mark that belong to the sentence.
_MAY_GO_ON = re.compile(rf"\s*(?:\[[\d\s,;–-]{{0,{_LONGEST_OPEN_MARK}}})?|[.!?。！？]?[\"'”’)»]*")
_TAIL = re.compile(r"[.!?。！？]?[\"'”’)»]*")
# "It cost 3 million [1] and it is new [2]": the second half stands alone.
_JOINED = re.compile(r"^(?:and|but|while|whereas)\s+(\w)")
_LOOKS_LIKE_A_MARK = re.compile(r"[\[【⁽]\s*\^?\d")
_MARKUP = re.compile(r"<|\]\s*[(\[:]|!\[|\*\*|__|`|://|\bwww\.|\bmailto:|\b(?:javascript|data):", re.IGNORECASE)


def cite(number: int, passage: Passage, span: Span, *, about: ArticleSummary, read: ReadSlice) -> Citation:
    """Return the citation of a stretch of a passage, read back from the article; raises QuoteMismatch.

    The quote must stand in the article at that place, to the character, and must not be blank.
    """
    if not passage.span.holds(span):
        raise QuoteMismatch(f"{span} lies outside passage {passage.id} at {passage.span}")
    quote = passage.quote(span)
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
        published_inferred=about.published_inferred,
    )


class CitationGate:
    """Lets through sentences that a sentence of the articles says, numbers those, and counts what it dropped.

    One gate serves one answer. The same sentence of the same article keeps its number. With `marking`, a sentence of
    free text that no source says is let through too, without a citation and marked as unsupported.
    """

    def __init__(
        self, hits: Sequence[Hit], about: Mapping[str, ArticleSummary], read: ReadSlice, *, marking: bool = False
    ) -> None:
        self._passages = [h.passage for h in hits]
        self._by_id = {p.id: p for p in self._passages}
        self._about = about
        self._read = read
        self._marking = marking
        self._buffer = ""
        self._searched = 0
        self._said: set[str] = set()
        self._citations: dict[tuple[str, Span], Citation] = {}
        self.dropped = 0

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All citations so far, in order of their numbers."""
        return tuple(self._citations.values())

    def admit(self, claim: Claim) -> AnswerSentence | None:
        """Return the claim as a sentence of the answer; None, counted, where no sentence that it cites says it."""
        text = one_line(_MARK.sub("", claim.text))
        touched = [
            (passage, sentence)
            for passage_id, span in claim.quotes
            if (passage := self._by_id.get(passage_id)) is not None and passage.span.holds(span)
            for sentence in passage.sentences
            if span.start < sentence.end and sentence.start < span.end
        ]
        proofs = [found for found in touched if is_quote(text, found[0].quote(found[1]))]
        if not proofs and is_plain(text):
            proofs = _prove([s.of(text) for s in sentences(text)], touched)
        numbers = self._numbers(proofs) if words(text) and fold(text) not in self._said else ()
        if not numbers:
            self.dropped += 1
            return None
        self._said.add(fold(text))
        return AnswerSentence(text, numbers)

    def feed(self, text: str) -> Iterator[AnswerSentence]:
        """Take a piece of free text; yield its sentences as soon as their [n] is whole and they are supported.

        Raises GeneratorFailed when 20,000 characters have come without a citation.
        """
        # Half a surrogate pair is no character; nothing further on takes one.
        self._buffer += text.encode("utf-8", "ignore").decode("utf-8")
        while True:
            marks = _MARKS.search(self._buffer, self._searched)
            if marks is None:
                self._searched = max(len(self._buffer) - _LONGEST_OPEN_MARK, 0)
                break
            rest = self._buffer[marks.end() :]
            if _MAY_GO_ON.fullmatch(rest):
                self._searched = marks.start()
                break
            yield from self._take_unit(marks)
        if len(self._buffer) > MOST_UNCITED_CHARS:
            raise GeneratorFailed(f"{len(self._buffer)} characters came without a citation")

    def close(self) -> Iterator[AnswerSentence]:
        """Yield what was held back at the end of the text; words after the last [n] have no source and are dropped."""
        while marks := _MARKS.search(self._buffer):
            yield from self._take_unit(marks)
        for span in sentences(self._buffer):
            self.dropped += 1
            if marked := self._marked(span.of(self._buffer)):
                yield marked
        self._buffer = ""

    def _take_unit(self, marks: re.Match[str]) -> Iterator[AnswerSentence]:
        """Yield the sentences in front of the marks that the passages they name support."""
        said, rest = self._buffer[: marks.start()], self._buffer[marks.end() :]
        tail = _TAIL.match(rest)
        end = tail.group() if tail else ""
        self._buffer, self._searched = rest[len(end) :], 0
        said = _JOINED.sub(lambda word: word[1].upper(), said.lstrip(" \t\n,;:.)”…")).rstrip() + end
        cited = self._named(marks.group())
        for span in sentences(said):
            text = span.of(said)
            # Of a scrap ("It is", "Euros") nobody can tell whether it is supported.
            # Of a sentence with a link or markup nobody can tell where it is shown; not even an article's own is.
            worth = len(words(text)) >= _FEWEST_WORDS and is_plain(one_line(_MARK.sub("", text)))
            sentence = self.admit(Claim(text, self._find(text, cited) if worth else ()))
            if sentence or (sentence := self._marked(text)):
                yield sentence

    def _named(self, marks: str) -> list[Passage]:
        """Return the passages that [1], [1, 2] or [1-3] name, each once; a number of none is passed over."""
        numbers: list[int] = []
        for first, last in _RANGES.findall(marks):
            numbers += range(int(first), min(int(last or first), len(self._passages)) + 1)
        return [self._passages[n - 1] for n in dict.fromkeys(numbers) if 1 <= n <= len(self._passages)]

    def _find(self, text: str, cited: Sequence[Passage]) -> tuple[tuple[int, Span], ...]:
        """Return where the cited passages say the text; else where the only sentence stands that says it elsewhere."""
        found = [(p.id, place) for p in cited if (place := find_support(text, p)) is not None]
        if found or not cited:
            return tuple(found)
        own = stems_of(text)
        elsewhere = {
            (p.article_id, place): (p.id, place)
            for p in self._passages[:_MOST_PASSAGES_TRIED]
            if p not in cited
            for place in p.sentences
            # Most sentences share next to nothing with it, and need no closer look.
            if 2 * len(own & stems_of(p.quote(place))) >= len(own) and is_supported(text, p.quote(place))
        }
        return tuple(elsewhere.values()) if len(elsewhere) == 1 else ()

    def _marked(self, text: str) -> AnswerSentence | None:
        """Return the sentence that was dropped, marked; None where that is not wanted, or it is more than words."""
        text = one_line(_MARK.sub("", text))
        if not self._marking or not is_plain(text) or len(words(text)) < _FEWEST_WORDS or fold(text) in self._said:
            return None
        self._said.add(fold(text))
        self.dropped -= 1
        return AnswerSentence(text, (), supported=False)

    def _numbers(self, proofs: Sequence[tuple[Passage, Span]]) -> tuple[int, ...]:
        """Return the numbers of the proofs, () where one no longer stands in its article; then none is kept."""
        found: dict[tuple[str, Span], Citation] = {}
        for passage, span in proofs:
            key = (passage.article_id, span)
            known = self._citations.get(key) or found.get(key)
            about = self._about.get(passage.article_id)
            number = known.number if known else len(self._citations) + len(found) + 1
            try:
                if about is None:
                    return ()
                # Read again each time: the article may have been taken out since.
                found[key] = cite(number, passage, span, about=about, read=self._read)
            except QuoteMismatch:
                return ()
        self._citations |= found
        return tuple(dict.fromkeys(citation.number for citation in found.values()))


def _prove(said: Sequence[str], touched: Sequence[tuple[Passage, Span]]) -> list[tuple[Passage, Span]]:
    """Return a quoted sentence for each sentence said, each quoted one once; none where one of them is unsupported."""
    proofs: dict[tuple[int, Span], tuple[Passage, Span]] = {}
    for sentence in said:
        found = [(p, span) for p, span in touched if is_supported(sentence, p.quote(span))]
        if not found:
            return []
        proofs |= {(p.id, span): (p, span) for p, span in found}
    return list(proofs.values())


def is_quote(text: str, quote: str) -> bool:
    """Return whether the text is the whole quote, but for white space and the quote's own bracketed numbers."""
    return text == one_line(_MARK.sub("", quote))


def is_plain(text: str) -> bool:
    """Return whether a text that is no quote is only words: no markup, link, mark of its own, invisible character."""
    visible = all(unicodedata.category(c)[0] != "C" for c in text)
    return visible and not (_MARKUP.search(text) or _LOOKS_LIKE_A_MARK.search(unicodedata.normalize("NFKC", text)))


def is_said(text: str, quotes: Sequence[str]) -> bool:
    """Return whether the text is one of the quotes, or plain sentences of which each is said by one of them."""
    if any(is_quote(text, quote) for quote in quotes):
        return True
    said = [span.of(text) for span in sentences(text)]
    return is_plain(text) and bool(said) and all(any(is_supported(s, quote) for quote in quotes) for s in said)


def find_support(text: str, passage: Passage) -> Span | None:
    """Return the place of the first of the passage's sentences that says the text; None where none does."""
    return next((span for span in passage.sentences if is_supported(text, passage.quote(span))), None)


def render(sentence: AnswerSentence) -> str:
    """Return the sentence as the answer's text shows it: followed by its [n], or by what says that it has none."""
    if not sentence.supported:
        return f"{sentence.text} {UNSUPPORTED}"
    return sentence.text + " " + "".join(f"[{n}]" for n in sentence.citations)
