"""How often a feed asks to be read. What is wild counts as not asked: a mistake must not silence a feed."""

import re
from collections.abc import Callable
from typing import Final

from services.ingest.formats.parsed_feed import Asked

MAX_S: Final = 7 * 86_400  # beyond a week nobody means it
_PERIODS: Final = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HEAD: Final = 20_000  # characters in which these elements stand: before the entries, by every feed seen
_SKIPS: Final = re.compile(r"<(skiphours|skipdays)\s*>(.{0,2000}?)</\1\s*>", re.IGNORECASE | re.DOTALL)
_HOUR: Final = re.compile(r"<hour\s*>\s*(\d{1,2})\s*</hour", re.IGNORECASE)
_DAY: Final = re.compile(r"<day\s*>\s*([A-Za-z]{6,9})\s*</day", re.IGNORECASE)


def asked(value: Callable[[str], object], text: str) -> Asked:
    """Return what the document asks. value: of feedparser's feed, by key. text: the document.

    ttl: minutes (RSS 2.0). sy:updatePeriod and updateFrequency: RSS 1.0 Syndication. skipHours, skipDays (RSS 0.91) are
    read from the text, since feedparser keeps but the last of each; hour 24 is 0 there. All or nothing skipped is no
    schedule.
    """
    hours: set[int] = set()
    days: set[int] = set()
    for found in _SKIPS.finditer(text[:_HEAD]):
        hours |= {int(hour) % 24 for hour in _HOUR.findall(found[2]) if int(hour) <= 24}
        days |= {_DAYS.index(day.lower()) for day in _DAY.findall(found[2]) if day.lower() in _DAYS}
    return Asked(
        ttl_s=_bounded(_number(value("ttl")) * 60),
        update_period_s=_update_period(value("sy_updateperiod"), value("sy_updatefrequency")),
        skip_hours=sorted(hours) if len(hours) < 24 else [],
        skip_days=sorted(days) if len(days) < 7 else [],
    )


def _update_period(period: object, frequency: object) -> int | None:
    seconds = _PERIODS.get(str(period or "").strip().lower(), 0)
    times = _number(frequency) if frequency else 1
    return _bounded(seconds // times) if times > 0 else None


def _number(value: object) -> int:
    """0 for what is no number of up to six digits."""
    text = str(value or "").strip()
    return int(text) if re.fullmatch(r"\d{1,6}", text, re.ASCII) else 0


def _bounded(seconds: int) -> int | None:
    return min(seconds, MAX_S) if seconds > 0 else None
