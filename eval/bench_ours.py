"""This program as one of the systems that are compared, and what only it can be asked for."""

import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.protocols import Embedder
from eval.bench_bare import BareSearch, save
from eval.bench_systems import FOUND
from rag.articles import article_from_text
from rag.chunking import embedded_text
from rag.embedders import make_embedder
from rag.library import Library
from rag.records import Article
from rag.settings import Settings, load_settings
from rag.store_reader import StoreReader
from rag.timing import ask_timed
from rag.wiring import open_assistant, open_indexer

_TODAY = date(2026, 1, 1)
"""Questions that say "last week" mean the same in every run."""


class Ours:
    """An indexer and an assistant at their defaults."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._embedder: Embedder | None = None

    def ready(self) -> None:
        """Load the model."""
        self._embedder = load_embedder(self._model)
        self._embedder.embed_passages(["ready"])
        self._embedder.embed_question("ready")

    def ingest(self, texts: Sequence[str], folder: Path) -> list[str]:
        """Cut, embed and store; return the passages and, embedded too, their sentences."""
        open_indexer(self._settings(folder), embedder=self._embedder).index_articles(_articles(texts))
        return list(_embedded(folder))

    def open(self, folder: Path) -> None:
        """Open the store and load the model, unless `ready` has."""
        self._assistant = open_assistant(settings=self._settings(folder), embedder=self._embedder)
        self._assistant.warm()

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the k best."""
        answer, _ = ask_timed(self._assistant, question, today=_TODAY)
        return [hit.passage.text for hit in answer.hits[:k]]

    def asked(self, question: str) -> dict[str, float]:
        """Return the milliseconds of retrieving, and of the whole extractive answer."""
        _, row = ask_timed(self._assistant, question, today=_TODAY)
        return {"retrieve": row["timings_ms"]["retrieve"], "answer": row["timings_ms"]["total"]}

    @property
    def library(self) -> Library:
        """The open store with its index."""
        return self._assistant.library

    def floor(self, bare: Path) -> "Floor":
        """Return what the same process needs for a question with nothing around it."""
        return Floor(self.library.embedder, BareSearch(bare))

    def _settings(self, folder: Path) -> Settings:
        return load_settings({"store": folder, "embedder": self._model})


class Floor:
    """Encode the question, one search of a flat FAISS index, one of an FTS5 table."""

    def __init__(self, embedder: Embedder, search: BareSearch) -> None:
        self._embedder = embedder
        self._search = search

    def asked(self, question: str) -> float:
        """Return the milliseconds."""
        started = time.perf_counter()
        self._search.nearest(self._embedder.embed_question(question), FOUND)
        self._search.with_words(question, FOUND)
        return 1000 * (time.perf_counter() - started)


class OursEncoder:
    """The embedder that the program uses for passages."""

    def __init__(self, model: str) -> None:
        self._embedder = load_embedder(model)

    def encode(self, texts: Sequence[str]) -> None:
        """Embed the texts."""
        self._embedder.embed_passages(texts)


def make(model: str) -> Ours:
    """Return it; the model is loaded by `ready` and `open`."""
    return Ours(model)


def load_embedder(model: str) -> Embedder:
    """Return the program's embedder of this name, at its other settings."""
    return make_embedder(load_settings({"embedder": model}))


def save_bare(store: Path, folder: Path) -> None:
    """Save the store's passages and vectors for the bare search."""
    with StoreReader(store) as reader:
        ids, vectors = reader.vectors(int(reader.meta()["dim"]))
        found = reader.passages(ids.tolist())
    save([found[key].text for key in ids.tolist()], np.ascontiguousarray(vectors, dtype=np.float32), folder)


def exported_folder(model: str) -> str | None:
    """Return the folder of the exported model that the embedder runs; None where it runs none."""
    embedder: Any = load_embedder(model)
    embedder.embed_question("ready")
    folder = getattr(embedder, "folder", None)
    return str(folder) if folder and (Path(folder) / "model.onnx").is_file() else None


def count_tokens(model: str, texts: Sequence[str]) -> tuple[list[int], int]:
    """Return each text's length in the model's tokens, and the most that it reads."""
    embedder = load_embedder(model)
    return embedder.count_tokens(texts), embedder.max_tokens


def headline_questions(folder: Path, most: int) -> list[str]:
    """Return a question about each story of the store, to ask where no question set is given."""
    with StoreReader(folder) as reader:
        stories = [s.headline for key in reader.article_ids() for s in reader.article(key).stories]
    return [f"What do the articles say about “{headline}”?" for headline in dict.fromkeys(stories) if headline][:most]


def _articles(texts: Sequence[str]) -> Iterator[Article]:
    for number, text in enumerate(texts):
        yield article_from_text(text, article_id=f"article-{number}", path=f"article-{number}.txt")


def _embedded(folder: Path) -> Iterator[str]:
    with StoreReader(folder) as reader:
        for key in reader.article_ids():
            article = reader.article(key)
            for passage in reader.passages_of(key):
                yield embedded_text(passage)
                yield from (span.of(article.text) for span in passage.sentences)
