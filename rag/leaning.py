"""Tells whether a question leans on what was said before, and on which of its words. Knows words, no conversation.

There is no parser of English here: small lists of function words decide, and what they leave open is called unsure.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.cjk import has_han
from rag.text import STOP_WORDS, content_words, count_words, fold, stem, words

How = Literal["alone", "pronoun", "phrase", "swap", "bare", "short"]

PERSONS = frozenset("he him his she her hers".split())
POSSESSIVES = frozenset("its his her their".split())
_PRONOUNS = PERSONS | frozenset("it its they them their theirs".split())
_POINTERS = frozenset("this that these those".split())
WH_WORDS = frozenset("what which who whom whose when where why how".split())
_AUXILIARIES = frozenset(
    "is are was were be been am do does did has have had will would can could should may might must isn't".split()
)
_PREPOSITIONS = frozenset(
    "in at on of for from to by with about near after before since during under over into than like as".split()
)
_VERBS_OF_DOING = frozenset("plan plans say says said cost costs open start begin end take get make work".split())
_CLAUSE_MARKS = frozenset(", ; and or but if because when while before after since though although until".split())
_MOMENTS = frozenset(
    "year years month months week weeks weekend day days morning afternoon evening night time season spring summer"
    " autumn winter quarter century decade".split()
)
# "the next president of France" stands alone, "the next level down" does not: a name anywhere tells them apart.
_COMPARING = re.compile(
    r"\bthe (?:other|others|next|previous|following|rest|remaining|former|latter|same|opposite)\b"
    r"|\b(?:what|who|where|how|anyone|anything|anybody|something|nothing) else\b|\b(?:another|any|which) ones?\b"
    r"|\bthe (?:\w+ ){1,2}ones?\b|\b(?:both|each|all|none|most|some|neither|either) of (?:them|these|those)\b"
    r"|\b(?:any|what|which|some) others?\b|\bthe (?:first|second|third|last|other|others)\W*$|\bback then\b|\bthen\W*$"
)
_EXPLETIVE = re.compile(
    r"\bwhat time is it\b|\bis it (?:raining|snowing|cold|hot|dark)\b|\bhow (?:is|was|come) it that\b"
    r"|\b(?:is|was|isn't|wasn't|be) it (?:\w+ly )?\w+ (?:that|who|if|whether|when) \w|\bit 's \w+ that\b"
    r"|\bit (?:be |is |was )?(?:im|il|un)?(?:possible|legal|safe|easy|hard|difficult|worth|ok|better|necessary"
    r"|important|allowed|normal|cheap|cheaper|like|usual|customary) (?:for .{1,40})?(?:to|that|if)\b"
    r"|\bit (?:takes?|took|costs?|means?) (?:(?:for )?(?:an? )?\w+ ){0,2}?to\b"
)
_ABOUT = re.compile(r"\W*(?:(?:and|but|or|so|ok|okay)\W+)*(?:what|how)\s+about\s+(.{1,120}?)[\s?.!]*", re.IGNORECASE)
_SAME_FOR = re.compile(
    r"\W*(?:and\s+)?(?:the\s+)?same(?:\s+question)?,?\s+(?:for|in|with|about|of)\s+(.{1,120}?)[\s?.!]*", re.IGNORECASE
)
_BEGINS_ON = re.compile(r"\W*(?:(?:and|but|or|also|so|then|plus)\b\W*)+", re.IGNORECASE)
_NAMED = re.compile(r"(?<!^)(?<![.!?]\s)\b(?!I\b)[A-Z][\w'’-]*|[\"“«《「]")
# "the price of oil": the noun brings what it belongs to.
_BELONGS = re.compile(r"\bthe (?:\w+ ){0,3}?\w+ (?:of|in|at|for|between|behind) (?:the |a |an )?(\w+)")
# What a thing that has a name is called by, the second time.
_KIND = re.compile(
    r"\bthe (?:film|movie|series|show|drama|book|novel|song|album|company|firm|agency|festival|event|competition"
    r"|contest|award|prize|project|plan|programme|park|museum|building|bridge|team|club|game|match|tournament|ship|plane|rocket"
    r"|mission|deal|agreement|law|bill|drug|vaccine|study|report|actor|actress|director|author|singer|minister"
    r"|man|woman|city|town|district|country)\b"
)
_SPEAKER = re.compile(r"\b(?:i|i'm|my|me|we|our|today|tomorrow|tonight|yesterday|you|your)\b")
_TALK = re.compile(r"\b(?:tell|show|give) (?:me|us)\b|\bdo you (?:know|think|mean)\b|\b(?:are|were) you sure\b")
_AFTER_NOUN = "|".join(sorted(_AUXILIARIES | _PREPOSITIONS | _VERBS_OF_DOING | {"and", "or"}))
_DEFINITE = re.compile(rf"\b(?:the|such(?: an?)?) ((?:\w+ ){{0,2}}?\w+)(?=\W*$| (?:{_AFTER_NOUN})\b)")
# Nothing but these asks again, or for more, about the question before.
_FILLERS = STOP_WORDS | frozenset(
    "true sure real correct right example examples detail details continue explain elaborate exactly specifically"
    " happen happened happens mean means year date day month time place city country reason reasons else go next"
    " many much often long far precisely ok okay wow hm interesting".split()
)
_CHINESE_PRONOUN = re.compile(r"它们|他们|她们|它|他|她|这(?!里|么|样|次|年|是什么)|那(?!么|时)|其(?!他|它|中|实)")
_CHINESE_SWAP = re.compile(r"(?:那么|那|还有|另外|而)?[，,\s]*(.{1,40}?)呢[？?\s]*")
_CHINESE_ON = re.compile(r"^(?:那么|还有|另外|然后)")

_FEWEST_WORDS = 3
_MOST_FRAGMENT_WORDS = 5
# Who says that much names what it is about.
_MOST_WORDS = 60
_TOKEN = re.compile(r"[^\W_]+(?:-[^\W_]+)*|['’]\w+|[,;:?!.]")


@dataclass(frozen=True, slots=True)
class Lean:
    """How a question leans, and on which word or phrase of its own; of a swap, what is put in another's place.

    "bare": it says nothing by itself ("Why?"); "short": it names no subject; "phrase": "that show", "the other two".
    """

    how: How
    word: str = ""
    sure: bool = True


ALONE = Lean("alone")


def lean_of(question: str, said: Collection[str] = ()) -> Lean:
    """Return how the question leans; `said` holds the stems of what was said last, for "the bridge" said again."""
    if len(question) > _MOST_WORDS * 20 or count_words(question) > _MOST_WORDS:
        return ALONE
    if has_han(question):
        return _chinese(question)
    tokens = tokens_of(question)
    return _swap(question, tokens) or _bare(question, tokens) or _pointing(question, tokens, said) or _short(question)


def names_itself(question: str) -> bool:
    """Return whether the question has a name of its own, or a noun with what it belongs to ("the price of oil")."""
    if _NAMED.search(question):
        return True
    belongs = _BELONGS.search(fold(question))
    return belongs is not None and belongs[1] not in STOP_WORDS


def tokens_of(question: str) -> list[str]:
    """Return words and marks in order, case kept; of "it's" two."""
    return _TOKEN.findall(question)


def token_spans(question: str) -> list[tuple[int, int]]:
    """Return where each of the tokens stands."""
    return [match.span() for match in _TOKEN.finditer(question)]


def leaning_places(tokens: Sequence[str]) -> Iterator[int]:
    """Return the places of the pronouns that refer to nothing in the question itself."""
    lower = [token.lower() for token in tokens]
    expletive = _expletive_places(lower)
    return (place for place in range(len(lower)) if place not in expletive and _leans_at(tokens, lower, place))


def _leans_at(tokens: Sequence[str], lower: Sequence[str], place: int) -> bool:
    if lower[place] in _PRONOUNS:
        return not _is_bound(tokens, lower, place)
    if lower[place] in _POINTERS:
        return _points(lower, place)
    return lower[place] == "there" and _is_place(lower, place) and not _clause_before(tokens, lower, place)


def _expletive_places(lower: Sequence[str]) -> set[int]:
    """Return where "it" stands for nothing: "is it true that", "how long does it take to"."""
    found = _EXPLETIVE.search(" ".join(lower))
    return {lower.index("it")} if found and "it" in lower else set()


def _is_bound(tokens: Sequence[str], lower: Sequence[str], place: int) -> bool:
    if is_possessive(lower, place):
        # "What did Acme say of its plans?", "Which firms raised their prices?"; but not "What are its plans?"
        return _subject_before(tokens, lower, place)
    return _clause_before(tokens, lower, place)


def is_possessive(lower: Sequence[str], place: int) -> bool:
    """Return whether the pronoun that stands there tells whose something is: "her book", not "to her"."""
    if lower[place] not in POSSESSIVES:
        return False
    following = lower[place + 1] if place + 1 < len(lower) else "?"
    return lower[place] != "her" or (following.isalnum() and following not in STOP_WORDS)


def _subject_before(tokens: Sequence[str], lower: Sequence[str], place: int) -> bool:
    before = range(1, place)
    if any(_is_named(tokens, at) for at in before):
        return True
    if lower[0] in {"which", "what", "how"} and not _AUXILIARIES.intersection(lower[:place]):
        return sum(word not in STOP_WORDS for word in lower[1:place]) > 1
    determined = (at for at in before if lower[at - 1] in {"the", "a", "an", "do", "can", "should", "did", "does"})
    return any(lower[at] not in STOP_WORDS for at in determined)


def _clause_before(tokens: Sequence[str], lower: Sequence[str], place: int) -> bool:
    """Return whether an earlier clause of the question has a name or a noun: "When did X close and who owned it?"."""
    marks = [at for at in range(1, place) if lower[at] in _CLAUSE_MARKS]
    if not marks:
        return False
    last = marks[-1]
    named = any(_is_named(tokens, at) for at in range(1, last))
    return named or any(lower[at - 1] in {"the", "a", "an"} and lower[at] not in STOP_WORDS for at in range(1, last))


def _is_named(tokens: Sequence[str], at: int) -> bool:
    return tokens[at][:1].isupper() and tokens[at].lower() not in STOP_WORDS and tokens[at - 1] not in {".", "?", "!"}


def _points(lower: Sequence[str], place: int) -> bool:
    """Return whether "this", "that", "these" or "those" points back, and is no conjunction and no "this year"."""
    word = lower[place]
    after = lower[place + 1] if place + 1 < len(lower) else "?"
    if after in _MOMENTS or (word == "those" and after in {"who", "of"}):
        return False
    if word != "that" or place == 0:
        return True
    before = lower[place - 1]
    if before in _AUXILIARIES | _PREPOSITIONS | WH_WORDS | {"and", "but", "so"} or not after.isalnum():
        return True
    if place > 1 and lower[place - 2] in {"the", "a", "an", "which", "what", "any", "all", "it"}:
        return False
    left = [token for token in lower[place + 1 :] if token.isalnum()]
    return len(left) == 1 and before not in STOP_WORDS and not before.endswith("s")


def _is_place(lower: Sequence[str], place: int) -> bool:
    """Return whether "there" is a place, and not the "there" of "there is"."""
    around = {lower[place - 1] if place else "", lower[place + 1] if place + 1 < len(lower) else ""}
    last = not any(token.isalnum() for token in lower[place + 1 :])
    return not around & _AUXILIARIES or (last and not {"are", "is", "was", "were"} & around)


def _swap(question: str, tokens: Sequence[str]) -> Lean | None:
    """Return what a question like "What about Rome?", "And in Rome?" or "Rome?" puts in another's place."""
    found = _ABOUT.fullmatch(question) or _SAME_FOR.fullmatch(question)
    if found:
        inside = tokens_of(found[1])
        free = not any(leaning_places(inside))
        return Lean("swap", found[1].strip(), sure=True) if free and len(inside) <= 2 * _MOST_FRAGMENT_WORDS else None
    begins = _BEGINS_ON.match(question)
    rest = question[begins.end() :] if begins else question
    said = words(rest)
    sentence = not said or len(said) > _MOST_FRAGMENT_WORDS or _AUXILIARIES.union(WH_WORDS).intersection(said)
    if sentence or any(leaning_places(tokens)) or set(said) <= _FILLERS:
        return None
    fragment = rest.strip(" ?.!")
    if begins or said[0] in _PREPOSITIONS:
        return Lean("swap", fragment) if rest.rstrip().endswith("?") or begins else None
    names_only = all(token[:1].isupper() for token in tokens if token.isalnum())
    return Lean("swap", fragment, sure=False) if names_only and rest.rstrip().endswith("?") else None


