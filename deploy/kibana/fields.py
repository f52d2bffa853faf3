"""What a field of an index is in Kibana: its type, its readable name, how it is shown. From the mapping files."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from services.index import indices

# The engine's type -> Kibana's
KINDS = {
    "keyword": "string",
    "text": "string",
    "boolean": "boolean",
    "date": "date",
    "integer": "number",
    "long": "number",
    "float": "number",
    "double": "number",
}

# Where "Outlet country" of outlet_country would not do
LABELS = {
    "approximate": "Approximate?",
    "asked_s": "Feed asks for (s)",
    "at": "Last poll",
    "authors": "Bylines",
    "canonical_url": "Link without tracking",
    "country": "Country",
    "country_contributor": "Contributor",
    "country_host": "Host country",
    "country_lead": "Lead country",
    "country_mentioned": "Country only mentioned",
    "country_pledged": "Country that pledged",
    "country_withdrew": "Country that withdrew",
    "created_at": "Owed since",
    "delay_p50_s": "Delay of half the items (s)",
    "delay_p95_s": "Delay of 95% of the items (s)",
    "endpoint_id": "Endpoint",
    "entity": "Name in the gazetteer (id)",
    "event": "What happened",
    "event_at": "When",
    "failures": "Failures in a row",
    "feed_id": "Feed (id)",
    "feed_title": "Outlet",
    "feeds": "All feeds that carry it (ids)",
    "fetched_at": "First seen",
    "indexed_at": "Stored",
    "kind": "Kind",
    "language": "Language",
    "last_item_at": "Last new item",
    "late": "Late?",
    "latency_ms": "Answer took",
    "link": "Link as given",
    "missed": "Items probably missed?",
    "outlet_country": "Country of the outlet",
    "published_at": "Published (claimed)",
    "relevant": "Relevant?",
    "roles": "Roles of the country",
    "seen_share": "Already seen",
    "settled_at": "Settled",
    "silent_since": "Silent since",
    "story_id": "Story (id)",
    "takedown": "Taken down?",
    "text_truncated": "Text cut?",
    "title": "Title",
    "url": "Link",
    "value": "Number",
}

HIDDEN = ("body", "evidence", "history", "of", "sources", "stems")
LINKS = ("url", "canonical_url", "image_url")
SHARES = ("relevance", "seen_share")
DATE = {"id": "date", "params": {"pattern": "YYYY-MM-DD HH:mm"}}
LINK = {"id": "url", "params": {"type": "a", "openLinkInCurrentTab": False}}
SHARE = {"id": "percent", "params": {"pattern": "0%"}}
LATENCY = {"id": "duration", "params": {"inputFormat": "milliseconds", "outputFormat": "humanizePrecise"}}


@cache
def mapped(index: str) -> dict[str, dict[str, Any]]:
    """Return the mapping of each field of the index, by its full name. What is inside nested or unparsed is left out:
    Kibana's charts cannot use it."""
    return dict(_flat(indices.definition(index).mappings["properties"], ""))


def _flat(properties: dict[str, Any], within: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, mapping in properties.items():
        if mapping.get("type") in ("nested", "percolator") or mapping.get("enabled") is False:
            continue
        if "properties" in mapping:
            yield from _flat(mapping["properties"], f"{within}{name}.")
        else:
            yield f"{within}{name}", mapping


def kind(index: str, field: str) -> str:
    """Return Kibana's type of a field. Raises KeyError where the index has no such field that Kibana can use."""
    return KINDS[mapped(index)[field]["type"]]


def aggregatable(index: str, field: str) -> bool:
    """Tell whether charts can count by the field: it is not text and keeps its values in columns."""
    mapping = mapped(index)[field]
    return mapping["type"] != "text" and mapping.get("doc_values") is not False


def label(field: str) -> str:
    """Return the readable name."""
    return LABELS.get(field) or field.replace(".", " ").replace("_", " ").capitalize()


def shown_as(index: str, field: str) -> dict[str, Any] | None:
    """Return the format of the field's values in Kibana, or None for the usual one."""
    if kind(index, field) == "date":
        return DATE
    if field in LINKS:
        return LINK
    if field in SHARES:
        return SHARE
    return LATENCY if field == "latency_ms" else None


def hidden(index: str) -> list[str]:
    """Return the names, as patterns, of what Discover does not show: kept for our programs, not for people."""
    properties = indices.definition(index).mappings["properties"]
    return [pattern for name in HIDDEN if name in properties for pattern in (name, f"{name}.*")]
