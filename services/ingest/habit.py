"""How often a feed has news, and from when on its silence is not like it. Pure.

Kept are the latest DAYS days with new items: how many, and the longest silence that ended on each. The second longest
of these silences is the habit: a paper that rests at weekends has several weekends among them, and a single outage,
the feed's or ours, teaches nothing. A silence is alarming beyond FACTOR times the habit, and never below FLOOR.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.messages import NewsDay

DAYS = 28
LEAST_DAYS = 10  # with new items: below, nothing is known of a habit
LEAST_SPAN_DAYS = 15  # from the first of them to the last: two weekends
FACTOR = 1.5
FLOOR = timedelta(days=1)
WEEK = 7


def learned(days: Sequence[NewsDay], items: int, at: datetime, last_item_at: datetime | None) -> list[NewsDay]:
    """Return the days after `items` new items were detected. last_item_at: of the one before."""
    today = _day(at)
    silence_s = max(0, int((at - last_item_at).total_seconds())) if last_item_at else 0
    *before, last = days or [NewsDay(day=today, items=0, silence_s=0)]
    if last.day >= today:  # a clock that was set back adds to the last day
        merged = NewsDay(day=last.day, items=last.items + items, silence_s=max(last.silence_s, silence_s))
        return [*before, merged][-DAYS:]
    return [*before, last, NewsDay(day=today, items=items, silence_s=silence_s)][-DAYS:]


def alarming_silence(days: Sequence[NewsDay]) -> timedelta | None:
    """Return the silence from which on something must be wrong; None where the habit is not known yet."""
    if len(days) < LEAST_DAYS or days[-1].day - days[0].day < LEAST_SPAN_DAYS:
        return None
    habit = sorted(day.silence_s for day in days)[-2]
    return max(FLOOR, timedelta(seconds=habit) * FACTOR)


def items_a_day(days: Sequence[NewsDay], first_polled_at: datetime | None, now: datetime) -> float | None:
    """Return new items a day over the last week, or since the first poll where that is later; None in the first day.

    What the first poll found counts for nothing: it is the feed's past.
    """
    if first_polled_at is None or now - first_polled_at < timedelta(days=1):
        return None
    span = min(float(WEEK), (now - first_polled_at) / timedelta(days=1))
    recent = sum(day.items for day in days if day.day > _day(now) - WEEK)
    return round(recent / span, 2)


def _day(at: datetime) -> int:
    return int(at.timestamp() // 86_400)
