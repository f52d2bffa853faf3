"""news.dead as a shelf: what stands on it, what was done about it, and taking from it.

A letter is replayed by sending its original to its topic. That may be done twice: items are told apart by revision,
alerts by alert_id. So the mark in news.dead-handled is written after the send, and a crash between repeats the send.
"""

import base64
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from schemas import codec, topics
from schemas.errors import Invalid
from schemas.messages import DeadLetter, DeadMark
from services import kafka
from services.kafka import Producer

Place = tuple[int, int]  # partition and offset in news.dead
Action = Literal["replayed", "dropped"]
_NOT_UTF8 = "\N{REPLACEMENT CHARACTER}"  # what dead_letter() makes of bytes in a key that are not UTF-8


class Found(msgspec.Struct, frozen=True):
    """A letter on the shelf, without its original, which has `size` bytes. handled: the last mark about it."""

    place: Place
    letter: DeadLetter
    size: int
    handled: DeadMark | None


class Shelf(msgspec.Struct, frozen=True):
    """What was found, the oldest first. unreadable: records of news.dead that are no dead letters."""

    found: list[Found]
    unreadable: list[Place]


class Wanted(msgspec.Struct, frozen=True):
    """Which letters. None wants all; places wants just these, handled ones too where `handled` is None."""

    stage: str | None = None
    reason: str | None = None
    topic: str | None = None
    since: datetime | None = None
    places: frozenset[Place] = frozenset()
    handled: bool | None = False

    def wants(self, found: Found) -> bool:
        """Whether the letter is one of them."""
        letter = found.letter
        return (
            self.stage in (None, letter.stage)
            and self.reason in (None, letter.reason)
            and self.topic in (None, letter.topic)
            and (self.since is None or letter.at >= self.since)
            and (not self.places or found.place in self.places)
            and self.handled in (None, found.handled is not None)
        )


def place_of(word: str) -> Place:
    """Read `PARTITION/OFFSET`. Raises ValueError."""
    partition, _, offset = word.partition("/")
    if not (partition.isascii() and partition.isdecimal() and offset.isascii() and offset.isdecimal()):
        raise ValueError(f"{word!r} is no place of a dead letter, write PARTITION/OFFSET as in `dead list`: 0/41")
    return int(partition), int(offset)


def written(place: Place) -> str:
    """The place as people write it."""
    return f"{place[0]}/{place[1]}"


def kept() -> timedelta:
    """How long a letter can be replayed: as long as news.dead promises to keep it."""
    hours = topics.load()[topics.DEAD].retention_hours
    assert hours is not None  # noqa: S101 (topics.yaml; a contract test holds it)
    return timedelta(hours=hours)


def hindrance(letter: DeadLetter, now: datetime) -> str | None:
    """Say why a letter cannot be replayed, None where it can.

    Not into a compacted topic, whose last record wins: an old one would undo what was written since.
    """
    topic = topics.load().get(letter.topic or "")
    if topic is None or letter.topic == topics.DEAD:
        return f"{letter.topic} is no topic of topics.yaml"
    if topic.cleanup == "compact":
        return f"{letter.topic} keeps the last record of a key: this one would undo newer ones"
    if _NOT_UTF8 in (letter.key or ""):
        return "its key was not UTF-8, and is not known any more"
    if now - letter.at > kept():
        return f"it is older than the {kept() // timedelta(hours=1)} h within which repeats are recognised"
    return None


async def find(wanted: Wanted, now: datetime) -> Shelf:
    """Read the shelf. What is too old to be replayed is left out, though the broker may still have it.

    Raises Transient.
    """
    oldest = now - kept()
    marks = await _marks(oldest)
    found: list[Found] = []
    unreadable: list[Place] = []
    async for record in kafka.read(topics.DEAD, max(oldest, wanted.since) if wanted.since else oldest):
        place = (record.partition, record.offset)
        try:
            letter = codec.decode(record.value or b"", DeadLetter)
        except Invalid:
            unreadable.append(place)
            continue
        size = len(letter.value_base64) * 3 // 4 - letter.value_base64[-2:].count("=")
        one = Found(place, msgspec.structs.replace(letter, value_base64=""), size, marks.get(place))
        if letter.at >= oldest and wanted.wants(one):
            found.append(one)
    return Shelf(sorted(found, key=lambda one: one.letter.at), unreadable)


async def whole(place: Place) -> DeadLetter | None:
    """Return the letter at a place with its original, None where there is none. Raises Invalid, Transient."""
    letter = None
    async for record in kafka.read_at(topics.DEAD, [place]):
        letter = codec.decode(record.value or b"", DeadLetter)
    return letter


async def replay(
    producer: Producer, places: Sequence[Place], by: str, now: Callable[[], datetime]
) -> AsyncGenerator[Place, None]:
    """Send the originals again, in this order, and yield the place of each one that is sent and marked.

    Those that are gone, or that have a hindrance, are passed over. Raises Invalid, Transient: the rest is not sent.
    """
    async with aclosing(kafka.read_at(topics.DEAD, places)) as records:
        async for record in records:
            letter = codec.decode(record.value or b"", DeadLetter)
            if letter.topic is None or hindrance(letter, now()) is not None:
                continue
            headers = [(name, value.encode()) for name, value in letter.headers.items()]
            await producer.send(letter.topic, letter.key, base64.b64decode(letter.value_base64), headers)
            place = (record.partition, record.offset)
            await mark(producer, [place], "replayed", by, now())
            yield place


async def mark(producer: Producer, places: Iterable[Place], action: Action, by: str, now: datetime) -> None:
    """Remember what was done about letters. Raises Transient."""
    marks = [DeadMark(partition=place[0], offset=place[1], action=action, by=by, at=now) for place in places]
    records = [(written((one.partition, one.offset)), codec.encode(one)) for one in marks]
    await producer.send_all(topics.DEAD_HANDLED, records)


async def _marks(since: datetime) -> dict[Place, DeadMark]:
    """The last mark of each place: a key's records are in one partition, in order."""
    marks: dict[Place, DeadMark] = {}
    async for record in kafka.read(topics.DEAD_HANDLED, since):
        with suppress(Invalid):  # whatever else is in the topic: a letter without a mark is shown as open
            one = codec.decode(record.value or b"", DeadMark)
            marks[one.partition, one.offset] = one
    return marks
