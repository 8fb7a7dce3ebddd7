"""The vector index against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.errors import VectorsInvalid
from embeddings.faiss_index import FaissIndex
from embeddings.protocols import VectorIndex


def unit_rows(count, dim=8, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 99))
def test_the_nearest_are_those_of_brute_force(count, k, seed):
    rows = unit_rows(count + 1, seed=seed)
    ids = [10 * n + 3 for n in range(count)]
    found = FaissIndex(ids, rows[:count]).search(rows[count], k)
    cosines = rows[:count] @ rows[count]
    expected = [ids[n] for n in sorted(range(count), key=lambda n: -cosines[n])][:k]
    assert [near.id for near in found] == expected
    np.testing.assert_allclose([near.cosine for near in found], sorted(cosines, reverse=True)[:k], atol=1e-5)


def test_of_the_ids_to_keep_only_those_are_found():
    rows = unit_rows(20)
    index = FaissIndex(range(20), rows)
    assert {near.id for near in index.search(rows[0], 20, keep={2, 5, 7})} == {2, 5, 7}
    assert index.search(rows[0], 5, keep=[]) == []


def test_equal_vectors_come_in_order_of_their_ids():
    rows = np.repeat(unit_rows(1), 5, axis=0)
    assert [near.id for near in FaissIndex([9, 4, 7, 1, 3], rows).search(rows[0], 5)] == [1, 3, 4, 7, 9]


def test_an_empty_index_finds_nothing():
    index = FaissIndex([], np.zeros((0, 8), dtype=np.float32))
    assert isinstance(index, VectorIndex)
    assert (len(index), index.search(unit_rows(1)[0], 5)) == (0, [])


def test_vectors_that_cannot_be_compared_are_refused():
    with pytest.raises(VectorsInvalid, match="2 ids"):
        FaissIndex([1, 2], unit_rows(3))
    with pytest.raises(VectorsInvalid, match="not finite"):
        FaissIndex([1], np.full((1, 8), np.nan, dtype=np.float32))
    with pytest.raises(VectorsInvalid, match="4 components"):
        FaissIndex([1], unit_rows(1)).search(unit_rows(1, dim=4)[0], 1)
