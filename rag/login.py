"""Signs people in: the login page, the session's cookie, and what slows guessing. Knows no article and no answer.

Sessions are no list of ours: signing out takes the cookie from the browser; what ends sessions everywhere is a new
password. Guessing does not end sessions either: whoever is signed in, or has a token, goes on.
"""

import asyncio
import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from string import Template
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import ClientDisconnect

from rag.accounts import SESSION_S, Accounts, fits_as_name, normal
from rag.page_text import plain

COOKIE = "newspulse_session"
_LONGEST_FORM_BYTES = 64 * 1024
_LONGEST_TARGET = 2048
_MOST_FIELDS = 16
_MOST_COOKIES_TRIED = 8
# A hash takes 64 MiB; two fill the two cores that a small server has.
_HASHED_AT_ONCE = 2
_MOST_WAITING = 32
_BUSY_S = 5
_FAILURES_FREE = 5
_WINDOW_S = 15 * 60.0
_FIRST_WAIT_S = 30.0
_LONGEST_WAIT_S = 15 * 60.0
_TOLD_IN_MINUTES_S = 120
_WRONG = "Name or password is wrong."
_UNKNOWN = 401


def signed_in(accounts: Accounts, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the account's name that a request's ASGI headers prove by a token or by a session's cookie, else None."""
    headers = list(headers)
    owner = token_owner(accounts, headers)
    if owner:
        return owner
    owners = map(accounts.owner_of_session, islice(_sessions(headers), _MOST_COOKIES_TRIED))
    return next(filter(None, owners), None)


def token_owner(accounts: Accounts, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the account's name that a request's ASGI headers prove by a token, else None."""
    for key, value in headers:
        scheme, _, token = value.decode("latin-1").partition(" ")
        if key.lower() == b"authorization" and scheme.lower() == "bearer":
            owner = accounts.owner_of_token(token.strip())
            if owner:
                return owner
    return None


def _sessions(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    for key, value in headers:
        if key.lower() == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                name, _, session = pair.strip().partition("=")
                if name == COOKIE:
                    yield session


def local_path(target: str) -> str:
    """Return the target if it is a path of this server, else "/": nobody is to be led elsewhere by a link to us."""
    # Browsers read a backslash as a slash and leave out tabs and line ends.
    fits = target[:1] == "/" and target[1:2] not in {"/", "\\"} and target.isprintable()
    return target if fits and len(target) <= _LONGEST_TARGET else "/"


@dataclass(frozen=True, slots=True)
class _Record:
    """The last failures' times, how often the key was shut since, until when it is, and when all is forgotten."""

    times: tuple[float, ...] = ()
    shut: int = 0
    open_at: float = -math.inf
    forgotten_at: float = -math.inf


class Failures:
    """Failed attempts by key, as a client's address or a name; asked from one thread only.

    After five failures in 15 minutes a key is shut for 30 s, after each further one twice as long, up to 15 minutes;
    15 minutes after it was opened again without a failure all is forgotten. Of more than `most` keys those with the
    fewest failures go first: made-up names push out no name that is being guessed at.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, most: int = 10_000) -> None:
        self._clock = clock
        self._most = most
        self._records: dict[str, _Record] = {}
        # Attempts at the same time must not slip by together.
        self._under_way: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._records)

    def begin(self, keys: Iterable[str]) -> int:
        """Return for how many seconds to refuse the attempt; after 0, end() must follow."""
        now, keys = self._clock(), list(keys)
        wait_s = max(self._wait_s(key, now) for key in keys)
        if not wait_s:
            self._under_way.update(keys)
        return wait_s

    def end(self, keys: Iterable[str], *, forgiven: Iterable[str] = (), failed: bool) -> None:
        """Count an attempt that was begun with these keys; those `forgiven` start anew."""
        now = self._clock()
        for key in keys:
            self._under_way[key] -= 1
            if not self._under_way[key]:
                del self._under_way[key]
            if failed:
                self._count(key, now)
        for key in forgiven:
            self._records.pop(key, None)

    def _wait_s(self, key: str, now: float) -> int:
        record = self._record(key, now)
        if record.open_at > now:
            return math.ceil(record.open_at - now)
        free = 1 if record.shut else _FAILURES_FREE - len(record.times)
        return 0 if self._under_way[key] < free else 1

    def _record(self, key: str, now: float) -> _Record:
        record = self._records.get(key, _Record())
        if record.forgotten_at <= now:
            return _Record()
        recent = tuple(at for at in record.times if at > now - _WINDOW_S)
        return _Record(recent, record.shut, record.open_at, record.forgotten_at)

    def _count(self, key: str, now: float) -> None:
        record = self._record(key, now)
        times = (*record.times, now)[-_FAILURES_FREE:]
        shut = record.shut + 1 if record.shut or len(times) == _FAILURES_FREE else 0
        wait_s = min(_FIRST_WAIT_S * 2.0 ** min(shut - 1, 10), _LONGEST_WAIT_S) if shut else 0.0
        if key not in self._records:
            self._make_room(now)
        self._records[key] = _Record(times, shut, now + wait_s, now + wait_s + _WINDOW_S)

    def _make_room(self, now: float) -> None:
        if len(self._records) < self._most:
            return
        self._records = {key: r for key, r in self._records.items() if r.forgotten_at > now}
        while len(self._records) >= self._most:
            del self._records[min(self._records, key=self._weight)]

    def _weight(self, key: str) -> tuple[int, int, float]:
        record = self._records[key]
        return record.shut, len(record.times), record.forgotten_at


def login_router(accounts: Accounts, *, https: bool = False, failures: Failures | None = None) -> APIRouter:
    """Return the routes /login and /logout; with `https`, cookies are marked Secure also behind a proxy."""
    login = _Login(accounts, https=https, failures=Failures() if failures is None else failures)
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    router.add_api_route("/login", login.show, methods=["GET"], response_model=None)
    router.add_api_route("/login", login.enter, methods=["POST"], response_model=None)
    router.add_api_route("/logout", login.leave, methods=["POST"], response_model=None)
    return router


class _Login:
    def __init__(self, accounts: Accounts, *, https: bool, failures: Failures) -> None:
        self._accounts = accounts
        self._https = https
        self._failures = failures
        self._page = Template(files("rag").joinpath("assets", "login.html").read_text(encoding="utf-8"))
        self._hashing = ThreadPoolExecutor(_HASHED_AT_ONCE, thread_name_prefix="hashing")
        self._waiting = 0

    async def show(self, request: Request) -> Response:
        """Return the page, or lead on who is signed in."""
        target = local_path(request.query_params.get("next", "/"))
        if signed_in(self._accounts, request.headers.raw):
            return RedirectResponse(target, 303, headers={"cache-control": "no-store"})
        return self._answer(200, target)

    async def enter(self, request: Request) -> Response:
        """Lead on with a session, or return the page with what is wrong."""
        _refuse_foreign(request)
        form = await _form_of(request)
        name, target = form.get("name", ""), local_path(form.get("next", "/"))
        if self._waiting >= _MOST_WAITING:
            said = "Too many people are signing in right now. Try again in a few seconds."
            return self._answer(503, target, name=name, error=said, wait_s=_BUSY_S)
        named = [f"name {normal(name)}"] if fits_as_name(name) else []
        keys = [f"address {_network_of(request)}", *named]
        wait_s = self._failures.begin(keys)
        if wait_s:
            said = f"Too many attempts. Try again in {_told(wait_s)}."
            return self._answer(429, target, name=name, error=said, wait_s=wait_s)
        session = None
        try:
            session = await self._session(name, form.get("password", ""))
        finally:
            # The address keeps its failures: an account of one's own is no way to guess on.
            self._failures.end(keys, forgiven=named if session else (), failed=not session)
        if not session:
            return self._answer(_UNKNOWN, target, name=name, error=_WRONG)
        response = RedirectResponse(target, 303, headers={"cache-control": "no-store"})
        self._set_cookie(request, response, session, SESSION_S)
        return response

    async def leave(self, request: Request) -> Response:
        """Take the session from the browser."""
        _refuse_foreign(request)
        response = RedirectResponse("/login", 303, headers={"cache-control": "no-store"})
        self._set_cookie(request, response, "", 0)
        return response

    async def _session(self, name: str, password: str) -> str | None:
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            good = await loop.run_in_executor(self._hashing, self._accounts.verify_password, name, password)
        finally:
            self._waiting -= 1
        return self._accounts.session_of(name) if good else None

    def _set_cookie(self, request: Request, response: Response, session: str, age_s: int) -> None:
        secure = self._https or request.url.scheme == "https"
        response.set_cookie(COOKIE, session, max_age=age_s, path="/", secure=secure, httponly=True, samesite="lax")

    def _answer(self, status: int, target: str, *, name: str = "", error: str = "", wait_s: int = 0) -> Response:
        told = 'aria-describedby="error"' if error else ""
        wrong = f'{told} aria-invalid="true"' if status == _UNKNOWN else told
        page = self._page.substitute(
            title="Not signed in · newspulse" if error else "Sign in · newspulse",
            alert=f'<p class="error" id="error" role="alert">{plain(error)}</p>' if error else "",
            target=plain(target),
            name=plain(name),
            on_name=wrong if error else "autofocus",
            on_password=f"{wrong} autofocus" if error else "",
        )
        headers = {"cache-control": "no-store"} | ({"retry-after": str(wait_s)} if wait_s else {})
        return HTMLResponse(page, status, headers=headers)


def _refuse_foreign(request: Request) -> None:
    """Refuse a form that another site sends: it could sign somebody in under a name that is not theirs."""
    # Not by Origin: it is "null" under the referrer policy that keeps our addresses from others.
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise HTTPException(403, "this form takes nothing from another site")


async def _form_of(request: Request) -> dict[str, str]:
    """Return the form's fields; raises HTTPException where it is too long or no form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise HTTPException(415, "send the form as application/x-www-form-urlencoded")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_FORM_BYTES:
                raise HTTPException(413, f"the form is longer than {_LONGEST_FORM_BYTES} bytes")
        written = body.decode("utf-8", "replace")
        return dict(parse_qsl(written, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise HTTPException(400, f"the form has more than {_MOST_FIELDS} fields") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the form came to no end") from error


def _network_of(request: Request) -> str:
    """Return the client's address; of an IPv6 one the network, in which a client can take any."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address), 64), strict=False))


def _told(wait_s: int) -> str:
    if wait_s >= _TOLD_IN_MINUTES_S:
        return f"{math.ceil(wait_s / 60)} minutes"
    return "1 second" if wait_s == 1 else f"{wait_s} seconds"
