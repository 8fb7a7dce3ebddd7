"""Puts in what a person hands over, files or pasted text, and takes it out again, with undo. Knows nothing of the web.

The work is done in a thread of its own, one call at a time; what it says is yielded as it happens.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from embeddings.errors import EmbeddingError
from embeddings.protocols import Embedder
from rag.archives import ZIP, ArchiveLimits, Unpacked, harmless_name, unpack
from rag.articles import FORMATS, JSONL, article_from_text, read_named, unknown_format
from rag.errors import ArticleRefused, RagError
from rag.placing import UPLOADED, slug
from rag.protocols import Progress
from rag.records import Article, Refusal
from rag.store import content_hash, remove_articles
from rag.store_reader import StoreReader
from rag.text import one_line, without_unwritable
from rag.upload_batch import Advance, Batch, Fate, Found, Say
from rag.word_search import keep_word_index

__all__ = ["Advance", "Fate", "UploadLimits", "Uploads"]

_WAIT_TOLD_S = 0.5
_MB = 10**6


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How much one call takes; `archive` bounds what all its archives together unpack to, and each one's entries."""

    file_bytes: int = 20 * _MB
    files: int = 200
    call_bytes: int = 100 * _MB
    archive: ArchiveLimits = field(default_factory=ArchiveLimits)


class _Stopped(Exception):
    """Nobody listens any more."""


@dataclass(frozen=True, slots=True)
class _End:
    failure: BaseException | None


