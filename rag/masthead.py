"""What stands around the body of an article: who published it and when, captions, labels. Knows no story."""

import re
from dataclasses import dataclass
from datetime import date

from rag.cjk import count_cjk
from rag.dates import DATE, parse_date
from rag.records import Span

MASTHEAD_LINES = 8
LABEL_LINE_CHARS = 160
ENDS_SENTENCE = re.compile(r"[.!?。！？][\"'”’)\]]*$")

_LABEL = re.compile(
    r"(?P<label>From|Source|Publisher|Editor|Author|Reporter|By|Published|Updated|Date|来源|编辑|责任编辑|作者|记者|发布时间)"
    r"\s*[:：]\s*",
    re.IGNORECASE,
)
_PUBLISHER_LABELS = {"from", "source", "publisher", "来源"}
_AUTHOR_LABELS = {"editor", "author", "reporter", "by", "编辑", "责任编辑", "作者", "记者"}
_BYLINE = re.compile(r"By\s+(?P<author>[A-Z][\w'’.-]+(?:\s+[A-Z][\w'’.-]+){1,4})(?:\s*[,|–-]\s*[\w ,]{0,60})?$")
_RUBRIC = re.compile(
    r"(?:for immediate release|press release|news release|breaking(?: news)?|exclusive|opinion|analysis|live)[:.!]?$",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?\b")
_MOST_VALUE_WORDS = 6
# Chinese sets no spaces: what stands beside a date is a publisher or a whole sentence.
_MOST_CJK_BESIDE_A_DATE = 10
_DATE_WITHIN_LINES = 4
_FILE = re.compile(r"\S+\.(?:jpe?g|png|gif|webp|bmp|svg|mp4)$|\S*_\d{6,}\w*$", re.IGNORECASE)
# What a content system leaves behind a caption: caption_fororder_20240101123456_99_compress
_ASSET = re.compile(r"\S*_[a-z]+_\d{8,}\w*$", re.IGNORECASE)
_CAPTION_WORDS = 15
_TRAILING_LABEL = re.compile(
    r"^(?:标签|关键词|责任编辑|编辑|来源|tags?|keywords?|topics?|related|share(?: this)?|editor|source)\s*[:：]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Masthead:
    """What the text itself says of its publication."""

    title: str = ""
    published: date | None = None
    publisher: str = ""
    author: str = ""


def read_masthead(text: str, spans: list[Span]) -> tuple[Masthead, set[Span]]:
    """Return what the first lines say of the publication, and which of them (labels, byline, rubric) are no body."""
    found = Masthead()
    dropped: set[Span] = set()
    for number, span in enumerate(spans[:MASTHEAD_LINES]):
        line = span.of(text) if len(span) <= LABEL_LINE_CHARS else ""
        told = _read_line(line, dated=number < _DATE_WITHIN_LINES) if line else None
        if told:
            dropped.add(span)
            found = Masthead(
                "",
                found.published or told.published,
                found.publisher or told.publisher,
                found.author or told.author,
            )
    # A text of nothing but labels is its own body.
    return (found, dropped) if len(dropped) < len(spans) else (Masthead(), set())


def _read_line(line: str, *, dated: bool) -> Masthead | None:
    """Return what a line of labels, a byline, a date or a rubric says; None for a line of body."""
    byline = _BYLINE.match(line)
    if byline:
        return Masthead(author=byline["author"])
    if _RUBRIC.match(line):
        return Masthead()
    labels = list(_LABEL.finditer(line))
    published = parse_date(line)
    rest = _CLOCK.sub("", DATE.sub("", line[: labels[0].start()] if labels else line))
    long = len(rest.split()) > 2 or count_cjk(rest) > _MOST_CJK_BESIDE_A_DATE  # noqa: PLR2004
    if long or not ((published and dated) or labels):
        return None
    ends = [*(m.start() for m in labels[1:]), len(line)]
    values = {m["label"].casefold(): line[m.end() : end].strip() for m, end in zip(labels, ends, strict=False)}
    longest = max((len(value.split()) for value in values.values()), default=0)
    # "Source: the ministry said so." is a sentence.
    if labels and (ENDS_SENTENCE.search(line) or longest > _MOST_VALUE_WORDS):
        return None
    publisher = next((v for k, v in values.items() if k in _PUBLISHER_LABELS), "")
    author = next((v for k, v in values.items() if k in _AUTHOR_LABELS), "")
    return Masthead("", published, publisher, author) if published or publisher or author else None


def find_boilerplate(text: str, spans: list[Span]) -> set[Span]:
    """Return lines that are an image's file name, the caption under one, or a label that closes the page."""
    found: set[Span] = set()
    for number, span in enumerate(spans):
        tail = span.of(text).rsplit(maxsplit=1)[-1]
        alone = len(tail) == len(span)
        if len(tail) > LABEL_LINE_CHARS or not (_ASSET.search(tail) or (alone and _FILE.match(tail))):
            continue
        found.add(span)
        caption = spans[number + 1].of(text) if number + 1 < len(spans) else ""
        few = len(caption.split(maxsplit=_CAPTION_WORDS)) <= _CAPTION_WORDS
        if caption and few and not ENDS_SENTENCE.search(caption):
            found.add(spans[number + 1])
    for span in reversed(spans):
        line = span.of(text)
        if len(line) > LABEL_LINE_CHARS or not _TRAILING_LABEL.match(line) or ENDS_SENTENCE.search(line):
            break
        found.add(span)
    return found
