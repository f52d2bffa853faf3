"""The demo's feeds over HTTP: a small application, and its clock."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from deploy.demo import render
from deploy.demo.articles import Feed, Run, visible


class Timeline:
    """The run's clock: live articles appear after go_live()."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self.run = Run(started=now())

    def go_live(self) -> None:
        self.run = msgspec.structs.replace(self.run, live_from=self.now())


def application(feeds: Sequence[Feed], timeline: Timeline, base_url: str) -> Starlette:
    """The feeds at /FEED/feed.xml or .json, their articles at /FEED/SLUG, a list of feeds at /."""
    by_id = {feed.id: feed for feed in feeds}

    async def index(_request: Request) -> Response:
        return HTMLResponse(render.index(feeds, base_url))

    async def article_or_feed(request: Request) -> Response:
        feed, name = by_id.get(request.path_params["feed"]), request.path_params["name"]
        if feed is None:
            return _not_found(request)
        if render.feed_url("", feed) == f"/{feed.id}/{name}":
            return _feed(request, feed)
        for entry in visible(feed, timeline.run, timeline.now()):
            if entry.slug == name:
                return HTMLResponse(render.page(feed, entry))
        return _not_found(request)

    def _feed(request: Request, feed: Feed) -> Response:
        rendered = render.render(feed, timeline.run, base_url, timeline.now())
        validators = {"ETag": rendered.etag, "Last-Modified": rendered.last_modified}
        if render.not_modified(
            rendered, request.headers.get("if-none-match"), request.headers.get("if-modified-since")
        ):
            return Response(status_code=304, headers=validators)
        return Response(rendered.body, headers={**validators, "Content-Type": rendered.content_type})

    def _not_found(request: Request) -> Response:
        return PlainTextResponse(f"nothing at {request.url.path}\n", status_code=404)

    return Starlette(routes=[Route("/", index), Route("/{feed}/{name}", article_or_feed)])
