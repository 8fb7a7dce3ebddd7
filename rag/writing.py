"""What one generator writes, sentence by sentence, past the citation gate. Knows no store and no question."""

from collections.abc import Callable, Generator, Iterator

from rag.citations import CitationGate
from rag.errors import ModelFailed, StoreError
from rag.listening import LISTENER
from rag.records import AnswerSentence, Claim, Notice

# An answer is a few sentences; a generator that goes on and on is cut.
MOST_SENTENCES = 40
MOST_DROPPED = 200


class Writing:
    """The sentences that have passed the gate; ends where the generator fails, and keeps the error.

    Sentences that are only marked as unsupported wait for the first that is supported: alone they are no answer.
    """

    def __init__(self, write: Callable[[], Iterator[str | Claim]], gate: CitationGate) -> None:
        self._gate = gate
        self._write = write
        self._pieces: Iterator[str | Claim] = iter(())
        self._sentences = self._after_support()
        self._left = MOST_SENTENCES
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[AnswerSentence]:
        return self

    def __next__(self) -> AnswerSentence:
        if self._left == 0:
            raise StopIteration
        self._left -= 1
        try:
            return next(self._sentences)
        except (StopIteration, StoreError):
            # A store that cannot be read is no failure of the generator: it must not end in "the articles don't say".
            raise
        except Exception as error:
            self.error = error
            raise StopIteration from error

    def close(self) -> None:
        """End what is still being written: a model's server need not go on."""
        self._sentences.close()
        close = getattr(self._pieces, "close", None)
        if close:
            close()

    def _after_support(self) -> Generator[AnswerSentence, None, None]:
        waiting: list[AnswerSentence] | None = []
        for sentence in self._gated():
            if waiting is None:
                yield sentence
                continue
            waiting.append(sentence)
            if sentence.supported or len(waiting) > MOST_SENTENCES:
                yield from waiting if sentence.supported else ()
                waiting = None if sentence.supported else waiting[:0]

    def _gated(self) -> Iterator[AnswerSentence]:
        self._pieces = self._write()
        listener = LISTENER.get()
        for piece in self._pieces:
            if listener and listener.has_left():
                # What it writes from here on may all be dropped: no event would tell.
                return
            if isinstance(piece, Claim):
                sentence = self._gate.admit(piece)
                if sentence:
                    yield sentence
            else:
                yield from self._gate.feed(piece)
            if self._gate.dropped > MOST_DROPPED:
                return
        yield from self._gate.close()


def writing_notices(writer: str, error: Exception | None, dropped: int, *, said: bool, last: bool) -> Iterator[Notice]:
    """Yield what to tell of a generator: that it failed, or wrote nothing to show; how much was left out."""
    # Of any other error nobody knows whether its text may be shown.
    reason = str(error) if isinstance(error, ModelFailed) else type(error).__name__
    if error and said:
        yield Notice("cut_off", f"The answer breaks off here: the generator '{writer}' failed ({reason}).")
    elif error:
        yield Notice("generator_failed", f"The generator '{writer}' failed ({reason}).")
    elif not said and not last:
        yield Notice("generator_failed", f"The generator '{writer}' wrote nothing that a source says.")
    if dropped:
        yield Notice("dropped", f"Left out, for no source says so: {dropped} of what '{writer}' wrote.")
