"""newspulse in other people's code: in threads, in asyncio, in FastAPI applications."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from assistants import HARBOUR, ORCHARD, index_texts
from fastapi import FastAPI
from mcp import Client
from serving import Serving, run_async

import rag
from embeddings.hashed import HashedEmbedder
from rag.records import Claim

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"
QUESTIONS = [QUESTION, "What did the frost in Tyrol destroy?", "Who is mayor of Lisbon?", "zeppelin quantum chess"] * 5
LONGEST_BLOCK_S = 0.05
ROUNDS = 3


class Waits:
    """Waits for a slow server, as a thread does, then says the best passage's first sentence."""

    name = "waits"

    def generate(self, question, hits, history):
        time.sleep(2 * LONGEST_BLOCK_S)
        passage = hits[0].passage
        yield Claim(passage.quote(passage.sentences[0]), ((passage.id, passage.sentences[0]),))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    index_texts(folder, {"harbour": HARBOUR, "orchard": ORCHARD})
    return folder


@pytest.fixture(scope="module")
def assistant(store):
    return rag.open(store, embedder=HashedEmbedder())


async def longest_blocks(work):
    """Return the most seconds between two turns of the loop while the work was done, those it computed, and the result.

    A busy machine or another thread makes the first longer; the second is the loop's own doing.
    """
    passed, computed, working = 0.0, 0.0, asyncio.ensure_future(work)
    while not working.done():
        began, used = time.perf_counter(), time.thread_time()
        await asyncio.sleep(0.001)
        passed, computed = max(passed, time.perf_counter() - began), max(computed, time.thread_time() - used)
    return passed, computed, await working


def test_threads_share_one_assistant_and_get_what_one_alone_gets(assistant):
    alone = [assistant.ask(question) for question in QUESTIONS[:4]]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(assistant.ask, QUESTIONS)) == alone * 5


async def answered(store, generator=None):
    async with await rag.open_async(store, embedder=HashedEmbedder(), generator=generator) as assistant:
        await assistant.ask(QUESTION)
        return await longest_blocks(asyncio.gather(*map(assistant.ask, QUESTIONS)))


def test_asyncio_computes_nothing_while_twenty_questions_are_answered(store):
    _, computed, answers = run_async(answered(store))
    assert computed < LONGEST_BLOCK_S
    assert [answer.question for answer in answers] == QUESTIONS


def test_asyncio_goes_on_while_twenty_questions_wait_for_a_model(store):
    # Whatever else the machine does at times holds up a loop as well; what blocks it does so in every round.
    rounds = [run_async(answered(store, Waits())) for _ in range(ROUNDS)]
    assert min(passed for passed, *_ in rounds) < LONGEST_BLOCK_S
    assert {answer.generator for answer in rounds[0][2] if not answer.abstained} == {"waits"}


def test_the_measures_tell_an_assistant_that_blocks(store, assistant):
    waiting = rag.open(store, embedder=HashedEmbedder(), generator=Waits())

    async def asked(blocking, questions):
        return [blocking.ask(question) for question in questions]

    passed, *_ = run_async(longest_blocks(asked(waiting, QUESTIONS[:1])))
    _, computed, _ = run_async(longest_blocks(asked(assistant, QUESTIONS)))
    assert (passed > LONGEST_BLOCK_S, computed > LONGEST_BLOCK_S) == (True, True)


def included(router):
    app = FastAPI()
    app.include_router(router)
    return app, ""


def included_below(router):
    app = FastAPI()
    app.include_router(router, prefix="/news")
    return app, "/news"


def mounted(router):
    app, inner = FastAPI(), FastAPI()
    inner.include_router(router)
    app.mount("/news", inner)
    return app, "/news"


@pytest.mark.parametrize("put", [included, included_below, mounted])
def test_a_fastapi_application_takes_in_every_door(assistant, put):
    app, prefix = put(rag.router(assistant))

    @app.get("/own")
    async def own():
        return "mine"

    answer = assistant.ask(QUESTION)

    async def over_mcp(address):
        async with Client(address) as client:
            return (await client.call_tool("ask", {"question": QUESTION})).structured_content["text"]

    with Serving(app) as serving:
        root = serving.address + prefix
        row = httpx.post(f"{root}/v1/ask", json={"question": QUESTION}).json()
        assert row["answer"]["text"] == answer.text
        with openai.OpenAI(base_url=f"{root}/v1", api_key="-", max_retries=0) as client:
            asked = [{"role": "user", "content": QUESTION}]
            completion = client.chat.completions.create(model="extractive", messages=asked)
        assert completion.choices[0].message.content == answer.text
        url = completion.choices[0].message.annotations[0].url_citation.url
        assert url == f"{root}/v1/articles/harbour"
        assert httpx.get(url).json()["text"] == HARBOUR
        assert run_async(over_mcp(f"{root}/mcp")) == answer.text
        assert "newspulse-chat" in httpx.get(f"{root}/v1/widget.js").text
        assert httpx.get(f"{serving.address}/own").json() == "mine"


def test_a_router_writes_nothing(assistant):
    app, _ = included(rag.router(assistant))
    with Serving(app) as serving:
        put = httpx.post(f"{serving.address}/v1/articles", json={"text": "One. Two."})
        gone = httpx.delete(f"{serving.address}/v1/articles/harbour")
        assert {put.status_code, gone.status_code} <= {401, 403, 404, 405}
        assert httpx.get(f"{serving.address}/v1/articles/harbour").status_code == 200
