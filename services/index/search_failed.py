"""Tell the owners of saved searches that no longer run, by a delivery to their endpoints."""

from datetime import datetime

import msgspec

from schemas import identity
from services.engine import Engine
from services.index.deliver import outbox
from services.index.deliver.outbox import Delivery
from services.index.indices import SEARCHES
from services.index.searches import LIST_LIMIT, SavedSearch, saved_search

KIND = "search_failed"


async def tell(engine: Engine, index: str, now: datetime) -> list[SavedSearch]:
    """Create a delivery for each search that has failed since the indices were moved to this one, and return them.

    Repeatable: the delivery's id follows from search and index.
    """
    body = {"query": {"exists": {"field": "failure"}}, "size": LIST_LIMIT, "_source": ["search", "failure"]}
    await engine.refresh(SEARCHES)
    hits = (await engine.search(SEARCHES, body))["hits"]["hits"]
    failed = [saved_search(hit["_source"]) for hit in hits]
    await outbox.create(engine, [_owed(one, one.endpoint_id, index, now) for one in failed if one.endpoint_id])
    return failed


def _owed(saved: SavedSearch, endpoint_id: str, index: str, now: datetime) -> tuple[str, Delivery]:
    alert_id = identity.alert_id(KIND, saved.search_id, saved.search_id, index)
    data = {
        "schema_version": 1,
        "alert_id": alert_id,
        "kind": KIND,
        "search": {"id": saved.search_id, "name": saved.name},
        "reason": saved.failure,
    }
    message = {"type": f"news.{KIND}", "timestamp": now, "data": data}
    delivery = Delivery(
        alert_id=alert_id,
        endpoint_id=endpoint_id,
        search_id=saved.search_id,
        kind=KIND,
        item_id=None,
        story_id=None,
        trace_id=identity.new_trace_id(),
        late=False,
        state="pending",
        body=msgspec.json.encode(message).decode(),
        fetched_at=None,
        created_at=now,
        due_at=now,
    )
    return identity.delivery_id(alert_id, endpoint_id), delivery
