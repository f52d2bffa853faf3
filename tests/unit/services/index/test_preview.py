"""A preview says how much a search finds, and when that is too much."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.index import preview
from services.index.query import Query
from services.index.query_language import Misread
from services.index.searches import Every

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def answer(items: int, stories: int, could: int, days: dict[str, int]) -> dict[str, Any]:
    return {
        "hits": {"total": {"value": items}, "hits": [{"_source": {"item_id": "1"}}]},
        "aggregations": {
            "days": {"buckets": [{"key_as_string": day, "doc_count": count} for day, count in days.items()]},
            "stories": {"value": stories},
            "alone": {"doc_count": 0},
            "all": {"could": {"doc_count": could}},
        },
    }


@pytest.mark.parametrize(
    ("items", "stories", "could", "every", "words"),
    [
        (20, 10, 1000, "story", None),
        (600, 400, 5000, "story", None),
        (630, 630, 5000, "story", "60 alerts a day"),
        (630, 100, 5000, "item", "60 alerts a day"),
        (60, 60, 100, "story", "60% of the items"),
        (9, 9, 10, "story", None),
    ],
)
def test_it_warns_of_what_nobody_reads(items: int, stories: int, could: int, every: Every, words: str | None) -> None:
    found = preview.preview(answer(items, stories, could, {"2026-03-01": 0, "2026-03-21": items}), every, NOW)
    assert (found.items, found.stories) == (items, stories)
    assert words in found.warning if words and found.warning else found.warning is words
    assert found.a_day == pytest.approx((items if every == "item" else stories) / 10.5, abs=0.1)


def test_it_looks_at_what_the_search_could_have_matched() -> None:
    body = preview.body(Query(text="kenya"), NOW, ["title"])
    could = body["aggs"]["all"]["aggs"]["could"]["filter"]["bool"]["filter"]
    assert {"term": {"relevant": True}} in could
    assert "2026-03-01T12:00:00+00:00" in str(could)
    assert body["aggs"]["days"]["date_histogram"]["extended_bounds"] == {"min": "2026-03-01", "max": "2026-03-31"}


def test_what_cannot_be_saved_cannot_be_previewed() -> None:
    with pytest.raises(Misread, match="new items only"):
        preview.body(Query(text="kenya since:7d"), NOW, [])
