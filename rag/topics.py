"""Finds what a turn of a conversation is about: its names, quoted titles and noun phrases. Knows no article.

A name is told by its capitals, a noun phrase by "the" or "a" in front; which is a person or a place is a guess from
the words in and before it, and only decides which of several is meant by "she" or "there".
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.dates import MONTH_NAME
from rag.leaning import PERSONS, WH_WORDS
from rag.text import STOP_WORDS, fold, words

Sort = Literal["name", "title", "person", "place", "venue", "noun"]

_TITLE = re.compile(r"[“\"「]([^“”\"「」]{2,80})[”\"」]|《([^《》]{1,40})》")
_PART = r"[^\W\d_a-z][\w'’&·-]*(?:\.(?=\s+[A-Z]))?"
_JOINS = r"(?:\s+(?:of|the|de|del|van|von|al|bin|da|la|for|du)){0,2}\s+"
_NAME = re.compile(
    rf"\b{_PART}(?:\s+of\s+(?:{_PART}\s+){{1,3}}and\s+{_PART}|(?:{_JOINS}|:?\s+)(?:{_PART}|\d+\b(?![-–.,:]\d)))*"
)
_ENDS = "|".join(
    sorted(
        (STOP_WORDS - {"and"})
        | set(
            "won win wins made make makes sold sell sells got took take takes gave say says came come comes went goes"
            " go began begins open opens close closes cost costs lead leads led built became becomes held hold holds"
            " run runs ran play plays start starts".split()
        )
    )
)
_UNTIL = rf"(?=\s*(?:$|[?.,;:!()])|\s+(?:{_ENDS})\b|\s+\w+ed\b)"
_FEW_WORDS = rf"((?:(?!(?:{_ENDS})\b)[\w'’-]+\s+){{0,5}}?(?!(?:{_ENDS})\b)[\w'’-]+)"
_NOUN = re.compile(rf"\b(?:[Tt]he|[Aa]n?|any|some|each|[Ww]hich|[Ww]hat|[Hh]ow many|about|new)\s+{_FEW_WORDS}{_UNTIL}")
_TAIL = re.compile(rf"\s+(?:in|at|on|of|for|from|near|between|about|by|with)\s+(?:the\s+|an?\s+)?{_FEW_WORDS}{_UNTIL}")
_PREPOSITION = re.compile(r"\b(?:in|at|from|near|to|across|around)\s+(?:the\s+)?$", re.IGNORECASE)
_CALLED = re.compile(
    r"\b(?:series|film|movie|drama|book|novel|song|album|show|play|game|company|firm|startup|brand|ship|rocket|titled"
    r"|called)\s+[\"“‘']?$"
)
_MONTH = re.compile(rf"(?:{MONTH_NAME}|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b", re.IGNORECASE)
_PEOPLE = re.compile(r"[A-Z]\w+(?:ese|ish|ian|ican)s?")
_DO = re.compile(r"\b(?:did|does|do|will|would|can|could|should)\s+$", re.IGNORECASE)
_OF_MEASURE = re.compile(
    r"(?:price|cost|length|number|name|date|capital|size|budget|amount|share|value|title|score|age|height|cause|reason"
    r"|part|kind|result|rate|level|start|end|head|plot|cast)s? of (?:the |an? )?",
)
_THINGS = frozenset(
    "hall university bridge park company group bank festival awards award cup league studio studios party ministry"
    " court council union institute agency airport base prize press times news house museum center centre conference"
    " games association act bill open championship corporation inc ltd museum series river city".split()
)
_VENUES = frozenset(
    "park hall museum street square airport station university center centre base stadium theatre theater"
    " library".split()
)
_PLACES = frozenset("city district province county island islands river lake valley republic".split())
_NUMBERS = frozenset("one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty".split())
_SAYS = re.compile(r"'s\b|’s\b|\s+(?:is|was|has|had|will|did|does|won|beat|said|made|\w+ed|(?!as\b|its\b)\w+[^s\W]s)\b")
_GREETINGS = frozenset("hello hi hey thanks thank ok okay yes no please great cool good morning bye sure nice".split())
_PERSON_PARTS = (2, 3)
_MOST_TOPIC_CHARS = 80
_MOST_GIST_CHARS = 200
_MOST_READ_CHARS = 500


@dataclass(frozen=True, slots=True)
class Topic:
    """Something a turn is about, in its own words; `inside` a noun phrase that is another topic of the turn."""

    text: str
    sort: Sort
    inside: bool = False

    @property
    def bare(self) -> str:
        """The text without the article in front."""
        return self.text.removeprefix("the ")

    @property
    def is_name(self) -> bool:
        """Whether it can stand in a pronoun's place: a noun phrase could not."""
        return self.sort != "noun"


