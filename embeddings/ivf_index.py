"""IvfIndex: many vectors in lists around centroids, a byte a component, mostly on disk; besides them a few held flat.

What is near is looked for in the lists whose centroids are nearest: a share of all, so that a search misses some and
takes a hundredth of the time. Sivic & Zisserman, ICCV 2003; Jegou, Douze & Schmid, PAMI 2011.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import faiss
import numpy as np

from embeddings.errors import VectorsInvalid
from embeddings.faiss_index import FaissIndex, check_vectors, found_near, nearest, one_thread, question_row, selector
from embeddings.protocols import Ids, Matrix, Near, Vector

# Experiment 22 of eval/LOG.md: how many lists are looked into, and what a filter leaves where all are.
_LISTS_SEARCHED = 128
_FEW_KEPT = 50_000
_FEW_KEPT_SHARE = 0.05
_TRAINING_ROUNDS = 6


def lists_for(vectors: int) -> int:
    """Return into how many lists so many vectors go: a power of two near 4 times the square root."""
    return 1 << max(0, round(math.log2(4 * math.sqrt(max(1, vectors)))))


class Lists:
    """Vectors in trained lists. One that is searched is never changed: not by `add`, not by `keep_only`."""

    def __init__(self, index: faiss.IndexIVFScalarQuantizer) -> None:
        self._index = index

    @classmethod
    def train(cls, sample: Matrix, lists: int) -> Self:
        """Return empty lists whose centroids stand where the sample's vectors do; there are at least as many."""
        check_vectors(range(len(sample)), sample)
        dim = sample.shape[1]
        index = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dim), dim, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        )
        index.cp.niter = _TRAINING_ROUNDS
        # All of the sample counts, and a small one is no reason to warn on stderr.
        index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, len(sample)
        index.train(np.ascontiguousarray(sample, dtype=np.float32))
        return cls(index)

    @classmethod
    def read(cls, path: Path, *, mapped: bool = True) -> Self:
        """Return the lists of a file that is whole; `mapped` leaves them there, and they cannot be added to.

        Raises VectorsInvalid for a file of another kind or version.
        """
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP if mapped else 0)
        except RuntimeError as error:
            raise VectorsInvalid(f"'{path}' holds no vector index: {error}") from error
        if not isinstance(index, faiss.IndexIVFScalarQuantizer):
            raise VectorsInvalid(f"'{path}' holds another kind of index")
        if mapped:
            # The 32 threads that read ahead made a warm search five times as slow.
            faiss.downcast_InvertedLists(index.invlists).prefetch_nthread = 0  # type: ignore[arg-type,attr-defined]
        return cls(index)

    def write(self, path: Path) -> None:
        """Write the lists into a file; raises OSError, for a full disk."""
        try:
            faiss.write_index(self._index, str(path))
        except RuntimeError as error:
            raise OSError(f"the vector index could not be written: {error}") from error

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return int(self._index.d)

    @property
    def lists(self) -> int:
        """Number of lists."""
        return int(self._index.nlist)

    def add(self, ids: Sequence[int] | Ids, vectors: Matrix) -> None:
        """Put each vector into the list of its nearest centroid."""
        check_vectors(ids, vectors)
        if len(ids):
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), np.asarray(ids, dtype=np.int64))

    def keep_only(self, ids: Ids) -> None:
        """Drop every vector whose id is not among these."""
        if len(ids):
            self._index.remove_ids(faiss.IDSelectorNot(selector(ids)))
        else:
            self._index.reset()

    def search(self, question: Vector, k: int, keep: Ids | None) -> list[Near]:
        """Return about the k nearest, in any order; their cosines are off by a few thousandths."""
        if not len(self):
            return []
        kept = None if keep is None else selector(keep)
        chosen = faiss.SearchParametersIVF(nprobe=self._searched(keep), sel=kept)  # type: ignore[call-arg]
        with one_thread():
            cosines, ids = self._index.search(question_row(question, self.dim), min(k, len(self)), params=chosen)
        return found_near(cosines[0], ids[0])

    def _searched(self, keep: Ids | None) -> int:
        """Return how many lists are looked into: as many more as a filter leaves fewer in each, all where it is few."""
        if keep is None:
            return min(self.lists, _LISTS_SEARCHED)
        if len(keep) <= max(_FEW_KEPT, _FEW_KEPT_SHARE * len(self)):
            return self.lists
        return min(self.lists, math.ceil(_LISTS_SEARCHED * max(1.0, len(self) / len(keep))))


class IvfIndex:
    """Trained lists, and what was added since held flat; neither is ever changed."""

    exact = False

    def __init__(self, lists: Lists, added: FaissIndex) -> None:
        self._lists = lists
        self._added = added

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self._lists) + len(self._added)

    def search(self, question: Vector, k: int, *, keep: Ids | None = None) -> list[Near]:
        """Return about the k nearest by cosine, best first, ties by id; of `keep` only, where that is given."""
        k = min(k, len(self))
        if k <= 0 or (keep is not None and not len(keep)):
            return []
        return nearest(k, [*self._lists.search(question, k, keep), *self._added.search(question, k, keep=keep)])
