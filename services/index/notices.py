"""What those are told who were told of an item: that it was withdrawn, or what a person corrected.

    told(item): deliveries that may have arrived --> for each search and endpoint: one delivery, withdrawn or correction

Written into the outbox directly: its ids make a repeat harmless, and deliver finds what is due.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from schemas import identity
from schemas.messages import Alert, AlertKind, EnrichedItem, Why
from services.engine import Engine
from services.index import alerts, searches
from services.index.corrections import Correction
from services.index.deliver import follow_up, outbox
from services.index.deliver.outbox import Delivery
from services.index.indices import OUTBOX, SEARCHES
from services.index.merge import Document, shown, story_of

PAGE: Final = 500
TAKEDOWN: Final = "takedown"
_WORDLESS: Final = frozenset({"test", "withdrawn"})


class Told(msgspec.Struct, frozen=True):
    """Who may have an item's words."""

    search_id: str | None
    endpoint_id: str
    story_id: str | None


async def told(engine: Engine, item_id: str, now: datetime) -> list[Told]:
    """Return who was told of the item, in a call of its own or in a digest, each once. Raises Transient."""
    await engine.refresh(OUTBOX)
    found: dict[tuple[str | None, str], Told] = {}
    body: dict[str, Any] = {
        "size": PAGE,
        "query": {"term": {"item_id": item_id}},
        "_source": False,
        "sort": ["alert_id", "endpoint_id"],
    }
    while hits := (await engine.search(OUTBOX, body))["hits"]["hits"]:
        stored = await engine.mget(OUTBOX, [hit["_id"] for hit in hits])
        deliveries = [outbox.delivery_of(one) for one in stored.values()]
        digests = await engine.mget(OUTBOX, [one.told_in for one in deliveries if one.told_in])
        telling = {name: outbox.delivery_of(one) for name, one in digests.items()}
        for one in deliveries:
            if was_told(one, telling.get(one.told_in or ""), now):
                found.setdefault((one.search_id, one.endpoint_id), whom(one))
        body["search_after"] = hits[-1]["sort"]
    return list(found.values())


def whom(delivery: Delivery) -> Told:
    """Return who is told by a delivery."""
    return Told(delivery.search_id, delivery.endpoint_id, delivery.story_id)


def was_told(delivery: Delivery, digest: Delivery | None, now: datetime) -> bool:
    """Whether the endpoint may have the words of the delivery's item: by it, or by the digest that lists it."""
    if delivery.kind in _WORDLESS:
        return False
    in_digest = digest is not None and outbox.reached(digest, now)
    listed = in_digest and digest is not None and delivery.item_id in follow_up.item_ids(digest.body.encode())
    return outbox.reached(delivery, now) or listed


async def withdraw(engine: Engine, item_id: str, who: Sequence[Told], now: datetime) -> None:
    """Tell them that the item was taken down. Raises Transient."""
    await _send(engine, [(one, withdrawn(one, item_id, now)) for one in who], now)


def withdrawn(who: Told, item_id: str, now: datetime) -> Alert:
    """Return the alert. It has ids, and no word of the item."""
    return _notice("withdrawn", who, item_id, TAKEDOWN, now)


async def correct(engine: Engine, document: Document, correction: Correction, now: datetime, *, public_url: str) -> int:
    """Tell those who were told what the correction changed of it, and return how many. Raises Transient."""
    changes = differing(document, correction)
    if not changes:
        return 0
    item = shown(document)
    who = await told(engine, document.item_id, now)
    await _send(engine, [(one, corrected(one, item, correction, changes, now, public_url)) for one in who], now)
    return len(who)


def differing(document: Document, correction: Correction) -> list[str]:
    """Return the fields of what receivers get that the correction changed; `relevant` is one, and `story_id`."""
    without = [one for one in document.corrections if one.id != correction.id]
    before = msgspec.structs.replace(document, corrections=without)
    was, now = _told_fields(before), _told_fields(document)
    return [name for name in now if now[name] != was[name]]


def _told_fields(document: Document) -> Mapping[str, Any]:
    item = shown(document)
    receivers = alerts.for_receivers(item)
    fields = {name: getattr(receivers, name) for name in receivers.__struct_fields__}
    return fields | {"relevant": item.relevant, "story_id": story_of(document)}


def corrected(
    who: Told, item: EnrichedItem, correction: Correction, changes: Sequence[str], now: datetime, public_url: str
) -> Alert:
    """Return the alert: the item as it is now, and in `why` the fields that changed."""
    made = _notice("correction", who, item.item_id, correction.id, now)
    values = {"relevant": "yes" if item.relevant else "no"}
    return msgspec.structs.replace(
        made,
        revision=item.revision,
        why=[Why(clause=f"corrected:{name}", surface=values.get(name)) for name in changes],
        links=alerts.links(item, public_url),
        item=alerts.for_receivers(item),
        trace_id=item.trace_id,
    )


def _notice(kind: AlertKind, who: Told, item_id: str, trigger: str, now: datetime) -> Alert:
    of = who.search_id or who.endpoint_id
    return Alert(
        alert_id=identity.alert_id(kind, of, item_id, trigger),
        kind=kind,
        search_id=who.search_id,
        subject=item_id,
        trigger=trigger,
        item_id=item_id,
        story_id=who.story_id,
        revision=None,
        matched_at=now,
        late=False,
        why=[],
        links={},
        item=None,
        trace_id=identity.new_trace_id(),
    )


async def _send(engine: Engine, notices: Sequence[tuple[Told, Alert]], now: datetime) -> None:
    stored = await engine.mget(SEARCHES, [who.search_id for who, _ in notices if who.search_id])
    names = {search_id: searches.saved_search(one.source).name for search_id, one in stored.items()}
    owed = [outbox.owed(alert, names.get(who.search_id or ""), who.endpoint_id, now) for who, alert in notices]
    # That an item waited to be corrected is no latency.
    owed = [(name, msgspec.structs.replace(delivery, fetched_at=None)) for name, delivery in owed]
    await outbox.create(engine, owed)
