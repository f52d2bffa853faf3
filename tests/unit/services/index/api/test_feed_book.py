"""The API's view of news.feeds, and what /v1/feeds makes of it, without a broker."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from cryptography.fernet import Fernet
from elasticsearch import AsyncElasticsearch

from schemas import codec, topics
from schemas.messages import Feed
from services.engine import Engine
from services.feeds.credentials import login
from services.feeds.rules import new_feed
from services.index.api import auth, feed_book
from services.index.api.app import create_app
from services.index.api.context import Context
from services.index.api.errors import Refusal
from services.index.api.feed_book import FeedBook
from services.kafka import Record
from services.vault import Vault
from tests.eventually import eventually

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ONE = new_feed("https://one.example/rss", NOW, "One")
VAULT = Vault(Fernet.generate_key().decode())


def record(offset: int, key: str, value: bytes | None) -> Record:
    return Record(topics.FEEDS, 0, offset, key.encode(), value, (), 0)


class Topic:
    """A producer whose records are read back at once, or only when the test says so."""

    def __init__(self, book: FeedBook) -> None:
        self.book, self.records, self.read_back = book, list[Record](), True
        book._producer = self  # type: ignore[assignment]
        book._caught_up.set()

    async def send(self, topic: str, key: str, value: bytes | None, *_: Sequence[Any]) -> int:
        self.records.append(record(len(self.records), key, value))
        if self.read_back:
            self.book.take(self.records[-1])
        return len(self.records) - 1

    @property
    def last(self) -> Feed:
        return codec.decode(self.records[-1].value or b"", Feed)


async def test_a_write_returns_when_it_is_read_back() -> None:
    topic = Topic(book := FeedBook())
    topic.read_back = False
    writing = asyncio.create_task(book.put([ONE]))
    await eventually("it is sent", lambda: topic.records)
    assert not writing.done()
    book.take(topic.records[0])
    await writing
    assert await book.feeds() == {ONE.feed_id: ONE}


async def test_a_write_that_is_not_read_back_is_said_to_be_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_book, "PATIENCE_S", 0.01)
    topic = Topic(book := FeedBook())
    topic.read_back = False
    with pytest.raises(Refusal) as refusal:
        await book.put([ONE])
    assert (refusal.value.status, refusal.value.problem.error) == (503, "broker_away")
    with pytest.raises(Refusal):
        await FeedBook().feeds()


async def test_reading_the_topic_again_never_goes_back_in_time() -> None:
    topic = Topic(book := FeedBook())
    await book.put([ONE])
    await book.put([renamed := msgspec.structs.replace(ONE, title="Renamed")])
    book.take(topic.records[0])
    assert await book.feeds() == {ONE.feed_id: renamed}
    await book.remove(ONE.feed_id)
    book.take(topic.records[1])
    assert await book.feeds() == {}


async def test_an_unreadable_record_is_passed_over() -> None:
    Topic(book := FeedBook())
    book.take(record(0, "x", b"nonsense"))
    assert await book.feeds() == {}


@pytest.fixture
def topic() -> Topic:
    return Topic(FeedBook())


@pytest.fixture
async def api(topic: Topic) -> AsyncIterator[httpx.AsyncClient]:
    async with AsyncElasticsearch("http://127.0.0.1:9") as nothing:
        context = Context(Engine(nothing), VAULT, frozenset({"proxy.example"}), topic.book)
        transport = httpx.ASGITransport(create_app(context, auth.known_keys("key")))
        headers = {"x-api-key": "key"}
        async with httpx.AsyncClient(transport=transport, base_url="http://api.example", headers=headers) as client:
            yield client


async def added(api: httpx.AsyncClient, url: str, **fields: Any) -> dict[str, Any]:
    answer = await api.post("/v1/feeds", json={"url": url, **fields})
    assert answer.status_code == 201, answer.text
    feed: dict[str, Any] = answer.json()
    return feed


async def test_a_feed_is_added_changed_paused_and_removed(api: httpx.AsyncClient, topic: Topic) -> None:
    feed = await added(api, "https://one.example/rss", title="One", tags=["a"], http1=True)
    changed = await api.patch(f"/v1/feeds/{feed['id']}", json={"paused": True, "language": "fr"})
    assert changed.status_code == 200
    assert changed.json() == feed | {"paused": True, "language": "fr", "updated_at": changed.json()["updated_at"]}
    assert (topic.last.paused, topic.last.http1, topic.last.tags) == (True, True, ["a"])
    assert (await api.get(f"/v1/feeds/{feed['id']}")).json() == changed.json()
    assert (await api.delete(f"/v1/feeds/{feed['id']}")).status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        answer = await api.request(method, f"/v1/feeds/{feed['id']}", json={})
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


async def test_null_takes_back(api: httpx.AsyncClient, topic: Topic) -> None:
    feed = await added(
        api, "https://one.example/rss", headers={"X-A": "1"}, interval_s=60, paused=True, credentials={"cookie": "a=b"}
    )
    names = ("headers", "interval_s", "paused", "credentials", "title", "tags", "page_text", "http1", "country")
    answer = await api.patch(f"/v1/feeds/{feed['id']}", json=dict.fromkeys(names))
    assert answer.status_code == 200, answer.text
    assert topic.last == msgspec.structs.replace(
        new_feed("https://one.example/rss", NOW), updated_at=topic.last.updated_at
    )


async def test_credentials_go_in_and_never_come_out(
    api: httpx.AsyncClient, topic: Topic, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    feed = await added(api, "https://one.example/rss", credentials={"basic": "reader:hunter2"})
    assert feed["credentials"] is True
    assert topic.last.credentials is not None
    assert login(topic.last.credentials, VAULT)["Authorization"].startswith("Basic ")
    for path in ("/v1/feeds", f"/v1/feeds/{feed['id']}", "/v1/feeds.opml"):
        answer = await api.get(path)
        assert answer.status_code == 200
        assert "hunter2" not in answer.text
        assert topic.last.credentials not in answer.text
    too_long = await api.patch(f"/v1/feeds/{feed['id']}", json={"credentials": {"basic": "hunter2:" * 1_000}})
    assert too_long.status_code == 422
    assert "hunter2" not in too_long.text + caplog.text


async def test_a_new_address_elsewhere_does_not_get_the_old_one_s_credentials(
    api: httpx.AsyncClient, topic: Topic
) -> None:
    feed = await added(api, "https://one.example/rss", credentials={"basic": "reader:hunter2"}, headers={"X-A": "1"})
    await api.patch(f"/v1/feeds/{feed['id']}", json={"url": "https://one.example/new"})
    assert (topic.last.credentials is None, topic.last.headers) == (False, {"X-A": "1"})
    await api.patch(f"/v1/feeds/{feed['id']}", json={"url": "https://thief.example/rss"})
    assert (topic.last.credentials, topic.last.headers, topic.last.feed_id) == (None, {}, feed["id"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://127.0.0.1/rss"}, "url"),
        ({"url": "https://user:hunter2@one.example/"}, "url"),
        ({"url": "https://one.example/rss", "country": "Haiti"}, "country"),
        ({"url": "https://one.example/rss", "interval_s": 0}, "interval_s"),
        ({"url": "https://one.example/rss", "headers": {"Authorization": "hunter2"}}, "headers"),
        ({"url": "https://one.example/rss", "proxy": "http://inner:3128"}, "proxy"),
        ({"url": "https://one.example/rss", "credentials": {"basic": "hunter2"}}, "credentials"),
        ({"url": "https://one.example/rss", "credentials": {}}, "credentials"),
        ({"url": "https://one.example/rss", "feed_id": "x"}, "feed_id"),
    ],
)
async def test_what_cannot_be_polled_is_refused_by_field(
    api: httpx.AsyncClient, topic: Topic, body: dict[str, Any], field: str
) -> None:
    answer = await api.post("/v1/feeds", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "hunter2" not in answer.text
    assert topic.records == []


async def test_an_address_that_is_there_is_refused_with_the_way_to_change_it(api: httpx.AsyncClient) -> None:
    one, two = await added(api, "https://one.example/rss"), await added(api, "https://two.example/rss")
    for answer in (
        await api.post("/v1/feeds", json={"url": "https://one.example/rss"}),
        await api.patch(f"/v1/feeds/{two['id']}", json={"url": "https://one.example/rss"}),
    ):
        assert (answer.status_code, answer.json()["error"]) == (409, "feed_exists")
        assert one["id"] in answer.json()["hint"]


async def test_pages_hold_every_feed_once_by_title(api: httpx.AsyncClient) -> None:
    titles = ["b", "A", "", "c", "C"]
    for number, title in enumerate(titles):
        await added(api, f"https://{number}.example/rss", title=title)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.get("/v1/feeds", params={"size": 2, "cursor": cursor})).json()
        assert page["total"] == 5
        seen += [feed["title"] for feed in page["feeds"]]
        cursor = page["cursor"]
    assert [title.casefold() for title in seen] == sorted(title.casefold() for title in titles)


async def test_an_export_can_be_imported_and_changes_nothing(api: httpx.AsyncClient, topic: Topic) -> None:
    await added(api, "https://one.example/rss", title="One", tags=["Haïti", "Presse"], credentials={"cookie": "a=b"})
    document = (await api.get("/v1/feeds.opml")).content
    before = len(topic.records)
    answer = await api.post("/v1/feeds.opml", content=document)
    assert answer.json() == {"listed": 1, "changed": 0}
    assert len(topic.records) == before
    answer = await api.post("/v1/feeds.opml", content=b"feeds:\n- {url: https://two.example/rss, country: HT}\n")
    assert answer.json() == {"listed": 1, "changed": 1}
    assert topic.last.country == "HT"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<opml><body>\n<outline xmlUrl='http://10.0.0.1/'/></body></opml>", "line 2"),
        (b"feeds:\n- {url: https://one.example/, lang: fr}\n", "line 2"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
async def test_a_list_that_is_wrong_is_refused_with_its_line(
    api: httpx.AsyncClient, topic: Topic, body: bytes, words: str
) -> None:
    answer = await api.post("/v1/feeds.opml", content=body)
    assert (answer.status_code, answer.json()["error"]) == (422, "feeds_file")
    assert words in answer.json()["detail"]
    assert topic.records == []


async def test_a_list_may_be_larger_than_other_bodies(api: httpx.AsyncClient) -> None:
    entries = "\n".join(f"- https://{number}.example/a/rather/long/address/of/a/feed" for number in range(2_000))
    answer = await api.post("/v1/feeds.opml", content=f"feeds:\n{entries}\n")
    assert answer.json() == {"listed": 2_000, "changed": 2_000}
    assert (await api.post("/v1/feeds.opml", content=b"x" * 4_194_305)).status_code == 413


async def test_the_openapi_document_tells_of_all_of_it(api: httpx.AsyncClient) -> None:
    document = (await api.get("/v1/openapi.json")).json()
    assert set(document["paths"]["/v1/feeds"]) == {"get", "post"}
    assert set(document["paths"]["/v1/feeds/{feed_id}"]) == {"get", "patch", "delete"}
    assert "text/x-opml" in document["paths"]["/v1/feeds.opml"]["post"]["requestBody"]["content"]
    assert "409" in document["paths"]["/v1/feeds"]["post"]["responses"]
