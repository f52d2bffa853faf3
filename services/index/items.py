"""Items in the engine: read, merge, write. A write never goes over a state that was not read."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from schemas.errors import Invalid, Transient
from schemas.messages import EnrichedItem
from services.engine import Create, Engine, Operation, Replace, Stored
from services.index import merge
from services.index.indices import NEWS

ROUNDS = 10  # a conflict is another writer of one item, and there are few of those


class Known(msgspec.Struct, frozen=True):
    """A document as it was read, and the state that a write replaces."""

    document: merge.Document
    stored: Stored


class Outcome(msgspec.Struct, frozen=True):
    """What became of one message. current: what it says is stored, by this write or an earlier one.

    superseded: its feed said something later, or the item was taken down. invalid: the engine refuses it, see `error`.
    """

    message: EnrichedItem
    verdict: Literal["current", "superseded", "invalid"]
    document: merge.Document
    error: str | None = None


async def read(engine: Engine, ids: Iterable[str]) -> dict[str, Known | Invalid]:
    """Return what is stored of these items, by id; Invalid for a document that is not as we write them.

    Raises Transient.
    """
    found = await engine.mget(NEWS, sorted(set(ids)))
    return {item_id: _known(stored) for item_id, stored in found.items()}


def _known(stored: Stored) -> Known | Invalid:
    try:
        return Known(merge.from_stored(stored.source), stored)
    except Invalid as error:
        return Invalid(f"the stored document {stored.id} is damaged: {error}", reason="stored_damaged")


async def write(
    engine: Engine,
    messages: Sequence[EnrichedItem],
    known: Mapping[str, Known],
    stories: Mapping[str, str],
    now: datetime,
) -> list[Outcome]:
    """Merge the messages into what is known, write what changes, and return an outcome for each message, in order.

    Several messages of one item are one write. stories: the story of an item that is stored without one.
    A conflict reads and merges again, under a time of its own: followers rely on a write being seen soon after the
    `indexed_at` that it carries (following.py). Raises Transient.
    """
    started = time.monotonic()
    known = dict(known)
    written: dict[str, merge.Document] = {}
    refused: dict[str, str] = {}
    left: dict[str, list[EnrichedItem]] = {}
    for message in messages:
        left.setdefault(message.item_id, []).append(message)
    for _ in range(ROUNDS):
        at = now + timedelta(seconds=time.monotonic() - started)
        merged = {
            item_id: merged_with(known.get(item_id), parts, stories.get(item_id)) for item_id, parts in left.items()
        }
        operations = [
            operation
            for item_id, document in merged.items()
            if (operation := _write_of(document, known.get(item_id), at))
        ]
        results = await engine.bulk(NEWS, operations) if operations else []
        refused |= {result.id: result.error or "" for result in results if result.verdict == "invalid"}
        conflicts = [result.id for result in results if result.verdict == "conflict"]
        written |= {item_id: document for item_id, document in merged.items() if item_id not in conflicts}
        if not conflicts:
            return [_outcome(message, written[message.item_id], refused) for message in messages]
        left = {item_id: left[item_id] for item_id in conflicts}
        known = {item_id: found for item_id, found in known.items() if item_id not in left}  # it may have been deleted
        for item_id, found in (await read(engine, conflicts)).items():
            if isinstance(found, Known):
                known[item_id] = found
            else:
                refused[item_id] = str(found)
                written[item_id] = merged[item_id]
                del left[item_id]
    raise Transient(f"{len(left)} items were written by somebody else {ROUNDS} times in a row")


def merged_with(known: Known | None, messages: Sequence[EnrichedItem], story_id: str | None = None) -> merge.Document:
    """Return the document after these messages of one item. A story that it has already is kept."""
    first, *more = messages
    document = merge.merge(known.document if known else None, first)
    for message in more:
        document = merge.merge(document, message)
    return in_story(document, story_id)


def in_story(document: merge.Document, story_id: str | None) -> merge.Document:
    """Return the document in this story, or in the one that it has already."""
    if story_id and not document.story_id and not document.takedown:
        return msgspec.structs.replace(document, story_id=story_id)
    return document


def _write_of(document: merge.Document, known: Known | None, at: datetime) -> Operation | None:
    """The write that brings the document about; None where it is there already."""
    if known is None:
        return Create(document.item_id, merge.to_write(document, at))
    if known.document == document:
        return None
    return Replace(known.stored, merge.to_write(document, at))


def _outcome(message: EnrichedItem, document: merge.Document, refused: Mapping[str, str]) -> Outcome:
    if message.item_id in refused:
        return Outcome(message, "invalid", document, refused[message.item_id])
    return Outcome(message, "current" if merge.is_current(document, message) else "superseded", document)
