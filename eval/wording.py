"""When two pieces of text say the same: whole words, folded characters, shared tokens. Knows strings alone."""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})
_LIST_MARKER = re.compile(r"^\s*(?:[-*•]|\d+\.)\s+", re.MULTILINE)
_NUMBER_OF_SOURCE = re.compile(r"\s*\[\d+\]")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def plain(text: str) -> str:
    """Return the text for comparison: NFKC, plain quotes, runs of white space as one space, lower case."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).split()).lower()


def without_marks(text: str) -> str:
    """Return an answer's words, plain: without the numbers of its sources and without list markers."""
    return plain(_LIST_MARKER.sub("", _NUMBER_OF_SOURCE.sub("", text)))


def holds(text: str, wanted: str) -> bool:
    """Return whether the text holds what is wanted as a whole: 30 stands neither in 130 nor in 30,000."""
    found = r"(?<!\w)(?<!\d[.,])" + re.escape(plain(wanted)) + r"(?!\d|[.,]\d)"
    return re.search(found, plain(text)) is not None


def holds_all(text: str, wanted: Iterable[str]) -> bool:
    """Return whether the text holds each of these; one that is written "a|b" is held by either."""
    return all(any(holds(text, one) for one in choice.split("|")) for choice in wanted)


def exact_match(text: str, answers: Iterable[str]) -> float:
    """Return 1 where the text is one of the answers but for case, punctuation and articles, else 0.

    Rajpurkar et al., EMNLP 2016, https://aclanthology.org/D16-1264
    """
    return float(any(_tokens(text) == _tokens(answer) for answer in answers))


def token_f1(text: str, answers: Iterable[str]) -> float:
    """Return the best harmonic mean of token precision and recall against an answer; tokens as in `exact_match`."""
    return max((_f1(_tokens(text), _tokens(answer)) for answer in answers), default=0.0)


def _f1(said: list[str], wanted: list[str]) -> float:
    if not said or not wanted:
        return float(said == wanted)
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted))


def _tokens(text: str) -> list[str]:
    return _ARTICLE.sub(" ", plain(text).translate(_PUNCTUATION)).split()
