"""Turns a question that leans on the conversation into one that stands alone. Knows no model and no article.

The conversation is read turn by turn: a question that stands alone sets the topic, one that leans keeps it. What a
pronoun means is written in its place where one name fits, and added in brackets where several do or only a phrase.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from rag.cjk import has_han
from rag.dates import MONTH_NAME
from rag.leaning import PERSONS, Lean, is_possessive, lean_of, leaning_places, token_spans
from rag.question import with_aside
from rag.records import Hit, Message, Notice
from rag.text import STOP_WORDS, content_words, fold, stem, stems_of, words
from rag.topics import Topic, agreeing, gist_of, is_small_talk, names_of, topics_of

_TURNS_READ = 6
_MOST_CHARS_OF_EACH = 500
_MOST_TOPICS = 3
_WRITTEN_OVER = PERSONS | {"it", "its"}
# The answer names what was asked for: "which film", "is there a park".
_SLOT = re.compile(
    r"\W*(?:which|what)\s+(?!(?:is|are|was|were|did|does|do|has|have|will|about|happens|makes|\w+ed)\b)\w"
    r"|\W*(?:is|are|was|were) there (?:a|an|any|some)\b",
    re.IGNORECASE,
)
_WHAT_DID = re.compile(r"\W*what (?:did|does|do|has|have|will)\b", re.IGNORECASE)
_WHO = re.compile(r"\W*(?:who|whom)\b|\W*(?:what|which) (?:is|was|are|were) the name", re.IGNORECASE)
_COMPARES = re.compile(
    r"\b(?:other|others|else|next|previous|following|rest|remaining|one|ones|first|second|third|last)\b"
)
_ADVERB = re.compile(r"\W*(?:and\s+)?(when|where|why|how)\W*", re.IGNORECASE)
_ASKS_ADVERB = re.compile(
    r"\W*(?:when|where|why|how)(?=\s+(?:did|does|do|is|are|was|were|will|has|have|can)\b)", re.IGNORECASE
)
_ORDINAL = re.compile(r"\b(?:first|second|third|fourth|fifth|last|1st|2nd|3rd|4th|5th)\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_MONTH = re.compile(rf"\b{MONTH_NAME}(?:\s+\d{{1,2}})?\b", re.IGNORECASE)
_PREPOSED = re.compile(r"(in|at|on|of|for|from|to|by|with|near|under)\s+(?:the\s+)?(.+)", re.IGNORECASE)
_CONTINUES = re.compile(r"\W*(?:(?:and|but|or|also|so|then|plus)\b\W*)+", re.IGNORECASE)
_CHINESE_PRONOUNS = {
    "它": "it",
    "他": "he",
    "她": "she",
    "它们": "they",
    "他们": "they",
    "她们": "they",
} | dict.fromkeys(("这", "那", "其"), "it")


@dataclass(frozen=True, slots=True)
class Resolution:
    """A question as the articles are asked it, and what made it so.

    `topic` is "" where nothing was added. Where it is not `sure` that the question leans, the articles should tell:
    see `leans_by_evidence`. The notice says that nothing in the conversation tells what a question that leans means.
    """

    question: str
    leaned: bool = False
    topic: str = ""
    sure: bool = True
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class _Talk:
    """What the conversation is about: topics by salience, names of later answers (newest first), the last question."""

    question: str = ""
    topics: tuple[tuple[Topic, ...], ...] = ()
    later: tuple[tuple[Topic, ...], ...] = ()
    stems: frozenset[str] = frozenset()


def resolve(question: str, history: Sequence[Message]) -> Resolution:
    """Return the question as it stands alone; as it is where it does, or where the conversation does not help."""
    talk = _Talk()
    for asked, answered in _turns(history):
        talk = _after(talk, asked, answered)
    return _resolved(question, talk) if history else Resolution(question)


def leans_by_evidence(question: str, topic: str, alone: Sequence[Hit], resolved: Sequence[Hit]) -> bool:
    """Return whether the best passage found with the topic is about it and holds the question's own words as well.

    As well as the best one found without: on a new topic it holds fewer of them, or nothing of the old one.
    """
    own = {stem(word) for word in content_words(question)}
    met = _met(own, resolved)
    return 0 < met >= _met(own, alone) and _met({stem(word) for word in content_words(topic)} - own, resolved) > 0


def _met(stems: set[str], hits: Sequence[Hit]) -> int:
    best = hits[0].passage if hits else None
    return len(stems & stems_of(f"{best.headline} {best.text}")) if best else 0


def _turns(history: Sequence[Message]) -> list[tuple[str, str]]:
    """Return the last questions with what was answered, "" where nothing was."""
    turns: list[tuple[str, str]] = []
    for message in history[-4 * _TURNS_READ :]:
        said = " ".join(message.content[:_MOST_CHARS_OF_EACH].split())
        if message.role == "user" and words(said):
            turns.append((said, ""))
        elif message.role == "assistant" and turns:
            turns[-1] = (turns[-1][0], f"{turns[-1][1]} {said}".strip())
    return turns[-_TURNS_READ:]


def _after(talk: _Talk, asked: str, answered: str) -> _Talk:
    """Return the conversation after a further turn."""
    if is_small_talk(asked):
        return talk
    found = _resolved(asked, talk)
    own = topics_of(found.question)
    known = {fold(topic.bare) for topic in own}
    names = tuple(name for name in names_of(answered) if fold(name.bare) not in known)
    stems = frozenset(map(stem, content_words(f"{found.question} {answered}"[:_MOST_CHARS_OF_EACH])))
    if found.leaned and not _is_swap(asked, talk):
        later = (_typed(asked, names), *talk.later)
        return replace(talk, question=found.question, later=later, stems=stems | talk.stems)
    gist = gist_of(found.question)
    if not own and gist:
        own = [Topic(gist, "noun")]
    if _WHAT_DID.match(asked):
        # "What did Acme launch?": a later "it" may be either.
        return _Talk(found.question, ((*_typed(asked, names), *own),), (), stems)
    if _SLOT.match(asked) and len(names) > 1:
        # Which of an answer's names is the one asked for, nobody tells: the question's own stay in front.
        return _Talk(found.question, ((*own, *_typed(asked, names)),), (), stems)
    tiers = (_typed(asked, names), tuple(own)) if _SLOT.match(asked) else (tuple(own), _typed(asked, names))
    return _Talk(found.question, tuple(tier for tier in tiers if tier), (), stems)


def _is_swap(asked: str, talk: _Talk) -> bool:
    return lean_of(asked, talk.stems).how == "swap"


def _typed(asked: str, names: tuple[Topic, ...]) -> tuple[Topic, ...]:
    """Return the names of an answer with what the question tells of them: "who" asks for a person, "which" for none."""
    if _WHO.match(asked):
        return tuple(replace(n, sort="person") if n.sort == "name" and not n.inside else n for n in names)
    if _SLOT.match(asked):
        return tuple(replace(n, sort="name") if n.sort == "person" else n for n in names)
    return names


def _resolved(question: str, talk: _Talk) -> Resolution:
    lean = lean_of(question, talk.stems)
    if lean.how == "alone":
        return Resolution(question)
    text, topic = _written(question, lean, talk)
    if topic and text == question:
        # It says all that could be added.
        return Resolution(question)
    if topic:
        # "What about the key rate?" may be a new topic.
        return Resolution(text, leaned=True, topic=topic, sure=lean.sure and not text.startswith("What about "))
    meant = f'what "{lean.word}" means' if lean.how in {"pronoun", "phrase"} else "what it is about"
    notice = Notice("follow_up", f"Asked as it stands: nothing in the conversation tells {meant}.")
    return Resolution(question, leaned=lean.sure, notice=notice if lean.sure else None)


def _written(question: str, lean: Lean, talk: _Talk) -> tuple[str, str]:
    """Return the question as it stands alone and the topic that made it so, "" where there is none."""
    match lean.how:
        case "swap":
            return _swapped(question, lean.word, talk)
        case "bare":
            return _asked_again(question, talk)
        case "pronoun" if lean.word in _CHINESE_PRONOUNS:
            return _replaced_in_chinese(question, lean.word, talk)
        case "pronoun":
            return _replaced(question, talk)
        case _:
            return _completed(question, lean, talk)


def _replaced(question: str, talk: _Talk) -> tuple[str, str]:
    """Return the question with a name in the place of the first pronoun that means just that, the rest behind it."""
    spans = token_spans(question)
    tokens = [question[start:end] for start, end in spans]
    written: dict[str, tuple[int, int, str]] = {}
    beside: list[str] = []
    for place in leaning_places(tokens):
        word = tokens[place].lower()
        meant = _meant(word, tokens[place + 1 : place + 2], talk)
        if word in _WRITTEN_OVER and len(meant) == 1 and meant[0].is_name:
            ending = "'s" if is_possessive([token.lower() for token in tokens], place) else ""
            written.setdefault(meant[0].text, (*spans[place], meant[0].text + ending))
        else:
            beside += [topic.text for topic in meant[:_MOST_TOPICS]]
    for start, end, name in reversed(written.values()):
        question = question[:start] + name + question[end:]
    beside = [text for text in beside if text not in question]
    return _with(question, beside), "; ".join(dict.fromkeys([*written, *beside]))


def _replaced_in_chinese(question: str, pronoun: str, talk: _Talk) -> tuple[str, str]:
    meant = agreeing(_CHINESE_PRONOUNS[pronoun], talk.topics)[:_MOST_TOPICS]
    topics = [topic.text for topic in meant]
    if len(meant) == 1 and meant[0].is_name and pronoun in "它他她":
        return question.replace(pronoun, topics[0], 1), topics[0]
    return _with(question, topics), "; ".join(topics)


def _meant(word: str, following: Sequence[str], talk: _Talk) -> list[Topic]:
    """Return what the pronoun can mean: of persons the last, of things the topic, of "that" what was asked."""
    if word in {"this", "that"}:
        if following and following[0].isalnum() and following[0].lower() not in STOP_WORDS:
            return agreeing("it", talk.topics)
        gist = gist_of(talk.question)
        return [Topic(gist, "noun")] if gist else []
    tiers = (*talk.later, *talk.topics) if word in PERSONS else (*talk.topics, *talk.later)
    return agreeing(word, tiers)


def _completed(question: str, lean: Lean, talk: _Talk) -> tuple[str, str]:
    """Return the question with the topic behind it; with the last question's gist where it compares with that."""
    topics = _said_last(talk)
    if _COMPARES.search(lean.word) and lean.how == "phrase":
        gist = gist_of(talk.question)
        further = (topic for topic in topics if not set(words(gist)).issuperset(words(topic)))
        topics = [gist, *islice(further, 1)]
    return _with(question, topics), "; ".join(topics)


