"""HashedEmbedder: hashed words and character trigrams, no model. For fast tests and for machines without one."""

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from embeddings.protocols import Matrix, Vector

_WORD = re.compile(r"\w+")
# A text without spaces is one word of any length; in pieces it neither fills the cache nor the memory.
_PIECE = re.compile(r"\w{1,64}")


class HashedEmbedder:
    """Sums signed hashes of words and their trigrams into `dim` buckets (Weinberger et al., ICML 2009)."""

    def __init__(self, dim: int = 256, max_tokens: int = 256) -> None:
        self._dim = dim
        self._max_tokens = max_tokens

    @property
    def name(self) -> str:
        """The word that settings take."""
        return "hashed"

    @property
    def fingerprint(self) -> str:
        """Differs by dimension only: there are no weights."""
        return f"hashed-1-{self._dim}"

    @property
    def dim(self) -> int:
        """Number of buckets."""
        return self._dim

    @property
    def max_tokens(self) -> int:
        """A bound like a model's, so that tests meet it."""
        return self._max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of words, plus two as a model's special tokens would add."""
        return [sum(1 for _ in _WORD.finditer(text)) + 2 for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Return unit rows; a text without words gives the first axis, so that no row is zero."""
        rows = np.zeros((len(texts), self._dim), dtype=np.float32)
        for number, text in enumerate(texts):
            found = [_features(match.group()) for match in _PIECE.finditer(text.casefold())]
            places = [digest % self._dim for digests, _ in found for digest in digests]
            weights = [weight for _, signed in found for weight in signed]
            row = np.bincount(places, weights, self._dim) if places else np.zeros(self._dim)
            length = np.linalg.norm(row)
            rows[number] = row / length if length else np.eye(1, self._dim)
        return rows

    def embed_question(self, text: str) -> Vector:
        """Return the same vector as for a passage."""
        vector: Vector = self.embed_passages([text])[0]
        return vector

    def embed_questions(self, texts: Sequence[str]) -> Matrix:
        """Return the same vectors as for passages."""
        return self.embed_passages(texts)


@lru_cache(maxsize=100_000)
def _features(word: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the hashes of a word and of its trigrams, and what each adds to its bucket."""
    padded = f"<{word}>"
    features = [(word, 1.0), *((padded[at : at + 3], 0.3) for at in range(len(padded) - 2))]
    digests = tuple(zlib.crc32(feature.encode("utf-8", "surrogatepass")) for feature, _ in features)
    signed = (weight if digest & 0x80000000 else -weight for digest, (_, weight) in zip(digests, features, strict=True))
    return digests, tuple(signed)
