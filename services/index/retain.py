"""`retain`: delete what is older than people want it kept, a little at a time.

What is deleted is deleted as it was found: a document that somebody changes meanwhile (a takedown, a correction) stays.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from schemas import topics
from schemas.errors import Invalid, Transient
from services import engine, settings, telemetry
from services.engine import Engine, Remove, Stored
from services.index import figures, job, stories
from services.index.indices import NEWS, OUTBOX, STORIES
from services.index.job import Busy, Lost, say

FAILED = 1
WRONG = 2
PAGE = 500
RATE = 1_000  # documents deleted a second, at most: live writers and readers come first
EVERY_S = 2.0  # between two lines of progress
DAY_H = 24

# An item that somebody corrected is people's work, also where that was withdrawn: the documents are looked at, too.
# A tombstone keeps what was taken down away for good.
SPARED_ITEMS = ({"term": {"takedown": True}}, {"term": {"corrected": True}})
SPARED_FIELDS = ("takedown", "corrections")
OWED = ({"bool": {"must_not": [{"terms": {"state": ["delivered", "failed", "cancelled", "grouped"]}}]}},)


class Rule(msgspec.Struct, frozen=True):
    """Documents of an index whose `field` is a time before `until`; but for what these queries find stays."""

    index: str
    field: str
    until: datetime
    spared: Sequence[Mapping[str, Any]] = ()

    def query(self) -> dict[str, Any]:
        """What is to be deleted."""
        older = {"range": {self.field: {"lt": self.until.isoformat()}}}
        return {"bool": {"filter": [older], "must_not": list(self.spared)}}


def longest_replay_h() -> int:
    """For how many hours a message may still come again: the longest retention of a topic, dead letters among them."""
    return max(topic.retention_hours or 0 for topic in topics.load().values())


def rules(configured: settings.Retention, now: datetime) -> list[Rule]:
    """Return what is to be deleted. Raises Invalid (`setting`) where deliveries would be forgotten too early.

    Deliveries have to outlive every replay: their ids are what keeps an alert from being told again. Claims of stories
    are of use to items of the 14 days after them, which a replay may bring that much later.
    """
    replay_h = longest_replay_h()
    deliveries_days = configured.retain_deliveries_days
    if deliveries_days and deliveries_days * DAY_H <= replay_h:
        longest = next(name for name, topic in topics.load().items() if topic.retention_hours == replay_h)
        raise Invalid(
            f"NEWS_RETAIN_DELIVERIES_DAYS is {deliveries_days}, but {longest} keeps messages for {replay_h} h: an "
            f"alert that is replayed would be delivered again; give at least {replay_h // DAY_H + 1}, or 0 to keep all",
            reason="setting",
        )
    found = []
    if configured.retain_items_days:
        until = now - timedelta(days=configured.retain_items_days)
        found.append(Rule(NEWS, "fetched_at", until, SPARED_ITEMS))
    if deliveries_days:
        found.append(Rule(OUTBOX, "created_at", now - timedelta(days=deliveries_days), OWED))
    found.append(Rule(STORIES, "first_at", now - stories.WINDOW - timedelta(hours=replay_h)))
    return found


async def retain(connected: Engine, due: Sequence[Rule], *, dry_run: bool, rate: float = RATE) -> dict[str, int]:
    """Delete, or count, and return how many documents of each index. Raises Busy, Lost, Transient."""
    if dry_run:
        return {rule.index: await _count(connected, rule) for rule in due}
    async with job.alone(connected, "retain", say):
        return {rule.index: await _delete(connected, rule, rate) for rule in due}


async def _count(connected: Engine, rule: Rule) -> int:
    answer = await connected.search(rule.index, {"query": rule.query(), "size": 0, "track_total_hits": True})
    return int(answer["hits"]["total"]["value"])


async def _delete(connected: Engine, rule: Rule, rate: float) -> int:
    """Delete in the order of age. A search may be behind what was written last: a condition on each delete is not."""
    total = await _count(connected, rule)
    body: dict[str, Any] = {
        "query": rule.query(),
        "size": PAGE,
        "sort": [{rule.field: "asc"}, {"_seq_no": "asc"}],
        "seq_no_primary_term": True,
        "_source": list(SPARED_FIELDS),
        "track_total_hits": False,
    }
    deleted, started, told = 0, time.monotonic(), time.monotonic()
    while hits := (await connected.search(rule.index, body))["hits"]["hits"]:
        found = [
            Stored(hit["_id"], hit["_source"], hit["_seq_no"], hit["_primary_term"], hit["_index"])
            for hit in hits
            if not any(hit["_source"].get(field) for field in SPARED_FIELDS)
        ]
        results = await connected.bulk(rule.index, [Remove(one.id, one) for one in found])
        if rule.index == NEWS:
            await figures.follow(connected, [one.id for one in found])
        deleted += sum(result.verdict == "ok" for result in results)
        body["search_after"] = hits[-1]["sort"]
        if time.monotonic() - told >= EVERY_S:
            told = time.monotonic()
            say(f"{rule.index}: {deleted:,} of {total:,} deleted, {deleted / (told - started):,.0f}/s")
        await asyncio.sleep(started + deleted / rate - time.monotonic())
    await connected.refresh(rule.index)
    return deleted


def main(*, dry_run: bool) -> int:
    """Run the command and return the exit status."""
    telemetry.start("index-retain")
    now = datetime.now(UTC)
    try:
        due = rules(settings.Retention(), now)
        counts = asyncio.run(_run(due, dry_run=dry_run))
    except Invalid as error:
        sys.stderr.write(f"{error}\n")
        return WRONG if error.reason == "setting" else FAILED
    except Busy as error:
        sys.stderr.write(f"nothing was done: {error}\n")
        return FAILED
    except (Lost, Transient) as error:
        sys.stderr.write(f"not finished, run it again: {error}\n")
        return FAILED
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.stderr.write("stopped; run it again to go on\n")
        return FAILED
    verb = "would be deleted" if dry_run else "deleted"
    for rule in due:
        sys.stdout.write(f"{rule.index}: {counts[rule.index]:,} from before {rule.until:%Y-%m-%d %H:%M} UTC {verb}\n")
    for name, index in (("NEWS_RETAIN_ITEMS_DAYS", NEWS), ("NEWS_RETAIN_DELIVERIES_DAYS", OUTBOX)):
        if index not in counts:
            sys.stdout.write(f"{index}: all kept ({name} is 0)\n")
    return 0


async def _run(due: Sequence[Rule], *, dry_run: bool) -> dict[str, int]:
    running = asyncio.current_task()
    if running:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    async with engine.connect() as connected:
        return await retain(connected, due, dry_run=dry_run)
