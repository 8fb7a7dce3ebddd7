"""Puts a served chat under load: many people at once, each as a browser speaks to it, and tells how long they wait.

`python tests/chat_load.py` serves the shipped articles with the settings that `rag chat` has, lets one person ask, then
twenty, in turns, and prints what the time to the first words of an answer was, and how often it was multiplied.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import math
import os
import random
import re
import secrets
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from browser import Served

from rag.articles import shipped_folder
from rag.settings import load_settings
from rag.store_reader import StoreReader
from rag.wiring import open_indexer

MOST_PEOPLE, MOST_QUESTIONS, MOST_S = 200, 5_000, 600
QUESTIONS_A_CONVERSATION = 5
ANSWER_WAIT_S = 60.0
# How often an open page looks whether its server is there.
LOOK_EVERY_S = 4.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question took from the click on; `places` are those in the waiting line that it was told, from 0."""

    question: str
    first_s: float = math.inf
    whole_s: float = math.inf
    error: str = ""
    places: tuple[int, ...] = ()


class Page:
    """What a browser does with the chat page: its own cookies, its own session, and every event in the page's order."""

    def __init__(self, address):
        self._client = httpx.AsyncClient(base_url=address, timeout=ANSWER_WAIT_S, trust_env=False)
        self._session = secrets.token_urlsafe(8)
        self._events, self._components, self._next = {}, {}, {}
        self._looking = None
        self.conversation = ""

    async def __aenter__(self):
        """Load the page as a browser does, up to the examples on its landing, and keep looking after its server."""
        (await self._client.get("/")).raise_for_status()
        config = (await self._client.get("/config")).raise_for_status().json()
        self._components = {part["props"].get("elem_id"): part["id"] for part in config["components"]}
        names = {number: name for name, number in self._components.items()}
        for event in config["dependencies"]:
            for target, kind in event["targets"]:
                self._events.setdefault((names.get(target), kind), event["id"])
        self._next = {event["trigger_after"]: event["id"] for event in config["dependencies"]}
        loaded = self._events[None, "load"]
        await self._at_once(loaded, [])
        await self._at_once(self._next[loaded], [])
        self._looking = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_):
        """Go away, as a browser whose window is closed."""
        self._looking.cancel()
        await asyncio.gather(self._looking, return_exceptions=True)
        await self._client.aclose()

    async def ask(self, question, *, leave_after_s=math.inf):
        """Ask, read the answer as it comes, and bring the page to rest; hang up `leave_after_s` the first words."""
        number = self._events["ask", "submit"]
        told = {"data": [question, self.conversation, [], [], "", ""], **self._about(number)}
        began = time.perf_counter()
        try:
            async with asyncio.timeout(ANSWER_WAIT_S):
                (await self._client.post("/gradio_api/queue/join", json=told)).raise_for_status()
                asked = await self._read(question, began, leave_after_s)
                if math.isinf(leave_after_s):
                    await self._rest(number)
        except (httpx.HTTPError, TimeoutError) as error:
            return Asked(question, error=f"{type(error).__name__} {error}")
        return asked

    async def exported(self):
        """Return the turns of the page's conversation as they are kept."""
        got = await self._client.get(f"/conversations/{self.conversation}.json")
        return got.raise_for_status().json()["turns"]

    async def _read(self, question, began, leave_after_s):
        first, places, turn, leave_at = math.inf, [], "", math.inf
        stream = self._client.stream("GET", "/gradio_api/queue/data", params={"session_hash": self._session})
        async with stream as coming:
            async for line in coming.aiter_lines():
                now = time.perf_counter() - began
                if now > leave_at:
                    return Asked(question, first, now, "", tuple(places))
                message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                match message.get("msg"):
                    case "estimation":
                        places.append(message["rank"])
                    case "process_generating" | "process_completed" if not message["success"]:
                        return Asked(question, first, now, f"failed: {message['output']}")
                    case "process_generating":
                        turn = self._shown(message["output"]["data"], turn)
                        if math.isinf(first) and _says_something(turn):
                            first, leave_at = now, now + leave_after_s
                    case "process_completed":
                        why = "" if _says_something(turn) and "aria-busy" not in turn else f"no answer: {turn[:300]}"
                        return Asked(question, first, now, why, tuple(places))
        return Asked(question, error="the stream ended before the answer")

    def _shown(self, updates, turn):
        """Return the current turn's HTML after an update: it comes whole first, and then as what changed."""
        conversation, _, _, drawn, *_ = updates
        self.conversation = conversation if isinstance(conversation, str) else self.conversation
        if isinstance(drawn, str):
            return drawn
        for kind, _, value in drawn:
            turn = turn + value if kind == "append" else value
        return turn

    async def _rest(self, asked):
        settled = self._next[asked]
        await self._at_once(settled, [self.conversation])
        await self._at_once(self._next[settled], ["", self.conversation])

    async def _at_once(self, number, values):
        told = {"data": values, **self._about(number)}
        (await self._client.post("/gradio_api/run/predict", json=told)).raise_for_status()

    def _about(self, number):
        about = {"fn_index": number, "session_hash": self._session, "event_data": None}
        return {**about, "trigger_id": self._components["ask"]}

    async def _look(self):
        while True:
            await self._client.get("/healthz")
            await asyncio.sleep(LOOK_EVERY_S)


def _says_something(turn):
    return 'class="answer"' in turn or 'class="abstained"' in turn


