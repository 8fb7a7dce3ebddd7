"""Turns text into HTML that is nothing but that text. Knows no turn, no article and no web framework.

Every character of an article, a question or a model passes through here before it stands on a page.
"""

import re
from collections.abc import Iterable
from datetime import date
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from rag.records import Span

# What draws nothing, reorders what follows (bidi overrides and isolates), hides text (the tag block), or is half of a
# surrogate pair, on which the stream to a browser breaks off.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_END = re.compile(r"[^\S\n]*\n\s*")
_UNSAFE_IN_ADDRESS = re.compile(r"[\s<>\"'\\^`{|}]")


def plain(text: str) -> str:
    """Return the text escaped for HTML, in an element or an attribute, without the characters that draw nothing."""
    return escape(seen(text), quote=True)


def seen(text: str) -> str:
    """Return the text without the characters that draw nothing, hide text or reorder it."""
    return _UNSEEN.sub("", text)


def prose(text: str) -> str:
    """Return the text escaped, runs of blank lines drawn as one line's end."""
    return plain(_LINE_END.sub("\n", text))


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


def link_to(url: str) -> str:
    """Return a link to an article's address that shows its host; "" where the address is not a safe one."""
    address = safe_address(url)
    if not address:
        return ""
    link = f'href="{plain(address)}" target="_blank" rel="noopener noreferrer nofollow"'
    return f"<a {link}>{plain(_host(address))}</a>"


def day(published: date | None, *, inferred: bool = False) -> str:
    """Return a day as HTML, "no date" for none."""
    if not published:
        return "no date"
    shown = f'<time datetime="{published.isoformat()}">{published.day} {published:%B} {published.year}</time>'
    return f"about {shown}, inferred" if inferred else shown


def highlight(text: str, span: Span, quotes: Iterable[tuple[int, Span]]) -> str:
    """Return the text that stands at `span` escaped, what is quoted of it marked with the citations' numbers."""
    within = [(n, max(q.start, span.start), min(q.end, span.end)) for n, q in quotes]
    within = [(n, start, end) for n, start, end in within if start < end]
    edges = sorted({span.start, span.end, *(edge for _, *edges in within for edge in edges)})
    pieces = []
    for start, end in pairwise(edges):
        shown = prose(text[start - span.start : end - span.start])
        numbers = " ".join(str(n) for n, first, last in within if first <= start and end <= last)
        pieces.append(f'<mark data-cite="{numbers}">{shown}</mark>' if numbers else shown)
    return "".join(pieces)


def _host(address: str) -> str:
    """Return the address's host in ASCII, so that no look-alike letter passes for another."""
    host = urlsplit(address).hostname or ""
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host.encode("ascii", "backslashreplace").decode("ascii")
