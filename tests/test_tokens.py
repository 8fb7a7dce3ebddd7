"""Token counts, exact and offline."""

import hashlib

import pytest

from rag.tokens import _RANK_FILES, count_tokens, load_encoding


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _app: tmp_path / "cache")
    load_encoding.cache_clear()
    yield
    load_encoding.cache_clear()


@pytest.mark.parametrize(("name", "expected"), [("cl100k_base", [9906, 1917]), ("o200k_base", [13225, 2375])])
def test_an_encoding_is_tiktokens_own(name, expected):
    """The ids of "Hello world" are those that tiktoken's users know."""
    assert load_encoding(name).encode("Hello world") == expected


def test_the_packed_rank_file_is_unpacked_whole(tmp_path):
    load_encoding("cl100k_base")
    name, sha256 = _RANK_FILES["cl100k_base"]
    unpacked = tmp_path / "cache" / "tiktoken" / name
    assert hashlib.sha256(unpacked.read_bytes()).hexdigest() == sha256


def test_a_damaged_cache_file_is_replaced_and_nothing_is_downloaded(tmp_path):
    name, _ = _RANK_FILES["cl100k_base"]
    (tmp_path / "cache" / "tiktoken").mkdir(parents=True)
    (tmp_path / "cache" / "tiktoken" / name).write_bytes(b"damaged")
    assert count_tokens("Hello world") == 2


def test_a_users_cache_folder_without_the_file_is_no_reason_to_download(monkeypatch, tmp_path):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "empty"))
    assert count_tokens("Hello world") == 2


def test_what_looks_like_a_special_token_counts_as_text():
    assert count_tokens("<|endoftext|>") > 1
    assert count_tokens("") == 0
