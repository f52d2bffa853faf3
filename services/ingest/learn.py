"""What a poll teaches about a feed: the state before and an answer give the state after. Pure."""

import hashlib
from datetime import datetime

import msgspec

from schemas.messages import Feed, FeedState, Redirect
from services.ingest import delays, habit, schedule, validators
from services.ingest.fetching.fetch import Document, Failed, NotModified
from services.ingest.formats.parsed_feed import ParsedFeed
from services.ingest.hubs import websub
from services.ingest.items import Found

ADOPT_AFTER = 3  # permanent redirects in a row, each to the feed
DOUBT_AFTER = 5  # failures in a row at an adopted address: the feed's own is tried again

change = msgspec.structs.replace


def of_feed(state: FeedState, feed: Feed) -> FeedState:
    """Return the state without what was learned of another address, where a person has changed the feed's.

    What was seen is kept: it is the same feed, elsewhere.
    """
    if state.learned_from in (None, feed.url):
        return state
    return change(
        _elsewhere(state, None),
        learned_from=feed.url,
        failures=0,
        failing_since=None,
        not_before=None,
        next_poll_at=None,
        asked=None,
    )


def not_modified(state: FeedState, answer: NotModified) -> FeedState:
    """The state after a 304."""
    return _redirected(_well(state), answer.moved_to)


def unchanged(state: FeedState, document: Document, *, after_304: bool) -> FeedState:
    """The state after the same body as before: whatever was wrong with it, it was not cut off on the way."""
    after = _validated(_redirected(_well(state), document.moved_to), document)
    return change(after, full_at=document.arrived_at) if after_304 else after


def read(
    state: FeedState, document: Document, parsed: ParsedFeed, found: Found, *, conditional: bool, after_304: bool
) -> FeedState:
    """The state after a body that is a feed. conditional: validators were sent; after_304: a 304 came just before.

    The validators of a damaged body are not kept: it may be cut off, and a 304 would hide the rest.
    """
    new, changed = len(found.items) - found.revised, bool(found.items)
    after = _redirected(_well(state), document.moved_to)
    after = validators.judged(after, lied=after_304 and changed, changed=conditional and changed)
    after = _validated(after, document) if not parsed.damaged else change(after, etag=None, last_modified=None)
    at = document.arrived_at
    after = change(
        after,
        body_hash=body_hash(document.body),
        full_at=at,
        asked=schedule.asked_in(parsed.asked),
        websub=websub.offered(
            state.websub, document.hub or parsed.hub, document.self_url or parsed.self_url or document.url
        ),
        seen=found.seen,
        first_polled_at=state.first_polled_at or at,
    )
    if not new:
        return after
    after = change(after, last_item_at=at, silent_since=None)
    if state.first_polled_at is None:
        return after
    share = found.known / (found.known + new)
    return change(
        after,
        seen_share=round(share, 2),
        missed_at=at if missed(state, found) else state.missed_at,
        delays_s=delays.sampled(state.delays_s, delays.delays_s(found.items)),
        days=habit.learned(state.days, new, at, state.last_item_at),
    )


def missed(state: FeedState, found: Found) -> bool:
    """Whether items may have come and gone between two polls: nothing in the document had been seen."""
    return state.first_polled_at is not None and bool(state.seen) and bool(found.items) and not found.known


def failed(state: FeedState, failure: Failed, now: datetime) -> FeedState:
    """The state after a failure. An adopted address that goes on failing is given up for the feed's own."""
    after = change(
        state,
        failures=state.failures + 1,
        failing_since=state.failing_since or now,
        not_before=failure.not_before,
        next_poll_at=None,
    )
    adopted = state.url is not None
    if adopted and (failure.gone or after.failures >= DOUBT_AFTER):
        return change(_elsewhere(after, None), failures=1)
    return after


def silent_since(state: FeedState, now: datetime, gone: bool) -> datetime | None:
    """Return since when the feed is silent beyond its habit, or since when it has had no news when it is gone."""
    last = state.last_item_at or state.failing_since
    if last is None or not (state.first_polled_at or gone):
        return None
    limit = habit.alarming_silence(state.days)
    return last if gone or (limit is not None and now - last > limit) else None


def body_hash(body: bytes) -> str:
    """What tells a body from another."""
    return hashlib.sha256(body).hexdigest()[:32]


def _well(state: FeedState) -> FeedState:
    return change(state, failures=0, failing_since=None, not_before=None, next_poll_at=None)


def _validated(state: FeedState, document: Document) -> FeedState:
    return change(state, etag=document.etag, last_modified=document.last_modified)


def _redirected(state: FeedState, moved_to: str | None) -> FeedState:
    """A permanent redirect is adopted after repeated agreement."""
    if moved_to is None:
        return change(state, redirect=None) if state.redirect else state
    same = state.redirect is not None and state.redirect.url == moved_to
    times = state.redirect.times + 1 if same and state.redirect else 1
    if times >= ADOPT_AFTER:
        return change(state, url=moved_to, redirect=None)  # its validators came from there
    return change(state, redirect=Redirect(url=moved_to, times=times))


def _elsewhere(state: FeedState, url: str | None) -> FeedState:
    return change(
        state,
        url=url,
        redirect=None,
        etag=None,
        last_modified=None,
        body_hash=None,
        validators="unproven",
    )
