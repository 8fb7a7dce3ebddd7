"""Draws what stands around a conversation: the list of all of them, the bar on top, and what a newcomer sees first."""

from collections.abc import Sequence

from rag.conversations import ConversationSummary
from rag.page_text import plain

_SAID = (
    "Ask a question about the news in this library: every sentence of the answer carries a number that leads to the "
    "exact words it rests on, and where the articles don’t say, the answer says so."
)


def render_top(*, here: str, name: str = "") -> str:
    """Return the bar on top of a page; `here` is the page's path, `name` who is signed in."""
    links = "".join(_page_link(path, said, here) for path, said in (("/", "Chat"), ("/library", "Library")))
    side = ""
    if here == "/":
        side = (
            '<button type="button" class="act side-toggle" data-do="toggle-side" aria-label="Conversations" '
            'aria-controls="side" aria-expanded="false"></button>'
        )
    account = ""
    if name:
        account = (
            f'<form class="account" action="/logout" method="post"><span dir="auto">{plain(name)}</span>'
            '<button type="submit">Sign out</button></form>'
        )
    theme = '<button type="button" class="act theme-toggle" data-do="toggle-theme" aria-label="Light or dark"></button>'
    return (
        f'<div class="top-bar">{side}<h1><a class="brand" href="/">newspulse</a></h1>'
        f'<nav aria-label="Pages">{links}</nav><div class="top-end">{account}{theme}</div></div>'
    )


def _page_link(path: str, said: str, here: str) -> str:
    current = ' aria-current="page"' if path == here else ""
    return f'<a href="{path}"{current}>{said}</a>'


def render_landing(examples: Sequence[str], articles: int, *, may_add: bool) -> str:
    """Return what a newcomer sees: what this is, in a sentence, and questions to try; or that there is nothing yet."""
    if not articles:
        how = 'Add some on the page <a href="/library">Library</a>.' if may_add else "Put some in with: rag index PATH"
        return f'<div class="landing"><h2>The library is empty</h2><p>{how}</p></div>'
    tried = "".join(
        f'<li><button type="button" class="suggestion" data-do="suggested" dir="auto">{plain(question)}</button></li>'
        for question in examples
    )
    count = f"{articles:,} article{'' if articles == 1 else 's'}"
    return (
        f'<div class="landing"><h2>Ask the news, see the proof</h2><p>{_SAID}</p>'
        f'<ul class="examples" aria-label="Examples">{tried}</ul>'
        f'<p class="about">{count} in the <a href="/library">library</a>.</p></div>'
    )


def render_conversations(found: Sequence[ConversationSummary], *, current: str, query: str, more: bool) -> str:
    """Return the list of conversations as HTML; `more` says that there are further ones than those found."""
    if not found:
        said = "No conversation holds that." if query.strip() else "Your conversations will stand here."
        return f'<p class="none">{said}</p>'
    rows = "".join(_row(summary, current) for summary in found)
    button = '<button type="button" class="more" data-do="more">Show more</button>' if more else ""
    return f'<nav aria-label="Conversations"><ul>{rows}</ul></nav>{button}'


def _row(summary: ConversationSummary, current: str) -> str:
    here = ' aria-current="true"' if summary.id == current else ""
    key, title = plain(summary.id), plain(summary.title)
    field = f"title-{key}"
    return (
        f'<li data-conversation="{key}"><a class="open" href="/?c={key}" dir="auto"{here}>{title}</a>'
        f'<details class="menu"><summary aria-label="More about: {title}"></summary><div class="menu-items">'
        '<button type="button" data-do="rename">Rename</button>'
        f'<a href="/conversations/{key}.md" download>Export as Markdown</a>'
        f'<a href="/conversations/{key}.json" download>Export as JSON</a>'
        '<button type="button" class="danger" data-do="delete">Delete</button></div></details>'
        f'<form class="rename-form" data-do="rename" hidden><label for="{field}">Title</label>'
        f'<input id="{field}" type="text" maxlength="200" dir="auto" value="{title}"><div class="form-buttons">'
        '<button type="submit" class="primary">Rename</button>'
        '<button type="button" data-do="close-form">Cancel</button></div></form>'
        '<div class="confirm" role="group" aria-label="Delete?" hidden><p>Delete for good? '
        'Verdicts you gave stay, without your name.</p><div class="form-buttons">'
        '<button type="button" class="danger" data-do="confirm-delete">Delete</button>'
        '<button type="button" data-do="close-form">Keep</button></div></div></li>'
    )
