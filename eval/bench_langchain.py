"""LangChain with FAISS, as its documentation puts them together. Knows nothing of the rest of this program."""

from collections.abc import Sequence
from pathlib import Path

from langchain_community.vectorstores import FAISS
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter

_CHARACTERS, _OVERLAP = 1000, 200


class LangChain:
    """RecursiveCharacterTextSplitter 1000/200, HuggingFaceEmbeddings, FAISS saved with save_local."""

    def __init__(self, model: str) -> None:
        self._embeddings = HuggingFaceEmbeddings(model_name=model, model_kwargs={"device": "cpu"})

    def ready(self) -> None:
        """Embed something."""
        self._embeddings.embed_documents(["ready"])

    def ingest(self, texts: Sequence[str], folder: Path) -> list[str]:
        """Cut, embed and save; return the pieces."""
        splitter = RecursiveCharacterTextSplitter(chunk_size=_CHARACTERS, chunk_overlap=_OVERLAP)
        pieces = splitter.create_documents(list(texts))
        FAISS.from_documents(pieces, self._embeddings).save_local(str(folder))
        return [piece.page_content for piece in pieces]

    def open(self, folder: Path) -> None:
        """Load the saved index; its texts are pickled, and were written by `ingest` a moment before."""
        self._store = FAISS.load_local(str(folder), self._embeddings, allow_dangerous_deserialization=True)

    def search(self, question: str, k: int) -> list[str]:
        """Return the texts of the k nearest."""
        return [found.page_content for found in self._store.similarity_search(question, k=k)]


def make(model: str) -> LangChain:
    """Return it with the model loaded."""
    return LangChain(model)
