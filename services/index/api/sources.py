"""/v1/feeds: what is polled. A change is in news.feeds when it is answered, and polled by without a restart."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from schemas import messages
from services.feeds import credentials, rules
from services.feeds.credentials import Credentials
from services.feeds.file import merged, read_feeds, write_opml
from services.index.api import cursor as cursors
from services.index.api.context import Context, InContext
from services.index.api.errors import NOT_FOUND, Refusal, missing
from services.index.api.models import Problem
from services.index.api.source_models import Feed, FeedChange, FeedPage, Imported, Login, NewFeed

router = APIRouter(tags=["feeds"])

FeedId = Annotated[str, Path(max_length=128)]
AWAY: dict[int | str, dict[str, Any]] = {503: {"model": Problem, "description": "The broker does not answer"}}
THERE: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "A feed has this address already"}}
OPML = "text/x-opml"


@router.get("/v1/feeds", summary="What is polled, by title", responses=AWAY)
async def list_feeds(
    context: InContext, size: Annotated[int, Query(ge=1, le=1_000)] = 200, cursor: str | None = None
) -> FeedPage:
    """Paused feeds too. How their polls went is under /v1/feeds/health."""
    feeds = sorted((await context.feeds.feeds()).values(), key=_place)
    after = cursors.decode(cursor, "title", 2) if cursor else None
    rest = [feed for feed in feeds if after is None or _place(feed) > after]
    last = [{"sort": _place(feed)} for feed in rest[:size]]
    following = cursors.encode("title", last, size) if len(rest) > size else None
    return FeedPage(feeds=[_shown(feed) for feed in rest[:size]], total=len(feeds), cursor=following)


@router.post("/v1/feeds", status_code=201, summary="Add a feed", responses=AWAY | THERE)
async def add_feed(context: InContext, given: NewFeed) -> Feed:
    """Its first poll fills the archive and alerts nobody."""
    async with context.feeds.changing:
        known = await context.feeds.feeds()
        if there := rules.find(known, given.url):
            raise _there(there)
        return await _write(context, rules.new_feed(given.url, datetime.now(UTC)), given)


@router.get("/v1/feeds.opml", summary="What is polled as OPML", responses=AWAY, response_class=Response)
async def export_feeds(context: InContext) -> Response:
    """Folders are tags. Credentials are left out."""
    feeds = sorted((await context.feeds.feeds()).values(), key=_place)
    return Response(write_opml(feeds), media_type=OPML)


@router.post(
    "/v1/feeds.opml",
    summary="Add or change the feeds of a list",
    responses=AWAY,
    openapi_extra={"requestBody": {"required": True, "content": {OPML: {"schema": {"type": "string"}}}}},
)
async def import_feeds(context: InContext, request: Request) -> Imported:
    """OPML, or YAML as the command line reads it, in UTF-8. What an entry does not name stays as it is."""
    try:
        text = (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refusal(422, "feeds_file", "the list is not in UTF-8") from None
    entries = read_feeds(text, "the list")
    async with context.feeds.changing:
        known = await context.feeds.feeds()
        feeds = merged(entries, known, context.allowed_hosts, datetime.now(UTC))
        changed = [feed for feed in feeds if feed != known.get(feed.feed_id)]
        await context.feeds.put(changed)
    return Imported(listed=len(feeds), changed=len(changed))


@router.get("/v1/feeds/{feed_id}", summary="One feed", responses=AWAY | NOT_FOUND)
async def get_feed(context: InContext, feed_id: FeedId) -> Feed:
    """As it is polled."""
    return _shown(await _known(context, feed_id))


@router.patch("/v1/feeds/{feed_id}", summary="Change, pause or resume a feed", responses=AWAY | NOT_FOUND | THERE)
async def change_feed(context: InContext, feed_id: FeedId, given: FeedChange) -> Feed:
    """The next poll goes by it, within seconds. What polling learned of the feed stays."""
    async with context.feeds.changing:
        feed = await _known(context, feed_id)
        if given.url and given.url != feed.url:
            if there := rules.find(await context.feeds.feeds(), given.url):
                raise _there(there)
            feed = rules.moved(feed, given.url, datetime.now(UTC))
        return await _write(context, feed, given)


@router.delete("/v1/feeds/{feed_id}", status_code=204, summary="Remove a feed", responses=AWAY | NOT_FOUND)
async def remove_feed(context: InContext, feed_id: FeedId) -> None:
    """Its items stay, and so does what polling learned: adding it again repeats nothing."""
    async with context.feeds.changing:
        await _known(context, feed_id)
        await context.feeds.remove(feed_id)


async def _known(context: Context, feed_id: str) -> messages.Feed:
    feed = (await context.feeds.feeds()).get(feed_id)
    if feed is None:
        raise missing("feed", feed_id)
    return feed


async def _write(context: Context, feed: messages.Feed, given: FeedChange) -> Feed:
    now = datetime.now(UTC)
    said = given.model_dump(exclude_unset=True, exclude={"url", "credentials"})
    said |= {name: empty for name, empty in EMPTY.items() if name in said and said[name] is None}
    after = rules.changed(feed, msgspec.convert(said, rules.Change), now)
    if "credentials" in given.model_fields_set:
        login = given.credentials and _sealed(context, given.credentials)
        after = msgspec.structs.replace(after, credentials=login, updated_at=now)
    for field, words in rules.problems(after, context.allowed_hosts):
        raise Refusal(422, "invalid_request", words, field=field)
    await context.feeds.put([after])
    return _shown(after)


# What null stands for, where it is not None.
EMPTY: dict[str, Any] = {"title": "", "tags": [], "headers": {}, "paused": False, "page_text": False, "http1": False}


def _sealed(context: Context, given: Login) -> str:
    said = Credentials(basic=given.basic, cookie=given.cookie)
    if wrong := credentials.problem(said):
        raise Refusal(422, "invalid_request", wrong, field="credentials")
    return credentials.sealed(said, context.vault)


def _place(feed: messages.Feed) -> list[int | float | str]:
    return [feed.title.casefold(), feed.feed_id]


def _shown(feed: messages.Feed) -> Feed:
    fields = msgspec.structs.asdict(feed)
    return Feed.model_validate(fields | {"id": feed.feed_id, "credentials": feed.credentials is not None})


def _there(feed: messages.Feed) -> Refusal:
    hint = f"change it with PATCH /v1/feeds/{feed.feed_id}"
    return Refusal(409, "feed_exists", f"the feed {feed.feed_id} has this address already", field="url", hint=hint)
