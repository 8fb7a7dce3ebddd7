"""FaissIndex: vectors by integer id, searched exactly. With ivf_index, which builds on it, all that imports faiss."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import faiss
import numpy as np

from embeddings.errors import VectorsInvalid
from embeddings.protocols import Ids, Matrix, Near, Vector

# A bit an id up to the highest: 16 MiB. Ids beyond, which only a damaged store has, go into a hash table.
_MOST_BITS = 2**27


class FaissIndex:
    """Inner product over unit vectors, flat and exact; built once, never changed (add and search at once crash)."""

    exact = True

    def __init__(self, ids: Sequence[int] | Ids, vectors: Matrix) -> None:
        check_vectors(ids, vectors)
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), np.asarray(ids, dtype=np.int64))

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    def search(self, question: Vector, k: int, *, keep: Ids | None = None) -> list[Near]:
        """Return the k nearest by cosine, best first, ties by id; of `keep` only, where that is given."""
        k = min(k, len(self))
        if k <= 0 or (keep is not None and not len(keep)):
            return []
        row = question_row(question, self._index.d)
        chosen = None if keep is None else faiss.SearchParameters(sel=selector(keep))  # type: ignore[call-arg]
        with one_thread():
            cosines, ids = self._index.search(row, k, params=chosen)
        return nearest(k, found_near(cosines[0], ids[0]))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let faiss compute on this thread alone: one question is too little to share.

    Threads that wait for each other took 7 ms for 92 vectors, one takes 0.03; of 200,000 one takes half of that of two.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def check_vectors(ids: Sequence[int] | Ids, vectors: Matrix) -> None:
    """Raise VectorsInvalid unless there is one finite vector an id."""
    if vectors.ndim != 2 or len(ids) != vectors.shape[0]:  # noqa: PLR2004 - a matrix has two axes
        raise VectorsInvalid(f"{len(ids)} ids for vectors of shape {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise VectorsInvalid("vectors hold values that are not finite; run: rag index --rebuild")


def question_row(question: Vector, dim: int) -> Matrix:
    """Return the question as faiss takes it, shape (1, dim); raises VectorsInvalid for another dimension."""
    row: Matrix = np.ascontiguousarray(question, dtype=np.float32).reshape(1, -1)
    if row.shape[1] != dim:
        raise VectorsInvalid(f"a question of {row.shape[1]} components for an index of {dim}")
    return row


def selector(keep: Ids) -> faiss.IDSelector:
    """Return what lets a search see these ids only, of which there is at least one."""
    if keep[0] < 0 or keep[-1] >= _MOST_BITS:
        return faiss.IDSelectorBatch(keep)
    kept = np.zeros(int(keep[-1]) + 1, dtype=bool)
    kept[keep] = True
    return faiss.IDSelectorBitmap(np.packbits(kept, bitorder="little"))  # type: ignore[call-arg,arg-type]


def found_near(cosines: Matrix, ids: Ids) -> list[Near]:
    """Return what faiss found for one question; it marks places that nothing fills with id -1."""
    return [Near(i, c) for i, c in zip(ids.tolist(), cosines.tolist(), strict=True) if i >= 0]


def nearest(k: int, found: Iterable[Near]) -> list[Near]:
    """Return the k best, best first, ties by id."""
    return heapq.nsmallest(k, found, key=lambda near: (-near.cosine, near.id))
