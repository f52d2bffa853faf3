"""What was held comes back when its search is resumed, its snooze is over, or its endpoint works again.

Nothing needs to tell: deliver looks now and then, so that neither a crash nor a race between a pause and an alert
leaves anything behind. The alerts of a search come together in one digest, through its window.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import msgspec

from services.engine import Engine
from services.index import searches
from services.index.deliver import hold, outbox
from services.index.deliver.endpoints import Endpoint
from services.index.indices import ENDPOINTS, OUTBOX, SEARCHES
from services.index.searches import SavedSearch
from services.telemetry import logger

log = logger(__name__)

PAIRS: Final = 1_000  # of search and endpoint in one answer
PAGE: Final = 500
AT_ONCE: Final = 5_000  # of a pair; the rest the next time


async def release(engine: Engine, now: datetime) -> None:
    """Let go of what is held and need not be any more. Repeatable, by several at once. Raises Transient."""
    async for pairs in _held(engine):
        stored = await engine.mget(SEARCHES, [search_id for search_id, _ in pairs if search_id])
        saved = {search_id: searches.saved_search(one.source) for search_id, one in stored.items()}
        found = await engine.mget(ENDPOINTS, [endpoint_id for _, endpoint_id in pairs])
        known = {name: msgspec.convert(one.source, Endpoint) for name, one in found.items()}
        for search_id, endpoint_id in pairs:
            search, endpoint = saved.get(search_id or ""), known.get(endpoint_id)
            if not is_held(search, endpoint, now):
                alive = search if endpoint and search and search.endpoint_id == endpoint_id else None
                count = await _let_go(engine, search_id, endpoint_id, alive, now)
                log.info("held deliveries released", search_id=search_id, endpoint_id=endpoint_id, count=count)


def is_held(search: SavedSearch | None, endpoint: Endpoint | None, now: datetime) -> bool:
    """Whether something is in the way. Of what was deleted nothing is: the attempt finds that, and cancels."""
    return bool((endpoint and endpoint.disabled_at) or (search and search.silence(now)))


async def _held(engine: Engine) -> AsyncIterator[list[tuple[str | None, str]]]:
    """The searches and endpoints of what is held, in pages."""
    sources: list[dict[str, Any]] = [
        {"search": {"terms": {"field": "search_id", "missing_bucket": True}}},
        {"endpoint": {"terms": {"field": "endpoint_id"}}},
    ]
    pairs: dict[str, Any] = {"composite": {"size": PAIRS, "sources": sources}}
    while True:
        body = {"size": 0, "query": {"term": {"state": "held"}}, "aggs": {"pairs": pairs}}
        found = (await engine.search(OUTBOX, body))["aggregations"]["pairs"]
        if not found["buckets"]:
            return
        yield [(bucket["key"]["search"], bucket["key"]["endpoint"]) for bucket in found["buckets"]]
        pairs["composite"]["after"] = found["after_key"]


async def _let_go(
    engine: Engine, search_id: str | None, endpoint_id: str, search: SavedSearch | None, now: datetime
) -> int:
    of_search: dict[str, Any] = (
        {"term": {"search_id": search_id}}
        if search_id
        else {"bool": {"must_not": [{"exists": {"field": "search_id"}}]}}
    )
    body: dict[str, Any] = {
        "size": PAGE,
        "query": {"bool": {"filter": [{"term": {"state": "held"}}, {"term": {"endpoint_id": endpoint_id}}, of_search]}},
        "sort": [{"created_at": "asc"}, {"alert_id": "asc"}],
        "_source": ["kind"],
    }
    count = 0
    while count < AT_ONCE and (hits := (await engine.search(OUTBOX, body))["hits"]["hits"]):
        together = [hit["_id"] for hit in hits if search and hit["_source"]["kind"] in hold.HELD_KINDS]
        if search and together:
            await hold.release(engine, search, endpoint_id, together, now)
        for hit in hits:
            if hit["_id"] not in together:
                await outbox.change(engine, hit["_id"], lambda found: outbox.resumed(found, now))
        count += len(hits)
        body["search_after"] = hits[-1]["sort"]
    return count
