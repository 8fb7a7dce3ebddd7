"""LlamaIndex with its FAISS store, as its documentation puts them together. Knows nothing of this program."""

from collections.abc import Sequence
from pathlib import Path

import faiss
from llama_index.core import Document, Settings, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.vector_stores.faiss import FaissVectorStore

# At its defaults of 1024/200 a small model cuts most of each piece off.
_TOKENS, _OVERLAP = 256, 20


class LlamaIndex:
    """SentenceSplitter 256/20, HuggingFaceEmbedding, FaissVectorStore over a flat index, persisted."""

    def __init__(self, model: str) -> None:
        self._embedding = HuggingFaceEmbedding(model_name=model, device="cpu")
        Settings.embed_model = self._embedding
        Settings.llm = None

    def ready(self) -> None:
        """Embed something."""
        self._dim = len(self._embedding.get_text_embedding("ready"))

    def ingest(self, texts: Sequence[str], folder: Path) -> list[str]:
        """Cut, embed and save; return the pieces."""
        splitter = SentenceSplitter(chunk_size=_TOKENS, chunk_overlap=_OVERLAP)
        pieces = splitter.get_nodes_from_documents([Document(text=text) for text in texts])
        store = FaissVectorStore(faiss_index=faiss.IndexFlatIP(self._dim))
        storage = StorageContext.from_defaults(vector_store=store)
        VectorStoreIndex(pieces, storage_context=storage).storage_context.persist(str(folder))
        return [piece.get_content() for piece in pieces]

    def open(self, folder: Path) -> None:
        """Load the saved index."""
        store = FaissVectorStore.from_persist_dir(str(folder))
        storage = StorageContext.from_defaults(vector_store=store, persist_dir=str(folder))
        self._index = load_index_from_storage(storage)

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the k nearest."""
        return [found.get_content() for found in self._index.as_retriever(similarity_top_k=k).retrieve(question)]


def make(model: str) -> LlamaIndex:
    """Return it with the model loaded."""
    return LlamaIndex(model)
