"""The library's page: what is in it, and, where the server was started so, adding to it and taking out of it."""

import contextlib
import itertools
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import processing_utils

from rag.app_events import AT_ONCE, number_of, text_of, told
from rag.app_theme import asset
from rag.articles import FORMATS
from rag.chat import Chat
from rag.errors import RagError, told_to_visitors
from rag.page_conversations import render_top
from rag.page_library import ROWS, FileState, Shelf, render_library, render_removed
from rag.page_text import plain
from rag.records import Article
from rag.server import signed_in_name
from rag.upload_fates import drawn_fates, drawn_refusal
from rag.uploads import Uploads

# One writes at a time; those that wait are told so, which they can be only once they have begun.
_ADDING: dict[str, Any] = {
    "concurrency_limit": 4,
    "concurrency_id": "add",
    "show_progress": "hidden",
    "api_visibility": "private",
}
_MOST_UNDONE_PAGES = 200
# Who handed over an equal file meanwhile has not begun to have it read yet.
_LEFT_S = 60.0
_FINE = {"added", "updated", "unchanged"}

_LEAD = "<h2>Library</h2><p class='lead'>Everything an answer can rest on.</p>"
_ADD = (
    "<h3>Add articles</h3><p class='lead'>Drop files in or paste a text. What is there already is recognised; a newer "
    "version takes the place of the older one.</p>"
)


def build_library_page(page: gr.Blocks, chat: Chat, uploads: Uploads | None) -> None:
    """Put the library into the open Blocks; without `uploads` nothing can be added or removed."""
    _take_no_foreign_files(page)
    events = _Events(chat, uploads)
    top = gr.HTML(render_top(here="/library"), elem_id="top", apply_default_css=False, js_on_load=None)
    with gr.Column(elem_id="shelf"):
        gr.HTML(_LEAD, apply_default_css=False, js_on_load=None)
        if uploads:
            added = _lay_out_adding()
        find = gr.Textbox(elem_id="find", label="Find an article", placeholder="Title, publisher, author, address")
        table = gr.HTML(elem_id="table", apply_default_css=False, js_on_load=asset("library.js"))
        number = gr.Number(0, precision=0, visible="hidden", label="Page")
        if uploads:
            # At the window's lower edge, wherever in a long table something was removed.
            added["removed"] = gr.HTML(elem_id="removed", apply_default_css=False, js_on_load=asset("library.js"))
    listing = [table, number]
    page.load(events.top, None, top, **AT_ONCE)
    page.load(events.first, find, listing, **AT_ONCE)
    # Not `input`: that knows keys only, not a text pasted or dropped.
    find.change(events.first, find, listing, trigger_mode="always_last", **AT_ONCE)
    table.turn_page(events.turn_page, [find, number], listing, **AT_ONCE)
    if uploads:
        _wire_adding(page, events, added, find, listing)


def _take_no_foreign_files(page: gr.Blocks) -> None:
    """Let no event of either page name a file that was not uploaded, nor an address for the server to fetch.

    Any widget's value may be written by hand so that it names one: Gradio would take every file of this machine, and
    checks that only for pages that its own launch() served.
    """
    page.has_launched = True
    processing_utils.async_ssrf_protected_download = _refuse_address


async def _refuse_address(url: str, cache_dir: str) -> str:  # noqa: ARG001 - takes what it stands in for takes
    raise gr.Error("an address cannot be added; download the article and add the file", print_exception=False)


def _lay_out_adding() -> dict[str, Any]:
    with gr.Column(elem_id="adding"):
        gr.HTML(_ADD, apply_default_css=False, js_on_load=None)
        files = gr.File(
            file_count="multiple",
            file_types=[*sorted(FORMATS), ".zip"],
            label="Files to add",
            elem_id="files",
            height=150,
        )
        with gr.Accordion("Paste a text instead", open=False, elem_id="pasting"):
            title = gr.Textbox(label="Title", elem_id="pasted-title", max_length=300)
            text = gr.Textbox(label="Text", lines=8, max_lines=20, elem_id="pasted-text")
            with gr.Row():
                published = gr.Textbox(label="Published (YYYY-MM-DD, optional)", max_length=10, elem_id="pasted-day")
                url = gr.Textbox(label="Address (optional)", max_length=2000, elem_id="pasted-url")
            paste = gr.Button("Add this text", elem_id="paste", variant="primary")
        fates = gr.HTML(elem_id="fates", apply_default_css=False, js_on_load=None)
    pasted = [title, text, url, published]
    return {"files": files, "pasted": pasted, "paste": paste, "fates": fates}


def _wire_adding(
    page: gr.Blocks, events: "_Events", added: dict[str, Any], find: gr.Textbox, listing: list[Any]
) -> None:
    fates, removed = added["fates"], added["removed"]
    # Not preprocessed: only so are the files' own names kept, which Gradio's copies lose characters of.
    handed = added["files"].upload(
        events.add_files, added["files"], [fates, added["files"]], preprocess=False, **_ADDING
    )
    pasted = added["paste"].click(events.add_text, added["pasted"], [fates, *added["pasted"]], **_ADDING)
    undone = removed.undo(events.undo, None, [fates, removed], **_ADDING)
    for event in (handed, pasted, undone):
        event.then(events.first, find, listing, **AT_ONCE)
    taken = listing[0].remove(events.remove, None, removed, **_ADDING)
    taken.then(events.turn_page, [find, listing[1]], listing, **AT_ONCE)
    page.unload(events.leave)


