"""Saved searches: stored as percolator queries, with fields by which a document can pass most of them over."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from services.engine import Engine
from services.index.indices import SEARCHES
from services.index.query import Query, engine_query, has_pairs
from services.index.timing import Timing

ANY = "*"
LIST_LIMIT = 10_000  # the engine's index.max_result_window
VERSIONS_KEPT: Final = 50
OUTLETS: Final = 5

Every = Literal["story", "item", "growth", "revision"]


class Earlier(msgspec.Struct, kw_only=True, frozen=True):
    """What a search was before a change. updated_at, updated_by: of this version."""

    version: int
    name: str
    query: Query
    every: Every = "story"
    outlets: int = OUTLETS
    timing: Timing = Timing()
    labels: list[str] = []
    owner: str | None = None
    enabled: bool = True
    snoozed_until: datetime | None = None
    updated_at: datetime
    updated_by: str | None = None


class SavedSearch(msgspec.Struct, kw_only=True, frozen=True):
    """A search whose matches somebody is told about.

    every: an alert once per story; for each item; once `outlets` outlets have the story (growth); once per story and
    again for each changed text of an item (revision). endpoint_id: whose webhook is called. timing: when. While it is
    not enabled, or until snoozed_until, what it matches is held. versions: the latest earlier ones, the newest first;
    read by `get` only. failure: why the engine cannot run it since the indices were moved; it is kept, and matches
    nothing.
    """

    search_id: str
    name: str
    query: Query
    endpoint_id: str | None
    created_at: datetime
    updated_at: datetime
    updated_by: str | None = None
    every: Every = "story"
    outlets: int = OUTLETS
    labels: list[str] = []
    owner: str | None = None
    enabled: bool = True
    snoozed_until: datetime | None = None
    timing: Timing = Timing()
    version: int = 1
    versions: list[Earlier] = []
    failure: str | None = None

    def silence(self, now: datetime) -> str | None:
        """Why nobody is to be called about it now, in words; None where nothing is in the way."""
        if not self.enabled:
            return "the saved search is paused"
        if self.snoozed_until and self.snoozed_until > now:
            return f"the saved search is snoozed until {self.snoozed_until:%Y-%m-%d %H:%M} UTC"
        return None


def document(saved: SavedSearch) -> dict[str, Any]:
    """Return the search as it is stored. Raises Invalid as `engine_query`, unless it is known to fail."""
    stored = kept(saved)
    if saved.failure:
        return stored
    query = engine_query(saved.query, standing=True)
    return stored | {"search": stored["search"] | {"flat": not has_pairs(saved.query)}, "query": query}


def kept(saved: SavedSearch) -> dict[str, Any]:
    """Return the search without the engine's query: what people said, and the fields that pass most items over."""
    query = saved.query
    apart = ("query", "versions", "failure")
    described = {name: value for name, value in msgspec.to_builtins(saved).items() if name not in apart}
    filters = {
        "relevant_only": query.relevant_only,
        "countries": query.countries or [ANY],
        "entities": query.entities or [ANY],
        "languages": query.languages or [ANY],
        "definition": msgspec.to_builtins(query),
    }
    return {"search": described | filters, "versions": msgspec.to_builtins(saved.versions)} | (
        {"failure": saved.failure} if saved.failure else {}
    )


def saved_search(stored: dict[str, Any]) -> SavedSearch:
    """Return the search that `document` stored, without its versions where these were not read."""
    search = stored["search"]
    before = {"every": "item"} if search.get("every_item") else {}  # what there was before `every`
    beside = {"versions": stored.get("versions", []), "failure": stored.get("failure")}
    return msgspec.convert(before | search | beside | {"query": search["definition"]}, SavedSearch)


def changed(saved: SavedSearch, now: datetime, by: str | None, **fields: Any) -> SavedSearch:
    """Return the next version; the search itself where nothing differs."""
    after = msgspec.structs.replace(saved, **fields)
    if after == saved:
        return saved
    if "query" in fields:
        after = msgspec.structs.replace(after, failure=None)
    earlier = Earlier(**{name: getattr(saved, name) for name in Earlier.__struct_fields__})
    return msgspec.structs.replace(
        after,
        version=saved.version + 1,
        versions=[earlier, *saved.versions][:VERSIONS_KEPT],
        updated_at=now,
        updated_by=by,
    )


async def save(engine: Engine, saved: SavedSearch) -> None:
    """Write the search, over an earlier one of its id; items written from now on are matched.

    Raises Invalid where the query cannot be run, Transient.
    """
    await engine.put(SEARCHES, saved.search_id, document(saved), refresh=True)


async def change(engine: Engine, search_id: str, step: Callable[[SavedSearch], SavedSearch]) -> SavedSearch | None:
    """Apply a pure step to the search as it is now, and return the result; None where there is none.

    It is in effect for items written from now on. Raises what the step raises, Invalid as `save`, Transient.
    """
    while stored := await engine.get(SEARCHES, search_id):
        before = saved_search(stored.source)
        after = step(before)
        if after == before or await engine.replace(SEARCHES, stored, document(after), refresh=True):
            return after
    return None


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
