"""Reads files into articles: plain text, Markdown, HTML and JSONL corpora. Knows no store; a bad file is a Refusal."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import BinaryIO

from rag.datelines import infer_published
from rag.dates import parse_date
from rag.errors import ArticleRefused
from rag.markup import read_html, read_markdown
from rag.records import Article, Refusal, Story
from rag.stories import find_stories

TEXT, MARKDOWN, HTML, JSONL = "text", "Markdown", "HTML", "JSONL"
FORMATS = {
    ".txt": TEXT,
    ".text": TEXT,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".jsonl": JSONL,
    ".ndjson": JSONL,
}
SHIPPED = "shipped"
"""Stands for the folder of the shipped articles in `Article.path`, which differs from one installation to another."""

MAX_ARTICLE_BYTES = 64 * 2**20
_SKIPPED_AT_ONCE = 2**20
_MAX_ID_CHARS = 512
_YAML_NULL = ("~", "null", "Null", "NULL")
_NOT_IN_AN_ID = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def shipped_folder() -> Path:
    """Return the folder of the articles that come with the program: inside the package, or beside it in a checkout."""
    inside = Path(__file__).with_name("seeds")
    return inside if inside.is_dir() else Path(__file__).parent.parent / "seeds"


def find_files(paths: Iterable[Path]) -> Iterator[Path | Refusal]:
    """Yield the files named, and those of known formats below the folders named, in order of path.

    Hidden files and links that lead out of the folder are passed over; a named path that is no regular file is refused.
    """
    for path in paths:
        try:
            if path.is_dir():
                yield from _below(path)
                continue
            reason = _why_not(path)
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
        yield Refusal(_printable(path), reason) if reason else path


def read_file(path: Path) -> Iterator[Article | Refusal]:
    """Yield the articles of one file: one, or of a JSONL corpus one a row; a refusal for each that cannot be read."""
    shown = _shown(path)
    try:
        if FORMATS.get(path.suffix.lower()) == JSONL:
            yield from _read_corpus(path, shown)
        else:
            yield _read_article(path, shown)
    except ArticleRefused as error:
        yield Refusal(shown, str(error))
    except OSError as error:
        yield Refusal(shown, f"cannot be read: {error.strerror or error}")


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
) -> Article:
    """Return the article that a text makes; what is not given is read from the text itself.

    The text is kept as it stands but for a byte order mark and CRLF. Raises ArticleRefused for a text without words,
    with NUL or with half a surrogate pair, and for an id that is empty, too long or holds control characters.
    """
    _check_id(article_id)
    text = _clean(text)
    headings, skip, front = read_markdown(text) if format_name == MARKDOWN else ([], [], {})

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


def _why_not(path: Path) -> str:
    """Return why a named path cannot be an article; empty where it can."""
    if not path.exists():
        return "no such file or folder; check the path"
    if not path.is_file():
        return "not a regular file"
    if path.suffix.lower() not in FORMATS:
        return f"unknown format '{_printable(path.suffix) or 'none'}'; known are: {' '.join(sorted(FORMATS))}"
    return ""


def _below(folder: Path) -> Iterator[Path | Refusal]:
    root = folder.resolve()
    closed: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            known = path.suffix.lower() in FORMATS and not name.startswith(".")
            if known and path.is_file() and path.resolve().is_relative_to(root):
                yield path
    for error in closed:
        yield Refusal(_printable(error.filename), f"cannot be read: {error.strerror or error}")


def _shown(path: Path) -> str:
    """Return what identifies the file in the store, the same in every installation for the shipped ones."""
    resolved = path.resolve()
    folder = shipped_folder().resolve()
    return f"{SHIPPED}/{resolved.name}" if resolved.parent == folder else _printable(resolved)


def _printable(path: Path | str) -> str:
    """Return the path as text; bytes of a name that are no UTF-8 are written as escapes."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _read_article(path: Path, shown: str) -> Article:
    size = path.stat().st_size
    if size > MAX_ARTICLE_BYTES:
        raise ArticleRefused(f"{size / 2**20:.0f} MB; one article may have {MAX_ARTICLE_BYTES >> 20}: split it")
    content = path.read_bytes()
    if FORMATS[path.suffix.lower()] == HTML:
        return _read_html(content, path.stem, shown)
    return article_from_text(
        _decode(content), article_id=path.stem, path=shown, format_name=FORMATS[path.suffix.lower()]
    )


def _read_html(content: bytes, stem: str, shown: str) -> Article:
    if not content.strip():
        raise ArticleRefused("empty")
    page = read_html(content)
    if page is None:
        raise ArticleRefused("no article text was found in this page")
    text = _clean(page.text)
    _check_id(stem)
    masthead, stories = find_stories(text, title=page.title, headings=page.headings)
    if not stories:
        raise ArticleRefused("no article text was found in this page")
    address = _web_address(page.url)
    known = parse_date(page.published) or masthead.published
    inferred = None if known else infer_published(_body(text, stories), url=address, name=stem)
    return Article(
        id=stem,
        title=masthead.title or stem,
        text=text,
        stories=stories,
        published=known or inferred,
        publisher=page.publisher or masthead.publisher,
        author=page.author or masthead.author,
        url=address,
        path=shown,
        published_inferred=inferred is not None,
    )


def _body(text: str, stories: Sequence[Story]) -> str:
    return text[stories[0].parts[0].start :]


def _read_corpus(path: Path, shown: str) -> Iterator[Article | Refusal]:
    seen: dict[str, int] = {}
    number = 0
    with path.open("rb") as file:
        for number, line in _rows(file):
            where = f"{shown}:{number}"
            try:
                article = _read_row(line, shown)
                first = seen.setdefault(article.id, number)
                if first != number:
                    raise ArticleRefused(f"the id '{article.id}' stands already in line {first}")  # noqa: TRY301
                yield article
            except ArticleRefused as error:
                yield Refusal(where, str(error))
    if not number:
        yield Refusal(shown, "holds no article: one JSON object a line is needed")


def _rows(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, numbered from 1; of one that is too long only as much as shows that it is."""
    number = 0
    while line := file.readline(MAX_ARTICLE_BYTES + 1):
        number += 1
        if line.strip():
            yield number, line
        over = len(line) > MAX_ARTICLE_BYTES
        while over and line and not line.endswith(b"\n"):
            line = file.readline(_SKIPPED_AT_ONCE)


def _read_row(line: bytes, shown: str) -> Article:
    if len(line) > MAX_ARTICLE_BYTES:
        raise ArticleRefused(f"a row of more than {MAX_ARTICLE_BYTES >> 20} MB; split it")
    try:
        row = json.loads(_decode(line))
    except (ValueError, RecursionError) as error:
        raise ArticleRefused(f"no JSON: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not isinstance(row.get("text"), str):
        raise ArticleRefused('a row needs "id" and "text", both strings')

    def field(*names: str) -> str:
        return next((str(row[n]) for n in names if row.get(n)), "")

    return article_from_text(
        row["text"],
        article_id=row["id"],
        title=_clean(field("title")).strip() if field("title") else "",
        published=parse_date(field("published", "date", "published_at")),
        publisher=field("publisher", "source"),
        author=field("author"),
        url=field("url"),
        path=shown,
    )


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ArticleRefused("UTF-16 text; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in content[:8192]:
            raise ArticleRefused("a binary file, no text") from error
        raise ArticleRefused(f"no UTF-8: byte {error.start} is {content[error.start]:#x}; convert it") from error


def _clean(text: str) -> str:
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
