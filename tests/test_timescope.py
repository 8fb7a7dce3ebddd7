"""What time a question asks its sources to be from, and above all where it asks for none."""

import json
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.articles import read_file, shipped_folder
from rag.dates import parse_date
from rag.timescope import read_timescope

BENCH = Path(__file__).parent.parent.parent / "shared" / "bench"
TODAY = date(2025, 12, 31)  # a Wednesday


def read(question, today=TODAY):
    found = read_timescope(question, today)
    return found and (found.kind, *(day and day.isoformat() for day in (found.since, found.until)))


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("What happened yesterday?", "2025-12-30", "2025-12-31"),
        ("What did the council decide last week?", "2025-12-22", "2025-12-31"),
        ("Summarise last week's news", "2025-12-22", "2025-12-28"),
        ("news from last month", "2025-11-01", "2025-11-30"),
        ("How many cars were sold last year?", "2024-01-01", "2025-12-31"),
        ("What burned this week?", "2025-12-29", "2025-12-31"),
        ("What has the ministry said this month?", "2025-12-01", "2025-12-31"),
        ("Which bridges opened this year?", "2025-01-01", "2025-12-31"),
        ("today's headlines", "2025-12-31", "2025-12-31"),
        ("In the past 30 days, what burned?", "2025-12-01", "2025-12-31"),
        ("What burned in the last three months?", "2025-09-30", "2025-12-31"),
        ("Who resigned over the past few days?", "2025-12-24", "2025-12-31"),
        ("What has changed since last month?", "2025-11-01", "2025-12-31"),
        ("昨天发生了什么?", "2025-12-30", "2025-12-31"),
        ("上周的新闻", "2025-12-22", "2025-12-28"),
        ("上个月有什么事故", "2025-11-01", "2025-12-31"),
        ("去年的产量", "2024-01-01", "2025-12-31"),
        ("今年开通了哪座桥", "2025-01-01", "2025-12-31"),
        ("最近三个月的报道", "2025-09-30", "2025-12-31"),
    ],
)
def test_a_time_counted_from_today_is_that_of_the_sources(question, since, until):
    """News of a week comes out in it or after, up to today; "last week's news" is that of the week alone."""
    assert read(question) == ("published", since, until)


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("What was reported in December 2025?", "2025-12-01", "2025-12-31"),
        ("December's digest: what opened?", "2025-12-01", "2025-12-31"),
        ("What was in the March 2025 issue?", "2025-03-01", "2025-03-31"),
        ("According to reports from May, who won?", "2025-05-01", "2025-05-31"),
        ("What stories were published before 2026?", None, "2025-12-31"),
        ("articles published after 5 May 2025 about ferries", "2025-05-06", None),
        ("reports between October and December 2025", "2025-10-01", "2025-12-31"),
        ("What was reported up to 2025-06-01?", None, "2025-06-01"),
        ("What was in the news on December 24, 2025?", "2025-12-24", "2025-12-24"),
        ("2025年12月的新闻", "2025-12-01", "2025-12-31"),
        ("2025年前的报道", None, "2024-12-31"),
    ],
)
def test_a_time_beside_a_word_for_the_news_is_that_of_the_sources(question, since, until):
    assert read(question) == ("published", since, until)


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("Which museum opened in December 2025?", "2025-12-01", "2025-12-31"),
        ("What was announced in December?", "2025-12-01", "2025-12-31"),
        ("What opened in May?", "2025-05-01", "2025-05-31"),
        ("Which bridge opened before 2025?", None, "2024-12-31"),
        ("What has been announced since March?", "2025-03-01", None),
        ("How many cases were reported in 2019?", "2019-01-01", "2019-12-31"),
        ("Which novel was published in 2019?", "2019-01-01", "2019-12-31"),
        ("2025年12月开通了哪座桥？", "2025-12-01", "2025-12-31"),
    ],
)
def test_the_time_of_an_event_is_only_likely_that_of_the_sources(question, since, until):
    assert read(question) == ("event", since, until)


