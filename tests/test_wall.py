"""The wall: who may ask what, whose conversations it is about, how much, and what every answer carries."""

import asyncio
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.wall import BROWSER_COOKIE, OWNER_HEADER, SEALS, Access, Wall, is_loopback

HOST = (b"host", b"127.0.0.1:7860")
BROWSER = "b" * 32
OWNER = f"browser:{hashlib.sha256(BROWSER.encode()).hexdigest()}"
COOKIE = (b"cookie", f"theme=dark; {BROWSER_COOKIE}={BROWSER}".encode())
ACCESS = {
    "hosts": frozenset({"127.0.0.1", "localhost", "news.example"}),
    "pages": frozenset({"/", "/library"}),
    "paths": frozenset({"/ask"}),
    "folders": ("/assets/",),
    "open_paths": frozenset({"/healthz", "/login"}),
    "most_bytes": {"": 10, "/ask": 20},
}


class Inner:
    """An application that notes what reaches it, reads the body, and answers with a header that the wall gives too."""

    def __init__(self, status=200):
        self.scopes = []
        self.body = b""
        self._status = status

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        more = True
        while more:
            message = await receive()
            self.body += message.get("body", b"")
            more = message.get("more_body", False)
        status = 400 if message["type"] == "http.disconnect" else self._status
        headers = [(b"Content-Security-Policy", b"default-src *"), (b"x-own", b"kept")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"inner"})


class Answer:
    def __init__(self, messages):
        self.messages = messages
        self.status = messages[0]["status"]
        self.headers = messages[0]["headers"]
        self.body = b"".join(message.get("body", b"") for message in messages[1:])

    def all(self, name):
        return [value.decode() for key, value in self.headers if key.lower() == name.encode()]


def answer_to(wall, path="/", *, method="GET", headers=(HOST,), chunks=(b"",), **more):
    """Return what the wall answers to a request whose body comes in these pieces."""
    pieces = [{"type": "http.request", "body": c, "more_body": n < len(chunks)} for n, c in enumerate(chunks, 1)]
    sent = []

    async def receive():
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": path, "method": method, "headers": list(headers), "query_string": b"", **more}
    asyncio.run(wall(scope, receive, send))
    return Answer(sent)


def wall_of(inner=None, **access):
    return Wall(inner or Inner(), Access(**{**ACCESS, **access}))


def owner_seen(inner):
    return [value.decode() for name, value in inner.scopes[-1]["headers"] if name == OWNER_HEADER.encode()]


@pytest.mark.parametrize(
    ("host", "bare_addresses", "status"),
    [
        (b"127.0.0.1:7860", False, 200),
        (b"LOCALHOST", False, 200),
        (b"news.example:80", False, 200),
        (b"evil.example", False, 400),
        (b"127.0.0.1.evil.example", False, 400),
        (b"news.example:80:80", False, 400),
        (b"192.0.2.7:7860", False, 400),
        (b"192.0.2.7:7860", True, 200),
        (b"[2001:db8::1]:7860", True, 200),
        (b"evil.example", True, 400),
        (b"", True, 400),
    ],
)
def test_only_the_servers_own_names_are_answered(host, bare_addresses, status):
    """A name of another that leads here must not read anything (DNS rebinding); a bare address cannot do that."""
    assert answer_to(wall_of(bare_addresses=bare_addresses), headers=[(b"host", host)]).status == status
    assert answer_to(wall_of(bare_addresses=bare_addresses), headers=[]).status == 400


