"""The trained vector index that is kept beside the store: which one can be trusted, and how much was changed since.

It is derived from SQLite and never the truth. What does not match, or has a changed byte, counts as missing. Knows no
kind of index and imports none: the store can be described without.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from embeddings.checked_folder import read_checked, write_checked
from rag.probes import probes_hold
from rag.store_reader import StoreReader

EXACT_UP_TO = 200_000
"""Up to so many passages every vector is compared: 307 MB and 11 ms of 384 components, by eval/LOG.md."""

FOLDER = "vectors"
FILE = "lists.faiss"
_FORMAT = "1"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot says of itself: which store's vectors it holds, and up to which passage.

    `probes` tell whether it went another way from an older state (`rag.probes`).
    """

    store_id: str
    fingerprint: str
    dim: int
    generation: int
    last_id: int
    vectors: int
    trained_on: int
    lists: int
    probes: tuple[tuple[int, str], ...]

    @classmethod
    def read(cls, about: Mapping[str, str]) -> Self | None:
        """Return what `written` gave; None for anything else."""
        try:
            said = json.loads(about["snapshot"]) if about["format"] == _FORMAT else {}
            return cls(**said | {"probes": tuple((int(key), str(digest)) for key, digest in said["probes"])})
        except (ValueError, KeyError, TypeError):
            return None

    def written(self) -> dict[str, str]:
        """Return it as a checked folder says it."""
        return {"format": _FORMAT, "snapshot": json.dumps(asdict(self))}

    def fits(self, reader: StoreReader) -> bool:
        """Return whether it was made from an earlier state, or this one, of what the store holds."""
        meta = reader.meta()
        same = (self.store_id, self.fingerprint, str(self.dim)) == tuple(
            meta.get(name) for name in ("store_id", "fingerprint", "dim")
        )
        return (
            same
            and self.generation <= int(meta["generation"])
            and self.last_id <= reader.last_passage_id()
            and probes_hold(self.probes, reader, self.dim)
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """How many passages were added to the store and removed from it since a snapshot was made."""

    passages: int
    added: int
    removed: int

    @classmethod
    def since(cls, snapshot: Snapshot, reader: StoreReader) -> Self:
        """Count them: ids only grow, so what has a higher one was added, and what else is missing was removed."""
        passages = reader.count_passages()
        added = reader.count_passages(above=snapshot.last_id)
        return cls(passages, added, max(0, snapshot.vectors - (passages - added)))

    @property
    def share(self) -> float:
        """The changed passages in relation to those that are stored."""
        return (self.added + self.removed) / max(1, self.passages)


def find_snapshot(folder: Path, reader: StoreReader, *, newer_than: int = -1) -> tuple[Path, Snapshot] | None:
    """Return the newest snapshot in the store's folder that is whole and fits the store, and its file.

    Only those of a later generation than `newer_than` are looked at: a digest of all bytes takes its time.
    """
    seen: set[Path] = set()
    # One may be replaced while it is being read; then its successor is there.
    while paths := [p for p in _folders(folder) if p not in seen and _generation(p) > newer_than]:
        path = max(paths, key=_generation)
        seen.add(path)
        about = read_checked(path)
        snapshot = Snapshot.read(about) if about else None
        if snapshot and snapshot.fits(reader):
            return path / FILE, snapshot
    return None


def write_snapshot(folder: Path, snapshot: Snapshot, write: Callable[[Path], None]) -> Path:
    """Let `write` write the index's file, and return it; then older ones and what a killed writer left are removed.

    Whoever has an older one's file mapped goes on with it. Raises OSError, and then nothing has changed.
    """
    path = folder / FOLDER / f"{snapshot.generation}-{snapshot.last_id}"
    write_checked(path, lambda part: write(part / FILE), snapshot.written())
    remove_snapshots(folder, but=path)
    return path / FILE


def remove_snapshots(folder: Path, *, but: Path | None = None) -> None:
    """Remove all snapshots but this one; what cannot be removed stays."""
    for path in _folders(folder, parts=True):
        if path != but:
            shutil.rmtree(path, ignore_errors=True)


def _folders(folder: Path, *, parts: bool = False) -> Iterator[Path]:
    try:
        found = [path for path in (folder / FOLDER).iterdir() if path.is_dir()]
    except OSError:
        return
    yield from (path for path in found if parts or path.name[:1].isdigit())


def _generation(path: Path) -> int:
    number = path.name.partition("-")[0]
    return int(number) if number.isdecimal() else -1
