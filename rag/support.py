"""Says whether a quoted sentence says another one, which is free but for this: it only leaves whole phrases out.

A phrase of time or place and who said it may move to the other end, and "Ana opened it" may be said as "it was opened
by Ana". Knows how sentences are turned round; what can be spared in one, rag.omissions knows.
"""

import re
from collections.abc import Iterator, Sequence

from rag.joining_words import BE, FREE, PREPOSITIONS, REPORTING
from rag.omissions import Source, source_of
from rag.readings import Term, is_verb, plain, read_terms
from rag.text import fold

_MOST_TERMS = 200
_MOST_MOVED = 8
_BY_WHOM = re.compile(
    r"^according to (?P<a>[^,]{1,80}), (?P<w>.+)$|^(?P<b>[^,]{1,80}?) said(?: that)? (?P<x>.+)$"
    r"|^(?P<y>.+?),? according to (?P<c>[^,]{1,80})$|^(?P<z>.+?),? said (?P<d>[^,]{1,80})$"
    r"|^(?P<v>.+?), (?P<e>[^,]{1,80}) said$",
    re.IGNORECASE,
)


def is_supported(text: str, quoted: str) -> bool:
    """Return whether the quote says the text; never for a text without a word of its own."""
    source = source_of(quoted)
    said = _said(text)
    if not said or max(len(said), len(source.terms)) > _MOST_TERMS or all(term.function for term in said):
        return False
    if not _quotes_stand(text, quoted):
        return False
    if source.may_say(said) and (source.align(said) or any(source.says_moved(*moved) for moved in _moved(said))):
        return True
    return any(map(source.align, _turned(said, source))) or _says_attributed(text, source)


def _said(text: str) -> tuple[Term, ...]:
    return tuple(term for term in read_terms(text) if term.key not in FREE)


def _quotes_stand(text: str, quoted: str) -> bool:
    """Return whether all that the text puts in quotation marks stands in the quote, word for word."""
    there = fold(plain(quoted))
    return all(fold(said) in there for said in re.findall(r'"([^"]{1,2000})"?', plain(text)) if said.strip())


def _moved(said: Sequence[Term]) -> Iterator[tuple[Sequence[Term], Sequence[Term]]]:
    """Yield (phrase, rest) for a phrase of time or place that opens or ends the sentence."""
    if said[0].key in PREPOSITIONS or said[0].kind == "date":
        for end in range(1, min(len(said) - 1, _MOST_MOVED)):
            yield said[:end], said[end:]
    for start in range(max(len(said) - _MOST_MOVED, 1), len(said)):
        if said[start].key in PREPOSITIONS or said[start].kind == "date":
            yield said[start:], said[:start]


def _says_attributed(text: str, source: Source) -> bool:
    """Return whether the quote says the text where who said it stands at another place; one speaker alone may move."""
    told = _BY_WHOM.match(plain(text).rstrip(".!? "))
    if told is None or sum(term.key in REPORTING for term in source.terms) != 1:
        return False
    who = _said(next(filter(None, (told[name] for name in "abcde"))))
    rest = _said(next(filter(None, (told[name] for name in "vwxyz"))))
    place = next(n for n, term in enumerate(source.terms) if term.key in REPORTING)
    return bool(who and rest) and source.speaks(who, place) and source.align(rest) is not None


def _turned(said: Sequence[Term], source: Source) -> Iterator[Sequence[Term]]:
    """Yield the sentence in the active where it is in the passive, and in the passive where it is in the active."""
    verb = next((n for n, term in enumerate(said) if is_verb(term) and term.key not in BE and n), None)
    if verb is None:
        return
    before, after = said[:verb], said[verb + 1 :]
    if before[-1].key in BE:
        yield from _active(before[:-1], said[verb], after)
        return
    for form in ("was", "were") if after else ():
        if source.may_say([Term(form), Term("by")]):
            for end in range(1, min(len(after), _MOST_MOVED) + 1):
                yield [*after[:end], Term(form), said[verb], Term("by"), *before, *after[end:]]
                yield [*after[:end], Term(form), said[verb], *after[end:], Term("by"), *before]


def _active(whom: Sequence[Term], verb: Term, after: Sequence[Term]) -> Iterator[Sequence[Term]]:
    """Yield who did it, the verb, whom, and the rest; without who where that is not said."""
    by = next((n for n, term in enumerate(after) if term.key == "by"), None)
    if by is None:
        yield [verb, *whom, *after]
        return
    between, doer = after[:by], after[by + 1 :]
    for end in range(1, min(len(doer), _MOST_MOVED) + 1):
        yield [*doer[:end], verb, *whom, *between, *doer[end:]]
