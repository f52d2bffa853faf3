from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Asked, Feed, FeedState
from services.feeds.rules import new_feed
from services.ingest.failures import HARD
from services.ingest.formats import parsed_feed
from services.ingest.schedule import (
    ASKED_CEILING,
    BOILERPLATE_PERIOD_S,
    HARD_CEILING,
    SKIP_CEILING,
    Pace,
    asked_in,
    asked_s,
    first_poll,
    is_far,
    next_poll,
)
from services.ingest.state_log import new_state

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)  # a Friday
PACE = Pace(interval_s=180, max_interval_s=900)
FEED = new_feed("https://news.example/rss", NOW)
HOUR = timedelta(hours=1)


def known(**state: object) -> FeedState:
    return msgspec.structs.replace(new_state("f", NOW), **state)


def wait(
    feed: Feed = FEED, *, fresh_s: int | None = None, hard: bool = False, now: datetime = NOW, **state: object
) -> float:
    """Seconds to the next poll, jitter in the middle."""
    return (next_poll(feed, known(**state), now, PACE, 0.5, fresh_s=fresh_s, hard=hard) - now).total_seconds()


def test_a_feed_that_asks_for_nothing_is_polled_every_few_minutes() -> None:
    assert wait(last_item_at=NOW) == 180


def test_a_quiet_feed_stretches_and_no_further_than_the_ceiling() -> None:
    assert wait(last_item_at=NOW - timedelta(hours=2)) == 360
    assert wait(last_item_at=NOW - timedelta(days=400)) == 900
    assert wait(first_polled_at=NOW - timedelta(days=400)) == 900


@pytest.mark.parametrize(("share", "seconds"), [(1.0, 180), (0.5, 180), (0.4, 144), (0.25, 90), (0.1, 60), (0.0, 60)])
def test_a_low_seen_share_raises_the_rate_and_a_high_one_never_lowers_it(share: float, seconds: float) -> None:
    assert wait(last_item_at=NOW, seen_share=share) == seconds


def test_the_rate_falls_again_when_nothing_more_comes() -> None:
    assert wait(last_item_at=NOW - timedelta(hours=1), seen_share=0.0) == 180


@pytest.mark.parametrize(
    ("asked", "fresh_s", "seconds"),
    [
        (Asked(ttl_s=600), None, 600),
        (Asked(update_period_s=1800), 600, 1800),
        (Asked(ttl_s=60), 1200, 1200),
        (Asked(ttl_s=60), 10, 180),  # nobody asks us to come sooner
        (Asked(ttl_s=1440 * 60), None, 3600),
        (None, 380_000_000, 3600),
        (Asked(update_period_s=BOILERPLATE_PERIOD_S), None, 180),
        (Asked(update_period_s=86_400), None, 3600),
    ],
)
def test_what_the_publisher_asks_is_obeyed_up_to_a_ceiling(
    asked: Asked | None, fresh_s: int | None, seconds: float
) -> None:
    jitter = 1.05 if seconds > 180 else 1  # only upward on what was asked
    assert wait(asked=asked, fresh_s=fresh_s, last_item_at=NOW) == pytest.approx(seconds * jitter)


def test_an_interval_that_a_person_set_is_kept_whatever_the_publisher_asks() -> None:
    mine = msgspec.structs.replace(FEED, interval_s=60)
    asked = Asked(ttl_s=3600, skip_hours=[12], skip_days=[4])
    assert wait(mine, last_item_at=NOW - timedelta(days=9), asked=asked, fresh_s=3600, seen_share=0.0) == 60
    assert wait(mine, not_before=NOW + HOUR) == 3600
    assert wait(msgspec.structs.replace(FEED, interval_s=10**12)) == 30 * 86_400


def test_hours_and_days_that_the_publisher_skips_are_skipped_up_to_a_day() -> None:
    assert wait(asked=Asked(skip_hours=[13, 14])) == 180
    assert wait(asked=Asked(skip_hours=[12, 13, 14])) == 3 * 3600 + 30
    assert wait(asked=Asked(skip_days=[4])) == 12 * 3600 + 30
    assert wait(asked=Asked(skip_days=[4, 5, 6])) == 86_400 + 180


