"""One document a figure, in an index of their own: what was pledged, arrived and is deployed over time, by country.

They follow the items: after every write of an item (a feed's message, new tags, a correction, a takedown, the end of
its retention) `follow` makes them what the item now says. It looks at the item again afterwards, so that of two writers
the one who is done last leaves what is true; a batch that is repeated after a crash repeats this too.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from schemas.errors import Transient
from services import engine, telemetry
from services.engine import Engine, Operation, Put, Remove, Stored
from services.index.indices import FIGURES, NEWS

ROUNDS: Final = 10
PAGE: Final = 500
OF_ITEM: Final = (
    *("item_id", "story_id", "event_at", "fetched_at", "title", "url", "feed_id", "feed_title", "outlet_country"),
    *("language", "mission"),
)
NEEDED: Final = [*OF_ITEM, "relevant", "figures"]


def documents(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a document for each figure of an item as it is stored. Irrelevant items and tombstones have none."""
    if not item.get("relevant"):
        return []
    shared = {name: item[name] for name in OF_ITEM if item.get(name) is not None}
    figures: Sequence[Mapping[str, Any]] = item["figures"]
    return [shared | {**figure, "of": len(figures)} for figure in figures]


def changes(item_id: str, wanted: Sequence[Mapping[str, Any]], before: int) -> list[Operation]:
    """Return the writes after which there are the wanted documents of an item and no more. before: how many there are.

    The first one, which says how many there are, is written last.
    """
    gone: list[Operation] = [Remove(_id(item_id, number)) for number in range(len(wanted), before)]
    made: list[Operation] = [Put(_id(item_id, number), document) for number, document in enumerate(wanted)]
    return gone[::-1] + made[::-1]


async def follow(connected: Engine, item_ids: Iterable[str]) -> None:
    """Make the figures of these items what the items now say. Raises Transient."""
    left = sorted(set(item_ids))
    before: dict[str, int] = {}
    for _ in range(ROUNDS):
        items = await connected.mget(NEWS, left, only=NEEDED)
        first = await connected.mget(FIGURES, [_id(item_id, 0) for item_id in left], only=["of"])
        operations: list[Operation] = []
        written: dict[str, Stored | None] = {}
        for item_id in left:
            item, there = items.get(item_id), first.get(_id(item_id, 0))
            wanted = documents(item.source) if item else []
            most = max(before.get(item_id, 0), there.source["of"] if there else 0)
            if made := changes(item_id, wanted, most):
                operations += made
                before[item_id] = max(most, len(wanted))
                written[item_id] = item
        if not operations:
            return
        await connected.bulk(FIGURES, operations)
        now = await connected.mget(NEWS, list(written), only=["item_id"])
        left = [item_id for item_id, item in written.items() if _state(item) != _state(now.get(item_id))]
        if not left:
            return
    raise Transient(f"{len(left)} items were written by somebody else {ROUNDS} times in a row")


async def follow_all(connected: Engine) -> int:
    """Make the figures of every relevant item, and return how many items were looked at. Raises Transient."""
    body: dict[str, Any] = {
        "query": {"bool": {"filter": [{"term": {"relevant": True}}]}},
        "size": PAGE,
        "sort": [{"item_id": "asc"}],
        "_source": False,
        "track_total_hits": False,
    }
    done = 0
    while hits := (await connected.search(NEWS, body))["hits"]["hits"]:
        await follow(connected, [hit["_id"] for hit in hits])
        done += len(hits)
        body["search_after"] = hits[-1]["sort"]
        sys.stderr.write(f"\r{done:,} items")
        sys.stderr.flush()
    sys.stderr.write("\n")
    return done


async def run() -> int:
    """The command. Return the exit status."""
    telemetry.start("index-figures")
    try:
        async with engine.connect() as connected:
            done = await follow_all(connected)
    except Transient as error:
        sys.stderr.write(f"\nnot finished, run it again: {error}\n")
        return 1
    sys.stdout.write(f"news-figures has the figures of {done:,} relevant items\n")
    return 0


def _id(item_id: str, number: int) -> str:
    return f"{item_id}-{number}"


def _state(stored: Stored | None) -> tuple[int, int] | None:
    return (stored.seq_no, stored.primary_term) if stored else None