def topics_of(text: str) -> list[Topic]:
    """Return titles, names and noun phrases in the order they are said, none twice."""
    text = text[:_MOST_READ_CHARS]
    # Words in quotation marks that begin small are quoted, and name nothing.
    quoted = (m for m in _TITLE.finditer(text) if not (m[1] or "").strip()[:1].islower())
    titles = [(m.start(), m.end(), Topic((m[1] or f"《{m[2]}》").strip(" .,;"), "title")) for m in quoted]
    nouns = [noun for noun in _nouns(text) if not _within(noun, titles)]
    names = [name for name in _names(text) if not _within(name, titles)]
    names = [(start, end, replace(t, inside=_within((start, end, t), nouns))) for start, end, t in names]
    found = sorted((*titles, *nouns, *names), key=lambda place: place[0])
    return list({fold(topic.bare): topic for _, _, topic in reversed(found)}.values())[::-1]


def names_of(text: str) -> list[Topic]:
    """Return the text's titles and names in order, none twice."""
    return [topic for topic in topics_of(text) if topic.is_name]


def is_small_talk(question: str) -> bool:
    """Return whether nothing is asked: "Thanks!", "Hello, how are you?"."""
    said = words(question)
    return bool(_GREETINGS.intersection(said)) and _GREETINGS.union(STOP_WORDS).issuperset(said)


def gist_of(question: str) -> str:
    """Return the question's words without those it asks with; "" where it is a greeting or says nothing."""
    kept = [token.strip("?!.,;") for token in question.split()]
    spoken = [token for token in kept if words(token)]
    asking = WH_WORDS | _GREETINGS | {"is", "are", "was", "were", "do", "does", "did", "tell", "me", "about", "many"}
    while spoken and fold(spoken[0]) in asking:
        spoken.pop(0)
    gist = " ".join(spoken)[:_MOST_GIST_CHARS].strip()
    says = [word for word in words(gist) if word not in STOP_WORDS | _GREETINGS]
    return gist.removesuffix(" about") if says else ""


def agreeing(word: str, tiers: Iterable[Sequence[Topic]]) -> list[Topic]:
    """Return the topics that the word can mean, of the first tier that has one of the sort that fits best."""
    tiers = list(tiers)
    whole = [[topic for topic in tier if not topic.inside] for tier in tiers]
    if word in PERSONS:
        ranked = [_of_sort(tiers, "person"), _of_sort(whole, "name"), _of_sort(whole, "noun")]
    elif word == "there":
        ranked = [_of_sort(tiers, "place", "venue"), _of_sort(whole, "noun", "name")]
    elif word in {"it", "its"}:
        ranked = [_of_sort(whole, "noun", "title", "name", "venue"), _of_sort(whole, "place"), whole]
    else:
        return [topic for tier in whole for topic in tier]
    return next((tier for rank in ranked for tier in rank if tier), [])


def _of_sort(tiers: Iterable[Sequence[Topic]], *sorts: Sort) -> list[list[Topic]]:
    return [[topic for topic in tier if topic.sort in sorts] for tier in tiers]


def _within(one: tuple[int, int, Topic], others: Iterable[tuple[int, int, Topic]]) -> bool:
    return any(start < one[1] and one[0] < end for start, end, _ in others)


