"""The floor: a script of tokenizers, ONNX Runtime, FAISS and SQLite that finds passages, with nothing around it.

It searches an index of the same passages as the system that `save` takes them from. Imports nothing of this program:
for a cold start it is run by its path, as MODEL FOLDER QUESTION K.
"""

import json
import sqlite3
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

_INDEX, _TEXTS, _WORDS = "index.faiss", "texts.json", "words.db"
_DIMENSIONS_OF_TOKENS = 2


class BareEncoder:
    """One ONNX session whose output is one vector a text: pooled, or pooled here as the mean."""

    def __init__(self, folder: str) -> None:
        import onnxruntime  # noqa: PLC0415 - where there is no exported model, the bare search is measured without it
        import tokenizers  # noqa: PLC0415 - as above

        self._tokenizer = tokenizers.Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._session = onnxruntime.InferenceSession(
            str(Path(folder) / "model.onnx"), providers=["CPUExecutionProvider"]
        )
        self._inputs = {given.name for given in self._session.get_inputs()}

    def encode(self, text: str) -> NDArray[np.float32]:
        """Return the text's unit vector."""
        found = self._tokenizer.encode(text)
        given = {"input_ids": found.ids, "attention_mask": found.attention_mask, "token_type_ids": found.type_ids}
        rows = {name: np.array([ids], dtype=np.int64) for name, ids in given.items() if name in self._inputs}
        vector = np.asarray(self._session.run(None, rows)[0][0], dtype=np.float32)
        if vector.ndim == _DIMENSIONS_OF_TOKENS:
            vector = vector.mean(axis=0)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


class BareSearch:
    """One flat FAISS index and one FTS5 table."""

    def __init__(self, folder: Path) -> None:
        self._index = faiss.read_index(str(folder / _INDEX))
        self._texts = json.loads((folder / _TEXTS).read_text("utf-8"))
        self._folder = folder

    @cached_property
    def _words(self) -> sqlite3.Connection:
        return sqlite3.connect(self._folder / _WORDS)

    def nearest(self, vector: NDArray[np.float32], k: int) -> list[str]:
        """Return the texts of the k nearest."""
        _, rows = self._index.search(vector[None, :], k)
        return [str(self._texts[row]) for row in rows[0] if row >= 0]

    def with_words(self, question: str, k: int) -> list[int]:
        """Return the rows of the k best by BM25."""
        words = " OR ".join(f'"{word}"' for word in "".join(c if c.isalnum() else " " for c in question).split())
        asked = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT ?"
        return [row for (row,) in self._words.execute(asked, (words or '""', k))]


class Bare:
    """The script: what is made once by `save` is opened and searched."""

    def __init__(self, model: str) -> None:
        self._encoder = BareEncoder(model)

    def ready(self) -> None:
        """Nothing is left to load."""

    def ingest(self, texts: Sequence[str], folder: Path) -> list[str]:
        """Refuse: its index is made of another system's passages, by `save`."""
        raise NotImplementedError

    def open(self, folder: Path) -> None:
        """Load the index and the texts."""
        self._search = BareSearch(folder)

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the k nearest."""
        return self._search.nearest(self._encoder.encode(question), k)


def make(model: str) -> Bare:
    """Return it with its session made; `model` is the folder of model.onnx and tokenizer.json."""
    return Bare(model)


def save(texts: Sequence[str], vectors: NDArray[np.float32], folder: Path) -> None:
    """Save the passages, their unit vectors and their words for `BareSearch`."""
    folder.mkdir(parents=True, exist_ok=True)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(folder / _INDEX))
    (folder / _TEXTS).write_text(json.dumps(list(texts), ensure_ascii=False), "utf-8")
    (folder / _WORDS).unlink(missing_ok=True)
    words = sqlite3.connect(folder / _WORDS)
    words.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize='porter unicode61 remove_diacritics 2')")
    words.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", enumerate(texts))
    words.commit()
    words.close()


if __name__ == "__main__":
    _bare = make(sys.argv[1])
    _bare.open(Path(sys.argv[2]))
    sys.stdout.write("\n".join(_bare.search(sys.argv[3], int(sys.argv[4]))) + "\n")
