"""When a failed delivery is tried again."""

from collections.abc import Sequence

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

# Seconds before attempt 1, 2, ...: the example schedule of Standard Webhooks 1.0.0, three days in all.
DELAYS_S = (0.0, 5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)

JITTER = 0.1  # of the delay, added

# An endpoint that asks for more patience than this has failed: deliveries are not kept for longer.
MAX_RETRY_AFTER_S = 30 * DAY


def next_delay(
    attempts: int, retry_after_s: float | None, random: float, delays: Sequence[float] = DELAYS_S
) -> float | None:
    """Return the seconds from a failed attempt to the next one; None when there is no next one.

    attempts: made so far. retry_after_s: what the answer asked for; it may lengthen the delay and never shortens it.
    random: in [0, 1), spreads the retries of many deliveries.
    """
    if attempts >= len(delays) or (retry_after_s or 0.0) > MAX_RETRY_AFTER_S:
        return None
    return max(delays[attempts], retry_after_s or 0.0) * (1 + JITTER * random)
