"""Signing in over HTTP: the page, the cookie, where it leads, and what slows guessing."""

import asyncio
import contextlib
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from urllib.parse import quote

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from rag.accounts import Accounts
from rag.cli_user import add_token, remove, set_password
from rag.login import COOKIE, Failures, local_path, login_router, signed_in

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
RIGHT = {"name": "alice", "password": "open sesame"}
WRONG = {"name": "alice", "password": "open says me"}


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "accounts"
    set_password(file, "alice", "open sesame", hasher=CHEAP)
    set_password(file, "bob", "swordfish", hasher=CHEAP)
    return file


@pytest.fixture
def accounts(path):
    return Accounts(path, hasher=CHEAP)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def visit(accounts, clock):
    """Return what opens a browser at an address; all of them visit the same server."""
    web = web_of(accounts, failures=Failures(clock=clock))

    def opened(host="192.0.2.1", scheme="http"):
        client = (host, 50000)
        return TestClient(web, base_url=f"{scheme}://news.example", client=client, follow_redirects=False)

    return opened


def web_of(accounts, **given):
    web = FastAPI(openapi_url=None)
    web.include_router(login_router(accounts, **given))
    return web


def who(accounts, answer):
    return signed_in(accounts, [(b"cookie", answer.headers["set-cookie"].partition(";")[0].encode())])


