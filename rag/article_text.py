"""Makes an Article of a text: what is given wins over what the text says of itself. Knows no file and no store."""

import re
from collections.abc import Sequence
from datetime import date

from rag.datelines import infer_published
from rag.dates import parse_date
from rag.errors import ArticleRefused
from rag.markup import read_markdown
from rag.records import Article, Story
from rag.stories import Heading, find_stories

TEXT, MARKDOWN = "text", "Markdown"

_MAX_ID_CHARS = 512
_YAML_NULL = ("~", "null", "Null", "NULL")
_NOT_IN_AN_ID = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def article_from_text(
    text: str,
    *,
    article_id: str,
    title: str = "",
    published: date | None = None,
    publisher: str = "",
    author: str = "",
    url: str = "",
    path: str = "",
    format_name: str = TEXT,
    headings: Sequence[Heading] = (),
) -> Article:
    """Return the article that a text makes; what is not given is read from the text itself.

    `headings` are those that a format has marked; Markdown's own are read from its text.
    The text is kept as it stands but for a byte order mark and CRLF. Raises ArticleRefused for a text without words,
    with NUL or with half a surrogate pair, and for an id that is empty, too long or holds control characters.
    """
    _check_id(article_id)
    text = clean_text(text)
    headings, skip, front = read_markdown(text) if format_name == MARKDOWN else (headings, [], {})

    def said(name: str) -> str:
        value = front.get(name)
        return value if isinstance(value, str) and value not in _YAML_NULL else ""

    masthead, stories = find_stories(text, title=title or said("title"), headings=headings, skip=skip)
    if not stories:
        raise ArticleRefused("holds no sentence of body text")
    address = _web_address(url or said("url"))
    known = published or parse_date(said("date")) or masthead.published
    inferred = None if known else infer_published(_body(text, stories), url=address, name=article_id)
    article = Article(
        id=article_id,
        title=masthead.title or article_id,
        text=text,
        stories=stories,
        published=known or inferred,
        publisher=publisher or said("publisher") or masthead.publisher,
        author=author or said("author") or masthead.author,
        url=address,
        path=path,
        published_inferred=inferred is not None,
    )
    _check_characters(f"{article.title}{article.publisher}{article.author}{article.url}")
    return article


def _body(text: str, stories: Sequence[Story]) -> str:
    return text[stories[0].parts[0].start :]


def clean_text(text: str) -> str:
    """Return the text without a byte order mark, its line ends as one character; raises ArticleRefused for no text."""
    _check_characters(text)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.strip():
        raise ArticleRefused("empty")
    return text


def _check_characters(text: str) -> None:
    if "\0" in text:
        raise ArticleRefused("a binary file, no text")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ArticleRefused(f"character {error.start} is half of a surrogate pair") from error


def _check_id(article_id: str) -> None:
    if not article_id.strip() or len(article_id) > _MAX_ID_CHARS or _NOT_IN_AN_ID.search(article_id):
        raise ArticleRefused(
            f"an id has 1 to {_MAX_ID_CHARS} characters and no control characters: {article_id[:60]!r}"
        )
    try:
        article_id.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ArticleRefused("the id holds half of a surrogate pair") from error


def _web_address(url: str) -> str:
    """Return the address where it is http or https; anything else would be a link that runs or leaks."""
    return url.strip() if re.match(r"https?://\S+\Z", url.strip(), re.IGNORECASE) else ""
