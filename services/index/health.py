"""How feeds fare, from news.feed-health into the index: the latest poll of each, and a line for each of the last 50."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from schemas import codec
from schemas.errors import Invalid, Transient
from schemas.messages import FeedHealth
from services.dead_letters import DeadLetters
from services.index.engine import Create, Engine, Operation, Replace, Stored
from services.index.indices import FEED_HEALTH
from services.kafka import Record

KEPT = 50  # fetches of a feed
ROUNDS = 10  # a conflict is another replica's write at a rebalance
ERROR_LIMIT = 300


class Fetch(msgspec.Struct, frozen=True):
    """A line of a feed's history. Unlike the message's fields, which the latest poll has, all polls' are here."""

    at: datetime
    outcome: str
    status: int | None
    error: str | None
    new_items: int
    revised_items: int
    latency_ms: int
    seen_share: float | None
    missed: bool


async def store(engine: Engine, letters: DeadLetters, records: Sequence[Record]) -> None:
    """Merge the records into what is stored. Order and repetition do not matter. Raises Transient, Flood."""
    polls: dict[str, list[tuple[Record, FeedHealth]]] = {}
    for record in records:
        try:
            health = codec.decode(record.value or b"", FeedHealth)
        except Invalid as error:
            await letters.send(record, error)
        else:
            polls.setdefault(health.feed_id, []).append((record, health))
            letters.fine()
    left = list(polls)
    for _ in range(ROUNDS):
        stored = await engine.mget(FEED_HEALTH, left)
        writes = [_write(stored.get(feed_id), [health for _, health in polls[feed_id]]) for feed_id in left]
        results = await engine.bulk(FEED_HEALTH, writes)
        for result in results:
            if result.verdict == "invalid":
                await letters.send(polls[result.id][-1][0], Invalid(str(result.error), reason="engine_refused"))
        left = [result.id for result in results if result.verdict == "conflict"]
        if not left:
            return
    raise Transient(f"the health of {len(left)} feeds was written by somebody else {ROUNDS} times in a row")


def merged(before: Mapping[str, Any] | None, polls: Sequence[FeedHealth]) -> dict[str, Any]:
    """Return the document after these polls of one feed: the latest as it is, and the last KEPT, the newest first."""
    fetches = {fetch.at: fetch for fetch in msgspec.convert((before or {}).get("fetches", []), list[Fetch])}
    fetches |= {poll.at: _fetch(poll) for poll in polls}
    newest = max(polls, key=lambda poll: poll.at)
    is_newest = before is None or newest.at >= msgspec.convert(before["at"], datetime)
    document = codec.to_builtins(newest) if is_newest else dict(before or {})
    kept = sorted(fetches.values(), key=lambda fetch: fetch.at, reverse=True)[:KEPT]
    return document | {"fetches": msgspec.to_builtins(kept)}


def _write(stored: Stored | None, polls: Sequence[FeedHealth]) -> Operation:
    if stored is None:
        return Create(polls[0].feed_id, merged(None, polls))
    return Replace(stored, merged(stored.source, polls))


def _fetch(poll: FeedHealth) -> Fetch:
    fields = {name: getattr(poll, name) for name in Fetch.__struct_fields__}
    return Fetch(**fields | {"error": poll.error and poll.error[:ERROR_LIMIT]})
