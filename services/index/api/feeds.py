"""/v1/feeds"""

from typing import Any

from fastapi import APIRouter

from services.index.api.context import InContext
from services.index.api.models import FeedHealth, Feeds
from services.index.indices import FEED_HEALTH

router = APIRouter(prefix="/v1/feeds", tags=["feeds"])

MOST = 1_000


@router.get("/health", summary="How each feed's latest poll went")
async def feed_health(context: InContext) -> Feeds:
    """Feeds in trouble come first."""
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
