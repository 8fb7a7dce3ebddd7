"""Puts articles in one after another and tells each one's fate once it is on disk. Knows no file and no thread.

One article that cannot be embedded costs itself; a store that cannot be written refuses it and all that follow.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from embeddings.errors import EmbeddingError
from embeddings.protocols import Embedder
from rag.errors import RagError, StoreMissing
from rag.indexing import Indexer
from rag.placing import Origin, Placing
from rag.records import Article, Refusal
from rag.store_reader import StoreReader
from rag.text import one_line

Outcome = Literal["added", "updated", "unchanged", "duplicate", "refused"]
_FATES: dict[str, Outcome] = {"added": "added", "updated": "updated", "unchanged": "unchanged"}

# What the indexer tells of at once, and how long a passage is on average: only how a bar moves depends on it.
_PASSAGES_A_STEP = 64
_BYTES_A_TOKEN = 3


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an article, or of a file that was refused; told once it is on disk.

    `name` is what the person's file is called, an archive's entry behind the archive's name; a refused row of a corpus
    has its line behind it. A duplicate's `article_id` is that of the article which holds the text. `reason` is one
    line, "" when fine.
    """

    name: str
    outcome: Outcome
    article_id: str = ""
    title: str = ""
    reason: str = ""
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Advance:
    """How far a call is: `done` of `total` bytes that were handed over, within a long article an estimate.

    `name` is the file that is worked on; `waiting` says that another call is at work and this one has not begun.
    """

    name: str
    done: int
    total: int
    waiting: bool = False


Say = Callable[[Fate | Advance], None]


@dataclass(frozen=True, slots=True)
class Found:
    """An article that was read, or why not, with the name of its file and the bytes of that which it may count for."""

    name: str
    item: Article | Refusal
    origin: Origin = "file"


@dataclass(slots=True)
class _Share:
    name: str
    article_id: str
    bytes: int
    text_bytes: int
    embedded: int = 0


