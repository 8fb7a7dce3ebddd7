"""Turns the turns of a conversation into HTML; knows no web framework, no store and no model.

Every character of an article, a question or a model is escaped. The only markup is what is written here: paragraphs,
[n] links to the sources of the same turn, marks, and links to the http(s) addresses of articles.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from rag.records import Answer, Article, Hit, Message, Notice, Passage, Span

MOST_PASSAGES_SHOWN = 3
MOST_QUESTION_CHARS_SHOWN = 1_000
# A longer story is left to the publisher's page; the passage is shown all the same.
MOST_STORY_CHARS = 20_000

_CITED = re.compile(r"\[(\d{1,4})\]")
# Controls that draw nothing, reorder what follows (bidi overrides and isolates), or hide text (the tag block).
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
_LINE_END = re.compile(r"[^\S\n]*\n\s*")
_UNSAFE_IN_ADDRESS = re.compile(r"[\s<>\"'\\^`{|}]")


@dataclass(frozen=True, slots=True)
class Source:
    """What the panel shows of one passage; `quotes` holds (citation's number, span), () where nothing cites it.

    `story` holds the stretches of the story it stands in, () where that is unknown or no longer than the passage.
    """

    quotes: tuple[tuple[int, Span], ...]
    headline: str
    text: str
    span: Span
    title: str
    published: date | None
    publisher: str
    url: str
    story: tuple[tuple[Span, str], ...] = ()
    published_inferred: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what has come of it so far; `settled` once nothing more will come."""

    number: int
    question: str
    resolved_question: str = ""
    text: str = ""
    sources: tuple[Source, ...] = ()
    notices: tuple[Notice, ...] = ()
    abstained: bool = False
    stopped: bool = False
    settled: bool = False
    error: str = ""


def history_of(turns: Iterable[Turn]) -> list[Message]:
    """Return the conversation so far in plain text; a turn without an answer is left out."""
    said = [turn for turn in turns if turn.text]
    return [m for turn in said for m in (Message("user", turn.question), Message("assistant", turn.text))]


def cited_sources(answer: Answer, articles: Mapping[str, Article]) -> tuple[Source, ...]:
    """Return a source for each passage that is cited, in order of the numbers; a missing article gives no story."""
    passages = {hit.passage.id: hit.passage for hit in answer.hits}
    found: dict[tuple[str, Span], Source] = {}
    for c in answer.citations:
        passage = passages.get(c.passage_id) or Passage(0, c.article_id, c.headline, c.quote, c.span, 0)
        key = (c.article_id, passage.span)
        if key in found:
            found[key] = replace(found[key], quotes=(*found[key].quotes, (c.number, c.span)))
        else:
            story = _story_of(articles.get(c.article_id), passage)
            about = (c.title, c.published, c.publisher, c.url)
            quotes = ((c.number, c.span),)
            found[key] = Source(
                quotes, c.headline, passage.text, passage.span, *about, story, published_inferred=c.published_inferred
            )
    return tuple(found.values())


def nearest_sources(hits: Sequence[Hit], articles: Mapping[str, Article]) -> tuple[Source, ...]:
    """Return the first few passages, best first, as sources that nothing cites."""
    found = []
    for hit in hits[:MOST_PASSAGES_SHOWN]:
        article = articles.get(hit.passage.article_id)
        about = (article.title, article.published, article.publisher, article.url) if article else ("", None, "", "")
        story = _story_of(article, hit.passage)
        inferred = bool(article and article.published_inferred)
        passage = hit.passage
        found.append(
            Source((), passage.headline, passage.text, passage.span, *about, story, published_inferred=inferred)
        )
    return tuple(found)


def render_turns(turns: Iterable[Turn]) -> str:
    """Return the turns as HTML, one after the other; "" for none."""
    return "".join(map(render_turn, turns))


def render_turn(turn: Turn) -> str:
    """Return one turn as HTML: the question, the answer, and beside it the panel of sources."""
    question = turn.question.strip()
    shown = question[:MOST_QUESTION_CHARS_SHOWN] + ("…" if len(question) > MOST_QUESTION_CHARS_SHOWN else "")
    heading = f'<h2 class="question" dir="auto">{plain(shown)}</h2>' if question else ""
    state = "" if turn.settled else ' aria-busy="true"'
    return (
        f'<article class="turn" data-turn="{turn.number}"{state}>{heading}'
        f'<div class="columns"><div class="answer-side">{_answer_side(turn)}</div>{_panel(turn)}</div></article>'
    )


def plain(text: str) -> str:
    """Return the text escaped for HTML, in an element or an attribute, without the characters that draw nothing."""
    return escape(_UNSEEN.sub("", text), quote=True)


def safe_address(url: str) -> str | None:
    """Return the address if it is a plain http or https one, else None."""
    url = url.strip()
    if not url or _UNSAFE_IN_ADDRESS.search(url) or _UNSEEN.search(url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def highlight(text: str, span: Span, quotes: Iterable[tuple[int, Span]]) -> str:
    """Return the text that stands at `span` escaped, what is quoted of it marked with the citations' numbers."""
    within = [(n, max(q.start, span.start), min(q.end, span.end)) for n, q in quotes]
    within = [(n, start, end) for n, start, end in within if start < end]
    edges = sorted({span.start, span.end, *(edge for _, *edges in within for edge in edges)})
    pieces = []
    for start, end in pairwise(edges):
        shown = _prose(text[start - span.start : end - span.start])
        numbers = " ".join(str(n) for n, first, last in within if first <= start and end <= last)
        pieces.append(f'<mark data-cite="{numbers}">{shown}</mark>' if numbers else shown)
    return "".join(pieces)


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
    count = sum(len(source.quotes) for source in turn.sources)
    return f"The answer is ready, with {count} citation{'' if count == 1 else 's'}."


def _answer_side(turn: Turn) -> str:
    if turn.error:
        return f'<p class="error" dir="auto">{plain(turn.error)}</p>'
    pieces = []
    if turn.resolved_question and turn.resolved_question.strip() != turn.question.strip():
        pieces.append(f'<p class="resolved" dir="auto">Understood as: {plain(turn.resolved_question)}</p>')
    if turn.abstained:
        pieces.append(f'<div class="abstained"><p class="label">No answer</p>{_paragraphs(turn.text, turn)}</div>')
    elif turn.text:
        pieces.append(f'<div class="answer">{_paragraphs(turn.text, turn)}</div>')
    elif not turn.settled:
        pieces.append('<p class="waiting">Searching the articles…</p>')
    if turn.stopped:
        pieces.append('<p class="stopped">Stopped before the end.</p>')
    return "".join(pieces) + _notices(turn)


def _paragraphs(text: str, turn: Turn) -> str:
    numbers = _numbers(turn)
    paragraphs = [p for p in re.split(r"\n\s*\n", text) if p.strip()]
    return "".join(f'<p dir="auto">{_with_links(p, numbers, turn.number)}</p>' for p in paragraphs)


def _numbers(turn: Turn) -> set[int]:
    return {number for source in turn.sources for number, _ in source.quotes}


def _prose(text: str) -> str:
    """Return the text escaped, runs of blank lines drawn as one line's end."""
    return plain(_LINE_END.sub("\n", text))


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
    # The panel shows the nearest passages themselves; their headlines need no second list.
    shown = [n for n in turn.notices if n.kind != "nearest" or not turn.sources]
    items = [f'<li dir="auto">{_told(n, turn)}</li>' for n in shown]
    return f'<ul class="notices">{"".join(items)}</ul>' if items else ""


def _told(notice: Notice, turn: Turn) -> str:
    """Return a notice with links to its sources: in the place of its [n], else behind it."""
    text, behind, shown = plain(notice.text), "", _numbers(turn)
    for number in filter(shown.__contains__, notice.citations):
        mark, link = f"[{number}]", _link(number, turn.number)
        # The link holds the mark too: it is put in once.
        text, behind = (text.replace(mark, link, 1), behind) if mark in text else (text, behind + link)
    return f"{text} {behind}".rstrip()


def _panel(turn: Turn) -> str:
    if not turn.sources or turn.error:
        return ""
    cited = bool(_numbers(turn))
    heading = "Sources" if cited else "Nearest passages" if turn.abstained else "Passages found"
    cards = "".join(_card(source, turn.number) for source in turn.sources)
    return f'<aside class="sources" aria-label="{heading}"><h3>{heading}</h3>{cards}</aside>'


def _card(source: Source, turn: int) -> str:
    badges = "".join(f'<span class="number" id="source-{turn}-{n}">{n}</span>' for n, _ in source.quotes)
    kind = "source several" if len(source.quotes) > 1 else "source"
    quoted = highlight(source.text, source.span, source.quotes)
    return (
        f'<section class="{kind}" tabindex="-1"><h4>{badges}<span dir="auto">{plain(source.headline)}</span></h4>'
        f'{_byline(source)}<blockquote dir="auto">{quoted}</blockquote>{_story(source)}</section>'
    )


def _byline(source: Source) -> str:
    # The title of an article with one story is its headline, perhaps with the rubric in front.
    told = source.headline.strip() in source.title
    title = "" if told else f'<p class="title">In: <bdi>{plain(source.title)}</bdi></p>'
    pieces = []
    if source.publisher:
        pieces.append(f"<bdi>{plain(source.publisher)}</bdi>")
    if source.published:
        day = source.published
        shown = f'<time datetime="{day.isoformat()}">{day.day} {day:%B} {day.year}</time>'
        pieces.append(f"about {shown}, inferred" if source.published_inferred else shown)
    elif source.title:
        pieces.append("no date")
    address = safe_address(source.url)
    if address:
        link = f'href="{plain(address)}" target="_blank" rel="noopener noreferrer nofollow"'
        pieces.append(f"<a {link}>{plain(_host(address))}</a>")
    return title + (f'<p class="byline">{" · ".join(pieces)}</p>' if pieces else "")


def _host(address: str) -> str:
    """Return the address's host in ASCII, so that no look-alike letter passes for another."""
    host = urlsplit(address).hostname or ""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host.encode("ascii", "backslashreplace").decode("ascii")


def _story(source: Source) -> str:
    if not source.story:
        return ""
    parts = "".join(f'<p dir="auto">{highlight(text, span, source.quotes)}</p>' for span, text in source.story)
    return f"<details><summary>Read it in its story</summary>{parts}</details>"


def _story_of(article: Article | None, passage: Passage) -> tuple[tuple[Span, str], ...]:
    """Return the stretches of the story that holds the passage, cut at blank lines."""
    for story in article.stories if article else ():
        if not any(part.start <= passage.span.start < part.end for part in story.parts):
            continue
        length = sum(map(len, story.parts))
        if len(passage.span) < length <= MOST_STORY_CHARS:
            return tuple((part, part.of(article.text)) for part in story.parts) if article else ()
    return ()
