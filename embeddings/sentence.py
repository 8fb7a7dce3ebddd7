"""SentenceTransformerEmbedder: any sentence-transformers model on this machine. Owns torch, with the exporter."""

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embeddings.errors import ModelRefused
from embeddings.model_folder import DEFAULT_MODEL, read_model
from embeddings.protocols import Matrix, Vector

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32


class SentenceTransformerEmbedder:
    """Loads a model folder with safetensors weights; never a pickle, never a model's own code, never the network.

    `model` is the name of an installed package that carries a model (its module has `get_model_path`), or a folder.
    Raises ModelMissing or ModelRefused when built; the weights themselves load at first use.
    """

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self._name = model
        self._model = read_model(model)
        self._loading = threading.Lock()
        self._loaded: SentenceTransformer | None = None

    @property
    def name(self) -> str:
        """The package or folder that was asked for."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """SHA-256 over weights, tokenizer, pooling and settings of the model."""
        return self._model.fingerprint

    @property
    def languages(self) -> tuple[str, ...]:
        """What the model's card says it was trained on; () where it says nothing, or "multilingual"."""
        return self._model.languages

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        dim = self._load().get_embedding_dimension()
        if not dim:
            raise ModelRefused(f"the model at {self._model.folder} does not say its dimension")
        return int(dim)

    @property
    def max_tokens(self) -> int:
        """Longest text in tokens that is embedded whole."""
        return int(self._load().max_seq_length or 512)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's length in the model's own tokens, special tokens included, nothing cut."""
        if not texts:
            return []
        encoded = self._load().tokenizer(
            list(texts), truncation=False, padding=False, verbose=False, return_attention_mask=False
        )
        return [len(ids) for ids in encoded["input_ids"]]

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Return one unit row a text, in the order given."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        rows = self._load().encode(list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)

    def embed_question(self, text: str) -> Vector:
        """Return the question's unit vector; one longer than the model's limit is cut there."""
        vector: Vector = self.embed_questions([text])[0]
        return vector

    def embed_questions(self, texts: Sequence[str]) -> Matrix:
        """Return one unit row a question; one longer than the model's limit is cut there."""
        with _one_thread():
            return self.embed_passages(texts)

    def _load(self) -> "SentenceTransformer":
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._model.folder)
            return self._loaded


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch compute on this thread alone: a question is too short to share.

    Where another process keeps a core busy, two threads that wait for each other take 96 ms for a question, one 14 ms.
    """
    import torch  # noqa: PLC0415 - as above

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _load(folder: Path) -> "SentenceTransformer":
    # Set before the import: the hub client reads it once.
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - takes seconds and pulls torch
    from transformers.utils import logging  # noqa: PLC0415 - as above

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return SentenceTransformer(
        str(folder),
        device="cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True},
    )
