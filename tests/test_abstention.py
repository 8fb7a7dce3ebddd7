"""Why the articles don't answer, in words."""

from rag.abstention import reasons
from rag.records import Hit, Passage, Span


def hit(text, headline="Harbour bridge opens"):
    return Hit(Passage(1, "a", headline, text, Span(0, len(text)), 9), 1.0, "test")


def told(question, *hits, empty=False):
    return [(n.kind, n.text) for n in reasons(question, hits, empty=empty)]


def test_names_that_no_passage_holds_are_told_first_as_they_were_written():
    found = hit("The mayor opened the bridge over the harbour.")
    why, nearest = told("What did the mayor pay Netflix for the bridge budget?", found)
    assert why == ("why", "No passage near the question mentions “Netflix”, “pay”, “budget”.")
    assert nearest == ("nearest", "Nearest in the articles: Harbour bridge opens")


def test_where_every_word_is_there_the_sentences_are_not_near():
    (_, why), _ = told("What did the mayor open?", hit("The mayor opened the bridge."))
    assert why == "No sentence of the articles comes near enough to what the question asks."


def test_times_are_none_of_the_words_that_are_missed():
    assert told("What happened last week, in December 2025?", hit("The bridge cost much."))[0][1].startswith(
        "No sentence"
    )


def test_what_a_follow_up_is_about_is_none_of_its_words():
    why, _ = told("How much did it cost? (about the Zeppelin)", hit("The bridge cost much."))
    assert "Zeppelin" not in why[1]


def test_without_passages_only_that_is_said_and_nothing_where_nothing_was_searched():
    assert told("What did the mayor open?") == [("nearest", "No passage comes near the question.")]
    assert told("What did the mayor open?", empty=True) == []
