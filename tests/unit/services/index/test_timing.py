"""Times of day are those of the person's clock, also when it is put forward or back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Invalid
from services.index.timing import Timing, after_quiet, check, next_digest

TIMES = st.times().map(lambda time: time.strftime("%H:%M"))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
ZONES = st.sampled_from(["UTC", "America/Port-au-Prince", "Africa/Nairobi", "Europe/Paris", "Australia/Lord_Howe"])


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("timing", "now", "due"),
    [
        (Timing(digest_every_min=60), "2026-03-01T10:00:00", "2026-03-01T11:00:00"),
        (Timing(digest_every_min=60), "2026-03-01T10:59:59", "2026-03-01T11:00:00"),
        (Timing(digest_every_min=45), "2026-03-01T23:40:00", "2026-03-02T00:00:00"),
        (Timing(digest_at="07:30"), "2026-03-01T07:30:00", "2026-03-02T07:30:00"),
        (Timing(digest_at="07:30", timezone="Africa/Nairobi"), "2026-03-01T04:00:00", "2026-03-01T04:30:00"),
        # the clock in Paris goes from 02:00 to 03:00, and on another night from 03:00 to 02:00
        (Timing(digest_at="02:30", timezone="Europe/Paris"), "2026-03-28T23:00:00", "2026-03-29T01:30:00"),
        (Timing(digest_at="02:30", timezone="Europe/Paris"), "2026-10-24T23:00:00", "2026-10-25T00:30:00"),
        (Timing(digest_at="02:30", timezone="Europe/Paris"), "2026-10-25T00:30:00", "2026-10-26T01:30:00"),
    ],
)
def test_a_digest_is_due_when_the_clock_says_so(timing: Timing, now: str, due: str) -> None:
    assert next_digest(timing, utc(now)) == utc(due)


@given(st.integers(1, 1_440), MOMENTS)
def test_a_digest_comes_soon_enough(every_min: int, now: datetime) -> None:
    assert timedelta() < next_digest(Timing(digest_every_min=every_min), now) - now <= timedelta(minutes=every_min)


@given(TIMES, ZONES, MOMENTS)
def test_a_daily_digest_comes_within_a_day_and_a_change_of_the_clock(at: str, zone: str, now: datetime) -> None:
    assert timedelta() < next_digest(Timing(digest_at=at, timezone=zone), now) - now <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("at", "goes_out"),
    [
        ("2026-01-10T02:59:00", "2026-01-10T02:59:00"),  # 21:59 in Port-au-Prince
        ("2026-01-10T03:00:00", "2026-01-10T11:00:00"),
        ("2026-01-10T10:59:59", "2026-01-10T11:00:00"),
        ("2026-01-10T11:00:00", "2026-01-10T11:00:00"),
    ],
)
def test_nothing_goes_out_in_the_quiet_hours(at: str, goes_out: str) -> None:
    timing = Timing(quiet_from="22:00", quiet_to="06:00", timezone="America/Port-au-Prince")
    assert after_quiet(timing, utc(at)) == utc(goes_out)


@given(TIMES, TIMES, ZONES, MOMENTS)
def test_quiet_hours_end(quiet_from: str, quiet_to: str, zone: str, at: datetime) -> None:
    timing = Timing(quiet_from=quiet_from, quiet_to=quiet_to, timezone=zone)
    if quiet_from != quiet_to:
        end = after_quiet(timing, at)
        assert after_quiet(timing, end) == end
        assert timedelta() <= end - at <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("timing", "field"),
    [
        (Timing(digest_at="7:30"), "digest_at"),
        (Timing(digest_at="24:00"), "digest_at"),
        (Timing(digest_every_min=0), "digest_every_min"),
        (Timing(digest_every_min=10, digest_at="07:30"), "digest_at"),
        (Timing(quiet_from="22:00"), "quiet_to"),
        (Timing(quiet_from="22:00", quiet_to="22:00"), "quiet_to"),
        (Timing(timezone="Haiti/Jacmel"), "timezone"),
        (Timing(timezone="../../etc/passwd"), "timezone"),
        (Timing(per_hour=0), "per_hour"),
    ],
)
def test_what_cannot_be_meant_is_told_with_its_field(timing: Timing, field: str) -> None:
    with pytest.raises(Invalid) as raised:
        check(timing)
    assert raised.value.reason == field
