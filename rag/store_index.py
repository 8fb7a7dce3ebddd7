"""Makes the vector index over what a store holds: flat, or trained lists kept as a snapshot beside it.

Building lists holds no transaction and no lock of the store's: articles go in meanwhile, and are found all the same.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.errors import VectorsInvalid
from embeddings.faiss_index import FaissIndex
from embeddings.ivf_index import IvfIndex, Lists, lists_for
from embeddings.protocols import Ids, Matrix, VectorIndex
from rag.index_snapshot import (
    EXACT_UP_TO,
    FOLDER,
    Changes,
    Snapshot,
    find_snapshot,
    remove_snapshots,
    write_snapshot,
)
from rag.probes import probe
from rag.protocols import Progress
from rag.records import Scope
from rag.store_reader import StoreReader

# Experiment 22 of eval/LOG.md: what trains a list, and when what was changed is worth a new snapshot. Who
# only asks waits for one when half of the library has changed.
_SAMPLE_A_LIST = 64
_CHANGED_ENOUGH = 0.1
_CHANGED_TOO_MUCH = 0.5
_VECTORS_AT_ONCE = 32_768
_SAMPLED_AT_ONCE = 256
_LOCK = "write.lock"
_LOCK_WAIT_S = 600.0

BuildFlat = Callable[[Sequence[int] | Ids, Matrix], VectorIndex]


@dataclass(frozen=True, slots=True)
class _Base:
    """Lists that are searched, what they hold, and their file; None where they are in memory only."""

    snapshot: Snapshot
    lists: Lists
    path: Path | None


class StoreIndex:
    """The index of one store's folder; its lists are kept from one generation to the next. Not safe for threads.

    Up to `exact_up_to` passages it is `build_flat` of all vectors.
    """

    def __init__(
        self,
        folder: Path,
        *,
        build_flat: BuildFlat = FaissIndex,
        exact_up_to: int = EXACT_UP_TO,
        progress: Progress | None = None,
    ) -> None:
        self._folder = folder
        self._build_flat = build_flat
        self._exact_up_to = exact_up_to
        self._progress = progress or (lambda _done, _total, _what: None)
        self._base: _Base | None = None

    def prepare(self, reader: StoreReader) -> None:
        """Load or make the lists that the store needs now; making them may take minutes."""
        self._refresh(reader, _CHANGED_TOO_MUCH)

    def renew(self, reader: StoreReader) -> str:
        """Write a snapshot where the store needs one and has none, or enough has changed; return what to say of it.

        "" where nothing was made. A store that has become small has no use for one.
        """
        before = self._refresh(reader, _CHANGED_ENOUGH)
        base = self._base
        if base is None:
            remove_snapshots(self._folder)
        if base is None or base is before:
            return ""
        if not base.path:
            return f"'{self._folder / FOLDER}' cannot be written: whoever asks makes the vector index anew, for minutes"
        made = base.snapshot
        return f"{made.vectors:,} vectors are searched through {made.lists:,} lists, kept in {self._folder / FOLDER}"

    def index(self, reader: StoreReader) -> VectorIndex | None:
        """Return the index over what the reader sees; None where that is no longer what was prepared for."""
        dim = int(reader.meta()["dim"])
        base = self._base
        if base is None:
            return self._build_flat(*reader.vectors(dim))
        if not base.snapshot.fits(reader):
            return None
        return IvfIndex(base.lists, FaissIndex(*reader.vectors(dim, above=base.snapshot.last_id)))

    def _refresh(self, reader: StoreReader, too_much: float) -> _Base | None:
        """Have lists of which no greater share has changed, none where none are needed; return those that were there.

        Those that were there are the ones kept from before or those of a newer snapshot.
        """
        if reader.count_passages() <= self._exact_up_to:
            self._base = None
            return None
        own = self._base if self._base and self._base.snapshot.fits(reader) else None
        self._base = found = self._load(reader, own)
        if found is None or Changes.since(found.snapshot, reader).share > too_much:
            with self._alone() as may_write:
                # Who waited finds what another process wrote meanwhile.
                found = self._load(reader, found)
                if found is None or Changes.since(found.snapshot, reader).share > too_much:
                    made = self._made(reader, found)
                    self._base = self._written(made) if may_write else made
                else:
                    self._base = found
        return found

    def _load(self, reader: StoreReader, own: _Base | None) -> _Base | None:
        """Return the newest snapshot's lists where they are newer than our own."""
        found = find_snapshot(self._folder, reader, newer_than=own.snapshot.generation if own else -1)
        try:
            return _Base(found[1], Lists.read(found[0]), found[0]) if found else own
        except VectorsInvalid:
            # Another version of faiss wrote it.
            return own

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the lock of those who write a snapshot; False where none can be written."""
        import filelock  # noqa: PLC0415 - only who makes lists takes a lock

        lock = filelock.FileLock(self._folder / FOLDER / _LOCK, timeout=_LOCK_WAIT_S)
        try:
            (self._folder / FOLDER).mkdir(exist_ok=True)
            lock.acquire()
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _made(self, reader: StoreReader, found: _Base | None) -> _Base:
        """Return lists in memory that hold what is stored: those found, brought up to date, or newly trained ones.

        Ids are never used again: what comes or goes meanwhile lies behind the last of them, or is missing.
        """
        meta, last_id, passages = reader.meta(), reader.last_passage_id(), reader.count_passages()
        dim = int(meta["dim"])
        self._progress(0, passages, "training the vector index")
        if found and found.path and _centroids_serve(found, passages):
            above, trained_on = found.snapshot.last_id, found.snapshot.trained_on
            lists = Lists.read(found.path, mapped=False)
            lists.keep_only(reader.passage_ids(Scope()))
        else:
            above, trained_on = 0, passages
            sample = _sample(reader, dim, last_id, passages)
            lists = Lists.train(sample, min(lists_for(passages), len(sample)))
            del sample
        for ids, vectors in _portions(reader, dim, above, last_id):
            lists.add(ids, vectors)
            self._progress(min(len(lists), passages), passages, "filling the vector index")
        snapshot = Snapshot(
            *(meta["store_id"], meta["fingerprint"], dim, int(meta["generation"]), last_id),
            *(len(lists), trained_on, lists.lists, probe(reader, dim, last_id)),
        )
        return _Base(snapshot, lists, None)

    def _written(self, made: _Base) -> _Base:
        """Return the lists as they are read from their new snapshot; where none can be written, those in memory."""
        try:
            path = write_snapshot(self._folder, made.snapshot, made.lists.write)
            return _Base(made.snapshot, Lists.read(path), path)
        except (OSError, VectorsInvalid):
            return made


def _centroids_serve(found: _Base, passages: int) -> bool:
    """Return whether as many lists are right for so many passages, and most were there when they were trained."""
    return lists_for(passages) == found.lists.lists and passages <= 2 * found.snapshot.trained_on


def _sample(reader: StoreReader, dim: int, last_id: int, passages: int) -> Matrix:
    """Return vectors to train on: all, or as many as are enough, in runs spread evenly over the ids."""
    wanted = _SAMPLE_A_LIST * lists_for(passages)
    if passages <= wanted:
        sample = reader.vectors(dim)[1]
    else:
        sample = np.empty((wanted, dim), dtype=np.float32)
        filled, above = 0, 0
        for start in np.linspace(0, last_id, wanted // _SAMPLED_AT_ONCE, endpoint=False).astype(int).tolist():
            ids, vectors = reader.vectors(dim, above=max(start, above), most=_SAMPLED_AT_ONCE)
            sample[filled : filled + len(ids)] = vectors
            filled += len(ids)
            above = int(ids[-1]) if len(ids) else above
        sample = sample[:filled]
    # Of a store whose vectors are all damaged nothing is found, but asking by words goes on.
    return sample if len(sample) else np.eye(1, dim, dtype=np.float32)


def _portions(reader: StoreReader, dim: int, above: int, last_id: int) -> Iterator[tuple[Ids, Matrix]]:
    """Yield the stored vectors with ids above the first and up to the last, in bounded memory."""
    while True:
        ids, vectors = reader.vectors(dim, above=above, most=_VECTORS_AT_ONCE)
        within = int(np.searchsorted(ids, last_id, side="right"))
        if not within:
            return
        yield ids[:within], vectors[:within]
        above = int(ids[within - 1])