def finish(doing):
    """Return what the coroutine returns; in a thread of its own, since a browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, doing).result(60)


def alert_of(answer):
    found = re.search(r'role="alert">([^<]*)<', answer.text)
    return found and found[1]


def test_the_right_password_gives_a_cookie_and_leads_on(visit, accounts):
    answer = visit().post("/login", data={**RIGHT, "next": "/chats?id=7"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/chats?id=7")
    assert who(accounts, answer) == "alice"
    written = answer.headers["set-cookie"].split("; ")
    assert written[0].startswith(f"{COOKIE}=")
    assert sorted(written[1:]) == ["HttpOnly", "Max-Age=604800", "Path=/", "SameSite=lax"]
    assert answer.headers["cache-control"] == "no-store"


def test_the_cookie_is_secure_by_https_and_where_the_server_is_told_so(visit, accounts):
    assert "; Secure" in visit(scheme="https").post("/login", data=RIGHT).headers["set-cookie"]
    behind = TestClient(web_of(accounts, https=True), follow_redirects=False)
    assert "; Secure" in behind.post("/login", data=RIGHT).headers["set-cookie"]


def test_who_is_signed_in_is_led_on_and_after_signing_out_asked_again(visit):
    browser = visit()
    assert browser.get("/login").status_code == 200
    browser.post("/login", data=RIGHT)
    assert browser.get("/login?next=/chats").headers["location"] == "/chats"
    answer = browser.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert browser.get("/login").status_code == 200
    assert browser.get("/logout").status_code == 405


def test_a_wrong_name_and_a_wrong_password_are_told_alike(visit):
    answers = [visit().post("/login", data=form) for form in (WRONG, {**RIGHT, "name": "carol"}, {"name": "carol"})]
    assert [answer.status_code for answer in answers] == [401] * 3
    pages = {answer.text.replace("carol", "alice") for answer in answers}
    assert len(pages) == 1
    assert alert_of(answers[0]) == "Name or password is wrong."
    assert "set-cookie" not in answers[0].headers


def test_what_was_typed_comes_back_as_text_and_the_password_not_at_all(visit):
    typed = "\"><script>alert('x')</script>\u202e$title"
    answer = visit().post("/login", data={"name": typed, "password": "hunter2hunter2", "next": f"/{typed[:-7]}"})
    fields = fields_of(answer.text)
    assert fields["name"]["value"] == typed.replace("\u202e", "")
    assert fields["next"]["value"] == f"/{typed[:-7]}"
    assert "<script" not in answer.text
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("target", "led_to"),
    [
        ("/", "/"),
        ("/chats?a=1&b=/x#y", "/chats?a=1&b=/x#y"),
        ("/%2F/evil.example", "/%2F/evil.example"),
        ("/\\evil.example", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("\t//evil.example", "/"),
        ("/\x00/evil.example", "/"),
        ("/\u2028/evil.example", "/"),
        ("/x\r\nset-cookie: a=b", "/"),
        (" /chats", "/"),
        ("", "/"),
        ("chats", "/"),
        ("\\/evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("@evil.example", "/"),
        ("/\ud800", "/"),
        ("/" + "x" * 2048, "/"),
    ],
)
def test_signing_in_leads_to_a_path_of_this_server_only(target, led_to):
    assert local_path(target) == led_to


def test_a_target_reaches_the_page_and_the_redirect_whole(visit):
    target = "/chats/été?q=a&b=%2F+c"
    page = visit().get(f"/login?next={quote(target)}")
    assert fields_of(page.text)["next"]["value"] == target
    answer = visit().post("/login", data={**RIGHT, "next": target})
    assert answer.headers["location"] == "/chats/%C3%A9t%C3%A9?q=a&b=%2F+c"
    assert fields_of(visit().get("/login?next=//evil.example").text)["next"]["value"] == "/"
    evil = visit().post("/login", data={**RIGHT, "next": "//evil.example"})
    assert evil.headers["location"] == "/"


def test_after_five_wrong_passwords_a_name_is_shut_everywhere_for_a_while(visit, clock):
    for number in range(5):
        assert visit(f"192.0.2.{number}").post("/login", data=WRONG).status_code == 401
    answer = visit("192.0.2.99").post("/login", data=RIGHT)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert alert_of(answer) == "Too many attempts. Try again in 30 seconds."
    assert visit("192.0.2.99").post("/login", data={"name": "bob", "password": "swordfish"}).status_code == 303
    clock.now += 30
    assert visit("192.0.2.99").post("/login", data=RIGHT).status_code == 303
    # Its own sign-in clears a name.
    assert visit("192.0.2.98").post("/login", data=WRONG).status_code == 401
    assert visit("192.0.2.98").post("/login", data=RIGHT).status_code == 303


def test_after_five_wrong_names_an_address_is_shut_for_every_name(visit, clock):
    host = "2001:db8:1:2::{}"
    for number in range(4):
        visit(host.format(number)).post("/login", data={"name": f"guest{number}", "password": "guessed it"})
    assert visit(host.format(5)).post("/login", data=RIGHT).status_code == 303
    # A name that cannot be one, and whoever signs in with an own account in between, count all the same.
    visit(host.format(6)).post("/login", data={"name": "a b", "password": "guessed it"})
    answer = visit(host.format(7)).post("/login", data=RIGHT)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert visit("2001:db8:1:3::7").post("/login", data=RIGHT).status_code == 303


def test_an_ipv4_address_is_the_same_one_inside_ipv6(visit):
    for number in range(5):
        visit("::ffff:192.0.2.1").post("/login", data={"name": f"guest{number}", "password": "guessed it"})
    assert visit("192.0.2.1").post("/login", data=RIGHT).status_code == 429
    assert visit("::ffff:192.0.2.2").post("/login", data=RIGHT).status_code == 303


def test_whoever_is_signed_in_stays_so_while_the_name_is_shut(visit, accounts):
    session = visit().post("/login", data=RIGHT)
    for number in range(6):
        answer = visit(f"192.0.2.{number}").post("/login", data=WRONG)
    assert answer.status_code == 429
    assert who(accounts, session) == "alice"


def failed(failures, *keys):
    """Try once and fail; return how long the attempt is refused."""
    wait_s = failures.begin(keys)
    if not wait_s:
        failures.end(keys, failed=True)
    return wait_s


def test_the_wait_grows_with_every_further_failure_up_to_fifteen_minutes(clock):
    failures = Failures(clock=clock)
    assert [failed(failures, "alice") for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(7):
        waits.append(failed(failures, "alice"))
        assert failed(failures, "alice") == waits[-1], "a refused attempt costs nothing more"
        clock.now += waits[-1]
        assert failed(failures, "alice") == 0
    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_failures_count_for_fifteen_minutes(clock):
    failures = Failures(clock=clock)
    for _ in range(12):
        assert failed(failures, "alice") == 0
        clock.now += 226
    for _ in range(2):
        failed(failures, "alice")
    assert failed(failures, "alice") == 30
    clock.now += 30 + 900
    assert [failed(failures, "alice") for _ in range(6)] == [0, 0, 0, 0, 0, 30]


def test_attempts_at_the_same_time_do_not_slip_by_together(clock):
    failures = Failures(clock=clock)
    assert [failures.begin(["alice"]) for _ in range(7)] == [0, 0, 0, 0, 0, 1, 1]
    for _ in range(5):
        failures.end(["alice"], failed=True)
    clock.now += 30
    assert [failures.begin(["alice"]) for _ in range(2)] == [0, 1]
    failures.end(["alice"], forgiven=["alice"], failed=False)
    assert [failures.begin(["alice"]) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_the_table_is_bounded_and_made_up_names_push_out_none_that_is_guessed_at(clock):
    failures = Failures(clock=clock, most=20)
    for _ in range(5):
        failed(failures, "alice")
    for _ in range(3):
        failed(failures, "bob")
    for number in range(200):
        failed(failures, f"made up {number}")
        assert len(failures) <= 20
    assert failed(failures, "alice") == 30
    assert [failed(failures, "bob") for _ in range(3)] == [0, 0, 30]
    clock.now += 3600
    failed(failures, "carol")
    assert len(failures) == 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"name=alice&password=" + b"x" * (64 * 1024 - 20), "application/x-www-form-urlencoded", 401),
        (b"name=alice&password=" + b"x" * (64 * 1024 - 19), "application/x-www-form-urlencoded", 413),
        (b"&".join([b"a=b"] * 17), "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 401),
        (b"\xff\xfe=%ff&name=%00%ed%a0%80&next=%ff", "Application/X-WWW-Form-Urlencoded; charset=utf-8", 401),
        (b'{"name": "alice", "password": "open sesame"}', "application/json", 415),
        (b"name=alice&password=open+sesame", "text/plain", 415),
        (b"name=alice&password=open+sesame", "application/x-www-form-urlencoded", 303),
    ],
)
def test_a_form_is_bounded_and_nothing_but_a_form_is_taken(visit, body, kind, status):
    assert visit().post("/login", content=body, headers={"content-type": kind}).status_code == status


def test_a_form_that_tells_no_length_is_bounded_too(visit):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"x" * 1024

    kind = {"content-type": "application/x-www-form-urlencoded"}
    asked = {"type": "http", "method": "POST", "path": "/login", "query_string": b"", "client": ("192.0.2.1", 1)}
    asked |= {"headers": [(k.encode(), v.encode()) for k, v in kind.items()], "scheme": "http", "http_version": "1.1"}
    body, said = endless(), []

    async def receive():
        return {"type": "http.request", "body": next(body), "more_body": True}

    async def send(message):
        said.append(message)

    finish(visit().app(asked, receive, send))
    assert said[0]["status"] == 413
    assert len(taken) == 65


def test_a_form_that_another_site_sends_is_refused(visit):
    for place in ("/login", "/logout"):
        for site in ("cross-site", "same-site"):
            assert visit().post(place, data=RIGHT, headers={"sec-fetch-site": site}).status_code == 403
        assert visit().post(place, data=RIGHT, headers={"sec-fetch-site": "same-origin"}).status_code == 303


class GatedHasher:
    """Verifies nothing before its gate opens, and knows how many wait there."""

    def __init__(self, gate):
        self._gate = gate
        self._lock = threading.Lock()
        self.inside = self.most_inside = 0

    def hash(self, password):
        return CHEAP.hash(password)

    def verify(self, hashed, password):
        with self._lock:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        self._gate()
        with self._lock:
            self.inside -= 1
        return CHEAP.verify(hashed, password)


async def ask(web, method, number, form=None):
    carried = httpx.ASGITransport(app=web, client=(f"192.0.2.{number}", 1))
    async with httpx.AsyncClient(transport=carried, base_url="http://news.example") as client:
        return (await client.request(method, "/login", data=form)).status_code


def test_at_most_two_passwords_are_hashed_at_once_and_two_are(path):
    hasher = GatedHasher(threading.Barrier(2, timeout=20).wait)
    web = web_of(Accounts(path, hasher=hasher))

    async def sign_in():
        forms = [{"name": f"guest{number}", "password": "guessed it"} for number in range(6)]
        return await asyncio.gather(*(ask(web, "POST", number, form) for number, form in enumerate(forms)))

    assert finish(sign_in()) == [401] * 6
    assert hasher.most_inside == 2


def test_the_page_is_served_while_passwords_are_hashed_and_a_crowd_is_told_to_come_back(path):
    gate = threading.Event()
    hasher = GatedHasher(lambda: gate.wait(20))
    web = web_of(Accounts(path, hasher=hasher))

    async def crowd():
        forms = [{"name": f"guest{number}", "password": "guessed it"} for number in range(35)]
        asked = [asyncio.create_task(ask(web, "POST", number, form)) for number, form in enumerate(forms)]
        try:
            first, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED, timeout=20)
            page = await ask(web, "GET", 99)
        finally:
            gate.set()
        return page, {task.result() for task in first}, await asyncio.gather(*asked)

    page, first, statuses = finish(crowd())
    assert (page, first) == (200, {503})
    assert sorted(statuses) == [401] * 32 + [503] * 3
    assert hasher.most_inside == 2


def test_a_request_proves_its_account_by_a_cookie_among_others_or_by_a_token(path, accounts):
    token = add_token(path, "bob", "backup").encode()
    session = accounts.session_of("alice").encode()
    cookie = COOKIE.encode() + b"=" + session
    bearer = (b"Authorization", b"Bearer " + token)
    assert signed_in(accounts, [(b"cookie", cookie)]) == "alice"
    assert signed_in(accounts, [(b"accept", b"*/*"), (b"Cookie", b"a=b; " + cookie + b";c")]) == "alice"
    assert signed_in(accounts, [(b"cookie", COOKIE.encode() + b"=stale"), (b"cookie", cookie)]) == "alice"
    assert signed_in(accounts, [bearer]) == "bob"
    assert signed_in(accounts, [(b"authorization", b"bearer  " + token)]) == "bob"
    assert signed_in(accounts, [(b"cookie", cookie), bearer]) == "bob"
    assert signed_in(accounts, [(b"authorization", b"Basic xyz"), (b"cookie", cookie)]) == "alice"
    for nobody in (
        [],
        [(b"cookie", b"other=" + session)],
        [(b"cookie", b"x" + cookie)],
        [(b"x-cookie", cookie)],
        [(b"cookie", COOKIE.encode() + b"=" + token)],
        [(b"authorization", b"Basic " + token)],
        [(b"authorization", token)],
        [(b"authorization", b"Bearer " + session)],
    ):
        assert signed_in(accounts, nobody) is None
    remove(path, "alice")
    assert signed_in(accounts, [(b"cookie", cookie)]) is None
    assert signed_in(accounts, [bearer]) == "bob"


def test_a_request_with_thousands_of_cookies_is_tried_a_few_times_only(accounts):
    stale = f"{COOKIE}=stale; "
    good = f"{COOKIE}={accounts.session_of('alice')}"
    assert signed_in(accounts, [(b"cookie", (stale * 7 + good).encode())]) == "alice"
    assert signed_in(accounts, [(b"cookie", (stale * 8 + good).encode())]) is None


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    path = tmp_path_factory.mktemp("standing") / "accounts"
    set_password(path, "alice", "open sesame", hasher=CHEAP)
    add_token(path, "alice", "backup")
    return Accounts(path, hasher=CHEAP)


NAMES = st.sampled_from([b"cookie", b"Cookie", b"authorization", b"host"]) | st.binary(max_size=12)
STARTS = st.sampled_from([b"", COOKIE.encode() + b"=", COOKIE.encode() + b"=YWxpY2U.", b"Bearer ", b"Bearer rag_"])
HEADERS = st.lists(st.tuples(NAMES, st.builds(bytes.__add__, STARTS, st.binary(max_size=80))), max_size=6)


@given(headers=HEADERS)
def test_headers_of_any_bytes_sign_nobody_in_and_raise_nothing(standing, headers):
    assert signed_in(standing, headers) is None


class Page(HTMLParser):
    """What stands on a page: its elements with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def fields_of(text):
    return {about["name"]: about for tag, about in Page(text).elements if tag == "input"}


