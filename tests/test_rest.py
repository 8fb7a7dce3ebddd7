"""The HTTP door's routes, without a server: what they answer, refuse, and never tell."""

import io
import json
import threading
import zipfile
from types import SimpleNamespace

import pytest
from assistants import HARBOUR, make_assistant, make_library
from starlette.testclient import TestClient

from rag.accounts import Accounts
from rag.admission import Admission
from rag.answer_json import answer_row
from rag.asynchronous import AsyncAssistant
from rag.cli_user import add_token
from rag.doors import Uploading, open_doors
from rag.errors import StoreDamaged
from rag.metrics import Metrics
from rag.records import Message, Retrieved, Scope
from rag.rest import rest_app
from rag.rest_requests import ArticleGiven, QuestionAsked
from rag.rest_rows import ANSWER_EXAMPLE, AnswerRow, ArticleWhole, FoundRow
from rag.uploads import UploadLimits, Uploads
from rag.wiring import open_assistant

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$YWJjZGVmZ2hpamtsbW5vcA"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    return make_assistant(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def client(assistant):
    return client_of(assistant)


def client_of(assistant, admission=None):
    return TestClient(open_doors(assistant, version="1", admission=admission).app, raise_server_exceptions=False)


@pytest.fixture
def writing(tmp_path):
    """Return a client of a store that takes articles, with a token in its headers, and the doors."""
    library = make_library(tmp_path / "store")
    accounts = tmp_path / "accounts"
    accounts.write_text(f"alice password {HASH}\n")
    accounts.chmod(0o600)
    token = add_token(accounts, "alice", "test")
    limits = UploadLimits(file_bytes=20_000)
    uploads = Uploads(tmp_path / "store", library.embedder, passage_tokens=80, limits=limits)
    pipeline = open_assistant(tmp_path / "store", embedder=library.embedder)
    doors = open_doors(pipeline, version="1", accounts=Accounts(accounts), uploading=Uploading(uploads, limits))
    return TestClient(doors.app, headers={"authorization": f"Bearer {token}"}, raise_server_exceptions=False)


