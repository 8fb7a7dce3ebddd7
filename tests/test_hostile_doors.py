"""A hostile language model behind every door: nothing unverified is shown, and nothing that it was told is obeyed."""

import json

import httpx
import openai
import pytest
from assistants import make_assistant
from hostile_models import ADVERSARIES, FORBIDDEN, KEY, QUESTION, TEXTS, assert_verified
from mcp import Client
from model_server import ModelServer
from serving import Serving, run_async

from embeddings.hashed import HashedEmbedder
from rag.chat import Chat
from rag.conversations import Conversations
from rag.doors import open_doors
from rag.feedback import FeedbackBook
from rag.records import Scope
from rag.server import Mounted, make_server, walled
from rag.server import Serving as ServedFor
from rag.settings import load_settings
from rag.wiring import make_generator, open_assistant


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_assistant(tmp_path_factory.mktemp("store"), TEXTS).library.folder


@pytest.fixture(params=ADVERSARIES)
def assistant(request, store, monkeypatch):
    """An assistant whose answers such a model writes, through the openai package and a real socket."""
    monkeypatch.setenv("RAG_API_KEY", KEY)
    with ModelServer(ADVERSARIES[request.param]) as server:
        given = {"store": store, "model": "fake", "base_url": server.url, "model_deadline_s": 5}
        settings = load_settings(given, environment={})
        generator = make_generator("openai", settings)
        yield open_assistant(settings=settings, embedder=HashedEmbedder(), generator=generator)


@pytest.fixture
def address(assistant):
    doors, serving = open_doors(assistant, version="test"), ServedFor()
    with Serving(walled(make_server(serving, doors), serving, doors, Mounted())) as served:
        yield served.address


def test_http(address):
    row = httpx.post(f"{address}/v1/ask", json={"question": QUESTION}, timeout=30).json()
    assert_verified(row)
    events = httpx.post(f"{address}/v1/ask", json={"question": QUESTION, "stream": True}, timeout=30).text
    rows = [json.loads(line.removeprefix("data: ")) for line in events.splitlines() if line.startswith("data: ")]
    said = "".join(row["text"] for row in rows if row.keys() == {"text"})
    assert_verified(rows[-1])
    assert said == rows[-1]["answer"]["text"]
    assert KEY not in events


@pytest.mark.parametrize("stream", [False, True])
def test_openai(address, stream):
    asked = [{"role": "user", "content": QUESTION}]
    with openai.OpenAI(base_url=f"{address}/v1", api_key="-", max_retries=0) as client:
        completion = client.chat.completions.create(model="openai:fake", messages=asked, stream=stream)
        chunks = list(completion) if stream else [completion]
    said = "".join(
        filter(None, (c.choices[0].delta.content if stream else c.choices[0].message.content for c in chunks))
    )
    assert "420 metres" in said
    assert not [word for word in FORBIDDEN if word in said]
    for source in chunks[-1].sources:
        assert TEXTS[source["article_id"]][source["start"] : source["end"]] == source["quote"]


def test_the_model_context_protocol(address):
    async def asked():
        async with Client(f"{address}/mcp") as client:
            return (await client.call_tool("ask", {"question": QUESTION})).structured_content

    row = run_async(asked())
    assert_verified({"answer": row.get("answer", row)})


def test_the_chat(assistant, tmp_path):
    chats = tmp_path / "chats.db"
    chat = Chat(assistant, Conversations(chats), FeedbackBook(chats), version="test")
    turn = list(chat.ask("me", "", QUESTION, Scope()))[-1].turn
    assert "420 metres" in turn.text
    assert not [word for word in FORBIDDEN if word in turn.text]
    quoted = [
        (source.quote(span), TEXTS[source.article_id][span.start : span.end]) for _, source, span in turn.quotes()
    ]
    assert quoted
    assert all(quote == stands for quote, stands in quoted)
