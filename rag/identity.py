"""What a store's vectors and passages depend on, and how vectors and spans are written as bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embeddings.protocols import Matrix
from rag.errors import StoreMismatch

SENTENCE_DTYPE = np.dtype("<f2")
"""Stored sentence vectors: half the bytes of float32; the cosine moves by less than 0.001."""

PASSAGE_DTYPE = np.dtype("<f4")
SPAN_DTYPE = np.dtype("<u4")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a store's vectors and passages depend on; stores of different identities cannot be mixed."""

    embedder: str
    fingerprint: str
    dim: int
    passage_tokens: int
    chunking: int


def check_identity(stored: Mapping[str, str], identity: Identity, folder: Path) -> None:
    """Raise StoreMismatch, naming both embedders and the repair, unless the vectors can be mixed."""
    if stored.get("fingerprint") != identity.fingerprint or stored.get("chunking") != str(identity.chunking):
        was = f"{stored.get('embedder')} ({stored.get('fingerprint', '')[:12]}, cut {stored.get('chunking')})"
        now = f"{identity.embedder} ({identity.fingerprint[:12]}, cut {identity.chunking})"
        raise StoreMismatch(
            f"the store in '{folder}' was made with {was}, not with {now}; "
            f"run: rag index --rebuild --store {folder}, or ask with the first"
        )


def read_identity(meta: Mapping[str, str]) -> Identity | None:
    """Return the identity that a store says it has; None where nothing was ever indexed."""
    if "fingerprint" not in meta:
        return None
    numbers = int(meta["dim"]), int(meta["passage_tokens"]), int(meta["chunking"])
    return Identity(meta.get("embedder", ""), meta["fingerprint"], *numbers)


def read_vectors(rows: Sequence[tuple[object, object]], dim: int) -> tuple[list[int], Matrix]:
    """Return the ids and vectors of those rows whose BLOB is a vector of this dimension with finite components."""
    width = dim * PASSAGE_DTYPE.itemsize
    whole = [
        (key, blob) for key, blob in rows if isinstance(key, int) and isinstance(blob, bytes) and len(blob) == width
    ]
    vectors = np.frombuffer(b"".join(blob for _, blob in whole), dtype=PASSAGE_DTYPE).reshape(-1, dim)
    finite = np.atleast_1d(np.isfinite(vectors).all(axis=1))
    return [key for (key, _), good in zip(whole, finite.tolist(), strict=True) if good], vectors[finite]
