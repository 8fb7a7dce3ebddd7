"""The server: health, exports for their owner alone, where it may listen, and no page of another address let in."""

import contextlib
import json
import socket

import pytest
from argon2 import PasswordHasher
from assistants import make_assistant
from fastapi import Request
from starlette.testclient import TestClient

from rag.accounts import Accounts
from rag.chat import Chat
from rag.cli_user import add_token, set_password
from rag.conversations import Conversations
from rag.doors import open_doors
from rag.errors import SettingsInvalid
from rag.feedback import FeedbackBook
from rag.records import Scope
from rag.server import (
    Mounted,
    Serving,
    accounts_of,
    check_serving,
    listen,
    make_server,
    owner_of,
    signed_in_name,
    walled,
)
from rag.wall import SEALS

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PAGES = Mounted(pages=frozenset({"/"}), paths=frozenset({"/whose"}))
HOME = "http://127.0.0.1:7860"
LONG_NAME = "名" * 64
FOREIGN = {"origin": "https://evil.example"}


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    path = folder / "chats.db"
    return Chat(make_assistant(folder / "store"), Conversations(path), FeedbackBook(path), version="1.0")


@pytest.fixture
def auth_file(tmp_path):
    path = tmp_path / "accounts"
    for name in ("alice", "bob", LONG_NAME):
        set_password(path, name, "open sesame", hasher=CHEAP)
    return path


@pytest.fixture
def visit(chat):
    """Return what opens a browser at a server with a page of its own, and /whose, which tells whose it is."""
    with contextlib.ExitStack() as opened:

        def visited(serving=None, **headers):
            serving = serving or Serving()
            doors = open_doors(chat.assistant, version="1.0", accounts=serving.accounts)
            app = make_server(serving, doors, chat)
            app.add_api_route("/", lambda: "page")
            app.add_api_route("/whose", whose)
            wall = walled(app, serving, doors, PAGES)
            return opened.enter_context(TestClient(wall, base_url=HOME, follow_redirects=False, headers=headers))

        yield visited


def whose(request: Request):
    return [owner_of(request), signed_in_name(request)]


def converse(chat, owner, question="How much did the harbour bridge in Lisbon cost?"):
    """Return the id of a conversation of the owner in which this was asked."""
    return list(chat.ask(owner, "", question, Scope()))[-1].conversation


def test_health_is_told_at_once_and_nothing_of_the_framework_is_there(visit):
    browser = visit()
    assert browser.get("/healthz").json() == {"status": "ok"}
    assert {browser.get(path).status_code for path in ("/docs", "/openapi.json", "/redoc", "/login", "/logout")} == {
        404
    }


def test_a_conversation_is_saved_by_its_owner_alone_and_never_shown(visit, chat):
    browser = visit()
    browser.get("/")
    key = converse(chat, browser.get("/whose").json()[0])
    answers = {ending: browser.get(f"/conversations/{key}.{ending}") for ending in ("md", "json")}
    for ending, answer in answers.items():
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="conversation.{ending}"'
        assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    assert "310 million euros" in answers["md"].text
    assert "310 million euros" in json.loads(answers["json"].text)["turns"][0]["text"]
    stranger = visit()
    stranger.get("/")
    claimed = {"x-newspulse-owner": browser.get("/whose").json()[0]}
    for headers in ({}, claimed):
        refused = [stranger.get(f"/conversations/{key}.{ending}", headers=headers) for ending in ("md", "json")]
        assert [answer.status_code for answer in refused] == [404, 404]
        assert "310" not in refused[0].text


@pytest.mark.parametrize(
    "path", ["nothing.md", "nothing", "a/b.md", "%2e%2e/healthz", "..%2f..%2fhealthz", "%00.md", "x.exe", ".md"]
)
def test_what_is_no_conversation_is_not_found(visit, path):
    assert visit().get(f"/conversations/{path}").status_code == 404


def test_an_export_whose_file_cannot_be_read_says_so(visit, chat, tmp_path):
    chats = tmp_path / "chats.db"
    chats.write_bytes(b"no database at all" * 100)
    broken = Chat(chat.assistant, Conversations(chats), FeedbackBook(chats), version="1.0")
    doors = open_doors(chat.assistant, version="1.0")
    wall = walled(make_server(Serving(), doors, broken), Serving(), doors, PAGES)
    with TestClient(wall, base_url=HOME) as browser:
        answer = browser.get("/conversations/any.md")
    assert (answer.status_code, "cannot be read" in answer.text) == (503, True)
    assert str(tmp_path) not in answer.text


def test_every_account_is_an_owner_also_one_with_a_long_name_in_another_script(visit, chat, auth_file):
    serving = Serving(accounts=Accounts(auth_file, hasher=CHEAP))
    tokens = {name: add_token(auth_file, name, "script") for name in ("alice", "bob", LONG_NAME)}
    for name, token in tokens.items():
        browser = visit(serving, authorization=f"Bearer {token}")
        owner, shown = browser.get("/whose").json()
        assert (owner, shown) == (f"user:{name}", name)
        key = converse(chat, owner)
        assert browser.get(f"/conversations/{key}.md").status_code == 200
    bob = visit(serving, authorization=f"Bearer {tokens['bob']}")
    assert bob.get(f"/conversations/{key}.md").status_code == 404
    assert visit(serving).get(f"/conversations/{key}.md").status_code == 401


