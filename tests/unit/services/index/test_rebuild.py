"""What is copied into a new index is what this version would write."""

from datetime import UTC, datetime

from services.index import merge, searches
from services.index.indices import NEWS, OUTBOX, SEARCHES
from services.index.query import Query
from services.index.rebuild import failed, rebuilt
from services.index.searches import SavedSearch
from tests.unit.services.index.enriched import enriched

NOW = datetime(2026, 4, 1, 12, 30, 1, 5, tzinfo=UTC)


def search(text: str) -> SavedSearch:
    return SavedSearch(search_id="s", name="a", query=Query(text=text), endpoint_id="e", created_at=NOW, updated_at=NOW)


def test_an_item_gets_the_fields_that_follow_from_its_sources_and_keeps_its_time() -> None:
    today = merge.to_stored(merge.merge(None, enriched()), NOW)
    earlier = {name: value for name, value in today.items() if name not in ("country", "event_at")} | {"gone": 1}
    assert rebuilt(NEWS, earlier) == today


def test_a_tombstone_stays_one() -> None:
    grave = merge.Document(item_id="x", sources={}, history=[], takedown=True, takedown_reason="an order")
    assert rebuilt(NEWS, merge.to_stored(grave, NOW)) == merge.to_stored(grave, NOW)


def test_what_cannot_be_read_stays_as_it_is() -> None:
    damaged = {"item_id": "x", "sources": [{"title": 7}], "indexed_at": NOW.isoformat()}
    assert rebuilt(NEWS, damaged) == damaged
    assert rebuilt(NEWS, {}) == {}
    assert rebuilt(OUTBOX, {"state": "held"}) == {"state": "held"}


def test_a_search_gets_the_query_of_its_words() -> None:
    today = searches.document(search("kenya"))
    assert rebuilt(SEARCHES, today | {"query": {"match_all": {}}}) == today


def test_a_search_keeps_its_versions_and_a_new_query_heals_one_that_failed() -> None:
    changed = searches.changed(search("kenya"), NOW, "anna", query=Query(text="jamaica"))
    today = searches.document(changed)
    assert rebuilt(SEARCHES, today) == today
    broken = searches.saved_search(failed(today, "too many clauses"))
    assert len(broken.versions) == 1
    assert searches.changed(broken, NOW, "anna", enabled=False).failure == "too many clauses"
    assert searches.changed(broken, NOW, "anna", query=Query(text="haiti")).failure is None


def test_a_search_that_fails_is_kept_without_a_query_and_heals_when_its_words_are_understood() -> None:
    stored = searches.kept(search('an "open phrase')) | {"query": {"match_all": {}}}
    kept = rebuilt(SEARCHES, stored)
    assert "position 4" in kept["failure"]
    assert "query" not in kept
    assert searches.saved_search(kept).query.text == 'an "open phrase'
    refused = failed(searches.document(search("kenya")), "too many clauses" * 1_000)
    assert len(refused["failure"]) == 1_000
    assert rebuilt(SEARCHES, refused) == searches.document(search("kenya"))
