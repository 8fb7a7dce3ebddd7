"""The assistant for asyncio: the same answers, a loop that goes on, and work that ends when nobody listens."""

import asyncio
import threading

import pytest
from assistants import make_assistant
from serving import run_async as run

import rag
from rag.admission import Admission
from rag.asynchronous import AsyncAssistant
from rag.errors import ArticleMissing, AssistantBusy, QuestionRefused
from rag.listening import LISTENER, Listener
from rag.records import Claim, Delta, Message, Retrieved
from rag.wiring import open_assistant

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"


class Gated:
    """Says the first sentence of the best passage each time its gate is opened, and notes that it was ended."""

    name = "gated"

    def __init__(self):
        self.gate = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.ended = threading.Event()
        self.asked = 0
        self.most_at_once = 0
        self._at_once = 0

    def generate(self, question, hits, history):
        self.asked += 1
        self._at_once += 1
        self.begun.release()
        self.most_at_once = max(self.most_at_once, self._at_once)
        passage = hits[0].passage
        try:
            for span in passage.sentences * 20:
                self.gate.acquire()
                yield Claim(passage.quote(span), ((passage.id, span),))
        finally:
            self._at_once -= 1
            self.ended.set()


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    return make_assistant(tmp_path_factory.mktemp("store"))


@pytest.fixture
def gated(assistant):
    generator = Gated()
    yield open_assistant(assistant.library.folder, embedder=assistant.library.embedder, generator=generator), generator
    generator.gate.release(1000)


async def listed(stream):
    return [event async for event in stream]


def test_the_answer_and_the_stream_are_the_pipelines(assistant):
    async def ask():
        async with AsyncAssistant(assistant) as asking:
            return await asking.ask(QUESTION), await listed(asking.stream(QUESTION)), await asking.search(QUESTION)

    answer, events, found = run(ask())
    expected = list(assistant.stream(QUESTION))
    assert answer == expected[-1].answer
    assert events == expected
    assert found == expected[0]


def test_a_follow_up_is_answered_with_its_history(assistant):
    history = [Message("user", QUESTION), Message("assistant", "420 metres.")]

    async def ask():
        async with AsyncAssistant(assistant) as asking:
            return await asking.ask("And what did it cost?", history)

    answer = run(ask())
    assert answer == assistant.ask("And what did it cost?", history)
    assert "bridge" in answer.resolved_question


def test_what_the_pipeline_raises_is_raised_to_who_asked(assistant):
    async def ask():
        async with AsyncAssistant(assistant) as asking:
            with pytest.raises(QuestionRefused, match="empty"):
                await asking.ask(" ")
            with pytest.raises(QuestionRefused, match="empty"):
                await asking.search(" ")
            with pytest.raises(ArticleMissing):
                await asking.article("none")
            assert (await asking.article("harbour")).id == "harbour"

    run(ask())


def test_the_loop_goes_on_while_a_generator_blocks(gated):
    pipeline, generator = gated

    async def ask():
        async with AsyncAssistant(pipeline) as asking:
            asked = asyncio.ensure_future(asking.ask(QUESTION))
            await asyncio.to_thread(generator.begun.acquire)
            assert not asked.done()
            generator.gate.release(1000)
            return await asked

    assert run(ask()).generator == "gated"


@pytest.mark.parametrize("how", ["closed", "cancelled"])
def test_a_stream_that_nobody_reads_any_more_ends_its_work_at_the_next_event(gated, how):
    pipeline, generator = gated

    async def ask():
        async with AsyncAssistant(pipeline) as asking:
            stream = asking.stream(QUESTION)
            assert isinstance(await anext(stream), Retrieved)
            generator.gate.release()
            assert isinstance(await anext(stream), Delta)
            if how == "closed":
                await stream.aclose()
            else:
                waiting = asyncio.ensure_future(anext(stream))
                await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            assert not generator.ended.is_set()
            generator.gate.release()

    run(ask())
    assert generator.ended.is_set()


def test_no_more_questions_are_worked_on_at_once_than_said_and_one_given_up_while_it_waits_never_begins(gated):
    pipeline, generator = gated

    async def ask():
        async with AsyncAssistant(pipeline, admission=Admission(2)) as asking:
            asked = [asyncio.ensure_future(asking.ask(QUESTION)) for _ in range(6)]
            for _ in range(2):
                await asyncio.to_thread(generator.begun.acquire)
            asked[5].cancel()
            await asyncio.sleep(0)
            generator.gate.release(1000)
            return await asyncio.gather(*asked, return_exceptions=True)

    answers = run(ask())
    assert [type(answer) for answer in answers] == [rag.Answer] * 5 + [asyncio.CancelledError]
    assert generator.asked == 5
    assert generator.most_at_once == 2


