"""Stand-ins and small builders that tests share. Nothing here is a mock: each is a plain, working thing."""

import random
import resource
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from embeddings.hashed import HashedEmbedder
from embeddings.protocols import Matrix, Vector
from rag.articles import article_from_text
from rag.chunking import cut_into_passages
from rag.database import open_to_read
from rag.identity import Identity
from rag.indexing import Indexer
from rag.library import Library
from rag.records import Article
from rag.schema import word_statements
from rag.store import content_hash, put_words
from rag.store_index import StoreIndex
from rag.store_reader import StoreReader

_ONE_A_PASSAGE = ("passage", "passage_vector", "sentence_vectors", "passage_words_docsize")
_WORD_TABLES = ("SELECT * FROM temp.indexed", "SELECT * FROM spelling_vocabulary")
_WORDS = (
    "harbour council bridge budget minister river engine orchard museum treaty storm school ferry copper library "
    "glacier senate vaccine railway festival drought satellite bakery union tunnel lantern archive comet pension reef"
).split()


class CountingEmbedder:
    """A HashedEmbedder that remembers every text it was asked to embed."""

    def __init__(self, dim: int = 64, max_tokens: int = 256, name: str = "hashed") -> None:
        self._inner = HashedEmbedder(dim, max_tokens)
        self.name = name
        self.fingerprint = f"{name}-{dim}"
        self.dim = dim
        self.max_tokens = max_tokens
        self.embedded: list[str] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return what HashedEmbedder returns."""
        return self._inner.count_tokens(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Return what HashedEmbedder returns, and note the texts."""
        self.embedded += texts
        return self._inner.embed_passages(texts)

    def embed_question(self, text: str) -> Vector:
        """Return what HashedEmbedder returns."""
        return self._inner.embed_question(text)

    def embed_questions(self, texts: Sequence[str]) -> Matrix:
        """Return what HashedEmbedder returns."""
        return self._inner.embed_questions(texts)


class BrokenEmbedder(CountingEmbedder):
    """Gives back whatever `spoil` makes of the right vectors."""

    def __init__(self, spoil: Callable[[Matrix], Matrix]) -> None:
        super().__init__()
        self._spoil = spoil

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Return the spoilt vectors."""
        return self._spoil(super().embed_passages(texts))


def make_text(seed: int, sentences: int = 6) -> str:
    """Return that many sentences, the same for the same seed, different for different ones."""
    choose = random.Random(seed)
    said = [" ".join(choose.choices(_WORDS, k=9)).capitalize() + f" {seed}." for _ in range(sentences)]
    return " ".join(said)


def make_article(
    article_id: str, text: str = "", *, path: str = "", published: date | None = None, publisher: str = ""
) -> Article:
    """Return a one-story article; its text follows from its id where none is given."""
    text = text or make_text(sum(map(ord, article_id)))
    return article_from_text(
        text, article_id=article_id, path=path or f"/news/{article_id}.txt", published=published, publisher=publisher
    )


def make_indexer(folder: Path, embedder: CountingEmbedder | None = None, **given: object) -> Indexer:
    """Return an indexer with a small hashed embedder."""
    return Indexer(folder, embedder or CountingEmbedder(), passage_tokens=40, **given)  # type: ignore[arg-type]


def open_library(folder: Path, embedder: CountingEmbedder | None = None, **given: object) -> Library:
    """Return the library that answers from what make_indexer wrote; `given` goes to its StoreIndex."""
    return Library(folder, embedder or CountingEmbedder(), StoreIndex(folder, **given))  # type: ignore[arg-type]


def constant_vectors(value: float) -> Callable[[Matrix], Matrix]:
    """Return what replaces every component by this value."""
    return lambda vectors: np.full_like(vectors, value)


def check_store(folder: Path) -> dict[str, str]:
    """Return {article id: content hash} of a store in which everything fits together; fails where anything does not."""
    copy = sqlite3.connect(":memory:")
    source, _ = open_to_read(folder)
    with closing(source), closing(copy):
        source.backup(copy)
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
        copy.execute("INSERT INTO passage_words (passage_words) VALUES ('integrity-check')")
        check_words(copy)
        counts = {table: copy.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in _ONE_A_PASSAGE}
        stored = dict(copy.execute("SELECT key, sha256 FROM article").fetchall())
        assert len(set(counts.values())) == 1, counts
    with StoreReader(folder) as reader:
        identity = reader.identity()
        assert identity or not stored
        for article_id, sha256 in stored.items():
            article = reader.article(article_id)
            assert content_hash(article) == sha256
            assert identity
            check_passages(reader, article, identity)
    return stored


def check_words(connection: sqlite3.Connection) -> None:
    """Fail unless the word index holds what indexing every passage anew would put in."""
    connection.execute("CREATE VIRTUAL TABLE temp.indexed USING fts5vocab (main, passage_words, 'instance')")
    found = [connection.execute(asked).fetchall() for asked in _WORD_TABLES]
    rows = connection.execute("SELECT id, headline, text FROM passage").fetchall()
    for statement in word_statements():
        connection.execute(statement)
    put_words(connection, rows)
    assert found == [connection.execute(asked).fetchall() for asked in _WORD_TABLES]


def check_passages(reader: StoreReader, article: Article, identity: Identity) -> None:
    """Fail unless the article's passages are those that cutting it gives, each with all of its vectors."""
    passages = reader.passages_of(article.id)
    count_tokens = HashedEmbedder(identity.dim).count_tokens
    cut = cut_into_passages(article, count_tokens, passage_tokens=identity.passage_tokens)
    assert [replace(p, id=0) for p in passages] == cut
    matrices = reader.sentence_vectors([p.id for p in passages], identity.dim)
    assert {p.id: len(p.sentences) for p in passages} == {key: len(matrix) for key, matrix in matrices.items()}


class files_no_larger_than:  # noqa: N801 - reads as a sentence after `with`
    """Let no file of this process grow beyond the size, as on a full disk: writing more fails with EFBIG."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __enter__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, self._before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)
