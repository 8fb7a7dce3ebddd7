"""Conflicting figures: finds a sentence that gives another value for what a cited one says, and tells of both.

A false notice costs more than a missed one, so everything must agree but the value: unit, subject, time, and whether it
is a plan or what came of it. Knows nothing of how the answer was written, and chooses no side.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.question import asks_for, last_question
from rag.records import Citation, Claim, Hit, Notice, ranked_sentences
from rag.statements import CASUALTIES, DEATHS, PEOPLE, Statement, statements, terms
from rag.text import fold

_MOST_SENTENCES = 60
_MOST_CITED = 10
_MOST_CONFLICTS = 3
_LEAST_SHARE_ASKED = 0.6
_LEAST_SHARE_ALIKE = 0.6
_FEWEST_ALIKE = 4
_MOST_STRANGE = 1

_FRAME = frozenset(
    "mani much number total amount long far tall big larg high old how what often percentag percent share proport "
    "figur exactli 多少 有多".split()
)
_NEUTRAL = frozenset(
    "new total overal offici final latest recent whole entir current accord report said say announc confirm state "
    "author polic govern year month week todai yesterdai mondai tuesdai wednesdai thursdai fridai saturdai sundai "
    "number figur project approxim estim rise rose climb reach least nearli almost around more than".split()
)
_MEASURES = frozenset(
    "km metre feet mile minut hour dai week month year kilogram ton year-old 公里 米 小时 分钟 天 岁 吨".split()
)
_WHAT_AMOUNT = re.compile(
    r"\b(?:what|which)\b[^?]{0,80}\b(?:costs?|budgets?|prices?|worth|value|revenues?|profits?|fines?|funding|investment|sales"
    r"|salary|toll|rate|size|length|height|population|margin|turnout|number|amount|total|percentage|share|proportion)\b"
    r"|多少|几[人名个集部家]|预算|票房"
)
_MONEY = re.compile(
    r"\bhow (?:much|expensive|big|large)\b|\b(?:costs?|budgets?|prices?|worth|value|sum|revenues?|profits?|fines?"
    r"|funding|fund|invest\w*|sales|salary|box office)\b|多少(?:钱|元|亿|万|资)|预算|投资|票房|[成造]本?价"
)
_SHARE = re.compile(
    r"\bpercent|\bper cent|\bshare\b|\bproportion\b|\brate\b|\bturnout\b|\bhow much\b|\bmargin\b|百分|比例"
)
_MEASURED = re.compile(
    r"\bhow (?:long|far|tall|big|large|high|old|deep|wide|much|many)\b|\b(?:length|height|size|age|weight)\b"
    r"|多[长高远大]"
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two sentences that give different values for the same thing; the first is cited in the answer already."""

    cited: Statement
    other: Statement

    @property
    def claim(self) -> Claim:
        """What has to be added to the answer, word for word."""
        return Claim(self.other.text, ((self.other.passage.id, self.other.span),))

    def notice(self, citations: Iterable[Citation]) -> Notice | None:
        """Return what to tell the reader; None where one of the two is not among the citations."""
        numbered = {(c.article_id, c.span): c for c in citations}
        sides = [(s, numbered.get((s.passage.article_id, s.span))) for s in (self.cited, self.other)]
        told = [(s.written, c) for s, c in sides if c is not None]
        if len(told) < len(sides):
            return None
        text = "; ".join(f"“{written}” in {_source(c)} [{c.number}]" for written, c in told)
        return Notice("conflict", f"The sources give different figures: {text}.", tuple(c.number for _, c in told))


def find_conflicts(question: str, hits: Sequence[Hit], cited: Sequence[Citation]) -> list[Conflict]:
    """Return at most three conflicts, each with another value, best-ranked sentences first; none for no figures."""
    passages = {hit.passage.id: hit.passage for hit in hits}
    said = [(passages[c.passage_id], c.span) for c in cited[:_MOST_CITED] if c.passage_id in passages]
    stated = [own for passage, span in said for own in statements(passage, span)]
    asked, units = _Question(question), {own.figure.unit for own in stated}
    others = [other for other in (_scored(hits) if units else ()) if other.figure.unit in units]
    found: list[Conflict] = []
    for own in stated:
        for other in others:
            known = [own.figure, *(side.figure for c in found for side in (c.cited, c.other))]
            if all(other.figure.contradicts(figure) for figure in known) and asked.is_conflict(own, other):
                found.append(Conflict(own, other))
            if len(found) == _MOST_CONFLICTS:
                return found
    return found


