"""The chat bubble on a page of another address, in a real browser: asking, quotes, keys, errors, what is hostile."""

import asyncio
import json
import re

import pytest
from assistants import HARBOUR, ORCHARD, index_texts
from axe_playwright_python.sync_playwright import Axe
from browser import PATIENCE_MS, picture
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from serving import Serving

from embeddings.hashed import HashedEmbedder
from rag.answer_json import answer_row
from rag.records import Message
from rag.widget import widget_router
from rag.wiring import open_assistant

pytestmark = pytest.mark.browser

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"
EVIL = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Somebody's page</title>
<meta name="viewport" content="width=device-width">
<script src="{}/v1/widget.js" data-heading="Ask the Post" defer></script>
</head><body><main><h1>Somebody's page</h1><p>Words of their own.</p><a href="/next">A link</a></main></body></html>"""


class Desk:
    """A server that answers as told: by a real assistant, or what `said` holds, as (event, row) or a status."""

    def __init__(self, assistant):
        self.assistant = assistant
        self.said = None
        self.asked = []
        self.headers = []
        self.going_on = asyncio.Event()
        self.ended = False
        self.app = FastAPI()
        self.app.include_router(widget_router(), prefix="/v1")
        self.app.post("/v1/ask")(self.ask)

    async def ask(self, request: Request):
        asked = await request.json()
        self.asked.append(asked)
        self.headers.append(dict(request.headers))
        if isinstance(self.said, tuple):
            status, body, headers = self.said
            return JSONResponse(body, status, headers, media_type="application/problem+json")
        return StreamingResponse(self.events(asked), media_type="text/event-stream")

    async def events(self, asked):
        try:
            for name, row in self.said or self.answered(asked):
                if name == "wait":
                    await self.going_on.wait()
                elif name == "cut":
                    raise ConnectionError
                else:
                    yield f"event: {name}\ndata: {json.dumps(row)}\n\n"
        finally:
            self.ended = True

    def answered(self, asked):
        history = [Message(said["role"], said["content"]) for said in asked["history"]]
        answer = self.assistant.ask(asked["question"], history)
        middle = len(answer.text) // 2
        yield "retrieved", {"resolved_question": answer.resolved_question, "passages": []}
        yield "delta", {"text": answer.text[:middle]}
        yield "delta", {"text": answer.text[middle:]}
        yield "done", answer_row(answer)


def told(text, *, url="", headline="Headline", quote="", abstained=False):
    """Return the row of an answer of one sentence."""
    citation = {"number": 1, "article_id": "a", "start": 0, "end": 1, "quote": quote, "headline": headline}
    citation |= {"published": None, "published_inferred": False, "publisher": "", "url": url}
    answer = {"text": f"{text} [1]", "abstained": abstained, "sentences": [{"text": text, "citations": [1]}]}
    return {"question": "?", "resolved_question": "", "answer": {**answer, "citations": [citation], "notices": []}}


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    index_texts(folder, {"orchard": ORCHARD})
    index_texts(folder, {"harbour": HARBOUR}, publisher="The Lisbon Post", url="https://news.example/harbour")
    return open_assistant(folder, embedder=HashedEmbedder())


@pytest.fixture
def desk(assistant):
    return Desk(assistant)


@pytest.fixture
def foreign(desk):
    """Return the address of a page of another server, on which no inline script or style may run."""
    site = FastAPI()

    @site.get("/")
    async def page():
        policy = f"default-src 'none'; script-src {desk.address}; connect-src {desk.address}"
        return HTMLResponse(PAGE.format(desk.address), headers={"content-security-policy": policy})

    with Serving(site) as elsewhere:
        desk.app.add_middleware(
            CORSMiddleware,
            allow_origins=[elsewhere.address],
            allow_headers=["*"],
            allow_methods=["*"],
            expose_headers=["retry-after"],
        )
        with Serving(desk.app) as serving:
            desk.address = serving.address
            yield elsewhere.address + "/"


@pytest.fixture
def visit(chromium, foreign):
    """Return a function that opens the foreign page; it fails where anything went wrong on it."""
    contexts, errors = [], []

    def opened(**options):
        context = chromium.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if "Content Security" in line.text else None)
        page.goto(foreign)
        page.wait_for_selector("newspulse-chat .bubble")
        return page

    yield opened
    hits = [page.evaluate("window.hit") for context in contexts for page in context.pages]
    for context in contexts:
        context.close()
    assert errors == []
    assert not any(hits)


@pytest.fixture
def page(visit):
    return visit(viewport={"width": 1100, "height": 800})


