"""Finds the stories of an article in its text by their headlines. Knows no file format and no store."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import islice, pairwise

from rag.masthead import ENDS_SENTENCE, LABEL_LINE_CHARS, MASTHEAD_LINES, Masthead, find_boilerplate, read_masthead
from rag.records import Span, Story
from rag.text import count_words, fold, lines

_MARKER = re.compile(r"^(?:\d{1,2}\s*[.)、．]|[-*•·▪])\s*")
_PREAMBLE_WORDS = 8
_SAME_HEADLINE = 0.9
_HEADLINE_CHARS = (8, 300)
_FEWEST_CJK_CHARS = 4
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_COMPARED_CHARS = 2 * _HEADLINE_CHARS[1]
# A headline list stands near the top; looking no further keeps a page of a million lines quick.
_LIST_WITHIN_LINES = 100
# A page may hold thousands of numbered lines; this many comparisons take about a second.
_MOST_COMPARED = 20_000


@dataclass(frozen=True, slots=True)
class Heading:
    """A headline that a file's format marks as one: its lines and its depth, 1 the topmost.

    `said` is its place without the marks around it, where that is not the whole of `at`.
    """

    at: Span
    text: str
    level: int
    said: Span | None = None


def find_stories(
    text: str, *, title: str = "", headings: Sequence[Heading] = (), skip: Iterable[Span] = ()
) -> tuple[Masthead, tuple[Story, ...]]:
    """Return the masthead and the stories in order of their places; a story without a word of body is left out.

    Headlines come from `headings`, else from a list of headlines that stand again further down, else the article is one
    story. `skip` names stretches that belong to the file's format (front matter).
    """
    spans = [s for s in lines(text) if not any(gone.holds(s) for gone in skip)]
    masthead, dropped = read_masthead(text, spans)
    headings = [replace(h, text=h.text[: _HEADLINE_CHARS[1]]) for h in headings]
    listed, headlines = ([], []) if headings else _match_headline_list(text, spans)
    dropped |= set(listed) | find_boilerplate(text, spans)
    marked = [*headings] or [Heading(at, _MARKER.sub("", at.of(text)), 1) for at in headlines]
    masthead = _with_title(masthead, text, spans, dropped, marked, title, listed=bool(listed))
    title_at = next((s for s in spans[:MASTHEAD_LINES] if _same(s.of(text), masthead.title)), None)
    if title_at and not any(h.at == title_at for h in marked):
        dropped.add(title_at)
    body = [s for s in spans if s not in dropped and not _is_heading(s, marked)]
    stories = _cut_into_stories(text, spans, body, marked, masthead.title, title_at)
    if not stories and title_at:
        # A flash of one line: the headline is all there is to say.
        stories = (Story(masthead.title, None, (title_at,)),)
    return masthead, stories


def _cut_into_stories(
    text: str, spans: list[Span], body: list[Span], marked: list[Heading], title: str, title_at: Span | None
) -> tuple[Story, ...]:
    kept = set(body)
    stories = []
    first = marked[0].at.start if marked else len(text) + 1
    before = [s for s in body if s.start < first]
    # Counted no further than it matters: a line may hold the whole text.
    words = sum(count_words(s.of(text)[:_COMPARED_CHARS]) for s in before)
    if before and (not marked or words >= _PREAMBLE_WORDS):
        stories.append(Story(title, title_at, _stretches(spans, kept, before)))
    trail: list[Heading] = []
    for number, heading in enumerate(marked):
        end = marked[number + 1].at.start if number + 1 < len(marked) else len(text) + 1
        trail = [*(h for h in trail if h.level < heading.level), heading]
        inside = body[bisect_left(body, heading.at.end, key=_start) : bisect_left(body, end, key=_start)]
        if inside:
            stories.append(Story(_headline(trail, title), heading.said or heading.at, _stretches(spans, kept, inside)))
    return tuple(stories)


def _headline(trail: list[Heading], title: str) -> str:
    """Return the heading with those above it, so that "Reaction" says to what; a digest's headlines stand alone."""
    texts = [h.text for h in trail]
    if trail[-1].level > 1 and title and not _same(texts[0], title):
        texts.insert(0, title)
    return " › ".join(texts)


def _stretches(spans: list[Span], kept: set[Span], inside: list[Span]) -> tuple[Span, ...]:
    """Return the lines joined to stretches; a dropped line between two of them parts them."""
    found: list[Span] = []
    within = spans[bisect_left(spans, inside[0]) : bisect_right(spans, inside[-1])]
    joined = False
    for line in within:
        if line not in kept:
            joined = False
        elif joined:
            found[-1] = Span(found[-1].start, line.end)
        else:
            found.append(line)
            joined = True
    return tuple(found)