def test_the_login_form_of_our_own_page_is_taken_and_that_of_another_is_not(visit, auth_file):
    browser = visit(Serving(accounts=Accounts(auth_file, hasher=CHEAP)))
    form = {"name": "alice", "password": "open sesame", "next": "/"}
    assert browser.post("/login", data=form, headers=FOREIGN).status_code == 403
    # A browser says "null" for its origin under the policy "no-referrer": our own form would be refused.
    assert browser.get("/login").headers["referrer-policy"] == "same-origin"
    assert browser.post("/login", data=form, headers={"origin": HOME}).status_code == 303
    assert browser.get("/whose").json() == ["user:alice", "alice"]
    assert browser.post("/logout", headers={"origin": HOME}).headers["location"] == "/login"


def test_a_server_on_this_machine_answers_to_its_names_and_to_those_that_were_named(visit):
    browser = visit(Serving(hosts=("News.example",)))
    names = ("localhost:7860", "[::1]:7860", "news.example")
    assert {browser.get("/healthz", headers={"host": name}).status_code for name in names} == {200}
    assert browser.get("/healthz", headers={"host": "192.0.2.7:7860"}).status_code == 400
    reached = visit(Serving(host="192.0.2.7", insecure=True))
    assert reached.get("/healthz", headers={"host": "192.0.2.7:7860"}).status_code == 200
    assert reached.get("/healthz", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("host", ["::", "192.0.2.7", "news.example", ""])
def test_other_machines_are_let_in_only_with_accounts_or_where_that_is_said(host, auth_file):
    with pytest.raises(SettingsInvalid, match="rag user add NAME --auth-file FILE"):
        check_serving(Serving(host=host))
    check_serving(Serving(host=host, insecure=True))
    check_serving(Serving(host=host, accounts=Accounts(auth_file, hasher=CHEAP)))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_alone_needs_no_accounts(host):
    check_serving(Serving(host=host))
    assert accounts_of(None) is None


@pytest.mark.parametrize(
    ("host", "port"),
    [("127.0.0.1", 70_000), ("192.0.2.7", 0), (f"{'a' * 70}.example", 0), ("no\0host", 0), ("127.0.0.1", -1)],
)
def test_a_place_that_cannot_be_had_is_told_in_one_line(host, port):
    with pytest.raises(SettingsInvalid, match="choose another: --port"):
        listen(host, port)


def test_a_taken_port_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsInvalid, match=f"cannot serve on port {port} of '127.0.0.1'"):
            listen("127.0.0.1", port)


@pytest.fixture(scope="module")
def gradio(chat):
    """The chat's real pages on the server."""
    from rag.app import build_app, mount, mounted

    serving = Serving()
    doors = open_doors(chat.assistant, version="1.0")
    app = make_server(serving, doors, chat)
    mount(app, build_app(chat), None)
    with TestClient(walled(app, serving, doors, mounted(None)), base_url=HOME) as client:
        yield client


OPEN = ["/", "/library", "/config", "/theme.css", "/manifest.json", "/healthz", "/gradio_api/app_id", "/assets/none.js"]


@pytest.mark.parametrize("path", OPEN)
def test_no_route_of_the_real_pages_is_opened_to_another_address(gradio, path):
    """Gradio's own rules let every origin in where the name it is asked under is not a local one."""
    for headers in (FOREIGN, {"origin": "null"}, {"origin": "http://localhost:9"}):
        answer = gradio.get(path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        asked = {**headers, "access-control-request-method": "POST"}
        assert gradio.options(path, headers=asked).status_code == 403
    names = [name for name, _ in answer.headers.raw]
    assert [names.count(name) for name, _ in SEALS] == [1] * len(SEALS)


SHUT = (
    "/gradio_api/info /gradio_api/openapi.json /gradio_api/file=/etc/passwd /gradio_api/file/etc/passwd "
    "/gradio_api/upload /gradio_api/proxy=https://evil.example/ /gradio_api/component_server "
    "/gradio_api/call/ask /gradio_api/api/ask "
    "/gradio_api/startup-events /gradio_api/deep_link /gradio_api/runs /gradio_api/vibe-edit/ /monitoring /login_check "
    "/gradio_api/run/ask /docs /openapi.json /login /logout /token /svelte/x /pwa_icon /custom_component/x"
).split()


@pytest.mark.parametrize("path", SHUT)
def test_what_the_pages_do_not_need_of_gradio_is_shut(gradio, path):
    assert gradio.get(path).text == gradio.post(path).text == "there is nothing here"


@pytest.mark.parametrize("folder", ["assets", "static"])
@pytest.mark.parametrize("path", ["%2e%2e/%2e%2e/routes.py", "..%2f..%2froutes.py", "/etc/passwd", "..%5croutes.py"])
def test_no_path_leads_out_of_a_folder(gradio, folder, path):
    assert gradio.get(f"/{folder}/{path}").status_code in {403, 404}
