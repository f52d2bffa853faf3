from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.messages import FeedState, RawItem, Seen
from services.feeds.rules import new_feed
from services.ingest import items
from services.ingest.formats.parse import Entry, ParsedFeed
from services.ingest.items import MAX_TEXT, REMEMBERED, Found, find, origin_of
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


LATER = NOW + timedelta(minutes=5)


def polled(*documents: list[Entry], state: FeedState = FRESH) -> list[list[RawItem]]:
    """What each of the documents brings, one after the other, a minute apart."""
    brought = []
    for minute, entries in enumerate(documents):
        result = found(*entries, state=state, at=NOW + timedelta(minutes=minute))
        brought.append(result.items)
        state = after(state, result)
    return brought


def titles(brought: list[list[RawItem]]) -> list[list[str]]:
    return [[item.title for item in items] for items in brought]


def test_a_changed_link_of_the_same_entry_is_a_revision_and_the_item_stays_known_by_it() -> None:
    moved, edited = entry(1, url="https://news.example/moved"), entry(1, url="https://news.example/moved", title="New")
    first, second, third, fourth = polled([entry(1)], [moved], [moved], [edited])
    assert [item.item_id for item in second + fourth] == [first[0].item_id] * 2
    assert second[0].canonical_url == "https://news.example/moved"
    assert third == []


def test_a_link_that_changes_without_an_id_is_the_same_item_where_title_and_date_are() -> None:
    dated = [entry(1, entry_id=None, url=f"https://news.example/1?visit={n}", published_at=NOW) for n in range(3)]
    first, *more = polled(*([one] for one in dated))
    assert {item.item_id for items in more for item in items} == {first[0].item_id}


def test_an_entry_id_that_is_reused_for_another_item_makes_another_item() -> None:
    reused = entry(1, url="https://news.example/2", title="Another", published_at=LATER)
    again = entry(1, url="https://news.example/3", title="Title 1", published_at=LATER)  # a title that returns daily
    brought = polled([entry(1, published_at=NOW)], [reused], [again])
    assert len({item.item_id for items in brought for item in items}) == 3


def test_an_entry_id_that_all_entries_share_hides_none() -> None:
    entries = [entry(n, entry_id="same") for n in range(4)]
    unlinked = [entry(n, entry_id="same", url=None) for n in range(4)]
    for document in (entries, unlinked):
        brought = polled(document, document[::-1], document[2:], document)
        assert titles(brought) == [[f"Title {n}" for n in range(4)], [], [], []]
        assert len({item.item_id for item in brought[0]}) == 4


def test_a_link_that_several_entries_share_hides_none() -> None:
    entries = [entry(n, url="https://news.example/releases") for n in range(4)]
    anchors = [entry(n, url=f"https://news.example/releases#{n}", entry_id=None) for n in range(4)]
    for document in (entries, anchors):
        brought = polled(document[:3], document[::-1][:3], document)
        assert titles(brought) == [["Title 0", "Title 1", "Title 2"], ["Title 3"], []]
        assert len({item.item_id for items in brought for item in items}) == 4


def test_flapping_entry_ids_and_an_edit_at_once_are_one_item() -> None:
    brought = polled([entry(1, entry_id="a")], [entry(1, entry_id="b", title="Edited")], [entry(1, entry_id="a")])
    assert titles(brought) == [["Title 1"], ["Edited"], ["Title 1"]]
    assert len({item.item_id for items in brought for item in items}) == 1


def test_without_a_link_an_edited_headline_is_a_revision_and_another_date_another_item() -> None:
    first, edited, other = polled(
        [entry(1, url=None, published_at=NOW)],
        [entry(1, url=None, published_at=NOW, title="Edited")],
        [entry(1, url=None, published_at=LATER, title="Another")],
    )
    assert edited[0].item_id == first[0].item_id != other[0].item_id


def test_a_link_that_an_old_item_left_is_a_new_items() -> None:
    moved = entry(1, url="https://news.example/moved")
    newcomer = entry(2, url="https://news.example/1")
    first, _, third = polled([entry(1)], [moved], [moved, newcomer])
    assert [item.title for item in third] == ["Title 2"]
    assert third[0].item_id != first[0].item_id


def opaque(poll: int, title: str = "Port reopens - The Gazette", source: str | None = "The Gazette", **f: Any) -> Entry:
    """An entry of Google News, whose link, id and summary are others at every poll."""
    url = f"https://news.google.com/rss/articles/CBMiQVVfeXFM{poll:04}?oc=5"
    return entry(
        entry_id=f"CBMi{poll}", url=url, title=title, summary=f"around {poll}", text="", source_title=source, **f
    )


@pytest.mark.parametrize("published_at", [NOW, None])
def test_an_aggregators_item_whose_link_and_id_change_at_every_poll_is_one(published_at: datetime | None) -> None:
    brought = polled(*([opaque(poll, published_at=published_at)] for poll in range(20)))
    assert titles(brought) == [["Port reopens - The Gazette"], *([[]] * 19)]
    [item] = brought[0]
    assert (item.link, item.canonical_url) == ("unresolved", None)
    assert item.url is not None


