"""Signing in in a real browser: every page asks for it, conversations are the user's, accounts can be taken away."""

import httpx
import pytest
from argon2 import PasswordHasher
from assistants import HARBOUR, ORCHARD
from browser import ask, picture

from rag.articles import article_from_text
from rag.cli_user import add_token, remove, set_password
from rag.settings import load_settings
from rag.wiring import open_indexer

pytestmark = pytest.mark.browser

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
FORM = "form[action='/login']"
CHAT = "#ask textarea"
# Its 64 characters are 576 when they are written as an address: as an owner they must still be kept.
LONG_NAME = "名" * 64
QUESTION = "How much did the harbour bridge in Lisbon cost?"


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    path = tmp_path_factory.mktemp("login") / "accounts"
    for name in ("alice", "bob", "carol", LONG_NAME):
        set_password(path, name, f"{name}'s secret", hasher=CHEAP)
    return path


@pytest.fixture(scope="module")
def token(accounts):
    return add_token(accounts, "bob", "script")


@pytest.fixture(scope="module")
def served(serve, accounts, tmp_path_factory):
    folder = tmp_path_factory.mktemp("login") / "store"
    settings = load_settings({"store": str(folder), "embedder": "hashed"}, environment={})
    texts = {"harbour": HARBOUR, "orchard": ORCHARD}
    open_indexer(settings).index_articles(article_from_text(t, article_id=key) for key, t in texts.items())
    return serve(folder, auth_file=str(accounts))


@pytest.fixture
def visit(browse, served):
    """Return what opens a page in a browser of its own, which is led to the login."""
    return lambda path="": browse(served, path, ready=FORM)


def sign_in(page, name, password=None):
    page.fill("#name", name)
    page.fill("#password", password or f"{name}'s secret")
    page.press("#password", "Enter")


def titles(page):
    page.wait_for_selector("#conversations :is(li, .none)")
    return page.locator("#conversations a.open").all_inner_texts()


def test_a_wrong_password_is_told_and_the_right_one_leads_to_where_one_was_going(visit, served):
    page = visit("library?from=a%20mail&x=1")
    assert page.url.startswith(f"{served.address}login?next=")
    picture(page, "login")
    sign_in(page, "alice", "open says me")
    page.wait_for_selector("[role=alert]")
    assert page.inner_text("[role=alert]") == "Name or password is wrong."
    assert (page.input_value("#name"), page.input_value("#password")) == ("alice", "")
    picture(page, "login-wrong")
    sign_in(page, "alice")
    page.wait_for_selector("table.library")
    assert page.url == f"{served.address}library?from=a%20mail&x=1"
    assert "alice" in page.inner_text(".account")


def test_conversations_are_the_users_in_every_browser_and_nobody_elses(visit, served):
    first = visit()
    sign_in(first, "alice")
    first.wait_for_selector(CHAT)
    ask(first, QUESTION)
    key = first.locator("[data-conversation]").first.get_attribute("data-conversation")
    elsewhere = visit()
    sign_in(elsewhere, "alice")
    assert titles(elsewhere) == [QUESTION]
    elsewhere.locator("#conversations a.open").click()
    elsewhere.wait_for_selector(".turn .answer")
    assert "310 million" in elsewhere.inner_text(".turn .answer")
    stranger = visit(f"?c={key}")
    sign_in(stranger, "bob")
    stranger.wait_for_selector(".landing")
    assert (titles(stranger), stranger.locator(".turn").count()) == ([], 0)
    assert [stranger.request.get(f"{served.address}conversations/{key}.{e}").status for e in ("md", "json")] == [
        404
    ] * 2
    assert "310 million" in elsewhere.request.get(f"{served.address}conversations/{key}.md").text()


def test_signing_out_shuts_every_page_again(visit):
    page = visit()
    sign_in(page, "bob")
    page.wait_for_selector(CHAT)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_selector(FORM)
    page.go_back()
    page.reload()
    page.wait_for_selector(FORM)


def test_the_longest_name_has_its_conversations_kept_too(visit):
    page = visit()
    sign_in(page, LONG_NAME)
    page.wait_for_selector(CHAT)
    turn = ask(page, QUESTION)
    assert "not kept" not in turn.inner_text()
    page.wait_for_selector("#conversations a.open")
    assert titles(page) == [QUESTION]
    assert page.inner_text(".account span") == LONG_NAME


def test_without_a_login_only_health_and_the_login_answer_and_a_token_opens_the_rest(served, token):
    with httpx.Client(base_url=served.address, trust_env=False) as web:
        refused = {path: web.get(path).status_code for path in ("/", "/library")}
        assert refused == {"/": 303, "/library": 303}
        inside = ["/config", "/theme.css", "/assets/x.js", "/conversations/x.md", "/gradio_api/queue/data"]
        assert {web.get(path).status_code for path in inside} == {401}
        assert web.post("/gradio_api/queue/join", json={}).status_code == 401
        assert (web.get("/healthz").json(), web.get("/login").status_code) == ({"status": "ok"}, 200)
        bearer = {"authorization": f"Bearer {token}"}
        assert web.get("/config", headers=bearer).status_code == 200
        assert web.get("/", headers={"authorization": "Bearer no such token"}).status_code == 303
        assert "set-cookie" not in web.get("/", headers=bearer).headers


def test_an_account_taken_from_the_file_is_out_at_once(visit, accounts):
    page = visit()
    sign_in(page, "carol")
    page.wait_for_selector(CHAT)
    remove(accounts, "carol")
    asked = page.request.get(page.url, max_redirects=0)
    assert asked.status == 303
    page.reload()
    page.wait_for_selector(FORM)
    sign_in(page, "carol")
    page.wait_for_selector("[role=alert]")
