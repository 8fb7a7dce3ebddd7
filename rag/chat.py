"""Conversations of many people with one assistant: asks, keeps what was said, and takes verdicts. Knows no page.

An owner is whoever a conversation belongs to: a browser, or a signed-in name. What cannot be kept is still answered.
"""

import contextlib
import logging
import secrets
import threading
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from embeddings.errors import EmbeddingError
from rag.chats import ChatsRefused
from rag.conversations import Conversations, title_of
from rag.errors import ArticleMissing, ChatsUnreadable, ConversationMissing, RagError, told_to_visitors
from rag.feedback import FeedbackBook
from rag.pipeline import Pipeline
from rag.records import Article, Delta, Done, Event, Hit, Notice, Retrieved, Scope
from rag.suggestions import answerable_questions, example_questions
from rag.transcript import transcript_markdown, transcript_rows
from rag.turns import (
    MOST_PASSAGES_SHOWN,
    Source,
    Turn,
    cited_sources,
    history_of,
    in_their_stories,
    nearest_sources,
    turn_from_row,
    turn_row,
)

FAILED = "This question could not be answered; the server's log says why."
_EXAMPLES = 4
_READ_KEPT = 64
_UNKEPT_KEPT = 256
# As many may ask in one conversation at once.
_WINDOWS = 4
_UNKEPT = "unkept-"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a question has come: the conversation it is part of, what was said before, and the turn so far."""

    conversation: str
    earlier: tuple[Turn, ...]
    turn: Turn


class Chat:
    """Safe to use from many threads; `conversations` and `book` are the truth, memory holds what they can't."""

    def __init__(self, assistant: Pipeline, conversations: Conversations, book: FeedbackBook, *, version: str) -> None:
        self.assistant = assistant
        self.conversations = conversations
        self._book = book
        self.version = version
        self._lock = threading.Lock()
        self._making_examples = threading.Lock()
        self._asking: dict[tuple[str, str], Turn] = {}
        self._unkept: dict[tuple[str, str], tuple[Turn, ...]] = {}
        self._read = lru_cache(maxsize=_READ_KEPT)(self._read_turns)
        self._examples = lru_cache(maxsize=1)(lambda _generation: tuple(example_questions(assistant, _EXAMPLES)))

    def examples(self) -> tuple[str, ...]:
        """Return a few questions that the library answers; making them takes about a second, once a generation."""
        try:
            with self._making_examples, self.assistant.library.reader() as reader:
                return self._examples(reader.generation())
        except (RagError, EmbeddingError):
            _log.exception("no examples could be made")
            return ()

    def turns(self, owner: str, conversation: str) -> tuple[Turn, ...]:
        """Return the turns of the owner's conversation, () for one that is not there, with what has changed since."""
        unkept = self._unkept.get((owner, conversation), ())
        if unkept or not conversation:
            return unkept
        try:
            updated = self.conversations.summary(owner, conversation).updated
            with self.assistant.library.reader() as reader:
                generation = reader.generation()
            turns = self._read(owner, conversation, updated, generation)
            if any(turn.stopped for turn in turns):  # perhaps one that was still being answered when it was read
                turns = self._read_turns(owner, conversation, updated, generation)
            verdicts = self._book.verdicts(owner, conversation)
        except ConversationMissing:
            return ()
        except RagError:
            _log.exception("a conversation could not be read")
            return ()
        return tuple(replace(turn, verdict=verdicts.get(turn.number, "")) for turn in turns)

    def ask(
        self, owner: str, conversation: str, question: str, scope: Scope, *, instead_of: int | None = None
    ) -> Generator[Step]:
        """Yield the question's turn from the question alone to the whole answer, and keep it, also when closed early.

        A conversation that is not there is begun. `instead_of` is the number of the turn that this one replaces,
        together with all behind it.
        """
        earlier = self.turns(owner, conversation)
        if instead_of is not None:
            earlier = tuple(turn for turn in earlier if turn.number < instead_of)
        elif not earlier or conversation.startswith(_UNKEPT):
            conversation = self._started(owner, conversation, [*earlier, Turn(0, question)])
        number = earlier[-1].number + 1 if earlier else 1
        turn = Turn(number, question, scope=scope, asked=datetime.now(UTC).isoformat(timespec="seconds"))
        turn = self._begin(owner, conversation, earlier, turn, replacing=instead_of is not None)
        key = (owner, conversation)
        try:
            self._asking[key] = turn
            yield Step(conversation, earlier, turn)
            with contextlib.closing(self._answered(turn, earlier)) as turns:
                for turn in turns:
                    self._asking[key] = turn
                    yield Step(conversation, earlier, turn)
        finally:
            turn = turn if turn.settled else replace(turn, stopped=True, settled=True)
            why = self._keep(owner, conversation, earlier, turn)
            self._asking.pop(key, None)
        if why:
            told = Notice("not_kept", f"This conversation is not kept: {why}")
            yield Step(conversation, earlier, replace(turn, notices=(*turn.notices, told)))

    def last(self, owner: str, conversation: str) -> Turn | None:
        """Return the last turn at rest; one that is still being ended stands as stopped."""
        asking = self._asking.get((owner, conversation))
        if asking:
            return asking if asking.settled else replace(asking, stopped=True, settled=True)
        turns = self.turns(owner, conversation)
        return turns[-1] if turns else None

    def judge(self, owner: str, conversation: str, number: int, verdict: str, comment: str = "") -> None:
        """Keep the verdict, "good" or "bad", on a turn, with all that it was given on; "" takes it back.

        Raises ConversationMissing where there is no such turn, ChatsUnreadable, ChatsRefused.
        """
        turns = self.turns(owner, conversation)
        turn = next((turn for turn in turns if turn.number == number), None)
        if turn is None:
            raise ConversationMissing("the conversation is not kept, or has no such turn; nothing was noted")
        if not verdict:
            self._book.withdraw(owner, conversation, number)
            return
        earlier = [t for t in turns if t.number < number]
        self._book.give(owner, conversation, number, verdict=verdict, comment=comment, row=self._judged(turn, earlier))

    def export_markdown(self, owner: str, conversation: str) -> str:
        """Return the conversation as Markdown; raises ConversationMissing."""
        title = self.conversations.summary(owner, conversation).title
        return transcript_markdown(title, self.turns(owner, conversation))

    def export_rows(self, owner: str, conversation: str) -> dict[str, object]:
        """Return the conversation as JSON values; raises ConversationMissing."""
        return transcript_rows(self.conversations.summary(owner, conversation).title, self.turns(owner, conversation))

    def _started(self, owner: str, conversation: str, turns: Sequence[Turn]) -> str:
        """Return the id of a new conversation with these turns, which takes the place of one that memory alone held."""
        unkept = self._unkept.get((owner, conversation))
        try:
            started = self.conversations.start(owner, title_of(turns[0].question))
        except RagError:
            # The turn itself will tell why it was not kept.
            return conversation if unkept else _UNKEPT + secrets.token_urlsafe(16)
        if unkept:
            self._remember(owner, started, self._unkept.pop((owner, conversation), unkept))
        return started

    def _begin(self, owner: str, conversation: str, earlier: tuple[Turn, ...], turn: Turn, *, replacing: bool) -> Turn:
        """Keep the turn as a stopped one, which it is if no more comes, and return it with the number it got.

        Where it can't be kept it is remembered: at the end it is tried again, and told if that fails too.
        """
        put = self.conversations.replace_turn if replacing else self.conversations.add_turn
        stopped = replace(turn, stopped=True, settled=True)
        with contextlib.suppress(ChatsUnreadable, ConversationMissing):
            self._catch_up(owner, conversation)
            for number in range(turn.number, turn.number + _WINDOWS):
                # A number is taken where another window asked meanwhile: this turn goes behind that one.
                with contextlib.suppress(ChatsRefused):
                    put(owner, conversation, number=number, question=turn.question, turn=turn_row(stopped))
                    return replace(turn, number=number)
        self._remember(owner, conversation, (*earlier, stopped))
        return turn

    def _keep(self, owner: str, conversation: str, earlier: tuple[Turn, ...], turn: Turn) -> str:
        """Keep what became of the turn and return ""; where it cannot be, return why, and keep it in memory."""
        number, asked, unkept = turn.number, turn.question, (owner, conversation) in self._unkept
        try:
            if unkept:
                self._remember(owner, conversation, (*earlier, turn))
                self._catch_up(owner, conversation)
            else:
                self.conversations.update_turn(owner, conversation, number=number, question=asked, turn=turn_row(turn))
        except (ChatsUnreadable, ChatsRefused, ConversationMissing) as error:
            # One deleted while it was answered is not to come back.
            if unkept or not isinstance(error, ConversationMissing):
                self._remember(owner, conversation, (*earlier, turn))
            _log.warning("a conversation is not kept: %s", error)
            return told_to_visitors(error)
        return ""

    def _remember(self, owner: str, conversation: str, turns: tuple[Turn, ...]) -> None:
        with self._lock:
            self._unkept[owner, conversation] = turns
            while len(self._unkept) > _UNKEPT_KEPT:
                del self._unkept[next(iter(self._unkept))]

    def _catch_up(self, owner: str, conversation: str) -> None:
        """Put into the file what it could not take before; raises what it raises."""
        turns = self._unkept.get((owner, conversation), ())
        count = len(self.conversations.turns(owner, conversation)) if turns else 0
        for turn in turns:
            put = self.conversations.update_turn if turn.number <= count else self.conversations.add_turn
            with contextlib.suppress(ChatsRefused):
                put(owner, conversation, number=turn.number, question=turn.question, turn=turn_row(turn))
        self._unkept.pop((owner, conversation), None)

    def _answered(self, turn: Turn, earlier: Sequence[Turn]) -> Generator[Turn]:
        try:
            hits: tuple[Hit, ...] = ()
            for event in self.assistant.stream(turn.question, history_of(earlier), scope=turn.scope):
                hits = event.hits if isinstance(event, Retrieved) else hits
                turn = self._after(turn, event)
                yield turn
            if turn.abstained:
                yield self._with_suggestions(turn, hits)
        except RagError as error:
            yield replace(turn, error=told_to_visitors(error), settled=True)
        except Exception:  # noqa: BLE001 - the edge: one failed answer must not end the page, nor show its cause
            _log.exception("a question could not be answered")
            yield replace(turn, error=FAILED, settled=True)

    def _after(self, turn: Turn, event: Event) -> Turn:
        match event:
            case Retrieved(hits, resolved):
                return replace(turn, resolved_question=resolved, sources=self._nearest(hits))
            case Delta(text):
                return replace(turn, text=turn.text + text)
            case Done(answer):
                cited = self._articles(c.article_id for c in answer.citations)
                sources = self._nearest(answer.hits) if answer.abstained else cited_sources(answer, cited)
                return replace(
                    turn,
                    text=answer.text,
                    sources=sources,
                    notices=answer.notices,
                    abstained=answer.abstained,
                    confidence=answer.confidence,
                    generator=answer.generator,
                    settled=True,
                )

    def _with_suggestions(self, turn: Turn, hits: Sequence[Hit]) -> Turn:
        try:
            return replace(turn, suggestions=tuple(answerable_questions(self.assistant, hits, asked=turn.question)))
        except Exception:  # noqa: BLE001 - they come on top: the answer stands without them
            _log.exception("no questions could be suggested")
            return turn

    def _nearest(self, hits: Sequence[Hit]) -> tuple[Source, ...]:
        return nearest_sources(hits, self._articles(h.passage.article_id for h in hits[:MOST_PASSAGES_SHOWN]))

    def _articles(self, ids: Iterable[str]) -> dict[str, Article]:
        found = {}
        with self.assistant.library.reader() as reader:
            for key in dict.fromkeys(ids):
                # Removed since it was retrieved: the citation still shows what it quotes.
                with contextlib.suppress(ArticleMissing):
                    found[key] = reader.article(key)
        return found

    def _read_turns(self, owner: str, conversation: str, _updated: str, _generation: int) -> tuple[Turn, ...]:
        rows = self.conversations.turns(owner, conversation)
        turns = []
        for number, row in enumerate(rows, 1):
            # A row that another version wrote is passed over: the rest of the conversation is still worth showing.
            with contextlib.suppress(KeyError, TypeError, ValueError):
                turns.append(turn_from_row(number, row))
        articles = self._articles(source.article_id for turn in turns for source in turn.sources)
        return tuple(in_their_stories(turn, articles) for turn in turns)

    def _judged(self, turn: Turn, earlier: Sequence[Turn]) -> dict[str, object]:
        """Return what a verdict was given on, so that it stands by itself."""
        with self.assistant.library.reader() as reader:
            meta = reader.meta()
        names = ("store_id", "generation", "embedder", "fingerprint", "chunking")
        return {
            **turn_row(turn),
            "history": [{"role": m.role, "content": m.content} for m in history_of(earlier)],
            "versions": {"newspulse": self.version, **{name: meta[name] for name in names}},
        }
