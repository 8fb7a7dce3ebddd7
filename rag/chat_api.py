"""Asks language models on servers: any OpenAI-compatible one, and Anthropic's, each through its maker's own package.

Knows requests, deadlines and failures; knows no prompt, article or answer. Every request runs in one event loop of a
thread of its own, where it can be cancelled whatever it waits for: the asking thread never waits beyond the deadline.
"""

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

from rag.chat_messages import ChatMessage, Limits
from rag.errors import ModelFailed, SettingsInvalid

if TYPE_CHECKING:
    import httpx2

_MOST_BYTES = 4 * 2**20
_GRACE_S = 0.5
_RETRY_AFTER_S = 0.5
_RETRIED = frozenset({"connection", "busy"})
"""Failures after which the same request may be sent again: nothing was written, and the server did no work for it."""

_STATUS_REASONS = {401: "key", 403: "key", 407: "key", 429: "busy", 503: "busy", 502: "server", 504: "server"}
_SERVER_ERRORS = 500


Pieces = Callable[[], AsyncGenerator[str, None]]
"""Sends the request anew and gives the pieces of the reply."""


class OpenAIChat:
    """A model behind the chat completions of an OpenAI-compatible server; `base_url` "" is OpenAI's own.

    Raises SettingsInvalid where the package openai is missing.
    """

    def __init__(self, model: str, *, base_url: str = "", key: str = "", limits: Limits | None = None) -> None:
        try:
            import openai  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise SettingsInvalid(
                "the generator 'openai' needs the package openai; run: pip install 'newspulse[openai]'"
            ) from error
        self.name = f"openai:{model}"
        self._model = model
        self._limits = limits or Limits()
        # Only OpenAI's own models know the newer name, and some of them no temperature.
        most = self._limits.answer_tokens
        self._sampling = {"max_tokens": most, "temperature": 0} if base_url else {"max_completion_tokens": most}
        self._client = openai.AsyncOpenAI(
            api_key=key or "none", base_url=base_url or None, max_retries=0, http_client=_http_client(self._limits)
        )
        self._completions = self._client.chat.completions

    def stream(self, messages: Sequence[ChatMessage]) -> Iterator[str]:
        """Yield the reply in pieces; raises ModelFailed."""
        sent: Any = [{"role": m.role, "content": m.content} for m in messages]
        return _pieces_within(lambda: self._pieces(sent), self._limits)

    async def _pieces(self, messages: Any) -> AsyncGenerator[str, None]:
        ended = False
        sampling: dict[str, Any] = self._sampling
        reply = await self._completions.create(model=self._model, messages=messages, stream=True, **sampling)
        async with reply:
            async for chunk in reply:
                for choice in chunk.choices[:1]:
                    if choice.delta.refusal or choice.finish_reason == "content_filter":
                        raise ModelFailed("refused")
                    if choice.delta.content:
                        yield choice.delta.content
                    ended = ended or choice.finish_reason is not None
        if not ended:
            raise ModelFailed("cut")


class AnthropicChat:
    """A model of Anthropic's, or behind a server that speaks the same; raises SettingsInvalid without the package."""

    def __init__(self, model: str, *, base_url: str = "", key: str = "", limits: Limits | None = None) -> None:
        try:
            import anthropic  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise SettingsInvalid(
                "the generator 'anthropic' needs the package anthropic; run: pip install 'newspulse[anthropic]'"
            ) from error
        self.name = f"anthropic:{model}"
        self._model = model
        self._limits = limits or Limits()
        self._client = anthropic.AsyncAnthropic(
            api_key=key or "none", base_url=base_url or None, max_retries=0, http_client=_http_client(self._limits)
        )
        self._messages = self._client.messages

    def stream(self, messages: Sequence[ChatMessage]) -> Iterator[str]:
        """Yield the reply in pieces; raises ModelFailed."""
        told = "\n\n".join(m.content for m in messages if m.role == "system")
        sent: Any = [{"role": m.role, "content": m.content} for m in messages if m.role != "system"]
        return _pieces_within(lambda: self._pieces(told, sent), self._limits)

    async def _pieces(self, system: str, messages: Any) -> AsyncGenerator[str, None]:
        ended = False
        reply = await self._messages.create(
            model=self._model,
            system=system,
            messages=messages,
            max_tokens=self._limits.answer_tokens,
            stream=True,
        )
        async with reply:
            async for event in reply:
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    yield event.delta.text
                elif event.type == "message_delta":
                    if event.delta.stop_reason == "refusal":
                        raise ModelFailed("refused")
                    ended = event.delta.stop_reason is not None
        if not ended:
            raise ModelFailed("cut")


