"""Words, sentences and their places."""

import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.records import Span
from rag.text import content_words, cut, fold, paragraphs, sentences, stem, words

SEEDS = Path(__file__).parent.parent / "seeds"


def said(text):
    return [span.of(text) for span in sentences(text)]


def test_a_sentence_ends_at_its_full_stop_and_not_at_an_abbreviation_or_a_decimal():
    text = "Acme Co., Ltd. grew 3.5 percent in the U.S. market. Dr. Lee left on Jan. 5. It cost $3.50."
    assert said(text) == [
        "Acme Co., Ltd. grew 3.5 percent in the U.S. market.",
        "Dr. Lee left on Jan. 5.",
        "It cost $3.50.",
    ]


def test_a_quotation_stays_with_the_words_that_lead_to_it():
    text = 'He said: "It works. We tried it." Then he left.'
    assert said(text) == ['He said: "It works. We tried it."', "Then he left."]


def test_a_long_quotation_falls_into_its_own_sentences_and_loses_no_mark():
    quoted = "This is one rather long sentence about nothing much at all, said for the sake of its length. " * 5
    text = f'She said: "{quoted.strip()}" Then she left.'
    found = said(text)
    assert len(found) == 6
    assert found[-1] == "Then she left."
    assert found[-2].endswith('length."')


def test_a_line_is_a_paragraph_and_no_sentence_runs_past_it():
    assert said("A headline without a stop\nThe body begins. It ends.") == [
        "A headline without a stop",
        "The body begins.",
        "It ends.",
    ]


def test_text_wrapped_at_a_column_is_read_across_its_line_ends():
    text = "The council met Monday and\nvoted for the budget that the\nmayor had put forward. It was\nclose.\n\nLater."
    assert [fold(s) for s in said(text)] == [
        "the council met monday and voted for the budget that the mayor had put forward.",
        "it was close.",
        "later.",
    ]


def test_a_list_marker_is_no_part_of_its_sentence():
    assert said("- First point here.\n2. Second point here.") == ["First point here.", "Second point here."]


def test_chinese_sentences_end_at_their_own_stops():
    assert said("他来了。她走了！") == ["他来了。", "她走了！"]


def test_no_text_has_no_sentence():
    assert sentences("") == sentences(" \n\u00a0\n") == []


@given(st.text(alphabet=st.sampled_from("aB1. !?\"“”'()[]\n\t-。！\u00a0é中,;"), max_size=200))
def test_sentences_are_in_order_apart_and_cover_every_letter(text):
    found = sentences(text)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(span.of(text) == span.of(text).strip() != "" for span in found)
    covered = {place for span in found for place in range(span.start, span.end)}
    assert all(place in covered for place, character in enumerate(text) if character.isalpha())


@given(st.text(min_size=1, max_size=300), st.integers(8, 60))
def test_a_cut_sentence_is_whole_in_pieces_of_bounded_length(text, most):
    pieces = cut(text, Span(0, len(text)), most)
    assert all(len(piece) <= most for piece in pieces)
    kept = "".join(piece.of(text) for piece in pieces)
    assert "".join(kept.split()) == "".join(text.split())


def test_a_cut_prefers_a_clause_to_a_space_and_a_space_to_a_word():
    text = "one two three, four five six seven"
    assert [p.of(text) for p in cut(text, Span(0, len(text)), 20)] == ["one two three,", "four five six seven"]
    assert [p.of("abc" * 10) for p in cut("abc" * 10, Span(0, 30), 20)] == ["abcabcabcabcabcabcab", "cabcabcabc"]


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.txt")), ids=lambda p: p.stem)
def test_no_sentence_of_the_shipped_articles_is_torn_or_swallowed(path):
    text = path.read_text("utf-8")
    found = [span.of(text) for span in sentences(text)]
    assert max(len(s.split()) for s in found) <= 120
    torn = [s for s in found if s[0] in ",;)" or s.endswith(("Co.", "Mr.", "No.", "e.g."))]
    assert torn == []


def test_fold_makes_typographic_variants_equal():
    assert fold("“Café”\u00a0 Ｎo’s") == fold('"café" no\'s')


def test_content_words_leave_function_words_out_unless_there_are_none_else():
    assert content_words("Who is the mayor of Lisbon?") == ["mayor", "lisbon"]
    assert content_words("Who is it?") == ["who", "is", "it"]
    assert words("?!… 👍") == []


def test_a_stem_joins_the_forms_of_a_word():
    assert stem("bridges") == stem("bridge's") == stem("bridge")


def test_paragraphs_of_ordinary_text_are_its_lines():
    text = "One line.\n\n  Another line.  \n"
    assert [p.of(text) for p in paragraphs(text)] == ["One line.", "Another line."]


def test_a_date_that_a_wrapped_line_begins_with_is_no_list_marker():
    text = (
        "The council said that the bridge will open on August\n18. It will cost 90 million euros in all; the mayor\n"
        "has put it on top of her list for the coming year. There\nwas much applause."
    )
    assert any("August\n18." in s or "It will cost" in s for s in said(text))
    assert any("18" in s for s in said(text))


def test_the_rows_of_a_table_are_no_sentence():
    rows = [f"District {n}\t{n * 100}\t{n * 7} percent of all votes cast" for n in range(1, 5)]
    assert said("\n".join(rows))[0] == rows[0]


def test_text_without_spaces_is_read_in_a_moment():
    started = time.perf_counter()
    found = sentences("新闻报道说明。" * 20_000)
    assert len(found) == 20_000
    assert time.perf_counter() - started < 5


def test_a_long_paragraph_is_split_as_a_short_one_is():
    text = "The bridge is long. It is high. " * 1_000
    assert said(text) == ["The bridge is long.", "It is high."] * 1_000
