"""Puts the doors that programs use together into one application, the same for whatever serves it."""

from dataclasses import dataclass

from fastapi import FastAPI

from rag.accounts import Accounts
from rag.admission import Admission
from rag.asynchronous import AsyncAssistant
from rag.login import token_owner
from rag.metrics import Metrics
from rag.pipeline import Pipeline
from rag.rest import rest_app
from rag.rest_articles import ARTICLES, FILES, Changing
from rag.routes import other_routers
from rag.uploads import UploadLimits, Uploads


@dataclass(frozen=True, slots=True)
class Doors:
    """The application of the programs' routes, and what counts its requests; `most_bytes` of a body by path."""

    app: FastAPI
    assistant: AsyncAssistant
    metrics: Metrics
    most_bytes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Uploading:
    """What takes articles in, and how much of them."""

    uploads: Uploads
    limits: UploadLimits


def open_doors(
    assistant: Pipeline,
    *,
    version: str,
    admission: Admission | None = None,
    accounts: Accounts | None = None,
    uploading: Uploading | None = None,
) -> Doors:
    """Return the doors over the assistant; articles can be changed where there is both `uploading` and `accounts`."""
    admission = admission or Admission()
    metrics = Metrics(admission)
    asking = AsyncAssistant(assistant, admission=admission, answered=metrics.answered)
    changing = None
    if uploading and accounts:
        changing = Changing(uploading.uploads, lambda headers: token_owner(accounts, headers), took=metrics.took)
    app = rest_app(
        asking, metrics, version=version, changing=changing, more=tuple(other_routers(asking, version=version))
    )
    return Doors(app, asking, metrics, _most_bytes(uploading))


def _most_bytes(uploading: Uploading | None) -> dict[str, int]:
    if uploading is None:
        return {}
    limits = uploading.limits
    # As JSON every character of a text can take six bytes.
    return {ARTICLES: 6 * limits.file_bytes, FILES: limits.call_bytes + 2**20}