def problem(response, status, kind=""):
    """Return the problem's detail, once its shape is what it must be."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told["status"] == status
    assert told["type"] == (f"urn:newspulse:problem:{kind}" if kind else "about:blank")
    assert told["title"]
    return told["detail"]


def events_of(response):
    """Return the names and data of server-sent events."""
    assert response.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in response.text.split("\n\n") if block]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def without_times(row):
    assert set(row.pop("timings_ms")) == {"retrieve", "generate", "total"}
    return row


def test_an_answer_is_the_one_that_the_command_line_prints(assistant, client):
    response = client.post("/v1/ask", json={"question": QUESTION})
    assert response.status_code == 200
    AnswerRow.model_validate(response.json())
    assert without_times(response.json()) == answer_row(assistant.ask(QUESTION), depth=10)


@pytest.mark.parametrize("asked", [({"stream": True}, {}), ({}, {"accept": "text/event-stream"})])
def test_a_stream_tells_the_passages_then_the_text_piece_by_piece_then_the_same_answer(assistant, client, asked):
    more, headers = asked
    response = client.post("/v1/ask", json={"question": QUESTION, "passages": 1, **more}, headers=headers)
    events = events_of(response)
    names = [name for name, _ in events]
    assert names == ["retrieved", *["delta"] * (len(names) - 2), "done"]
    answer = assistant.ask(QUESTION)
    assert "".join(row["text"] for _, row in events[1:-1]) == answer.text
    assert without_times(events[-1][1]) == answer_row(answer, depth=1)
    assert events[0][1] == {"resolved_question": QUESTION, "passages": answer_row(answer, depth=1)["passages"]}


def test_history_scope_and_day_reach_the_assistant(assistant, client):
    history = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": "420 metres."}]
    asked = {"question": "And what did it cost?", "history": history, "scope": {"article_ids": ["harbour"]}}
    row = without_times(client.post("/v1/ask", json={**asked, "today": "2025-03-04"}).json())
    said = [Message(message["role"], message["content"]) for message in history]
    expected = assistant.ask("And what did it cost?", said, scope=Scope(article_ids=frozenset({"harbour"})))
    assert row == answer_row(expected, depth=10)
    assert {p["article_id"] for p in row["passages"]} == {"harbour"}


def test_a_search_tells_the_passages_word_for_word_and_what_they_are_from(assistant, client):
    found = client.post("/v1/search", json={"question": QUESTION, "passages": 2}).json()
    FoundRow.model_validate(found)
    hits = assistant.ask(QUESTION).hits[:2]
    assert [p["text"] for p in found["passages"]] == [hit.passage.text for hit in hits]
    for passage in found["passages"]:
        article = assistant.article(passage["article_id"])
        assert article.text[passage["start"] : passage["end"]] == passage["text"]
        assert passage["title"] == article.title


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, "body question: Field required"),
        ({"question": 5}, "valid string"),
        ({"question": "What?", "strem": True}, "body strem: Extra inputs"),
        ({"question": "What?", "stream": "yes"}, "valid boolean"),
        ({"question": "What?", "today": 1741046400}, "a day is needed, as 2025-03-31"),
        ({"question": "What?", "today": "2025-02-30"}, "day"),
        ({"question": "What?", "scope": {"since": "yesterday"}}, "a day is needed"),
        ({"question": "What?", "passages": 51}, "less than or equal to 50"),
        ({"question": "What?", "history": [{"role": "system", "content": "x"}]}, "'user' or 'assistant'"),
        ({"question": "x" * 20_001}, "at most 20000"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(client, asked, told):
    assert told in problem(client.post("/v1/ask", json=asked), 422, "invalid")


@pytest.mark.parametrize("more", [{}, {"stream": True}])
@pytest.mark.parametrize(("question", "told"), [("?!", "holds no word"), (" \u00a0 ", "is empty")])
def test_a_question_that_is_none_is_refused_before_anything_is_streamed(client, question, told, more):
    assert told in problem(client.post("/v1/ask", json={"question": question, **more}), 422, "question-refused")
    if not more:
        problem(client.post("/v1/search", json={"question": question}), 422, "question-refused")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"question": ' + b"[" * 100_000])
def test_what_is_no_json_is_refused(client, body):
    response = client.post("/v1/ask", content=body, headers={"content-type": "application/json"})
    assert response.status_code in {400, 422}
    problem(response, response.status_code, "invalid" if response.status_code == 422 else "")


def test_half_a_surrogate_pair_in_a_question_and_a_scope_is_no_failure(client):
    asked = b'{"question": "What did the bridge \\ud800 cost?", "scope": {"article_ids": ["\\udc00"]}}'
    response = client.post("/v1/ask", content=asked, headers={"content-type": "application/json"})
    assert response.json()["answer"]["abstained"]


def test_an_unknown_path_and_a_wrong_method_are_problems_that_name_what_there_is(client):
    assert "/v1/openapi.json" in problem(client.get("/v1/nothing"), 404)
    response = client.put("/v1/articles")
    assert problem(response, 405) == "this path takes: GET, POST"
    assert response.headers["allow"] == "GET, POST"
    assert client.post("/v1/articles/harbour").headers["allow"] == "DELETE, GET"


class Failing:
    """An assistant whose store fails when the first piece has been said, and the unforeseen before."""

    generator = SimpleNamespace(name="failing")
    generators = ()

    def __init__(self, library, secret):
        self.library, self._secret = library, secret

    def stream(self, question, history=(), *, scope=None, today=None):
        if question == "unforeseen":
            raise KeyError(self._secret)
        yield Retrieved((), question)
        raise StoreDamaged(f"the store in '{self._secret}' is damaged")


@pytest.fixture
def failing(assistant):
    asking = AsyncAssistant(Failing(assistant.library, "/secret/place"))
    app = rest_app(asking, Metrics(asking.admission), version="1")
    return TestClient(app, raise_server_exceptions=False)


def test_what_fails_on_the_way_ends_the_stream_with_an_error_that_tells_nothing_of_the_inside(failing, caplog):
    response = failing.post("/v1/ask", json={"question": "what", "stream": True})
    (_, _), (name, told) = events_of(response)
    assert name == "error"
    assert told["type"] == "urn:newspulse:problem:store"
    assert "secret" not in response.text
    assert "/secret/place" in caplog.text
    response = failing.post("/v1/ask", json={"question": "what"})
    assert problem(response, 503, "store") == told["detail"]
    assert response.headers["retry-after"] == "5"


def test_the_unforeseen_is_logged_and_not_told(failing, caplog):
    response = failing.post("/v1/ask", json={"question": "unforeseen"})
    assert problem(response, 500) == "the server failed at this; its log says why"
    assert "KeyError: '/secret/place'" in caplog.text


def test_more_questions_than_are_taken_are_told_when_to_come_back(assistant):
    admission = Admission(1, 0)
    client = client_of(assistant, admission)
    place = admission.enter()
    for path in ("/v1/ask", "/v1/search"):
        response = client.post(path, json={"question": QUESTION})
        assert "1 questions are being answered" in problem(response, 503, "busy")
        assert int(response.headers["retry-after"]) >= 1
    place.leave()
    assert client.post("/v1/ask", json={"question": QUESTION}).status_code == 200


def test_one_account_that_has_its_share_is_told_so_and_others_go_on(assistant):
    admission = Admission(2, 2, per_client=1)
    client = client_of(assistant, admission)
    place = admission.enter("user:alice")
    response = client.post("/v1/ask", json={"question": QUESTION}, headers={"x-newspulse-owner": "user:alice"})
    assert "of yours" in problem(response, 429, "busy")
    assert response.headers["retry-after"]
    assert client.post("/v1/ask", json={"question": QUESTION}, headers={"x-newspulse-owner": "user:bob"}).is_success
    place.leave()


def test_articles_are_listed_page_by_page_found_by_words_and_read_whole(assistant, client):
    first = client.get("/v1/articles", params={"limit": 1}).json()
    second = client.get("/v1/articles", params={"limit": 1, "offset": 1}).json()
    assert first["total"] == second["total"] == 2
    assert {first["articles"][0]["id"], second["articles"][0]["id"]} == {"harbour", "orchard"}
    assert [a["id"] for a in client.get("/v1/articles", params={"query": "FROST"}).json()["articles"]] == ["orchard"]
    article = client.get("/v1/articles/harbour").json()
    ArticleWhole.model_validate(article)
    assert article["text"] == assistant.article("harbour").text
    assert len(article["sha256"]) == 64
    (start, end) = article["stories"][0]["parts"][0]
    assert article["text"][start:end].startswith("The new harbour bridge")


def test_an_article_that_is_not_there_is_told_so_without_where_the_store_lies(client, assistant):
    response = client.get("/v1/articles/..%2F..%2Fetc%2Fpasswd%00")
    problem(response, 404, "article-missing")
    assert str(assistant.library.folder) not in response.text


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/articles"), ("POST", "/v1/files"), ("DELETE", "/v1/articles/x")]
)
def test_a_server_that_takes_no_articles_says_how_it_would(client, method, path):
    told = problem(client.request(method, path, content=b"{"), 403, "read-only")
    assert "--allow-upload --auth-file" in told


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/articles"), ("POST", "/v1/files"), ("DELETE", "/v1/articles/harbour")]
)
@pytest.mark.parametrize("proof", ["", "Bearer wrong", "Basic YWxpY2U6b3BlbiBzZXNhbWU="])
def test_who_has_no_token_changes_nothing(writing, method, path, proof):
    response = writing.request(method, path, content=b"{", headers={"authorization": proof})
    assert "rag user token" in problem(response, 401, "token")
    assert response.headers["www-authenticate"] == "Bearer"
    assert writing.get("/v1/articles").json()["total"] == 2


def test_an_article_is_added_changed_found_and_removed(writing):
    given = {"id": "comet", "title": "Comet seen", "published": "2025-05-06", "publisher": "The Daily", "author": "A B"}
    text = "A comet was seen over Porto on Tuesday. It was 12 kilometres wide."
    response = writing.post("/v1/articles", json={**given, "text": text})
    assert response.status_code == 201
    (fate,) = response.json()["articles"]
    assert (fate["outcome"], fate["id"], fate["passages"]) == ("added", "comet", 1)
    article = writing.get(response.headers["location"]).json()
    assert {name: article[name] for name in given} == given
    assert writing.post("/v1/articles", json={**given, "text": text}).json()["articles"][0]["outcome"] == "unchanged"
    changed = writing.post("/v1/articles", json={**given, "text": text.replace("12", "14")})
    assert (changed.status_code, changed.json()["articles"][0]["outcome"]) == (200, "updated")
    assert (
        "14 kilometres"
        in writing.post("/v1/ask", json={"question": "How wide was the comet?"}).json()["answer"]["text"]
    )
    assert writing.delete("/v1/articles/comet").status_code == 204
    problem(writing.delete("/v1/articles/comet"), 404, "article-missing")
    problem(writing.get("/v1/articles/comet"), 404, "article-missing")


def test_an_article_without_an_id_is_given_one_made_from_its_title_whatever_that_holds(writing):
    text = "A comet was seen over Porto on Tuesday."
    (fate,) = writing.post("/v1/articles", json={"title": "Comet\u0007 seen!", "text": text}).json()["articles"]
    assert fate["id"] == "comet-seen"
    (again,) = writing.post("/v1/articles", json={"text": text}).json()["articles"]
    assert (again["outcome"], again["id"]) == ("duplicate", "comet-seen")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"text": " "}, "empty"),
        ({"text": "x. " * 10_000}, "may have"),
        ({"id": "a\nb", "text": HARBOUR}, "an id has"),
    ],
)
def test_an_article_that_cannot_be_read_is_refused_and_says_why(writing, given, told):
    assert told in problem(writing.post("/v1/articles", json=given), 422, "article-refused")


def test_of_several_files_the_good_ones_go_in_and_the_bad_ones_say_why(writing):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("storm.txt", "Storm over Faro\nA storm broke 40 windows in Faro.")
    files = [
        ("files", ("comet.md", b"# Comet seen\nA comet was seen over Porto.")),
        ("files", ("../../evil.exe", b"MZ")),
        ("files", ("more.zip", packed.getvalue())),
    ]
    rows = writing.post("/v1/files", files=files).json()["articles"]
    told = {row["name"]: (row["outcome"], row["id"]) for row in rows}
    assert told == {
        "comet.md": ("added", "comet"),
        "evil.exe": ("refused", ""),
        "more.zip/storm.txt": ("added", "storm"),
    }
    assert "unknown format" in next(row["reason"] for row in rows if row["name"] == "evil.exe")


def test_a_store_that_cannot_be_written_is_told_of_without_where_it_lies(writing, tmp_path):
    database = tmp_path / "store" / "store.db"
    database.write_bytes(b"no database" * 1000)
    response = writing.post("/v1/articles", json={"text": HARBOUR})
    problem(response, 422, "article-refused")
    assert str(tmp_path) not in response.text
    response = writing.delete("/v1/articles/harbour")
    problem(response, 503, "store")
    assert str(tmp_path) not in response.text


def test_it_is_alive_at_once_and_ready_once_the_model_is_loaded(assistant):
    loaded = threading.Event()
    slow = SimpleNamespace(library=assistant.library, generator=assistant.generator, warm=loaded.wait, generators=())
    asking = AsyncAssistant(slow)
    with TestClient(rest_app(asking, Metrics(asking.admission), version="1")) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        response = client.get("/readyz")
        assert "being loaded" in problem(response, 503, "not-ready")
        assert response.headers["retry-after"] == "2"
        loaded.set()
        assert client.get("/readyz").json() == {
            "status": "ready",
            "generation": 1,
            "articles": 2,
            "generator": "extractive",
        }


def test_a_store_that_has_gone_is_not_ready_and_its_place_is_not_told(tmp_path):
    client = client_of(make_assistant(tmp_path / "store"))
    assert client.get("/readyz").status_code == 200
    (tmp_path / "store").rename(tmp_path / "elsewhere")
    response = client.get("/readyz")
    problem(response, 503, "store")
    assert str(tmp_path) not in response.text


def test_figures_tell_requests_by_route_answers_by_generator_and_what_became_of_articles(writing):
    writing.post("/v1/ask", json={"question": QUESTION})
    writing.post("/v1/ask", json={"question": "zeppelin quantum chess", "stream": True})
    writing.get("/v1/articles/harbour")
    writing.get("/v1/articles/orchard")
    writing.post("/v1/articles", json={"text": "A comet was seen over Porto on Tuesday."})
    told = writing.get("/metrics").text
    for line in (
        'newspulse_requests_total{method="POST",route="/v1/ask",status="200"} 2.0',
        'newspulse_requests_total{method="GET",route="/v1/articles/{article_id:path}",status="200"} 2.0',
        'newspulse_answers_total{abstained="false",generator="extractive"} 1.0',
        'newspulse_answers_total{abstained="true",generator="extractive"} 1.0',
        'newspulse_articles_total{outcome="added"} 1.0',
        'newspulse_answer_seconds_count{generator="extractive"} 2.0',
        "newspulse_questions_at_work 0.0",
        "newspulse_questions_waiting 0.0",
    ):
        assert line in told.splitlines()
    assert "zeppelin" not in told


def test_the_document_describes_every_route_with_examples_that_fit_and_loads_nothing_from_elsewhere(client):
    document = client.get("/v1/openapi.json").json()
    assert {"/v1/ask", "/v1/search", "/v1/articles", "/v1/articles/{article_id}", "/v1/files"} <= set(document["paths"])
    assert {"/healthz", "/readyz", "/metrics"} <= set(document["paths"])
    schemas = document["components"]["schemas"]
    for example in schemas["QuestionAsked"]["examples"]:
        QuestionAsked.model_validate(example)
    for example in schemas["ArticleGiven"]["examples"]:
        ArticleGiven.model_validate(example)
    AnswerRow.model_validate(ANSWER_EXAMPLE)
    citation = ANSWER_EXAMPLE["answer"]["citations"][0]
    (article,) = schemas["ArticleGiven"]["examples"]
    assert article["text"][citation["start"] : citation["end"]] == citation["quote"]
    assert "HTTPValidationError" not in json.dumps(document)
    for path in ("/docs", "/redoc", "/v1/docs"):
        problem(client.get(path), 404)
