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


def test_a_sentence_that_meets_a_new_word_of_the_question_comes_before_a_better_one():
    found = hit("The bridge is high today. The bridge is long today. Ferries stop in June now.", [0.9, 0.8, 0.4])
    assert said(ExtractiveGenerator(most_sentences=2), "bridge and ferries", found) == [
        "The bridge is high today.",
        "Ferries stop in June now.",
    ]


def test_the_same_sentence_from_two_articles_is_said_once():
    one, other = hit("The bridge is high today.", [0.9]), hit("The bridge is high today.", [0.8], key=2)
    assert said(ExtractiveGenerator(), "bridge", one, other) == ["The bridge is high today."]


def test_a_first_sentence_longer_than_all_words_is_said_and_scraps_are_not():
    text = "The bridge " + "is very long and " * 30 + "high. Yes it is."
    assert len(said(ExtractiveGenerator(most_words=20), "bridge", hit(text, [0.9, 0.95]))) == 1


def test_no_hits_give_no_claims():
    assert said(ExtractiveGenerator(), "bridge") == []
