"""Stores made to measure growth: real sentences, vectors around real ones, and a vocabulary that goes on growing."""

import shutil
import sqlite3
from functools import partial

import numpy as np
import pytest
from fakes import CountingEmbedder, check_words, make_article, make_text

from eval.bench_growth import make_stores, store_of
from eval.growth import PASSAGE_TOKENS, grow_store, read_material
from rag.chunking import embedded_text
from rag.database import WORDS
from rag.errors import StoreMismatch
from rag.records import Scope
from rag.store_reader import StoreReader
from rag.word_search import keep_word_index

ARTICLES = [
    make_article(f"a{seed}", f"{make_text(seed, 20)} Quixotic{'abcdef'[seed]} came in {1900 + seed}.")
    for seed in range(6)
]


@pytest.fixture(scope="module")
def material():
    return read_material(ARTICLES, CountingEmbedder())


def texts_in(folder):
    with StoreReader(folder) as reader:
        return [reader.article(key).text for key in reader.article_ids()]


def vectors_in(folder):
    with StoreReader(folder) as reader:
        return reader.vectors(64)


def words_in(folder):
    with sqlite3.connect(folder / "store.db") as connection:
        return {term for (term,) in connection.execute("SELECT term FROM spelling_vocabulary")}


def test_a_grown_store_is_a_sound_store_of_at_least_the_size_asked_for(tmp_path, material):
    stored = grow_store(tmp_path, 300, material)
    with StoreReader(tmp_path) as reader:
        assert reader.count_passages() == stored
        assert reader.count_articles(Scope()) == (len(reader.article_ids()),) * 2
        for article in map(reader.article, reader.article_ids()):
            for passage in reader.passages_of(article.id):
                assert passage.text == passage.span.of(article.text)
                assert passage.text == " ".join(span.of(article.text) for span in passage.sentences)
    assert 300 <= stored < 400
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        check_words(connection)


def test_passages_have_three_to_six_sentences_and_fit_the_passage_size(tmp_path, material):
    grow_store(tmp_path, 200, material)
    with StoreReader(tmp_path) as reader:
        passages = [p for key in reader.article_ids() for p in reader.passages_of(key)]
    assert {len(p.sentences) for p in passages} <= {1, 2, 3, 4, 5, 6}
    assert sum(len(p.sentences) >= 3 for p in passages) > 0.8 * len(passages)
    assert [p.tokens for p in passages] == material.count_tokens([embedded_text(p) for p in passages])
    assert sum(p.tokens > PASSAGE_TOKENS for p in passages) < 0.02 * len(passages)


def test_the_same_seed_makes_the_same_store_however_often_it_was_stopped(tmp_path, material):
    grow_store(tmp_path / "whole", 200, material)
    for size in (30, 31, 120, 200):
        grow_store(tmp_path / "parts", size, material)
    assert texts_in(tmp_path / "parts") == texts_in(tmp_path / "whole")
    whole, parts = vectors_in(tmp_path / "whole"), vectors_in(tmp_path / "parts")
    np.testing.assert_array_equal(whole[0], parts[0])
    assert np.array_equal(whole[1], parts[1])


def test_another_seed_makes_another_store(tmp_path, material):
    grow_store(tmp_path / "one", 50, material)
    grow_store(tmp_path / "other", 50, material, seed=1)
    assert texts_in(tmp_path / "one") != texts_in(tmp_path / "other")


def test_vectors_lie_around_real_ones_and_have_unit_length(tmp_path, material):
    grow_store(tmp_path, 100, material)
    ids, vectors = vectors_in(tmp_path)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    with StoreReader(tmp_path) as reader:
        sentences = np.concatenate(list(reader.sentence_vectors(ids.tolist(), 64).values())).astype(np.float32)
    assert np.allclose(np.linalg.norm(sentences, axis=1), 1, atol=1e-2)
    nearest = (sentences @ material.vectors.T).max(axis=1)
    assert nearest.min() > 0.85
    assert len(np.unique(vectors, axis=0)) == len(vectors)


def test_the_vocabulary_grows_with_the_store(tmp_path, material):
    sizes = (100, 400, 1600)
    known = []
    for size in sizes:
        grow_store(tmp_path, size, material)
        known.append(len(words_in(tmp_path)))
    assert known[0] < known[1] < known[2]


def test_questions_are_parts_of_real_sentences_and_repeatable(material):
    asked = material.questions(20)
    assert asked == material.questions(20)
    assert asked != material.questions(20, seed=1)
    assert all(any(question in s.text for s in material.sentences) for question in asked)


def test_a_store_of_another_embedder_is_left_alone(tmp_path, material):
    grow_store(tmp_path, 50, material)
    other = read_material(ARTICLES, CountingEmbedder(dim=32))
    with pytest.raises(StoreMismatch):
        grow_store(tmp_path, 100, other)


def test_articles_without_a_sentence_make_no_material():
    with pytest.raises(ValueError, match="no sentence"):
        read_material([], CountingEmbedder())


def test_stores_that_are_measured_have_all_that_an_indexed_one_has_beside_it(tmp_path, monkeypatch):
    """Growing a store commits to it alone: what indexing makes at its end must be there too, or FTS5 is measured."""
    monkeypatch.setattr("eval.bench_growth.keep_word_index", partial(keep_word_index, large=1))
    (tmp_path / "news.txt").write_text(f"A title\n\n{make_text(1, 30)}", "utf-8")
    for _ in range(2):
        make_stores("hashed", tmp_path / "news.txt", tmp_path / "stores", [20], 3)
        assert (store_of(tmp_path / "stores", 20) / WORDS).is_dir()
        shutil.rmtree(store_of(tmp_path / "stores", 20) / WORDS)
