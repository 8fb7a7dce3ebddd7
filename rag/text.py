"""Characters, words and sentences. Knows nothing of articles; every place it gives is a span of the text it got."""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from rag.cjk import CJK_CHARACTERS, content_grams, count_cjk, grams, has_cjk, spaced
from rag.records import Span

_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "‚": "'", "„": '"', "`": "'"})
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_PART = re.compile(rf"[{CJK_CHARACTERS}]+|[^\W{CJK_CHARACTERS}]+(?:['’][^\W{CJK_CHARACTERS}]+)*")
_LIST_MARKER = re.compile(r"\s*(?:[-*•·▪]|\d{1,3}[.)、])\s+")
_CLOSING = re.compile(r"[\"'”’»)\]]+")
_CLAUSE = re.compile(r"[,;:，；：、]\s*|\s[-–—]\s|—")
_LONG_SENTENCE_CHARS = 400
_WRAPPED_LINE_CHARS = 100
_SHORTEST_WRAPPED_LINE_CHARS = 24
# sentencex takes time with the square of a text without spaces.
_READ_AT_ONCE_CHARS = 4000
_STOP = re.compile(r"[.!?。！？][\"”’)]*|\s")

# Function words of English: they say nothing of what a question is about.
STOP_WORDS = frozenset(
    """
    a about above after again all also am an and any are aren't as at be because been before being below between
    both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each ever few for
    from further get gets give got had hadn't has hasn't have haven't having he her here hers herself him himself his
    how i i'd i'll i'm i've if in into is isn't it it's its itself just know let let's like many may me might more
    most much must my myself need no nor not of off on once one only or other ought our ours ourselves out over own
    please really said same say says shall she should shouldn't so some such tell than that that's the their theirs
    them themselves then there there's these they they're this those through to too under until up upon us very want
    was wasn't we we're were weren't what what's when where where's which while who who's whom whose why will with
    won't would wouldn't yes you you're your yours yourself
    """.split()
)


def fold(text: str) -> str:
    """Return the text for comparison: NFKC, plain quotes, runs of white space as one space, case folded."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_QUOTES).casefold().split())


def without_unwritable(text: str) -> str:
    """Return the text without what no article holds and no encoder takes: halves of surrogate pairs, NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()


def one_line(text: str) -> str:
    """Return the text with every run of white space as one space."""
    return " ".join(text.split())


def searchable(text: str) -> str:
    """Return the text as the word index takes it: NFKC, CJK as characters and pairs with spaces between."""
    return spaced(unicodedata.normalize("NFKC", text))


def parts(text: str) -> list[str]:
    """Return the words in order, folded, a run of CJK whole; a word in two scripts falls apart where they meet."""
    return _PART.findall(fold(text))


def words(text: str) -> list[str]:
    """Return the words in order, folded; punctuation and symbols are none. CJK counts as characters and pairs."""
    folded = fold(text)
    if not has_cjk(folded):
        return _WORD.findall(folded)
    return [word for part in _PART.findall(folded) for word in (grams(part) if has_cjk(part) else [part])]


def content_words(text: str) -> list[str]:
    """Return the words that are no function words, in order, folded; all words where there are none else.

    Of CJK the pairs between function words, and the characters that stand alone there.
    """
    found = [word for part in parts(text) for word in (content_grams(part) if has_cjk(part) else [part])]
    return [word for word in found if word not in STOP_WORDS] or words(text)


def count_words(text: str) -> int:
    """Return the number of words between spaces, two CJK characters counted as one."""
    cjk = count_cjk(text)
    if not cjk:
        return len(text.split())
    return sum(not has_cjk(part) for part in _PART.findall(text)) + (cjk + 1) // 2


class _Stemmers(threading.local):
    """A stemmer a thread: it is not safe to share."""

    def __init__(self) -> None:
        # Its own cache is off: `stem` keeps what it was asked.
        self.porter = Stemmer.Stemmer("porter", 0)


