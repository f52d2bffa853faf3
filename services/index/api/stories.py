"""/v1/stories/{id}: how far a story has spread."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path

from services.index.api.asked import search
from services.index.api.context import InContext
from services.index.api.errors import NOT_FOUND, missing
from services.index.api.models import FacetValue, Item, WholeStory

router = APIRouter(prefix="/v1", tags=["items"])

MOST: Final = 200


@router.get("/stories/{story_id}", summary="A story: its size, since when, outlets, languages", responses=NOT_FOUND)
async def get_story(context: InContext, story_id: Annotated[str, Path(max_length=64)]) -> WholeStory:
    """Near-duplicates in many outlets, taken together. `/v1/items?q=story:ID` pages through all of its items."""
    body: dict[str, Any] = {
        "size": MOST,
        "query": {"bool": {"filter": [{"term": {"story_id": story_id}}], "must_not": [{"term": {"takedown": True}}]}},
        "sort": [{"fetched_at": "asc"}, {"item_id": "asc"}],
        "_source": list(Item.model_fields),
        "track_total_hits": True,
        "aggs": {
            "first": {"min": {"field": "fetched_at"}},
            "last": {"max": {"field": "fetched_at"}},
            "outlets": {"terms": {"field": "feeds", "size": MOST}},
            "languages": {"terms": {"field": "language", "size": MOST}},
        },
    }
    answer = await search(context, body)
    found, counted = answer["hits"], answer["aggregations"]
    if not found["hits"]:
        raise missing("story", story_id)
    return WholeStory(
        story_id=story_id,
        items=found["total"]["value"],
        first_seen=_at(counted["first"]),
        last_seen=_at(counted["last"]),
        outlets=_values(counted["outlets"]),
        languages=_values(counted["languages"]),
        members=[Item.model_validate(hit["_source"]) for hit in found["hits"]],
    )


def _at(metric: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(metric["value"] / 1_000, UTC)


def _values(counted: dict[str, Any]) -> list[FacetValue]:
    return [FacetValue(value=one["key"], items=one["doc_count"]) for one in counted["buckets"]]
