"""Re-checks an answer's receipt: its JSON, against what the store holds today. Needs no model and no index."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rag.citations import is_said, render
from rag.errors import ArticleMissing, ReceiptInvalid
from rag.records import AnswerSentence, Article
from rag.store import content_hash
from rag.store_reader import StoreReader

MOST_CHARS = 20_000_000
_MOST_NAMED = 3
_SHOWN_CHARS = 60

Kind = Literal[
    "tampered_quote",  # the article is as it was, and holds no such text
    "moved_span",  # the article is as it was, and holds the quote at another place
    "wrong_article",  # the quote stands in another article, or the answer did not rest on this one
    "article_changed",  # the store holds another version than the answer was made from
    "article_withdrawn",  # the store no longer holds it
    "unsupported_sentence",  # its quotes do not say it
    "unknown_citation",  # it names a number that no citation has
    "text_differs",  # the text is not its sentences and numbers
]


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not hold of a receipt, in words too; `citations` are the numbers it concerns."""

    kind: Kind
    text: str
    citations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiptCitation:
    """A citation as the receipt gives it: nothing of it is believed."""

    number: int
    article_id: str
    start: int
    end: int
    quote: str

    def stands_in(self, article: Article) -> bool:
        """Return whether the article holds the quote at that place."""
        return 0 <= self.start < self.end and article.text[self.start : self.end] == self.quote


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is checked of an answer's JSON; `hashes` are those of the articles that it rested on."""

    text: str
    abstained: bool
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[ReceiptCitation, ...]
    hashes: Mapping[str, str]


def read_receipt(written: str) -> Receipt:
    """Return the receipt: what `rag ask --json` prints, or its "answer" alone. Raises ReceiptInvalid."""
    if len(written) > MOST_CHARS:
        raise ReceiptInvalid(f"the receipt has {len(written)} characters; at most {MOST_CHARS} are read")
    try:
        row = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise ReceiptInvalid("the receipt is no JSON; give what `rag ask --json` printed") from error
    answer = row.get("answer", row) if isinstance(row, dict) else None
    answer = _typed(answer, dict, "answer")
    hashes = _typed(answer.get("articles"), dict, "articles")
    return Receipt(
        _typed(answer.get("text"), str, "text"),
        _typed(answer.get("abstained"), bool, "abstained"),
        tuple(_sentence(row) for row in _typed(answer.get("sentences"), list, "sentences")),
        tuple(_citation(row) for row in _typed(answer.get("citations"), list, "citations")),
        {key: _typed(sha256, str, f"articles['{key}']") for key, sha256 in hashes.items()},
    )


def verify_receipt(receipt: Receipt, reader: StoreReader) -> list[Finding]:
    """Return what does not hold, citations first; [] where every quote stands and says what the answer says."""
    articles = {c.article_id: _article(reader, c.article_id) for c in receipt.citations}
    found = [
        finding
        for c in receipt.citations
        if (finding := _check(c, receipt, articles[c.article_id], reader)) is not None
    ]
    doubted = {number for finding in found for number in finding.citations}
    return [*found, *_check_sentences(receipt, doubted), *_check_text(receipt)]


def _check(citation: ReceiptCitation, receipt: Receipt, article: Article | None, reader: StoreReader) -> Finding | None:
    number, name = (citation.number,), _shown(citation.article_id)
    sha256 = receipt.hashes.get(citation.article_id)
    if sha256 is None:
        return Finding("wrong_article", f"the answer did not rest on '{name}'{_elsewhere(citation, reader)}", number)
    if article is None:
        return Finding("article_withdrawn", f"'{name}' is no longer in the store", number)
    if content_hash(article) != sha256:
        return Finding("article_changed", f"'{name}' was changed since; {_place(citation, article)}", number)
    return None if citation.stands_in(article) else _misplaced(citation, article, reader)


