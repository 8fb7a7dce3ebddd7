"""Forty hostile articles in a real browser, drawn by everything that draws: no script, no request, no navigation.

Each test runs twice: with the content security policy switched off, where the escaping stands alone, and with it.
"""

import hashlib
import json
import os
import socketserver
import subprocess
import sys
import threading
from urllib.parse import quote

import hostile
import pytest
from browser import PATIENCE_MS, ROOT, Served, ask, settled
from markdown_it import MarkdownIt

from rag.chats import CHATS
from rag.conversations import Conversations, title_of
from rag.page_text import seen
from rag.page_turn import MOST_QUESTION_CHARS_SHOWN
from rag.settings import load_settings
from rag.turns import turn_row
from rag.wall import BROWSER_COOKIE
from rag.wiring import open_indexer

pytestmark = pytest.mark.browser

READER = "hostile-reader-0123456789"
OWNER = "browser:" + hashlib.sha256(READER.encode()).hexdigest()
ASKED_OF_AT_ONCE = 8
OURS = set(
    "article h1 h2 h3 h4 div p a aside section span bdi blockquote mark details summary ul li time strong button form "
    "label textarea input nav table caption thead tbody tr th td code progress".split()
)
# Says on the console what a page may never hold, however briefly it held it.
SENTRY = """
(() => {
  const tell = (what) => console.error("TRESPASS " + what.slice(0, 300));
  Object.defineProperty(window, "pwned", { set: (by) => tell("a script ran: " + by), get: () => undefined });
  addEventListener("securitypolicyviolation", (e) => tell(`the policy stopped ${e.violatedDirective} ${e.blockedURI}`));
  const links = LINKS;
  const leads = ["href", "src", "action", "formaction", "ping", "data", "poster", "background", "xlink:href", "code"];
  const leaves = (value) => {
    try {
      const url = new URL(value, location.origin);
      return !(url.origin === location.origin || url.protocol === "blob:" || value.startsWith("data:image/"));
    } catch { return true; }
  };
  const look = (node) => {
    if (node.matches("iframe, frame, frameset, object, embed, applet, marquee, meta[http-equiv=refresh]")) {
      tell("an element " + node.outerHTML);
    }
    for (const { name, value } of node.attributes) {
      if (name.startsWith("on")) tell(`a handler ${name}=${value}`);
      if (name === "srcset" || (name === "style" && /url|image-set|import/.test(value))) tell(`a style ${value}`);
      if (leads.includes(name) && leaves(value) && !(node.localName === "a" && links.includes(value))) {
        tell(`an address ${node.localName} ${name}=${value}`);
      }
    }
  };
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") look(target);
      for (const node of addedNodes) {
        if (node.nodeType !== 1) continue;
        look(node);
        node.querySelectorAll("*").forEach(look);
      }
    }
  }).observe(document, { subtree: true, childList: true, attributes: true });
})();
"""


class Attacker(socketserver.ThreadingTCPServer):
    """Notes everybody who connects, whatever for."""

    daemon_threads = True

    def __init__(self):
        self.met = []
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)

    @property
    def host(self):
        """Its name and port, as they stand in an address."""
        return f"127.0.0.1:{self.server_address[1]}"

    def finish_request(self, request, client_address):
        """Note who came."""
        self.met.append(client_address)


