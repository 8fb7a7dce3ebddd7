"""From files to the store: reads, cuts and embeds outside the lock, batch by batch, and commits each batch."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from embeddings.errors import VectorsInvalid
from embeddings.protocols import Embedder
from rag.articles import find_files, read_file
from rag.chunking import CHUNKING_VERSION, cut_into_passages, embedded_text
from rag.errors import SettingsInvalid, StoreMissing
from rag.identity import PASSAGE_DTYPE, SENTENCE_DTYPE, Identity, check_identity
from rag.protocols import Progress
from rag.records import Article, IndexReport, Passage, Refusal
from rag.schema import OLDEST_REBUILT
from rag.store import Prepared, add_column, commit_articles, content_hash, replace_passages, taken
from rag.store_reader import StoreReader
from rag.word_search import keep_word_index

# A batch is what a crash can cost, and what the lock is taken for.
_BATCH_PASSAGES = 128
_BATCH_ARTICLES = 64
_EMBEDDED_AT_ONCE = 64
_FEWEST_TOKENS = 32

Acknowledge = Callable[[str, str], None]
"""Called with an article's id and its fate once that is on disk."""


@dataclass(slots=True)
class _Tally:
    fates: dict[str, list[str]] = field(default_factory=lambda: {"added": [], "updated": [], "unchanged": []})
    refused: list[Refusal] = field(default_factory=list)
    passages: int = 0

    def note(self, fate: str, article_id: str, passages: int) -> None:
        self.fates[fate].append(article_id)
        self.passages += 0 if fate == "unchanged" else passages

    def report(self) -> IndexReport:
        added, updated, unchanged = map(tuple, self.fates.values())
        return IndexReport(added, updated, unchanged, tuple(self.refused), self.passages)


