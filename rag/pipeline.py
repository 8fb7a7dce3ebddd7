"""From a question to a cited answer: search, decide whether to abstain, generate, pass the gate.

Streaming is the only path: `ask` is `stream` consumed.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from rag.abstention import reasons
from rag.citations import CitationGate, render
from rag.confidence import THRESHOLD, estimate_confidence
from rag.conflicts import find_conflicts
from rag.errors import QuestionRefused
from rag.library import Library
from rag.protocols import Generator, Retriever
from rag.question import split_aside
from rag.records import (
    Answer,
    AnswerSentence,
    Article,
    Delta,
    Done,
    Event,
    Hit,
    Message,
    Notice,
    Retrieved,
    Scope,
)
from rag.search import Search
from rag.text import without_unwritable, words
from rag.version import VERSION
from rag.writing import Writing, writing_notices

MOST_QUESTION_CHARS = 20_000
ABSTENTION = "The articles don't answer this."
_NEAREST_READ = 5


@dataclass(frozen=True, slots=True)
class _Asked:
    question: str
    resolved: str
    hits: tuple[Hit, ...]
    history: tuple[Message, ...]
    confidence: float
    notices: tuple[Notice, ...]


class Pipeline:
    """Answers questions from one library. Safe to use from many threads: it keeps nothing between questions.

    With `marking`, what a generator writes without support is shown as unsupported instead of being left out.
    """

    def __init__(
        self,
        library: Library,
        retriever: Retriever,
        generator: Generator,
        fallback: Generator,
        *,
        depth: int = 50,
        threshold: float = THRESHOLD,
        marking: bool = False,
    ) -> None:
        self.library = library
        self.generator = generator
        self._fallback = fallback
        self._depth = depth
        self._threshold = threshold
        self._marking = marking
        self._search = Search(library, retriever, depth, lambda asked, hits: _confidence(asked, hits) >= threshold)

    @property
    def generators(self) -> tuple[Generator, ...]:
        """The generator that writes, then the one that steps in where it fails, if that is another."""
        if self.generator.name == self._fallback.name:
            return (self.generator,)
        return (self.generator, self._fallback)

    def with_generator(self, generator: Generator) -> "Pipeline":
        """Return an assistant over the same library that differs in who writes."""
        other = copy.copy(self)
        other.generator = generator
        return other

    def article(self, article_id: str) -> Article:
        """Return an article as it is stored: the text that the spans of citations count in. Raises ArticleMissing."""
        with self.library.reader() as reader:
            return reader.article(article_id)

    def warm(self) -> None:
        """Load the model and the index, so that the first question does not wait for them."""
        self.library.view()
        self.library.embed_question("warm")

    def ask(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        scope: Scope | None = None,
        today: date | None = None,
    ) -> Answer:
        """Return the answer; raises QuestionRefused for a question that is empty, too long or without a word."""
        for event in self.stream(question, history, scope=scope, today=today):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    def stream(
        self,
        question: str,
        history: Sequence[Message] = (),
        *,
        scope: Scope | None = None,
        today: date | None = None,
    ) -> Iterator[Event]:
        """Yield Retrieved once, then Deltas that joined are the answer's text, then Done with the answer whole.

        "Last week" and the like count from `today`, None for the current day; the time that a question names bounds
        the search as the scope does.
        """
        question = check_question(question)
        if not all(isinstance(message, Message) and isinstance(message.content, str) for message in history):
            raise QuestionRefused("the history is no list of messages; give rag.Message(role, text) for every turn")
        sought = self._search.find(question, history, scope, today or current_day())
        yield Retrieved(sought.hits, sought.question)
        confidence = _confidence(sought.question, sought.hits)
        asked = _Asked(question, sought.question, sought.hits, tuple(history), confidence, sought.notices)
        if sought.empty or confidence < self._threshold:
            unread = () if sought.empty else _language_notices(self.library, sought.question, sought.hits)
            yield from _abstain(asked, self.generator.name, (*asked.notices, *unread))
            return
        yield from self._answer(asked)

    def _answer(self, asked: _Asked) -> Iterator[Event]:
        said: list[AnswerSentence] = []
        notices: list[Notice] = [*asked.notices]
        with self.library.reader() as reader:
            about = {s.id: s for s in reader.summaries(list({h.passage.article_id for h in asked.hits}))}
            for generator in self.generators:
                gate = CitationGate(asked.hits, about, reader.slice, marking=self._marking)
                writer = generator.name
                write = partial(generator.generate, asked.resolved, asked.hits, asked.history)
                with closing(Writing(write, gate)) as writing:
                    for sentence in writing:
                        said.append(sentence)
                        yield Delta((" " if said[1:] else "") + render(sentence))
                last = generator is self.generators[-1]
                notices += writing_notices(writer, writing.error, gate.dropped, said=bool(said), last=last)
                if said:
                    break
            for conflict in find_conflicts(asked.resolved, asked.hits, gate.citations):
                added = gate.admit(conflict.claim)
                if added:
                    said.append(added)
                    yield Delta(" " + render(added))
                notices += filter(None, [conflict.notice(gate.citations)])
            made_with = self._made_with(reader.meta())
            hashes = reader.hashes(list(dict.fromkeys(c.article_id for c in gate.citations)))
        if not said:
            yield from _abstain(asked, writer, notices)
            return
        yield Done(
            Answer(
                asked.question,
                asked.resolved,
                " ".join(map(render, said)),
                tuple(said),
                gate.citations,
                tuple(notices),
                asked.hits,
                abstained=False,
                confidence=asked.confidence,
                generator=writer,
                article_hashes=tuple((key, sha256) for key, (sha256, _) in sorted(hashes.items())),
                made_with=made_with,
            )
        )

    def _made_with(self, meta: Mapping[str, str]) -> tuple[tuple[str, str | int | float], ...]:
        """Return what the answer depends on besides the articles: versions, the store's state, settings."""
        embedder = self.library.embedder
        return (
            ("newspulse", VERSION),
            ("embedder", embedder.name),
            ("fingerprint", embedder.fingerprint),
            ("store_id", meta["store_id"]),
            ("generation", int(meta["generation"])),
            ("depth", self._depth),
            ("threshold", self._threshold),
            ("unsupported", "mark" if self._marking else "drop"),
        )


