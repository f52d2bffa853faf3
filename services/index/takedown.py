"""`takedown ITEM_ID|URL...`: an item's content goes, for good. What stays is a tombstone under its id, which wins over
whatever comes later (merge.py): replays, polls, re-tagging, copies of the same address in other feeds.
"""

import asyncio
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from schemas import identity, topics
from schemas.canonical_url import canonical_url
from schemas.errors import Invalid, Transient
from services import engine, telemetry
from services.engine import Engine
from services.index import figures, merge
from services.index.deliver import outbox, withdraw
from services.index.indices import NEWS, OUTBOX

WRONG = 2  # exit status: an argument is neither an item's id nor a URL
FAILED = 1
ROUNDS = 10
PAGE = 500
REASON_LIMIT = 500  # characters

ITEM_ID = re.compile(r"[0-9a-f]{32}")
HOLD_TEXT = (topics.RAW, topics.ENRICHED, topics.ALERTS, topics.DEAD)


class Taken(msgspec.Struct, frozen=True):
    """What was found and done. addresses: canonical URLs of its versions under which other feeds might bring it."""

    item_id: str
    was: Literal["indexed", "unknown", "taken down already"]
    deliveries: int
    addresses: list[str]


async def take_down(connected: Engine, names: Sequence[str], reason: str | None, now: datetime) -> list[Taken]:
    """Take down the items of these ids and URLs; of one that nobody has seen, too: then it can never come.

    The tombstone is written first: from then on nobody adds deliveries. Raises Invalid (`url`) where a name is neither,
    Transient.
    """
    for name in names:
        _address(name)
    await connected.refresh(NEWS)
    ids = dict.fromkeys([item_id for name in names for item_id in await _ids(connected, name)])
    taken = []
    for item_id in ids:
        before = await _bury(connected, item_id, reason, now)
        await figures.follow(connected, [item_id])
        cleared = await _clear_deliveries(connected, item_id, now)
        was: Literal["indexed", "unknown", "taken down already"] = "indexed" if before else "unknown"
        if before and before.get("takedown"):
            was = "taken down already"
        taken.append(Taken(item_id, was, cleared, _other_addresses(item_id, before or {})))
    return taken


def _address(name: str) -> str | None:
    """The canonical URL, None for an item's id. Raises Invalid."""
    return None if ITEM_ID.fullmatch(name) else canonical_url(name)


async def _ids(connected: Engine, name: str) -> list[str]:
    """A URL is the item that it makes, and all that are shown under it: moved ones, an aggregator's."""
    address = _address(name)
    if address is None:
        return [name]
    shown = {"bool": {"should": [{"term": {"canonical_url": address}}, {"terms": {"url": [name, address]}}]}}
    answer = await connected.search(NEWS, {"size": PAGE, "query": shown, "_source": False})
    return [identity.item_id(address, "", ""), *(hit["_id"] for hit in answer["hits"]["hits"])]


async def _bury(connected: Engine, item_id: str, reason: str | None, now: datetime) -> dict[str, Any] | None:
    """Write the tombstone, and return what was there. A writer beside us meets a conflict, and merges with it."""
    grave = merge.Document(item_id=item_id, sources={}, history=[], takedown=True, takedown_reason=reason)
    for _ in range(ROUNDS):
        tombstone = merge.to_stored(grave, datetime.now(UTC))  # which followers count on to be recent
        stored = await connected.get(NEWS, item_id)
        if stored is None:
            if await connected.create(NEWS, item_id, tombstone, refresh=True):
                return None
        elif stored.source.get("takedown") or await connected.replace(NEWS, stored, tombstone, refresh=True):
            return stored.source
    raise Transient(f"{item_id} was written by somebody else {ROUNDS} times in a row")


async def _clear_deliveries(connected: Engine, item_id: str, now: datetime) -> int:
    """Take the text out of its deliveries, cancel those that are still owed, and tell those who got it.

    Returns how many there are.
    """
    await connected.refresh(OUTBOX)
    body: dict[str, Any] = {
        "size": PAGE,
        "query": {"bool": {"filter": {"term": {"item_id": item_id}}, "must_not": {"term": {"kind": withdraw.KIND}}}},
        "_source": False,
        "sort": ["alert_id", "endpoint_id"],
    }
    count = 0
    while hits := (await connected.search(OUTBOX, body))["hits"]["hits"]:
        for hit in hits:
            before: list[outbox.Delivery] = []

            def step(delivery: outbox.Delivery, seen: list[outbox.Delivery] = before) -> outbox.Delivery:
                seen.append(delivery)
                return outbox.cleared(delivery, now)

            cleared = await outbox.change(connected, hit["_id"], step)
            if before:
                await withdraw.tell(connected, before[-1], now)
            if cleared and cleared.told_in:
                await outbox.take_out(connected, cleared.told_in, {item_id})
        count += len(hits)
        body["search_after"] = hits[-1]["sort"]
    return count


def _other_addresses(item_id: str, stored: dict[str, Any]) -> list[str]:
    addresses = {source.get("canonical_url") for source in stored.get("sources", ())} - {None}
    return sorted(address for address in addresses if identity.item_id(address, "", "") != item_id)


async def among(connected: Engine, item_ids: Iterable[str | None]) -> set[str]:
    """Return those of the items that were taken down. Real-time. Raises Transient."""
    found = await connected.mget(NEWS, [item_id for item_id in item_ids if item_id], only=["takedown"])
    return {item_id for item_id, stored in found.items() if stored.source.get("takedown")}


def main(names: Sequence[str], reason: str | None) -> int:
    """Run the command and return the exit status."""
    telemetry.start("index-takedown")
    try:
        return asyncio.run(_run(names, reason))
    except Invalid as error:
        if error.reason == "url":
            sys.stderr.write(f"nothing was taken down: give item ids (32 hexadecimal digits) or URLs; {error}\n")
            return WRONG
        sys.stderr.write(f"{error}\nif the index is older than this version: python -m services.index setup --update\n")
        return FAILED
    except Transient as error:
        sys.stderr.write(f"not finished, run it again: {error}\n")
        return FAILED


async def _run(names: Sequence[str], reason: str | None) -> int:
    for name in names:
        _address(name)  # before anything is waited for
    async with engine.connect() as connected:
        taken = await take_down(connected, names, reason and reason[:REASON_LIMIT], datetime.now(UTC))
    for one in taken:
        sys.stdout.write(f"taken down  {one.item_id}  (was: {one.was}; {one.deliveries} deliveries cleared)\n")
        for address in one.addresses:
            sys.stdout.write(f"            also known at {address}: take that down too to keep it out of other feeds\n")
    hours = {name: topics.load()[name].retention_hours for name in HOLD_TEXT}
    held = ", ".join(f"{name} {hour} h" for name, hour in hours.items())
    sys.stdout.write(f"Kafka keeps what was sent until its retention ends: {held}.\n")
    sys.stdout.write("Endpoints that got it are told (news.withdrawn).\n")
    return 0
