"""Draws what can be done with a turn: edit, ask again, copy, say whether it was good; and what to ask instead."""

from html import escape

from rag.page_text import plain, seen
from rag.transcript import copied_text
from rag.turns import Turn

_MOST_COMMENT_CHARS = 4_000


def edit_button() -> str:
    """Return the button that opens the form of `edit_form`."""
    return _button("edit", "Edit the question")


def edit_form(turn: Turn) -> str:
    """Return the form, hidden, that asks the turn's question in other words."""
    texts = f' required data-asked="{_attribute(turn.question)}" data-resolved="{_attribute(turn.resolved_question)}"'
    hint = '<p class="hint">The answer is replaced, and with it what follows.</p>'
    return _form("ask-again", f"edit-{turn.number}", "Ask it differently", texts, hint, ("Ask", "Cancel"))


def render_actions(turn: Turn) -> str:
    """Return the row of buttons below a settled turn as HTML; "" while it is on its way."""
    if not turn.settled:
        return ""
    again = _button("retry", "Ask again")
    if turn.error or not turn.text:
        return f'<div class="actions">{again}</div>'
    copy = _button("copy", "Copy the answer with its sources", f' data-copy="{_attribute(copied_text(turn))}"')
    verdicts = "".join(
        _button(kind, said, f' aria-pressed="{"true" if turn.verdict == kind else "false"}"')
        for kind, said in (("good", "Good answer"), ("bad", "Bad answer"))
    )
    shows = '<button type="button" class="show-sources" data-do="show-sources">Sources</button>'
    return f'<div class="actions">{shows if turn.sources else ""}{copy}{again}{verdicts}</div>{_comment_form(turn)}'


def render_suggestions(turn: Turn) -> str:
    """Return the questions that can be asked instead as HTML; "" for none."""
    if not turn.suggestions:
        return ""
    asked = "".join(
        f'<li><button type="button" class="suggestion" data-do="suggested" dir="auto">{plain(question)}</button></li>'
        for question in turn.suggestions
    )
    return f'<div class="suggestions"><h3>These articles do answer</h3><ul>{asked}</ul></div>'


def _comment_form(turn: Turn) -> str:
    label, bound = "What was good or wrong? (optional)", f' maxlength="{_MOST_COMMENT_CHARS}"'
    return _form("comment", f"comment-{turn.number}", label, bound, "", ("Send", "No comment"))


def _form(do: str, field: str, label: str, attributes: str, hint: str, buttons: tuple[str, str]) -> str:
    send, leave = buttons
    return (
        f'<form class="{do}-form" data-do="{do}" hidden><label for="{field}">{label}</label>'
        f'<textarea id="{field}" rows="2" dir="auto"{attributes}></textarea>{hint}<div class="form-buttons">'
        f'<button type="submit" class="primary">{send}</button>'
        f'<button type="button" data-do="close-form">{leave}</button></div></form>'
    )


def _button(do: str, label: str, more: str = "") -> str:
    return f'<button type="button" class="act {do}" data-do="{do}" aria-label="{label}" title="{label}"{more}></button>'


def _attribute(text: str) -> str:
    """Return the text escaped for an attribute, its line ends kept."""
    return escape(seen(text), quote=True).replace("\n", "&#10;")
