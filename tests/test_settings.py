"""Where settings come from, and which are refused."""

from pathlib import Path

import pytest

from rag.errors import SettingsInvalid
from rag.settings import Settings, load_settings


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('generator = "from-file"\nport = 1111\ndepth = 9\n')
    return path


def test_a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default(file):
    settings = load_settings(
        {"port": 3333, "store": None}, environment={"RAG_PORT": "2222", "RAG_DEPTH": "7"}, file=file
    )
    assert (settings.port, settings.depth, settings.generator) == (3333, 7, "from-file")
    assert settings.embedder == Settings().embedder


def test_the_environment_names_the_file_too(file):
    assert load_settings(environment={"RAG_SETTINGS": str(file)}).port == 1111


def test_a_store_in_the_home_folder_is_found():
    assert load_settings(environment={"RAG_STORE": "~/news"}).store == Path.home() / "news"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("prot = 1", "unknown setting 'prot'"),
        ("port = 'x'", "port is 'x'; a int is needed"),
        ("port = 70000", "port is 70000"),
        ("threshold = 2", "threshold is 2"),
        ("passage_tokens = 1", "passage_tokens is 1"),
        ("port = ", "no TOML"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(tmp_path, text, reason):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(SettingsInvalid, match=reason):
        load_settings(environment={}, file=path)


def test_a_named_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load_settings(environment={}, file=tmp_path / "none.toml")
