"""OpenAI's chat completions: what such a request asks, and an answer put into that shape. Knows no HTTP and no store.

https://platform.openai.com/docs/api-reference/chat
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rag.answer_json import citation_row
from rag.citations import render
from rag.errors import QuestionRefused
from rag.records import Answer, Citation, Message, Notice
from rag.tokens import count_tokens

MOST_MESSAGES = 1000
_ID_BYTES = 12
_EXAMPLE: dict[str, Any] = {
    "model": "extractive",
    "messages": [{"role": "user", "content": "Who opened the bridge?"}],
    "stream": False,
}


class _Given(BaseModel):
    # A number is no text, and "yes" no truth: as its description says, and as OpenAI reads it.
    model_config = ConfigDict(strict=True)


class Part(_Given):
    """A piece of a message; only text is read."""

    type: str
    text: str = ""


class ChatMessage(_Given):
    """One message of the conversation; those of other roles than user and assistant are not read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    def text(self) -> str:
        """Return what is said in words."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text")
        return self.content or ""


class StreamOptions(_Given):
    """What a stream holds besides the answer."""

    include_usage: bool | None = None


class CompletionRequest(_Given):
    """What is asked; a field that is not named here, such as the temperature, changes nothing."""

    model_config = ConfigDict(strict=True, json_schema_extra={"examples": [_EXAMPLE]})

    model: str = Field(max_length=200)
    messages: list[ChatMessage] = Field(min_length=1, max_length=MOST_MESSAGES)
    n: Literal[1] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None

    def conversation(self) -> tuple[str, list[Message]]:
        """Return the question, which is the last message, and what was said before; raises QuestionRefused."""
        *before, last = self.messages
        if last.role != "user":
            raise QuestionRefused(f"the last message is one of role '{last.role}'; end with the user's question")
        # A turn without words, such as a call of a tool, is none that a question could lean on.
        said = [m for m in before if m.role in {"user", "assistant"} and m.text().strip()]
        history = [Message("user" if m.role == "user" else "assistant", m.text()) for m in said]
        return last.text(), history

    def unread(self) -> Iterator[Notice]:
        """Yield what to say of messages that had no part in the answer: instructions, and what is not text."""
        instructions = sum(message.role in {"system", "developer"} for message in self.messages)
        if instructions:
            yield Notice(
                "instructions_unread", f"Not read: {instructions} system messages; answers come from articles."
            )
        parts = [part for message in self.messages if isinstance(message.content, list) for part in message.content]
        others = sum(part.type != "text" for part in parts)
        if others:
            yield Notice("parts_unread", f"Not read: {others} parts of messages that are not text.")

    def usage(self, said: str) -> dict[str, int]:
        """Return the tokens of the messages' text and of what was said, counted by tiktoken (cl100k_base)."""
        asked, answered = sum(count_tokens(message.text()) for message in self.messages), count_tokens(said)
        return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}


@dataclass(frozen=True, slots=True)
class Completion:
    """One completion in the making: all its chunks carry the same id, time in seconds since 1970, and model.

    `address_of` tells where a citation can be read.
    """

    model: str
    address_of: Callable[[Citation], str]
    unread: Sequence[Notice] = ()
    id: str = field(default_factory=lambda: "chatcmpl-" + secrets.token_hex(_ID_BYTES))
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answer: Answer, usage: dict[str, int]) -> dict[str, Any]:
        """Return the object that a request without `stream` gets."""
        message = {"role": "assistant", "content": answer.text, "refusal": None, **self._annotated(answer)}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {**self._head("chat.completion"), "choices": [choice], "usage": usage, **self._beside(answer)}

    def begun(self) -> dict[str, Any]:
        """Return the first chunk of a stream."""
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def said(self, text: str) -> dict[str, Any]:
        """Return the chunk of a further piece of the answer's text."""
        return self._chunk({"content": text})

    def ended(self, answer: Answer) -> dict[str, Any]:
        """Return the chunk that ends the answer: what its numbers stand for."""
        return {**self._chunk(self._annotated(answer), "stop"), **self._beside(answer)}

    def counted(self, usage: dict[str, int]) -> dict[str, Any]:
        """Return the last chunk of a stream that was asked to include usage."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": usage}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def _annotated(self, answer: Answer) -> dict[str, Any]:
        return {
            "annotations": [
                {
                    "type": "url_citation",
                    "url_citation": {
                        "start_index": start,
                        "end_index": end,
                        "title": citation.headline,
                        "url": self.address_of(citation),
                    },
                }
                for citation, start, end in marks(answer)
            ]
        }

    def _beside(self, answer: Answer) -> dict[str, Any]:
        """Return what OpenAI's shape has no place for."""
        return {
            "sources": [citation_row(citation) for citation in answer.citations],
            "newspulse": {
                "abstained": answer.abstained,
                "confidence": round(answer.confidence, 4),
                "generator": answer.generator,
                "resolved_question": answer.resolved_question,
                "notices": [
                    {"kind": n.kind, "text": n.text, "citations": list(n.citations)}
                    for n in (*answer.notices, *self.unread)
                ],
            },
        }


def error_row(
    message: str, kind: str = "invalid_request_error", *, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """Return a failure as OpenAI tells it; `param` is the part of the request that is meant."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def marks(answer: Answer) -> Iterator[tuple[Citation, int, int]]:
    """Yield what every [n] of the answer's text stands for, and the characters of the text that it takes."""
    by_number = {citation.number: citation for citation in answer.citations}
    end = 0
    for sentence in answer.sentences:
        end += len(render(sentence)) + (1 if end else 0)
        start = end - sum(map(len, _marks_of(sentence.citations)))
        for number, mark in zip(sentence.citations, _marks_of(sentence.citations), strict=True):
            yield by_number[number], start, start + len(mark)
            start += len(mark)


def _marks_of(numbers: Iterable[int]) -> list[str]:
    return [f"[{number}]" for number in numbers]
