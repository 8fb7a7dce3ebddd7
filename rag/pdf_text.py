"""Reads the paragraphs of a PDF in the order of its layout. Knows no article; the layout analysis is pdfminer.six's.

A PDF says where characters stand, not what is a paragraph: lines are joined, words that were parted at a line's end are
mended, and what stands on page after page (running heads, page numbers) is left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, BinaryIO

from rag.cjk import has_cjk
from rag.errors import ArticleRefused

# Typographers set them as one character; no reader types them in a question.
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_UNMAPPED = re.compile(r"\(cid:\d+\)")
_DIGITS = re.compile(r"\d+")
_PARTED = re.compile(r"([^\W\d_]+)[-\u2010]$")
_BEGINS = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_ENDS = re.compile(r"[.!?。！？:：][\"'”’)\]»]*$")
_LISTED = re.compile(r"[•▪●◦‣■□]\s")
_SOFT_HYPHEN = "\u00ad"
_FEWEST_PAGES_WITH_A_HEAD = 3
# Of a line's height: how far in a first line stands, and how far from the margin a last line ends.
_INDENTED = 0.7
_ENDS_EARLY = 3.0
# Of a line's height: how near the next line of a paragraph is, and by how much their heights differ.
_CLOSE = 0.6
_ALIKE = 0.1


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is set; places are in points, from the left and from below."""

    text: str
    left: float
    right: float
    height: float
    bottom: float = 0.0


def read_pdf(file: BinaryIO, *, most_chars: int) -> tuple[list[str], dict[str, str]]:
    """Return the paragraphs, each on one line, and the properties `title`, `author` and `made` as they are written.

    Raises ArticleRefused for an encrypted file, for one without text and for more than `most_chars`; of a damaged one
    whatever pdfminer raises.
    """
    from pdfminer.layout import LAParams  # noqa: PLC0415 - an extra: only PDF needs it
    from pdfminer.pdfdocument import PDFDocument, PDFEncryptionError, PDFPasswordIncorrect  # noqa: PLC0415 - as above
    from pdfminer.pdfparser import PDFParser  # noqa: PLC0415 - as above

    try:
        document = PDFDocument(PDFParser(file))
    except (PDFPasswordIncorrect, PDFEncryptionError) as error:
        raise ArticleRefused("encrypted; save it without a password") from error
    said = document.info[0] if document.info else {}
    pages: list[list[list[Line]]] = []
    chars = 0
    for page in _laid_out(document, LAParams()):
        blocks = _merged(block for element in page for block in _blocks(element))
        chars += sum(len(line.text) for block in blocks for line in block)
        if chars > most_chars:
            raise ArticleRefused(f"more than {most_chars:,} characters of text; split it")
        pages.append(blocks)
    _check_readable(pages, chars)
    return join_blocks(without_running_heads(pages)), {
        "title": _property(said.get("Title")),
        "author": _property(said.get("Author")),
        "made": _day(_property(said.get("CreationDate"))),
    }


def without_running_heads(pages: list[list[list[Line]]]) -> list[list[Line]]:
    """Return all pages' blocks in order, without single lines that begin or end most of the pages.

    They may differ in a number; one that is the same everywhere is kept once. A document of one or two pages keeps all.
    """
    edges = [_said(block) for blocks in pages for block in _edges(blocks)]
    alike, same = Counter(map(_without_numbers, edges)), Counter(edges)
    fewest = max(len(pages) / 2, _FEWEST_PAGES_WITH_A_HEAD - 1)
    kept: list[list[Line]] = []
    told: set[str] = set()
    for blocks in pages:
        outer = [id(block) for block in _edges(blocks) if len(block) == 1]
        for block in blocks:
            said = _said(block)
            head = id(block) in outer and alike[_without_numbers(said)] > fewest
            if not head or (same[said] > 1 and said not in told):
                kept.append(block)
            told.update([said] if head else [])
    return kept


def join_blocks(blocks: Iterable[list[Line]]) -> list[str]:
    """Return paragraphs: lines joined, parted words mended, a sentence that runs on into the next block whole."""
    paragraphs = [paragraph for block in blocks for paragraph in _paragraphs(block)]
    seen = Counter(word.casefold() for lines in paragraphs for line in lines for word in _WORD.findall(line))
    joined: list[str] = []
    for lines in paragraphs:
        text = lines[0]
        for line in lines[1:]:
            text = _joined(text, line, seen)
        runs_on = joined and not _ENDS.search(joined[-1]) and text[0].islower()
        if runs_on and len(joined[-1].split()) > 1:
            joined[-1] = _joined(joined[-1], text, seen)
        else:
            joined.append(text)
    return [" ".join(text.replace(_SOFT_HYPHEN, "").split()) for text in joined]


