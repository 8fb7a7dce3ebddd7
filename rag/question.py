"""What a question asks with and asks for: its words, their stems, the kind of thing that answers it."""

import re
from collections.abc import Collection
from typing import Literal

from rag.cjk import CJK_CHARACTERS, has_cjk, has_han, pairs
from rag.dates import MONTH_NAME
from rag.text import STOP_WORDS, content_words, fold, stem, words

Kind = Literal["amount", "date", "place", "name"]

_MOST_WORDS = 64
_MOST_ASIDE_CHARS = 400
_ASIDE = re.compile(r"\s*(?:\((?:what )?about [^()]*(?:\([^()]*\)[^()]*)*\)|（(?:关于：[^（）]*|[^（）]*呢)）)$")
_UNIT = re.compile(r"\bhow (?:many|much|often|long|big|large|old|far)\s+((?:\w+\s+){0,3}\w+)|(?:多少|几)[个万亿]?(\w)")

# In this order: "how long" is no date, "what city was the company from" asks for a place.
_ASKS_FOR: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "amount",
        re.compile(
            r"\bhow (?:many|much|often|long|big|large|old|far|tall|high|fast|deep|wide)\b|\bnumber of\b"
            r"|\bwhat (?:number|percent|percentage|share|amount|total|proportion)\b"
            r"|\bby what (?:factor|multiple|percent|percentage|margin|amount)\b"
            r"|多少|几(?![年月号日天时点])|多[长高大远久深快宽重]|占比|比例"
        ),
    ),
    (
        "date",
        re.compile(
            r"\bwhen\b|\b(?:what|which) (?:day|date|year|month|time)\b|\bdate\b|\bsince when\b"
            r"|什么时[候间]|何时|几[年月号日天时点]|哪一?[年天日]|哪个月|日期"
        ),
    ),
    (
        "place",
        re.compile(
            r"\bwhere\b|\b(?:what|which) (?:place|city|country|town|village|region|province|district|state|venue)\b"
            r"|\blocation\b|\bvenue\b"
            r"|哪里|哪儿|何[地处]|什么地[方点]|哪个?(?:城市|国家?|省|市|县|区|地区|地方)"
        ),
    ),
    ("name", re.compile(r"\bwho(?:m|se)?\b|谁|何人|哪位")),
)

_AMOUNT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|twenty|thirty|forty|fifty|hundreds?"
    r"|thousands?|millions?|billions?|half|twice|double)\b"
    r"|[一二两三四五六七八九十百千]+[个集部人家名元年天次倍位岁米万亿]",
    re.IGNORECASE,
)
_DATE = re.compile(
    rf"\b{MONTH_NAME}\s+\d|\b{MONTH_NAME},?\s+\d{{4}}|\d\s+{MONTH_NAME}\b|\b(?:1[5-9]|20)\d\d\b|\d\s*[年月日]"
    r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|(?:星期|周)[一二三四五六日天]",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:in|at|near|from|across|to|of|outside)\s+(?:the\s+)?[A-Z][\w'’-]+"
    rf"|在[{CJK_CHARACTERS}]{{2}}|[{CJK_CHARACTERS}]{{2}}[省市县区镇村州]"
)
# The hundred commonest Chinese surnames with a given name, where that ends or its bearer says or does something.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范"
    "金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_NAME = re.compile(
    r"\b[A-Z][\w'’.-]+(?:\s+(?:of|and|the|de|van|von|al|bin)?\s*[A-Z][\w'’.-]+)+"
    rf"|[{_SURNAMES}][{CJK_CHARACTERS}]{{1,2}}?(?=[，、。：；（(“》\s]|$|[说称指表介透认担饰任执导主出和与及等])"
)


def question_words(question: str) -> list[str]:
    """Return the question's words to look up: no function words, none twice, at most 64."""
    return list(dict.fromkeys(content_words(question)))[:_MOST_WORDS]


def question_stems(question: str) -> list[str]:
    """Return the stems of the question's words, none twice."""
    return list(dict.fromkeys(stem(word) for word in question_words(question)))


def asks_for(question: str) -> Kind | None:
    """Return the kind of thing that answers the question; None where its words do not tell."""
    folded = fold(last_question(question))
    return next((kind for kind, asked in _ASKS_FOR if asked.search(folded)), None)


def last_question(question: str) -> str:
    """Return the last of several sentences that is a question: what went before says what it is about.

    Of a follow-up that is the follow-up itself, without what it is about. The whole, where none ends in "?".
    """
    question, _ = split_aside(question)
    asked = [part for part in re.split(r"(?<=[?？])\s*|(?<=[.!。！])\s+", question) if part.endswith(("?", "？"))]
    told = [part for part in asked if words(part)]
    return told[-1] if told else question


def with_aside(question: str, aside: str) -> str:
    """Return the question with something in brackets behind it, "about the bridge", that `split_aside` finds."""
    if has_han(question):
        return f"{question}（{aside.replace('about ', '关于：', 1)}）"
    return f"{question} ({aside})"


def split_aside(question: str) -> tuple[str, str]:
    """Return the question and what it says in brackets of what it is about; "" where it says nothing of that."""
    aside = _ASIDE.search(question[-_MOST_ASIDE_CHARS:])
    return (question.removesuffix(aside.group()), aside.group()) if aside else (question, "")


def holds_kind(text: str, kind: Kind | None, question: str) -> bool:
    """Return whether the text holds something of the kind; for a name, one that the question has not given."""
    if kind is None:
        return False
    if kind == "name":
        given = set(words(question))
        return any(not set(words(match.group())) <= given for match in _NAME.finditer(text))
    return {"amount": _AMOUNT, "date": _DATE, "place": _PLACE}[kind].search(text) is not None


def without_words(question: str, stems: Collection[str]) -> str:
    """Return the question without the content words of these stems; its function words stay."""
    kept = []
    for token in question.split():
        if has_cjk(token):
            kept.append(_without_pairs(token, stems))
            continue
        found = words(token)
        about = any(stem(word) in stems for word in content_words(token)) and not STOP_WORDS.issuperset(found)
        if not about:
            kept.append(token)
    return " ".join(kept)


def _without_pairs(token: str, stems: Collection[str]) -> str:
    told = [at for at, pair in enumerate(pairs(token)) if pair in stems and has_cjk(pair)]
    gone = {place for at in told for place in (at, at + 1)}
    return "".join(character for place, character in enumerate(token) if place not in gone)


def asked_unit(question: str) -> frozenset[str]:
    """Return the stems of the unit that the question asks for, "episodes" in "how many episodes"; none for none."""
    asked = _UNIT.search(fold(question))
    return frozenset(map(stem, content_words(asked.group(1) or asked.group(2)))) if asked else frozenset()


def counts_unit(text: str, unit: frozenset[str]) -> bool:
    """Return whether a number in the text counts the unit, which is given by its stems: "24-episode"."""
    if not unit:
        return False
    said = [stem(word) for word in words(text.replace("-", " "))]
    return any(
        _AMOUNT.match(word) is not None and not unit.isdisjoint(said[place + 1 : place + 4])
        for place, word in enumerate(said)
    )
