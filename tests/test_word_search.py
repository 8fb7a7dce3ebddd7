"""Large stores' words as arrays: the same passages with the same scores as FTS5 finds, whatever happens to them."""

import shutil
from datetime import date

import numpy as np
import pytest
from fakes import CountingEmbedder, make_article, make_indexer, make_text
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.growth import grow_store, read_material
from rag.database import WORDS
from rag.errors import StoreDamaged
from rag.question import question_words
from rag.records import Scope
from rag.store import remove_articles
from rag.store_info import describe_store
from rag.store_reader import StoreReader
from rag.word_index import WordIndex
from rag.word_search import WordSearch, keep_word_index
from rag.word_terms import _tokenizer, terms_of

LANGUAGES = "长江大桥于1957年通车。Café owners didn't re-open the mayor's bridge; naïve Æsir “quoted” O'Brien's 3.5 km."
MATERIAL = read_material(
    [make_article(f"a{seed}", f"{make_text(seed, 20)} {LANGUAGES}") for seed in range(6)], CountingEmbedder()
)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grown")
    grow_store(folder, 1200, MATERIAL)
    assert keep_word_index(folder, large=1)
    return folder


@pytest.fixture
def copied(grown, tmp_path):
    return shutil.copytree(grown, tmp_path / "store")


def same(found, expected):
    """Fail unless ids and scores are equal; sums in another order differ in the last place, and so may ties there."""
    scores = [score for _, score in expected]
    assert np.allclose([score for _, score in found], scores, rtol=1e-9)
    least = scores[-1] * (1 + 1e-9) if scores else 0.0
    ordered = [sorted((-round(score, 9), key) for key, score in some if score > least) for some in (found, expected)]
    assert [key for _, key in ordered[0]] == [key for _, key in ordered[1]]


def check_same(folder, words, k, scope=None):
    """Fail unless the arrays and FTS5 find the same."""
    search = WordSearch(folder)
    with StoreReader(folder) as reader:
        same(search.search(reader, words, k, scope), reader.words.search(words, k, scope))


@pytest.mark.parametrize("k", [1, 3, 10, 100, 5000])
def test_arrays_find_what_fts5_finds_with_the_same_scores(grown, k):
    for question in MATERIAL.questions(40):
        check_same(grown, question_words(question), k)


@pytest.mark.parametrize(
    "words",
    [
        ["harbour"],
        ["nowhere"],
        ["harbour", "harbours", "HARBOUR"],
        ["mayor's", "bridge"],
        ["didn't"],
        ["长江", "大桥", "通"],
        ["café", "naïve", "æsir"],
        ['"', "()", "harbour"],
        ["", "\0", "a\0b"],
        ["1957", "3.5"],
        [],
        make_text(1, 20).lower().split()[:64],
    ],
)
def test_words_of_any_kind_are_found_as_fts5_finds_them(grown, words):
    check_same(grown, words, 20)


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.text(max_size=12) | st.sampled_from(make_text(2, 3).split()), max_size=8),
    k=st.integers(1, 50),
)
def test_no_words_make_arrays_and_fts5_differ(grown, words, k):
    check_same(grown, words, k)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(since=date(2016, 1, 1), until=date(2016, 3, 1)),
        Scope(since=date(2016, 1, 1)),
        Scope(article_ids=frozenset({"grown-0-00000003"})),
        Scope(article_ids=frozenset({"nowhere"})),
    ],
)
def test_a_scope_bounds_what_arrays_find_as_it_does_for_fts5(grown, scope):
    for question in MATERIAL.questions(10):
        check_same(grown, question_words(question), 5, scope)
        check_same(grown, question_words(question), 200, scope)


def test_arrays_count_passages_as_the_vocabulary_does(grown):
    stems = ["harbour", "bridg", "nowhere", "长江"]
    with StoreReader(grown) as reader:
        assert WordSearch(grown).passages_with(reader, stems) == reader.words.passages_with(stems)


