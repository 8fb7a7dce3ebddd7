"""The doors of a server that asks for a login and lets one foreign page in: clients with and without a token."""

import asyncio
import contextlib
import time

import httpx
import httpx2
import openai
import pytest
from assistants import HARBOUR, ORCHARD, index_texts
from browser import PATIENCE_MS
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from rest_server import served
from serving import Serving, run_async

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"
ASKED = [{"role": "user", "content": QUESTION}]
SLOWLY = [{"role": "user", "content": f"{QUESTION} Tell me slowly."}]
WRONG = "rag_wrong"
PAGE = """<!doctype html><html lang="en"><head><title>A page</title>
<script src="{}/v1/widget.js" data-token="{}" defer></script></head><body><h1>A page</h1></body></html>"""


def page_at(answers):
    """Return an application whose page embeds the bubble of the server that `answers` names once it runs."""
    app = FastAPI()

    @app.get("/")
    async def page():
        return HTMLResponse(PAGE.format(answers["url"], answers["token"]))

    return app


@pytest.fixture(scope="module")
def told():
    """Hold the address and the token of the server: the page is there first."""
    return {}


@pytest.fixture(scope="module")
def friend(told):
    with Serving(page_at(told)) as serving:
        yield serving.address


@pytest.fixture(scope="module")
def server(tmp_path_factory, friend, told):
    folder = tmp_path_factory.mktemp("guarded")
    index_texts(folder / "store", {"harbour": HARBOUR, "orchard": ORCHARD})
    options = {"auth_file": str(folder / "accounts"), "origins": [friend], "generator": "slow", "share": 1}
    with served(folder / "store", **options) as started:
        told.update(url=started.url, token=started.token)
        yield started


def client_of(server, key, **options):
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0, timeout=20, **options)


def test_the_client_of_openai_needs_a_token_and_gets_its_own_errors(server):
    with client_of(server, WRONG) as client, pytest.raises(openai.AuthenticationError, match="sign in"):
        client.models.list()
    with client_of(server, server.token) as client:
        assert [m.id for m in client.models.list()] == ["slow", "extractive"]
        completion = client.chat.completions.create(model="slow", messages=ASKED)
        assert "420 metres" in completion.choices[0].message.content
        with pytest.raises(openai.APIStatusError, match="413"):
            client.chat.completions.create(model="slow", messages=[{"role": "user", "content": "a" * 2**21}])


def test_one_account_cannot_take_every_place_and_leaves_its_own_when_it_goes(server):
    with client_of(server, server.token) as client:
        stream = client.chat.completions.create(model="slow", messages=SLOWLY, stream=True)
        next(stream)
        with pytest.raises(openai.RateLimitError) as raised:
            client.chat.completions.create(model="slow", messages=ASKED)
        assert (raised.value.code, int(raised.value.response.headers["retry-after"]) >= 1) == ("busy", True)
        refused = run_async(asked_over_mcp(server, server.token))
        assert refused.is_error
        assert refused.content[0].text.startswith("1 questions of yours are being answered already")
        stream.close()
        wait_until_let_in(client, seconds=2)


def wait_until_let_in(client, *, seconds):
    until = time.monotonic() + seconds
    while True:
        with contextlib.suppress(openai.RateLimitError):
            return client.chat.completions.create(model="slow", messages=ASKED)
        assert time.monotonic() < until, "the place was not given back"
        time.sleep(0.05)


async def asked_over_mcp(server, token, question=QUESTION, *, mode="auto", seconds=20):
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=seconds) as sending:
        transport = streamable_http_client(f"{server.url}/mcp", http_client=sending)
        async with Client(transport, mode=mode) as client:
            return await client.call_tool("ask", {"question": question})


def test_the_client_of_mcp_needs_a_token(server):
    assert "420 metres" in run_async(asked_over_mcp(server, server.token)).structured_content["text"]
    assert httpx.post(f"{server.url}/mcp", json={}).status_code == 401


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_client_of_mcp_that_goes_leaves_its_place(server, mode):
    with pytest.raises(TimeoutError):
        run_async(asyncio.wait_for(asked_over_mcp(server, server.token, SLOWLY[0]["content"], mode=mode), 1))
    with client_of(server, server.token) as client:
        wait_until_let_in(client, seconds=2)


def test_the_pages_script_is_there_for_everybody(server):
    script = httpx.get(f"{server.url}/v1/widget.js")
    assert script.status_code == 200
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.browser
def test_the_bubble_asks_from_the_page_that_is_named_and_from_no_other(server, friend, told, chromium):
    def asked(address):
        context = chromium.new_context()
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(address)
        page.click("newspulse-chat .bubble")
        page.fill("textarea", QUESTION)
        page.press("textarea", "Enter")
        page.wait_for_selector("li:not([aria-busy])")
        said = page.locator("li").inner_text()
        context.close()
        return said

    assert "420 metres" in asked(friend)
    with Serving(page_at(told)) as stranger:
        assert "The articles cannot be reached." in asked(stranger.address)
    told["token"] = WRONG
    said = asked(friend)
    told["token"] = server.token
    assert "This page is not signed in" in said
