"""What time a question asks its sources to be from. Knows how times are said; knows no article and no clock.

A time in a question is mostly that of the event: news of December is told in January too, and once it was announced in
November. So only what cannot be meant otherwise is certain: a time beside a word for the news itself ("reports from
December"), and one counted from today ("last week"). Of the rest a bare "in December 2025" is likely, and a day, a
range or anything to come ("will open in May") says nothing. dateparser and its like read dates, not what they are of.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from dateutil.relativedelta import relativedelta

from rag.dates import MONTH_NAME
from rag.records import Scope

Kind = Literal["published", "event", "latest"]


@dataclass(frozen=True, slots=True)
class TimeScope:
    """A time that a question names, both ends inclusive, and the words that name it.

    `published`: the sources are from then. `event`: what is asked for was then, and the sources perhaps too. `latest`:
    the newest sources, whose time the library knows. `year_guessed` where a bare month was taken for the last such one.
    """

    words: str
    kind: Kind
    since: date | None = None
    until: date | None = None
    year_guessed: bool = False

    @property
    def scope(self) -> Scope:
        """The bounds as a scope."""
        return Scope(since=self.since, until=self.until)


@dataclass(frozen=True, slots=True)
class _Period:
    first: date
    last: date
    year_guessed: bool = False

    @property
    def is_day(self) -> bool:
        return self.first == self.last


_MOST_CHARS = 2000
_MOST_WORDS = 30
_MONTHS_OF_A_YEAR = 12
_MOST_COUNTED = 999
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS = "one two three four five six seven eight nine ten".split()
_NUMBERS_CJK = "一二三四五六七八九十"

_YEAR = r"(?:19|20)\d\d"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_PERIOD = (
    rf"(?:{_YEAR}-\d{{1,2}}-\d{{1,2}}|{_DAY}\s+{MONTH_NAME}(?:,?\s+{_YEAR})?|{MONTH_NAME}\s+{_DAY}\b(?:,?\s+{_YEAR})?"
    rf"|{MONTH_NAME}(?:,?\s+(?:of\s+)?{_YEAR})?|{_YEAR}(?:\s*年\s*\d{{1,2}}\s*月(?:\s*\d{{1,2}}\s*日)?|\s*年)?"
    r"|\d{1,2}\s*月(?:\s*\d{1,2}\s*日)?)(?![\w-]*\d)"
)
_NOUN = (
    r"(?:news|articles?|reports?|reporting|stories|story|coverage|headlines?|digests?|issues?|editions?|bulletins?"
    r"|briefings?|dispatch(?:es)?|press)"
)
_SAID = r"(?:published|reported|written|covered|printed|aired|posted)"
# A quoted title says what it is called, not when.
_QUOTED = re.compile(r"[\"“«《‘][^\"”»》’]{0,300}[\"”»》’]|(?<!\w)'[^'\n]{0,300}'(?!\w)")
# "The report in 1964" is a thing of that time, and books are published, cases reported too: of those only what is said
# without a thing ("what was reported in May"), or of news in so many words, is a time of the sources.
_MANY = r"(?:news|articles|reports|reporting|stories|coverage|headlines|digests?|bulletins?|briefings?|dispatches)"
_THAT_WERE = r"(?:\s+(?:that\s+)?(?:is|are|was|were))?"
_SOURCE_BEFORE = re.compile(
    rf"(?:\b{_MANY}(?:{_THAT_WERE}\s+{_SAID})?|\b{_NOUN}{_THAT_WERE}\s+{_SAID}"
    rf"|(?:^|[,.;:?!]\s*|\band\s+)what\s+(?:was|were|is|has\s+been|have\s+been)\s+{_SAID}|报道于|发表于)\s*$",
    re.IGNORECASE,
)
_SINGLE_BEFORE = re.compile(rf"\b{_NOUN}\s*$", re.IGNORECASE)
_SOURCE_AFTER = re.compile(
    rf"(?:['’]s)?\s+(?:[a-z]+\s+)?{_NOUN}\b|\s*(?:份)?的?(?:新闻|报道|文章|消息|资讯)", re.IGNORECASE
)
_SOURCES = re.compile(r"\b(?:report|article|story|review|interview|analysis)\b", re.IGNORECASE)
_PLANNED = re.compile(
    r"\b(?:will|shall|going\s+to|upcoming|scheduled|planned|expected|due)\b|将|预计|计划", re.IGNORECASE
)
_TO_COME = re.compile(
    r"\b(?:will|would|shall|is|are|be|next|upcoming|com(?:es?|ing)|planned|plans?|scheduled|expect\w*|due|set|going"
    r"|forecast\w*|predict\w*|project(?:ed|ions?)|by)\b|将|预计|计划|明年|下个?月",
    re.IGNORECASE,
)
_ABSOLUTE = re.compile(
    rf"\b(?P<word>between|from)\s+(?P<first>{_PERIOD})\s+(?:and|to|until|through)\s+(?P<last>{_PERIOD})"
    rf"|\b(?P<prep>in|during|throughout|within|of|for|on|from|since|after|before|until|till|up\s+to)"
    rf"(?:\s+the)?(?:\s+(?:month|year)(?:\s+of)?)?(?:\s+(?:early|mid|late))?\s+(?P<period>{_PERIOD})"
    rf"|(?<![\w-])(?P<alone>{_PERIOD})(?=(?:['’]s)?\s+(?:[a-z]+\s+)?{_NOUN}\b)"
    rf"|(?<!\d)自?(?P<cjk>(?:{_YEAR}\s*年(?:\s*\d{{1,2}}\s*月)?|\d{{1,2}}\s*月)(?:\s*\d{{1,2}}\s*日)?)份?"
    r"(?P<side>以前|之前|以后|之后|以来|[前后起])?",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    rf"(?P<than>\b(?:than|as|with|to|versus|vs\.?|from|like)\s+)?"
    rf"(?:\b(?P<since>since\s+)?(?P<day>yesterday)\b"
    rf"|\b(?P<since_last>since\s+)?(?P<which>last|past|previous|this|current)\s+(?P<unit>week|month|year)\b"
    rf"|\b(?:past|last)\s+(?P<count>\d{{1,3}}|few|{'|'.join(_NUMBERS)})\s+(?P<units>days?|weeks?|months?|years?)\b"
    rf"|(?P<cjk>昨天|昨日|上个?星期|上一?周|本周|这个?星期|这周|上个?月|本月|这个月|去年|今年)"
    rf"|(?:最近|过去|近)(?P<count_cjk>\d{{1,3}}|[{_NUMBERS_CJK}两])(?P<units_cjk>天|日|周|个星期|个月|年))"
    rf"(?P<own>['’]s\b)?",
    re.IGNORECASE,
)
_TODAY = re.compile(
    rf"\btoday['’]s\s+(?:[a-z]+\s+)?{_NOUN}\b|\b(?:happened|{_SAID}|{_NOUN})\s+today\b|今[天日]的?(?:新闻|报道|文章|消息|资讯)",
    re.IGNORECASE,
)
_LATEST = re.compile(
    rf"\b(?:latest|newest|most\s+recent)(?:\s+[a-z]+)?\s+(?:{_NOUN}|updates?|announcements?)\b|\bmost\s+recently\s+{_SAID}\b"
    r"|\bwhat(?:['’]s|\s+is|\s+are)\s+(?:the\s+)?(?:latest|newest|most\s+recent)\s*(?:$|\?|(?:on|about|from|in|with|developments?)\b)"
    r"|^(?:the\s+)?latest\s+(?:on|about|from)\b|最[新近]的?(?:新闻|报道|文章|消息|资讯|动态|进展|一期)",
    re.IGNORECASE,
)
_RELATIVE_CJK: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("昨天", "昨日"), ("day", -1)),
    **dict.fromkeys(("上星期", "上个星期", "上周", "上一周"), ("week", -1)),
    **dict.fromkeys(("本周", "这周", "这星期", "这个星期"), ("week", 0)),
    **dict.fromkeys(("上月", "上个月"), ("month", -1)),
    **dict.fromkeys(("本月", "这个月"), ("month", 0)),
    "去年": ("year", -1),
    "今年": ("year", 0),
}
_UNITS_CJK = {"天": "day", "日": "day", "周": "week", "个星期": "week", "个月": "month", "年": "year"}


def read_timescope(question: str, today: date) -> TimeScope | None:
    """Return the time that the question asks its sources to be from; None for no such time, or more than one.

    A long question has none, nor one that compares single reports: each of what it names may have its own time.
    Nothing begins after today.
    """
    asked = _QUOTED.sub(lambda quoted: "_" * len(quoted.group()), question[-_MOST_CHARS:])
    if len(_SOURCES.findall(asked)) > 1 or len(asked.split(maxsplit=_MOST_WORDS)) > _MOST_WORDS:
        return None
    relative = [*_relative(asked, today)]
    absolute = [*_absolute(asked, today)]
    latest = [TimeScope(m.group().strip(" ?"), "latest") for m in _LATEST.finditer(asked) if not _is_name(asked, m)]
    found = [scope for scope in (*relative, *absolute, *latest) if scope]
    if len(found) != 1 or len(relative) + len(absolute) + len(latest) > 1:
        return None
    return None if found[0].since and found[0].since > today else found[0]


def _is_name(asked: str, match: re.Match[str]) -> bool:
    """Return whether a capital in mid-sentence makes a name of it."""
    return (
        match.start() > 0 and match.group()[0].isupper() and asked[: match.start()].rstrip()[-1:] not in (".", "?", "!")
    )


def _relative(asked: str, today: date) -> Iterator[TimeScope | None]:
    for match in _TODAY.finditer(asked):
        yield TimeScope(match.group(), "published", today, today)
    for match in _RELATIVE.finditer(asked):
        source = _SOURCE_AFTER.match(asked, match.end("own") if match["own"] else match.end())
        named = source or _SOURCE_BEFORE.search(asked[: match.start()])
        # "last week's game", "than last year" and "The Last Year" are no time of a source.
        of_a_thing = (match["own"] and not source) or (match["than"] and not named)
        none = of_a_thing or _is_name(asked, match) or _PLANNED.search(asked)
        period = None if none else _counted(match, today)
        if period is None:
            yield None
            continue
        # What was last week may be reported this week.
        last = period.last if named and not (match["since"] or match["since_last"]) else today
        yield TimeScope(match.group().strip(), "published", period.first, min(last, today))


def _counted(match: re.Match[str], today: date) -> _Period | None:
    if match["day"]:
        return _unit_period("day", -1, today)
    if match["unit"]:
        return _unit_period(match["unit"].lower(), 0 if match["which"].lower() in ("this", "current") else -1, today)
    if match["cjk"]:
        return _unit_period(*_RELATIVE_CJK[match["cjk"]], today)
    count = _number(match["count"] or match["count_cjk"])
    unit = _UNITS_CJK[match["units_cjk"]] if match["units_cjk"] else match["units"].lower().rstrip("s")
    if not 0 < count <= _MOST_COUNTED:
        return None
    try:
        return _Period(today - _length(unit, count), today)
    except (ValueError, OverflowError):
        return None


def _number(written: str) -> int:
    if written.isdecimal():
        return int(written)
    named = {"few": 7, "两": 2, **{word: n for words in (_NUMBERS, _NUMBERS_CJK) for n, word in enumerate(words, 1)}}
    return named[written.lower()]


def _length(unit: str, count: int) -> relativedelta:
    return {
        "day": relativedelta(days=count),
        "week": relativedelta(weeks=count),
        "month": relativedelta(months=count),
        "year": relativedelta(years=count),
    }[unit]


def _unit_period(unit: str, offset: int, today: date) -> _Period:
    """Return the calendar day, week (from Monday), month or year that lies `offset` from today's."""
    first = {
        "day": today,
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "year": today.replace(month=1, day=1),
    }[unit] + _length(unit, offset)
    return _Period(first, first + _length(unit, 1) - timedelta(days=1))


