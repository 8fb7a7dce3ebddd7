"""Encoders alone, on the same texts, and the machine's own limit: a plain matrix multiplication of the same shapes.

A text of T tokens costs a BERT-like model of L layers, hidden size h and intermediate size i this many operations, a
multiplication and an addition counted as two: L (2 T (4 h h + 2 h i) + 4 T T h). The first are the linear layers, the
second attention; embeddings, norms and activations are left out. The multiplication that the machine is measured by
does the linear layers' shapes in float32, for a batch of texts at once: of attention's small ones it would do less.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_ROWS_AT_ONCE = 32 * 128
_SECONDS = 1.0
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """What a model's operations follow from."""

    layers: int
    hidden: int
    intermediate: int

    def operations(self, tokens: Sequence[int]) -> float:
        """Return the floating point operations of texts of these lengths, each computed at its own length."""
        h, i = self.hidden, self.intermediate
        return float(sum(self.layers * (2 * t * (4 * h * h + 2 * h * i) + 4 * t * t * h) for t in tokens))


def read_shape(folder: Path) -> Shape | None:
    """Return the shape that the model's config.json tells; None where it tells none."""
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
        return Shape(config["num_hidden_layers"], config["hidden_size"], config["intermediate_size"])
    except (OSError, ValueError, KeyError):
        return None


def measure_machine(shape: Shape) -> float:
    """Return the operations a second of multiplying by one layer's four square and two oblong matrices, over a second.

    The best of the repetitions counts: this is a limit.
    """
    draw = np.random.default_rng(0)
    h, i = shape.hidden, shape.intermediate
    rows = {size: draw.standard_normal((_ROWS_AT_ONCE, size), dtype=np.float32) for size in (h, i)}
    weights = [draw.standard_normal(size, dtype=np.float32) for size in ((h, h),) * 4 + ((h, i), (i, h))]
    into = {size: np.empty((_ROWS_AT_ONCE, size), dtype=np.float32) for size in (h, i)}
    operations = sum(2.0 * _ROWS_AT_ONCE * w.size for w in weights)
    best, started, done = 0.0, time.perf_counter(), 0
    while done < _FEWEST or time.perf_counter() - started < _SECONDS:
        begun = time.perf_counter()
        for w in weights:
            np.matmul(rows[w.shape[0]], w, out=into[w.shape[1]])
        best = max(best, operations / (time.perf_counter() - begun))
        done += 1
    return best


class Sentence:
    """`SentenceTransformer.encode` at its defaults."""

    def __init__(self, folder: str) -> None:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - the matrices need none of it

        self._model = SentenceTransformer(folder, device="cpu")

    def encode(self, texts: Sequence[str]) -> None:
        """Embed the texts."""
        self._model.encode(list(texts))


def make(model: str) -> Sentence:
    """Return it with the model loaded."""
    return Sentence(model)
