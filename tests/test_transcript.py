"""A conversation to take along: in Markdown every text stands for itself, in JSON it is whole."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.page_text import seen
from rag.records import Notice, Span
from rag.transcript import copied_text, transcript_markdown, transcript_rows
from rag.turns import Source, Turn

PASSAGE = "The bridge opened on Monday. It cost 3 million euros."
SOURCE = Source(
    "bridge",
    ((1, Span(100, 128)), (2, Span(129, 153))),
    "Bridge opens",
    PASSAGE,
    Span(100, 100 + len(PASSAGE)),
    published=date(2025, 3, 4),
    publisher="The Daily",
    url="https://news.example/bridge",
)
TURN = Turn(
    1,
    "And the bridge?",
    "When did the bridge open?",
    "It opened on Monday. [1]\n\nIt cost 3 million. [2]",
    (SOURCE,),
    (Notice("conflict", "Sources differ [1]."),),
    verdict="good",
)
MARKUP = (
    "<script>alert(1)</script> ![x](https://evil.example/x.png) [y](javascript:z) https://evil.example www.evil.example"
)
HOSTILE = [
    MARKUP,
    "# no heading",
    "- no list\n- at all",
    "1. one",
    "> none",
    "`x` **b** _i_ ~~s~~ | t |",
    "a@b.example &lt;",
]


def rendered(written):
    """Return the tokens of the Markdown as the most eager of readers takes it, inline ones too."""
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(written)
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def test_what_is_copied_holds_the_answer_and_the_quotes_its_numbers_stand_for():
    assert copied_text(TURN) == (
        "It opened on Monday. [1]\n\nIt cost 3 million. [2]\n\n"
        "[1] “The bridge opened on Monday.”\nBridge opens · The Daily · 2025-03-04 · https://news.example/bridge\n\n"
        "[2] “It cost 3 million euros.”\nBridge opens · The Daily · 2025-03-04 · https://news.example/bridge"
    )


def test_the_markdown_has_questions_as_headings_paragraphs_notices_and_quotes():
    assert transcript_markdown("Bridge", [TURN, Turn(2, "Why?", error="it broke"), Turn(3, "Who?", stopped=True)]) == (
        "# Bridge\n\n## And the bridge?\n\nUnderstood as: When did the bridge open?\n\n"
        "It opened on Monday\\. \\[1\\]\n\nIt cost 3 million\\. \\[2\\]\n\n> Sources differ \\[1\\]\\.\n\n"
        "- **1** “The bridge opened on Monday\\.”  \n"
        "  Bridge opens · The Daily · 2025\\-03\\-04 · <https://news.example/bridge>\n"
        "- **2** “It cost 3 million euros\\.”  \n"
        "  Bridge opens · The Daily · 2025\\-03\\-04 · <https://news.example/bridge>\n\n"
        "## Why?\n\n*it broke*\n\n## Who?\n\n*Stopped before the end\\.*\n".replace("end\\.", "end.")
    )


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://evil.example/> <b>", "data:text/html,x", "", "https://"]
)
def test_an_address_that_is_none_is_left_out(url):
    bad = Turn(1, "?", text="Yes. [1]", sources=(Source("a", ((1, Span(0, 4)),), "H", "Yes.", Span(0, 4), url=url),))
    for written in (transcript_markdown("T", [bad]), copied_text(bad)):
        assert not any(piece in written for piece in filter(None, (url, "javascript", "evil", "<b>")))


texts = st.text(max_size=40) | st.sampled_from(HOSTILE)


@given(title=texts, question=texts, answer=texts, quote=texts, headline=texts)
def test_no_text_becomes_markup_and_none_is_lost(title, question, answer, quote, headline):
    passage = Source("a", ((1, Span(0, len(quote))),), headline, quote, Span(0, len(quote)), publisher=question)
    turn = Turn(1, question, text=answer, sources=(passage,), notices=(Notice("why", answer),))
    tokens = rendered(transcript_markdown(title, [turn]))
    allowed = {"inline", "text", "text_special", "softbreak", "hardbreak", "strong_open", "strong_close"}
    blocks = {
        f"{kind}_{end}"
        for kind in ("heading", "paragraph", "blockquote", "list_item", "bullet_list")
        for end in ("open", "close")
    }
    assert {token.type for token in tokens} <= allowed | blocks
    said = "".join("".join(t.content for t in tokens if t.type in {"text", "text_special"}).split())
    for text in (title, question, answer, quote, headline):
        assert "".join(seen(text).split()) in said


def test_the_rows_are_json_and_hold_verdicts():
    rows = json.loads(json.dumps(transcript_rows("Bridge", [TURN, Turn(2, "Why?")])))
    assert (rows["title"], [turn["verdict"] for turn in rows["turns"]]) == ("Bridge", ["good", None])
    assert rows["turns"][0]["sources"][0]["quotes"][0]["quote"] == "The bridge opened on Monday."