def _absolute(asked: str, today: date) -> Iterator[TimeScope | None]:
    for match in _ABSOLUTE.finditer(asked):
        ends = [match[name] for name in ("first", "last", "period", "alone", "cjk") if match[name]]
        year = re.search(_YEAR, ends[-1])
        # "between October and December 2025" names the year once.
        periods = [
            _period(end if re.search(_YEAR, end) or not year else f"{end} {year.group()}", today) for end in ends
        ]
        named = bool(match["alone"] or _is_named(asked, match))
        read = [period for period in periods if period]
        yield _scope(match, read, named=named, asked=asked) if len(read) == len(ends) else None


def _is_named(asked: str, match: re.Match[str]) -> bool:
    """Return whether the time stands beside a word for the news itself."""
    before = asked[: match.start()]
    single = (match["prep"] or "").lower() in ("from", "of") and _SINGLE_BEFORE.search(before)
    return bool(single or _SOURCE_BEFORE.search(before) or _SOURCE_AFTER.match(asked, match.end()))


def _scope(match: re.Match[str], periods: list[_Period], *, named: bool, asked: str) -> TimeScope | None:
    words, first, last = match.group().strip(), periods[0], periods[-1]
    guessed = first.year_guessed
    side = _side(match)
    likely = not (first.is_day or match["word"] or _TO_COME.search(asked))
    if not named and (not likely or (match["prep"] or "").lower() in ("of", "for", "on", "from")):
        return None
    kind: Kind = "published" if named else "event"
    if side == "since":
        return TimeScope(words, kind, first.first, None, guessed)
    if side == "after":
        return TimeScope(words, kind, first.last + timedelta(days=1), None, guessed)
    if side == "before":
        return TimeScope(words, kind, None, first.first - timedelta(days=1), guessed)
    return TimeScope(words, kind, None if side == "until" else first.first, last.last, guessed)