@pytest.mark.parametrize(
    ("document", "asked"),
    [
        (parsed_feed.Asked(), None),
        (parsed_feed.Asked(ttl_s=-5, update_period_s=0, skip_hours=[24, -1], skip_days=[7]), None),
        (parsed_feed.Asked(skip_hours=list(range(24)), skip_days=list(range(7))), None),
        (parsed_feed.Asked(ttl_s=10**30), Asked(ttl_s=10**9)),
        (parsed_feed.Asked(skip_hours=[3, 2, 3], skip_days=[6]), Asked(skip_hours=[2, 3], skip_days=[6])),
    ],
)
def test_what_makes_no_sense_is_not_asked(document: parsed_feed.Asked, asked: Asked | None) -> None:
    assert asked_in(document) == asked


def test_a_failing_feed_backs_off_and_further_where_time_does_not_heal() -> None:
    assert [wait(failures=n) for n in (1, 2, 3)] == [360, 720, 1440]
    assert wait(failures=1_000_000) == 3600
    assert [wait(failures=n, hard=True) for n in (1, 2, 3)] == [720, 2880, 11_520]
    assert wait(failures=1_000_000, hard=True) == 86_400
    assert HARD.isdisjoint({"http_404", "http_429", "http_403", "http_503", "timeout", "bot_wall", "html"})


def test_retry_after_is_never_cut_short() -> None:
    assert wait(not_before=NOW + timedelta(hours=30)) == 30 * 3600


def test_a_restart_keeps_to_a_long_wait_and_a_person_ends_all_but_retry_after() -> None:
    later = NOW + HOUR
    touched = msgspec.structs.replace(FEED, updated_at=NOW + timedelta(seconds=1))
    assert first_poll(FEED, None, NOW) == NOW
    assert first_poll(FEED, known(next_poll_at=later), NOW) == later
    assert first_poll(touched, known(next_poll_at=later), NOW) == NOW
    assert first_poll(touched, known(next_poll_at=later, not_before=later + HOUR), NOW) == later + HOUR
    assert is_far(later, NOW, PACE)
    assert not is_far(NOW + timedelta(seconds=990), NOW, PACE)


ASKED = st.builds(
    Asked,
    ttl_s=st.none() | st.integers(0, 10**9),
    update_period_s=st.none() | st.integers(0, 10**9),
    skip_hours=st.lists(st.integers(0, 23), max_size=24),
    skip_days=st.lists(st.integers(0, 6), max_size=7),
)


@given(
    chance=st.floats(0, 1, exclude_max=True),
    failures=st.integers(0, 10**6),
    hard=st.booleans(),
    days=st.integers(-400, 400),
    share=st.none() | st.floats(0, 1),
    asked=st.none() | ASKED,
    fresh_s=st.none() | st.integers(0, 10**12),
    person=st.none() | st.integers(1, 10**9),
    retry_s=st.none() | st.integers(-(10**6), 10**8),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
)
def test_no_feed_is_polled_at_once_or_forgotten(
    chance: float,
    failures: int,
    hard: bool,
    days: int,
    share: float | None,
    asked: Asked | None,
    fresh_s: int | None,
    person: int | None,
    retry_s: int | None,
    at: datetime,
) -> None:
    now = at.replace(tzinfo=UTC)
    feed = msgspec.structs.replace(FEED, interval_s=person)
    retry = None if retry_s is None else now + timedelta(seconds=retry_s)
    state = known(
        failures=failures, last_item_at=now + timedelta(days=days), seen_share=share, asked=asked, not_before=retry
    )
    when = next_poll(feed, state, now, PACE, chance, fresh_s=fresh_s, hard=hard)
    floor = min(60, person or 60) * 0.9
    ceiling = (max(HARD_CEILING, timedelta(seconds=min(person or 0, 30 * 86_400))) + SKIP_CEILING) * 1.11
    assert when - now >= timedelta(seconds=floor)
    assert retry is None or when >= retry
    assert when <= max(now + ceiling, retry or now)
    if person is None:
        wish = timedelta(seconds=asked_s(asked, fresh_s) or 0)
        assert wish <= ASKED_CEILING
        assert when - now >= wish
    if not failures and person is None and asked is None and fresh_s is None and retry is None:
        assert when - now <= timedelta(seconds=PACE.max_interval_s * 1.1 + 1)