def _bare(question: str, tokens: Sequence[str]) -> Lean | None:
    if not _is_bare(question, tokens):
        return None
    return Lean("bare", _BEGINS_ON.sub("", question, count=1).strip(" ?.!") or question)


def _is_bare(question: str, tokens: Sequence[str]) -> bool:
    said = [token.lower() for token in tokens if token[:1].isalnum()]
    if not said or not set(said) <= _FILLERS or _expletive_places(said):
        return False
    personal = (_PRONOUNS - {"it"}).intersection(said) or ("it" in said and not {"true", "real", "right"} & set(said))
    asked = WH_WORDS.intersection(said) or _BEGINS_ON.match(question) or _TALK.search(fold(question))
    short = len(said) <= _MOST_FRAGMENT_WORDS
    return not personal and short and bool(asked or not _AUXILIARIES.intersection(said) or "true" in said)


def _pointing(question: str, tokens: Sequence[str], said: Collection[str]) -> Lean | None:
    pronoun = next((tokens[place] for place in leaning_places(tokens)), None)
    if pronoun:
        return Lean("pronoun", pronoun)
    phrase = _phrase(fold(question), said)
    return Lean("phrase", phrase) if phrase and not names_itself(question) else None


def _phrase(folded: str, said: Collection[str]) -> str | None:
    """Return the phrase that compares with something said, or says the noun of something said with "the"."""
    compared = _COMPARING.search(folded)
    if compared:
        return compared.group().strip(" ?.!")
    for found in _DEFINITE.finditer(folded):
        if stem(found[1].split()[-1]) in said:
            return found.group()
    return None


def _short(question: str) -> Lean:
    if names_itself(question):
        return ALONE
    kind = _KIND.search(fold(question))
    if kind:
        return Lean("phrase", kind.group(), sure=False)
    few = len(content_words(question)) < _FEWEST_WORDS
    if _BEGINS_ON.match(question):
        return Lean("short", _BEGINS_ON.sub("", question, count=1), sure=few and not _SPEAKER.search(fold(question)))
    unspoken = not _SPEAKER.search(fold(question)) or _TALK.search(fold(question))
    return Lean("short", question, sure=False) if few and unspoken else ALONE


def _chinese(question: str) -> Lean:
    pronoun = _CHINESE_PRONOUN.search(question)
    swapped = _CHINESE_SWAP.fullmatch(question.strip())
    if swapped and not _CHINESE_PRONOUN.search(swapped[1]):
        return Lean("swap", swapped[1].strip())
    if pronoun:
        return Lean("pronoun", pronoun.group())
    if re.fullmatch(r"(?:为什么|什么时候|在?哪里|谁|多少|真的吗|怎么)[？?\s]*", question.strip()):
        return Lean("bare", question)
    return Lean("short", question, sure=True) if _CHINESE_ON.match(question) else ALONE
