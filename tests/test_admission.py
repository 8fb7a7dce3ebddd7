"""Who gets in: bounds on all, a share for each, and when to come back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.admission import Admission
from rag.errors import AssistantBusy


def test_a_client_has_its_share_and_leaves_the_rest_to_others():
    admission = Admission(2, 8, per_client=2)
    places = [admission.enter("alice") for _ in range(2)]
    with pytest.raises(AssistantBusy, match="2 questions of yours") as busy:
        admission.enter("alice")
    assert busy.value.of_client
    admission.enter("bob")
    admission.enter()
    places[0].leave()
    admission.enter("alice")


def test_a_place_is_given_back_once():
    admission = Admission(1, 0)
    place = admission.enter()
    place.begin()
    place.leave()
    place.leave()
    assert (admission.at_work(), admission.waiting()) == (0, 0)
    admission.enter()
    with pytest.raises(AssistantBusy):
        admission.enter()


def test_the_longer_questions_take_the_later_one_is_told_to_come_back():
    now = [0.0]
    admission = Admission(2, 38, clock=lambda: now[0])
    for _ in range(100):
        place = admission.enter()
        place.begin()
        now[0] += 2.0
        place.leave()
    for _ in range(40):
        admission.enter()
    with pytest.raises(AssistantBusy) as busy:
        admission.enter()
    # Of 40, 20 have to be worked on, two at once, 2 s each.
    assert busy.value.retry_after_s == 20


@given(st.integers(1, 4), st.integers(0, 4), st.lists(st.integers(0, 9), max_size=60))
def test_never_more_are_in_than_fit_and_all_that_leave_are_gone(at_once, waiting, moves):
    admission, places = Admission(at_once, waiting), []
    for move in moves:
        if move < 6:
            try:
                places.append(admission.enter())
            except AssistantBusy:
                assert len(places) == at_once + waiting
        elif places:
            places.pop(move % len(places)).leave()
        assert admission.waiting() == len(places) <= at_once + waiting
