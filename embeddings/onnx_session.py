"""An exported model's tokenizer and graph. Imports neither torch nor transformers; owns onnxruntime and tokenizers."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from embeddings.protocols import Matrix, Vector

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

RUNTIME = f"onnxruntime {onnxruntime.__version__}"
"""What an exported graph is optimized for."""

MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"

# Texts that a thread takes at a time: enough that threads do not wait for each other, few enough to share evenly.
_TEXTS_AT_ONCE = 8
# What is read of a token takes 100 bytes, until it is counted: a long article has millions.
_COUNTED_AT_ONCE = 1024
_QUIET = 3


class OnnxSession:
    """Tokenizes and embeds; safe to use from many threads.

    Every text is run by itself, on one thread: nothing is padded, an int8 text's vector does not depend on the texts
    beside it, and a text fits the cache. Experiment 21: faster than any batch. Several texts share the processor's
    cores, one text each.
    """

    def __init__(self, folder: Path, max_tokens: int, *, model: str = MODEL_FILE) -> None:
        self._session = _open(folder / model, onnxruntime.SessionOptions())
        self._inputs = [given.name for given in self._session.get_inputs()]
        self._max_tokens = max_tokens
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._cutting = cache(self._make_cutting)
        self._threads = cache(_make_threads)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's tokens, special ones included, nothing cut."""
        portions = [texts[at : at + _COUNTED_AT_ONCE] for at in range(0, len(texts), _COUNTED_AT_ONCE)]
        return [len(ids) for some in portions for ids in self._read(some)]

    def embed_question(self, text: str) -> Vector:
        """Return the unit vector of a text, cut at the model's limit."""
        return self._run(self._tokens([text])[0])

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Return one unit row a text, in the order given, each cut at the model's limit; at least one text."""
        found = self._tokens(texts)
        # The longest first: the threads end together.
        order = sorted(range(len(found)), key=lambda number: -len(found[number]))
        portions = [order[at : at + _TEXTS_AT_ONCE] for at in range(0, len(order), _TEXTS_AT_ONCE)]
        rows: list[Vector] = [np.empty(0, np.float32)] * len(found)

        def embed_portion(portion: Sequence[int]) -> None:
            for number in portion:
                rows[number] = self._run(found[number])

        # One portion is done sooner than another thread would have begun it.
        for _ in (map if len(portions) == 1 else self._threads().map)(embed_portion, portions):
            pass
        return np.stack(rows)

    def largest_outputs(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the largest absolute value of each component of each output, by its name, over all tokens."""
        names = [given.name for given in self._session.get_outputs()]
        found = [self._session.run(names, self._given(ids)) for ids in self._tokens(texts)]
        parts = [[np.abs(rows).reshape(-1, rows.shape[-1]).max(axis=0) for rows in outputs] for outputs in found]
        return {name: np.max(values, axis=0) for name, values in zip(names, zip(*parts, strict=True), strict=True)}

    def _make_cutting(self) -> Tokenizer:
        cutting = Tokenizer.from_str(self._tokenizer.to_str())
        cutting.enable_truncation(self._max_tokens)
        return cutting

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Return each text's token ids, cut at the model's limit."""
        found = self._read(texts)
        too_long = [number for number, ids in enumerate(found) if len(ids) > self._max_tokens]
        if too_long:
            # Reading a tokenizer takes as long as embedding ten questions: the one that cuts is only made where needed.
            cutting = self._cutting()
            for number, tokens in zip(too_long, cutting.encode_batch_fast([texts[n] for n in too_long]), strict=True):
                found[number] = tokens.ids
        return found

    def _read(self, texts: Sequence[str]) -> list[list[int]]:
        # A batch is shared among threads, which for a few texts takes ten times as long as reading them.
        few = len(texts) <= _TEXTS_AT_ONCE
        read = map(self._tokenizer.encode, texts) if few else self._tokenizer.encode_batch_fast(list(texts))
        return [tokens.ids for tokens in read]

    def _run(self, ids: Sequence[int]) -> Vector:
        (rows,) = self._session.run(None, self._given(ids))
        vector: Vector = rows[0]
        return vector

    def _given(self, ids: Sequence[int]) -> dict[str, NDArray[np.int64]]:
        tokens = np.array([ids], dtype=np.int64)
        given: dict[str, NDArray[np.int64]] = {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
        if "token_type_ids" in self._inputs:
            given["token_type_ids"] = np.zeros_like(tokens)
        return given


def optimize(model: Path) -> None:
    """Put the optimized graph in the place of the model: it loads in half the time, and runs on any processor."""
    part = model.with_suffix(".part")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(part)
    # The level above lays weights out for the processor at hand.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    _open(model, options)
    part.replace(model)


def _open(model: Path, options: Any) -> Any:
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    # Experiment 21: the fused operator takes 15 % of the int8 graph's time, the two it stands for 3 %.
    without = ["SkipLayerNormFusion"]
    return onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"], disabled_optimizers=without)


def _make_threads() -> "ThreadPoolExecutor":
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - a question needs none

    return ThreadPoolExecutor(_cores(), thread_name_prefix="embed")


def _cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
