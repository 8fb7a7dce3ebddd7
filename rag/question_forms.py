"""Makes questions of what a sentence states, without a model. Knows words and names; no passage, no store, no answer.

Every form turns one shape of sentence into a question, grammatical by construction: an auxiliary changes places with
the subject ("was held": "When was ... held"), a past tense becomes "did" where its verb is known, a subject becomes
"who". A sentence of no such shape makes none. All forms are English.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rag.dates import MONTH_NAME
from rag.figures import Figure, figures
from rag.text import STOP_WORDS, one_line, words
from rag.topics import names_of

Form = Literal["amount", "date", "place", "person", "thing", "reason", "said", "story", "both"]

_MOST_SENTENCE_CHARS = 400
_MOST_SUBJECT_WORDS = 14
_MOST_TAIL_WORDS = 7

# "base:past" where the past is not regular. With no object behind it, the past of these is a participle, no predicate.
_TRANSITIVE = """
    accuse acquire add adopt announce appoint approve arrest attack attract award ban:banned beat:beat blame block
    build:built buy:bought cancel:cancelled choose:chose claim close complete condemn confirm contain cost:cost create
    criticise cut:cut defeat defend deliver demand deny describe design destroy develop direct discover donate
    draw:drew earn eliminate end establish exceed expand feature file find:found gain get:got give:gave hire hit:hit
    hold:held host include introduce invent invest issue join kill launch lead:led leave:left lose:lost make:made
    meet:met name offer open order organise own pass pay:paid play post produce propose provide publish purchase raise
    reach receive record reduce reject release remove rename replace report reveal score secure see:saw sell:sold
    send:sent serve share show sign spend:spent start stop:stopped sue suffer support surpass suspend take:took target
    tell:told top:topped unveil use visit win:won write:wrote
"""
_INTRANSITIVE = """
    arrive begin:began close collapse come:came conclude decline die drop:dropped end expire fall:fell grow:grew happen
    increase jump move occur open premiere resign retire return rise:rose sink:sank start surge take:took vanish
