"""The web chat: two Gradio pages that mount themselves on the server's FastAPI application."""

import os
import warnings
from collections.abc import Callable

# All are read at import: neither gradio nor what it imports may call home, nor sum up with pandas, after every
# question, the last 10,000 (6 ms each).
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"

import gradio as gr
from fastapi import FastAPI
from gradio.components.navbar import Navbar

from rag.app_chat import ANSWERS_AT_ONCE, build_chat_page
from rag.app_library import build_library_page
from rag.app_theme import asset, head, theme
from rag.chat import Chat
from rag.doors import Doors, Uploading, open_doors
from rag.server import Mounted, Serving, check_serving, listen, make_server, serve, walled

QUESTIONS_WAITING = 200
# Gradio holds the widgets of every page that was opened, 0.1 MB each with what it shows, closed or not.
_PAGES_KEPT = 1000
_TITLE = "newspulse"
_MB = 2**20
# What the pages themselves ask for; Gradio's file routes, proxy and programs' API stay shut.
_PATHS = frozenset(
    "/config /theme.css /manifest.json /favicon.ico /robots.txt /gradio_api/queue/join /gradio_api/queue/data "
    "/gradio_api/run/predict /gradio_api/cancel /gradio_api/reset /gradio_api/app_id".split()
)
_FOLDERS = ("/assets/", "/static/", "/gradio_api/heartbeat/")
_UPLOADING = frozenset({"/gradio_api/upload", "/gradio_api/upload_progress"})


def build_app(chat: Chat, adding: Uploading | None = None) -> gr.Blocks:
    """Return both pages; several people can use them at once."""
    # Uploaded files go when they have been read; what a broken upload left goes after an hour.
    page: gr.Blocks
    with gr.Blocks(title=_TITLE, analytics_enabled=False, fill_width=True, delete_cache=(600, 3600)) as page:
        Navbar(visible=False)
        build_chat_page(page, chat, may_add=adding is not None)
    with page.route("Library", "/library", show_in_navbar=False):
        Navbar(visible=False)
        build_library_page(page, chat, adding.uploads if adding else None)
    page.state_session_capacity = _PAGES_KEPT
    page.queue(max_size=QUESTIONS_WAITING, default_concurrency_limit=ANSWERS_AT_ONCE, api_open=False)
    return page


def launch_app(
    chat: Chat,
    serving: Serving,
    *,
    doors: Doors | None = None,
    adding: Uploading | None = None,
    open_browser: bool = False,
    on_ready: Callable[[str], None],
) -> None:
    """Serve the chat until Ctrl-C or SIGTERM; `on_ready` is given its address. Port 0 takes a free one.

    Raises SettingsInvalid where the host or port cannot be had, or would let anybody in.
    """
    check_serving(serving)
    doors = doors or open_doors(chat.assistant, version=chat.version, accounts=serving.accounts, uploading=adding)
    with listen(serving.host, serving.port) as listening:
        app = make_server(serving, doors, chat)
        mount(app, build_app(chat, adding), adding)
        wall = walled(app, serving, doors, mounted(adding))
        serve(wall, listening, serving, open_browser=open_browser, on_ready=on_ready)


def mount(app: FastAPI, page: gr.Blocks, adding: Uploading | None) -> None:
    """Put the pages on the application."""
    with warnings.catch_warnings():
        # That two pages are not rendered on the server, which is not asked for either.
        warnings.filterwarnings("ignore", "SSR mode is not supported", UserWarning)
        # Gradio's own launch() asks the page for itself through the environment's proxy, and reads a dozen variables.
        gr.mount_gradio_app(
            app,
            page,
            path="/",
            footer_links=[],
            run_history=False,
            allowed_paths=[],
            # A larger file than one may be is still taken, to be refused by name beside the others.
            max_file_size=adding.limits.call_bytes if adding else 0,
            show_error=False,
            ssr_mode=False,
            enable_monitoring=False,
            pwa=False,
            mcp_server=False,
            theme=theme(),
            js=asset("page.js"),
            head=head(),
        )


def mounted(adding: Uploading | None) -> Mounted:
    """Return what the pages need of the server."""
    paths = _PATHS | (_UPLOADING if adding else frozenset())
    most = {}
    if adding:
        most["/gradio_api/upload"] = adding.limits.call_bytes + _MB
        # A pasted text comes this way.
        most["/gradio_api/queue/join"] = adding.limits.file_bytes + _MB
    return Mounted(frozenset({"/", "/library", "/library/"}), paths, _FOLDERS, most)
