"""The chat in a real browser: asking, sources, editing, stopping, and conversations that outlive page and server."""

import json
import signal

import pytest
from browser import ask, picture, settled

from rag.articles import article_from_text, shipped_folder
from rag.errors import SettingsInvalid
from rag.server import listen
from rag.settings import load_settings
from rag.wiring import open_indexer

pytestmark = pytest.mark.browser

BRIDGE = (
    "Harbour bridge opens\n\nThe harbour bridge in Porto opened on Monday. It cost 3 million euros to build.\n"
    "Ferries keep running under the harbour bridge until the autumn. The mayor cut a ribbon at noon.\n\n"
    "Crowds walked over the harbour bridge until midnight. The old harbour bridge will be taken down next year.\n"
)
COST = (
    "Cost of the bridge\n\nThe harbour bridge in Porto cost 5 million euros to build, an audit found. "
    "The council had planned with less.\n"
)
ORCHARD = (
    "Frost in the orchards\n\nA late frost destroyed half of the apple harvest in Tyrol. Prices rose by 18 percent.\n"
)
BRIDGE_QUESTION = "When did the harbour bridge in Porto open?"
SEVERAL = ["bridge", "cost", "orchard"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "store"
    settings = load_settings({"store": str(folder), "embedder": "hashed"}, environment={})
    articles = [
        article_from_text(
            BRIDGE, article_id="bridge", url="https://news.example/bridge", publisher="The Daily", published=None
        ),
        article_from_text(COST, article_id="cost", publisher="The Gazette"),
        article_from_text(ORCHARD, article_id="orchard", publisher="The Daily"),
    ]
    assert open_indexer(settings).index_articles(articles).added == tuple(SEVERAL)
    return folder


@pytest.fixture(scope="module")
def served(serve, store):
    return serve(store, generator="slow")


@pytest.fixture
def page(browse, served):
    return browse(served, viewport={"width": 1280, "height": 860})


def texts(page, selector):
    return page.locator(selector).all_inner_texts()


@pytest.mark.model
def test_the_four_examples_of_the_shipped_articles_are_answered(browse, serve, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shipped") / "store"
    settings = load_settings({"store": str(folder)}, environment={})
    open_indexer(settings).index_paths([shipped_folder()])
    page = browse(serve(folder, embedder=settings.embedder, threshold=settings.threshold))
    page.wait_for_selector(".landing .suggestion")
    picture(page, "landing")
    examples = texts(page, ".landing .suggestion")
    assert len(examples) == 4
    for number, example in enumerate(examples):
        page.click("#new")
        page.locator(".landing .suggestion").nth(number).click()
        turn = settled(page)
        assert turn.locator(".question").inner_text() == example
        assert turn.locator(".answer a.cite").count() > 0


def test_every_sentence_ends_in_a_number_that_leads_to_its_quote(page):
    turn = ask(page, BRIDGE_QUESTION)
    sentences = turn.locator(".answer").inner_text().split("[")
    assert len(sentences) - 1 == turn.locator(".answer a.cite").count() > 0
    assert "The harbour bridge in Porto opened on Monday." in turn.locator("mark").all_inner_texts()
    assert turn.locator(".byline a").first.get_attribute("href") == "https://news.example/bridge"
    assert "The Daily" in turn.locator(".byline").first.inner_text()
    turn.locator("a.cite").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".source.lit:focus mark.lit")
    lit = page.locator(".source.lit details mark.lit, .source.lit blockquote mark.lit").locator("visible=true").first
    lit.wait_for()
    box, window = lit.bounding_box(), page.viewport_size
    assert 0 <= box["y"] <= window["height"] - box["height"]
    picture(page, "sources")


def test_pointing_at_a_number_shows_the_quote_until_escape(page):
    turn = ask(page, BRIDGE_QUESTION)
    link = turn.locator("a.cite").first
    link.hover()
    page.wait_for_selector("#quote-tip:not([hidden])")
    assert page.inner_text("#quote-tip") in texts(page, ".source blockquote mark")
    page.keyboard.press("Escape")
    assert page.locator("#quote-tip").is_hidden()


def test_a_follow_up_tells_how_it_was_understood_and_can_be_asked_otherwise(page):
    ask(page, BRIDGE_QUESTION)
    second = ask(page, "What did it cost?", 2)
    assert "Understood as" in second.locator(".resolved").inner_text()
    second.get_by_role("button", name="Change").click()
    field = second.locator(".ask-again-form textarea")
    assert "bridge" in field.input_value()
    field.fill("What was destroyed by frost in Tyrol?")
    field.press("Enter")
    page.wait_for_selector("[data-turn='2'] .question:has-text('frost')")
    assert "apple harvest" in settled(page, 2).locator(".answer").inner_text()
    assert page.locator("[data-turn]").count() == 2


def test_editing_an_earlier_question_replaces_what_follows_also_after_a_reload(page):
    for number, question in enumerate(("When did the harbour bridge open?", "What did frost destroy in Tyrol?"), 1):
        ask(page, question, number)
    page.locator("[data-turn='1'] .act.edit").click()
    page.locator("[data-turn='1'] .ask-again-form textarea").fill("Who cut a ribbon at noon?")
    page.locator("[data-turn='1'] .ask-again-form").get_by_role("button", name="Ask").click()
    page.wait_for_selector("[data-turn='1'] .question:has-text('ribbon')")
    settled(page)
    assert texts(page, ".question") == ["Who cut a ribbon at noon?"]
    page.reload()
    page.wait_for_selector(".turn")
    assert texts(page, ".question") == ["Who cut a ribbon at noon?"]


def test_an_abstention_looks_different_says_why_and_offers_what_can_be_answered(page):
    turn = ask(page, "quantum xylophone tournament")
    assert "The articles don't answer this." in turn.locator(".abstained").inner_text()
    assert "quantum" in turn.locator(".abstained .why").inner_text()
    assert turn.locator("h3").last.inner_text().lower() == "nearest passages"
    offered = turn.locator(".suggestion")
    assert 1 <= offered.count() <= 3
    picture(page, "abstention")
    question = offered.first.inner_text()
    offered.first.click()
    page.wait_for_selector("[data-turn='2']")
    second = settled(page, 2)
    assert second.locator(".question").inner_text() == question
    assert second.locator(".answer a.cite").count() > 0


def test_conflicting_figures_are_told(page):
    turn = ask(page, "How much did the harbour bridge in Porto cost to build?")
    told = turn.locator(".notices .loud")
    assert "sources differ" in told.inner_text().lower()
    assert told.locator("a.cite").count() == 2


def test_what_goes_wrong_is_one_plain_line_without_a_trace_and_can_be_asked_again(page):
    turn = ask(page, "?!")
    assert turn.locator(".error").inner_text() == "the question '?!' holds no word; ask in words"
    assert turn.get_by_role("button", name="Ask again").is_visible()
    said = ask(page, "Did the harbour bridge in Porto crash?", 2).inner_text()
    assert "failed (RuntimeError)" in said
    assert "canary" not in said
    assert "Traceback" not in said


def test_stopping_ends_the_answer_and_its_generator_while_others_are_answered(page, browse, served, store):
    other = browse(served)
    page.fill("#ask textarea", "Tell slowly about the harbour bridge in Porto")
    page.press("#ask textarea", "Enter")
    page.wait_for_selector(".turn[aria-busy] .answer")
    assert "opened on Monday." in ask(other, BRIDGE_QUESTION).inner_text()
    assert page.locator(".turn[aria-busy]").count() == 1
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(".turn:not([aria-busy]) .stopped")
    said = page.inner_text(".turn .answer")
    page.wait_for_timeout(900)
    assert page.inner_text(".turn .answer") == said
    assert (store / "ended").exists()
    assert page.get_by_role("button", name="Ask", exact=True).is_visible()
    page.reload()
    page.wait_for_selector(".turn .stopped")
    assert page.inner_text(".turn .answer") == said
    page.locator(".act.retry").click()
    page.wait_for_selector(".turn[aria-busy]")
    page.get_by_role("button", name="Stop").click()
    page.wait_for_selector(".turn:not([aria-busy]) .stopped")


def test_leaving_an_answer_that_is_being_written_stops_it(page):
    ask(page, BRIDGE_QUESTION)
    page.click("#new")
    page.wait_for_selector(".landing")
    page.fill("#ask textarea", "Tell slowly about the harbour bridge in Porto")
    page.press("#ask textarea", "Enter")
    page.wait_for_selector(".turn[aria-busy] .answer")
    page.locator("#conversations a.open", has_text="When did").click()
    page.wait_for_selector(f".question:has-text('{BRIDGE_QUESTION}')")
    page.wait_for_timeout(900)
    assert texts(page, ".question") == [BRIDGE_QUESTION]
    assert page.locator(".turn[aria-busy]").count() == 0
    page.locator("#conversations a.open", has_text="Tell slowly").click()
    page.wait_for_selector(".question:has-text('slowly')")
    assert page.locator(".turn .stopped").count() == 1


def test_copying_takes_the_sources_along(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn = ask(page, BRIDGE_QUESTION)
    turn.get_by_role("button", name="Copy the answer with its sources").click()
    page.wait_for_selector(".act.copy.done")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "The harbour bridge in Porto opened on Monday. [1]" in copied
    assert "[1] “The harbour bridge in Porto opened on Monday.”" in copied
    assert "https://news.example/bridge" in copied


def test_a_scope_bounds_the_search_and_is_told(page):
    page.click("#scope > button")
    page.locator("#publishers input").click()
    page.get_by_role("option", name="The Gazette").click()
    page.keyboard.press("Escape")
    page.wait_for_selector("#scope > button:has-text('The Gazette')")
    turn = ask(page, "How much did the harbour bridge in Porto cost to build?")
    assert "5 million" in turn.locator(".answer").inner_text()
    assert "3 million" not in turn.inner_text()
    assert "The Gazette" in turn.locator(".scope").inner_text()
    page.reload()
    page.wait_for_selector("#scope > button:has-text('The Gazette')")


def test_conversations_survive_a_reload_and_a_restart(browse, serve, store):
    served = serve(store)
    page = browse(served, viewport={"width": 1280, "height": 860})
    ask(page, BRIDGE_QUESTION)
    ask(page, "What did it cost?", 2)
    address = page.url
    assert "?c=" in address
    page.click("#new")
    page.wait_for_selector(".landing")
    ask(page, "What did frost destroy in Tyrol?")
    titles = ["What did frost destroy in Tyrol?", BRIDGE_QUESTION]
    page.wait_for_function("document.querySelectorAll('#conversations li').length === 2")
    assert texts(page, "#conversations a.open") == titles
    before = texts(page, "[data-turn]")
    assert served.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    page.fill("#ask textarea", "And who cut a rib")
    page.wait_for_selector("#away:has-text('cannot be reached')")
    picture(page, "server-away")
    with page.expect_navigation(timeout=30_000):  # the page notices by itself that its server is back
        served.start()
    page.wait_for_selector(".turn .answer")
    assert texts(page, "[data-turn]") == before
    assert page.input_value("#ask textarea") == "And who cut a rib"
    page.locator("#conversations a.open").nth(1).click()
    page.wait_for_selector("[data-turn='2']")
    assert page.url == address
    third = ask(page, "And who cut a ribbon?", 3)
    assert "mayor" in third.locator(".answer").inner_text()
    other = browse(served, address.removeprefix(served.address))
    assert other.locator(".turn").count() == 0


def test_a_conversation_can_be_exported_renamed_found_and_deleted(page):
    ask(page, BRIDGE_QUESTION)
    page.click("#new")
    page.wait_for_selector(".landing")
    ask(page, "What did frost destroy in Tyrol?")
    page.wait_for_function("document.querySelectorAll('#conversations li').length === 2")
    row, find = page.locator("#conversations li").nth(1), page.locator("#search :is(input, textarea)")
    exported = {}
    for kind in ("JSON", "Markdown"):
        row.locator("summary").click()
        with page.expect_download() as download:
            row.get_by_text(f"Export as {kind}").click()
        exported[kind] = download.value.path().read_text("utf-8")
        page.keyboard.press("Escape")
    assert [turn["question"] for turn in json.loads(exported["JSON"])["turns"]] == [BRIDGE_QUESTION]
    assert "opened on Monday" in exported["Markdown"]
    row.locator("summary").click()
    row.get_by_role("button", name="Rename").first.click()
    row.locator(".rename-form input").fill("Bridges & <b>tolls</b>")
    page.keyboard.press("Enter")
    page.wait_for_selector("#conversations a.open:has-text('Bridges & <b>tolls</b>')")
    find.fill("opened ON monday")
    page.wait_for_function("document.querySelectorAll('#conversations li').length === 1")
    assert texts(page, "#conversations a.open") == ["Bridges & <b>tolls</b>"]
    find.fill("")
    page.wait_for_function("document.querySelectorAll('#conversations li').length === 2")
    first = page.locator("#conversations li").first
    for last in (".confirm [data-do='close-form']", ".confirm .danger"):
        assert page.locator(".turn").count() == 1
        first.locator("summary").click()
        first.get_by_role("button", name="Delete").first.click()
        first.locator(last).click()
    page.wait_for_selector(".landing")
    assert texts(page, "#conversations a.open") == ["Bridges & <b>tolls</b>"]


def test_a_verdict_with_a_comment_is_kept_and_shown_again(page):
    turn = ask(page, BRIDGE_QUESTION)
    turn.get_by_role("button", name="Bad answer").click()
    turn.locator(".comment-form textarea").fill("It says Monday, not which one.")
    turn.get_by_role("button", name="Send").click()
    page.wait_for_selector("#status:has-text('Thank you, noted.')", state="attached")
    page.reload()
    page.wait_for_selector(".act.bad[aria-pressed='true']")
    assert page.locator(".act.good[aria-pressed='true']").count() == 0


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (640, "light"), (1280, "dark")])
def test_nothing_is_cut_off_at_any_width(browse, served, width, scheme):
    page = browse(served, viewport={"width": width, "height": 740}, color_scheme=scheme)
    turn = ask(page, BRIDGE_QUESTION)
    picture(page, f"answer-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width <= 820:
        assert turn.locator(".sources").is_hidden()
        turn.locator("a.cite").first.click()
        page.wait_for_selector(".sources.open .source.lit")
        picture(page, f"sources-{width}-{scheme}")
        page.keyboard.press("Escape")
        assert turn.locator(".sources").is_hidden()
        page.click(".side-toggle")
        page.wait_for_selector("#side.open a.open")
        page.keyboard.press("Escape")
        page.wait_for_selector("#side:not(.open)", state="attached")
    else:
        answer, sources = turn.locator(".answer-side").bounding_box(), turn.locator(".sources").bounding_box()
        assert sources["x"] >= answer["x"] + answer["width"]
    assert not page.get_by_text("Built with Gradio").is_visible()


def test_light_or_dark_is_the_readers_choice_and_remembered(page):
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate("document.body.classList.contains('dark')")
    page.reload()
    page.wait_for_selector("#ask textarea")
    page.wait_for_function("document.body.classList.contains('dark')")


def test_only_what_the_pages_need_can_be_reached(page, served):
    shut = (
        "gradio_api/upload gradio_api/file=/etc/passwd gradio_api/openapi.json gradio_api/info docs monitoring".split()
    )
    for path in (*shut, "gradio_api/runs", "login", "gradio_api/proxy=x"):
        assert page.request.get(served.address + path).status == 404, path
    assert page.request.get(served.address, headers={"Host": "attacker.example"}).status == 400


def test_a_port_in_use_is_said_with_what_to_do():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsInvalid, match=rf"port {port} .*--port"):
            listen("127.0.0.1", port)
