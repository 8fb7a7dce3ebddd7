"""Makes records of the store's rows; a row that makes none raises ValueError or TypeError. Knows no connection."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np

from rag.identity import SPAN_DTYPE
from rag.records import ArticleSummary, Passage, Span, Story


def read_summary(row: tuple[Any, ...]) -> ArticleSummary:
    """Return what is known of an article without its text."""
    key, title, published, publisher, author, url, path, *counts, inferred = row
    check_texts((key, title, publisher, author, url, path))
    stories, passages, characters = counts
    about = (key, title, read_date(published), publisher, author, url, path)
    return ArticleSummary(*about, stories, passages, characters, bool(inferred))


def read_story(row: tuple[Any, ...]) -> Story:
    """Return the story; `parts` is a JSON list of [start, end]."""
    headline, start, end, parts = row
    check_texts((headline, parts))
    return Story(headline, None if start is None else Span(start, end), tuple(Span(*p) for p in json.loads(parts)))


def read_passage(row: tuple[Any, ...]) -> Passage:
    """Return the passage; raises ValueError where its text and its sentences do not fit its place."""
    key, article_id, headline, text, start, end, tokens, story, blob = row
    span = Span(start, end)
    check_texts((article_id, headline, text))
    sentences = tuple(Span(*place) for place in np.frombuffer(blob, dtype=SPAN_DTYPE).reshape(-1, 2).tolist())
    if len(text) != len(span) or not all(map(span.holds, sentences)):
        raise ValueError(f"passage {key} does not fit its place")
    return Passage(key, article_id, headline, text, span, tokens, sentences, story)


def check_texts(texts: Iterable[object]) -> None:
    """Raise TypeError unless all are strings."""
    # A flipped bit turns a text into a number or into bytes: SQLite's columns hold any type.
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a text is none")


def read_date(written: str | None) -> date | None:
    """Return the date; None for none."""
    return date.fromisoformat(written) if written else None