def _http_client(limits: Limits) -> "httpx2.AsyncClient":
    """Return a client that follows no redirect and ends a reply that is far too large."""
    import httpx2  # noqa: PLC0415 - comes with either package

    class Capped(httpx2.AsyncByteStream):
        """A reply's bytes, up to the most that are read."""

        def __init__(self, inner: "httpx2.AsyncByteStream") -> None:
            self._inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = _MOST_BYTES
            async for part in self._inner:
                left -= len(part)
                if left < 0:
                    raise ModelFailed("large")
                yield part

        async def aclose(self) -> None:
            await self._inner.aclose()

    async def cap(response: "httpx2.Response") -> None:
        # A packed reply could grow a thousandfold behind the cap.
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ModelFailed("junk")
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = Capped(response.stream)

    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(limits.deadline_s),
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [cap]},
    )


def _pieces_within(send: Pieces, limits: Limits) -> Iterator[str]:
    """Yield the pieces; raises ModelFailed, at the latest shortly after the deadline. Closing ends the request."""
    pieces: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
    until = time.monotonic() + limits.deadline_s + _GRACE_S
    asked = asyncio.run_coroutine_threadsafe(_pump(send, pieces, limits), _loop())
    try:
        while True:
            try:
                piece = pieces.get(timeout=max(until - time.monotonic(), 0.0))
            except queue.Empty:
                raise ModelFailed("timeout") from None
            if piece is None:
                return
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        asked.cancel()


async def _pump(send: Pieces, pieces: "queue.SimpleQueue[str | Exception | None]", limits: Limits) -> None:
    """Put every piece into the queue, then None or what went wrong."""
    begun = time.monotonic()
    try:
        async with asyncio.timeout(limits.deadline_s):
            try:
                await _receive(send, pieces.put, limits)
            except ModelFailed as failed:
                wait_s = _wait_s(failed)
                if failed.reason not in _RETRIED or wait_s > (begun + limits.deadline_s - time.monotonic()) / 2:
                    raise
                await asyncio.sleep(wait_s)
                await _receive(send, pieces.put, limits)
    except Exception as error:  # noqa: BLE001 - handed to the asking thread, which raises it
        pieces.put(_translated(error))
    else:
        pieces.put(None)


async def _receive(send: Pieces, put: Callable[[str], None], limits: Limits) -> None:
    """Hand on the pieces as they come; raises ModelFailed, of a kind that is not sent again once one has come."""
    begun = False
    try:
        async with aclosing(send()) as reply:
            while True:
                # Before the first piece a model reads the passages; only the deadline bounds that.
                async with asyncio.timeout(limits.token_s if begun else None):
                    piece = await anext(reply, None)
                if piece is None:
                    return
                begun = True
                put(piece)
    except ModelFailed:
        raise
    except Exception as error:
        failed = _translated(error)
        raise ModelFailed("cut" if begun and failed.reason in _RETRIED else failed.reason) from error


def _translated(error: Exception) -> ModelFailed:
    """Return the failure in our words; what the server or the package says of it goes nowhere."""
    for cause in _causes(error):
        if isinstance(cause, ModelFailed):
            return cause
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return ModelFailed(_STATUS_REASONS.get(status, "server" if status >= _SERVER_ERRORS else "request"))
    kind = type(error).__name__
    if isinstance(error, TimeoutError) or kind == "APITimeoutError" or kind.endswith("Timeout"):
        return ModelFailed("timeout")
    if kind == "APIConnectionError":
        return ModelFailed("connection")
    # httpx: the connection was lost amid the reply.
    return ModelFailed("cut" if kind in {"RemoteProtocolError", "ReadError"} else "junk")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        yield cause
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__


def _wait_s(failed: ModelFailed) -> float:
    """Return how long the server asks to wait; a moment where it does not say."""
    for cause in _causes(failed):
        headers = getattr(getattr(cause, "response", None), "headers", None)
        with suppress(TypeError, ValueError):
            return max(float((headers or {}).get("retry-after", "")), 0.0)
    return _RETRY_AFTER_S


_LOOPS: list[asyncio.AbstractEventLoop] = []
_STARTING = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    """Return the event loop that all requests run in; its thread ends with the program."""
    with _STARTING:
        if not _LOOPS:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="chat-api", daemon=True).start()
            _LOOPS.append(loop)
        return _LOOPS[0]
