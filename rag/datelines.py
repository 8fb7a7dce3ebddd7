"""Infers when an article was published from its address, its id or its dateline. What is certain, others read."""

import re
from datetime import date

from rag.dates import DATE, MONTH_NAME, parse_date

# Addresses and file names write a day as 2025/12/24, 2025-12-24, 20251224, 2025/1224 or 202512/24.
_DAY_IN_A_NAME = re.compile(r"(?<![0-9A-Za-z])t?((?:19|20)\d\d)[-_./]?(\d\d)[-_./]?(\d\d)(?![0-9A-Za-z])")
_DATELINE = re.compile(
    rf"""
    [^\W\d_][\w .'’/-]{{1,60}},?\s+ (?: (?P<month>{MONTH_NAME})\s+(?P<day>\d{{1,2}}) | (?P<day_first>\d{{1,2}})\s+
    (?P<month_last>{MONTH_NAME}) ) (?:,?\s+(?P<year>\d{{4}}))? \s* (?:\([^()]{{2,40}}\)\s*)? (?:[-–—:]|$)
    | \W? [^\W\d]{{2,20}} (?:(?P<year_cjk>\d{{4}})年)? (?P<month_cjk>\d{{1,2}})月(?P<day_cjk>\d{{1,2}})日 [电讯]
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATELINE_CHARS = 160
_DATES_READ_CHARS = 20_000


def infer_published(body: str, *, url: str = "", name: str = "") -> date | None:
    """Return the day that the address, the name (an id or a file's) or the body's dateline tells, the first that does.

    A dateline without a year is in that year which brings it nearest to the latest full date of the body; None where
    there is none. A day on which news is filed is at most a day or two from that on which it is published.
    """
    return _day_in(re.split(r"[?#]", url)[0]) or _day_in(name) or _dateline(body)


def _day_in(name: str) -> date | None:
    found = (_date(*map(int, match.groups())) for match in _DAY_IN_A_NAME.finditer(name))
    return next((day for day in found if day), None)


def _dateline(body: str) -> date | None:
    found = _DATELINE.match(body.lstrip()[:_DATELINE_CHARS])
    if not found:
        return None
    said = found.groupdict()
    name = said["month"] or said["month_last"]
    month = _MONTHS.index(name[:3].casefold()) + 1 if name else int(said["month_cjk"])
    day = int(said["day"] or said["day_first"] or said["day_cjk"])
    year = said["year"] or said["year_cjk"]
    if year:
        return _date(int(year), month, day)
    written = [parse_date(match.group()) for match in DATE.finditer(body[:_DATES_READ_CHARS])]
    latest = max((full for full in written if full), default=None)
    if latest is None:
        return None
    years = [_date(near, month, day) for near in (latest.year - 1, latest.year, latest.year + 1)]
    return min((near for near in years if near), key=lambda near: abs(near - latest), default=None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
