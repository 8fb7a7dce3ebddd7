"""Turns a question that leans on the conversation into one that stands alone. Knows no model and no article."""

import re
from collections.abc import Sequence

from rag.records import Message
from rag.text import content_words, words

_LEANING_WORDS = frozenset(
    "it its he him his she her hers they them their theirs that this those these there one ones other others both "
    "same then else another each next previous following former latter second third rest remaining".split()
)
_LEANING_START = re.compile(r"\s*(?:and|but|or|so|also|what about|how about|what else|why not|really)\b", re.IGNORECASE)
_NAME = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][\w'’-]+|[\"“«]|\d")
_FEWEST_WORDS = 3
_QUESTIONS_KEPT = 3
_MOST_CHARS_OF_EACH = 500


def resolve(question: str, history: Sequence[Message]) -> str:
    """Return the question with the earlier ones it leans on in front; unchanged where it stands alone.

    It leans where it has a pronoun, begins like a continuation, or says next to nothing by itself.
    """
    asked = [m.content.strip()[:_MOST_CHARS_OF_EACH] for m in history if m.role == "user" and m.content.strip()]
    if not asked or not leans(question):
        return question
    return " ".join([*asked[-_QUESTIONS_KEPT:], question])


def leans(question: str) -> bool:
    """Return whether the question cannot be understood without what was said before."""
    if _LEANING_START.match(question) or _LEANING_WORDS.intersection(words(question)):
        return True
    return len(content_words(question)) < _FEWEST_WORDS and not _NAME.search(question)
