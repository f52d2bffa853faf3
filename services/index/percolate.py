"""Match documents with saved searches, by the engine's percolator.

What makes it cheap (docs/search.md, "Saved searches"): what every search has (relevant, countries, entities,
languages) is no part of the engine's query but looked at before, by fields of the search, and after, here; a document
goes without nested figures and events, and then the engine often need not run a query at all to know that it matches;
searches that ask for pairs get the whole document, in a search of their own.

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
_NESTED = frozenset({"figures", "events"})
_IN_WORDS = ("title", "summary", "text")
_TEXTS = ("title", "summary", "text", "words", *stems.FIELDS)
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
    bodies = [(list(group), body) for group in groups for body in _bodies(list(group.values()))]
    while bodies:
        answers = await engine.msearch(SEARCHES, [body for _, body in bodies])
        more = []
        for (ids, body), answer in zip(bodies, answers, strict=True):
            hits = answer["hits"]["hits"]
            matches += [match for hit in hits for match in _matches(ids, hit) if _is_wanted(match, fields)]
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
        await engine.msearch(SEARCHES, _bodies([made_up]) * 10)


def _asked(document: Mapping[str, Any]) -> dict[str, Any]:
    words = [document[field] for field in _IN_WORDS if document[field]]
    return {field: document[field] for field in FIELDS} | {"words": words}


def _bodies(documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The searches for the saved searches that match any of the documents, which are all relevant or all not.

    Paused ones, too: deliver holds what they match.
    """
    flat = [{name: value for name, value in document.items() if name not in _NESTED} for document in documents]
    is_flat = {"term": {"search.flat": True}}
    return [_body(flat, is_flat), _body(documents, {"bool": {"must_not": [is_flat]}})]


def _body(documents: Sequence[Mapping[str, Any]], among: Mapping[str, Any]) -> dict[str, Any]:
    filters: list[Mapping[str, Any]] = [among]
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


def _is_wanted(match: Match, documents: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the document has what the search asks for beside its text: one of several in a request may have it."""
    document, query = documents[match.item_id], match.search.query
    return (document["relevant"] or not query.relevant_only) and all(
        not wanted or not _values([document], field).isdisjoint(wanted)
        for field, wanted in (
            ("country", query.countries),
            ("entity", query.entities),
            ("language", query.languages),
        )
    )


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
