"""The chat page: a Gradio page over a pipeline. The only module that imports gradio.

What stands on the page is made by rag.source_page, what serves it by rag.page_server; this wires the events.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

# Both are read at import: neither gradio nor what it imports may call home.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from fastapi import FastAPI

from rag.errors import ArticleMissing, RagError
from rag.page_server import Wall, listen, serve
from rag.pipeline import Pipeline
from rag.records import Article, Delta, Done, Event, Hit, Retrieved
from rag.source_page import (
    MOST_PASSAGES_SHOWN,
    Source,
    Turn,
    cited_sources,
    history_of,
    nearest_sources,
    render_turn,
    render_turns,
    status_of,
)

ANSWERS_AT_ONCE = 8
QUESTIONS_WAITING = 64
MOST_EXAMPLES = 4
_CONVERSATION_KEPT_S = 6 * 3600

_log = logging.getLogger(__name__)

_WELCOME = """<h2>Ask the news, see the proof</h2>
<p>Ask a question about the articles in this library: every sentence of the answer carries a number that leads to the
exact words it rests on, and where the articles don’t say, the answer says so.</p>"""
_ASK, _STOP = "Ask", "Stop"

_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")
# A mark of our own, so that no tab shows Gradio's.
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' "
    "rx='4' fill='%230b5a6f'/%3E%3Cpath d='M2 8.5h3l1.5-4 3 8 1.5-4h3' fill='none' stroke='%23fff' stroke-width='1.5'/"
    "%3E%3C/svg%3E"
)
_HEAD = f'<meta name="color-scheme" content="light dark"><link rel="icon" href="{_ICON}">'

# One waiting line for all that asks; no event is listed for programs or callable by Gradio's clients.
_QUEUED: dict[str, Any] = {
    "concurrency_limit": ANSWERS_AT_ONCE,
    "concurrency_id": "ask",
    "show_progress": "hidden",
    "api_visibility": "private",
}
_AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}

Talk = tuple[Turn, ...]
Update = tuple[Any, ...]


def build_app(assistant: Pipeline, *, examples: Sequence[str]) -> gr.Blocks:
    """Return the chat page; the first few examples can be clicked. Several people can ask at once."""
    page: gr.Blocks
    with gr.Blocks(title="newspulse", analytics_enabled=False, fill_width=True) as page:
        talk = gr.State((), time_to_live=_CONVERSATION_KEPT_S)
        with gr.Column(elem_id="page"):
            with gr.Row(elem_id="top"):
                gr.HTML("<h1>newspulse</h1>", apply_default_css=False)
                new = gr.Button("New conversation", elem_id="new", size="sm", visible=False)
            with gr.Column(elem_id="landing") as landing:
                gr.HTML(_WELCOME, apply_default_css=False)
                with gr.Column(elem_id="examples"):
                    buttons = [gr.Button(example) for example in examples[:MOST_EXAMPLES]]
            past = gr.HTML(elem_id="past", apply_default_css=False)
            current = gr.HTML(elem_id="current", apply_default_css=False)
            status = gr.HTML(elem_id="status", apply_default_css=False)
            with gr.Column(elem_id="composer"):
                box = _question_box()
        shown = [talk, past, current, status, box, landing, new]
        chat = _Chat(assistant)
        asked: list[Any] = [button.click(chat.ask, [button, talk], shown, **_QUEUED) for button in buttons]
        asked.append(box.submit(chat.ask, [box, talk], shown, **_QUEUED))
        for event in asked:
            event.then(_settle, talk, shown, **_AT_ONCE)
        box.stop(None, cancels=asked, **_AT_ONCE)
        new.click(_restart, None, shown, **_AT_ONCE)
    page.queue(max_size=QUESTIONS_WAITING, default_concurrency_limit=ANSWERS_AT_ONCE, api_open=False)
    return page


def _question_box() -> gr.Textbox:
    # One line to begin with: only then does Enter submit, and Shift+Enter break the line.
    return gr.Textbox(
        elem_id="ask",
        placeholder="Ask about the articles",
        label="Your question",
        show_label=False,
        container=False,
        lines=1,
        max_lines=6,
        autofocus=True,
        submit_btn=_ASK,
    )


class _Chat:
    """Answers one question of a conversation, as updates of the page; keeps nothing between questions."""

    def __init__(self, assistant: Pipeline) -> None:
        self._assistant = assistant

    def ask(self, question: str, talk: Talk) -> Iterator[Update]:
        """Yield what the page shows, from the question alone to the whole answer."""
        earlier = tuple(turn for turn in talk if not turn.error)
        turn = Turn(talk[-1].number + 1 if talk else 1, question)
        asking = gr.Textbox(value="", submit_btn=False, stop_btn=_STOP)
        hidden = gr.update(visible=False)
        yield (*_showing(earlier, turn, render_turns(earlier)), asking, hidden, hidden)
        with contextlib.closing(self._turns(turn, earlier)) as turns:
            for further in turns:
                yield (*_showing(earlier, further, gr.skip()), gr.skip(), gr.skip(), gr.skip())

    def _turns(self, turn: Turn, earlier: Talk) -> Generator[Turn]:
        try:
            for event in self._assistant.stream(turn.question, history_of(earlier)):
                turn = self._after(turn, event)
                yield turn
        except RagError as error:
            yield replace(turn, error=str(error), settled=True)
        except Exception:  # noqa: BLE001 - the edge: one failed answer must not end the page, nor show its cause
            _log.exception("a question could not be answered")
            yield replace(turn, error="This question could not be answered; the server's log says why.", settled=True)

    def _after(self, turn: Turn, event: Event) -> Turn:
        match event:
            case Retrieved(hits, resolved):
                return replace(turn, resolved_question=resolved, sources=self._nearest(hits))
            case Delta(text):
                return replace(turn, text=turn.text + text)
            case Done(answer):
                if answer.abstained:
                    sources = self._nearest(answer.hits)
                else:
                    sources = cited_sources(answer, self._articles(c.article_id for c in answer.citations))
                return replace(
                    turn,
                    text=answer.text,
                    sources=sources,
                    notices=answer.notices,
                    abstained=answer.abstained,
                    settled=True,
                )

    def _nearest(self, hits: Sequence[Hit]) -> tuple[Source, ...]:
        return nearest_sources(hits, self._articles(h.passage.article_id for h in hits[:MOST_PASSAGES_SHOWN]))

    def _articles(self, ids: Iterable[str]) -> dict[str, Article]:
        found = {}
        with self._assistant.library.reader() as reader:
            for key in dict.fromkeys(ids):
                # Removed since it was retrieved: the citation still shows what it quotes.
                with contextlib.suppress(ArticleMissing):
                    found[key] = reader.article(key)
        return found


def _showing(earlier: Talk, turn: Turn, past: Any) -> Update:
    return (*earlier, turn), past, render_turn(turn), status_of(turn)


def _settle(talk: Talk) -> Update:
    """Return the page at rest; a turn that was stopped on its way says so. Runs after every question."""
    if not talk:
        return _restart()
    *earlier, turn = talk
    if not turn.settled:
        turn = replace(turn, stopped=True, settled=True)
    resting = gr.Textbox(submit_btn=_ASK, stop_btn=False)
    return (*_showing(tuple(earlier), turn, gr.skip()), resting, gr.skip(), gr.update(visible=True))


def _restart() -> Update:
    box = gr.Textbox(value="", submit_btn=_ASK, stop_btn=False)
    return (), "", "", "", box, gr.update(visible=True), gr.update(visible=False)


def launch_app(
    assistant: Pipeline,
    *,
    host: str,
    port: int,
    examples: Sequence[str],
    open_browser: bool = False,
    on_ready: Callable[[str], None],
) -> None:
    """Serve the chat page until Ctrl-C or SIGTERM; `on_ready` is given its address. Port 0 takes a free one.

    Raises SettingsInvalid where the host or port cannot be had.
    """
    with listen(host, port) as listening:
        page = Wall(_mount(build_app(assistant, examples=examples)), host)
        serve(page, listening, host, open_browser=open_browser, on_ready=on_ready)


def _mount(page: gr.Blocks) -> FastAPI:
    """Return the page as a web application of its own."""
    # Gradio's own launch() asks the page for itself through the proxy of the environment, and reads a dozen variables.
    web = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    gr.mount_gradio_app(
        web,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        allowed_paths=[],
        show_error=False,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=_theme(),
        css=_asset("chat.css"),
        js=_asset("chat.js"),
        head=_HEAD,
    )
    return web


def _asset(name: str) -> str:
    return files("rag").joinpath("assets", name).read_text(encoding="utf-8")


def _theme() -> gr.themes.Base:
    """Return a quiet theme that loads no font from anywhere."""
    theme = gr.themes.Base(primary_hue="cyan", neutral_hue="slate", font=_FONTS, font_mono=_MONO)
    return theme.set(
        body_background_fill="#fbfaf8",
        body_background_fill_dark="#14181f",
        body_text_color="#1d2430",
        body_text_color_dark="#e7e9ee",
        button_primary_background_fill="#0b5a6f",
    )
