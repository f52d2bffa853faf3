"""How endpoints fare: of the attempts of their latest deliveries, and of what is still owed to them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from services.engine import Engine
from services.index.indices import OUTBOX

LATEST: Final = 100  # deliveries of an endpoint that count


class Fares(msgspec.Struct, kw_only=True, frozen=True):
    """attempts: those of the latest deliveries. success_rate: 0 to 1, p95_ms: of those that were answered with 2xx;
    None where there is none. deliveries: how many are in which state. next_attempt_at: the first that is due.
    """

    attempts: int = 0
    success_rate: float | None = None
    p95_ms: int | None = None
    last_success_at: datetime | None = None
    next_attempt_at: datetime | None = None
    deliveries: dict[str, int] = {}


async def of(engine: Engine, endpoint_ids: Sequence[str]) -> dict[str, Fares]:
    """Return how each of the endpoints fares. A search: a change is seen after about a second. Raises Transient."""
    answers = await engine.msearch(OUTBOX, [_query(endpoint_id) for endpoint_id in endpoint_ids])
    return {name: counted(answer) for name, answer in zip(endpoint_ids, answers, strict=True)}


def counted(answer: Mapping[str, Any]) -> Fares:
    """Return what the engine's answer for one endpoint says. Pure."""
    made = [attempt for hit in answer["hits"]["hits"] for attempt in hit["_source"].get("attempts", ())]
    fine = [attempt for attempt in made if attempt["status"] is not None and 200 <= attempt["status"] < 300]
    due = answer["aggregations"]["pending"]["next"].get("value_as_string")
    return Fares(
        attempts=len(made),
        success_rate=round(len(fine) / len(made), 4) if made else None,
        p95_ms=p95(attempt["latency_ms"] for attempt in fine),
        last_success_at=max((datetime.fromisoformat(attempt["at"]) for attempt in fine), default=None),
        next_attempt_at=datetime.fromisoformat(due) if due else None,
        deliveries={bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["states"]["buckets"]},
    )


def p95(latencies_ms: Iterable[int]) -> int | None:
    """Return the smallest value that 95 of 100 do not exceed (nearest rank); None of nothing."""
    ordered = sorted(latencies_ms)
    return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else None


def _query(endpoint_id: str) -> dict[str, Any]:
    return {
        "size": LATEST,
        "query": {"term": {"endpoint_id": endpoint_id}},
        "sort": [{"created_at": "desc"}],
        "_source": ["attempts.at", "attempts.status", "attempts.latency_ms"],
        "track_total_hits": False,
        "aggs": {
            "states": {"terms": {"field": "state", "size": 20}},
            "pending": {"filter": {"term": {"state": "pending"}}, "aggs": {"next": {"min": {"field": "due_at"}}}},
        },
    }
