"""OnnxEmbedder: a sentence-transformers model, exported once and run by ONNX Runtime; imports no torch."""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from embeddings.checked_folder import load_checked, write_checked
from embeddings.errors import ExportFailed, ExportStopped
from embeddings.model_folder import DEFAULT_MODEL, read_model
from embeddings.protocols import Matrix, Vector

if TYPE_CHECKING:
    from embeddings.onnx_session import OnnxSession
    from embeddings.sentence import SentenceTransformerEmbedder

Precision = Literal["int8", "fp32"]

# Raised when what is written differs, so that no folder of an older format is read.
_FORMAT = 1
ABOUT_FILE = "about.json"
_EXPORT_TIMEOUT_S = 900
CANNOT = 3
"""The exporting process's exit code where the model is to blame, not a full disk or too little memory."""

Export = Callable[[Path, Path, Precision], None]
"""Writes a model's export into an empty folder: see `run_export`."""

_FAILED, _MADE_WITH = "failed", "made with"

_log = logging.getLogger(__name__)


def run_export(folder: Path, target: Path, precision: Precision) -> None:
    """Export the model's folder into the target in a process of its own; raises ExportFailed and ExportStopped."""
    import subprocess  # noqa: PLC0415 - once in a model's life

    command = [sys.executable, "-m", "embeddings.onnx_export", str(folder), str(target), precision]
    # The folder of this package comes first: the process must find it, wherever it was started.
    found_in = [str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(found_in), "HF_HUB_OFFLINE": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own module and folders
            command, capture_output=True, text=True, timeout=_EXPORT_TIMEOUT_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ExportStopped(f"no result after {_EXPORT_TIMEOUT_S} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
        raise ExportFailed(reason) if done.returncode == CANNOT else ExportStopped(reason)


class OnnxEmbedder:
    """The same model as SentenceTransformerEmbedder, several times as fast and without torch.

    The first use exports it (10 to 20 s, the only time that torch is needed) into a folder below `cache`; every later
    one checks that folder's SHA-256 and loads it. A folder that is damaged, or of another ONNX Runtime, is made anew.
    Where the model cannot be exported it is run by sentence-transformers, with a warning in the log. `say` is told what
    takes long.

    Both precisions and sentence-transformers have one fingerprint: experiment 21 of eval/LOG.md found their vectors
    mixed to be worth what each is alone. Raises ModelMissing or ModelRefused when built.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        cache: Path,
        precision: Precision = "int8",
        say: Callable[[str], None] | None = None,
        export: Export = run_export,
    ) -> None:
        self._name = model
        self._model = read_model(model, notes=cache)
        self._precision = precision
        self._folder = cache / f"{self._model.fingerprint[:16]}-{precision}-{_FORMAT}"
        self._say = say or (lambda _doing: None)
        self._run_export = export
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        """The package or folder that was asked for."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """SHA-256 over weights, tokenizer, pooling and settings of the model; the same for both precisions."""
        return self._model.fingerprint

    @property
    def languages(self) -> tuple[str, ...]:
        """What the model's card says it was trained on; () where it says nothing, or "multilingual"."""
        return self._model.languages

    @property
    def folder(self) -> Path:
        """Where the exported model lies, or will."""
        return self._folder

    @property
    def precision(self) -> str:
        """What runs: "int8", "fp32", or "torch" where the model could not be exported."""
        return self._load().precision

    @property
    def dim(self) -> int:
        """Number of components of a vector."""
        return self._load().dim

    @property
    def max_tokens(self) -> int:
        """Longest text in tokens that is embedded whole."""
        return self._load().max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's length in the model's own tokens, special tokens included, nothing cut."""
        return self._load().model.count_tokens(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Return one unit row a text, in the order given; what lies beyond the model's limit is cut off."""
        loaded = self._load()
        return loaded.model.embed_passages(texts) if texts else np.zeros((0, loaded.dim), dtype=np.float32)

    def embed_question(self, text: str) -> Vector:
        """Return the question's unit vector; one longer than the model's limit is cut there."""
        return self._load().model.embed_question(text)

    def embed_questions(self, texts: Sequence[str]) -> Matrix:
        """Return one unit row a question; one longer than the model's limit is cut there."""
        return self.embed_passages(texts)

    def _load(self) -> "_Loaded":
        # Without the lock: it is set once, and every text asks for it.
        if self._loaded:
            return self._loaded
        with self._loading:
            if not self._loaded:
                try:
                    self._loaded = self._load_exported()
                except ExportFailed as error:
                    _log.warning("%s: it is run by sentence-transformers, which takes several times as long", error)
                    self._say("loading the embedding model with sentence-transformers")
                    self._loaded = _load_original(self._name)
            return self._loaded

    def _load_exported(self) -> "_Loaded":
        """Return the exported model; raises ExportFailed."""
        from embeddings.onnx_session import RUNTIME  # noqa: PLC0415 - a list of articles needs no model

        loaded = load_checked(self._folder, self._read)
        if loaded is None:
            self._say("exporting the embedding model, this once")
            self._export(RUNTIME)
            loaded = load_checked(self._folder, self._read)
        if loaded is None:
            raise ExportFailed(f"the exported model in '{self._folder}' was removed or damaged at once")
        return loaded

    def _read(self, about: dict[str, str]) -> "_Loaded | None":
        """Return the exported model, None where another ONNX Runtime made it; raises ExportFailed where none was."""
        from embeddings.onnx_session import RUNTIME, OnnxSession  # noqa: PLC0415 - as above

        if about.get(_MADE_WITH) != RUNTIME:
            return None
        if _FAILED in about:
            raise ExportFailed(f"the model '{self._name}' cannot be exported ({about[_FAILED]})")
        told = json.loads((self._folder / ABOUT_FILE).read_text("utf-8"))
        max_tokens = int(told["max_tokens"])
        return _Loaded(OnnxSession(self._folder, max_tokens), told["precision"], int(told["dim"]), max_tokens)

    def _fill(self, part: Path) -> None:
        self._run_export(self._model.folder, part, self._precision)

    def _export(self, runtime: str) -> None:
        """Write the folder: also that an export failed, so as not to try again."""
        made_with = {_MADE_WITH: runtime}
        try:
            try:
                write_checked(self._folder, self._fill, made_with)
            except ExportStopped as error:
                # A full disk or a killed process says nothing of the model: the next start tries again.
                raise ExportStopped(f"the export of '{self._name}' was stopped ({error})") from error
            except ExportFailed as error:
                reason = str(error)
                known = made_with | {_FAILED: reason}
                write_checked(self._folder, lambda part: _write_reason(part, reason), known)
        except OSError as error:
            raise ExportFailed(f"no exported model can be kept in '{self._folder}' ({error.strerror})") from error


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "OnnxSession | SentenceTransformerEmbedder"
    precision: str
    dim: int
    max_tokens: int


def _load_original(name: str) -> _Loaded:
    from embeddings.sentence import SentenceTransformerEmbedder  # noqa: PLC0415 - only where nothing else runs it

    original = SentenceTransformerEmbedder(name)
    return _Loaded(original, "torch", original.dim, original.max_tokens)


def _write_reason(part: Path, reason: str) -> None:
    (part / "reason.txt").write_text(reason, "utf-8")
