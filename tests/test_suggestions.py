"""Questions to show: what sentences are asked, and that every question shown is answered."""

import json
import unicodedata
from dataclasses import replace

import pytest
from assistants import HARBOUR, ORCHARD, ScriptedGenerator, index_texts, make_assistant
from hypothesis import given
from hypothesis import strategies as st

from embeddings.hashed import HashedEmbedder
from rag.articles import article_from_text, find_files, shipped_folder
from rag.chunking import cut_into_passages
from rag.question_forms import questions_of
from rag.records import Refusal
from rag.store import remove_articles
from rag.suggestions import EXAMPLES, MOST_TRIED, _drafts, _joined, answerable_questions, example_questions
from rag.wiring import open_assistant

MUSEUM = """Copper museum grows in Riga
The Copper Museum of Riga was founded by two brothers in 1921. In 2024, the Copper Museum of Riga received \
40,000 visitors. The Copper Museum of Riga closed in winter because the roof leaked.
"""


def asked(sentence, context=""):
    """Return the questions without their forms."""
    return [" ".join(question.split()) for _, question in questions_of(sentence, context or sentence)]


def drafts(text, title="", article_id="one"):
    """Return what can be asked of an article of this text."""
    article = article_from_text(text, article_id=article_id, title=title)
    return _drafts(cut_into_passages(article, HashedEmbedder().count_tokens, passage_tokens=80))


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("The bridge in Lisbon was opened on 4 March 2025.", "When was the bridge in Lisbon opened"),
        ("On December 8, the Harbour Meeting took place in Riga.", "Where did the Harbour Meeting take place"),
        ("In 2024, the Copper Museum bought a mill.", "When did the Copper Museum buy a mill"),
        ("The Copper Museum was founded in Riga.", "Where was the Copper Museum founded"),
        ("The match in Rome was called off because it rained.", "Why was the match in Rome called off"),
        ("Norvik Lines has built over 80 ferries in Norway.", "How many ferries has Norvik Lines built in Norway"),
        ("Norvik Lines sold nearly 300 ferries.", "How many ferries did Norvik Lines sell"),
        ("The Lisbon bridge cost 310 million euros.", "How much did the Lisbon bridge cost"),
        ("The sales of Norvik Lines rose by 18 percent.", "By how much did the sales of Norvik Lines rise"),
        ("Last week Ana Duarte, the mayor of Lisbon, opened the bridge.", "Who is Ana Duarte"),
        (
            "“It is safe,” said mayor Ana Duarte, who had walked over the Tagus.",
            "What did Ana Duarte say about the Tagus",
        ),
        ("Norvik Lines announced a new ferry.", "What did Norvik Lines announce"),
        ("Ana Duarte won the Lisbon prize.", "Who won the Lisbon prize"),
        ("The Quiet Sea is a novel about Norway.", "What is the Quiet Sea"),
    ],
)
def test_a_sentence_is_asked_what_its_own_words_answer(sentence, question):
    assert question in asked(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "The man arrested on Monday in Rome was released.",  # a participle is no predicate: "did the man arrest"
        "Scenes set north of the Wall were filmed.",
        "When Ana Duarte came, the bridge in Lisbon fell.",
    ],
)
def test_a_sentence_whose_verb_could_be_mistaken_is_asked_nothing_with_did(sentence):
    assert not [question for question in asked(sentence) if " did " in f" {question} "]


def test_a_question_that_leans_on_another_sentence_is_not_made():
    text = "Harbour news\nThe mayor opened it on 4 March 2025. The company sold 300 ferries. They were built in 2019."
    assert [draft.form for draft in drafts(text)] == []
    assert [d.question for d in drafts(text, title="New ferries in the harbour")] == [
        "What is “New ferries in the harbour” about?"
    ]


def test_a_headline_is_asked_about_in_the_language_of_its_story():
    german = "Neue Brücke über den Fluss eröffnet\nDie Brücke ist fertig und der Verkehr rollt auf dem Deich."
    chinese = "海港大桥正式通车\n3月4日，海港大桥通车仪式在里斯本举行。大桥全长420米。"
    assert [d.question for d in drafts(german)] == ["Worum geht es in „Neue Brücke über den Fluss eröffnet“?"]
    assert [d.question for d in drafts(chinese)] == [
        "海港大桥通车仪式是什么时候举行的？",
        "海港大桥通车仪式在哪里举行？",
        "“海港大桥正式通车”讲了什么？",
    ]


@given(title=st.text(max_size=200), name=st.text(max_size=40))
def test_a_question_is_one_printable_line_whatever_the_article_holds(title, name):
    text = f"Harbour\nThe {name} Bridge of Lisbon was opened on 4 March 2025, said mayor Ana {name} Duarte."
    text = text.replace("\0", "").encode("utf-8", "replace").decode()
    title = title.replace("\0", "").encode("utf-8", "replace").decode()
    for draft in drafts(text, title=title):
        assert len(draft.question) <= 120
        assert not [c for c in draft.question if unicodedata.category(c)[0] == "C" or c in "\u2028\u2029"]
        assert draft.question.endswith(("?", "？"))


