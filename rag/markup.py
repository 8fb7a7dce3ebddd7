"""What Markdown and HTML say of a text: headings, front matter. The parsing is markdown-it's and trafilatura's."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rag.errors import ArticleRefused
from rag.records import Span
from rag.stories import Heading
from rag.text import lines

_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n(?:---|\.\.\.)\n", re.DOTALL)

# PyYAML reads some 70 characters a millisecond.
_LONGEST_FRONT_MATTER = 64 * 2**10


@dataclass(frozen=True, slots=True)
class Page:
    """What trafilatura finds in an HTML page: the article's text, with its headings, and metadata."""

    text: str
    headings: tuple[Heading, ...]
    title: str
    published: str
    publisher: str
    author: str
    url: str


def read_html(content: bytes) -> Page | None:
    """Return the page's article; None where there is none."""
    import trafilatura  # noqa: PLC0415 - slow to import, and only HTML needs it

    found = trafilatura.bare_extraction(content, with_metadata=True, include_comments=False)
    # Its type allows a dict, for a flag that is not given.
    if found is None or isinstance(found, dict) or not (found.text or "").strip():
        return None
    heads = [(el.get("rend") or "h2", "".join(el.itertext())) for el in found.body.iter("head")]
    text = found.text or ""
    return Page(
        text,
        tuple(_locate(text, heads)),
        (found.title or "").strip(),
        found.date or "",
        found.sitename or "",
        found.author or "",
        found.url or "",
    )


def read_markdown(text: str) -> tuple[list[Heading], list[Span], dict[str, Any]]:
    """Return a Markdown text's headings, the stretch of its front matter, and what that says."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only Markdown needs it

    skip: list[Span] = []
    front: dict[str, Any] = {}
    match = _FRONT_MATTER.match(text)
    offset = 0
    if match and match.end() > _LONGEST_FRONT_MATTER:
        raise ArticleRefused(f"front matter of {match.end()} characters; at most {_LONGEST_FRONT_MATTER} are read")
    if match:
        import yaml  # noqa: PLC0415 - only front matter needs it

        try:
            # Strings, lists and mappings only: merge keys would multiply a few lines without end.
            loaded = yaml.load(match.group(1), Loader=yaml.BaseLoader)  # noqa: S506 - the safest of them
        except (yaml.YAMLError, RecursionError) as error:
            raise ArticleRefused(f"the front matter is no YAML: {str(error).splitlines()[0]}") from error
        front = {str(k).lower(): v for k, v in loaded.items()} if isinstance(loaded, dict) else {}
        skip = [Span(0, match.end())]
        offset = match.end()
    starts = [0]
    for line in text[offset:].split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    headings = []
    # Only blocks are asked for: parsing what stands inside them takes ten times as long.
    tokens = MarkdownIt("commonmark").disable("inline").parse(text[offset:])
    for token, inline in pairwise(tokens):
        if token.type == "heading_open" and token.map and inline.content.strip():
            first, last = token.map
            at = Span(offset + starts[first], offset + starts[last] - 1)
            start = text.find(inline.content, at.start, at.end)
            said = Span(start, start + len(inline.content)) if start >= 0 else at
            headings.append(Heading(at, " ".join(inline.content.split()), int(token.tag[1:]), said))
    return headings, skip, front


def _locate(text: str, heads: list[tuple[str, str]]) -> list[Heading]:
    """Return the headings that stand on a line of their own in the text, in order."""
    places: dict[str, list[Span]] = {}
    for span in lines(text):
        places.setdefault(span.of(text), []).append(span)
    found: list[Heading] = []
    start = 0
    for rank, head in heads:
        line = " ".join(head.split())
        at = next((span for span in places.get(line, ()) if span.start >= start), None)
        if at:
            found.append(Heading(at, line, int(rank[1:]) if rank[1:].isdigit() else 2))
            start = at.end
    return found
