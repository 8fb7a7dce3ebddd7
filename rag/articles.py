"""Reads files into articles: text, Markdown, HTML, JSONL, PDF and Word. Knows no store; a bad file is a Refusal."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from rag.article_text import MARKDOWN, TEXT, article_from_text, clean_text
from rag.dates import parse_date
from rag.documents import PDF, WORD, read_document
from rag.errors import ArticleRefused
from rag.markup import read_html
from rag.records import Article, Refusal
from rag.stories import Heading

__all__ = [
    "FORMATS",
    "JSONL",
    "MAX_ARTICLE_BYTES",
    "SHIPPED",
    "article_from_text",
    "find_files",
    "read_file",
    "read_named",
    "shipped_folder",
    "unknown_format",
]

HTML, JSONL = "HTML", "JSONL"
FORMATS = {
    ".txt": TEXT,
    ".text": TEXT,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".html": HTML,
    ".htm": HTML,
    ".jsonl": JSONL,
    ".ndjson": JSONL,
    ".pdf": PDF,
    ".docx": WORD,
}
SHIPPED = "shipped"
"""Stands for the folder of the shipped articles in `Article.path`, which differs from one installation to another."""

MAX_ARTICLE_BYTES = 64 * 2**20
_SKIPPED_AT_ONCE = 2**20


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
    return read_named(path, path.name, shown=_shown(path))


def read_named(path: Path, name: str, *, shown: str) -> Iterator[Article | Refusal]:
    """Yield what `read_file` yields, of the file that lies there as if it were called `name`.

    The name gives format and id; `shown` becomes the articles' path, and a refusal's with the line in a corpus.
    """
    suffix = PurePosixPath(name).suffix.lower()
    stem = PurePosixPath(name).stem
    try:
        if FORMATS.get(suffix) == JSONL:
            yield from _read_corpus(path, shown)
        else:
            yield _read_article(path, FORMATS.get(suffix, ""), stem=stem, shown=shown)
    except ArticleRefused as error:
        yield Refusal(shown, str(error))
    except OSError as error:
        yield Refusal(shown, f"cannot be read: {error.strerror or error}")


def unknown_format(name: str) -> str:
    """Return why a file of this name cannot be read; "" where its format is known."""
    suffix = PurePosixPath(name).suffix
    if suffix.lower() in FORMATS:
        return ""
    return f"unknown format '{_printable(suffix) or 'none'}'; known are: {' '.join(sorted(FORMATS))}"


def _why_not(path: Path) -> str:
    """Return why a named path cannot be an article; empty where it can."""
    if not path.exists():
        return "no such file or folder; check the path"
    if not path.is_file():
        return "not a regular file"
    return unknown_format(path.name)


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


def _read_article(path: Path, format_name: str, *, stem: str, shown: str) -> Article:
    size = path.stat().st_size
    if size > MAX_ARTICLE_BYTES:
        raise ArticleRefused(f"{size / 2**20:.0f} MB; one article may have {MAX_ARTICLE_BYTES >> 20}: split it")
    if format_name in (PDF, WORD):
        return _read_document(path, format_name, stem=stem, shown=shown)
    content = path.read_bytes()
    if format_name == HTML:
        return _read_html(content, stem, shown)
    return article_from_text(_decode(content), article_id=stem, path=shown, format_name=format_name)


def _read_html(content: bytes, stem: str, shown: str) -> Article:
    if not content.strip():
        raise ArticleRefused("empty")
    page = read_html(content)
    if page is None:
        raise ArticleRefused("no article text was found in this page")
    return article_from_text(
        page.text,
        article_id=stem,
        title=page.title,
        published=parse_date(page.published),
        publisher=page.publisher,
        author=page.author,
        url=page.url,
        path=shown,
        headings=page.headings,
    )


def _read_document(path: Path, format_name: str, *, stem: str, shown: str) -> Article:
    document = read_document(path, format_name)
    headings = [Heading(at, at.of(document.text), level) for at, level in document.headings]
    article = article_from_text(document.text, article_id=stem, title=document.title, path=shown, headings=headings)
    # The text goes first: a document's properties say who made the file and when, often long after.
    if document.made and not article.published:
        article = replace(article, published=document.made, published_inferred=True)
    return article if article.author else replace(article, author=document.author)


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
        title=clean_text(field("title")).strip() if field("title") else "",
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
