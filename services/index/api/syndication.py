"""/v1/items.rss, .atom and .json: a search in a feed reader, by API key or by a signed address (feed_links.py)."""

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi import Query as Parameter
from fastapi.security import HTTPAuthorizationCredentials

from services.index import syndicated
from services.index.api import auth, feed_links
from services.index.api.asked import Asked, InAsked, search
from services.index.api.context import Context, InContext
from services.index.api.errors import Refusal
from services.index.syndicated import MEDIA_TYPES, Channel, Form

SHOWN = [
    *("item_id", "url", "title", "summary", "feed_title", "feed_id", "language", "event_at", "indexed_at"),
    *("countries", "entities"),
]


async def granted(
    request: Request,
    context: InContext,
    asked: InAsked,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(auth.BEARER)],
    header: Annotated[str | None, Security(auth.HEADER)],
    token: Annotated[
        str | None, Parameter(max_length=100, description="Of GET /v1/feed-links: instead of a key")
    ] = None,
) -> None:
    """Raises Refusal unless the request has a key, or a token for just this search."""
    if token is None:
        await auth.require_key(request, bearer, header)
    elif not context.vault.is_signed(feed_links.PURPOSE, asked.parameters(), token):
        hint = "take the address from GET /v1/feed-links as it is: it holds for one search only"
        raise Refusal(401, "link_unknown", "this address is not signed by us", hint=hint)


router = APIRouter(prefix="/v1", tags=["feeds of searches"], dependencies=[Depends(granted)])

Size = Annotated[int, Parameter(ge=1, le=200, description="Items in the feed")]


@router.get("/items.rss", summary="A search as RSS 2.0", response_class=Response)
async def rss(request: Request, context: InContext, asked: InAsked, size: Size = 50) -> Response:
    """The latest items of a search, the last indexed first; answers 304 where nothing is new."""
    return await _feed(request, context, asked, size, "rss")


@router.get("/items.atom", summary="A search as Atom", response_class=Response)
async def atom(request: Request, context: InContext, asked: InAsked, size: Size = 50) -> Response:
    """The latest items of a search, the last indexed first; answers 304 where nothing is new."""
    return await _feed(request, context, asked, size, "atom")


@router.get("/items.json", summary="A search as JSON Feed 1.1", response_class=Response)
async def json_feed(request: Request, context: InContext, asked: InAsked, size: Size = 50) -> Response:
    """The latest items of a search, the last indexed first; answers 304 where nothing is new."""
    return await _feed(request, context, asked, size, "json")


async def _feed(request: Request, context: Context, asked: Asked, size: int, form: Form) -> Response:
    body: dict[str, Any] = {
        "size": size,
        "query": asked.query(),
        "sort": [{"indexed_at": "desc"}, {"item_id": "desc"}],
        "_source": SHOWN,
        "track_total_hits": False,
    }
    hits = (await search(context, body))["hits"]["hits"]
    home = context.public_url.rstrip("/")
    parameters = asked.parameters()
    channel = Channel(
        feed_id=f"urn:mss-news-monitor:search:{hashlib.sha256(parameters.encode()).hexdigest()[:32]}",
        title=title(asked),
        home=f"{home}/",
        address=home + feed_links.path(context.vault, asked, form),
        entries=[syndicated.entry(hit["_source"], home) for hit in hits],
    )
    document = syndicated.written(channel, form)
    headers = {
        "etag": f'"{hashlib.sha256(document).hexdigest()[:32]}"',
        "last-modified": format_datetime(channel.updated_at.astimezone(UTC), usegmt=True),
        "cache-control": "private, no-cache",  # kept, and asked for again
    }
    if _is_known(request, headers["etag"], channel.updated_at):
        return Response(status_code=304, headers=headers)
    return Response(document, media_type=f"{MEDIA_TYPES[form]}; charset=utf-8", headers=headers)


def title(asked: Asked) -> str:
    """What the feed is called in a reader."""
    wanted = asked.wanted
    words = [wanted.text, *wanted.countries, *wanted.entities, *wanted.languages]
    words += [f"since {asked.since:%Y-%m-%d}"] if asked.since else []
    words += [f"until {asked.until:%Y-%m-%d}"] if asked.until else []
    return f"News: {', '.join(filter(None, words)) or ('the mission' if wanted.relevant_only else 'everything')}"


def _is_known(request: Request, etag: str, updated_at: datetime) -> bool:
    """RFC 9110, 13.2.2: a validator of the content goes before a date."""
    if given := request.headers.get("if-none-match"):
        return given.strip() == "*" or etag in [word.strip().removeprefix("W/") for word in given.split(",")]
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    return since.tzinfo is not None and updated_at.replace(microsecond=0) <= since
