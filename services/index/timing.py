"""When a search's alerts go out: at once or as a digest, not in quiet hours, at most so many an hour. Pure.

Times of day are of a time zone. One that a change of the clock skips is the moment after the gap; one that comes twice
is the first (PEP 495, fold 0).
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from schemas.errors import Invalid

PER_HOUR: Final = 30
MOST_PER_HOUR: Final = 1_000
LONGEST_DIGEST_MIN: Final = 24 * 60
_TIME_OF_DAY: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Timing(msgspec.Struct, kw_only=True, frozen=True):
    """digest_every_min: one digest every so many minutes, counted from midnight UTC. digest_at: one a day, at HH:MM.

    quiet_from, quiet_to: HH:MM, nothing goes out between them. timezone: IANA name, of all HH:MM. per_hour: calls in
    any 60 minutes. threads: reports of one event are one call, and a follow-up for the rest.
    """

    digest_every_min: int | None = None
    digest_at: str | None = None
    quiet_from: str | None = None
    quiet_to: str | None = None
    timezone: str = "UTC"
    per_hour: int = PER_HOUR
    threads: bool = True

    @property
    def digest(self) -> bool:
        """Whether everything waits for a digest."""
        return self.digest_every_min is not None or self.digest_at is not None


def check(timing: Timing) -> None:
    """Raise Invalid, with the name of the field as its reason, for what cannot be meant."""
    for field in ("digest_at", "quiet_from", "quiet_to"):
        value = getattr(timing, field)
        if value is not None and not _TIME_OF_DAY.fullmatch(value):
            raise Invalid(f"{value!r} is no time of day: write it as 07:30", reason=field)
    try:
        ZoneInfo(timing.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(
            f"{timing.timezone!r} is no time zone: name it as America/Port-au-Prince", reason="timezone"
        ) from None
    if timing.digest_every_min is not None and not 1 <= timing.digest_every_min <= LONGEST_DIGEST_MIN:
        raise Invalid(f"give 1 to {LONGEST_DIGEST_MIN} minutes", reason="digest_every_min")
    if timing.digest_every_min is not None and timing.digest_at is not None:
        raise Invalid("a digest comes every so many minutes or once a day, not both", reason="digest_at")
    if (timing.quiet_from is None) != (timing.quiet_to is None):
        raise Invalid("quiet hours need both quiet_from and quiet_to", reason="quiet_to")
    if timing.quiet_from is not None and timing.quiet_from == timing.quiet_to:
        raise Invalid("quiet hours end when they begin: pause the search instead", reason="quiet_to")
    if not 1 <= timing.per_hour <= MOST_PER_HOUR:
        raise Invalid(f"give 1 to {MOST_PER_HOUR} calls an hour", reason="per_hour")


def next_digest(timing: Timing, now: datetime) -> datetime:
    """Return when the next digest is due, after now. Raises ValueError where the search has none."""
    if timing.digest_every_min:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        step = timedelta(minutes=timing.digest_every_min)
        return min(midnight + step * ((now - midnight) // step + 1), midnight + timedelta(days=1))
    if timing.digest_at is None:
        raise ValueError("this search has no digest")
    return _next(timing.digest_at, timing.timezone, now)


def after_quiet(timing: Timing, at: datetime) -> datetime:
    """Return the first moment from `at` on that is not in the quiet hours: mostly `at` itself."""
    if timing.quiet_from is None or timing.quiet_to is None:
        return at
    ends = _next(timing.quiet_to, timing.timezone, at)
    begins = _next(timing.quiet_from, timing.timezone, at)
    return ends if ends < begins or _at(timing.quiet_from, timing.timezone, at) == at else at


def _next(time_of_day: str, timezone: str, now: datetime) -> datetime:
    """The first time after now that a clock in the zone shows this time."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    days = (_on(today + timedelta(days=ahead), time_of_day, timezone) for ahead in range(-1, 3))
    return next(at for at in days if at > now)


def _at(time_of_day: str, timezone: str, now: datetime) -> datetime:
    return _on(now.astimezone(ZoneInfo(timezone)).date(), time_of_day, timezone)


def _on(day: date, time_of_day: str, timezone: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(time_of_day), ZoneInfo(timezone)).astimezone(UTC)
