"""A conversation in plain text, Markdown and JSON, to take along. Knows turns; asks nothing and stores nothing."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from rag.page_text import safe_address, seen
from rag.turns import Source, Turn, turn_row

# Everything that means something in Markdown or in the HTML it may hold: an article's text must not become either.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&$^:=@\"'])")
_BLANK_LINES = re.compile(r"\n\s*\n")


def copied_text(turn: Turn) -> str:
    """Return the answer in plain text, below it the quotes that its numbers stand for."""
    pieces = [turn.text]
    for number, source, span in turn.quotes():
        pieces.append(f"[{number}] “{source.quote(span)}”\n{' · '.join(_about(source))}")
    return "\n\n".join(pieces)


def transcript_markdown(title: str, turns: Iterable[Turn]) -> str:
    """Return the conversation as Markdown in which every character of a text stands for itself."""
    pieces = [f"# {_literal(title)}", *(piece for turn in turns for piece in _turn_pieces(turn))]
    return "\n\n".join(pieces) + "\n"


def transcript_rows(title: str, turns: Sequence[Turn]) -> dict[str, Any]:
    """Return the conversation as JSON values: its title and its turns, each with its verdict."""
    return {"title": title, "turns": [{**turn_row(turn), "verdict": turn.verdict or None} for turn in turns]}


def _turn_pieces(turn: Turn) -> Iterable[str]:
    yield f"## {_literal(turn.question)}"
    if turn.resolved_question and turn.resolved_question.strip() != turn.question.strip():
        yield f"Understood as: {_literal(turn.resolved_question)}"
    if turn.error:
        yield f"*{_literal(turn.error)}*"
    yield from map(_literal, filter(str.strip, _BLANK_LINES.split(turn.text)))
    if turn.stopped:
        yield "*Stopped before the end.*"
    for notice in turn.notices:
        yield f"> {_literal(notice.text)}"
    quotes = [_quoted(number, source, source.quote(span)) for number, source, span in turn.quotes()]
    if quotes:
        yield "\n".join(quotes)


def _quoted(number: int, source: Source, quote: str) -> str:
    *about, address = (*_about(source), "") if not safe_address(source.url) else _about(source)
    told = " · ".join(map(_literal, about)) + (f" · <{address}>" if address else "")
    return f"- **{number}** “{_literal(quote)}”  \n  {told}"


def _about(source: Source) -> list[str]:
    published = source.published.isoformat() if source.published else ""
    address = safe_address(source.url) or ""
    return [text for text in (source.headline, source.publisher, published, address) if text]


def _literal(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(seen(text).split()))