def _laid_out(document: Any, parameters: Any) -> Iterator[Any]:
    from pdfminer.converter import PDFPageAggregator  # noqa: PLC0415 - as above
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager  # noqa: PLC0415 - as above
    from pdfminer.pdfpage import PDFPage  # noqa: PLC0415 - as above

    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=parameters)
    interpreter = PDFPageInterpreter(resources, device)
    for page in PDFPage.create_pages(document):
        interpreter.process_page(page)
        yield device.get_result()


def _blocks(element: Any) -> Iterator[list[Line]]:
    from pdfminer.layout import LTTextBox, LTTextLine  # noqa: PLC0415 - as above

    if not isinstance(element, LTTextBox):
        return
    lines = []
    for line in element:
        text = " ".join(_CONTROL.sub(" ", line.get_text().translate(_LIGATURES)).split())
        if isinstance(line, LTTextLine) and text:
            lines.append(Line(text, line.x0, line.x1, line.height, line.y0))
    if lines:
        yield lines


def _merged(blocks: Iterable[list[Line]]) -> list[list[Line]]:
    """Return the blocks, each that a line set in begins as one with the lines further left right below it."""
    merged: list[list[Line]] = []
    for block in blocks:
        before, line = merged[-1][-1] if merged else None, block[0]
        if before:
            gap = before.bottom - (line.bottom + line.height)
            close = abs(gap) < _CLOSE * line.height and abs(before.height - line.height) < _ALIKE * line.height
            if close and line.left + _INDENTED * line.height < before.left < line.right:
                merged[-1].extend(block)
                continue
        merged.append(block)
    return merged


def _check_readable(pages: list[list[list[Line]]], chars: int) -> None:
    if not pages:
        raise ArticleRefused("damaged, or no PDF: it has no page")
    lines = [line.text for blocks in pages for block in blocks for line in block]
    unmapped = sum(len(match) for line in lines for match in _UNMAPPED.findall(line))
    if not any(character.isalnum() for line in lines for character in _UNMAPPED.sub("", line)) or 2 * unmapped > chars:
        raise ArticleRefused(
            f"{len(pages)} pages without readable text (a scan?); run it through text recognition (OCR) first"
        )


def _edges(blocks: list[list[Line]]) -> list[list[Line]]:
    return [blocks[at] for at in {0, len(blocks) - 1}] if blocks else []


def _said(block: list[Line]) -> str:
    return " ".join(line.text for line in block)


def _without_numbers(said: str) -> str:
    return _DIGITS.sub("0", said)


def _paragraphs(block: list[Line]) -> Iterator[list[str]]:
    """Yield the lines of each paragraph.

    A new one begins with a list mark, behind a line that ended early with a stop, or set in, where first lines are
    (the fewer lines of the block).
    """
    left = min(line.left for line in block) + _INDENTED * block[0].height
    right = max(line.right for line in block)
    first_lines_set_in = sum(line.left > left for line in block) <= len(block) / 2
    lines = [block[0].text]
    for before, line in pairwise(block):
        ended = bool(_ENDS.search(before.text))
        early = before.right < right - _ENDS_EARLY * line.height
        set_in = line.left > left and first_lines_set_in
        if _LISTED.match(line.text) or (ended and early) or (set_in and (ended or early)):
            yield lines
            lines = []
        lines.append(line.text)
    yield lines


def _joined(text: str, line: str, seen: Counter[str]) -> str:
    if text.endswith(_SOFT_HYPHEN):
        return text[:-1] + line
    parted, begins = _PARTED.search(text), _BEGINS.match(line)
    if parted and begins:
        return (text[: parted.end(1)] if _is_mended(parted[1], begins[0], seen) else text) + line
    if text[-1:] in "-\u2010/" and begins:
        return text + line
    return text + line if has_cjk(text[-1]) and has_cjk(line[0]) else f"{text} {line}"


def _is_mended(left: str, right: str, seen: Counter[str]) -> bool:
    """Return whether the hyphen only parts a word: the rest of the text decides, else two words of it keep theirs.

    Before a capital or behind one letter alone it joins a compound, where the text does not know better.
    """
    whole, compound = f"{left}{right}".casefold(), f"{left}-{right}".casefold()
    if seen[whole] or seen[compound]:
        return seen[whole] >= seen[compound]
    if not right[0].islower() or len(left) == 1:
        return False
    # The part before a line's end is counted itself, once.
    return not (seen[left.casefold()] > 1 and seen[right.casefold()] > 1)


def _property(value: Any) -> str:
    from pdfminer.pdftypes import resolve1  # noqa: PLC0415 - as above
    from pdfminer.utils import decode_text  # noqa: PLC0415 - as above

    value = resolve1(value)
    return _CONTROL.sub(" ", decode_text(value)).strip() if isinstance(value, bytes) else ""


def _day(written: str) -> str:
    """Return the day of a PDF's date, D:YYYYMMDD..., as YYYY-MM-DD; "" for none (ISO 32000-1, 7.9.4)."""
    match = re.match(r"(?:D:)?(\d{4})(\d\d)(\d\d)", written)
    return "-".join(match.groups()) if match else ""
