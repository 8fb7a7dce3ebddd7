"""What happens on the chat page: events of a browser in, what rag.chat makes of them out, as updates of the widgets.

Keeps nothing between events. What an event carries comes from a browser: it may be any JSON.
"""

import contextlib
import html
import re
import textwrap
from collections.abc import Generator, Iterator, Sequence
from datetime import date
from typing import Any

import gradio as gr

from rag.chat import Chat, Step
from rag.errors import RagError, told_to_visitors
from rag.page_conversations import render_conversations, render_landing, render_top
from rag.page_text import plain, seen
from rag.page_turn import describe_scope, render_turn, render_turns, status_of
from rag.records import Scope
from rag.server import owner_of, signed_in_name

ASK, STOP = "Ask", "Stop"
# What is answered without waiting in line; not listed for programs.
AT_ONCE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
_LISTED = 40
_MOST_CHOICES = 500
_CHOICE_CHARS = 90
_TAG = re.compile(r"<[^>]*>")

Update = tuple[Any, ...]


class ChatEvents:
    """The events of the chat page. A "talk" is conversation, landing, past turns, current turn, status and box."""

    def __init__(self, chat: Chat, *, may_add: bool) -> None:
        self._chat = chat
        self._may_add = may_add

    def ask(self, request: gr.Request, question: str, conversation: str, *bounds: Any) -> Iterator[Update]:
        """Yield the talk, from the question alone to the whole answer."""
        yield from _shown(self._chat.ask(owner_of(request), conversation, question, read_bounds(bounds)))

    def ask_suggested(
        self, request: gr.Request, event: gr.EventData, conversation: str, *bounds: Any
    ) -> Iterator[Update]:
        """Ask a question that the page suggests, as `ask`."""
        yield from self.ask(request, text_of(event, "question"), conversation, *bounds)

    def ask_again(self, request: gr.Request, event: gr.EventData, conversation: str, *bounds: Any) -> Iterator[Update]:
        """Ask a turn's question anew, in other words where some are given; the turn and what follows are replaced."""
        owner, number = owner_of(request), number_of(event, "turn")
        turn = next((t for t in self._chat.turns(owner, conversation) if t.number == number), None)
        question = text_of(event, "question") or (turn.question if turn else "")
        instead_of = number if turn else None
        yield from _shown(self._chat.ask(owner, conversation, question, read_bounds(bounds), instead_of=instead_of))

    def settle(self, request: gr.Request, conversation: str) -> Update:
        """Return turn, status and box at rest; a turn that was stopped on its way says so. Follows every question."""
        turn = self._chat.last(owner_of(request), conversation)
        drawn = (render_turn(turn), status_of(turn)) if turn else (gr.skip(), gr.skip())
        return *drawn, gr.update(submit_btn=ASK, stop_btn=False)

    def judge(self, request: gr.Request, event: gr.EventData, conversation: str) -> str:
        """Keep a verdict, and return a line that says so."""
        verdict, comment = text_of(event, "verdict"), text_of(event, "comment")
        try:
            self._chat.judge(owner_of(request), conversation, number_of(event, "turn"), verdict, comment)
        except RagError as error:
            return plain(f"Not noted: {told_to_visitors(error)}")
        return "Thank you, noted." if verdict else "Taken back."

    def load(self, request: gr.Request) -> Update:
        """Return bar, talk, list and bounds as the page's address names them: a conversation, an article, or none."""
        asked = dict(request.query_params)
        opened = self._opened(owner_of(request), str(asked.get("c", "")), "", at_once=True)
        article = str(asked.get("article", ""))
        if article:
            opened = (*opened[:-5], *self._bounds(Scope(frozenset([article]))))
        return render_top(here="/", name=signed_in_name(request)), *opened

    def examples(self, request: gr.Request) -> Any:
        """Return the landing with its examples, which take a moment to make; nothing where a conversation is open."""
        asked = dict(request.query_params)
        return gr.skip() if self._chat.turns(owner_of(request), str(asked.get("c", ""))) else self._landing()

    def begin(self, request: gr.Request, search: str) -> Update:
        """Return talk, list and bounds without a conversation."""
        return self._opened(owner_of(request), "", search)

    def open(self, request: gr.Request, event: gr.EventData, search: str) -> Update:
        """Return talk, list and bounds of the conversation that was chosen."""
        return self._opened(owner_of(request), text_of(event, "conversation"), search)

    def listed(self, request: gr.Request, search: str, conversation: str) -> str:
        """Return the list of conversations."""
        return self._listed(owner_of(request), search, conversation)

    def more(self, request: gr.Request, event: gr.EventData, search: str, conversation: str) -> str:
        """Return a longer list of conversations."""
        return self._listed(owner_of(request), search, conversation, number_of(event, "shown") + _LISTED)

    def rename(self, request: gr.Request, event: gr.EventData, search: str, conversation: str) -> str:
        """Give a conversation another title, and return the list."""
        owner = owner_of(request)
        with told():
            self._chat.conversations.rename(owner, text_of(event, "conversation"), title=text_of(event, "title"))
        return self._listed(owner, search, conversation)

    def delete(self, request: gr.Request, event: gr.EventData, search: str, conversation: str) -> Update:
        """Delete a conversation, and return talk, list and bounds without it."""
        owner, gone = owner_of(request), text_of(event, "conversation")
        with told():
            self._chat.conversations.delete(owner, gone)
        if gone == conversation:
            return self._opened(owner, "", search)
        return *[gr.skip()] * 6, self._listed(owner, search, conversation), *[gr.skip()] * 5

    def _opened(self, owner: str, conversation: str, search: str, *, at_once: bool = False) -> Update:
        turns = self._chat.turns(owner, conversation)
        conversation = conversation if turns else ""
        # What was being written when the server went away is put back by the page.
        box = gr.skip() if at_once else gr.Textbox(value="", submit_btn=ASK, stop_btn=False)
        last = render_turn(turns[-1]) if turns else ""
        landing = "" if turns else self._landing(at_once=at_once)
        talk = (conversation, landing, render_turns(turns[:-1]), last, "", box)
        scope = turns[-1].scope if turns else Scope()
        return *talk, self._listed(owner, search, conversation), *self._bounds(scope)

    def _landing(self, *, at_once: bool = False) -> str:
        with self._chat.assistant.library.reader() as reader:
            count, _ = reader.count_articles(Scope())
        examples = self._chat.examples() if count and not at_once else ()
        return render_landing(examples, count, may_add=self._may_add)

    def _listed(self, owner: str, search: str, conversation: str, most: int = _LISTED) -> str:
        try:
            found = self._chat.conversations.list(owner, query=search, most=most + 1)
        except RagError as error:
            return f'<p class="none">{plain(told_to_visitors(error))}</p>'
        return render_conversations(found[:most], current=conversation, query=search, more=len(found) > most)

    def _bounds(self, scope: Scope) -> Update:
        """Return what chooses where to search, with what there is to choose from, and what the choice is called."""
        with self._chat.assistant.library.reader() as reader:
            publishers = sorted({*reader.publishers(_MOST_CHOICES), *scope.publishers})
        named = [(textwrap.shorten(seen(name), _CHOICE_CHARS, placeholder=" …"), name) for name in publishers]
        return (
            gr.Dropdown(choices=named, value=sorted(scope.publishers)),
            self._articles(sorted(scope.article_ids)),
            scope.since.isoformat() if scope.since else "",
            scope.until.isoformat() if scope.until else "",
            _titled(scope),
        )

    def _articles(self, chosen: Sequence[str]) -> gr.Dropdown:
        with self._chat.assistant.library.reader() as reader:
            listed, _ = reader.find_articles("", most=_MOST_CHOICES)
            titles = {a.id: a.title for a in (*listed, *reader.summaries(list(chosen)))}
        choices = [(textwrap.shorten(seen(t), _CHOICE_CHARS, placeholder=" …"), key) for key, t in titles.items()]
        return gr.Dropdown(choices=choices, value=[key for key in chosen if key in titles])