class Gauge:
    """Counts bytes of what was handed over; a file's articles share its bytes, what is left is done when it is read."""

    def __init__(self, say: Say, total: int, passage_tokens: int) -> None:
        self._say = say
        self._total = total
        self._bytes_a_step = _PASSAGES_A_STEP * passage_tokens * _BYTES_A_TOKEN
        self._done = 0
        self._left = 0
        self._shares: list[_Share] = []
        self._names: dict[str, str] = {}

    def begin(self, name: str, size: int) -> None:
        """Tell that a file of this size is begun."""
        self.end()
        self._left = size
        self._tell(name)

    def end(self) -> None:
        """Count what the file's articles did not take."""
        self._done += self._left
        self._left = 0

    def add(self, name: str, article: Article) -> None:
        """Let the article count for as much of its file as its text has bytes."""
        size = len(article.text.encode())
        share = min(size, self._left)
        self._left -= share
        self._shares.append(_Share(name, article.id, share, size))
        self._names[article.id] = name

    def finish(self, article_id: str) -> str:
        """Count the article as done and return its file's name."""
        share = next(share for share in self._shares if share.article_id == article_id)
        self._shares.remove(share)
        self._done += share.bytes
        return share.name

    def progress(self, _done: int, _total: int, what: str) -> None:
        """Tell that the indexer has come further with an article, or works on what `what` says."""
        share = next((share for share in self._shares if share.article_id == what), None)
        if share:
            share.embedded = min(share.text_bytes, share.embedded + self._bytes_a_step)
        self._tell(self._names.get(what, what))

    def _tell(self, name: str) -> None:
        under_way = sum(share.bytes * share.embedded // max(share.text_bytes, 1) for share in self._shares)
        self._say(Advance(name, self._done + under_way, self._total))


class Batch:
    """One call's work on one store; `failed` says why the store takes no more, "" while it does."""

    def __init__(self, folder: Path, embedder: Embedder, *, passage_tokens: int, say: Say, total: int) -> None:
        self._folder = folder
        self._say = say
        self._open = ExitStack()
        self._reader: StoreReader | None = None
        self.failed = ""
        self.gauge = Gauge(say, total, passage_tokens)
        self.placing = Placing(self.reader)
        self._indexer = Indexer(
            folder,
            embedder,
            passage_tokens=passage_tokens,
            progress=self.gauge.progress,
            acknowledge=self._acknowledge,
        )

    def close(self) -> None:
        """Close the store."""
        self._open.close()

    def reader(self) -> StoreReader | None:
        """Return the store as it is now; None while there is none."""
        if self._reader is None:
            try:
                self._reader = self._open.enter_context(StoreReader(self._folder))
            except StoreMissing:
                return None
        return self._reader

    def put(self, found: Iterable[Found]) -> None:
        """Put in what is found, each under the id that its place gives it."""
        articles = self._placed(found)
        while (first := next(articles, None)) is not None:
            try:
                reasons = self._index(chain([first], articles))
            except EmbeddingError:
                # Which one it was is not said: those on their way are tried by themselves, and the rest goes on.
                self._index_alone(self.placing.pending())
            else:
                self._drop(self.placing.pending(), reasons)

    def refuse(self, name: str, reason: str) -> None:
        """Tell that a file, or a row of one, did not go in."""
        self._say(Fate(name, "refused", reason=one_line(reason)))

    def _placed(self, found: Iterable[Found]) -> Iterator[Article]:
        for one in found:
            if isinstance(one.item, Refusal):
                self.refuse(one.name, one.item.reason)
            elif self.failed:
                self.refuse(one.name, self.failed)
            elif article := self._place(one.name, one.item, one.origin):
                yield article

    def _place(self, name: str, article: Article, origin: Origin) -> Article | None:
        try:
            placed = self.placing.place(article, origin)
        except RagError as error:
            self._fail(str(error))
            self.refuse(name, str(error))
            return None
        self.gauge.add(name, placed.article)
        if not placed.duplicate_of:
            return placed.article
        self.gauge.finish(placed.article.id)
        holder = self.placing.stored(placed.duplicate_of)
        title = holder.title if holder else ""
        reason = f"the same text is stored as '{placed.duplicate_of}'"
        self._say(Fate(name, "duplicate", placed.duplicate_of, title, reason))
        return None

    def _index(self, articles: Iterable[Article]) -> dict[str, str]:
        """Put the articles in and return {path: reason} of what was refused; where the store takes none, drop all."""
        try:
            report = self._indexer.index_articles(articles)
        except RagError as error:
            self._fail(str(error))
            return {}
        return {refusal.path: refusal.reason for refusal in report.refused}

    def _index_alone(self, articles: Sequence[Article]) -> None:
        for article in articles:
            if self.failed:
                return
            try:
                reasons = self._index([article])
            except EmbeddingError as error:
                reasons = {article.path: str(error)}
            if article in self.placing.pending():
                self._drop([article], reasons)

    def _fail(self, reason: str) -> None:
        self.failed = reason
        self._drop(self.placing.pending(), {})

    def _drop(self, articles: Sequence[Article], reasons: Mapping[str, str]) -> None:
        for article in articles:
            self.placing.forget(article.id)
            reason = self.failed or reasons.get(article.path, "another process changed it meanwhile; add it again")
            self.refuse(self.gauge.finish(article.id), reason)

    def _acknowledge(self, article_id: str, fate: str) -> None:
        self.placing.forget(article_id)
        name = self.gauge.finish(article_id)
        title, passages = "", 0
        # It is on disk: that it cannot be read just now must not be told as a failure.
        with suppress(RagError):
            reader = self.reader()
            for stored in reader.summaries([article_id]) if reader else []:
                title, passages = stored.title, stored.passages
        self._say(Fate(name, _FATES[fate], article_id, title, "", passages))
