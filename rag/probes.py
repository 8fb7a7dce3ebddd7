"""Tells whether what was made of a store was made of an earlier state of it. Knows no index and no file.

A store that was put back to an older state counts ids and generations anew: the same numbers, other passages. So what
lies beside it keeps probes: some passages' ids, with digests of their vectors.
"""

import hashlib
from collections.abc import Iterable

import numpy as np

from embeddings.protocols import Vector
from rag.store_reader import StoreReader

_PROBES = 64

Probes = tuple[tuple[int, str], ...]


def probe(reader: StoreReader, dim: int, last_id: int) -> Probes:
    """Return probes: half of them the last passages, where another history differs first, the others spread evenly."""
    half = _PROBES // 2
    chosen = {*range(max(1, last_id - half + 1), last_id + 1), *np.linspace(1, last_id, half).astype(int).tolist()}
    ids, vectors = reader.vectors_of(sorted(chosen), dim)
    return tuple(sorted((key, digest_of(row)) for key, row in zip(ids, vectors, strict=True)))


def probes_hold(probes: Iterable[tuple[int, str]], reader: StoreReader, dim: int) -> bool:
    """Return whether those of the probes that are still stored have the vectors that they had."""
    digests = dict(probes)
    ids, vectors = reader.vectors_of(list(digests), dim)
    return all(digests[key] == digest_of(row) for key, row in zip(ids, vectors, strict=True))


def digest_of(vector: Vector) -> str:
    """Return a hex digest of a stored vector."""
    return hashlib.sha256(vector.tobytes()).hexdigest()[:16]
