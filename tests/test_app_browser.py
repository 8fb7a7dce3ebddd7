"""The chat page in a real browser: answers, citations, stopping, and nothing that an article can make it do."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from rag.articles import article_from_text
from rag.errors import SettingsInvalid
from rag.page_server import listen
from rag.settings import load_settings
from rag.wiring import open_indexer

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on the PATH"),
]
ROOT = Path(__file__).parents[1]
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SERVER = """
    import pathlib, sys, time
    from rag.app import launch_app
    from rag.extractive import ExtractiveGenerator
    from rag.records import Claim
    from rag.settings import load_settings
    from rag.wiring import open_assistant

    store, port, *examples = sys.argv[1:]

    class Slow:
        name = "slow"

        def generate(self, question, hits, history):
            if "crash" in question:
                raise RuntimeError("canary")
            if "slowly" not in question:
                yield from ExtractiveGenerator().generate(question, hits, history)
                return
            try:
                for _ in range(60):
                    for span in hits[0].passage.sentences:
                        yield Claim(span.shifted(-hits[0].passage.span.start).of(hits[0].passage.text),
                                    ((hits[0].passage.id, span),))
                        time.sleep(0.3)
            finally:
                pathlib.Path(store, "ended").touch()

    settings = load_settings({"store": store, "embedder": "hashed", "threshold": "0.0001"}, environment={})
    assistant = open_assistant(settings=settings, store=store, generator=Slow())
    say = lambda line: print(line, flush=True)
    launch_app(assistant, host="127.0.0.1", port=int(port), examples=examples, on_ready=say)
    say("closed")
