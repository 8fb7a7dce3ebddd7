"""Searches within the time that a question or its asker names. Every search is bounded before it is made, never after.

A time that is certain bounds the search; where no article is from then, nothing is searched and the nearest are named.
A time that is only likely (the event's, or a bare month's where articles have no date) bounds it only if what the whole
library has best is from then: a bound that loses the answer is worse than none. "Latest" means the library's newest
week, then month, then quarter of dated articles, whichever first has an answer.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rag.dates import written_date
from rag.library import Library
from rag.records import ArticleSummary, Hit, Notice, Scope
from rag.timescope import TimeScope

Find = Callable[[Scope | None], Sequence[Hit]]
"""Searches for the question within a scope."""

_LATEST_DAYS = (7, 31, 92)
# An article from then may score this much less than one of another time and still be the one that is meant. One without
# a date may be from then too.
_LIKELY_WITHIN = 0.05
_NEAREST = 2
_SHORT = timedelta(days=364)


@dataclass(frozen=True, slots=True)
class Found:
    """The hits, and what to say of the time they were searched in; `empty` where no article is from then."""

    hits: tuple[Hit, ...]
    notices: tuple[Notice, ...] = ()
    empty: bool = False


class TimedSearch:
    """One question's search; `find` is asked once, or for a time that is not certain a few times.

    `answers` tells whether hits are good enough to answer from.
    """

    def __init__(self, library: Library, find: Find, answers: Callable[[Sequence[Hit]], bool]) -> None:
        self._library = library
        self._find = find
        self._answers = answers

    def search(self, time: TimeScope | None, given: Scope | None, today: date) -> Found:
        """Return what is found within both the time and the given scope."""
        if time is None:
            return self._within(given, "") if given and (given.since or given.until) else self._all(given)
        if time.kind == "latest":
            return self._latest(given, today)
        bounds = intersect(given, time.scope)
        if time.kind == "event" or (time.year_guessed and self._undated(given)):
            return self._likely(bounds, given, time)
        return self._within(bounds, time.words)

    def _all(self, given: Scope | None, *notices: Notice) -> Found:
        return Found(tuple(self._find(given)), notices)

    def _within(self, bounds: Scope, words: str) -> Found:
        with self._library.reader() as reader:
            _, dated = reader.count_articles(bounds)
        if not dated:
            return Found((), (Notice("empty_scope", self._empty(bounds, words)),), empty=True)
        return self._all(bounds, Notice("time_scope", self._searched(bounds, words, dated)))

    def _likely(self, bounds: Scope, given: Scope | None, time: TimeScope) -> Found:
        """Return what is found within the bounds where the best of all is from then, else what is found anywhere."""
        everywhere = tuple(self._find(given))
        ids = list({h.passage.article_id for h in everywhere})
        with self._library.reader() as reader:
            _, dated = reader.count_articles(bounds)
            days = {s.id: s.published for s in reader.summaries(ids)}
        if not dated and not _is_short(time):
            return Found(everywhere)
        if not dated:
            said = f"{self._empty(bounds, time.words)} Articles of any time were searched."
            return Found(everywhere, (Notice("empty_scope", said),))
        then, undated, other = -math.inf, -math.inf, -math.inf
        for hit in everywhere:
            day, score = days.get(hit.passage.article_id), _score(hit)
            if day is None:
                undated = max(undated, score)
            elif _holds(bounds, day):
                then = max(then, score)
            else:
                other = max(other, score)
        if then < max(undated, other - _LIKELY_WITHIN):
            return Found(everywhere)
        found = self._within(bounds, time.words)
        return found if self._answers(found.hits) else Found(everywhere)

    def _latest(self, given: Scope | None, today: date) -> Found:
        until = intersect(given, Scope(until=today))
        with self._library.reader() as reader:
            newest = reader.dated_articles(until, 1)
        day = newest[0].published if newest else None
        if day is None:
            return self._all(given, Notice("time_scope", "No article has a date that tells which is the latest."))
        for days in _LATEST_DAYS:
            found = self._within(intersect(until, Scope(since=day - timedelta(days=days - 1))), "the latest")
            if self._answers(found.hits):
                return found
        said = f"Nothing in the newest {_LATEST_DAYS[-1]} days answers; articles of any time were searched."
        return self._all(given, Notice("time_scope", said))

    def _undated(self, given: Scope | None) -> int:
        bare = replace(given or Scope(), since=None, until=None)
        with self._library.reader() as reader:
            count, dated = reader.count_articles(bare)
        return count - dated

    def _searched(self, bounds: Scope, words: str, dated: int) -> str:
        meant = f" (“{words}”)" if words else ""
        undated = self._undated(bounds)
        left = f" {_articles(undated)} without a date {_were(undated)} left out." if undated else ""
        return f"Searched the {_articles(dated)} published {told(bounds)}{meant}.{left}"

    def _empty(self, bounds: Scope, words: str) -> str:
        meant = f" (“{words}”)" if words else ""
        nearest = "; ".join(f"“{s.title}” ({_day(s)})" for s in self._nearest(bounds))
        offered = f" The nearest: {nearest}." if nearest else ""
        undated = self._undated(bounds)
        left = f" {_articles(undated)} {_have(undated)} no date." if undated else ""
        return f"No article was published {told(bounds)}{meant}.{offered}{left}"

    def _nearest(self, bounds: Scope) -> list[ArticleSummary]:
        """Return the dated articles next before the bounds and next after, the nearer side first."""
        start = bounds.since or bounds.until or date.max
        end = bounds.until or bounds.since or date.min
        bare = replace(bounds, since=None, until=None)
        with self._library.reader() as reader:
            before = reader.dated_articles(replace(bare, until=max(start, end)), _NEAREST)
            after = reader.dated_articles(replace(bare, since=min(start, end)), _NEAREST, newest_first=False)
        apart = {
            s.id: (min(abs(s.published - start), abs(s.published - end)), s) for s in before + after if s.published
        }
        return [s for _, s in sorted(apart.values(), key=lambda found: (found[0], found[1].id))][:_NEAREST]


def intersect(given: Scope | None, time: Scope) -> Scope:
    """Return the scope that both bound; what it bounds besides dates is the given one's."""
    if given is None:
        return time
    since = max(filter(None, (given.since, time.since)), default=None)
    until = min(filter(None, (given.until, time.until)), default=None)
    return replace(given, since=since, until=until)


def told(bounds: Scope) -> str:
    """Return the dates in words: "on 2025-12-24", "from 2025-12-01 to 2025-12-31", "since ..." or "until ..."."""
    if bounds.since and bounds.until:
        same = bounds.since == bounds.until
        return f"on {bounds.since}" if same else f"from {bounds.since} to {bounds.until}"
    return f"since {bounds.since}" if bounds.since else f"until {bounds.until}"


def _is_short(time: TimeScope) -> bool:
    """Return whether it is less than a year: "in 1848" is history, and that no article is from then says nothing."""
    return time.since is not None and time.until is not None and time.until - time.since < _SHORT


def _holds(bounds: Scope, day: date) -> bool:
    return (bounds.since or date.min) <= day <= (bounds.until or date.max)


def _score(hit: Hit) -> float:
    return max((sentence.score for sentence in hit.sentences), default=hit.score)


def _day(summary: ArticleSummary) -> str:
    return written_date(summary.published, inferred=summary.published_inferred)


def _articles(count: int) -> str:
    return "one article" if count == 1 else f"{count} articles"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"
