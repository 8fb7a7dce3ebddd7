"""What a question asks for."""

import pytest

from rag.question import asks_for, holds_kind, last_question, question_words, split_aside


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many people used the ferries?", "amount"),
        ("What share of the harvest was lost?", "amount"),
        ("When did the bridge open?", "date"),
        ("On what day did it open?", "date"),
        ("By what year will it be done?", "date"),
        ("Where is the bridge?", "place"),
        ("Which city has a new bridge?", "place"),
        ("Who opened the bridge?", "name"),
        ("Why did prices rise?", None),
        ("How many came? And when did they leave?", "date"),
    ],
)
def test_the_words_of_a_question_tell_what_answers_it(question, kind):
    assert asks_for(question) == kind


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("It cost 310 million euros.", "amount", True),
        ("It cost a fortune.", "amount", False),
        ("It opened on 4 March.", "date", True),
        ("It may open soon.", "date", False),
        ("It stands in Lisbon.", "place", True),
        ("It stands in the water.", "place", False),
        ("Ana Duarte opened it.", "name", True),
        ("Bruce Wayne asked who opened it.", "name", False),
        ("Anything at all.", None, False),
    ],
)
def test_a_sentence_holds_the_kind_or_does_not(text, kind, expected):
    assert holds_kind(text, kind, "Who opened it, asked Bruce Wayne?") is expected


def test_the_words_to_look_up_are_bounded_and_none_twice():
    assert question_words("bridge Bridge BRIDGE?") == ["bridge"]
    assert len(question_words(" ".join(f"w{n}" for n in range(500)))) == 64


@pytest.mark.parametrize(
    ("question", "body"),
    [
        ("How long is it? (about the bridge in Porto)", "How long is it?"),
        ("Who won? (about Tides (2021))", "Who won?"),
        ("Who won? (what about Rome)", "Who won?"),
        ("它有多少集？（关于：《盐路》）", "它有多少集？"),
        ("Who won (in 2021)?", "Who won (in 2021)?"),
    ],
)
def test_what_a_question_is_about_is_told_from_what_it_asks(question, body):
    assert split_aside(question)[0] == body
    assert "".join(split_aside(question)) == question
    assert last_question(question) == body