class _Events:
    """What happens on the page. What was removed is kept until its page is left, so that it can be undone."""

    def __init__(self, chat: Chat, uploads: Uploads | None) -> None:
        self._chat = chat
        self._uploads = uploads
        self._removed: OrderedDict[str, dict[int, Article]] = OrderedDict()
        self._numbers = itertools.count(1)
        self._reading: Counter[Path] = Counter()
        self._lock = threading.Lock()

    def top(self, request: gr.Request) -> str:
        """Return the bar on top."""
        return render_top(here="/library", name=signed_in_name(request))

    def first(self, query: str) -> tuple[str, int]:
        """Return the table's first page of what the query finds."""
        return self._shelf(query, 0)

    def turn_page(self, event: gr.EventData, query: str, number: float) -> tuple[str, int]:
        """Return the table's page after or before the present one."""
        return self._shelf(query, int(number or 0) + number_of(event, "by"))

    def add_files(self, handed: list[dict[str, Any]] | None) -> Iterator[tuple[str, Any]]:
        """Yield what becomes of the files, as it happens; the files are gone from the disk soon after."""
        files = [(str(file.get("orig_name") or Path(file["path"]).name), Path(file["path"])) for file in handed or ()]
        with self._read_once([path for _, path in files]):
            for drawn in drawn_fates(self._opened().add_files(files), []):
                yield drawn, gr.skip()
        yield gr.skip(), None

    def add_text(self, title: str, text: str, url: str, published: str) -> Iterator[tuple[Any, ...]]:
        """Yield what becomes of a pasted text; the fields are emptied where it went in."""
        day = None
        if published.strip():
            try:
                day = date.fromisoformat(published.strip())
            except ValueError:
                yield (
                    drawn_refusal(title, f"'{published.strip()[:20]}' is no day; write it like 2025-12-31"),
                    *[gr.skip()] * 4,
                )
                return
        done: list[FileState] = []
        for drawn in drawn_fates(self._opened().add_text(text, title=title, url=url, published=day), done):
            yield drawn, *[gr.skip()] * 4
        if all(state.outcome in _FINE for state in done):
            yield gr.skip(), "", "", "", ""

    def remove(self, request: gr.Request, event: gr.EventData) -> Any:
        """Take an article out, and return what can be undone."""
        with told():
            articles = self._opened().remove([text_of(event, "article")])
            with self._lock:
                key = str(request.session_hash)
                kept = self._removed.pop(key, {})
                self._removed[key] = kept | {next(self._numbers): article for article in articles}
                while len(self._removed) > _MOST_UNDONE_PAGES:
                    self._removed.popitem(last=False)
        return self._undoable(request)

    def undo(self, request: gr.Request, event: gr.EventData) -> Iterator[tuple[Any, Any]]:
        """Put a removed article back, and yield what becomes of it."""
        key, number = str(request.session_hash), number_of(event, "number")
        with self._lock:
            article = self._removed.get(key, {}).get(number)
        if article is None:
            yield drawn_refusal("Undo", "the page was left since, or the server started anew"), self._undoable(request)
            return
        done: list[FileState] = []
        for drawn in drawn_fates(self._opened().restore([article]), done):
            yield drawn, gr.skip()
        if all(state.outcome in _FINE for state in done):
            with self._lock:
                self._removed.get(key, {}).pop(number, None)
        yield gr.skip(), self._undoable(request)

    def leave(self, request: gr.Request) -> None:
        """Forget what could be undone."""
        with self._lock:
            self._removed.pop(str(request.session_hash), None)

    def _shelf(self, query: str, number: int) -> tuple[str, int]:
        number = max(number, 0)
        try:
            with self._chat.assistant.library.reader() as reader:
                found, total = reader.find_articles(query, most=ROWS, offset=number * ROWS)
                if number and not found:
                    number = max((total - 1) // ROWS, 0)
                    found, total = reader.find_articles(query, most=ROWS, offset=number * ROWS)
        except RagError as error:
            return f'<p class="none">{plain(told_to_visitors(error))}</p>', 0
        return render_library(Shelf(found, total, query, number), may_remove=self._uploads is not None), number

    def _undoable(self, request: gr.Request) -> str:
        with self._lock:
            removed = self._removed.get(str(request.session_hash), {})
            return render_removed({number: article.title for number, article in removed.items()})

    @contextlib.contextmanager
    def _read_once(self, paths: Sequence[Path]) -> Iterator[None]:
        """Take the files from the disk some time after the body: equal ones, handed over twice, share a place."""
        with self._lock:
            self._reading.update(paths)
        try:
            yield
        finally:
            with self._lock:
                self._reading.subtract(paths)
                self._reading = +self._reading
            _later(lambda: self._take_away(paths))

    def _take_away(self, paths: Sequence[Path]) -> None:
        with self._lock:
            for path in paths:
                with contextlib.suppress(OSError):
                    if not self._reading[path] and time.time() - path.stat().st_ctime >= _LEFT_S:
                        path.unlink()
                        path.parent.rmdir()

    def _opened(self) -> Uploads:
        if self._uploads is None:
            raise gr.Error("this library takes no articles here; start it with: rag chat --allow-upload")
        return self._uploads


def _later(do: Callable[[], None]) -> None:
    # A little more than what is asked for: the file is to be old enough then.
    timer = threading.Timer(_LEFT_S + 1, do)
    timer.daemon = True
    timer.start()
