"""Reads a misspelt question as the articles spell it: typos, and names written apart or together.

Knows the words of the store and no dictionary. A word that stands in an article is never changed, nor is one that the
embedder's own vocabulary holds whole: that is a word, only not one of these articles. Distances are rapidfuzz's.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Self

from rag.library import Library
from rag.records import Notice
from rag.store_reader import StoreReader
from rag.text import STOP_WORDS, stem

# Not what follows an apostrophe, nor letters beside digits.
_WORD = re.compile(r"(?<![\w'’])[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+(?:['’](?!s\b)[A-Za-z]+)?(?![\d_])")
_BETWEEN_PARTS = re.compile(r"[ \u00a0-]{1,2}")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?:]\s+|[\"“])\s*$")
_MOST_WORDS = 64
_MOST_LOOKED_UP = 4
_FEWEST_LETTERS = 4
# Experiment 12 of eval/LOG.md: real words of other news become another word in 2 to 5 of 100 cases.
_FEWEST_LETTERS_OF_AN_ERROR = 5
_FEWEST_LETTERS_OF_TWO_ERRORS = 10
_MOST_ERRORS = 2
_LONGEST_WORD = 24
_MOST_PARTS = 4
_PAIR = 2
_FEWEST_LETTERS_OF_A_PART = 2
_MOST_SPLITS = 8
_NO_WORD = "zqxvkjwq"


@dataclass(frozen=True, slots=True)
class Reading:
    """The question as it is understood, and what a reader should know of it."""

    question: str
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class _Typed:
    """A word of the question: `word` is as the store spells words, small letters without accents."""

    start: int
    end: int
    word: str


@dataclass(frozen=True, slots=True)
class _Change:
    start: int
    end: int
    read: str
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Spellings:
    """Words with the number of passages each stands in, by length."""

    counts: Mapping[str, int]
    by_length: Mapping[int, Sequence[str]]

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        """Return these words grouped."""
        by_length: dict[int, list[str]] = {}
        for word in counts:
            by_length.setdefault(len(word), []).append(word)
        return cls(counts, by_length)


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The words of one generation of the store, by first letter as they are asked for."""

    store: tuple[str, str]
    by_letter: dict[str, Spellings] = field(default_factory=dict)