"""
PAYLOADS = (
    "<script>window.pwned=1</script>",
    "<img src=http://attacker.invalid/x.png onerror=window.pwned=1>",
    "![x](http://attacker.invalid/y.png)",
    "[click](javascript:window.pwned=1)",
    "$$\\href{javascript:window.pwned=1}{x}$$ \\(\\includegraphics{http://attacker.invalid/k.png}\\)",
    "```mermaid graph TD; A[<img src=x onerror=window.pwned=1>] ```",
    "<a href=//attacker.invalid>free</a><base href=//attacker.invalid/>",
    "<svg/onload=window.pwned=1><iframe src=//attacker.invalid></iframe>",
    "${window.pwned=1}` {{constructor.constructor('window.pwned=1')()}} @children",
    "<style>@import url(//attacker.invalid/s.css);</style><link rel=stylesheet href=//attacker.invalid/l.css>",
    "<form action=//attacker.invalid><button autofocus onfocus=window.pwned=1>Go</button></form>",
    "\u202egnp.elif\u202c <meta http-equiv=refresh content=0;url=//attacker.invalid>",
)
ADDRESSES = (
    "javascript:window.pwned=1",
    "data:text/html,<script>window.pwned=1</script>",
    "https://news.example/zebra",
)
BRIDGE = (
    "Harbour bridge opens\n\nThe harbour bridge in Porto opened on Monday. It cost 3 million euros to build.\n"
    "Ferries keep running under the harbour bridge until the autumn. The mayor cut a ribbon at noon.\n"
)


def hostile_articles():
    for number, payload in enumerate(PAYLOADS):
        body = f"The zebra number {number} ran away on Friday {payload} and was found in a garden near the river."
        article = article_from_text(
            f"Zebra {number} escapes {payload}\n\n{body}\n",
            article_id=f"zebra-{number}",
            published=None,
            url=ADDRESSES[number % len(ADDRESSES)],
        )
        yield replace(article, publisher=payload, author=payload, title=f"{payload} zebra")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "store"
    settings = load_settings({"store": str(folder), "embedder": "hashed"}, environment={})
    bridge = article_from_text(BRIDGE, article_id="bridge", url="https://news.example/bridge", publisher="The Daily")
    report = open_indexer(settings).index_articles([bridge, *hostile_articles()])
    assert len(report.added) == 1 + len(PAYLOADS)
    return folder


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=QUIET, headless=True)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(store, chromium):
    examples = ("When did the harbour bridge open?", f"Why {PAYLOADS[1]}?")
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(SERVER), str(store), "0", *examples]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HTTP_PROXY": "http://127.0.0.1:9"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, env=environment, cwd=store) as server:
        try:
            line = server.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", line)
            yield line
            # A page that is open when the server ends must not hold it up, nor make it complain.
            left_open = chromium.new_page()
            left_open.goto(line)
            left_open.wait_for_selector("#ask textarea")
        finally:
            server.terminate()
            said = server.communicate(timeout=20)
        assert (server.returncode, *said) == (0, "closed\n", "")


@pytest.fixture
def open_page(chromium, address):
    contexts, asked = [], []

    def opened(**options):
        context = chromium.new_context(**options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.on("websocket", lambda socket: asked.append(socket.url))
        page.goto(address)
        page.wait_for_selector("#ask textarea")
        page.wait_for_selector("#status[role=status]", state="attached")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert asked
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


def ask(page, question, number=1):
    page.fill("#ask textarea", question)
    page.press("#ask textarea", "Enter")
    page.wait_for_selector(f"[data-turn='{number}']:not([aria-busy])")
    page.wait_for_selector("#new")
    return page.locator(f"[data-turn='{number}']")


def test_an_example_is_answered_with_sources_that_its_numbers_lead_to(open_page):
    page = open_page()
    page.get_by_role("button", name="When did the harbour bridge open?").click()
    page.wait_for_selector(".turn:not([aria-busy]) .answer a.cite")
    page.wait_for_selector("#new")
    assert "opened on Monday." in page.inner_text(".turn .answer")
    assert "The harbour bridge in Porto opened on Monday." in page.locator(".source mark").all_inner_texts()
    assert page.get_attribute(".source .byline a", "href") == "https://news.example/bridge"
    assert not page.locator("#landing").is_visible()
    page.focus(".answer a.cite")
    page.keyboard.press("Enter")
    page.wait_for_selector(".source.lit:focus mark.lit")
    assert page.url.endswith("/")
    assert page.locator("[data-turn]").count() == 1


def test_a_conversation_goes_on_and_can_be_started_anew(open_page):
    page = open_page()
    ask(page, "When did the harbour bridge in Porto open?")
    second = ask(page, "What did it cost?", 2)
    assert "Understood as" in second.inner_text()
    assert page.locator("#past [data-turn='1']").count() == 1
    page.click("#new")
    page.wait_for_selector("#landing")
    assert page.locator("[data-turn]").count() == 0


def test_an_abstention_looks_different_and_shows_the_nearest_passages(open_page):
    turn = ask(open_page(), "quantum xylophone tournament")
    assert "The articles don't answer this." in turn.locator(".abstained").inner_text()
    assert turn.locator("h3").inner_text().lower() == "nearest passages"


def test_what_goes_wrong_is_one_plain_line_without_a_trace(open_page):
    page = open_page()
    page.fill("#ask textarea", "?!")
    page.press("#ask textarea", "Enter")
    page.wait_for_selector(".turn .error")
    assert page.inner_text(".turn .error") == "the question '?!' holds no word; ask in words"
    said = ask(page, "Did the harbour bridge in Porto crash?", 2).inner_text()
    assert "failed (RuntimeError)" in said
    assert "canary" not in said
    assert "Traceback" not in said


def test_stopping_ends_the_answer_and_its_generator_while_others_are_answered(open_page, store):
    page, other = open_page(), open_page()
    page.fill("#ask textarea", "Tell slowly about the harbour bridge in Porto")
    page.press("#ask textarea", "Enter")
    page.wait_for_selector(".turn[aria-busy] .answer")
    assert "opened on Monday." in ask(other, "When did the harbour bridge in Porto open?").inner_text()
    assert page.locator(".turn[aria-busy]").count() == 1
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(".turn:not([aria-busy]) .stopped")
    said = page.inner_text(".turn .answer")
    page.wait_for_timeout(900)
    assert page.inner_text(".turn .answer") == said
    assert (store / "ended").exists()
    assert page.get_by_role("button", name="Ask").is_visible()


@pytest.mark.parametrize("bypass_csp", [True, False], ids=["without the policy", "with the policy"])
def test_hostile_articles_and_questions_stay_text(open_page, bypass_csp):
    page = open_page(bypass_csp=bypass_csp)
    page.get_by_text(PAYLOADS[1]).wait_for()
    for number, payload in enumerate(PAYLOADS if bypass_csp else PAYLOADS[:4], 1):
        turn = ask(page, f"Where was the zebra found in a garden {payload}", number)
        assert payload.replace("\u202e", "").replace("\u202c", "") in turn.locator(".sources").inner_text()
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    assert page.locator(".answer").count() > 0
    ours = "article h2 h3 h4 div p a aside section span bdi blockquote mark details summary ul li time".split()
    found = page.eval_on_selector_all(".turn *", "all => [...new Set(all.map(e => e.localName))]")
    assert set(found) <= set(ours)
    links = page.eval_on_selector_all(".turn a", "all => all.map(a => a.getAttribute('href'))")
    assert {re.sub(r"\d+", "N", link) for link in links} <= {"#source-N-N", "https://news.example/zebra"}
    assert page.url.endswith("/")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
def test_nothing_is_cut_off_at_any_width(open_page, width, scheme):
    page = open_page(viewport={"width": width, "height": 740}, color_scheme=scheme)
    turn = ask(page, "Where was the zebra number 3 found?")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    answer, sources = turn.locator(".answer-side").bounding_box(), turn.locator(".sources").bounding_box()
    if width <= 700:
        assert sources["y"] >= answer["y"] + answer["height"]
    else:
        assert sources["x"] >= answer["x"] + answer["width"]
    assert not page.get_by_text("Built with Gradio").is_visible()


def test_only_what_the_page_needs_can_be_reached(open_page, address):
    page = open_page()
    for path in ("gradio_api/upload", "gradio_api/file=/etc/passwd", "gradio_api/openapi.json", "docs", "monitoring"):
        assert page.request.get(address + path).status == 404
    assert page.request.get(address, headers={"Host": "attacker.example"}).status == 400


def test_a_port_in_use_is_said_with_what_to_do():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsInvalid, match=rf"port {port} .*--port"):
            listen("127.0.0.1", port)
