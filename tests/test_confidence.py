"""What confidence says of scores."""

import math

from hypothesis import given
from hypothesis import strategies as st

from rag.confidence import THRESHOLD, estimate_confidence
from rag.records import Hit, Passage, ScoredSpan, Span

PASSAGE = Passage(1, "a", "News", "A bridge.", Span(0, 9), 9, (Span(0, 9),))
QUESTION = "Who opened the bridge?"


def hit(score, *, sentences=True):
    return Hit(PASSAGE, score, "test", (ScoredSpan(Span(0, 9), score),) if sentences else ())


def test_no_hits_and_no_number_are_no_confidence():
    assert estimate_confidence(QUESTION, []) == 0.0
    assert estimate_confidence(QUESTION, [hit(math.nan, sentences=False)]) == 0.0


def test_a_better_sentence_gives_more_and_a_short_question_less():
    low, high = (estimate_confidence(QUESTION, [hit(score)]) for score in (1.2, 2.0))
    assert 0.02 < low < 0.5 < high < 1
    assert estimate_confidence("Who opened the bridge over the river, and when was it?", [hit(1.2)]) > low


def test_scores_of_other_subjects_lie_below_the_threshold():
    assert estimate_confidence(QUESTION, [hit(0.8)]) < THRESHOLD < estimate_confidence(QUESTION, [hit(1.1)])


def test_a_flood_of_words_is_worth_no_more_than_a_long_question():
    assert estimate_confidence("A's " * 5000, [hit(1.0)]) == estimate_confidence("A's " * 60, [hit(1.0)])


@given(st.text(max_size=200), st.floats(), st.booleans())
def test_it_is_a_probability_whatever_the_score(question, score, sentences):
    assert 0 <= estimate_confidence(question, [hit(score, sentences=sentences)]) <= 1
