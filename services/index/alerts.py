"""From matches to alerts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from schemas import identity
from schemas.messages import Alert, AlertItem, AlertKind, Country, EnrichedItem, Entity, Why
from services.index.merge import Document, is_revised, shown, story_of
from services.index.percolate import Match

SILENT_ORIGINS = frozenset({"first_poll", "import"})  # they fill the archive
FIRST = "first"
TITLE_LIMIT, SUMMARY_LIMIT = 500, 1_000
NAMES_LIMIT = 200

T = TypeVar("T", Country, Entity)


def is_told(message: EnrichedItem) -> bool:
    """Whether a message of this origin may alert somebody."""
    return message.origin not in SILENT_ORIGINS


def due(
    match: Match,
    document: Document,
    message: EnrichedItem,
    now: datetime,
    *,
    outlets: Mapping[str, int],
    late_s: float,
    public_url: str,
) -> list[Alert]:
    """Return the alerts of a match. The same search, subject and trigger give the same alert_id, however often.

    message: the one that brought the match about, whose trace the alert carries. outlets: how many have a story, of
    those that a search waits for. late_s: seconds from the message's detection.
    """
    search, item, story_id = match.search, shown(document), story_of(document)
    subject = document.item_id if search.every == "item" or not story_id else story_id
    reasons = why(match, item)

    def made(kind: AlertKind, subject: str, trigger: str, more: Sequence[Why] = ()) -> Alert:
        return Alert(
            alert_id=identity.alert_id(kind, search.search_id, subject, trigger),
            kind=kind,
            search_id=search.search_id,
            subject=subject,
            trigger=trigger,
            item_id=document.item_id,
            story_id=story_id,
            revision=item.revision,
            matched_at=now,
            late=message.origin == "late" or now - message.fetched_at > timedelta(seconds=late_s),
            why=[*reasons, *more],
            links=links(item, public_url),
            item=for_receivers(item),
            trace_id=message.trace_id,
        )

    if search.every == "growth":
        count = outlets.get(story_id or "", 0)
        grown = Why(clause=f"outlets:{search.outlets}", surface=f"{count} outlets")
        return [made("growth", subject, grown.clause, [grown])] if count >= search.outlets else []
    told = [made("match", subject, FIRST)]
    if search.every == "revision" and is_revised(document):
        told.append(made("revision", document.item_id, item.content_hash, [Why(clause="revision")]))
    return told


def links(item: EnrichedItem, public_url: str) -> dict[str, str]:
    """Return where the item is to be seen."""
    shown_at = {"item": f"{public_url.rstrip('/')}/#item={item.item_id}"}
    return shown_at | ({"article": item.url} if item.url else {})


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
