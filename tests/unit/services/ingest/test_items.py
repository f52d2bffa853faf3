from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.messages import FeedState, RawItem, Seen
from services.ingest import items
from services.ingest.items import MAX_TEXT, REMEMBERED, Found, find, new_feed, origin_of
from services.ingest.parse import Entry, ParsedFeed
from services.ingest.state_log import new_state

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
MS = int(NOW.timestamp() * 1000)
FEED = new_feed("https://news.example/rss", NOW)
FRESH = new_state(FEED.feed_id, NOW)


def entry(number: int = 1, **fields: Any) -> Entry:
    given: dict[str, Any] = {
        "entry_id": f"id-{number}",
        "url": f"https://news.example/{number}?utm_source=rss",
        "title": f"Title {number}",
        "summary": "",
        "text": f"Text {number}",
        "authors": [],
        "image_url": None,
        "published_at": None,
        "published_raw": None,
    }
    return Entry(**given | fields)


def found(*entries: Entry, state: FeedState = FRESH, at: datetime = NOW) -> Found:
    parsed = ParsedFeed(title="News", language="en", entries=list(entries), format="rss20", damaged=None)
    return find(parsed, FEED, state, at, "live")


def after(state: FeedState, result: Found) -> FeedState:
    return msgspec.structs.replace(state, seen=result.seen)


def test_new_items_are_found_once() -> None:
    first = found(entry(1), entry(2))
    assert [item.title for item in first.items] == ["Title 1", "Title 2"]
    assert found(entry(1), entry(2), state=after(FRESH, first)).items == []


def test_an_edited_item_is_a_revision_of_the_same_id() -> None:
    first = found(entry(1))
    second = found(entry(1, title="Corrected"), state=after(FRESH, first), at=NOW + timedelta(seconds=5))
    assert [item.item_id for item in second.items] == [item.item_id for item in first.items]
    assert (first.items[0].revision, second.items[0].revision) == (MS, MS + 5000)
    assert second.revised == 1


def test_a_revision_rises_also_when_the_clock_does_not() -> None:
    first = found(entry(1))
    second = found(entry(1, title="Corrected"), state=after(FRESH, first), at=NOW - timedelta(hours=1))
    assert second.items[0].revision == MS + 1


def test_a_changed_tracking_parameter_or_entry_id_is_no_news() -> None:
    state = after(FRESH, found(entry(1)))
    assert found(entry(1, entry_id="another", url="https://news.example/1?utm_source=other"), state=state).items == []


def test_an_item_that_stands_twice_in_a_document_counts_once() -> None:
    result = found(entry(1), entry(1, title="The same link again"))
    assert [item.title for item in result.items] == ["Title 1"]


def test_an_entry_without_a_link_is_its_id_in_its_feed() -> None:
    assert len(found(entry(1, url=None), entry(2, url=None)).items) == 2


def test_an_entry_without_link_and_id_is_its_words() -> None:
    state = after(FRESH, found(entry(1, url=None, entry_id=None)))
    assert found(entry(1, url=None, entry_id=None), state=state).items == []


def test_an_item_that_rolled_off_and_came_back_is_no_news() -> None:
    state = after(FRESH, found(entry(1)))
    state = after(state, found(entry(2), state=state))
    assert found(entry(1), state=state).items == []


def test_what_is_remembered_is_bounded_and_the_newest_stay() -> None:
    old = {f"{n:032x}": Seen(content_hash="0" * 32, revision=n + 1) for n in range(REMEMBERED + 50)}
    seen = found(entry(1), state=msgspec.structs.replace(FRESH, seen=old)).seen
    assert len(seen) == REMEMBERED + 1
    assert f"{49:032x}" not in seen
    assert f"{50:032x}" in seen


def test_long_text_is_cut_and_says_so() -> None:
    [item] = found(entry(1, text="x" * (MAX_TEXT + 1))).items
    assert (len(item.text), item.text_truncated) == (MAX_TEXT, True)


def test_a_first_document_fills_the_archive_and_a_long_failure_makes_late() -> None:
    polled = msgspec.structs.replace(FRESH, first_polled_at=NOW)
    failing = msgspec.structs.replace(polled, failing_since=NOW - timedelta(hours=2))
    assert [origin_of(state, NOW) for state in (FRESH, polled, failing)] == ["first_poll", "live", "late"]


def test_what_was_published_while_nobody_polled_is_late_and_what_is_fresh_is_not() -> None:
    old = entry(1, published_at=NOW - timedelta(hours=3))
    fresh, undated = entry(2, published_at=NOW - timedelta(minutes=2)), entry(3)
    parsed = ParsedFeed(title="", language=None, entries=[old, fresh, undated], format="x", damaged=None)
    resumed = find(parsed, FEED, FRESH, NOW, "live", resumed=True)
    assert [item.origin for item in resumed.items] == ["late", "live", "live"]
    assert {item.origin for item in find(parsed, FEED, FRESH, NOW, "live").items} == {"live"}
    assert {item.origin for item in find(parsed, FEED, FRESH, NOW, "first_poll", resumed=True).items} == {"first_poll"}


texts = st.text(max_size=50)


@given(
    st.lists(
        st.builds(
            entry,
            st.integers(0, 5),
            title=texts,
            text=texts,
            url=st.none() | st.text(max_size=30).map("https://news.example/".__add__) | texts,
            entry_id=st.none() | texts,
            authors=st.lists(texts, max_size=30),
            published_raw=st.none() | texts,
        ),
        max_size=8,
    )
)
def test_whatever_a_feed_holds_is_a_message_and_is_found_once(entries: list[Entry]) -> None:
    first = found(*entries)
    for item in first.items:
        assert codec.decode(codec.encode(item), RawItem) == item
    assert found(*entries, state=after(FRESH, first)).items == []
    assert (
        items.find(
            ParsedFeed(title="", language=None, entries=entries, format="x", damaged=None), FEED, FRESH, NOW, "live"
        ).seen
        == first.seen
    )
