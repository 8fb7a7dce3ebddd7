"""The library: one store with its vector index, and the pinned view that a question is answered from."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from embeddings.protocols import Embedder, Ids, Matrix, NamesLanguages, VectorIndex
from rag.chunking import CHUNKING_VERSION
from rag.errors import StoreMissing
from rag.identity import Identity, check_identity
from rag.language import foreign_script
from rag.records import Passage, Scope
from rag.store_reader import StoreReader
from rag.word_search import WordSearch

# One question is embedded once, whoever asks for its vector along the way.
_QUESTIONS_KEPT = 64
# One question may be searched for several times within the same scope.
_SCOPES_KEPT = 4
# About 20 MB; the same passages come up for question after question, by meaning and by words.
_PASSAGES_KEPT = 5000


class MakesIndex(Protocol):
    """Makes the vector index of one store; asked by one thread at a time."""

    def prepare(self, reader: StoreReader) -> None:
        """Do what takes long: the store is not held meanwhile."""

    def index(self, reader: StoreReader) -> VectorIndex | None:
        """Return the index over what the reader sees; None where it has to be prepared anew."""


@dataclass(frozen=True, slots=True)
class View:
    """One generation of the store with the index built from it; what it says never changes while a question uses it.

    `passages` counts those of the generation; those that were read are kept, for as long as it is the newest.
    """

    generation: int
    store_id: str
    index: VectorIndex
    passages: int
    _kept: dict[int, Passage] = field(default_factory=dict, repr=False, compare=False)

    def read(self, reader: StoreReader, ids: Sequence[int]) -> dict[int, Passage]:
        """Return the passages of these ids; those that are gone are left out. What an id stands for never changes."""
        known = {key: passage for key in ids if (passage := self._kept.get(key))}
        found = reader.passages([key for key in ids if key not in known])
        if len(self._kept) + len(found) > _PASSAGES_KEPT:
            self._kept.clear()
        self._kept.update(found)
        return known | found

    def is_of(self, meta: Mapping[str, str]) -> bool:
        """Return whether this is what a store that says so of itself holds now."""
        return (str(self.generation), self.store_id) == (meta["generation"], meta["store_id"])


class Library:
    """Opens a store for questions; safe to use from many threads. `words` finds passages by words.

    Building raises StoreMissing, StoreDamaged, and StoreMismatch where the store has another embedder's vectors.
    """

    def __init__(self, folder: Path, embedder: Embedder, makes_index: MakesIndex) -> None:
        self.folder = folder
        self.embedder = embedder
        self.words = WordSearch(folder)
        self._makes_index = makes_index
        self._building = threading.Lock()
        self._view: View | None = None
        with self.reader() as reader:
            self.dim = self._check(reader.meta())
        self.languages = embedder.languages if isinstance(embedder, NamesLanguages) else ()
        self.embed_question = lru_cache(maxsize=_QUESTIONS_KEPT)(embedder.embed_question)
        self._ids_within = lru_cache(maxsize=_SCOPES_KEPT)(self._read_ids)
        self._embed_together = lru_cache(maxsize=_QUESTIONS_KEPT)(embedder.embed_questions)

    def embed_questions(self, questions: Sequence[str]) -> Matrix:
        """Return one row a question; the same questions together always give the same rows."""
        return self._embed_together(tuple(questions))

    def ids_within(self, view: View, scope: Scope) -> Ids:
        """Return the ids of the passages within the scope, ascending, as they were when this view was first asked."""
        return self._ids_within(view.store_id, view.generation, scope)

    def _read_ids(self, _store_id: str, _generation: int, scope: Scope) -> Ids:
        with self.reader() as reader:
            return reader.passage_ids(scope)

    def unread_script(self, text: str) -> str:
        """Return what to call the text's script where the embedder reads no language written in it; else ""."""
        return foreign_script(text, self.languages)

    def reader(self) -> StoreReader:
        """Return a new read-only connection; the caller closes it."""
        return StoreReader(self.folder)

    def view(self) -> View:
        """Return the view of the newest generation, as `view_of` does."""
        with self.reader() as reader:
            return self.view_of(reader)

    def view_of(self, reader: StoreReader) -> View:
        """Return the view of the generation that the reader sees; a new one is built beside the old and swapped in.

        Raises StoreMismatch where the store was rebuilt with another embedder meanwhile.
        """
        view = self._view
        if view and view.is_of(reader.meta()):
            return view
        with self._building:
            # Read anew: while this thread waited, another may have built the view of a newer generation.
            view = self._view
            if view and not view.is_of(reader.meta()):
                view = None
            while view is None:
                self._view = view = self._built(reader)
            return view

    def _built(self, reader: StoreReader) -> View | None:
        """Return a view of what the reader sees; None where the store was changed too much in between."""
        self._check(reader.meta())
        self._makes_index.prepare(reader)
        with reader.snapshot():
            meta = reader.meta()
            self.dim = self._check(meta)
            index = self._makes_index.index(reader)
            if index is None:
                return None
            return View(int(meta["generation"]), meta["store_id"], index, reader.count_passages())

    def _check(self, meta: Mapping[str, str]) -> int:
        """Return the dimension of the store's vectors; raises where the embedder's cannot be compared with them."""
        if "fingerprint" not in meta:
            raise StoreMissing(f"the store in '{self.folder}' is empty; run: rag index --store {self.folder} ARTICLES")
        dim = int(meta["dim"])
        # Asking only needs vectors that can be compared; how passages were cut matters when more are put in.
        identity = Identity(
            self.embedder.name, self.embedder.fingerprint, dim, int(meta["passage_tokens"]), CHUNKING_VERSION
        )
        check_identity({**meta, "chunking": str(CHUNKING_VERSION)}, identity, self.folder)
        return dim
