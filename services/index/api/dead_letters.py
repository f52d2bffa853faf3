"""/v1/dead-letters: messages that no stage could process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter
from fastapi import Query as Parameter

from schemas import codec
from schemas.errors import Transient
from services.index.api.auth import InAuthor
from services.index.api.context import InContext
from services.index.api.dead_letter_models import Cause, Chosen, DeadLetter, DeadLetters, Outcome, PassedOver, ToReplay
from services.index.api.feed_book import away
from services.index.dead import shelf
from services.index.dead.cause import by_cause
from services.index.dead.shelf import Found, Wanted, place_of, written

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])

PATIENCE_S = 30.0  # for reading the shelf, and for handling what was chosen

Slug = Annotated[str | None, Parameter(max_length=64)]


@router.get("", summary="Dead letters, counted by cause")
async def list_dead_letters(
    context: InContext,
    stage: Slug = None,
    reason: Slug = None,
    topic: Slug = None,
    since: Annotated[datetime | None, Parameter(description="Died from then on")] = None,
    handled: Annotated[bool, Parameter(description="Those that were replayed or dropped")] = False,
    size: Annotated[int, Parameter(ge=1, le=200, description="Letters told; counts have all")] = 50,
) -> DeadLetters:
    """Read from the broker's log, of the last 30 days: meant for people, not to be polled."""
    from_then = since.replace(tzinfo=UTC) if since and since.tzinfo is None else since
    async with _patience():
        found = (await shelf.find(Wanted(stage, reason, topic, from_then, handled=handled), datetime.now(UTC))).found
    causes = by_cause(one.letter for one in found)
    return DeadLetters(
        dead_letters=[_told(one) for one in found[::-1][:size]],
        causes=[Cause(**msgspec.to_builtins(cause), count=count) for cause, count in causes],
        total=len(found),
    )


@router.post("/replay", summary="Send originals to their topics again")
async def replay(context: InContext, chosen: ToReplay, author: InAuthor) -> Outcome:
    """Safe to repeat: items are told apart by revision, alerts by alert_id. What was handled before is passed over,
    unless `again`.
    """
    producer, now = context.feeds.producer, datetime.now(UTC)

    def hindrance(one: Found) -> str | None:
        return (None if chosen.again else _handled(one)) or shelf.hindrance(one.letter, now)

    async with _patience():
        able, passed_over = await _sorted(chosen, now, hindrance)
        done = []
        async with aclosing(shelf.replay(producer, able, author, lambda: datetime.now(UTC))) as replayed:
            async for place in replayed:
                done.append(written(place))
    return Outcome(done=done, passed_over=passed_over)


@router.post("/drop", summary="List them no more")
async def drop(context: InContext, chosen: Chosen, author: InAuthor) -> Outcome:
    """The broker keeps them for the rest of their 30 days; a replay with `again` still finds them."""
    producer, now = context.feeds.producer, datetime.now(UTC)
    async with _patience():
        able, passed_over = await _sorted(chosen, now, _handled)
        await shelf.mark(producer, able, "dropped", author, now)
    return Outcome(done=[written(place) for place in able], passed_over=passed_over)


async def _sorted(
    chosen: Chosen, now: datetime, hindrance: Callable[[Found], str | None]
) -> tuple[list[shelf.Place], list[PassedOver]]:
    """The places that something can be done about, and the others."""
    places = frozenset(map(place_of, chosen.places))
    found = {one.place: one for one in (await shelf.find(Wanted(places=places, handled=None), now)).found}
    missing = sorted(places - found.keys())
    passed_over = [PassedOver(place=written(place), why="there is no dead letter") for place in missing]
    able = []
    for place, one in found.items():
        if why := hindrance(one):
            passed_over.append(PassedOver(place=written(place), why=why))
        else:
            able.append(place)
    return able, passed_over


@asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """Raises Refusal where the broker takes too long."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield
    except (TimeoutError, Transient):
        raise away() from None


def _handled(one: Found) -> str | None:
    return f"{one.handled.action} before" if one.handled else None


def _told(one: Found) -> DeadLetter:
    handled = one.handled and codec.to_builtins(one.handled)
    place = {"place": written(one.place), "size": one.size, "handled": handled}
    return DeadLetter.model_validate(codec.to_builtins(one.letter) | place)
