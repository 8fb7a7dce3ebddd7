"""The chat page: which widgets it has, and which event each is wired to. Nothing is decided here."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag.app_events import ASK, AT_ONCE, ChatEvents, describe_bounds
from rag.app_theme import asset
from rag.chat import Chat
from rag.page_conversations import render_top

ANSWERS_AT_ONCE = 24

# One waiting line for all that asks; no event is listed for programs or callable by Gradio's clients.
QUEUED: dict[str, Any] = {
    "concurrency_limit": ANSWERS_AT_ONCE,
    "concurrency_id": "ask",
    "show_progress": "minimal",
    "api_visibility": "private",
}
# Gradio tells the place in the waiting line in a corner of a widget, as "queue: 2/3 | 1.2s".
_WAITING = '<p role="status"></p>'
_TELL_THE_PLACE = r"""
const told = element.querySelector("p");
const widget = element.closest("#waiting");
const place = () => {
  const found = /queue: (\d+)/.exec(widget.querySelector(".progress-text")?.textContent);
  const text = found ? `Others are being answered first. Your place in the line: ${found[1]}` : "";
  if (told.textContent !== text) told.textContent = text;
};
new MutationObserver(place).observe(widget, { childList: true, subtree: true, characterData: true });
"""


@dataclass(frozen=True, slots=True)
class _Widgets:
    top: gr.HTML
    search: gr.Textbox
    listed: gr.HTML
    new: gr.Button
    conversation: gr.Textbox
    landing: gr.HTML
    past: gr.HTML
    current: gr.HTML
    waiting: gr.HTML
    status: gr.HTML
    bounds: tuple[Any, ...]
    bounds_shown: gr.Accordion
    box: gr.Textbox

    @property
    def talk(self) -> list[Any]:
        """What a question changes."""
        return [self.conversation, self.landing, self.past, self.current, self.status, self.box]


def build_chat_page(page: gr.Blocks, chat: Chat, *, may_add: bool) -> None:
    """Put the chat into the open Blocks."""
    widgets = _lay_out()
    events = ChatEvents(chat, may_add=may_add)
    asked = _wire_asking(widgets, events)
    _wire_conversations(widgets, events, asked)
    shown = [widgets.top, *widgets.talk, widgets.listed, *widgets.bounds, widgets.bounds_shown]
    loaded = page.load(events.load, None, shown, **AT_ONCE)
    loaded.then(events.examples, None, widgets.landing, **AT_ONCE)
    # The address names the conversation, so that it is there again when the page is loaded anew.
    widgets.conversation.change(None, widgets.conversation, None, js="(id) => { newspulse.showAddress(id); }")


def _lay_out() -> _Widgets:
    actions = asset("turn.js")
    top = gr.HTML(render_top(here="/"), elem_id="top", apply_default_css=False, js_on_load=None)
    with gr.Row(elem_id="body"):
        with gr.Column(elem_id="side"):
            new = gr.Button("New conversation", elem_id="new")
            search = gr.Textbox(
                elem_id="search", label="Search conversations", placeholder="Search conversations", container=False
            )
            listed = gr.HTML(elem_id="conversations", apply_default_css=False, js_on_load=asset("conversations.js"))
        with gr.Column(elem_id="main"):
            landing = gr.HTML(elem_id="landing", apply_default_css=False, js_on_load=actions)
            past = gr.HTML(elem_id="past", apply_default_css=False, js_on_load=actions)
            current = gr.HTML(elem_id="current", apply_default_css=False, js_on_load=actions)
            waiting = gr.HTML(_WAITING, elem_id="waiting", apply_default_css=False, js_on_load=_TELL_THE_PLACE)
            status = gr.HTML(elem_id="status", apply_default_css=False, js_on_load=None)
            with gr.Column(elem_id="composer"):
                bounds_shown = gr.Accordion("Search in: everything", open=False, elem_id="scope")
                with bounds_shown, gr.Row():
                    bounds = _scope_widgets()
                box = _question_box()
    conversation = gr.Textbox(elem_id="conversation", visible="hidden", label="Conversation")
    return _Widgets(
        top, search, listed, new, conversation, landing, past, current, waiting, status, bounds, bounds_shown, box
    )


def _scope_widgets() -> tuple[Any, ...]:
    publishers = gr.Dropdown([], multiselect=True, label="Publishers", elem_id="publishers", min_width=220)
    articles = gr.Dropdown([], multiselect=True, label="Articles", elem_id="articles", min_width=220)
    # Gradio's date picker has a button and a field that no screen reader can name.
    since, until = (
        gr.Textbox(label=label, elem_id=name, placeholder="YYYY-MM-DD", max_length=10, min_width=130)
        for label, name in (("From day", "since"), ("Up to day", "until"))
    )
    return publishers, articles, since, until


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
        submit_btn=ASK,
    )


def _wire_asking(widgets: _Widgets, events: ChatEvents) -> list[Any]:
    """Wire what asks; return those events."""
    given = [widgets.conversation, *widgets.bounds]
    queued = {**QUEUED, "show_progress_on": widgets.waiting}
    asked: list[Any] = [widgets.box.submit(events.ask, [widgets.box, *given], widgets.talk, **queued)]
    turns = (widgets.past, widgets.current)
    asked += [d.suggested(events.ask_suggested, given, widgets.talk, **queued) for d in (widgets.landing, *turns)]
    asked += [drawn.ask_again(events.ask_again, given, widgets.talk, **queued) for drawn in turns]
    for drawn in turns:
        drawn.verdict(events.judge, widgets.conversation, widgets.status, **AT_ONCE)
    for event in asked:
        at_rest = [widgets.current, widgets.status, widgets.box]
        settled = event.then(events.settle, widgets.conversation, at_rest, **AT_ONCE)
        settled.then(events.listed, [widgets.search, widgets.conversation], widgets.listed, **AT_ONCE)
    widgets.box.stop(None, cancels=asked, **AT_ONCE)
    publishers, articles, since, until = widgets.bounds
    # Not `change`: it would also follow what the server fills in, with the values of before.
    for changed in (publishers.input, articles.input, since.blur, since.submit, until.blur, until.submit):
        changed(describe_bounds, list(widgets.bounds), widgets.bounds_shown, **AT_ONCE)
    return asked


def _wire_conversations(widgets: _Widgets, events: ChatEvents, asked: list[Any]) -> None:
    listing = [widgets.search, widgets.conversation]
    opened = [*widgets.talk, widgets.listed, *widgets.bounds, widgets.bounds_shown]
    # Who leaves an answer that is being written stops it: it would go on to be drawn into what is opened instead.
    widgets.new.click(events.begin, widgets.search, opened, cancels=asked, **AT_ONCE)
    widgets.search.change(events.listed, listing, widgets.listed, trigger_mode="always_last", **AT_ONCE)
    widgets.listed.open(events.open, widgets.search, opened, cancels=asked, **AT_ONCE)
    widgets.listed.rename(events.rename, listing, widgets.listed, **AT_ONCE)
    widgets.listed.delete(events.delete, listing, opened, **AT_ONCE)
    widgets.listed.more(events.more, listing, widgets.listed, **AT_ONCE)
