"""The gate: a quote stands in the article, to the character, or the sentence is not shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.citations import CitationGate, cite, find_support, is_supported, render
from rag.errors import QuoteMismatch
from rag.records import ArticleSummary, Claim, Hit, Passage, Span
from rag.text import sentences

TEXT = "Bridge opens. It cost 310 million euros. Ana Duarte said it is 420 metres long. Ferries stop in June."
ABOUT = ArticleSummary("a", "Bridge", None, "", "", "", "a.txt", 1, 1, len(TEXT))


def passage(text=TEXT, start=0, key=7):
    spans = tuple(span.shifted(start) for span in sentences(text))
    return Passage(key, "a", "Bridge", text, Span(start, start + len(text)), 20, spans)


def gate(*passages, text=TEXT):
    def read(article_id, span):
        return span.of(text) if article_id == "a" else None

    return CitationGate([Hit(p, 1.0, "dense") for p in passages or (passage(),)], {"a": ABOUT}, read)


@given(st.text(min_size=1, max_size=80), st.data())
def test_a_citation_that_is_built_quotes_the_article_to_the_character(text, data):
    """Whatever the text and the span: either the quote stands there, or there is no citation."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    try:
        built = cite(1, passage(text), Span(start, end), ABOUT, lambda _id, span: span.of(text))
    except QuoteMismatch:
        assert not text[start:end].strip()
        return
    assert built.quote == text[start:end]


@given(st.text(min_size=2, max_size=60), st.integers(0, 59), st.characters())
def test_an_article_that_changed_at_the_quote_gives_no_citation(text, place, character):
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    whole = Span(0, len(text))
    if changed == text or not text.strip():
        return
    with pytest.raises(QuoteMismatch):
        cite(1, passage(text), whole, ABOUT, lambda _id, span: span.of(changed))


def test_a_span_outside_its_passage_is_no_citation():
    with pytest.raises(QuoteMismatch, match="outside passage"):
        cite(1, passage(TEXT[:13]), Span(5, 30), ABOUT, lambda _id, span: span.of(TEXT))


def test_an_article_that_is_gone_gives_no_citation():
    with pytest.raises(QuoteMismatch, match="does not stand"):
        cite(1, passage(), Span(0, 5), ABOUT, lambda _id, _span: None)


def test_a_verbatim_claim_passes_and_keeps_one_number_for_one_quote():
    door = gate()
    first = door.admit(Claim("It cost 310 million euros.", ((7, Span(14, 40)),)))
    again = door.admit(Claim("It cost 310 million euros.", ((7, Span(14, 40)),)))
    assert first.citations == again.citations == (1,)
    assert [c.quote for c in door.citations] == ["It cost 310 million euros."]
    assert render(first) == "It cost 310 million euros. [1]"


@pytest.mark.parametrize(
    "claim",
    [
        Claim("It cost 999 million euros.", ((7, Span(14, 40)),)),
        Claim("The mayor resigned over the price.", ((7, Span(14, 40)),)),
        Claim("It cost 310 million euros.", ()),
        Claim("It cost 310 million euros.", ((8, Span(14, 40)),)),
        Claim("It cost 310 million euros.", ((7, Span(14, 400)),)),
        Claim("It cost 310 million euros [4].", ((7, Span(14, 40)),)),
        Claim("…", ((7, Span(14, 40)),)),
        Claim("", ((7, Span(14, 40)),)),
    ],
    ids=["number", "words", "no quote", "foreign passage", "span too long", "a mark of its own", "no word", "empty"],
)
def test_a_claim_that_its_quotes_do_not_say_is_dropped_and_counted(claim):
    door = gate()
    assert door.admit(claim) is None
    assert (door.dropped, door.citations) == (1, ())


def feed(door, *pieces):
    shown = [s for piece in pieces for s in door.feed(piece)]
    return [s.text for s in [*shown, *door.close()]]


def test_free_text_is_shown_sentence_by_sentence_with_the_quote_that_says_it():
    door = gate()
    assert feed(door, "The bridge cost 310 million ", "euros [1]. Ferries will stop in June [", "1]") == [
        "The bridge cost 310 million euros.",
        "Ferries will stop in June",
    ]
    assert [c.quote for c in door.citations] == ["It cost 310 million euros.", "Ferries stop in June."]


def test_free_text_without_a_mark_or_with_a_mark_to_nothing_is_dropped():
    door = gate()
    assert feed(door, "Ferries stop in June [2]. It cost 310 million euros.") == []
    assert door.dropped == 2


def test_a_mark_does_not_cover_a_sentence_that_its_passage_does_not_say():
    door = gate()
    assert feed(door, "The king opened it with a sword. It cost 310 million euros [1].") == [
        "It cost 310 million euros."
    ]
    assert door.dropped == 1


@given(st.lists(st.sampled_from(["Ferries stop in June", "[1]", "[", "]", "1", " ", ". ", "310", "king", "\n"])))
def test_however_free_text_is_cut_into_pieces_the_same_is_shown(pieces):
    one, other = gate(), gate()
    assert feed(one, *pieces) == feed(other, "".join(pieces))
    assert one.dropped == other.dropped


@given(st.text(max_size=120))
def test_whatever_free_text_says_every_shown_sentence_has_a_verbatim_quote(text):
    door = gate()
    shown = [*door.feed(text + " [1]"), *door.close()]
    assert all(s.citations for s in shown)
    assert all(c.span.of(TEXT) == c.quote for c in door.citations)


def test_support_needs_every_number_and_most_words():
    assert is_supported("the bridge cost 310 million euros", "It cost 310 million euros for the bridge.")
    assert not is_supported("the bridge cost 310.5 million euros", "It cost 310 million euros for the bridge.")
    assert not is_supported("anything", " ")
    assert find_support("Nothing about trains or planes", passage()) is None
