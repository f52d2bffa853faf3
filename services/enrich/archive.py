"""The archive in the search engine, which only this file asks. Fields: services/index/mappings/news.yaml."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec

from schemas import codec
from schemas.messages import EnrichedItem
from services.engine import Engine

NEWS = "news"
PAGE = 100  # documents, each with every feed's text
NAMES = 2_000  # persons, the most frequent, that are looked through
EXAMPLES = 3


class Archived(msgspec.Struct, frozen=True):
    """An item with each feed's latest message; the one that is shown comes last."""

    item_id: str
    sources: list[EnrichedItem]


class Named(msgspec.Struct, frozen=True):
    """A person's name, in how many items it is, and some of these, the newest first, as (title, url)."""

    name: str
    items: int
    examples: list[tuple[str, str | None]]


async def count_others(engine: Engine, gazetteer: str) -> int:
    """How many items are shown with the tags of another gazetteer. Raises Transient."""
    answer = await engine.search(NEWS, {"query": _of_others(gazetteer), "size": 0, "track_total_hits": True})
    total: int = answer["hits"]["total"]["value"]
    return total


async def of_others(engine: Engine, gazetteer: str, after: str = "") -> AsyncIterator[list[Archived]]:
    """Pages of the items that another gazetteer tagged, by item id, from behind `after`. Raises Invalid, Transient."""
    while True:
        body: dict[str, Any] = {
            "query": _of_others(gazetteer),
            "size": PAGE,
            "sort": [{"item_id": "asc"}],
            "_source": ["item_id", "feed_id", "sources"],
        }
        if after:
            body["search_after"] = [after]
        hits = (await engine.search(NEWS, body))["hits"]["hits"]
        if not hits:
            return
        yield [_archived(hit["_source"]) for hit in hits]
        after = hits[-1]["_source"]["item_id"]


def _of_others(gazetteer: str) -> dict[str, Any]:
    """The shown message is sent last, and its partition is worked in order: once it has new tags, the others do too."""
    return {"bool": {"must_not": [{"term": {"takedown": True}}, {"term": {"gazetteer_version": gazetteer}}]}}


def _archived(source: dict[str, Any]) -> Archived:
    sources = [codec.from_builtins(one, EnrichedItem) for one in source["sources"]]
    return Archived(source["item_id"], sorted(sources, key=lambda item: item.feed_id == source["feed_id"]))


async def people(engine: Engine, since: datetime, min_count: int) -> list[Named]:
    """The persons of relevant items fetched since then, the most frequent first, known ones among them.

    Raises Transient.
    """
    newest = {"top_hits": {"size": EXAMPLES, "_source": ["title", "url"], "sort": [{"event_at": "desc"}]}}
    body = {
        "size": 0,
        "query": {"bool": {"filter": [{"term": {"relevant": True}}, {"range": {"fetched_at": {"gte": since}}}]}},
        "aggs": {
            "people": {
                "terms": {"field": "person", "size": NAMES, "min_doc_count": min_count},
                "aggs": {"newest": newest},
            }
        },
    }
    answer = await engine.search(NEWS, body)
    return [
        Named(
            bucket["key"],
            bucket["doc_count"],
            [(hit["_source"]["title"], hit["_source"].get("url")) for hit in bucket["newest"]["hits"]["hits"]],
        )
        for bucket in answer["aggregations"]["people"]["buckets"]
    ]
