"""Dates in text. Knows how they are written; a date that could be read two ways is none."""

import re
from datetime import date, datetime

MONTH_NAME = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
"""Pattern of an English month's name, whole or short; to be compiled with IGNORECASE."""

DATE = re.compile(
    rf"""
    \b\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}            # 2025-12-24
    | \b\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}(?!\d)    # 24-12-2025
    | \b\d{{1,2}}(?:st|nd|rd|th)?\s+{MONTH_NAME},?\s+\d{{4}}(?!\d)
    | \b{MONTH_NAME}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}(?!\d)
    | \d{{4}}\s*年\s*\d{{1,2}}\s*月\s*\d{{1,2}}\s*日
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LARGEST_MONTH = 12


def parse_date(text: str) -> date | None:
    """Return the first full date (day, month, year) in the text; None where there is none or it is ambiguous."""
    for match in DATE.finditer(text):
        found = _parse(match.group())
        if found:
            return found
    return None


def written_date(day: date | None, *, inferred: bool) -> str:
    """Return how a publication date is shown: "2025-12-24", "about 2025-12-24, inferred", or "" for none."""
    if day is None:
        return ""
    return f"about {day.isoformat()}, inferred" if inferred else day.isoformat()


def _parse(written: str) -> date | None:
    numbers = [int(n) for n in re.findall(r"\d+", written)]
    try:
        if written[:4].isdigit():
            return date(*numbers[:3])
        if re.search(r"[a-z]", written, re.IGNORECASE):
            from dateutil import parser  # noqa: PLC0415 - no question is written like a dateline

            return parser.parse(written, default=datetime(2000, 1, 1)).date()  # noqa: DTZ001 - a day has no zone
        first, second, year = numbers[:3]
        # With dashes or dots the day comes first everywhere; 05/08/2025 is August in London and May in Boston.
        if "/" in written and first <= _LARGEST_MONTH and second <= _LARGEST_MONTH and first != second:
            return None
        return date(year, second, first) if second <= _LARGEST_MONTH else date(year, first, second)
    except (ValueError, OverflowError):
        return None
