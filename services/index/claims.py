"""Stories among replicas: bands and stories are claimed by atomic writes, read by id and so in real time.

A claim is: the story, provisional; then its bands; then, once it is known who owns each of them, the story's end:
confirmed, or redirected to another. Whoever meets somebody's unfinished claim finishes it. docs/stories.md has the why.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from schemas.errors import Transient
from services.engine import Create, Engine, Operation, Replace, Stored
from services.index import stories
from services.index.indices import STORIES
from services.index.stories import Band, Confirm, Redirect, Signature, Story

ROUNDS = 100

S = TypeVar("S", Band, Story)
Kept = tuple[S, Stored]


class Claimant(msgspec.Struct, frozen=True):
    """An item in search of its story. signature: None for an item without words, which is a story by itself."""

    item_id: str
    signature: Signature | None
    first_at: datetime


async def assign(engine: Engine, claimants: Iterable[Claimant]) -> dict[str, str]:
    """Return a confirmed story for each item, by item id. Raises Transient.

    Items that share a band are settled one after the other, so that a batch of copies costs one claim.
    """
    assigned: dict[str, str] = {}
    pending: dict[str, Story] = {}
    for one in claimants:
        own = stories.own_story_id(one.item_id)
        if one.signature is None:
            assigned[one.item_id] = own
        else:
            packed = stories.pack(one.signature)
            pending[one.item_id] = Story(story_id=own, state="provisional", first_at=one.first_at, signature=packed)
    for _ in range(ROUNDS):
        if not pending:
            return assigned
        assigned |= await _join(engine, pending)
        leaders = _sharing_no_band({item: claim for item, claim in pending.items() if item not in assigned})
        ends = await _settle(engine, {claim.story_id: claim for claim in leaders.values()})
        assigned |= {item: ends[claim.story_id] for item, claim in leaders.items()}
        pending = {item: claim for item, claim in pending.items() if item not in assigned}
    raise Transient(f"{len(pending)} items found no story in {ROUNDS} rounds")


async def _join(engine: Engine, pending: Mapping[str, Story]) -> dict[str, str]:
    """Return the confirmed stories that there are for these items already."""
    bands = await _read(engine, (band for claim in pending.values() for band in _bands(claim)), Band)
    owners = {item: _owners(claim, bands) for item, claim in pending.items()}
    wanted = [*(claim.story_id for claim in pending.values()), *(owner for found in owners.values() for owner in found)]
    known = {story_id: story for story_id, (story, _) in (await _read_stories(engine, wanted)).items()}
    joined: dict[str, str] = {}
    for item, claim in pending.items():
        before = stories.resolve(claim.story_id, known)  # of a claim that a crash cut short
        rivals = stories.rivals_of(stories.unpack(claim.signature), owners[item], known)
        story = before if before and before.state == "confirmed" else stories.join(rivals)
        if story:
            joined[item] = story.story_id
    return joined


def _sharing_no_band(pending: Mapping[str, Story]) -> dict[str, Story]:
    """Those that share no band with one before them."""
    taken: set[str] = set()
    leaders = {}
    for item, claim in pending.items():
        bands = set(_bands(claim))
        if not bands & taken:
            leaders[item] = claim
        taken |= bands
    return leaders


async def _settle(engine: Engine, claims: Mapping[str, Story]) -> dict[str, str]:
    """Carry the claims through to confirmed stories, and return which, by the claims' ids."""
    await engine.bulk(STORIES, [Create(story_id, msgspec.to_builtins(claim)) for story_id, claim in claims.items()])
    unfinished = dict(claims)
    for _ in range(ROUNDS):
        owners = await _take_bands(engine, unfinished.values())
        kept = await _read_stories(
            engine, [*claims, *unfinished, *(owner for found in owners.values() for owner in found)]
        )
        known = {story_id: story for story_id, (story, _) in kept.items()}
        ends = {story_id: end for story_id in {*claims, *unfinished} if (end := stories.resolve(story_id, known))}
        unfinished = {end.story_id: end for end in ends.values() if end.state == "provisional"}
        if not unfinished:
            return {story_id: ends[story_id].story_id for story_id in claims}
        steps: dict[str, Confirm | Redirect] = {}
        for story_id in unfinished.keys() & owners.keys():  # one met just now takes its bands first
            own = unfinished[story_id]
            rivals = stories.rivals_of(stories.unpack(own.signature), owners[story_id], known)
            for step in stories.settle(own, rivals):
                steps.setdefault(step.story_id, step)
        await engine.bulk(STORIES, [_write_of(step, kept[story_id]) for story_id, step in steps.items()])
        # A conflict means that somebody else took a step: the next round sees it.
    raise Transient(f"{len(unfinished)} stories were not settled in {ROUNDS} rounds")


def _write_of(step: Confirm | Redirect, kept: Kept[Story]) -> Replace:
    story, stored = kept
    match step:
        case Confirm():
            changed = msgspec.structs.replace(story, state="confirmed")
        case Redirect(to=to):
            changed = msgspec.structs.replace(story, state="redirected", redirect_to=to)
    return Replace(stored, msgspec.to_builtins(changed))


async def _take_bands(engine: Engine, claims: Iterable[Story]) -> dict[str, list[str]]:
    """Take every band that is free or expired. Return who owns the bands of each claim, itself among them or not."""
    for _ in range(ROUNDS):
        bands = await _read(engine, (band for claim in claims for band in _bands(claim)), Band)
        free = [operation for claim in claims for operation in _takings(claim, bands)]
        if not free:
            return {claim.story_id: _owners(claim, bands) for claim in claims}
        await engine.bulk(STORIES, free)
    raise Transient(f"bands of stories changed hands {ROUNDS} times")


def _takings(claim: Story, bands: Mapping[str, Kept[Band]]) -> list[Operation]:
    mine = msgspec.to_builtins(Band(story_id=claim.story_id, first_at=claim.first_at))
    takings: list[Operation] = []
    for band_id in _bands(claim):
        if band_id not in bands:
            takings.append(Create(band_id, mine))
        elif stories.expired(bands[band_id][0], claim.first_at):
            takings.append(Replace(bands[band_id][1], mine))
    return takings


def _owners(claim: Story, bands: Mapping[str, Kept[Band]]) -> list[str]:
    """The stories that own the claim's bands, as far as it falls into their time."""
    kept = [bands[band_id][0] for band_id in _bands(claim) if band_id in bands]
    return [band.story_id for band in kept if stories.within_window(band, claim.first_at)]


def _bands(claim: Story) -> tuple[str, ...]:
    return stories.band_ids(stories.unpack(claim.signature))


async def _read(engine: Engine, ids: Iterable[str], kind: type[S]) -> dict[str, Kept[S]]:
    found = await engine.mget(STORIES, sorted(set(ids)))
    return {key: (msgspec.convert(stored.source, kind), stored) for key, stored in found.items()}


async def _read_stories(engine: Engine, ids: Iterable[str]) -> dict[str, Kept[Story]]:
    """The stories, and those that they redirect to."""
    known: dict[str, Kept[Story]] = {}
    wanted = set(ids)
    while wanted:
        read = await _read(engine, wanted, Story)
        known |= read
        wanted = {story.redirect_to for story, _ in read.values() if story.redirect_to} - known.keys()
    return known
