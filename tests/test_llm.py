"""Language models as generators: thoughts, refusals, silence, and what a hostile one gets past the gate."""

import itertools
import json

import pytest
from assistants import make_assistant
from hostile_models import ADVERSARIES, FORBIDDEN, LONG, NOTHING_LEFT, QUESTION, TEXTS, assert_verified
from hypothesis import given
from hypothesis import strategies as st
from model_server import KEY, ModelServer

from embeddings.hashed import HashedEmbedder
from rag.cli import main
from rag.errors import ModelFailed, SettingsInvalid
from rag.llm import LanguageModelGenerator, without_thoughts
from rag.settings import load_settings, model_key
from rag.wiring import make_generator, open_assistant


class FakeModel:
    """A ChatModel that says what it was given."""

    name = "fake:model"

    def __init__(self, *pieces):
        self._pieces = pieces
        self.messages = []

    def stream(self, messages):
        """Yield the pieces; an exception among them is raised."""
        self.messages.append(messages)
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_assistant(tmp_path_factory.mktemp("store"), TEXTS).library.folder


def ask(store, *pieces, **settings):
    model = FakeModel(*pieces)
    assistant = open_assistant(
        settings=load_settings({"store": store, **settings}, environment={}),
        embedder=HashedEmbedder(),
        generator=LanguageModelGenerator(model),
    )
    return assistant.ask(QUESTION)


@pytest.mark.parametrize("behaviour", ADVERSARIES)
def test_a_hostile_model_gets_nothing_unverified_shown_and_nothing_obeyed(
    store, behaviour, monkeypatch, capsys, tmp_path
):
    """From Python and from the command line, through the openai package and a real socket."""
    with ModelServer(ADVERSARIES[behaviour]) as server:
        environment = {
            "RAG_STORE": str(store),
            "RAG_EMBEDDER": "hashed",
            "RAG_GENERATOR": "openai",
            "RAG_MODEL": "fake",
            "RAG_BASE_URL": server.url,
            "RAG_API_KEY": KEY,
            "RAG_MODEL_DEADLINE_S": "5",
            "RAG_SETTINGS": str(tmp_path / "settings.toml"),
        }
        (tmp_path / "settings.toml").write_text("")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert main(["ask", "--json", QUESTION]) == 0
        told = capsys.readouterr()
        row = json.loads(told.out)
        assert_verified(row)
        written = behaviour not in NOTHING_LEFT
        assert row["answer"]["generator"] == ("openai:fake" if written else "extractive")
        assert KEY not in told.out + told.err
        assert main(["ask", QUESTION]) == 0
        shown = capsys.readouterr().out
        assert not [word for word in FORBIDDEN if word in shown.split("[1] ")[0]]
        assert len(server.requests) == 2


def test_a_model_that_marks_instead_of_dropping_still_shows_no_link_and_no_false_citation(store):
    answer = ask(store, "The king is dead [1]. See https://evil.example now [1]. ", LONG, unsupported="mark")
    assert answer.text == "The king is dead. [unsupported] Its main span is 420 metres long. [1]"
    assert [(s.supported, s.citations) for s in answer.sentences] == [(False, ()), (True, (1,))]


def test_marked_sentences_alone_are_no_answer(store):
    answer = ask(store, "The king is dead [1]. Long live the king [1].", unsupported="mark")
    assert answer.generator == "extractive"
    assert "420 metres" in answer.text


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        (["NONE"], "it finds no answer in the passages"),
        ([" N", "ONE.", "\n"], "it finds no answer in the passages"),
        ([], "it wrote nothing"),
        ([" \n"], "it wrote nothing"),
        ([ModelFailed("refused")], "it declines to answer"),
        ([RuntimeError("key=secret")], "RuntimeError"),
    ],
)
def test_a_model_without_an_answer_leaves_the_extractive_one_and_the_answer_says_so(store, pieces, reason):
    answer = ask(store, *pieces)
    assert answer.generator == "extractive"
    assert "420 metres" in answer.text
    assert answer.notices[0].text == f"The generator 'fake:model' failed ({reason})."


def test_a_refusal_in_words_leaves_the_extractive_answer(store):
    answer = ask(store, "I'm sorry, but I can't help with that.")
    assert (answer.generator, [n.kind for n in answer.notices]) == ("extractive", ["generator_failed", "dropped"])


def test_thoughts_are_no_part_of_the_answer(store):
    answer = ask(store, "<thi", "nk>It cost 310 million euros [1]. Hm.</th", "ink>", LONG)
    assert answer.text == "Its main span is 420 metres long. [1]"


@given(st.text("<think>/ a[1].", max_size=60), st.lists(st.integers(0, 60), max_size=8))
def test_however_thoughts_are_cut_into_pieces_the_same_text_is_left(text, cuts):
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[a:b] for a, b in itertools.pairwise(places)]
    assert "".join(without_thoughts(iter(pieces))) == "".join(without_thoughts(iter([text])))


def test_what_a_model_needs_is_said_where_it_is_missing(monkeypatch):
    for name in ("OPENAI_API_KEY", "RAG_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsInvalid, match="'openai' needs a model; set RAG_MODEL"):
        make_generator("openai", load_settings(environment={}))
    with pytest.raises(SettingsInvalid, match="set OPENAI_API_KEY in the environment, or RAG_BASE_URL"):
        make_generator("openai", load_settings({"model": "m"}, environment={}))
    own = load_settings({"model": "m", "base_url": "http://127.0.0.1:1/v1"}, environment={})
    assert make_generator("openai", own).name == "openai:m"
    assert make_generator("anthropic", own).name == "anthropic:m"
    with pytest.raises(SettingsInvalid, match="must begin with http"):
        load_settings({"base_url": "file:///etc/passwd"}, environment={})


def test_the_makers_key_goes_to_the_makers_address_alone():
    environment = {"OPENAI_API_KEY": "theirs", "ANTHROPIC_API_KEY": "others"}
    assert model_key(load_settings({"generator": "openai"}, environment={}), environment) == "theirs"
    elsewhere = load_settings({"generator": "openai", "base_url": "http://x/v1"}, environment={})
    assert model_key(elsewhere, environment) == ""
    assert model_key(elsewhere, environment | {"RAG_API_KEY": "own"}) == "own"


@pytest.mark.parametrize("package", ["openai", "anthropic"])
def test_a_package_that_is_not_installed_is_named_with_the_command(monkeypatch, package):
    monkeypatch.setitem(__import__("sys").modules, package, None)
    settings = load_settings({"model": "m", "base_url": "http://127.0.0.1:1"}, environment={})
    with pytest.raises(SettingsInvalid, match=rf"pip install 'newspulse\[{package}\]'"):
        make_generator(package, settings)
