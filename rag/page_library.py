"""Draws the library: its articles as a table, and what became of files that were added."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.page_text import day, link_to, plain
from rag.records import ArticleSummary

ROWS = 50


@dataclass(frozen=True, slots=True)
class Shelf:
    """One page of the library's table; `total` counts what the query finds, `page` counts from 0."""

    articles: Sequence[ArticleSummary]
    total: int
    query: str = ""
    page: int = 0


@dataclass(frozen=True, slots=True)
class FileState:
    """How far a file has come; `outcome` is "" while it is worked on, else what became of it, `said` why or what."""

    name: str
    outcome: str = ""
    said: str = ""
    done: int = 0
    total: int = 0


_OUTCOMES = {
    "added": "Added",
    "updated": "Updated",
    "unchanged": "Already there",
    "duplicate": "Duplicate",
    "refused": "Refused",
}
_FINE = ("added", "updated", "unchanged")
_MOST_FILES_SHOWN = 100


def render_library(shelf: Shelf, *, may_remove: bool) -> str:
    """Return the table as HTML, with what leads to the pages before and after it."""
    if not shelf.articles:
        said = "No article fits that." if shelf.query.strip() else "The library is empty."
        return f'<p class="none">{said}</p>'
    rows = "".join(_row(article, may_remove=may_remove) for article in shelf.articles)
    first, noun = shelf.page * ROWS + 1, "article" if shelf.total == 1 else "articles"
    told = f"{first:,} to {first + len(shelf.articles) - 1:,} of {shelf.total:,} {noun}, newest first"
    heads = "".join(
        f'<th scope="col"{kind}>{said}</th>'
        for said, kind in (("Article", ""), ("Published", ""), ("Stories", _NUMBER), ("Passages", _NUMBER), (_DO, ""))
    )
    return (
        f'<table class="library"><caption>{told}</caption><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table>{_pages(shelf)}"
    )


def render_files(files: Sequence[FileState]) -> str:
    """Return what became of each file, or how far it is, as HTML; "" for none.

    Of very many, those that went in are only counted.
    """
    if not files:
        return ""
    counts = Counter(state.outcome for state in files if state.outcome)
    told = ", ".join(f"{counts[outcome]:,} {said.lower()}" for outcome, said in _OUTCOMES.items() if counts[outcome])
    many = len(files) > _MOST_FILES_SHOWN
    shown = [f for f in files if f.outcome not in _FINE][:_MOST_FILES_SHOWN] if many else files
    rows = "".join(map(_file, shown))
    counted = f'<p class="counted">{told}</p>' if told else ""
    return f'{counted}<ul class="fates" aria-label="What became of each file">{rows}</ul>'


def render_removed(removed: Mapping[int, str]) -> str:
    """Return the titles of what was removed since the page was opened, each with the way back by its number."""
    if not removed:
        return ""
    rows = "".join(
        f'<li><span dir="auto">{plain(title)}</span> <button type="button" data-do="undo" data-number="{number}">'
        f'Undo<span class="unseen"> removing {plain(title)}</span></button></li>'
        for number, title in removed.items()
    )
    return f'<div class="removed"><h3>Removed</h3><p>It can be undone until this page is left.</p><ul>{rows}</ul></div>'


_NUMBER = ' class="number"'
_DO = '<span class="unseen">What to do</span>'


def _row(article: ArticleSummary, *, may_remove: bool) -> str:
    key, title = plain(article.id), plain(article.title)
    about = [f"<bdi>{plain(text)}</bdi>" for text in (article.publisher, article.author) if text]
    about += filter(None, [link_to(article.url)])
    unseen = f'<span class="unseen"> {title}</span>'
    ask = f'<button type="button" data-do="ask-of">Ask about it{unseen}</button>'
    remove = f'<button type="button" class="danger" data-do="remove">Remove{unseen}</button>' if may_remove else ""
    return (
        f'<tr data-article="{key}"><th scope="row"><span dir="auto">{title}</span>'
        f'<span class="about">{" · ".join([f"<code>{key}</code>", *about])}</span></th>'
        f"<td>{day(article.published, inferred=article.published_inferred)}</td>"
        f"<td{_NUMBER}>{article.stories:,}</td><td{_NUMBER}>{article.passages:,}</td>"
        f'<td class="do">{ask}{remove}</td></tr>'
    )


def _pages(shelf: Shelf) -> str:
    before = '<button type="button" data-do="before">Newer</button>' if shelf.page else ""
    after = '<button type="button" data-do="after">Older</button>' if (shelf.page + 1) * ROWS < shelf.total else ""
    return f'<div class="pages">{before}{after}</div>' if before or after else ""


def _file(state: FileState) -> str:
    name = f'<span class="name" dir="auto">{plain(state.name)}</span>'
    if not state.outcome:
        share = f' value="{state.done}" max="{state.total}"' if state.total else ""
        return f'<li class="under-way">{name}<progress aria-label="{plain(state.name)}"{share}></progress></li>'
    said = f' <span class="said" dir="auto">{plain(state.said)}</span>' if state.said else ""
    return f'<li class="{plain(state.outcome)}">{name} <strong>{_OUTCOMES[state.outcome]}</strong>{said}</li>'
