"""The wall in front of everything that is served: who may ask what, under which name, and what may leave.

Knows no page and no route by itself: it is told which paths exist, and whom to ask who somebody is.
"""

import asyncio
import hashlib
import ipaddress
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.requests import cookie_parser

from rag.completions import error_row
from rag.problems import MEDIA_TYPE, Problem

OWNER_HEADER = "x-newspulse-owner"
"""Carries to the routes whose conversations are meant; set here alone, whatever a request says."""

BROWSER_COOKIE = "newspulse_browser"
_BROWSER_ID = re.compile(r"[A-Za-z0-9_-]{20,64}")
_KEPT_S = 400 * 24 * 3600
_BROWSER_ID_BYTES = 24
_UNKNOWN = 401

# The second wall, the escaping being the first. Gradio needs inline scripts and `Function`; nothing may leave the host.
_POLICY = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' data: blob:; connect-src 'self'; "
    b"worker-src 'self' blob:; object-src 'none'; frame-src 'none'; base-uri 'self'; form-action 'self'; "
    b"frame-ancestors 'none'"
)
SEALS = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not "no-referrer": a browser then says "null" for the origin of our own login form.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Access:
    """What is let through. `hosts` are the names the server answers to, None for any that is a bare IP address too.

    `pages` are paths that a person opens, `open_paths` need no login, `folders` are prefixes; `most_bytes` of a body
    by path, `""` standing for all others. `who` returns the signed-in name of a request's headers; None: no login.
    `programs` are prefixes of what programs ask: refusals there are problems, and closing lets what was begun end.
    `openai` are those of them whose refusals have OpenAI's shape. `refused` is told the status of every refusal.
    """

    hosts: frozenset[str]
    pages: frozenset[str]
    paths: frozenset[str]
    folders: tuple[str, ...]
    open_paths: frozenset[str]
    most_bytes: dict[str, int]
    bare_addresses: bool = False
    who: Callable[[Headers], str | None] | None = None
    programs: tuple[str, ...] = ()
    openai: tuple[str, ...] = ()
    refused: Callable[[int], None] = lambda _status: None


