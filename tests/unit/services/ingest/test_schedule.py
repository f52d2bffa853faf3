from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import Feed, FeedState
from services.ingest.items import new_feed
from services.ingest.schedule import Pace, next_poll
from services.ingest.state_log import new_state

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
PACE = Pace(interval_s=180, max_interval_s=900)
FEED = new_feed("https://news.example/rss", NOW)


def wait(feed: Feed = FEED, **state: object) -> float:
    """Seconds to the next poll, jitter in the middle."""
    known = msgspec.structs.replace(new_state("f", NOW), **state)
    return (next_poll(feed, known, NOW, PACE, 0.5) - NOW).total_seconds()


def test_a_feed_that_asks_for_nothing_is_polled_every_few_minutes() -> None:
    assert wait(last_item_at=NOW) == 180


def test_a_quiet_feed_stretches_and_no_further_than_the_ceiling() -> None:
    assert wait(last_item_at=NOW - timedelta(hours=2)) == 360
    assert wait(last_item_at=NOW - timedelta(days=400)) == 900


def test_an_interval_that_a_person_set_is_kept() -> None:
    assert wait(msgspec.structs.replace(FEED, interval_s=60), last_item_at=NOW - timedelta(days=9)) == 60


def test_a_failing_feed_backs_off_to_an_hour_at_most() -> None:
    assert [wait(failures=n) for n in (1, 2, 3)] == [360, 720, 1440]
    assert wait(failures=1_000_000) == 3600


def test_retry_after_is_never_cut_short() -> None:
    assert wait(not_before=NOW + timedelta(hours=30)) == 30 * 3600


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 100), st.integers(-400, 400))
def test_no_feed_is_polled_at_once_or_forgotten(chance: float, failures: int, days: int) -> None:
    known: FeedState = msgspec.structs.replace(
        new_state("f", NOW), failures=failures, last_item_at=NOW + timedelta(days=days)
    )
    seconds = (next_poll(FEED, known, NOW, PACE, chance) - NOW).total_seconds()
    assert 180 * 0.9 <= seconds <= 3600 * 1.1
