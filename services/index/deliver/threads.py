"""Threads: independent reports of one event, so that the first is told at once and the rest in follow-ups. Pure.

Such reports share no text (those that do are one story), but what they are about: an event type, and a place or two
other entities. The mission itself is in nearly all of them and tells nothing apart.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from schemas.messages import AlertItem

WINDOW: Final = timedelta(hours=6)  # from a thread's first report
MOST: Final = 100  # threads of one search; the oldest are forgotten: what they would have held goes out
ENTITIES: Final = 2  # that two reports share, where they share no place
_UNTELLING: Final = frozenset({"mission"})


class Subject(msgspec.Struct, frozen=True):
    """What a report is about: event types, ids of places, ids of other entities."""

    events: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()


class Thread(msgspec.Struct, kw_only=True, frozen=True):
    """first: the delivery that was told at once. subject: its report's. seen: how many later ones had a tag."""

    first: str
    first_at: datetime
    subject: Subject
    seen: dict[str, int] = {}


def subject_of(item: AlertItem | None) -> Subject:
    """Return what a report is about; nothing where an alert is about no item."""
    if item is None:
        return Subject()
    named = [entity for entity in item.entities if entity.id and entity.type not in _UNTELLING]
    return Subject(
        events=frozenset(item.events),
        places=frozenset(entity.id for entity in named if entity.id and entity.type == "place"),
        entities=frozenset(entity.id for entity in named if entity.id and entity.type != "place"),
    )


def thread_of(subject: Subject, threads: Iterable[Thread], now: datetime) -> Thread | None:
    """Return the thread that a report belongs to: the latest that is open and about the same."""
    open_threads = [thread for thread in threads if now - thread.first_at < WINDOW]
    alike = [thread for thread in open_threads if same(subject, core(thread))]
    return max(alike, key=lambda thread: thread.first_at, default=None)


def same(one: Subject, other: Subject) -> bool:
    """Whether two reports can be of one event."""
    if not one.events & other.events:
        return False
    return bool(one.places & other.places) or len(one.entities & other.entities) >= ENTITIES


def core(thread: Thread) -> Subject:
    """What the thread is about: the first report's tags, and those that two later ones had. One alone leads astray."""
    common = {tag for tag, count in thread.seen.items() if count > 1}
    return Subject(
        events=thread.subject.events | {tag[6:] for tag in common if tag.startswith("event:")},
        places=thread.subject.places | {tag for tag in common if tag.startswith("place/")},
        entities=thread.subject.entities | {tag for tag in common if not tag.startswith(("event:", "place/"))},
    )


def joined(thread: Thread, subject: Subject) -> Thread:
    """Return the thread with one more report."""
    tags = {*(f"event:{event}" for event in subject.events), *subject.places, *subject.entities}
    seen = thread.seen | {tag: thread.seen.get(tag, 0) + 1 for tag in tags}
    return msgspec.structs.replace(thread, seen=seen)


def kept(threads: Iterable[Thread], now: datetime) -> list[Thread]:
    """Return the threads that can still get reports, the latest MOST."""
    return [thread for thread in threads if now - thread.first_at < WINDOW][-MOST:]