def _said_last(talk: _Talk) -> list[str]:
    """Return the few topics that are most salient; one that is a mere noun phrase brings the next ones with it."""
    first = agreeing("", talk.topics[:1])
    named = any(topic.is_name for topic in first)
    return [t.text for t in (first if named else agreeing("", talk.topics))][:_MOST_TOPICS]


def _asked_again(question: str, talk: _Talk) -> tuple[str, str]:
    """Return the last question asked with "why" or "when" instead; where that does not go, the question about it."""
    adverb = _ADVERB.fullmatch(question)
    asks = _ASKS_ADVERB.match(talk.question)
    if adverb and asks:
        return adverb[1].capitalize() + talk.question[asks.end() :], talk.question
    gist = gist_of(talk.question)
    return _with(question, [gist]), gist


def _swapped(question: str, word: str, talk: _Talk) -> tuple[str, str]:
    """Return the last question with what is asked about now in the place of its like; else both, or its topic."""
    last = talk.question
    if not last:
        return question, ""
    for old, new in _parallels(last, word):
        if last.count(old) == 1 and fold(old) != fold(new):
            return last.replace(old, new), last
    if has_han(word):
        return with_aside(last, f"{word}呢"), last
    if any(token[:1].isupper() for token in word.split()):
        return with_aside(last, f"what about {word}"), last
    topics = _said_last(talk)
    return _with(f"What about {word}?", topics), "; ".join(topics)


