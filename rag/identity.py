"""What a store's vectors and passages depend on, and how vectors and spans are written as bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

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