def test_the_page_needs_nothing_else_and_can_be_used_by_anybody(visit):
    text = visit().get("/login").text
    page = Page(text)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("style") == 1
    assert not {"script", "img", "iframe", "base"} & set(tags)
    assert not [value for _, about in page.elements for key, value in about.items() if key.startswith("on")]
    addresses = [about[key] for _, about in page.elements for key in ("href", "src", "action") if key in about]
    assert [address for address in addresses if not address.startswith("data:image/svg+xml,")] == ["/login"]
    assert "url(" not in text
    labelled = {about["for"] for tag, about in page.elements if tag == "label"}
    fields = fields_of(text)
    assert labelled == {fields["name"]["id"], fields["password"]["id"]} == {"name", "password"}
    assert fields["name"]["autocomplete"] == "username"
    assert (fields["password"]["type"], fields["password"]["autocomplete"]) == ("password", "current-password")
    assert "autofocus" in fields["name"]
    assert "prefers-color-scheme: dark" in text
    assert "$" not in text


def test_what_is_wrong_is_announced_where_the_cursor_stands(visit):
    text = visit().post("/login", data=WRONG).text
    field = fields_of(text)["password"]
    assert "autofocus" in field
    assert field["aria-invalid"] == "true"
    alerts = [about for _, about in Page(text).elements if about.get("role") == "alert"]
    assert [alert["id"] for alert in alerts] == [field["aria-describedby"]]
    assert "<title>Not signed in" in text


