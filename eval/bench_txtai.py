"""txtai with FAISS, as its documentation puts them together. Knows nothing of the rest of this program."""

from collections.abc import Sequence
from pathlib import Path

from txtai.embeddings import Embeddings
from txtai.pipeline.data.segmentation import Segmentation


class Txtai:
    """Paragraphs, the model by its path, FAISS (its default index), texts kept beside the vectors.

    Where `hybrid`, every line is a paragraph and BM25 scores count beside the vectors'.
    """

    def __init__(self, model: str, *, hybrid: bool = False) -> None:
        self._model = model
        self._hybrid = hybrid

    def ready(self) -> None:
        """Load the model and embed something."""
        self._embeddings = Embeddings(path=self._model, content=True, backend="faiss", gpu=False, hybrid=self._hybrid)
        self._embeddings.transform("ready")

    def ingest(self, texts: Sequence[str], folder: Path) -> list[str]:
        """Cut, embed and save; return the pieces. A paragraph longer than the model reads is cut off by it."""
        cut = Segmentation(lines=True) if self._hybrid else Segmentation(paragraphs=True)
        pieces = [piece for text in texts for piece in cut(text)]
        self._embeddings.index(pieces)
        self._embeddings.save(str(folder))
        return pieces

    def open(self, folder: Path) -> None:
        """Load the saved index and the model."""
        self._embeddings = Embeddings()
        self._embeddings.load(str(folder))

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the k nearest."""
        return [str(found["text"]) for found in self._embeddings.search(question, k)]


def make(model: str) -> Txtai:
    """Return it; the model is loaded by `ingest` and `open`."""
    return Txtai(model)
