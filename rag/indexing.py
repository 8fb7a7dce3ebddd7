"""From files to the store: reads, cuts and embeds outside the lock, batch by batch, and commits each batch."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

from embeddings.protocols import Embedder
from rag.articles import find_files, read_file
from rag.chunking import CHUNKING_VERSION, cut_into_passages, embedded_text
from rag.errors import SettingsInvalid, StoreMissing
from rag.identity import SENTENCE_DTYPE, Identity, check_identity
from rag.protocols import Progress
from rag.records import Article, IndexReport, Passage, Refusal
from rag.store import Prepared, commit_articles, content_hash, replace_passages, taken
from rag.store_reader import StoreReader

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
        with StoreReader(self._folder) as reader:
            keys = reader.article_ids()
            self._total = sum(_bytes(reader.article(key)) for key in keys)
            identity = self._identity(None)

            def prepare(key: str) -> Prepared:
                article = reader.article(key)
                return self._embed(article, self._cut(article, identity.passage_tokens))

            replace_passages(self._folder, identity, keys, prepare)
        return len(keys)

    def _index(self, items: Iterable[Article | Refusal]) -> IndexReport:
        with ExitStack() as stack:
            reader = self._open(stack)
            identity = self._identity(reader)
            tally = _Tally()
            batch: list[tuple[Article, list[Passage]]] = []
            for item in items:
                if isinstance(item, Refusal):
                    tally.refused.append(item)
                    continue
                refusal, same = _compare(item, reader.hashes([item.id]) if reader else {})
                if refusal:
                    tally.refused.append(refusal)
                elif same:
                    tally.note("unchanged", item.id, 0)
                    self._acknowledge(item.id, "unchanged")
                    self._advance(_bytes(item), item.id)
                else:
                    batch.append((item, self._cut(item, identity.passage_tokens)))
                if len(batch) >= _BATCH_ARTICLES or sum(len(cut) for _, cut in batch) >= _BATCH_PASSAGES:
                    self._commit(identity, batch, tally)
                    batch = []
            # An empty batch still makes a store, so that the next command finds one.
            if batch or reader is None:
                self._commit(identity, batch, tally)
        return tally.report()

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
        return cut_into_passages(article, self._embedder.count_tokens, passage_tokens=passage_tokens)

    def _embed(self, article: Article, cut: list[Passage]) -> Prepared:
        vectors = [np.zeros((0, self._embedder.dim), dtype=np.float32)]
        sentences = [np.zeros((0, self._embedder.dim), dtype=SENTENCE_DTYPE)]
        for start in range(0, len(cut), _EMBEDDED_AT_ONCE):
            some = cut[start : start + _EMBEDDED_AT_ONCE]
            inside = [s.of(article.text) for p in some for s in p.sentences]
            embedded = self._embedder.embed_passages([*map(embedded_text, some), *inside])
            vectors.append(embedded[: len(some)])
            sentences.append(embedded[len(some) :].astype(SENTENCE_DTYPE))
            self._advance(_bytes(article) * len(some) // len(cut), article.id)
        return Prepared(article, tuple(cut), np.concatenate(vectors), np.concatenate(sentences))

    def _commit(self, identity: Identity, batch: Sequence[tuple[Article, list[Passage]]], tally: _Tally) -> None:
        prepared = [self._embed(article, cut) for article, cut in batch]
        committed = commit_articles(self._folder, identity, prepared)
        passages = {article.id: len(cut) for article, cut in batch}
        paths = {article.id: article.path for article, _ in batch}
        for fate, ids in committed.by_fate().items():
            for article_id in ids:
                tally.note(fate, article_id, passages[article_id])
                self._acknowledge(article_id, fate)
        tally.refused += [Refusal(paths[article_id], reason) for article_id, reason in committed.refused]

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


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _bytes(article: Article) -> int:
    return len(article.text.encode())
