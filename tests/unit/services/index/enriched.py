"""An enriched item for tests: made up, about the mission, with every kind of tag."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas import identity
from schemas.messages import Country, EnrichedItem, Entity, Event, Evidence, Figure, Quote

FETCHED = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXT = """Kenyan police officers reached Port-au-Prince on Sunday to join the Multinational Security Support mission.
The officers are to patrol beside the Haitian National Police in the capital, where gangs hold most districts.
Officials said that further contingents would follow once money for their stay had been found."""


def enriched(**changes: Any) -> EnrichedItem:
    """An item that differs from the usual one in these fields. Its ids follow from `url`, its hash from its words."""
    url = changes.pop("url", "https://news.example/kenya-arrives")
    item = EnrichedItem(
        item_id=identity.item_id(url, "feed", url),
        revision=1_772_366_400_000,
        feed_id="feed",
        feed_title="The Feed",
        url=url,
        canonical_url=url,
        entry_id=url,
        title="Kenyan officers arrive in Haïti",
        summary="Another contingent has landed.",
        text=TEXT,
        text_source="feed",
        text_truncated=False,
        authors=["A. Writer"],
        image_url=None,
        feed_language="en",
        outlet_country="KE",
        published_at=datetime(2026, 3, 1, 11, tzinfo=UTC),
        published_raw="Sun, 01 Mar 2026 11:00:00 GMT",
        fetched_at=FETCHED,
        origin="live",
        content_hash="",
        trace_id=identity.new_trace_id(),
        language="en",
        relevant=True,
        relevance=0.9,
        missions=["mss"],
        countries=[Country(code="HT", role="host", mentions=3), Country(code="KE", role="contributor", mentions=2)],
        entities=[
            Entity(
                id="organisation/haitian-national-police",
                type="organisation",
                name="Haitian National Police",
                mentions=1,
            ),
            Entity(id="place/port-au-prince", type="place", name="Port-au-Prince", mentions=1),
            Entity(id=None, type="person", name="Made Up", mentions=1),
        ],
        figures=[Figure(kind="arrived", value=200.0, unit="personnel", country="KE", approximate=False)],
        events=[Event(type="arrival", countries=["KE"], entities=[], when="2026-03-01")],
        quotes=[Quote(text="We are here", speaker_id=None, speaker="An officer")],
        evidence=[Evidence(tag="country:KE", field="title", start=0, end=6, surface="Kenyan")],
        gazetteer_version="3-0123456789ab",
    )
    item = msgspec.structs.replace(item, **changes)
    if "content_hash" not in changes:
        hashed = identity.content_hash(item.title, item.summary, item.text, item.url)
        item = msgspec.structs.replace(item, content_hash=hashed)
    return item
