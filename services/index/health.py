"""The latest outcome of each feed's polls, from news.feed-health into the index."""

from collections.abc import Sequence

from schemas import codec
from schemas.errors import Invalid
from schemas.messages import FeedHealth
from services.dead_letters import DeadLetters
from services.engine import Engine, Put
from services.index.indices import FEED_HEALTH
from services.kafka import Record


async def store(engine: Engine, letters: DeadLetters, records: Sequence[Record]) -> None:
    """Write the last record of each feed: they come in order. Raises Transient, Flood."""
    latest: dict[str, tuple[Record, FeedHealth]] = {}
    for record in records:
        try:
            health = codec.decode(record.value or b"", FeedHealth)
        except Invalid as error:
            await letters.send(record, error)
        else:
            latest[health.feed_id] = record, health
            letters.fine()
    results = await engine.bulk(
        FEED_HEALTH, [Put(feed_id, codec.to_builtins(health)) for feed_id, (_, health) in latest.items()]
    )
    for result in results:
        if result.verdict == "invalid":
            await letters.send(latest[result.id][0], Invalid(str(result.error), reason="engine_refused"))
