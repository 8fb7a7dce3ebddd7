"""A chat to nest in somebody else's Gradio app: a box, the answers with their quotes, and a route for programs.

    with gr.Blocks() as demo:
        with gr.Tab("News"):
            build_chat(rag.open("my-store"))

Keeps a conversation as long as the page is open. The chat with everything is `rag chat`.
"""

from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.events import api

from rag.answer_json import answer_row
from rag.errors import RagError
from rag.page_plain import STYLE, draw_answer, draw_begun
from rag.page_text import plain
from rag.pipeline import Pipeline
from rag.records import Delta, Done, Message

API_NAME = "ask_the_news"
_AT_ONCE = 8

Said = list[dict[str, str]]
Shown = tuple[str, str, Said, Any]


def build_chat(assistant: Pipeline) -> gr.Blocks:
    """Return the chat; called within an open Blocks it stands there, else it can be rendered or launched.

    Its function for gradio_client is `ask_the_news(question, history)`, which returns what `rag ask --json` prints.
    """
    blocks: gr.Blocks
    with gr.Blocks(analytics_enabled=False) as blocks:
        past, said = gr.State(""), gr.State([])
        shown = gr.HTML(css_template=STYLE, js_on_load=None)
        box = gr.Textbox(label="Your question", placeholder="Ask about the articles", submit_btn=True)
        events = _Events(assistant)
        box.submit(
            events.ask,
            [box, past, said],
            [shown, past, said, box],
            concurrency_limit=_AT_ONCE,
            api_visibility="private",
        )
        api(events.tell, api_name=API_NAME, concurrency_limit=_AT_ONCE)
    return blocks


class _Events:
    def __init__(self, assistant: Pipeline) -> None:
        self._assistant = assistant

    def ask(self, question: str, past: str, said: Said) -> Iterator[Shown]:
        """Yield the page from the question alone to the whole answer, and what is kept for the next question."""
        text = ""
        yield _drawn(past, draw_begun(question, "Searching the articles…")), past, said, ""
        try:
            for event in self._assistant.stream(question, _messages(said)):
                if isinstance(event, Delta):
                    text += event.text
                    yield _drawn(past, draw_begun(question, text)), past, said, gr.skip()
                elif isinstance(event, Done):
                    turn = str(len(said) // 2 + 1)
                    past = _drawn(past, draw_answer(event.answer, turn))
                    said = [*said, _told("user", question), _told("assistant", event.answer.text)]
                    yield past, past, said, gr.skip()
        except RagError as error:
            failed = f'<p class="np-note">{plain(str(error))}</p>'
            yield _drawn(past, draw_begun(question, text) + failed), past, said, gr.skip()

    def tell(self, question: str, history: list[dict[str, str]]) -> dict[str, Any]:
        """Return the answer to the question as JSON; `history` holds role and content of each message before it."""
        try:
            return answer_row(self._assistant.ask(question, _messages(history)))
        except RagError as error:
            raise gr.Error(str(error), print_exception=False) from error


def _messages(said: Said) -> list[Message]:
    return [Message("user" if one["role"] == "user" else "assistant", one["content"]) for one in said]


def _told(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _drawn(past: str, turn: str) -> str:
    return f'{past}<div class="np-turn">{turn}</div>'
