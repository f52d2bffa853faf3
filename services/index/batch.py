"""What happens to a batch of enriched items: decode, stories, write, match, alert, dead letters."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
from prometheus_client import Counter, Histogram

from schemas import codec, topics
from schemas.errors import Invalid
from schemas.messages import EnrichedItem
from services.dead_letters import DeadLetters
from services.engine import Engine
from services.index import alerts, claims, fault_point, figures, growth, items, merge, percolate, stories
from services.index.claims import Claimant
from services.index.items import Known, Outcome
from services.kafka import Producer, Record
from services.telemetry import logger

log = logger(__name__)

ITEMS = Counter("news_index_items_total", "Messages by what became of them", ["outcome"])
STAGE_SECONDS = Histogram("news_index_stage_seconds", "Seconds that a batch took in a stage", ["stage"])
ALERTS = Counter("news_index_alerts_total", "Alerts sent, repeats among them", ["late"])

Rejected = tuple[Record, Exception]


class Message(msgspec.Struct, frozen=True):
    """A record and the item in it."""

    record: Record
    item: EnrichedItem


async def index_batch(
    records: Sequence[Record],
    connected: Engine,
    producer: Producer,
    letters: DeadLetters,
    public_url: str,
    late_s: float,
) -> None:
    """Write a batch, match it, send its alerts. To be committed after this returns; repeatable as a whole.

    Raises Transient, Flood.
    """
    messages, rejected = decode(records)
    with _timed("read"):
        known = await items.read(connected, (message.item.item_id for message in messages))
    messages, claimants, more = merge_first(messages, known)
    rejected += more
    with _timed("stories"):
        assigned = await claims.assign(connected, claimants)
    with _timed("write"):
        readable = {item_id: found for item_id, found in known.items() if isinstance(found, Known)}
        outcomes = await items.write(connected, [one.item for one in messages], readable, assigned, datetime.now(UTC))
    _report(outcomes)
    with _timed("figures"):
        await figures.follow(connected, with_figures(outcomes, readable))
    fault_point.reached(fault_point.WRITTEN)
    due = due_matches(messages, outcomes)  # also of unchanged items: a crash may have eaten their alerts
    with _timed("match"):
        matches, more = await match(connected, due)
    rejected += more
    with _timed("alert"):
        documents = {item_id: outcome.document for item_id, (_, outcome) in due.items()}
        outlets = await growth.counted(connected, matches, documents)
        rejected += await send_alerts(producer, matches, due, outlets, public_url, late_s)
    rejected += refused(messages, outcomes)
    for record, error in rejected:
        await letters.send(record, error)
    for _ in range(len(records) - len(rejected)):
        letters.fine()
    ITEMS.labels("dead_letter").inc(len(rejected))


def decode(records: Sequence[Record]) -> tuple[list[Message], list[Rejected]]:
    """Return the items, and the records that hold none."""
    messages: list[Message] = []
    rejected: list[Rejected] = []
    for record in records:
        try:
            messages.append(Message(record, codec.decode(record.value or b"", EnrichedItem)))
        except Exception as error:  # a pure step over one message: the third verdict
            rejected.append((record, error))
    return messages, rejected


def merge_first(
    messages: Sequence[Message], known: Mapping[str, Known | Invalid]
) -> tuple[list[Message], list[Claimant], list[Rejected]]:
    """Merge, to see which items are in search of a story: the relevant ones that have none stored."""
    by_item: dict[str, list[Message]] = {}
    for message in messages:
        by_item.setdefault(message.item.item_id, []).append(message)
    claimants: list[Claimant] = []
    rejected: list[Rejected] = []
    for item_id, parts in by_item.items():
        try:
            found = known.get(item_id)
            if isinstance(found, Invalid):
                raise found
            document = items.merged_with(found, [part.item for part in parts])
            merge.to_write(document, datetime.now(UTC))  # what it meets is met here, where it concerns one item only
            if not document.takedown and not document.story_id and (item := merge.shown(document)).relevant:
                claimants.append(Claimant(item_id, stories.signature(item), item.fetched_at))
        except Exception as error:
            rejected += [(part.record, error) for part in parts]
    failed = [record for record, _ in rejected]
    return [message for message in messages if message.record not in failed], claimants, rejected


def with_figures(outcomes: Sequence[Outcome], before: Mapping[str, Known]) -> set[str]:
    """Return the items that have figures to be written, or may have had some; also unchanged ones, as of a replay."""
    written = [outcome for outcome in outcomes if outcome.verdict != "invalid"]
    ids = {outcome.document.item_id: outcome.document for outcome in written}
    return {
        item_id
        for item_id, document in ids.items()
        if item_id in before
        or len(document.sources) > 1
        or (not document.takedown and (item := merge.shown(document)).relevant and item.figures)
    }


def due_matches(messages: Sequence[Message], outcomes: Sequence[Outcome]) -> dict[str, tuple[Message, Outcome]]:
    """Return the items to match, by id, each with the first message that may alert somebody."""
    due: dict[str, tuple[Message, Outcome]] = {}
    for message, outcome in zip(messages, outcomes, strict=True):
        if outcome.verdict == "current" and alerts.is_told(message.item):
            due.setdefault(message.item.item_id, (message, outcome))
    return due


async def match(
    connected: Engine, due: Mapping[str, tuple[Message, Outcome]]
) -> tuple[list[percolate.Match], list[Rejected]]:
    """Match the items, and return the records of those that the engine cannot match. Raises Transient."""
    documents = {item_id: outcome.document for item_id, (_, outcome) in due.items()}
    try:
        return await percolate.percolate(connected, documents), []
    except Invalid:  # one of them spoils the request: which one?
        matches: list[percolate.Match] = []
        rejected: list[Rejected] = []
        for item_id, document in documents.items():
            try:
                matches += await percolate.percolate(connected, {item_id: document})
            except Invalid as error:
                rejected.append((due[item_id][0].record, error))
        return matches, rejected


async def send_alerts(
    producer: Producer,
    matches: Sequence[percolate.Match],
    due: Mapping[str, tuple[Message, Outcome]],
    outlets: Mapping[str, int],
    public_url: str,
    late_s: float,
) -> list[Rejected]:
    """Send the alerts of each match, confirmed. Return the records whose alert cannot be made. Raises Transient."""
    now = datetime.now(UTC)
    failed: dict[str, Rejected] = {}  # a record is one dead letter, however many of its alerts failed
    made = []
    for found in matches:
        message, outcome = due[found.item_id]
        try:
            told = alerts.due(
                found, outcome.document, message.item, now, outlets=outlets, late_s=late_s, public_url=public_url
            )
            made += [(message.record, alert, codec.encode(alert)) for alert in told]
        except Exception as error:
            failed[found.item_id] = message.record, error
    sends = [producer.send(topics.ALERTS, alert.item_id or "", value) for _, alert, value in made]
    for (record, alert, _), sent in zip(made, await asyncio.gather(*sends, return_exceptions=True), strict=True):
        if isinstance(sent, Invalid):
            failed[alert.item_id or ""] = record, sent
        elif isinstance(sent, BaseException):
            raise sent
        else:
            ALERTS.labels(str(alert.late).lower()).inc()
            log.info(
                "alert",
                kind=alert.kind,
                search_id=alert.search_id,
                item_id=alert.item_id,
                story_id=alert.story_id,
                late=alert.late,
                trace_id=alert.trace_id,
            )
    return list(failed.values())


def refused(messages: Sequence[Message], outcomes: Sequence[Outcome]) -> list[Rejected]:
    """Return the records that the engine will never take."""
    return [
        (message.record, Invalid(outcome.error or "", reason="engine_refused"))
        for message, outcome in zip(messages, outcomes, strict=True)
        if outcome.verdict == "invalid"
    ]


def _report(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.verdict != "invalid":
            ITEMS.labels(outcome.verdict).inc()
            item = outcome.message
            log.info(
                "item indexed",
                outcome=outcome.verdict,
                item_id=item.item_id,
                story_id=merge.story_of(outcome.document),
                feed_id=item.feed_id,
                title=item.title[:120],
                relevant=item.relevant,
                trace_id=item.trace_id,
            )


@contextmanager
def _timed(stage: str) -> Iterator[None]:
    with STAGE_SECONDS.labels(stage).time():
        yield
