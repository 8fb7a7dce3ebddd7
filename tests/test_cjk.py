"""Chinese, Japanese and Korean writing in the word index, in rankings and in whole answers."""

from contextlib import closing

import pytest
from assistants import index_texts, make_assistant
from fakes import check_store
from hypothesis import given
from hypothesis import strategies as st

from embeddings.hashed import HashedEmbedder
from rag.cjk import content_grams, grams, has_cjk, seams, spaced
from rag.leaning import lean_of
from rag.question import asked_unit, asks_for, counts_unit, holds_kind, without_words
from rag.rerank import word_rarity
from rag.retrievers import LexicalRetriever
from rag.statements import terms
from rag.store_reader import StoreReader
from rag.text import content_words, count_words, searchable, words
from rag.wiring import open_assistant

NEWS = {
    "drama": "短剧《青山渡》开机\n短剧《青山渡》于2025年3月12日在杭州开机，全剧共24集。"
    "该剧由周明执导，林晓雨担任女主角。\n"
    "制片方星河影业表示，总投资为1800万元。",
    "bridge": "南港大桥建成通车\n全长12.5公里的南港大桥昨日正式通车。\n市长何立群出席通车仪式。",
    "mixed": "AI短剧市场快速增长\n报告显示，AI短剧市场规模达到35亿元。COL Group 中文在线已推出十部ＡＩ短剧。",
    "english": "Harbour bridge opens in Lisbon\nThe new harbour bridge in Lisbon opened on 4 March 2025.",
}


class EnglishEmbedder(HashedEmbedder):
    """A model that says it was trained on English."""

    languages = ("en",)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    index_texts(folder, NEWS)
    return open_assistant(folder, embedder=EnglishEmbedder())


def test_a_run_is_its_characters_and_pairs():
    assert grams("短剧集") == ["短", "短剧", "剧", "剧集", "集"]
    assert words("AI短剧 don't") == ["ai", "短", "短剧", "剧", "don't"]
    assert spaced("AI短剧！") == "AI 短 短剧 剧 ！"


@given(st.text(alphabet=st.sampled_from("短剧中文在线aB1 '，。のハ한ＡＩ"), max_size=40))
def test_every_pair_of_a_question_is_among_the_words_of_the_same_text(text):
    assert set(content_words(text)) <= set(words(text))
    assert all(not has_cjk(word) or len(word) <= 2 for word in words(text))


@given(st.text(alphabet=st.sampled_from("abc 短剧"), max_size=30))
def test_cutting_for_the_index_twice_changes_no_character_but_doubles_none(text):
    kept = [character for character in spaced(text) if not has_cjk(character) and character != " "]
    assert kept == [character for character in text if not has_cjk(character) and character != " "]


def test_function_words_part_a_question_and_a_lone_character_stays():
    assert content_grams("青山渡的导演是谁") == ["青山", "山渡", "导演"]
    assert content_words("《家业》有多少集？") == ["家业", "集"]
    assert content_words("是谁？") == ["是", "是谁", "谁"]


def test_a_pair_that_only_joins_two_known_words_does_not_count():
    asked = ["南港", "港大", "大桥", "桥公", "公司", "面包"]
    assert seams(asked, {"南港", "大桥", "公司"}) == {"港大", "桥公"}
    assert "港大" not in word_rarity(asked, {"南港": 1, "大桥": 1}, 10)
    assert "面包" in word_rarity(asked, {"南港": 1, "大桥": 1}, 10)


def test_full_width_forms_are_searched_as_plain_ones():
    assert searchable("ＡＩ") == "AI"


def test_what_a_chinese_sentence_states_is_told_by_its_pairs():
    assert terms("全长12.5公里的桥，共24集") == {"全长", "12", "5", "公里", "里的", "的桥", "共", "24", "集"}


def test_a_long_chinese_question_still_leans():
    assert lean_of("它在去年的国际电影节上一共获得了多少个奖项，又是由哪些评委颁发的，当时谁在场？").how == "pronoun"


def test_two_characters_count_as_a_word():
    assert count_words("AI短剧增长快") == 1 + 3
    assert count_words("a well-known story") == 3


