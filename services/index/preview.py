"""What a search would have matched lately, and whether that is more than anybody reads. Pure."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec

from services.index.query import Query, engine_query
from services.index.searches import Every

DAYS: Final = 30
EXAMPLES: Final = 10
WIDE_A_DAY: Final = 50  # calls, before threads and digests take some together
WIDE_SHARE: Final = 0.5  # of the items that it could match
ENOUGH: Final = 100  # items, to speak of a share


class Preview(msgspec.Struct, kw_only=True, frozen=True):
    """items, stories: that it matches since `since`. share: of all items that it could. a_day: calls, at that rate."""

    since: datetime
    items: int
    stories: int
    share: float
    a_day: float
    days: list[tuple[date, int]]
    examples: list[dict[str, Any]]
    warning: str | None


def body(query: Query, now: datetime, shown: Sequence[str]) -> dict[str, Any]:
    """Return the search of the index. shown: fields of the examples. Raises Invalid as for a saved search."""
    engine_query(query, standing=True)  # what cannot be saved is not previewed
    since = now - timedelta(days=DAYS)
    bounds = {"min": since.date().isoformat(), "max": now.date().isoformat()}
    could: list[dict[str, Any]] = [{"range": {"event_at": {"gte": since.isoformat()}}}]
    if query.relevant_only:
        could.append({"term": {"relevant": True}})
    return {
        "size": EXAMPLES,
        "query": engine_query(query, since=since),
        "sort": [{"event_at": "desc"}, {"item_id": "desc"}],
        "_source": list(shown),
        "track_total_hits": True,
        "aggs": {
            "days": {
                "date_histogram": {
                    "field": "event_at",
                    "calendar_interval": "day",
                    "min_doc_count": 0,
                    "extended_bounds": bounds,
                    "format": "yyyy-MM-dd",
                }
            },
            "stories": {"cardinality": {"field": "story_id"}},
            "alone": {"missing": {"field": "story_id"}},
            "all": {
                "global": {},
                "aggs": {"could": {"filter": {"bool": {"filter": could, "must_not": [{"term": {"takedown": True}}]}}}},
            },
        },
    }


def preview(answer: Mapping[str, Any], every: Every, now: datetime) -> Preview:
    """Return what the engine's answer says."""
    hits, found = answer["hits"], answer["aggregations"]
    items, could = hits["total"]["value"], found["all"]["could"]["doc_count"]
    stories = min(items, found["stories"]["value"] + found["alone"]["doc_count"])
    days = [(date.fromisoformat(bucket["key_as_string"]), bucket["doc_count"]) for bucket in found["days"]["buckets"]]
    first = next((day for day, count in days if count), now.date())
    span_days = max(1.0, (now - datetime(first.year, first.month, first.day, tzinfo=UTC)) / timedelta(days=1))
    share = items / could if could else 0.0
    a_day = (items if every == "item" else stories) / span_days
    return Preview(
        since=now - timedelta(days=DAYS),
        items=items,
        stories=stories,
        share=round(share, 4),
        a_day=round(a_day, 1),
        days=days,
        examples=[hit["_source"] for hit in hits["hits"]],
        warning=too_wide(a_day, share, could),
    )


def too_wide(a_day: float, share: float, could: int) -> str | None:
    """Say that a search finds more than anybody reads; None where it does not."""
    if a_day > WIDE_A_DAY:
        return f"about {math.ceil(a_day)} alerts a day: add words, a country or a figure, or have a digest"
    if could >= ENOUGH and share > WIDE_SHARE:
        return f"it matches {share:.0%} of the items: add words, a country or a figure"
    return None
