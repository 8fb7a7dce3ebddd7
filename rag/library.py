"""The library: one store with its vector index, and the pinned view that a question is answered from."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from embeddings.protocols import Embedder, Matrix, VectorIndex
from rag.chunking import CHUNKING_VERSION
from rag.errors import StoreMissing
from rag.identity import Identity, check_identity
from rag.store_reader import StoreReader

# One question is embedded once, whoever asks for its vector along the way.
_QUESTIONS_KEPT = 64

BuildIndex = Callable[[Sequence[int], Matrix], VectorIndex]


@dataclass(frozen=True, slots=True)
class View:
    """One generation of the store with the index built from it; immutable, so a question uses it to its end."""

    generation: int
    store_id: str
    index: VectorIndex


class Library:
    """Opens a store for questions; safe to use from many threads.

    Building raises StoreMissing, StoreDamaged, and StoreMismatch where the store has another embedder's vectors.
    """

    def __init__(self, folder: Path, embedder: Embedder, build_index: BuildIndex) -> None:
        self.folder = folder
        self.embedder = embedder
        self._build_index = build_index
        self._building = threading.Lock()
        self._view: View | None = None
        with self.reader() as reader:
            meta = reader.meta()
        if "fingerprint" not in meta:
            raise StoreMissing(f"the store in '{folder}' is empty; run: rag index --store {folder} ARTICLES")
        passage_tokens = int(meta["passage_tokens"])
        # Asking only needs vectors that can be compared; how passages were cut matters when more are put in.
        identity = Identity(embedder.name, embedder.fingerprint, int(meta["dim"]), passage_tokens, CHUNKING_VERSION)
        check_identity({**meta, "chunking": str(CHUNKING_VERSION)}, identity, folder)
        self.dim = int(meta["dim"])
        self.embed_question = lru_cache(maxsize=_QUESTIONS_KEPT)(embedder.embed_question)

    def reader(self) -> StoreReader:
        """Return a new read-only connection; the caller closes it."""
        return StoreReader(self.folder)

    def view(self) -> View:
        """Return the view of the newest generation; a new one is built beside the old and swapped in whole."""
        with self.reader() as reader:
            meta = reader.meta()
            generation, store_id = int(meta["generation"]), meta["store_id"]
            view = self._view
            if view and (view.generation, view.store_id) == (generation, store_id):
                return view
            with self._building:
                view = self._view
                if view and (view.generation, view.store_id) == (generation, store_id):
                    return view
                # Vectors committed since `generation` was read only mean that the next question builds once more.
                ids, vectors = reader.vectors(self.dim)
                self._view = View(generation, store_id, self._build_index(ids, vectors))
                return self._view
