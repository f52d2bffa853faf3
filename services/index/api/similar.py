"""/v1/items/{id}/similar: items about the same thing."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi import Query as Parameter

from services.index.api.asked import search
from services.index.api.context import InContext
from services.index.api.errors import NOT_FOUND, missing
from services.index.api.models import Item, Similar
from services.index.indices import NEWS

router = APIRouter(prefix="/v1", tags=["items"])

TEXT_LIMIT = 20_000  # characters of the item that are compared


@router.get("/items/{item_id}/similar", summary="Items like this one", responses=NOT_FOUND)
async def similar(
    context: InContext,
    item_id: Annotated[str, Path(max_length=64)],
    size: Annotated[int, Parameter(ge=1, le=50, description="Items at most, the most similar first")] = 10,
    relevant: Annotated[bool, Parameter(description="Only items about the mission")] = False,
) -> Similar:
    """Items that share the rare words, people, organisations and places of an item, without those of its own story."""
    stored = await context.engine.get(NEWS, item_id)
    if stored is None or stored.source.get("takedown"):
        raise missing("item", item_id)
    body: dict[str, Any] = {
        "size": size,
        "query": like(stored.source, relevant_only=relevant),
        "sort": [{"_score": "desc"}, {"event_at": "desc"}, {"item_id": "desc"}],
        "_source": list(Item.model_fields),
        "track_total_hits": False,
    }
    hits = (await search(context, body))["hits"]["hits"]
    return Similar(items=[Item.model_validate(hit["_source"]) for hit in hits])


def like(source: dict[str, Any], *, relevant_only: bool) -> dict[str, Any]:
    """Return the query for what resembles a stored item.

    Of its words the 25 that tell it apart best must occur to three tenths (more_like_this); shared names raise it.
    """
    words = {
        "more_like_this": {
            "fields": ["title", "summary", "text"],
            "like": [source["title"], source["summary"], source["text"][:TEXT_LIMIT]],
            "min_term_freq": 1,
            "min_doc_freq": 2,
            "max_query_terms": 25,
            "minimum_should_match": "30%",
        }
    }
    names = [
        {"constant_score": {"filter": {"terms": {field: source[field][:50]}}, "boost": 3.0}}
        for field in ("person", "organisation", "place", "gang", "event")
        if source.get(field)
    ]
    itself = [{"term": {"item_id": source["item_id"]}}, {"term": {"takedown": True}}]
    if source.get("story_id"):
        itself.append({"term": {"story_id": source["story_id"]}})
    made: dict[str, Any] = {"must": [words], "should": names, "must_not": itself}
    return {"bool": made | ({"filter": [{"term": {"relevant": True}}]} if relevant_only else {})}
