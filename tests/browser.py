"""A real browser and real servers for tests: Debian's Chromium, and the chat in a process that can be ended.

Where `NEWSPULSE_BROWSER` is set, a missing browser is a failure and not a reason to skip.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "runs" / "screenshots"
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE_MS = 15_000


class Served:
    """A chat that runs in a process of its own; `options` are what chat_process.py reads."""

    def __init__(self, store, **options):
        self.store = Path(store)
        self._options = {"store": str(store), "port": 0, **options}
        self._process = None
        self.address = ""

    def start(self):
        """Start, at the same port where it ran before, and wait until it answers."""
        command = [sys.executable, "-W", "ignore", str(ROOT / "tests" / "chat_process.py"), json.dumps(self._options)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HTTP_PROXY": "http://127.0.0.1:9"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, **pipes, env=environment, cwd=self.store)
        line = self._process.stdout.readline().strip()
        if not re.fullmatch(r"http://127\.0\.0\.1:\d+/", line):
            raise AssertionError(f"{line}\n{self.stop()}")
        self.address = line
        self._options["port"] = urlsplit(line).port
        return self

    def stop(self, sent=signal.SIGTERM):
        """End it; return its exit status and what it said besides its address."""
        self._process.send_signal(sent)
        said = self._process.communicate(timeout=20)
        return self._process.returncode, *said

    def pid(self):
        """Return the number of its process."""
        return self._process.pid


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium for the whole run."""
    required = os.environ.get("NEWSPULSE_BROWSER")
    if CHROMIUM is None and not required:
        pytest.skip("no Chromium or Chrome on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=QUIET, headless=True)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def serve():
    """Return a function that starts a chat over a store; all are ended with the module, each without a word."""
    started = []

    def served(store, **options):
        started.append(Served(store, **options).start())
        return started[-1]

    yield served
    ends = [one.stop() for one in started]
    assert ends == [(0, "closed\n", "")] * len(started)


@pytest.fixture
def browse(chromium):
    """Return a function that opens a page of a served chat; fails where any page asked another address for anything.

    A context given is used again, so that its cookies are those of an earlier page.
    """
    contexts, asked, homes = [], [], set()

    def opened(served, path="", *, context=None, ready="#ask textarea", **options):
        if context is None:
            context = chromium.new_context(**options)
            context.set_default_timeout(PATIENCE_MS)
            context.on("request", lambda request: asked.append(request.url))
            contexts.append(context)
        homes.add(served.address)
        page = context.new_page()
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.goto(served.address + path)
        page.wait_for_selector(ready)
        if ready == "#ask textarea":
            page.wait_for_selector("#status[role=status]", state="attached")
            page.wait_for_selector(".landing li, .landing .about, .turn", state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert asked
    assert [url for url in asked if not url.startswith((*homes, "data:", "blob:"))] == []


def ask(page, question, number=1):
    """Ask, wait until the answer stands and the page is at rest, and return the turn."""
    page.fill("#ask textarea", question)
    page.press("#ask textarea", "Enter")
    return settled(page, number)


def settled(page, number=1):
    """Return the turn of this number once it is answered and the page is at rest."""
    page.wait_for_selector(f"[data-turn='{number}']:not([aria-busy])")
    page.wait_for_selector("#ask button:has-text('Ask')")
    return page.locator(f"[data-turn='{number}']")


def picture(page, name, **options):
    """Save what the page shows, to be looked at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", **options)
