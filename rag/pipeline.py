"""From a question to a cited answer: resolve, retrieve, decide whether to abstain, generate, pass the gate.

Streaming is the only path: `ask` is `stream` consumed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.citations import CitationGate, render
from rag.confidence import THRESHOLD, estimate_confidence
from rag.errors import QuestionRefused
from rag.followups import resolve
from rag.library import Library
from rag.protocols import Generator, Retriever
from rag.records import (
    Answer,
    AnswerSentence,
    Claim,
    Delta,
    Done,
    Event,
    Hit,
    Message,
    Notice,
    Retrieved,
    Scope,
)
from rag.text import words

MOST_QUESTION_CHARS = 20_000
ABSTENTION = "The articles don't answer this."
_ANSWER_CUT_OFF = "The answer breaks off here: the generator '{}' failed."


@dataclass(frozen=True, slots=True)
class _Asked:
    question: str
    resolved: str
    hits: tuple[Hit, ...]
    history: tuple[Message, ...]
    confidence: float


class Pipeline:
    """Answers questions from one library. Safe to use from many threads: it keeps nothing between questions."""

    def __init__(
        self,
        library: Library,
        retriever: Retriever,
        generator: Generator,
        fallback: Generator,
        *,
        depth: int = 50,
        threshold: float = THRESHOLD,
    ) -> None:
        self.library = library
        self.generator = generator
        self._retriever = retriever
        self._fallback = fallback
        self._depth = depth
        self._threshold = threshold

    def ask(self, question: str, history: Sequence[Message] = (), *, scope: Scope | None = None) -> Answer:
        """Return the answer; raises QuestionRefused for a question that is empty, too long or without a word."""
        for event in self.stream(question, history, scope=scope):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    def stream(self, question: str, history: Sequence[Message] = (), *, scope: Scope | None = None) -> Iterator[Event]:
        """Yield Retrieved once, then Deltas that joined are the answer's text, then Done with the answer whole."""
        question = check_question(question)
        resolved = resolve(question, history)
        hits = tuple(self._retriever.retrieve(resolved, self._depth, scope))
        yield Retrieved(hits, resolved)
        asked = _Asked(question, resolved, hits, tuple(history), estimate_confidence(hits))
        if asked.confidence < self._threshold:
            yield from _abstain(asked, self.generator.name, ())
            return
        yield from self._answer(asked)

    def _answer(self, asked: _Asked) -> Iterator[Event]:
        said: list[AnswerSentence] = []
        notices: list[Notice] = []
        with self.library.reader() as reader:
            about = {s.id: s for s in reader.summaries(list({h.passage.article_id for h in asked.hits}))}
            for generator in dict.fromkeys((self.generator, self._fallback)):
                gate = CitationGate(asked.hits, about, reader.slice)
                writer = generator.name
                try:
                    for sentence in _sentences(generator, asked, gate):
                        yield Delta((" " if said else "") + render(sentence))
                        said.append(sentence)
                except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; the reader still gets an answer
                    notices.append(_failure(writer, error, said))
                if gate.dropped:
                    notices.append(Notice("dropped", f"{gate.dropped} sentences had no support and were left out."))
                if said:
                    break
        if not said:
            yield from _abstain(asked, writer, notices)
            return
        text = " ".join(map(render, said))
        yield Done(
            Answer(
                asked.question,
                asked.resolved,
                text,
                tuple(said),
                gate.citations,
                tuple(notices),
                asked.hits,
                abstained=False,
                confidence=asked.confidence,
                generator=writer,
            )
        )


def check_question(question: str) -> str:
    """Return the question without white space around it; raises QuestionRefused."""
    # Half a surrogate pair comes from broken clients; no article holds one and no encoder takes one.
    question = question.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()
    if not question:
        raise QuestionRefused("the question is empty; ask something")
    if len(question) > MOST_QUESTION_CHARS:
        raise QuestionRefused(f"the question has {len(question)} characters; at most {MOST_QUESTION_CHARS} are taken")
    if not words(question):
        raise QuestionRefused(f"the question '{question[:40]}' holds no word; ask in words")
    return question


def _sentences(generator: Generator, asked: _Asked, gate: CitationGate) -> Iterator[AnswerSentence]:
    for piece in generator.generate(asked.resolved, asked.hits, asked.history):
        if isinstance(piece, Claim):
            sentence = gate.admit(piece)
            if sentence:
                yield sentence
        else:
            yield from gate.feed(piece)
    yield from gate.close()


def _abstain(asked: _Asked, generator: str, notices: Sequence[Notice]) -> Iterator[Event]:
    yield Delta(ABSTENTION)
    answer = Answer(
        asked.question,
        asked.resolved,
        ABSTENTION,
        (),
        (),
        (*notices, Notice("nearest", _nearest(asked.hits))),
        asked.hits,
        abstained=True,
        confidence=asked.confidence,
        generator=generator,
    )
    yield Done(answer)


def _nearest(hits: Sequence[Hit]) -> str:
    headlines = list(dict.fromkeys(h.passage.headline for h in hits))[:3]
    if not headlines:
        return "No passage comes near the question."
    return "Nearest in the articles: " + "; ".join(headlines)


def _failure(writer: str, error: Exception, said: Sequence[AnswerSentence]) -> Notice:
    if said:
        return Notice("cut_off", _ANSWER_CUT_OFF.format(writer))
    return Notice("generator_failed", f"The generator '{writer}' failed ({type(error).__name__}); this is extracted.")
