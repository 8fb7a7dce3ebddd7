"""Describes a store: what it holds, and which vector index searches it. Loads no model and no index."""

from pathlib import Path

from rag.database import DATABASE, WORDS
from rag.index_snapshot import EXACT_UP_TO, FOLDER, Changes, find_snapshot
from rag.records import Scope, StoreInfo
from rag.store_reader import StoreReader


def describe_store(folder: Path, *, exact_up_to: int = EXACT_UP_TO) -> StoreInfo:
    """Return what is to be said of the store; raises StoreMissing and whatever else opening it raises."""
    with StoreReader(folder) as reader:
        identity, passages = reader.identity(), reader.count_passages()
        flat = passages <= exact_up_to
        found = None if flat or identity is None else find_snapshot(folder, reader)
        changes = Changes.since(found[1], reader) if found else Changes(passages, 0, 0)
        if flat:
            why = f"flat, exact: {passages:,} passages, up to {exact_up_to:,} are compared one by one"
        elif found:
            why = f"trained lists: {passages:,} passages, more than {exact_up_to:,} are not compared one by one"
        else:
            why = f"trained lists, none kept yet: {passages:,} passages; the next command that needs them makes them"
        return StoreInfo(
            folder=str(folder),
            generation=reader.generation(),
            articles=reader.count_articles(Scope())[0],
            passages=passages,
            passage_tokens=identity.passage_tokens if identity else 0,
            embedder=identity.embedder if identity else "",
            fingerprint=identity.fingerprint if identity else "",
            dim=identity.dim if identity else 0,
            database_bytes=sum(_size(path) for path in folder.glob(f"{DATABASE}*")),
            index_bytes=sum(_size(path) for path in (folder / FOLDER).glob("*/*")),
            words_bytes=sum(_size(path) for path in (folder / WORDS).glob("*")),
            index="flat" if flat else "lists",
            why=why,
            lists=found[1].lists if found else 0,
            snapshot_generation=found[1].generation if found else None,
            added=changes.added,
            removed=changes.removed,
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        # Another process has replaced it.
        return 0
