"""Questions that lean on the conversation."""

import time

import pytest
from followup_table import LATER, TABLE
from hypothesis import given
from hypothesis import strategies as st

from rag.followups import Resolution, leans_by_evidence, resolve
from rag.records import Hit, Message, Passage, Span

HISTORY = (Message("user", "Who opened the bridge in Lisbon?"), Message("assistant", "Ana Duarte did."))


def conversation(turns):
    """Return the turns as messages, the user's first."""
    return [Message("assistant" if place % 2 else "user", said) for place, said in enumerate(turns)]


@pytest.mark.parametrize(("turns", "question", "wanted"), [row for row in TABLE + LATER if row[2]])
def test_a_question_that_leans_is_understood_by_the_conversation(turns, question, wanted):
    found = resolve(question, conversation(turns))
    assert found.leaned
    assert found.topic
    assert found.question != question
    said = found.question.casefold()
    for word in wanted.casefold().split():
        assert word[1:] not in said if word.startswith("-") else word in said, found.question


@pytest.mark.parametrize(("turns", "question"), [row[:2] for row in TABLE + LATER if row[2] is None])
def test_a_new_topic_is_not_dragged_back(turns, question):
    """Where the words leave it open, the articles decide: see the pipeline's test."""
    found = resolve(question, conversation(turns))
    assert found.question == question or not found.sure


@pytest.mark.parametrize(
    ("question", "resolved"),
    [
        ("How long is it?", "How long is it? (about the bridge in Lisbon)"),
        ("And how long is its main span?", "How long is its main span? (about the bridge in Lisbon)"),
        ("What did she say about ferries?", "What did Ana Duarte say about ferries?"),
        ("What is her husband's name?", "What is Ana Duarte's husband's name?"),
        ("And in Porto?", "Who opened the bridge in Porto?"),
        ("Why?", "Why? (about opened the bridge in Lisbon)"),
    ],
)
def test_a_resolved_question_reads_well(question, resolved):
    assert resolve(question, HISTORY).question == resolved


def test_without_a_conversation_every_question_stands_alone():
    assert resolve("How long is it?", ()) == Resolution("How long is it?")


def test_where_nothing_tells_what_is_meant_the_question_is_asked_as_it_stands_and_says_so():
    found = resolve("How long is it?", [Message("user", "Hello!"), Message("assistant", "Hello. Ask me anything.")])
    assert found.question == "How long is it?"
    assert found.notice
    assert found.notice.kind == "follow_up"
    assert found.notice.text == 'Asked as it stands: nothing in the conversation tells what "it" means.'


def test_small_talk_between_changes_no_topic():
    history = [*HISTORY, Message("user", "Thanks!"), Message("assistant", "You are welcome.")]
    assert resolve("How long is it?", history) == resolve("How long is it?", HISTORY)


@pytest.mark.parametrize("part", ["a ", "The ", "it ", "A: ", "and the ", "《", "它", "(about ", "what about ", "X"])
def test_a_very_long_conversation_takes_no_time(part):
    long = (part * 20_000)[:20_000]
    history = [Message("user", long), Message("assistant", long)] * 50
    started = time.perf_counter()
    for question in ("How long is it?", "What about Rome?", long):
        resolve(question, history)
    assert time.perf_counter() - started < 2


SAID = st.text(max_size=80) | st.lists(
    st.sampled_from(
        "and what about it she the bridge in Lisbon why that 2021 first Acme 's other ? , 它 呢 \"".split()
    ),
    max_size=12,
).map(" ".join)


@given(SAID, st.lists(st.builds(Message, st.sampled_from(["user", "assistant"]), SAID), max_size=6))
def test_any_conversation_gives_a_question(question, history):
    found = resolve(question, history)
    assert found.topic or found.question == question
    assert found.notice is None or found.question == question


@given(SAID)
def test_no_conversation_changes_no_question(question):
    assert resolve(question, ()) == Resolution(question)


@pytest.mark.parametrize(("turns", "question"), [row[:2] for row in TABLE + LATER if row[2] is None])
def test_a_question_that_stands_alone_stays_so_when_asked_again(turns, question):
    found = resolve(question, conversation(turns))
    again = resolve(found.question, conversation([*turns, question, "Perhaps."]))
    assert again.question == found.question or not again.sure


def hit(text):
    span = Span(0, len(text))
    return Hit(Passage(1, "a", "", text, span, 9, (span,)), 1.0, "test")


@pytest.mark.parametrize(
    ("alone", "resolved", "leans"),
    [
        ("The weather is fine.", "The bridge is long.", False),
        ("The tunnel is deep.", "The budget of the bridge doubled.", True),
        ("The budget was cut.", "The budget of the bridge doubled.", True),
        ("The budget was cut.", "The budget was cut.", False),
        ("Nothing.", "Nothing at all.", False),
    ],
)
def test_in_doubt_the_passages_tell_whether_a_question_leans(alone, resolved, leans):
    assert leans_by_evidence("What was the budget?", "the bridge", [hit(alone)], [hit(resolved)]) == leans
    assert not leans_by_evidence("What was the budget?", "the bridge", [], [])
