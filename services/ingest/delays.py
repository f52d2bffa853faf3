"""From publication to detection: a bounded sample for each feed. Pure."""

import math
from collections.abc import Sequence
from datetime import timedelta

from schemas.messages import RawItem

SAMPLE = 100
SKEW = timedelta(minutes=5)  # a clock ahead by less counts as no delay; by more, the date says nothing
OLDEST = timedelta(days=2)  # an older date is that of an old article that came into the feed, not of a delay


def delays_s(items: Sequence[RawItem]) -> list[int]:
    """Return the delays of new items, in whole seconds, of those whose date can be believed."""
    waits = [
        item.fetched_at - item.published_at for item in items if item.published_at and item.origin in ("live", "late")
    ]
    return [max(0, round(wait.total_seconds())) for wait in waits if -SKEW <= wait <= OLDEST]


def sampled(before: Sequence[int], found: Sequence[int]) -> list[int]:
    """Return the sample with the new ones: the latest SAMPLE."""
    return [*before, *found][-SAMPLE:]


def percentile(sample: Sequence[int], share: float) -> float | None:
    """Return the least delay that at least this share of the sample does not exceed; None of nothing."""
    return float(sorted(sample)[max(0, math.ceil(share * len(sample)) - 1)]) if sample else None
