"""Makes a large store's word arrays out of its FTS5 index. Knows how they lie in files; opens no store."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.protocols import Progress
from rag.word_reader import WordReader

_MOST_COUNTED = 255

Numbers = NDArray[np.int64]


def fill_word_index(folder: Path, words: WordReader, progress: Progress | None = None) -> None:
    """Write the files that WordIndex.load maps; memory is bounded by the vocabulary, not by the passages' words.

    Raises ValueError where the FTS5 index and the passages do not fit together. Needs a snapshot.
    """
    ids = words.passage_ids()
    terms, having, standing = words.terms()
    letters = [term.encode() for term in terms]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(having)])
    lengths = np.zeros(len(ids), dtype=np.int64)
    rows = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.uint32, (int(starts[-1]),))
    counts = np.lib.format.open_memmap(folder / "counts.npy", "w+", np.uint8, (int(starts[-1]),))
    filled = 0
    for found, times in _runs(words.places(), np.cumsum(standing)):
        at = np.minimum(np.searchsorted(ids, found), max(len(ids) - 1, 0))
        if not len(ids) or not np.array_equal(ids[at], found) or filled + len(at) > len(rows):
            raise ValueError("the word index holds passages that are not there")
        rows[filled : filled + len(at)] = at
        counts[filled : filled + len(at)] = np.minimum(times, _MOST_COUNTED)
        np.add.at(lengths, at, times)
        filled += len(at)
        if progress:
            progress(filled, len(rows), "words")
    if filled != len(rows):
        raise ValueError("the word index does not count its passages right")
    rows.flush()
    counts.flush()
    joined = np.frombuffer(b"".join(letters), dtype=np.uint8)
    for name, array in (
        ("ids", ids),
        ("lengths", lengths.astype(np.uint32)),
        ("letters", joined),
        ("ends", np.cumsum([len(term) for term in letters], dtype=np.int64)),
        ("starts", starts),
    ):
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def _runs(places: Iterable[Numbers], ends: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield each term's passages with how often it stands in each; `ends` tells where each term's places end."""
    carried = np.empty(0, dtype=np.int64)
    first = 0
    for portion in places:
        found = np.concatenate([carried, portion])
        begins = _begins(found, first, ends)
        # The last run may go on in the next portion.
        yield found[begins[:-1]], np.diff(begins)
        carried, first = found[begins[-1] :], first + int(begins[-1])
    if len(carried):
        yield carried[:1], np.array([len(carried)], dtype=np.int64)


def _begins(found: Numbers, first: int, ends: Numbers) -> Numbers:
    """Return where another passage begins, or another term; `first` is the number of the first place."""
    term = np.searchsorted(ends, np.arange(first, first + len(found)), side="right")
    return np.append(0, np.flatnonzero((np.diff(found) != 0) | (np.diff(term) != 0)) + 1)