"""
_TOLD_OF = frozenset(
    "announce ban build buy create develop invent launch lose propose publish release sign win".split()
)
_MOVES = frozenset("rise fall grow increase drop decline jump surge".split())
_PAYS = frozenset("cost raise pay earn invest spend".split())


def _by_past(verbs: str) -> dict[str, str]:
    pairs = (verb.partition(":")[::2] for verb in verbs.split())
    return {past or re.sub(r"e?$", "ed", re.sub(r"(?<=[^aeou])y$", "i", base), count=1): base for base, past in pairs}


_INTRANSITIVE_BASE = _by_past(_INTRANSITIVE)
_BASE = _by_past(_TRANSITIVE) | _INTRANSITIVE_BASE
_FINITE = r"(?:was|were|is|are|will|has|have|had|can|could|would)"
_VERB = re.compile(rf"\s(?P<verb>(?P<auxiliary>{_FINITE})|{'|'.join(sorted(_BASE, key=len, reverse=True))})\s")
_PARTICIPLE = (
    r"(?:\w{2,}ed|born|bought|brought|built|caught|chosen|cut|drawn|driven|found|given|grown|held|hit|kept|known|laid|led"
    r"|lost|made|met|paid|put|seen|sent|set|shot|shown|sold|spent|taken|taught|told|won|written)"
)
_PREPOSITION = (
    r"(?:of|in|on|at|by|for|with|from|to|into|as|over|after|before|during|since|about|around|against|between)\b"
)
_QUANTIFIER = (
    r"(?:(?:more|fewer|less|no more) than|at (?:least|most)|up to|over|nearly|almost|about|around|approximately|roughly"
    r"|some|only|just|an? (?:estimated|total of|record)|as many as|another|the|all|its|their)\s"
)
_NUMBER = re.compile(r"(?i)^(?:[\d.,]+|[a-z]+(?:-[a-z]+)?(?=\s))(?:[\s-](?:hundred|thousand|[mbtr]{1,2}illion))*[\s-]?")
_ON_A_DAY = re.compile(
    rf"(?i)\s?\b(?:on|in)\s(?:{MONTH_NAME}\s+\d{{1,2}}(?:,?\s+\d{{4}})?|\d{{1,2}}\s+{MONTH_NAME}(?:\s+\d{{4}})?"
    rf"|{MONTH_NAME},?\s+\d{{4}}|(?:19|20)\d\d)(?!\w)"
)
_INTRODUCTION = re.compile(
    r"^(?:[A-Z][a-z]+ly|However|Meanwhile|Moreover|(?:On|In|At|During|After|Before|For|With|From|Since|By|Under|Despite"
    r"|According to|Following|To|Over)\b[^,;:]{1,80}(?:,\s\d{4})?),\s+"
)
_ASIDE = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])|(?<=[a-z]),\s[^,;:]{3,90},(?=\s[a-z]+\b)")
_CUT = re.compile(
    r"\s*(?:[,;:—–!?\"“”]|\s-\s|\.$|\b(?:which|who|whose|while|but|because|although|though|when|where|whereas|so that"
    r"|as well as|according|if|after|before|than|due to|that|with plans)\b).*$"
)
_NO_SUBJECT = frozenset("a an the who which that what how why whose where when while as if because than not to".split())
_PLACED = "held|filmed|born|founded|built|located|based|launched|staged|signed|buried|shot|headquartered"
_ROLE = (
    r"(?:actor|actress|analyst|artist|author|chair(?:wo)?man|chair|chief|coach|commissioner|CEO|co-founder|composer|director"
    r"|economist|editor|executive|founder|general|governor|judge|king|lawyer|leader|manager|mayor|minister|musician|officer"
    r"|owner|planner|player|politician|president|producer|professor|prosecutor|queen|researcher|scientist|secretary|senator"
    r"|singer|songwriter|spokes(?:wo)?man|spokesperson|striker|writer)"
)
_PERSON = r"[A-Z][\w’-]+(?:\s(?:de|van|von|al|bin|[A-Z]\.))?(?:\s[A-Z][\w-]+){1,2}(?![’']s?\w)"
_APPOSED = re.compile(
    rf"(?P<before>{_PERSON}),\s(?:[\w’'&.-]+\s){{0,5}}?(?i:{_ROLE})\b|\b{_ROLE}\s(?P<behind>{_PERSON})(?=[\s,.])"
)
_SPEAKER = re.compile(
    rf"[,”\"]\s(?:said|says)\s(?:\w+\s){{0,2}}?(?P<behind>{_PERSON})"
    rf"|(?P<front>{_PERSON})(?:,[^,]{{3,80}},)?\s(?:said|says|noted|stated)\b"
)
_SOURCE = re.compile(r"\b(?:told|tells|with|to|at|on|by|via|from|for)\s(?:the\s)?$")
Made = Iterator[tuple[Form, str]]


@dataclass(frozen=True, slots=True)
class _Clause:
    """A sentence cut at its first verb: "It cost 3 million" is "It", "cost", "did", "cost", "3 million"."""

    subject: str
    verb: str
    auxiliary: str
    base: str
    rest: str
    introduction: str

    def asked(self, rest: str) -> str:
        """Return auxiliary, subject, verb and rest: the order of words behind "when" or "how many episodes"."""
        return f"{self.auxiliary} {self.subject} {self.base} {rest}"

    @property
    def named(self) -> bool:
        """Whether the subject is one name."""
        names = names_of(f"about {self.subject}")
        return len(names) == 1 and names[0].bare == self.subject.removeprefix("the ")


def questions_of(sentence: str, context: str) -> Made:
    """Yield (form, question) of what an English sentence states; no question ends in its mark, and some are lame.

    The context is the sentence's headline and passage: what else they say tells a name from a sentence's beginning.
    """
    # Some corpora set spaces before punctuation.
    sentence = re.sub(r"\s+(?=[,.;:!?%)]|'s\b|n't\b)", "", one_line(sentence.replace("``", "“").replace("''", "”")))
    if len(sentence) > _MOST_SENTENCE_CHARS:
        return
    yield from _who_is(sentence)
    yield from _what_was_said(sentence)
    clause = _clause(sentence, context)
    if clause:
        yield from _what_is(clause, context)
        for form in (_when, _where, _why, _what_was_done, _who_did, _how_many, _how_much):
            yield from form(clause)


def _clause(sentence: str, context: str) -> _Clause | None:
    """Return the sentence cut at its first verb; None where what stands before is no plain subject."""
    sentence = _ASIDE.sub("", sentence)
    begins = _INTRODUCTION.match(sentence)
    introduction = begins.group() if begins else ""
    rest = sentence[len(introduction) :]
    found = _VERB.search(rest)
    subject = _subject(rest[: found.start()], "" if begins else context) if found else ""
    if not found or not subject:
        return None
    verb, rest = found["verb"], rest[found.end() :]
    possesses = verb in {"has", "have", "had"} and not re.match(rf"(?:\w+ly |been )?{_PARTICIPLE}\b", rest)
    if found["auxiliary"] and not possesses:
        return _Clause(subject, verb, verb, "", rest, introduction)
    bare = verb in _BASE and verb not in _INTRANSITIVE_BASE and re.match(_PREPOSITION, rest)
    if bare or re.match(r"by\s\D", rest) or re.search(rf"\s{_FINITE}\s", _cut(rest)):
        return None
    auxiliary = {"has": "does", "have": "do"}.get(verb, "did")
    return _Clause(subject, verb, auxiliary, _BASE.get(verb, "have"), rest, introduction)


def _subject(text: str, context: str) -> str:
    """Return the words as they stand behind an auxiliary; "" where they are no noun phrase that stands alone.

    With a context they begin the sentence, and a capital means a name only where the context has it elsewhere too.
    """
    parts = text.split()
    lower = [part.lower() for part in parts]
    plain = not re.search(r"[,;:()—–?!]", text) and not _NO_SUBJECT & {*lower[1:]} - {"the"}
    if not plain or not 0 < len(parts) <= _MOST_SUBJECT_WORDS:
        return ""
    if lower[0] in {"the", "a", "an"}:
        return f"{lower[0]} {' '.join(parts[1:])}" if parts[2:] or text[len(parts[0]) + 1 :][:1].isupper() else ""
    if lower[0] in STOP_WORDS or re.match(_PREPOSITION, lower[0]) or lower[1:2] == ["the"]:
        return ""
    recurs = context and re.search(rf"[a-z,]\s{re.escape(parts[0])}\b", context)
    known = not context or (len(parts) > 1 and parts[1][:1].isupper()) or recurs
    return text.strip() if known and parts[0][:1].isupper() else ""


def _when(clause: _Clause) -> Made:
    if clause.auxiliary not in {"was", "were", "will", "did"} or clause.subject.startswith(("a ", "an ")):
        return
    rest = _cut(clause.rest)
    inside = _ON_A_DAY.search(rest)
    said = rest[: inside.start()] if inside else rest
    introduced = clause.introduction.startswith(("On", "In")) and _ON_A_DAY.search(clause.introduction)
    if (inside or introduced) and (said or clause.base in _INTRANSITIVE_BASE.values()):
        yield "date", f"When {clause.asked(said)}"


def _where(clause: _Clause) -> Made:
    rest = _ON_A_DAY.sub("", _cut(clause.rest))
    what = rf"(?:be )?(?:\w+ly )?(?:{_PLACED})" if clause.auxiliary in {"was", "were", "will", "is", "are"} else "place"
    placed = re.match(rf"(?P<what>{what})\s(?:in|at)\s(?:the )?[A-Z]", rest)
    if placed and clause.base in {"", "take"}:
        yield "place", f"Where {clause.asked(placed['what'])}"


def _why(clause: _Clause) -> Made:
    told, because, _ = clause.rest.partition(" because ")
    if because and told == _cut(told) and len(told.split()) > 1:
        yield "reason", f"Why {clause.asked(told)}"


def _what_is(clause: _Clause, context: str) -> Made:
    if clause.verb not in {"is", "was"} or not re.match(r"(?:a|an|the|one of)\s", clause.rest) or not clause.named:
        return
    role = re.search(rf"\b{_ROLE}\b", " ".join(clause.rest.split()[:9]))
    somebody = re.search(r"\b(?:[Hh]e|[Ss]he|[Hh]is|[Hh]er)\b", context)
    if bool(role) == bool(somebody):
        yield ("person" if role else "thing"), f"{'Who' if role else 'What'} {clause.verb} {clause.subject}"


def _what_was_done(clause: _Clause) -> Made:
    if clause.named and clause.auxiliary == "did" and clause.base in _TOLD_OF:
        yield "thing", f"What {clause.asked('')}"
    done = re.match(rf"(?P<what>{_PARTICIPLE})\s(?!{_PREPOSITION})", clause.rest) if clause.verb == "has" else None
    if clause.named and done and _BASE.get(done["what"]) in _TOLD_OF:
        yield "thing", f"What {clause.asked(done['what'])}"


def _who_did(clause: _Clause) -> Made:
    if clause.base in {"", "tell", "have"} or not re.fullmatch(_PERSON, clause.subject):
        return
    if [name.sort for name in names_of(f"about {clause.subject}")] == ["person"]:
        yield "person", f"Who {clause.verb} {_cut(clause.rest)}"


def _how_many(clause: _Clause) -> Made:
    """Yield of "The series has produced 80 episodes in Rome": how many episodes has the series produced in Rome."""
    passive = rf"(?:\w+ly |be |been )?(?:{_PARTICIPLE}|home|expected|set)\b"
    for figure, noun in _counted(clause.rest):
        verbs = re.fullmatch(rf"((?:[a-z-]+\s){{0,4}}?)(?:{_QUANTIFIER})*", clause.rest[: figure.span.start])
        after = clause.rest[figure.span.end :]
        more = re.match(rf"(?:\s(?!{_PREPOSITION}|and\b|or\b)[a-z][\w-]*){{0,2}}(?=\s{_PREPOSITION}|[.,;]|$)", after)
        if not verbs or not more or (clause.base and len(verbs[1].split()) > 1):
            continue
        if clause.base or clause.verb == "will" or re.match(passive, verbs[1]):
            tail = _cut(after[more.end() :])
            tail = tail if len(tail.split()) <= _MOST_TAIL_WORDS else ""
            yield "amount", f"How many {noun}{more.group()} {clause.asked(verbs[1] + tail)}"
            return


def _how_much(clause: _Clause) -> Made:
    first = next(iter(figures(clause.rest)), None)
    if not first or not re.fullmatch(rf"(?:by\s)?(?:{_QUANTIFIER})*", clause.rest[: first.span.start]):
        return
    if first.unit == "%" and clause.base in _MOVES:
        yield "amount", f"By how much {clause.asked('')}"
    elif first.unit in {"USD", "EUR", "GBP", "CNY"} and clause.base in _PAYS:
        yield "amount", f"How much {clause.asked('')}"


def _counted(text: str) -> Iterator[tuple[Figure, str]]:
    """Yield the figures that count something, with the plural of it."""
    for figure in figures(text):
        noun = _NUMBER.sub("", figure.span.of(text)).strip()
        plain = re.fullmatch(r"[A-Za-z][\w’' -]*[sen]", noun) and f"-{noun}" not in text
        if plain and figure.unit[:1].islower() and "/" not in figure.unit:
            yield figure, noun


def _who_is(sentence: str) -> Made:
    for found in _APPOSED.finditer(sentence):
        name = _person(found["before"] or found["behind"], sentence)
        if name:
            yield "person", f"Who is {name}"


def _what_was_said(sentence: str) -> Made:
    speaker = _SPEAKER.search(sentence)
    name = _person(speaker["front"] or speaker["behind"], sentence) if speaker else ""
    if not speaker or not name:
        return
    rest = re.sub(r"(?:[A-Z][\w’'-]*\s)+$", "", sentence[: speaker.start()]) + " " + sentence[speaker.end() :]
    for topic in names_of(rest):
        told = _SOURCE.search(rest[: max(rest.find(topic.text), 0)])
        if not told and not {*words(topic.text)} & {*words(name)} and topic.text in rest:
            yield "said", f"What did {name} say about {topic.text}"
            return


def _person(name: str, sentence: str) -> str:
    """Return the name without the office in front; "" where it is the end of a longer one or no person's."""
    parts = name.split()
    while parts and (re.fullmatch(_ROLE, parts[0], re.IGNORECASE) or parts[0].lower() in STOP_WORDS):
        parts = parts[1:]
    before = re.search(r"[A-Z][\w’'-]*\s$", sentence[: sentence.find(name)])
    longer = (
        len(parts) == len(name.split()) and before and not re.fullmatch(_ROLE, before.group().strip(), re.IGNORECASE)
    )
    bare = " ".join(parts)
    return "" if longer or [topic.sort for topic in names_of(f"about {bare}")] != ["person"] else bare


def _cut(rest: str) -> str:
    return _CUT.sub("", rest.strip()).strip()
