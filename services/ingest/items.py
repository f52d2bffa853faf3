"""Which entries of a feed are news: new items, revisions of known ones, repeats. Pure.

Which item an entry is, recognise.py decides; it is a revision where what a reader would call changed has changed:
title, text or link (schemas/identity.py, content_hash).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from schemas import identity
from schemas.canonical_url import canonical_url
from schemas.errors import Invalid
from schemas.messages import Feed, FeedState, Origin, RawItem, Seen
from services.ingest import aggregators, recognise
from services.ingest.aggregators import Link
from services.ingest.formats.parsed_feed import Entry, ParsedFeed
from services.ingest.recognise import Telling

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

    state.resolved: where aggregators' links lead (aggregators.resolve). resumed: this process has not polled the feed
    before, so what was published a while ago waited for us: it is late.
    """
    links = [aggregators.link(entry.url, state.resolved) if entry.url else None for entry in parsed.entries]
    tellings = [_telling(entry, link, feed) for entry, link in zip(parsed.entries, links, strict=True)]
    ids = recognise.recognise(tellings, state.seen, feed.feed_id)
    items: list[RawItem] = []
    present: dict[str, Seen] = {}
    for entry, link, telling, item_id in zip(parsed.entries, links, tellings, ids, strict=True):
        if item_id is None:
            continue
        waited = resumed and entry.published_at is not None and arrived_at - entry.published_at > LATE_AFTER
        item_origin: Origin = "late" if waited and origin == "live" else origin
        item = _item(item_id, entry, link, parsed, feed, arrived_at, item_origin, new_trace_id)
        known = state.seen.get(item_id)
        revision = max(known.revision + 1 if known else 0, item.revision)
        if known is not None and known.content_hash == item.content_hash:
            revision = known.revision
        else:
            items.append(msgspec.structs.replace(item, revision=revision))
        present[item_id] = Seen(
            content_hash=item.content_hash,
            revision=revision,
            entry=telling.entry,
            title=telling.title,
            published_at=telling.published_at,
            link=telling.link if telling.link != item_id else None,
        )
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


def _telling(entry: Entry, link: Link | None, feed: Feed) -> Telling:
    """What the entry is recognised by. Where it has neither link nor id, its words are its id."""
    canonical = _canonical(link)
    by_link = identity.item_id(canonical, "", "") if canonical else None
    said = entry.title or entry.text or entry.summary
    if link and link.aggregated:
        source = entry.source_title or _host(entry.source_url)
        headline = recognise.headline(said, source)
        key = identity.digest("aggregated", headline, recognise.words(source))
        unresolved = identity.digest("aggregated", feed.feed_id, key, str(entry.published_at or ""))
        return Telling(
            own=by_link or unresolved,
            link=by_link,
            entry=key[:16],
            title=recognise.title_key(headline),
            published_at=entry.published_at,
            aggregated=True,
        )
    entry_id = entry.entry_id or (None if canonical else identity.digest(entry.title, entry.text))
    return Telling(
        own=by_link or identity.item_id(None, feed.feed_id, entry_id or ""),
        link=by_link,
        entry=recognise.entry_key(entry_id) if entry_id else None,
        title=recognise.title_key(said),
        published_at=entry.published_at,
    )


def _item(
    item_id: str,
    entry: Entry,
    link: Link | None,
    parsed: ParsedFeed,
    feed: Feed,
    arrived_at: datetime,
    origin: Origin,
    new_trace_id: Callable[[], str],
) -> RawItem:
    canonical = _canonical(link)
    title, summary, text = entry.title[:MAX_FIELD], entry.summary[:MAX_FIELD], entry.text[:MAX_TEXT]
    hashed = (title, "", "", None) if link and link.listing else (title, summary, text, canonical)
    return RawItem(
        item_id=item_id,
        revision=int(arrived_at.timestamp() * 1000),
        feed_id=feed.feed_id,
        feed_title=feed.title or parsed.title,
        url=link.url if link else None,
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
        content_hash=identity.content_hash(*hashed),
        trace_id=new_trace_id(),
        link=link.kind if link else "direct",
    )


def _canonical(link: Link | None) -> str | None:
    """None where the address is not the article's, or not one at all."""
    if link is None or link.kind == "unresolved":
        return None
    try:
        return canonical_url(link.url)
    except Invalid:
        return None


def _host(url: str | None) -> str:
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""


def _bounded(names: Sequence[str]) -> list[str]:
    return [name[:200] for name in names[:20]]
