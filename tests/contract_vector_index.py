"""What every VectorIndex promises; each implementation's tests inherit it and provide the fixture `make`.

`make(ids, vectors)` gives the index. One that is not exact has cosines off by less than `OFF`, and on as few vectors as
these looks at all of them.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeddings.errors import VectorsInvalid
from embeddings.protocols import VectorIndex

OFF = 0.02


def unit_rows(count, dim=8, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def some_ids(*ids):
    return np.array(ids, dtype=np.int64)


class VectorIndexContract:
    """Promises of embeddings.protocols.VectorIndex."""

    def test_it_is_a_vector_index_of_so_many_vectors(self, make):
        index = make(range(20), unit_rows(20))
        assert isinstance(index, VectorIndex)
        assert len(index) == 20

    @settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 99), st.booleans())
    def test_the_nearest_are_those_of_brute_force(self, make, count, k, seed, bounded):
        rows = unit_rows(count + 1, seed=seed)
        ids = [10 * n + 3 for n in range(count)]
        kept = [n for n in range(count) if not bounded or n % 3 == 1]
        keep = some_ids(*(ids[n] for n in kept)) if bounded else None
        index = make(ids, rows[:count])
        found = index.search(rows[count], k, keep=keep)
        cosines = {ids[n]: float(rows[n] @ rows[count]) for n in kept}
        best = sorted(cosines.values(), reverse=True)[:k]
        off = 1e-5 if index.exact else OFF
        assert [near.cosine for near in found] == pytest.approx([cosines[near.id] for near in found], abs=off)
        assert [near.cosine for near in found] == pytest.approx(best, abs=off)
        assert len({near.id for near in found}) == len(found)
        assert found == sorted(found, key=lambda near: (-near.cosine, near.id))

    def test_of_the_ids_to_keep_only_those_are_found_and_unknown_ones_are_passed_over(self, make):
        rows = unit_rows(20)
        index = make(range(20), rows)
        assert {near.id for near in index.search(rows[0], 20, keep=some_ids(2, 5, 7))} == {2, 5, 7}
        assert [near.id for near in index.search(rows[0], 20, keep=some_ids(-4, 19, 10**6, 2**62))] == [19]
        assert index.search(rows[0], 5, keep=some_ids()) == []

    def test_equal_vectors_come_in_order_of_their_ids(self, make):
        rows = np.repeat(unit_rows(1), 5, axis=0)
        assert [near.id for near in make([1, 3, 4, 7, 9], rows).search(rows[0], 5)] == [1, 3, 4, 7, 9]

    def test_no_more_are_asked_for_than_there_are(self, make):
        assert len(make(range(3), unit_rows(3)).search(unit_rows(1)[0], 1000)) == 3
        assert make(range(3), unit_rows(3)).search(unit_rows(1)[0], 0) == []

    def test_a_question_of_another_dimension_is_refused(self, make):
        with pytest.raises(VectorsInvalid, match="4 components"):
            make([1], unit_rows(1)).search(unit_rows(1, dim=4)[0], 1)

    def test_vectors_that_cannot_be_compared_are_refused(self, make):
        with pytest.raises(VectorsInvalid, match="ids for vectors"):
            make([1, 2, 3, 4], unit_rows(5))
        with pytest.raises(VectorsInvalid, match="not finite"):
            make([1, 2], np.full((2, 8), np.nan, dtype=np.float32))
