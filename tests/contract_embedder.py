"""What every Embedder promises; each implementation's tests inherit it and provide the fixture `embedder`."""

import numpy as np

from embeddings.protocols import Embedder

TEXTS = ["The bridge opened in March.", "Apples", "Frost ruined the harvest of apples in the valley. " * 3, "桥开了"]


class EmbedderContract:
    """Promises of embeddings.protocols.Embedder."""

    def test_it_is_an_embedder(self, embedder):
        assert isinstance(embedder, Embedder)
        assert embedder.name
        assert embedder.fingerprint

    def test_rows_are_unit_vectors_in_the_order_given(self, embedder):
        rows = embedder.embed_passages(TEXTS)
        assert rows.shape == (len(TEXTS), embedder.dim)
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
        backwards = embedder.embed_passages(TEXTS[::-1])
        np.testing.assert_allclose(backwards[::-1], rows, atol=1e-5)

    def test_no_texts_give_no_rows(self, embedder):
        assert embedder.embed_passages([]).shape == (0, embedder.dim)
        assert embedder.count_tokens([]) == []

    def test_the_same_text_gives_the_same_vector(self, embedder):
        np.testing.assert_array_equal(embedder.embed_question(TEXTS[0]), embedder.embed_question(TEXTS[0]))

    def test_a_question_is_a_vector_near_the_passage_that_says_it(self, embedder):
        question = embedder.embed_question("When did the bridge open?")
        assert question.shape == (embedder.dim,)
        assert np.argmax(embedder.embed_passages(TEXTS) @ question) == 0

    def test_questions_embedded_together_are_those_embedded_one_by_one(self, embedder):
        together = embedder.embed_questions(TEXTS)
        np.testing.assert_allclose(together, [embedder.embed_question(text) for text in TEXTS], atol=1e-5)
        assert embedder.embed_questions([]).shape == (0, embedder.dim)

    def test_text_without_a_word_still_has_a_finite_vector(self, embedder):
        rows = embedder.embed_passages(["", "…", "\u200b"])
        assert np.isfinite(rows).all()

    def test_tokens_are_counted_whole_however_long_the_text(self, embedder):
        short, long = embedder.count_tokens(["word", "word " * 3000])
        assert 0 < short < 10
        assert long > 2900
        assert embedder.max_tokens >= 32
