"""Serves the chat page: the wall in front of it, the socket, and a clean end. Knows no page and no pipeline."""

import asyncio
import contextlib
import ipaddress
import re
import signal
import socket
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any

import uvicorn

from rag.errors import SettingsInvalid

_CLOSING_S = 3

# The second wall, the escaping being the first. Gradio needs inline scripts and `Function`; nothing may leave the host.
_POLICY = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; frame-src 'none'; "
    b"base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
# What the page itself asks for; Gradio's uploads, file routes, proxy and programs' API stay shut.
_PATHS = frozenset(
    "/ /config /theme.css /manifest.json /favicon.ico /robots.txt /gradio_api/queue/join /gradio_api/queue/data "
    "/gradio_api/run/predict /gradio_api/cancel /gradio_api/reset".split()
)
_FOLDERS = ("/assets/", "/static/", "/gradio_api/heartbeat/")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Wall:
    """An ASGI application in front of another: what the page does not need is not found, and nothing may leave it.

    On a loopback address only requests that name it are taken: a foreign page must not reach it by rebinding DNS.
    """

    def __init__(self, inner: Application, host: str) -> None:
        self._inner = inner
        self._hosts = {"localhost", "127.0.0.1", "[::1]", host.lower()} if _is_loopback(host) else None
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Tell every request still open that its browser has gone: an open page's streams would hold up the end."""
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal:
            await send({"type": "http.response.start", "status": refusal, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": b""})
            return

        unfinished = False

        async def sealed(message: MutableMapping[str, Any]) -> None:
            nonlocal unfinished
            unfinished = message["type"] == "http.response.start" or message.get("more_body", False)
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *_HEADERS]}
            await send(message)

        async def received() -> MutableMapping[str, Any]:
            coming, closed = asyncio.ensure_future(receive()), asyncio.ensure_future(self._closing.wait())
            try:
                await asyncio.wait({coming, closed}, return_when=asyncio.FIRST_COMPLETED)
                return coming.result() if coming.done() else {"type": "http.disconnect"}
            finally:
                coming.cancel()
                closed.cancel()

        await self._inner(scope, received, sealed)
        if unfinished and self._closing.is_set():
            await send({"type": "http.response.body", "body": b""})

    def _refusal(self, scope: Scope) -> int:
        """Return the status to refuse the request with, 0 to let it through."""
        named = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if self._hosts is not None and re.sub(r":\d+$", "", named).lower() not in self._hosts:
            return 400
        path = scope["path"]
        return 0 if path in _PATHS or path.startswith(_FOLDERS) else 404


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, at a free port for port 0; raises SettingsInvalid where it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsInvalid(f"cannot serve on port {port} of '{host}' ({reason}); choose another: --port") from error


def serve(
    app: Wall,
    listening: socket.socket,
    host: str,
    *,
    open_browser: bool,
    on_ready: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C or SIGTERM, then close and return; `on_ready` is given the address once it answers."""
    url = _address(host, listening.getsockname()[1])

    def ready() -> None:
        on_ready(url)
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    # Logging is left to whoever serves: uvicorn's own would print.
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=_CLOSING_S)
    # uvicorn raises the signal again once it has closed: ending by it would not be a clean exit.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        _Server(config, ready, app.close).run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that says when it is ready and when it closes."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._closing = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, then close."""
        self._closing()
        await super().shutdown(sockets)


def _address(host: str, port: int) -> str:
    named = "localhost" if host in {"0.0.0.0", "::", ""} else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"http://{named}:{port}/"


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
