"""`rag-eval report`: a page of its own, the same bytes each time, in which no text of an article can do anything."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest
from assistants import HARBOUR, make_assistant

from eval.cli import main
from eval.plots import Axes, Series, line_plot
from eval.report import Shown
from eval.report_page import marked
from eval.spans import Place
from rag.records import Span

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
HOSTILE = "<script>window.pwned=1</script><img src=http://attacker.invalid/x onerror=window.pwned=1>"
ROWS = [
    {
        "id": "length",
        "type": "number",
        "question": "How many metres long is the main span of the harbour bridge?",
        "must_include": ["420"],
        "evidence": [{"doc": "harbour", "quote": "Its main span is 420 metres long."}],
    },
    {
        "id": "wrong",
        "type": "date",
        "question": "When did the harbour bridge in Lisbon open?",
        "must_include": [HOSTILE],
        "evidence": [{"doc": "harbour", "quote": "on 4 March 2025"}],
    },
    {"id": HOSTILE, "type": HOSTILE, "question": "zeppelin quantum chess", "answerable": False},
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    monkeypatch.setenv("RAG_THRESHOLD", "0.00001")
    make_assistant(tmp_path / "store", {"harbour": HARBOUR, "hostile": f"A day.\nThe {HOSTILE} harbour bridge opened."})
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    given = ["--questions", tmp_path / "set.jsonl", "--store", tmp_path / "store", "--out", tmp_path / "run"]
    assert main(["run", *map(str, given)]) == 0
    assert main(["report", str(tmp_path / "run")]) == 0
    return tmp_path / "run"


def test_the_report_tells_every_question_and_why_it_failed(folder):
    page, told = (folder / "report.html").read_text("utf-8"), (folder / "report.md").read_text("utf-8")
    assert page.count("<details class=case") == 3
    assert "<mark>Its main span is 420 metres long.</mark>" in page.replace("<u>", "").replace("</u>", "")
    assert "first in passage 1, cited by [1]" in page
    assert "## Failed: 1\n\n- 1 incomplete\n\n- `wrong` incomplete: When did the harbour bridge in Lisbon open?" in told
    assert re.search(r"\| success \| 0\.6667 \| \[0\.\d+, 1\.000\] \| 3 \|", told)


def test_no_text_becomes_markup_and_nothing_is_asked_of_the_network(folder):
    page = (folder / "report.html").read_text("utf-8")
    assert page.count("<script>") == 1
    assert HOSTILE not in page
    assert "&lt;script&gt;window.pwned=1&lt;/script&gt;" in page
    assert "default-src 'none'; style-src 'sha256-" in page
    parser = HTMLParser()
    attributes = set()
    parser.handle_starttag = lambda tag, given: attributes.update(name for name, _ in given)
    parser.feed(page)
    assert "data-id" in attributes
    assert not [name for name in attributes if name in ("src", "href", "action", "style") or name.startswith("on")]


def test_the_same_run_gives_the_same_bytes_and_times_stand_apart(folder, tmp_path):
    rows = [json.loads(line) for line in (folder / "answers.jsonl").read_text("utf-8").splitlines()]
    slower = [{**row, "timings_ms": {"retrieve": 1, "generate": 2, "total": 3}} for row in rows]
    before = [(folder / name).read_bytes() for name in ("report.html", "report.md", "times.html")]
    (folder / "answers.jsonl").write_text("\n".join(map(json.dumps, slower)), "utf-8")
    assert main(["report", str(folder), "--out", str(tmp_path / "again"), "--store", str(tmp_path / "store")]) == 0
    after = [(tmp_path / "again" / name).read_bytes() for name in ("report.html", "report.md", "times.html")]
    assert before[:2] == after[:2]
    assert before[2] != after[2]
    assert b"p50<td>3" in after[2]


def test_marks_and_underlines_may_cross():
    shown = Shown(Place("a", Span(10, 20)), "ab<d>fghij", evidence=(Span(12, 16),), cited=(Span(14, 18),))
    assert marked(shown) == "ab<mark>&lt;d</mark><mark><u>&gt;f</u></mark><u>gh</u>ij"


def test_a_plot_is_the_same_for_the_same_numbers_and_says_when_there_are_none():
    series = [Series("", [(0.0, 0.5), (1.0, 1.0)], [(0.4, 0.6), (0.9, 1.0)], dots=True)]
    assert line_plot("x", series, Axes("a", "b")) == line_plot("x", series, Axes("a", "b"))
    assert line_plot("x", [Series("", [])], Axes("a", "b")) == "<p class=nothing>x: nothing to show</p>"


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome on the PATH")
def test_failures_are_worked_through_in_a_browser(folder):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((folder / "report.html").as_uri())
        page.select_option("#why", "failed")
        assert page.inner_text("#shown") == "1 of 3"
        page.keyboard.press("Escape")
        page.click("#next")
        assert page.locator("details[open]").get_attribute("data-id") == "wrong"
        page.locator("details[open] input").check()
        page.locator("details[open] textarea").fill("the set wants markup")
        page.reload()
        page.select_option("#seen", "yes")
        assert page.inner_text("#shown") == "1 of 3"
        with page.expect_download() as saved:
            page.click("#save")
        told = json.loads(saved.value.path().read_text())
        assert told == {"id": "wrong", "seen": True, "note": "the set wants markup"}
        assert page.evaluate("window.pwned") is None
        assert {url.split(":")[0] for url in asked} <= {"file", "blob"}
        browser.close()


def test_a_run_that_was_not_scored_is_said(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert f"score the run with: rag-eval score {tmp_path}" in capsys.readouterr().err
