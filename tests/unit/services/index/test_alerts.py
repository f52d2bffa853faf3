"""An alert says what was found, why, and is the same alert when it is made again."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from schemas import codec, identity
from schemas.messages import Alert, EnrichedItem, Entity, Origin
from services.index import alerts, merge
from services.index.merge import Document
from services.index.percolate import Match
from services.index.query import Query
from services.index.searches import Every, SavedSearch
from tests.unit.services.index.enriched import FETCHED, enriched

NOW = FETCHED + timedelta(seconds=30)
ITEM = enriched()


def saved(query: Query = Query(), *, every: Every = "story") -> SavedSearch:  # noqa: B008 (frozen)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return SavedSearch(search_id="s", name="S", query=query, endpoint_id="e", created_at=at, updated_at=at, every=every)


def made(
    item: EnrichedItem = ITEM,
    search: SavedSearch | None = None,
    *,
    story: str | None = "a" * 32,
    surfaces: tuple[str, ...] = (),
    now: datetime = NOW,
) -> Alert:
    document = msgspec.structs.replace(merge.merge(None, item), story_id=story)
    [alert] = due(document, item, search or saved(), surfaces=surfaces, now=now)
    return alert


def due(
    document: Document,
    message: EnrichedItem,
    search: SavedSearch,
    *,
    outlets: Mapping[str, int] = {},
    surfaces: tuple[str, ...] = (),
    now: datetime = NOW,
) -> list[Alert]:
    match = Match(message.item_id, search, list(surfaces))
    return alerts.due(match, document, message, now, outlets=outlets, late_s=600, public_url="https://news.example/")


def test_once_per_story() -> None:
    first, copy = made(), made(enriched(url="https://other.example/copy", feed_id="other"))
    assert first.alert_id == copy.alert_id == identity.alert_id("match", "s", "a" * 32, "first")
    assert first.subject == "a" * 32


def test_once_per_item_where_the_search_wants_every_item_or_there_is_no_story() -> None:
    assert made(search=saved(every="item")).subject == ITEM.item_id
    assert made(story=None).subject == ITEM.item_id


def test_a_repeat_is_the_same_alert() -> None:
    assert made().alert_id == made(now=NOW + timedelta(hours=1)).alert_id


def test_a_search_for_growth_is_told_once_a_story_when_enough_outlets_have_it() -> None:
    search = msgspec.structs.replace(saved(every="growth"), outlets=3)
    document = msgspec.structs.replace(merge.merge(None, ITEM), story_id="a" * 32)
    assert due(document, ITEM, search) == due(document, ITEM, search, outlets={"a" * 32: 2}) == []
    [third], [fourth] = (due(document, ITEM, search, outlets={"a" * 32: count}) for count in (3, 4))
    assert third.alert_id == fourth.alert_id == identity.alert_id("growth", "s", "a" * 32, "outlets:3")
    assert (third.kind, third.why[-1].clause, third.why[-1].surface) == ("growth", "outlets:3", "3 outlets")


def test_a_search_for_revisions_is_told_again_of_each_changed_text_and_not_of_the_same_one() -> None:
    changed = enriched(text="Another text altogether.", revision=ITEM.revision + 1, feed_title="The Feed")
    again = msgspec.structs.replace(ITEM, revision=ITEM.revision + 2)  # ingest died, and sends what it had sent
    first = merge.merge(None, ITEM)
    revised = merge.merge(first, changed)
    search = saved(every="revision")
    assert [alert.kind for alert in due(first, ITEM, search)] == ["match"]
    assert [alert.kind for alert in due(merge.merge(first, again), again, search)] == ["match"]
    match, revision = due(revised, changed, search)
    assert match.alert_id == due(first, ITEM, search)[0].alert_id
    assert (revision.kind, revision.subject, revision.trigger) == ("revision", ITEM.item_id, changed.content_hash)
    assert revision.alert_id == due(merge.merge(revised, changed), changed, search)[1].alert_id
    assert [alert.kind for alert in due(revised, changed, saved())] == ["match"]


@pytest.mark.parametrize(("origin", "told"), [("live", True), ("late", True), ("first_poll", False), ("import", False)])
def test_what_fills_the_archive_alerts_nobody(origin: Origin, told: bool) -> None:
    assert alerts.is_told(enriched(origin=origin)) is told


@pytest.mark.parametrize(
    ("origin", "age", "late"),
    [("live", timedelta(seconds=600), False), ("live", timedelta(seconds=601), True), ("late", timedelta(0), True)],
)
def test_late_is_said(origin: Origin, age: timedelta, late: bool) -> None:
    assert made(enriched(origin=origin), now=FETCHED + age).late is late


def test_links_lead_to_the_item_and_to_the_article() -> None:
    assert made().links == {
        "item": f"https://news.example/#item={ITEM.item_id}",
        "article": "https://news.example/kenya-arrives",
    }
    assert made(msgspec.structs.replace(ITEM, url=None)).links.keys() == {"item"}


def test_the_reasons_name_each_part_of_the_search_and_the_words_that_it_met() -> None:
    query = Query(
        text="officers ", countries=["KE", "HT", "JM"], entities=["place/port-au-prince", "person/x"], languages=["en"]
    )
    reasons = [(why.clause, why.surface) for why in made(search=saved(query), surfaces=("officers",)).why]
    assert reasons == [
        ("text:officers", "officers"),
        ("country:KE", "Kenyan"),
        ("country:HT", None),
        ("entity:place/port-au-prince", "Port-au-Prince"),
        ("language:en", None),
        ("relevant", None),
    ]


def test_there_is_always_a_reason() -> None:
    assert [why.clause for why in made(search=saved(Query(text="gang*"))).why] == ["text:gang*", "relevant"]
    assert [why.clause for why in made(search=saved(Query(relevant_only=False))).why] == ["every item"]


def test_the_trace_of_the_message_is_carried() -> None:
    assert made().trace_id == ITEM.trace_id


def test_an_alert_stays_small_whatever_the_item_holds() -> None:
    names = [Entity(id=None, type="person", name=f"Person {n}", mentions=n) for n in range(5_000)]
    huge = made(enriched(title="t" * 100_000, summary="s" * 100_000, entities=names))
    assert len(codec.encode(huge)) < 50_000
    assert huge.item
    assert huge.item.entities[0].name == "Person 4999"
    assert huge.item.summary.endswith("…")
