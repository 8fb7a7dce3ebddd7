"""Proposes questions from articles, without a model: a sentence that tells a date, a figure, a list or a name becomes
the question for it. For a person to edit: the words are the article's own, so the questions are easier than real ones.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.questions import Evidence, Question
from rag.figures import figures
from rag.records import Article, Span, Story
from rag.text import sentences
from rag.topics import names_of

DATE, NUMBER, LIST, NAME = "date", "number", "list", "factoid"

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(
    rf"\b(?P<before>on|in|since|until|from|by)\s(?:(?:early|late|mid-?)\s?)?"
    rf"(?P<date>\d{{1,2}}\s{_MONTH}(?:\s\d{{4}})?|{_MONTH}\s\d{{1,2}}(?:,\s\d{{4}})?|{_MONTH}(?:\s\d{{4}})?|(?:19|20)\d\d)\b"
)
_ITEM = r"[A-Z][\w'’&-]*(?:\s[A-Z][\w'’&-]*){0,4}"
_LIST = re.compile(rf"\b{_ITEM}(?:,\s{_ITEM}){{1,9}},?\sand\s{_ITEM}")
_BETWEEN = re.compile(r",\sand\s|,\s|\sand\s")
_POINTS_BACK = re.compile(r"(?:It|Its|He|She|His|Her|They|Their|This|That|These|Those)\b")
_WORDS = range(6, 41)
_WHO = {"person": "who", "place": "which place", "venue": "which place"}


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of a sentence that is asked for: what takes its place, and what the answer must hold."""

    kind: str
    span: Span
    asks: str
    wanted: tuple[str, ...]


def draft_questions(article: Article, *, most: int = 12) -> list[Question]:
    """Return at most so many proposals, the kinds by turns, in the article's order within a kind."""
    by_kind: dict[str, list[Question]] = {kind: [] for kind in (DATE, NUMBER, LIST, NAME)}
    for story in article.stories:
        for place in _sentences(article, story):
            gap = find_gap(place.of(article.text))
            if gap:
                by_kind[gap.kind].append(_question(article, story, place, gap))
    drafts: list[Question] = []
    while len(drafts) < most and any(by_kind.values()):
        drafts += [found.pop(0) for found in by_kind.values() if found][: most - len(drafts)]
    return drafts


def find_gap(sentence: str) -> Gap | None:
    """Return what the sentence can be asked for: its list, else its one date, figure or name; None for nothing."""
    sole = next((gaps[0] for gaps in (_lists(sentence), _dates(sentence), _figures(sentence)) if len(gaps) == 1), None)
    return sole or next(iter(_names(sentence)), None)


def _sentences(article: Article, story: Story) -> Iterator[Span]:
    for part in story.parts:
        for span in sentences(part.of(article.text)):
            if len(span.of(part.of(article.text)).split()) in _WORDS:
                yield span.shifted(part.start)


def _question(article: Article, story: Story, place: Span, gap: Gap) -> Question:
    sentence = place.of(article.text)
    told = sentence[gap.span.start : gap.span.end]
    asked = f"{sentence[: gap.span.start]}{gap.asks}{sentence[gap.span.end :]}".strip(" .!?\"”'’")
    asked = f"{asked[:1].upper()}{asked[1:]}?"
    if _POINTS_BACK.match(sentence) and story.headline:
        asked = f"About “{story.headline}”: {asked}"
    evidence = Evidence(article.id, sentence, place)
    key = f"{article.id}-{place.start}"
    return Question(key, asked, kind=gap.kind, answers=(told,), must_include=gap.wanted, evidence=(evidence,))


def _lists(sentence: str) -> list[Gap]:
    return [
        Gap(LIST, Span(*match.span()), "which ones", tuple(_BETWEEN.split(match[0])))
        for match in _LIST.finditer(sentence)
    ]


def _dates(sentence: str) -> list[Gap]:
    found = []
    for match in _DATE.finditer(sentence):
        plain = match["before"] in ("on", "in")
        start = match.start() if plain else match.start("date")
        found.append(Gap(DATE, Span(start, match.end()), "when", (match["date"],)))
    return found


def _figures(sentence: str) -> list[Gap]:
    found = []
    for figure in figures(sentence):
        told = figure.span.of(sentence)
        counted = re.match(r"(?:[\d.,]+\s?)+(?:(?:hundred|thousand|million|billion|trillion)\s)?", told)
        noun = told[counted.end() :].strip() if counted else ""
        asks = f"how many {noun}" if noun[:1].isalpha() else "how much"
        found.append(Gap(NUMBER, figure.span, asks, (told[: counted.end()].strip() if counted else told,)))
    return found


def _names(sentence: str) -> Sequence[Gap]:
    found = []
    for topic in names_of(sentence):
        start = sentence.find(topic.text)
        if start > 0 and topic.sort in _WHO:
            found.append(Gap(NAME, Span(start, start + len(topic.text)), _WHO[topic.sort], (topic.text,)))
    return found
