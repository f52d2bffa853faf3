"""Points in time: searches that all see the same state. Elasticsearch and OpenSearch name them differently.

Sources: elastic.co/docs/api, "Open a point in time"; docs.opensearch.org, "Point in Time API".
"""

from typing import Any

from elasticsearch import AsyncElasticsearch

KEEP_ALIVE = "5m"  # from one search to the next


async def opened(client: AsyncElasticsearch, index: str, *, is_opensearch: bool) -> str:
    """Return the id of a new one."""
    if not is_opensearch:
        answer: Any = await client.open_point_in_time(index=index, keep_alive=KEEP_ALIVE)
        return str(answer["id"])
    answer = await client.perform_request(
        "POST",
        f"/{index}/_search/point_in_time",
        params={"keep_alive": KEEP_ALIVE},
        headers={"accept": "application/json"},
    )
    return str(answer["pit_id"])


async def closed(client: AsyncElasticsearch, pit_id: str, *, is_opensearch: bool) -> None:
    """End it, so that the engine can let go of old segments."""
    if not is_opensearch:
        await client.close_point_in_time(id=pit_id)
        return
    await client.perform_request(
        "DELETE",
        "/_search/point_in_time",
        headers={"accept": "application/json", "content-type": "application/json"},
        body={"pit_id": [pit_id]},
    )
