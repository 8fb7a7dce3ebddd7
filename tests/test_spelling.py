"""Misspelt questions: what is read as what, what is left alone, and what the reader is told."""

import time

import pytest
from assistants import index_texts
from hypothesis import given
from hypothesis import strategies as st

from embeddings.hashed import HashedEmbedder
from rag.library import Library
from rag.records import Message
from rag.spelling import Speller, Spellings, nearest
from rag.store_reader import StoreReader
from rag.wiring import make_index, open_assistant

NEWS = {
    "festival": "Golden Triangle festival opens\nThe golden triangle festival opened in Shaanxi with 24 films.\n"
    "Director Zhuixu Longwang thanked the audience. The documentary won a prize for animation.",
    "songs": "Summer song released\nThe song Xia Mo Ji was performed at Café Central by Wu Huan."
    " A micro drama follows.",
}


class WordEmbedder(HashedEmbedder):
    """Counts a word it knows as one token and any other as two."""

    def count_tokens(self, texts):
        known = {"bake", "orchard", "the"}
        return [2 + sum(1 if word.lower() in known else 2 for word in text.split()) for text in texts]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    index_texts(folder, NEWS)
    return folder


@pytest.fixture(scope="module")
def speller(folder):
    return Speller(Library(folder, WordEmbedder(), make_index(folder)))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Who opened the golden triangel?", "Who opened the golden triangle?"),
        ("the festvial", "the festival"),
        ("a documentery", "a documentary"),
        ("What did the docmuentery win?", "What did the documentary win?"),
        ("sogn", "song"),
        ("who is zhui xu long wang", "who is zhuixu longwang"),
        ("Zhui Xu Longwang", "Zhuixu Longwang"),
        ("who sings xiamoji", "who sings xia mo ji"),
        ("the microdrama", "the micro drama"),
        ("the Festvial's prize", "the Festival's prize"),
    ],
)
def test_a_misspelt_word_is_read_as_the_articles_spell_it(speller, typed, read):
    reading = speller.read(typed)
    assert reading.question == read
    assert reading.notices
    assert {n.kind for n in reading.notices} == {"spelling"}


@pytest.mark.parametrize(
    "question",
    [
        "Which festivals opened in Shaanxi?",
        "How do I bake an orchard?",
        "sung",
        "24 flms",
        "Who runs the cafe, the café or the Café?",
        "全剧共多少集？",
        "zeppelin",
        "the festival's ong",
        "a b song24",
        "song, mo",
        "",
        "?!",
    ],
)
def test_what_stands_in_the_articles_or_comes_near_nothing_is_left_alone(speller, question):
    assert speller.read(question).question == question
    assert speller.read(question).notices == ()


def test_a_name_that_stands_in_the_articles_is_never_read_as_another(tmp_path):
    index_texts(tmp_path, {"a": "Two provinces\nShanxi and Shaanxi signed a treaty. Only Shaanxi gains."})
    speller = Speller(Library(tmp_path, WordEmbedder(), make_index(tmp_path)))
    assert speller.read("Where are Shanxi and Shaanxi?").notices == ()


def test_a_guessed_name_is_told_plainly(speller):
    (notice,) = speller.read("What did Shaanxl say?").notices
    assert notice.text == "No article has the name “Shaanxl”: read as “Shaanxi”, which may be another."
    (notice,) = speller.read("the golden triangel").notices
    assert notice.text == "Read “triangel” as “triangle”."


def test_what_is_put_in_or_taken_out_is_known_at_once(tmp_path):
    index_texts(tmp_path, {"a": "One\nThe harbour opened."})
    speller = Speller(Library(tmp_path, WordEmbedder(), make_index(tmp_path)))
    assert speller.read("the orchrad").notices == ()
    index_texts(tmp_path, {"b": "Two\nThe orchards froze; an orchard burned."})
    assert speller.read("the orchrad").question == "the orchard"
    index_texts(tmp_path, {"b": "Two\nThe vineyard burned."})
    assert speller.read("the orchrad").notices == ()


def test_the_answer_rests_on_the_question_as_it_was_read_and_says_so(folder):
    answer = open_assistant(folder, embedder=HashedEmbedder()).ask("What opened, the golden triangel festvial?")
    assert answer.question.endswith("triangel festvial?")
    assert answer.resolved_question.endswith("triangle festival?")
    assert [n.text for n in answer.notices[:2]] == ["Read “triangel” as “triangle”.", "Read “festvial” as “festival”."]


def test_a_follow_up_is_read_as_spelt_once_it_stands_alone(folder):
    """What is put in from the conversation is misspelt as it was there; the notice says how it was read."""
    history = [Message("user", "Where was the golden triangel festvial?"), Message("assistant", "In Shaanxi.")]
    answer = open_assistant(folder, embedder=HashedEmbedder()).ask("How many films did it show?", history)
    assert "triangle festival" in answer.resolved_question
    assert {n.kind for n in answer.notices} >= {"spelling"}


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error_and_without_a_notice_it_is_unchanged(folder, text):
    reading = Speller(Library(folder, WordEmbedder(), make_index(folder))).read(text)
    assert reading.notices or reading.question == text


@given(st.text(alphabet=st.sampled_from("abcdefgh"), min_size=5, max_size=12), st.data())
def test_two_neighbours_exchanged_are_put_back(word, data):
    place = data.draw(st.integers(1, len(word) - 2))
    typed = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    assert nearest(typed, Spellings.of({word: 1})) == word


def test_of_two_as_near_the_commoner_is_read():
    assert nearest("bridga", Spellings.of({"bridge": 3, "bridgs": 9})) == "bridgs"
    assert nearest("song", Spellings.of({"ring": 9})) == ""
    assert nearest("abcd", Spellings.of({"abce": 9})) == ""


def test_a_question_is_read_in_a_moment_over_a_large_vocabulary(tmp_path):
    names = [
        f"{a}{b}{c}{d}en" for a in "bcdfglmnprst" for b in "aeiou" for c in "bcdfglmnprstvwz" for d in ("al", "or")
    ]
    index_texts(
        tmp_path, {"many": "Names\n" + ". ".join(" ".join(names[i : i + 12]) for i in range(0, len(names), 12))}
    )
    speller = Speller(Library(tmp_path, WordEmbedder(), make_index(tmp_path)))
    question = " ".join(name[:3] + name[4] + name[3] + name[5:] for name in names[::30][:64])
    speller.read(question)
    started = time.perf_counter()
    speller.read(question * 50)
    assert time.perf_counter() - started < 0.5


def test_the_store_tells_what_stands_side_by_side(folder):
    with StoreReader(folder) as reader:
        assert reader.words.stand_together(["golden", "triangle"])
        assert not reader.words.stand_together(["triangle", "golden"])
        assert reader.words.standing(["cafe", "songs", "don't"]) == {"cafe"}


def test_an_embedder_to_which_any_run_of_letters_is_a_word_protects_none(tmp_path):
    index_texts(tmp_path, NEWS)
    assert (
        Speller(Library(tmp_path, HashedEmbedder(), make_index(tmp_path))).read("the festvial").question
        == "the festival"
    )
