"""Dates as they are written."""

from datetime import date

import pytest

from rag.dates import parse_date


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("14:26:55 24-12-2025From:CRI Online", date(2025, 12, 24)),
        ("2025-08-05T10:00:00Z", date(2025, 8, 5)),
        ("05-08-2025", date(2025, 8, 5)),
        ("5 August 2025", date(2025, 8, 5)),
        ("Aug. 5th, 2025", date(2025, 8, 5)),
        ("2025年8月5日", date(2025, 8, 5)),
        ("25/12/2025", date(2025, 12, 25)),
        ("12/25/2025", date(2025, 12, 25)),
        ("03/03/2025", date(2025, 3, 3)),
    ],
)
def test_a_full_date_is_read(written, expected):
    assert parse_date(written) == expected


@pytest.mark.parametrize("written", ["", "in December", "05/08/2025", "31-02-2025", "1234567", "24-12-20251"])
def test_what_is_no_date_or_could_be_two_is_none(written):
    assert parse_date(written) is None