_STEMMERS = _Stemmers()


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the word's Porter stem, as FTS5's `porter` tokenizer has it."""
    bare = word.removesuffix("'s").removesuffix("’s")
    return str(_STEMMERS.porter.stemWord(bare))


# The same sentences come up for question after question.
@lru_cache(maxsize=20_000)
def stems_of(text: str) -> frozenset[str]:
    """Return the stems of all words of the text."""
    return frozenset(map(stem, words(text)))


def lines(text: str) -> Iterator[Span]:
    """Yield the place of every line that holds more than white space, without the white space around it."""
    start = 0
    for line in text.split("\n"):
        body = line.strip()
        if body:
            lead = len(line) - len(line.lstrip())
            yield Span(start + lead, start + lead + len(body))
        start += len(line) + 1


def paragraphs(text: str) -> Iterator[Span]:
    """Yield paragraphs: lines, or, in text that is wrapped at a column, blocks between blank lines and list items."""
    found = list(lines(text))
    if not _is_wrapped(text, found):
        yield from found
        return
    block: Span | None = None
    in_list = False
    for line in found:
        # A wrapped line may begin with a number that ends a date: only after a stop or in a list is it an item.
        item = bool(_LIST_MARKER.match(text, line.start, line.end))
        item = item and (block is None or in_list or text[block.end - 1] in ".:;!?。：；！？")
        if block and text.count("\n", block.end, line.start) == 1 and not item:
            block = Span(block.start, line.end)
            continue
        if block:
            yield block
        block, in_list = line, item
    if block:
        yield block


def sentences(text: str) -> list[Span]:
    """Return every sentence's place, in order; together they cover all but white space and list markers.

    A sentence never runs past a paragraph. Boundaries are sentencex's (Wikimedia's, https://github.com/wikimedia/sentencex).
    """
    found: list[Span] = []
    for paragraph in paragraphs(text):
        marker = _LIST_MARKER.match(text, paragraph.start, paragraph.end)
        start = marker.end() if marker and marker.end() < paragraph.end else paragraph.start
        found.extend(span.shifted(start) for span in _split(text[start : paragraph.end]))
    return found


def cut(text: str, span: Span, most_chars: int) -> list[Span]:
    """Return the span in pieces of at most `most_chars`, each ending at a clause, else at a space, else anywhere."""
    pieces = []
    start = span.start
    while span.end - start > most_chars:
        window = text[start : start + most_chars]
        ends = [m.end() for m in _CLAUSE.finditer(window) if m.end() > most_chars // 3]
        end = ends[-1] if ends else window.rfind(" ") + 1
        end = end if end > 0 else most_chars
        pieces.append(_trim(text, Span(start, start + end)))
        start += end
    pieces.append(_trim(text, Span(start, span.end)))
    return [piece for piece in pieces if len(piece)]


def _is_wrapped(text: str, found: list[Span]) -> bool:
    """Return whether most lines end in mid-sentence near one column: then line ends mean nothing, but in a table."""
    if len(found) < 3:  # noqa: PLR2004 - two lines make no habit
        return False
    lengths = sorted(map(len, found))
    if lengths[-1] > _WRAPPED_LINE_CHARS or lengths[len(lengths) // 2] < _SHORTEST_WRAPPED_LINE_CHARS:
        return False
    open_ended = sum(1 for line in found if text[line.end - 1] not in ".!?。！？:：\"”’'»)]*_")
    tabular = sum(1 for line in found if "\t" in line.of(text) or "|" in line.of(text))
    return open_ended > 0.5 * len(found) and 2 * tabular < len(found)


def _split(paragraph: str) -> list[Span]:
    found = []
    for span in _boundaries(paragraph, paragraph):
        if len(span) <= _LONG_SENTENCE_CHARS:
            found.append(span)
            continue
        # A long quotation counts as one sentence to sentencex; with its marks hidden it falls into its own sentences.
        inside = span.of(paragraph)
        hidden = inside.translate({ord(mark): "_" for mark in '"“”«»'})
        found.extend(piece.shifted(span.start) for piece in _boundaries(inside, hidden))
    return found


def _boundaries(text: str, seen: str) -> list[Span]:
    """Return sentences of `text`, split as sentencex splits `seen`, which has the same length."""
    found: list[Span] = []
    for start, end in _cuts(seen):
        closing = _CLOSING.match(text, start, end)
        if found and closing and text[start - 1 : start].strip():
            found[-1] = Span(found[-1].start, closing.end())
            start = closing.end()  # noqa: PLW2901 - the mark belongs to the sentence before
        span = _trim(text, Span(start, end))
        if len(span):
            found.append(span)
    return found


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Yield sentencex's boundaries, of a long text in portions that end at a stop, else at a space."""
    import sentencex  # noqa: PLC0415 - stored passages are cut already

    start = 0
    while start < len(text):
        end = min(start + _READ_AT_ONCE_CHARS, len(text))
        if end < len(text):
            stops = [m.end() for m in _STOP.finditer(text, start + _READ_AT_ONCE_CHARS // 2, end)]
            marks = [stop for stop in stops if not text[stop - 1].isspace()]
            end = (marks or stops or [end])[-1]
        for boundary in sentencex.get_sentence_boundaries("en", text[start:end]):
            yield start + boundary["start_index"], start + boundary["end_index"]
        start = end


def _trim(text: str, span: Span) -> Span:
    body = span.of(text)
    lead = len(body) - len(body.lstrip())
    return Span(span.start + lead, span.start + lead + len(body.strip()))
