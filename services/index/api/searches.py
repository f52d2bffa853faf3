"""/v1/searches"""

import secrets
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Path, Response

from schemas import identity
from schemas.errors import Invalid
from schemas.messages import Alert
from services import guarded_http, settings
from services.index import searches
from services.index.api.auth import InAuthor
from services.index.api.context import Context, InContext
from services.index.api.errors import NOT_FOUND, Refusal, missing
from services.index.api.models import NewEndpoint, NewSearch, Ping, Preview, Problem, Search, Searches
from services.index.api.search_forms import changes, query_fields, refused, shown, timing, version
from services.index.api.search_models import PreviewAsked, SearchChange, Versions
from services.index.api.search_preview import preview, preview_of_saved
from services.index.deliver import endpoints, outbox, signature
from services.index.indices import ENDPOINTS
from services.index.searches import SavedSearch
from services.telemetry import logger

log = logger(__name__)

router = APIRouter(prefix="/v1/searches", tags=["saved searches"])

SearchId = Annotated[str, Path(max_length=64)]
CONFLICT = NOT_FOUND | {
    409: {"model": Problem, "description": "The search is another version than `version`"},
    412: {"model": Problem, "description": "The search is another version than If-Match"},
}


@router.post("", status_code=201, summary="Save a search, with the endpoint that it calls")
async def create_search(context: InContext, given: NewSearch, author: InAuthor, response: Response) -> Search:
    """It is in effect when this answers. The endpoint's secret is in the answer, and never shown again; so is a preview
    of what the search finds.
    """
    secret = _checked(context, given.endpoint)
    now, endpoint_id = datetime.now(UTC), secrets.token_hex(16)
    saved = SavedSearch(
        search_id=secrets.token_hex(16),
        name=given.name,
        **query_fields(given.query),
        timing=timing(given.timing),
        labels=given.labels,
        owner=given.owner,
        endpoint_id=endpoint_id,
        created_at=now,
        updated_at=now,
        updated_by=author,
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
        raise refused(refusal) from refusal
    response.headers["etag"] = _etag(saved)
    return shown(saved, endpoint, secret, await preview_of_saved(context, given.query))


@router.post("/preview", summary="What a search would have matched")
async def preview_search(context: InContext, given: PreviewAsked) -> Preview:
    """Count, days and the latest examples of the last 30 days, and a warning where that is more than anybody reads.

    The query is checked as when it is saved.
    """
    try:
        return await preview(context, given.query)
    except Invalid as refusal:
        raise refused(refusal) from refusal


@router.get("", summary="All saved searches")
async def list_searches(context: InContext) -> Searches:
    """Without secrets."""
    saved = await searches.list_all(context.engine)
    found = await context.engine.mget(ENDPOINTS, [one.endpoint_id for one in saved if one.endpoint_id])
    known = {name: msgspec.convert(stored.source, endpoints.Endpoint) for name, stored in found.items()}
    return Searches(searches=[shown(one, known.get(one.endpoint_id or "")) for one in saved])


@router.get("/{search_id}", summary="One saved search", responses=NOT_FOUND)
async def get_search(context: InContext, search_id: SearchId, response: Response) -> Search:
    """With its endpoint's health, without its secret. The version is the ETag, too."""
    saved, endpoint = await _saved(context, search_id)
    response.headers["etag"] = _etag(saved)
    return shown(saved, endpoint)


@router.patch("/{search_id}", summary="Change a saved search", responses=CONFLICT)
async def change_search(
    context: InContext,
    search_id: SearchId,
    given: SearchChange,
    author: InAuthor,
    response: Response,
    if_match: Annotated[str | None, Header(description="The version that was seen, as the ETag says it")] = None,
) -> Search:
    """In effect when this answers. What was before is kept under /versions.

    Paused (`enabled: false`) or snoozed (`snoozed_until`) it goes on matching: its alerts are held, listed under
    /v1/deliveries?state=held, and come together as one digest when it is back. With `version` or If-Match the change is
    refused (409, 412) where somebody else made one meanwhile. Answers with a preview where the query was given.
    """
    seen = given.version if given.version is not None else _version_of(if_match)
    fields = changes(given)

    def step(saved: SavedSearch) -> SavedSearch:
        if seen is not None and seen != saved.version:
            words = f"the search is version {saved.version}, not {seen}"
            raise Refusal(412 if given.version is None else 409, "changed", words, hint="read it again, then change it")
        return searches.changed(saved, datetime.now(UTC), author, **fields)

    try:
        saved = await searches.change(context.engine, search_id, step)
    except Invalid as refusal:
        raise refused(refusal) from refusal
    if saved is None:
        raise missing("saved search", search_id)
    endpoint = await endpoints.read(context.engine, saved.endpoint_id) if saved.endpoint_id else None
    response.headers["etag"] = _etag(saved)
    found = await preview_of_saved(context, given.query) if "query" in given.model_fields_set else None
    return shown(saved, endpoint, preview=found)


@router.get("/{search_id}/versions", summary="What a saved search was before", responses=NOT_FOUND)
async def search_versions(context: InContext, search_id: SearchId) -> Versions:
    """The newest first, each with who made it and when."""
    saved, _ = await _saved(context, search_id)
    return Versions(versions=[version(saved), *map(version, saved.versions)])


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


def _etag(saved: SavedSearch) -> str:
    return f'"{saved.version}"'


def _version_of(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    version = if_match.strip().removeprefix("W/").strip('"')
    if not version.isascii() or not version.isdigit():
        raise Refusal(422, "invalid_request", "give the version as the ETag says it", field="if-match")
    return int(version)
