"""Tells by its script whether a text is in a language that a model reads. Knows no model; guesses no language.

A script is certain and costs nothing; two languages of one script (English, French) are not told apart.
"""

import unicodedata
from collections import Counter
from collections.abc import Collection

from rag.text import content_words

# Languages in Latin letters that a model may say it was trained on (ISO 639-1).
_LATIN_LANGUAGES = frozenset(
    "af ca cs cy da de en es et eu fi fr ga gl hr hu id is it lt lv ms nl no pl pt ro sk sl sq sv sw tl tr vi".split()
)
_LATIN = "LATIN"
_CALLED = {"CJK": "Chinese characters", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}
_READ_WORDS = 100


def foreign_script(text: str, languages: Collection[str]) -> str:
    """Return what to call the script of most of the text's words where no such language is written in it; else "".

    "" too where it is not known what `languages` leave out: where there are none, or one that is not in Latin letters.
    """
    if not languages or not _LATIN_LANGUAGES.issuperset(languages):
        return ""
    scripts = Counter(filter(None, map(_script, content_words(text)[:_READ_WORDS])))
    foreign = {script: count for script, count in scripts.items() if script != _LATIN}
    if not foreign or sum(foreign.values()) < scripts[_LATIN]:
        return ""
    script = max(foreign, key=lambda name: foreign[name])
    return _CALLED.get(script, f"{script.capitalize()} letters")


def _script(word: str) -> str:
    """Return the first word of the Unicode name of the word's first letter: its script; "" where it has no letter."""
    letter = next(filter(str.isalpha, word), "")
    return unicodedata.name(letter, "").partition(" ")[0] if letter else ""
