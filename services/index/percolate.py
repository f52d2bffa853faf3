"""Match documents with saved searches, by the engine's percolator.

Few documents go as a request of many searches of one document each; of many, one search of all costs less: it has to
try most searches on its own account, however many documents there are.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from services.engine import Engine
from services.index import stems
from services.index.indices import SEARCHES
from services.index.merge import ROLES, Document, searchable, shown
from services.index.searches import ANY, SavedSearch, saved_search

TOGETHER_FROM = 64
PAGE = 1_000
SURFACES = 5

# What a query may ask for (query.py): nothing else is sent.
FIELDS = (
    *("title", "summary", "text", "stems", "language", "relevant", "relevance", "takedown", "event_at", "origin"),
    "corrected",
    *("story_id", "figures", "events", "feeds", "outlet_country", "mission", "entity"),
    *("person", "organisation", "place", "gang", "event", "country", *(f"country_{role}" for role in ROLES)),
)
_TEXTS = ("title", "summary", "text", *stems.FIELDS)
_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: no text has them, and the engine trims control characters
_APART = re.compile(f"{_CLOSE}(\\s+){_OPEN}")  # the words of a phrase are marked one by one
_HIGHLIGHT = {
    "pre_tags": [_OPEN],
    "post_tags": [_CLOSE],
    "fields": {field: {"number_of_fragments": 1, "fragment_size": 200} for field in _TEXTS},
}


class Match(msgspec.Struct, frozen=True):
    """A saved search that a document matches, and the words that its text matched."""

    item_id: str
    search: SavedSearch
    surfaces: list[str]


async def percolate(engine: Engine, documents: Mapping[str, Document]) -> list[Match]:
    """Return every match of these documents, by item id. Raises Transient."""
    relevant_only = {item_id: document for item_id, document in documents.items() if shown(document).relevant}
    if len(relevant_only) < len(documents) and not await _any_search_wants_all(engine):
        documents = relevant_only
    fields = {item_id: _asked(searchable(document)) for item_id, document in documents.items()}
    groups = [{item_id: document} for item_id, document in fields.items()]
    for relevant in (True, False):
        alike = {item_id: document for item_id, document in fields.items() if document["relevant"] is relevant}
        if len(alike) >= TOGETHER_FROM:
            groups = [group for group in groups if not group.keys() & alike.keys()] + [alike]
    matches: list[Match] = []
    bodies = [(list(group), _body(list(group.values()))) for group in groups]
    while bodies:
        answers = await engine.msearch(SEARCHES, [body for _, body in bodies])
        more = []
        for (ids, body), answer in zip(bodies, answers, strict=True):
            hits = answer["hits"]["hits"]
            matches += [match for hit in hits for match in _matches(ids, hit)]
            if len(hits) == PAGE:
                more.append((ids, body | {"search_after": hits[-1]["sort"]}))
        bodies = more
    return matches


async def _any_search_wants_all(engine: Engine) -> bool:
    """Whether irrelevant items need be looked at: most are irrelevant, and most people do not want them."""
    body = {"query": {"term": {"search.relevant_only": False}}, "size": 0, "terminate_after": 1}
    return bool((await engine.search(SEARCHES, body))["hits"]["total"]["value"])


async def warm_up(engine: Engine) -> None:
    """Match made-up documents, so that the engine has loaded and compiled all: cold, a match takes 10 times as long."""
    made_up = {"title": "warm up", "text": "warm up " * 200, "relevant": True, "language": "en", "country": ["HT"]}
    for _ in range(5):
        await engine.msearch(SEARCHES, [_body([made_up])] * 10)


def _asked(document: Mapping[str, Any]) -> dict[str, Any]:
    return {field: document[field] for field in FIELDS}


def _body(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A search for the saved searches that match any of the documents, which are all relevant or all not.

    Paused ones, too: deliver holds what they match.
    """
    filters: list[dict[str, Any]] = []
    if not documents[0]["relevant"]:
        filters.append({"term": {"search.relevant_only": False}})
    for field, of in (("countries", "country"), ("entities", "entity"), ("languages", "language")):
        filters.append({"terms": {f"search.{field}": sorted({ANY, *_values(documents, of)})}})
    filters.append({"percolate": {"field": "query", "documents": list(documents)}})
    return {
        "query": {"constant_score": {"filter": {"bool": {"filter": filters}}}},
        "_source": ["search"],
        "highlight": _HIGHLIGHT,
        "sort": ["search.search_id"],
        "size": PAGE,
        "track_total_hits": False,
    }


def _values(documents: Iterable[Mapping[str, Any]], field: str) -> set[str]:
    found: set[str] = set()
    for document in documents:
        value = document.get(field) or []
        found |= {value} if isinstance(value, str) else set(value)
    return found


def _matches(ids: Sequence[str], hit: Mapping[str, Any]) -> list[Match]:
    search = saved_search(hit["_source"])
    slots: list[int] = hit["fields"]["_percolator_document_slot"]
    return [Match(ids[slot], search, _surfaces(slot, hit.get("highlight", {}))) for slot in slots]


def _surfaces(slot: int, highlight: Mapping[str, Sequence[str]]) -> list[str]:
    """The marked words, each once and not as part of a longer one.

    The engine names a document's field `SLOT_field` where it got several documents.
    """
    found: dict[str, str] = {}
    for field in _TEXTS:
        for fragment in [*highlight.get(f"{slot}_{field}", ()), *highlight.get(field, ())]:
            for marked in _APART.sub(r"\1", fragment).split(_OPEN)[1:]:
                words = marked.split(_CLOSE)[0]
                if not any(words.casefold() in longer for longer in found):
                    found[words.casefold()] = words
    return list(found.values())[:SURFACES]
