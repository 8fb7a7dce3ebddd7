"""Reads a sentence as terms that can be compared: words in one spelling, figures by value, dates by day.

Knows how English writes them, and Chinese in single characters; compares nothing and knows no article.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from rag.cjk import CJK_CHARACTERS
from rag.dates import MONTH_NAME
from rag.joining_words import ADVERBS, COORDINATORS, EVERYBODY, PREPOSITIONS, SUPERLATIVES, TURNING, VERBS
from rag.numerals import SCALES, WORD_NUMERAL, read_numeral
from rag.text import STOP_WORDS

_MOST_LEAD = 8
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "−": "-", "&": " and "})
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_CAPITAL_MONTH = rf"(?-i:(?=[A-Z])){MONTH_NAME}"
_YEAR = r"(?:1[0-9]|20)\d\d(?!\d)"
_UNITS = {
    "%": r"%|percent\b|per\scent\b",
    "EUR": r"euros?\b|eur\b|欧元",
    "USD": r"(?:(?:us|u\.s\.)\s)?dollars?\b|usd\b|美元",
    "GBP": r"pounds?\b(?:\ssterling\b)?|gbp\b|英镑",
    "CNY": r"yuan\b|renminbi\b|rmb\b|cny\b|元",
    "JPY": r"yen\b|jpy\b|日元",
}
_SYMBOLS = {"$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "rmb": "CNY"}
_SYMBOLS |= {code.lower(): code for code in ("EUR", "USD", "GBP", "CNY", "JPY")}
_SYMBOL = "|".join(re.escape(symbol) for symbol in sorted(_SYMBOLS, key=len, reverse=True))
_UNIT = "|".join(f"(?P<u{n}>{said})" for n, said in enumerate(_UNITS.values()))
_SCALE = r"[\s-]?(?:hundred|thousand|million|billion|trillion|mn|bn|tn)\b|\s?[百千]?[万亿]{1,2}"

_TERM = re.compile(
    rf"""
    (?P<time>(?:\bon\s)?\b{_WEEKDAY}\b|\b(?:yesterday|today|tomorrow|overnight)\b
      | \b(?:last|this|next)\s(?:year|month|week|weekend|night|spring|summer|autumn|winter|{_WEEKDAY})\b)
    | (?P<date>(?:\b(?:on|in)\s)?(?:
        (?<=in\s){_YEAR}(?![,.]\d|\s?%|{_SCALE})
      | (?<=in\s){_CAPITAL_MONTH}(?!\w|\s\d)
      | \b\d{{4}}(?P<dash>[-/.])\d{{1,2}}(?P=dash)\d{{1,2}}(?!\d)
      | \b\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_CAPITAL_MONTH}(?:,?\s{_YEAR})?(?!\w)
      | \b{_CAPITAL_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?(?![\d.,:]\d|\d|\s?%|\w)(?:,?\s{_YEAR})?
      | \b{_CAPITAL_MONTH},?\s{_YEAR}
      | \d{{4}}年(?:\d{{1,2}}月(?:\d{{1,2}}日)?)?
    ))
    | (?P<figure>
        (?:(?<!\w)(?P<symbol>{_SYMBOL})\s?)?
        (?:(?P<digits>(?:(?<![\w)])[-+])?(?:(?<![\w.])\.\d+|(?<![\w])\d+(?:[.,:/–-]\d+)*|(?<=[{CJK_CHARACTERS}])\d+(?:[.,]\d+)*))
           (?P<scale>{_SCALE}|(?<=\d)[mk](?=\W|$)|(?<=\d)bn?(?=\W|$))?
         | (?P<words>{WORD_NUMERAL}))
        (?:[\s-]?(?:{_UNIT}))?(?![^\W{CJK_CHARACTERS}])
    )
    | (?P<cjk>[{CJK_CHARACTERS}])
    | (?P<word>[^\W{CJK_CHARACTERS}]+(?:'[^\W{CJK_CHARACTERS}]+)*)
    | (?P<break>[,;:()"—–…!?。，；：、！？（）|]|\s-+\s)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PLAIN_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_MONTHS = {m: n for n, m in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}

_SAME = {"says": "said", "till": "until", "km": "kilometer", "kms": "kilometer", "programme": "program"}
_SAME |= {"cannot": "can not", "can't": "can not", "won't": "will not", "metre": "meter", "kilometre": "kilometer"}
_BEFORE_FIGURES = {
    **dict.fromkeys("approximately around roughly circa some about".split(), "about"),
    "over": "more than",
    "above": "more than",
    "under": "less than",
    "below": "less than",
    "almost": "nearly",
    "fewer than": "less than",
}
_IZE = re.compile(r"([iy])s(e[ds]?|ing|ation)$")
_OUR = re.compile(r"(?<=[a-z]{2})our(?=$|ed|ing|ite|er|able)")
_NOT_PLURAL = frozenset(
    "news arms customs goods means series species thanks perhaps sometimes always afterwards besides headquarters "
    "politics economics mathematics physics gas bus".split()
)


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a sentence.

    `key` is how words are compared, `shown` how it is written, `broken` whether a comma or the like stands in front,
    `owns` whether it ends in 's, `opens` whether it begins a sentence or a
    quotation; `day` is year, month, day, 0 for unsaid, and `key` a time without one,
    "last year".
    """

    key: str
    shown: str = ""
    kind: str = "word"
    broken: bool = False
    owns: bool = False
    value: Decimal = Decimal(0)
    unit: str = ""
    day: tuple[int, int, int] = (0, 0, 0)
    opens: bool = False

    @property
    def capital(self) -> bool:
        """Whether it is written with a capital."""
        return self.shown[:1].isupper()

    @property
    def lower_plural(self) -> bool:
        """Whether it looks like a plural, or a verb in the present tense."""
        return self.kind == "word" and self.shown[:1].islower() and self.shown.endswith("s") and not self.function

    @property
    def gerund(self) -> bool:
        """Whether it looks like one: "(stopped her) from leaving"."""
        return self.kind == "word" and self.shown[:1].islower() and self.key.endswith("ing") and len(self.key) > 4  # noqa: PLR2004 - "king"

    @property
    def named(self) -> bool:
        """Whether its capital says that it is a name."""
        return self.capital and not self.opens

    @property
    def function(self) -> bool:
        """Whether it only joins others."""
        return self.kind == "word" and (self.key in STOP_WORDS or self.key in PREPOSITIONS)

    def says(self, other: "Term") -> bool:
        """Return whether the other, of a source, says what this one says; capitals are not looked at."""
        if self.kind != other.kind:
            return False
        if self.kind == "figure":
            return self.key == other.key and self.unit in {"", other.unit}
        if self.kind == "date":
            return self.key == other.key and all(
                said in {0, there} for said, there in zip(self.day, other.day, strict=True)
            )
        return self.key == other.key and (self.owns or not other.owns)


def plain(text: str) -> str:
    """Return the text in NFKC with plain quotation marks and dashes."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).split())


# The same sentences are compared with many; each takes kilobytes.
@lru_cache(maxsize=2000)
def read_terms(text: str) -> tuple[Term, ...]:
    """Return the terms of one sentence, in order; white space and marks are none."""
    found: list[Term] = []
    broken, opens = False, True
    for match in _TERM.finditer(plain(text)):
        if match["break"]:
            broken, opens = True, opens or match["break"] in '":：!?。！？'
            continue
        for term in _terms(match):
            found.append(replace(term, broken=broken, opens=opens))
            broken = opens = False
    return tuple(_bounds(found))


def _terms(match: re.Match[str]) -> Iterator[Term]:
    shown = match.group()
    if match["time"]:
        yield Term(shown.casefold().removeprefix("on "), shown, "date")
    elif match["date"]:
        yield Term("", shown, "date", day=_day(match["date"]))
    elif match["figure"]:
        yield _figure(match)
    elif match["cjk"]:
        yield Term(shown, shown, "cjk")
    else:
        yield from _words(shown)


def _words(shown: str) -> Iterator[Term]:
    folded = shown.casefold()
    if folded.endswith("n't") and folded not in _SAME:
        folded = f"{folded[:-3]} not"
    owns = folded.endswith("'s")
    for word in _SAME.get(folded, folded).removesuffix("'s").split():
        yield Term(_spelled(word), shown, owns=owns)


def _spelled(word: str) -> str:
    """Return the word in American spelling, a plural as its singular; function words stay."""
    if word in STOP_WORDS:
        return word
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in _NOT_PLURAL:  # noqa: PLR2004 - "gas"
        word = _singular(word)
    if len(word) > 5:  # noqa: PLR2004 - "rise", "four" and "tour" are spelled alike everywhere
        word = _IZE.sub(r"\1z\2", word)
        word = _OUR.sub("or", word)
    return _SAME.get(word, word)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - "lies"
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("ches", "shes", "xes", "sses", "zzes")) else word[:-1]


def _day(written: str) -> tuple[int, int, int]:
    numbers = [int(n) for n in re.findall(r"\d+", written)]
    month = re.search(rf"(?<![a-z]){MONTH_NAME}", written, re.IGNORECASE)
    if month is None:
        year, number, day = [*numbers, 0, 0][:3]
        return year, number, day
    year = next((n for n in numbers if n > 31), 0)  # noqa: PLR2004 - days of a month
    day = next((n for n in numbers if n <= 31), 0)  # noqa: PLR2004 - as above
    return year, _MONTHS[month.group()[:3].lower()], day


def _figure(match: re.Match[str]) -> Term:
    """Return the figure; its key is its value, or its own writing where it is no plain number."""
    symbol = _SYMBOLS.get((match["symbol"] or "").lower(), "")
    unit = next((name for n, name in enumerate(_UNITS) if match[f"u{n}"]), symbol)
    written = match["digits"] or ""
    value = read_numeral(match["words"]) if match["words"] else None
    if _PLAIN_NUMBER.fullmatch(written):
        value = Decimal(written.replace(",", ""))
    if value is None:
        return Term(match.group().casefold().replace("–", "-"), match.group(), "figure", unit=unit)
    for part in re.findall(r"[a-z]+|[百千万亿]", (match["scale"] or "").lower()):
        value *= SCALES[part]
    return Term(f"{value.normalize():f}", match.group(), "figure", value=value, unit=unit)


def _bounds(terms: list[Term]) -> Iterator[Term]:
    """Yield the terms, what bounds a figure ("over", "roughly") in one wording for all."""
    place = 0
    while place < len(terms):
        term = terms[place]
        after = terms[place + 1 : place + 3]
        pair = f"{term.key} {after[0].key}" if after else ""
        if term.kind == "word" and after and after[0].kind == "figure" and term.key in _BEFORE_FIGURES:
            for number, word in enumerate(_BEFORE_FIGURES[term.key].split()):
                yield replace(term, key=word, broken=term.broken and not number)
        elif pair in _BEFORE_FIGURES:
            yield replace(term, key=_BEFORE_FIGURES[pair].split(maxsplit=1)[0])
        else:
            yield term
        place += 1


def is_verb(term: Term) -> bool:
    """Return whether the word looks like a verb in the past tense, or like one that makes a passive."""
    return term.kind == "word" and not term.named and (term.key in VERBS or term.key.endswith("ed"))


def is_adverb(term: Term) -> bool:
    """Return whether the word looks like an adverb, which can be spared."""
    return term.kind == "word" and (term.key in ADVERBS or (term.key.endswith("ly") and not term.capital))


def leading_phrase(terms: Sequence[Term]) -> int:
    """Return where the sentence goes on behind a phrase that opens it, "In June, ..."; 0 where none does."""
    if not terms or not (terms[0].key in PREPOSITIONS or terms[0].kind == "date"):
        return 0
    end = next((n for n, term in enumerate(terms) if n and term.broken), len(terms))
    return 0 if end >= min(len(terms), _MOST_LEAD) or any(map(is_verb, terms[:end])) else end


def bound_by_superlatives(terms: Sequence[Term]) -> dict[int, int]:
    """Return {place of a word that bounds what "all" or "the largest" is said of: place of that}."""
    found = {}
    since = -1
    for n, term in enumerate(terms):
        if term.broken or term.key in COORDINATORS:
            since = -1
        if term.key in SUPERLATIVES:
            since = n
        elif since >= 0 and not term.function and not is_adverb(term):
            found[n] = since
    return found


def turning_places(terms: Sequence[Term]) -> Iterator[int]:
    """Yield the places of words that turn what is said into something else, of "everyone but" too."""
    for n, term in enumerate(terms):
        excepting = term.key in {"but", "except"} and n > 0 and terms[n - 1].key in EVERYBODY
        if excepting or (term.key in TURNING and not term.named):
            yield n
