"""What can go wrong with models and vectors.

EmbeddingError
├── ModelMissing     no such model on this machine
├── ModelRefused     a model that would run code or load a pickle
├── ExportFailed     a model that cannot be exported, or whose exported vectors differ
│   └── ExportStopped    an export that did not come to its end: it may work the next time
└── VectorsInvalid   vectors of a wrong shape, or not finite
"""


class EmbeddingError(Exception):
    """Any failure of an embedder or of the vector index."""


class ModelMissing(EmbeddingError):
    """The model is not on this machine; nothing is ever downloaded."""


class ModelRefused(EmbeddingError):
    """The model's folder asks for its own code or holds no safetensors."""


class ExportFailed(EmbeddingError):
    """The model cannot be exported, or the exported one does not give its vectors."""


class ExportStopped(ExportFailed):
    """The disk was full, memory ran out or time did: it says nothing of the model."""


class VectorsInvalid(EmbeddingError):
    """Vectors have a wrong shape or hold values that are not finite."""