def test_every_example_is_answered_from_the_story_it_was_made_of(tmp_path):
    assistant = make_assistant(tmp_path, {"harbour": HARBOUR, "orchard": ORCHARD, "museum": MUSEUM})
    questions = example_questions(assistant, 3)
    assert questions == example_questions(assistant, 3)
    answers = {question: assistant.ask(question) for question in questions}
    assert "When did the new harbour bridge in Lisbon open?" in questions
    assert len({answer.citations[0].article_id for answer in answers.values()}) == 2
    assert not [answer for answer in answers.values() if answer.abstained]


def test_two_articles_are_asked_of_in_one_question_that_only_an_answer_from_both_meets(tmp_path):
    mayor = "Bridge opens\nThe bridge was opened by mayor Ana Duarte in March."
    singer = "Song wins\nThe prize went to the singer Bea Lund in April."
    people = [(draft, 1.0) for key, text in (("a", mayor), ("b", singer)) for draft in drafts(text, article_id=key)]
    (both,) = _joined(people)
    assert both.question == "Who is Ana Duarte and who is Bea Lund?"
    answer = make_assistant(tmp_path, {"a": mayor, "b": singer}).ask("Which mayor opened the bridge, Ana Duarte?")
    one = replace(answer, confidence=0.9)
    assert people[0][0].is_met_by(one)
    assert not both.is_met_by(replace(one, citations=one.citations[:1]))
    (other,) = [replace(one.citations[0], article_id="b", span=both.also.span)]
    assert both.is_met_by(replace(one, citations=(*one.citations[:1], other)))


def test_a_library_is_asked_a_bounded_number_of_questions(tmp_path):
    texts = {f"n{n}": f"Number {n} opens\nThe Harbour Bridge Number {n} was opened in {1900 + n}." for n in range(60)}
    assistant = make_assistant(tmp_path, texts)
    times = []
    unsure = assistant.ask("What did nobody ever say of zebras?")
    assistant.ask = lambda question: times.append(question) or unsure
    assert example_questions(assistant, 4) == []
    assert 20 < len(times) <= MOST_TRIED
    assert len(times) == len(set(times))


def test_no_language_model_is_asked_for_an_example(tmp_path):
    assistant = make_assistant(tmp_path, generator=ScriptedGenerator(AssertionError("was asked")))
    assert example_questions(assistant, 4) == ["When did the new harbour bridge in Lisbon open?"]
    assert assistant.generator.name == "scripted"


def test_examples_come_from_what_stands_where_most_was_removed(tmp_path):
    texts = {f"old{n}": f"Old {n}\nThe Old Mill Number {n} of Riga was opened in {1600 + n}." for n in range(400)}
    index_texts(tmp_path, texts)
    assistant = make_assistant(tmp_path)
    remove_articles(tmp_path, list(texts))
    assert example_questions(assistant, 4) == ["When did the new harbour bridge in Lisbon open?"]


def test_the_questions_written_for_the_shipped_articles_need_those_they_name(tmp_path):
    written = json.loads((shipped_folder() / EXAMPLES).read_text("utf-8"))
    needed = sorted({key for example in written for key in example["articles"]})
    assistant = make_assistant(tmp_path, dict.fromkeys(needed, ORCHARD))
    assert example_questions(assistant, 4) == [example["question"] for example in written][:4]
    remove_articles(tmp_path, needed[:1])
    shown = [example["question"] for example in written if needed[0] not in example["articles"]]
    assert example_questions(assistant, 4)[: len(shown)] == shown
    assert len(shown) < len(written)


def test_the_file_of_examples_is_taken_for_no_article():
    found = list(find_files([shipped_folder()]))
    assert EXAMPLES not in [path.name for path in found if not isinstance(path, Refusal)]
    assert len(found) == 5


def test_after_an_abstention_questions_are_offered_that_are_answered_but_not_the_one_asked(tmp_path):
    assistant = make_assistant(tmp_path, {"harbour": HARBOUR, "orchard": ORCHARD, "museum": MUSEUM})
    abstained = assistant.ask("Which zebras crossed the harbour bridge?")
    offered = answerable_questions(assistant, abstained.hits)
    assert offered
    assert len(offered) <= 3
    assert not [question for question in offered if assistant.ask(question).abstained]
    assert offered[0] not in answerable_questions(assistant, abstained.hits, asked=offered[0].upper())
    assert answerable_questions(assistant, ()) == []


@pytest.mark.model
def test_the_questions_written_for_the_shipped_articles_are_answered_from_them(tmp_path):
    from rag.settings import load_settings
    from rag.wiring import open_indexer

    settings = load_settings({"store": tmp_path}, environment={})
    open_indexer(settings).index_paths([shipped_folder()])
    assistant = open_assistant(settings=settings)
    for example in json.loads((shipped_folder() / EXAMPLES).read_text("utf-8")):
        answer = assistant.ask(example["question"])
        assert not answer.abstained
        assert {citation.article_id for citation in answer.citations} >= {*example["articles"]}
