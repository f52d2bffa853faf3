"""collapse=story: of each story the first item of the order, over pages that stay stable.

The engine's own collapse cannot go on behind a cursor, and takes all items without a story for one. So a page's items
are kept or left out by what a second search says: which item of their stories the order has first.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from services.index.api.asked import search
from services.index.api.context import Context

ROUNDS = 5  # searches for one page: after these it is shorter than was asked for

Hit = dict[str, Any]


class Collapsed(msgspec.Struct, frozen=True):
    """A page: its hits with the size of their stories, the last hit that was looked at, None where there is no more."""

    hits: list[tuple[Hit, int | None]]
    last: Hit | None
    total: dict[str, Any]


async def collapsed(context: Context, body: dict[str, Any]) -> Collapsed:
    """Search for a page of body["size"] hits, each the first of its story. Raises Refusal, Transient, Invalid."""
    size: int = body["size"]
    kept: list[tuple[Hit, int | None]] = []
    total: dict[str, Any] = {}
    last: Hit | None = None
    for _ in range(ROUNDS):
        wanted = size - len(kept)
        if not wanted:
            break
        found = (await search(context, body | {"size": wanted}))["hits"]
        total = total or found["total"]
        stories = await _stories(context, body, found["hits"])
        kept += _firsts(found["hits"], stories)
        last = found["hits"][-1] if len(found["hits"]) == wanted else None
        if last is None:
            break
        body = body | {"search_after": last["sort"]}
    return Collapsed(kept, last, total)


def _firsts(hits: Sequence[Hit], stories: dict[str, tuple[str, int]]) -> list[tuple[Hit, int | None]]:
    """The hits that come first in their stories, or have none."""
    kept: list[tuple[Hit, int | None]] = []
    for hit in hits:
        first, items = stories.get(hit["_source"].get("story_id") or "", (hit["_id"], None))
        if first == hit["_id"]:
            kept.append((hit, items))
    return kept


async def _stories(context: Context, body: dict[str, Any], hits: Sequence[Hit]) -> dict[str, tuple[str, int]]:
    """Story -> the item that the order has first, and how many the search finds of it."""
    ids = sorted({hit["_source"]["story_id"] for hit in hits if hit["_source"].get("story_id")})
    if not ids:
        return {}
    first = {"top_hits": {"size": 1, "sort": body["sort"], "_source": False}}
    asked = {
        "size": 0,
        "query": {"bool": {"must": [body["query"]], "filter": [{"terms": {"story_id": ids}}]}},
        "track_total_hits": False,
        "aggs": {"stories": {"terms": {"field": "story_id", "size": len(ids)}, "aggs": {"first": first}}},
    }
    buckets = (await search(context, asked))["aggregations"]["stories"]["buckets"]
    return {one["key"]: (one["first"]["hits"]["hits"][0]["_id"], one["doc_count"]) for one in buckets}
