"""What a machine can tell of accessibility, of every page in every state: axe-core, overflow, the keyboard."""

import pytest
from argon2 import PasswordHasher
from assistants import HARBOUR, ORCHARD
from axe_playwright_python.base import AXE_SCRIPT
from browser import ask

from rag.articles import article_from_text
from rag.cli_user import set_password
from rag.settings import load_settings
from rag.wiring import open_indexer

pytestmark = pytest.mark.browser

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
WIDE = 1100
# No rule is switched off. What fades in is looked at once it is there; a note's bar runs for ten seconds.
AUDIT = """
async () => {
  const fading = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < 2000);
  await Promise.allSettled(fading.map(({ finished }) => finished));
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`));
}
"""
# Axe leaves the hints in empty fields out.
FAINT_HINTS = """
() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => channels(color).slice(0, 3)
    .map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const under = (node) => {
    const { backgroundColor } = getComputedStyle(node);
    return channels(backgroundColor)[3] === 0 ? under(node.parentElement) : backgroundColor;
  };
  return [...document.querySelectorAll("[placeholder]")].filter((field) => field.checkVisibility()).flatMap((field) => {
    const [low, high] = [getComputedStyle(field, "::placeholder").color, under(field)].map(light).sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    return ratio < 4.5 ? [`a faint hint: ${field.placeholder}: ${ratio.toFixed(2)}`] : [];
  });
}
"""
# Width in CSS pixels, scheme, and device pixels a CSS pixel: 640 at 2 is a window of 1280 at 200 % zoom.
LOOKS = pytest.mark.parametrize(
    ("width", "scheme", "scale"),
    [(1280, "light", 1), (1280, "dark", 1), (360, "light", 1), (360, "dark", 1), (640, "light", 2)],
)


@pytest.fixture(scope="module")
def make_store(tmp_path_factory):
    """Return a function that makes a store of the harbour and the orchard."""

    def made(name):
        folder = tmp_path_factory.mktemp(name) / "store"
        settings = load_settings({"store": str(folder), "embedder": "hashed"}, environment={})
        harbour = article_from_text(HARBOUR, article_id="harbour", publisher="The Daily", url="https://news.example/1")
        orchard = article_from_text(ORCHARD, article_id="orchard", publisher="The Gazette")
        open_indexer(settings).index_articles([harbour, orchard])
        return folder

    return made


@pytest.fixture(scope="module")
def served(serve, make_store):
    return serve(make_store("axe"), upload=True)


@pytest.fixture(scope="module")
def guarded(serve, make_store, tmp_path_factory):
    path = tmp_path_factory.mktemp("axe-login") / "accounts"
    set_password(path, "alice", "secret", hasher=CHEAP)
    return serve(make_store("axe-guarded"), auth_file=str(path))


@pytest.fixture
def look(browse, width, scheme, scale):
    """Return a function that opens a page in this look; axe is a script from elsewhere, so the policy is off."""
    given = {"viewport": {"width": width, "height": 780}, "color_scheme": scheme, "device_scale_factor": scale}
    return lambda chat, *where, **more: browse(chat, *where, bypass_csp=True, reduced_motion="reduce", **given, **more)


@LOOKS
def test_no_state_of_the_chat_shuts_anybody_out(look, served):
    page = look(served)
    assert faults(page, chat_states(page)) == {}


@LOOKS
def test_no_state_of_the_library_shuts_anybody_out(look, served, width, scheme, scale):
    page = look(served, "library", ready="#table tbody tr")
    assert faults(page, library_states(page, f"{width} {scheme} {scale}")) == {}


@LOOKS
def test_no_state_of_the_login_shuts_anybody_out(look, guarded):
    page = look(guarded, ready="#password")
    assert faults(page, login_states(page)) == {}


def chat_states(page):
    """Yield the name of each state of the chat once the page is in it."""
    page.wait_for_selector(".landing .suggestion")
    yield "landing"
    page.click("#scope > button")
    page.locator("#publishers input").click()
    page.get_by_role("option").first.wait_for()
    yield "scope, choosing"
    page.get_by_role("option").first.click()
    page.keyboard.press("Escape")
    page.wait_for_selector("#scope > button:has-text('published by')")
    yield "scope, chosen"
    page.locator("#publishers .token-remove").first.click()
    page.click("#scope > button")
    turn = ask(page, "When did the harbour bridge in Lisbon open?")
    yield "answer"
    turn.locator("a.cite").first.click()
    page.wait_for_selector(".source.lit")
    yield "source"
    page.keyboard.press("Escape")
    turn.locator(".act.edit").click()
    yield "edit form"
    page.keyboard.press("Escape")
    turn.locator(".act.bad").click()
    turn.locator(".comment-form textarea").wait_for()
    yield "verdict form"
    page.keyboard.press("Escape")
    ask(page, "quantum xylophone tournament", 2).locator(".suggestion").first.wait_for()
    yield "abstention"
    ask(page, "?!", 3)
    yield "error"
    if page.viewport_size["width"] < WIDE:
        page.click(".side-toggle")
        page.wait_for_selector("#side.open")
        yield "drawer"
    row = page.locator("#conversations li").first
    row.locator("summary").click()
    yield "menu"
    row.locator("[data-do=rename]").first.click()
    yield "rename form"
    page.keyboard.press("Escape")
    row.locator("summary").click()
    row.locator("[data-do=delete]").first.click()
    yield "deleting"


