"""/v1/items and /v1/stories"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from fastapi import Query as Parameter

from services.index import merge
from services.index.api import corrections, feed_links, highlights
from services.index.api import cursor as cursors
from services.index.api.asked import InAsked, search
from services.index.api.collapse import Collapsed, collapsed
from services.index.api.context import InContext
from services.index.api.errors import NOT_FOUND, missing
from services.index.api.models import FoundItem, Item, Items, Stories, Story, Total, WholeItem
from services.index.indices import NEWS
from services.index.query import Query, engine_query

router = APIRouter(prefix="/v1", tags=["items"])

ORDERS: dict[str, list[dict[str, str]]] = {
    "time": [{"event_at": "desc"}, {"item_id": "desc"}],
    "relevance": [{"_score": "desc"}, {"event_at": "desc"}, {"item_id": "desc"}],
}
SHOWN = list(Item.model_fields)

Size = Annotated[int, Parameter(ge=1, le=200, description="Items a page")]
Cursor = Annotated[str | None, Parameter(max_length=2_048, description="Of the page before")]


@router.get("/items", summary="Search")
async def search_items(
    context: InContext,
    asked: InAsked,
    response: Response,
    sort: Literal["time", "relevance"] = "time",
    collapse: Annotated[
        Literal["story"] | None, Parameter(description="story: of each story the first item of the order only")
    ] = None,
    highlight: Annotated[bool, Parameter(description="With the passages that match, and the evidence of tags")] = False,
    size: Size = 20,
    cursor: Cursor = None,
) -> Items:
    """Items that match everything given. A filter that is given several times lets any of its values through.

    Go on with `cursor` until it is null, as far as you like. With `collapse=story` a page may be shorter than `size`,
    and `total` still counts items.
    """
    body: dict[str, Any] = {
        "size": size,
        "query": asked.query(),
        "sort": ORDERS[sort],
        "_source": SHOWN,
    }
    if cursor:
        body["search_after"] = cursors.decode(cursor, sort, len(ORDERS[sort]))
    if highlight:
        body |= {"highlight": highlights.ASKED, "_source": [*SHOWN, *highlights.SOURCE]}
    response.headers["link"] = feed_links.header(context, asked)
    if collapse:
        page = await collapsed(context, body)
    else:
        hits = (await search(context, body))["hits"]
        last = hits["hits"][-1] if len(hits["hits"]) == size else None
        page = Collapsed([(hit, None) for hit in hits["hits"]], last, hits["total"])
    return Items(
        items=[_found(hit, story_items, highlight) for hit, story_items in page.hits],
        total=Total(value=page.total["value"], exact=page.total["relation"] == "eq"),
        cursor=cursors.encode(sort, [page.last], 1) if page.last else None,
    )


@router.get("/items/{item_id}", summary="One item, whole", responses=NOT_FOUND)
async def get_item(context: InContext, item_id: Annotated[str, Path(max_length=64)]) -> WholeItem:
    """Text, tags, quotes, and the evidence of each tag: where in which field it was found."""
    stored = await context.engine.get(NEWS, item_id)
    if stored is None or stored.source.get("takedown"):
        raise missing("item", item_id)
    said = corrections.listed(merge.corrections_of(stored.source))
    return WholeItem.model_validate(stored.source | {"corrections": said})


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
    }
    hits = (await search(context, body))["hits"]["hits"]
    return Stories(stories=[_story(hit) for hit in hits])


def _found(hit: dict[str, Any], story_items: int | None, highlight: bool) -> FoundItem:
    item = FoundItem.model_validate(hit["_source"])
    shown = highlights.highlights(hit) if highlight else None
    return item.model_copy(update={"story_items": story_items, "highlights": shown})


def _story(hit: dict[str, Any]) -> Story:
    latest = Item.model_validate(hit["_source"])
    count = hit["inner_hits"]["items"]["hits"]["total"]["value"]
    return Story(story_id=hit["_source"]["story_id"], items=count, latest=latest)
