"""Draws the panel of a turn's sources: each passage with its quotes marked, alone and in its story."""

from rag.page_text import day, highlight, link_to, plain
from rag.records import Span
from rag.turns import Source, Turn

_GONE = {
    "removed": "This article is no longer in the library; what was quoted is shown as it stood.",
    "changed": "This article has changed since; what was quoted is shown as it stood.",
}


def render_panel(turn: Turn) -> str:
    """Return the panel as HTML; "" for a turn without sources, and for one that went wrong."""
    if not turn.sources or turn.error:
        return ""
    heading = _heading(turn)
    cards = "".join(_card(source, turn.number) for source in turn.sources)
    return (
        f'<aside class="sources" aria-label="{heading}" tabindex="-1"><div class="panel-head"><h3>{heading}</h3>'
        f'<button type="button" class="close" data-do="close-sources">Close</button></div>{cards}</aside>'
    )


def _heading(turn: Turn) -> str:
    if turn.quotes():
        return "Sources"
    return "Nearest passages" if turn.abstained else "Passages found"


def _card(source: Source, turn: int) -> str:
    badges = "".join(f'<span class="number" id="source-{turn}-{n}">{n}</span>' for n, _ in source.quotes)
    kind = "source several" if len(source.quotes) > 1 else "source"
    text, span = _below_headline(source)
    quoted = highlight(text, span, source.quotes)
    gone = f'<p class="gone">{_GONE[source.gone]}</p>' if source.gone else ""
    return (
        f'<section class="{kind}" tabindex="-1"><h4>{badges}<span dir="auto">{plain(source.headline)}</span></h4>'
        f'{_byline(source)}{gone}<blockquote dir="auto">{quoted}</blockquote>{_story(source)}</section>'
    )


def _below_headline(source: Source) -> tuple[str, Span]:
    """Return the passage and its place without the headline that it may begin with: that stands above it already."""
    headline, start = source.headline.strip(), source.span.start
    if not headline or not source.text.startswith(headline):
        return source.text, source.span
    rest = source.text[len(headline) :].lstrip()
    begin = source.span.end - len(rest)
    if not rest or any(start <= quoted.start < begin for _, quoted in source.quotes):
        return source.text, source.span
    return rest, Span(begin, source.span.end)


def _byline(source: Source) -> str:
    # The title of an article with one story is its headline, perhaps with the rubric in front.
    told = source.headline.strip() in source.title
    title = "" if told else f'<p class="title">In: <bdi>{plain(source.title)}</bdi></p>'
    pieces = [f"<bdi>{plain(source.publisher)}</bdi>"] if source.publisher else []
    if source.published or source.title:
        pieces.append(day(source.published, inferred=source.published_inferred))
    pieces += filter(None, [link_to(source.url)])
    return title + (f'<p class="byline">{" · ".join(pieces)}</p>' if pieces else "")


def _story(source: Source) -> str:
    if not source.story:
        return ""
    parts = "".join(f'<p dir="auto">{highlight(text, span, source.quotes)}</p>' for span, text in source.story)
    return f'<details><summary>Read it in its story</summary><div class="story" tabindex="0">{parts}</div></details>'