def library_states(page, text):
    """Yield the name of each state of the library once the page is in it; the text is new to it."""
    yield "library"
    files = (
        ("owl.txt", f"Owl of {text}\n\nThe owl of {text} slept in the barn for all of the day."),
        ("empty.md", " "),
    )
    handed = [{"name": name, "mimeType": "text/plain", "buffer": said.encode()} for name, said in files]
    # The framework itself refuses this one, with a note in the corner.
    handed.append({"name": "program.exe", "mimeType": "text/plain", "buffer": b"x"})
    page.set_input_files("#files input", handed)
    page.wait_for_selector(".toast-body")
    page.wait_for_selector("#fates .refused")
    yield "fates"
    page.click("#pasting > button")
    page.wait_for_selector("#paste")
    yield "pasting"
    page.locator("#table tr:has-text('Owl of') [data-do=remove]").first.click()
    page.wait_for_selector("#removed [data-do=undo]")
    yield "removed"
    page.fill("#find :is(input, textarea)", "quantum xylophone")
    page.wait_for_selector("#table .none")
    yield "nothing found"


def login_states(page):
    """Yield the name of each state of the login once the page is in it, and of the chat behind it."""
    yield "login"
    sign_in(page, "secret")
    page.wait_for_selector(".account button")
    yield "signed in"
    page.click(".account button")
    # Last: after five of these from one address nobody gets in for a while.
    sign_in(page, "wrong")
    page.wait_for_selector(".error")
    yield "refused"


def sign_in(page, password):
    page.fill("#name", "alice")
    page.fill("#password", password)
    page.press("#password", "Enter")


def faults(page, states):
    """Return what is wrong in each of the states in which anything is."""
    return {state: found for state in states if (found := faults_now(page))}


def faults_now(page):
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(AUDIT) + page.evaluate(FAINT_HINTS)
    width = page.evaluate("document.documentElement.scrollWidth")
    return [*found, *([f"scrolls sideways: {width}"] if width > page.viewport_size["width"] else [])]


@pytest.mark.parametrize("width", [1280, 360])
def test_the_keyboard_alone_asks_opens_a_source_and_finds_the_menu_and_the_scope(browse, served, width):
    page = browse(served, viewport={"width": width, "height": 780}, reduced_motion="reduce")
    page.wait_for_function("document.activeElement.matches('#ask textarea')")
    page.keyboard.type("When did the harbour bridge in Lisbon open?")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-turn='1']:not([aria-busy]) a.cite")
    page.wait_for_selector("#ask button:has-text('Ask')")

    tab_to(page, "a.cite", "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".source.lit:focus mark.lit")
    tab_to(page, ".source.lit .byline a")
    page.keyboard.press("Escape")
    page.wait_for_selector("a.cite:focus")
    assert page.locator(".sources").is_visible() == (width > WIDE)
    tab_to(page, ".act.edit", "Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ask-again-form textarea:focus")
    page.keyboard.press("Escape")
    page.wait_for_selector(".act.edit:focus")

    if width < WIDE:
        tab_to(page, ".side-toggle", "Shift+Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("#side.open :focus")
    tab_to(page, ".menu summary", "Tab" if width < WIDE else "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, ".menu-items [data-do=rename]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".rename-form input:focus")
    page.keyboard.type(" of Lisbon")
    page.keyboard.press("Enter")
    page.wait_for_selector("#conversations a.open:has-text('of Lisbon')")
    if width < WIDE:
        page.keyboard.press("Escape")
        page.wait_for_selector(".side-toggle:focus")

    tab_to(page, "#scope > button")
    page.keyboard.press("Enter")
    tab_to(page, "#publishers input")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#scope > button:has-text('published by')")
    page.keyboard.press("Escape")
    tab_to(page, "#ask textarea")


def tab_to(page, selector, key="Tab"):
    """Press the key until what has the focus matches; fails where a stop of our own on the way cannot be seen."""
    passed = []
    for _ in range(60):
        page.keyboard.press(key)
        at = page.evaluate(
            """(selector) => {
                const at = document.activeElement;
                const style = getComputedStyle(at);
                const ours = at.closest("#top, #conversations, #past, #current") && !at.matches(".sources, .source");
                const seen = at.checkVisibility({ visibilityProperty: true }) && style.outlineStyle !== "none";
                return [at.matches(selector), Boolean(ours) && !seen, at.outerHTML.slice(0, 120)];
            }""",
            selector,
        )
        assert not at[1], f"the focus cannot be seen: {at[2]}"
        if at[0]:
            return
        passed.append(at[2])
    raise AssertionError(f"{selector} cannot be reached; passed: {passed}")
