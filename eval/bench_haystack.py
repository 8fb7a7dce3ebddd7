"""Haystack with its in-memory store, as its documentation puts them together. Knows nothing of this program."""

from collections.abc import Sequence
from pathlib import Path

from haystack import Document
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import ComponentDevice
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

_FILE = "store.json"


class Haystack:
    """DocumentSplitter at its defaults (200 words), SentenceTransformersDocumentEmbedder, InMemoryDocumentStore."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._asks = SentenceTransformersTextEmbedder(
            model=model, device=ComponentDevice.from_str("cpu"), progress_bar=False
        )

    def ready(self) -> None:
        """Load the model for documents."""
        self._embeds = SentenceTransformersDocumentEmbedder(
            model=self._model, device=ComponentDevice.from_str("cpu"), progress_bar=False
        )
        self._embeds.warm_up()
        self._embeds.run([Document(content="ready")])

    def ingest(self, texts: Sequence[str], folder: Path) -> list[str]:
        """Cut, embed and save; return the pieces."""
        splitter = DocumentSplitter()
        splitter.warm_up()
        pieces = splitter.run([Document(content=text) for text in texts])["documents"]
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        store.write_documents(self._embeds.run(pieces)["documents"])
        folder.mkdir(parents=True, exist_ok=True)
        store.save_to_disk(str(folder / _FILE))
        return [piece.content or "" for piece in pieces]

    def open(self, folder: Path) -> None:
        """Load the saved store and the model."""
        self._asks.warm_up()
        self._retriever = InMemoryEmbeddingRetriever(InMemoryDocumentStore.load_from_disk(str(folder / _FILE)))

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the k nearest."""
        vector = self._asks.run(question)["embedding"]
        return [found.content or "" for found in self._retriever.run(vector, top_k=k)["documents"]]


def make(model: str) -> Haystack:
    """Return it; the model is loaded with the first text."""
    return Haystack(model)