def _scored(hits: Sequence[Hit]) -> list[Statement]:
    """Return what the best sentences state, best first."""
    best = ranked_sentences(hits)[:_MOST_SENTENCES]
    return [s for passage, scored in best for s in statements(passage, scored.span, scored.score)]


class _Question:
    """What has to stand beside a figure so that it is the one asked for."""

    def __init__(self, question: str) -> None:
        self._folded = fold(last_question(question))
        self._amount = asks_for(question) == "amount" or _WHAT_AMOUNT.search(self._folded) is not None
        self._terms = terms(question) - _FRAME

    def is_conflict(self, own: Statement, other: Statement) -> bool:
        """Return whether two statements whose values differ are about the same thing."""
        if own.text == other.text or own.manner != other.manner or own.manner[3] or not _same_time(own, other):
            return False
        if own.passage.article_id == other.passage.article_id and own.span == other.span:
            return False
        if self._asks(own):
            return self._answers(own, other) and self._answers(other, own)
        return _alike(own, other)

    def _asks(self, said: Statement) -> bool:
        if not self._amount:
            return False
        unit = said.figure.unit.partition("/")[0]
        if unit.isupper():
            return _MONEY.search(self._folded) is not None
        if unit in {"%", "percentage point", "times"}:
            return _SHARE.search(self._folded) is not None
        if unit in _MEASURES:
            return _MEASURED.search(self._folded) is not None
        return not terms(unit.rpartition(" ")[2]).isdisjoint(self._terms) or unit in self._folded

    def _answers(self, said: Statement, beside: Statement) -> bool:
        """Return whether the sentence says what is asked for, of no other subject than the one beside it."""
        asked = self._terms - terms(said.figure.unit) - _NEUTRAL
        if said.figure.unit in CASUALTIES:
            asked -= PEOPLE
        met = asked & said.around
        if not asked or len(met) < _LEAST_SHARE_ASKED * len(asked) or not asked & beside.around <= met:
            return False
        own = asked & said.own
        if said.figure.unit == DEATHS:
            own |= {DEATHS} & self._terms
        known = self._terms | beside.near | _NEUTRAL
        told = bool(own) or (said.leans and asked <= said.around)
        return told and said.names <= known | beside.around and _same_subject(said, asked, known)


def _same_subject(said: Statement, asked: frozenset[str], known: frozenset[str]) -> bool:
    """Return whether the words around the figure name nothing of their own.

    A strange word in front of the first that was asked about is another subject: "the terminal at the bridge".
    """
    first = next((n for n, term in enumerate(said.lead) if term in asked), len(said.lead))
    before = [term for term in said.lead[:first] if term not in known]
    behind = [term for term in (*said.lead[first:], *said.tail) if term not in known and not term.isdigit()]
    most_before = _MOST_STRANGE if first == len(said.lead) and not said.leans else 0
    return len(before) <= most_before and len(behind) <= _MOST_STRANGE


def _alike(own: Statement, other: Statement) -> bool:
    """Return whether two sentences of different articles say nearly the same words beside their figures."""
    shared, both = own.own & other.own, own.own | other.own
    names = (own.names | other.names) - (own.near & other.near)
    return (
        own.passage.article_id != other.passage.article_id
        and len(shared) >= max(_FEWEST_ALIKE, _LEAST_SHARE_ALIKE * len(both))
        and not names
    )


def _same_time(own: Statement, other: Statement) -> bool:
    if own.months and other.months and own.months.isdisjoint(other.months):
        return False
    return own.years == other.years or bool(own.years and other.years and not own.years.isdisjoint(other.years))


def _source(citation: Citation) -> str:
    published = citation.published.isoformat() if citation.published else "undated"
    about = filter(None, (citation.publisher, published))
    return f"{citation.headline or citation.title} ({', '.join(about)})"
