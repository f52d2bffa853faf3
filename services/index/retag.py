"""New tags for the archive: news.retagged -> the stored items. Alerts nobody, and makes no item."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from prometheus_client import Counter

from schemas import topics
from schemas.errors import Invalid, Transient
from schemas.messages import EnrichedItem
from services import kafka, telemetry
from services.dead_letters import DeadLetters
from services.engine import Engine, Operation, Replace
from services.index import batch, claims, figures, items, merge, stories
from services.index.claims import Claimant
from services.index.indices import NEWS
from services.index.items import Known
from services.kafka import Producer, Record
from services.live_traffic import LiveTraffic
from services.telemetry import Progress

log = telemetry.logger(__name__)

GROUP = "index-retag"
BATCH = 50
LIMIT_S = 3_600.0

RETAGGED = Counter("news_index_retagged_total", "Items of the archive by what became of their new tags", ["outcome"])


async def run(engine: Engine, producer: Producer, live: LiveTraffic, stop: asyncio.Event) -> None:
    """Write new tags until `stop`, when no live items wait. What goes wrong here stops only this."""
    letters = DeadLetters(GROUP, producer)

    async def process(records: list[Record]) -> None:
        live.give_way()
        await retag_batch(records, engine, letters)

    try:
        await kafka.consume(
            group=GROUP, topic=topics.RETAGGED, process=process, stop=stop, progress=Progress(LIMIT_S), batch=BATCH
        )
    except Exception:  # a flood of dead letters, or a bug: nothing of the batch is committed
        log.critical("re-tagging stopped until the next start; live items go on", exc_info=True)


async def retag_batch(records: Sequence[Record], engine: Engine, letters: DeadLetters) -> None:
    """Replace the tags of a batch. Repeatable as a whole. Raises Transient, Flood."""
    messages, rejected = batch.decode(records)
    by_item: dict[str, list[EnrichedItem]] = {}
    for message in messages:
        by_item.setdefault(message.item.item_id, []).append(message.item)
    refused = await write(engine, by_item)
    await figures.follow(engine, by_item)
    rejected += [(one.record, refused[one.item.item_id]) for one in messages if one.item.item_id in refused]
    for record, error in rejected:
        await letters.send(record, error)
    for _ in range(len(records) - len(rejected)):
        letters.fine()


async def write(engine: Engine, by_item: Mapping[str, Sequence[EnrichedItem]]) -> dict[str, Invalid]:
    """Write the tags that are new, however often somebody else writes an item. Return what is refused, by item id.

    Raises Transient.
    """
    refused: dict[str, Invalid] = {}
    left = set(by_item)
    for _ in range(items.ROUNDS):
        known = await items.read(engine, left)
        refused |= {item_id: found for item_id, found in known.items() if isinstance(found, Invalid)}
        changed = {
            item_id: (found, document)
            for item_id, found in known.items()
            if isinstance(found, Known) and (document := _merged(found.document, by_item[item_id])) != found.document
        }
        RETAGGED.labels("unchanged").inc(len(left) - len(changed))
        if not changed:
            return refused
        results = await engine.bulk(NEWS, await _operations(engine, changed))
        refused |= {
            result.id: Invalid(result.error or "", reason="engine_refused")
            for result in results
            if result.verdict == "invalid"
        }
        RETAGGED.labels("retagged").inc(sum(result.verdict == "ok" for result in results))
        left = {result.id for result in results if result.verdict == "conflict"}
        if not left:
            return refused
    raise Transient(f"{len(left)} items were written by somebody else {items.ROUNDS} times in a row")


def _merged(document: merge.Document, messages: Iterable[EnrichedItem]) -> merge.Document:
    for message in messages:
        document = merge.retagged(document, message)
    return document


async def _operations(engine: Engine, changed: Mapping[str, tuple[Known, merge.Document]]) -> list[Operation]:
    """Each write, with a story for items that are relevant only now. `indexed_at` stays: followers have seen them."""
    claimants = [
        Claimant(item_id, stories.signature(shown), shown.fetched_at)
        for item_id, (_, document) in changed.items()
        if not document.story_id and (shown := merge.shown(document)).relevant
    ]
    assigned = await claims.assign(engine, claimants) if claimants else {}
    return [
        Replace(
            found.stored,
            merge.to_stored(
                items.in_story(document, assigned.get(item_id)),
                datetime.fromisoformat(found.stored.source["indexed_at"]),
            ),
        )
        for item_id, (found, document) in changed.items()
    ]
