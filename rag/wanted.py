"""What a sentence has to hold to answer a question: a date, an amount of the unit asked for, several things, a meaning.

Knows the question's words and the sentence's, and no score: what each is worth stands with the ranker.
"""

import re
from dataclasses import dataclass

from rag.question import Kind, asked_unit, asks_for, counts_unit, holds_kind, last_question
from rag.text import fold

_MOST_CHARS = 2000
_A_PAIR = 2
_LONG_LIST = 5
_SEPARATOR = re.compile(r"[,;、，；]")
_ASKS_FOR_SEVERAL = re.compile(
    # A noun after "which" or "what" that ends in s but not in ss, us, is: a plural, as English goes.
    r"\b(?:which|what)\s+(?:(?:are|were)\b|(?:\w+[- ]){0,3}?\w+[^\Wsui_]s\b(?!'))|\bwho (?:are|were)\b|\blist\b"
    r"|\bname (?:the|all|some|two|three|four|five)\b|\ball (?:of|the)\b|\bexamples?\b|\b(?:kind|type)s? of\b"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten) \w+s\b|哪些|哪[几两三四五六七八九十]|列出|分别"
)
_ASKS_FOR_MEANING = re.compile(
    r"^\W*(?:so\W+)?what(?:'s| is| are| was| were|s)\b(?! the (?:name|number|date|title|total))"
    r"|\bwhat does\b.{1,200}\b(?:mean|refer to|stand for)\b|\bwhat exactly\b|\bexplain\b|\bdefine\b|\bmeaning of\b"
    r"|\babout\W*$|什么是|是什么|什么意思|指的是"
)
_TELLS_MEANING = re.compile(
    r"\b(?:is|are|was|were) (?:a|an|the|one of)\b|\brefers? to\b|\bknown as\b|\bmeans\b|\bdefined as\b|—"
    r"|\btells (?:the|a)\b|\bfollows\b|\bfocus|是一[个种部项]|是指|指的是|意思是|讲述"
)
_ASKS_FOR_MONEY = re.compile(
    r"\bhow much (?:money|is|are|was|were|do|does|did|has|have|had|will|would|it)\b"
    r"|\bcost|\bprice|\bbudget|\brevenue|\bfund|\binvest|\bworth\b|\bmoney\b|\bpa(?:id|y)\b"
    r"|多少[钱元亿万]|预算|投资"
)
_MONEY = re.compile(
    r"[$€£¥₹₩]|\b(?:yuan|dollars?|euros?|pounds?|rmb|usd|cny|cents?|yen|rupees?|won)\b|元|块钱", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Held:
    """What a sentence holds of what is asked for, each between 0 (also where it is not asked for) and 1."""

    date: float = 0.0
    amount: float = 0.0
    place: float = 0.0
    unit: float = 0.0
    items: float = 0.0
    meaning: float = 0.0


class Wanted:
    """What one question asks for."""

    def __init__(self, question: str) -> None:
        self._question = question
        asked = last_question(question)
        folded = fold(asked[:_MOST_CHARS])
        self._unit = asked_unit(asked)
        self.kind: Kind | None = asks_for(question)
        self.several = self.kind not in {"amount", "date"} and _ASKS_FOR_SEVERAL.search(folded) is not None
        self._meaning = _ASKS_FOR_MEANING.search(folded) is not None
        self._money = self.kind == "amount" and _ASKS_FOR_MONEY.search(folded) is not None

    def is_met_by(self, text: str) -> bool:
        """Return whether one date or one amount is asked for and stands in the sentence."""
        held = self.held_by(text)
        return bool(held.date or held.amount) and not self.several

    def held_by(self, text: str) -> Held:
        """Return what the sentence holds; a sum of money counts as the unit where money is asked for."""
        text = text[:_MOST_CHARS]
        unit = counts_unit(text, self._unit) or (self._money and _MONEY.search(text) is not None)
        # A name weighs nothing (experiment 13), and is slow to look for.
        kind = self.kind if self.kind != "name" and holds_kind(text, self.kind, self._question) else None
        return Held(
            date=float(kind == "date"),
            amount=float(kind == "amount"),
            place=float(kind == "place"),
            unit=float(unit),
            items=_listing(text) if self.several else 0.0,
            meaning=float(self._meaning and _TELLS_MEANING.search(fold(text)) is not None),
        )


def _listing(text: str) -> float:
    """Return how much the sentence is a list: 0 below three things in a row, 1 from five on."""
    beyond_a_pair = len(_SEPARATOR.findall(text)) + 1 - _A_PAIR
    return min(max(beyond_a_pair, 0), _LONG_LIST - _A_PAIR) / (_LONG_LIST - _A_PAIR)
