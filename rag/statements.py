"""What one sentence states in a figure: of what, when, how surely. Knows words and figures; compares nothing."""

import re
from dataclasses import dataclass, replace
from functools import cached_property

from rag.cjk import has_cjk, pairs
from rag.figures import Figure, figures
from rag.records import Passage, Span
from rag.text import STOP_WORDS, fold, parts, stem

DEATHS = "dead"
_INJURIES = "hurt"
# Words that news put for one another; of a death toll it seldom says "people died".
_SAME = dict.fromkeys("di die dead death kill fatal toll perish deadli 死亡 遇难 身亡 丧生".split(), DEATHS)
_SAME |= dict.fromkeys("injur wound hurt injuri 受伤".split(), _INJURIES)
CASUALTIES = frozenset({DEATHS, _INJURIES})
PEOPLE = frozenset("peopl person dead kill death fatal live victim bodi men women 人".split())
_CLAUSES = re.compile(r"[;；。]|[,，]\s*(?:and|but|while|whereas|compared)\b|\s(?:while|whereas|but|compared)\s")
_SEGMENTS = re.compile(r"[,;，；、]\s|[，；、]|\s(?:and|while|but|with|including)\s", re.IGNORECASE)
_REPORTING = re.compile(
    r"^[^,;，；]{0,100}?\b(?:said|says?|told \w+|reported|announced|confirmed|estimated|added)\b"
    r"(?: on \w+)?(?: that)?[,:]?"
    r"|,[^,]{0,100}\b(?:said|says|told|reported|announced|confirmed|added)\b[^,]{0,60}$|\baccording to [^,;]{1,100}",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?。\"“]\s)(?<=[\s(“\"'-])[A-Z][\w’'-]+")
_YEAR = re.compile(r"(?<![\d.,$€£¥])(?:19|20)\d\d(?![\d,]\d|-?\d)")
_MONTH = re.compile(
    r"\b(january|february|march(?=\s+\d)|april|may(?=\s+\d)|june|july|august|september|october|november|december)\b"
    r"|(?<!\d)(\d{1,2})月"
)
_PERIODS = re.compile(
    r"\b(?:(?:first|second|third|fourth|last|next|previous|past|this|full|each|every|opening|same)\s(?:\w+\s)?"
    r"(?:half|quarter|year|month|week|weekend|day|decade|season|hours?|days|weeks|months|years)"
    r"|h[12]|q[1-4]|annual(?:ly)?|yearly|daily|weekly|monthly|hourly|overnight|initial(?:ly)?|original(?:ly)?|previous(?:ly)?"
    r"|earlier|ago|yesterday|today|now|so far|by then|end of"
    r"|start of|until|since|record|average|peak|cumulative(?:ly)?)\b"
    r"|上半年|下半年|季度|去年|今年|同比|环比|累计|每[天年月]|日均|年均|首日"
)
# A plan is not what came of it.
_PLANS = re.compile(
    r"\b(?:expect(?:s|ed|ing)?|plan(?:s|ned|ning)?|target(?:s|ed)?|forecasts?|aim(?:s|ed|ing)?|project(?:ed|ions?)|could|might"
    r"|will|would|should|hopes?|propos(?:al|ed|es)|goals?|predict(?:s|ed)?|if|likely|potential(?:ly)?|intends?)\b|预计|计划|目标|将"
)
# "rose by 12", "another 12", "12 of them" are no state; "rose to 12" is one.
_STEPS = re.compile(
    r"\b(?:(?:increase[ds]?|rises?|rose|grew|grows?|dropp?(?:ed|s)?|fell|falls?"
    r"|jump(?:s|ed)?|gain(?:s|ed)?|up|down|cut)(?! to\b)"
    r"|from|another|additional|further|extra|more|compared|only|of which|each|half of|of (?:the|them|those|whom))\b"
    r"|增长|下降|其中|另有"
)
_BOUNDS = re.compile(r"\b(?:(?:no )?more than|up to)\b")
_DENIALS = re.compile(
    r"\b(?:not|never|no|n't|deni(?:es|ed)|wrong(?:ly)?|false(?:ly)?|instead of|rather than)\b|并非|不是"
)
_LEANING = re.compile(r"(?:it|its|they|their|this)\b|[该其它]", re.IGNORECASE)
_ON = re.compile(r"[,，;()]|\s(?:and|when|as|after|before|since|because|over)\s")
_BEFORE = 30


