"""Judges single answers: complete, proved, cited, declined rightly, and why one fails. Knows one question at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.answers import Answered, is_right
from eval.questions import Question
from eval.spans import Place, covers_half
from eval.wording import exact_match, holds, holds_all, plain, token_f1, without_marks
from rag.tokens import count_tokens

MOST_WORDS = 80
_OF_EVIDENCE = 1.25
"""An answer may be a quarter longer than its evidence, where that is more than MOST_WORDS."""

ABSTAINED = "abstained"
INCOMPLETE = "incomplete"
TOO_LONG = "too long"
UNSUPPORTED = "unsupported"
BESIDE = "no citation on the evidence"
SHOULD_ABSTAIN = "answered the unanswerable"


@dataclass(frozen=True, slots=True)
class Score:
    """A question's part in a measure, which is the sum of all totals by the sum of all counts."""

    total: float
    count: float = 1.0


@dataclass(frozen=True, slots=True)
class Sought:
    """A question with the places of each piece of its evidence; a quote has every place where it stands."""

    question: Question
    pieces: tuple[tuple[Place, ...], ...]

    @property
    def places(self) -> tuple[Place, ...]:
        """All places of all pieces."""
        return tuple(place for piece in self.pieces for place in piece)


def why_failed(sought: Sought, answered: Answered) -> str:
    """Return what keeps the answer from being a success; "" where nothing does."""
    question = sought.question
    if not question.answerable:
        return "" if answered.abstained else SHOULD_ABSTAIN
    if answered.abstained:
        return ABSTAINED
    checks = (
        (INCOMPLETE, is_complete(question, answered.text)),
        (TOO_LONG, len(answered.text.split()) <= most_words(sought)),
        (UNSUPPORTED, is_supported(answered)),
        (BESIDE, not sought.pieces or is_right(answered, sought.places)),
    )
    return next((why for why, passed in checks if not passed), "")


def answer_scores(sought: Sought, answered: Answered, texts: Mapping[str, str]) -> dict[str, Score]:
    """Return the question's part in the measures of answers; those that it has no part in are left out."""
    question, given = sought.question, not answered.abstained
    scores = {"success": Score(float(not why_failed(sought, answered)))}
    if given:
        scores["supported"] = Score(float(is_supported(answered)))
    else:
        scores["abstain_p"] = Score(float(not question.answerable))
    if not question.answerable:
        scores["abstain_r"] = Score(float(answered.abstained))
    if question.answerable:
        scores |= _said(question, answered)
    return scores | _cited(sought, answered, texts)


def is_complete(question: Question, text: str) -> bool:
    """Return whether the text holds all that must be in it, or, where nothing must, one of the right answers."""
    if question.must_include:
        return holds_all(text, question.must_include)
    return any(holds(text, answer) for answer in question.answers)


def is_supported(answered: Answered) -> bool:
    """Return whether every sentence cites what exists; the extractive generator's have to stand in their quotes."""
    said = answered.sentences
    if not said or without_marks(answered.text) != plain(" ".join(s.text for s in said)):
        return False
    quotes = {cited.number: plain(cited.quote) for cited in answered.citations}
    for sentence in said:
        if not sentence.citations or not quotes.keys() >= set(sentence.citations):
            return False
        copied = any(plain(sentence.text) in quotes[n] for n in sentence.citations)
        if answered.generator == "extractive" and not copied:
            return False
    return True


def most_words(sought: Sought) -> float:
    """Return how long the answer may be."""
    words = sum(len(piece.quote.split()) for piece in sought.question.evidence)
    return max(MOST_WORDS, _OF_EVIDENCE * words)


def _said(question: Question, answered: Answered) -> dict[str, Score]:
    text = "" if answered.abstained else answered.text
    scores = {}
    if question.answers or question.must_include:
        scores["complete"] = Score(float(is_complete(question, text)))
    if question.answers:
        bare = without_marks(text)
        scores |= {"f1": Score(token_f1(bare, question.answers)), "em": Score(exact_match(bare, question.answers))}
    if not answered.abstained:
        tokens = count_tokens(answered.text)
        scores |= {"answer_words": Score(len(answered.text.split())), "answer_tokens": Score(tokens)}
    return scores


def _cited(sought: Sought, answered: Answered, texts: Mapping[str, str]) -> dict[str, Score]:
    cited = answered.citations
    scores: dict[str, Score] = {}
    if cited:
        exact = sum(bool(c.quote) and c.place.span.of(texts.get(c.place.article_id, "")) == c.quote for c in cited)
        words = sum(len(c.quote.split()) for c in cited)
        scores |= {"cite_exact": Score(exact, len(cited)), "cite_words": Score(words, len(cited))}
    if not sought.question.answerable:
        return scores
    if cited and not answered.abstained:
        precise = sum(_on(c.place, sought.places) for c in cited)
        scores["cite_prec"] = Score(precise, len(cited))
    if sought.pieces:
        met = sum(is_right(answered, piece) for piece in sought.pieces)
        scores["cite_recall"] = Score(met, len(sought.pieces))
    return scores


def _on(place: Place, evidence: Sequence[Place]) -> bool:
    return any(covers_half(place, piece) for piece in evidence)
