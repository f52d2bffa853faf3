"""How many outlets have a story, for searches that wait for that: counted in one document a story, by compare-and-set.

Replicas that index the last two outlets in the same instant both add theirs, and the later write sees both. A search of
the index adds what came before anybody waited; it may be behind, and only ever adds.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from schemas import identity
from schemas.errors import Transient
from services.engine import Create, Engine, Operation, Replace, Stored
from services.index.indices import NEWS, STORIES
from services.index.merge import Document, first_seen, story_of
from services.index.percolate import Match

ROUNDS: Final = 20
MOST: Final = 200  # outlets of a story that are remembered: more than anybody may wait for
PAGE: Final = 500  # of a story's items that are looked at


def outlet(url: str | None, feed_id: str, link: str | None) -> str:
    """Who published it: the host of the article, or the feed where that is not known."""
    host = urlsplit(url).hostname if url and link != "unresolved" else None
    return host.removeprefix("www.") if host else feed_id


def outlets_of(document: Document) -> set[str]:
    """Return the outlets that an item is from: mostly one."""
    return {outlet(one.canonical_url or one.url, one.feed_id, one.link) for one in document.sources.values()}


async def counted(engine: Engine, matches: Iterable[Match], documents: Mapping[str, Document]) -> dict[str, int]:
    """Return how many outlets have each story that a search waits for, by story id. Repeatable. Raises Transient."""
    left: dict[str, set[str]] = {}
    first_at: dict[str, str] = {}
    for match in matches:
        document = documents[match.item_id]
        if match.search.every == "growth" and (story_id := story_of(document)):
            left.setdefault(story_id, set()).update(outlets_of(document))
            first_at[story_id] = first_seen(document).isoformat()
    counts: dict[str, int] = {}
    for _ in range(ROUNDS):
        if not left:
            return counts
        stored = await engine.mget(STORIES, [_id(story_id) for story_id in left])
        known = {story_id: _outlets(stored.get(_id(story_id))) for story_id in left}
        new = {story_id for story_id, found in left.items() if not found <= known[story_id]}
        indexed = await _indexed(engine, sorted(new))
        operations: list[Operation] = []
        for story_id in left:
            everybody = known[story_id] | left[story_id] | indexed.get(story_id, set())
            counts[story_id] = len(everybody)
            if story_id in new and len(known[story_id]) < MOST:
                kept = {"kind": "outlets", "story_id": story_id, "first_at": first_at[story_id]}
                made = kept | {"outlets": sorted(everybody)}
                before = stored.get(_id(story_id))
                operations.append(Replace(before, before.source | made) if before else Create(_id(story_id), made))
        results = await engine.bulk(STORIES, operations) if operations else []
        again = {result.id for result in results if result.verdict == "conflict"}
        left = {story_id: found for story_id, found in left.items() if _id(story_id) in again}
    raise Transient(f"{len(left)} stories were counted by somebody else {ROUNDS} times in a row")


def _id(story_id: str) -> str:
    return identity.digest("outlets", story_id)


def _outlets(stored: Stored | None) -> set[str]:
    return set(msgspec.convert(stored.source["outlets"], list[str])) if stored else set()


async def _indexed(engine: Engine, story_ids: list[str]) -> dict[str, set[str]]:
    bodies: list[dict[str, Any]] = [
        {
            "size": PAGE,
            "query": {"term": {"story_id": story_id}},
            "_source": ["canonical_url", "url", "feed_id", "link"],
            "track_total_hits": False,
        }
        for story_id in story_ids
    ]
    answers = await engine.msearch(NEWS, bodies)
    return {
        story_id: {_indexed_outlet(hit["_source"]) for hit in answer["hits"]["hits"]}
        for story_id, answer in zip(story_ids, answers, strict=True)
    }


def _indexed_outlet(source: Mapping[str, Any]) -> str:
    return outlet(source.get("canonical_url") or source.get("url"), source["feed_id"], source.get("link"))