@pytest.mark.parametrize(
    ("method", "header", "status"),
    [
        ("POST", (b"origin", b"http://127.0.0.1:7860"), 200),
        ("POST", (b"origin", b"http://127.0.0.1:9999"), 403),
        ("POST", (b"origin", b"https://evil.example"), 403),
        ("POST", (b"origin", b"null"), 403),
        ("POST", (b"origin", b"http://[broken"), 403),
        ("POST", (b"sec-fetch-site", b"cross-site"), 403),
        ("POST", (b"sec-fetch-site", b"same-site"), 403),
        ("POST", (b"sec-fetch-site", b"same-origin"), 200),
        ("POST", (b"x-program", b"curl"), 200),
        ("OPTIONS", (b"origin", b"https://evil.example"), 403),
        ("DELETE", (b"sec-fetch-site", b"cross-site"), 403),
        # A link elsewhere may lead here.
        ("GET", (b"sec-fetch-site", b"cross-site"), 200),
    ],
)
def test_no_page_of_another_address_changes_anything(method, header, status):
    inner = Inner()
    assert answer_to(wall_of(inner), "/ask", method=method, headers=[HOST, header]).status == status
    assert len(inner.scopes) == (status == 200)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/assets/page.js", 200),
        ("/library", 200),
        ("/library/", 404),
        ("/assets", 404),
        ("/ASK", 404),
        ("//ask", 404),
        ("/ask/../healthz", 404),
        ("/./ask", 404),
        ("/gradio_api/file=/etc/passwd", 404),
        ("http://127.0.0.1/ask", 404),
        ("", 404),
    ],
)
def test_what_is_not_named_is_not_there(path, status):
    inner = Inner()
    assert answer_to(wall_of(inner), path).status == status
    assert len(inner.scopes) == (status == 200)


def test_a_body_that_says_it_is_too_long_reaches_nobody():
    inner = Inner()
    headers = [HOST, (b"content-length", b"21")]
    answer = answer_to(wall_of(inner), "/ask", method="POST", headers=headers, chunks=[b"x" * 21])
    assert (answer.status, answer.body, inner.scopes) == (413, b"more than 20 bytes", [])
    assert answer_to(wall_of(inner), "/", method="POST", headers=[HOST, (b"content-length", b"11")]).status == 413


def test_a_body_that_comes_in_pieces_is_cut_off_where_it_is_too_long():
    """What the application makes of the piece it got, here a 400, is not what is answered."""
    inner = Inner()
    answer = answer_to(wall_of(inner), "/ask", method="POST", chunks=[b"x" * 12] * 9)
    assert (answer.status, answer.body) == (413, b"more than 20 bytes")
    assert inner.body == b"x" * 12
    assert [message["type"] for message in answer.messages] == ["http.response.start", "http.response.body"]
    whole = answer_to(wall_of(inner := Inner()), "/ask", method="POST", chunks=[b"x" * 10] * 2)
    assert (whole.status, inner.body) == (200, b"x" * 20)


@pytest.mark.parametrize("said", [b"-5", b"many", b"9" * 5000, b"\xb2"])
def test_a_length_that_is_none_bounds_nothing_and_breaks_nothing(said):
    answer = answer_to(
        wall_of(), "/ask", method="POST", headers=[HOST, (b"content-length", said)], chunks=[b"x" * 12] * 2
    )
    assert answer.status == 413


def test_no_websocket_is_opened():
    inner, sent = Inner(), []

    async def send(message):
        sent.append(message)

    asyncio.run(wall_of(inner)({"type": "websocket", "path": "/ask", "headers": [HOST]}, None, send))
    assert (sent, inner.scopes) == ([{"type": "websocket.close", "code": 1008}], [])


def test_an_owner_is_who_the_cookie_says_whatever_a_request_claims():
    inner = Inner()
    claimed = [(OWNER_HEADER.encode(), b"user:alice")] * 2
    answer_to(wall_of(inner), "/ask", headers=[HOST, COOKIE, *claimed])
    assert owner_seen(inner) == [OWNER]
    answer_to(wall_of(inner), "/ask", headers=[HOST, *claimed])
    assert len(owner_seen(inner)) == 1
    assert owner_seen(inner)[0].startswith("browser:")
    assert owner_seen(inner)[0] != OWNER


def test_with_a_login_an_owner_is_who_is_signed_in():
    """The name may be in any script: a header holds ASCII."""
    inner = Inner()
    answer_to(wall_of(inner, who=lambda _headers: "阿 lice:%"), "/ask", headers=[HOST, COOKIE])
    assert owner_seen(inner) == ["user:%E9%98%BF%20lice%3A%25"]


def test_a_browser_gets_its_cookie_with_a_page_and_keeps_it():
    inner = Inner()
    first = answer_to(wall_of(inner))
    (told,) = first.all("set-cookie")
    found = re.fullmatch(rf"{BROWSER_COOKIE}=([\w-]{{32}}); Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax", told)
    kept = (b"cookie", f"{BROWSER_COOKIE}={found[1]}".encode())
    own = owner_seen(inner)
    again = answer_to(wall_of(inner), headers=[HOST, kept])
    assert again.all("set-cookie") == [told]
    assert owner_seen(inner) == own
    assert found[1] not in own[0]
    assert answer_to(wall_of(), "/ask", headers=[HOST, kept]).all("set-cookie") == []
    assert answer_to(wall_of(), "/healthz").all("set-cookie") == []
    assert answer_to(wall_of(), scheme="https").all("set-cookie")[0].endswith("; Secure")


