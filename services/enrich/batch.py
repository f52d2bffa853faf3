"""A batch of records: tag each, send what became of it, and confirm. The same for live items and for the archive."""

from collections.abc import Callable, Sequence

import structlog
from prometheus_client import Counter

from schemas import codec, topics
from schemas.errors import Invalid
from schemas.messages import EnrichedItem, RawItem
from services import telemetry
from services.dead_letters import DeadLetters
from services.kafka import Producer, Record

log = telemetry.logger(__name__)

TAGGED = Counter("news_enrich_items_total", "Items tagged", ["topic", "language", "relevant"])

Tag = Callable[[RawItem], EnrichedItem]


async def send_tagged(
    records: Sequence[Record], tag: Tag, topic: str, producer: Producer, dead_letters: DeadLetters, done: set[int]
) -> None:
    """Return when the tagged items are confirmed in `topic`, and the others in news.dead. Raises Transient, Flood.

    done: the places of dead letters that an earlier try confirmed; they are neither sent nor counted again.
    """
    outputs: list[tuple[str, bytes]] = []
    refused: list[tuple[int, Exception]] = []
    limit = topics.load()[topic].max_message_bytes - 1_024
    for place, record in enumerate(records):
        try:
            item = codec.decode(record.value or b"", RawItem)
            tagged = tag(item)
            data = codec.encode(tagged)
            if len(data) > limit:
                raise Invalid(f"{len(data)} bytes with tags", reason="too_large")
        except Exception as refusal:  # the pure step: Invalid, or a bug over one message
            refused.append((place, refusal))
            continue
        outputs.append((item.item_id, data))
        _report(tagged, topic)
    await producer.send_all(topic, outputs)
    for place, error in refused:
        if place not in done:
            await dead_letters.send(records[place], error)
            done.add(place)
    for _ in outputs:
        dead_letters.fine()


def _report(item: EnrichedItem, topic: str) -> None:
    """Count the item; a line for a relevant live one."""
    TAGGED.labels(topic, item.language, "true" if item.relevant else "false").inc()
    if not item.relevant or topic != topics.ENRICHED:
        return
    with structlog.contextvars.bound_contextvars(trace_id=item.trace_id, item_id=item.item_id):
        log.info(
            "tagged",
            title=item.title[:80],
            relevance=item.relevance,
            missions=item.missions,
            countries=[country.code for country in item.countries],
        )
