"""Files become articles: text kept, stories found, boilerplate left out, bad rows refused."""

import json
from datetime import date
from pathlib import Path

import pytest

from embeddings.hashed import HashedEmbedder
from rag.articles import article_from_text, find_files, read_file, read_named, shipped_folder, unknown_format
from rag.chunking import cut_into_passages
from rag.errors import ArticleRefused
from rag.records import Article, Refusal

DIGEST = """Morning Brief
08:30:00 05-08-2025From:Daily PlanetEditor:Lois Lane

Today's Headlines:
1. River Festival Returns to Oldtown
2. Tram Line 4 Closes for Repairs
River Festival Returns to Oldtown
The river festival comes back on 9 August. Forty boats take part.

harbour_fororder_20240101123456_99_compress
The old harbour
It will end with fireworks.
Tram Line 4 Closes for Repairs
Line 4 closes for six weeks. Buses will run instead.

Tags:
"""


def bodies(article):
    return [[part.of(article.text) for part in story.parts] for story in article.stories]


def test_a_digest_falls_into_its_stories_without_list_captions_and_labels():
    article = article_from_text(DIGEST, article_id="brief")
    assert [s.headline for s in article.stories] == [
        "River Festival Returns to Oldtown",
        "Tram Line 4 Closes for Repairs",
    ]
    assert bodies(article) == [
        [
            "The river festival comes back on 9 August. Forty boats take part.",
            "It will end with fireworks.",
        ],
        ["Line 4 closes for six weeks. Buses will run instead."],
    ]


def test_a_publication_line_gives_date_publisher_and_author():
    article = article_from_text(DIGEST, article_id="brief")
    assert (article.title, article.published) == ("Morning Brief", date(2025, 8, 5))
    assert (article.publisher, article.author) == ("Daily Planet", "Lois Lane")


def test_a_line_with_nothing_but_a_date_is_the_date_and_no_body():
    article = article_from_text("Bridge opens\n5 August 2025\nThe bridge opened today.", article_id="a")
    assert article.published == date(2025, 8, 5)
    assert bodies(article) == [["The bridge opened today."]]


def test_a_headline_list_whose_items_differ_a_little_still_finds_its_stories():
    text = DIGEST.replace("2. Tram Line 4 Closes for Repairs", "2. Tram Line 4 closes for repairs.")
    assert len(article_from_text(text, article_id="brief").stories) == 2


def test_a_plain_article_is_one_story_under_its_first_line():
    article = article_from_text("Bridge opens\nThe bridge opened today. It is long.", article_id="a")
    assert article.title == "Bridge opens"
    assert [s.headline for s in article.stories] == ["Bridge opens"]
    assert bodies(article) == [["The bridge opened today. It is long."]]


def test_an_article_of_one_line_is_that_line():
    article = article_from_text("Bridge opens in Lisbon\n\n", article_id="a", title="Bridge opens in Lisbon")
    assert bodies(article) == [["Bridge opens in Lisbon"]]


def test_a_list_of_facts_in_an_article_is_no_list_of_headlines():
    text = "Bridge opens\nThree facts:\n- It is long and it is high.\n- It is new and it is blue.\nMore tomorrow."
    article = article_from_text(text, article_id="a")
    assert len(article.stories) == 1
    assert "It is new and it is blue." in bodies(article)[0][0]


def test_markdown_headings_part_the_stories_and_code_is_no_heading():
    text = "# Budget\n\nThe city agreed.\n\n## Fares\n\nFares fall.\n\n```\n# no heading\n```\n"
    article = article_from_text(text, article_id="a", format_name="Markdown")
    assert [s.headline for s in article.stories] == ["Budget", "Budget › Fares"]
    assert article.title == "Budget"


def test_front_matter_is_metadata_and_no_text():
    text = "---\ntitle: Budget agreed\ndate: 2025-08-05\nauthor: Lois Lane\n---\nThe city agreed on a budget.\n"
    article = article_from_text(text, article_id="a", format_name="Markdown")
    assert (article.title, article.published, article.author) == ("Budget agreed", date(2025, 8, 5), "Lois Lane")
    assert bodies(article) == [["The city agreed on a budget."]]


def test_html_gives_text_title_date_author_and_headings(tmp_path):
    path = tmp_path / "page.html"
    path.write_text(
        '<html><head><title>Budget agreed</title><meta name="author" content="Lois Lane">'
        '<meta property="article:published_time" content="2025-08-05T10:00:00Z">'
        '<link rel="canonical" href="https://planet.example/budget"></head><body><nav>Home</nav><article>'
        "<h1>Budget agreed</h1><p>The council agreed on a budget of 3.5 million on Monday after a long night.</p>"
        "<h2>Fares</h2><p>Bus fares fall by ten percent from January, the mayor said in a long statement.</p>"
        "</article></body></html>",
        "utf-8",
    )
    (article,) = read_file(path)
    assert (article.title, article.published, article.author) == ("Budget agreed", date(2025, 8, 5), "Lois Lane")
    assert article.url == "https://planet.example/budget"
    assert [s.headline for s in article.stories] == ["Budget agreed", "Budget agreed › Fares"]
    assert "<" not in article.text


