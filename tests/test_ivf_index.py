"""Trained lists keep the contract, with what was added since beside them, in memory and from their file."""

import numpy as np
import pytest
from contract_vector_index import VectorIndexContract, some_ids, unit_rows

from embeddings.errors import VectorsInvalid
from embeddings.faiss_index import FaissIndex
from embeddings.ivf_index import IvfIndex, Lists, lists_for


def trained(ids, vectors):
    lists = Lists.train(vectors, min(lists_for(len(vectors)), len(vectors)))
    lists.add(ids, vectors)
    return lists


def none_added(dim=8):
    return FaissIndex([], np.zeros((0, dim), dtype=np.float32))


def topical(count, topics=200, dim=32, seed=1):
    """Return rows that lie about topics, as texts do."""
    choose = np.random.default_rng(seed)
    rows = unit_rows(topics, dim, seed)[choose.integers(0, topics, count)] + choose.normal(0, 0.15, (count, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class TestListsAlone(VectorIndexContract):
    @pytest.fixture
    def make(self):
        return lambda ids, vectors: IvfIndex(trained(ids, vectors), none_added())


class TestListsOfAFile(VectorIndexContract):
    @pytest.fixture
    def make(self, tmp_path):
        def made(ids, vectors):
            trained(ids, vectors).write(tmp_path / "lists")
            return IvfIndex(Lists.read(tmp_path / "lists"), none_added())

        return made


class TestListsAndWhatWasAdded(VectorIndexContract):
    @pytest.fixture
    def make(self):
        def made(ids, vectors):
            half = (len(ids) + 1) // 2
            return IvfIndex(trained(ids[:half], vectors[:half]), FaissIndex(ids[half:], vectors[half:]))

        return made


def test_there_are_about_four_times_the_square_root_of_lists_in_powers_of_two():
    assert [lists_for(n) for n in (0, 1, 100, 10_000, 200_000, 500_000, 1_000_000, 10_000_000)] == [
        *(4, 4, 32, 512, 2048, 2048, 4096, 16384)
    ]


def test_of_many_vectors_a_share_of_the_lists_finds_nearly_all_that_is_near():
    rows = topical(20_000)
    index = IvfIndex(trained(range(20_000), rows), none_added(32))
    shares = []
    for question in topical(50, seed=2):
        exact = np.argsort(-(rows @ question))[:10]
        shares.append(len({near.id for near in index.search(question, 10)} & set(exact.tolist())) / 10)
    assert np.mean(shares) >= 0.97


def test_where_a_filter_keeps_few_all_lists_are_looked_into():
    """Kept are those that lie farthest from the question: without a filter none of their lists would be looked into."""
    rows = topical(10_000)
    index = IvfIndex(trained(range(10_000), rows), none_added(32))
    for question in topical(10, seed=3):
        far = np.sort(np.argsort(rows @ question)[:50])
        assert {near.id for near in index.search(question, 50, keep=far)} == set(far.tolist())


def test_the_fewer_a_filter_keeps_the_more_lists_are_looked_into(monkeypatch):
    """A tenth is kept: of as many lists as without a filter it would find little."""
    monkeypatch.setattr("embeddings.ivf_index._FEW_KEPT", 0)
    monkeypatch.setattr("embeddings.ivf_index._LISTS_SEARCHED", 8)
    rows = topical(10_000)
    lists = trained(range(10_000), rows)
    keep = np.sort(np.random.default_rng(5).choice(10_000, 1000, replace=False))
    shares = []
    for question in topical(50, seed=3):
        exact = keep[np.argsort(-(rows[keep] @ question))[:10]]
        shares.append(len({near.id for near in lists.search(question, 10, keep)} & set(exact.tolist())) / 10)
    assert np.mean(shares) >= 0.9


def test_lists_are_read_as_they_were_written_and_outlive_their_file(tmp_path):
    rows = unit_rows(300)
    lists = trained(range(300), rows)
    lists.write(tmp_path / "lists")
    again = Lists.read(tmp_path / "lists")
    (tmp_path / "lists").unlink()
    assert (len(again), again.dim, again.lists) == (300, 8, lists.lists)
    for question in unit_rows(20, seed=4):
        assert again.search(question, 30, None) == lists.search(question, 30, None)


def test_what_is_not_kept_is_gone_and_what_is_added_is_found(tmp_path):
    rows = unit_rows(100)
    trained(range(60), rows[:60]).write(tmp_path / "lists")
    lists = Lists.read(tmp_path / "lists", mapped=False)
    lists.keep_only(some_ids(*range(10, 60), 99))
    lists.add(range(60, 100), rows[60:])
    assert len(lists) == 90
    assert {near.id for near in lists.search(rows[0], 200, None)} == set(range(10, 100))
    lists.keep_only(some_ids())
    assert (len(lists), lists.search(rows[0], 5, None)) == (0, [])


def test_a_file_of_another_kind_is_refused_and_one_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "text").write_text("no index")
    with pytest.raises(VectorsInvalid, match="holds no vector index"):
        Lists.read(tmp_path / "text")
    import faiss

    faiss.write_index(faiss.IndexFlatIP(8), str(tmp_path / "flat"))
    with pytest.raises(VectorsInvalid, match="another kind"):
        Lists.read(tmp_path / "flat")
    with pytest.raises(OSError, match="could not be written"):
        trained(range(4), unit_rows(4)).write(tmp_path / "nowhere" / "lists")
