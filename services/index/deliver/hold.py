"""Windows in the engine: entered before the alert's offset is committed, closed by whoever finds them due."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from schemas import identity
from schemas.errors import Transient
from schemas.messages import Alert
from services.engine import Create, Engine, Operation, Replace, Stored
from services.index import searches
from services.index.deliver import follow_up, outbox, threads, windows
from services.index.deliver.outbox import Delivery
from services.index.deliver.windows import Why, Window, window_id
from services.index.indices import OUTBOX, WINDOWS
from services.index.searches import SavedSearch
from services.index.timing import Timing
from services.telemetry import logger

log = logger(__name__)

ROUNDS = 50  # replicas that hold alerts of one search in the same instant
AT_ONCE = 100  # windows that a scan closes
HELD_KINDS = frozenset({"match", "growth", "revision"})  # what is told of a search; the rest goes out at once


class Entry(msgspec.Struct, frozen=True):
    """An alert that is owed."""

    delivery_id: str
    alert: Alert
    endpoint_id: str
    search: SavedSearch


async def enter(engine: Engine, entries: Sequence[Entry], now: datetime) -> dict[str, Why | None]:
    """Decide what goes out at once, and remember it: why a delivery waits, by its id; None where it does not.

    The same again for one that was decided before. Raises Transient.
    """
    decided: dict[str, Why | None] = {}
    left: dict[str, list[Entry]] = {}
    for entry in entries:
        left.setdefault(window_id(entry.search.search_id, entry.endpoint_id), []).append(entry)
    for _ in range(ROUNDS):
        if not left:
            return decided
        stored = await engine.mget(WINDOWS, list(left))
        operations: list[Operation] = []
        for name, group in left.items():
            before = _window(stored.get(name), group[0])
            after = before
            for entry in group:
                subject = threads.subject_of(entry.alert.item)
                after, why = windows.entered(after, entry.delivery_id, subject, entry.search.timing, now)
                decided[entry.delivery_id] = why
            document = msgspec.to_builtins(after)
            if name not in stored:
                operations.append(Create(name, document))
            elif after != before:
                operations.append(Replace(stored[name], document))
        results = await engine.bulk(WINDOWS, operations) if operations else []
        if refused := [result for result in results if result.verdict == "invalid"]:
            raise RuntimeError(f"a window was refused: {refused[0].error}")
        again = {result.id for result in results if result.verdict == "conflict"}
        left = {name: group for name, group in left.items() if name in again}
    raise Transient(f"{len(left)} windows were written by somebody else {ROUNDS} times in a row")


def _window(stored: Stored | None, entry: Entry) -> Window:
    if stored:
        return msgspec.convert(stored.source, Window)
    return Window(endpoint_id=entry.endpoint_id, search_id=entry.search.search_id)


async def release(
    engine: Engine, search: SavedSearch, endpoint_id: str, delivery_ids: Sequence[str], now: datetime
) -> None:
    """Let deliveries that were held wait in the window instead. Repeatable after a crash. Raises Transient."""
    name = window_id(search.search_id, endpoint_id)
    empty = Window(endpoint_id=endpoint_id, search_id=search.search_id)
    await engine.bulk(WINDOWS, [Create(name, msgspec.to_builtins(empty))])  # where there is none yet
    await _change(engine, name, lambda window: windows.released(window, delivery_ids, search.timing, now))
    for delivery_id in delivery_ids:
        await outbox.change(engine, delivery_id, lambda found: outbox.resumed(found, now, "held"))


async def due(engine: Engine, now: datetime) -> list[str]:
    """Return the ids of windows that seem due. Raises Transient."""
    body = {
        "query": {"range": {"due_at": {"lte": now.isoformat()}}},
        "sort": ["due_at"],
        "size": AT_ONCE,
        "_source": False,
    }
    return [hit["_id"] for hit in (await engine.search(WINDOWS, body))["hits"]["hits"]]


async def close(engine: Engine, name: str, now: datetime) -> tuple[str, str] | None:
    """Close the window if it is due, and return the endpoint and the follow-up that is now in the outbox.

    Freeze the members, write the follow-up, say so on each member's delivery, open the next window: each step is
    conditional and repeatable, so that a crash or another replica in between changes nothing. Raises Transient.
    """
    frozen = await _change(engine, name, lambda window: windows.frozen(window, now))
    if frozen is None or frozen.closing is None:
        return None
    search = await searches.get(engine, frozen.search_id)
    alert_id = identity.alert_id("digest", frozen.search_id, name, str(frozen.number))
    told_in = identity.delivery_id(alert_id, frozen.endpoint_id)
    members = await engine.mget(OUTBOX, [one.delivery_id for one in frozen.closing.members])
    missing = {one.delivery_id for one in frozen.closing.members} - members.keys()
    deliveries = {
        member_id: delivery
        for member_id, stored in members.items()
        if outbox.is_untold(delivery := outbox.delivery_of(stored)) or delivery.told_in == told_in
    }
    if any(delivery.body for delivery in deliveries.values()):
        await outbox.create(engine, [(told_in, _follow_up(frozen, alert_id, search, deliveries, now))])
        await _tell_members(engine, members, told_in, now)
    timing = search.timing if search else Timing()

    def next_window(window: Window) -> Window:
        ours = window.number == frozen.number
        return windows.closed(window, told_in, missing, timing, now) if ours else window

    await _change(engine, name, next_window)
    log.info("window closed", search_id=frozen.search_id, delivery_id=told_in, members=len(deliveries))
    return frozen.endpoint_id, told_in


def _follow_up(
    window: Window, alert_id: str, search: SavedSearch | None, deliveries: dict[str, Delivery], now: datetime
) -> Delivery:
    members = window.closing.members if window.closing else []
    told = [
        (one, msgspec.json.decode(deliveries[one.delivery_id].body))
        for one in members
        if one.delivery_id in deliveries and deliveries[one.delivery_id].body
    ]
    trace_id = identity.new_trace_id()
    body = follow_up.body(
        alert_id,
        window.search_id,
        search.name if search else "",
        f"window:{window.number}",
        told,
        now,
        trace_id,
    )
    made = Delivery(
        alert_id=alert_id,
        endpoint_id=window.endpoint_id,
        search_id=window.search_id,
        kind="digest",
        item_id=None,
        story_id=None,
        trace_id=trace_id,
        late=any(delivery.late for delivery in deliveries.values()),
        state="pending",
        body=body.decode(),
        fetched_at=None,  # that it waited is no latency
        created_at=now,
        due_at=now,
    )
    return made if search else outbox.settled(made, "cancelled", "the saved search was deleted", now)


async def _tell_members(engine: Engine, members: Mapping[str, Stored], told_in: str, now: datetime) -> None:
    """Say on each member's delivery what it was told in. One taken down meanwhile goes out of the follow-up, too."""

    def step(found: Delivery) -> Delivery:
        return outbox.grouped(found, told_in, now)

    writes = [Replace(stored, msgspec.to_builtins(step(outbox.delivery_of(stored)))) for stored in members.values()]
    changed = [result.id for result in await engine.bulk(OUTBOX, writes) if result.verdict == "conflict"]
    for member_id in changed:
        after = await outbox.change(engine, member_id, step)
        if after and not after.body and after.item_id:
            await outbox.take_out(engine, told_in, {after.item_id}, now)


async def _change(engine: Engine, name: str, step: Callable[[Window], Window]) -> Window | None:
    """Apply a pure step to the window as it is now, and return the result; None where there is none."""
    while stored := await engine.get(WINDOWS, name):
        before = msgspec.convert(stored.source, Window)
        after = step(before)
        if after == before or await engine.replace(WINDOWS, stored, msgspec.to_builtins(after)):
            return after
    return None


async def close_due(engine: Engine, now: datetime) -> list[tuple[str, str]]:
    """Close every window that is due, and return (endpoint id, delivery id) of the follow-ups. Raises Transient."""
    return [written for name in await due(engine, now) if (written := await close(engine, name, now))]
