"""The words of a large store as arrays: BM25 over all their passages, without FTS5's cost for each that matches.

Derived from the store's FTS5 index and exact: it has the same terms, counts and lengths, and scores as FTS5's bm25()
does (https://www.sqlite.org/fts5.html#the_bm25_function). FTS5 takes 0.5 µs for every passage that holds any word of a
question; these arrays a fiftieth of that. Knows no SQL; it is never changed, and lies in files that are mapped.
"""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

_K1 = 1.2
_B = 0.75
_LEAST_IDF = 1e-6
# Finding one passage in a list costs what reading about this many of its entries does.
_ENTRIES_OF_A_LOOKUP = 32

Ids = NDArray[np.int64]
Rows = NDArray[np.uint32]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Postings:
    """One term's passages, as ascending rows of the index, and how often it stands in each."""

    rows: Rows
    counts: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class WordIndex:
    """Terms in order of their UTF-8 bytes, each with its postings from `starts[term]` on; a row is a passage.

    `ids` are the passages', ascending, `lengths` how many words each has; `letters` the terms' bytes joined, of which
    each ends at `ends[term]`.
    """

    ids: Ids
    lengths: NDArray[np.uint32]
    letters: NDArray[np.uint8]
    ends: NDArray[np.int64]
    starts: NDArray[np.int64]
    rows: Rows
    counts: NDArray[np.uint8]
    norms: Scores
    least_norm: float

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Return the index in these files, mapped: what no question asks for is not read."""

        def mapped(name: str) -> NDArray[np.generic]:
            array: NDArray[np.generic] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            return array.view(np.ndarray)

        arrays = {name: mapped(name) for name in ("ids", "lengths", "letters", "ends", "starts", "rows", "counts")}
        lengths = arrays["lengths"].astype(np.float64)
        norms = _K1 * (1 - _B + _B * lengths / max(lengths.mean(), 1)) if len(lengths) else lengths
        least = float(norms.min()) if len(norms) else 0.0
        return cls(**arrays, norms=norms, least_norm=least)  # type: ignore[arg-type]

    def passages_with(self, terms: Iterable[str]) -> dict[str, int]:
        """Return in how many passages each term stands; terms that stand nowhere are left out."""
        places = {term: self._place(term) for term in terms}
        return {term: int(self.starts[at + 1] - self.starts[at]) for term, at in places.items() if at is not None}

    def search(
        self, terms: Mapping[str, int], k: int, *, others: Sequence[tuple[Ids, Scores]] = (), keep: Ids | None = None
    ) -> list[tuple[int, float]]:
        """Return (passage id, BM25 score, higher is better) of the k best, best first, ties by id.

        `terms` are as the index has them, with how often each is asked; `others` are passages, ascending, with their
        scores of what else is asked. Of `keep` only, ascending ids, where that is given.
        """
        scan = _Scan(self, k, None if keep is None else self.rows_of(keep))
        for ids, scores in others:
            scan.add(self.rows_of(ids), scores[np.isin(ids, self.ids, assume_unique=True)])
        weighed = sorted(self._weighed(terms), key=lambda found: -found[1])
        most = [weight * self._most(postings) for postings, weight in weighed]
        for number, (postings, weight) in enumerate(weighed):
            scan.score(postings, weight, sum(most[number:]))
        return scan.best()

    def rows_of(self, ids: Ids) -> Rows:
        """Return the rows of those of the ids that the index holds, both ascending."""
        at = np.searchsorted(self.ids, ids)
        at[at == len(self.ids)] = 0
        return at[self.ids[at] == ids].astype(np.uint32) if len(self.ids) else np.empty(0, dtype=np.uint32)

    def _weighed(self, terms: Mapping[str, int]) -> Iterable[tuple[Postings, float]]:
        for term, times in terms.items():
            at = self._place(term)
            if at is not None:
                some = slice(int(self.starts[at]), int(self.starts[at + 1]))
                having = some.stop - some.start
                idf = math.log((len(self.ids) - having + 0.5) / (having + 0.5))
                yield Postings(self.rows[some], self.counts[some]), times * (idf if idf > 0 else _LEAST_IDF)

    def _most(self, postings: Postings) -> float:
        """Return what no passage's score of the term exceeds, but for its weight."""
        often = float(postings.counts.max())
        return often * (_K1 + 1) / (often + self.least_norm)

    def _place(self, term: str) -> int | None:
        sought = term.encode()
        at = bisect_left(range(len(self.ends)), sought, key=self._term)
        return at if at < len(self.ends) and self._term(at) == sought else None

    def _term(self, at: int) -> bytes:
        return self.letters[int(self.ends[at - 1]) if at else 0 : int(self.ends[at])].tobytes()


class _Scan:
    """One question's scores. Once what is left to ask cannot lift a new passage among the best, none is taken up.

    That is MaxScore (Turtle & Flood 1995): the same passages and scores as of all that match.
    """

    def __init__(self, index: WordIndex, k: int, keep: Rows | None) -> None:
        self._index = index
        self._k = k
        self._scores: Scores = np.zeros(len(index.ids))
        self._marks = np.zeros(len(index.ids), dtype=np.bool_)
        self._kept: Rows | None = None
        # What the k-th best has at least.
        self._least = 0.0
        if keep is not None:
            self._keep(keep)

    def add(self, rows: Rows, scores: Scores) -> None:
        """Add the scores to the passages'; ascending rows."""
        if self._kept is not None:
            kept = self._marks[rows]
            rows, scores = rows[kept], scores[kept]
        at = rows.astype(np.intp)
        total = self._scores[at] + scores
        self._scores[at] = total
        if self._kept is None:
            self._marks[at] = True
        if len(total) >= self._k:
            self._least = max(self._least, float(np.partition(total, -self._k)[-self._k]))

    def score(self, postings: Postings, weight: float, most: float) -> None:
        """Add what the postings score; `most` is what all still to come, these too, can add to one passage."""
        self._close(most)
        rows, counts = postings.rows, postings.counts
        if self._kept is not None:
            held = self._held(rows, self._kept)
            rows, counts = rows[held], counts[held]
        often = counts.astype(np.float64)
        self.add(rows, weight * (often * (_K1 + 1)) / (often + self._index.norms[rows]))

    def best(self) -> list[tuple[int, float]]:
        """Return (id, score) of the k best, best first, ties by id."""
        rows = np.flatnonzero(self._marks)
        rows = rows[self._scores[rows] > 0]
        scores = self._scores[rows]
        if len(rows) > self._k:
            good = scores >= np.partition(scores, -self._k)[-self._k]
            rows, scores = rows[good], scores[good]
        ids = self._index.ids[rows]
        order = np.lexsort((ids, -scores))[: self._k]
        return list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))

    def _close(self, most: float) -> None:
        """Take up no new passage where none could come among the best, and let go of those that no longer can."""
        # Sums in another order differ in the last place.
        least = self._least * (1 - 1e-9)
        if least > most:
            rows = np.flatnonzero(self._marks).astype(np.uint32)
            self._keep(rows[self._scores[rows] >= least - most])

    def _keep(self, rows: Rows) -> None:
        self._kept = rows
        self._marks[:] = False
        self._marks[rows] = True

    def _held(self, rows: Rows, kept: Rows) -> NDArray[np.intp]:
        """Return which of the rows are kept ones, ascending."""
        if len(kept) * _ENTRIES_OF_A_LOOKUP > len(rows):
            return np.flatnonzero(self._marks[rows])
        at = np.searchsorted(rows, kept)
        at[at == len(rows)] = 0
        held: NDArray[np.intp] = at[rows[at] == kept]
        return held
