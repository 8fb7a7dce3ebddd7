"""Many people at once: nobody waits for another's slow answer, and who has to wait is told so and is answered."""

import asyncio
import itertools
import statistics
import time

import pytest
from browser import picture
from chat_load import Page, first_words, load, made_questions, ratio

from rag.articles import article_from_text, shipped_folder
from rag.settings import load_settings
from rag.wiring import open_indexer

pytestmark = pytest.mark.slow

# One short sentence after the other: a slow answer has something new to say for a while.
TOWN = "The town of Porto\n\n" + " ".join(
    f"The {thing} in Porto is {colour}."
    for thing, colour in zip(
        "bridge harbour market station library theatre tower castle garden museum school bakery".split(),
        "red old new large small quiet tall grey green open busy warm".split(),
        strict=True,
    )
)
SLOWLY = "Tell slowly about the bridge in Porto"
QUESTIONS = tuple(
    f"Which {thing} in Porto is {how}?" for thing in ("harbour", "castle") for how in "old grey open".split()
)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town") / "store"
    settings = load_settings({"store": str(folder), "embedder": "hashed"}, environment={})
    open_indexer(settings).index_articles([article_from_text(TOWN, article_id="town")])
    return folder


@pytest.fixture(scope="module")
def served(serve, town):
    return serve(town, generator="slow", answers_at_once=9)


@pytest.fixture
def ended(town):
    """The file that a slow generator leaves when it was ended."""
    note = town / "ended"
    note.unlink(missing_ok=True)
    return note


@pytest.mark.model
def test_with_twenty_people_the_first_words_take_less_than_three_times_as_long(serve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shipped") / "store"
    settings = load_settings({"store": str(folder)}, environment={})
    open_indexer(settings).index_paths([shipped_folder()])
    served = serve(folder, embedder=settings.embedder, threshold=settings.threshold)
    questions = itertools.cycle(made_questions(folder))
    asyncio.run(load(served.address, questions, people=2, think_s=0.1, seconds=1))
    found = []
    for _ in range(2):  # once more where it fails: what else the machine does is none of it
        one = asyncio.run(load(served.address, questions, people=1, think_s=0.1, seconds=3))
        many = asyncio.run(load(served.address, questions, people=20, think_s=3.5, seconds=5))
        assert [asked for asked in one + many if asked.error] == []
        assert len(one) > 5
        assert len(many) > 20
        found.append(ratio(first_words(one), first_words(many))[0])
        if found[-1] < 3:
            return
    pytest.fail(f"times {found}")


def test_eight_slow_answers_hold_up_nobody(served):
    async def measured():
        async with Page(served.address) as page:
            questions = itertools.cycle(QUESTIONS)
            idle = [await page.ask(next(questions)) for _ in QUESTIONS]
            slow = [asyncio.create_task(visit_slowly(served, leave_after_s=2.5)) for _ in range(8)]
            await asyncio.sleep(0.8)
            busy = [await page.ask(next(questions)) for _ in QUESTIONS]
            assert not any(one.done() for one in slow)
            assert [one.error for one in (*idle, *busy, *await asyncio.gather(*slow)) if one.error] == []
            return statistics.median(first_words(busy)) / statistics.median(first_words(idle))

    found = [asyncio.run(measured()) for _ in range(2)]
    assert min(found) <= 2, found


async def visit_slowly(served, *, leave_after_s):
    """Ask for a slow answer, and hang up so long after its first words."""
    async with Page(served.address) as page:
        return await page.ask(SLOWLY, leave_after_s=leave_after_s)


def test_who_has_to_wait_is_told_the_place_and_is_answered(serve, town):
    async def asked():
        served = serve(town, generator="slow", answers_at_once=2)
        pages = [await Page(served.address).__aenter__() for _ in range(5)]
        slow = [asyncio.create_task(page.ask(SLOWLY, leave_after_s=0.6)) for page in pages[:2]]
        await asyncio.sleep(0.3)
        waiting = await asyncio.gather(
            *(page.ask(question) for page, question in zip(pages[2:], QUESTIONS[:3], strict=True))
        )
        await asyncio.gather(*slow)
        for page in pages:
            await page.__aexit__()
        return waiting

    waiting = asyncio.run(asked())
    assert [one.error for one in waiting] == [""] * 3
    assert sorted(max(one.places) for one in waiting) == [0, 1, 2]
    # They began when both slow ones had gone away, and those had been heard for a while.
    assert min(first_words(waiting)) > 0.3


def test_an_answer_whose_reader_went_away_is_ended_and_kept_as_stopped(served, ended):
    async def left():
        async with Page(served.address) as page:
            heard = await page.ask(SLOWLY, leave_after_s=0.4)
            gone = time.monotonic()
            (turn,) = await page.exported()
            # It is kept once as asked, and once more with what had been said.
            while not (ended.exists() and turn["text"]):
                assert time.monotonic() - gone < 2
                (turn,) = await page.exported()
            return heard, turn

    heard, turn = asyncio.run(left())
    assert heard.error == ""
    assert turn["stopped"]
    assert 1 <= turn["text"].count("in Porto is") < 8


@pytest.mark.browser
def test_the_page_tells_the_place_in_the_line_and_a_closed_page_makes_room(browse, serve, town, ended):
    served = serve(town, generator="slow", answers_at_once=1)
    pages = [browse(served, viewport={"width": 900, "height": 700}) for _ in range(3)]
    for page, question in zip(pages, (SLOWLY, *QUESTIONS[:2]), strict=True):
        page.fill("#ask textarea", question)
        page.press("#ask textarea", "Enter")
        page.wait_for_selector(".turn[aria-busy] .answer, #waiting p:text('line')")
    assert pages[2].inner_text("#waiting [role=status]").endswith("Your place in the line: 2")
    picture(pages[2], "waiting")
    pages[0].close()
    gone = time.monotonic()
    for page in pages[1:]:
        page.wait_for_selector(".turn:not([aria-busy]) .answer")
    assert time.monotonic() - gone < 3
    assert ended.exists()
    assert pages[2].locator("#waiting [role=status]").inner_text() == ""
