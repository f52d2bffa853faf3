"""The account of deliveries: which there are, and to make some again. For the API and the command line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from schemas.errors import Transient
from services.engine import Engine, Replace, Stored
from services.index import searches
from services.index.deliver import outbox
from services.index.deliver.endpoints import Endpoint
from services.index.deliver.obstacle import obstacle
from services.index.deliver.outbox import Delivery
from services.index.indices import ENDPOINTS, OUTBOX, SEARCHES
from services.index.searches import SavedSearch

NEWEST_FIRST = [{"created_at": "desc"}, {"alert_id": "asc"}, {"endpoint_id": "asc"}]
OLDEST_FIRST = [{"created_at": "asc"}, {"alert_id": "asc"}, {"endpoint_id": "asc"}]
MOST_AT_ONCE = 1_000  # deliveries that one request makes again
MOST_ATTEMPTS = 200  # kept on one delivery
ROUNDS = 10
_AT_A_TIME = 200

NO_DELIVERY = "there is no such delivery"


class Selection(msgspec.Struct, kw_only=True, frozen=True):
    """Which deliveries. since, until: when they were owed, until excluded. Empty states or kinds: any."""

    search_id: str | None = None
    endpoint_id: str | None = None
    item_id: str | None = None
    states: Sequence[str] = ()
    kinds: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None


class Outcome(msgspec.Struct, frozen=True):
    """again: ids of the deliveries that are due again. refused: how many are not, by reason."""

    again: list[str]
    refused: dict[str, int]


def query(chosen: Selection) -> dict[str, Any]:
    """Return the engine's query for a selection."""
    single = {"search_id": chosen.search_id, "endpoint_id": chosen.endpoint_id, "item_id": chosen.item_id}
    filters: list[dict[str, Any]] = [{"term": {field: value}} for field, value in single.items() if value]
    several = {"state": list(chosen.states), "kind": list(chosen.kinds)}
    filters += [{"terms": {field: values}} for field, values in several.items() if values]
    bounds = {"gte": chosen.since, "lt": chosen.until}
    if span := {name: at.isoformat() for name, at in bounds.items() if at}:
        filters.append({"range": {"created_at": span}})
    return {"bool": {"filter": filters}}


def refusal(
    delivery: Delivery | None, search: SavedSearch | None, endpoint: Endpoint | None, now: datetime
) -> str | None:
    """Return why the delivery cannot be made again now; None where it can. Pure."""
    if delivery is None:
        return NO_DELIVERY
    if delivery.state == "waiting":
        return "it waits for a follow-up, which tells it"
    if not delivery.body:
        return outbox.TAKEN_DOWN
    if len(delivery.attempts) >= MOST_ATTEMPTS:
        return f"it was attempted {MOST_ATTEMPTS} times"
    against = obstacle(delivery, search, endpoint, now)
    return against[1] if against else None


async def redeliver(engine: Engine, delivery_ids: Sequence[str], now: datetime) -> Outcome:
    """Make deliveries due again, under the same ids; whoever scans attempts them. Raises Transient.

    One that changes meanwhile is read and judged again.
    """
    again: list[str] = []
    refused: Counter[str] = Counter()
    for start in range(0, len(delivery_ids), _AT_A_TIME):
        left = list(delivery_ids[start : start + _AT_A_TIME])
        for _ in range(ROUNDS):
            stored = await engine.mget(OUTBOX, left)
            reasons = await _judged(engine, left, stored, now)
            refused.update(reason for reason in reasons.values() if reason)
            writes = [
                Replace(stored[one], msgspec.to_builtins(outbox.again(outbox.delivery_of(stored[one]), now)))
                for one, reason in reasons.items()
                if reason is None
            ]
            results = await engine.bulk(OUTBOX, writes) if writes else []
            again += [result.id for result in results if result.verdict == "ok"]
            left = [result.id for result in results if result.verdict == "conflict"]
            if not left:
                break
        else:
            raise Transient(f"{len(left)} deliveries were written by somebody else {ROUNDS} times in a row")
    return Outcome(again, dict(refused))


async def _judged(
    engine: Engine, ids: Sequence[str], stored: Mapping[str, Stored], now: datetime
) -> dict[str, str | None]:
    deliveries = {one: outbox.delivery_of(found) for one, found in stored.items()}
    wanted = [delivery.search_id for delivery in deliveries.values() if delivery.search_id]
    saved = {name: searches.saved_search(one.source) for name, one in (await engine.mget(SEARCHES, wanted)).items()}
    called = await engine.mget(ENDPOINTS, [delivery.endpoint_id for delivery in deliveries.values()])
    known = {name: msgspec.convert(one.source, Endpoint) for name, one in called.items()}
    reasons: dict[str, str | None] = {}
    for one in ids:
        delivery = deliveries.get(one)
        search = saved.get(delivery.search_id or "") if delivery else None
        reasons[one] = refusal(delivery, search, known.get(delivery.endpoint_id) if delivery else None, now)
    return reasons


async def page(
    engine: Engine, chosen: Selection, *, size: int, sort: list[dict[str, str]], after: Sequence[Any] | None
) -> dict[str, Any]:
    """Return the hits of the engine, without bodies, and their total. after: the sort values to go on behind."""
    body: dict[str, Any] = {
        "size": size,
        "query": query(chosen),
        "sort": sort,
        "_source": {"excludes": ["body"]},
    }
    if after:
        body["search_after"] = list(after)
    hits: dict[str, Any] = (await engine.search(OUTBOX, body))["hits"]
    return hits


async def redeliver_range(
    engine: Engine, chosen: Selection, now: datetime, *, after: Sequence[Any] | None = None
) -> tuple[Outcome, list[dict[str, Any]], int]:
    """Make the oldest MOST_AT_ONCE deliveries of a selection due again. Raises Transient.

    Return what became of them, their hits, and how many the selection had. Those behind are for the next call.
    """
    hits = await page(engine, chosen, size=MOST_AT_ONCE, sort=OLDEST_FIRST, after=after)
    outcome = await redeliver(engine, [hit["_id"] for hit in hits["hits"]], now)
    return outcome, hits["hits"], hits["total"]["value"]