def current_day() -> date:
    """Return the day that it is where the program runs; the only look at the clock's date."""
    return datetime.now().astimezone().date()


def check_question(question: str) -> str:
    """Return the question without white space around it; raises QuestionRefused."""
    question = without_unwritable(question)
    if not question:
        raise QuestionRefused("the question is empty; ask something")
    if len(question) > MOST_QUESTION_CHARS:
        raise QuestionRefused(f"the question has {len(question)} characters; at most {MOST_QUESTION_CHARS} are taken")
    if not words(question):
        raise QuestionRefused(f"the question '{question[:40]}' holds no word; ask in words")
    return question


def _confidence(question: str, hits: Sequence[Hit]) -> float:
    """Return the confidence that the hits answer; what a follow-up is about is no part of how long it is."""
    return estimate_confidence(split_aside(question)[0], hits)


def _abstain(asked: _Asked, generator: str, notices: Sequence[Notice]) -> Iterator[Event]:
    yield Delta(ABSTENTION)
    answer = Answer(
        asked.question,
        asked.resolved,
        ABSTENTION,
        (),
        (),
        (*notices, *reasons(asked.resolved, asked.hits, empty=any(n.kind == "empty_scope" for n in notices))),
        asked.hits,
        abstained=True,
        confidence=asked.confidence,
        generator=generator,
    )
    yield Done(answer)


def _language_notices(library: Library, question: str, hits: Sequence[Hit]) -> Iterator[Notice]:
    """Yield a notice where the model does not read the question, or what was found nearest to it."""
    asked = library.unread_script(question)
    nearest = {library.unread_script(hit.passage.text) for hit in hits[:_NEAREST_READ]}
    # One article among others that the model reads is near by chance.
    found = nearest.pop() if len(nearest) == 1 else ""
    if not asked and not found:
        return
    which = f"The question is in {asked}" if asked else f"The nearest article is in {found}"
    yield Notice(
        "language",
        f"{which}, which the model '{library.embedder.name}' does not read (it reads: {', '.join(library.languages)}); "
        "only words were compared. For other languages choose a multilingual model, a folder of sentence-transformers "
        "such as paraphrase-multilingual-MiniLM-L12-v2: set RAG_EMBEDDER=FOLDER (or give --embedder FOLDER) and run: "
        "rag index --rebuild",
    )
