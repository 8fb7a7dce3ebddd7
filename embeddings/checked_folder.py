"""Folders of files that were computed from something else: written whole or not at all, and trusted only unchanged.

A manifest beside the files holds the SHA-256 of each. A changed byte in a model or in a vector index mostly loads
without an error and gives wrong results; so a folder that does not match its manifest counts as missing.
"""

import contextlib
import hashlib
import json
import math
import os
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

MANIFEST = "manifest.json"
# Nobody writes into one folder for so long: who did was killed.
_SURELY_DEAD_S = 3600.0

Loaded = TypeVar("Loaded")


def write_checked(folder: Path, fill: Callable[[Path], None], about: Mapping[str, str]) -> None:
    """Let `fill` write files into an empty folder, and put that in the place of `folder` with its manifest.

    `about` is what `read_checked` gives back. Of two processes that write at once, the last wins whole. Where anything
    raises (OSError for a full disk), `folder` is as it was.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    _clear(folder, older_than_s=_SURELY_DEAD_S)
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.part")
    part.mkdir()
    try:
        fill(part)
        sums = {path.name: _digest(path) for path in sorted(part.iterdir())}
        said = {"sha256": sums, "about": dict(about)}
        (part / MANIFEST).write_text(json.dumps({**said, "seal": _seal(said)}, indent=1), "utf-8")
        for path in (*part.iterdir(), part):
            _sync(path)
        _swap(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read_checked(folder: Path) -> dict[str, str] | None:
    """Return what was said about the folder when it was written; None where it is missing or any byte has changed."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        seal = manifest.pop("seal")
        sums, about = manifest["sha256"], manifest["about"]
        whole = seal == _seal(manifest) and all(_digest(folder / name) == digest for name, digest in sums.items())
        return {str(name): str(value) for name, value in about.items()} if whole else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remove_checked(folder: Path) -> None:
    """Remove the folder, what a killed writer left of it, and what one is writing, who then raises OSError.

    What cannot be removed stays.
    """
    shutil.rmtree(folder, ignore_errors=True)
    _clear(folder, older_than_s=-math.inf)


def _clear(folder: Path, *, older_than_s: float) -> None:
    """Remove the unfinished and replaced folders of this one that nothing was added to for so long."""
    with contextlib.suppress(OSError):
        for path in list(folder.parent.iterdir()):
            ours = path.name.startswith(f".{folder.name}.") and path.suffix in {".part", ".old"}
            if ours and time.time() - path.stat().st_mtime > older_than_s:
                shutil.rmtree(path, ignore_errors=True)


def load_checked(folder: Path, load: Callable[[dict[str, str]], Loaded]) -> Loaded | None:
    """Return what `load` makes of the folder, given what was said of it; None where it is missing or damaged.

    Where another process replaces or removes it meanwhile, it is looked at again: what is returned is of one folder's
    files, never of two. Raises what `load` raises of a folder that has stayed.
    """
    while True:
        before = _written(folder)
        about = read_checked(folder)
        if about is None:
            return None
        try:
            loaded = load(about)
        except Exception:
            # Of a folder that is being removed the manifest may be the last to go.
            if read_checked(folder) == about and _written(folder) == before:
                raise
        else:
            if _written(folder) == before:
                return loaded


def stamp_of(folder: Path) -> tuple[int, int]:
    """Return what differs when the folder was written anew, without reading it; zeros where there is none."""
    try:
        about = (folder / MANIFEST).stat()
    except OSError:
        return 0, 0
    return about.st_ino, about.st_mtime_ns


def _written(folder: Path) -> bytes | None:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError:
        return None


def _swap(part: Path, folder: Path) -> None:
    # Only onto an empty folder can one be renamed. Between the two renames there is none: a reader then computes anew.
    old = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.old")
    with contextlib.suppress(FileNotFoundError):
        folder.rename(old)
    try:
        part.rename(folder)
    except OSError:
        # Another process put its own there in the meantime: as good as this one.
        if not folder.is_dir():
            raise
    shutil.rmtree(old, ignore_errors=True)


def _seal(manifest: Mapping[str, object]) -> str:
    """Return the SHA-256 of all else that the manifest says."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    # Windows opens no folder.
    with contextlib.suppress(PermissionError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
