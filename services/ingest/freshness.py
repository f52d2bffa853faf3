"""How long a response asks not to be fetched again: RFC 9111, as a private cache reads it. Pure."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

_MAX_AGE: Final = re.compile(r'(?:^|,)\s*max-age\s*=\s*"?(\d{1,12})"?\s*(?=,|$)', re.IGNORECASE)
_STALE: Final = re.compile(r"(?:^|,)\s*(?:no-store|no-cache)\s*(?=,|$)", re.IGNORECASE)


def max_age_s(headers: Mapping[str, str]) -> int | None:
    """Return the seconds for which the response says that it stays fresh, None where it says nothing.

    Cache-Control wins over Expires, which counts from Date, so that a server's wrong clock does not matter; Age is
    taken off. 0 for what is stale already, and for an Expires that is no date (RFC 9111, 5.3). headers: of httpx.
    """
    control = headers.get("Cache-Control", "")
    if _STALE.search(control):
        return 0
    if found := _MAX_AGE.search(control):
        fresh = int(found[1])
    elif "Expires" in headers:
        fresh = _expires_s(headers["Expires"], headers.get("Date"))
    else:
        return None
    age = headers.get("Age", "").strip()
    return max(0, fresh - (int(age) if age.isascii() and age.isdigit() and len(age) < 13 else 0))


def _expires_s(expires: str, date: str | None) -> int:
    try:
        return max(0, int((parsedate_to_datetime(expires) - parsedate_to_datetime(date or "")).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return 0
