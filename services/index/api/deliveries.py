"""/v1/deliveries"""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query

from services.index.api import cursor as cursors
from services.index.api.context import InContext
from services.index.api.errors import NOT_FOUND, Refusal, missing
from services.index.api.models import (
    Deliveries,
    Delivery,
    DeliveryState,
    Redelivered,
    Redelivery,
    Total,
    WholeDelivery,
)
from services.index.deliver import account
from services.index.deliver.account import NEWEST_FIRST, OLDEST_FIRST, Selection
from services.index.indices import OUTBOX

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

Size = Annotated[int, Query(ge=1, le=200, description="Deliveries a page")]
Name = Annotated[str | None, Query(max_length=64)]
DeliveryId = Annotated[str, Path(max_length=64)]


@router.get("", summary="Deliveries with every attempt")
async def list_deliveries(
    context: InContext,
    search_id: Name = None,
    endpoint_id: Name = None,
    item_id: Name = None,
    state: DeliveryState | None = None,
    kind: Annotated[str | None, Query(max_length=64, description="match, digest, test, ...")] = None,
    since: Annotated[datetime | None, Query(description="Owed from then on; without a zone, UTC")] = None,
    until: Annotated[datetime | None, Query(description="Owed before then")] = None,
    size: Size = 50,
    cursor: Annotated[str | None, Query(max_length=2_048)] = None,
) -> Deliveries:
    """The newest first. A change is seen here after about a second."""
    chosen = Selection(
        search_id=search_id,
        endpoint_id=endpoint_id,
        item_id=item_id,
        states=[state] if state else [],
        kinds=[kind] if kind else [],
        since=_zoned(since),
        until=_zoned(until),
    )
    after = cursors.decode(cursor, "created_at", len(NEWEST_FIRST)) if cursor else None
    hits = await account.page(context.engine, chosen, size=size, sort=NEWEST_FIRST, after=after)
    return Deliveries(
        deliveries=[Delivery.model_validate({"id": hit["_id"], **hit["_source"]}) for hit in hits["hits"]],
        total=Total(value=hits["total"]["value"], exact=hits["total"]["relation"] == "eq"),
        cursor=cursors.encode("created_at", hits["hits"], size),
    )


@router.post("/redeliver", status_code=202, summary="Make the deliveries of a span of time again")
async def redeliver_range(context: InContext, given: Redelivery) -> Redelivered:
    """Each under its webhook-id as before, so that a receiver that has it takes it for a repeat.

    Deliveries to an endpoint that is disabled stay as they are: let it answer a test with 2xx first.
    """
    if (given.search_id is None) == (given.endpoint_id is None):
        raise Refusal(422, "invalid_request", "give search_id or endpoint_id, one of them", field="search_id")
    chosen = Selection(
        search_id=given.search_id,
        endpoint_id=given.endpoint_id,
        states=given.states,
        since=_zoned(given.since),
        until=_zoned(given.until),
    )
    after = cursors.decode(given.cursor, "oldest", len(OLDEST_FIRST)) if given.cursor else None
    outcome, hits, matching = await account.redeliver_range(context.engine, chosen, datetime.now(UTC), after=after)
    return Redelivered(
        redelivered=len(outcome.again),
        refused=outcome.refused,
        matching=matching,
        cursor=cursors.encode("oldest", hits, account.MOST_AT_ONCE),
    )


@router.get("/{delivery_id}", summary="One delivery, with its message", responses=NOT_FOUND)
async def get_delivery(context: InContext, delivery_id: DeliveryId) -> WholeDelivery:
    """As it is now. The message is ours, also where the endpoint gets it in another format."""
    stored = await context.engine.get(OUTBOX, delivery_id)
    if stored is None:
        raise missing("delivery", delivery_id)
    body = stored.source["body"]
    message = msgspec.json.decode(body) if body else None
    return WholeDelivery.model_validate({"id": delivery_id, **stored.source, "message": message})


@router.post("/{delivery_id}/redeliver", status_code=202, summary="Make a delivery again", responses=NOT_FOUND)
async def redeliver(context: InContext, delivery_id: DeliveryId) -> Delivery:
    """Within seconds, under the same webhook-id, with a whole schedule of retries."""
    outcome = await account.redeliver(context.engine, [delivery_id], datetime.now(UTC))
    for reason in outcome.refused:
        if reason == account.NO_DELIVERY:
            raise missing("delivery", delivery_id)
        raise Refusal(409, "not_redelivered", reason)
    stored = await context.engine.get(OUTBOX, delivery_id)
    if stored is None:
        raise missing("delivery", delivery_id)
    return Delivery.model_validate({"id": delivery_id, **stored.source})


def _zoned(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at