class Indexer:
    """Puts articles into one store with one embedder."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        *,
        passage_tokens: int,
        progress: Progress | None = None,
        acknowledge: Acknowledge | None = None,
    ) -> None:
        self._folder = folder
        self._embedder = embedder
        self._asked_tokens = passage_tokens
        self._progress = progress or (lambda _done, _total, _what: None)
        self._acknowledge = acknowledge or (lambda _article_id, _fate: None)
        self._done = 0
        self._total = 0

    def index_paths(self, paths: Sequence[Path]) -> IndexReport:
        """Put the articles of these files and folders in; one that is unchanged costs no embedding.

        A file that cannot be read is refused and the others go in. What was committed stays if this is interrupted.
        Raises StoreMismatch before anything is embedded where the store has another embedder's vectors.
        """
        found = list(find_files(paths))
        files = [f for f in found if isinstance(f, Path)]
        self._total = sum(_size(f) for f in files)
        refused = [f for f in found if isinstance(f, Refusal)]
        return self._index(chain(refused, chain.from_iterable(map(read_file, files))))

    def index_articles(self, articles: Iterable[Article]) -> IndexReport:
        """Put these articles in, as `index_paths` does."""
        return self._index(articles)

    def rebuild(self) -> int:
        """Cut and embed every stored article anew with this embedder, in one commit; return the number of articles."""
        add_column(self._folder)
        with StoreReader(self._folder, oldest=OLDEST_REBUILT) as reader:
            self._done = 0
            self._total = sum(_bytes(reader.article(key)) for key in reader.article_ids())
            identity = self._identity(None)

            def prepare(key: str) -> Prepared:
                article = reader.article(key)
                return self._embed(article, self._cut(article, identity.passage_tokens))

            rebuilt = replace_passages(self._folder, identity, prepare)
        self._index_words()
        return rebuilt

    def _index(self, items: Iterable[Article | Refusal]) -> IndexReport:
        self._done = 0
        tally = _Tally()
        batch: dict[str, tuple[Article, list[Passage]]] = {}
        with ExitStack() as stack:
            reader = self._open(stack)
            identity = self._identity(reader)

            def commit() -> None:
                nonlocal reader
                self._commit(identity, list(batch.values()), tally)
                batch.clear()
                reader = reader or self._open(stack)

            for item in items:
                # Of two of one id in a batch, the second is compared with what the first has become.
                if isinstance(item, Article) and item.id in batch:
                    commit()
                changed = self._changed(item, reader, tally)
                if changed:
                    batch[changed.id] = (changed, self._cut(changed, identity.passage_tokens))
                if len(batch) >= _BATCH_ARTICLES or sum(len(cut) for _, cut in batch.values()) >= _BATCH_PASSAGES:
                    commit()
            # An empty batch still makes a store, so that the next command finds one.
            if batch or reader is None:
                commit()
        self._index_words()
        return tally.report()

    def _changed(self, item: Article | Refusal, reader: StoreReader | None, tally: _Tally) -> Article | None:
        """Return the article where it must be written; else note its fate and return None."""
        refusal = item if isinstance(item, Refusal) else _unfit(item)
        if isinstance(item, Refusal) or refusal:
            tally.refused += [refusal] if refusal else []
            return None
        refusal, same = _compare(item, reader.hashes([item.id]) if reader else {})
        if refusal:
            tally.refused.append(refusal)
            return None
        if same:
            tally.note("unchanged", item.id, 0)
            self._acknowledge(item.id, "unchanged")
            self._advance(_bytes(item), item.id)
            return None
        return item

    def _open(self, stack: ExitStack) -> StoreReader | None:
        try:
            return stack.enter_context(StoreReader(self._folder))
        except StoreMissing:
            return None

    def _identity(self, reader: StoreReader | None) -> Identity:
        """Return the identity to write with: a store keeps the passage size it was made with."""
        stored = reader.identity() if reader else None
        tokens = stored.passage_tokens if stored else min(self._asked_tokens, self._embedder.max_tokens)
        if tokens < _FEWEST_TOKENS:
            raise SettingsInvalid(f"passage_tokens is {tokens}; at least {_FEWEST_TOKENS} are needed")
        embedder = self._embedder
        identity = Identity(embedder.name, embedder.fingerprint, embedder.dim, tokens, CHUNKING_VERSION)
        if reader and stored:
            check_identity(reader.meta(), identity, self._folder)
        return identity

    def _cut(self, article: Article, passage_tokens: int) -> list[Passage]:
        embedder = self._embedder
        return cut_into_passages(
            article, embedder.count_tokens, passage_tokens=passage_tokens, longest_tokens=embedder.max_tokens
        )

    def _embed(self, article: Article, cut: list[Passage]) -> Prepared:
        dim, size = self._embedder.dim, _bytes(article)
        # Whole from the start: what is put together at the end lies in memory twice.
        vectors = np.empty((len(cut), dim), dtype=PASSAGE_DTYPE)
        sentences = np.empty((sum(len(p.sentences) for p in cut), dim), dtype=SENTENCE_DTYPE)
        filled = 0
        for start in range(0, len(cut), _EMBEDDED_AT_ONCE):
            some = cut[start : start + _EMBEDDED_AT_ONCE]
            inside = [s.of(article.text) for p in some for s in p.sentences]
            embedded = self._embedder.embed_passages([*map(embedded_text, some), *inside])
            if embedded.shape != (len(some) + len(inside), dim) or not np.isfinite(embedded).all():
                raise VectorsInvalid(
                    f"the embedder '{self._embedder.name}' gave no {len(some) + len(inside)} finite vectors of {dim} "
                    f"components for '{article.id}'; choose another: --embedder NAME"
                )
            vectors[start : start + len(some)] = embedded[: len(some)]
            sentences[filled : filled + len(inside)] = embedded[len(some) :]
            filled += len(inside)
            self._advance(size * (start + len(some)) // len(cut) - size * start // len(cut), article.id)
        return Prepared(article, tuple(cut), vectors, sentences)

    def _commit(self, identity: Identity, batch: Sequence[tuple[Article, list[Passage]]], tally: _Tally) -> None:
        prepared = [self._embed(article, cut) for article, cut in batch]
        committed = commit_articles(self._folder, identity, prepared)
        passages = {article.id: len(cut) for article, cut in batch}
        for fate, ids in committed.by_fate().items():
            for article_id in ids:
                tally.note(fate, article_id, passages[article_id])
                self._acknowledge(article_id, fate)
        tally.refused += [Refusal(path, reason) for path, reason in committed.refused]

    def _index_words(self) -> None:
        """Keep what a large store's words are looked up in; no share of the bytes that are counted."""
        total = max(self._total, 1)
        keep_word_index(
            self._folder,
            progress=lambda done, of, what: self._progress(total, total, f"{what}, {100 * done // max(of, 1)} %"),
        )

    def _advance(self, by: int, what: str) -> None:
        self._done += by
        self._progress(min(self._done, self._total), self._total, what)


def _compare(article: Article, stored: dict[str, tuple[str, str]]) -> tuple[Refusal | None, bool]:
    """Return a refusal where the id belongs to another path, and whether the article is stored as it is."""
    sha256, path = stored.get(article.id, ("", article.path))
    if sha256 == content_hash(article):
        return None, True
    if path == article.path:
        return None, False
    return Refusal(article.path, taken(article, path)), False


def _unfit(article: Article) -> Refusal | None:
    """Return a refusal where the store could not keep the article to the character."""
    headlines = [s.headline for s in article.stories]
    kept = "".join(
        [article.id, article.title, article.publisher, article.author, article.url, *headlines, article.text]
    )
    reason = ""
    if not article.id or "\0" in kept:
        reason = "its id is empty, or it holds NUL; give it an id and plain text"
    elif any(part.end > len(article.text) for story in article.stories for part in story.parts):
        reason = f"a story of '{article.id}' ends behind the text's {len(article.text)} characters; correct its spans"
    try:
        kept.encode()
    except UnicodeEncodeError:
        reason = "it holds half of a surrogate pair; write it as UTF-8"
    return Refusal(article.path, reason) if reason else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _bytes(article: Article) -> int:
    return len(article.text.encode())
