"""Corrections in the engine: read, merge, write, as for messages (items.py); then the item is matched again.

An item that a person made relevant, or gave a country, goes out as if it had come so: an alert for each saved search
that it matches, once per story as usual. Repeating a request repeats the alerts under the same ids, which is harmless.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from schemas import codec, topics
from schemas.errors import Invalid, Transient
from schemas.identity import digest, new_trace_id
from services import telemetry
from services.engine import Engine
from services.index import alerts, claims, corrections, figures, growth, items, merge, percolate, stories
from services.index.claims import Claimant
from services.index.corrections import Change, Correction, Withdrawal
from services.index.indices import NEWS
from services.index.items import ROUNDS
from services.index.merge import Document
from services.kafka import Producer

log = telemetry.logger(__name__)

MOST = 200  # corrections of one item; as many withdrawals
NEWS_FOR = timedelta(days=7)  # a correction of an item that was detected earlier alerts nobody: it tidies the archive


class Conflict(Exception):
    """The correction cannot be made beside those that there are."""


class Made(msgspec.Struct, frozen=True):
    """A correction as it is stored, and the item with it. is_new: this request made it."""

    correction: Correction
    document: Document
    is_new: bool


async def correct(
    engine: Engine, item_id: str, change: Change, *, author: str, reason: str, correction_id: str | None
) -> Made | None:
    """Make a correction, and return it; None where there is no such item. Repeatable.

    correction_id: the client's. A request with the same id and change, or without an id and with the change that counts
    already, makes no second one. Raises Invalid (`no_such_tag`: there is nothing to remove), Conflict, Transient.
    """

    def made(document: Document, at: datetime) -> Correction:
        known = {one.id: one for one in document.corrections}
        if correction_id and (before := known.get(correction_id)):
            if before.change != change:
                raise Conflict(f"{correction_id} is the id of another correction of this item")
            return before
        if not correction_id:
            for one in corrections.active(document.corrections):
                if one.change == change:
                    return one
        if corrections.removes(change) and not corrections.has(merge.shown(document), change):
            raise Invalid("the item has no such tag", reason="no_such_tag")
        if sum(not isinstance(one.change, Withdrawal) for one in document.corrections) >= MOST:
            raise Conflict(f"the item has {MOST} corrections, which is the most that is kept")
        return Correction(id=correction_id or new_trace_id(), at=at, author=author, reason=reason, change=change)

    return await _write(engine, item_id, made)


async def withdraw(engine: Engine, item_id: str, correction_id: str, *, author: str, reason: str) -> Made | None:
    """Withdraw a correction, and return the withdrawal; None where there is no such item or correction. Repeatable.

    Raises Transient.
    """
    withdrawal_id = digest("withdrawal", correction_id)

    def made(document: Document, at: datetime) -> Correction | None:
        known = {one.id: one for one in document.corrections}
        of = known.get(correction_id)
        if of is None or isinstance(of.change, Withdrawal):
            return None
        change = Withdrawal(of=correction_id)
        withdrawal = Correction(id=withdrawal_id, at=at, author=author, reason=reason, change=change)
        return known.get(withdrawal_id, withdrawal)

    return await _write(engine, item_id, made)


async def _write(engine: Engine, item_id: str, made: Callable[[Document, datetime], Correction | None]) -> Made | None:
    """Write the correction that is made of what is stored, whoever else writes the item meanwhile."""
    for _ in range(ROUNDS):
        known = (await items.read(engine, [item_id])).get(item_id)
        if isinstance(known, Invalid):
            raise known
        if known is None or known.document.takedown:
            return None
        now = datetime.now(UTC)
        # After all that it was made in sight of, though another replica's clock be ahead.
        after = max((one.at + timedelta(microseconds=1) for one in known.document.corrections), default=now)
        correction = made(known.document, max(now, after))
        if correction is None:
            return None
        document = merge.corrected(known.document, correction)
        if document == known.document:
            return Made(correction, document, is_new=False)
        document = await _in_story(engine, document)
        if await engine.replace(NEWS, known.stored, merge.to_stored(document, now), refresh=True):
            await figures.follow(engine, [item_id])
            _audit(correction, document)
            return Made(correction, document, is_new=True)
    raise Transient(f"{item_id} was written by somebody else {ROUNDS} times in a row")


async def _in_story(engine: Engine, document: Document) -> Document:
    """The document with a story, where it is relevant only now."""
    shown = merge.shown(document)
    if document.story_id or not shown.relevant:
        return document
    claimant = Claimant(document.item_id, stories.signature(shown), shown.fetched_at)
    return items.in_story(document, (await claims.assign(engine, [claimant]))[document.item_id])


def _audit(correction: Correction, document: Document) -> None:
    log.info(
        "item corrected",
        item_id=document.item_id,
        correction_id=correction.id,
        author=correction.author,
        reason=correction.reason,
        change=msgspec.to_builtins(correction.change),
        trace_id=merge.shown(document).trace_id,
    )


async def tell(
    engine: Engine,
    producer: Callable[[], Producer],
    document: Document,
    now: datetime,
    *,
    late_s: float,
    public_url: str,
) -> int:
    """Match the item as it is now, send its alerts, and return how many. To be done after each write, also repeated.

    producer: asked only where there is something to send. Raises Transient, Invalid.
    """
    told = [source for source in document.sources.values() if alerts.is_told(source)]
    if not told:
        return 0
    message = min(told, key=lambda source: (source.fetched_at, source.feed_id))
    if now - message.fetched_at > NEWS_FOR:
        return 0
    documents = {document.item_id: document}
    matches = await percolate.percolate(engine, documents)
    outlets = await growth.counted(engine, matches, documents)
    made = [
        alert
        for match in matches
        for alert in alerts.due(match, document, message, now, outlets=outlets, late_s=late_s, public_url=public_url)
    ]
    if made:
        await producer().send_all(topics.ALERTS, [(document.item_id, codec.encode(alert)) for alert in made])
    for alert in made:
        log.info("alert", search_id=alert.search_id, item_id=alert.item_id, story_id=alert.story_id, late=alert.late)
    return len(made)
