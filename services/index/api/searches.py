"""/v1/searches"""

import secrets
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path

from schemas import identity
from schemas.errors import Invalid
from schemas.messages import Alert
from services import guarded_http, settings
from services.index import searches
from services.index.api.context import Context, InContext
from services.index.api.errors import NOT_FOUND, Refusal, missing
from services.index.api.models import Endpoint, NewEndpoint, NewSearch, Ping, Query, Search, Searches, Timing
from services.index.deliver import endpoints, outbox, signature
from services.index.indices import ENDPOINTS
from services.index.query import Query as IndexQuery
from services.index.query_language import Misread
from services.index.searches import SavedSearch
from services.index.timing import Timing as IndexTiming
from services.index.timing import check

router = APIRouter(prefix="/v1/searches", tags=["saved searches"])

SearchId = Annotated[str, Path(max_length=64)]


@router.post("", status_code=201, summary="Save a search, with the endpoint that it calls")
async def create_search(context: InContext, given: NewSearch) -> Search:
    """It is in effect when this answers. The endpoint's secret is in the answer, and never shown again."""
    secret = _checked(context, given.endpoint)
    timing = IndexTiming(**given.timing.model_dump())
    try:
        check(timing)
    except Invalid as error:
        raise Refusal(422, "invalid_request", str(error), field=f"timing.{error.reason}") from error
    now, endpoint_id = datetime.now(UTC), secrets.token_hex(16)
    query = given.query
    saved = SavedSearch(
        search_id=secrets.token_hex(16),
        name=given.name,
        query=IndexQuery(
            text=query.text,
            countries=query.countries,
            entities=query.entities,
            languages=query.languages,
            relevant_only=query.relevant_only,
        ),
        every_item=query.every == "item",
        endpoint_id=endpoint_id,
        created_at=now,
        updated_at=now,
        timing=timing,
    )
    endpoint = endpoints.Endpoint(
        **endpoints.addressed(given.endpoint.url, given.endpoint.format, context.vault),
        secrets=[context.vault.encrypt(secret)],
        created_at=now,
        feed_alarms=given.endpoint.feed_alarms,
    )
    built = msgspec.to_builtins(endpoint)
    await context.engine.create(ENDPOINTS, endpoint_id, built, refresh=endpoint.feed_alarms)
    try:
        await searches.save(context.engine, saved)
    except Invalid as refusal:
        await context.engine.delete(ENDPOINTS, endpoint_id)
        position = refusal.position if isinstance(refusal, Misread) else None
        raise Refusal(422, "invalid_request", _words(refusal), field="query.text", position=position) from refusal
    return _shown(saved, endpoint, secret)


@router.get("", summary="All saved searches")
async def list_searches(context: InContext) -> Searches:
    """Without secrets."""
    saved = await searches.list_all(context.engine)
    found = await context.engine.mget(ENDPOINTS, [one.endpoint_id for one in saved if one.endpoint_id])
    known = {name: msgspec.convert(stored.source, endpoints.Endpoint) for name, stored in found.items()}
    return Searches(searches=[_shown(one, known.get(one.endpoint_id or "")) for one in saved])


@router.get("/{search_id}", summary="One saved search", responses=NOT_FOUND)
async def get_search(context: InContext, search_id: SearchId) -> Search:
    """With its endpoint's health, without its secret."""
    saved, endpoint = await _saved(context, search_id)
    return _shown(saved, endpoint)


@router.delete("/{search_id}", status_code=204, summary="Delete a saved search and its endpoint", responses=NOT_FOUND)
async def delete_search(context: InContext, search_id: SearchId) -> None:
    """What is still owed to the endpoint is cancelled, and stays on record under /v1/deliveries."""
    saved, _ = await _saved(context, search_id)
    await searches.remove(context.engine, search_id)
    if saved.endpoint_id:
        await context.engine.delete(ENDPOINTS, saved.endpoint_id)


@router.post("/{search_id}/test", status_code=202, summary="Send a signed test webhook", responses=NOT_FOUND)
async def test_search(context: InContext, search_id: SearchId) -> Ping:
    """A delivery of type news.test, attempted once, within seconds; a disabled endpoint that answers 2xx is enabled."""
    saved, endpoint = await _saved(context, search_id)
    if endpoint is None or saved.endpoint_id is None:
        raise Refusal(409, "no_endpoint", "this search has no endpoint to test")
    now = datetime.now(UTC)
    delivery_id, delivery = outbox.owed(_test_alert(search_id, now), saved.name, saved.endpoint_id, now)
    await outbox.create(context.engine, [(delivery_id, delivery)], refresh=True)
    return Ping(delivery_id=delivery_id)


def _test_alert(search_id: str, now: datetime) -> Alert:
    trigger = identity.new_trace_id()
    return Alert(
        alert_id=identity.alert_id("test", search_id, search_id, trigger),
        kind="test",
        search_id=search_id,
        subject=search_id,
        trigger=trigger,
        item_id=None,
        story_id=None,
        revision=None,
        matched_at=now,
        late=False,
        why=[],
        links={"monitor": settings.Api().public_url},
        item=None,
        trace_id=identity.new_trace_id(),
    )


def _checked(context: Context, given: NewEndpoint) -> str:
    """The endpoint's secret, given or new. Raises Refusal for an address that is never called, or a bad secret."""
    try:
        guarded_http.check_url(given.url, context.allowed_hosts)
    except guarded_http.Blocked as refusal:
        raise Refusal(422, "invalid_request", str(refusal), field="endpoint.url") from refusal
    if given.secret is None:
        return signature.new_secret()
    try:
        signature.key(given.secret)
    except ValueError as refusal:
        raise Refusal(422, "invalid_request", str(refusal), field="endpoint.secret") from refusal
    return given.secret


async def _saved(context: Context, search_id: str) -> tuple[SavedSearch, endpoints.Endpoint | None]:
    saved = await searches.get(context.engine, search_id)
    if saved is None:
        raise missing("saved search", search_id)
    return saved, await endpoints.read(context.engine, saved.endpoint_id) if saved.endpoint_id else None


def _shown(saved: SavedSearch, endpoint: endpoints.Endpoint | None, secret: str | None = None) -> Search:
    query = msgspec.to_builtins(saved.query) | {"every": "item" if saved.every_item else "story"}
    return Search(
        id=saved.search_id,
        name=saved.name,
        enabled=saved.enabled,
        query=Query.model_validate(query),
        timing=Timing.model_validate(msgspec.to_builtins(saved.timing)),
        endpoint=endpoint
        and Endpoint(
            id=saved.endpoint_id or "",
            url=endpoint.url,
            enabled=endpoint.disabled_at is None,
            disabled_reason=endpoint.disabled_reason,
            failing_since=endpoint.failing_since,
            feed_alarms=endpoint.feed_alarms,
            format=endpoint.format,
            secret=secret,
        ),
        created_at=saved.created_at,
        failure=saved.failure,
    )


def _words(refusal: Invalid) -> str:
    """Only refusals of our own are worded for people."""
    return str(refusal) if refusal.reason == "query" else "the search engine cannot run this query"
