"""A retriever for LangChain: the assistant's passages as its documents. The extra is `langchain`.

from rag.langchain_retriever import NewspulseRetriever

retriever = NewspulseRetriever(assistant=rag.open("my-store"), most=5)
documents = retriever.invoke("Who opened the bridge?")
"""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from rag.found import find_passages, source_row
from rag.records import Scope


class NewspulseRetriever(BaseRetriever):  # type: ignore[misc]  # LangChain is not there where types are checked
    """Finds at most `most` passages within the scope. `assistant` is what rag.open returns.

    A document's text is `article.text[start:end]`; its metadata says of which article, by whom, when and where.
    """

    assistant: Any
    most: int = 5
    scope: Scope | None = None

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:  # noqa: ARG002 - as LangChain calls it
        found = find_passages(self.assistant, query, most=self.most, scope=self.scope)
        return [
            Document(id=str(hit.passage.id), page_content=hit.passage.text, metadata=source_row(hit, about))
            for hit, about in found
        ]
