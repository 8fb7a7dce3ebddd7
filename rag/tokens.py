"""Exact token counts by tiktoken, offline: its rank files travel with the package."""

import hashlib
import lzma
import os
import tempfile
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import platformdirs

if TYPE_CHECKING:
    import tiktoken

EncodingName = Literal["cl100k_base", "o200k_base"]

# name -> (tiktoken's own name of the cached file, SHA-256 that tiktoken expects)
_RANK_FILES = {
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
}


def count_tokens(text: str, encoding: EncodingName = "cl100k_base") -> int:
    """Return the text's length in tokens; text that looks like a special token counts as text."""
    return len(load_encoding(encoding).encode(text, disallowed_special=()))


@lru_cache(maxsize=2)
def load_encoding(name: EncodingName) -> "tiktoken.Encoding":
    """Return tiktoken's encoding from the user's TIKTOKEN_CACHE_DIR, else from the packaged rank file.

    Never from the network: tiktoken itself would download a file that is missing or damaged, so it is only asked once a
    file with the right SHA-256 lies where it looks.
    """
    import tiktoken  # noqa: PLC0415 - only those who count tokens pay for it

    filename, sha256 = _RANK_FILES[name]
    asked_for = os.environ.get("TIKTOKEN_CACHE_DIR")
    if asked_for and _is_whole(Path(asked_for) / filename, sha256):
        return tiktoken.get_encoding(name)
    folder = _unpack(name, filename, sha256)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    try:
        return tiktoken.get_encoding(name)
    finally:
        if asked_for is None:
            del os.environ["TIKTOKEN_CACHE_DIR"]
        else:
            os.environ["TIKTOKEN_CACHE_DIR"] = asked_for


def _unpack(name: str, filename: str, sha256: str) -> Path:
    """Return a folder that holds the rank file; the user's cache, or a temporary one where that cannot be written."""
    packed = resources.files("rag").joinpath("data", f"{name}.xz").read_bytes()
    ranks = lzma.decompress(packed)
    for folder in (
        platformdirs.user_cache_path("newspulse") / "tiktoken",
        Path(tempfile.gettempdir()) / "newspulse",
    ):
        if _is_whole(folder / filename, sha256):
            return folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            part = folder / f".{filename}-{os.getpid()}"
            part.write_bytes(ranks)
            part.replace(folder / filename)
        except OSError:
            continue
        return folder
    raise OSError(f"no folder to unpack {name} into: set TIKTOKEN_CACHE_DIR to one that can be written")


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256