def _side(match: re.Match[str]) -> str:
    said = (match["prep"] or match["side"] or "in").lower()
    sides = {"till": "until", "以前": "before", "之前": "before", "前": "before", "以来": "since", "起": "since"}
    sides |= dict.fromkeys(("以后", "之后", "后"), "after")
    return "until" if said.startswith("up") else sides.get(said, said)


def _period(written: str, today: date) -> _Period | None:
    name = re.search(r"[a-z]{3}", re.sub(r"\d(?:st|nd|rd|th)\b", "", written), re.IGNORECASE)
    year_said = re.search(_YEAR, written)
    numbers = [int(n) for n in re.findall(r"\d+", written.replace(year_said.group(), " ", 1) if year_said else written)]
    month = _MONTHS.index(name.group().lower()) + 1 if name else numbers.pop(0) if numbers else 0
    day = numbers[0] if numbers else 0
    if not month:
        return _Period(date(int(written[:4]), 1, 1), date(int(written[:4]), 12, 31))
    try:
        if year_said:
            return _month_or_day(int(year_said.group()), month, day, guessed=False)
        this_year = _month_or_day(today.year, month, day, guessed=True)
        return this_year if this_year.first <= today else _month_or_day(today.year - 1, month, day, guessed=True)
    except ValueError:
        return None


def _month_or_day(year: int, month: int, day: int, *, guessed: bool) -> _Period:
    if not 1 <= month <= _MONTHS_OF_A_YEAR:
        raise ValueError(f"no month: {month}")
    if day:
        return _Period(date(year, month, day), date(year, month, day), guessed)
    return _Period(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]), guessed)
