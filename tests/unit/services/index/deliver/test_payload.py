import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.messages import AlertItem, Country, Entity, Figure, SilentFeed, Why
from services.index.deliver.payload import MAX_BYTES, body
from tests.unit.services.index.alerts import EXAMPLE

assert EXAMPLE.item
ITEM = EXAMPLE.item


def with_item(**changes: Any) -> AlertItem:
    return msgspec.structs.replace(ITEM, **changes)


def test_an_ordinary_alert_is_sent_whole() -> None:
    message = json.loads(body(EXAMPLE, "Jamaicans in the mission"))
    assert message["type"] == "news.match"
    assert message["timestamp"] == "2024-09-12T20:00:06.120000Z"
    data = message["data"]
    assert data["search"] == {"id": EXAMPLE.search_id, "name": "Jamaicans in the mission"}
    assert data["item"] == msgspec.to_builtins(ITEM)
    assert data["why"] == [{"clause": "country:JM", "surface": "Jamaica"}]
    assert data["trimmed"] is False


def test_the_bytes_are_the_same_each_time() -> None:
    assert body(EXAMPLE, "x") == body(EXAMPLE, "x")


def test_an_alert_about_no_item_is_sent_too() -> None:
    feed = SilentFeed(
        feed_id="f",
        title="News",
        url="https://news.example/rss",
        silent_since=EXAMPLE.matched_at,
        limit_s=86_400,
        outcome="http_404",
        error=None,
    )
    silent = msgspec.structs.replace(EXAMPLE, kind="silent_feed", search_id=None, item=None, item_id=None, feed=feed)
    message = json.loads(body(silent, None))
    assert (message["type"], message["data"]["item"], message["data"]["search"]) == ("news.silent_feed", None, None)
    assert message["data"]["feed"] == json.loads(msgspec.json.encode(feed))
    endless = msgspec.structs.replace(feed, title="x" * 30_000, error="y" * 30_000)
    cut = body(msgspec.structs.replace(silent, feed=endless), None)
    assert len(cut) < MAX_BYTES
    assert json.loads(cut)["data"]["feed"]["title"] == "x" * 500


def test_a_long_summary_is_shortened_before_any_tag_is_left_out() -> None:
    alert = msgspec.structs.replace(EXAMPLE, item=with_item(summary="é" * 100_000))
    encoded = body(alert, None)
    data = json.loads(encoded)["data"]
    assert len(encoded) < MAX_BYTES
    assert data["trimmed"] is True
    assert data["item"]["summary"].endswith("é…")
    assert data["item"]["countries"] == msgspec.to_builtins(ITEM.countries)
    assert data["links"] == EXAMPLE.links


def test_of_long_lists_the_first_are_kept() -> None:
    entities = [Entity(id=f"person/{n}", type="person", name=f"Person {n}", mentions=1) for n in range(5_000)]
    data = json.loads(body(msgspec.structs.replace(EXAMPLE, item=with_item(entities=entities)), None))["data"]
    assert [entity["id"] for entity in data["item"]["entities"]] == [f"person/{n}" for n in range(50)]


words = st.text(max_size=40)


@given(
    title=words,
    summary=words,
    url=words,
    name=words,
    clause=words,
    subject=words,
    entity=words,
    count=st.integers(0, 300),
    times=st.integers(1, 1_500),
)
def test_no_alert_is_too_large_to_send(
    title: str, summary: str, url: str, name: str, clause: str, subject: str, entity: str, count: int, times: int
) -> None:
    title, summary, url, name, clause, subject = (word * times for word in (title, summary, url, name, clause, subject))
    alert = msgspec.structs.replace(
        EXAMPLE,
        subject=subject,
        trigger=subject,
        story_id=subject,
        why=[Why(clause=clause, surface=clause)],
        links={"item": url, "article": url, "story": "https://news.example/story", "other": url},
        item=with_item(
            title=title,
            summary=summary,
            url=url,
            missions=[entity] * count,
            countries=[Country(code="KE", role="lead", mentions=1)] * count,
            entities=[Entity(id=None, type="person", name=entity, mentions=1)] * count,
            figures=[Figure(kind="arrived", value=1.0, unit=entity, country=None, approximate=False)] * count,
        ),
    )
    encoded = body(alert, name)
    assert len(encoded) < MAX_BYTES
    message = json.loads(encoded)
    assert message["data"]["alert_id"] == EXAMPLE.alert_id
