"""Cuts an article into passages of whole sentences. Knows the embedder's token counts, not its vectors."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rag.records import Article, Passage, Span, Story
from rag.text import cut, sentences

CHUNKING_VERSION = 1
"""Part of a store's fingerprint: raise it when the same text would be cut otherwise."""

CountTokens = Callable[[Sequence[str]], list[int]]
_LONGEST_HEADLINE_SHARE = 0.3
_FEWEST_CHARS_OF_A_PIECE = 8


def cut_into_passages(
    article: Article, count_tokens: CountTokens, *, passage_tokens: int, longest_tokens: int = 0
) -> list[Passage]:
    """Return the article's passages in order; none crosses a story or holds boilerplate.

    `passage_tokens` bounds headline and text together as the embedder counts them, so nothing is cut off silently.
    A sentence that alone is longer has a passage to itself, up to `longest_tokens`, the embedder's own limit; one that
    is longer still is cut at a clause, else at a space. Together the passages cover every sentence.
    The headline stands in the first passage of its story where nothing but white space parts the two.
    """
    passages: list[Passage] = []
    for number, story in enumerate(article.stories):
        headline = _fit_headline(story.headline, count_tokens, int(passage_tokens * _LONGEST_HEADLINE_SHARE))
        special, overhead = count_tokens(["", headline])
        room = passage_tokens - overhead
        for stretch in _stretches(story, article.text):
            found = [span.shifted(stretch.start) for span in sentences(stretch.of(article.text))]
            sized = _sized(article.text, found, count_tokens, max(room, longest_tokens - overhead), special)
            for group in _groups(sized, room):
                span = Span(group[0].start, group[-1].end)
                text = span.of(article.text)
                passages.append(Passage(0, article.id, headline, text, span, 0, tuple(group), number))
    tokens = count_tokens([embedded_text(p) for p in passages])
    return [replace(p, tokens=n) for p, n in zip(passages, tokens, strict=True)]


def embedded_text(passage: Passage) -> str:
    """Return what the embedder is given: the headline in front of the text, unless the text begins with it."""
    if not passage.headline or passage.text.startswith(passage.headline):
        return passage.text
    return f"{passage.headline}\n{passage.text}"


def _fit_headline(headline: str, count_tokens: CountTokens, most: int) -> str:
    """Return the headline, or as many of its first words as leave room for text."""
    while headline and count_tokens([headline])[0] > most:
        words = headline.split()
        headline = " ".join(words[: max(len(words) * 3 // 4, 1)]) if len(words) > 1 else headline[: len(headline) // 2]
    return headline


def _stretches(story: Story, text: str) -> list[Span]:
    """Return the story's parts, the first with the headline where that stands right above it."""
    first, *others = story.parts
    above = story.headline_at
    if above and above.end <= first.start and not text[above.end : first.start].strip():
        first = Span(above.start, first.end)
    return [first, *others]


def _sized(text: str, found: list[Span], count_tokens: CountTokens, room: int, special: int) -> list[tuple[Span, int]]:
    """Return the sentences with their tokens, special ones not counted, those over `room` in pieces that fit."""
    sized: list[tuple[Span, int]] = []
    # With what stands between it and the one before: list markers count too.
    starts = [found[0].start, *(before.end for before in found)] if found else []
    read = [text[start : s.end] for start, s in zip(starts, found, strict=False)]
    for span, counted in zip(found, count_tokens(read), strict=True):
        tokens = counted - special
        if tokens <= room:
            sized.append((span, tokens))
            continue
        most_chars = max(len(span) * room // (tokens + 1), _FEWEST_CHARS_OF_A_PIECE)
        pieces = cut(text, span, most_chars)
        if len(pieces) > 1:
            sized.extend(_sized(text, pieces, count_tokens, room, special))
        else:
            sized.append((span, tokens))
    return sized


def _groups(sized: list[tuple[Span, int]], room: int) -> Iterator[list[Span]]:
    """Yield runs of sentences within `room`, of about equal size, so that no lone sentence is left at the end."""
    total = sum(tokens for _, tokens in sized)
    if not sized:
        return
    runs = max(-(-total // room), 1)
    target = total / runs
    group: list[Span] = []
    used = 0
    for span, tokens in sized:
        if group and (used + tokens > room or used + tokens / 2 > target):
            yield group
            group, used = [], 0
        group.append(span)
        used += tokens
    if group:
        yield group
