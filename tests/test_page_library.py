"""The library's page as HTML: the table, what became of files, what can be undone; every text is nothing but text."""

import re
from datetime import date
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from rag.page_library import ROWS, FileState, Shelf, render_files, render_library, render_removed
from rag.page_text import seen
from rag.records import ArticleSummary

SCRIPT = "<script>alert(1)</script>\" onload='x'"


def summary(key="bridge", title="Bridge opens", *, published=None, url="", publisher="", author=""):
    return ArticleSummary(key, title, published, publisher, author, url, f"{key}.txt", 2, 1234, 9999)


class Reader(HTMLParser):
    """Reads HTML: its tags, its attributes' names and values, its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


def test_a_row_tells_what_is_known_of_an_article():
    known = summary(published=date(2025, 3, 4), url="https://news.example/b", publisher="The Daily", author="Ana")
    html = render_library(Shelf([known], 1), may_remove=True)
    for told in ("Bridge opens", "The Daily", "Ana", "4 March 2025", "1,234", 'href="https://news.example/b"'):
        assert told in html
    assert "1 to 1 of 1 article, newest first" in html
    assert "no date" in render_library(Shelf([summary(url="javascript:alert(1)")], 1), may_remove=True)
    assert "javascript" not in render_library(Shelf([summary(url="javascript:alert(1)")], 1), may_remove=True)


def test_only_who_may_remove_is_offered_it():
    shelf = Shelf([summary()], 1)
    assert 'data-do="remove"' in render_library(shelf, may_remove=True)
    assert 'data-do="remove"' not in render_library(shelf, may_remove=False)


def test_a_page_leads_to_those_before_and_after_it():
    def led(page, total):
        return re.findall(
            r'data-do="(before|after)"', render_library(Shelf([summary()], total, "", page), may_remove=False)
        )

    assert [led(0, ROWS), led(0, ROWS + 1), led(1, ROWS + 1), led(1, 2 * ROWS + 1)] == [
        [],
        ["after"],
        ["before"],
        ["before", "after"],
    ]
    assert f"{ROWS + 1} to {ROWS + 1} of 1,000" in render_library(Shelf([summary()], 1000, "", 1), may_remove=False)


def test_nothing_found_is_told_apart_from_nothing_there():
    assert "No article fits that." in render_library(Shelf([], 0, "x"), may_remove=True)
    assert "The library is empty." in render_library(Shelf([], 0, "  "), may_remove=True)


def test_what_became_of_files_is_counted_and_what_is_under_way_has_a_name_for_a_screen_reader():
    states = [FileState("a.txt", "added", "as “A”"), FileState("b.txt", "refused", "no text")]
    html = render_files([*states, FileState("c.txt", "", "", 5, 10)])
    assert "1 added, 1 refused" in html
    assert '<progress aria-label="c.txt" value="5" max="10">' in html
    assert render_files([]) == ""
    assert "counted" not in render_files([FileState("c.txt")])


def test_of_very_many_files_those_that_went_in_are_only_counted():
    states = [FileState(f"{n}.txt", "added") for n in range(5000)] + [FileState("bad.txt", "refused", "no text")]
    html = render_files(states)
    assert "5,000 added, 1 refused" in html
    assert html.count("<li") == 1


def test_what_was_removed_leads_back_by_its_number():
    html = render_removed({7: "Bridge", 9: SCRIPT})
    assert re.findall(r'data-number="(\d+)"', html) == ["7", "9"]
    assert "<script" not in html
    assert render_removed({}) == ""


texts = st.text(max_size=30) | st.just(SCRIPT)


@given(key=texts, title=texts, name=texts, said=texts)
def test_any_text_in_any_field_is_text(key, title, name, said):
    shelf = Shelf([summary(key, title, publisher=name, author=said, url=said)], 1, said)
    pages = (
        render_library(shelf, may_remove=True),
        render_files([FileState(name, "refused", said), FileState(title)]),
        render_removed({1: title}),
    )
    for page in pages:
        read = Reader(page)
        assert read.tags.isdisjoint({"script", "img", "a"})
        assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert seen(title) in Reader(pages[0]).text.replace("\r", "\n") or "\r" in title


def drawn(events, clock):
    from rag.upload_fates import drawn_fates

    done = []
    return list(drawn_fates(iter_of(events), done, clock=clock)), [(state.name, state.outcome) for state in done]


def iter_of(events):
    for event in events:
        if isinstance(event, Exception):
            raise event
        yield event


def test_a_corpus_is_drawn_a_few_times_a_second_and_at_the_end_with_all_that_became_of_it():
    from rag.uploads import Advance, Fate

    events = [event for n in range(300) for event in (Advance("c.jsonl", n, 300), Fate("c.jsonl", "added"))]
    now = iter(range(10**6))
    pages, done = drawn([*events, Advance("", 300, 300), Advance("words", 300, 300)], lambda: next(now) / 100)
    assert 2 < len(pages) < 100
    assert "300 added" in pages[-1]
    assert "under-way" not in pages[-1]
    assert done == [("c.jsonl", "added")] * 300
    assert "Making it searchable" in drawn([Advance("", 3, 3), Advance("words", 3, 3)], lambda: next(now))[0][1]


def test_waiting_for_another_and_what_goes_wrong_on_the_way_are_told():
    from rag.errors import StoreBusy
    from rag.uploads import Advance, Fate

    now = iter(range(100))
    pages, done = drawn([Advance("", 0, 3, waiting=True), Fate("a.txt", "added"), StoreBusy("busy")], lambda: next(now))
    assert "Waiting until another upload is done" in pages[0]
    assert (done[-1], "another program is changing" in pages[-1]) == (("The rest", "refused"), True)


def test_what_was_read_is_gone_from_the_disk_unless_another_reads_it_or_it_came_again(tmp_path, monkeypatch):
    """Equal files lie in one place, whoever handed them over."""
    import rag.app_library
    from rag.uploads import Fate

    class Uploads:
        def add_files(self, files):
            yield Fate(files[0][0], "added")

    due = []
    monkeypatch.setattr(rag.app_library, "_later", due.append)
    events = rag.app_library._Events(None, Uploads())
    path = tmp_path / "hash" / "a.txt"
    path.parent.mkdir()
    path.write_text("text")
    handed_over = [{"path": str(path), "orig_name": "ä(1).txt"}]
    first, second = events.add_files(handed_over), events.add_files(handed_over)
    assert "ä(1).txt" in next(first)[0]
    next(second)
    assert list(first)[-1][1] is None
    due.pop()()
    assert path.exists()
    list(second)
    due[0]()
    assert path.exists()
    monkeypatch.setattr(rag.app_library, "_LEFT_S", 0.0)
    due[0]()
    assert not path.parent.exists()
