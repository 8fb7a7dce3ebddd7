"""The library's page in a real browser: finding articles, adding them and taking them out, and what is shut without."""

import contextlib
import io
import json
import re
import threading
import zipfile
from datetime import date

import httpx
import pytest
from browser import Served, ask, picture

from rag.articles import article_from_text
from rag.records import Scope
from rag.settings import load_settings
from rag.store_reader import StoreReader
from rag.wiring import open_indexer

pytestmark = pytest.mark.browser

READY = "table.library"
BRIDGE = "Harbour bridge opens\n\nThe harbour bridge in Porto opened on Monday. It cost 3 million euros to build.\n"
AUDIT = "Audit of the bridge\n\nThe harbour bridge in Porto cost 5 million euros to build, an audit found.\n"
FLOOD = "Überschwemmung in Köln\n\nDer Rhein stieg in der Nacht um zwei Meter und trat über die Ufer.\n"
TAX = "100 % of bakeries pay the tax\n\nAll bakeries in Graz paid the new tax on flour by the first of May.\n"
LAKE = "Lake frozen\n\nThe lake in Annecy froze over on Tuesday night. Skaters came from three villages.\n"
PAGE = (
    "<html><head><title>Observatory</title></head><body><article><h1>Observatory</h1><p>The observatory of Pico was "
    "reopened on 3 May 2024 by its director, after a long winter of repairs to the dome.</p></article></body></html>"
)
PAGED = 54
WATCH_PROGRESS = """() => {
    window.seen = [];
    const look = () => document.querySelectorAll("#fates progress").forEach((bar) => {
        window.seen.push([bar.getAttribute("aria-label"), bar.position]);
    });
    const all = { childList: true, subtree: true, attributes: true };
    new MutationObserver(look).observe(document.querySelector("#fates"), all);
}"""
DROP = """([name, text]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], name, { type: "text/plain" }));
    const box = document.querySelector("#files .upload-container");
    for (const kind of ["dragenter", "dragover", "drop"]) {
        box.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true }));
    }
}"""


def of(texts, **about):
    return [article_from_text(text, article_id=key, path=f"{key}.txt", **about) for key, text in texts.items()]


def make_store(folder, articles):
    open_indexer(settings_of(folder)).index_articles(articles)
    return folder


def settings_of(folder):
    return load_settings({"store": str(folder), "embedder": "hashed"}, environment={})


def handed(name, content, mime="text/plain"):
    return {"name": name, "mimeType": mime, "buffer": content if isinstance(content, bytes) else content.encode()}


def packed(name, text):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, text)
    return content.getvalue()


