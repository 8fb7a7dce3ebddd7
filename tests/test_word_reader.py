"""The word index, asked: what it costs does not grow with what a scope holds."""

import time

import pytest
from fakes import CountingEmbedder, make_article, make_text

from eval.growth import grow_store, read_material
from rag.records import Scope
from rag.store_reader import StoreReader

COMMON = ["harbour", "bridge", "the", "mayor", "opened"]


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    articles = [make_article(f"a{seed}", make_text(seed, 20)) for seed in range(6)]
    folder = tmp_path_factory.mktemp("grown")
    grow_store(folder, 1500, read_material(articles, CountingEmbedder()))
    return folder


def test_a_wide_scope_costs_about_what_none_does(grown):
    """The words are looked up once, not once for every passage within the scope."""
    with StoreReader(grown) as reader:
        wide = Scope(article_ids=frozenset(reader.article_ids()))

        def took(scope):
            times = []
            for _ in range(3):
                start = time.perf_counter()
                found = reader.words.search(COMMON, 100, scope)
                times.append(time.perf_counter() - start)
            return min(times), found

        (bare, everywhere), (bounded, within) = took(None), took(wide)
    assert within == everywhere
    assert len(within) == 100
    assert bounded < 20 * bare


def test_a_vast_vocabulary_is_read_without_the_words_of_single_passages(grown, monkeypatch):
    """What stands once among very many is mostly an error, and a letter's words are kept in memory."""
    with StoreReader(grown) as reader:
        every = reader.words.spellings("k")
        monkeypatch.setattr("rag.word_reader._MANY_SPELLINGS", 0)
        again = reader.words.spellings("k")
    assert 1 in every.values()
    assert again == {word: count for word, count in every.items() if count > 1}
    assert again
