"""What a search would have matched, asked of the index."""

from datetime import UTC, datetime

import msgspec

from schemas.errors import Transient
from services.index import preview as previews
from services.index.api.asked import search
from services.index.api.context import Context
from services.index.api.errors import Refusal
from services.index.api.models import Item, Preview, Query
from services.index.api.search_forms import query_fields
from services.telemetry import logger

log = logger(__name__)


async def preview(context: Context, query: Query) -> Preview:
    """Return the preview. Raises Invalid where the query cannot be saved, Refusal where it is too slow, Transient."""
    now, asked = datetime.now(UTC), query_fields(query)
    answer = await search(context, previews.body(asked["query"], now, list(Item.model_fields)))
    found = previews.preview(answer, asked["every"], now)
    days = [{"day": day, "items": items} for day, items in found.days]
    return Preview.model_validate(msgspec.structs.asdict(found) | {"days": days})


async def preview_of_saved(context: Context, query: Query) -> Preview | None:
    """The preview of what was just saved; None where the engine has no time for it, which changes nothing."""
    try:
        return await preview(context, query)
    except (Transient, Refusal) as error:
        log.warning("saved without a preview", error=str(error))
        return None
