"""Proves a question set against its articles: every quote and span stands where it says. Asks nothing and no model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.questions import Evidence, Question
from eval.wording import holds_all, plain

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be said of a question; a `problem` makes its scores wrong, anything else is worth a look."""

    question_id: str
    what: str
    problem: bool


def check_set(questions: Sequence[Question], texts: Mapping[str, str]) -> list[Finding]:
    """Return what is wrong or odd, in the order of the questions."""
    seen: dict[tuple[object, ...], str] = {}
    found: list[Finding] = []
    for question in questions:
        found += [Finding(question.id, what, problem=True) for what in _problems(question, texts)]
        found += [Finding(question.id, what, problem=False) for what in _oddities(question, texts)]
        first = seen.setdefault((plain(question.text), question.history, question.today), question.id)
        if first != question.id:
            found.append(Finding(question.id, f"asks the same as '{first}'", problem=False))
    return found


def finding_lines(questions: Sequence[Question], found: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings as a person reads them, then how many there are."""
    yield from (f"{'problem' if one.problem else 'note'}: {one.question_id}: {one.what}" for one in found)
    problems = sum(one.problem for one in found)
    pieces = sum(len(question.evidence) for question in questions)
    yield f"{len(questions)} questions, {pieces} pieces of evidence: {problems} problems, {len(found) - problems} notes"


def _problems(question: Question, texts: Mapping[str, str]) -> Iterator[str]:
    for piece in question.evidence:
        yield from _wrong_evidence(piece, texts)
    for relevant in question.relevant:
        if relevant.article_id not in texts:
            yield f"the relevant article '{relevant.article_id}' is not among the articles"
    if not question.answerable and (question.evidence or question.answers or question.must_include):
        yield "is said to be unanswerable, and carries an answer or evidence"


def _wrong_evidence(piece: Evidence, texts: Mapping[str, str]) -> Iterator[str]:
    text = texts.get(piece.article_id)
    if text is None:
        yield f"its evidence stands in '{piece.article_id}', which is not among the articles"
    elif piece.span is None:
        if piece.quote not in text:
            near = " (it does but for case, quotes or white space)" if plain(piece.quote) in plain(text) else ""
            yield f"'{_cut(piece.quote)}' does not stand in '{piece.article_id}'{near}"
    elif piece.span.end > len(text):
        yield f"its evidence ends at {piece.span.end}; '{piece.article_id}' has {len(text)} characters"
    elif piece.quote and piece.span.of(text) != piece.quote:
        told = f"'{_cut(piece.span.of(text))}', not '{_cut(piece.quote)}'"
        yield f"at {piece.span.start} to {piece.span.end} of '{piece.article_id}' stands {told}"


def _oddities(question: Question, texts: Mapping[str, str]) -> Iterator[str]:
    if not question.answerable:
        return
    if not (question.answers or question.must_include or question.evidence or question.relevant):
        yield "carries nothing that tells a right answer"
    for piece in question.evidence:
        places = texts.get(piece.article_id, "").count(piece.quote) if piece.span is None else 1
        if places > 1:
            yield f"'{_cut(piece.quote)}' stands {places} times in '{piece.article_id}'"
    told = " ".join(_told(piece, texts) for piece in question.evidence)
    lacking = [wanted for wanted in question.must_include if told and not holds_all(told, [wanted])]
    if lacking:
        yield f"its evidence does not hold '{_cut(lacking[0])}', which must be included"


def _told(piece: Evidence, texts: Mapping[str, str]) -> str:
    return piece.quote or (piece.span.of(texts.get(piece.article_id, "")) if piece.span else "")


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