def test_what_was_put_in_after_the_arrays_were_made_is_found(copied):
    search = WordSearch(copied)
    with StoreReader(copied) as reader:
        assert search.search(reader, ["hyperborea"], 5) == []
        grow_store(copied, 1230, MATERIAL)
        embedder = CountingEmbedder()
        make_indexer(copied, embedder).index_articles([make_article("new", "A harbour opened in Hyperborea.")])
        assert (copied / WORDS).is_dir()
        (found,) = search.search(reader, ["hyperborea"], 5)
        assert reader.passages([found[0]])[found[0]].article_id == "new"
        assert search.passages_with(reader, ["hyperborea", "harbour"])["hyperborea"] == 1
        assert found[0] in {key for key, _ in search.search(reader, ["harbour", "hyperborea"], 3)}


def test_arrays_that_are_made_after_the_first_question_answer_the_next(copied, tmp_path):
    """Indexing commits first and makes the arrays then: who asks in between must not go without them for ever."""
    shutil.move(copied / WORDS, tmp_path / WORDS)
    search = WordSearch(copied)
    with StoreReader(copied) as reader:
        found = search.search(reader, ["harbour", "bridge"], 10)
        assert search._known(reader).index is None
        shutil.move(tmp_path / WORDS, copied / WORDS)
        same(search.search(reader, ["harbour", "bridge"], 10), found)
        assert search._known(reader).index is not None


def test_a_new_generation_does_not_read_the_same_arrays_again(copied, monkeypatch):
    search = WordSearch(copied)
    with StoreReader(copied) as reader:
        search.search(reader, ["harbour"], 5)
        grow_store(copied, 1210, MATERIAL)
        monkeypatch.setattr("rag.word_search.load_checked", None)
        found = {key for key, _ in search.search(reader, ["harbour"], 2000)}
        assert found == {key for key, _ in reader.words.search(["harbour"], 2000)}


def test_what_was_replaced_after_the_arrays_were_made_is_not_found(copied):
    search = WordSearch(copied)
    with StoreReader(copied) as reader:
        before = search.search(reader, ["harbour"], 10)
        first = reader.passages([before[0][0]])[before[0][0]].article_id
        gone = {p.id for p in reader.passages_of(first)}
        changed = make_article(first, "Nothing of it stands here now.", path=f"{first}.txt")
        make_indexer(copied).index_articles([changed])
        assert (copied / WORDS).is_dir()
        after = search.search(reader, ["harbour"], 10)
    assert len(after) == 10
    assert not gone & {key for key, _ in after}


def test_removing_an_article_takes_its_words_out_of_the_folder(copied):
    """Not only the database forgets: what was derived from it goes as well."""
    make_indexer(copied).index_articles([make_article("secret", "A harbour opened in Hyperborea.")])
    shutil.rmtree(copied / WORDS)
    keep_word_index(copied, large=1)
    assert b"hyperborea" in (copied / WORDS / "letters.npy").read_bytes()
    remove_articles(copied, ["secret"])
    assert not any(b"hyperborea" in path.read_bytes() for path in copied.rglob("*") if path.is_file())


def test_arrays_that_are_taken_away_while_they_are_opened_make_fts5_answer(copied, monkeypatch):
    load = WordIndex.load

    def remove_first(folder):
        shutil.rmtree(folder, ignore_errors=True)
        return load(folder)

    monkeypatch.setattr(WordIndex, "load", remove_first)
    check_same(copied, ["harbour", "bridge"], 10)


def test_a_changed_byte_makes_fts5_answer(copied):
    file = copied / WORDS / "rows.npy"
    damaged = bytearray(file.read_bytes())
    damaged[-1] ^= 1
    file.write_bytes(damaged)
    question = question_words(MATERIAL.questions(1)[0])
    check_same(copied, question, 10)
    with StoreReader(copied) as reader:
        assert WordSearch(copied)._known(reader).index is None