class Speller:
    """Keeps the words of the store's newest generation; safe to use from many threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._vocabulary = _Vocabulary(("", ""))
        self._knows_words: bool | None = None

    def read(self, question: str) -> Reading:
        """Return the question as the articles spell it, with a notice for each change; at most 64 words are read."""
        typed = list(_typed(question))
        if not typed:
            return Reading(question)
        with self._library.reader() as reader:
            unknown = _unknown(typed, reader)
            changes = list(_joined(question, typed, unknown, reader))
            free = [t for t in typed if t.word in unknown and not any(c.start <= t.start < c.end for c in changes)]
            changes += self._respelt(free[:_MOST_LOOKED_UP], reader)
        return _changed(question, sorted(changes, key=lambda change: change.start))

    def _respelt(self, unknown: Sequence[_Typed], reader: StoreReader) -> Iterator[_Change]:
        words = self._real_words([t.word for t in unknown])
        for t in unknown:
            if t.word in words or not _FEWEST_LETTERS <= len(t.word) <= _LONGEST_WORD:
                continue
            apart = _split(t.word, reader)
            read = apart or nearest(t.word, self._spellings(t.word[0], reader))
            if read:
                yield _Change(t.start, t.end, read, guessed=not apart)

    def _spellings(self, letter: str, reader: StoreReader) -> Spellings:
        meta = reader.meta()
        store = (meta["store_id"], meta["generation"])
        if self._vocabulary.store != store:
            self._vocabulary = _Vocabulary(store)
        by_letter = self._vocabulary.by_letter
        if letter not in by_letter:
            by_letter[letter] = Spellings.of(reader.words.spellings(letter))
        return by_letter[letter]

    def _real_words(self, words: Sequence[str]) -> set[str]:
        """Return those that are one token to the embedder; none where to it any run of letters is."""
        if not words:
            return set()
        count = self._library.embedder.count_tokens
        if self._knows_words is None:
            empty, none = count(["", _NO_WORD])
            self._knows_words = none > empty + 1
        if not self._knows_words:
            return set()
        empty, *counts = count(["", *words])
        return {word for word, tokens in zip(words, counts, strict=True) if tokens <= empty + 1}


def nearest(word: str, spellings: Spellings) -> str:
    """Return the spelling with the same first letter that is fewest errors off, of those the commonest; "" for none.

    One error is allowed from 5 letters, two from 10; two neighbours exchanged are one, in a word of 4 letters the only.
    """
    from rapidfuzz import process  # noqa: PLC0415 - most questions have no misspelt word
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - as above

    most = 1 if len(word) < _FEWEST_LETTERS_OF_TWO_ERRORS else _MOST_ERRORS
    short = len(word) < _FEWEST_LETTERS_OF_AN_ERROR
    found: list[tuple[float, int, str]] = []
    for length in (len(word),) if short else range(len(word) - most, len(word) + most + 1):
        listed = spellings.by_length.get(length, ())
        near = process.extract(word, listed, scorer=OSA.distance, score_cutoff=most, score_hint=most, limit=None)
        found += [(errors, -spellings.counts[other], other) for other, errors, _ in near]
    same = [other for _, _, other in sorted(found) if other[0] == word[0]]
    return next((other for other in same if not short or sorted(other) == sorted(word)), "")


def _typed(question: str) -> Iterator[_Typed]:
    for number, match in enumerate(_WORD.finditer(question)):
        if number == _MOST_WORDS:
            return
        yield _Typed(match.start(), match.end(), _plain(match.group()))


def _plain(word: str) -> str:
    """Return the word as the store spells words."""
    decomposed = unicodedata.normalize("NFKD", word.casefold().replace("’", "'"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _unknown(typed: Sequence[_Typed], reader: StoreReader) -> set[str]:
    words = {t.word for t in typed if t.word not in STOP_WORDS and t.word.isalpha()}
    words -= reader.words.standing(sorted(words))
    stems = {word: stem(word) for word in words}
    known = reader.words.passages_with(sorted(set(stems.values())))
    return {word for word, its_stem in stems.items() if its_stem not in known}


def _joined(question: str, typed: Sequence[_Typed], unknown: set[str], reader: StoreReader) -> Iterator[_Change]:
    """Yield neighbours that the articles write as one word and never side by side, most parts first."""
    parts = [part for part in _neighbours(question, typed) if len(part) == _PAIR or _holds(part, unknown)]
    standing = {"".join(t.word for t in part): part for part in parts}
    known = reader.words.standing(list(standing))
    taken = -1
    for word, part in standing.items():
        if word not in known or part[0].start <= taken:
            continue
        if _holds(part, unknown) or not reader.words.stand_together([t.word for t in part]):
            taken = part[-1].start
            yield _Change(part[0].start, part[-1].end, word)


def _holds(part: Sequence[_Typed], unknown: set[str]) -> bool:
    return any(t.word in unknown for t in part)


def _neighbours(question: str, typed: Sequence[_Typed]) -> Iterator[Sequence[_Typed]]:
    """Yield two to four words with nothing but a space or hyphen between, none a function word, the longest first."""
    for at in range(len(typed)):
        size = 1
        while size < _MOST_PARTS and at + size < len(typed) and typed[at + size - 1].word not in STOP_WORDS:
            before, here = typed[at + size - 1 : at + size + 1]
            if min(len(before.word), len(here.word)) < _FEWEST_LETTERS_OF_A_PART:
                break
            if here.word in STOP_WORDS or not _BETWEEN_PARTS.fullmatch(question, before.end, here.start):
                break
            size += 1
        for count in range(size, 1, -1):
            yield typed[at : at + count]


def _split(word: str, reader: StoreReader) -> str:
    """Return the word as two to four words that stand side by side in an article, the fewest; "" for none."""
    places = range(_FEWEST_LETTERS_OF_A_PART, len(word) - _FEWEST_LETTERS_OF_A_PART + 1)
    pieces = {word[start:end] for start, end in combinations((0, *places, len(word)), 2)}
    known = reader.words.standing(sorted(p for p in pieces if len(p) >= _FEWEST_LETTERS_OF_A_PART))
    tried = 0
    for cuts in (some for count in range(1, _MOST_PARTS) for some in combinations(places, count)):
        parts = [word[start:end] for start, end in pairwise((0, *cuts, len(word)))]
        if all(part in known for part in parts):
            tried += 1
            if reader.words.stand_together(parts):
                return " ".join(parts)
        if tried == _MOST_SPLITS:
            break
    return ""


def _changed(question: str, changes: Sequence[_Change]) -> Reading:
    notices = []
    read, end = "", 0
    for change in changes:
        typed = question[change.start : change.end]
        named = typed[0].isupper()
        said = change.read.title() if named else change.read
        told = f"Read “{typed}” as “{said}”."
        if named and change.guessed and not _SENTENCE_BEGINS.search(question[: change.start][-8:]):
            told = f"No article has the name “{typed}”: read as “{said}”, which may be another."
        notices.append(Notice("spelling", told))
        read += question[end : change.start] + said
        end = change.end
    return Reading(read + question[end:], tuple(notices))