@dataclass(frozen=True)
class Statement:
    """A figure that a sentence says, and what else has to agree. What is read of it is kept, so there are no slots."""

    passage: Passage
    span: Span
    text: str
    figure: Figure
    score: float

    @cached_property
    def written(self) -> str:
        """The figure as the sentence writes it."""
        return self.figure.span.of(self.text)

    @cached_property
    def clause(self) -> Span:
        """The clause that the figure stands in, without who reported it where that goes in front or behind."""
        return _around(_CLAUSES, self.text, self.figure.span)

    @cached_property
    def said(self) -> str:
        """The clause without its reporters."""
        written = self.written
        return _REPORTING.sub(lambda m: m.group() if written in m.group() else " ", self.clause.of(self.text))

    @cached_property
    def own(self) -> frozenset[str]:
        """Terms of the clause but for the figure's."""
        return terms(self.said.replace(self.written, " "))

    @cached_property
    def lead(self) -> list[str]:
        """Terms of the clause in front of the figure, in order: what it is that cost, killed, measured so much."""
        return ordered_terms(self.said.partition(self.written)[0])

    @cached_property
    def tail(self) -> list[str]:
        """Terms that go on behind the figure, in order: of whom, in what part."""
        return ordered_terms(_ON.split(self.said.partition(self.written)[2])[0])

    @cached_property
    def leans(self) -> bool:
        """Whether the sentence leaves its subject to the one before."""
        return _LEANING.match(self.text) is not None

    @cached_property
    def near(self) -> frozenset[str]:
        """Terms of the sentence and its headline."""
        return terms(self.text) | terms(self.passage.headline)

    @cached_property
    def around(self) -> frozenset[str]:
        """Terms of the passage and its headline."""
        return self.near | terms(self.passage.text)

    @cached_property
    def names(self) -> frozenset[str]:
        """Terms of the capitalised words of the clause that do not begin a sentence."""
        return terms(" ".join(_NAME.findall(self.said)))

    @cached_property
    def years(self) -> frozenset[str]:
        """The years that the sentence names."""
        return frozenset(_YEAR.findall(self.text))

    @cached_property
    def months(self) -> frozenset[str]:
        """The months that the sentence names."""
        return frozenset("".join(found) for found in _MONTH.findall(fold(self.text)))

    @cached_property
    def manner(self) -> tuple[frozenset[str], bool, frozenset[str], bool]:
        """Periods, whether it is a plan, steps ("by", "another") in front of the figure, whether anything is denied."""
        place, folded = self.figure.span.start, fold(self.said)
        before = _BOUNDS.sub("", fold(self.text[max(place - _BEFORE, 0) : place]))
        return (
            frozenset(_PERIODS.findall(fold(self.text))),
            _PLANS.search(folded) is not None,
            frozenset(_STEPS.findall(before)),
            _DENIALS.search(folded) is not None,
        )


def statements(passage: Passage, span: Span, score: float = 0.0) -> list[Statement]:
    """Return what the sentence states, a figure each; nothing of units that it gives several values of.

    Nothing of a headline: it leaves out the "at least" and "a year" that its story has.
    """
    text = passage.quote(span)
    if text == passage.headline:
        return []
    found = [replace(f, unit=_counted(text, f)) for f in figures(text)]
    units = [figure.unit for figure in found]
    return [Statement(passage, span, text, f, score) for f in found if f.unit and units.count(f.unit) == 1]


def terms(text: str) -> frozenset[str]:
    """Return stems of the content words, of CJK every two characters; words put for one another as one."""
    return frozenset(ordered_terms(text))


def ordered_terms(text: str) -> list[str]:
    """Return the terms in the text's order; none for function words alone."""
    found: list[str] = []
    for part in parts(text):
        if has_cjk(part):
            found += pairs(part) or [part]
        elif part not in STOP_WORDS:
            found.append(stem(part))
    return [_SAME.get(term, term) for term in found]


def _counted(text: str, figure: Figure) -> str:
    """Return the unit; of people, whether they died or were hurt, where the words beside the figure tell."""
    kinds = terms(_around(_SEGMENTS, text, figure.span).of(text)) & CASUALTIES
    plain = not figure.unit or any(word in PEOPLE or _SAME.get(word) for word in figure.unit.split())
    return next(iter(kinds)) if plain and len(kinds) == 1 else figure.unit


def _around(separator: re.Pattern[str], text: str, place: Span) -> Span:
    """Return the part between the separators that the place lies in."""
    ends = [(m.start(), m.end()) for m in separator.finditer(text)]
    start = max((end for begin, end in ends if end <= place.start), default=0)
    end = min((begin for begin, _ in ends if begin >= place.end), default=len(text))
    return Span(start, end)
