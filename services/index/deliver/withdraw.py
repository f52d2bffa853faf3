"""Tell those who got an item that it was taken down: a delivery of kind `withdrawn` to the same endpoint."""

from datetime import datetime
from typing import Any

import msgspec

from schemas import identity
from services.engine import Engine
from services.index import searches
from services.index.deliver import outbox
from services.index.deliver.outbox import Delivery
from services.index.deliver.payload import SCHEMA_VERSION
from services.index.indices import OUTBOX

KIND = "withdrawn"
LINK = 2_000


async def tell(engine: Engine, told: Delivery, now: datetime) -> None:
    """Owe the endpoint the news, where it got the item by this delivery or by the follow-up that told it.

    told: as it was before its text was taken out. Repeatable: the id follows from search, item and endpoint. Raises
    Transient.
    """
    if told.item_id is None or told.kind == KIND or not await _arrived(engine, told):
        return
    search = await searches.get(engine, told.search_id) if told.search_id else None
    await outbox.create(engine, [owed(told, search.name if search else "", now)])


async def _arrived(engine: Engine, told: Delivery) -> bool:
    if any(attempt.succeeded for attempt in told.attempts):
        return True
    stored = await engine.get(OUTBOX, told.told_in) if told.told_in else None
    return stored is not None and any(attempt.succeeded for attempt in outbox.delivery_of(stored).attempts)


def owed(told: Delivery, search_name: str, now: datetime) -> tuple[str, Delivery]:
    """Return the delivery and its id. Of the item it has the id and the addresses, by which to find it, and no word."""
    item_id, search_id = told.item_id or "", told.search_id
    alert_id = identity.alert_id(KIND, search_id or "", item_id, "takedown")
    before: dict[str, Any] = msgspec.json.decode(told.body)["data"] if told.body else {}
    links = {name: link for name, link in before.get("links", {}).items() if len(link) <= LINK}
    data = {
        "schema_version": SCHEMA_VERSION,
        "alert_id": alert_id,
        "kind": KIND,
        "subject": item_id,
        "trigger": "takedown",
        "item_id": item_id,
        "story_id": told.story_id,
        "matched_at": now,
        "late": False,
        "why": [],
        "links": links,
        "item": None,
        "trace_id": told.trace_id,
        "search": {"id": search_id, "name": search_name} if search_id else None,
        "told_alert_id": told.alert_id,
        "trimmed": False,
    }
    message = {"type": f"news.{KIND}", "timestamp": now, "data": data}
    delivery = Delivery(
        alert_id=alert_id,
        endpoint_id=told.endpoint_id,
        search_id=search_id,
        kind=KIND,
        item_id=item_id,
        story_id=told.story_id,
        trace_id=told.trace_id,
        late=False,
        state="pending",
        body=msgspec.json.encode(message).decode(),
        fetched_at=None,
        created_at=now,
        due_at=now,
    )
    return identity.delivery_id(alert_id, told.endpoint_id), delivery