class Wall:
    """An ASGI application in front of another; what `access` does not name is not found, and nothing may leave."""

    def __init__(self, inner: Application, access: Access) -> None:
        self._inner = inner
        self._access = access
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Tell every request still open that its browser has gone: an open page's streams would hold up the end."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        named = _first_of_each(scope["headers"])
        refused = self._refusal(scope, named)
        if refused:
            await self._refuse(scope, send, *refused)
            return
        name = self._access.who(scope["headers"]) if self._access.who else None
        if self._access.who and not name and scope["path"] not in self._access.open_paths:
            await self._refuse(scope, send, *self._sign_in(scope))
            return
        owner, cookie = self._owner(scope, named, name)
        kept = [pair for pair in scope["headers"] if pair[0] != OWNER_HEADER.encode()]
        passed = {**scope, "headers": [*kept, (OWNER_HEADER.encode(), owner.encode())]}
        await self._pass_on(passed, receive, send, cookie)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, cookie: list[tuple[bytes, bytes]]) -> None:
        started = unfinished = too_long = False
        left = self._most_bytes(scope["path"])
        may_end = scope["path"].startswith(self._access.programs)

        async def sealed(message: Event) -> None:
            nonlocal started, unfinished
            if too_long and not started:
                # What the inner application makes of half a body is not the answer.
                return
            started = True
            unfinished = message["type"] == "http.response.start" or message.get("more_body", False)
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*_kept(message["headers"]), *SEALS, *cookie]}
            await send(message)

        async def received() -> Event:
            nonlocal left, too_long
            message = await receive() if may_end else await self._received_or_closing(receive)
            left -= len(message.get("body", b""))
            too_long = too_long or left < 0
            return {"type": "http.disconnect"} if too_long else message

        try:
            await self._inner(scope, received, sealed)
        except Exception:
            if not too_long:
                raise
        if too_long and not started:
            await self._refuse(scope, send, 413, f"more than {self._most_bytes(scope['path'])} bytes")
        elif unfinished and not may_end and self._closing.is_set():
            await send({"type": "http.response.body", "body": b""})

    async def _received_or_closing(self, receive: Receive) -> Event:
        coming, closed = asyncio.ensure_future(receive()), asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({coming, closed}, return_when=asyncio.FIRST_COMPLETED)
            return coming.result() if coming.done() else {"type": "http.disconnect"}
        finally:
            coming.cancel()
            closed.cancel()

    async def _refuse(self, scope: Scope, send: Send, status: int, said: str, location: str = "") -> None:
        self._access.refused(status)
        kind, body = b"text/plain; charset=utf-8", said.encode()
        headers = [*SEALS, *([(b"location", location.encode("latin-1"))] if location else [])]
        if scope["path"].startswith(self._access.programs):
            kind = MEDIA_TYPE.encode()
            body = Problem(status, said, "sign-in" if status == _UNKNOWN else "").body()
            headers += [(b"www-authenticate", b"Bearer")] if status == _UNKNOWN else []
        if scope["path"].startswith(self._access.openai):
            # Its clients show no other shape.
            row = error_row(said, code="invalid_api_key" if status == _UNKNOWN else None)
            kind, body = b"application/json", json.dumps(row).encode()
        length = (b"content-length", str(len(body)).encode())
        headers += [(b"content-type", kind), (b"cache-control", b"no-store"), length]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _refusal(self, scope: Scope, named: dict[str, str]) -> tuple[int, str] | None:
        """Return the status and what to say, None to let the request through."""
        path, access = scope["path"], self._access
        if not self._is_ours(named.get("host", "")):
            return 400, "this server does not answer to that name; name it with --allow-host"
        if scope["method"] not in {"GET", "HEAD"} and not _same_origin(named):
            return 403, "a page of another address may not ask here"
        known = access.pages | access.paths | access.open_paths
        if path not in known and not path.startswith(access.folders):
            return 404, "there is nothing here"
        with suppress(ValueError):
            if int(named.get("content-length", "0")) > self._most_bytes(path):
                return 413, f"more than {self._most_bytes(path)} bytes"
        return None

    def _sign_in(self, scope: Scope) -> tuple[int, str, str]:
        """Return the status, what to say and where to go instead to somebody unknown."""
        if scope["path"] not in self._access.pages or scope["method"] != "GET":
            return 401, "sign in first, at /login, or send a token", ""
        asked = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        return 303, "sign in first", f"/login?next={quote(asked, safe='')}"

    def _is_ours(self, host: str) -> bool:
        name = re.sub(r":\d+\Z", "", host).lower()
        if name in self._access.hosts:
            return True
        return self._access.bare_addresses and _is_address(name)

    def _most_bytes(self, path: str) -> int:
        return self._access.most_bytes.get(path, self._access.most_bytes[""])

    def _owner(self, scope: Scope, named: dict[str, str], name: str | None) -> tuple[str, list[tuple[bytes, bytes]]]:
        """Return whose conversations the request is about, and the cookie to set with the answer."""
        if self._access.who:
            return (f"user:{quote(name)}" if name else ""), []
        browser = _browser_id(named.get("cookie", ""))
        if browser and scope["path"] not in self._access.pages:
            return _owner_of(browser), []
        # Told anew at every visit, so that it lasts; Lax: with Strict a link from elsewhere would start a new history.
        browser = browser or secrets.token_urlsafe(_BROWSER_ID_BYTES)
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        told = f"{BROWSER_COOKIE}={browser}; Path=/; Max-Age={_KEPT_S}; HttpOnly; SameSite=Lax{secure}"
        return _owner_of(browser), [(b"set-cookie", told.encode())] if scope["path"] in self._access.pages else []


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine alone."""
    with suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host.lower() == "localhost"


def _owner_of(browser: str) -> str:
    # The id opens a history: what is stored must not open it.
    return "browser:" + hashlib.sha256(browser.encode()).hexdigest()


def _browser_id(cookie: str) -> str:
    named = cookie_parser(cookie).get(BROWSER_COOKIE, "")
    return named if _BROWSER_ID.fullmatch(named) else ""


def _same_origin(named: dict[str, str]) -> bool:
    """Return whether a browser says that its page is ours; what is no browser says nothing."""
    if named.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = named.get("origin")
    if origin is None:
        return True
    with suppress(ValueError):
        return urlsplit(origin).netloc.lower() == named.get("host", "").lower()
    return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _first_of_each(headers: Headers) -> dict[str, str]:
    named: dict[str, str] = {}
    for name, value in headers:
        named.setdefault(name.decode("latin-1"), value.decode("latin-1"))
    return named


def _kept(headers: Headers) -> list[tuple[bytes, bytes]]:
    ours = {name for name, _ in SEALS}
    return [(name, value) for name, value in headers if name.lower() not in ours]
