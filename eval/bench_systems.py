"""The systems that are compared, what each must be able to do, and the readings that are taken of them.

Imports nothing heavy: every system is loaded in a process of its own, by the module that stands here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

OURS, BARE = "ours", "bare"
FOUND = 5
"""How many passages every system retrieves."""


@dataclass(frozen=True, slots=True)
class Known:
    """A system's name in the tables, the module whose `make(model)` returns it, and the packages it is made of."""

    title: str
    module: str
    packages: tuple[str, ...] = ()


SYSTEMS = {
    OURS: Known("newspulse", "eval.bench_ours", ("newspulse", "faiss-cpu", "numpy")),
    BARE: Known("bare script (tokenizers + ONNX Runtime + FAISS)", "eval.bench_bare", ("onnxruntime", "tokenizers")),
    "langchain": Known(
        "LangChain + FAISS",
        "eval.bench_langchain",
        ("langchain-community", "langchain-huggingface", "langchain-text-splitters"),
    ),
    "llamaindex": Known(
        "LlamaIndex",
        "eval.bench_llamaindex",
        ("llama-index-core", "llama-index-embeddings-huggingface", "llama-index-vector-stores-faiss"),
    ),
    "haystack": Known("Haystack", "eval.bench_haystack", ("haystack-ai", "sentence-transformers-haystack")),
    "txtai": Known("txtai", "eval.bench_txtai", ("txtai",)),
    "txtai-hybrid": Known("txtai, lines, hybrid", "eval.bench_txtai_hybrid", ("txtai",)),
    "sentence-transformers": Known(
        "SentenceTransformer.encode", "eval.bench_encoder", ("sentence-transformers", "torch")
    ),
    "matmul": Known("matrix multiplication (NumPy, float32)", "eval.bench_encoder", ("numpy",)),
}
PEERS = ("langchain", "llamaindex", "haystack", "txtai")


class System(Protocol):
    """What finds passages: one of these in a process, made by its module's `make`."""

    def ready(self) -> None:
        """Load all that `ingest` needs, so that its time holds no loading."""

    def ingest(self, texts: Sequence[str], folder: Path) -> list[str]:
        """Cut the texts, embed the pieces, save all that a search needs; return the pieces embedded."""

    def open(self, folder: Path) -> None:
        """Load what `ingest` saved."""

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the k passages that fit best, best first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of one system in one round."""

    section: str
    system: str
    figure: str
    round: int
    value: float


@dataclass(frozen=True, slots=True)
class Missing:
    """A system that could not be measured, and why: never a slow one, never a zero."""

    section: str
    system: str
    reason: str


class NotMeasured(Exception):
    """A system gave no reading; the message says why."""