def _parallels(last: str, word: str) -> Iterator[tuple[str, str]]:
    """Yield what of the last question is of the same kind as the word, where it has just one, and its replacement."""
    for kind in (_YEAR, _MONTH, _ORDINAL):
        old, new = kind.findall(last), kind.findall(word)
        if len(old) == len(new) == 1:
            yield old[0], new[0]
    preposed = _PREPOSED.fullmatch(word)
    preposition, core = (preposed[1], preposed[2]) if preposed else ("", word)
    names = names_of(f"about {core}")
    if len(names) == 1 and len(names[0].bare) + 4 >= len(core):
        like = [n for n in names_of(last) if (n.sort == "title") == (names[0].sort == "title")]
        if preposition:
            like = [n for n in like if re.search(rf"\b{preposition} (?:the )?{re.escape(n.bare)}", last)]
        if len(like) == 1:
            yield like[0].bare, names[0].bare
    head = core.split()[-1]
    found = re.findall(rf"\bthe (?:[\w'’-]+ ){{1,2}}{re.escape(head)}\b", last)
    if len(found) == 1:
        yield found[0], f"the {core.removeprefix('the ')}"


def _with(question: str, topics: Iterable[str]) -> str:
    """Return the question with what it is about behind it, without a continuation's "and" in front."""
    said = set(words(question))
    about = []
    for topic in topics:
        if not said.issuperset(words(topic)):
            about.append(topic)
            said.update(words(topic))
    if not about:
        return question
    begins = _CONTINUES.match(question)
    if begins and begins.end() < len(question):
        question = question[begins.end() : begins.end() + 1].upper() + question[begins.end() + 1 :]
    return with_aside(question, f"about {'; '.join(about)}")
