"""Turns as they are kept: what is written is read again, and what has changed in the library since is told."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.articles import article_from_text
from rag.records import Notice, Scope, Span
from rag.turns import MOST_STORY_CHARS, Source, Turn, history_of, in_their_stories, scope_of, turn_from_row, turn_row

STORY = "The bridge opened on Monday. It cost 3 million euros.\n\nFerries stop in June. Crowds came at noon."
TEXT = f"Bridge opens\n\n{STORY}"

texts = st.text(max_size=20)
days = st.none() | st.dates()
scopes = st.builds(Scope, st.frozensets(texts, max_size=3), st.frozensets(texts, max_size=3), days, days)
notices = st.builds(Notice, texts, texts, st.lists(st.integers(1, 99), max_size=3).map(tuple))
spans = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda ends: Span(min(ends), max(ends)))
quotes = st.lists(st.tuples(st.integers(1, 99), spans), max_size=3).map(tuple)
sources = st.builds(
    Source, texts, quotes, texts, texts, spans, texts, days, texts, texts, published_inferred=st.booleans()
)
turns = st.builds(
    Turn,
    st.integers(1, 99),
    texts,
    texts,
    texts,
    st.lists(sources, max_size=3).map(tuple),
    st.lists(notices, max_size=3).map(tuple),
    abstained=st.booleans(),
    stopped=st.booleans(),
    settled=st.just(value=True),
    error=texts,
    scope=scopes,
    suggestions=st.lists(texts, max_size=3).map(tuple),
    confidence=st.integers(0, 10_000).map(lambda part: part / 10_000),
    generator=texts,
    asked=texts,
)


@given(turn=turns)
def test_a_turn_is_read_again_as_it_was_written(turn):
    assert turn_from_row(turn.number, json.loads(json.dumps(turn_row(turn)))) == turn


@given(scope=scopes)
def test_a_scope_is_read_again_as_it_was_written(scope):
    assert scope_of(json.loads(json.dumps(turn_row(Turn(1, "?", scope=scope))["scope"]))) == scope


@given(turn=turns, name=st.sampled_from(sorted(turn_row(Turn(1, "?")))))
def test_a_row_of_another_version_is_refused_and_breaks_nothing(turn, name):
    row = turn_row(turn)
    del row[name]
    with pytest.raises((KeyError, TypeError, ValueError)):
        turn_from_row(1, row)


def article(text=TEXT):
    return article_from_text(text, article_id="bridge")


def source(text, within=TEXT, **about):
    start = within.index(text)
    return Source("bridge", (), "Bridge opens", text, Span(start, start + len(text)), **about)


def shown(passage, made_of):
    (found,) = in_their_stories(Turn(1, "?", sources=(passage,)), {"bridge": made_of} if made_of else {}).sources
    return found


@pytest.mark.parametrize("passage", ["Bridge opens\n\nThe bridge opened on Monday.", "Ferries stop in June."])
def test_a_passage_stands_in_its_story_also_the_first_one_that_begins_with_the_headline(passage):
    found = shown(source(passage), article())
    assert ("".join(text for _, text in found.story).strip(), found.gone) == (STORY, "")
    assert all(span.of(TEXT) == text for span, text in found.story)


def test_a_story_that_is_no_longer_than_its_passage_or_very_long_is_left_out():
    assert shown(source(TEXT), article()).story == ()
    long = TEXT + " More and more." * (MOST_STORY_CHARS // 10)
    assert shown(source("Ferries stop in June.", long), article(long)).story == ()


def test_what_has_changed_since_is_told_and_the_quote_stays():
    passage = source("It cost 3 million euros.")
    removed, changed = shown(passage, None), shown(passage, article(TEXT.replace("3", "5")))
    assert [(found.gone, found.story, found.text) for found in (removed, changed)] == [
        ("removed", (), passage.text),
        ("changed", (), passage.text),
    ]
    # Put back as it was, it is there again.
    assert shown(removed, article()).gone == ""


def test_a_quote_is_what_stands_at_its_place_as_far_as_it_lies_in_the_passage():
    passage = source("It cost 3 million euros.")
    start = passage.span.start
    assert passage.quote(Span(start + 3, start + 7)) == "cost"
    assert passage.quote(Span(start - 5, start + 2)) == "It"
    assert passage.quote(Span(0, start)) == ""


def test_the_history_is_what_was_answered():
    said = [
        Turn(1, "When?", text="On Monday. [1]", sources=(source("Ferries stop in June.", published=date(2025, 3, 4)),)),
        Turn(2, "And?"),
        Turn(3, "Why?", text="Half a", error="it broke"),
        Turn(4, "Who?", text="Crowds", stopped=True),
    ]
    assert [message.content for message in history_of(said)] == ["When?", "On Monday. [1]", "Who?", "Crowds"]
