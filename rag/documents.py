"""Reads PDF and Word files: their paragraphs, and what their properties say. Knows no article and no store.

A hostile file can make any reader loop or eat memory, so each is read by a process of its own with a limit of time and
of memory: the file costs a refusal, whatever it does. The readers are an extra: pip install 'newspulse[documents]'.
"""

import contextlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZipFile

from rag.dates import parse_date
from rag.errors import ArticleRefused
from rag.pdf_text import read_pdf
from rag.records import Span
from rag.text import count_words, fold, one_line

PDF, WORD = "PDF", "Word"
LIMIT_S = 20.0
LIMIT_BYTES = 2**30

_BETWEEN = "\n\n"
_MOST_CHARS = 16 * 2**20
_NEEDS = {PDF: "pdfminer", WORD: "mammoth"}
_FIRST_DAY = date(1990, 1, 1)
_TITLE_CHARS = 300
_AUTHOR_CHARS = 100
_FEWEST_TITLE_WORDS = 3
_TITLE_WITHIN_CHARS = 2000
_NO_TITLE = re.compile(
    r"microsoft (?:word|powerpoint)\b|untitled|unbenannt|sans titre|无标题|document ?\d*$|slide ?\d|layout ?\d|title$"
    r"|.*\.(?:docx?|pdf|indd|qxd|tex|dvi|odt|rtf|txt|pub|p65|html?)$",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"(?:(?:microsoft )?office|windows|microsoft)?\s*(?:user|owner|admin|administrator|author|unknown|anonymous|root"
    r"|guest|default|test|python-docx|openpyxl|benutzer|pc|computer|home|none|n/?a|\W*)\d*$",
    re.IGNORECASE,
)
_OLD_WORD = b"\xd0\xcf\x11\xe0"
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = {*_HEADINGS, "p", "li", "tr", "table", "ul", "ol"}
_STYLES = "p[style-name='Title'] => h1:fresh"


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says: its paragraphs, a line each with an empty line between, and the headings' places and depths.

    `title`, `author` and `made` are those of its properties that are plausible: no file name, no account's name, no day
    before 1990 or in the future.
    """

    text: str
    headings: tuple[tuple[Span, int], ...] = ()
    title: str = ""
    author: str = ""
    made: date | None = None


def read_document(
    path: Path,
    format_name: str,
    *,
    program: Sequence[str] = (),
    limit_s: float = LIMIT_S,
    limit_bytes: int = LIMIT_BYTES,
) -> Document:
    """Return what the file says, read by a process of its own; `program` stands for that in tests.

    Raises ArticleRefused for an encrypted, scanned or damaged file, for one that takes too long or too much memory, and
    where the extra is not installed; OSError where the file cannot be opened.
    """
    if not program and not importlib.util.find_spec(_NEEDS[format_name]):
        raise ArticleRefused(f"reading {format_name} needs a further package; run: pip install 'newspulse[documents]'")
    # -P: a module in the folder one stands in must not be run in place of a library's.
    command = program or (sys.executable, "-P", "-X", "utf8", "-m", "rag.documents")
    root = str(Path(__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.getenv("PYTHONPATH")])])}
    with path.open("rb") as file:
        try:
            run = subprocess.run(  # noqa: S603 - our own program; the file's name is no part of it
                [*command, format_name, str(limit_bytes)],
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ArticleRefused(f"not read within {limit_s:g} s; split it, or save it as text") from None
    return _document(run.stdout, format_name, limit_bytes)


def _document(output: bytes, format_name: str, limit_bytes: int) -> Document:
    try:
        said = json.loads(output)
    except ValueError:
        # Killed, or out of memory where no word could be said of it.
        said = {"refused": f"not read: it broke the {format_name} reader, which may use {limit_bytes >> 20} MB"}
    if "refused" in said:
        raise ArticleRefused(said["refused"])
    headings, start = [], 0
    for paragraph, level in said["paragraphs"]:
        if level:
            headings.append((Span(start, start + len(paragraph)), level))
        start += len(paragraph) + len(_BETWEEN)
    text = _BETWEEN.join(paragraph for paragraph, _ in said["paragraphs"])
    title, author = plausible_title(said["title"], text), plausible_author(said["author"])
    return Document(text, tuple(headings), title, author, plausible_day(said["made"]))


def plausible_title(title: str, text: str) -> str:
    """Return the title where the text begins with it or it reads like one; "" for a file's or a template's name."""
    title = one_line(title)
    if not title or len(title) > _TITLE_CHARS or _NO_TITLE.match(title):
        return ""
    said = fold(title) in fold(text[:_TITLE_WITHIN_CHARS])
    return title if said or (count_words(title) >= _FEWEST_TITLE_WORDS and "_" not in title) else ""


def plausible_author(author: str) -> str:
    """Return the author where that can be a person's or a paper's name."""
    author = one_line(author)
    return "" if len(author) > _AUTHOR_CHARS or _NO_AUTHOR.match(author) or "@" in author else author


def plausible_day(written: str) -> date | None:
    """Return the day, written YYYY-MM-DD, where a file can have been made on it."""
    day = parse_date(written)
    return day if day and _FIRST_DAY <= day <= date.today() + timedelta(days=1) else None  # noqa: DTZ011 - a day has no zone


def read_word(file: BinaryIO, *, most_chars: int) -> tuple[list[tuple[str, int]], dict[str, str]]:
    """Return the paragraphs with their depth as headings, 0 for none, and the properties `title`, `author`, `made`.

    Raises ArticleRefused for an encrypted or old file and for one without text; of a damaged one whatever mammoth
    raises.
    """
    import mammoth  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra: only Word needs it

    if file.read(len(_OLD_WORD)) == _OLD_WORD:
        raise ArticleRefused("encrypted, or of Word 97-2003; save it as .docx without a password")
    file.seek(0)
    # Pictures are left where they are: as text they would be megabytes of base64.
    pictures = mammoth.images.img_element(lambda _image: {"src": ""})
    html = mammoth.convert_to_html(file, convert_image=pictures, style_map=_STYLES).value
    reader = _Paragraphs()
    reader.feed(html)
    reader.close()
    if not reader.found:
        raise ArticleRefused("holds no text, only pictures or nothing")
    if sum(len(text) for text, _ in reader.found) > most_chars:
        raise ArticleRefused(f"more than {most_chars:,} characters of text; split it")
    return reader.found, _word_properties(file)


class _Paragraphs(HTMLParser):
    """Collects the text of each block of mammoth's HTML, which is well formed; a row's cells stand side by side."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, int]] = []
        self._text = ""
        self._level = 0
        self._rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._turn(tag, 1)
        if tag == "br":
            self._text += " "
        self._level = _HEADINGS.get(tag, self._level)

    def handle_endtag(self, tag: str) -> None:
        self._turn(tag, -1)
        if tag in ("td", "th"):
            self._text += "\t"

    def handle_data(self, data: str) -> None:
        self._text += data

    def close(self) -> None:
        super().close()
        self._end()

    def _turn(self, tag: str, by: int) -> None:
        if tag == "tr":
            self._end()
            self._rows += by
        elif tag in _BLOCKS and self._rows:
            self._text += " "
        elif tag in _BLOCKS:
            self._end()

    def _end(self) -> None:
        cells = [one_line(cell) for cell in self._text.split("\t")]
        text = " | ".join(filter(None, cells)) if self._rows else one_line(self._text)
        if text:
            self.found.append((text, self._level))
        self._text, self._level = "", 0


