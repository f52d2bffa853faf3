"""The outbox: every delivery of an alert to an endpoint, from the moment it is owed until it is settled.

    pending --lease, attempt, record--> pending (due later) | delivered | failed
    pending --> cancelled (search or endpoint deleted, item taken down) | held (endpoint disabled, search paused)
    waiting (in a window: windows.py) --follow-up written--> grouped: told in the delivery `told_in`
    held --when nothing is in the way any more (release.py)--> waiting | pending
    anything that does not wait in a window --a person asks for it again--> pending (account.py)

A document is created once under its delivery id (op_type=create), which makes alerts once per subject across replicas
and replays; every later write is conditional on what was read. What a search finds due is only a hint: the lease,
taken on a real-time read, decides.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from schemas import identity
from schemas.messages import Alert
from services.engine import BulkResult, Create, Engine, Stored
from services.index.deliver import follow_up, payload
from services.index.indices import OUTBOX

State = Literal["pending", "delivered", "failed", "cancelled", "held", "waiting", "grouped"]

OWED: Final = ("pending", "held", "waiting")
NO_ENDPOINT = "none"
TAKEN_DOWN = "the item was taken down"

# Who creates a delivery attempts it at once; the scan of any replica takes it when that has not happened by then.
FIRST_GO = timedelta(seconds=1)

# Deliveries of one endpoint that a scan brings at once, and endpoints that it looks at.
SCAN_DEPTH = 100
SCAN_ENDPOINTS = 1_000


class Attempt(msgspec.Struct, kw_only=True, frozen=True):
    """One request. status: of the answer; None where there was none, and `error` says why. response: its first 1 KB."""

    at: datetime
    status: int | None
    latency_ms: int
    error: str | None
    response: str

    @property
    def succeeded(self) -> bool:
        """Only 2xx is success."""
        return self.status is not None and 200 <= self.status < 300


class Delivery(msgspec.Struct, kw_only=True, frozen=True):
    """A document of the outbox. body: the exact bytes of every attempt, frozen; empty once the item was taken down.

    due_at: not attempted earlier. leased_by: a token of the attempt under way, which nobody else may make before
    leased_until. told_in: the delivery id of the follow-up that told it. redelivered_at: when a person last asked for
    it again: retries are counted from then.
    """

    alert_id: str
    endpoint_id: str
    search_id: str | None
    kind: str
    item_id: str | None
    story_id: str | None
    trace_id: str
    late: bool
    state: State
    reason: str | None = None
    body: str
    fetched_at: datetime | None
    created_at: datetime
    due_at: datetime
    leased_until: datetime | None = None
    leased_by: str | None = None
    settled_at: datetime | None = None
    told_in: str | None = None
    redelivered_at: datetime | None = None
    attempts: list[Attempt] = []

    def is_due(self, now: datetime) -> bool:
        """Whether an attempt is to be made, and nobody is making it."""
        leased = self.leased_until is not None and self.leased_until > now
        return self.state == "pending" and self.due_at <= now and not leased


def owed(alert: Alert, search_name: str | None, endpoint_id: str, now: datetime) -> tuple[str, Delivery]:
    """Return a new delivery of an alert and its id."""
    delivery = Delivery(
        alert_id=alert.alert_id,
        endpoint_id=endpoint_id,
        search_id=alert.search_id,
        kind=alert.kind,
        item_id=alert.item_id,
        story_id=alert.story_id,
        trace_id=alert.trace_id,
        late=alert.late,
        state="pending",
        body=payload.body(alert, search_name).decode(),
        fetched_at=alert.item.fetched_at if alert.item else None,
        created_at=now,
        due_at=now,
    )
    return identity.delivery_id(alert.alert_id, endpoint_id), delivery


def leased(delivery: Delivery, token: str, until: datetime) -> Delivery:
    """Return the delivery with an attempt about to be made by the holder of the token."""
    return msgspec.structs.replace(delivery, leased_by=token, leased_until=until)


def released(delivery: Delivery, token: str) -> Delivery:
    """Return the delivery free for anybody, where the token still holds it."""
    if delivery.leased_by != token:
        return delivery
    return msgspec.structs.replace(delivery, leased_by=None, leased_until=None)


def settled(delivery: Delivery, state: State, reason: str | None, now: datetime) -> Delivery:
    """Return the delivery with nothing more to be done about it by itself."""
    return msgspec.structs.replace(
        delivery, state=state, reason=reason, settled_at=now, leased_by=None, leased_until=None
    )


def reached(delivery: Delivery, now: datetime) -> bool:
    """Whether the endpoint may have its words: an attempt that failed, or is under way, may have arrived."""
    leased = delivery.leased_until is not None and delivery.leased_until > now
    return delivery.state == "delivered" or bool(delivery.attempts) or leased


def resumed(delivery: Delivery, now: datetime, why: str | None = None) -> Delivery:
    """Return a delivery that was held as one that waits in a window, or without `why` as one that is due."""
    if delivery.state != "held":
        return delivery
    due = msgspec.structs.replace(delivery, state="pending", reason=None, settled_at=None, due_at=now)
    return waiting(due, why) if why else due


def waiting(delivery: Delivery, why: str) -> Delivery:
    """Return the delivery as one that waits in a window."""
    return msgspec.structs.replace(delivery, state="waiting", reason=f"waits for the next follow-up ({why})")


def is_untold(delivery: Delivery) -> bool:
    """Whether a follow-up is to tell it. One that is still held was being released when a crash came."""
    return delivery.state in ("waiting", "held")


def grouped(delivery: Delivery, told_in: str, now: datetime) -> Delivery:
    """Return the delivery as told in a follow-up; one that was cancelled meanwhile remembers it and stays so."""
    if is_untold(delivery):
        delivery = settled(delivery, "grouped", "told in a follow-up", now)
    return msgspec.structs.replace(delivery, told_in=told_in)


def without(delivery: Delivery, item_ids: set[str]) -> Delivery:
    """Return a follow-up without the words of items that were taken down."""
    if not delivery.body or not item_ids & follow_up.item_ids(delivery.body.encode()):
        return delivery
    return msgspec.structs.replace(delivery, body=follow_up.without(delivery.body.encode(), item_ids).decode())


def cleared(delivery: Delivery, now: datetime) -> Delivery:
    """Return the delivery without the words of its item, which was taken down; what is still owed is cancelled."""
    attempts = [msgspec.structs.replace(attempt, response="") for attempt in delivery.attempts]
    emptied = msgspec.structs.replace(delivery, body="", attempts=attempts)
    return settled(emptied, "cancelled", TAKEN_DOWN, now) if delivery.state in OWED else emptied


def again(delivery: Delivery, now: datetime) -> Delivery:
    """Return the delivery as one to be attempted now, under the same id, with a whole schedule of retries before it.

    One that is pending comes at once; a lease stays: whoever has it is at the attempt.
    """
    return msgspec.structs.replace(
        delivery, state="pending", reason=None, settled_at=None, due_at=now, redelivered_at=now
    )


def tries(delivery: Delivery) -> int:
    """Return how many attempts were made since it was owed, or last asked for again."""
    since = delivery.redelivered_at
    return sum(1 for attempt in delivery.attempts if since is None or attempt.at >= since)


def recorded(delivery: Delivery, token: str, attempt: Attempt, delay_s: float | None, now: datetime) -> Delivery:
    """Return the delivery after an attempt; itself where the attempt is on record already.

    delay_s: to the next attempt, None when there is none. A holder that was frozen past its lease adds its attempt and
    decides nothing, unless it succeeded.
    """
    if attempt in delivery.attempts:
        return delivery
    attempted = msgspec.structs.replace(delivery, attempts=[*delivery.attempts, attempt])
    if delivery.state != "pending":
        return attempted
    if attempt.succeeded:
        return settled(attempted, "delivered", None, now)
    if delivery.leased_by != token:
        return attempted
    if delay_s is None:
        return settled(attempted, "failed", f"attempt {len(attempted.attempts)} was the last one", now)
    return msgspec.structs.replace(
        attempted, due_at=now + timedelta(seconds=delay_s), leased_by=None, leased_until=None
    )


async def create(
    engine: Engine, deliveries: Sequence[tuple[str, Delivery]], *, refresh: bool = False
) -> list[BulkResult]:
    """Create the deliveries that do not exist, and return a result for each, in order. Raises Transient."""
    creates = [Create(delivery_id, msgspec.to_builtins(delivery)) for delivery_id, delivery in deliveries]
    return await engine.bulk(OUTBOX, creates, refresh=refresh)


def delivery_of(stored: Stored) -> Delivery:
    """Return the delivery in a document that was read."""
    return msgspec.convert(stored.source, Delivery)


async def take(engine: Engine, stored: Stored, now: datetime, lease: timedelta) -> str | None:
    """Lease a delivery and return the token; None when somebody else was quicker. Raises Transient."""
    token = secrets.token_hex(8)
    taken = leased(delivery_of(stored), token, now + lease)
    return token if await engine.replace(OUTBOX, stored, msgspec.to_builtins(taken)) else None


async def settle(engine: Engine, stored: Stored, state: State, reason: str, now: datetime) -> bool:
    """Settle a delivery that will not be attempted. False when it has changed since it was read."""
    after = settled(delivery_of(stored), state, reason, now)
    return await engine.replace(OUTBOX, stored, msgspec.to_builtins(after))


async def change(engine: Engine, delivery_id: str, step: Callable[[Delivery], Delivery]) -> Delivery | None:
    """Apply a pure step to the delivery as it is now, and return the result; None where it was deleted."""
    while stored := await engine.get(OUTBOX, delivery_id):
        before = delivery_of(stored)
        after = step(before)
        if after == before or await engine.replace(OUTBOX, stored, msgspec.to_builtins(after)):
            return after
    return None


async def take_out(engine: Engine, delivery_id: str, item_ids: set[str], now: datetime) -> bool:
    """Take items that were taken down out of a follow-up. True where its endpoint may have them. Raises Transient."""
    told = False

    def step(found: Delivery) -> Delivery:
        nonlocal told
        after = without(found, item_ids)
        told = after != found and reached(found, now)
        return after

    await change(engine, delivery_id, step)
    return told


async def due(engine: Engine, now: datetime, excluded: Sequence[str]) -> list[tuple[str, str]]:
    """Return (endpoint id, delivery id) of what seems to be due, the oldest of each endpoint. Raises Transient.

    Grouped by endpoint, so that a long queue of one never hides the others. excluded: endpoints not asked about.
    """
    answer = await engine.search(OUTBOX, _due_query(now, excluded))
    return [
        (endpoint["key"], hit["_id"])
        for endpoint in answer["aggregations"]["endpoints"]["buckets"]
        for hit in endpoint["oldest"]["hits"]["hits"]
    ]


def _due_query(now: datetime, excluded: Sequence[str]) -> Mapping[str, object]:
    at = now.isoformat()
    return {
        "size": 0,
        "query": {
            "bool": {
                "filter": [{"term": {"state": "pending"}}, {"range": {"due_at": {"lte": at}}}],
                "must_not": [
                    {"range": {"leased_until": {"gt": at}}},
                    {"range": {"created_at": {"gt": (now - FIRST_GO).isoformat()}}},
                    {"terms": {"endpoint_id": list(excluded)}},
                ],
            }
        },
        "aggs": {
            "endpoints": {
                "terms": {"field": "endpoint_id", "size": SCAN_ENDPOINTS},
                "aggs": {"oldest": {"top_hits": {"size": SCAN_DEPTH, "_source": False, "sort": ["due_at"]}}},
            }
        },
    }