@pytest.fixture(scope="module")
def temporary(tmp_path_factory):
    """Where uploaded files lie while they are read."""
    folder = tmp_path_factory.mktemp("uploaded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def reading(serve, temporary, tmp_path_factory):
    """A chat that takes nothing in, over more articles than a page shows."""
    articles = of({"bridge": BRIDGE, "audit": AUDIT}, publisher="The Daily", published=date(2025, 3, 4))
    articles += of({"flood": FLOOD, "tax": TAX})
    articles += [
        article_from_text(f"Note {n:02}\n\nLantern number {n} was lit.", article_id=f"n{n:02}")
        for n in range(PAGED - 4)
    ]
    return serve(make_store(tmp_path_factory.mktemp("reading") / "store", articles))


@pytest.fixture(scope="module")
def adding(serve, temporary, tmp_path_factory):
    """A chat that takes articles in."""
    return serve(make_store(tmp_path_factory.mktemp("adding") / "store", of({"bridge": BRIDGE})), upload=True)


@pytest.fixture
def shelf(browse, reading):
    return browse(reading, "library", ready=READY)


@pytest.fixture
def desk(browse, adding):
    return browse(adding, "library", ready=READY)


def add(page, *files):
    """Hand the files over and return {name: what is told of it} once all are done."""
    page.set_input_files("#files input[type=file]", list(files))
    page.wait_for_selector(f"#fates li:has-text({json.dumps(names_of(files)[-1])}):not(.under-way)")
    page.wait_for_function("document.querySelector('#fates') && !document.querySelector('#fates .under-way')")
    return fates(page)


def names_of(files):
    return [file["name"] if isinstance(file, dict) else file.name for file in files]


def fates(page):
    rows = page.locator("#fates li").all_inner_texts()
    return {row.split(" ")[0]: row.partition(" ")[2] for row in rows}


def caption(page):
    return page.inner_text("table.library caption")


def find(page, query, expected):
    page.fill("#find :is(input, textarea)", query)
    page.wait_for_selector(f"#table :is(caption, .none):has-text({json.dumps(expected)})")
    return page.locator("table.library tbody tr").evaluate_all("rows => rows.map((row) => row.dataset.article)")


def test_the_library_shows_counts_and_days_page_by_page(shelf):
    assert caption(shelf) == f"1 to 50 of {PAGED} articles, newest first"
    first = shelf.locator("table.library tbody tr").first
    assert re.split(r"\s*\t\s*", first.inner_text())[1:4] == ["4 March 2025", "1", "1"]
    assert "The Daily" in first.locator("th").inner_text()
    assert shelf.locator("#adding, button.danger").count() == 0
    picture(shelf, "library")
    shelf.get_by_role("button", name="Older").click()
    shelf.wait_for_selector(f"caption:has-text('51 to {PAGED}')")
    assert shelf.get_by_role("button", name="Older").count() == 0
    # What is sought is shown from its first page on.
    assert find(shelf, "lantern", "No article fits that.") == []
    assert len(find(shelf, "note", "1 to 50 of 50")) == 50
    find(shelf, "", f"1 to 50 of {PAGED}")


SEARCHES = {
    "ÜBERSCHWEMMUNG in köln": ("1 to 1 of 1", ["flood"]),
    "_": ("No article fits that.", []),
    "%": ("1 to 1 of 1", ["tax"]),
    "<b>'; DROP TABLE article --": ("No article fits that.", []),
    "the daily": ("1 to 2 of 2", ["audit", "bridge"]),
}


def test_a_search_finds_what_stands_there_and_nothing_else(shelf):
    for query, (expected, found) in SEARCHES.items():
        assert find(shelf, query, expected) == found


def test_asking_about_an_article_asks_that_one_alone(shelf):
    shelf.locator("[data-article='audit']").get_by_role("button", name="Ask about it").click()
    shelf.wait_for_selector(".landing .about")
    turn = ask(shelf, "How much did the harbour bridge in Porto cost to build?")
    assert "5 million" in turn.locator(".answer").inner_text()
    assert "3 million" not in turn.inner_text()
    assert turn.locator(".scope").inner_text() == "Asked of: 1 chosen article"
    assert set(turn.locator(".source h4").all_text_contents()) == {"1Audit of the bridge"}


def test_each_files_fate_is_told_and_what_was_added_is_answered_from_at_once(desk, browse, adding):
    told = add(
        desk,
        handed("späte(1).txt", LAKE),
        handed("hall.md", "# Market hall\n\nThe market hall of Gent was painted blue in May.", "text/markdown"),
        handed("page.html", PAGE, "text/html"),
        handed("rows.jsonl", '{"id": "mill", "title": "Windmill", "text": "A windmill in Delft turns again."}\n{"x'),
        handed("all.zip", packed("in/lamp.txt", "Lamp lit\n\nThe lighthouse of Vigo has a new lamp.")),
        handed("broken.txt", b"\xff\xfe\xfd"),
    )
    assert told == {
        "späte(1).txt": "Added as “Lake frozen”",
        "hall.md": "Added as “Market hall”",
        "page.html": "Added as “Observatory”",
        "rows.jsonl": "Added as “Windmill”",
        "rows.jsonl:2": told["rows.jsonl:2"],
        "all.zip/in/lamp.txt": "Added as “Lamp lit”",
        "broken.txt": "Refused UTF-16 text; save it as UTF-8",
    }
    assert told["rows.jsonl:2"].startswith("Refused no JSON")
    assert desk.inner_text("#fates .counted") == "5 added, 2 refused"
    desk.wait_for_selector("tr[data-article='mill']")
    picture(desk, "upload", full_page=True)
    chat = browse(adding)
    assert "Annecy" in ask(chat, "When did the lake in Annecy freeze over?").locator(".answer").inner_text()


def test_what_is_there_is_recognised_and_what_is_too_large_costs_itself(desk, tmp_path):
    first = "Mine shut\n\nThe mine in Ostrava was shut in April. Miners left."
    add(desk, handed("mine.txt", first))
    files = {"mine.txt": f"{first} It opens in June again.", "copy.txt": BRIDGE, "huge.txt": "Too much " * 2_250_000}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert add(desk, *(tmp_path / name for name in files)) == {
        "mine.txt": "Updated as “Mine shut”",
        "copy.txt": "Duplicate the same text is stored as 'bridge'",
        "huge.txt": "Refused 20.2 MB; one file may have 20 MB: split it",
    }


def test_files_can_be_dropped_and_their_progress_is_seen(desk):
    barges = " ".join(f"The barge {n} on canal {n * 7} carried grain {n * 13}." for n in range(12_000))
    desk.evaluate(WATCH_PROGRESS)
    desk.evaluate(DROP, ["barges.txt", f"Barges\n\n{barges}"])
    desk.wait_for_selector("#fates li.added:has-text('barges.txt')")
    seen = desk.evaluate("window.seen")
    assert len({at for name, at in seen if name == "barges.txt" and 0 < at < 1}) > 1
    assert all(name for name, _ in seen)


def test_a_pasted_text_goes_in_and_a_day_that_is_none_keeps_what_was_written(desk, adding):
    desk.get_by_role("button", name="Paste a text instead").click()
    fields = {"#pasted-title": "Comet over Riga", "#pasted-text": "A comet was seen over Riga for nine nights.\n" * 3}
    for field, text in {**fields, "#pasted-day": "May 5", "#pasted-url": "https://news.example/c"}.items():
        desk.fill(f"{field} :is(input, textarea)", text)
    desk.get_by_role("button", name="Add this text").click()
    desk.wait_for_selector("#fates .refused:has-text(\"'May 5' is no day\")")
    assert desk.input_value("#pasted-title :is(input, textarea)") == "Comet over Riga"
    desk.fill("#pasted-day :is(input, textarea)", "2025-05-05")
    desk.get_by_role("button", name="Add this text").click()
    row = desk.locator("tr[data-article='comet-over-riga']")
    row.wait_for()
    assert "5 May 2025" in row.inner_text()
    assert row.locator("a").get_attribute("href") == "https://news.example/c"
    assert desk.input_value("#pasted-text :is(input, textarea)") == ""


def test_what_is_removed_is_found_no_more_until_it_is_undone_and_not_after_the_page_was_left(browse, adding, desk):
    add(desk, handed("reef.txt", "Reef mapped\n\nDivers mapped the coral reef of Alor in August."))
    add(desk, handed("pier.txt", "Pier burnt\n\nThe wooden pier of Worthing burnt down in the storm."))
    chat = browse(adding)
    question = "When did divers map the coral reef of Alor?"
    assert "August" in ask(chat, question).inner_text()
    for number, key in enumerate(("reef", "pier"), 1):
        desk.locator(f"tr[data-article='{key}']").get_by_role("button", name="Remove").click()
        desk.wait_for_selector(f"#removed li >> nth={number - 1}")
    desk.wait_for_selector("tr[data-article='reef']", state="detached")
    assert ask(chat, question, 2).locator(".abstained").count() == 1
    picture(desk, "removed", full_page=True)
    chat.reload()
    chat.wait_for_selector("[data-turn='1'] .gone")
    assert "no longer in the library" in chat.inner_text("[data-turn='1'] .gone")
    # Twice, as an impatient person does: the second must not bring the other one back.
    undo = desk.locator("#removed li").filter(has_text="Reef").get_by_role("button", name="Undo")
    undo.evaluate("button => { button.click(); button.click(); }")
    desk.wait_for_selector("tr[data-article='reef']")
    desk.wait_for_selector("#removed li:has-text('Reef')", state="detached")
    assert "August" in ask(chat, question, 3).locator(".answer").inner_text()
    assert [desk.locator(f"tr[data-article='{key}']").count() for key in ("reef", "pier")] == [1, 0]
    desk.reload()
    desk.wait_for_selector(READY)
    assert desk.locator("#removed button").count() == 0


def test_two_people_add_at_once_even_the_same_file(browse, adding):
    pages = [browse(adding, "library", ready=READY) for _ in range(2)]
    shared = handed("tram.txt", "Tram derailed\n\nA tram derailed in Zagreb on Friday.")
    own = [handed(f"kite-{n}.txt", f"Kite {n}\n\nKite number {n} flew over Brest, child {n} said.") for n in range(2)]
    for page, file in zip(pages, own, strict=True):
        page.set_input_files("#files input[type=file]", [shared, file])
    for n, page in enumerate(pages):
        page.wait_for_selector(f"#fates li.added:has-text('kite-{n}.txt')")
        page.wait_for_selector("#fates:not(:has(.under-way))")
    assert sorted(fates(page)["tram.txt"].split(" ")[0] for page in pages) == ["Added", "Already"]


def states(served):
    with StoreReader(served.store) as reader:
        return reader.generation(), reader.count_articles(Scope())


@contextlib.contextmanager
def alone(folder, **options):
    """Serve a chat whose complaints about calls by hand are not read, and yield it with a program that asks it."""
    served = Served(make_store(folder, of({"bridge": BRIDGE})), **options).start()
    process = served._process
    drained = threading.Thread(target=process.stderr.read)
    drained.start()
    try:
        # A call that goes wrong on the server ends its connection.
        once = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(base_url=served.address, trust_env=False, timeout=30, limits=once) as web:
            yield served, web
    finally:
        process.terminate()
        said = process.stdout.read()
        drained.join()
    assert (process.wait(timeout=20), said) == (0, "closed\n")


def events_of(web):
    return {event["api_name"]: event for event in web.get("/config").json()["dependencies"]}


def call(web, event, value):
    """Call an event of the page by hand, with the value for each of its widgets; return all that is answered."""
    data = [value] * len(event["inputs"])
    body = {"data": data, "fn_index": event["id"], "session_hash": "hand", "event_data": {"article": "bridge"}}
    if not event["queue"]:
        return web.post("/gradio_api/run/predict", json=body).text
    said = [web.post("/gradio_api/queue/join", json=body).text]
    if "event_id" in said[0]:
        with web.stream("GET", "/gradio_api/queue/data", params={"session_hash": "hand"}) as told:
            said += told.iter_lines()
    return "\n".join(said)


def test_without_uploads_no_event_and_no_route_changes_the_library(tmp_path, temporary, adding):
    with httpx.Client(base_url=adding.address, trust_env=False) as web:
        events = events_of(web)
    writing = [events[name] for name in ("add_files", "add_text", "undo", "remove")]
    with alone(tmp_path / "shut") as (served, web):
        before = states(served)
        assert web.post("/gradio_api/upload", files={"files": ("a.txt", LAKE)}).status_code == 404
        assert web.get("/gradio_api/upload_progress", params={"upload_id": "x"}).status_code == 404
        events = events_of(web)
        assert events.keys().isdisjoint(event["api_name"] for event in writing)
        for event in (*writing, events["turn_page"], events["top"]):
            call(web, event, "bridge")
        assert states(served) == before


def test_no_event_takes_a_file_of_the_server_or_fetches_an_address(tmp_path, temporary):
    """Each value of a widget can be written by hand, as the description of a file that was never uploaded."""
    secret = tmp_path / "secret.txt"
    secret.write_text("Secret plans\n\nThe vault opens with the word xyzzy.\n")
    with alone(tmp_path / "store", upload=True) as (served, web):
        before, events = states(served), events_of(web)
        for path in (str(secret), f"{served.address}healthz"):
            value = {"path": path, "orig_name": "secret.txt", "meta": {"_type": "gradio.FileData"}}
            assert "xyzzy" not in call(web, events["add_files"], [value])
            for name in ("add_text", "first_1", "listed"):
                assert "xyzzy" not in call(web, events[name], value)
        assert states(served) == before
    assert [path for path in temporary.rglob("*") if path.name in {"secret.txt", "healthz"}] == []
