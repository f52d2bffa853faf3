"""Whether a feed's validators (ETag, Last-Modified) are to be believed. Pure.

Some servers say 304 for ever though the content changes. So, after long enough a time of 304s, the body is fetched
all the same, at once: whatever it then has that was not seen was kept from us. The time is short while the validators
have never let a change through, and longer the longer they were watched.
"""

from datetime import datetime, timedelta

import msgspec

from schemas.messages import FeedState

SOON = timedelta(minutes=30)
LATEST = timedelta(hours=12)


def sent(state: FeedState) -> tuple[str | None, str | None]:
    """Return (ETag, Last-Modified) to ask with."""
    return (None, None) if state.validators == "distrusted" else (state.etag, state.last_modified)


def to_be_checked(state: FeedState, now: datetime) -> bool:
    """Whether a 304 is to be followed by a fetch of the body."""
    if state.full_at is None or state.first_polled_at is None:
        return True
    patience = LATEST
    if state.validators == "unproven":
        patience = min(LATEST, max(SOON, state.full_at - state.first_polled_at))
    return now - state.full_at >= patience


def judged(state: FeedState, *, lied: bool, changed: bool) -> FeedState:
    """Return the state after a body. lied: it had something new right after a 304; changed: it came instead of one."""
    if lied:
        return msgspec.structs.replace(state, validators="distrusted")
    if changed and state.validators == "unproven":
        return msgspec.structs.replace(state, validators="proven")
    return state
