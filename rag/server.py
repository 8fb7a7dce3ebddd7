"""The FastAPI application that everything is mounted on: the programs' doors, login, exports; the socket, a clean end.

Knows no page: what mounts itself on the application says which paths it needs.
"""

import asyncio
import contextlib
import json
import signal
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from rag.accounts import Accounts
from rag.chat import Chat
from rag.cross_origin import CrossOrigin, check_origin
from rag.doors import Doors
from rag.errors import ConversationMissing, RagError, SettingsInvalid, told_to_visitors
from rag.login import login_router, signed_in
from rag.rest import OPEN, OUTSIDE_PREFIX, PREFIX
from rag.wall import OWNER_HEADER, Access, Wall, is_loopback

# Answers that were begun end within it; the pages' streams are told to end at once.
_CLOSING_S = 8
_MOST_BODY_BYTES = 2**20
WIDGET = "/v1/widget.js"
"""What any page may embed: a script without data."""

_OUTSIDE_PREFIX = OUTSIDE_PREFIX | {"/mcp"}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Serving:
    """Where and for whom is served. `hosts` are further names that the server answers to.

    `origins` are other addresses whose pages may ask what programs may ask.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    accounts: Accounts | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Mounted:
    """What a page that is mounted on the server asks for: see wall.Access."""

    pages: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()
    most_bytes: dict[str, int] = field(default_factory=dict)


def accounts_of(auth_file: Path | None) -> Accounts | None:
    """Return the accounts of the file, None for no file; raises SettingsInvalid for a file that does not read."""
    return Accounts(auth_file) if auth_file else None


def check_serving(serving: Serving) -> None:
    """Raise SettingsInvalid where the server would be open to other machines without a login."""
    if is_loopback(serving.host) or serving.accounts or serving.insecure:
        return
    raise SettingsInvalid(
        f"host '{serving.host}' lets other machines in, and nobody has to sign in; make accounts with: "
        "rag user add NAME --auth-file FILE, and serve with --auth-file FILE (or say --insecure if that is meant)"
    )


def make_server(serving: Serving, doors: Doors, chat: Chat | None = None) -> FastAPI:
    """Return the application with the doors and, of a chat, the exports; a page can mount itself on it."""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with doors.app.router.lifespan_context(doors.app):
            yield

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan)
    # No other address may read anything; that it stands here makes Gradio leave its own, wider rules out.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.router.routes.append(_Programs(doors.app))
    if chat:
        _add_exports(app, chat)
    if serving.accounts:
        app.include_router(login_router(serving.accounts))
    return app


def walled(app: FastAPI, serving: Serving, doors: Doors, mounted: Mounted) -> Wall:
    """Return the application behind the wall: only what it has is reached, only by whom it is for."""
    accounts = serving.accounts
    hosts = _LOOPBACK | {serving.host.lower(), f"[{serving.host.lower()}]"} | {name.lower() for name in serving.hosts}
    access = Access(
        hosts=hosts,
        pages=mounted.pages,
        paths=mounted.paths | _OUTSIDE_PREFIX,
        folders=(*mounted.folders, "/conversations/", PREFIX),
        open_paths=frozenset({*OPEN, WIDGET, *(("/login", "/logout") if accounts else ())}),
        most_bytes={"": _MOST_BODY_BYTES, **doors.most_bytes, **mounted.most_bytes},
        bare_addresses=not is_loopback(serving.host),
        who=(lambda headers: signed_in(accounts, headers)) if accounts else None,
        programs=(PREFIX, *OUTSIDE_PREFIX),
        openai=("/v1/chat/", "/v1/models"),
        refused=doors.metrics.refused,
    )
    return Wall(app, access)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, at a free port for port 0; raises SettingsInvalid where it cannot be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        made = socket.create_server((host, port), family=family)
    except (OSError, OverflowError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SettingsInvalid(f"cannot serve on port {port} of '{host}' ({reason}); choose another: --port") from error
    # asyncio turns Nagle's algorithm off only where the protocol is named: every answer would come 40 ms late.
    return socket.socket(made.family, made.type, socket.IPPROTO_TCP, fileno=made.detach())


def serve(
    wall: Wall,
    listening: socket.socket,
    serving: Serving,
    *,
    open_browser: bool,
    on_ready: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C or SIGTERM, then close and return; `on_ready` is given the address once it answers."""
    url = _address(serving.host, listening.getsockname()[1])

    def ready() -> None:
        on_ready(url)
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    origins = frozenset(map(check_origin, serving.origins))
    app = CrossOrigin(wall, origins, PREFIX, frozenset({WIDGET}))
    # Logging is left to whoever serves: uvicorn's own would print.
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=_CLOSING_S
    )
    # uvicorn raises the signal again once it has closed: ending by it would not be a clean exit.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        _Server(config, ready, wall.close).run(sockets=[listening])


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


class _Programs(BaseRoute):
    """Everything that programs ask, under its whole path; a page that is mounted behind gets nothing of it."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether it is a program's path."""
        path = scope.get("path", "")
        mine = scope["type"] == "http" and (path.startswith(PREFIX) or path in _OUTSIDE_PREFIX)
        return (Match.FULL if mine else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self._app(scope, receive, send)


def _add_exports(app: FastAPI, chat: Chat) -> None:
    @app.get("/conversations/{conversation}.md")
    def markdown(conversation: str, request: Request) -> Response:
        return _export(lambda owner: chat.export_markdown(owner, conversation), request, "text/markdown", "md")

    @app.get("/conversations/{conversation}.json")
    def rows(conversation: str, request: Request) -> Response:
        def written(owner: str) -> str:
            return json.dumps(chat.export_rows(owner, conversation), ensure_ascii=False, indent=1)

        return _export(written, request, "application/json", "json")


def _export(write: Callable[[str], str], request: Request, kind: str, ending: str) -> Response:
    try:
        written = write(owner_of(request))
    except ConversationMissing as error:
        return PlainTextResponse(told_to_visitors(error), status_code=404)
    except RagError as error:
        return PlainTextResponse(told_to_visitors(error), status_code=503)
    # A browser saves it and never shows it: what articles say does not become a page of this address.
    headers = {"content-disposition": f'attachment; filename="conversation.{ending}"', "cache-control": "no-store"}
    return Response(written.encode("utf-8", "backslashreplace"), media_type=f"{kind}; charset=utf-8", headers=headers)


def _address(host: str, port: int) -> str:
    named = "localhost" if host in {"0.0.0.0", "::", ""} else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"http://{named}:{port}/"


def owner_of(request: Any) -> str:
    """Return whose conversations a request is about."""
    return unquote(str(request.headers.get(OWNER_HEADER, ""))) or "nobody"


def signed_in_name(request: Any) -> str:
    """Return who is signed in, "" for a browser that nobody has signed in with."""
    kind, _, name = owner_of(request).partition(":")
    return name if kind == "user" else ""
