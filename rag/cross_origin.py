"""Lets pages of named other addresses ask what programs may ask, and no other page. Stands in front of the wall.

Such a page counts as a program: it is whoever its token says, never whoever the browser's cookies say.
https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Callable, Coroutine, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from rag.errors import SettingsInvalid

_OPEN_FOR_S = 600
_LEFT_OUT = frozenset({b"origin", b"cookie", b"sec-fetch-site"})
_POLICY = b"cross-origin-resource-policy"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]
Application = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]
Pairs = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class CrossOrigin:
    """An ASGI application in front of another: `origins` may ask below `prefix`, any page may embed the `scripts`."""

    inner: Application
    origins: frozenset[str]
    prefix: str
    scripts: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, as a program's where it comes from a named page."""
        if scope["type"] != "http" or not scope["path"].startswith(self.prefix):
            await self.inner(scope, receive, send)
            return
        if scope["path"] in self.scripts:
            await self.inner(scope, receive, _adding(send, [(_POLICY, b"cross-origin")]))
            return
        named = dict(reversed(scope["headers"]))
        origin = named.get(b"origin", b"")
        if origin.decode("latin-1") not in self.origins:
            await self.inner(scope, receive, _adding(send, [(b"vary", b"Origin")] if self.origins else []))
            return
        added = [(b"access-control-allow-origin", origin), (b"vary", b"Origin"), (_POLICY, b"cross-origin")]
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in named:
            await _open(send, added)
            return
        added += [(b"access-control-expose-headers", b"Location, Retry-After")]
        kept = [pair for pair in scope["headers"] if pair[0] not in _LEFT_OUT]
        await self.inner({**scope, "headers": kept}, receive, _adding(send, added))


def check_origin(origin: str) -> str:
    """Return the origin as a browser tells it; raises SettingsInvalid for what is none, as an address with a path."""
    parts = urlsplit(origin.strip().rstrip("/").lower())
    written = f"{parts.scheme}://{parts.netloc}"
    fits = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc and "*" not in parts.netloc
    if not fits or written != origin.strip().rstrip("/").lower():
        raise SettingsInvalid(
            f"'{origin}' is no address of pages; name one as https://news.example, without a path: --allow-origin"
        )
    return written


async def _open(send: Send, added: Pairs) -> None:
    headers = [
        *added,
        (b"access-control-allow-methods", b"GET, POST, DELETE"),
        (b"access-control-allow-headers", b"authorization, content-type, accept"),
        (b"access-control-max-age", str(_OPEN_FOR_S).encode()),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _adding(send: Send, added: Pairs) -> Send:
    """Return what sends with these headers in place of those of the same names."""
    names = {name for name, _ in added}

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return sending
