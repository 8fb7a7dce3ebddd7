"""What can go wrong with models and vectors.

EmbeddingError
├── ModelMissing     no such model on this machine
├── ModelRefused     a model that would run code or load a pickle
└── VectorsInvalid   vectors of a wrong shape, or not finite
"""


class EmbeddingError(Exception):
    """Any failure of an embedder or of the vector index."""


class ModelMissing(EmbeddingError):
    """The model is not on this machine; nothing is ever downloaded."""


class ModelRefused(EmbeddingError):
    """The model's folder asks for its own code or holds no safetensors."""


class VectorsInvalid(EmbeddingError):
    """Vectors have a wrong shape or hold values that are not finite."""
