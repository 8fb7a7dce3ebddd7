"""The two contracts of this package: what embeds, and what finds near vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""One embedding, shape (dim,), unit length."""

Matrix = NDArray[np.float32]
"""Embeddings by row, shape (n, dim), each row of unit length."""

Ids = NDArray[np.int64]
"""Ids of vectors, ascending, none twice."""


@dataclass(frozen=True, slots=True)
class Near:
    """A stored vector's id with its cosine to the question's, in [-1, 1]."""

    id: int
    cosine: float


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors; the same text gives the same vector in every process."""

    @property
    def name(self) -> str:
        """What a person calls this embedder, and what settings take."""

    @property
    def fingerprint(self) -> str:
        """Hex digest that differs wherever vectors cannot be mixed."""

    @property
    def dim(self) -> int:
        """Number of components of a vector."""

    @property
    def max_tokens(self) -> int:
        """Longest text in tokens that is embedded whole; what lies beyond would be cut off silently."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's length in the model's own tokens, special tokens included, nothing cut."""

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Return one row a text, in the order given; shape (0, dim) for none."""

    def embed_question(self, text: str) -> Vector:
        """Return the question's vector, shape (dim,)."""

    def embed_questions(self, texts: Sequence[str]) -> Matrix:
        """Return one row a question, in the order given; shape (0, dim) for none.

        One that reads its weights once for all of them takes little longer than for one.
        """


@runtime_checkable
class NamesLanguages(Protocol):
    """An embedder that knows what it was trained on; one that does not say is taken to read everything."""

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes of its languages; () where it does not know them or they are many."""


@runtime_checkable
class VectorIndex(Protocol):
    """An immutable set of vectors under integer ids; safe to search from many threads."""

    @property
    def exact(self) -> bool:
        """Whether every cosine is that of the vectors as they were given, and none that is nearer is missed."""

    def __len__(self) -> int:
        """Return the number of vectors."""

    def search(self, question: Vector, k: int, *, keep: Ids | None = None) -> list[Near]:
        """Return the k nearest by cosine, best first, ties by id; of `keep` only, where that is given."""
