"""What an item is, after all that its feeds said of it. Pure: order and repetition of messages never matter.

A document keeps, for each feed, the latest message (by revision, then content_hash, then the gazetteer's serial), and
every title with the time it was first seen. What is shown is a function of that set, with what people corrected laid
over it (corrections.py).
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec

from schemas import codec
from schemas.errors import Invalid
from schemas.messages import EnrichedItem, RawItem, Role, Utc
from services.index import corrections
from services.index.corrections import Correction
from services.index.stems import stems
from services.index.stories import apart_story_id

EARLIEST_PUBLICATION = datetime(1990, 1, 1, tzinfo=UTC)  # before that feeds did not exist: an empty or broken date
LATEST_PUBLICATION = timedelta(hours=1)  # after it was fetched: clocks differ, but not by more
TITLES_KEPT = 100

TAGS = tuple(name for name in EnrichedItem.__struct_fields__ if name not in RawItem.__struct_fields__)
TYPED_NAMES = ("person", "organisation", "place", "gang")
ROLES = get_args(Role)


class Title(msgspec.Struct, kw_only=True, frozen=True, order=True):
    """A title that a feed gave the item, when it was first seen, and the hash of all that the feed said then."""

    fetched_at: Utc
    feed_id: str
    title: str
    revision: int
    content_hash: str = ""  # of titles that were stored before it was kept


class Document(msgspec.Struct, kw_only=True, frozen=True):
    """An item: each feed's latest message by feed id, titles oldest first, its story, and whether it was taken down.

    story_id: by its words; `story_of` also knows what people say. corrections: all that were made, by (at, id).
    """

    item_id: str
    sources: dict[str, EnrichedItem]
    history: list[Title]
    story_id: str | None = None
    takedown: bool = False
    takedown_reason: str | None = None
    corrections: list[Correction] = []


def merge(stored: Document | None, incoming: EnrichedItem) -> Document:
    """Return the document after one more message. Commutative, associative, idempotent; a takedown stays one."""
    if stored is None:
        return Document(
            item_id=incoming.item_id, sources={incoming.feed_id: incoming}, history=_titles([], [_title(incoming)])
        )
    if stored.takedown:
        return stored
    return msgspec.structs.replace(
        stored,
        sources=stored.sources | {incoming.feed_id: _later(stored.sources.get(incoming.feed_id), incoming)},
        history=_titles(stored.history, [_title(incoming)]),
    )


def retagged(stored: Document, incoming: EnrichedItem) -> Document:
    """Return the document with an older gazetteer's tags of the same message replaced, and nothing else.

    Unchanged where the feed has said something else since, the stored tags are as new, or the item was taken down.
    """
    kept = stored.sources.get(incoming.feed_id)
    same = kept is not None and (kept.revision, kept.content_hash) == (incoming.revision, incoming.content_hash)
    if stored.takedown or kept is None or not same or serial(kept) >= serial(incoming):
        return stored
    tagged = msgspec.structs.replace(kept, **{name: getattr(incoming, name) for name in TAGS})
    return msgspec.structs.replace(stored, sources=stored.sources | {kept.feed_id: tagged})


def corrected(stored: Document, correction: Correction) -> Document:
    """Return the document after a correction. Commutative with messages and others; a takedown stays one."""
    if stored.takedown:
        return stored
    return msgspec.structs.replace(stored, corrections=corrections.joined(stored.corrections, [correction]))


def serial(item: EnrichedItem) -> int:
    """The serial of the gazetteer that tagged the item."""
    return int(item.gazetteer_version.partition("-")[0])


def is_current(document: Document, message: EnrichedItem) -> bool:
    """Whether the message is not older than what its feed said last: then its matches are due, also on replay."""
    kept = document.sources.get(message.feed_id)
    return not document.takedown and kept is not None and _order(message) >= _order(kept)


def shown(document: Document) -> EnrichedItem:
    """The message whose title, text and tags are shown: the longest text (in powers of two), then the earliest feed.

    Its tags are those of people where these corrected them.
    """
    first_seen = _first_seen(document)
    chosen = min(
        document.sources.values(),
        key=lambda source: (-_length_class(source.text), first_seen[source.feed_id], source.feed_id),
    )
    return corrections.applied(chosen, document.corrections)


def story_of(document: Document) -> str | None:
    """The story that the item is in: as a person says, else by its words."""
    return corrections.story_of(document.corrections, document.story_id, apart_story_id(document.item_id))


def is_revised(document: Document) -> bool:
    """Whether what is shown is another text than the one that its feed began with."""
    item = shown(document)
    first = min((title for title in document.history if title.feed_id == item.feed_id), default=None)
    if first is None:
        return False
    return first.content_hash != item.content_hash if first.content_hash else first.title != item.title


def first_seen(document: Document) -> datetime:
    """When the item was first detected."""
    return min(_first_seen(document).values())


def _first_seen(document: Document) -> dict[str, datetime]:
    """When each feed first had the item."""
    seen = {source.feed_id: source.fetched_at for source in document.sources.values()}
    for title in document.history:
        if title.feed_id in seen:
            seen[title.feed_id] = min(seen[title.feed_id], title.fetched_at)
    return seen


def _length_class(text: str) -> int:
    return math.floor(math.log2(len(text))) if text else -1


def _later(kept: EnrichedItem | None, incoming: EnrichedItem) -> EnrichedItem:
    if kept is None or kept == incoming or _order(incoming) > _order(kept):
        return incoming
    if _order(incoming) < _order(kept):
        return kept
    return max(kept, incoming, key=codec.encode)  # one revision told in two ways: either will do, if always the same


def _order(item: EnrichedItem) -> tuple[int, str, int, str]:
    """What makes a message of one feed later than another. A new gazetteer tags the same content again."""
    return item.revision, item.content_hash, serial(item), item.gazetteer_version.partition("-")[2]


def _title(item: EnrichedItem) -> Title:
    return Title(
        title=item.title,
        feed_id=item.feed_id,
        revision=item.revision,
        fetched_at=item.fetched_at,
        content_hash=item.content_hash,
    )


def _titles(kept: Iterable[Title], added: Iterable[Title]) -> list[Title]:
    """The union, each title of a feed at its earliest. The earliest are kept, so that order never matters."""
    first: dict[tuple[str, str], Title] = {}
    for title in (*kept, *added):
        key = (title.feed_id, title.title)
        first[key] = min(first.get(key, title), title)
    return sorted(first.values())[:TITLES_KEPT]


def event_at(item: EnrichedItem, fetched_at: datetime) -> datetime:
    """When it happened, for charts: the publication time where that can be true, else when we first saw it."""
    published = item.published_at
    if published and EARLIEST_PUBLICATION <= published <= fetched_at + LATEST_PUBLICATION:
        return published
    return fetched_at


def to_stored(document: Document, indexed_at: datetime) -> dict[str, Any]:
    """Return the document as the index `news` has it (mappings/news.yaml), as dicts, lists and strings."""
    stored: dict[str, Any] = msgspec.to_builtins(to_write(document, indexed_at))
    return stored


def to_write(document: Document, indexed_at: datetime) -> dict[str, Any]:
    """Return what msgspec encodes as `to_stored`: parts of messages are as they are, which is a tenth of the work."""
    if document.takedown:
        tombstone = {"item_id": document.item_id, "takedown": True, "indexed_at": indexed_at.isoformat()}
        return tombstone | ({"takedown_reason": document.takedown_reason} if document.takedown_reason else {})
    said = {"corrections": msgspec.to_builtins(document.corrections)} if document.corrections else {}
    if story_of(document) != document.story_id:
        said["story_assigned"] = document.story_id
    return _searchable(document) | {
        **said,
        "indexed_at": indexed_at.isoformat(),
        "sources": [source for _, source in sorted(document.sources.items())],
        "history": msgspec.to_builtins(document.history),
    }


def searchable(document: Document) -> dict[str, Any]:
    """Return what is shown and searched of a document that was not taken down."""
    fields: dict[str, Any] = msgspec.to_builtins(_searchable(document))
    return fields


def _searchable(document: Document) -> dict[str, Any]:
    item = shown(document)
    fetched_at = first_seen(document)
    fields = {name: getattr(item, name) for name in item.__struct_fields__ if name != "schema_version"}
    return fields | {
        **_tags(item),
        "figures": _figures(item),
        "stems": stems(item),
        "story_id": story_of(document),
        "takedown": False,
        "corrected": bool(corrections.active(document.corrections)),
        "feeds": sorted(document.sources),
        "fetched_at": fetched_at.isoformat(),
        "event_at": event_at(item, fetched_at).isoformat(),
    }


def _tags(item: EnrichedItem) -> dict[str, list[str]]:
    """The tags as flat keywords, for filters and for Kibana."""
    tags: dict[str, set[str]] = {
        "mission": set(item.missions),
        "country": {country.code for country in item.countries},
        "entity": {entity.id for entity in item.entities if entity.id},
        "event": {event.type for event in item.events},
    }
    tags |= {f"country_{role}": {one.code for one in item.countries if one.role == role} for role in ROLES}
    tags |= {kind: {one.name for one in item.entities if one.type == kind} for kind in TYPED_NAMES}
    return {field: sorted(values) for field, values in tags.items()}


def _figures(item: EnrichedItem) -> list[dict[str, Any]]:
    """The figures, each with the roles that its country has in the item: a figure of a contributor."""
    roles: dict[str | None, list[str]] = {}
    for country in item.countries:
        roles.setdefault(country.code, []).append(country.role)
    return [msgspec.to_builtins(figure) | {"roles": roles.get(figure.country, [])} for figure in item.figures]


def from_stored(source: dict[str, Any]) -> Document:
    """Return the document that `to_stored` wrote. Raises Invalid with reason `schema`."""
    return Document(
        item_id=source["item_id"],
        sources={
            item.feed_id: item for item in (codec.from_builtins(one, EnrichedItem) for one in source.get("sources", ()))
        },
        history=msgspec.convert(source.get("history", []), list[Title]),
        story_id=source["story_assigned"] if "story_assigned" in source else source.get("story_id"),
        takedown=source.get("takedown", False),
        takedown_reason=source.get("takedown_reason"),
        corrections=corrections_of(source),
    )


def corrections_of(source: dict[str, Any]) -> list[Correction]:
    """Return the corrections in a stored document. Raises Invalid with reason `schema`."""
    try:
        return msgspec.convert(source.get("corrections", []), list[Correction])
    except msgspec.ValidationError as error:
        raise Invalid(f"corrections: {error}", reason="schema") from error
