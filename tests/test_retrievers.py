"""All retrievers keep the contract; fusing does not depend on order."""

import pytest
from assistants import make_library
from contract_retriever import RetrieverContract
from hypothesis import given
from hypothesis import strategies as st

from rag.records import Hit, Passage, Scope, Span
from rag.rerank import SentenceRanker, share_of, word_rarity
from rag.retrievers import DenseRetriever, FusedRetriever, LexicalRetriever, fuse
from rag.store_reader import StoreReader


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp("store"))


def fused(library):
    return FusedRetriever((DenseRetriever(library), LexicalRetriever(library)), (1.0, 0.5))


class TestDenseRetriever(RetrieverContract):
    @pytest.fixture
    def retriever(self, library):
        return DenseRetriever(library)


class TestLexicalRetriever(RetrieverContract):
    @pytest.fixture
    def retriever(self, library):
        return LexicalRetriever(library)


class TestFusedRetriever(RetrieverContract):
    @pytest.fixture
    def retriever(self, library):
        return fused(library)


class TestSentenceRanker(RetrieverContract):
    @pytest.fixture
    def retriever(self, library):
        return SentenceRanker(fused(library), library)

    def test_every_hit_has_its_sentences_scored_best_first(self, retriever):
        for hit in retriever.retrieve("How long is the bridge?", 5):
            assert {s.span for s in hit.sentences} == set(hit.passage.sentences)
            assert [s.score for s in hit.sentences] == sorted((s.score for s in hit.sentences), reverse=True)


def test_what_lies_within_a_scope_is_asked_of_the_store_once_a_generation(library, monkeypatch):
    asked = []
    read = StoreReader.passage_ids
    monkeypatch.setattr(StoreReader, "passage_ids", lambda reader, scope: asked.append(scope) or read(reader, scope))
    scope = Scope(article_ids=frozenset({"harbour", "unknown"}))
    first, again = (DenseRetriever(library).retrieve("bridge", 5, scope) for _ in range(2))
    assert first == again != []
    assert asked == [scope]


def test_a_word_is_found_in_its_other_forms(library):
    hits = LexicalRetriever(library).retrieve("bridges", 5)
    assert {h.passage.article_id for h in hits} == {"harbour"}


def test_words_that_stand_nowhere_find_nothing(library):
    assert LexicalRetriever(library).retrieve("zeppelin", 5) == []


def hit(key, score):
    return Hit(Passage(key, "a", "", "x", Span(0, 1), 1), score, "test")


RANKING = st.lists(st.tuples(st.integers(1, 9), st.floats(0, 30)), unique_by=lambda pair: pair[0])


@given(RANKING, RANKING)
def test_fusing_does_not_depend_on_the_order_of_the_rankings(one, other):
    a, b = [hit(*pair) for pair in one], [hit(*pair) for pair in other]
    scores = {h.passage.id: h.score for h in fuse([a, b], [1.0, 0.5], 20)}
    swapped = {h.passage.id: h.score for h in fuse([b, a], [0.5, 1.0], 20)}
    assert scores == pytest.approx(swapped)


def test_fusing_adds_weighted_scores_and_a_missing_one_counts_as_the_last():
    found = fuse([[hit(1, 0.8), hit(2, 0.6)], [hit(2, 10.0), hit(3, 5.0)]], [1.0, 0.5], 3)
    assert [(h.passage.id, round(h.score, 3)) for h in found] == [(2, 1.1), (1, 1.05), (3, 0.85)]
    assert fuse([[], []], [1.0, 0.5], 3) == []


def test_a_rare_word_weighs_more_than_a_common_one():
    rarity = word_rarity(["rare", "common"], {"rare": 1, "common": 90}, 100)
    assert share_of(rarity, {"rare"}) > 0.9
    assert share_of({}, {"rare"}) == 0.0
