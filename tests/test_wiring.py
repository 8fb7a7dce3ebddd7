"""Choosing by name: generators, embedders."""

import threading

import pytest
from assistants import ScriptedGenerator, make_assistant

import rag
import rag.wiring
from embeddings.errors import ModelMissing
from embeddings.hashed import HashedEmbedder
from rag.embedders import load_ahead, make_embedder
from rag.errors import SettingsInvalid
from rag.settings import load_settings
from rag.wiring import make_generator, open_assistant


class Entry:
    """A stand-in for importlib.metadata.EntryPoint."""

    name = "scripted"

    @staticmethod
    def load():
        return lambda: ScriptedGenerator("Nothing [1].")


def test_a_third_partys_generator_is_found_by_its_entry_point(monkeypatch):
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [Entry] if group == "rag.generators" else [])
    assert make_generator("scripted").name == "scripted"
    with pytest.raises(
        SettingsInvalid, match="unknown generator 'none'; known are: anthropic, extractive, local, openai, scripted"
    ):
        make_generator("none")


def test_the_generator_named_in_the_settings_is_used(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: [Entry])
    make_assistant(tmp_path)
    settings = load_settings({"store": tmp_path, "generator": "scripted"}, environment={})
    assert open_assistant(settings=settings, embedder=HashedEmbedder()).generator.name == "scripted"


def test_rag_open_answers_from_python(tmp_path):
    make_assistant(tmp_path)
    assistant = rag.open(tmp_path, embedder=HashedEmbedder())
    answer = assistant.ask("How many metres long is the main span of the harbour bridge in Lisbon?")
    assert isinstance(answer, rag.Answer)
    assert "420" in answer.text


def test_rag_open_without_a_store_says_what_to_do(tmp_path):
    with pytest.raises(rag.RagError, match="run: rag index --store"):
        rag.open(tmp_path / "none", embedder=HashedEmbedder())


def test_the_embedder_without_a_model_has_a_name():
    assert make_embedder(load_settings({"embedder": "hashed"}, environment={})).name == "hashed"


def test_an_embedder_that_loads_ahead_fails_only_where_it_is_needed():
    class Missing(HashedEmbedder):
        asked = 0

        def embed_question(self, text):
            self.asked += 1
            raise ModelMissing("no such model")

    embedder = load_ahead(Missing())
    for thread in threading.enumerate():
        if thread.name == "load-embedder":
            thread.join()
    assert embedder.asked == 1
    with pytest.raises(ModelMissing):
        embedder.embed_question("Who?")
