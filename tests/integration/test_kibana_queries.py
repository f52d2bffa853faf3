"""Every request that Kibana would make for our objects, on real engines, over items written as index writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from schemas.messages import Country, EnrichedItem, Entity, Event, FeedHealth, Figure
from services import engine
from services.engine import Create, Engine
from services.index import figures, health, indices, items
from services.index.deliver import outbox
from tests.conftest import Servers, on_both_engines
from tests.unit.deploy.kibana.reading import Asked, asked
from tests.unit.services.index.alerts import EXAMPLE
from tests.unit.services.index.enriched import enriched

NAMES = {
    "person": "Made Up",
    "organisation": "Haitian National Police",
    "place": "Port-au-Prince",
    "gang": "An Invented Gang",
}


def item(number: int, now: datetime) -> EnrichedItem:
    """The number'th item: every role, kind of figure and kind of name, in the last hours."""
    happened = now - timedelta(hours=number)
    language, country = [("en", "KE"), ("fr", "BJ"), ("es", "SV")][number % 3]
    kinds = ("pledged", "arrived", "deployed")
    return enriched(
        url=f"https://news.example/{number}",
        feed_id=f"feed-{number % 4}",
        feed_title=f"Outlet {number % 4}",
        language=language,
        published_at=happened,
        fetched_at=happened + timedelta(minutes=1),
        relevant=number % 5 != 4,
        relevance=0.3 if number % 5 == 4 else 0.9,
        countries=[
            Country(code="HT", role="host", mentions=3),
            Country(code=country, role="contributor", mentions=2),
            Country(code="JM", role="pledged", mentions=1),
            Country(code="TD", role="withdrew", mentions=1),
            Country(code="US", role="mentioned", mentions=1),
        ],
        entities=[
            Entity(id=f"{kind}/{name.lower().replace(' ', '-')}", type=kind, name=name, mentions=1)  # type: ignore[arg-type]
            for kind, name in NAMES.items()
        ],
        figures=[
            Figure(kind=kind, value=100.0 + number, unit="personnel", country=country, approximate=False)  # type: ignore[arg-type]
            for kind in kinds
        ],
        events=[Event(type="arrival", countries=[country], entities=[], when=None)],
    )


def poll(number: int, now: datetime) -> FeedHealth:
    """The latest poll of the number'th feed: well, failing, silent, with a gap."""
    return FeedHealth(
        feed_id=f"feed-{number}",
        url=f"https://news.example/{number}.xml",
        title=f"Outlet {number}",
        at=now,
        outcome="timeout" if number == 1 else "ok",
        status=None if number == 1 else 200,
        error="no answer" if number == 1 else None,
        new_items=1,
        revised_items=0,
        entries=20,
        latency_ms=180,
        failures=int(number == 1),
        last_item_at=now,
        next_poll_at=now + timedelta(minutes=3),
        items_a_day=10.0,
        delay_p50_s=60.0,
        delay_p95_s=180.0,
        silent_since=now if number == 2 else None,
        missed=number == 3,
    )


def delivery(number: int, now: datetime) -> tuple[str, outbox.Delivery]:
    """The number'th delivery: waiting, delivered or given up."""
    alert = msgspec.structs.replace(EXAMPLE, alert_id=f"{number:032x}", late=number == 1)
    delivery_id, owed = outbox.owed(alert, "A search", "endpoint", now)
    match number % 3:
        case 0:
            return delivery_id, owed
        case 1:
            return delivery_id, outbox.settled(owed, "delivered", None, now)
        case _:
            return delivery_id, outbox.settled(owed, "failed", "given up", now)


async def fill(connected: Engine) -> None:
    """Write what the charts are about, by the code that writes it, and make it visible."""
    now = datetime.now(UTC)
    messages = [item(number, now) for number in range(15)]
    stories = {message.item_id: f"story-{number % 4}" for number, message in enumerate(messages)}
    await items.write(connected, messages, {}, stories, now)
    await figures.follow(connected, [message.item_id for message in messages])
    states = [Create(f"feed-{number}", health.merged(None, [poll(number, now)])) for number in range(4)]
    owed = [delivery(number, now) for number in range(6)]
    documents = [Create(delivery_id, msgspec.to_builtins(one)) for delivery_id, one in owed]
    written = await connected.bulk(indices.FEED_HEALTH, states) + await connected.bulk(indices.OUTBOX, documents)
    assert [result.error for result in written if result.verdict != "ok"] == []
    for index in (indices.NEWS, indices.FIGURES, indices.FEED_HEALTH, indices.OUTBOX):
        await connected.refresh(index)


def results(aggregations: dict[str, Any], measures: list[str]) -> dict[str, set[Any]]:
    """What each measure is in all the buckets, where it is anything."""
    found: dict[str, set[Any]] = {measure: set() for measure in measures}
    for name, result in aggregations.items():
        if not isinstance(result, dict):
            continue
        for bucket in result.get("buckets", []):
            for measure, values in results(bucket, measures).items():
                found[measure] |= values
        if name in measures:
            result = result.get("measured", result)
            shown = [hit["_source"] for hit in result.get("hits", {}).get("hits", [])]
            found[name] |= {str(shown)} if shown else {result.get("value")} - {None, 0}
    return found


def buckets(aggregations: dict[str, Any]) -> int:
    """How many buckets there are outermost."""
    return sum(len(result.get("buckets", [1])) for result in aggregations.values())


@on_both_engines
async def test_every_request_is_understood_and_returns_something(stack: Servers) -> None:
    requests = asked()
    assert len(requests) > 60
    empty: list[str] = []
    async with engine.connect() as connected:
        await fill(connected)
        for request in requests:
            answer = await connected.search(request.index, request.body)
            empty += (f"{request.by}: {why}" for why in lacking(request, answer))
    assert empty == []


def lacking(request: Asked, answer: dict[str, Any]) -> list[str]:
    """Say what of a request's answer is empty."""
    if answer["hits"]["total"]["value"] == 0:
        return ["nothing found"]
    aggregations = answer.get("aggregations", {})
    if "aggs" in request.body and not buckets(aggregations):
        return ["no buckets"]
    found = results(aggregations, request.measures)
    return [f"{measure} is nowhere anything" for measure, values in found.items() if not values]
