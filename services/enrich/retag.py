"""The command that sends the archive through the tagging again: what another gazetteer tagged, to news.retag.

A worker tags it when no live items wait (retag_consumer.py), and index replaces the tags, and nothing else, where the
content is still the same (services/index/retag.py). So nothing here has to be remembered: to go on after a stop is to
run it again.
"""

import asyncio
import sys
import time
from collections.abc import Sequence

from schemas import codec, topics
from schemas.messages import EnrichedItem, RawItem
from services import engine, kafka, telemetry
from services.enrich import archive
from services.enrich.gazetteer import Gazetteer
from services.enrich.gazetteer_files import GazetteerError
from services.enrich.retag_consumer import GAZETTEER
from services.kafka import Producer

EVERY_S = 2.0  # between two lines of progress


async def run(gazetteer: Gazetteer, *, rate: float, after: str, dry_run: bool) -> None:
    """Send what another gazetteer tagged, `rate` items a second. Raises GazetteerError, Invalid, Transient."""
    require_bumped(gazetteer)
    telemetry.start("enrich-retag")
    async with engine.connect() as connected:
        total = await archive.count_others(connected, gazetteer.version)
        _say(f"gazetteer {gazetteer.version}: {total:,} items have the tags of another")
        if dry_run or not total:
            return
        async with kafka.producer("enrich-retag", patience_s=kafka.PATIENCE_S) as producer:
            await _send_all(connected, producer, gazetteer, total, rate, after)


def require_bumped(gazetteer: Gazetteer) -> None:
    """Raise GazetteerError where the content changed and the serial did not: its tags would count as no newer."""
    files = gazetteer.files
    if files.content != files.version.content:
        raise GazetteerError("changed since its serial was raised: run `python -m services.enrich gazetteer bump`")


def outdated(sources: Sequence[EnrichedItem], serial: int) -> list[RawItem]:
    """The messages that an older gazetteer tagged, without their tags, in order."""
    return [
        RawItem(**{name: getattr(item, name) for name in RawItem.__struct_fields__})
        for item in sources
        if int(item.gazetteer_version.partition("-")[0]) < serial
    ]


async def _send_all(
    connected: engine.Engine, producer: Producer, gazetteer: Gazetteer, total: int, rate: float, after: str
) -> None:
    started = told = time.monotonic()
    read = sent = 0
    headers = [(GAZETTEER, gazetteer.version.encode())]
    try:
        async for page in archive.of_others(connected, gazetteer.version, after):
            raw = [item for archived in page for item in outdated(archived.sources, gazetteer.files.version.serial)]
            await asyncio.gather(
                *(producer.send(topics.RETAG, item.item_id, codec.encode(item), headers) for item in raw)
            )
            read, sent, after = read + len(page), sent + len(raw), page[-1].item_id
            if time.monotonic() - told >= EVERY_S:
                told = time.monotonic()
                _say(progress(read, total, sent, told - started, after))
            await asyncio.sleep(started + sent / rate - time.monotonic())
    except asyncio.CancelledError:
        _say(f"stopped: {sent:,} sent; run it again, or with --after {after} to leave out what was read")
        raise
    _say(f"{sent:,} messages of {read:,} items sent in {time.monotonic() - started:.0f} s")
    _say("the workers tag them when no live items wait; --dry-run counts what is left")


def progress(read: int, total: int, sent: int, elapsed_s: float, after: str) -> str:
    """A line that says how far it is and how long it will take."""
    left_s = max(0, total - read) * elapsed_s / max(read, 1)
    left = f"{left_s / 60:.0f} min" if left_s >= 90 else f"{left_s:.0f} s"
    return f"{read:,} of {total:,} items, {sent:,} messages sent, {sent / elapsed_s:.0f}/s, {left} left, at {after}"


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