@pytest.mark.parametrize(
    "question",
    [
        "What is the latest news on the bridge?",
        "What's the latest on the bridge?",
        "What are the latest developments in the strike?",
        "What do the most recent articles say of frost?",
        "最新消息",
    ],
)
def test_the_latest_is_a_time_of_its_own(question):
    assert read(question) == ("latest", None, None)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "How many were produced from January to October?",
        "What happened on December 24?",
        "What will open in May?",
        "Which film is coming in December?",
        "Will the ferry sail this week?",
        "Who may win the march in Rome?",
        "Who scored in last week's game?",
        "Is the price higher than last year?",
        "How many people live there today?",
        "What is the newest studio of the town like?",
        "What does Business Today | Latest Market News say?",
        'What did "The News in May 2025" show?',
        "What happened in December 2026?",
        "Was the report from May 2025 confirmed by the article of June 2025?",
        "What was reported in May 2025, and what was reported in June 2025?",
        "What was reported on 31 February?",
        "Flight 2025 in 20255 rooms",
        "明年的目标是多少",
    ],
)
def test_what_may_be_meant_otherwise_is_no_time_of_the_sources(question):
    """Days, ranges, things to come, names, comparisons, quotations, more than one time, and what lies ahead."""
    assert read(question) is None


def test_a_bare_month_is_the_last_such_one_and_says_that_it_was_guessed():
    found = read_timescope("What was reported in December?", date(2026, 1, 2))
    assert found
    assert (found.since, found.until, found.year_guessed) == (date(2025, 12, 1), date(2025, 12, 31), True)
    assert read("What was reported in May?", date(2026, 5, 1)) == ("published", "2026-05-01", "2026-05-31")


_TIMES = st.lists(
    st.sampled_from(
        "in on since before between and May March 2025 24 31 last past this three week years yesterday today's news "
        "reports latest from 2025-02-30 自 2025年 13月 以前 上周 0 999 \" 's".split()
    ),
    max_size=12,
).map(" ".join)


@given(_TIMES | st.text(max_size=80), st.dates())
def test_any_question_on_any_day_has_a_time_that_runs_forward_or_none(question, today):
    found = read_timescope(question, today)
    if found and found.since:
        assert found.since <= today
        assert found.until is None or found.until >= found.since or "between" in found.words or "from" in found.words


@pytest.mark.parametrize("piece", ["in May ", "news ", "'", '"', "1 ", "last ", "2025年", "latest ", "what was ", " "])
def test_a_question_of_twenty_thousand_characters_takes_no_time(piece):
    started = time.perf_counter()
    read_timescope(piece * (20_000 // len(piece)), TODAY)
    assert time.perf_counter() - started < 1


def _published():
    """Yield (questions, {article id: day}, key of an evidence's article) of the sets beside this checkout."""
    articles = [article for path in shipped_folder().iterdir() for article in read_file(path)]
    yield BENCH / "gold" / "dev.jsonl", {f"{a.id}.txt": a.published for a in articles}, "doc"
    news = BENCH / "multihop_rag_facts500"
    rows = map(json.loads, (news / "corpus.jsonl").read_text("utf-8").splitlines())
    yield news / "questions.jsonl", {row["id"]: parse_date(row["date"]) for row in rows}, "doc_id"


@pytest.mark.skipif(not BENCH.is_dir(), reason="the question sets are not beside this checkout")
def test_no_certain_time_leaves_out_the_evidence_of_a_question():
    """Asked a day after the newest article; a month of a guessed year is not certain where articles have no date."""
    for path, days, key in _published():
        today = max(day for day in days.values() if day) + timedelta(days=1)
        for row in map(json.loads, path.read_text("utf-8").splitlines()):
            found = read_timescope(row["question"], today)
            if not found:
                continue
            print(row["id"], found)
            evidence = [days[e[key]] for e in row.get("evidence", [])]
            if found.kind == "event" or (found.year_guessed and None in days.values()):
                continue
            since, until = found.since or date.min, found.until or date.max
            assert all(day and since <= day <= until for day in evidence), row["question"]
