"""/v1/deliveries"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from services.index.api import cursor as cursors
from services.index.api.context import InContext
from services.index.api.models import Deliveries, Delivery, Total
from services.index.indices import OUTBOX

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

SORT = [{"created_at": "desc"}, {"alert_id": "asc"}, {"endpoint_id": "asc"}]

Size = Annotated[int, Query(ge=1, le=200, description="Deliveries a page")]


@router.get("", summary="Deliveries with every attempt")
async def list_deliveries(
    context: InContext,
    search_id: Annotated[str | None, Query(max_length=64)] = None,
    item_id: Annotated[str | None, Query(max_length=64)] = None,
    state: Literal["pending", "delivered", "failed", "cancelled", "held", "waiting", "grouped"] | None = None,
    size: Size = 50,
    cursor: Annotated[str | None, Query(max_length=2_048)] = None,
) -> Deliveries:
    """The newest first. A change is seen here after about a second."""
    wanted = {"search_id": search_id, "item_id": item_id, "state": state}
    body: dict[str, Any] = {
        "size": size,
        "query": {"bool": {"filter": [{"term": {field: value}} for field, value in wanted.items() if value]}},
        "sort": SORT,
        "_source": {"excludes": ["body"]},
    }
    if cursor:
        body["search_after"] = cursors.decode(cursor, "created_at", len(SORT))
    hits = (await context.engine.search(OUTBOX, body))["hits"]
    return Deliveries(
        deliveries=[Delivery.model_validate({"id": hit["_id"], **hit["_source"]}) for hit in hits["hits"]],
        total=Total(value=hits["total"]["value"], exact=hits["total"]["relation"] == "eq"),
        cursor=cursors.encode("created_at", hits["hits"], size),
    )
