"""Questions that lean on the conversation."""

import pytest

from rag.followups import leans, resolve
from rag.records import Message

HISTORY = (Message("user", "Who opened the bridge in Lisbon?"), Message("assistant", "Ana Duarte did."))


@pytest.mark.parametrize(
    "question", ["How long is it?", "And the price?", "what did she say about ferries in Lisbon?", "why?"]
)
def test_a_question_that_leans_gets_the_earlier_one_in_front(question):
    assert resolve(question, HISTORY) == f"Who opened the bridge in Lisbon? {question}"


@pytest.mark.parametrize(
    "question", ["How many apples did Tyrol lose?", "What did Bruce Wayne buy?", "How do I bake sourdough bread?"]
)
def test_a_new_topic_is_not_dragged_back(question):
    assert resolve(question, HISTORY) == question


def test_without_a_conversation_every_question_stands_alone():
    assert resolve("How long is it?", ()) == "How long is it?"
    assert leans("How long is it?")
