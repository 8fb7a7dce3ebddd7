"""The page's HTML: whatever articles, questions and models say is text; quotes are marked where they stand."""

from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.page_text import highlight, plain, safe_address
from rag.page_turn import render_turn, render_turns, status_of
from rag.records import Answer, Article, Citation, Hit, Message, Notice, Passage, Scope, Span, Story
from rag.turns import Source, Turn, cited_sources, history_of, nearest_sources

TEXT = "Bridge opens\n\nThe bridge opened on Monday. It cost 3 million euros. Boats pass below."
FIRST, SECOND = Span(14, 42), Span(43, 66)
HOSTILE = (
    "<script>window.pwned=1</script>",
    '<img src="http://attacker.invalid/x.png" onerror="window.pwned=1">',
    "![x](http://attacker.invalid/x.png)",
    "[a](javascript:alert(1))",
    "$$\\href{javascript:alert(1)}{x}$$",
    "```mermaid\ngraph TD; A-->B\n```",
    "<a href=//attacker.invalid>free</a>",
    "'\"><svg/onload=window.pwned=1>",
    "${window.pwned=1}`{{constructor.constructor('window.pwned=1')()}}",
    "</blockquote></aside><iframe src=//attacker.invalid></iframe>",
    "<!--",
    "&lt;b&gt; [1] [99] &#60;i>",
)
OURS = set(
    "article h2 h3 h4 div p a aside section span bdi blockquote mark details summary ul li time strong button form "
    "label textarea".split(),
)
OURS_SET = set(
    "class id href dir tabindex data-turn data-cite datetime target rel type title hidden for rows required maxlength "
    "data-do data-copy data-asked data-resolved".split(),
)


