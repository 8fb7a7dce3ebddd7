"""Chooses the embedder, and loads it while the rest of the program is still on its way."""

import threading
from collections.abc import Callable
from contextlib import suppress

from embeddings.errors import EmbeddingError
from embeddings.protocols import Embedder
from rag.settings import Settings

HASHED = "hashed"


def make_embedder(settings: Settings, say: Callable[[str], None] | None = None) -> Embedder:
    """Return the settings' embedder: "hashed", a package that carries a model, or a model's folder.

    `say` is told what takes long.
    """
    name = settings.embedder
    if name == HASHED:
        from embeddings.hashed import HashedEmbedder  # noqa: PLC0415 - one embedder is loaded, not all

        return HashedEmbedder()
    from embeddings.onnx import OnnxEmbedder  # noqa: PLC0415 - as above

    return OnnxEmbedder(name, precision=settings.precision, cache=settings.model_cache, say=say)


def load_ahead(embedder: Embedder) -> Embedder:
    """Return the embedder, which from now on loads in a thread of its own; who needs it first waits for that.

    Checking and reading a model leave the interpreter free: a command has its other modules imported meanwhile.
    """

    def load() -> None:
        # Who needs it gets the same error.
        with suppress(EmbeddingError, OSError):
            embedder.embed_question("load")

    threading.Thread(target=load, name="load-embedder").start()
    return embedder
