"""A retriever for LlamaIndex: the assistant's passages as its nodes. The extra is `llama-index`.

from rag.llamaindex_retriever import NewspulseRetriever

retriever = NewspulseRetriever(rag.open("my-store"), most=5)
nodes = retriever.retrieve("Who opened the bridge?")
"""

import asyncio

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from rag.found import find_passages, source_row
from rag.pipeline import Pipeline
from rag.records import Scope

# What only a program reads: a language model is not shown it, nor is it embedded.
_FOR_PROGRAMS = ["article_id", "start", "end", "published_inferred", "score"]


class NewspulseRetriever(BaseRetriever):  # type: ignore[misc]  # LlamaIndex is not there where types are checked
    """Finds at most `most` passages within the scope. `assistant` is what rag.open returns.

    A node's text is `article.text[start:end]`; its metadata says of which article, by whom, when and where.
    """

    def __init__(self, assistant: Pipeline, *, most: int = 5, scope: Scope | None = None) -> None:
        self._assistant = assistant
        self._most = most
        self._scope = scope
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = find_passages(self._assistant, query_bundle.query_str, most=self._most, scope=self._scope)
        return [
            NodeWithScore(
                node=TextNode(
                    id_=str(hit.passage.id),
                    text=hit.passage.text,
                    start_char_idx=hit.passage.span.start,
                    end_char_idx=hit.passage.span.end,
                    metadata=source_row(hit, about),
                    excluded_llm_metadata_keys=_FOR_PROGRAMS,
                    excluded_embed_metadata_keys=_FOR_PROGRAMS,
                ),
                score=hit.score,
            )
            for hit, about in found
        ]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)