def test_arrays_of_another_store_are_not_used(copied, tmp_path):
    grow_store(tmp_path / "other", 50, MATERIAL, seed=1)
    shutil.copytree(copied / WORDS, tmp_path / "other" / WORDS)
    check_same(tmp_path / "other", ["harbour", "bridge"], 10)


def test_a_store_that_was_put_back_and_went_another_way_is_not_searched_with_the_old_arrays(copied, tmp_path):
    """Ids and generations are counted again from the copy: the same numbers, other words."""
    copy = shutil.copytree(copied, tmp_path / "copy")
    make_indexer(copied).index_articles([make_article("old", "A zeppelin landed.")])
    shutil.rmtree(copied / WORDS)
    assert keep_word_index(copied, large=1)
    make_indexer(copy).index_articles([make_article("new", "A volcano erupted.")])
    shutil.rmtree(copy / WORDS)
    shutil.copytree(copied / WORDS, copy / WORDS)
    check_same(copy, ["zeppelin", "volcano"], 10)
    assert keep_word_index(copy, large=1)
    check_same(copy, ["zeppelin", "volcano"], 10)


def test_a_store_that_is_small_and_changes_has_no_arrays(copied):
    grow_store(copied, 1400, MATERIAL)
    assert not keep_word_index(copied, large=100_000)
    assert not (copied / WORDS).exists()
    check_same(copied, ["harbour", "bridge"], 10)


def test_arrays_are_made_anew_only_when_much_has_changed(copied):
    assert not keep_word_index(copied, large=1)
    grow_store(copied, 1220, MATERIAL)
    assert not keep_word_index(copied, large=1)
    grow_store(copied, 1400, MATERIAL)
    assert keep_word_index(copied, large=1)
    check_same(copied, ["harbour", "bridge"], 10)


def test_a_full_disk_leaves_the_store_to_fts5(copied, monkeypatch):
    shutil.rmtree(copied / WORDS)
    monkeypatch.setattr("rag.word_search.fill_word_index", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    assert not keep_word_index(copied, large=1)
    check_same(copied, ["harbour", "bridge"], 10)


def test_words_of_passages_that_are_not_there_are_reported_as_damage(copied):
    import sqlite3

    shutil.rmtree(copied / WORDS)
    with sqlite3.connect(copied / "store.db") as connection:
        connection.execute("DELETE FROM passage WHERE id = 7")
    with pytest.raises(StoreDamaged):
        keep_word_index(copied, large=1)


def test_an_empty_store_may_have_arrays(tmp_path):
    make_indexer(tmp_path).index_articles([])
    assert keep_word_index(tmp_path, large=0)
    check_same(tmp_path, ["harbour"], 5)


def test_indexing_a_large_store_makes_its_arrays(tmp_path, monkeypatch):
    monkeypatch.setattr("rag.word_search.keep_word_index.__kwdefaults__", {"large": 2, "progress": None})
    make_indexer(tmp_path).index_articles([make_article("a")])
    assert (tmp_path / WORDS).is_dir()
    check_same(tmp_path, ["harbour"], 5)


@pytest.mark.parametrize(
    ("word", "terms"),
    [("Bridges", ("bridg",)), ("don't", ("don", "t")), ("…", ()), ("Café", ("cafe",)), ("大桥", ("大桥",))],
)
def test_a_word_is_cut_as_the_index_cuts_it(word, terms):
    assert terms_of(word) == terms


def test_a_question_that_was_interrupted_leaves_no_word_behind():
    _tokenizer().execute("INSERT INTO word (rowid, text) VALUES (1, 'zeppelin')")
    assert terms_of("uncommonest") == ("uncommonest",)


def test_a_stores_description_counts_the_bytes_of_its_arrays(copied):
    assert describe_store(copied).words_bytes > 10_000
    shutil.rmtree(copied / WORDS)
    assert describe_store(copied).words_bytes == 0