def read_bounds(bounds: Sequence[Any]) -> Scope:
    """Return the scope that the widgets give; a day that is none sets no bound."""
    publishers, articles, since, until = bounds
    return Scope(_chosen(articles), _chosen(publishers), _day(since), _day(until))


def describe_bounds(*bounds: Any) -> gr.Accordion:
    """Return the accordion with what is searched in on its front."""
    return _titled(read_bounds(bounds))


def text_of(event: gr.EventData, name: str) -> str:
    """Return a text that an event carries, "" where it carries none."""
    carried = event._data  # noqa: SLF001 - asked by its attributes it raises for one that is missing
    value = carried.get(name) if isinstance(carried, dict) else None
    return value if isinstance(value, str) else ""


def number_of(event: gr.EventData, name: str) -> int:
    """Return a number that an event carries, 0 where it carries none."""
    carried = event._data  # noqa: SLF001 - as above
    value = carried.get(name) if isinstance(carried, dict) else None
    return value if isinstance(value, int) else 0


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Tell in the corner of the page what goes wrong in the body."""
    try:
        yield
    except RagError as error:
        gr.Warning(plain(told_to_visitors(error)))


def _shown(steps: Generator[Step]) -> Iterator[Update]:
    # Closed at once where the page is left or the answer stopped: what writes it ends too.
    with contextlib.closing(steps):
        for number, step in enumerate(steps):
            # A value costs Gradio a tenth of a skip, and the same one is not sent again. Where an update (a skip is
            # one) and a value take turns, it keeps a copy of the widget each time: the past turns would pile up.
            past, box = gr.skip(), gr.skip()
            if number == 0:
                past = gr.update(value=render_turns(step.earlier))
                box = gr.update(value="", submit_btn=False, stop_btn=STOP)
            yield step.conversation, "", past, render_turn(step.turn), status_of(step.turn), box


def _titled(scope: Scope) -> gr.Accordion:
    said = html.unescape(_TAG.sub("", describe_scope(scope)))
    return gr.Accordion(label=f"Search in: {said or 'everything'}")


def _chosen(names: Any) -> frozenset[str]:
    return frozenset(name for name in names or () if isinstance(name, str))


def _day(written: Any) -> date | None:
    with contextlib.suppress(ValueError):
        return date.fromisoformat(str(written or "").strip()[:10])
    return None
