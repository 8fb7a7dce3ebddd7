"""HashedEmbedder: hashed words and character trigrams, no model. For fast tests and for machines without one."""

import re
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from embeddings.protocols import Matrix, Vector

_WORD = re.compile(r"\w+")


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
            row = rows[number]
            for feature, weight in _features(text):
                digest = zlib.crc32(feature.encode("utf-8", "surrogatepass"))
                row[digest % self._dim] += weight if digest & 0x80000000 else -weight
            if not row.any():
                row[0] = 1.0
            row /= np.linalg.norm(row)
        return rows

    def embed_question(self, text: str) -> Vector:
        """Return the same vector as for a passage."""
        vector: Vector = self.embed_passages([text])[0]
        return vector


def _features(text: str) -> Iterator[tuple[str, float]]:
    for match in _WORD.finditer(text.casefold()):
        word = match.group()
        yield word, 1.0
        padded = f"<{word}>"
        for start in range(len(padded) - 2):
            yield padded[start : start + 3], 0.3
