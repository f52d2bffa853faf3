"""/v1/feeds"""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from services.index.api.context import InContext
from services.index.api.errors import NOT_FOUND, missing
from services.index.api.models import FeedHealth, Feeds
from services.index.indices import FEED_HEALTH

router = APIRouter(prefix="/v1/feeds", tags=["feeds"])

MOST = 1_000


@router.get("/health", summary="How each feed's latest poll went")
async def feed_health(context: InContext) -> Feeds:
    """Feeds in trouble come first. Without the last 50 polls of each, which the feed's own health has."""
    body: dict[str, Any] = {
        "size": MOST,
        "track_total_hits": True,
        "sort": [
            {"failures": "desc"},
            {"silent_since": {"order": "asc", "missing": "_last"}},
            {"title": "asc"},
            {"feed_id": "asc"},
        ],
    }
    hits = (await context.engine.search(FEED_HEALTH, body))["hits"]
    return Feeds(
        feeds=[FeedHealth.model_validate(hit["_source"]) for hit in hits["hits"]], total=hits["total"]["value"]
    )


@router.get("/{feed_id}/health", summary="How one feed fares, with its last 50 polls", responses=NOT_FOUND)
async def health_of_feed(context: InContext, feed_id: Annotated[str, Path(max_length=128)]) -> FeedHealth:
    """The newest poll first. A feed that was never polled has no health."""
    stored = await context.engine.get(FEED_HEALTH, feed_id)
    if stored is None:
        raise missing("health of a feed", feed_id)
    return FeedHealth.model_validate(stored.source)