def _names(text: str) -> Iterable[tuple[int, int, Topic]]:
    for match in _NAME.finditer(text):
        start, name = match.start(), match.group().rstrip("'’.")
        first = _begins_sentence(text, start)
        if first and len(name.split()) == 1 and not _is_lone_name(name, text, match.end()):
            continue
        while name and (parts := name.split()) and _is_no_name(parts, first=first):
            start += len(name) - len(name.removeprefix(parts[0]).lstrip())
            name = name.removeprefix(parts[0]).lstrip()
        if name[:1].isupper() and len(name) <= _MOST_TOPIC_CHARS:
            before = text[:start][-40:]
            name = name.removesuffix("'s").removesuffix("’s")
            yield start, match.end(), Topic("the " * before.endswith("the ") + name, _sort_of(name, before))


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start][-8:].rstrip(" \n\"“'‘([1234567890])")
    return not before or before[-1] in ".?!:"


def _is_lone_name(name: str, text: str, end: int) -> bool:
    """Return whether a single word that begins a sentence is a name: what follows tells, or its capital elsewhere."""
    if fold(name) in _NUMBERS:
        return False
    plural = name.endswith("s")
    alone = not text[end:].strip(" ?.!") and end == len(text.rstrip(" ?.!")) and text.lstrip().startswith(name)
    return (alone and not plural) or bool(_SAYS.match(text, end)) or f" {name}" in text[end:]


def _is_no_name(parts: Sequence[str], *, first: bool) -> bool:
    """Return whether the first of the words is none of a name: "The" of a beginning, a month, a lone beginning."""
    if not parts[0][:1].isupper():
        return True
    # Where a name follows, "He" is one of China's commonest family names.
    if parts[0] == "He" and parts[1:] and parts[1][:1].isupper():
        return False
    word = parts[0].removesuffix("'s").removesuffix("’s")
    if fold(word) in STOP_WORDS | _GREETINGS | {"compare", "describe", "explain", "list", "find", "in", "of", "name"}:
        # "My Summer in Rome" in mid-sentence is a title, "The Quiet Sea won" has one.
        most = _PERSON_PARTS[0] if fold(word) == "the" else len(parts)
        return len(parts) <= (most if first else 1)
    lone = len(parts) == 1
    return bool(_MONTH.fullmatch(word)) or (lone and bool(_PEOPLE.fullmatch(word)))


def _sort_of(name: str, before: str) -> Sort:
    parts = [fold(part) for part in name.split()]
    if _VENUES.intersection(parts):
        return "venue"
    if _PREPOSITION.search(before) or _PLACES.intersection(parts):
        return "place"
    capitals = all(part[:1].isupper() for part in name.split())
    known = _CALLED.search(before) or _THINGS.intersection(parts) or ":" in name or parts[0] == "the"
    return "person" if len(parts) in _PERSON_PARTS and capitals and not known else "name"


def _nouns(text: str) -> Iterable[tuple[int, int, Topic]]:
    for match in _NOUN.finditer(text):
        start, end = match.span(1)
        tail = _TAIL.match(text, end)
        if tail and not STOP_WORDS.issuperset(words(tail[1])):
            named = _NAME.match(text, tail.start(1), tail.end(1))
            end = named.end() if named else tail.end(1)
        elif _DO.search(text, max(0, match.start() - 8), match.start()):
            # "Where did the probe land": the last word is the verb.
            end = start + len(text[start:end].rpartition(" ")[0]) or end
        phrase = _OF_MEASURE.sub("", text[start:end])
        lowered = [part for part in phrase.split() if part[:1].islower() and part not in STOP_WORDS]
        lone = match.group().lower().startswith(("which", "what")) and len(phrase.split()) == 1
        if lowered and not lone and len(phrase) <= _MOST_TOPIC_CHARS:
            yield start, end, Topic("the " * match.group().startswith("the ") + phrase.removeprefix("the "), "noun")
