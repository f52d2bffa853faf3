"""Saved searches: stored as percolator queries, with fields by which a document can pass most of them over."""

from datetime import datetime
from typing import Any

import msgspec

from services.engine import Engine
from services.index.indices import SEARCHES
from services.index.query import Query, engine_query
from services.index.timing import Timing

ANY = "*"
LIST_LIMIT = 10_000  # the engine's index.max_result_window


class SavedSearch(msgspec.Struct, kw_only=True, frozen=True):
    """A search whose matches somebody is told about.

    every_item: an alert for each item, instead of one for each story. endpoint_id: whose webhook is called.
    timing: when. failure: why the engine cannot run it since the indices were moved; it is kept, and matches nothing.
    """

    search_id: str
    name: str
    query: Query
    endpoint_id: str | None
    created_at: datetime
    updated_at: datetime
    every_item: bool = False
    enabled: bool = True
    timing: Timing = Timing()
    failure: str | None = None


def document(saved: SavedSearch) -> dict[str, Any]:
    """Return the search as it is stored. Raises Invalid as `engine_query`, unless it is known to fail."""
    return kept(saved) if saved.failure else kept(saved) | {"query": engine_query(saved.query, standing=True)}


def kept(saved: SavedSearch) -> dict[str, Any]:
    """Return the search without the engine's query: what people said, and the fields that pass most items over."""
    query = saved.query
    described = {name: value for name, value in msgspec.to_builtins(saved).items() if name not in ("query", "failure")}
    filters = {
        "relevant_only": query.relevant_only,
        "countries": query.countries or [ANY],
        "entities": query.entities or [ANY],
        "languages": query.languages or [ANY],
        "definition": msgspec.to_builtins(query),
    }
    return {"search": described | filters} | ({"failure": saved.failure} if saved.failure else {})


def saved_search(stored: dict[str, Any]) -> SavedSearch:
    """Return the search that `document` stored."""
    search = stored["search"]
    kept = {"query": search["definition"], "failure": stored.get("failure")}
    return msgspec.convert(search | kept, SavedSearch)


async def save(engine: Engine, saved: SavedSearch) -> None:
    """Write the search, over an earlier one of its id; items written from now on are matched.

    Raises Invalid where the query cannot be run, Transient.
    """
    await engine.put(SEARCHES, saved.search_id, document(saved), refresh=True)


async def get(engine: Engine, search_id: str) -> SavedSearch | None:
    """Return the search, or None."""
    stored = await engine.get(SEARCHES, search_id)
    return saved_search(stored.source) if stored else None


async def list_all(engine: Engine) -> list[SavedSearch]:
    """Return all searches, oldest first."""
    body = {"query": {"match_all": {}}, "sort": ["search.created_at", "search.search_id"], "size": LIST_LIMIT}
    answer = await engine.search(SEARCHES, body | {"_source": ["search", "failure"]})
    return [saved_search(hit["_source"]) for hit in answer["hits"]["hits"]]


async def remove(engine: Engine, search_id: str) -> bool:
    """Delete the search. False when there is none."""
    return await engine.delete(SEARCHES, search_id, refresh=True)
