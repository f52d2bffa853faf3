from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.retry_after import retry_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120),
        (" 0 ", 0),
        ("Sun, 01 Mar 2026 12:01:30 GMT", 90),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("1.5", None),
        ("٣", None),
        ("Sun, 99 Mar 2026 99:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text() | st.from_regex(r"[0-9]{1,400}", fullmatch=True))
def test_no_header_raises_or_asks_for_the_past(header: str) -> None:
    seconds = retry_after(header, NOW)
    assert seconds is None or seconds >= 0
