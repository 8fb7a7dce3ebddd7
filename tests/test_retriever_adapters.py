"""The retrievers for LangChain and LlamaIndex, within the real packages."""

import json
from datetime import date

import pytest
from assistants import HARBOUR, ORCHARD, index_texts
from serving import run_async

from embeddings.hashed import HashedEmbedder
from rag.errors import QuestionRefused
from rag.records import Retrieved, Scope
from rag.wiring import open_assistant

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"
ADDRESS = "https://news.example/harbour"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    index_texts(folder, {"orchard": ORCHARD})
    index_texts(folder, {"harbour": HARBOUR}, url=ADDRESS, publisher="The Lisbon Post", published=date(2025, 3, 5))
    return open_assistant(folder, embedder=HashedEmbedder())


@pytest.fixture(scope="module")
def expected(assistant):
    """Return the passages that the assistant itself finds, best first, as (text, article, span)."""
    found = next(event for event in assistant.stream(QUESTION) if isinstance(event, Retrieved))
    return [(h.passage.text, h.passage.article_id, h.passage.span.start, h.passage.span.end) for h in found.hits]


def told(text, metadata):
    """Return what a document or node tells, once all that it says of its article is right."""
    json.dumps(metadata)
    about = ["headline", "title", "published", "published_inferred", "publisher", "url"]
    expected = {
        "harbour": ["Harbour bridge opens in Lisbon"] * 2 + ["2025-03-05", False, "The Lisbon Post", ADDRESS],
        "orchard": ["Frost ruins apple harvest in Tyrol"] * 2 + [None, False, "", ""],
    }
    assert [metadata[name] for name in about] == expected[metadata["article_id"]]
    return text, metadata["article_id"], metadata["start"], metadata["end"]


def langchain(assistant, **given):
    pytest.importorskip("langchain_core", reason="LangChain is not installed; the extra `integrations` has it")
    from rag.langchain_retriever import NewspulseRetriever

    return NewspulseRetriever(assistant=assistant, **given)


def llamaindex(assistant, **given):
    pytest.importorskip("llama_index.core", reason="LlamaIndex is not installed; the extra `integrations` has it")
    from rag.llamaindex_retriever import NewspulseRetriever

    return NewspulseRetriever(assistant, **given)


def test_langchain_gets_the_passages_best_first_as_documents(assistant, expected):
    retriever = langchain(assistant, most=2)
    documents = retriever.invoke(QUESTION)
    assert [told(d.page_content, d.metadata) for d in documents] == expected[:2]
    assert run_async(retriever.ainvoke(QUESTION)) == documents


def test_langchain_chains_it_like_any_other(assistant):
    chain = langchain(assistant) | (lambda documents: documents[0].metadata["article_id"])
    assert chain.invoke(QUESTION) == "harbour"


def test_llamaindex_gets_the_passages_best_first_as_nodes(assistant, expected):
    retriever = llamaindex(assistant, most=2)
    nodes = retriever.retrieve(QUESTION)
    assert [told(n.node.text, n.node.metadata) for n in nodes] == expected[:2]
    assert [n.score for n in nodes] == sorted((n.score for n in nodes), reverse=True)
    assert (nodes[0].node.start_char_idx, nodes[0].node.end_char_idx) == expected[0][2:]
    assert [n.node.id_ for n in run_async(retriever.aretrieve(QUESTION))] == [n.node.id_ for n in nodes]


def test_llamaindex_shows_a_model_who_says_it_but_no_place_in_a_file(assistant):
    node = llamaindex(assistant, most=1).retrieve(QUESTION)[0].node
    from llama_index.core.schema import MetadataMode

    shown = node.get_content(MetadataMode.LLM)
    assert "The Lisbon Post" in shown
    assert "article_id" not in shown


@pytest.mark.parametrize("made", [langchain, llamaindex])
def test_it_keeps_within_the_scope_and_refuses_what_the_assistant_refuses(assistant, made):
    retriever = made(assistant, scope=Scope(article_ids=frozenset({"orchard"})))
    ask = retriever.invoke if made is langchain else retriever.retrieve
    found = [getattr(item, "node", item).metadata["article_id"] for item in ask(QUESTION)]
    assert set(found) == {"orchard"}
    with pytest.raises(QuestionRefused):
        ask("?!")