def _misplaced(citation: ReceiptCitation, article: Article, reader: StoreReader) -> Finding:
    """Return what to say of a quote that does not stand where it should, in an article that is as it was."""
    number, name = (citation.number,), _shown(citation.article_id)
    if citation.quote.strip() and citation.quote in article.text:
        return Finding("moved_span", f"in '{name}' {_place(citation, article)}", number)
    elsewhere = _elsewhere(citation, reader)
    if elsewhere:
        return Finding("wrong_article", f"the quote does not stand in '{name}'{elsewhere}", number)
    return Finding("tampered_quote", f"'{name}' holds no “{_shown(citation.quote)}”", number)


def _place(citation: ReceiptCitation, article: Article) -> str:
    if citation.stands_in(article):
        return f"the quote still stands at {citation.start}:{citation.end}"
    start = article.text.find(citation.quote) if citation.quote.strip() else -1
    if start < 0:
        return "the quote no longer stands in it"
    return f"the quote stands at {start}:{start + len(citation.quote)}, not at {citation.start}:{citation.end}"


def _elsewhere(citation: ReceiptCitation, reader: StoreReader) -> str:
    if not citation.quote.strip():
        return ""
    others = [key for key in reader.holding(citation.quote, _MOST_NAMED + 1) if key != citation.article_id]
    named = ", ".join(f"'{_shown(key)}'" for key in others[:_MOST_NAMED])
    return f"; the quote stands in {named}" if named else ""


def _check_sentences(receipt: Receipt, doubted: set[int]) -> Iterator[Finding]:
    """Yield the sentences that their quotes do not say; what a doubted quote says has been told already."""
    quotes: dict[int, list[str]] = {}
    for citation in receipt.citations:
        quotes.setdefault(citation.number, []).append(citation.quote)
    for sentence in receipt.sentences:
        unknown = tuple(n for n in sentence.citations if n not in quotes)
        shown = _shown(sentence.text)
        if unknown:
            yield Finding("unknown_citation", f"“{shown}” cites {unknown[0]}, which is no citation", unknown)
        elif not sentence.supported and not sentence.citations:
            continue
        elif doubted.isdisjoint(sentence.citations):
            told = [quote for number in sentence.citations for quote in quotes[number]]
            if not is_said(sentence.text, told):
                yield Finding("unsupported_sentence", f"no quote of it says “{shown}”", sentence.citations)


def _check_text(receipt: Receipt) -> Iterator[Finding]:
    told = " ".join(map(render, receipt.sentences))
    if receipt.abstained:
        if receipt.sentences or receipt.citations:
            yield Finding("text_differs", "the answer says that it abstains, and has sentences or citations")
    elif receipt.text != told:
        yield Finding("text_differs", "the answer's text is not its sentences with their numbers")


def _article(reader: StoreReader, article_id: str) -> Article | None:
    try:
        return reader.article(article_id)
    except ArticleMissing:
        return None


def _sentence(row: Any) -> AnswerSentence:
    row = _typed(row, dict, "sentences")
    numbers = tuple(_typed(n, int, "citations") for n in _typed(row.get("citations"), list, "citations"))
    return AnswerSentence(
        _typed(row.get("text"), str, "text"), numbers, _typed(row.get("supported", True), bool, "supported")
    )


def _citation(row: Any) -> ReceiptCitation:
    row = _typed(row, dict, "citations")
    numbers = [_typed(row.get(name), int, name) for name in ("number", "start", "end")]
    texts = [_typed(row.get(name), str, name) for name in ("article_id", "quote")]
    return ReceiptCitation(numbers[0], texts[0], numbers[1], numbers[2], texts[1])


def _typed(value: Any, wanted: type, name: str) -> Any:
    if type(value) is not wanted:
        raise ReceiptInvalid(
            f"the receipt's '{_shown(name)}' is no {wanted.__name__}; give what `rag ask --json` printed"
        )
    return value


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def finding_rows(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings as JSON values."""
    return [{"kind": f.kind, "text": f.text, "citations": list(f.citations)} for f in findings]
