"""What is held back of a search's alerts to an endpoint, and when it goes out. Pure; hold.py reads and writes it.

    alert --entered--> at once | waiting, in the window
    window due --frozen--> closing: its members no longer change --closed--> the next window

One document for a search and an endpoint counts the calls, knows the threads, and has the ids of what waits. A step is
repeated after a crash with the same outcome: what the document knows of a delivery decides.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from schemas import identity
from services.index import timing as when
from services.index.deliver import threads
from services.index.deliver.threads import Subject, Thread
from services.index.timing import Timing

FOLLOW_UP = timedelta(minutes=15)
HOUR = timedelta(hours=1)
LOST_AFTER = timedelta(days=8)  # a member whose delivery was never written: longer than any topic keeps its alert

Why = Literal["digest", "thread", "quiet", "cap", "held"]


class Sent(msgspec.Struct, frozen=True):
    """A call that went out at once, or a follow-up: what the cap counts."""

    delivery_id: str
    at: datetime


class Waiting(msgspec.Struct, frozen=True):
    """A delivery that waits for the window to close, and why."""

    delivery_id: str
    at: datetime
    why: Why


class Closing(msgspec.Struct, frozen=True):
    """A window whose members are frozen. Whoever finds it finishes it."""

    at: datetime
    members: list[Waiting]


class Window(msgspec.Struct, kw_only=True, frozen=True):
    """The document. number: of the open window. due_at: when it closes; None while nothing waits."""

    endpoint_id: str
    search_id: str
    number: int = 0
    due_at: datetime | None = None
    waiting: list[Waiting] = []
    sent: list[Sent] = []
    threads: list[Thread] = []
    closing: Closing | None = None


def window_id(search_id: str, endpoint_id: str) -> str:
    """The id of the document."""
    return identity.digest("window", search_id, endpoint_id)


def entered(
    window: Window, delivery_id: str, subject: Subject, timing: Timing, now: datetime
) -> tuple[Window, Why | None]:
    """Return the window with one more delivery in it, and why that waits; None where it goes out at once."""
    if (known := _known(window, delivery_id)) is not None:
        return window, known.why if isinstance(known, Waiting) else None
    open_threads = threads.kept(window.threads, now)
    thread = threads.thread_of(subject, open_threads, now) if timing.threads else None
    sent = [one for one in window.sent if now - one.at < HOUR]
    why, due_at = _held_until(timing, thread, sent, now)
    if thread:
        changed = threads.joined(thread, subject)
        open_threads = [changed if one is thread else one for one in open_threads]
    elif timing.threads and subject.events:
        open_threads.append(Thread(first=delivery_id, first_at=now, subject=subject))
    window = msgspec.structs.replace(window, threads=open_threads, sent=sent)
    if why is None:
        return msgspec.structs.replace(window, sent=[*sent, Sent(delivery_id, now)]), None
    earliest = min(due_at, window.due_at) if window.due_at and window.waiting else due_at
    waiting = [*window.waiting, Waiting(delivery_id, now, why)]
    return msgspec.structs.replace(window, waiting=waiting, due_at=_due(window, earliest)), why


def released(window: Window, delivery_ids: Sequence[str], timing: Timing, now: datetime) -> Window:
    """Return the window with deliveries that were held for a pause, to be told together as soon as may be."""
    closing = window.closing.members if window.closing else []
    there = {one.delivery_id for one in (*window.waiting, *closing)}
    added = [Waiting(name, now, "held") for name in dict.fromkeys(delivery_ids) if name not in there]
    if not added:
        return window
    due_at = when.after_quiet(timing, when.next_digest(timing, now) if timing.digest else now)
    earliest = min(due_at, window.due_at) if window.due_at and window.waiting else due_at
    return msgspec.structs.replace(window, waiting=[*window.waiting, *added], due_at=_due(window, earliest))


def _known(window: Window, delivery_id: str) -> Waiting | Sent | None:
    """What was decided about the delivery before."""
    closing = window.closing.members if window.closing else []
    everything: list[Waiting | Sent] = [*window.waiting, *closing, *window.sent]
    first_of_threads = [Sent(thread.first, thread.first_at) for thread in window.threads]
    return next((one for one in (*everything, *first_of_threads) if one.delivery_id == delivery_id), None)


def _held_until(
    timing: Timing, thread: Thread | None, sent: Sequence[Sent], now: datetime
) -> tuple[Why | None, datetime]:
    if timing.digest:
        return "digest", when.after_quiet(timing, when.next_digest(timing, now))
    if thread:
        return "thread", when.after_quiet(timing, now + FOLLOW_UP)
    if (quiet_until := when.after_quiet(timing, now)) > now:
        return "quiet", quiet_until
    if len(sent) >= timing.per_hour:
        return "cap", when.after_quiet(timing, sent[-timing.per_hour].at + HOUR)
    return None, now


def _due(window: Window, at: datetime) -> datetime | None:
    """A window that closes stays due until it is finished."""
    return window.due_at if window.closing else at


def frozen(window: Window, now: datetime) -> Window:
    """Return the window with what waits in it frozen, when it is due; itself when it is not, or is frozen already."""
    if window.closing or not window.waiting or not window.due_at or window.due_at > now:
        return window
    return msgspec.structs.replace(window, closing=Closing(now, window.waiting), waiting=[])


def closed(window: Window, follow_up: str, missing: Collection[str], timing: Timing, now: datetime) -> Window:
    """Return the next window, after the frozen one's follow-up was written.

    missing: members whose own delivery is not on record yet: a crash came in between, and they go out with the next.
    """
    if window.closing is None:
        return window
    carried = [one for one in window.closing.members if one.delivery_id in missing and now - one.at < LOST_AFTER]
    told = len(carried) < len(window.closing.members)
    waiting = [*carried, *window.waiting]
    due_at = None
    if waiting:
        due_at = when.after_quiet(timing, when.next_digest(timing, now) if timing.digest else now + FOLLOW_UP)
    return msgspec.structs.replace(
        window,
        number=window.number + 1,
        closing=None,
        waiting=waiting,
        due_at=due_at,
        sent=[*window.sent, Sent(follow_up, now)] if told else window.sent,
    )
