"""What a question asks with: its words and their stems. Knows no article."""

from rag.text import content_words, stem

_MOST_WORDS = 64


def question_words(question: str) -> list[str]:
    """Return the question's words to look up: no function words, none twice, at most 64."""
    return list(dict.fromkeys(content_words(question)))[:_MOST_WORDS]


def question_stems(question: str) -> list[str]:
    """Return the stems of the question's words, none twice."""
    return list(dict.fromkeys(stem(word) for word in question_words(question)))
