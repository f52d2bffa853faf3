"""What a poll did to a feed that people are to hear of: in the log, and counted. Nothing is dropped in silence."""

from collections.abc import Callable
from typing import Final

from prometheus_client import Counter

from schemas.messages import Feed, FeedState
from services.telemetry import logger

log = logger(__name__)

EVENTS = Counter("news_feed_events_total", "What became of feeds, beside single polls", ["event"])

Happened = Callable[[FeedState, FeedState], bool]

# (event, words, whether it happened between two states)
_EVENTS: Final[tuple[tuple[str, str, Happened], ...]] = (
    (
        "missed",
        "items may have been missed: nothing in the document had been seen",
        lambda before, after: after.missed_at not in (None, before.missed_at),
    ),
    (
        "silent",
        "feed is silent for longer than its habit, an alert is sent",
        lambda before, after: after.silent_since not in (None, before.silent_since),
    ),
    (
        "speaks_again",
        "feed has news again",
        lambda before, after: before.silent_since is not None and after.silent_since is None,
    ),
    (
        "distrusted",
        "feed says 304 though it has changed: it is fetched whole from now on",
        lambda before, after: before.validators != after.validators == "distrusted",
    ),
    (
        "moved",
        "permanent redirect adopted",
        lambda before, after: after.url not in (None, before.url),
    ),
    (
        "moved_back",
        "adopted address is given up for the feed's own",
        lambda before, after: before.url is not None and after.url is None,
    ),
)


def tell(feed: Feed, before: FeedState, after: FeedState, *, muted: bool) -> None:
    """Log and count what happened."""
    found = [(event, words) for event, words, happened in _EVENTS if happened(before, after)]
    if muted:
        found.append(("muted", "feed is gone (410): not polled again for a month, or until a person changes it"))
    for event, words in found:
        EVENTS.labels(event).inc()
        log.warning(words, event_kind=event, feed_id=feed.feed_id, url=feed.url, address=after.url or feed.url)
