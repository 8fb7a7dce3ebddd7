"""Publication dates that are gathered, not told: from addresses, names and datelines."""

import time
from datetime import date

import pytest

from rag.articles import article_from_text
from rag.datelines import infer_published

DAY = date(2025, 12, 24)


@pytest.mark.parametrize(
    "url",
    [
        "https://news.example/2025/12/24/bridge-opens",
        "https://news.example/a/2025-12-24/bridge.html",
        "https://news.example/english/20251224/0a1b/c.html",
        "https://news.example/n3/2025/1224/c90000-1.html",
        "https://news.example/gov/202512/t20251224_17.htm",
    ],
)
def test_the_day_in_an_address_is_inferred(url):
    assert infer_published("The bridge opened.", url=url) == DAY


def test_an_address_that_is_none_is_no_error_and_what_it_asks_for_is_no_day():
    assert infer_published("The bridge opened.", url="http://[x/") is None
    assert infer_published("The bridge opened.", url="https://news.example/a?since=2025-12-24#2025-12-24") is None


@pytest.mark.parametrize("name", ["2025-12-24-bridge", "bridge_20251224_1", "bridge 2025.12.24", "2025_12_24"])
def test_the_day_in_a_name_is_inferred(name):
    assert infer_published("The bridge opened.", name=name) == DAY


@pytest.mark.parametrize(
    "name", ["article-1001461695", "002_df8d61a908f72ed6", "image20251224181935", "2025-13-24", "2025", "10.1000-1-1"]
)
def test_a_number_that_is_no_day_tells_nothing(name):
    assert infer_published("The bridge opened.", url=f"https://news.example/{name}", name=name) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("LISBON, Dec. 24, 2025 (Agency) -- The bridge opened.", DAY),
        ("LISBON, 24 December 2025 - The bridge opened.", DAY),
        ("LISBON, Dec. 24 (Agency) -- The bridge opened after tests that ended on 20 December 2025.", DAY),
        ("PORTO, Jan. 5 (Agency) -- The ferry that sank on December 30, 2025 was raised.", date(2026, 1, 5)),
        ("某某社里斯本2025年12月24日电 大桥开通。", DAY),
        ("某某社里斯本12月24日电 大桥于2025年12月20日开通。", DAY),
    ],
)
def test_a_dateline_is_inferred_and_takes_its_year_from_the_latest_full_date(body, expected):
    assert infer_published(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "LISBON, Dec. 24 (Agency) -- The bridge opened.",
        "The bridge opened on December 24, 2025 after ten years.",
        "In Lisbon, December 24 was a holiday.",
        "LISBON, Feb. 31, 2025 (Agency) -- The bridge opened.",
        "",
    ],
)
def test_a_day_without_a_year_or_one_of_an_event_tells_nothing(body):
    assert infer_published(body) is None


def test_what_is_told_wins_over_what_is_inferred_and_only_the_latter_is_marked():
    url = "https://news.example/2025/12/24/bridge"
    told = article_from_text("The bridge opened.", article_id="a", url=url, published=date(2025, 12, 23))
    inferred = article_from_text("The bridge opened.", article_id="a", url=url)
    absent = article_from_text("The bridge opened.", article_id="a")
    assert [(a.published, a.published_inferred) for a in (told, inferred, absent)] == [
        (date(2025, 12, 23), False),
        (DAY, True),
        (None, False),
    ]


@pytest.mark.parametrize("body", ["a " * 50_000, "A, " * 50_000, "Dec. 24 " * 20_000, "A" * 100_000])
def test_a_long_body_takes_no_time(body):
    started = time.perf_counter()
    infer_published(body, url=f"https://news.example/{'2025-' * 10_000}", name="20251" * 1000)
    assert time.perf_counter() - started < 1
