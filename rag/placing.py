"""Decides under which id an article from a person's hand is stored: its own, that of what it updates, or a free one.

Two files of one name may have nothing to do with each other: only what is recognisably the same piece is replaced.
Reads the store and writes nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from rag.errors import ArticleMissing
from rag.records import Article
from rag.store_reader import StoreReader
from rag.text import fold, sentences

UPLOADED = "uploaded"
"""Stands for the folder in `Article.path` of what came from a person's hand."""

Origin = Literal["file", "row", "pasted", "restored"]
"""A file of its own, a row of a corpus, which brings its id, a text whose id was made from its title, or one that was
removed and goes back as it was."""

_SLUG_CHARS = 60
_LONGEST_STEM = 500
_CORPORA = (".jsonl", ".ndjson")
_BETWEEN_WORDS = re.compile(r"[^\w]+|_+")


@dataclass(frozen=True, slots=True)
class Placed:
    """The article with the id and path that it is to be stored under; `duplicate_of` names one of the same text."""

    article: Article
    duplicate_of: str = ""


class Placing:
    """Gives articles their places, one after another; what was placed counts as stored until it is `forgotten`.

    `reader` returns None while there is no store. Any call may raise StoreDamaged.
    """

    def __init__(self, reader: Callable[[], StoreReader | None]) -> None:
        self._reader = reader
        # Of one id there may be two: a file, and in the same call a newer self of it.
        self._pending: list[Article] = []

    def place(self, article: Article, origin: Origin) -> Placed:
        """Return the place of the article; the same text under another id makes it a duplicate of that."""
        if origin != "restored":
            article = self._free_or_own(article, origin)
            holders = self._holders(article.text)
            if holders and article.id not in holders:
                return Placed(article, holders[0])
        self._pending.append(article)
        return Placed(article)

    def pending(self) -> list[Article]:
        """Return what was placed and not forgotten, in order."""
        return list(self._pending)

    def forget(self, article_id: str) -> None:
        """Let the store say what the id is, of the first article that was placed there."""
        first = next((article for article in self._pending if article.id == article_id), None)
        if first:
            self._pending.remove(first)

    def stored(self, article_id: str) -> Article | None:
        """Return the article that has the id."""
        placed = next((article for article in reversed(self._pending) if article.id == article_id), None)
        if placed:
            return placed
        reader = self._reader()
        try:
            return reader.article(article_id) if reader else None
        except ArticleMissing:
            return None

    def _free_or_own(self, article: Article, origin: Origin) -> Article:
        number, article_id = 1, article.id
        while True:
            stored = self.stored(article_id)
            if stored is None:
                return replace(article, id=article_id)
            if is_update(article, stored, origin):
                # The store takes a change of an article only from its own path.
                return replace(article, id=article_id, path=stored.path)
            number += 1
            article_id = f"{article.id[:_LONGEST_STEM]}-{number}"

    def _holders(self, text: str) -> list[str]:
        held = [article.id for article in self._pending if article.text == text]
        changing = {article.id for article in self._pending}
        reader = self._reader()
        # What an unwritten change replaces is held no longer.
        stored = [key for key in reader.holders(text) if key not in changing] if reader else []
        return held + stored


def is_update(article: Article, stored: Article, origin: Origin) -> bool:
    """Return whether the article is a newer self of the stored one that has its id.

    They came from one file name, one address or, as rows, from corpora; and they have the same address or title, or at
    least half of the stored one's sentences. A row of the same corpus needs no likeness: it brings its id.
    """
    if origin == "row" and stored.path == article.path:
        return True
    same_address = bool(article.url) and article.url == stored.url
    same_origin = same_address or _same_name(article.path, stored.path)
    if origin == "row":
        same_origin = same_origin or stored.path.lower().endswith(_CORPORA)
    return same_origin and (same_address or _same_title(article, stored, origin) or _shares_half(article, stored))


def slug(title: str) -> str:
    """Return an id made of the title's words, joined by hyphens; "text" for none."""
    return _BETWEEN_WORDS.sub("-", fold(title))[:_SLUG_CHARS].strip("-") or "text"


def _same_name(path: str, stored: str) -> bool:
    """Return whether both came from a file of one name; of two that were handed over the folders count too."""
    if stored.startswith(f"{UPLOADED}/"):
        return path == stored
    return PurePosixPath(path).name == PurePosixPath(stored.replace("\\", "/")).name


def _same_title(article: Article, stored: Article, origin: Origin) -> bool:
    # A title that only repeats the file's name, or that the id was made of, says nothing further.
    said = origin != "pasted" and article.title != article.id
    return said and fold(article.title) == fold(stored.title)


def _shares_half(article: Article, stored: Article) -> bool:
    before = {fold(span.of(stored.text)) for span in sentences(stored.text)}
    now = {fold(span.of(article.text)) for span in sentences(article.text)}
    return bool(before) and 2 * len(before & now) >= len(before)
