"""Figures as they are written: values, units, bounds, and what is none."""

import time
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.figures import figures
from rag.numerals import read_numeral


def read(text):
    return [(figure.span.of(text), figure.value, figure.unit) for figure in figures(text)]


@pytest.mark.parametrize(
    ("text", "written", "value", "unit"),
    [
        ("It cost 1.2 billion yuan.", "1.2 billion yuan", 1_200_000_000, "CNY"),
        ("a $3.4m budget", "$3.4m", 3_400_000, "USD"),
        ("US$5 million", "US$5 million", 5_000_000, "USD"),
        ("raised RMB35 million", "RMB35 million", 35_000_000, "CNY"),
        ("two and a half million euros", "two and a half million euros", 2_500_000, "EUR"),
        ("half a million people came", "half a million people", 500_000, "peopl"),
        ("has twenty-four episodes", "twenty-four episodes", 24, "episod"),
        ("a 24-episode series", "24-episode", 24, "episod"),
        ("a dozen countries", "a dozen countries", 12, "countri"),
        ("12,000 users said", "12,000 users", 12_000, "user"),
        ("a 185-fold rise", "185-fold", 185, "times"),
        ("rose 5 percent", "5 percent", 5, "%"),
        ("two percentage points", "two percentage points", 2, "percentage point"),
        ("25 million euros a year", "25 million euros a year", 25_000_000, "EUR/year"),
        ("200km of rail", "200km", 200, "km"),
        ("each episode 2-3 minutes", "2-3 minutes", 2, "minut"),
        ("half of the harvest", "half of", 50, "%"),
        ("总投资3.5亿元", "3.5亿元", 350_000_000, "CNY"),
        ("票房1亿2000万元", "1亿2000万元", 120_000_000, "CNY"),
        ("约１２０万人", "１２０万人", 1_200_000, "人"),
        ("下降百分之五", "百分之五", 5, "%"),
        ("共四十集", "四十集", 40, "集"),
        ("三千二百人参加", "三千二百人", 3200, "人"),
    ],
)
def test_a_figure_is_read_with_its_unit(text, written, value, unit):
    assert read(text) == [(written, Decimal(value), unit)]


@pytest.mark.parametrize(
    "text",
    [
        "in 2025",
        "on 5 March 2025 at 14:26",
        "the season of 1998-99",
        "at 5 p.m.",
        "the 21st century",
        "Episode 5",
        "No. 7",
        "call 010-1234-5678",
        "COVID-19 at the G20",
        "iPhone 15 sales",
        "they won 3-1",
        "one of them",
        "[3] said so",
        "2024年3月5日",
        "第3集",
        "第三季度",
        "see https://example.org/12000/euros",
    ],
)
def test_dates_names_ordinals_and_scores_are_no_figures(text):
    assert read(text) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("310 million euros", "280 million euros", True),
        ("24 people", "31 people", True),
        ("1.2 billion yuan", "12亿元", False),
        ("3.5亿元", "350 million yuan", False),
        ("3.5亿元", "3.5 billion yuan", True),
        ("1.2 billion yuan", "1.18 billion yuan", False),
        ("12,000 people", "12,345 people", False),
        ("12,000 people", "13,400 people", True),
        ("over 3 million views", "3.2 million views", False),
        ("over 3 million views", "2.1 million views", True),
        ("more than 3 million views", "more than 5 million views", False),
        ("at most 50 seats", "70 seats", True),
        ("no more than 50 seats", "40 seats", False),
        ("about 30 people", "32 people", False),
        ("about 30 people", "60 people", True),
        ("10 to 15 people", "12 people", False),
        ("10 to 15 people", "20 people", True),
        ("30多人", "38人", False),
        ("24 people", "24 euros", False),
        ("24 people", "31 euros", False),
        ("900 visitors a day", "300,000 visitors a year", False),
    ],
)
def test_two_figures_contradict_each_other_only_where_no_value_suits_both(one, other, expected):
    [first], [second] = figures(f"They counted {one}."), figures(f"They counted {other}.")
    assert first.contradicts(second) is expected
    assert second.contradicts(first) is expected


_LETTERS = "零一二三四五六七八九"


def in_english(number):
    """Return a number below a million in words."""
    small = (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen"
    ).split()
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    if number < 20:
        return small[number]
    if number < 100:
        return tens[number // 10 - 2] + (f"-{small[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{small[number // 100]} hundred" + (f" and {in_english(number % 100)}" if number % 100 else "")
    rest = number % 1000
    joined = " and " if rest < 100 else " "
    return f"{in_english(number // 1000)} thousand" + (joined + in_english(rest) if rest else "")


def in_chinese(number):
    """Return a number below ten thousand in Chinese."""
    digits = [int(d) for d in f"{number:04d}"]
    said = "".join(_LETTERS[d] + place if d else "零" for d, place in zip(digits, ("千", "百", "十", ""), strict=True))
    while "零零" in said:
        said = said.replace("零零", "零")
    return said.strip("零")


@given(st.integers(2, 999_999))
def test_a_number_in_words_reads_back(number):
    assert read(f"It has {in_english(number)} lakes.") == [(f"{in_english(number)} lakes", Decimal(number), "lake")]


@given(st.integers(1, 9999))
def test_a_number_in_chinese_reads_back(number):
    assert read_numeral(in_chinese(number)) == number


@given(st.integers(1, 9999), st.integers(0, 2))
def test_the_same_amount_written_in_several_ways_contradicts_itself_nowhere(number, places):
    """A number of 亿 is that of hundred millions, in full digits, in 万, and with a symbol."""
    value = Decimal(number).scaleb(-places)
    full = int(value * 10**8)
    ways = [f"{value}亿元", f"{value * 10000:f}万元", f"{value / 10:f} billion yuan", f"{full:,} yuan", f"RMB{full}"]
    found = [figures(f"It cost {way} then.") for way in ways]
    assert [[figure.value for figure in one] for one in found] == [[full]] * len(ways)
    assert not any(a.contradicts(b) for [a] in found for [b] in found)


@given(st.text(alphabet="0123456789.,-/ abtonmillion$%年月万亿百一二零人 half dozen", max_size=200))
def test_figures_stand_in_the_text_in_order_and_do_not_overlap(text):
    spans = [figure.span for figure in figures(text)]
    assert all(len(span) > 0 and span.end <= len(text) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@pytest.mark.parametrize(
    "piece", ["1", "1,", "one ", "twenty ", "一", "1 to ", "1亿", "www.", "a1-", "1 1 ", "[1", " "]
)
def test_a_long_text_is_read_in_bounded_time(piece):
    started = time.process_time()
    figures(piece * (20_000 // len(piece)))
    assert time.process_time() - started < 5
