import httpx
import pytest

from services.ingest.fetching.fetch import Document
from services.ingest.formats.parse import NotAFeed, parse
from services.ingest.sources.discover import COMMON_PATHS, MAX_TRIED, by_custom, discover, hinted, linked
from services.ingest.sources.trial import Trial
from tests.unit.services.ingest.fetching.test_fetch import NOW

HOME = "https://vigie.example/"
RSS = b"<rss version='2.0'><channel><title>Vigie</title><item><title>One</title></item></channel></rss>"


class Site:
    """path -> body; what is asked for is noted."""

    def __init__(self, **bodies: bytes) -> None:
        self.bodies, self.asked = bodies, list[str]()

    async def attempt(self, url: str) -> Trial:
        self.asked.append(url)
        body = self.bodies.get(url.removeprefix(HOME))
        if body is None:
            return Trial(asked=url, url=url, kind="http_404", status=404)
        document = Document(
            body=body,
            content_type=None,
            status=200,
            url=url,
            moved_to=None,
            etag=None,
            last_modified=None,
            arrived_at=NOW,
        )
        try:
            return Trial(asked=url, url=url, kind="ok", document=document, parsed=parse(body, None, url))
        except NotAFeed as error:
            return Trial(asked=url, url=url, kind=error.kind, detail=error.detail, document=document)


def site(bodies: dict[str, bytes]) -> Site:
    made = Site()
    made.bodies = bodies
    return made


async def test_a_site_that_links_its_feeds_is_asked_for_those_alone() -> None:
    page = b"""<html><head><LINK href='/rss' type="application/rss+xml; charset=utf-8" rel='alternate nofollow'>
      <link rel=alternate type=application/atom+xml href=atom.xml><link rel=stylesheet href=/feed.css></head>
      <a href="/other-rss">RSS</a></html>"""
    visited = site({"": page, "rss": RSS, "atom.xml": b"<html>gone</html>"})
    found = await discover(HOME, visited.attempt)
    assert [trial.url for trial in found.feeds] == [f"{HOME}rss"]
    assert visited.asked == [HOME, f"{HOME}rss", f"{HOME}atom.xml"]


async def test_where_nothing_is_linked_links_that_look_like_feeds_are_tried_then_custom() -> None:
    visited = site({"": b"<html><a href='/flux/rss.php?id=1&amp;x=2'>Suivre</a><a href=/about>x</a>", "feed/": RSS})
    found = await discover(HOME, visited.attempt)
    assert [trial.url for trial in found.feeds] == [f"{HOME}feed/"]
    assert visited.asked[:3] == [HOME, f"{HOME}flux/rss.php?id=1&x=2", f"{HOME}feed/"]


async def test_the_address_of_a_feed_is_found_too_and_nothing_else_asked() -> None:
    visited = site({"": RSS})
    assert [trial.url for trial in (await discover(HOME, visited.attempt)).feeds] == [HOME]
    assert visited.asked == [HOME]


async def test_a_site_full_of_false_hints_is_left_alone_after_a_while() -> None:
    links = "".join(f"<a href='/rss/{n}'>x</a>" for n in range(500))
    visited = site({"": f"<html>{links}</html>".encode()})
    found = await discover(HOME, visited.attempt)
    assert (found.feeds, len(visited.asked)) == ([], MAX_TRIED + 1)


def test_links_are_absolute_each_once_and_comments_last() -> None:
    html = (
        "<base href='/fr/'><link rel=alternate type=application/rss+xml href=comments/feed>"
        "<link rel=alternate type=application/rss+xml href=feed>"
        "<link rel=alternate type=application/rss+xml href=feed#x>"
        "<link rel=alternate type=application/rss+xml href='javascript:x'>"
        "<link rel=alternate type=application/rss+xml href='http://[bad/'>"
    )
    assert linked(html, HOME) == [f"{HOME}fr/feed", f"{HOME}fr/comments/feed"]


def test_hints_to_other_sites_are_not_followed() -> None:
    html = (
        "<a href='https://other.example/rss'></a><a href='https://feeds.vigie.example/rss'></a><a href=/feedback></a>"
    )
    assert hinted(html, HOME) == ["https://feeds.vigie.example/rss"]


@pytest.mark.parametrize("path", [path for path, _ in COMMON_PATHS])
def test_customary_paths_are_addresses_of_the_site(path: str) -> None:
    assert httpx.URL(HOME).join(path) in [httpx.URL(url) for url in by_custom(f"{HOME}some/page")]
