"""Saved searches keep what they were, and say when they are silent."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.index import searches
from services.index.query import Query
from services.index.searches import VERSIONS_KEPT, SavedSearch

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SEARCH = SavedSearch(
    search_id="s", name="S", query=Query(text="kenya"), endpoint_id="e", created_at=NOW, updated_at=NOW, labels=["a"]
)
LATER = NOW + timedelta(hours=1)


def test_a_change_is_a_version_and_the_one_before_is_kept_with_who_made_it() -> None:
    once = searches.changed(SEARCH, LATER, "anna", query=Query(text="jamaica"), labels=[])
    twice = searches.changed(once, LATER + timedelta(hours=1), "ben", enabled=False)
    assert (twice.version, twice.updated_by, twice.enabled, twice.query.text) == (3, "ben", False, "jamaica")
    assert [(one.version, one.query.text, one.updated_by) for one in twice.versions] == [
        (2, "jamaica", "anna"),
        (1, "kenya", None),
    ]


def test_what_changes_nothing_is_no_version() -> None:
    assert searches.changed(SEARCH, LATER, "anna", name="S", query=Query(text="kenya")) is SEARCH


def test_the_latest_versions_are_kept() -> None:
    saved = SEARCH
    for number in range(VERSIONS_KEPT + 5):
        saved = searches.changed(saved, LATER, None, name=str(number))
    assert len(saved.versions) == VERSIONS_KEPT
    assert saved.versions[0].version == saved.version - 1


def test_a_search_survives_the_trip_through_the_engine_and_matching_does_not_read_its_versions() -> None:
    saved = searches.changed(SEARCH, LATER, "anna", snoozed_until=LATER, every="growth", outlets=7, owner="desk")
    stored = msgspec.json.decode(msgspec.json.encode(searches.document(saved)))
    assert searches.saved_search(stored) == saved
    del stored["versions"]
    assert searches.saved_search(stored) == msgspec.structs.replace(saved, versions=[])


@pytest.mark.parametrize(("every_item", "every"), [(True, "item"), (False, "story")])
def test_one_that_was_saved_earlier_is_read(every_item: bool, every: str) -> None:
    stored = msgspec.to_builtins(searches.document(SEARCH))
    for later in ("every", "outlets", "labels", "owner", "version", "snoozed_until", "updated_by"):
        del stored["search"][later]
    del stored["versions"]
    stored["search"]["every_item"] = every_item
    assert searches.saved_search(stored) == msgspec.structs.replace(SEARCH, every=every, labels=[])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"enabled": False}, "paused"),
        ({"snoozed_until": LATER}, "snoozed until 2026-03-01 01:00 UTC"),
        ({"snoozed_until": NOW}, None),
    ],
)
def test_a_search_is_silent_while_paused_or_snoozed(changes: dict[str, object], words: str | None) -> None:
    reason = searches.changed(SEARCH, NOW, None, **changes).silence(NOW)
    assert words in reason if reason and words else reason is words