class Uploads:
    """Puts articles into one store for several people, one after another; safe to use from many threads.

    Of an iterator nothing happens before the first event is asked for; one that is closed early stops the work, and
    what was told as added stays. `renew` brings the vector index up to date.
    """

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        *,
        passage_tokens: int,
        limits: UploadLimits | None = None,
        renew: Callable[[Progress], object] = lambda _progress: None,
    ) -> None:
        self._folder = folder
        self._embedder = embedder
        self._passage_tokens = passage_tokens
        self._limits = limits or UploadLimits()
        self._renew = renew
        self._writing = threading.Lock()

    def add_files(self, files: Sequence[tuple[str, Path]]) -> Iterator[Fate | Advance]:
        """Yield how far it is, and a fate for each article and each refused file, as each is committed.

        A file is given as the name it has for the person, which is only shown, and the path where it lies. Zip archives
        are unpacked. A file, row or entry that cannot be read costs itself.
        """
        total = sum(map(_size, (path for _, path in files)))

        def work(batch: Batch) -> None:
            batch.put(self._read(files, batch))

        return self._run(work, total)

    def add_text(
        self,
        text: str,
        *,
        title: str = "",
        url: str = "",
        published: date | None = None,
        publisher: str = "",
        author: str = "",
        article_id: str = "",
    ) -> Iterator[Fate | Advance]:
        """Yield as `add_files` does for one text; its id, where none is given, is made from its title or first line.

        What was put in before under a given id is replaced; where the id is another's, a free one is made of it.
        """
        title = one_line(without_unwritable(title))
        name = article_id or title or "pasted text"
        # A title may hold what no id does.
        known_as = article_id or (slug(title) if title else name)
        size = len(text.encode("utf-8", "replace"))

        def read() -> Found:
            try:
                if size > self._limits.file_bytes:
                    raise ArticleRefused(_too_large(size, self._limits.file_bytes))  # noqa: TRY301 - one way out
                article = article_from_text(
                    text,
                    article_id=known_as,
                    title=title,
                    published=published,
                    publisher=publisher,
                    author=author,
                    url=url,
                )
            except ArticleRefused as error:
                return Found(name, Refusal(name, str(error)))
            if article_id:
                return Found(name, replace(article, path=f"{UPLOADED}/{article_id}"), "row")
            key = slug(article.title)
            return Found(article.title, replace(article, id=key, path=f"{UPLOADED}/{key}"), "pasted")

        def work(batch: Batch) -> None:
            batch.gauge.begin(name, size)
            batch.put([read()])

        return self._run(work, size)

    def remove(self, article_ids: Sequence[str]) -> tuple[Article, ...]:
        """Take the articles out and return them, for `restore`; waits while another call writes.

        Raises ArticleMissing for an unknown id, and then removes none; StoreMissing, StoreBusy, StoreUnwritable or
        StoreDamaged.
        """
        with self._writing:
            with StoreReader(self._folder) as reader:
                articles = tuple(map(reader.article, dict.fromkeys(article_ids)))
            remove_articles(self._folder, [article.id for article in articles])
            self._keep_up(lambda _done, _total, _what: None)
        return articles

    def restore(self, articles: Sequence[Article]) -> Iterator[Fate | Advance]:
        """Yield as `add_files` does while removed articles are put back as they were: id, path and text.

        One whose id is another's by now is refused.
        """
        total = sum(len(article.text.encode()) for article in articles)

        def found(batch: Batch) -> Iterator[Found]:
            for article in articles:
                name = article.path.removeprefix(f"{UPLOADED}/") or article.id
                batch.gauge.begin(name, len(article.text.encode()))
                yield Found(name, _unless_taken(article, batch), "restored")

        return self._run(lambda batch: batch.put(found(batch)), total)

    def _read(self, files: Sequence[tuple[str, Path]], batch: Batch) -> Iterator[Found]:
        handed = unpacked = 0
        for number, (called, path) in enumerate(files, start=1):
            name, size = PurePosixPath(harmless_name(called)).name, _size(path)
            batch.gauge.begin(name, size)
            reason = batch.failed or self._why_not(name, path, handed + size)
            if not batch.failed and number > self._limits.files:
                reason = f"file {number} of {len(files)}; at most {self._limits.files} are taken at once, add it again"
            if reason:
                yield Found(name, Refusal(name, reason))
                continue
            handed += size
            if PurePosixPath(name).suffix.lower() != ZIP:
                yield from _read_one(name, path, name)
                continue
            with TemporaryDirectory(prefix="newspulse-") as folder:
                for entry in self._unpack(path, Path(folder), unpacked):
                    if isinstance(entry, Refusal):
                        yield Found(f"{name}/{entry.path}" if entry.path else name, entry)
                        continue
                    unpacked += entry.path.stat().st_size
                    yield from _read_one(entry.name, entry.path, f"{name}/{entry.name}")
                    entry.path.unlink()

    def _why_not(self, name: str, path: Path, handed: int) -> str:
        """Return why a file is not taken; "" where it is. `handed` counts the call's bytes up to this file."""
        if not path.is_file():
            return "no such file; add it again"
        if PurePosixPath(name).suffix.lower() != ZIP and unknown_format(name):
            return f"{unknown_format(name)} {ZIP}"
        size = _size(path)
        if size > self._limits.file_bytes:
            return _too_large(size, self._limits.file_bytes)
        if handed > self._limits.call_bytes:
            most = f"at most {self._limits.call_bytes / _MB:g} MB are taken at once, add it again"
            return f"{handed / _MB:.1f} MB with the files before it; {most}"
        return ""

    def _unpack(self, path: Path, folder: Path, unpacked: int) -> Iterator[Unpacked | Refusal]:
        try:
            yield from unpack(path, folder, known=FORMATS, limits=self._limits.archive, already=unpacked)
        except ArticleRefused as error:
            yield Refusal("", str(error))
        except OSError as error:
            yield Refusal("", f"cannot be unpacked: {error.strerror or error}")

    def _run(self, work: Callable[[Batch], None], total: int) -> Iterator[Fate | Advance]:
        """Yield what the work says, which is done in a thread; raises what it raises."""
        events: SimpleQueue[Fate | Advance | _End] = SimpleQueue()
        stopped = threading.Event()

        def say(event: Fate | Advance) -> None:
            if stopped.is_set():
                raise _Stopped
            events.put(event)

        def run() -> None:
            failure = None
            try:
                self._work(work, say, total)
            except _Stopped:
                pass
            except BaseException as error:  # noqa: BLE001 - raised anew where the events are read
                failure = error
            events.put(_End(failure))

        threading.Thread(target=run, name="uploads").start()
        try:
            while not isinstance(event := events.get(), _End):
                yield event
            if event.failure:
                raise event.failure
        finally:
            stopped.set()

    def _work(self, work: Callable[[Batch], None], say: Say, total: int) -> None:
        with self._alone(say, total):
            batch = Batch(self._folder, self._embedder, passage_tokens=self._passage_tokens, say=say, total=total)
            try:
                work(batch)
            finally:
                batch.close()
            batch.gauge.end()
            say(Advance("", total, total))
            self._keep_up(lambda _done, _total, what: say(Advance(what, total, total)))

    @contextmanager
    def _alone(self, say: Say, total: int) -> Iterator[None]:
        if not self._writing.acquire(blocking=False):
            say(Advance("", 0, total, waiting=True))
            while not self._writing.acquire(timeout=_WAIT_TOLD_S):
                say(Advance("", 0, total, waiting=True))
        try:
            yield
        finally:
            self._writing.release()

    def _keep_up(self, progress: Progress) -> None:
        # Both are derived, and made anew by whoever asks: what is committed must not be told as a failure.
        with suppress(RagError, EmbeddingError, OSError):
            keep_word_index(self._folder, progress=progress)
            self._renew(progress)


def _read_one(name: str, path: Path, label: str) -> Iterator[Found]:
    """Yield what a file holds; `label` is what it is called towards the person."""
    shown = f"{UPLOADED}/{name}"
    row = FORMATS[PurePosixPath(name).suffix.lower()] == JSONL
    for item in read_named(path, name, shown=shown):
        line = item.path.removeprefix(shown) if isinstance(item, Refusal) else ""
        yield Found(f"{label}{line}", item, "row" if row else "file")


def _unless_taken(article: Article, batch: Batch) -> Article | Refusal:
    try:
        stored = batch.placing.stored(article.id)
    except RagError as error:
        return Refusal(article.path, str(error))
    if stored and content_hash(stored) != content_hash(article):
        return Refusal(article.path, f"the id '{article.id}' belongs to '{stored.path}' by now; remove that first")
    return article


def _too_large(size: int, most: int) -> str:
    return f"{size / _MB:.1f} MB; one file may have {most / _MB:g} MB: split it"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
