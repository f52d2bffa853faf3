"""/v1/endpoints"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query

from services.index.api import cursor as cursors
from services.index.api.context import Context, InContext
from services.index.api.errors import NOT_FOUND, Refusal, missing
from services.index.api.models import EndpointHealth, Endpoints, NewSecret, Secret
from services.index.deliver import endpoints, fares, signature
from services.index.deliver.endpoints import Endpoint
from services.index.indices import ENDPOINTS, SEARCHES
from services.index.searches import SavedSearch, saved_search

router = APIRouter(prefix="/v1/endpoints", tags=["deliveries"])

EndpointId = Annotated[str, Path(max_length=64)]

SORT = ["search.created_at", "search.search_id"]


@router.get("", summary="Endpoints and how they fare")
async def list_endpoints(
    context: InContext,
    size: Annotated[int, Query(ge=1, le=100, description="Endpoints a page")] = 50,
    cursor: Annotated[str | None, Query(max_length=2_048)] = None,
) -> Endpoints:
    """In the order in which their searches were saved. Counts are about a second old."""
    body: dict[str, Any] = {
        "size": size,
        "query": {"exists": {"field": "search.endpoint_id"}},
        "sort": SORT,
        "_source": ["search", "failure"],
    }
    if cursor:
        body["search_after"] = cursors.decode(cursor, "search", len(SORT))
    hits = (await context.engine.search(SEARCHES, body))["hits"]["hits"]
    found = await _healths(context, [saved_search(hit["_source"]) for hit in hits])
    return Endpoints(endpoints=found, cursor=cursors.encode("search", hits, size))


@router.get("/{endpoint_id}", summary="One endpoint and how it fares", responses=NOT_FOUND)
async def get_endpoint(context: InContext, endpoint_id: EndpointId) -> EndpointHealth:
    """As in the list."""
    body = {"size": 1, "query": {"term": {"search.endpoint_id": endpoint_id}}, "_source": ["search", "failure"]}
    hits = (await context.engine.search(SEARCHES, body))["hits"]["hits"]
    found = await _healths(context, [saved_search(hit["_source"]) for hit in hits])
    if not found:
        raise missing("endpoint", endpoint_id)
    return found[0]


@router.post("/{endpoint_id}/secret", summary="Give an endpoint a new secret", responses=NOT_FOUND)
async def rotate_secret(context: InContext, endpoint_id: EndpointId, given: NewSecret) -> Secret:
    """Calls are signed with both while the overlap lasts: the receiver may change any time in it."""
    secret = given.secret or signature.new_secret()
    try:
        signature.key(secret)
    except ValueError as refusal:
        raise Refusal(422, "invalid_request", str(refusal), field="secret") from refusal
    now, overlap = datetime.now(UTC), timedelta(hours=given.overlap_h)
    after = await endpoints.rotate(context.engine, endpoint_id, context.vault.encrypt(secret), overlap, now)
    if after is None:
        raise missing("endpoint", endpoint_id)
    return Secret(secret=secret, previous_until=after.previous_until or now)


async def _healths(context: Context, saved: list[SavedSearch]) -> list[EndpointHealth]:
    """Those of the searches whose endpoint exists, in their order."""
    stored = await context.engine.mget(ENDPOINTS, [one.endpoint_id for one in saved if one.endpoint_id])
    fare = await fares.of(context.engine, list(stored))
    return [
        _shown(one, one.endpoint_id, msgspec.convert(stored[one.endpoint_id].source, Endpoint), fare[one.endpoint_id])
        for one in saved
        if one.endpoint_id and one.endpoint_id in stored
    ]


def _shown(saved: SavedSearch, endpoint_id: str, endpoint: Endpoint, fare: fares.Fares) -> EndpointHealth:
    return EndpointHealth(
        id=endpoint_id,
        search_id=saved.search_id,
        search_name=saved.name,
        url=endpoint.url,
        format=endpoint.format,
        enabled=endpoint.disabled_at is None,
        disabled_at=endpoint.disabled_at,
        disabled_reason=endpoint.disabled_reason,
        failing_since=endpoint.failing_since,
        held=fare.deliveries.get("held", 0),
        **msgspec.structs.asdict(fare),
    )
