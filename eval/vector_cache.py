"""Keeps the vectors of passages on disk, so that a sweep never embeds a text twice. Knows texts and vectors alone.

A file of keys, 32 bytes each, beside one of vectors: both grow at their end, and what an interrupted write left there
is cut off. Questions are embedded anew each time, or the times of a sweep would be worth nothing.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from embeddings.protocols import Embedder, Matrix, NamesLanguages, Vector

_KEY_BYTES = 32


class CachedEmbedder:
    """An embedder whose passages' vectors are kept in a folder; `embedded` counts those that were computed."""

    def __init__(self, inner: Embedder, folder: Path) -> None:
        self._inner = inner
        self.embedded = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._keys_file, self._vectors_file = folder / "keys", folder / "vectors"
        self._keys, self._vectors = self._read()

    @property
    def name(self) -> str:
        """The inner embedder's."""
        return self._inner.name

    @property
    def fingerprint(self) -> str:
        """The inner embedder's."""
        return self._inner.fingerprint

    @property
    def dim(self) -> int:
        """The inner embedder's."""
        return self._inner.dim

    @property
    def max_tokens(self) -> int:
        """The inner embedder's."""
        return self._inner.max_tokens

    @property
    def languages(self) -> tuple[str, ...]:
        """The inner embedder's; () where it does not say."""
        return self._inner.languages if isinstance(self._inner, NamesLanguages) else ()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return what the inner embedder returns."""
        return self._inner.count_tokens(texts)

    def embed_question(self, text: str) -> Vector:
        """Return what the inner embedder returns."""
        return self._inner.embed_question(text)

    def embed_questions(self, texts: Sequence[str]) -> Matrix:
        """Return what the inner embedder returns."""
        return self._inner.embed_questions(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Return one row a text; those that are known are read, and the others computed and kept."""
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._keys}
        if new:
            self._keep(list(new), self._inner.embed_passages(list(new.values())))
        if not keys:
            return np.empty((0, self.dim), dtype=np.float32)
        return np.stack([self._vectors[self._keys[key]] for key in keys])

    def _keep(self, keys: Sequence[bytes], vectors: Matrix) -> None:
        self.embedded += len(keys)
        # Vectors first: a key without its vector would be believed.
        with self._vectors_file.open("ab") as file:
            file.write(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
        with self._keys_file.open("ab") as file:
            file.write(b"".join(keys))
        for key, vector in zip(keys, vectors, strict=True):
            self._keys[key] = len(self._vectors)
            self._vectors.append(vector)

    def _read(self) -> tuple[dict[bytes, int], list[Vector]]:
        row_bytes = 4 * self.dim
        keys = self._keys_file.read_bytes() if self._keys_file.exists() else b""
        vectors = self._vectors_file.read_bytes() if self._vectors_file.exists() else b""
        count = min(len(keys) // _KEY_BYTES, len(vectors) // row_bytes)
        self._keys_file.write_bytes(keys[: count * _KEY_BYTES])
        self._vectors_file.write_bytes(vectors[: count * row_bytes])
        rows = np.frombuffer(vectors, dtype="<f4", count=count * self.dim).reshape(count, self.dim)
        known = {keys[n * _KEY_BYTES : (n + 1) * _KEY_BYTES]: n for n in range(count)}
        return known, [np.array(row, dtype=np.float32) for row in rows]
