"""Links of aggregators lead to the article where that can be told, and say so where it cannot."""

import asyncio
import base64
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import FeedState
from services.ingest import aggregators
from services.ingest.aggregators import Link, link, resolve
from services.ingest.formats.parsed_feed import Entry, ParsedFeed
from services.ingest.state_log import new_state

FRESH = new_state("feed", datetime(2026, 1, 2, tzinfo=UTC))
TARGET = "https://news.example/haiti/port-reopens?id=7"
TWICE = "https%253A%252F%252Fnews.example%252Fhaiti%252Fport-reopens%253Fid%253D7"
ENCODED = "https%3A%2F%2Fnews.example%2Fhaiti%2Fport-reopens%3Fid%3D7"


def token(text: str) -> str:
    """As Google News made them: three bytes, a string with its length, another field."""
    data = b"\x08\x13\x22" + bytes([len(text)]) + text.encode() + b"\xd2\x01\x00"
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize(
    "url",
    [
        f"https://www.google.com/url?rct=j&sa=t&url={ENCODED}&ct=ga&usg=AOvVaw",
        f"https://www.google.co.ke/url?q={ENCODED}&sa=D",
        f"http://news.google.com/news/url?sa=t&fd=R&url={ENCODED}",
        f"http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&tid=1&url={ENCODED}&c=9&mkt=en-us",
        f"https://WWW.BING.COM/news/apiclick.aspx?url={ENCODED}",
        f"https://l.facebook.com/l.php?u={ENCODED}&h=AT0",
        f"https://out.reddit.com/t3_1?url={ENCODED}&token=x",
        f"https://www.youtube.com/redirect?event=x&q={ENCODED}",
        f"https://vk.com/away.php?to={ENCODED}",
        f"https://duckduckgo.com/l/?uddg={ENCODED}",
        f"https://t.umblr.com/redirect?z={ENCODED}&t=x",
        f"https://r.search.yahoo.com/_ylt=x/RV=2/RE=1/RO=10/RU={ENCODED}/RK=2/RS=x-",
        f"https://news.google.com/rss/articles/{token(TARGET)}?oc=5",
        f"https://news.google.com/articles/{token(TARGET)}",
        f"https://www.google.com/url?url=https%3A%2F%2Fwww.bing.com%2Fnews%2Fapiclick.aspx%3Furl%3D{TWICE}",
    ],
)
def test_a_link_that_carries_its_target_leads_there_without_a_request(url: str) -> None:
    assert link(url, {}) == Link("resolved", TARGET)


@pytest.mark.parametrize(
    "url",
    [
        TARGET,
        f"https://news.example/share?url={ENCODED}",
        "https://news.google.com/topstories",
        "https://www.google.com/search?q=haiti",
        "https://www.youtube.com/watch?v=1",
        "https://www.facebook.com/story.php?id=1",
        "https://bit.ly/",
        "https://not-bit.ly/3xYz",
        "https://t.co.example/3xYz",
        "https://evil.example/google.com/url?url=x",
        "https://[broken/",
        "mailto:a@news.example",
    ],
)
def test_any_other_link_is_the_articles_own(url: str) -> None:
    assert link(url, {}) == Link("direct", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://www.google.com/url?url=javascript%3Aalert(1)",
        "https://www.google.com/url?url=https%3A%2F%2Fnews.example%2F",  # a home page is no article
        "https://www.google.com/url?sa=t",
        "https://r.search.yahoo.com/_ylt=x/RU=nothing/RK=2/",
    ],
)
def test_a_target_that_is_no_article_is_not_believed(url: str) -> None:
    assert link(url, {}).url == url


def test_the_present_links_of_google_news_tell_nothing() -> None:
    opaque = f"https://news.google.com/rss/articles/{token('AU_yqLNlZmdzZGZn')}?oc=5&hl=en"
    assert link(opaque, {}) == Link("unresolved", opaque, listing=True)
    assert link("https://news.google.com/rss/articles/CBMi!", {}).kind == "direct"


