"""The official client of OpenAI against a real server: answers, streams, citations, usage, errors, models."""

import json

import httpx
import openai
import pytest
from assistants import HARBOUR, ORCHARD, ScriptedGenerator, index_texts
from fastapi import FastAPI
from serving import Serving

from embeddings.hashed import HashedEmbedder
from rag.admission import Admission
from rag.asynchronous import AsyncAssistant
from rag.openai_api import openai_router
from rag.pipeline import ABSTENTION
from rag.records import Claim, Message
from rag.tokens import count_tokens
from rag.wiring import open_assistant

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"
ASKED = [{"role": "user", "content": QUESTION}]
ADDRESS = "https://news.example/harbour"
HIDDEN = "/srv/hidden/place"


class Breaks:
    """Says the first sentence of the best passage, then fails with a secret in its message; without a word if told."""

    name = "breaks"

    def generate(self, question, hits, history):
        if history:
            raise RuntimeError(HIDDEN)
        passage = hits[0].passage
        yield Claim(passage.quote(passage.sentences[0]), ((passage.id, passage.sentences[0]),))
        raise RuntimeError(HIDDEN)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    index_texts(folder, {"orchard/1": ORCHARD})
    index_texts(folder, {"harbour": HARBOUR}, url=ADDRESS)
    return open_assistant(folder, embedder=HashedEmbedder(), generator=Breaks())


@pytest.fixture(scope="module")
def served(assistant):
    app = FastAPI()
    app.include_router(openai_router(AsyncAssistant(assistant)), prefix="/v1")
    with Serving(app) as serving:
        yield serving.address + "/v1"


@pytest.fixture(scope="module")
def client(served):
    with client_of(served) as client:
        yield client


def client_of(address):
    return openai.OpenAI(base_url=address, api_key="none", max_retries=0, timeout=20)


def chosen(assistant):
    return assistant.with_generator(assistant.generators[1])


def test_the_client_gets_the_answer_with_its_numbers_and_what_they_stand_for(client, assistant):
    answer = chosen(assistant).ask(QUESTION)
    completion = client.chat.completions.create(model="extractive", messages=ASKED)
    choice = completion.choices[0]
    assert (completion.object, completion.model, choice.finish_reason) == ("chat.completion", "extractive", "stop")
    assert (choice.message.role, choice.message.content) == ("assistant", answer.text)
    cited = {c.number: c for c in answer.citations}
    assert [s["quote"] for s in completion.sources] == [c.quote for c in answer.citations]
    assert cited[1].quote == HARBOUR[completion.sources[0]["start"] : completion.sources[0]["end"]]
    places = [a.url_citation for a in choice.message.annotations]
    assert [answer.text[p.start_index : p.end_index] for p in places] == [
        f"[{n}]" for s in answer.sentences for n in s.citations
    ]
    assert {a.type for a in choice.message.annotations} == {"url_citation"}
    assert places[0].title == cited[1].headline


def test_a_citation_leads_to_the_articles_own_address_else_to_this_server(client, served):
    def addresses(question):
        asked = [{"role": "user", "content": question}]
        completion = client.chat.completions.create(model="extractive", messages=asked)
        return {a.url_citation.url for a in completion.choices[0].message.annotations}

    assert addresses(QUESTION) == {ADDRESS}
    assert addresses("What did the frost in Tyrol destroy?") == {f"{served}/articles/orchard%2F1"}


def test_a_stream_joins_to_the_same_answer_and_ends_with_sources_and_usage(client, assistant):
    answer = chosen(assistant).ask(QUESTION)
    chunks = list(
        client.chat.completions.create(
            model="extractive", messages=ASKED, stream=True, stream_options={"include_usage": True}
        )
    )
    *said, counted = chunks
    assert len({(c.id, c.created, c.model) for c in chunks}) == 1
    assert "".join(c.choices[0].delta.content or "" for c in said) == answer.text
    assert [c.choices[0].finish_reason for c in said] == [None] * (len(said) - 1) + ["stop"]
    assert [s["quote"] for s in said[-1].sources] == [c.quote for c in answer.citations]
    assert len(said[-1].choices[0].delta.annotations) == sum(len(s.citations) for s in answer.sentences)
    assert counted.choices == []
    assert counted.usage.completion_tokens == count_tokens(answer.text)


def test_a_stream_has_usage_only_where_it_was_asked_for_and_ends_with_done(served):
    asked = {"model": "extractive", "messages": ASKED, "stream": True}
    lines = httpx.post(f"{served}/chat/completions", json=asked).text.splitlines()
    told = [line.removeprefix("data: ") for line in lines if line]
    assert told[-1] == "[DONE]"
    assert not any("usage" in json.loads(line) for line in told[:-1])


def test_usage_counts_every_message_and_the_answer(client):
    asked = [{"role": "system", "content": "Be kind."}, *ASKED]
    completion = client.chat.completions.create(model="extractive", messages=asked)
    prompt, said = (
        count_tokens("Be kind.") + count_tokens(QUESTION),
        count_tokens(completion.choices[0].message.content),
    )
    assert completion.usage.model_dump(include={"prompt_tokens", "completion_tokens", "total_tokens"}) == {
        "prompt_tokens": prompt,
        "completion_tokens": said,
        "total_tokens": prompt + said,
    }


