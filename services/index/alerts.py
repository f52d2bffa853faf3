"""From matches to alerts. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from schemas import identity
from schemas.messages import Alert, AlertItem, Country, EnrichedItem, Entity, Why
from services.index.merge import Document, shown, story_of
from services.index.percolate import Match

SILENT_ORIGINS = frozenset({"first_poll", "import"})  # they fill the archive
FIRST = "first"
TITLE_LIMIT, SUMMARY_LIMIT = 500, 1_000
NAMES_LIMIT = 200

T = TypeVar("T", Country, Entity)


def is_told(message: EnrichedItem) -> bool:
    """Whether a message of this origin may alert somebody."""
    return message.origin not in SILENT_ORIGINS


def alert(
    match: Match, document: Document, message: EnrichedItem, now: datetime, *, late_s: float, public_url: str
) -> Alert:
    """Return the alert for a match. The same story (or item) and search give the same alert_id, however often.

    message: the one that brought the match about, whose trace the alert carries. late_s: seconds from its detection.
    """
    search, item, story_id = match.search, shown(document), story_of(document)
    subject = document.item_id if search.every_item or not story_id else story_id
    links = {"item": f"{public_url.rstrip('/')}/#item={document.item_id}"}
    return Alert(
        alert_id=identity.alert_id("match", search.search_id, subject, FIRST),
        kind="match",
        search_id=search.search_id,
        subject=subject,
        trigger=FIRST,
        item_id=document.item_id,
        story_id=story_id,
        revision=item.revision,
        matched_at=now,
        late=message.origin == "late" or now - message.fetched_at > timedelta(seconds=late_s),
        why=why(match, item),
        links=links | ({"article": item.url} if item.url else {}),
        item=for_receivers(item),
        trace_id=message.trace_id,
    )


def why(match: Match, item: EnrichedItem) -> list[Why]:
    """Say which parts of the search matched, and by which words: a reason for each part that it has."""
    query = match.search.query
    surfaces = _surfaces_by_tag(item)
    reasons = [
        Why(clause=f"text:{query.text.strip()}", surface=surface) for surface in match.surfaces if query.text.strip()
    ]
    if query.text.strip() and not reasons:
        reasons = [Why(clause=f"text:{query.text.strip()}")]
    named = {country.code for country in item.countries}
    reasons += [
        Why(clause=f"country:{code}", surface=surfaces.get(f"country:{code}"))
        for code in query.countries
        if code in named
    ]
    known = {entity.id: entity.name for entity in item.entities if entity.id}
    reasons += [
        Why(clause=f"entity:{entity_id}", surface=surfaces.get(entity_id, known[entity_id]))
        for entity_id in query.entities
        if entity_id in known
    ]
    if query.languages:
        reasons.append(Why(clause=f"language:{item.language}"))
    if query.relevant_only:
        reasons.append(Why(clause="relevant"))
    return reasons or [Why(clause="every item")]


def _surfaces_by_tag(item: EnrichedItem) -> Mapping[str, str]:
    """The first words that each tag comes from."""
    return {evidence.tag: evidence.surface for evidence in reversed(item.evidence)}


def for_receivers(item: EnrichedItem) -> AlertItem:
    """Return what receivers get of an item, cut to a size."""
    fields = {name: getattr(item, name) for name in AlertItem.__struct_fields__}
    cut = {
        "events": sorted({event.type for event in item.events}),
        "title": _cut(item.title, TITLE_LIMIT),
        "summary": _cut(item.summary, SUMMARY_LIMIT),
        "entities": _most_named(item.entities),
        "countries": _most_named(item.countries),
        "figures": item.figures[:NAMES_LIMIT],
    }
    return AlertItem(**(fields | cut))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _most_named(tags: Iterable[T]) -> list[T]:
    return sorted(tags, key=lambda tag: -tag.mentions)[:NAMES_LIMIT]
