"""Numbers written in words, English and Chinese. Knows their grammar and values; knows no units and finds no places."""

import re
from decimal import Decimal

SCALES = {
    "hundred": Decimal(100),
    "thousand": Decimal(10**3),
    "million": Decimal(10**6),
    "billion": Decimal(10**9),
    "trillion": Decimal(10**12),
    "k": Decimal(10**3),
    "m": Decimal(10**6),
    "mn": Decimal(10**6),
    "b": Decimal(10**9),
    "bn": Decimal(10**9),
    "tn": Decimal(10**12),
    "百": Decimal(100),
    "千": Decimal(10**3),
    "万": Decimal(10**4),
    "亿": Decimal(10**8),
}
_SMALL = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_LARGE = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_CHINESE_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CHINESE_PLACES = {"十": 10, "百": 100, "千": 1000}
_CHINESE_GROUPS = {"万": 10**4, "亿": 10**8}

_WORD = "(?:" + "|".join([*sorted(_SMALL, key=len, reverse=True), *_TENS]) + ")"
_SCALE_WORD = r"(?:hundred|thousand|million|billion|trillion|dozen)"
WORD_NUMERAL = (
    rf"\b(?:(?!one\b(?!\s+(?:and\s+a\s+half\s+)?{_SCALE_WORD})){_WORD}|half\s+a(?=\s{_SCALE_WORD})|an?(?=\s{_SCALE_WORD}))"
    rf"(?:[-\s](?:and\s)?(?:{_WORD}|{_SCALE_WORD}|a\shalf(?=\s{_SCALE_WORD}))){{0,12}}\b"
)
"""Pattern of an English numeral, to be compiled with IGNORECASE; a bare "one" is none, it is mostly a pronoun."""

CHINESE_NUMERAL = r"[零〇一二两三四五六七八九十百千万亿]{1,16}"


def read_numeral(written: str) -> Decimal | None:
    """Return the value of digits, of an English or of a Chinese numeral; None where it is no number."""
    if written[:1].isdigit():
        return Decimal(written.replace(",", ""))
    return _read_english(written) if written.isascii() else _read_chinese(written)


def _read_english(written: str) -> Decimal | None:
    total, current = Decimal(0), Decimal(0)
    folded = re.sub(r"half\s+a\s", "half ", written.lower())
    for word in re.split(r"[-\s]+", folded):
        if word in _LARGE:
            total, current = total + (current or Decimal(1)) * _LARGE[word], Decimal(0)
        elif word in {"hundred", "dozen"}:
            current = (current or Decimal(1)) * (100 if word == "hundred" else 12)
        elif word == "half":
            current += Decimal("0.5")
        elif word not in {"and", "a", "an"}:
            added = _SMALL[word] if word in _SMALL else _TENS[word]
            if not _fits(int(current), added):
                return None
            current += added
    return total + current


def _fits(current: int, added: int) -> bool:
    """Return whether the word may follow: "twenty-four" and "hundred four" may, "two three" and "ten two" may not."""
    if added < 10:  # noqa: PLR2004 - the places of the decimal system
        return current % 10 == 0 and current % 100 != 10  # noqa: PLR2004
    return current % 100 == 0


def _read_chinese(written: str) -> Decimal | None:
    """Return the value as places are read aloud: 三千二百, 一亿二千万; None for digits in a row (一二三)."""
    total, section, digit, last = 0, 0, -1, ""
    for char in written:
        if char in _CHINESE_DIGITS:
            if digit > 0 and last in _CHINESE_DIGITS:
                return None
            digit = _CHINESE_DIGITS[char]
        elif char in _CHINESE_PLACES:
            section += (1 if digit < 0 else digit) * _CHINESE_PLACES[char]
            digit = -1
        else:
            total = (total + section + max(digit, 0)) * _CHINESE_GROUPS[char]
            section, digit = 0, -1
            if total == 0:
                return None
        last = char
    return Decimal(total + section + max(digit, 0))
