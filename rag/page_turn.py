"""Draws one turn of a conversation: the question, the answer with its [n], what to do with it, and its sources.

The only markup is what is written here; the links in an answer lead to the sources of the same turn.
"""

import re
from collections.abc import Collection, Iterable

from rag.page_actions import edit_button, edit_form, render_actions, render_suggestions
from rag.page_sources import render_panel
from rag.page_text import day, plain
from rag.records import Notice, Scope
from rag.turns import Turn

MOST_QUESTION_CHARS_SHOWN = 1_000
_CITED = re.compile(r"\[(\d{1,4})\]")
# What a reader should not miss; other notices stand quietly below the answer.
_LABELS = {
    "conflict": "Sources differ",
    "time_scope": "Dates searched",
    "empty_scope": "Nothing from then",
    "cut_off": "Cut off",
    "generator_failed": "Another writer stepped in",
}
_MOST_NAMED_IN_SCOPE = 3


def render_turns(turns: Iterable[Turn]) -> str:
    """Return the turns as HTML, one after the other; "" for none."""
    return "".join(map(render_turn, turns))


def render_turn(turn: Turn) -> str:
    """Return one turn as HTML: the question, the answer, and beside it the panel of sources."""
    state = "" if turn.settled else ' aria-busy="true"'
    return (
        f'<article class="turn" data-turn="{turn.number}"{state}>{_asked(turn)}'
        f'<div class="columns"><div class="answer-side">{_answer_side(turn)}</div>{render_panel(turn)}</div></article>'
    )


def status_of(turn: Turn) -> str:
    """Return one line for a screen reader: how far the turn has come."""
    if turn.error:
        return plain(turn.error)
    if turn.stopped:
        return "Stopped."
    if not turn.settled:
        return "Searching the articles."
    if turn.abstained:
        return plain(turn.text)
    count = len(turn.quotes())
    return f"The answer is ready, with {count} citation{'' if count == 1 else 's'}."


def describe_scope(scope: Scope) -> str:
    """Return as HTML what was searched in, "" for everything."""
    pieces = []
    if scope.publishers:
        pieces.append(f"published by {_some(scope.publishers)}")
    if scope.article_ids:
        count = len(scope.article_ids)
        pieces.append(f"{count} chosen article{'' if count == 1 else 's'}")
    if scope.since:
        pieces.append(f"from {day(scope.since)}")
    if scope.until:
        pieces.append(f"up to {day(scope.until)}")
    return ", ".join(pieces)


def _some(names: Collection[str]) -> str:
    first = sorted(names)[:_MOST_NAMED_IN_SCOPE]
    more = len(names) - len(first)
    return ", ".join(f"<bdi>{plain(name)}</bdi>" for name in first) + (f" and {more} more" if more else "")


def _asked(turn: Turn) -> str:
    question = turn.question.strip()
    if not question:
        return ""
    shown = question[:MOST_QUESTION_CHARS_SHOWN] + ("…" if len(question) > MOST_QUESTION_CHARS_SHOWN else "")
    bounds = describe_scope(turn.scope)
    scope = f'<p class="scope">Asked of: {bounds}</p>' if bounds else ""
    edit, form = (edit_button(), edit_form(turn)) if turn.settled else ("", "")
    return f'<div class="asked"><h2 class="question" dir="auto">{plain(shown)}</h2>{edit}</div>{form}{scope}'


def _answer_side(turn: Turn) -> str:
    if turn.error:
        return f'<div class="error"><p dir="auto">{plain(turn.error)}</p></div>{render_actions(turn)}'
    pieces = []
    if turn.resolved_question and turn.resolved_question.strip() != turn.question.strip():
        change = '<button type="button" class="quiet" data-do="edit-resolved">Change</button>' if turn.settled else ""
        pieces.append(f'<p class="resolved" dir="auto">Understood as: {plain(turn.resolved_question)} {change}</p>')
    if turn.abstained:
        pieces.append(
            f'<div class="abstained"><p class="label">No answer</p>{_paragraphs(turn.text, turn)}{_why(turn)}</div>'
        )
    elif turn.text:
        pieces.append(f'<div class="answer">{_paragraphs(turn.text, turn)}</div>')
    elif not turn.settled:
        pieces.append('<p class="waiting">Searching the articles…</p>')
    if turn.stopped:
        pieces.append('<p class="stopped">Stopped before the end.</p>')
    return "".join(pieces) + _notices(turn) + render_suggestions(turn) + render_actions(turn)


def _why(turn: Turn) -> str:
    return "".join(f'<p class="why" dir="auto">{_told(n, turn)}</p>' for n in turn.notices if n.kind == "why")


def _paragraphs(text: str, turn: Turn) -> str:
    numbers = {number for number, *_ in turn.quotes()}
    paragraphs = [p for p in re.split(r"\n\s*\n", text) if p.strip()]
    return "".join(f'<p dir="auto">{_with_links(p, numbers, turn.number)}</p>' for p in paragraphs)


def _with_links(text: str, numbers: Collection[int], turn: int) -> str:
    """Return the text escaped, each [n] of a source of the turn a link to it; any other bracket stays text."""
    pieces, done = [], 0
    for found in _CITED.finditer(text):
        if int(found[1]) in numbers:
            pieces += [plain(text[done : found.start()]), _link(int(found[1]), turn)]
            done = found.end()
    return "".join(pieces) + plain(text[done:])


def _link(number: int, turn: int) -> str:
    return f'<a class="cite" href="#source-{turn}-{number}" aria-label="Source {number}">[{number}]</a>'


def _notices(turn: Turn) -> str:
    # The panel shows the nearest passages themselves, and the box of an abstention says why.
    quiet = {"why"} | ({"nearest"} if turn.sources else set())
    shown = [n for n in turn.notices if n.kind not in quiet]
    items = [f'<li class="{_kind(n)}" dir="auto">{_label(n)}{_told(n, turn)}</li>' for n in shown]
    return f'<ul class="notices">{"".join(items)}</ul>' if items else ""


def _kind(notice: Notice) -> str:
    return "loud" if notice.kind in _LABELS else "quiet"


def _label(notice: Notice) -> str:
    return f'<strong class="label">{_LABELS[notice.kind]}</strong> ' if notice.kind in _LABELS else ""


def _told(notice: Notice, turn: Turn) -> str:
    """Return a notice with links to its sources: in the place of its [n], else behind it."""
    text, behind = plain(notice.text), ""
    shown = {number for number, *_ in turn.quotes()}
    for number in filter(shown.__contains__, notice.citations):
        mark, link = f"[{number}]", _link(number, turn.number)
        # The link holds the mark too: it is put in once.
        text, behind = (text.replace(mark, link, 1), behind) if mark in text else (text, behind + link)
    return f"{text} {behind}".rstrip()
