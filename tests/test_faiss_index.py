"""The flat index keeps the contract to the last digit."""

import numpy as np
import pytest
from contract_vector_index import VectorIndexContract, unit_rows

from embeddings.faiss_index import FaissIndex


class TestFaissIndex(VectorIndexContract):
    @pytest.fixture
    def make(self):
        return FaissIndex


def test_an_empty_index_finds_nothing():
    index = FaissIndex([], np.zeros((0, 8), dtype=np.float32))
    assert index.exact
    assert (len(index), index.search(unit_rows(1)[0], 5)) == (0, [])
