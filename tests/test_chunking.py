"""Passages: whole sentences of one story, bounded in tokens, nothing lost."""

from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.hashed import HashedEmbedder
from rag.articles import article_from_text
from rag.chunking import cut_into_passages, embedded_text
from rag.errors import ArticleRefused
from rag.text import sentences

COUNT = HashedEmbedder().count_tokens
WORD = st.text(alphabet="abcdefg", min_size=1, max_size=12)
SENTENCE = st.lists(WORD, min_size=1, max_size=60).map(lambda found: " ".join(found).capitalize() + ".")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=6).map(" ".join)
BODY = st.lists(PARAGRAPH, min_size=1, max_size=6).map("\n".join)


def cut(text, passage_tokens=48):
    article = article_from_text(text, article_id="a")
    return article, cut_into_passages(article, COUNT, passage_tokens=passage_tokens)


@settings(max_examples=60, deadline=None)
@given(BODY, st.integers(32, 120))
def test_passages_are_verbatim_bounded_and_cover_every_sentence(body, most):
    article, passages = cut("Bridge opens\n" + body, most)
    covered = set()
    for passage in passages:
        assert passage.text == passage.span.of(article.text)
        assert passage.tokens == COUNT([embedded_text(passage)])[0] <= most
        assert all(passage.span.holds(span) for span in passage.sentences)
        covered |= set(range(passage.span.start, passage.span.end))
    for story in article.stories:
        for part in story.parts:
            for span in sentences(part.of(article.text)):
                places = range(part.start + span.start, part.start + span.end)
                assert all(p in covered for p in places if not article.text[p].isspace())


def test_passages_of_two_stories_do_not_meet():
    text = (
        "1. First story told here\n2. Second story told here\n"
        "First story told here\nOne. Two.\nSecond story told here\nThree."
    )
    _, passages = cut(text)
    assert [p.headline for p in passages] == ["First story told here", "Second story told here"]
    assert "Three" not in passages[0].text


def test_the_headline_stands_in_front_of_what_is_embedded_once():
    _, passages = cut("Bridge opens\n" + "The bridge is long and high. " * 20)
    assert embedded_text(passages[0]).count("Bridge opens") == 1
    assert embedded_text(passages[1]).startswith("Bridge opens\n")


def test_a_sentence_over_the_limit_is_cut_at_clauses_into_pieces_that_fit():
    words = ", ".join(f"item{n} of many" for n in range(60))
    _, passages = cut(f"Bridge opens\nIt has {words}.")
    assert len(passages) > 3
    assert all(p.tokens <= 48 for p in passages)
    assert all(p.text.endswith((",", ".")) for p in passages[1:])


def test_a_word_over_the_limit_is_cut_rather_than_lost():
    class Characters:
        @staticmethod
        def count(texts):
            return [len(t) + 2 for t in texts]

    article = article_from_text("x" * 500, article_id="a")
    passages = cut_into_passages(article, Characters.count, passage_tokens=64)
    assert "".join(p.text for p in passages) == "x" * 500
    assert all(p.tokens <= 64 for p in passages)


def test_a_headline_that_would_leave_no_room_is_shortened():
    _, passages = cut("Bridge " * 100 + "\n" + "The bridge is long. It is high.")
    assert all(p.tokens <= 48 for p in passages)


@given(st.text(max_size=200))
def test_any_text_is_cut_or_refused(text):
    try:
        article, passages = cut(text)
    except ArticleRefused:
        return
    assert all(p.text == p.span.of(article.text) for p in passages)


def test_list_markers_count_towards_the_bound():
    lines = "\n".join(f"{n}. a b c" for n in range(1, 301))
    _, passages = cut("Facts\n" + lines, 64)
    assert max(p.tokens for p in passages) <= 64


def test_a_sentence_between_passage_and_model_limit_stays_whole():
    sentence = "It has " + ", ".join(f"item{n} of many" for n in range(30)) + "."
    article = article_from_text(f"Bridge opens\nIt is new. {sentence} It is old.", article_id="a")
    passages = cut_into_passages(article, COUNT, passage_tokens=48, longest_tokens=256)
    assert sentence in [p.text for p in passages]