def test_an_aggregators_item_is_told_by_title_source_and_week() -> None:
    one = opaque(0, published_at=NOW)
    brought = polled(
        [one],
        [one, opaque(1, source="Another Paper", published_at=NOW)],
        [opaque(2, title="PORT  re-opens?", published_at=NOW)],
        [opaque(3, published_at=NOW + timedelta(days=7))],
        [opaque(4, title="Port reopens", published_at=NOW + timedelta(days=14))],
        [opaque(5, published_at=NOW + timedelta(days=22))],
    )
    assert [len(items) for items in brought] == [1, 1, 1, 0, 1, 1]
    assert brought[4][0].item_id == brought[0][0].item_id, "an edited end of the title: a revision"
    assert brought[5][0].item_id != brought[0][0].item_id, "the same title eight days later"


def test_another_feed_of_the_aggregator_has_its_own_item() -> None:
    parsed = ParsedFeed(title="", language=None, entries=[opaque(1)], format="rss20", damaged=None)
    feeds = [FEED, new_feed("https://news.google.com/rss/search?q=haiti", NOW)]
    ids = {find(parsed, feed, FRESH, NOW, "live").items[0].item_id for feed in feeds}
    assert len(ids) == 2


def test_an_aggregators_item_that_could_be_resolved_later_stays_one_item() -> None:
    short, article = "https://bit.ly/3xYz", "https://gazette.example/port"
    unresolved = [entry(1, url=short, source_title="The Gazette")]
    resolved = [entry(1, url=f"https://www.google.com/url?url={article}", source_title="The Gazette")]
    first, second, third = polled(unresolved, resolved, unresolved)
    assert (first[0].link, second[0].link) == ("unresolved", "resolved")
    assert second[0].url == second[0].canonical_url == article
    assert len({item.item_id for item in first + second + third}) == 1


def test_a_resolved_link_is_the_articles_item_whichever_feed_it_comes_from() -> None:
    direct = found(entry(1, url="https://gazette.example/port")).items[0]
    resolved = found(entry(2, url="https://www.google.com/url?url=https://gazette.example/port?utm_source=x")).items[0]
    assert (resolved.item_id, resolved.link) == (direct.item_id, "resolved")


class Article(msgspec.Struct):
    """An article of the made-up publisher below, and what became of it.

    Of one kind the link moves; of another the entry id flaps and the headline is edited; the third has no link.
    """

    number: int
    kind: str
    edits: int = 0
    headlines: int = 0
    moves: int = 0

    def as_entry(self, flap: int) -> Entry:
        return entry(
            self.number,
            entry_id=f"id-{self.number}" + (f"-{flap}" if self.kind == "flaps" else ""),
            url=None if self.kind == "unlinked" else f"https://news.example/{self.number}/{self.moves}?utm_id={flap}",
            title=f"Title {self.number % 3}" + " (updated)" * self.headlines,
            text=f"{self.number} {self.edits}",
            published_at=NOW - timedelta(hours=self.number),
        )

    def change(self, what: str) -> None:
        if what == "edit":
            self.edits += 1
        elif what and self.kind == "moves":
            self.moves += 1
        elif what:
            self.headlines += 1


@given(st.data())
def test_each_published_article_is_told_once_and_again_only_when_it_changed(data: st.DataObject) -> None:
    """A publisher who shuffles, drops, repeats, edits and moves articles, and whose ids and tracking flap."""
    kinds = st.sampled_from(["moves", "flaps", "unlinked"])
    articles = [Article(n, data.draw(kinds)) for n in range(6)]
    told: dict[int, Article] = {}  # each as it was told last
    ids: dict[int, str] = {}
    state = FRESH
    for poll in range(data.draw(st.integers(1, 8))):
        for article in articles:
            article.change(data.draw(st.sampled_from(["", "", "edit", "other"])))
        shown = data.draw(st.lists(st.sampled_from(articles), max_size=8))
        flaps = data.draw(st.lists(st.integers(0, 2), min_size=len(shown), max_size=len(shown)))
        result = found(
            *(article.as_entry(flap) for article, flap in zip(shown, flaps, strict=True)),
            state=state,
            at=NOW + timedelta(minutes=poll),
        )
        state = after(state, result)
        expected = {one.number: msgspec.structs.replace(one) for one in shown if told.get(one.number) != one}
        numbers = [int(item.text.split()[0]) for item in result.items]
        assert sorted(numbers) == sorted(expected)
        for number, item in zip(numbers, result.items, strict=True):
            assert ids.setdefault(number, item.item_id) == item.item_id
        told |= expected
    assert len(set(ids.values())) == len(ids)


texts = st.text(max_size=50)
LINKS = ["https://news.example/", "https://bit.ly/1", "https://news.google.com/rss/articles/CBMiAAAA"]


@given(
    st.lists(
        st.builds(
            entry,
            st.integers(0, 5),
            title=texts,
            text=texts,
            url=st.none() | st.text(max_size=30).map("https://news.example/".__add__) | texts | st.sampled_from(LINKS),
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