def test_a_corpus_row_is_an_article_and_bad_rows_are_refused_by_line(tmp_path):
    rows = [
        {
            "id": "a",
            "title": "Bridge opens",
            "text": "The bridge opened.",
            "published": "2025-08-05",
            "source": "Planet",
        },
        {"id": "a", "text": "Again."},
        {"id": 7, "text": "A number as id."},
        {"id": "b", "text": " \n"},
        {"id": "c", "text": "javascript link", "url": "javascript:alert(1)"},
    ]
    path = tmp_path / "corpus.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\nnot json\n", "utf-8")
    found = list(read_file(path))
    articles = [a for a in found if isinstance(a, Article)]
    assert [(a.id, a.publisher, a.published, a.url) for a in articles] == [
        ("a", "Planet", date(2025, 8, 5), ""),
        ("c", "", None, ""),
    ]
    assert [r.path.rsplit(":")[-1] for r in found if isinstance(r, Refusal)] == ["2", "3", "4", "6"]


def test_only_the_byte_order_mark_and_crlf_are_changed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfBridge opens\r\nThe bridge\xc2\xa0opened.  \r\n")
    (article,) = read_file(path)
    assert article.text == "Bridge opens\nThe bridge\u00a0opened.  \n"


@pytest.mark.parametrize("article_id", ["", "  ", "a\nb", "x" * 513, "\ud800"])
def test_an_id_that_would_break_a_line_is_refused(article_id):
    with pytest.raises(ArticleRefused):
        article_from_text("Some text here.", article_id=article_id)


def test_a_folder_gives_its_files_of_known_formats_in_order_without_hidden_ones(tmp_path):
    for name in ("b.txt", "a.md", ".hidden.txt", "picture.png", "deep/c.html"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (tmp_path / "out.txt").symlink_to("/etc/hostname")
    names = [p.relative_to(tmp_path).as_posix() for p in find_files([tmp_path]) if isinstance(p, Path)]
    assert names == ["a.md", "b.txt", "deep/c.html"]


def test_a_file_is_read_as_what_it_is_called_wherever_it_lies(tmp_path):
    (tmp_path / "0001").write_text("# Bridge opens\n\nThe bridge opened today.\n")
    (article,) = read_named(tmp_path / "0001", "news/Bridge.MD", shown="uploaded/news/Bridge.MD")
    assert (article.id, article.title, article.path) == ("Bridge", "Bridge opens", "uploaded/news/Bridge.MD")
    (tmp_path / "0002").write_text("no JSON")
    (refused,) = read_named(tmp_path / "0002", "corpus.jsonl", shown="uploaded/corpus.jsonl")
    assert (refused.path, refused.reason[:7]) == ("uploaded/corpus.jsonl:1", "no JSON")


def test_an_unknown_format_is_told_with_those_that_are_known():
    assert unknown_format("a.PDF") == ""
    assert unknown_format("a.doc") == (
        "unknown format '.doc'; known are: .docx .htm .html .jsonl .markdown .md .ndjson .pdf .text .txt"
    )


def test_the_shipped_articles_are_five_with_twenty_two_stories():
    articles = [a for path in find_files([shipped_folder()]) for a in read_file(path)]
    assert [len(a.stories) for a in articles] == [6, 5, 5, 5, 1]
    assert [a.published for a in articles] == [None, None, None, date(2025, 12, 24), date(2025, 8, 5)]
    assert {a.publisher for a in articles[3:]} == {"CRI Online"}
    assert all(a.path.startswith("shipped/") for a in articles)


def test_no_passage_of_the_shipped_articles_holds_list_or_boilerplate():
    count = HashedEmbedder().count_tokens
    for path in find_files([shipped_folder()]):
        for article in read_file(path):
            for passage in cut_into_passages(article, count, passage_tokens=160):
                for foreign in ("Today's Highlights", "_compress", "From:", "标签", "\n1. ", "\n2. "):
                    assert foreign not in passage.text


@pytest.mark.parametrize(
    "line",
    [
        "Source: the tanker Alba, which ran aground on Monday, has lost oil.",
        "From: 9 euros.",
        "They put the whole archive up at leak_2024_10a",
        "By Monday the water had gone.",
    ],
)
def test_a_sentence_that_looks_like_a_label_stays_in_the_body(line):
    article = article_from_text(f"Tanker loses oil\n{line}\nThe coast guard is there.\n{line}", article_id="a")
    assert bodies(article)[0][0].count(line) == 2


def test_a_byline_and_a_date_on_lines_of_their_own_are_no_body():
    text = "Bridge opens\nBy Maria Lopez, City Reporter\nMarch 3, 2025\nThe bridge opened today. It is long."
    article = article_from_text(text, article_id="a")
    assert (article.title, article.author, article.published) == ("Bridge opens", "Maria Lopez", date(2025, 3, 3))
    assert bodies(article) == [["The bridge opened today. It is long."]]


def test_a_press_releases_rubric_is_not_its_title():
    article = article_from_text("FOR IMMEDIATE RELEASE\nAcme Unveils Kite\nAcme unveiled a kite today.", article_id="a")
    assert article.title == "Acme Unveils Kite"


def test_a_refrain_is_no_headline():
    speech = "I have a dream today\nWe shall be free one day\n" + "One thing.\nI have a dream today\nAnother.\n" * 2
    assert len(article_from_text(speech + "We shall be free one day\nThe end.", article_id="a").stories) == 1


def test_a_chinese_digest_falls_into_its_stories():
    text = "今日要闻：\n1. 大桥通车\n2. 苹果歉收\n大桥通车\n大桥今天通车。它很长。\n苹果歉收\n霜冻毁了一半苹果。"
    assert [s.headline for s in article_from_text(text, article_id="a").stories] == ["大桥通车", "苹果歉收"]


def test_a_markdown_headings_marks_are_not_said():
    article = article_from_text("# Budget\n\nThe city agreed.\n", article_id="a", format_name="Markdown")
    at = article.stories[0].headline_at
    assert article.text[at.start : at.end] == "Budget"