class HostileServed(Served):
    """The chat of hostile.py."""

    def start(self):
        """Start, and wait until it answers."""
        command = [sys.executable, "-W", "ignore", hostile.__file__, json.dumps(self._options)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HTTP_PROXY": "http://127.0.0.1:9"}
        self._process = subprocess.Popen(command, **pipes, env=environment, cwd=self.store)
        self.address = self._process.stdout.readline().strip()
        assert self.address.startswith("http://127.0.0.1:"), self.stop()
        return self


@pytest.fixture(scope="module")
def attacker():
    with Attacker() as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield listening
        listening.shutdown()


@pytest.fixture(scope="module")
def payloads(attacker):
    return hostile.payloads(attacker.host)


@pytest.fixture(scope="module")
def links(attacker):
    """The addresses of the articles that may become a link."""
    return hostile.web_addresses(attacker.host)


@pytest.fixture(scope="module")
def store(tmp_path_factory, attacker):
    folder = tmp_path_factory.mktemp("hostile") / "store"
    settings = load_settings({"store": str(folder), "embedder": "hashed"}, environment={})
    report = open_indexer(settings).index_articles(hostile.hostile_articles(attacker.host))
    assert len(report.added) == 40
    return folder


@pytest.fixture(scope="module")
def kept(store, payloads, attacker):
    """A conversation whose turns hold the payloads in every field, and one more with each payload as its title."""
    conversations = Conversations(store / CHATS)
    ids = [conversations.start(OWNER, payload) for payload in payloads]
    for number, payload in enumerate(payloads, 1):
        row = turn_row(hostile.hostile_turn(number, payload, attacker.host))
        conversations.add_turn(OWNER, ids[-1], number=number, question=payload, turn=row)
    return ids[-1]


@pytest.fixture(scope="module")
def served(store, payloads, chromium):
    chat = HostileServed(store, examples=payloads).start()
    yield chat
    assert chat.stop() == (0, "closed\n", "")


class Visit:
    """Opens pages in one watched context; `happened` is what no page of ours does."""

    def __init__(self, context, served):
        self._context = context
        self._home = served.address
        self._asked, self._loads, self._pages, self._opened = [], 0, [], 0
        self.happened = []
        context.on("request", self._note)
        context.on("console", lambda said: self.happened.append(said.text) if "TRESPASS" in said.text else None)
        context.on("dialog", lambda dialog: self.happened.append(dialog.message) or dialog.dismiss())
        context.on("weberror", lambda failed: self.happened.append(f"an error {failed.error}"))
        context.on("page", self._note_page)

    def __call__(self, path="", ready="#ask textarea"):
        """Return a page of the served chat."""
        page = self._context.new_page()
        page.on("download", lambda file: self.happened.append(f"a file {file.url}"))
        page.goto(self._home + path)
        page.wait_for_selector(ready)
        self._opened += 1
        return page

    def check(self, attacker):
        """Fail for whatever happened."""
        # What a page does by itself it does at once.
        self._pages[-1].wait_for_timeout(200)
        assert self.happened == []
        assert attacker.met == []
        assert [url for url in self._asked if not url.startswith((self._home, "data:image/", "blob:"))] == []
        assert (self._loads, len(self._pages)) == (self._opened, self._opened)

    def _note(self, request):
        self._asked.append(request.url)
        self._loads += request.is_navigation_request()

    def _note_page(self, page):
        self._pages.append(page)


@pytest.fixture(params=[True, False], ids=["by escaping alone", "under the policy"])
def context(request, chromium, served, links):
    made = chromium.new_context(bypass_csp=request.param, viewport={"width": 1280, "height": 800})
    made.set_default_timeout(PATIENCE_MS)
    made.add_cookies([{"name": BROWSER_COOKIE, "value": READER, "url": served.address}])
    made.add_init_script(SENTRY.replace("LINKS", json.dumps(links)))
    yield made
    made.close()


@pytest.fixture
def visit(context, served, attacker):
    """Return a Visit, which is checked at the end."""
    visited = Visit(context, served)
    yield visited
    visited.check(attacker)


def test_the_watch_sees_markup_that_was_not_escaped_and_the_policy_lets_nothing_of_it_leave(
    context, served, attacker, payloads, request
):
    visited = Visit(context, served)
    page = visited("library", "#table tbody tr")
    raw = "".join(payloads[number - 1] for number in (3, 4, 21, 23, 24, 26, 32))
    page.evaluate("(raw) => document.body.append(document.createRange().createContextualFragment(raw))", raw)
    page.wait_for_timeout(400)
    # What is still on its way to the attacker is not the next page's.
    page.close()
    page = context.new_page()
    page.wait_for_timeout(200)
    told = " ".join(visited.happened)
    assert [
        s for s in ("a script ran: 3", "a handler", "an element <iframe", "a style", "an address") if s not in told
    ] == []
    policy = "under the policy" in request.node.name
    assert ("the policy stopped img-src" in told, bool(attacker.met)) == (policy, not policy)
    attacker.met.clear()


def test_answers_and_their_sources_say_what_articles_hold_and_do_nothing_of_it(visit, payloads):
    page = visit(ready=".landing .suggestion")
    assert contents(page, ".landing .suggestion") == [seen(p) for p in payloads]
    for number, first in enumerate(range(0, len(payloads), ASKED_OF_AT_ONCE), 1):
        some = range(first, first + ASKED_OF_AT_ONCE)
        turn = ask(page, f"Where were {' and '.join(f'the {hostile.animal(n + 1)}' for n in some)} on Friday?", number)
        told = turn.locator(".sources").text_content()
        assert [payloads[n] for n in some if seen(payloads[n]) not in told] == []
        link = turn.locator("a.cite").first
        pointed_at = "(a) => { a.dispatchEvent(new MouseEvent('mouseover', { bubbles: true })); }"
        link.evaluate(pointed_at)
        assert page.text_content("#quote-tip") in contents(turn, ".source blockquote mark")
        # The first quote is a headline, which its story does not repeat.
        link.press("Enter")
        turn.locator(".source.lit blockquote mark.lit").wait_for()
        turn.locator("a.cite").nth(1).press("Enter")
        turn.locator(".source.lit .story mark.lit").wait_for()
        assert len(turn.locator(".source.lit .story").text_content()) > 500
    assert page.locator(".turn .answer").count() == len(payloads) // ASKED_OF_AT_ONCE
    assert foreign_elements(page) == set()


def test_an_abstention_offers_hostile_questions_that_can_be_asked(visit, payloads):
    page = visit()
    turn = ask(page, "quantum xylophone tournament")
    assert turn.locator(".abstained").count() == 1
    offered = contents(turn, ".suggestion")
    assert any(seen(p) in question for p in payloads for question in offered)
    turn.locator(".suggestion").first.click()
    page.wait_for_selector("[data-turn='2']")
    assert settled(page, 2).locator(".question").text_content() == offered[0]
    # Half of a surrogate pair, which no keyboard writes and a script does.
    page.eval_on_selector(
        "#ask textarea",
        "(box) => { box.value = 'Where was the zebra03? \\ud800'; box.dispatchEvent(new Event('input')); }",
    )
    page.press("#ask textarea", "Enter")
    page.wait_for_selector("[data-turn='3']")
    assert "Where was the zebra03?" in settled(page, 3).locator(".question").text_content()
    assert foreign_elements(page) == set()


def test_every_field_of_a_kept_turn_is_text(visit, payloads, links, kept):
    page = visit(f"?c={kept}", ready=f"[data-turn='{len(payloads)}']")
    drawn = page.eval_on_selector_all(
        ".turn",
        """(all) => all.map((turn) => [
            turn.querySelector(".question").textContent,
            turn.querySelector("textarea").dataset.asked,
            turn.querySelector("textarea").dataset.resolved,
            turn.querySelector(".answer-side").textContent,
            turn.querySelector(".sources, .error").textContent,
        ])""",
    )
    for payload, (question, asked, resolved, said, shown) in zip(map(seen, payloads), drawn, strict=True):
        assert question.startswith(payload.strip()[:MOST_QUESTION_CHARS_SHOWN])
        assert (asked, resolved) == (payload, f"About {payload}")
        assert payload in said
        assert payload in shown
    hrefs = page.eval_on_selector_all(".turn a:not(.cite)", "(all) => all.map((a) => a.getAttribute('href'))")
    assert set(hrefs) == set(links)
    assert foreign_elements(page) == set()
    assert page.locator("#scope > button").bounding_box()["height"] < 40
    turn = page.locator(".turn:has(.act.copy)").first
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn.locator(".act.copy").click()
    page.wait_for_selector(".act.copy.done")
    number = int(turn.get_attribute("data-turn"))
    assert page.evaluate("navigator.clipboard.readText()").startswith(seen(payloads[number - 1]))
    turn.locator(".act.edit").click()
    assert turn.locator(".ask-again-form textarea").input_value() == seen(payloads[number - 1])


def test_titles_of_conversations_are_text_also_when_they_are_changed(visit, payloads, kept):
    page = visit(ready="#conversations a.open")
    titles = {seen(title_of(p, 200)) for p in payloads}
    assert len(set(contents(page, "#conversations a.open")) & titles) > 30
    row = page.locator("#conversations li").last
    row.locator("summary").click()
    row.get_by_role("button", name="Rename").first.click()
    assert row.locator(".rename-form input").input_value() == contents(row, "a.open")[0]
    row.locator(".rename-form input").fill(payloads[6])
    page.keyboard.press("Enter")
    page.wait_for_function(
        "(title) => [...document.querySelectorAll('#conversations a.open')].at(-1).textContent === title",
        arg=payloads[6],
    )
    page.fill("#search :is(input, textarea)", payloads[21])
    page.wait_for_function("document.querySelectorAll('#conversations li').length < 9")
    assert foreign_elements(page) == set()


def test_what_is_searched_in_is_text_also_in_widgets_that_are_not_our_own(visit, payloads):
    page = visit("?article=" + quote(f"3 {payloads[2]}", safe=""))
    page.wait_for_selector("#past", state="attached")
    page.click("#scope > button")
    assert seen(payloads[2]) in page.text_content("#articles .token")
    page.locator("#publishers input").click()
    options = page.get_by_role("option")
    options.first.wait_for()
    assert options.count() == len(payloads)
    told = " ".join(contents(page, "[role=option]"))
    assert [p for p in payloads if len(p) < 80 and seen(p) not in told] == []
    for number in (1, 5, 11):
        options.nth(number).click()
    page.keyboard.press("Escape")
    page.wait_for_selector("#scope > button:has-text('published by')")
    page.fill("#since :is(input, textarea)", '"><img src')
    turn = ask(page, "Where was the zebra on Friday?")
    assert "published by" in turn.locator(".scope").text_content()
    assert foreign_elements(page) == set()


def test_the_library_and_what_becomes_of_added_articles_are_text(visit, payloads, links):
    page = visit("library", ready="#table tbody tr")
    told = page.text_content("#table")
    assert [p for p in payloads[20:] if seen(p) not in told] == []
    heights = page.eval_on_selector_all("#table tbody tr", "(all) => all.map((one) => one.offsetHeight)")
    assert max(heights) < 300
    hrefs = page.eval_on_selector_all("#table a", "(all) => all.map((a) => a.getAttribute('href'))")
    assert set(hrefs) == set(links)
    page.set_input_files("#files input", hostile.hostile_files(payloads))
    page.wait_for_function("document.querySelectorAll('#fates li:not(.under-way)').length >= 44")
    fates = page.text_content("#fates")
    # A slash in the name of an archive's entry is a folder's.
    names = [p.split("/")[-1] for p in map(seen, payloads) if len(p) < 200]
    assert [name for name in names if name not in fates] == []
    page.click("#pasting > button")
    page.fill("#pasted-title :is(input, textarea)", payloads[4])
    page.fill("#pasted-text textarea", f"The emu {payloads[4]} crossed the road at noon. Nobody was hurt by it at all.")
    page.fill("#pasted-url :is(input, textarea)", "javascript:window.pwned=1")
    page.fill("#pasted-day :is(input, textarea)", "<svg/onloa")
    page.click("#paste")
    page.wait_for_selector("#fates .refused:has-text('<svg/onloa')")
    assert payloads[4] in page.text_content("#fates")
    assert foreign_elements(page) == set()


def test_what_is_removed_and_what_cannot_be_are_text(visit, payloads):
    page, other = (visit("library", ready="#table tbody tr") for _ in range(2))
    for number in (4, 13):
        gone = "not in the library any more"
        for one, shown, said in (
            (page, "#removed [data-do=undo]", payloads[number - 1]),
            (other, ".toast-body", gone),
        ):
            one.locator(f"tr:has-text('{hostile.animal(number)}') [data-do=remove]").dispatch_event("click")
            one.locator(shown, has_text=said).first.wait_for()
    assert other.locator(".toast-body :is(img, a)").count() == 0
    page.bring_to_front()
    for left in (1, 0):
        page.locator("#removed [data-do=undo]").first.click()
        page.wait_for_function(
            "(left) => document.querySelectorAll('#removed [data-do=undo]').length === left", arg=left
        )
    assert foreign_elements(page) == set()


def test_exports_hold_the_texts_and_no_markup_of_theirs(visit, served, payloads, links, kept):
    asked = visit(f"?c={kept}").request
    written = asked.get(f"{served.address}conversations/{kept}.md")
    assert written.headers["content-disposition"].startswith("attachment")
    assert written.headers["content-type"] == "text/markdown; charset=utf-8"
    blocks = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(written.text())
    tokens = [token for block in blocks for token in [block, *(block.children or [])]]
    ours = "heading paragraph blockquote bullet_list list_item em strong link".split()
    written_by_us = {f"{name}_{end}" for name in ours for end in ("open", "close")}
    plain = {"inline", "text", "text_special", "softbreak", "hardbreak"}
    assert {token.type for token in tokens} - written_by_us - plain == set()
    assert len({token.attrs["href"] for token in tokens if token.type == "link_open"}) == len(links)
    rows = asked.get(f"{served.address}conversations/{kept}.json").json()
    assert [turn["question"] for turn in rows["turns"]] == list(payloads)


def test_hostile_addresses_of_our_own_pages_show_what_they_always_show(visit, payloads):
    for payload in (payloads[4], "\ud800"):
        named = quote(payload.encode("utf-8", "surrogatepass"), safe="")
        page = visit(f"?c={named}&article={named}&__theme={named}", ready=".landing .suggestion")
        assert page.locator(".turn").count() == 0


def contents(within, selector):
    return within.locator(selector).evaluate_all("(all) => all.map((one) => one.textContent)")


def foreign_elements(page):
    """Return the names of the elements in our own HTML that we do not write."""
    ours = "#top, #conversations, #landing, #past, #current, #table, #fates, #removed"
    query = ", ".join(f"{part} .html-container *" for part in ours.split(", "))
    found = page.eval_on_selector_all(query, "(all) => [...new Set(all.map((one) => one.localName))]")
    assert len(found) > 5
    return set(found) - OURS
