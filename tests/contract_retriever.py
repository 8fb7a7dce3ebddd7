"""What every Retriever promises; each implementation's tests inherit it and provide the fixture `retriever`.

The library behind it holds the two articles of tests/assistants.py.
"""

import pytest

from rag.protocols import Retriever
from rag.records import Scope


class RetrieverContract:
    """Promises of rag.protocols.Retriever."""

    def test_it_is_a_retriever(self, retriever):
        assert isinstance(retriever, Retriever)
        assert retriever.name

    def test_the_best_hit_is_about_the_question(self, retriever):
        hits = retriever.retrieve("apple harvest frost in Tyrol", 5)
        assert hits[0].passage.article_id == "orchard"

    def test_hits_are_best_first_none_twice_and_at_most_k(self, retriever):
        for k in (1, 2, 50):
            hits = retriever.retrieve("bridge harbour Lisbon apple", k)
            assert len(hits) <= k
            assert len({h.passage.id for h in hits}) == len(hits)
            assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)

    def test_the_same_question_gives_the_same_hits(self, retriever):
        assert retriever.retrieve("ferries in June", 5) == retriever.retrieve("ferries in June", 5)

    def test_a_scope_leaves_out_what_lies_outside(self, retriever):
        hits = retriever.retrieve("apple harvest frost in Tyrol", 50, Scope(article_ids=frozenset({"harbour"})))
        assert {h.passage.article_id for h in hits} <= {"harbour"}
        assert retriever.retrieve("apple", 5, Scope(article_ids=frozenset({"none"}))) == []

    @pytest.mark.parametrize(
        "question",
        [
            '"',
            '""" NEAR(a b)',
            "a* OR b*",
            "-x -y",
            "AND OR NOT",
            "headline:bridge",
            "(",
            "^",
            "{a}",
            "%_",
            "'; --",
            "？",
            "桥",
        ],
    )
    def test_search_syntax_in_a_question_is_only_text(self, retriever, question):
        assert isinstance(retriever.retrieve(question, 5), list)
