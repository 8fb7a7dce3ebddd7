"""Says why the articles don't answer, and what in them comes nearest. Knows the question and the passages found."""

import re
from collections.abc import Iterator, Sequence

from rag.cjk import has_cjk
from rag.dates import MONTH_NAME
from rag.question import question_words, split_aside
from rag.records import Hit, Notice
from rag.text import fold, stem, stems_of, words

_MOST_NAMED = 3
_MOST_WORD_CHARS = 40
# What a question says of time and of its sources has a notice of its own.
_TIMES = re.compile(
    rf"\d+|{MONTH_NAME}|(?:to|yester)day|(?:day|week|month|year)s?|last|past|latest|newest|recent(?:ly)?|news|happen(?:s|ed)?"
    r"|report(?:s|ed)?|published",
    re.IGNORECASE,
)
_NEAREST = 3
# Not at a sentence's beginning, where every word has a capital.
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][\w'’-]*")


def reasons(question: str, hits: Sequence[Hit], *, empty: bool) -> Iterator[Notice]:
    """Yield why (not where nothing was searched, which has been said) and what is nearest; `empty` as of Found."""
    if hits:
        yield Notice("why", _why(question, hits))
        headlines = list(dict.fromkeys(hit.passage.headline for hit in hits))[:_NEAREST]
        yield Notice("nearest", "Nearest in the articles: " + "; ".join(headlines))
    elif not empty:
        yield Notice("nearest", "No passage comes near the question.")


def _why(question: str, hits: Sequence[Hit]) -> str:
    """Return which words of the question no passage found holds, names first; else that no sentence comes near it."""
    asked, _ = split_aside(question)
    found = frozenset[str]().union(*(stems_of(f"{hit.passage.headline} {hit.passage.text}") for hit in hits))
    names = {word for name in _NAME.findall(asked) for word in words(name)}
    # A pair of Chinese characters may be no word.
    sought = [
        w for w in question_words(asked) if len(w) <= _MOST_WORD_CHARS and not has_cjk(w) and not _TIMES.fullmatch(w)
    ]
    missing = [word for word in sought if stem(word) not in found]
    missing.sort(key=lambda word: word not in names)
    if not missing:
        return "No sentence of the articles comes near enough to what the question asks."
    written = {fold(word): word for word in re.findall(r"[\w'’-]+", asked)}
    told = ", ".join(f"“{written.get(word, word)}”" for word in missing[:_MOST_NAMED])
    return f"No passage near the question mentions {told}."
