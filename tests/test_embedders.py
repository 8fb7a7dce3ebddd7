"""Both embedders keep the contract; models that run code or hold pickles are refused."""

import json

import pytest
from contract_embedder import EmbedderContract

from embeddings.errors import ModelMissing, ModelRefused
from embeddings.hashed import HashedEmbedder
from embeddings.model_folder import read_languages
from embeddings.sentence import SentenceTransformerEmbedder


class TestHashedEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self):
        return HashedEmbedder()


@pytest.fixture(scope="session")
def shipped_model():
    return SentenceTransformerEmbedder()


@pytest.mark.model
class TestSentenceTransformerEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self, shipped_model):
        return shipped_model

    def test_the_shipped_model_has_its_known_shape(self, embedder):
        assert (embedder.dim, embedder.max_tokens) == (384, 256)

    def test_two_instances_of_one_model_have_one_fingerprint(self, embedder):
        assert SentenceTransformerEmbedder().fingerprint == embedder.fingerprint


def make_model(folder, *, module="sentence_transformers.models.Transformer", config=None, weights="model.safetensors"):
    (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": module}]))
    (folder / "config.json").write_text(json.dumps(config or {}))
    (folder / weights).write_bytes(b"weights")
    return str(folder)


def test_a_model_that_brings_its_own_module_class_is_refused(tmp_path):
    with pytest.raises(ModelRefused, match=r"own code \(evil.Module\)"):
        SentenceTransformerEmbedder(make_model(tmp_path, module="evil.Module"))


def test_a_model_that_maps_its_classes_to_code_is_refused(tmp_path):
    with pytest.raises(ModelRefused, match="auto_map"):
        SentenceTransformerEmbedder(make_model(tmp_path, config={"auto_map": {"AutoModel": "evil.Model"}}))


def test_a_model_with_pickled_weights_only_is_refused(tmp_path):
    with pytest.raises(ModelRefused, match=r"pytorch_model.bin"):
        SentenceTransformerEmbedder(make_model(tmp_path, weights="pytorch_model.bin"))


@pytest.mark.parametrize("name", ["no-such-model", "/no/such/folder", "os", "sentence-transformers/all-MiniLM-L6-v2"])
def test_a_model_that_is_not_here_is_missing_and_not_downloaded(name):
    with pytest.raises(ModelMissing, match="no embedding model"):
        SentenceTransformerEmbedder(name)


def test_two_models_have_two_fingerprints(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    first = SentenceTransformerEmbedder(make_model(one))
    second = SentenceTransformerEmbedder(make_model(other, config={"hidden_size": 2}))
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize(
    ("card", "languages"),
    [
        ("---\nlanguage: en\nlicense: apache-2.0\n---\n# A model", ("en",)),
        ("---\nlanguage:\n- en\n- no\n---\n", ("en", "no")),
        ("---\nlanguage:\n- multilingual\n- ar\n- zh\n---\n", ()),
        ("---\nlicense: mit\n---\n", ()),
        ("# No front matter", ()),
        ("---\n: [\n---\n", ()),
        ("", ()),
    ],
)
def test_a_model_reads_the_languages_that_its_card_names(tmp_path, card, languages):
    """A card without any, or of many languages, names none: such a model is taken to read everything."""
    path = tmp_path / "README.md"
    path.write_text(card, "utf-8")
    assert read_languages(path) == languages
    assert read_languages(tmp_path / "missing.md") == ()
