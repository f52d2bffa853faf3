"""When a feed is polled next. Pure: freshness first, never earlier than the publisher asks."""

from datetime import datetime, timedelta

import msgspec

from schemas.messages import Feed, FeedState

QUIET_SHARE = 20  # a feed silent for 20 intervals is polled that much less often
MAX_BACKOFF = timedelta(hours=1)
JITTER = 0.1


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Intervals in seconds: of a feed that asks for nothing, and that to which a quiet one stretches."""

    interval_s: float
    max_interval_s: float


def next_poll(feed: Feed, state: FeedState, now: datetime, pace: Pace, chance: float) -> datetime:
    """Return when to poll again after the poll that led to `state`.

    chance: uniform in [0, 1), for jitter of 10% either way. A failing feed backs off by doubling, to an hour at most;
    Retry-After and mutes (`not_before`) are never cut short.
    """
    interval: timedelta = timedelta(seconds=feed.interval_s or pace.interval_s)
    longest = max(interval, timedelta(seconds=pace.max_interval_s))
    if state.failures:
        wait: timedelta = min(interval * 2 ** min(state.failures, 16), max(interval, MAX_BACKOFF))
    elif feed.interval_s is None and state.last_item_at is not None:
        wait = min(max(interval, (now - state.last_item_at) / QUIET_SHARE), longest)
    else:
        wait = interval
    when = now + wait * (1 - JITTER + 2 * JITTER * chance)
    return max(when, state.not_before) if state.not_before else when
