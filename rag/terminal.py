"""How things look in a terminal: answers, lists, progress. Knows records, asks nothing and stores nothing."""

import json
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rag.dates import written_date
from rag.records import Answer, ArticleSummary, IndexReport, StoreInfo
from rag.text import one_line

if TYPE_CHECKING:
    from tqdm import tqdm

_WIDTH = 100
_NEAREST = 3
_EXCERPT_CHARS = 200


class Progress:
    """A progress bar on stderr with rate and time left; silent where stderr is no terminal."""

    def __init__(self, what: str, *, unit: str = "B") -> None:
        self._what = what
        self._unit = unit
        self._bar: tqdm[Any] | None = None
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wipe()

    def say(self, doing: str) -> None:
        """Show what takes its time."""
        if self._shown:
            self._wipe()
            print(f"\r\033[K{doing} ...", end="", file=sys.stderr, flush=True)

    def advance(self, done: int, total: int, what: str) -> None:
        """Show how many of how many units are done, and what is being worked on."""
        if not self._shown:
            return
        if self._bar is None:
            self._wipe()
            self._bar = self._make_bar(total)
        self._bar.set_postfix_str(printable(what)[:40], refresh=False)
        self._bar.update(done - self._bar.n)

    def _make_bar(self, total: int) -> "tqdm[Any]":
        from tqdm import tqdm  # noqa: PLC0415 - a question needs no bar

        shape: dict[str, Any] = {"unit": self._unit, "unit_scale": True, "leave": False, "dynamic_ncols": True}
        return tqdm(total=total, desc=self._what, file=sys.stderr, **shape)

    def _wipe(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        elif self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def printable(text: str) -> str:
    """Return the text on one line without control characters: an article must not drive the terminal."""
    return "".join(c if c.isprintable() else " " for c in one_line(text))


def answer_lines(answer: Answer) -> Iterator[str]:
    """Yield the answer, then its numbered sources with their quotes; of an abstention, the nearest passages."""
    if answer.resolved_question != answer.question:
        yield f"(understood as: {printable(answer.resolved_question)})"
    yield from _wrapped(printable(answer.text), "")
    for notice in answer.notices:
        if notice.kind != "nearest":
            yield from _wrapped(f"! {printable(notice.text)}", "  ")
    yield ""
    if answer.abstained:
        yield from _nearest(answer)
        return
    for citation in answer.citations:
        published = written_date(citation.published, inferred=citation.published_inferred)
        about = ", ".join(filter(None, [citation.article_id, citation.publisher, published]))
        source = f"{citation.headline} ({about}){'' if published else ', no date'}"
        yield from _wrapped(f"[{citation.number}] {printable(source)}", "    ")
        yield from _wrapped(f'    "{printable(citation.quote)}"', "    ")


def _nearest(answer: Answer) -> Iterator[str]:
    if not answer.hits:
        return
    yield "Nearest passages:"
    for hit in answer.hits[:_NEAREST]:
        yield from _wrapped(f"- {printable(hit.passage.headline)} ({printable(hit.passage.article_id)})", "  ")
        excerpt = textwrap.shorten(printable(hit.passage.text), _EXCERPT_CHARS, placeholder=" ...")
        yield from _wrapped(f"  {excerpt}", "  ")


def index_lines(report: IndexReport, store: Path) -> Iterator[str]:
    """Yield what an indexing run did, in one line."""
    counts = {
        "added": len(report.added),
        "updated": len(report.updated),
        "unchanged": len(report.unchanged),
        "refused": len(report.refused),
    }
    told = ", ".join(f"{count} {fate}" for fate, count in counts.items() if count) or "nothing to do"
    yield f"{told}; {report.passages} passages embedded into {store}"


def listing(summaries: Sequence[ArticleSummary], *, as_json: bool) -> Iterator[str]:
    """Yield a line an article: id, date ("?" behind one that is inferred), counts, title; or a JSON object each."""
    for s in summaries:
        published = s.published.isoformat() if s.published else None
        if as_json:
            row = {field: getattr(s, field) for field in ("id", "title", "publisher", "author", "url", "path")}
            counts = {"stories": s.stories, "passages": s.passages, "characters": s.characters}
            when = {"published": published, "published_inferred": s.published_inferred}
            yield json.dumps({**row, **when, **counts}, ensure_ascii=False)
        else:
            day = (published or "----------") + ("?" if s.published_inferred else " ")
            counted = f"{s.stories:3d} stories {s.passages:5d} passages"
            yield f"{printable(s.id)}  {day} {counted}  {printable(s.title)}"
    if not as_json:
        yield f"{len(summaries)} articles, {sum(s.passages for s in summaries)} passages"


def info_lines(about: StoreInfo) -> Iterator[str]:
    """Yield what a store holds and how it is searched, a line each."""
    size = f"{_megabytes(about.database_bytes)} database, {_megabytes(about.index_bytes)} vector index"
    size += f", {_megabytes(about.words_bytes)} word arrays" if about.words_bytes else ""
    rows = {
        "store": f"{printable(about.folder)}, generation {about.generation}",
        "articles": f"{about.articles:,}",
        "passages": f"{about.passages:,} of at most {about.passage_tokens} tokens",
        "embedder": f"{printable(about.embedder)} ({about.fingerprint[:12]}), {about.dim} components",
        "on disk": size,
        "index": about.why,
    }
    if about.snapshot_generation is not None:
        changed = f"{about.added:,} passages added and {about.removed:,} removed since"
        rows["snapshot"] = f"{about.lists:,} lists, of generation {about.snapshot_generation}, {changed}"
    yield from (f"{name:<9} {told}" for name, told in rows.items())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _wrapped(text: str, indent: str) -> list[str]:
    lead = text[: len(text) - len(text.lstrip())]
    return textwrap.wrap(
        text.strip(), _WIDTH, initial_indent=lead, subsequent_indent=indent, break_long_words=False
    ) or [""]
