"""/v1/items/{item_id}/corrections: what a person says of an item, which wins over what the tagger says."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Response
from fastapi import Query as Parameter

from schemas.errors import Invalid
from services.index import correct, corrections, items, notices
from services.index.api.auth import InAuthor
from services.index.api.context import Context, InContext
from services.index.api.correction_checks import checked
from services.index.api.correction_models import Id, NewCorrection
from services.index.api.errors import NOT_FOUND, Refusal, missing
from services.index.api.feed_book import PATIENCE_S, away
from services.index.api.models import Correction, Corrections, Problem

router = APIRouter(prefix="/v1/items/{item_id}/corrections", tags=["corrections"])

REFUSALS = NOT_FOUND | {409: {"model": Problem, "description": "The id is another correction's, or there are too many"}}
ItemId = Annotated[str, Path(max_length=64)]


@router.post("", status_code=201, summary="Correct", responses=REFUSALS)
async def make(
    context: InContext, item_id: ItemId, asked: NewCorrection, author: InAuthor, response: Response
) -> Correction:
    """Add, remove or change a tag, the relevance or the story of an item. The last correction about a tag counts.

    Repeatable: the same `id` with the same change, or without an id a change that counts already, is answered with
    the correction that there is, status 200. Saved searches meet the item as it is then. `no_such_tag`: the item has
    nothing that could be removed.
    """
    change = await checked(context, asked.change)
    try:
        made = await correct.correct(
            context.engine, item_id, change, author=author, reason=asked.reason, correction_id=asked.id
        )
    except correct.Conflict as error:
        raise Refusal(409, "conflict", str(error)) from None
    if made is None:
        raise missing("item", item_id)
    response.status_code = 201 if made.is_new else 200
    return await _told(context, made)


@router.get("", summary="The corrections of an item", responses=NOT_FOUND)
async def read(context: InContext, item_id: ItemId) -> Corrections:
    """All of them, also those that no longer count."""
    known = (await items.read(context.engine, [item_id])).get(item_id)
    if isinstance(known, Invalid):
        raise known
    if known is None or known.document.takedown:
        raise missing("item", item_id)
    return Corrections(corrections=listed(known.document.corrections))


@router.delete("/{correction_id}", summary="Withdraw a correction", responses=NOT_FOUND)
async def withdraw(
    context: InContext,
    item_id: ItemId,
    correction_id: Id,
    author: InAuthor,
    reason: Annotated[str, Parameter(max_length=500, description="Why")] = "",
) -> Correction:
    """It does not count any more; an earlier one about the same tag does again, else the tagger's word. It stays in
    the list, and the answer is the withdrawal. Repeatable.
    """
    made = await correct.withdraw(context.engine, item_id, correction_id, author=author, reason=reason.strip())
    if made is None:
        raise missing("correction", f"{correction_id} of item {item_id}")
    return await _told(context, made)


def listed(said: Sequence[corrections.Correction]) -> list[Correction]:
    """The corrections of an item, each with what has become of it."""
    states = corrections.states(said)
    return [Correction.model_validate(msgspec.to_builtins(one) | {"state": states[one.id]}) for one in said]


async def _told(context: Context, made: correct.Made) -> Correction:
    """Send the alerts that the item is due, tell those who had it, and return the correction.

    Raises Refusal where the broker is away.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            await correct.tell(
                context.engine,
                lambda: context.feeds.producer,
                made.document,
                datetime.now(UTC),
                late_s=context.late_s,
                public_url=context.public_url,
            )
            await notices.correct(
                context.engine, made.document, made.correction, datetime.now(UTC), public_url=context.public_url
            )
    except TimeoutError:
        raise away() from None
    return next(one for one in listed(made.document.corrections) if one.id == made.correction.id)