class Markup(HTMLParser):
    """What a browser would find in a piece of HTML."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.links, self.text = set(), set(), [], ""
        self.marked, self._in_mark = [], False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note the tag, its attributes and where it leads."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name in {"href", "src"}]
        if tag == "mark":
            self._in_mark = True
            self.marked.append("")

    def handle_endtag(self, tag):
        """Note where a mark ends."""
        self._in_mark = self._in_mark and tag != "mark"

    def handle_data(self, data):
        """Keep the text."""
        self.text += data
        if self._in_mark:
            self.marked[-1] += data

    def handle_comment(self, data):
        """Refuse: the page writes none."""
        raise AssertionError(f"a comment: {data}")


def passage(number=1, text=TEXT[14:], start=14):
    return Passage(number, "a", "Bridge opens", text, Span(start, start + len(text)), 20)


def citation(number=1, span=FIRST, url="https://news.example/1"):
    quote = span.of(TEXT)
    return Citation(number, "a", span, quote, "Bridge opens", "News in brief", date(2025, 3, 1), "The Daily", url, 1)


def answer(*citations, abstained=False, notices=()):
    hits = (Hit(passage(), 1.0, "dense"),)
    text = " ".join(f"{c.quote} [{c.number}]" for c in citations)
    return Answer("When?", "When?", text, (), citations, notices, hits, abstained, 0.9, "extractive")


def article(text=TEXT):
    story = Story("Bridge opens", Span(0, 12), (Span(0, len(text)),))
    return Article("a", "News in brief", text, (story,), date(2025, 3, 1), "The Daily", "", "https://news.example/1")


def turn_with(*citations, **changes):
    said = answer(*citations)
    sources = cited_sources(said, {"a": article()})
    return replace(Turn(4, "When?", "When?", said.text, sources, settled=True), **changes)


def test_each_number_links_to_the_source_of_its_own_turn():
    html = render_turn(turn_with(citation(1), citation(2, SECOND)))
    assert 'href="#source-4-1"' in html
    assert 'id="source-4-1"' in html
    assert 'href="#source-4-2"' in html
    assert 'id="source-4-2"' in html


def test_a_bracketed_number_without_a_source_stays_text():
    html = render_turn(turn_with(citation(1), text="It opened. [1] Law 12 [7]"))
    assert Markup(html).links == ["#source-4-1", "https://news.example/1"]
    assert "Law 12 [7]" in html


def test_a_source_shows_headline_title_publisher_date_and_the_way_to_the_article():
    html = render_turn(turn_with(citation()))
    for shown in ("Bridge opens", "News in brief", "The Daily", "1 March 2025", "news.example"):
        assert shown in html
    assert 'rel="noopener noreferrer nofollow"' in html


def test_the_quote_is_marked_in_the_passage_and_in_the_story():
    html = render_turn(turn_with(citation()))
    assert Markup(html).marked == ["The bridge opened on Monday."] * 2
    assert "Boats pass below." in html


def test_citations_of_one_passage_share_a_card():
    sources = cited_sources(answer(citation(1), citation(2, SECOND)), {})
    assert [source.quotes for source in sources] == [((1, FIRST), (2, SECOND))]


def test_a_citation_whose_passage_is_not_among_the_hits_still_shows_its_quote():
    said = replace(answer(citation()), hits=())
    (source,) = cited_sources(said, {})
    assert (source.text, source.span, source.story) == ("The bridge opened on Monday.", FIRST, ())


def test_a_story_no_longer_than_its_passage_is_not_shown_twice():
    whole = Hit(passage(1, TEXT, 0), 1.0, "dense")
    (source,) = cited_sources(replace(answer(citation()), hits=(whole,)), {"a": article()})
    assert source.story == ()


def test_overlapping_quotes_are_marked_once_with_both_numbers():
    html = highlight("abcdef", Span(10, 16), [(1, Span(11, 14)), (2, Span(13, 20))])
    assert html == ('a<mark data-cite="1">bc</mark><mark data-cite="1 2">d</mark><mark data-cite="2">ef</mark>')


def test_a_quote_outside_the_text_marks_nothing():
    assert highlight("abc", Span(0, 3), [(1, Span(3, 9))]) == "abc"


def test_an_abstention_shows_why_and_the_nearest_passages():
    nearest = nearest_sources([Hit(passage(n), 1.0, "dense") for n in range(1, 9)], {})
    html = render_turn(
        Turn(
            1,
            "Who?",
            "Who?",
            "The articles don't answer this.",
            nearest,
            (Notice("dropped", "2 sentences had no support and were left out."), Notice("nearest", "Nearest: X")),
            abstained=True,
            settled=True,
        )
    )
    assert "<h3>Nearest passages</h3>" in html
    assert html.count('class="source"') == 3
    assert 'class="abstained"' in html
    assert "2 sentences had no support" in html
    assert "Nearest: X" not in html
    assert 'class="cite"' not in html


def test_the_notice_of_what_is_nearest_is_shown_where_no_passage_is():
    html = render_turn(Turn(1, "Who?", notices=(Notice("nearest", "No passage comes near."),), abstained=True))
    assert "No passage comes near." in html


def test_a_notice_links_to_its_citations():
    html = render_turn(turn_with(citation(1), text="", notices=(Notice("conflict", "They differ.", (1, 8)),)))
    assert '<strong class="label">Sources differ</strong> They differ. <a class="cite" href="#source-4-1"' in html
    assert "source-4-8" not in html


def test_a_notice_that_names_its_source_links_it_where_it_stands():
    notices = (Notice("conflict", "“24” in News [1]; “31” in Gazette [8].", (1, 8)),)
    html = render_turn(turn_with(citation(1), text="", notices=notices))
    told = html[html.index("“24”") :]
    link = '<a class="cite" href="#source-4-1" aria-label="Source 1">[1]</a>'
    assert told.startswith(f"“24” in News {link}; “31” in Gazette [8].</li>")


def test_passages_are_shown_while_the_answer_is_on_its_way():
    html = render_turn(Turn(1, "Who?", sources=nearest_sources([Hit(passage(), 1.0, "dense")], {})))
    assert "<h3>Passages found</h3>" in html
    assert 'aria-busy="true"' in html


@pytest.mark.parametrize(("resolved", "shown"), [("When?", False), ("The bridge. When?", True)])
def test_the_resolved_question_is_shown_where_it_differs(resolved, shown):
    assert ("Understood as" in render_turn(turn_with(citation(), resolved_question=resolved))) == shown


def test_an_error_is_one_line_without_sources():
    html = render_turn(Turn(1, " ", error="the question is empty; ask something", settled=True))
    assert '<div class="error"><p dir="auto">the question is empty; ask something</p></div>' in html
    assert "<h2" not in html
    assert "<aside" not in html


def test_the_history_is_plain_text_and_leaves_out_what_had_no_answer():
    turns = (turn_with(citation()), Turn(5, "?!", error="no word", settled=True), Turn(6, "Stopped", stopped=True))
    assert history_of(turns) == [Message("user", "When?"), Message("assistant", "The bridge opened on Monday. [1]")]


@pytest.mark.parametrize(
    ("turn", "said"),
    [
        (Turn(1, "Who?"), "Searching the articles."),
        (Turn(1, "Who?", stopped=True, settled=True), "Stopped."),
        (Turn(1, "Who?", error="a <b>", settled=True), "a &lt;b&gt;"),
        (Turn(1, "Who?", text="No.", abstained=True, settled=True), "No."),
    ],
)
def test_a_screen_reader_is_told_how_far_the_turn_is(turn, said):
    assert status_of(turn) == said


def test_a_screen_reader_is_told_how_many_citations_there_are():
    assert status_of(turn_with(citation(1), citation(2, SECOND))) == "The answer is ready, with 2 citations."


@pytest.mark.parametrize(
    "url", ["https://news.example/a?b=1&c=2#d", "http://news.example:8080/", "HTTPS://news.example"]
)
def test_web_addresses_are_links(url):
    assert safe_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " data:text/html,<script>",
        "vbscript:x",
        "//attacker.invalid/",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "https://a.example/\njavascript:alert(1)",
        "https://a.example/\u202egpj.exe",
        'https://a.example/"onclick="x',
        "news.example",
        "",
    ],
)
def test_any_other_address_is_not(url):
    assert safe_address(url) is None


def test_a_host_of_look_alike_letters_is_shown_in_ascii():
    html = render_turn(turn_with(citation(url="https://аррӏе.example/")))
    assert ">xn--" in html


@pytest.mark.parametrize("unseen", ["\u202e", "\u2066", "\u200f", "\x00", "\x1b", "\U000e0041", "\ud800"])
def test_characters_that_draw_nothing_or_reorder_are_dropped(unseen):
    assert plain(f"a{unseen}b") == "ab"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_in_any_field_is_text(hostile):
    check_is_text(hostile)


@given(st.text(alphabet=st.sampled_from("<>&'\"/=`${}[]()!a1 \n-"), max_size=60))
def test_any_text_in_any_field_is_text(text):
    check_is_text(text)


def check_is_text(hostile):
    span = Span(0, len(hostile))
    about = (hostile, date(2025, 3, 1), hostile, hostile, ((span, hostile),))
    source = Source("a", ((1, span),), hostile, hostile, span, *about)
    notices = (Notice("conflict", hostile, (1,)),)
    scope = Scope(frozenset([hostile]), frozenset([hostile]))
    answered = Turn(
        1, hostile, hostile + "!", hostile, (source,), notices, settled=True, scope=scope, suggestions=(hostile,)
    )
    nearest = replace(answered, sources=(replace(source, quotes=()),), abstained=True)
    failed = replace(answered, error=hostile or "failed")
    markup = Markup(render_turns([answered, nearest, failed]) + status_of(failed))
    assert markup.tags <= OURS
    assert {a for a in markup.attributes if not a.startswith("aria-")} <= OURS_SET
    assert set(markup.links) <= {"#source-1-1"}
    assert hostile.strip() in markup.text


def test_the_page_says_what_date_a_source_has_and_whether_it_is_inferred():
    span = Span(0, 4)
    told = Source("a", ((1, span),), "Bridge", "Text", span, "Bridge", date(2025, 3, 1), "", "")
    inferred, absent = replace(told, published_inferred=True), replace(told, published=None)
    shown = [Markup(render_turns([Turn(1, "q", sources=(s,))])).text for s in (told, inferred, absent)]
    assert "1 March 2025" in shown[0]
    assert "about" not in shown[0]
    assert "about 1 March 2025, inferred" in shown[1]
    assert "no date" in shown[2]


def test_a_passage_that_begins_with_its_headline_does_not_say_it_twice():
    html = render_turn(
        Turn(1, "Who?", sources=nearest_sources([Hit(passage(1, TEXT, 0), 1.0, "dense")], {}), settled=True)
    )
    assert html.count("Bridge opens") == 1
    assert '<blockquote dir="auto">The bridge opened on Monday.' in html
    headline = (citation(1, Span(0, 12)), citation(2, FIRST))
    hits = (Hit(passage(1, TEXT, 0), 1.0, "dense"),)
    quoted = replace(turn_with(), sources=cited_sources(replace(answer(*headline), hits=hits), {}))
    assert '<mark data-cite="1">Bridge opens</mark>' in render_turn(quoted)