def test_closing_waits_for_what_is_under_way(gated):
    pipeline, generator = gated

    async def ask():
        asking = AsyncAssistant(pipeline)
        asked = asyncio.ensure_future(asking.ask(QUESTION))
        await asyncio.to_thread(generator.begun.acquire)
        closing = asyncio.ensure_future(asking.close())
        await asyncio.sleep(0.02)
        assert not closing.done()
        generator.gate.release(1000)
        await closing
        return await asked

    assert run(ask()).text


def test_the_package_opens_a_store_for_asyncio(assistant):
    async def ask():
        folder, embedder = assistant.library.folder, assistant.library.embedder
        async with await rag.open_async(folder, embedder=embedder) as asking:
            return await asking.ask(QUESTION)

    assert run(ask()) == assistant.ask(QUESTION)


def test_a_loop_that_ended_leaves_no_thread_behind(gated):
    pipeline, generator = gated
    before = set(threading.enumerate())
    asking = AsyncAssistant(pipeline)

    async def ask():
        stream = asking.stream(QUESTION)
        await anext(stream)
        # The loop ends with the stream still open.

    run(ask())
    generator.gate.release()
    run(asking.close())
    assert generator.asked == generator.ended.is_set()
    assert not [t for t in set(threading.enumerate()) - before if t.name.startswith("newspulse")]


def test_of_more_than_can_be_taken_the_last_is_refused_at_once_and_a_free_place_is_taken_again(gated):
    pipeline, generator = gated

    async def ask():
        async with AsyncAssistant(pipeline, admission=Admission(1, 1)) as asking:
            asked = [asyncio.ensure_future(asking.ask(QUESTION)) for _ in range(2)]
            await asyncio.to_thread(generator.begun.acquire)
            assert (asking.admission.at_work(), asking.admission.waiting()) == (1, 1)
            with pytest.raises(AssistantBusy, match="2 questions are being answered or waiting") as busy:
                await asking.search(QUESTION)
            assert busy.value.retry_after_s >= 1
            asked[1].cancel()
            await asyncio.sleep(0)
            assert asking.admission.waiting() == 0
            generator.gate.release(1000)
            await asked[0]
            assert await asking.ask(QUESTION)
            assert asking.admission.at_work() == 0

    run(ask())


def test_who_waits_too_long_is_told_to_come_back(gated):
    pipeline, generator = gated

    async def ask():
        async with AsyncAssistant(pipeline, admission=Admission(1, 1, longest_wait_s=0.05)) as asking:
            asked = asyncio.ensure_future(asking.ask(QUESTION))
            await asyncio.to_thread(generator.begun.acquire)
            with pytest.raises(AssistantBusy, match=r"within 0\.05 s"):
                await asking.ask(QUESTION)
            generator.gate.release(1000)
            await asked

    run(ask())
    assert generator.asked == 1


def test_work_that_waits_for_another_program_is_told_at_once_when_nobody_listens(assistant):
    class Waiting:
        name = "waiting"

        def __init__(self):
            self.begun, self.told = threading.Event(), threading.Event()

        def generate(self, question, hits, history):
            with LISTENER.get().when_leaving(self.told.set):
                self.begun.set()
                self.told.wait(10)
                yield from ()

    generator = Waiting()
    pipeline = open_assistant(assistant.library.folder, embedder=assistant.library.embedder, generator=generator)

    async def ask():
        async with AsyncAssistant(pipeline) as asking:
            asked = asyncio.ensure_future(asking.ask(QUESTION))
            await asyncio.to_thread(generator.begun.wait)
            asked.cancel()
            await asyncio.wait({asked})

    run(ask())
    assert generator.told.is_set()


def test_a_listener_that_has_left_is_told_of_at_once_and_a_body_that_ended_hears_nothing():
    listener, heard = Listener(), []
    with listener.when_leaving(lambda: heard.append("during")):
        pass
    listener.leave()
    assert heard == []
    with listener.when_leaving(lambda: heard.append("late")):
        assert heard == ["late"]