@pytest.mark.parametrize(
    ("question", "found"),
    [("青山渡", "drama"), ("《青山渡》", "drama"), ("大桥", "bridge"), ("中文在线", "mixed"), ("COL Group", "mixed")],
)
def test_a_word_inside_a_run_finds_its_article(assistant, question, found):
    hits = LexicalRetriever(assistant.library).retrieve(question, 5)
    assert hits[0].passage.article_id == found


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("青山渡共有多少集？", "amount"),
        ("推出了几部短剧？", "amount"),
        ("什么时候开机？", "date"),
        ("几月几日开机？", "date"),
        ("在哪里开机？", "place"),
        ("在哪个城市拍摄？", "place"),
        ("导演是谁？", "name"),
        ("为什么涨价？", None),
    ],
)
def test_the_words_of_a_chinese_question_tell_what_answers_it(question, kind):
    assert asks_for(question) == kind


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("该剧由周明执导。", "name", True),
        ("该剧很好看。", "name", False),
        ("剧组在杭州拍摄。", "place", True),
        ("三万居民被疏散。", "amount", True),
        ("周二晚登陆。", "date", True),
    ],
)
def test_a_chinese_sentence_holds_the_kind_or_does_not(text, kind, expected):
    assert holds_kind(text, kind, "谁？") is expected


def test_a_number_counts_the_unit_that_a_chinese_question_asks_for():
    assert counts_unit("全剧共24集。", asked_unit("青山渡共有多少集？"))
    assert not counts_unit("全剧共24天。", asked_unit("青山渡共有多少集？"))


def test_what_a_story_is_about_leaves_a_chinese_question():
    assert without_words("《青山渡》的导演是谁？", {"青山", "山渡"}) == "《》的导演是谁？"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("《青山渡》共有多少集？", "全剧共24集"),
        ("青山渡什么时候开机？", "2025年3月12日"),
        ("谁出席了通车仪式？", "何立群"),
        ("AI短剧市场规模有多大？", "35亿元"),
        ("中文在线推出了几部AI短剧？", "十部"),
    ],
)
def test_a_chinese_question_is_answered_by_its_words_where_the_model_reads_english(assistant, question, said):
    answer = assistant.ask(question)
    assert not answer.abstained
    assert said in answer.text


@pytest.mark.parametrize("question", ["如何烤面包？", "谁发明了电话？", "Кто изобрёл телефон?"])
def test_an_unrelated_question_in_another_script_abstains_and_says_what_to_set(assistant, question):
    answer = assistant.ask(question)
    assert answer.abstained
    (notice,) = [n for n in answer.notices if n.kind == "language"]
    assert "RAG_EMBEDDER" in notice.text
    assert "reads: en" in notice.text


def test_an_english_question_over_chinese_articles_is_told_so(tmp_path):
    index_texts(tmp_path, {"drama": NEWS["drama"]})
    answer = open_assistant(tmp_path, embedder=EnglishEmbedder()).ask("Who won the championship?")
    assert answer.abstained
    assert any("The nearest article is in Chinese characters" in n.text for n in answer.notices)


def test_a_model_that_does_not_name_its_languages_is_taken_to_read_all(tmp_path):
    answer = make_assistant(tmp_path, NEWS).ask("如何烤面包？")
    assert not [n for n in answer.notices if n.kind == "language"]


def test_the_words_of_a_removed_chinese_article_are_gone(tmp_path):
    index_texts(tmp_path, NEWS)
    index_texts(tmp_path, {"drama": "短剧《长河》开机\n短剧《长河》在苏州开机，全剧共30集。"})
    check_store(tmp_path)
    with closing(StoreReader(tmp_path)) as reader:
        assert reader.words.passages_with(["青山", "长河"]) == {"长河": 1}


def test_a_line_of_chinese_body_with_a_date_is_no_masthead(tmp_path):
    index_texts(tmp_path, {"drama": NEWS["drama"]})
    with closing(StoreReader(tmp_path)) as reader:
        assert "全剧共24集" in reader.passages_of("drama")[0].text
