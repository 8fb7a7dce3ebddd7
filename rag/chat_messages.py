"""What is said to a language model, and how long it may take. Knows no model."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message to a language model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a language model may take, for the whole reply and from one piece to the next, and write, in tokens."""

    deadline_s: float = 20.0
    token_s: float = 10.0
    answer_tokens: int = 400
