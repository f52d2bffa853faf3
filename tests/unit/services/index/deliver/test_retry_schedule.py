from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.index.deliver.retry_schedule import DELAYS_S, next_delay
from services.retry_after import retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def test_ten_attempts_over_three_days() -> None:
    delays = [next_delay(attempts, None, random=0.0) for attempts in range(len(DELAYS_S))]
    assert delays == [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert next_delay(10, None, random=0.0) is None


@given(
    attempts=st.integers(0, 9), asked=st.none() | st.floats(0, 30 * 86_400), random=st.floats(0, 1, exclude_max=True)
)
def test_neither_the_schedule_nor_retry_after_is_ever_shortened(
    attempts: int, asked: float | None, random: float
) -> None:
    delay = next_delay(attempts, asked, random)
    assert delay is not None
    assert max(DELAYS_S[attempts], asked or 0) <= delay <= 1.1 * max(DELAYS_S[attempts], asked or 0)


def test_an_endpoint_that_asks_for_years_of_patience_has_failed() -> None:
    assert next_delay(1, 31 * 86_400, random=0.0) is None


@given(st.text() | st.from_regex(r"[0-9]{1,400}", fullmatch=True))
def test_no_header_breaks_the_schedule(header: str) -> None:
    delay = next_delay(1, retry_after(header, NOW), random=0.5)
    assert delay is None or NOW + timedelta(seconds=delay) > NOW