def luminance(colour):
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_borders_stand_out_in_both_themes(visit, theme):
    """WCAG 2.2, 1.4.3 and 1.4.11: 4.5 to 1 for text, 3 to 1 for what shows where a field is."""
    block = re.findall(r":root \{(.*?)\}", visit().get("/login").text, re.DOTALL)[theme]
    colours = {name: luminance(colour) for name, colour in re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)}

    def contrast(one, other):
        low, high = sorted((colours[one], colours[other]))
        return (high + 0.05) / (low + 0.05)

    for text, ground in (
        ("ink", "paper"),
        ("ink", "card"),
        ("ink-soft", "paper"),
        ("paper", "accent"),
        ("warn", "warn-soft"),
    ):
        assert contrast(text, ground) >= 4.5, (text, ground)
    for edge, ground in (("ink-soft", "card"), ("accent", "card")):
        assert contrast(edge, ground) >= 3, (edge, ground)


@pytest.fixture
def served(accounts):
    web = web_of(accounts)
    web.add_api_route("/", lambda: "in")
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(web, log_config=None, lifespan="off"))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    running.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    running.join(20)
    listening.close()


@pytest.mark.browser
def test_a_browser_signs_in_with_the_keyboard_alone_on_the_narrowest_phone(served, chromium):
    with contextlib.closing(
        chromium.new_context(viewport={"width": 360, "height": 640}, color_scheme="dark")
    ) as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.goto(f"{served}/login?next=/")
        page.wait_for_selector("#name:focus")
        page.keyboard.type("alice")
        page.keyboard.press("Tab")
        page.keyboard.type(WRONG["password"])
        page.keyboard.press("Enter")
        page.wait_for_selector("form:has([role=alert]) #password:focus")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.type(RIGHT["password"])
        page.keyboard.press("Enter")
        page.wait_for_url(f"{served}/")
        assert page.inner_text("body") == '"in"'
        (cookie,) = context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, "Lax")
