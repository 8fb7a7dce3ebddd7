"""Which sentences the built-in generator says."""

from rag.extractive import ExtractiveGenerator
from rag.records import Hit, Passage, ScoredSpan, Span
from rag.text import sentences


def hit(text, scores, key=1, headline="News"):
    spans = sentences(text)
    passage = Passage(key, "a", headline, text, Span(0, len(text)), 9, tuple(spans))
    scored = [ScoredSpan(span, score) for span, score in zip(spans, scores, strict=True)]
    return Hit(passage, max(scores), "test", tuple(sorted(scored, key=lambda s: -s.score)))


def said(generator, question, *hits):
    return [claim.text for claim in generator.generate(question, hits, ())]


def test_the_best_sentence_comes_first_and_words_are_bounded():
    found = hit("The bridge is long today. The bridge is high today. Ferries stop in June now.", [0.5, 0.9, 0.4])
    assert said(ExtractiveGenerator(most_words=10), "bridge", found) == [
        "The bridge is high today.",
        "The bridge is long today.",
    ]


def test_sentences_far_below_the_first_are_not_said():
    found = hit("The bridge is high today. The bridge is long today. Ferries stop in June now.", [1.9, 1.2, 1.0])
    assert said(ExtractiveGenerator(), "Is the bridge high?", found) == [
        "The bridge is high today.",
        "The bridge is long today.",
    ]


def test_where_the_one_date_asked_for_is_told_only_its_near_equals_follow():
    found = hit("It opened on 4 March 2025. It opened in March 2025, said she. She was late again.", [1.9, 1.85, 1.7])
    assert said(ExtractiveGenerator(), "When did the bridge open?", found) == [
        "It opened on 4 March 2025.",
        "It opened in March 2025, said she.",
    ]
    assert len(said(ExtractiveGenerator(), "How did the bridge open?", found)) == 3


def test_a_list_comes_whole():
    text = "The fair shows three things this year:\n- Looms\n- Old kites of great age\n- Clocks\nIt rained."
    assert said(ExtractiveGenerator(), "What does the fair show?", hit(text, [1.9, 0.1, 1.8, 0.1, 0.1])) == [
        "The fair shows three things this year:",
        "Looms",
        "Old kites of great age",
        "Clocks",
    ]


def test_the_same_sentence_from_two_articles_is_said_once():
    one, other = hit("The bridge is high today.", [0.9]), hit("The bridge is high today.", [0.8], key=2)
    assert said(ExtractiveGenerator(), "bridge", one, other) == ["The bridge is high today."]


def test_a_first_sentence_longer_than_all_words_is_said_and_scraps_are_not():
    text = "The bridge " + "is very long and " * 30 + "high. Yes it is."
    assert len(said(ExtractiveGenerator(most_words=20), "bridge", hit(text, [0.9, 0.95]))) == 1


def test_no_hits_give_no_claims():
    assert said(ExtractiveGenerator(), "bridge") == []
