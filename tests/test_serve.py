"""The HTTP door as a running server: who gets in from where, what ends with its client, and how it closes."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from assistants import make_library
from rest_server import served

from rag.cross_origin import check_origin
from rag.errors import SettingsInvalid
from rag.server import listen

SLOWLY = {"question": "Tell slowly what the harbour bridge in Lisbon cost"}
QUESTION = {"question": "What did the harbour bridge in Lisbon cost?"}
FRIEND, STRANGER = "https://news.example", "https://other.example"
# Of which the harbour's article has so many; what is said again is left out.
SENTENCES = 6


@pytest.fixture
def store(tmp_path):
    make_library(tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("open")
    make_library(folder / "store")
    with served(folder / "store", origins=[FRIEND]) as server:
        yield server


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("locked")
    make_library(folder / "store")
    with served(folder / "store", origins=[FRIEND], upload=True, auth_file=str(folder / "accounts")) as server:
        yield server


def wait_for(path, most_s=10.0):
    until = time.monotonic() + most_s
    while not path.exists():
        assert time.monotonic() < until, f"no {path.name} within {most_s} s"
        time.sleep(0.01)


def is_problem(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    return response.json()["detail"]


@pytest.mark.parametrize("more", [{}, {"stream": True}])
def test_an_answer_whose_client_has_gone_ends_within_two_seconds(store, more):
    with served(store, generator="slow") as server:
        address = urlsplit(server.url)
        body = json.dumps({**SLOWLY, **more}).encode()
        head = f"POST /v1/ask HTTP/1.1\r\nhost: {address.netloc}\r\ncontent-type: application/json\r\n"
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body)
            wait_for(store / "began")
        left = time.monotonic()
        wait_for(store / "ended", 2.0)
        assert time.monotonic() - left < 2.0
        assert "newspulse_questions_at_work 0.0" in httpx.get(f"{server.url}/metrics").text


@pytest.mark.parametrize("more", [{}, {"stream": True}])
def test_an_answer_that_was_begun_is_ended_before_the_server_closes(store, more):
    with served(store, generator="slow") as server:
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(httpx.post, f"{server.url}/v1/ask", json={**SLOWLY, **more}, timeout=20)
            wait_for(store / "began")
            assert server.end() == 0
            response = asked.result()
        assert response.status_code == 200
        if more:
            assert response.text.count("event: delta") == SENTENCES
            assert response.text.rstrip().rsplit("\n\n", 1)[-1].startswith("event: done")
        else:
            assert len(response.json()["answer"]["sentences"]) == SENTENCES
        assert server.told == {"closed": True, "gradio": False}


def test_a_client_that_reads_nothing_holds_up_neither_the_others_nor_the_end(store):
    with served(store, generator="slow", at_once=1, waiting=4) as server:
        address = urlsplit(server.url)
        body = json.dumps({**QUESTION, "stream": True}).encode()
        head = f"POST /v1/ask HTTP/1.1\r\nhost: {address.netloc}\r\ncontent-type: application/json\r\n"
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(head.encode() + f"content-length: {len(body)}\r\n\r\n".encode() + body)
            assert httpx.post(f"{server.url}/v1/ask", json=QUESTION).status_code == 200
            assert server.end() == 0


def test_far_more_than_are_taken_are_refused_at_once_and_the_rest_is_answered(store):
    with served(store, generator="slow", at_once=1, waiting=2) as server, ThreadPoolExecutor(12) as threads:
        asked = [threads.submit(httpx.post, f"{server.url}/v1/ask", json=SLOWLY, timeout=30) for _ in range(3)]
        wait_for(store / "began")
        begun = time.monotonic()
        refused = list(threads.map(lambda _: httpx.post(f"{server.url}/v1/ask", json=QUESTION), range(9)))
        took_s = time.monotonic() - begun
        for response in refused:
            is_problem(response, 503)
            assert 1 <= int(response.headers["retry-after"]) <= 60
        assert took_s < 2
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert {answer.result().status_code for answer in asked} == {200}
        assert httpx.post(f"{server.url}/v1/ask", json=QUESTION).status_code == 200


def test_with_accounts_everything_but_health_needs_a_token(locked):
    for method, path in (
        ("POST", "/v1/ask"),
        ("POST", "/v1/search"),
        ("GET", "/v1/articles"),
        ("GET", "/v1/openapi.json"),
        ("GET", "/metrics"),
        ("GET", "/v1/nothing"),
    ):
        response = httpx.request(method, locked.url + path)
        assert "token" in is_problem(response, 401)
        assert response.headers["www-authenticate"] == "Bearer"
        assert httpx.request(method, locked.url + path, headers=locked.bearer()).status_code != 401
    for path in ("/healthz", "/readyz"):
        assert httpx.get(locked.url + path).status_code in {200, 503}


def test_who_is_signed_in_with_a_browser_reads_but_changes_nothing_without_a_token(locked):
    with httpx.Client() as browser:
        form = {"name": "alice", "password": "open sesame"}
        assert browser.post(f"{locked.url}/login", data=form).status_code == 303
        assert browser.get(f"{locked.url}/v1/articles").status_code == 200
        assert "Bearer TOKEN" in is_problem(browser.delete(f"{locked.url}/v1/articles/harbour"), 401)
        assert "Bearer TOKEN" in is_problem(browser.post(f"{locked.url}/v1/articles", json={"text": "x"}), 401)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 400),
        ({"origin": STRANGER}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"content-length": "9999999"}, 413),
    ],
)
def test_what_the_wall_refuses_is_a_problem_too_and_is_counted(open_server, headers, status):
    counted = f'newspulse_refused_total{{status="{status}"}}'
    address = urlsplit(open_server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.request("POST", "/v1/ask", body=b"{}", headers={"content-type": "application/json", **headers})
    response = connection.getresponse()
    assert response.status == status
    assert response.getheader("content-type") == "application/problem+json"
    assert json.loads(response.read())["status"] == status
    connection.close()
    assert counted in httpx.get(f"{open_server.url}/metrics").text


def test_a_body_that_only_turns_out_to_be_too_long_is_refused_as_a_problem(open_server):
    pieces = (b" " * 2**16 for _ in range(40))
    response = httpx.post(f"{open_server.url}/v1/ask", content=pieces, headers={"content-type": "application/json"})
    assert "1048576 bytes" in is_problem(response, 413)


def test_a_page_of_a_named_address_may_ask_and_read_the_answer(open_server):
    headers = {"origin": FRIEND, "sec-fetch-site": "cross-site"}
    asking = {**headers, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    allowed = httpx.options(f"{open_server.url}/v1/ask", headers=asking)
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == FRIEND
    assert "content-type" in allowed.headers["access-control-allow-headers"]
    for response in (
        httpx.post(f"{open_server.url}/v1/ask", headers=headers, json=QUESTION),
        httpx.post(f"{open_server.url}/v1/ask", headers=headers, json={"question": "?"}),
        httpx.get(f"{open_server.url}/v1/nothing", headers=headers),
    ):
        assert response.headers["access-control-allow-origin"] == FRIEND
        assert response.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "access-control-allow-credentials" not in response.headers
        assert response.headers["vary"] == "Origin"


@pytest.mark.parametrize("origin", [STRANGER, "null", f"{FRIEND}.evil.example", f"{FRIEND}:8443", FRIEND.upper()])
def test_a_page_of_any_other_address_may_not(open_server, origin):
    asking = {"origin": origin, "access-control-request-method": "POST"}
    for response in (
        httpx.options(f"{open_server.url}/v1/ask", headers=asking),
        httpx.post(f"{open_server.url}/v1/ask", headers={"origin": origin}, json=QUESTION),
        httpx.get(f"{open_server.url}/v1/articles", headers={"origin": origin}),
    ):
        assert "access-control-allow-origin" not in response.headers
        assert response.headers["cross-origin-resource-policy"] == "same-origin"
        assert response.request.method == "GET" or response.status_code == 403


def test_a_named_page_is_let_in_nowhere_else(open_server):
    for path in ("/healthz", "/metrics", "/login", "/"):
        response = httpx.get(open_server.url + path, headers={"origin": FRIEND})
        assert "access-control-allow-origin" not in response.headers


def test_a_named_page_is_whoever_its_token_says_and_never_whoever_the_browsers_cookies_say(locked):
    with httpx.Client(headers={"origin": FRIEND, "sec-fetch-site": "cross-site"}) as page:
        login = httpx.post(f"{locked.url}/login", data={"name": "alice", "password": "open sesame"})
        page.cookies.update(login.cookies)
        response = page.get(f"{locked.url}/v1/articles")
        is_problem(response, 401)
        assert response.headers["access-control-allow-origin"] == FRIEND
        assert page.get(f"{locked.url}/v1/articles", headers=locked.bearer()).status_code == 200


def test_the_chat_bubbles_script_may_be_embedded_by_any_page(open_server):
    response = httpx.get(f"{open_server.url}/v1/widget.js", headers={"sec-fetch-site": "cross-site"})
    assert response.status_code == 200
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.example",
        "news.example",
        "https://news.example/page",
        "file:///x",
        "https://a@b.example",
        "null",
        "",
    ],
)
def test_what_is_no_address_of_pages_is_refused_at_the_start(origin):
    with pytest.raises(SettingsInvalid, match="--allow-origin"):
        check_origin(origin)
    assert check_origin(" https://News.example:8443/ ") == "https://news.example:8443"


def test_a_small_answer_is_sent_at_once():
    with listen("127.0.0.1", 0) as listening:
        # What asyncio looks at before it turns Nagle's algorithm off, which makes every answer wait for 40 ms.
        assert listening.proto == socket.IPPROTO_TCP


def test_the_command_serves_until_it_is_told_to_end(store):
    command = [sys.executable, "-m", "rag", "serve", "--store", store, "--embedder", "hashed", "--port", "0"]
    options = ["--allow-upload", "--answers-at-once", "2", "--allow-origin", FRIEND]
    process = subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    try:
        url = re.search(r"http://\S+(?=/v1/ask)", process.stdout.readline()).group()
        assert httpx.post(f"{url}/v1/ask", json={**QUESTION}).json()["question"] == QUESTION["question"]
        assert httpx.get(f"{url}/").status_code == 404
    finally:
        process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "that takes a token, and so --auth-file FILE" in errors


def test_the_command_does_not_let_other_machines_in_unasked(store):
    command = [sys.executable, "-m", "rag", "serve", "--store", store, "--host", "0.0.0.0", "--port", "0"]  # noqa: S104 - refused
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
    assert ended.returncode == 1
    assert "nobody has to sign in" in ended.stderr


def test_the_chat_answers_programs_on_the_same_routes(store):
    options = json.dumps({"store": str(store), "port": 0})
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("chat_process.py"), options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    try:
        url = process.stdout.readline().strip().rstrip("/")
        assert httpx.post(f"{url}/v1/ask", json=QUESTION).json()["answer"]["text"]
        assert "/v1/search" in httpx.get(f"{url}/v1/openapi.json").json()["paths"]
        is_problem(httpx.get(f"{url}/v1/nothing"), 404)
        assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
        assert "newspulse_requests_total" in httpx.get(f"{url}/metrics").text
        assert httpx.get(f"{url}/").headers["content-type"].startswith("text/html")
    finally:
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