@pytest.mark.parametrize("made_up", ["short", "a" * 65, "a" * 30 + "\x00", "../" * 10, ""])
def test_a_cookie_that_is_none_of_ours_is_replaced(made_up):
    (told,) = answer_to(wall_of(), headers=[HOST, (b"cookie", f"{BROWSER_COOKIE}={made_up}".encode())]).all(
        "set-cookie"
    )
    assert f"={made_up};" not in told


@pytest.mark.parametrize(
    "answer",
    [
        lambda: answer_to(wall_of()),
        lambda: answer_to(wall_of(Inner(500))),
        lambda: answer_to(wall_of(), headers=[(b"host", b"evil.example")]),
        lambda: answer_to(wall_of(), method="POST", headers=[HOST, (b"origin", b"null")]),
        lambda: answer_to(wall_of(), "/nothing"),
        lambda: answer_to(wall_of(), "/ask", chunks=[b"x" * 12] * 2),
        lambda: answer_to(wall_of(who=lambda _headers: None)),
        lambda: answer_to(wall_of(who=lambda _headers: None), "/ask"),
    ],
)
def test_every_answer_is_sealed_once_and_opened_to_no_other_address(answer):
    answer = answer()
    assert {name: answer.all(name.decode()) for name, _ in SEALS} == {name: [value.decode()] for name, value in SEALS}
    assert not [name for name, _ in answer.headers if name.lower().startswith(b"access-control")]


def test_a_page_leads_who_is_unknown_to_the_login_and_back_and_all_else_is_refused():
    inner = Inner()
    wall = wall_of(inner, who=lambda _headers: None)
    led = answer_to(wall, "/library", query_string=b"q=a%20b&n=1")
    assert (led.status, led.all("location")) == (303, ["/login?next=%2Flibrary%3Fq%3Da%2520b%26n%3D1"])
    refused = [answer_to(wall, path, method=m) for path, m in (("/", "POST"), ("/ask", "GET"), ("/assets/x", "GET"))]
    assert [answer.status for answer in refused] == [401] * 3
    assert inner.scopes == []
    assert [answer_to(wall, path).status for path in ("/healthz", "/login")] == [200, 200]
    assert owner_seen(inner) == [""]


def test_closing_ends_what_is_still_open():
    """A page's streams stay open as long as the page; each is told that its browser has gone, and ended."""
    told, sent = [], []

    async def streaming(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        told.append(await receive())

    async def never():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    async def visited():
        wall = Wall(streaming, Access(**ACCESS))
        scope = {"type": "http", "path": "/ask", "method": "GET", "headers": [HOST], "query_string": b""}
        request = asyncio.create_task(wall(scope, never, send))
        await asyncio.sleep(0)
        wall.close()
        await asyncio.wait_for(request, 5)

    asyncio.run(visited())
    assert told == [{"type": "http.disconnect"}]
    assert sent[-1] == {"type": "http.response.body", "body": b""}


def test_what_goes_wrong_inside_is_not_hidden():
    async def broken(scope, receive, send):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer_to(wall_of(broken))


NAMES = st.sampled_from([b"host", b"origin", b"cookie", b"content-length", b"sec-fetch-site"]) | st.binary(max_size=8)
VALUES = st.binary(max_size=40) | st.sampled_from([b"127.0.0.1", b"http://[", f'{BROWSER_COOKIE}="\\'.encode()])


@given(headers=st.lists(st.tuples(NAMES, VALUES), max_size=6), path=st.text(max_size=12), method=st.text(max_size=6))
def test_no_bytes_that_a_request_holds_make_the_wall_fail(headers, path, method):
    for first in ([], [HOST]):
        answer = answer_to(wall_of(), path, method=method, headers=[*first, *headers])
        assert answer.status in {200, 400, 403, 404, 413}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "Localhost"])
def test_loopback_is_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "::", "192.0.2.7", "news.example", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_no_other_host_is_this_machine_alone(host):
    assert not is_loopback(host)