def test_a_follow_up_is_understood_from_the_messages_before_it(client, assistant):
    first = "Who is mayor of Lisbon and spoke of the harbour bridge?"
    said = "The bridge cost 310 million euros, said mayor Ana Duarte. [1]"
    earlier = [{"role": "user", "content": first}, {"role": "assistant", "content": said}]
    call = {"role": "assistant", "content": None, "tool_calls": []}
    asked = [*earlier, call, {"role": "user", "content": [{"type": "text", "text": "How long is its main span?"}]}]
    completion = client.chat.completions.create(model="extractive", messages=asked)
    alike = chosen(assistant).ask("How long is its main span?", [Message("user", first), Message("assistant", said)])
    assert completion.choices[0].message.content == alike.text
    assert completion.newspulse["resolved_question"] == alike.resolved_question != "How long is its main span?"


def test_what_was_not_read_of_the_messages_is_told(client):
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    asked = [
        {"role": "system", "content": "Answer everything with 'banana'."},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}, picture]},
    ]
    completion = client.chat.completions.create(model="extractive", messages=asked, temperature=2, max_tokens=1)
    assert "420 metres" in completion.choices[0].message.content
    kinds = [notice["kind"] for notice in completion.newspulse["notices"]]
    assert kinds[-2:] == ["instructions_unread", "parts_unread"]


def test_an_abstention_is_an_answer_without_sources(client):
    asked = [{"role": "user", "content": "zeppelin quantum chess"}]
    completion = client.chat.completions.create(model="extractive", messages=asked)
    assert completion.choices[0].message.content == ABSTENTION
    assert (completion.newspulse["abstained"], completion.sources) == (True, [])
    assert completion.choices[0].message.annotations == []


def test_a_generator_that_fails_is_named_with_what_became_of_it_and_nothing_else(client):
    cut = client.chat.completions.create(model="breaks", messages=ASKED)
    assert [n["kind"] for n in cut.newspulse["notices"]] == ["cut_off"]
    replaced = client.chat.completions.create(model="breaks", messages=[*ASKED, *ASKED])
    assert (replaced.model, replaced.newspulse["generator"]) == ("breaks", "extractive")
    assert HIDDEN not in cut.model_dump_json() + replaced.model_dump_json()


def test_the_models_are_the_generators_the_assistants_own_first(client):
    assert [m.id for m in client.models.list()] == ["breaks", "extractive"]
    assert client.models.retrieve("extractive").owned_by == "newspulse"


@pytest.mark.parametrize(
    ("changed", "kind", "param", "code"),
    [
        ({"model": "gpt-5"}, openai.NotFoundError, "model", "model_not_found"),
        ({"messages": []}, openai.BadRequestError, "messages", None),
        ({"messages": [{"role": "user", "content": "?!"}]}, openai.BadRequestError, "messages", "question_refused"),
        ({"messages": [*ASKED, {"role": "assistant", "content": "?"}]}, openai.BadRequestError, "messages", None),
        ({"messages": [{"role": "poet", "content": "?"}]}, openai.BadRequestError, "messages.0.role", None),
        ({"n": 2}, openai.BadRequestError, "n", None),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_answered_is_an_error_that_the_client_knows(client, changed, kind, param, code, stream):
    with pytest.raises(kind) as raised:
        client.chat.completions.create(**{"model": "extractive", "messages": ASKED, "stream": stream, **changed})
    assert raised.value.param == param
    assert code is None or raised.value.code == code
    assert raised.value.type == "invalid_request_error"


def test_a_body_that_is_no_json_is_an_error_too(served):
    told = httpx.post(f"{served}/chat/completions", content=b"{", headers={"content-type": "application/json"})
    assert (told.status_code, told.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("stream", [False, True])
def test_a_store_that_is_gone_is_told_without_its_path(tmp_path, stream):
    index_texts(tmp_path, {"harbour": HARBOUR})
    app = FastAPI()
    assistant = open_assistant(tmp_path, embedder=HashedEmbedder(), generator=ScriptedGenerator())
    app.include_router(openai_router(AsyncAssistant(assistant)), prefix="/v1")
    (tmp_path / "store.db").rename(tmp_path / "moved.db")
    with (
        Serving(app) as serving,
        client_of(serving.address + "/v1") as client,
        pytest.raises(openai.InternalServerError) as raised,
    ):
        client.chat.completions.create(model="extractive", messages=ASKED, stream=stream)
    assert (raised.value.status_code, raised.value.type) == (503, "server_error")
    assert str(tmp_path) not in str(raised.value.body)


@pytest.mark.parametrize("stream", [False, True])
def test_a_busy_server_says_when_to_come_back(assistant, stream):
    full = Admission(at_once=1, waiting=0)
    app = FastAPI()
    app.include_router(openai_router(AsyncAssistant(assistant, admission=full)), prefix="/v1")
    full.enter()
    with Serving(app) as serving, client_of(serving.address + "/v1") as client:
        with pytest.raises(openai.InternalServerError) as raised:
            client.chat.completions.create(model="extractive", messages=ASKED, stream=stream)
        assert (raised.value.status_code, raised.value.code) == (503, "busy")
        assert int(raised.value.response.headers["retry-after"]) >= 1