async def talk(page, questions, *, think_s, seconds, choose):
    """Ask one question after the other for so long, thinking in between, and return what became of each."""
    ends = time.perf_counter() + min(seconds, MOST_S)
    found = []
    await asyncio.sleep(choose.uniform(0, think_s))  # they don't all begin at once
    while time.perf_counter() < ends and len(found) < MOST_QUESTIONS:
        if len(found) % QUESTIONS_A_CONVERSATION == 0:
            page.conversation = ""
        found.append(await page.ask(next(questions)))
        await asyncio.sleep(min(choose.uniform(0.5, 1.5) * think_s, max(ends - time.perf_counter(), 0)))
    return found


async def load(address, questions, *, people, think_s, seconds):
    """Return what became of every question of that many people who talk at once."""
    async with contextlib.AsyncExitStack() as opened:
        opening = (opened.enter_async_context(Page(address)) for _ in range(min(people, MOST_PEOPLE)))
        pages = await asyncio.gather(*opening)
        talks = [
            talk(page, questions, think_s=think_s, seconds=seconds, choose=random.Random(number))
            for number, page in enumerate(pages)
        ]
        return list(itertools.chain(*await asyncio.gather(*talks)))


def made_questions(folder):
    """Return a question for every sentence of the store's passages, in an order that leads from article to article."""
    with StoreReader(folder) as reader:
        passages = [passage for summary in reader.summaries() for passage in reader.passages_of(summary.id)]
    sentences = {passage.quote(span) for passage in passages for span in passage.sentences}
    questions = []
    for sentence in sorted(sentences):
        long = sorted(set(re.findall(r"\w{5,}", sentence)), key=sentence.index)[:5]
        if long[2:]:
            questions.append(f"What is said about {' '.join(long)}?")
    random.Random(0).shuffle(questions)
    return questions


def first_words(asked):
    """Return how many seconds it took to the first words of each that was answered."""
    return [one.first_s for one in asked if not one.error]


def percentile(seconds, share):
    """Return the value that this share of the seconds stays at or below."""
    return float(np.quantile(seconds, share, method="inverted_cdf"))


def ratio(one, many, share=0.95, *, draws=2_000):
    """Return how often the percentile of one person is multiplied, and between what 95 of 100 redrawn samples lie."""
    chance = np.random.default_rng(0)

    def drawn(seconds):
        return np.quantile(chance.choice(seconds, (draws, len(seconds))), share, axis=1, method="inverted_cdf")

    low, high = np.quantile(drawn(many) / drawn(one), (0.025, 0.975))
    return percentile(many, share) / percentile(one, share), float(low), float(high)


def described(name, asked):
    """Return a line: how many questions, how many failed, and percentiles of both times in milliseconds."""
    good = [one for one in asked if not one.error]
    pieces = [f"{name:<12} {len(asked):5} questions {len(asked) - len(good):3} errors"]
    for what, seconds in (("first", [one.first_s for one in good]), ("whole", [one.whole_s for one in good])):
        numbers = " ".join(
            f"p{100 * share:.0f} {1000 * percentile(seconds, share):5.0f}" for share in (0.5, 0.95, 0.99)
        )
        pieces.append(f"{what} {numbers}")
    return " | ".join(pieces)


def measure(address, questions, options):
    """Print what one person waits and what twenty wait, in turns, and the ratio."""
    one, many = [], []
    # What is loaded with the first questions is no part of it.
    asyncio.run(load(address, questions, people=4, think_s=0.1, seconds=3))
    for number in range(options.rounds):
        alone = load(address, questions, people=1, think_s=1.0, seconds=options.seconds)
        together = load(address, questions, people=options.people, think_s=options.think, seconds=options.seconds)
        found = asyncio.run(alone), asyncio.run(together)
        one += found[0]
        many += found[1]
        print(f"round {number + 1}, load average {os.getloadavg()[0]:.1f}")
        for name, asked in zip(("one", f"{options.people} at once"), found, strict=True):
            print("  " + described(name, asked), flush=True)
    for failed in itertools.islice((asked for asked in one + many if asked.error), 10):
        print(f"  error: {failed.question!r}: {failed.error}")
    print(described("one", one), described(f"{options.people} at once", many), sep="\n")
    for share in (0.5, 0.95):
        found = ratio(first_words(one), first_words(many), share)
        print("first words, p{:.0f}: times {:.2f} ({:.2f} to {:.2f})".format(100 * share, *found))


async def visit(address, questions, *, asked):
    """Open a page, ask that many questions, and close it."""
    async with Page(address) as page:
        return [await page.ask(next(questions)) for _ in range(asked)]


def resident_mb(pid):
    """Return how many MB of memory the process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def watch_memory(served, questions, *, visits, asked):
    """Print the memory of the server after every fifth of the visits, each of which closes its page."""
    print(f"before: {resident_mb(served.pid()):.0f} MB")
    for fifth in range(5):
        for _ in range(visits // 5):
            asyncio.run(visit(served.address, questions, asked=asked))
        print(f"after {(fifth + 1) * (visits // 5) * asked} questions: {resident_mb(served.pid()):.0f} MB", flush=True)


def main():
    """Serve the shipped articles and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--think", type=float, default=5.0, help="seconds between an answer and the next question")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each round, for one and for all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--questions", type=Path, help='a file of {"question": ...}, one a line; made where none is given'
    )
    parser.add_argument("--memory", type=int, metavar="VISITS", help="watch the memory instead, over that many visits")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings({"store": folder}, environment={})
        open_indexer(settings).index_paths([shipped_folder()])
        rows = options.questions.read_text("utf-8").splitlines() if options.questions else ()
        questions = itertools.cycle([json.loads(row)["question"] for row in rows] or made_questions(Path(folder)))
        served = Served(folder, embedder=settings.embedder, threshold=settings.threshold).start()
        try:
            if options.memory:
                watch_memory(served, questions, visits=options.memory, asked=10)
            else:
                measure(served.address, questions, options)
        finally:
            print(*served.stop())


if __name__ == "__main__":
    main()
