"""What went wrong, in the one shape that every route tells it: RFC 9457's problem details. Knows no web framework.

Nothing in a problem comes from the inside: no path, no key, no trace. What failed there stands in the server's log.
"""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from rag.errors import ArticleMissing, ArticleRefused, AssistantBusy, QuestionRefused, RagError, StoreBusy

MEDIA_TYPE = "application/problem+json"
_STORE_RETRY_S = 5

TITLES = {
    "article-missing": "There is no such article",
    "article-refused": "The article was not taken",
    "busy": "Too many questions at once",
    "invalid": "The request does not fit",
    "not-ready": "Not ready yet",
    "question-refused": "The question was not taken",
    "read-only": "Articles cannot be changed here",
    "sign-in": "Sign in first",
    "store": "The articles cannot be read",
    "store-busy": "The articles are being changed",
    "token": "A token is needed",
}
"""What each kind of problem is called, whatever its details; in `type` a kind stands behind urn:newspulse:problem:."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One place of a request that does not fit, as the names and numbers that lead to it."""

    place: tuple[str | int, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal or failure: HTTP status, one sentence for a person, and a kind of TITLES; "" where the status says all.

    `headers` go with it.
    """

    status: int
    detail: str
    kind: str = ""
    faults: tuple[Fault, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()

    def row(self) -> dict[str, Any]:
        """Return the problem as JSON values."""
        told = {
            "type": f"urn:newspulse:problem:{self.kind}" if self.kind else "about:blank",
            "title": TITLES[self.kind] if self.kind else _phrase(self.status),
            "status": self.status,
            "detail": self.detail,
        }
        faults = [{"place": list(fault.place), "said": fault.said} for fault in self.faults]
        return {**told, "faults": faults} if faults else told

    def body(self) -> bytes:
        """Return the problem as JSON."""
        return json.dumps(self.row(), ensure_ascii=False).encode("utf-8", "replace")


class Refused(Exception):
    """Ends a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def problem_of(error: RagError) -> Problem:
    """Return what may be told of the error: its own words where they are about the request, else what to do."""
    match error:
        case AssistantBusy():
            status = HTTPStatus.TOO_MANY_REQUESTS if error.of_client else HTTPStatus.SERVICE_UNAVAILABLE
            return Problem(status, str(error), "busy", headers=(retry_after(error.retry_after_s),))
        case QuestionRefused():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "question-refused")
        case ArticleMissing():
            return Problem(HTTPStatus.NOT_FOUND, "there is no article of this id; GET /v1/articles", "article-missing")
        case ArticleRefused():
            return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), "article-refused")
        case StoreBusy():
            said = "another program is changing the articles; try again"
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, said, "store-busy", headers=(retry_after(_STORE_RETRY_S),))
    said = "the articles cannot be read at the moment; the server's log says why"
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, said, "store", headers=(retry_after(_STORE_RETRY_S),))


def failure() -> Problem:
    """Return what is told of a failure that nobody foresaw."""
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the server failed at this; its log says why")


def retry_after(seconds: int) -> tuple[str, str]:
    """Return the header that says when to come back."""
    return "retry-after", str(seconds)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown status"