def _is_heading(line: Span, marked: list[Heading]) -> bool:
    number = bisect_right(marked, line.start, key=lambda heading: heading.at.start) - 1
    return number >= 0 and marked[number].at.holds(line)


def _start(span: Span) -> int:
    return span.start


def _with_title(
    masthead: Masthead,
    text: str,
    spans: list[Span],
    dropped: set[Span],
    marked: list[Heading],
    title: str,
    *,
    listed: bool,
) -> Masthead:
    """Return the masthead with the title given, else the text's first line where that is one, else a headline."""
    if not title:
        title = next((h.text for h in marked if h.level == 1), marked[0].text if marked else "")
        if listed and len(marked) > 1:
            title = f"{title} (and {len(marked) - 1} more)"
        first = next((s for s in spans[:MASTHEAD_LINES] if s not in dropped), None) if len(spans) > 1 else None
        if first and not any(h.at.holds(first) for h in marked):
            line = first.of(text)
            # A headline may be a question, but no statement with a full stop.
            if len(line) <= LABEL_LINE_CHARS and (line.endswith("?") or not ENDS_SENTENCE.search(line)):
                title = line
    return Masthead(title, masthead.published, masthead.publisher, masthead.author)


def _match_headline_list(text: str, spans: list[Span]) -> tuple[list[Span], list[Span]]:
    """Return the lines of a headline list (with its own heading) and the later lines that are those headlines."""
    # What is too long for a headline is not compared, so its key need not be made: a line may hold the whole text.
    keys = [fold(_MARKER.sub("", s.of(text))).rstrip(".:：") if len(s) <= _COMPARED_CHARS else "" for s in spans]
    places: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        places.setdefault(key, []).append(number)
    budget = iter(range(_MOST_COMPARED))
    start = 0
    while start < min(len(spans), _LIST_WITHIN_LINES):
        end = start
        matches: list[int] = []
        while end < min(len(spans), start + _LIST_WITHIN_LINES) and not (matches and end >= matches[0]):
            marked = bool(_MARKER.match(spans[end].of(text)))
            found = _find_again(keys, places, end, max([end, *matches]), budget if marked else None)
            if not marked and (found is None or ENDS_SENTENCE.search(spans[end].of(text)[-8:])):
                break
            matches += [] if found is None else [found]
            end += 1
        if _is_headline_list(matches, start, end):
            above = spans[start - 1 : start]
            intro = [s for s in above if s.of(text).endswith((":", "："))]
            return [*intro, *spans[start:end]], [spans[i] for i in matches]
        start = max(end, start + 1)
    return [], []


def _is_headline_list(matches: list[int], start: int, end: int) -> bool:
    """Return whether two or more of the lines, and half of them, stand again below, each above a body of its own."""
    apart = sum(1 for one, other in pairwise(matches) if other - one > 1)
    return (
        len(matches) >= 2  # noqa: PLR2004 - one line that stands twice is no list
        and 2 * len(matches) >= end - start
        and matches[0] >= end
        and 2 * apart >= len(matches) - 1
    )


def _find_again(
    keys: list[str], places: dict[str, list[int]], line: int, after: int, budget: Iterator[int] | None
) -> int | None:
    """Return the first line below `after` that repeats this one; nearly so, where and while there is a budget."""
    key = keys[line]
    fewest = _FEWEST_CJK_CHARS if _CJK.search(key) else _HEADLINE_CHARS[0]
    if not fewest <= len(key) <= _HEADLINE_CHARS[1]:
        return None
    again = places[key]
    # A line that comes again and again is a refrain.
    if len(again) > 2:  # noqa: PLR2004 - in the list and above its story
        return None
    at = bisect_right(again, after)
    if at < len(again) or budget is None:
        return again[at] if at < len(again) else None
    alike = SequenceMatcher(None, "", key, autojunk=False)
    for place in range(after + 1, min(len(keys), _LIST_WITHIN_LINES * 20)):
        shorter, longer = sorted((len(keys[place]), len(key)))
        if shorter < _SAME_HEADLINE * longer:
            continue
        alike.set_seq1(keys[place])
        if next(budget, None) is None:
            return None
        # The first is an upper bound of the second, and takes a fortieth of its time.
        if alike.quick_ratio() >= _SAME_HEADLINE:
            next(islice(budget, 40, None), None)
            if alike.ratio() >= _SAME_HEADLINE:
                return place
    return None


def _same(one: str, other: str) -> bool:
    return bool(other) and len(one) <= _COMPARED_CHARS and fold(one) == fold(other)
