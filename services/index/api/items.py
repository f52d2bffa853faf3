"""/v1/items and /v1/stories"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from fastapi import Query as Parameter

from services.index.api import cursor as cursors
from services.index.api.context import InContext
from services.index.api.errors import NOT_FOUND, Refusal, missing
from services.index.api.models import (
    MAX_FILTERS,
    CountryCode,
    EntityId,
    Item,
    Items,
    LanguageCode,
    Stories,
    Story,
    Text,
    Total,
    WholeItem,
)
from services.index.indices import NEWS
from services.index.query import Query, engine_query

router = APIRouter(prefix="/v1", tags=["items"])

ORDERS: dict[str, list[dict[str, str]]] = {
    "time": [{"event_at": "desc"}, {"item_id": "desc"}],
    "relevance": [{"_score": "desc"}, {"event_at": "desc"}, {"item_id": "desc"}],
}
SHOWN = list(Item.model_fields)
ENGINE_TIMEOUT = "5s"

Size = Annotated[int, Parameter(ge=1, le=200, description="Items a page")]
Cursor = Annotated[str | None, Parameter(max_length=2_048, description="Of the page before")]


@router.get("/items", summary="Search")
async def search_items(
    context: InContext,
    q: Text = "",
    country: Annotated[list[CountryCode], Parameter(max_length=MAX_FILTERS)] = [],  # noqa: B006 (FastAPI copies it)
    entity: Annotated[list[EntityId], Parameter(max_length=MAX_FILTERS)] = [],  # noqa: B006
    language: Annotated[list[LanguageCode], Parameter(max_length=MAX_FILTERS)] = [],  # noqa: B006
    since: Annotated[datetime | None, Parameter(description="event_at, from this on; without a zone, UTC")] = None,
    until: Annotated[datetime | None, Parameter(description="event_at, before this")] = None,
    relevant: Annotated[bool, Parameter(description="Only items about the mission")] = False,
    sort: Literal["time", "relevance"] = "time",
    size: Size = 20,
    cursor: Cursor = None,
) -> Items:
    """Items that match everything given. A filter that is given several times lets any of its values through."""
    since, until = _zoned(since), _zoned(until)
    if since and until and since >= until:
        raise Refusal(422, "invalid_request", "since comes after until", field="since")
    wanted = Query(text=q, countries=country, entities=entity, languages=language, relevant_only=relevant)
    body: dict[str, Any] = {
        "size": size,
        "query": engine_query(wanted, since=since, until=until),
        "sort": ORDERS[sort],
        "_source": SHOWN,
        "timeout": ENGINE_TIMEOUT,
    }
    if cursor:
        body["search_after"] = cursors.decode(cursor, sort, len(ORDERS[sort]))
    hits = (await _search(context, body))["hits"]
    return Items(
        items=[Item.model_validate(hit["_source"]) for hit in hits["hits"]],
        total=Total(value=hits["total"]["value"], exact=hits["total"]["relation"] == "eq"),
        cursor=cursors.encode(sort, hits["hits"], size),
    )


@router.get("/items/{item_id}", summary="One item, whole", responses=NOT_FOUND)
async def get_item(context: InContext, item_id: Annotated[str, Path(max_length=64)]) -> WholeItem:
    """Text, tags, quotes, and the evidence of each tag: where in which field it was found."""
    stored = await context.engine.get(NEWS, item_id)
    if stored is None or stored.source.get("takedown"):
        raise missing("item", item_id)
    return WholeItem.model_validate(stored.source)


@router.get("/stories", summary="The latest stories")
async def latest_stories(context: InContext, size: Annotated[int, Parameter(ge=1, le=100)] = 20) -> Stories:
    """Relevant items, near-duplicates taken together, the story with the latest item first."""
    body: dict[str, Any] = {
        "size": size,
        "query": {"bool": {"filter": [engine_query(Query()), {"exists": {"field": "story_id"}}]}},
        "collapse": {"field": "story_id", "inner_hits": {"name": "items", "size": 0}},
        "sort": ORDERS["time"],
        "_source": SHOWN,
        "track_total_hits": False,
        "timeout": ENGINE_TIMEOUT,
    }
    hits = (await _search(context, body))["hits"]["hits"]
    return Stories(stories=[_story(hit) for hit in hits])


def _story(hit: dict[str, Any]) -> Story:
    latest = Item.model_validate(hit["_source"])
    count = hit["inner_hits"]["items"]["hits"]["total"]["value"]
    return Story(story_id=hit["_source"]["story_id"], items=count, latest=latest)


def _zoned(at: datetime | None) -> datetime | None:
    """A time without a zone is UTC."""
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


async def _search(context: InContext, body: dict[str, Any]) -> dict[str, Any]:
    """Ask the engine. Raises Refusal where it ran out of time: part of an answer is none."""
    answer = await context.engine.search(NEWS, body)
    if answer["timed_out"]:
        hint = "use more words, fewer word* or a shorter time"
        raise Refusal(503, "too_slow", f"the search took longer than {ENGINE_TIMEOUT}", hint=hint)
    return answer