def _word_properties(file: BinaryIO) -> dict[str, str]:
    """Return what the core properties say (ECMA-376-2, 11.1)."""
    from xml.etree import ElementTree as ET  # noqa: PLC0415 - as above

    with ZipFile(file) as parts:
        if "docProps/core.xml" not in parts.namelist():
            return {"title": "", "author": "", "made": ""}
        root = ET.fromstring(parts.read("docProps/core.xml"))  # noqa: S314 - within the limits of this process
    said = {element.tag.rpartition("}")[2]: element.text or "" for element in root}
    return {"title": said.get("title", ""), "author": said.get("creator", ""), "made": said.get("created", "")[:10]}


def convert(file: BinaryIO, format_name: str, most_chars: int = _MOST_CHARS) -> dict[str, Any]:
    """Return what the reading process says: `paragraphs`, `title`, `author`, `made`; or `refused` with the reason."""
    try:
        if format_name == PDF:
            paragraphs, said = read_pdf(file, most_chars=most_chars)
            return {"paragraphs": [(text, 0) for text in paragraphs], **said}
        found, said = read_word(file, most_chars=most_chars)
    except ArticleRefused as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": "not read: it takes too much memory; split it, or save it as text"}
    except Exception as error:  # noqa: BLE001 - a damaged file makes the readers raise whatever it likes
        reason = one_line(f"{type(error).__name__}: {error}")[:120]
        return {"refused": f"damaged, or no {format_name} file ({reason})"}
    return {"paragraphs": found, **said}


def limit_memory(most_bytes: int) -> None:
    """Bound this process's address space, where the system knows such a bound."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))


def main() -> None:
    """Read standard input, a file of the format that the first argument names, and write what it says as JSON."""
    limit_memory(int(sys.argv[2]))
    said = json.dumps(convert(sys.stdin.buffer, sys.argv[1]), ensure_ascii=True)
    sys.stdout.write(said)


if __name__ == "__main__":
    main()
