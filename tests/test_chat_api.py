"""Model servers that fail, against the makers' own packages: a labelled answer in time, and nothing leaks."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from assistants import make_assistant
from model_server import (
    HEAD,
    KEY,
    ModelServer,
    answers,
    drips,
    floods,
    hangs,
    openai_event,
    says,
    says_as_anthropic,
    sends,
)

from embeddings.hashed import HashedEmbedder
from rag.answer_json import answer_row
from rag.chat_api import AnthropicChat, OpenAIChat
from rag.chat_messages import ChatMessage, Limits
from rag.errors import ModelFailed
from rag.llm import Breaker, LanguageModelGenerator
from rag.wiring import open_assistant

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"
DEADLINE_S = 1.2
LIMITS = Limits(DEADLINE_S, 0.6, 50)
ASKED = [ChatMessage("system", "Answer."), ChatMessage("user", "What?")]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_assistant(tmp_path_factory.mktemp("store")).library.folder


def assistant_with(store, url, **given):
    model = LanguageModelGenerator(OpenAIChat("fake", base_url=url, key=KEY, limits=LIMITS), **given)
    return open_assistant(store, embedder=HashedEmbedder(), generator=model)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


FAULTS = {
    "hang before headers": (hangs(), "in time"),
    "hang amid the stream": (hangs(HEAD, openai_event("Its main span is 420")), "in time"),
    "a byte now and then": (drips(0.3), "in time"),
    "401": (answers("401 Unauthorized"), "refuses the key"),
    "429": (answers("429 Too Many Requests", "Retry-After: 60\r\n"), "no more requests"),
    "500": (answers("500 Internal Server Error"), "reports a failure"),
    "junk events": (sends(HEAD, b"data: {not json\n\n", b"data: \xff\xfe[1]\n\n"), "no answer"),
    "a cut stream": (sends(HEAD, openai_event("Its main span is 420 metres long [1")), "breaks off"),
    "packed": (answers("200 OK", "Content-Encoding: gzip\r\n"), "no answer"),
    "100 MB": (floods(100 * 2**20), "far more"),
}


def assert_extractive(answer, elapsed_s, reason):
    row = json.dumps(answer_row(answer))
    assert elapsed_s < DEADLINE_S + 1
    assert answer.generator == "extractive"
    assert "420 metres" in answer.text
    [told] = [n.text for n in answer.notices if n.kind == "generator_failed"]
    assert "'openai:fake' failed" in told
    assert reason in told
    assert not [secret for secret in (KEY, "Traceback", "/srv", "File ", "127.0.0.1") if secret in row]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_leaves_the_extractive_answer_in_time(store, fault):
    behave, reason = FAULTS[fault]
    with ModelServer(behave) as server:
        assistant = assistant_with(store, server.url)
        started = time.perf_counter()
        answer = assistant.ask(QUESTION)
        assert_extractive(answer, time.perf_counter() - started, reason)
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["refused", "no such host", "TLS", "TLS that hangs"])
def test_a_server_that_cannot_be_reached_leaves_the_extractive_answer_in_time(store, fault):
    behave = hangs() if fault == "TLS that hangs" else says("x [1].")
    with ModelServer(behave) as server:
        url = {
            "refused": f"http://127.0.0.1:{free_port()}/v1",
            "no such host": "http://no-such-host.invalid/v1",
            "TLS": f"https://127.0.0.1:{server.port}/v1",
            "TLS that hangs": f"https://127.0.0.1:{server.port}/v1",
        }[fault]
        assistant = assistant_with(store, url)
        started = time.perf_counter()
        answer = assistant.ask(QUESTION)
        elapsed_s = time.perf_counter() - started
    assert_extractive(answer, elapsed_s, "")


def test_what_was_said_before_a_server_hangs_stands_as_a_labelled_part(store):
    said = "Its main span is 420 metres long [1]. About 12,000"
    with ModelServer(hangs(HEAD, openai_event(said))) as server:
        started = time.perf_counter()
        answer = assistant_with(store, server.url).ask(QUESTION)
        assert time.perf_counter() - started < DEADLINE_S + 1
    assert answer.generator == "openai:fake"
    assert answer.text == "Its main span is 420 metres long. [1]"
    assert [n.kind for n in answer.notices] == ["cut_off"]
    assert "did not answer in time" in answer.notices[0].text


def test_an_answer_of_an_openai_compatible_server_is_streamed_and_cited(store):
    with ModelServer(says("Its main span is 4", "20 metres long [", "1]. It cost €310 mil", "lion [1].")) as server:
        answer = assistant_with(store, server.url).ask(QUESTION)
        head, sent = server.requests[0]
    assert answer.generator == "openai:fake"
    assert answer.text == "Its main span is 420 metres long. [1] It cost €310 million. [2]"
    assert [c.quote for c in answer.citations] == [
        "Its main span is 420 metres long.",
        "It cost 310 million euros, said mayor Ana Duarte.",
    ]
    assert f"Bearer {KEY}".encode() in head
    assert (sent["model"], sent["stream"], sent["max_tokens"]) == ("fake", True, 50)
    assert [m["role"] for m in sent["messages"]] == ["system", "user"]


def test_the_odd_streams_that_real_servers_send_are_read():
    """Keep-alives, roles without words, usage without choices, words cut within a character, other line ends."""
    odd = [
        b": ping\r\n\r\n",
        openai_event(None).replace(b"\n", b"\r\n"),
        b'data: {"id":"x","object":"chat.completion.chunk","created":0,"model":"m","choices":[],"usage":null}\n\n',
        openai_event("Ja, "),
        'data:{"choices":[{"index":0,"delta":{"content":"schön [1]."}}]}\n\n'.encode()[:48],
        'data:{"choices":[{"index":0,"delta":{"content":"schön [1]."}}]}\n\n'.encode()[48:],
        openai_event(None, "length"),
        b"data: [DONE]\n\n",
    ]

    def behave(connection, request, closing):
        connection.sendall(HEAD)
        for part in odd:
            connection.sendall(part)
            closing.wait(0.01)

    with ModelServer(behave) as server:
        assert "".join(OpenAIChat("m", base_url=server.url, limits=LIMITS).stream(ASKED)) == "Ja, schön [1]."


def test_many_questions_at_once_get_each_its_own_reply():
    def echo(request):
        return request[1]["messages"][-1]["content"]

    with ModelServer(says("You said ", echo, " [1].")) as server, ThreadPoolExecutor(12) as pool:
        model = OpenAIChat("m", base_url=server.url, limits=Limits(20, 20, 50))

        def ask(number):
            return "".join(model.stream([ChatMessage("user", f"number {number}")]))

        assert list(pool.map(ask, range(48))) == [f"You said number {n} [1]." for n in range(48)]


def test_anthropics_stream_is_read_with_its_own_package():
    with ModelServer(says_as_anthropic("It is ", "420 metres [1].")) as server:
        model = AnthropicChat("fake", base_url=server.url.removesuffix("/v1"), key=KEY, limits=LIMITS)
        assert "".join(model.stream(ASKED)) == "It is 420 metres [1]."
        head, sent = server.requests[0]
    assert KEY.encode() in head
    assert (sent["system"], [m["role"] for m in sent["messages"]]) == ("Answer.", ["user"])
    with ModelServer(answers("529 Overloaded")) as server:
        model = AnthropicChat("fake", base_url=server.url.removesuffix("/v1"), limits=LIMITS)
        with pytest.raises(ModelFailed, match="reports a failure"):
            list(model.stream(ASKED))


def test_closing_the_stream_ends_the_request_at_the_server():
    gone = []

    def behave(connection, request, closing):
        connection.sendall(HEAD + openai_event("It is "))
        connection.settimeout(5)
        gone.append(connection.recv(1))

    with ModelServer(behave) as server:
        pieces = OpenAIChat("fake", base_url=server.url, limits=Limits(30, 30, 50)).stream(ASKED)
        assert next(pieces) == "It is "
        pieces.close()
        until = time.monotonic() + 3
        while not gone and time.monotonic() < until:
            time.sleep(0.01)
    assert gone == [b""]


def test_a_busy_server_is_asked_once_more_where_nothing_was_said():
    behaviours = [answers("429 Too Many Requests", "Retry-After: 0\r\n"), says("Yes [1].")]

    def behave(connection, request, closing):
        behaviours.pop(0)(connection, request, closing)

    with ModelServer(behave) as server:
        assert list(OpenAIChat("fake", base_url=server.url, limits=LIMITS).stream(ASKED)) == ["Yes [1]."]
        assert len(server.requests) == 2


def test_a_redirect_is_not_followed():
    with ModelServer(says("Elsewhere [1].")) as other:
        redirect = answers("307 Temporary Redirect", f"Location: {other.url}/chat/completions\r\n")
        with ModelServer(redirect) as server, pytest.raises(ModelFailed):
            list(OpenAIChat("fake", base_url=server.url, key=KEY, limits=LIMITS).stream(ASKED))
        assert other.requests == []


def test_after_three_failures_the_model_rests_and_is_tried_again_later(store):
    now = [0.0]
    breaker = Breaker(rest_s=30, clock=lambda: now[0])
    with ModelServer(answers("500 Internal Server Error")) as server:
        assistant = assistant_with(store, server.url, breaker=breaker)
        for _ in range(5):
            answer = assistant.ask(QUESTION)
            assert answer.generator == "extractive"
        assert len(server.requests) == 3
        assert "is asked again later" in answer.notices[0].text
        now[0] = 31
        assistant.ask(QUESTION)
        assistant.ask(QUESTION)
        assert len(server.requests) == 4


def test_a_success_forgets_the_failures_before_it():
    breaker = Breaker(failures=2)
    for failed in (True, False, True):
        breaker.note(failed=failed)
    breaker.check()
    breaker.note(failed=True)
    with pytest.raises(ModelFailed, match="asked again later"):
        breaker.check()
