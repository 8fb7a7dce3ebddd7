"""What a sentence has to hold to answer a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.wanted import Held, Wanted

LIST = "Growers brought apples, pears, plums, quinces, and medlars to the fair."


@pytest.mark.parametrize(
    ("question", "text", "held"),
    [
        ("When did the bridge open?", "It opened on 4 March 2025.", Held(date=1.0)),
        ("When did the bridge open?", "It opened with a parade.", Held()),
        ("How many ferries stop?", "The mayor named 12 ferries.", Held(amount=1.0, unit=1.0)),
        ("How many ferries stop?", "The mayor came at 12 with the band.", Held(amount=1.0)),
        ("How much did the bridge cost?", "It took 310 million euros.", Held(amount=1.0, unit=1.0)),
        ("How much rain fell?", "It took 310 million euros.", Held(amount=1.0)),
        ("Where was the frost?", "The frost came to Tyrol in May.", Held(place=1.0)),
        ("Which fruits did growers bring?", LIST, Held(items=1.0)),
        ("Which fruits did growers bring?", "Growers brought apples and pears.", Held()),
        ("Which class won the fair?", LIST, Held()),
        ("What is a medlar?", "A medlar is a small brown fruit.", Held(meaning=1.0)),
        ("桥花了多少钱？", "这座桥花了3亿元。", Held(amount=1.0, unit=1.0)),
    ],
)
def test_a_sentence_holds_what_is_asked_for(question, text, held):
    assert Wanted(question).held_by(text) == held


@pytest.mark.parametrize(
    ("question", "text", "met"),
    [
        ("When did the bridge open?", "It opened on 4 March 2025.", True),
        ("When did the bridge open?", "It opened with a parade.", False),
        ("Who opened the bridge?", "Ana Duarte opened it on 4 March 2025.", False),
        ("Which fruits did growers bring?", LIST, False),
    ],
)
def test_one_date_or_amount_is_enough(question, text, met):
    assert Wanted(question).is_met_by(text) is met


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_question_and_sentence_can_be_compared(question, text):
    held = Wanted(question).held_by(text)
    assert 0 <= held.items <= 1
