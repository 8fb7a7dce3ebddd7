"""Runs a language model from a folder, by transformers, in this process. Takes safetensors only, downloads nothing."""

import threading
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.chat_messages import ChatMessage, Limits
from rag.errors import ModelFailed, SettingsInvalid

_PLAIN = "{role}: {content}\n"


class TransformersChat:
    """A causal language model of transformers; loaded at the first question, and asked by one question at a time."""

    def __init__(self, folder: Path, *, limits: Limits | None = None) -> None:
        if not any(folder.glob("*.safetensors")):
            raise SettingsInvalid(f"the model '{folder}' is no folder with safetensors; set RAG_MODEL to one")
        self.name = f"local:{folder.name}"
        self._folder = folder
        self._limits = limits or Limits()
        self._running = threading.Lock()

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        """The tokenizer and the model."""
        import torch  # noqa: PLC0415 - as below
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415 - takes seconds

        told = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(self._folder, **told)
        model: Any = AutoModelForCausalLM.from_pretrained(self._folder, use_safetensors=True, dtype="auto", **told)
        return tokenizer, model.to("cuda" if torch.cuda.is_available() else "cpu").eval()

    def stream(self, messages: Sequence[ChatMessage]) -> Iterator[str]:
        """Yield the reply in pieces; raises ModelFailed at the deadline, in which loading does not count."""
        with self._running:
            tokenizer, _ = self._loaded
            stop = threading.Event()
            streamer = self._write(_prompt(tokenizer, messages), stop)
            until = time.monotonic() + self._limits.deadline_s
            try:
                yield from self._pieces(streamer, until)
            finally:
                stop.set()

    def _pieces(self, streamer: Iterator[str], until: float) -> Iterator[str]:
        from queue import Empty  # noqa: PLC0415 - the streamer's own way to say that nothing came

        try:
            for piece in streamer:
                if time.monotonic() > until:
                    raise ModelFailed("timeout")
                yield piece
        except Empty:
            raise ModelFailed("timeout") from None

    def _write(self, prompt: str, stop: threading.Event) -> Iterator[str]:
        """Return the pieces of what a thread of its own has the model write, until it is told to stop."""
        import torch  # noqa: PLC0415 - as above
        from transformers import StoppingCriteriaList, TextIteratorStreamer  # noqa: PLC0415 - as above

        tokenizer, model = self._loaded
        limits = self._limits
        streamer: Any = TextIteratorStreamer(
            tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=min(limits.deadline_s, limits.token_s)
        )
        given = tokenizer(prompt, return_tensors="pt", add_special_tokens=False).to(model.device)

        def stopped(ids: Any, _scores: Any, **_: Any) -> Any:
            return torch.full((ids.shape[0],), stop.is_set(), dtype=torch.bool, device=ids.device)

        def run() -> None:
            try:
                model.generate(
                    **given,
                    streamer=streamer,
                    do_sample=False,
                    max_new_tokens=limits.answer_tokens,
                    stopping_criteria=StoppingCriteriaList([stopped]),
                )
            finally:
                streamer.end()

        threading.Thread(target=run, name="local-model", daemon=True).start()
        pieces: Iterator[str] = streamer
        return pieces


def _prompt(tokenizer: Any, messages: Sequence[ChatMessage]) -> str:
    told = [{"role": m.role, "content": m.content} for m in messages]
    if tokenizer.chat_template:
        return str(tokenizer.apply_chat_template(told, tokenize=False, add_generation_prompt=True))
    return "".join(_PLAIN.format(**m) for m in told) + "assistant:"
