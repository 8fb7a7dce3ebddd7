"""FaissIndex: vectors by integer id, searched exactly. The only module that imports faiss."""

from collections.abc import Collection, Sequence

import faiss
import numpy as np

from embeddings.errors import VectorsInvalid
from embeddings.protocols import Matrix, Near, Vector


class FaissIndex:
    """Inner product over unit vectors, flat and exact; built once, never changed (add and search at once crash)."""

    def __init__(self, ids: Sequence[int], vectors: Matrix) -> None:
        if vectors.ndim != 2 or len(ids) != vectors.shape[0]:  # noqa: PLR2004 - a matrix has two axes
            raise VectorsInvalid(f"{len(ids)} ids for vectors of shape {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise VectorsInvalid("vectors hold values that are not finite; run: rag index --rebuild")
        self._ids = np.asarray(ids, dtype=np.int64)
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), self._ids)

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    def search(self, question: Vector, k: int, *, keep: Collection[int] | None = None) -> list[Near]:
        """Return the k nearest by cosine, best first, ties by id; of `keep` only, where that is given."""
        k = min(k, len(self))
        if k <= 0 or (keep is not None and not keep):
            return []
        selector = None
        if keep is not None:
            kept = np.fromiter(keep, dtype=np.int64, count=len(keep))
            selector = faiss.SearchParameters(sel=faiss.IDSelectorBatch(kept))  # type: ignore[call-arg]
        row = np.ascontiguousarray(question, dtype=np.float32).reshape(1, -1)
        if row.shape[1] != self._index.d:
            raise VectorsInvalid(f"a question of {row.shape[1]} components for an index of {self._index.d}")
        cosines, ids = self._index.search(row, k, params=selector)
        # faiss marks places that nothing fills with id -1.
        found = [Near(int(i), float(c)) for i, c in zip(ids[0], cosines[0], strict=True) if i >= 0]
        return sorted(found, key=lambda near: (-near.cosine, near.id))
