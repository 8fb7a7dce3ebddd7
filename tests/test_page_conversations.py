"""What stands around a conversation: the bar, the landing, the list; every text is nothing but text."""

from hypothesis import given
from hypothesis import strategies as st

from rag.conversations import ConversationSummary
from rag.page_conversations import render_conversations, render_landing, render_top

SCRIPT = "<script>alert(1)</script>\" onload='x'"


def listed(*titles, current="", query="", more=False):
    found = [ConversationSummary(f"id-{n}", title, "", "", 1) for n, title in enumerate(titles)]
    return render_conversations(found, current=current, query=query, more=more)


def test_the_bar_says_where_one_is_and_who_is_signed_in():
    chat, library = render_top(here="/"), render_top(here="/library", name="alice & co")
    assert '<a href="/" aria-current="page">' in chat
    assert '<a href="/library" aria-current="page">' in library
    assert "Sign out" not in chat
    assert "alice &amp; co" in library
    # Only the chat has a list of conversations to open.
    assert ("toggle-side" in chat, "toggle-side" in library) == (True, False)


def test_the_landing_offers_examples_or_says_how_to_begin():
    html = render_landing(["When did it open?"], 1, may_add=True)
    assert html.count('data-do="suggested"') == 1
    assert "1 article in the" in html
    assert "1,200 articles in the" in render_landing([], 1200, may_add=False)
    assert 'href="/library"' in render_landing([], 0, may_add=True)
    assert "rag index PATH" in render_landing([], 0, may_add=False)


def test_the_list_marks_where_one_is_and_leads_to_all_that_can_be_done():
    html = listed("Bridge", "Frost", current="id-1", more=True)
    assert html.count('aria-current="true"') == 1
    assert 'href="/?c=id-1" dir="auto" aria-current="true">Frost' in html
    for led in ('data-do="rename"', "/conversations/id-0.md", "/conversations/id-0.json", 'data-do="confirm-delete"'):
        assert led in html
    assert 'data-do="more"' in html
    assert 'data-do="more"' not in listed("Bridge")


def test_an_empty_list_and_an_empty_search_are_told_apart():
    assert "Your conversations will stand here." in listed(query=" ")
    assert "No conversation holds that." in listed(query="x")


@given(text=st.text(max_size=30) | st.just(SCRIPT))
def test_any_text_in_any_field_is_text(text):
    one = ConversationSummary(text, text, "", "", 1)
    clean = ConversationSummary("", "", "", "", 1)
    pairs = [
        (render_top(here="/", name=f"x{text}"), render_top(here="/", name="x")),
        (render_landing([text], 1, may_add=True), render_landing([""], 1, may_add=True)),
        (
            render_conversations([one], current=f"{text}.", query=text, more=False),
            render_conversations([clean], current=".", query="", more=False),
        ),
    ]
    for with_text, without in pairs:
        assert [with_text.count(mark) - without.count(mark) for mark in "<>\"'"] == [0, 0, 0, 0]
