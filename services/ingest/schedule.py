"""When a feed is polled next. Pure: freshness first, never earlier than the publisher asks.

Own pace: the interval; up to the longest while the feed is quiet; shorter, down to FLOOR_S, where documents come with
less than half of their items seen before, since items may roll off between two polls.

A feed whose hub calls when it changes (websub.py) is polled at the longest interval: the call is what counts.

Asked by the publisher: the longest of ttl, sy:updatePeriod and what is left of the response's freshness, obeyed up to
ASKED_CEILING: `ttl` 1440 or `Expires` in 2038 are mostly a generator's default, and obeyed to the letter would blind us
for a day or for ever; one conditional request an hour costs the publisher next to nothing. skipHours and skipDays are
obeyed up to SKIP_CEILING. An interval that a person set for the feed goes before all of these, not before Retry-After,
which is never shortened.
"""

from datetime import datetime, timedelta

import msgspec

from schemas.messages import Asked, Feed, FeedState
from services.ingest.formats import parsed_feed
from services.ingest.hubs import websub

QUIET_SHARE = 20  # a feed silent for 20 intervals is polled that much less often
FLOOR_S = 60.0
ENOUGH_SEEN = 0.5  # share of a document's items: with less the pace rises
SOFT_CEILING = timedelta(hours=1)
HARD_CEILING = timedelta(days=1)
ASKED_CEILING = timedelta(hours=1)
SKIP_CEILING = timedelta(days=1)
LONGEST = timedelta(days=30)  # of an interval that a person sets
JITTER = 0.1

# WordPress writes sy:updatePeriod hourly, sy:updateFrequency 1 into every feed (wp-includes/feed-rss2.php), however
# often the site publishes: software said it, nobody asked.
BOILERPLATE_PERIOD_S = 3600
MOST_S = 10**9  # of a number that a document gives


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """Intervals in seconds: of a feed that asks for nothing, and that to which a quiet one stretches."""

    interval_s: float
    max_interval_s: float


def next_poll(
    feed: Feed,
    state: FeedState,
    now: datetime,
    pace: Pace,
    chance: float,
    *,
    fresh_s: int | None = None,
    hard: bool = False,
) -> datetime:
    """Return when to poll again after the poll that led to `state`.

    chance: uniform in [0, 1), for jitter of 10% either way, only upward on what the publisher asks. fresh_s: what is
    left of the response's freshness. A failing feed backs off by doubling to SOFT_CEILING, where the failure is `hard`
    by quadrupling to HARD_CEILING.
    """
    wait = _own_wait(feed, state, now, pace, hard) * (1 - JITTER + 2 * JITTER * chance)
    if feed.interval_s is None:
        wait = max(wait, timedelta(seconds=asked_s(state.asked, fresh_s) or 0) * (1 + JITTER * chance))
        when = _out_of_skips(now + wait, state.asked, chance)
    else:
        when = now + wait
    return max(when, state.not_before) if state.not_before else when


def asked_s(asked: Asked | None, fresh_s: int | None) -> int | None:
    """Return the seconds that the publisher asks us to wait, as far as they are obeyed; None where nothing is asked."""
    period = asked.update_period_s if asked and asked.update_period_s != BOILERPLATE_PERIOD_S else None
    wishes = [wish for wish in (asked and asked.ttl_s, period, fresh_s) if wish]
    return min(max(wishes), int(ASKED_CEILING.total_seconds())) if wishes else None


def asked_in(document: parsed_feed.Asked) -> Asked | None:
    """Return what a document asks without what makes no sense: times below zero, hours and days that do not exist."""
    hours = {hour for hour in document.skip_hours if 0 <= hour < 24}
    days = {day for day in document.skip_days if 0 <= day < 7}
    asked = Asked(
        ttl_s=_seconds(document.ttl_s),
        update_period_s=_seconds(document.update_period_s),
        skip_hours=sorted(hours) if len(hours) < 24 else [],
        skip_days=sorted(days) if len(days) < 7 else [],
    )
    return None if asked == Asked() else asked


def is_far(when: datetime, now: datetime, pace: Pace) -> bool:
    """Whether a poll is further away than our own pace would put it, so that a restart must not forget it."""
    return when - now > timedelta(seconds=pace.max_interval_s) * (1 + 2 * JITTER)


def first_poll(feed: Feed, state: FeedState | None, now: datetime) -> datetime:
    """Return when a replica that takes the feed over, or finds it changed by a person, polls it first.

    A change by a person ends every wait but Retry-After's.
    """
    if state is None:
        return now
    changed = feed.updated_at > state.updated_at
    waits = (state.not_before, None if changed else state.next_poll_at)
    return max((now, *(wait for wait in waits if wait)))


def _own_wait(feed: Feed, state: FeedState, now: datetime, pace: Pace, hard: bool) -> timedelta:
    interval = min(LONGEST, timedelta(seconds=feed.interval_s or pace.interval_s))
    if state.failures:
        doublings, ceiling = (2, HARD_CEILING) if hard else (1, SOFT_CEILING)
        return min(interval * float(2 ** min(doublings * state.failures, 16)), max(interval, ceiling))
    if feed.interval_s is not None:
        return interval
    if websub.is_trusted(state.websub, now):
        return max(interval, timedelta(seconds=pace.max_interval_s))
    floor = min(interval, timedelta(seconds=FLOOR_S))
    if state.seen_share is not None and state.seen_share < ENOUGH_SEEN:
        interval = max(floor, interval * (state.seen_share / ENOUGH_SEEN))
    last = state.last_item_at or state.first_polled_at
    quiet = (now - last) / QUIET_SHARE if last else interval
    return min(max(interval, quiet), max(interval, timedelta(seconds=pace.max_interval_s)))


def _out_of_skips(when: datetime, asked: Asked | None, chance: float) -> datetime:
    """The moment itself, or the beginning of the first hour that is not to be skipped."""
    if asked is None:
        return when
    latest, moment = when + SKIP_CEILING, when
    while moment < latest and (moment.hour in asked.skip_hours or moment.weekday() in asked.skip_days):
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1, seconds=60 * chance)
    return min(moment, latest)


def _seconds(given: int | None) -> int | None:
    return min(given, MOST_S) if given is not None and given > 0 else None
