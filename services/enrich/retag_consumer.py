"""The archive's way through the tagging: news.retag -> tag -> news.retagged, when no live items wait."""

import asyncio
from collections.abc import Sequence

from schemas import topics
from schemas.errors import Transient
from services import kafka, telemetry
from services.dead_letters import DeadLetters
from services.enrich.batch import Tag, send_tagged
from services.kafka import Producer, Record
from services.live_traffic import LiveTraffic
from services.telemetry import Progress

log = telemetry.logger(__name__)

GROUP = "enrich-retag"
GAZETTEER = "gazetteer"  # header: the version that the command wants the item tagged with
BATCH = 20  # records: what a live item may have to wait for
LIMIT_S = 3_600.0


async def run(serial: int, tag: Tag, producer: Producer, live: LiveTraffic, stop: asyncio.Event) -> None:
    """Tag the archive until `stop`. serial: of the gazetteer that `tag` uses. What goes wrong here stops only this."""
    dead_letters = DeadLetters(GROUP, producer)

    async def process(records: list[Record]) -> None:
        live.give_way()
        require_gazetteer(records, serial)
        await send_tagged(records, tag, topics.RETAGGED, producer, dead_letters, set())

    try:
        await kafka.consume(
            group=GROUP,
            topic=topics.RETAG,
            process=process,
            stop=stop,
            progress=Progress(LIMIT_S),  # of its own: liveness means the live items
            batch=BATCH,
        )
    except Exception:  # a flood of dead letters, or a bug: nothing of the batch is committed
        log.critical("re-tagging stopped until the next start; live items go on", exc_info=True)


def require_gazetteer(records: Sequence[Record], serial: int) -> None:
    """Raise Transient where a record asks for a newer gazetteer than this process has: it waits for the new one."""
    for record in records:
        wanted = dict(record.headers).get(GAZETTEER, b"").decode("ascii", "replace")
        if wanted.partition("-")[0].isdecimal() and int(wanted.partition("-")[0]) > serial:
            raise Transient(f"re-tagging asks for gazetteer {wanted}, this process has {serial}: restart it")