def ask(page, question):
    if not page.locator("dialog[open]").count():
        page.click(".bubble")
    page.fill("textarea", question)
    page.press("textarea", "Enter")
    return page.locator("li").last


def answered(page, question):
    turn = ask(page, question)
    page.wait_for_selector("li:last-child:not([aria-busy])")
    return turn


def focused(page):
    return page.evaluate("() => document.activeElement.shadowRoot?.activeElement?.className")


def violations(page):
    return [(v["id"], v["nodes"][0]["html"]) for v in Axe().run(page).response["violations"]]


def test_a_number_of_an_answer_opens_its_quote_with_headline_and_link(page, desk):
    turn = answered(page, QUESTION)
    assert "420 metres" in turn.locator(".said").inner_text()
    number = turn.locator(".number").first
    assert number.get_attribute("aria-label") == "Source 1: Harbour bridge opens in Lisbon"
    number.click()
    source = turn.locator(".source")
    assert source.locator("blockquote").inner_text() in HARBOUR
    assert source.locator("strong").inner_text() == "Harbour bridge opens in Lisbon"
    assert source.locator("a").get_attribute("href") == "https://news.example/harbour"
    assert source.locator("a").get_attribute("rel") == "noopener noreferrer nofollow"
    assert source.locator(".from").inner_text() == "The Lisbon Post · no date"
    assert number.get_attribute("aria-expanded") == "true"
    number.click()
    assert source.is_hidden()
    assert desk.asked == [{"question": QUESTION, "history": [], "stream": True}]
    assert "cookie" not in desk.headers[0]


def test_a_follow_up_carries_what_was_said_until_a_new_conversation_begins(page, desk):
    first = answered(page, "Who is mayor of Lisbon and spoke of the harbour bridge?").locator(".said").inner_text()
    turn = answered(page, "How long is its main span?")
    assert turn.locator(".understood").inner_text().startswith("Understood as: ")
    history = desk.asked[1]["history"]
    assert [said["role"] for said in history] == ["user", "assistant"]
    assert re.sub(r"[\s\[\]]", "", history[1]["content"]) == re.sub(r"\s", "", first)
    page.click("button[aria-label='New conversation']")
    assert page.locator("li").count() == 0
    answered(page, QUESTION)
    assert desk.asked[2]["history"] == []


def test_everything_can_be_done_by_keys_and_escape_leads_back(page):
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(page) == "bubble"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.shadowRoot.activeElement.tagName") == "TEXTAREA"
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("li .number")
    page.keyboard.press("Shift+Tab")
    assert focused(page) == "number"
    page.keyboard.press("Enter")
    assert page.locator(".source blockquote").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert focused(page) == "bubble"
    assert page.locator(".bubble").get_attribute("aria-expanded") == "false"
    page.keyboard.press("Enter")
    assert page.locator("li .said").is_visible()


def test_the_pages_own_shortcuts_hear_nothing_of_what_is_typed(page):
    page.evaluate("() => { window.heard = 0; document.addEventListener('keydown', () => { window.heard += 1; }); }")
    page.click(".bubble")
    page.keyboard.type("abc")
    assert page.evaluate("window.heard") == 0


def test_a_screen_reader_hears_the_state_the_answer_and_the_quote(page):
    turn = answered(page, QUESTION)
    status = page.locator("[role=status]")
    assert status.inner_text().startswith("Answer: ")
    assert "420 metres" in status.inner_text()
    assert "[1]" not in status.inner_text()
    turn.locator(".number").first.click()
    assert status.inner_text().startswith("Source 1: Harbour bridge opens in Lisbon. “")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1100, 800), (360, 740)])
