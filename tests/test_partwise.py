"""Questions about several things."""

import pytest
from assistants import make_library
from contract_retriever import RetrieverContract

from rag.partwise import PartwiseRetriever, split_question
from rag.rerank import SentenceRanker
from rag.retrievers import DenseRetriever


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp("store"))


class TestPartwiseRetriever(RetrieverContract):
    @pytest.fixture
    def retriever(self, library):
        return PartwiseRetriever(SentenceRanker(DenseRetriever(library), library))

    def test_the_best_sentence_of_each_part_scores_as_much_as_the_best_of_all(self, retriever):
        hits = retriever.retrieve("What did it cost: the harbour bridge in Lisbon, the apple harvest in Tyrol?", 10)
        best = {h.passage.article_id: h.sentences[0].score for h in reversed(hits)}
        assert best["harbour"] == pytest.approx(best["orchard"])


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Where are they: the bridge, the mill, and the fair?", ["the bridge", "the mill", "the fair"]),
        ("Number of people: ferries versus trams", ["ferries", "trams"]),
    ],
)
def test_a_list_after_a_colon_is_asked_item_by_item(question, parts):
    head = question.split(":")[0]
    assert split_question(question) == [f"{head}: {part}?" for part in parts]


def test_two_things_against_each_other_are_two_parts():
    assert split_question("Lisbon bridge vs Porto bridge?") == ["Lisbon bridge?", "Porto bridge?"]


def test_a_second_clause_takes_the_name_of_the_first_with_it():
    assert split_question("How large is Acme, and who owns it?") == ["How large is Acme", "Acme who owns it?"]


@pytest.mark.parametrize(
    "question",
    [
        "Who opened the bridge?",
        "When does Storm of Lisbon: The Return start?",
        "Did the bread and butter fair and the mill close?",
        "what is insulin and where is it produced",
        "Does 'Live Science: Most Interesting, 2023' agree?",
        "",
    ],
)
def test_a_question_about_one_thing_stays_whole(question):
    assert split_question(question) == [question]


def test_every_part_keeps_what_the_question_is_about():
    """What a follow-up is about stands in brackets behind it, and lists nothing."""
    assert split_question("How long is it, and who built it? (about the bridge in Porto)") == [
        "How long is it (about the bridge in Porto)",
        "who built it? (about the bridge in Porto)",
    ]
    alone = "How long is it? (about Tides: Ebb, Flow and Storm; Acme)"
    assert split_question(alone) == [alone]
