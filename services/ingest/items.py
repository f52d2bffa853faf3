"""Which entries of a feed are news: new items, revisions of known ones, repeats. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from schemas import identity
from schemas.canonical_url import canonical_url
from schemas.errors import Invalid
from schemas.messages import Feed, FeedState, Origin, RawItem, Seen
from services.feeds.rules import new_feed as new_feed
from services.ingest.parse import Entry, ParsedFeed

MAX_TEXT = 100_000  # characters
MAX_FIELD = 10_000
REMEMBERED = 1_000  # items beyond those in the present document
LATE_AFTER = timedelta(minutes=30)  # of failing, or unread: what is then found has been waiting


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a document brought, and what is to be remembered of it. known: its items that had been seen before."""

    items: list[RawItem]
    revised: int
    seen: dict[str, Seen]
    known: int = 0


def find(
    parsed: ParsedFeed,
    feed: Feed,
    state: FeedState,
    arrived_at: datetime,
    origin: Origin,
    resumed: bool = False,
    new_trace_id: Callable[[], str] = identity.new_trace_id,
) -> Found:
    """Compare a document with what was seen. An item that stands in it twice counts once, as it stands first.

    resumed: this process has not polled the feed before, so what was published a while ago waited for us: it is late.
    """
    items: list[RawItem] = []
    present: dict[str, Seen] = {}
    for entry in parsed.entries:
        waited = resumed and entry.published_at is not None and arrived_at - entry.published_at > LATE_AFTER
        item_origin: Origin = "late" if waited and origin == "live" else origin
        item = _item(entry, parsed, feed, arrived_at, item_origin, new_trace_id)
        if item.item_id in present:
            continue
        known = state.seen.get(item.item_id)
        if known is not None and known.content_hash == item.content_hash:
            present[item.item_id] = known
            continue
        revision = max(known.revision + 1 if known else 0, item.revision)
        items.append(msgspec.structs.replace(item, revision=revision))
        present[item.item_id] = Seen(content_hash=item.content_hash, revision=revision)
    revised = sum(item.item_id in state.seen for item in items)
    before = len(present) - len(items) + revised
    return Found(items=items, revised=revised, seen=_remembered(present, state.seen), known=before)


def origin_of(state: FeedState, now: datetime) -> Origin:
    """A new feed's first document fills the archive; what comes after a long failure is late."""
    if state.first_polled_at is None:
        return "first_poll"
    if state.failing_since is not None and now - state.failing_since > LATE_AFTER:
        return "late"
    return "live"


def _remembered(present: dict[str, Seen], before: dict[str, Seen]) -> dict[str, Seen]:
    """All of the document, and the newest others: entries roll off, and deleted ones come back."""
    others = sorted(
        ((item_id, seen) for item_id, seen in before.items() if item_id not in present),
        key=lambda other: other[1].revision,
        reverse=True,
    )
    return present | dict(others[:REMEMBERED])


def _item(
    entry: Entry,
    parsed: ParsedFeed,
    feed: Feed,
    arrived_at: datetime,
    origin: Origin,
    new_trace_id: Callable[[], str],
) -> RawItem:
    canonical = _canonical(entry.url)
    title, summary, text = entry.title[:MAX_FIELD], entry.summary[:MAX_FIELD], entry.text[:MAX_TEXT]
    return RawItem(
        item_id=identity.item_id(canonical, feed.feed_id, entry.entry_id or identity.digest(title, text)),
        revision=int(arrived_at.timestamp() * 1000),
        feed_id=feed.feed_id,
        feed_title=feed.title or parsed.title,
        url=entry.url,
        canonical_url=canonical,
        entry_id=entry.entry_id,
        title=title,
        summary=summary,
        text=text,
        text_source="feed",
        text_truncated=len(entry.text) > MAX_TEXT,
        authors=_bounded(entry.authors),
        image_url=entry.image_url,
        feed_language=feed.language or parsed.language,
        outlet_country=feed.country,
        published_at=entry.published_at,
        published_raw=entry.published_raw,
        fetched_at=arrived_at,
        origin=origin,
        content_hash=identity.content_hash(title, summary, text, canonical),
        trace_id=new_trace_id(),
    )


def _canonical(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        return canonical_url(url)
    except Invalid:
        return None


def _bounded(names: Sequence[str]) -> list[str]:
    return [name[:200] for name in names[:20]]
