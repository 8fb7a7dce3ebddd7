"""Figures in text: amounts, shares, counts. Knows how English and Chinese write them; knows nothing of their subject.

Dates, years, ordinals, times of day, phone numbers, scores and numbers in names are no figures. What a figure
leaves open ("more than 3 million", "1.2 billion") is an interval: two figures contradict each other only where theirs
do not meet.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from rag.dates import DATE, MONTH_NAME
from rag.numerals import CHINESE_NUMERAL, SCALES, WORD_NUMERAL, read_numeral
from rag.records import Span
from rag.text import STOP_WORDS, stem

_MOST_NOUN_WORDS = 3
_LOOK_BACK = 40
_LOOSE = Decimal("0.15")
"""How far "about" reaches to either side, as a share of the value."""

_INFINITY = Decimal("Infinity")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code) not in "，；：！？（）"}

_DIGITS = r"(?:\d{1,3}(?:,\d{3}){1,5}|\d{1,15})(?:\.\d{1,9})?(?!\d)"
_SYMBOL = r"(?:US|A|C|HK|NT|S)?\$|[€£¥₹]|\b(?:RMB|CNY|USD|EUR|GBP|HKD|JPY)(?![a-z])"
_SCALE = r"(?:[\s-]?(?:hundred|thousand|million|billion|trillion|mn|bn|tn)\b){1,2}"

# Blanked before figures are looked for.
_NO_FIGURE = re.compile(
    rf"""
    {DATE.pattern}
    | \b{MONTH_NAME}\s+\d{{1,2}}(?:st|nd|rd|th)?(?![\w,]*\d|\s(?:m|b|tr)illion)
    | (?<![\d.,])\d{{1,2}}\s+{MONTH_NAME}(?!\w)
    | (?<!\d)\d{{1,4}}\s?年(?:\s?\d{{1,2}}\s?月(?:\s?\d{{1,2}}\s?[日号])?)? | (?<!\d)\d{{1,2}}\s?[月日号点时]
    | [零〇一二两三四五六七八九十]{{1,4}}[年月日号点] | 第\s?[\d零一二三四五六七八九十百千]{{1,6}}
    | \b\d{{1,2}}[:：]\d{{2}}(?::\d{{2}})? | \b\d{{1,2}}(?:\.\d\d)?\s?(?:a\.m|p\.m|am|pm|o'clock)\b
    | (?<![\d.,$€£¥])(?:1[5-9]|20)\d\d(?:[-–/]\d{{2,4}}|s\b)?
      (?![\d,.]\d|-?\d|\s?(?:{_SCALE}|[%万亿元]|yuan|dollars|euros|percent|per\ cent|km|kg)|-[a-z])
    | (?<!\d)\d{{1,9}}(?:st|nd|rd|th)\b | (?<!\d)\d{{1,9}}(?:\.\d{{1,9}}){{2,4}} | (?<![\d.])\d{{1,4}}/\d{{1,4}}
    | \b(?:nos?|number|episode|chapter|season|page|article|section|part|top|phase|round|vol(?:ume)?|issue|version|grade
        |class|route|highway|flight|room|step|day|week|table|rank(?:ed|s)?|aged?)\.?\s{{1,2}}\#?\d{{1,9}}(?:\.\d{{1,9}})?\b(?!\s?[-–]\d)
    | \+\d[\d\s().-]{{6,20}}\d | \b\d{{2,4}}[-\s]\d{{3,4}}[-\s]\d{{3,4}}\b
    | (?:https?://|www\.)\S{{1,500}} | \[\d{{1,4}}\] | \#\d{{1,9}} | ^\s{{0,8}}\d{{1,3}}[.)、](?=\s)
    | (?-i:\b[a-z]{{1,20}}[A-Z]\w{{0,20}})\s\d{{1,9}}\b
    | (?!(?:RMB|CNY|USD|EUR|GBP|HKD|JPY)\d)(?<![a-z])[a-z]{{1,20}}-?\d[\w.-]{{0,20}}
    """,
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
_NUMBER = re.compile(
    rf"""
    (?P<symbol>{_SYMBOL})\s?(?P<money>{_DIGITS})(?P<short>{_SCALE}|\s?(?:[mbk]|bn|tn|mn)\b|[百千]?[万亿]{{1,2}})?
    | (?<![A-Za-z0-9_.,:/])(?P<digits>{_DIGITS})(?P<scale>{_SCALE}|\s?[百千]?[万亿]{{1,2}}|[百千])?
      (?P<rest>\d{{1,4}}万)?
    | (?P<words>{WORD_NUMERAL})
    | 百分之(?P<share>{CHINESE_NUMERAL}|{_DIGITS})
    | (?P<chinese>{CHINESE_NUMERAL})(?=[多余]?(?:名|位|个|人|集|部|家|美?元|欧元|英镑|公里|平方|倍|吨|小时|分钟|岁))
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Most sentences have none of these, and need no closer look.
_ANY_NUMBER = re.compile(
    rf"\d|{CHINESE_NUMERAL}|{WORD_NUMERAL}|\b(?:half|third|quarter|fifth|tenth)s?\s", re.IGNORECASE
)
_FRACTION = re.compile(
    r"\b(?P<over>two|three|four|one|an?)[-\s](?P<under>half|third|quarter|fifth|tenth)s?\s+of\b|\b(?P<half>half)\s+of\b",
    re.IGNORECASE,
)
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4}

_BETWEEN = re.compile(r"\s?[-–—~至到]\s?|\s(?:to|and|or)\s", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:\b(?:about|around|approximately|approx\.?|roughly|some|nearly|almost|close to|circa|estimated"
    r"|just (?:over|under))"
    r"\s(?:an?\s)?|[~≈]\s?|大?约有?|近|将近|接近)$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"(?:\b(?:more than|over|at least|exceed(?:s|ed|ing)?|above|upwards? of|(?:no|not) (?:less|fewer) than|minimum of"
    r"|surpass(?:es|ed|ing)?|top(?:s|ped|ping)|beyond)\s(?:an?\s)?|>\s?|超过?|逾|至少|不少于|突破)$",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"(?:\b(?:(?:no |not )?more than|less than|fewer than|under|below|up to|at most"
    r"|as (?:many|much) as|maximum of)\s(?:an?\s)?"
    r"|<\s?|不到|不足|至多|最多|不超过|高达)$",
    re.IGNORECASE,
)
_NOT_MORE = re.compile(r"\b(?:no|not) more than\s$|不超过$", re.IGNORECASE)
_OR_MORE = re.compile(r"\s?(?:\+|plus\b|or more\b|[多余]|以上)", re.IGNORECASE)
_OR_SO = re.compile(r"\s?(?:or so\b|左右|上下)", re.IGNORECASE)

_CURRENCIES = {
    "CNY": r"(?:chinese )?yuan\b|renminbi\b|rmb\b|cny\b|元(?:人民币)?|人民币",
    "USD": r"(?:(?:us|u\.s\.|american) )?dollars?\b|usd\b|美元",
    "EUR": r"euros?\b|eur\b|欧元",
    "GBP": r"(?:british )?pounds?\b(?: sterling\b)?|gbp\b|英镑",
    "JPY": r"(?:japanese )?yen\b|jpy\b|日元",
    "INR": r"rupees?\b",
    "HKD": r"hong kong dollars?\b|hkd\b|港元",
    "%": r"%|percent\b|per ?cent\b",
    "percentage point": r"percentage points?\b|个百分点",
    "km": r"km\b|kilomet(?:er|re)s?\b|公里",
    "metre": r"met(?:er|re)s?\b|米",
    "times": r"fold\b|times\b|x\b|倍",
}
_UNIT = re.compile(
    r"[\s-]?(?:" + "|".join(f"(?P<u{n}>{said})" for n, said in enumerate(_CURRENCIES.values())) + ")", re.IGNORECASE
)
_SYMBOLS = {"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "₹": "INR", "RMB": "CNY", "HK$": "HKD"}
_HYPHENED = re.compile(r"-([a-z]{2,20}(?:-old\b)?)", re.IGNORECASE)
_NOUN_WORDS = re.compile(rf"(?:\s[^\W\d_][\w'’-]{{0,30}}){{1,{_MOST_NOUN_WORDS + 1}}}")
_MEASURE = re.compile(
    r"\s?[多余]?(?:(?P<people>人)|(?P<plain>集|部|岁|平方公里|平方米|公里|米|吨|公斤|小时|分钟|秒|天|次|台|辆|座|场)"
    r"|(?P<noun>(?:名|位|个|家|项|种|件|所)[一-鿿]{0,2}))"
)
_PLURALS = frozenset(
    "people men women children feet police staff crew cattle sheep aircraft km kg cm mm mph dead killed injured "
    "wounded missing".split()
)
_PERIOD = r"day|week|month|year|hour|minute|second|night|person|head|episode|unit|share"
_RATE = re.compile(rf"\s?(?:(?:per|each|every)\s([a-z]+)|an?\s({_PERIOD})\b|/\s?([a-z]+))", re.IGNORECASE)
_CHINESE_RATE = re.compile(r"(?:每[一-鿿]|日均|人均|年均|月均)[一-鿿]{0,3}$")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure at its place in the text: its value lies between `least` and `most`, which rounding and bounds set.

    `unit` is an ISO 4217 code, "%", "percentage point", "times", or the stems of what is counted, behind a rate's "/".
    """

    span: Span
    value: Decimal
    unit: str
    least: Decimal
    most: Decimal

    def contradicts(self, other: "Figure") -> bool:
        """Return whether both count the same unit and no value could be meant by both."""
        return self.unit == other.unit and (self.most <= other.least or other.most <= self.least)


def figures(text: str) -> list[Figure]:
    """Return the figures in order; none overlaps another. A range ("10 to 15") is one figure."""
    return list(_read(text))


# The same sentences come up for question after question.
@lru_cache(maxsize=5_000)
def _read(text: str) -> tuple[Figure, ...]:
    plain = text.translate(_FULL_WIDTH)
    if not _ANY_NUMBER.search(plain):
        return ()
    blank = _NO_FIGURE.sub(lambda found: "\x00" * len(found.group()), plain)
    shares = list(_fractions(blank))
    for share in shares:
        blank = blank[: share.span.start] + "\x00" * len(share.span) + blank[share.span.end :]
    numbers = [found for match in _NUMBER.finditer(blank) if (found := _number(match)) is not None]
    read = [found for figure in _ranges(blank, numbers) if (found := _with_unit(blank, figure)) is not None]
    return tuple(sorted([*shares, *read], key=lambda figure: figure.span))


def _fractions(text: str) -> Iterator[Figure]:
    for match in _FRACTION.finditer(text):
        over, under = (match["over"] or "one").lower(), (match["under"] or "half").lower()
        value = Decimal(100 * _COUNTS[over]) / _PARTS[under]
        yield Figure(Span(*match.span()), value, "%", value * (1 - _LOOSE), value * (1 + _LOOSE))


def _number(match: re.Match[str]) -> Figure | None:
    """Return the bare number; its unit is what stands in front: a currency's symbol, 百分之, or nothing."""
    digits = match["money"] or match["digits"]
    numeral = digits or match["words"] or match["share"] or match["chinese"]
    value = read_numeral(numeral)
    if value is None:
        return None
    scale = Decimal(1)
    for part in re.findall(r"[a-z]+|[百千万亿]", (match["short"] or match["scale"] or "").lower()):
        scale *= SCALES[part]
    step = _step(value) if digits is None or "." not in digits else Decimal(1).scaleb(-len(digits.split(".")[1]))
    value, step = value * scale, step * scale
    if match["rest"]:
        value, step = value + Decimal(match["rest"][:-1]) * SCALES["万"], SCALES["万"]
    symbol = (match["symbol"] or "").upper()
    unit = _SYMBOLS.get(symbol, symbol) or ("%" if match["share"] else "")
    return Figure(Span(*match.span()), value, unit, value - step / 2, value + step / 2)


def _step(value: Decimal) -> Decimal:
    """Return what a whole number was rounded to: from 1,000 on, its last digits are not said where they are zeros."""
    digits = str(value.to_integral_value())
    zeros = len(digits) - len(digits.rstrip("0"))
    return Decimal(10) ** (min(zeros, len(digits) - 2) if value >= 1000 else 0)  # noqa: PLR2004 - as said above


def _ranges(text: str, numbers: list[Figure]) -> Iterator[Figure]:
    """Yield the numbers, two with nothing but a dash or a "to" between them as one."""
    waiting: Figure | None = None
    for number in numbers:
        between = text[waiting.span.end : number.span.start] if waiting else ""
        if waiting and _BETWEEN.fullmatch(between) and waiting.unit in {"", number.unit}:
            ranged = _range(waiting, number, text)
            # "3-1" is a score.
            yield from [ranged] if ranged.least < ranged.most else []
            waiting = None
            continue
        if waiting:
            yield waiting
        waiting = number
    if waiting:
        yield waiting


def _range(low: Figure, high: Figure, text: str) -> Figure:
    scaled = re.search(r"[a-z万亿]", high.span.of(text), re.IGNORECASE) and low.span.of(text).isdigit()
    digits = re.match(r"\D*([\d.,]+)", high.span.of(text))
    if scaled and digits and (bare := Decimal(digits.group(1).strip(",.").replace(",", "") or 0)):
        scale = high.value / bare
        low = replace(low, value=low.value * scale, least=low.least * scale)
    return Figure(Span(low.span.start, high.span.end), low.value, high.unit or low.unit, low.least, high.most)


def _with_unit(text: str, number: Figure) -> Figure | None:
    """Return the figure with its unit and what its bounds make of it; None where it is part of a name or a word."""
    place, after = number.span, text[number.span.end : number.span.end + 4 * _LOOK_BACK]
    unit, length = (number.unit, 0) if number.unit else _unit_of(after)
    before = text[max(place.start - _LOOK_BACK, 0) : place.start]
    if not unit and (after[:1].isalnum() or after[:1] in {"-", "\x00"} or re.search(r"[a-z] ?[A-Z]\w*\s$", before)):
        return None
    rate = _RATE.match(after, length)
    if unit and rate:
        unit += "/" + stem(next(filter(None, rate.groups())).lower())
        length = rate.end()
    elif _CHINESE_RATE.search(before):
        unit += "/每"
    figure = replace(number, span=Span(place.start, place.end + length), unit=unit)
    return _bounded(figure, before, after)


def _bounded(figure: Figure, before: str, after: str) -> Figure:
    if _NOT_MORE.search(before) or (_AT_MOST.search(before) and not _AT_LEAST.search(before)):
        return replace(figure, least=Decimal(0))
    if _AT_LEAST.search(before) or _OR_MORE.match(after):
        return replace(figure, most=_INFINITY)
    if _ABOUT.search(before) or _OR_SO.match(after) or _OR_SO.match(after, len(figure.span)):
        return replace(figure, least=figure.least * (1 - _LOOSE), most=figure.most * (1 + _LOOSE))
    return figure


def _unit_of(after: str) -> tuple[str, int]:
    """Return the unit that follows a number and how many characters it takes; ("", 0) where there is none."""
    known = _UNIT.match(after)
    if known:
        names = list(_CURRENCIES)
        return next(names[n] for n in range(len(names)) if known[f"u{n}"]), known.end()
    measure = _MEASURE.match(after)
    if measure:
        return measure.group().lstrip(" 多余"), measure.end()
    hyphened = _HYPHENED.match(after)
    if hyphened:
        return stem(hyphened.group(1).lower()), hyphened.end()
    return _noun_of(after)


def _noun_of(after: str) -> tuple[str, int]:
    """Return the stems up to the first word that looks like a plural."""
    found = _NOUN_WORDS.match(after)
    stems: list[str] = []
    for word in re.finditer(r"\S+", found.group()) if found else ():
        said = word.group().lower()
        if said in STOP_WORDS:
            break
        stems.append(stem(said))
        if said in _PLURALS or (said.endswith("s") and not said.endswith(("ss", "us", "is")) and len(said) > 3):  # noqa: PLR2004
            return " ".join(stems), word.end()
    return "", 0
