import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from schemas import codec, identity
from schemas.errors import Transient
from schemas.messages import RawItem
from services.feeds.rules import new_feed
from services.ingest import send_items as module
from services.ingest.formats.parsed_feed import Entry, ParsedFeed
from services.ingest.items import find
from services.ingest.pages.page_text import NotAnArticle, Page
from services.ingest.send_items import MAX_PAGES, send_items
from services.ingest.state_log import new_state
from tests.unit.services.ingest.pages.article_pages import page

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
FEED = msgspec.structs.replace(new_feed("https://news.example/rss", NOW), page_text=True)


def items(*names: str) -> list[RawItem]:
    entries = [
        Entry(
            entry_id=name,
            url=f"https://news.example/{name}",
            title=name,
            summary="",
            text="A teaser.\n",
            authors=[],
            image_url=None,
            published_at=None,
            published_raw=None,
        )
        for name in names
    ]
    parsed = ParsedFeed(title="News", language="en", entries=entries, format="rss20", damaged=None)
    return find(parsed, FEED, new_state(FEED.feed_id, NOW), NOW, "live").items


class FakeWorld:
    """Pages by the last part of their address; one that is not there is asked for and waits for `let_go`."""

    def __init__(self, **pages: Page | Exception) -> None:
        self.pages = pages
        self.sent: list[RawItem] = []
        self.let_go = asyncio.Event()
        self.asked = 0
        self.at_once = 0
        self.most_at_once = 0
        self.broker_is_away = False
        self.told = asyncio.Event()

    async def page(self, url: str) -> Page:
        self.asked += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            name = url.rpartition("/")[2]
            if name not in self.pages:
                await self.let_go.wait()
                return page(f"The late page of {name}.\n")
            answer = self.pages[name]
            if isinstance(answer, Exception):
                raise answer
            return answer
        finally:
            self.at_once -= 1

    async def send(self, topic: str, records: Sequence[tuple[str, bytes]]) -> None:
        if self.broker_is_away:
            raise Transient("broker away")
        self.sent += [codec.decode(value, RawItem) for _, value in records]
        self.told.set()


async def test_without_page_text_no_page_is_asked_for() -> None:
    world = FakeWorld()
    await send_items(msgspec.structs.replace(FEED, page_text=False), items("a", "b"), world)
    assert [(item.title, item.text_source) for item in world.sent] == [("a", "feed"), ("b", "feed")]
    assert world.asked == 0


async def test_an_item_is_sent_as_soon_as_its_page_is_ready() -> None:
    world = FakeWorld(quick=page("All that the quick page says.\n"))
    sending = asyncio.create_task(send_items(FEED, items("slow", "quick"), world))
    await world.told.wait()
    assert [item.title for item in world.sent] == ["quick"]
    world.let_go.set()
    await sending
    assert [(item.title, item.text) for item in world.sent] == [
        ("quick", "All that the quick page says.\n"),
        ("slow", "The late page of slow.\n"),
    ]


async def test_the_hash_is_that_of_what_is_sent() -> None:
    world = FakeWorld(a=page("All that the page says.\n"))
    [before] = items("a")
    await send_items(FEED, [before], world)
    [sent] = world.sent
    assert sent.content_hash == identity.content_hash("a", sent.summary, sent.text, sent.canonical_url)
    assert (sent.item_id, sent.revision, sent.fetched_at) == (before.item_id, before.revision, before.fetched_at)


@pytest.mark.parametrize(
    "answer",
    [
        NotAnArticle("robots", "disallowed"),
        KeyError("a bug in a parser"),
        page(""),
        page("Short.\n"),
        page("Long, but only the beginning of it.\n", withheld="isAccessibleForFree is false"),
    ],
    ids=["no page", "bug", "empty", "shorter", "paywalled"],
)
async def test_what_a_page_does_not_give_the_feed_gives(answer: Page | Exception) -> None:
    world, [before] = FakeWorld(a=answer), items("a")
    await send_items(FEED, [before], world)
    assert world.sent == [before]
    assert before.text_source == "feed"


async def test_a_long_page_is_cut_and_says_so() -> None:
    world = FakeWorld(a=page("x" * 150_000))
    await send_items(FEED, items("a"), world)
    assert (len(world.sent[0].text), world.sent[0].text_truncated) == (100_000, True)


async def test_beyond_the_limit_items_go_with_the_feed_s_text_and_at_once() -> None:
    names = [f"n{number}" for number in range(MAX_PAGES + 3)]
    world = FakeWorld(**{name: page("All that the page says.\n") for name in names})
    await send_items(FEED, items(*names), world)
    assert [item.title for item in world.sent[:3]] == names[-3:]
    assert [item.text_source for item in world.sent].count("page") == world.asked == MAX_PAGES
    assert sorted(item.title for item in world.sent) == sorted(names)
    assert world.most_at_once == module.AT_ONCE


async def test_a_page_that_is_not_ready_in_time_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGES_S", 0.05)
    world, given = FakeWorld(), items("a", "b", "c")
    await send_items(FEED, given, world)
    assert sorted(world.sent, key=lambda item: item.title) == given


async def test_when_the_broker_is_away_the_poll_is_told_and_pages_are_let_go() -> None:
    world = FakeWorld(quick=page("All that the page says.\n"))
    world.broker_is_away = True
    with pytest.raises(Transient):
        await send_items(FEED, items("quick", "slow"), world)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert world.at_once == 0