def parsed(*urls: str | None) -> ParsedFeed:
    entries = [
        Entry(
            entry_id=None,
            url=url,
            title="x",
            summary="",
            text="",
            authors=[],
            image_url=None,
            published_at=None,
            published_raw=None,
        )
        for url in urls
    ]
    return ParsedFeed(title="", language=None, entries=entries, format="rss20", damaged=None)


class Forwarders:
    """Answers as told, and notes who was asked; what it does not know does not answer."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def location(self, url: str) -> str | None:
        self.asked.append(url)
        return self.answers.get(url)


PROXY = "http://feedproxy.google.com/~r/Gazette/~3/x1/"


async def test_a_redirect_tells_once_and_is_remembered() -> None:
    short, own_host = "https://bit.ly/3xYz", "https://feeds.gazette.example/~r/Gazette/~3/x2/"
    world = Forwarders({PROXY: TARGET, short: "https://t.co/q", "https://t.co/q": TARGET, own_host: TARGET})
    document = parsed(PROXY, short, own_host, TARGET, None)
    state = await resolve(document, FRESH, world.location)
    assert {link(url, state.resolved) for url in (PROXY, short, own_host)} == {Link("resolved", TARGET)}
    assert await resolve(document, state, world.location) is state
    assert sorted(world.asked) == sorted([PROXY, short, "https://t.co/q", own_host])
    assert (await resolve(parsed(TARGET), state, world.location)).resolved == {}, "links that are gone are forgotten"


@pytest.mark.parametrize(
    ("answer", "asked_again"),
    [
        ("", False),
        ("https://news.example/", False),
        ("http://%5bbroken/a", False),
        ("https://bit.ly/round", False),
        (None, True),
    ],
)
async def test_a_forwarder_that_does_not_tell_leaves_the_link_unresolved(answer: str | None, asked_again: bool) -> None:
    """An expired link that leads home, one that leads in a circle, and a forwarder that is away."""
    url = "https://bit.ly/round"
    world = Forwarders({} if answer is None else {url: answer})
    state = await resolve(parsed(url), FRESH, world.location)
    assert link(url, state.resolved) == Link("unresolved", url)
    before = len(world.asked)
    await resolve(parsed(url), state, world.location)
    assert (len(world.asked) > before) is asked_again


async def test_google_news_is_never_asked_and_one_document_asks_so_often_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregators, "MAX_ASKED", 3)
    world = Forwarders({})
    await resolve(parsed("https://news.google.com/rss/articles/CBMiAAAA"), FRESH, world.location)
    assert world.asked == []
    await resolve(parsed(*(f"https://bit.ly/{n}" for n in range(9))), FRESH, world.location)
    assert len(world.asked) == 3


async def test_forwarders_that_hang_hold_nothing_up_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregators, "PATIENCE_S", 0.01)

    async def hang(url: str) -> str | None:
        if url.endswith("quick"):
            return TARGET
        await asyncio.Event().wait()
        return None

    state = await resolve(parsed("https://bit.ly/quick", "https://bit.ly/slow"), FRESH, hang)
    assert list(state.resolved.values()) == [TARGET]


async def test_what_a_bug_raises_is_raised() -> None:
    async def broken(url: str) -> str | None:
        raise RuntimeError(url)

    with pytest.raises(RuntimeError):
        await resolve(parsed("https://bit.ly/1"), FRESH, broken)


@given(st.text() | st.text(max_size=40).map("https://www.google.com/url?url=".__add__) | st.text().map(PROXY.__add__))
def test_whatever_a_link_is_it_is_something(url: str) -> None:
    found: Any = link(url, {})
    assert found.kind in ("direct", "resolved", "unresolved")
    assert link(found.url, {}).kind == ("unresolved" if found.kind == "unresolved" else "direct")
    assert isinstance(msgspec.structs.replace(FRESH, resolved={"k": found.url}), FeedState)
