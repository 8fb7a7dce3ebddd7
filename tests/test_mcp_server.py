"""The official client of the Model Context Protocol against the command over stdio and a server over HTTP."""

import os
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from assistants import HARBOUR, ORCHARD, index_texts, make_assistant
from fastapi import FastAPI
from mcp import Client, StdioServerParameters
from serving import Serving, run_async

from embeddings.hashed import HashedEmbedder
from rag.admission import Admission
from rag.answer_json import answer_row
from rag.asynchronous import AsyncAssistant
from rag.mcp_server import make_mcp_server, mcp_router
from rag.records import Message
from rag.wiring import open_assistant

ROOT = Path(__file__).parents[1]
QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"
COMMAND = [sys.executable, "-W", "ignore", "-m", "rag", "mcp", "--embedder", "hashed"]
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "RAG_SETTINGS": os.devnull, "HOME": "/nonexistent"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    index_texts(folder, {"orchard": ORCHARD})
    index_texts(folder, {"harbour": HARBOUR}, publisher="The Lisbon Post", url="https://news.example/harbour")
    return folder


@pytest.fixture(scope="module")
def assistant(store):
    return open_assistant(store, embedder=HashedEmbedder())


def app_of(assistant, **given):
    app = FastAPI()
    app.include_router(mcp_router(make_mcp_server(AsyncAssistant(assistant, **given), version="1")))
    return app


@pytest.fixture(scope="module")
def address(assistant):
    with Serving(app_of(assistant)) as serving:
        yield serving.address + "/mcp"


@pytest.fixture(params=["http", "stdio"])
def connected(request, store, address):
    """Return what opens a client that is connected over either transport."""

    @asynccontextmanager
    async def opened(**options):
        spoken = StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], "--store", str(store)], env=ENVIRONMENT)
        async with Client(address if request.param == "http" else spoken, **options) as client:
            yield client

    return opened


def called(connected, name, given, **options):
    async def call():
        async with connected(**options) as client:
            return await client.call_tool(name, given)

    return run_async(call())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_tools_are_told_with_what_they_take_and_return(connected, mode):
    async def listed():
        async with connected(mode=mode) as client:
            return client.server_info, (await client.list_tools()).tools

    server, tools = run_async(listed())
    assert server.name == "newspulse"
    assert [t.name for t in tools] == ["ask", "search", "get_article"]
    assert all(t.annotations.read_only_hint for t in tools)
    assert {"question", "history", "since"} <= set(tools[0].input_schema["properties"])
    assert {"text", "citations", "abstained"} <= set(tools[0].output_schema["required"])


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_ask_returns_the_answer_with_its_citations(connected, assistant, mode):
    returned = called(connected, "ask", {"question": QUESTION}, mode=mode)
    row = answer_row(assistant.ask(QUESTION))
    assert returned.structured_content == {
        "question": QUESTION,
        "resolved_question": row["resolved_question"],
        **row["answer"],
    }
    cited = returned.structured_content["citations"][0]
    assert HARBOUR[cited["start"] : cited["end"]] == cited["quote"]
    text = returned.content[0].text
    assert text.startswith(row["answer"]["text"])
    assert f"“{cited['quote']}”" in text
    assert "The Lisbon Post" in text


def test_ask_understands_a_follow_up_and_keeps_within_the_scope(connected, assistant):
    first = "Who is mayor of Lisbon and spoke of the harbour bridge?"
    history = [{"role": "user", "content": first}, {"role": "assistant", "content": "Ana Duarte. [1]"}]
    returned = called(connected, "ask", {"question": "How long is its main span?", "history": history})
    alike = assistant.ask("How long is its main span?", [Message(m["role"], m["content"]) for m in history])
    assert returned.structured_content["resolved_question"] == alike.resolved_question
    nowhere = called(connected, "ask", {"question": QUESTION, "article_ids": ["orchard"], "publishers": ["Nobody"]})
    assert nowhere.structured_content["abstained"]


def test_search_returns_passages_that_stand_where_they_say(connected):
    returned = called(connected, "search", {"question": QUESTION, "most": 1})
    (passage,) = returned.structured_content["passages"]
    assert HARBOUR[passage["start"] : passage["end"]] == passage["text"]
    assert (passage["publisher"], passage["url"]) == ("The Lisbon Post", "https://news.example/harbour")
    assert passage["text"] in returned.content[0].text


def test_get_article_returns_it_whole_or_in_part(connected):
    whole = called(connected, "get_article", {"article_id": "harbour"})
    assert whole.content[0].text == whole.structured_content["text"] == HARBOUR
    part = called(connected, "get_article", {"article_id": "harbour", "start": 8, "characters": 6}).structured_content
    assert (part["text"], part["start"], part["end"], part["characters"]) == ("bridge", 8, 14, len(HARBOUR))


@pytest.mark.parametrize(
    ("tool", "given", "said"),
    [
        ("ask", {"question": " "}, "the question is empty; ask something"),
        ("ask", {}, "question: Field required"),
        ("ask", {"question": QUESTION, "qestion": 1}, "qestion: Extra inputs are not permitted"),
        ("search", {"question": QUESTION, "most": 1000}, "most: Input should be less than or equal to 50"),
        ("get_article", {"article_id": "../harbour"}, "no article '../harbour'; search tells which there are"),
        ("remove", {}, "no tool 'remove'; known are: ask, search, get_article"),
    ],
)
def test_what_cannot_be_done_is_said_to_the_model(address, tool, given, said):
    returned = called(lambda: Client(address), tool, given)
    assert returned.is_error
    assert returned.content[0].text == said


def test_a_failure_inside_and_a_busy_assistant_are_told_without_what_is_inside(tmp_path, assistant):
    full = Admission(at_once=1, waiting=0)
    full.enter()
    gone = make_assistant(tmp_path)
    (tmp_path / "store.db").rename(tmp_path / "moved.db")
    for broken, said in ((app_of(assistant, admission=full), "ask again later"), (app_of(gone), "log says why")):
        with Serving(broken) as serving:
            returned = called(lambda: Client(serving.address + "/mcp"), "ask", {"question": QUESTION})
        assert returned.is_error
        assert returned.content[0].text.endswith(said)
        assert str(tmp_path) not in returned.content[0].text


def test_a_body_that_is_too_long_is_refused(address):
    told = httpx.post(address, content=b" " * 2_000_000, headers={"content-type": "application/json"})
    assert told.status_code == 413


def test_the_command_writes_nothing_but_the_protocol_and_ends_with_its_input(store):
    command = [*COMMAND, "--store", str(store)]
    done = subprocess.run(command, input=b"not json\n", capture_output=True, env=ENVIRONMENT, timeout=60, check=False)
    assert done.returncode == 0
    assert all(line.startswith(b'{"jsonrpc"') for line in done.stdout.splitlines())


def test_the_command_says_in_one_line_that_there_is_no_store(tmp_path):
    command = [*COMMAND, "--store", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"rag: no store in ")
    assert len(done.stderr.splitlines()) == 1