def test_it_passes_axe_and_fits_the_screen(visit, scheme, size):
    width, height = size
    page = visit(viewport={"width": width, "height": height}, color_scheme=scheme)
    assert violations(page) == []
    answered(page, "zeppelin quantum chess")
    answered(page, QUESTION).locator(".number").first.click()
    assert violations(page) == []
    picture(page, f"widget-{scheme}-{width}")
    box = page.locator("dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_what_lies_behind_cannot_be_reached(visit):
    page = visit(viewport={"width": 360, "height": 740})
    page.click(".bubble")
    assert page.evaluate(
        "() => document.querySelector('newspulse-chat').shadowRoot.querySelector('dialog').matches(':modal')"
    )
    page.keyboard.press("Escape")
    assert focused(page) == "bubble"


def test_an_abstention_looks_like_one_and_says_why(page):
    turn = answered(page, "zeppelin quantum chess")
    assert turn.locator(".said.abstained").inner_text() == "The articles don't answer this."
    assert "No passage near the question mentions" in turn.locator(".note").first.inner_text()
    assert turn.locator(".number").count() == 0


def test_hostile_text_stays_text_and_only_web_addresses_become_links(page, desk):
    for url in ("javascript:window.hit=1", "data:text/html,x", "https://user:pass@news.example/", "//x", "news"):
        desk.said = [("delta", {"text": EVIL}), ("done", told(EVIL, url=url, headline=EVIL, quote=EVIL))]
        turn = answered(page, EVIL)
        turn.locator(".number").click()
        assert turn.locator(".said").inner_text().startswith(EVIL)
        assert turn.locator("blockquote").inner_text() == EVIL
        assert turn.locator("img, script, a").count() == 0
    desk.said = [("done", told("gnp\u202efdp.exe", quote="a\u202eb\U000e0041"))]
    turn = answered(page, "?")
    turn.locator(".number").click()
    assert (turn.locator(".said").inner_text()[:10], turn.locator("blockquote").inner_text()) == ("gnpfdp.exe", "ab")


def test_a_sentence_without_support_is_marked(page, desk):
    row = told("The bridge is long.")
    row["answer"]["sentences"].append({"text": "It is blue.", "citations": [], "supported": False})
    desk.said = [("done", row)]
    assert answered(page, "?").locator(".unproved").inner_text() == "It is blue. [unsupported]"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            (503, {"detail": "9 questions are waiting"}, {"retry-after": "7"}),
            "9 questions are waiting. Try again in 7 s.",
        ),
        ((422, {"detail": "the question holds no word"}, {}), "the question holds no word."),
        ((401, {"detail": "sign in"}, {}), "This page is not signed in where the articles are kept."),
        ((502, "<html>", {}), "This question could not be answered."),
        ([("error", {"detail": "the articles cannot be read"})], "the articles cannot be read."),
        ([("retrieved", {})], "The answer broke off."),
        ([("cut", {})], "The articles cannot be reached. Check the connection."),
    ],
)
def test_what_goes_wrong_is_said_and_can_be_asked_again(page, desk, said, shown):
    desk.said = said
    turn = answered(page, QUESTION)
    assert turn.locator(".note.failed").inner_text() == shown
    assert page.locator("[role=status]").inner_text() == shown
    desk.said = None
    turn.locator(".again").click()
    page.wait_for_selector("li .number")
    assert page.locator("li").count() == 1


def test_what_was_said_before_an_answer_broke_off_stays(page, desk):
    desk.said = [("delta", {"text": "The bridge is long. [1]"}), ("error", {"detail": "gone"})]
    turn = answered(page, QUESTION)
    assert turn.locator(".said").inner_text() == "The bridge is long. [1]"
    assert turn.locator(".note.failed").inner_text() == "The answer breaks off here. gone."


def test_a_question_can_be_stopped_and_the_server_is_told(page, desk):
    desk.said = [("delta", {"text": "The bridge"}), ("wait", None)]
    turn = ask(page, QUESTION)
    page.wait_for_selector("li .said:has-text('The bridge')")
    assert turn.get_attribute("aria-busy") == "true"
    page.click(".send[aria-label=Stop]")
    page.wait_for_selector("li:not([aria-busy])")
    assert turn.locator(".note").inner_text() == "Stopped before the end."
    page.wait_for_selector(".send[aria-label=Ask]")
    for _ in range(50):
        if desk.ended:
            break
        page.wait_for_timeout(20)
    assert desk.ended


def test_the_page_can_place_and_name_it(page):
    assert page.locator("h2").text_content() == "Ask the Post"
    assert page.locator("newspulse-chat").count() == 1
    page.evaluate("() => { document.querySelector('newspulse-chat').setAttribute('theme', 'dark'); }")
    assert page.locator("newspulse-chat[data-dark]").count() == 1


def test_another_page_may_embed_it_but_gets_no_answer_unless_it_is_named(chromium, foreign, desk):
    stranger = FastAPI()

    @stranger.get("/")
    async def page():
        return HTMLResponse(PAGE.format(desk.address))

    with Serving(stranger) as serving:
        context = chromium.new_context()
        shown = context.new_page()
        shown.goto(serving.address)
        turn = answered(shown, QUESTION)
        assert turn.locator(".note.failed").inner_text() == "The articles cannot be reached. Check the connection."
        context.close()


def test_the_script_is_small_and_puts_no_text_into_the_page_as_markup(foreign, desk):
    import httpx

    told_of = httpx.get(f"{desk.address}/v1/widget.js")
    assert told_of.headers["content-type"] == "text/javascript; charset=utf-8"
    assert len(told_of.content) < 30_000
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(", told_of.text)
    assert not re.search(r"https?://(?!SERVER|www\.w3\.org)", told_of.text)
